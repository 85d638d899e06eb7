//! State ↔ resources: how a state lies in a Task, and what it asks of its ServiceRequest.
//!
//! `businessStatus` says which state; `statusReason`, `executionPeriod.start` (the clock),
//! `input` and `output` carry its data. The rest of the Task is left as it is.

use access::system;
use fhir::outcome::Issue;
use fhir::{Value, json};
use jiff::Timestamp;

use crate::govern::Breach;
use crate::referral::notice::Notice;
use crate::referral::state::{Back, ExitReason, Phase, Priority, State, Wait};
use crate::resource::{code_in, concept, id_of, reference};

/// Kind of a referral's Task.
pub const KIND_REFERRAL: &str = "referencia";
/// Kind of a follow-up Task.
pub const KIND_FOLLOW_UP: &str = "seguimiento";
/// `Task.priority` of the urgent branch.
pub const STAT: &str = "stat";

const MISSED: &str = "inasistencias";
const APPOINTMENT: &str = "cita";
const EVIDENCE: &str = "prueba";
const PROPOSER: &str = "propone";
const PHYSICIAN: &str = "medico-acepta";
const ENCOUNTER: &str = "atencion";
const COMPOSITION: &str = "contrarreferencia";
const FOLLOW_UP: &str = "seguimiento";
const OBJECTION: &str = "objecion";

/// Whether this is a Task of that kind.
pub fn is_kind(task: &Value, kind: &str) -> bool {
    code_in(task.get("code"), system::TASK_KIND) == Some(kind)
}

/// `Task.status` of a state (R4 §12.1.3 state machine, coarser than ours).
pub fn task_status(phase: Phase) -> &'static str {
    match phase {
        Phase::Draft => "draft",
        Phase::Discarded | Phase::Exited => "cancelled",
        Phase::Sent | Phase::Redirected | Phase::TransferRequested => "requested",
        Phase::UnderReview | Phase::BedSought => "received",
        Phase::Returned | Phase::Suspended | Phase::ExitProposed => "on-hold",
        Phase::Accepted | Phase::TransferAccepted => "accepted",
        Phase::Waiting | Phase::Proposed | Phase::Booked | Phase::Missed => "ready",
        Phase::Closed => "completed",
        _ => "in-progress",
    }
}

/// `ServiceRequest.status` that a state asks for.
pub fn request_status(phase: Phase) -> &'static str {
    match phase {
        Phase::Draft => "draft",
        Phase::Discarded | Phase::Exited => "revoked",
        Phase::Suspended | Phase::ExitProposed => "on-hold",
        Phase::Closed => "completed",
        _ => "active",
    }
}

