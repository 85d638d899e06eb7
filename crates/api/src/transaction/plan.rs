//! What each entry of a transaction comes to: which resource, and what is to be done with it.

use std::collections::{HashMap, HashSet};

use access::AccessError;
use fhir::Value;
use http::{Method, StatusCode};
use store::{Change, Expect, Key, StoreError, Stored, Write};

use crate::address::Pairs;
use crate::answer::Answer;
use crate::batch::{Entry, Place};
use crate::body::Sent;
use crate::call::Call;
use crate::conditional;
use crate::error::ApiError;
use crate::{address, create, links, patch, update};

/// What an entry comes to.
pub enum Deed {
    /// Answered after the commit.
    Read,
    /// Written by the commit.
    Write {
        /// Which resource.
        key: Key,
        /// What must hold.
        expect: Expect,
        /// The patched resource; otherwise it is the entry's.
        patched: Option<Value>,
    },
    /// A conditional create whose resource is there already.
    Found(Stored),
    /// A conditional deletion that matches nothing.
    Nothing,
}

impl Deed {
    fn write(key: Key, expect: Expect) -> Self {
        Self::Write { key, expect, patched: None }
    }
}

/// The deeds of all entries.
pub struct Plan {
    /// One for each entry.
    pub deeds: Vec<Deed>,
    /// Whether the plan rests on a search, which others may overtake.
    pub may_race: bool,
}

impl Plan {
    /// Gives every entry its resource; what is done already is not deleted again.
    ///
    /// # Errors
    /// What refuses an entry refuses the transaction, and names the entry.
    pub async fn make(call: &Call, entries: &[Entry], done: &HashSet<Key>) -> Result<Self, ApiError> {
        let mut plan = Self { deeds: deeds(call, entries).await?, may_race: false };
        for (entry, deed) in entries.iter().zip(&mut plan.deeds).filter(|(entry, _)| entry.method == Method::DELETE) {
            if matches!(&entry.place, Place::Instance(key) if done.contains(key)) {
                *deed = Deed::Nothing;
            }
        }
        let (mut keys, mut urls, mut conditions) = (HashSet::new(), HashSet::new(), HashSet::new());
        for (entry, deed) in entries.iter().zip(&plan.deeds) {
            let refused = |error: ApiError| error.at(entry.at.clone());
            let looked = condition(entry).is_some() || entry.method == Method::PATCH;
            plan.may_race |= looked && entry.when.if_match.is_none();
            if let Deed::Write { key, .. } = deed
                && !keys.insert(key.clone())
            {
                return Err(refused(twice(format!("{key} is written twice"))));
            }
            if let Some(url) =
                entry.full_url.as_ref().filter(|url| entry.method != Method::GET && !urls.insert((*url).clone()))
            {
                return Err(refused(twice(format!("the fullUrl {url} stands twice (bdl-7)"))));
            }
            // Two creates on one condition would each find nothing and make two.
            if let Some(condition) = condition(entry).filter(|_| matches!(deed, Deed::Write { .. }))
                && !conditions.insert(condition.clone())
            {
                return Err(refused(twice(format!("the condition {condition} stands twice"))));
            }
        }
        Ok(plan)
    }

    /// Whether an entry deletes that resource.
    pub fn deletes(&self, entries: &[Entry], key: &Key) -> bool {
        self.entry_of(key).is_some_and(|at| entries[at].method == Method::DELETE)
    }

    /// Whether a condition failed by what the transaction itself writes, which no repetition changes.
    pub fn meets_itself(&self, error: &ApiError) -> bool {
        let ApiError::Access(AccessError::Store(StoreError::Exists { key, matches })) = error else { return false };
        !matches.is_empty() && matches.iter().all(|found| found != key && self.entry_of(found).is_some())
    }

    /// The key that an entry's resource has after the transaction.
    pub fn key(&self, at: usize) -> Option<&Key> {
        match &self.deeds[at] {
            Deed::Write { key, .. } => Some(key),
            Deed::Found(stored) => Some(&stored.key),
            Deed::Read | Deed::Nothing => None,
        }
    }

    /// The entry that writes this key.
    pub fn entry_of(&self, key: &Key) -> Option<usize> {
        (0..self.deeds.len()).find(|at| self.key(*at) == Some(key))
    }

    /// The change that an entry makes, its links rewritten.
    pub fn change(
        &self,
        call: &Call,
        at: usize,
        entry: &Entry,
        links: &HashMap<String, String>,
    ) -> Result<Change, ApiError> {
        let Deed::Write { key, expect, patched } = &self.deeds[at] else {
            return Err(StoreError::Fault("only writes are changes").into());
        };
        let (key, expect) = (key.clone(), expect.clone());
        if entry.method == Method::DELETE {
            return Ok(Change { key, expect, write: Write::Delete });
        }
        let mut value = patched.clone().map_or_else(|| entry.sent().map(|sent| sent.value), Ok)?;
        links::rewrite(&mut value, entry.full_url.as_deref(), links);
        Ok(create::put(call, key, expect, &Sent::from_value(value)))
    }
}

/// What a deletion answers.
pub fn deleted() -> Answer {
    Answer::empty(StatusCode::NO_CONTENT)
}

