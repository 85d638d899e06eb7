//! Search: a parsed query and a visibility become one SQL text, for either back end.

use fhir::search::Query;

use crate::conn::Conn;
use crate::{Key, Store, StoreError, Stored, Visibility};

/// A page of search results.
#[derive(Clone, Debug, Default)]
pub struct SearchPage {
    /// What matches.
    pub matches: Vec<Stored>,
    /// What `_include` and `_revinclude` add, each once, none that is a match.
    pub included: Vec<Stored>,
    /// How many match in all, when it was asked for.
    pub total: Option<u64>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

impl Store {
    /// Searches.
    pub async fn search(&self, _query: &Query, _visibility: &Visibility) -> Result<SearchPage, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// How many match.
    pub async fn count(&self, _query: &Query, _visibility: &Visibility) -> Result<u64, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }
}

/// The keys of at most `limit` live resources that match, on the connection of whoever asks (the
/// writer asks for [`crate::Expect::Unmatched`], and sees what it wrote before).
pub(crate) fn matches_in(
    _conn: &mut Conn,
    _query: &Query,
    _visibility: &Visibility,
    _limit: usize,
) -> Result<Vec<Key>, StoreError> {
    Err(StoreError::Fault("not built yet"))
}