/// Reads the state that a Task shows.
///
/// # Errors
/// An issue with its place for what is missing or contradictory.
pub fn read_state(task: &Value) -> Result<State, Issue> {
    let code = code_in(task.get("businessStatus"), system::REFERRAL_STATE)
        .ok_or_else(|| rule("Task.businessStatus", "the state of the referral is missing"))?;
    let phase = Phase::from_code(code)
        .ok_or_else(|| rule("Task.businessStatus", format!("{code:?} is not a state of a referral")))?;
    if task.text_at(&["status"]) != Some(task_status(phase)) {
        let wanted = task_status(phase);
        return Err(rule("Task.status", format!("state {code} has status {wanted:?}")));
    }
    let reader = Reader(task);
    Ok(match phase {
        Phase::Draft => State::Draft,
        Phase::Discarded => State::Discarded,
        Phase::Sent => State::Sent { clock: reader.clock()? },
        Phase::UnderReview => State::UnderReview { clock: reader.clock()? },
        Phase::Returned => State::Returned { clock: reader.clock()?, reason: reader.reason()? },
        Phase::Redirected => State::Redirected { clock: reader.clock()?, reason: reader.reason()? },
        Phase::Advised => State::Advised { clock: reader.clock()? },
        Phase::Accepted => State::Accepted { clock: reader.clock()? },
        Phase::Waiting => State::Waiting(reader.wait()?),
        Phase::Proposed => State::Proposed { wait: reader.wait()?, appointment: reader.appointment()? },
        Phase::Booked => State::Booked { wait: reader.wait()?, appointment: reader.appointment()? },
        Phase::Missed => State::Missed(reader.wait()?),
        Phase::Suspended => State::Suspended { wait: reader.wait()?, reason: reader.reason()? },
        Phase::Attended => State::Attended { encounter: reader.encounter()? },
        Phase::InControl => State::InControl { encounter: reader.encounter()? },
        Phase::Hospitalised => State::Hospitalised { encounter: reader.encounter()? },
        Phase::Delivered => State::Delivered { composition: reader.composition()? },
        Phase::Acknowledged => State::Acknowledged { composition: reader.composition().ok() },
        Phase::Plan => State::Plan { composition: reader.composition().ok(), tasks: reader.tasks()? },
        Phase::Closed => State::Closed { composition: reader.composition().ok() },
        Phase::ExitProposed => State::ExitProposed {
            reason: reader.exit_reason()?,
            evidence: reader.words(EVIDENCE)?,
            by: reader.words(PROPOSER)?,
            back: reader.back()?,
        },
        Phase::Exited => {
            State::Exited { reason: reader.exit_reason()?, evidence: reader.words(EVIDENCE).ok(), back: reader.back()? }
        }
        Phase::TransferRequested => State::TransferRequested { clock: reader.clock()? },
        Phase::BedSought => State::BedSought { clock: reader.clock()? },
        Phase::TransferAccepted => {
            State::TransferAccepted { clock: reader.clock()?, physician: reader.words(PHYSICIAN)? }
        }
        Phase::InTransit => State::InTransit { clock: reader.clock()?, physician: reader.words(PHYSICIAN)? },
        Phase::Received => State::Received { clock: reader.clock()?, physician: reader.words(PHYSICIAN)? },
    })
}

/// A refusal at this place, by the rule that most there are by.
pub(crate) fn rule(place: &str, problem: impl Into<String>) -> Issue {
    Breach::at(place).told(place, problem)
}

struct Reader<'a>(&'a Value);

impl Reader<'_> {
    fn clock(&self) -> Result<Timestamp, Issue> {
        let place = "Task.executionPeriod.start";
        let text = self.0.text_at(&["executionPeriod", "start"]);
        text.and_then(|text| text.parse().ok()).ok_or_else(|| rule(place, "the start of the wait is missing"))
    }

    fn reason(&self) -> Result<String, Issue> {
        let code = code_in(self.0.get("statusReason"), system::REFERRAL_REASON);
        code.map(str::to_owned).ok_or_else(|| rule("Task.statusReason", "the reason is missing"))
    }

    fn exit_reason(&self) -> Result<ExitReason, Issue> {
        let code = self.reason()?;
        ExitReason::from_code(&code)
            .ok_or_else(|| rule("Task.statusReason", format!("{code:?} is not a reason to leave the list")))
    }

    fn item(&self, member: &'static str, code: &'static str) -> Option<&Value> {
        items(self.0, member, code).next()
    }

    fn words(&self, code: &'static str) -> Result<String, Issue> {
        let found = self.item("input", code).and_then(|item| item.text_at(&["valueString"]));
        found.map(str::to_owned).ok_or_else(|| rule("Task.input", format!("input {code:?} is missing")))
    }

    fn wait(&self) -> Result<Wait, Issue> {
        let priority = self.0.text_at(&["priority"]).and_then(Priority::from_code);
        let priority = priority.ok_or_else(|| rule("Task.priority", "the list has asap, urgent or routine"))?;
        let missed = self.item("input", MISSED).and_then(|item| item.get("valueInteger")?.as_number()?.as_i64());
        let missed = missed.map_or(Ok(0), u32::try_from).map_err(|_| rule("Task.input", "a count is not negative"))?;
        Ok(Wait { priority, clock: self.clock()?, missed })
    }

    fn target(&self, member: &'static str, code: &'static str, resource_type: &str) -> Result<String, Issue> {
        let found = self.item(member, code).and_then(|item| id_of(item.get("valueReference"), resource_type));
        found.ok_or_else(|| rule(&format!("Task.{member}"), format!("{code:?} ({resource_type}) is missing")))
    }

    fn appointment(&self) -> Result<String, Issue> {
        self.target("input", APPOINTMENT, "Appointment")
    }

    fn encounter(&self) -> Result<String, Issue> {
        self.target("output", ENCOUNTER, "Encounter")
    }

    fn composition(&self) -> Result<String, Issue> {
        self.target("output", COMPOSITION, "Composition")
    }

    fn tasks(&self) -> Result<Vec<String>, Issue> {
        let found: Vec<_> =
            items(self.0, "output", FOLLOW_UP).filter_map(|item| id_of(item.get("valueReference"), "Task")).collect();
        if found.is_empty() { Err(rule("Task.output", "a plan has follow-up tasks")) } else { Ok(found) }
    }

    fn back(&self) -> Result<Back, Issue> {
        if let Ok(composition) = self.composition() {
            return Ok(Back::Answer { composition });
        }
        if let Ok(encounter) = self.encounter() {
            return Ok(Back::Attended { encounter });
        }
        if self.0.text_at(&["priority"]) == Some(STAT) {
            return Ok(Back::Transfer { clock: self.clock()? });
        }
        match self.item("input", MISSED) {
            Some(_) => Ok(Back::Waiting(self.wait()?)),
            None => Ok(Back::Review { clock: self.clock()? }),
        }
    }
}

