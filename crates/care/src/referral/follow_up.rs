//! The plan's tasks at the post, and the closing of the circuit when all are done.

use access::{Access, AccessError, Act, Cx, Role, system};
use fhir::{Value, json};
use store::{Key, StoreError};

use crate::govern::is_final;
use crate::referral::advance::{Advance, provenance};
use crate::referral::moves::Move;
use crate::referral::pair::{Named, Referral, named};
use crate::referral::place;
use crate::referral::state::State;
use crate::referral::task::{object, replace};
use crate::resource::{code_in, id_of, put, synthetic, text};
use crate::{CareError, Problem};

/// A follow-up as pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// Id of its Task.
    pub id: String,
    /// Id of the referral it belongs to.
    pub referral: String,
    /// Whom it is for.
    pub patient: Named,
    /// What to do.
    pub words: String,
    /// By when (`YYYY-MM-DD`), if said.
    pub due: Option<String>,
    /// Who at the post, if said.
    pub who: Option<Role>,
    /// `Task.status`.
    pub status: String,
    /// What came of it.
    pub outcome: Option<String>,
    /// Whether it is about an invented person.
    pub synthetic: bool,
}

impl FollowUp {
    /// Reads a follow-up Task.
    pub fn read(task: &Value) -> Self {
        let text = |path: &[&str]| task.text_at(path).map(str::to_owned);
        Self {
            id: task.id().unwrap_or_default().to_owned(),
            referral: task.items("partOf").iter().find_map(|one| id_of(Some(one), "Task")).unwrap_or_default(),
            patient: named(task.get("for"), "Patient"),
            words: text(&["description"]).unwrap_or_default(),
            due: text(&["restriction", "period", "end"]),
            who: code_in(task.items("performerType").first(), system::ROLE).and_then(Role::from_code),
            status: text(&["status"]).unwrap_or_default(),
            outcome: text(&["note", "text"]),
            synthetic: synthetic(task).is_some(),
        }
    }

    /// Whether it is done or given up.
    pub fn is_final(&self) -> bool {
        is_final(&self.status)
    }
}

/// Finishes a follow-up (or gives it up with a reason) and, in the same commit, closes the circuit
/// when it was the last and nothing failed: what failed waits for an answer, see [`settle`].
///
/// # Errors
/// `Form` without words for one that is given up; the gate's.
pub async fn finish_follow_up(
    access: &Access,
    cx: &Cx,
    id: &str,
    done: bool,
    outcome: &str,
) -> Result<Referral, CareError> {
    if !done && text(outcome).is_none() {
        return Err(CareError::Form(vec![Problem::new("outcome", "reason-missing")]));
    }
    match finish(access, cx, id, done, outcome).await {
        // Another line of the same plan was finished meanwhile: this one may be the last now.
        Err(CareError::Access(AccessError::Store(StoreError::Stale { key, .. }))) if key.id != id => {
            finish(access, cx, id, done, outcome).await
        }
        // Or the gate saw that already, and asked for the closing that was not known to be due.
        Err(CareError::Access(AccessError::Rule(_))) => finish(access, cx, id, done, outcome).await,
        other => other,
    }
}

async fn finish(access: &Access, cx: &Cx, id: &str, done: bool, outcome: &str) -> Result<Referral, CareError> {
    let mut task = place::read(access, cx, "Task", id).await?;
    task.value.set("status", if done { "completed" } else { "failed" });
    task.value.set("lastModified", cx.now.to_string());
    if let Some(words) = text(outcome) {
        let note = json!({ "authorString": text(&cx.name), "time": cx.now.to_string(), "text": words });
        task.value.set("note", vec![note]);
        if !done {
            task.value.set("statusReason", json!({ "text": words }));
        }
    }
    let this = FollowUp::read(&task.value);
    let why = provenance(access, cx, "finish-follow-up", outcome, &task.value);
    let mut changes = vec![put(&task.value, Some(task.version)), put(&why, None)];
    let mut parent = Referral::load(access, cx, &this.referral).await?;
    let State::Plan { tasks, .. } = &parent.state else {
        access.commit(cx, Act { name: "finish-follow-up", changes, ..Act::default() }).await?;
        return Ok(parent);
    };
    let others: Vec<Key> = tasks.iter().filter(|one| *one != id).map(|id| Key::new("Task", id.as_str())).collect();
    let found = access.read_many(cx, &others).await?;
    let whole = found.len() == others.len();
    let others: Vec<FollowUp> = found.iter().map(|one| FollowUp::read(&one.value())).collect();
    let failed = !done || others.iter().any(|one| one.is_final() && one.status != "completed");
    if whole && !failed && others.iter().all(FollowUp::is_final) && parent.objections().next().is_none() {
        return Advance::new(&parent, Move::Close).with(changes).commit(access, cx).await;
    }
    if !done {
        object(&mut parent.task, &[not_done(&this.words, outcome)]);
    }
    let due = others.iter().filter(|one| !one.is_final()).filter_map(|one| one.due.clone()).min();
    replace(&mut parent.task, "restriction", due.map(|due| json!({ "period": { "end": due } })));
    // Written even when nothing changes in it: of two who finish the last two lines, one must see the other.
    changes.push(put(&parent.task, Some(parent.task_version)));
    let stored = access.commit(cx, Act { name: "finish-follow-up", changes, ..Act::default() }).await?.stored;
    parent.task_version = stored.last().map_or(parent.task_version, |one| one.version);
    Ok(parent)
}

/// What keeps a plan open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Whether a follow-up is neither done nor given up: until then nothing is closed.
    pub unfinished: bool,
    /// What the post could not do and nobody has answered: its objections; where it made none, the
    /// lines that failed (until 2026-11 a failure was no objection).
    pub unheard: Vec<String>,
}

/// What keeps open a referral that the post has acknowledged.
///
/// # Errors
/// The gate's.
pub async fn left(access: &Access, cx: &Cx, referral: &Referral) -> Result<Left, CareError> {
    let keys: Vec<Key> = referral.follow_ups().into_iter().map(|id| Key::new("Task", id)).collect();
    let found = access.read_many(cx, &keys).await?;
    let lines: Vec<FollowUp> = found.iter().map(|one| FollowUp::read(&one.value())).collect();
    let mut unheard: Vec<String> = referral.objections().map(str::to_owned).collect();
    if unheard.is_empty() {
        let failed = lines.iter().filter(|one| one.is_final() && one.status != "completed");
        unheard = failed.map(|one| not_done(&one.words, one.outcome.as_deref().unwrap_or_default())).collect();
    }
    Ok(Left { unfinished: found.len() < keys.len() || lines.iter().any(|one| !one.is_final()), unheard })
}

fn not_done(what: &str, why: &str) -> String {
    format!("No se pudo: {what} ({})", why.trim())
}

/// Closes what the post has acknowledged: at the destination (or by who coordinates) this answers
/// the post's objections, in words; to amend the plan instead, counter-refer again.
///
/// # Errors
/// `Form` without words; `Transition`; the gate's, also while a follow-up is open.
pub async fn settle(access: &Access, cx: &Cx, referral: &Referral, words: &str) -> Result<Referral, CareError> {
    if text(words).is_none() {
        return Err(CareError::Form(vec![Problem::new("words", "grounds-missing")]));
    }
    Advance::new(referral, Move::Close).note(words).commit(access, cx).await
}
