//! The plan's tasks at the post, and the closing of the circuit when all are done.

use access::{Access, Act, Cx};
use fhir::{Value, json};
use store::Key;

use crate::govern::is_final;
use crate::referral::advance::{Advance, provenance};
use crate::referral::moves::Move;
use crate::referral::pair::{Named, Referral, named};
use crate::referral::place;
use crate::referral::state::State;
use crate::resource::{id_of, put, text};
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
    /// `Task.status`.
    pub status: String,
    /// What came of it.
    pub outcome: Option<String>,
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
            status: text(&["status"]).unwrap_or_default(),
            outcome: text(&["note", "text"]),
        }
    }

    /// Whether it is done or given up.
    pub fn is_final(&self) -> bool {
        is_final(&self.status)
    }
}

/// Finishes a follow-up (or gives it up with a reason) and closes the circuit when it was the last.
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
    let why = provenance(access, cx, "finish-follow-up", outcome, &task.value);
    let changes = vec![put(&task.value, Some(task.version)), put(&why, None)];
    access.commit(cx, Act { name: "finish-follow-up", changes, ..Act::default() }).await?;
    let parent = FollowUp::read(&task.value).referral;
    let referral = Referral::load(access, cx, &parent).await?;
    close_when_done(access, cx, referral).await
}

/// Closes the circuit when nothing of the plan is open.
///
/// # Errors
/// The gate's.
pub async fn close_when_done(access: &Access, cx: &Cx, referral: Referral) -> Result<Referral, CareError> {
    let done = match &referral.state {
        State::Acknowledged { .. } => true,
        State::Plan { tasks, .. } => {
            let keys: Vec<Key> = tasks.iter().map(|id| Key::new("Task", id.as_str())).collect();
            let found = access.read_many(cx, &keys).await?;
            found.len() == tasks.len() && found.iter().all(|one| FollowUp::read(&one.value()).is_final())
        }
        _ => false,
    };
    if !done {
        return Ok(referral);
    }
    Advance::new(&referral, Move::Close).commit(access, cx).await
}
