//! Upkeep: check, rebuild, backup and restore.

use std::path::{Path, PathBuf};

use fhir::search::Query;

use crate::backup::{CHAIN, MAIN, Writing};
use crate::check::Check;
use crate::rebuild::Outdated;
use crate::{Location, Store, StoreError, rebuild, restore};

/// How far a long task has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub step: &'static str,
    /// How much of it is done.
    pub done: u64,
    /// How much there is in all.
    pub total: u64,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What is wrong; empty is good.
    pub findings: Vec<Finding>,
    /// Entries of the log.
    pub log_entries: u64,
    /// Resources, deleted ones too.
    pub resources: u64,
    /// Blobs.
    pub blobs: u64,
    /// Entries of the audit chain.
    pub audit_entries: u64,
}

/// Something that is wrong with a store. No person's data in it but ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where: `log 17`, `Patient/x`, `blob …`, `audit 3`.
    pub place: String,
    /// What.
    pub problem: String,
}

/// What a rebuild did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Resources whose views were made anew.
    pub resources: u64,
}

impl Store {
    /// Checks everything that can be checked.
    pub async fn check(&self, progress: impl Fn(Progress) + Send + Sync + 'static) -> Result<Report, StoreError> {
        let store = self.clone();
        let begun = move |conn: &mut crate::conn::Conn| {
            let mut check = Check { projector: &**store.projector(), progress: &progress, report: Report::default() };
            conn.snapshot(|conn| {
                check.log(conn)?;
                check.views(conn)?;
                check.beside(conn)?;
                check.blobs(conn, store.blobs())
            })?;
            Ok((check.report, store.clone(), progress))
        };
        let (report, store, progress) = self.readers().run(begun).await?;
        let ended = move |conn: &mut crate::conn::Conn| {
            let mut check = Check { projector: &**store.projector(), progress: &progress, report };
            conn.snapshot(|conn| {
                check.trail(conn)?;
                check.file(conn, "audit database")
            })?;
            Ok(check.report)
        };
        self.trail().readers().run(ended).await
    }

    /// Makes every view anew from the log, while serving.
    pub async fn rebuild(&self, progress: impl Fn(Progress) + Send + Sync + 'static) -> Result<Rebuilt, StoreError> {
        let counted = "SELECT count(*) FROM log WHERE version = 1";
        let row = self.readers().run(|conn| conn.row(counted, &[])).await?;
        let total = row.map_or(Ok(0), |row| row.count(0))?;
        let (mut done, mut after) = (0, 0);
        loop {
            let projector = self.projector().clone();
            let batch = self.writer().run(move |tx| rebuild::batch(tx.conn, after, &*projector)).await?;
            let Some((count, last)) = batch else { break };
            (done, after) = (done + count, last);
            progress(Progress { step: "resources", done, total: total.max(done) });
        }
        let version = self.projector().version();
        self.writer().run(move |tx| rebuild::finish(tx.conn, version)).await?;
        Ok(Rebuilt { resources: done })
    }

    /// Which views were made by other rules than this program's.
    pub(crate) async fn outdated(&self) -> Result<Outdated, StoreError> {
        let version = self.projector().version();
        self.readers().run(move |conn| rebuild::outdated(conn, version)).await
    }

    /// Makes the views anew, and says in the log and to [`Store::reindexing`] how far it has come.
    pub(crate) async fn renew(&self) -> Result<(), StoreError> {
        let told = self.told().clone();
        let tell = move |at: Progress| {
            tracing::info!(done = at.done, total = at.total, "making the views anew");
            told.send_replace(Some(at));
        };
        self.rebuild(tell).await?;
        self.told().send_replace(None);
        Ok(())
    }

    /// How far the index has come that is being made anew; `None` when it is whole, as it nearly
    /// always is.
    pub fn reindexing(&self) -> Option<Progress> {
        *self.told().borrow()
    }

    /// Whether a question can be answered now: what asks nothing of the index always can.
    pub(crate) fn answers(&self, query: &Query) -> Result<(), StoreError> {
        let plain = query.filters.is_empty()
            && query.sort.is_empty()
            && query.includes.is_empty()
            && query.revincludes.is_empty();
        match self.reindexing().filter(|_| !plain) {
            Some(Progress { done, total, .. }) => Err(StoreError::Reindexing { done, total }),
            None => Ok(()),
        }
    }

    /// Writes a consistent copy to one new file, while serving.
    ///
    /// # Errors
    /// [`StoreError::File`] if the file is there already or can't be written.
    pub async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        let failed = |problem: String| StoreError::File { doing: "making the backup file", problem };
        if path.exists() {
            return Err(failed("there is a file of that name".to_owned()));
        }
        let part = PathBuf::from(format!("{}.part", path.display()));
        let _ = std::fs::remove_file(&part);
        let written = self.write_backup(&part).await;
        if written.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        written?;
        std::fs::rename(&part, path).map_err(|error| failed(error.to_string()))
    }

    async fn write_backup(&self, part: &Path) -> Result<(), StoreError> {
        let (store, part) = (self.clone(), part.to_owned());
        let main = move |conn: &mut crate::conn::Conn| {
            let mut writing = Writing::begin(&part)?;
            conn.snapshot(|conn| {
                MAIN.iter().try_for_each(|table| writing.table(conn, table))?;
                writing.blobs(conn, store.blobs())
            })?;
            Ok(writing)
        };
        let mut writing = self.readers().run(main).await?;
        let chain = move |conn: &mut crate::conn::Conn| {
            conn.snapshot(|conn| CHAIN.iter().try_for_each(|table| writing.table(conn, table)))?;
            writing.finish()
        };
        self.trail().readers().run(chain).await
    }

    /// Fills an empty place (any place, with `force`) from a backup. The views are made when the
    /// store is first opened.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`], or [`StoreError::Backup`] before anything is touched.
    pub async fn restore(path: &Path, location: &Location, force: bool) -> Result<(), StoreError> {
        let (path, location) = (path.to_owned(), location.clone());
        let restoring = tokio::task::spawn_blocking(move || restore::restore(&path, &location, force));
        restoring.await.map_err(|_| StoreError::Fault("restoring panicked"))?
    }
}
