//! Reading: each question carries the caller's sight, each answer leaves a trace before it goes.

use store::{AuditAction, HistoryPage, HistoryQuery, HistoryScope, Key, SearchPage, StoreError, Stored};

use fhir::search::Query;

use crate::gate::{Look, patients_in};
use crate::{Access, AccessError, Cx, asked, index, policy};

impl Access {
    /// The current version of a resource. A Patient whose record the caller may not open but whose
    /// index form it may see comes masked (`meta.security` says so).
    ///
    /// # Errors
    /// `NotFound` when it is not there or may not be seen; the store's `Gone` when it was deleted
    /// and could be seen; `ReasonNeeded` never: over this road a hidden thing is not there.
    pub async fn read(&self, cx: &Cx, key: &Key) -> Result<Stored, AccessError> {
        match self.store.read(key, &self.sight(cx).await?).await? {
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
        match self.store.read_version(key, version, &self.sight(cx).await?).await? {
            Some(stored) => self.shown(cx, stored).await,
            None => Err(AccessError::NotFound { what: format!("{key}/_history/{version}") }),
        }
    }

    /// The current live versions of these that may be seen, in their order.
    ///
    /// # Errors
    /// The store's.
    pub async fn read_many(&self, cx: &Cx, keys: &[Key]) -> Result<Vec<Stored>, AccessError> {
        let found = self.store.read_many(keys, &self.sight(cx).await?).await?;
        let patients = patients_in(&found);
        if !patients.is_empty() {
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
        let page = self.store.search(query, &self.sight(cx).await?).await?;
        self.searched(cx, query, patients_in(page.matches.iter().chain(&page.included))).await?;
        Ok(page)
    }

    /// How many of what may be seen match.
    ///
    /// # Errors
    /// The store's.
    pub async fn count(&self, cx: &Cx, query: &Query) -> Result<u64, AccessError> {
        let count = self.store.count(query, &self.sight(cx).await?).await?;
        self.searched(cx, query, Default::default()).await?;
        Ok(count)
    }

    /// History of what may be seen.
    ///
    /// # Errors
    /// The store's; `NotFound` for an instance that is not there or may not be seen.
    pub async fn history(&self, cx: &Cx, query: &HistoryQuery) -> Result<HistoryPage, AccessError> {
        let sight = self.sight(cx).await?;
        if let HistoryScope::Instance(key) = &query.scope
            && self.store.read(key, &sight).await?.is_none()
        {
            return Err(AccessError::NotFound { what: key.to_string() });
        }
        let page = self.store.history(query, &sight).await?;
        let patients = patients_in(&page.entries);
        if !patients.is_empty() {
            let target = match &query.scope {
                HistoryScope::System => "_history".to_owned(),
                HistoryScope::Type(name) => format!("{name}/_history"),
                HistoryScope::Instance(key) => format!("{key}/_history"),
            };
            self.look(cx, AuditAction::Read, Look { patients, target: Some(target), ..Look::default() }).await?;
        }
        Ok(page)
    }

    /// What was found by id goes out once its trace is written.
    async fn shown(&self, cx: &Cx, stored: Stored) -> Result<Stored, AccessError> {
        if stored.deleted {
            return Err(StoreError::Gone { key: stored.key }.into());
        }
        let patients = patients_in([&stored]);
        if !patients.is_empty() {
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
        if directory && patients.is_empty() {
            return Ok(());
        }
        let look = Look { patients, query: Some(asked::text(query)), ..Look::default() };
        self.look(cx, AuditAction::Search, look).await
    }
}
