//! The job runner: takes jobs that are due and runs them; they are idempotent and were committed
//! with the change that they follow from.

use std::time::Duration;

use access::Access;
use store::{Job, StoreError};

/// Runs jobs until the task is dropped.
pub async fn run(access: Access) {
    loop {
        match round(&access).await {
            Ok(0) => tokio::time::sleep(Duration::from_secs(2)).await,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "jobs can't be taken");
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
        }
    }
}

async fn round(access: &Access) -> Result<usize, StoreError> {
    let store = access.store();
    let jobs = store.claim_jobs(16, 120).await?;
    for job in &jobs {
        match perform(access, job).await {
            Ok(()) => store.finish_job(job.id).await?,
            Err(problem) => {
                tracing::warn!(job = job.id, kind = job.kind, problem, "a job failed");
                store.fail_job(job.id, &problem).await?;
            }
        }
    }
    Ok(jobs.len())
}

/// The kinds of job there are. An unknown one (from a newer program) fails visibly.
async fn perform(_access: &Access, job: &Job) -> Result<(), String> {
    Err(format!("no runner for jobs of kind {}", job.kind))
}
