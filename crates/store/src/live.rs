//! Views in memory that follow the log: the directory of the network, the matcher of persons.

use std::sync::{Arc, RwLock};

use crate::{Store, StoreError, Stored};

/// How many entries are read at a time.
const BATCH: usize = 1000;

/// A view of the log: begins empty, takes every entry in order. Taking all of them anew must give
/// what taking them one by one gave.
pub trait View: Default + Send + Sync {
    /// The last entry taken.
    fn seq(&self) -> u64;

    /// Takes the next entry.
    fn take(&mut self, entry: &Stored);
}

/// A view that is shared and catches up with the log when asked; clones share it.
#[derive(Debug, Default)]
pub struct Live<V>(Arc<RwLock<V>>);

impl<V> Clone for Live<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<V: View> Live<V> {
    /// Takes what the log has gained. Two callers at once do no harm: an entry is taken once.
    ///
    /// # Errors
    /// The store's.
    ///
    /// # Panics
    /// If a thread panicked while it changed the view.
    pub async fn follow(&self, store: &Store) -> Result<(), StoreError> {
        loop {
            let seq = self.with(View::seq);
            let entries = store.changes(seq, BATCH).await?;
            if entries.is_empty() {
                return Ok(());
            }
            let mut view = self.0.write().expect("no thread panics while it changes a view");
            for entry in &entries {
                if entry.seq > view.seq() {
                    view.take(entry);
                }
            }
        }
    }

    /// Asks the view.
    ///
    /// # Panics
    /// If a thread panicked while it changed the view.
    pub fn with<R>(&self, ask: impl FnOnce(&V) -> R) -> R {
        ask(&self.0.read().expect("no thread panics while it changes a view"))
    }
}