fn items<'a>(task: &'a Value, member: &'static str, code: &'static str) -> impl Iterator<Item = &'a Value> {
    task.items(member).iter().filter(move |item| code_in(item.get("type"), system::REFERRAL_ITEM) == Some(code))
}

/// Sets a note that no move made, or takes it away.
pub(crate) fn notice(task: &mut Value, code: &str, value: Option<Value>) {
    set_items(task, "output", code, value.into_iter().collect());
}

/// When that note was made.
pub(crate) fn noticed<'a>(task: &'a Value, code: &'static str) -> Option<&'a str> {
    items(task, "output", code).find_map(|item| item.text_at(&["valueDateTime"]))
}

/// What the post could not do of the plan, in its words, until the destination answers.
pub(crate) fn objections(task: &Value) -> impl Iterator<Item = &str> {
    items(task, "output", OBJECTION).filter_map(|item| item.text_at(&["valueString"]))
}

/// Whether an item of `Task.output` is a note that no move made: a [`super::notice::Notice`] or an objection.
pub(crate) fn is_noted(item: &Value) -> bool {
    let code = code_in(item.get("type"), system::REFERRAL_ITEM);
    code.is_some_and(|code| code == OBJECTION || super::notice::Notice::from_code(code).is_some())
}

/// Adds objections to those that are there.
pub(crate) fn object(task: &mut Value, words: &[String]) {
    let all: Vec<Value> =
        objections(task).chain(words.iter().map(String::as_str)).map(|words| json!({ "valueString": words })).collect();
    set_items(task, "output", OBJECTION, all);
}

/// Writes a state into a Task: status, reason, clock, data, who it waits for. What is no longer
/// true goes; what later states still need (encounter, answer) stays.
pub fn write_state(task: &mut Value, state: &State) {
    let phase = state.phase();
    task.set("status", task_status(phase));
    task.set("businessStatus", concept(system::REFERRAL_STATE, phase.code(), phase.label()));
    if let Some(clock) = state.clock() {
        task.set("executionPeriod", json!({ "start": clock.to_string() }));
    }
    let priority = match state {
        State::Waiting(wait) | State::Exited { back: Back::Waiting(wait), .. } => Some(wait.priority.code()),
        State::TransferRequested { .. } => Some(STAT),
        _ => None,
    };
    if let Some(priority) = priority {
        task.set("priority", priority);
    }
    let reason = match state {
        State::Returned { reason, .. } | State::Redirected { reason, .. } | State::Suspended { reason, .. } => {
            Some(concept(system::REFERRAL_REASON, reason, ""))
        }
        State::ExitProposed { reason, .. } | State::Exited { reason, .. } => {
            Some(concept(system::REFERRAL_REASON, reason.code(), reason.label()))
        }
        _ => None,
    };
    replace(task, "statusReason", reason);
    write_items(task, state);
}

