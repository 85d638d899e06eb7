//! What the pages know of the network and of codes: views of the log, made in one pass over it.

use care::icd10::Codes;
use network::Directory;
use store::{Live, Store, StoreError, Stored, View};

#[derive(Default)]
struct Both {
    network: Directory,
    codes: Codes,
}

impl View for Both {
    fn seq(&self) -> u64 {
        self.codes.seq()
    }

    fn take(&mut self, entry: &Stored) {
        self.network.take(entry);
        self.codes.take(entry);
    }
}

/// The views, which catch up with the log when they are asked for.
#[derive(Default)]
pub(crate) struct Known(Live<Both>);

/// The network as it was when it was asked for, or newer.
pub(crate) struct Network<'a>(&'a Live<Both>);

impl Known {
    /// The network as the log tells it at this moment.
    pub(crate) async fn network(&self, store: &Store) -> Result<Network<'_>, StoreError> {
        self.0.follow(store).await?;
        Ok(Network(&self.0))
    }

    /// The codes as the log tells them at this moment.
    pub(crate) async fn codes(&self, store: &Store) -> Result<Codes, StoreError> {
        self.0.follow(store).await?;
        Ok(self.0.with(|both| both.codes.clone()))
    }
}

impl Network<'_> {
    /// Asks the network.
    pub(crate) fn with<R>(&self, ask: impl FnOnce(&Directory) -> R) -> R {
        self.0.with(|both| ask(&both.network))
    }
}
