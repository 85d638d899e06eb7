//! Jobs: committed with the change they follow from, run later, idempotent by key, retried with a
//! growing delay, and kept where people can see them when they fail for good.

use jiff::Timestamp;

use crate::conn::Conn;
use crate::log::time;
use crate::sql::{Row, Sql, params};
use crate::{Store, StoreError};

/// A job that failed this often has failed for good: about three hours after it was due.
const ATTEMPTS: u32 = 8;
const SECOND_US: i64 = 1_000_000;
/// The first delay; each later one is four times as long, up to an hour.
const DELAY_S: i64 = 10;
const LONGEST_DELAY_S: i64 = 3600;

const WAITING: i64 = 0;
const FAILED: i64 = 1;
const DONE: i64 = 2;

pub(crate) const COLUMNS: &str = "id, kind, key, payload, run_at, attempts, error";

/// A job to commit.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Which runner takes it.
    pub kind: &'static str,
    /// Idempotency key: a second job of the same kind and key is not taken.
    pub key: String,
    /// What the runner needs.
    pub payload: fhir::Value,
    /// Not before.
    pub run_at: Timestamp,
}

/// A job as it is given to a runner.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// Which runner takes it.
    pub kind: String,
    /// Idempotency key.
    pub key: String,
    /// What the runner needs.
    pub payload: fhir::Value,
    /// Not before.
    pub run_at: Timestamp,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// What went wrong the last time.
    pub error: Option<String>,
}

impl Store {
    /// Takes jobs that are due, for `lease_s` seconds; then others may take them.
    pub async fn claim_jobs(&self, limit: usize, lease_s: u32) -> Result<Vec<Job>, StoreError> {
        let now_us = self.clock().now().as_microsecond();
        let due = "SELECT count(*) FROM job WHERE state = 0 AND run_at <= ? AND leased_until <= ?";
        let waiting = self.readers().run(move |conn| conn.row(due, &params![now_us, now_us])).await?;
        if waiting.is_none_or(|row| row.int(0) == Ok(0)) {
            return Ok(Vec::new());
        }
        self.writer().run(move |tx| claim(tx.conn, tx.now_us, limit, lease_s)).await
    }

    /// The job is done. Its key stays known, so that it is not taken a second time.
    pub async fn finish_job(&self, id: u64) -> Result<(), StoreError> {
        self.change_job("UPDATE job SET state = ?, error = NULL, payload = ? WHERE id = ?", id, |_, _| {
            vec![DONE.into(), Sql::Bytes(bytes::Bytes::from_static(b"null"))]
        })
        .await
    }

    /// The job failed: it is tried again later, or listed as failed for good.
    pub async fn fail_job(&self, id: u64, error: &str) -> Result<(), StoreError> {
        let error = error.to_owned();
        self.change_job(
            "UPDATE job SET state = ?, error = ?, leased_until = 0, run_at = ? WHERE id = ? AND state = 0",
            id,
            {
                move |attempts, now_us| {
                    let state = if attempts >= ATTEMPTS { FAILED } else { WAITING };
                    vec![state.into(), error.into(), (now_us + delay_s(attempts) * SECOND_US).into()]
                }
            },
        )
        .await
    }

    /// Jobs that failed for good.
    pub async fn failed_jobs(&self) -> Result<Vec<Job>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM job WHERE state = ? ORDER BY id");
        self.readers().run(move |conn| conn.rows(&query, &params![FAILED])?.iter_mut().map(job).collect()).await
    }

    /// Tries a failed job again, now.
    pub async fn retry_job(&self, id: u64) -> Result<(), StoreError> {
        self.change_job(
            "UPDATE job SET state = ?, attempts = 0, leased_until = 0, run_at = ? WHERE id = ? AND state = 1",
            id,
            |_, now_us| vec![WAITING.into(), now_us.into()],
        )
        .await
    }

    async fn change_job(
        &self,
        update: &'static str,
        id: u64,
        values: impl FnOnce(u32, i64) -> Vec<Sql> + Send + 'static,
    ) -> Result<(), StoreError> {
        let work = move |tx: &mut crate::writer::Tx<'_>| {
            let row = tx.conn.row("SELECT attempts FROM job WHERE id = ?", &params![id])?;
            let attempts = row.ok_or(StoreError::NoJob(id))?.count(0)?;
            let mut values = values(u32::try_from(attempts).unwrap_or(u32::MAX), tx.now_us);
            values.push(id.into());
            tx.conn.exec(update, &values).map(|_| ())
        };
        self.writer().run(work).await
    }
}

/// Adds a job, inside a commit; one of the same kind and key is there only once.
pub(crate) fn add(conn: &mut Conn, job: &NewJob) -> Result<(), StoreError> {
    let insert = "INSERT INTO job (id, kind, key, payload, run_at, attempts, leased_until, state) \
                  VALUES ((SELECT coalesce(max(id), 0) + 1 FROM job), ?, ?, ?, ?, 0, 0, 0) \
                  ON CONFLICT (kind, key) DO NOTHING";
    let values = params![job.kind, &job.key, job.payload.to_bytes(), job.run_at.as_microsecond()];
    conn.exec(insert, &values).map(|_| ())
}

fn claim(conn: &mut Conn, now_us: i64, limit: usize, lease_s: u32) -> Result<Vec<Job>, StoreError> {
    // Whoever took it the last time never said how it went.
    let lost = "UPDATE job SET state = ?, error = coalesce(error, 'nobody finished it') \
                WHERE state = 0 AND leased_until <= ? AND attempts >= ?";
    conn.exec(lost, &params![FAILED, now_us, ATTEMPTS])?;
    let due = format!(
        "SELECT {COLUMNS} FROM job WHERE state = 0 AND run_at <= ? AND leased_until <= ? ORDER BY run_at, id LIMIT ?"
    );
    let rows = conn.rows(&due, &params![now_us, now_us, limit])?;
    let mut jobs = Vec::with_capacity(rows.len());
    for mut row in rows {
        let mut job = job(&mut row)?;
        job.attempts += 1;
        let take = "UPDATE job SET attempts = ?, leased_until = ? WHERE id = ?";
        conn.exec(take, &params![job.attempts, now_us + i64::from(lease_s) * SECOND_US, job.id])?;
        jobs.push(job);
    }
    Ok(jobs)
}

/// A row of [`COLUMNS`].
pub(crate) fn job(row: &mut Row) -> Result<Job, StoreError> {
    const BROKEN: StoreError = StoreError::Damaged("the payload of a job can't be read");
    Ok(Job {
        id: row.count(0)?,
        kind: row.text(1)?,
        key: row.text(2)?,
        payload: fhir::json::parse(&row.bytes(3)?).map_err(|_| BROKEN)?,
        run_at: time(row.int(4)?)?,
        attempts: u32::try_from(row.int(5)?).map_err(|_| BROKEN)?,
        error: row.opt_text(6)?,
    })
}

fn delay_s(attempts: u32) -> i64 {
    4_i64.saturating_pow(attempts.saturating_sub(1)).saturating_mul(DELAY_S).min(LONGEST_DELAY_S)
}
