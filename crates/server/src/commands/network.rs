//! `tejido network …`: an operator's own outlines of departments and municipalities, for the map. They
//! are kept with their Locations, so a running server shows them at once.

use std::process::ExitCode;

use ::network::Outlines;
use access::Access;
use anyhow::{Context, Result, bail};
use clap::ArgMatches;

use crate::cli::Language;
use crate::wiring;

/// `tejido network outlines FILE`.
pub async fn network(language: Language, access: &Access, matches: &ArgMatches) -> Result<ExitCode> {
    let (name, inner) = matches.subcommand().context("network outlines")?;
    if name != "outlines" {
        bail!("no command network {name}");
    }
    let path = super::file(inner);
    let shown = path.display();
    let bytes = std::fs::read(&path).with_context(|| format!("can't read {shown}"))?;
    let (outlines, bad) = Outlines::from_geojson(&bytes).with_context(|| shown.to_string())?;
    for one in &bad {
        eprintln!("{shown} features[{}] {}: {}", one.at, one.name, one.problem);
    }
    let written = outlines.save(access, &wiring::operator(access)).await?;
    eprintln!(
        "{}: {written} · {}: {}",
        language.say("contornos guardados", "outlines kept"),
        language.say("rechazados", "refused"),
        bad.len()
    );
    Ok(if bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
