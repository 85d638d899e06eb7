//! The one binary, `tejido`: settings, wiring, job runner, command line, demonstration network.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks to a terminal")]

mod cli;
mod commands;
mod demo;
mod listen;
mod load;
mod operate;
mod settings;
mod told;
mod wiring;
mod work;

use std::process::ExitCode;

use anyhow::Result;
use cli::Language;
use settings::{LogFormat, Settings};

#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn main() -> ExitCode {
    let language = Language::of(variable);
    let matches = match cli::command(language).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return told::tell(language, &error),
    };
    match run(language, &matches) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tejido: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(language: Language, matches: &clap::ArgMatches) -> Result<ExitCode> {
    let (name, inner) = matches.subcommand().expect("clap asks for a command");
    let config =
        inner.get_one::<std::path::PathBuf>("config").cloned().or_else(|| variable("TEJIDO_CONFIG").map(Into::into));
    let mut flags = cli::flags(matches);
    flags.extend(cli::flags(deepest(inner)));
    let settings = Settings::read(flags, settings::environment(std::env::vars())?, config.as_deref())?;
    log(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(commands::run(language, name, inner, settings))
}

/// `user add` holds its flags in the inner command.
fn deepest(matches: &clap::ArgMatches) -> &clap::ArgMatches {
    matches.subcommand().map_or(matches, |(_, inner)| deepest(inner))
}

/// Logs go to standard error; standard output is for answers.
fn log(settings: &Settings) -> Result<()> {
    use tracing_subscriber::{EnvFilter, fmt};
    let filter = EnvFilter::try_new(&settings.log)?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match settings.log_format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.with_ansi(false).init(),
    }
    Ok(())
}
