//! Reading: each question carries the caller's sight, each answer leaves a trace before it goes.

use store::{AuditAction, HistoryPage, HistoryQuery, HistoryScope, Key, SearchPage, StoreError, Stored, Visibility};

use fhir::search::{Filter, Query};

use crate::gate::{Look, patients_in};
use crate::{Access, AccessError, Cx, Deed, asked, index, policy};

impl Access {
    /// The current version of a resource. A Patient whose record the caller may not open but whose
    /// index form it may see comes masked (`meta.security` says so).
    ///
    /// # Errors
    /// `NotFound` when it is not there or may not be seen; the store's `Gone` when it was deleted
    /// and could be seen; `ReasonNeeded` never: over this road a hidden thing is not there.
    pub async fn read(&self, cx: &Cx, key: &Key) -> Result<Stored, AccessError> {
        match self.store.read(key, &self.sight_to(cx, Deed::Read).await?).await? {
            Some(stored) => self.shown(cx, stored).await,
            None if key.resource_type == "Patient" => self.read_masked(cx, key).await,
            None => Err(AccessError::NotFound { what: key.to_string() }),
        }
    }

    /// One version of a resource.
    ///
    /// # Errors
    /// As for [`Access::read`].
    pub async fn read_version(&self, cx: &Cx, key: &Key, version: u64) -> Result<Stored, AccessError> {
        match self.store.read_version(key, version, &self.sight_to(cx, Deed::Read).await?).await? {
            Some(stored) => self.shown(cx, stored).await,
            None => Err(AccessError::NotFound { what: format!("{key}/_history/{version}") }),
        }
    }

    /// The current live versions of these that may be seen, in their order.
    ///
    /// # Errors
    /// The store's.
    pub async fn read_many(&self, cx: &Cx, keys: &[Key]) -> Result<Vec<Stored>, AccessError> {
        let found = self.store.read_many(keys, &self.sight_to(cx, Deed::Read).await?).await?;
        if !found.iter().all(is_open) {
            let patients = patients_in(&found);
            let target = Some(format!("{} × {}", found.len(), keys[0].resource_type));
            self.look(cx, AuditAction::Read, Look { patients, target, ..Look::default() }).await?;
        }
        Ok(found)
    }

    /// Searches what may be seen.
    ///
    /// # Errors
    /// The store's.
    pub async fn search(&self, cx: &Cx, query: &Query) -> Result<SearchPage, AccessError> {
        let page = self.store.search(query, &self.sight_to(cx, Deed::Search).await?).await?;
        self.searched(cx, query, patients_in(page.matches.iter().chain(&page.included))).await?;
        Ok(page)
    }

    /// How many of what may be seen match.
    ///
    /// # Errors
    /// The store's.
    pub async fn count(&self, cx: &Cx, query: &Query) -> Result<u64, AccessError> {
        let count = self.store.count(query, &self.sight_to(cx, Deed::Search).await?).await?;
        self.searched(cx, query, Default::default()).await?;
        Ok(count)
    }

    /// History of what may be seen.
    ///
    /// # Errors
    /// The store's; `NotFound` for an instance that is not there or may not be seen.
    pub async fn history(&self, cx: &Cx, query: &HistoryQuery) -> Result<HistoryPage, AccessError> {
        let deed = if matches!(query.scope, HistoryScope::Instance(_)) { Deed::Read } else { Deed::Search };
        let sight = self.sight_to(cx, deed).await?;
        if let HistoryScope::Instance(key) = &query.scope
            && self.store.read(key, &sight).await?.is_none()
        {
            return Err(AccessError::NotFound { what: key.to_string() });
        }
        let page = self.store.history(query, &sight).await?;
        if !page.entries.iter().all(is_open) {
            let patients = patients_in(&page.entries);
            let target = match &query.scope {
                HistoryScope::System => "_history".to_owned(),
                HistoryScope::Type(name) => format!("{name}/_history"),
                HistoryScope::Instance(key) => format!("{key}/_history"),
            };
            self.look(cx, AuditAction::Read, Look { patients, target: Some(target), ..Look::default() }).await?;
        }
        Ok(page)
    }

    /// What a token's scopes let it read is not what they let it search.
    async fn sight_to(&self, cx: &Cx, deed: Deed) -> Result<Visibility, AccessError> {
        let seen = self.sight(cx).await?;
        Ok(match cx.scopes.as_ref().and_then(|scopes| scopes.of(deed)) {
            Some(types) => Visibility::And(vec![Visibility::TypeIn(types), seen]),
            None => seen,
        })
    }

    /// What was found by id goes out once its trace is written.
    async fn shown(&self, cx: &Cx, stored: Stored) -> Result<Stored, AccessError> {
        if stored.deleted {
            return Err(StoreError::Gone { key: stored.key }.into());
        }
        if !is_open(&stored) {
            let patients = patients_in([&stored]);
            let target = Some(format!("{}/_history/{}", stored.key, stored.version));
            self.look(cx, AuditAction::Read, Look { patients, target, ..Look::default() }).await?;
        }
        Ok(stored)
    }

    async fn read_masked(&self, cx: &Cx, key: &Key) -> Result<Stored, AccessError> {
        let found = self.store.read(key, &self.index_sight(cx).await?).await?.filter(|stored| !stored.deleted);
        let Some(stored) = found else { return Err(AccessError::NotFound { what: key.to_string() }) };
        let look = Look { patients: patients_in([&stored]), target: Some(key.to_string()), ..Look::default() };
        self.look(cx, AuditAction::Index, look).await?;
        Ok(index::masked(stored))
    }

    /// A search is written down unless it asked only for the directory.
    async fn searched(
        &self,
        cx: &Cx,
        query: &Query,
        patients: std::collections::BTreeSet<String>,
    ) -> Result<(), AccessError> {
        let directory = !query.types.is_empty() && query.types.iter().all(|name| policy::is_directory(name));
        // Which places have a patient with something is a question about patients.
        let people = query.filters.iter().any(asks_of_records)
            || query.revincludes.iter().any(|one| !policy::is_directory(&one.source));
        if directory && !people && patients.is_empty() {
            return Ok(());
        }
        let look = Look { patients, query: Some(asked::text(query)), ..Look::default() };
        self.look(cx, AuditAction::Search, look).await
    }
}

/// What everybody may read, and so nobody's reading of it is written down.
fn is_open(stored: &Stored) -> bool {
    stored.deleted || policy::is_directory(&stored.key.resource_type)
}

/// Whether a filter looks into records.
fn asks_of_records(filter: &Filter) -> bool {
    match filter {
        Filter::Chain { target: other, filter, .. } | Filter::Has { source: other, filter, .. } => {
            !policy::is_directory(other) || asks_of_records(filter)
        }
        _ => false,
    }
}
