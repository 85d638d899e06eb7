//! The commands, one function each.

mod account;
mod jobs;
mod network;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::ArgMatches;
use store::{Progress, Store};

use crate::cli::Language;
use crate::listen::{self, Door};
use crate::operate::{self, Figures};
use crate::settings::Settings;
use crate::{demo, load, wiring, work};

/// The folder when neither `--data` nor `--store` is said.
const DATA: &str = "data-tejido";
/// The folder of the demonstration.
const DEMO_DATA: &str = "data-demo";

/// Runs one command.
pub async fn run(language: Language, name: &str, matches: &ArgMatches, settings: Settings) -> Result<ExitCode> {
    match name {
        "serve" => serve(&settings, DATA, None).await,
        "demo" => demonstration(language, matches, &settings).await,
        "user" | "token" | "jobs" => {
            let access = wiring::open(&settings.location(DATA)).await?;
            let done = match name {
                "user" => account::user(language, &access, matches).await,
                "jobs" => jobs::jobs(language, access.store(), matches).await,
                _ => account::token(&access, matches).await,
            };
            access.store().clone().close().await;
            done
        }
        "load" => load_command(language, matches, &settings).await,
        "network" => {
            let access = wiring::open(&settings.location(DATA)).await?;
            let done = network::network(language, &access, matches).await;
            access.store().clone().close().await;
            done
        }
        "check" => check(language, &settings).await,
        "rebuild" => rebuild(language, &settings).await,
        "backup" => {
            let access = wiring::open(&settings.location(DATA)).await?;
            access.store().backup(&file(matches)).await?;
            access.store().clone().close().await;
            Ok(ExitCode::SUCCESS)
        }
        "restore" => {
            Store::restore(&file(matches), &settings.location(DATA), matches.get_flag("force")).await?;
            Ok(ExitCode::SUCCESS)
        }
        other => bail!("no command {other}"),
    }
}

fn file(matches: &ArgMatches) -> PathBuf {
    matches.get_one::<PathBuf>("file").cloned().unwrap_or_default()
}

/// Seeds the demonstration where there is none, tells how to try it, and serves it.
async fn demonstration(language: Language, matches: &ArgMatches, settings: &Settings) -> Result<ExitCode> {
    settings.safe(true)?;
    anyhow::ensure!(settings.store.is_none(), "the demonstration lives in a folder: give --data, not --store");
    let folder = settings.data.clone().unwrap_or_else(|| PathBuf::from(DEMO_DATA));
    let number = |name: &str, default: usize| matches.get_one::<usize>(name).copied().unwrap_or(default);
    let size = demo::Size { people: number("people", 5_200), referrals_percent: number("referrals-percent", 100) };
    demo::prepare(&folder, matches.get_flag("fresh"), size, language).await?;
    if matches.get_flag("seed-only") {
        return Ok(ExitCode::SUCCESS);
    }
    serve(settings, DEMO_DATA, Some((language, &folder))).await
}

/// Opens, listens, and answers until told to stop.
async fn serve(settings: &Settings, default: &str, demo: Option<(Language, &Path)>) -> Result<ExitCode> {
    settings.safe(demo.is_some() || demo::is_there(&settings.location(default)))?;
    let access = wiring::open_serving(&settings.location(default)).await?;
    let listener = listen::bind(settings.listen).await?;
    let figures = Figures::new(access.store().clone());
    let router = operate::watch(wiring::router(&access, settings, demo.is_some()), figures);
    let door =
        Door { tls: settings.tls.clone(), proxies: settings.proxies.clone(), request_id: wiring::request_id(&access) };
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let address = format!("{scheme}://{}", listener.local_addr().context("the address that was bound")?);
    match demo {
        Some((language, folder)) => demo::welcome(language, folder, &address),
        None => println!("{address}"),
    }
    let jobs = tokio::spawn(work::run(access.clone()));
    listen::serve(listener, door, router).await?;
    jobs.abort();
    access.store().clone().close().await;
    Ok(ExitCode::SUCCESS)
}

async fn load_command(language: Language, matches: &ArgMatches, settings: &Settings) -> Result<ExitCode> {
    if let Some((_, inner)) = matches.subcommand() {
        return load_codes(language, inner, settings).await;
    }
    let path = matches.get_one::<PathBuf>("what").context("what to load")?;
    let report = matches.get_one::<PathBuf>("report").map(PathBuf::as_path);
    let access = wiring::open(&settings.location(DATA)).await?;
    let institution = matches.get_one::<String>("custodian").cloned().unwrap_or_default();
    let code = institution.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-');
    anyhow::ensure!(code && institution.len() <= 20, "--custodian: {institution:?}");
    let cx = access::Cx { institution, ..wiring::operator(&access) };
    let outcome = load::run(&access, &cx, path, report).await?;
    access.store().clone().close().await;
    eprintln!(
        "{}: {} · {}: {} · {}: {}",
        language.say("escritos", "written"),
        outcome.written,
        language.say("rechazados", "refused"),
        outcome.refused,
        language.say("ya cargados", "loaded before"),
        outcome.skipped
    );
    Ok(if outcome.refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

async fn load_codes(language: Language, matches: &ArgMatches, settings: &Settings) -> Result<ExitCode> {
    let report = matches.get_one::<PathBuf>("report").map(PathBuf::as_path);
    let url = matches.get_one::<String>("system").map(String::as_str);
    let access = wiring::open(&settings.location(DATA)).await?;
    let cx = wiring::operator(&access);
    let loaded = load::codes::run(&access, &cx, &file(matches), url, report).await;
    access.store().clone().close().await;
    let loaded = loaded?;
    eprintln!(
        "{}: {} · {}: {} · {}: {}",
        language.say("nuevos o con otras palabras", "new or with new words"),
        loaded.written,
        language.say("sin cambio", "unchanged"),
        loaded.same,
        language.say("renglones rechazados", "rows refused"),
        loaded.refused
    );
    Ok(if loaded.refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn progress(progress: Progress) {
    eprint!("\r{}: {}/{}        ", progress.step, progress.done, progress.total);
}

async fn check(language: Language, settings: &Settings) -> Result<ExitCode> {
    let access = wiring::open(&settings.location(DATA)).await?;
    let report = access.store().check(progress).await?;
    eprintln!();
    println!(
        "{}: {} · {}: {} · {}: {} · {}: {}",
        language.say("entradas de la bitácora", "log entries"),
        report.log_entries,
        language.say("recursos", "resources"),
        report.resources,
        language.say("adjuntos", "blobs"),
        report.blobs,
        language.say("entradas de auditoría", "audit entries"),
        report.audit_entries
    );
    for finding in &report.findings {
        println!("{}: {}", finding.place, finding.problem);
    }
    if report.findings.is_empty() {
        println!("{}", language.say("El almacén está sano.", "The store is sound."));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} {}", report.findings.len(), language.say("hallazgos", "findings"));
    Ok(ExitCode::FAILURE)
}

async fn rebuild(language: Language, settings: &Settings) -> Result<ExitCode> {
    let access = wiring::open(&settings.location(DATA)).await?;
    let rebuilt = access.store().rebuild(progress).await?;
    eprintln!();
    println!("{}: {}", language.say("recursos con vistas nuevas", "resources with new views"), rebuilt.resources);
    Ok(ExitCode::SUCCESS)
}
