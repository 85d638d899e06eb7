//! transaction (R4 §3.1.0.11.2): all entries or none, as one act. Ids are given out first, links
//! between entries are rewritten to them, then everything is committed at once: deletions, creates,
//! updates and patches. Reads are answered from what is there afterwards.

pub mod plan;

use std::collections::{HashMap, HashSet};

use access::{AccessError, Act};
use http::Method;
use store::{Change, PrivateWrite, StoreError};

use crate::answer::Answer;
use crate::batch::{self, Entry};
use crate::call::Call;
use crate::conditional::{self, ATTEMPTS, Races};
use crate::error::ApiError;
use crate::links;
use plan::{Deed, Plan};

/// Does all entries or none; the private records are written in the same commit.
pub async fn run(call: &Call, entries: Vec<Entry>, private: Vec<PrivateWrite>) -> Result<Answer, ApiError> {
    let mut races = Races::default();
    // What its deletions find deleted already, which is no failure (R4 §3.1.0.7).
    let mut done = HashSet::new();
    for _ in 0..ATTEMPTS {
        let plan = Plan::make(call, &entries, &done).await?;
        let links = links::resolve(call, &entries, &plan).await?;
        let (order, changes) = changes(call, &entries, &plan, &links)?;
        let act = Act { name: "transaction", changes, private: private.clone(), ..Act::default() };
        match commit(call, act).await {
            Ok(stored) => return answer(call, &entries, &plan, order.into_iter().zip(stored).collect()).await,
            Err(ApiError::Access(AccessError::Store(StoreError::Gone { key })))
                if plan.deletes(&entries, &key) && done.insert(key.clone()) => {}
            Err(error) if plan.may_race && !plan.meets_itself(&error) && races.again(&error) => {}
            Err(error) => return Err(explain(&entries, &plan, error)),
        }
    }
    Err(conditional::too_busy())
}

/// Nothing to write is no commit.
async fn commit(call: &Call, act: Act) -> Result<Vec<store::Stored>, ApiError> {
    if act.changes.is_empty() {
        return Ok(Vec::new());
    }
    Ok(call.api.access.commit(&call.cx, act).await?.stored)
}

/// The changes in the order of R4 §3.1.0.11.2, each with the number of its entry.
fn changes(
    call: &Call,
    entries: &[Entry],
    plan: &Plan,
    links: &HashMap<String, String>,
) -> Result<(Vec<usize>, Vec<Change>), ApiError> {
    let mut order: Vec<usize> = (0..entries.len()).filter(|at| matches!(plan.deeds[*at], Deed::Write { .. })).collect();
    order.sort_by_key(|at| match entries[*at].method {
        Method::DELETE => 0,
        Method::POST => 1,
        _ => 2,
    });
    let change =
        |at: &usize| plan.change(call, *at, &entries[*at], links).map_err(|error| error.at(entries[*at].at.clone()));
    let changes = order.iter().map(change).collect::<Result<Vec<_>, _>>()?;
    Ok((order, changes))
}

async fn answer(
    call: &Call,
    entries: &[Entry],
    plan: &Plan,
    written: HashMap<usize, store::Stored>,
) -> Result<Answer, ApiError> {
    let mut answers = Vec::with_capacity(entries.len());
    let mut room = batch::Room::default();
    for (at, entry) in entries.iter().enumerate() {
        let answer = match (&plan.deeds[at], written.get(&at)) {
            (Deed::Read, _) => match room.check() {
                Ok(()) => batch::one(call, entry).await,
                Err(full) => Err(full),
            },
            (_, Some(stored)) if stored.deleted => Ok(plan::deleted()),
            (_, Some(stored)) => Ok(Answer::written(call, stored)),
            (Deed::Found(stored), None) => Ok(Answer { status: http::StatusCode::OK, ..Answer::written(call, stored) }),
            (Deed::Nothing | Deed::Write { .. }, None) => Ok(plan::deleted()),
        };
        room.take(&answer);
        answers.push(answer);
    }
    Ok(batch::responses(call, "transaction-response", answers))
}

/// Says which entry is to blame where the gate speaks of a resource.
fn explain(entries: &[Entry], plan: &Plan, error: ApiError) -> ApiError {
    let place = match &error {
        ApiError::Access(AccessError::Invalid(_)) => {
            let wrong = entries.iter().flat_map(|entry| {
                let issues = entry.resource.as_ref().map(fhir::validate).unwrap_or_default();
                // Conditional references are unsupported alone; here they are resolved by now.
                issues
                    .into_iter()
                    .filter(|issue| issue.code != "not-supported")
                    .map(|issue| crate::outcome::within(&entry.at, issue))
            });
            let wrong: Vec<_> = wrong.collect();
            return if wrong.is_empty() { error } else { ApiError::Invalid(wrong) };
        }
        ApiError::Access(AccessError::NotFound { what }) => {
            what.split_once('/').and_then(|(kind, id)| plan.entry_of(&store::Key::new(kind, id)))
        }
        ApiError::Access(AccessError::Store(
            StoreError::Stale { key, .. }
            | StoreError::Gone { key }
            | StoreError::NotFound { key }
            | StoreError::Exists { key, .. }
            | StoreError::Invalid { key, .. },
        )) => plan.entry_of(key),
        _ => None,
    };
    match place {
        Some(at) => entries[at].when.failed(error).at(entries[at].at.clone()),
        None => error,
    }
}
