//! The one concrete type that callers hold.

use std::path::PathBuf;
use std::sync::Arc;

use crate::{Clock, Commit, Committed, Entropy, Head, Key, Projector, StoreError, Stored, Visibility};

/// Where a store lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// SQLite: `DIR/tejido.db`, `DIR/audit.db`, `DIR/blobs/`.
    Directory(PathBuf),
    /// PostgreSQL, with the blobs in a directory.
    Postgres {
        /// `postgres://…` or `host=… user=…`.
        url: String,
        /// The directory of the blobs.
        blobs: PathBuf,
    },
}

/// What a store is given.
#[derive(Clone)]
pub struct Options {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Computes access facts.
    pub projector: Arc<dyn Projector>,
}

/// A store; clones share it.
#[derive(Clone)]
pub struct Store {
    options: Options,
}

impl Store {
    /// Opens a store, making it where there is none.
    pub async fn open(_location: &Location, _options: Options) -> Result<Store, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// The format this program writes.
    pub fn format_version() -> u32 {
        1
    }

    /// The clock it was given.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.options.clock
    }

    /// The randomness it was given.
    pub fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.options.entropy
    }

    /// Writes what waits and lets go of the database.
    pub async fn close(self) {}

    /// Writes all of it or nothing; durable when it returns.
    pub async fn commit(&self, _commit: Commit) -> Result<Committed, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// The current version, deleted or not; `None` where there is none that may be seen.
    pub async fn read(&self, _key: &Key, _visibility: &Visibility) -> Result<Option<Stored>, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// One version, if the current (or last live) one may be seen.
    pub async fn read_version(
        &self,
        _key: &Key,
        _version: u64,
        _visibility: &Visibility,
    ) -> Result<Option<Stored>, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// The current live versions of these, in their order, without those that are not there.
    pub async fn read_many(&self, _keys: &[Key], _visibility: &Visibility) -> Result<Vec<Stored>, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// The log after a sequence number, oldest first: no gap, no duplicate.
    pub async fn changes(&self, _after_seq: u64, _limit: usize) -> Result<Vec<Stored>, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// The end of the log.
    pub async fn head(&self) -> Result<Head, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// Returns when the log has gone beyond `seq`; gives the head's sequence number.
    pub async fn wait_beyond(&self, _seq: u64) -> Result<u64, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }
}
