//! Throw-away stores.

use std::sync::Arc;

use store::{Facts, Location, Options, Projector, Store, StoreError};

use crate::{FixedClock, SeededEntropy};

/// Where a test's store lies, and what it is opened with; the folder goes away with it.
pub struct Place {
    /// For [`Store::open`].
    pub location: Location,
    /// The store's clock.
    pub clock: Arc<FixedClock>,
    /// The store's facts.
    pub projector: Arc<dyn Projector>,
    folder: tempfile::TempDir,
}

impl Place {
    /// A SQLite store's place.
    ///
    /// # Panics
    /// If there is no room for a temporary folder.
    pub fn sqlite(projector: Arc<dyn Projector>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::at(Location::Directory(folder.path().join("store")), projector, folder)
    }

    /// A PostgreSQL store's place, on the test's own server.
    ///
    /// # Panics
    /// As [`crate::postgres`].
    pub fn postgres(projector: Arc<dyn Projector>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let location = Location::Postgres { url: crate::postgres(), blobs: folder.path().join("blobs") };
        Self::at(location, projector, folder)
    }

    fn at(location: Location, projector: Arc<dyn Projector>, folder: tempfile::TempDir) -> Self {
        let clock = Arc::new(FixedClock::at("2026-11-24T14:00:00Z"));
        Self { location, clock, projector, folder }
    }

    /// A folder for whatever the test needs besides.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// What the store is opened with.
    pub fn options(&self) -> Options {
        let entropy = Arc::new(SeededEntropy::new(7));
        Options { clock: self.clock.clone(), entropy, projector: self.projector.clone() }
    }

    /// Opens the store; a second call opens it a second time, as another process would.
    ///
    /// # Errors
    /// The store's.
    pub async fn open(&self) -> Result<Store, StoreError> {
        Store::open(&self.location, self.options()).await
    }
}

/// A projector that knows no facts: everything is shared and about nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFacts;

impl Projector for NoFacts {
    fn project(&self, _resource: &fhir::Value) -> Facts {
        Facts::default()
    }

    fn version(&self) -> u32 {
        1
    }
}

/// A new SQLite store with a clock that stands still and seeded randomness. Keep the place: the
/// folder goes away with it.
///
/// # Panics
/// If it can't be opened.
pub async fn store(projector: Arc<dyn Projector>) -> (Store, Place) {
    let place = Place::sqlite(projector);
    let store = place.open().await.expect("a new store opens");
    (store, place)
}
