//! Chores of the house, in Rust: `ci`, `tidy`, `licences`, `codegen`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "chores speak to a terminal")]

mod ci;
mod codegen;
mod licences;
mod metadata;
mod tidy;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match command.as_str() {
        "codegen" => codegen::run(rest.first().map(std::path::Path::new).context("codegen DIR")?),
        "ci" => ci::run(&rest),
        "tidy" => tidy::run(),
        "licences" => licences::run(),
        other => bail!("unknown chore {other:?}: use ci [STEP…], tidy, licences or codegen DIR"),
    }
}
