//! Conditions that name a resource by a search (R4 §3.1.0.5.1, §3.1.0.4.3, §3.1.0.7.1): none
//! matches, one matches, or the request is refused with 412.

use std::collections::HashSet;

use access::AccessError;
use fhir::search::Query;
use store::{Expect, Key, StoreError, Stored, Visibility};

use crate::address::{self, Pairs};
use crate::call::Call;
use crate::error::ApiError;

/// How often a condition is looked at anew when others write at the same time. Fifty callers with
/// one condition must all get through, and each of them loses at most once to each other one.
pub const ATTEMPTS: usize = 64;

/// What a condition found.
pub struct Found {
    /// The condition itself, to be held inside the commit.
    query: Query,
    /// The one match.
    pub one: Option<Stored>,
}

impl Found {
    /// What has to hold at the commit if nothing was found: that there is still nothing.
    pub fn expect_none(self) -> Expect {
        // The gate puts the caller's own sight in the place of this.
        Expect::Unmatched(Box::new(self.query), Visibility::None)
    }
}

/// Reads `If-None-Exist`: a query string, with or without `?` or `Type?` before it.
///
/// # Errors
/// `Malformed`.
pub fn criteria(text: &str) -> Result<Pairs, ApiError> {
    address::decode(text.split_once('?').map_or(text, |(_, query)| query))
}

/// Finds the one resource that the criteria match among what the caller may see and what is not
/// gone when the condition counts.
///
/// # Errors
/// `MultipleMatches`; `Malformed` where there are no criteria at all: they would match everything.
pub async fn find(call: &Call, kind: &str, pairs: &[(String, String)], gone: &HashSet<Key>) -> Result<Found, ApiError> {
    let written = || format!("{kind}{}", address::encode(pairs));
    if let Some((name, _)) = pairs.iter().find(|(_, value)| value.is_empty()) {
        // A search leaves it out; a condition without it would match more than was meant.
        return Err(ApiError::malformed(name, "a condition needs the value of each parameter"));
    }
    let mut query = address::query(&[kind], pairs, &call.base)?;
    if query.filters.is_empty() {
        return Err(ApiError::malformed(written(), "a condition needs search parameters; without any it matches all"));
    }
    query.count = Some(2 + gone.len());
    query.includes.clear();
    query.revincludes.clear();
    let mut page = call.api.access.search(&call.cx, &query).await?;
    page.matches.retain(|stored| !gone.contains(&stored.key));
    match page.matches.len() {
        0 => Ok(Found { query, one: None }),
        1 => Ok(Found { query, one: page.matches.pop() }),
        _ => Err(ApiError::MultipleMatches { criteria: written() }),
    }
}

/// Whether a write failed because somebody else wrote between the look and the commit.
pub fn is_race(error: &ApiError) -> bool {
    matches!(error, ApiError::Access(AccessError::Store(StoreError::Exists { .. } | StoreError::Stale { .. })))
}

/// Tells a race that was lost from a condition that fails the same way however often it is tried.
#[derive(Default)]
pub struct Races {
    last: String,
}

impl Races {
    /// Whether to look and try again.
    pub fn again(&mut self, error: &ApiError) -> bool {
        let told = error.to_string();
        is_race(error) && std::mem::replace(&mut self.last, told.clone()) != told
    }
}

/// Others kept writing.
pub fn too_busy() -> ApiError {
    StoreError::Busy.into()
}