fn write_items(task: &mut Value, state: &State) {
    let wait = match state {
        State::Waiting(wait)
        | State::Proposed { wait, .. }
        | State::Booked { wait, .. }
        | State::Missed(wait)
        | State::Suspended { wait, .. } => Some(wait),
        _ => None,
    };
    if let Some(wait) = wait {
        set_items(task, "input", MISSED, vec![json!({ "valueInteger": wait.missed })]);
    }
    let appointment = state.appointment().map(|id| pointer("Appointment", id));
    set_items(task, "input", APPOINTMENT, appointment.into_iter().collect());
    for made in Notice::ALL {
        notice(task, made.code(), None);
    }
    let words = |words: &str| vec![json!({ "valueString": words })];
    let (evidence, proposer) = match state {
        State::ExitProposed { evidence, by, .. } => (words(evidence), words(by)),
        State::Exited { evidence: Some(evidence), .. } => (words(evidence), vec![]),
        _ => (vec![], vec![]),
    };
    set_items(task, "input", EVIDENCE, evidence);
    set_items(task, "input", PROPOSER, proposer);
    match state {
        State::TransferAccepted { physician, .. } => set_items(task, "input", PHYSICIAN, words(physician)),
        State::TransferRequested { .. } => set_items(task, "input", PHYSICIAN, vec![]),
        State::Attended { encounter } => {
            set_items(task, "output", ENCOUNTER, vec![pointer("Encounter", encounter)]);
        }
        State::Delivered { composition } => {
            set_items(task, "output", COMPOSITION, vec![pointer("Composition", composition)]);
            set_items(task, "output", FOLLOW_UP, vec![]);
            set_items(task, "output", OBJECTION, vec![]);
        }
        State::Plan { tasks, .. } => {
            let pointers = tasks.iter().map(|id| pointer("Task", id)).collect();
            set_items(task, "output", FOLLOW_UP, pointers);
        }
        _ => {}
    }
}

fn pointer(resource_type: &str, id: &str) -> Value {
    json!({ "valueReference": reference(resource_type, id) })
}

/// Replaces the items of that code; an empty member is left out.
fn set_items(task: &mut Value, member: &str, code: &str, values: Vec<Value>) {
    let mut kept: Vec<Value> = task
        .items(member)
        .iter()
        .filter(|item| code_in(item.get("type"), system::REFERRAL_ITEM) != Some(code))
        .cloned()
        .collect();
    for mut value in values {
        value.set("type", concept(system::REFERRAL_ITEM, code, ""));
        kept.push(value);
    }
    replace(task, member, (!kept.is_empty()).then_some(Value::Array(kept)));
}

/// Sets a member, or takes it away.
pub(crate) fn replace(resource: &mut Value, member: &str, value: Option<Value>) {
    match (value, resource.as_object_mut()) {
        (Some(value), Some(object)) => object.set(member, value),
        (None, Some(object)) => {
            object.remove(member);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::referral::state::tests::state;

    #[test]
    fn every_state_comes_back_from_its_task() {
        for &phase in Phase::ALL {
            let mut task = json!({ "resourceType": "Task", "intent": "order", "priority": "urgent" });
            let wanted = state(phase);
            let clockless = State::Waiting(Wait {
                priority: Priority::P2,
                clock: "2026-11-20T14:00:00Z".parse().unwrap(),
                missed: 0,
            });
            write_state(&mut task, &clockless);
            for through in through(phase) {
                write_state(&mut task, &state(through));
            }
            write_state(&mut task, &wanted);
            assert_eq!(read_state(&task), Ok(wanted), "{phase:?} {task}");
            assert_eq!(fhir::validate(&task), [], "{phase:?} {task}");
        }
    }

    /// States whose data later ones lean on.
    fn through(phase: Phase) -> Vec<Phase> {
        match phase {
            Phase::InControl | Phase::Hospitalised => vec![Phase::Attended],
            Phase::Acknowledged | Phase::Plan | Phase::Closed => vec![Phase::Attended, Phase::Delivered],
            Phase::InTransit | Phase::Received => vec![Phase::TransferRequested, Phase::TransferAccepted],
            _ => vec![],
        }
    }

    #[test]
    fn a_contradiction_is_named_with_its_place() {
        let mut task = json!({ "resourceType": "Task" });
        write_state(&mut task, &state(Phase::Booked));
        task.set("status", "completed");
        assert_eq!(read_state(&task).unwrap_err().expression.as_deref(), Some("Task.status"));
    }
}
