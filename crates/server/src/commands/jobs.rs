//! `tejido jobs …`: what failed for good waits here for the operator, who mends its cause and has it
//! tried again. `/metrics` counts the same (`tejido_jobs_failed`).

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::ArgMatches;
use store::Store;

use crate::cli::Language;

/// `tejido jobs list|retry`.
pub async fn jobs(language: Language, store: &Store, matches: &ArgMatches) -> Result<ExitCode> {
    let (name, inner) = matches.subcommand().context("jobs list|retry")?;
    match name {
        "list" => print!("{}", list(store).await?),
        "retry" => retry(language, store, *inner.get_one::<u64>("number").context("the job's number")?).await?,
        other => bail!("no command jobs {other}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// A line for each; the payload, which may be of a person, is not for a terminal.
async fn list(store: &Store) -> Result<String> {
    let lines = store.failed_jobs().await?.into_iter().map(|job| {
        let error = job.error.unwrap_or_default().replace(['\n', '\t'], " ");
        format!("{}\t{}\t{}\t{}\t{error}\n", job.id, job.kind, job.key, job.attempts)
    });
    Ok(lines.collect())
}

async fn retry(language: Language, store: &Store, number: u64) -> Result<()> {
    let failed = store.failed_jobs().await?.iter().any(|job| job.id == number);
    let none = language.say("ningún trabajo fallido tiene el número", "no failed job has the number");
    anyhow::ensure!(failed, "{none} {number}");
    Ok(store.retry_job(number).await?)
}

#[cfg(test)]
mod tests {
    use store::{Commit, NewJob};
    use testkit::World;

    use super::*;

    #[tokio::test]
    async fn what_failed_for_good_is_listed_and_tried_again() {
        let world = World::new().await;
        let store = world.store();
        let run_at = world.system().now;
        let job = NewJob { kind: "remind", key: "cita-7".into(), payload: fhir::json!({ "to": "Rosa" }), run_at };
        store.commit(Commit { jobs: vec![job], ..Commit::default() }).await.unwrap();
        assert_eq!(list(store).await.unwrap(), "", "it has not failed");
        while store.failed_jobs().await.unwrap().is_empty() {
            for taken in store.claim_jobs(1, 60).await.unwrap() {
                store.fail_job(taken.id, "the line\nis down").await.unwrap();
            }
            world.clock.advance(jiff::SignedDuration::from_hours(1));
        }
        assert_eq!(list(store).await.unwrap(), "1\tremind\tcita-7\t8\tthe line is down\n");
        assert!(retry(Language::En, store, 2).await.is_err(), "there is no such job");
        retry(Language::En, store, 1).await.unwrap();
        assert_eq!(list(store).await.unwrap(), "");
        assert_eq!(store.claim_jobs(1, 60).await.unwrap()[0].attempts, 1);
        assert!(retry(Language::En, store, 1).await.is_err(), "it is being tried");
    }
}
