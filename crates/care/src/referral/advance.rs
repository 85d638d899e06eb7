//! One move of a referral, committed whole: Task, ServiceRequest where its status changes,
//! Provenance, and whatever belongs to the move.

use access::{Access, Act, Actor, Cx};
use fhir::{Value, json};
use jiff::Timestamp;
use store::{Change, PrivateWrite, Stored};

use crate::CareError;
use crate::referral::moves::Move;
use crate::referral::pair::{Named, Referral};
use crate::referral::state::{InvalidTransition, Phase, State, TOO_EARLY};
use crate::referral::task::{object, objections, replace, request_status, write_state};
use crate::resource::{concept, id_of, named, put, reference, text};

/// A move in the making.
#[derive(Debug)]
pub struct Advance<'a> {
    referral: &'a Referral,
    step: Move,
    note: String,
    request: Option<Value>,
    owner: Option<Named>,
    objections: Vec<String>,
    due: Option<String>,
    changes: Vec<Change>,
    private: Vec<PrivateWrite>,
}

impl<'a> Advance<'a> {
    /// A move of this referral.
    pub fn new(referral: &'a Referral, step: Move) -> Self {
        let (changes, private, objections) = (Vec::new(), Vec::new(), Vec::new());
        let (note, request, owner, due) = (String::new(), None, None, None);
        Self { referral, step, note, request, owner, objections, due, changes, private }
    }

    /// Words that go with it.
    pub fn note(mut self, words: &str) -> Self {
        words.trim().clone_into(&mut self.note);
        self
    }

    /// The completed ServiceRequest.
    pub(crate) fn request(mut self, request: Value) -> Self {
        self.request = Some(request);
        self
    }

    /// Another destination.
    pub(crate) fn owner(mut self, owner: Named) -> Self {
        self.owner = Some(owner);
        self
    }

    /// What the post can't do of the plan.
    pub(crate) fn objections(mut self, words: Vec<String>) -> Self {
        self.objections = words;
        self
    }

    /// By when (an instant or a day), where the policy of the next state does not say it.
    pub(crate) fn due(mut self, due: Option<String>) -> Self {
        self.due = due;
        self
    }

    /// What else is written in the same commit.
    pub(crate) fn with(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        self.changes.extend(changes);
        self
    }

    /// A private record in the same commit.
    pub(crate) fn private(mut self, write: PrivateWrite) -> Self {
        self.private.push(write);
        self
    }

    /// Decides and commits.
    ///
    /// # Errors
    /// `Transition` when the state, or the time of the appointment, does not allow it; the gate's.
    pub async fn commit(self, access: &Access, cx: &Cx) -> Result<Referral, CareError> {
        let kind = self.step.kind();
        if self.referral.not_before(kind).is_some_and(|from| from > cx.now) {
            return Err(InvalidTransition { from: self.referral.state.phase(), step: kind, why: TOO_EARLY }.into());
        }
        let next = self.referral.state.apply(&self.step, cx.now)?;
        // The draft may be of this very request, and then younger than the request's time.
        let sent = cx.now.max(access.store().clock().now()).max(self.referral.written());
        let (request, mut task) = self.next_pair(cx, &next, sent);
        let mut told = provenance(access, cx, self.step.kind().code(), &self.note, &task);
        self.tell_change(&mut told);
        remember(&mut task, &told);
        let mut changes = vec![put(&task, Some(self.referral.task_version))];
        let touched = request != self.referral.request;
        if touched {
            changes.push(put(&request, Some(self.referral.request_version)));
        }
        changes.push(put(&told, None));
        changes.extend(self.changes);
        let act = Act { name: self.step.kind().code(), changes, private: self.private, ..Act::default() };
        let stored = access.commit(cx, act).await?.stored;
        let version = |one: Option<&Stored>| one.map_or(1, |one| one.version);
        let request_version = if touched { version(stored.get(1)) } else { self.referral.request_version };
        let task_version = version(stored.first());
        Ok(Referral { request, request_version, task, task_version, state: next })
    }

