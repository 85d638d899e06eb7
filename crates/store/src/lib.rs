//! The log and its views. Everything that is true is a versioned FHIR resource appended to one
//! totally ordered, hash-chained log; the resource table, the search index and the access facts
//! are views that can be thrown away and rebuilt from it.
//!
//! All SQL of the house is in this crate. Two private back ends (SQLite, PostgreSQL) stand behind
//! one [`Store`]; everything above a connection is written once. Invariants: sequence and hash are
//! assigned inside the serialised commit; an acknowledged commit is durable; a reader never blocks
//! the writer; a row that a [`Visibility`] hides is exactly like one that is not there.

mod access;
mod audit;
mod backup;
mod blob;
mod check;
mod clock;
mod codec;
mod commit;
mod conn;
mod dice;
mod error;
mod history;
mod index;
mod jobs;
mod live;
mod log;
mod private;
mod readers;
mod rebuild;
mod record;
mod restore;
mod schema;
mod search;
mod sql;
mod store;
mod trail;
mod upkeep;
mod visibility;
mod writer;

pub use access::{Facts, Projector, Reason, Share, Visibility};
pub use audit::{AuditAction, AuditQuery, AuditRecord};
pub use blob::BlobId;
pub use clock::{Clock, Entropy, SystemClock, SystemEntropy};
pub use dice::Dice;
pub use error::{Kind, StoreError};
pub use history::{HistoryPage, HistoryQuery, HistoryScope};
pub use jobs::{Job, NewJob};
pub use live::{Live, View};
pub use private::{Private, PrivateExpect, PrivateWrite};
pub use record::{Change, Commit, Committed, Expect, Head, Key, Method, Stored, Write};
pub use search::SearchPage;
pub use store::{Location, Options, Store};
pub use upkeep::{Finding, Progress, Rebuilt, Report};