fn twice(what: String) -> ApiError {
    ApiError::invalid("duplicate", "Bundle", what)
}

/// What each entry comes to, deletions first: they are done first (R4 §3.1.0.11.2), so that what
/// they take is not found by the others' conditions.
async fn deeds(call: &Call, entries: &[Entry]) -> Result<Vec<Deed>, ApiError> {
    let mut deeds: Vec<Deed> = entries.iter().map(|_| Deed::Nothing).collect();
    let mut taken = HashSet::new();
    for deletions in [true, false] {
        for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| (entry.method == Method::DELETE) == deletions)
        {
            let call = call.entry(entry.params.clone(), entry.when.clone());
            deeds[at] = deed(&call, entry, &taken).await.map_err(|error| error.at(entry.at.clone()))?;
        }
        taken = gone(entries, &deeds);
    }
    Ok(deeds)
}

/// What the transaction deletes.
pub fn gone(entries: &[Entry], deeds: &[Deed]) -> HashSet<Key> {
    let deleted = entries.iter().zip(deeds).filter(|(entry, _)| entry.method == Method::DELETE);
    let key = |deed: &Deed| match deed {
        Deed::Write { key, .. } => Some(key.clone()),
        _ => None,
    };
    deleted.filter_map(|(_, deed)| key(deed)).collect()
}

/// The condition that names an entry's resource, if one does, in a form that can be compared.
pub fn condition(entry: &Entry) -> Option<String> {
    let Place::Type(kind) = &entry.place else { return None };
    let pairs = match entry.method {
        Method::POST => conditional::criteria(entry.when.if_none_exist.as_deref()?).ok()?,
        Method::PUT | Method::PATCH | Method::DELETE => entry.params.clone(),
        _ => return None,
    };
    Some(comparable(kind, pairs))
}

/// A condition in a form that can be compared.
pub fn comparable(kind: &str, mut pairs: Pairs) -> String {
    pairs.sort();
    format!("{kind}{}", address::encode(&pairs))
}

async fn deed(call: &Call, entry: &Entry, gone: &HashSet<Key>) -> Result<Deed, ApiError> {
    match (&entry.method, &entry.place) {
        (&Method::GET, _) => Ok(Deed::Read),
        (&Method::POST, Place::Type(kind)) => creating(call, entry, kind, gone).await,
        (&Method::PUT, Place::Instance(key)) => {
            call.without_params()?;
            let sent = entry.sent()?;
            sent.check_type(&key.resource_type)?;
            sent.check_id(&key.id)?;
            let expect = call.when.expect()?;
            call.present(key).await?;
            update::chosen(call, key, &expect).await?;
            Ok(Deed::write(key.clone(), expect))
        }
        (&Method::PUT, Place::Type(kind)) => {
            let found = conditional::find(call, kind, &call.params, gone).await?;
            let Change { key, expect, .. } = update::replacing(call, kind, found, &entry.sent()?).await?;
            Ok(Deed::write(key, expect))
        }
        (&Method::DELETE, Place::Instance(key)) => {
            call.without_params()?;
            call.present(key).await?;
            Ok(Deed::write(key.clone(), call.when.expect()?))
        }
        (&Method::PATCH, Place::Instance(key)) => {
            call.without_params()?;
            let (version, sent) = patch::patched(call, key, &patch::in_binary(entry)?).await?;
            call.present(key).await?;
            Ok(Deed::Write { key: key.clone(), expect: patch::held(call, version)?, patched: Some(sent.value) })
        }
        (&Method::PATCH, Place::Type(kind)) => {
            let stored = patch::matching(call, kind, gone).await?;
            let sent = patch::changed(&stored, &patch::in_binary(entry)?)?;
            let expect = patch::held(call, stored.version)?;
            Ok(Deed::Write { key: stored.key, expect, patched: Some(sent.value) })
        }
        (&Method::DELETE, Place::Type(kind)) => {
            Ok(match conditional::find(call, kind, &call.params, gone).await?.one {
                Some(stored) => Deed::write(stored.key, Expect::Version(stored.version)),
                None => Deed::Nothing,
            })
        }
        (method, _) => Err(ApiError::MethodNotAllowed { method: method.to_string() }),
    }
}

async fn creating(call: &Call, entry: &Entry, kind: &str, gone: &HashSet<Key>) -> Result<Deed, ApiError> {
    call.without_params()?;
    let missing = ApiError::invalid("required", "Resource.resource", "this method needs a resource");
    let found = entry.resource.as_ref().and_then(Value::resource_type).ok_or(missing)?;
    if found != kind {
        return Err(ApiError::invalid("invalid", format!("{found}.resourceType"), format!("request.url says {kind}")));
    }
    let key = Key::new(kind, call.new_id());
    let Some(criteria) = &call.when.if_none_exist else {
        return Ok(Deed::write(key, Expect::Absent));
    };
    let found = conditional::find(call, kind, &conditional::criteria(criteria)?, gone).await?;
    Ok(match found.one {
        Some(stored) => Deed::Found(stored),
        None => Deed::write(key, found.expect_none()),
    })
}