    /// Where and as what it was going before, when the move changes that (`Provenance.entity`).
    fn tell_change(&self, told: &mut Value) {
        let old = self.referral.destination();
        let moved = self.owner.as_ref().is_some_and(|new| new.id != old.id);
        let code = |request: &Value| request.get("code").cloned();
        let asked = self.request.as_ref().is_some_and(|new| code(new) != code(&self.referral.request));
        if (moved || asked) && !old.id.is_empty() {
            let words = [self.referral.service().name, old.name].join(", ");
            let words = words.trim_matches([',', ' ']);
            told.set("entity", json!([{ "role": "revision", "what": named("Organization", &old.id, words) }]));
        }
    }

    fn next_pair(&self, cx: &Cx, next: &State, sent: Timestamp) -> (Value, Value) {
        let mut task = self.referral.task.clone();
        let mut request = self.request.clone().unwrap_or_else(|| self.referral.request.clone());
        write_state(&mut task, next);
        object(&mut task, &self.objections);
        task.set("lastModified", cx.now.to_string());
        if self.referral.state == State::Draft && next.phase() != Phase::Discarded {
            task.set("authoredOn", sent.to_string());
            request.set("authoredOn", sent.to_string());
        }
        if let Some(owner) = &self.owner {
            task.set("owner", named("Organization", &owner.id, &owner.name));
            request.set("performer", vec![named("Organization", &owner.id, &owner.name)]);
        }
        if !self.note.is_empty() {
            let mut notes = task.items("note").to_vec();
            notes.push(json!({ "authorString": text(&cx.name), "time": cx.now.to_string(), "text": &self.note }));
            task.set("note", notes);
        }
        request.set("status", request_status(next.phase()));
        let objected = objections(&task).next().is_some();
        if let Some((_, role)) = super::policy::waits_on(next.phase(), objected) {
            task.set("performerType", vec![concept(access::system::ROLE, role.code(), "")]);
        } else {
            replace(&mut task, "performerType", None);
        }
        let due = super::policy::due(next, self.referral.priority(), cx.now);
        let due = due.map(|due| due.to_string()).or_else(|| self.due.clone());
        let restriction = due.map(|due| json!({ "period": { "end": due } }));
        replace(&mut task, "restriction", restriction);
        (request, task)
    }
}

/// Names the Provenance in the Task (`Task.relevantHistory`, R4 §12.1): who sees the referral sees
/// who moved it and why.
pub(crate) fn remember(task: &mut Value, told: &Value) {
    let mut history = task.items("relevantHistory").to_vec();
    history.push(reference("Provenance", told.id().unwrap_or_default()));
    task.set("relevantHistory", history);
}

/// Who moved what, when, where and why: part of the person's record, as sensitive as what it is about.
pub(crate) fn provenance(access: &Access, cx: &Cx, act: &str, why: &str, target: &Value) -> Value {
    let who = match &cx.actor {
        Actor::Practitioner(id) => named("Practitioner", id, &cx.name),
        Actor::Token(_) | Actor::System => json!({ "display": text(&cx.name).unwrap_or("sistema") }),
    };
    let place = cx.facility.as_ref().map(|place| named("Organization", &place.id, &place.name));
    let kind = target.resource_type().unwrap_or_default();
    let mut targets = vec![reference(kind, target.id().unwrap_or_default())];
    targets.extend(id_of(target.get("for"), "Patient").map(|id| reference("Patient", &id)));
    let security = target.get("meta").map(|meta| meta.items("security")).unwrap_or_default();
    let keeper = |one: &&Value| one.text_at(&["system"]) == Some(access::system::CUSTODIAN);
    let labels: Vec<Value> = security.iter().filter(|one| !keeper(one)).cloned().collect();
    let meta = (!labels.is_empty()).then(|| json!({ "security": labels }));
    let reason = text(why).map(|why| vec![json!({ "text": why })]);
    json!({ "resourceType": "Provenance", "id": access.store().entropy().id(), "meta": meta,
        "target": targets,
        "occurredDateTime": cx.now.to_string(), "recorded": cx.now.to_string(),
        "activity": concept(access::system::ACT, act, ""), "reason": reason,
        "agent": [{ "role": [concept(access::system::ROLE, cx.role.code(), "")], "who": who, "onBehalfOf": place }] })
}
