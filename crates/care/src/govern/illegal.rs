//! The table of illegal moves, as resources: from each state, what must be refused by whatever
//! road it comes. Tests of this crate run it through the judge, those of `api` over HTTP.

use std::collections::BTreeSet;

use access::system;
use fhir::{Value, json};
use jiff::{SignedDuration, Timestamp};
use store::Key;

use super::belongs;
use crate::danger;
use crate::referral::moves::Move;
use crate::referral::state::{ExitReason, Phase, Priority, State, Wait};
use crate::referral::task::{KIND_FOLLOW_UP, KIND_REFERRAL, STAT, read_state, replace, request_status, write_state};
use crate::resource::{concept, reference};

/// From one state: how to get there, and what is refused there.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct IllegalMove {
    /// The state it starts from.
    pub from: Phase,
    /// Commits that lead there; the resources of one are written together (PUT, by their ids).
    pub setup: Vec<Vec<Value>>,
    /// Each of these is refused and changes nothing.
    pub attempts: Vec<Attempt>,
}

/// What is refused: resources written together, or a deletion.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What it tries.
    pub name: String,
    /// The resources, by their ids.
    pub writes: Vec<Value>,
    /// What is deleted.
    pub delete: Option<Key>,
}

impl IllegalMove {
    /// Every resource of the attempts that would change what stands, by itself: for whoever sends one at
    /// a time. Each is refused too.
    pub fn alone(&self) -> Vec<(String, &Value)> {
        self.each(|one| self.standing(one) != Some(one))
    }

    /// Every resource of the attempts as a new one, under an id of its own, that is refused: all but
    /// what may begin a referral or a schedule, and plain records.
    pub fn anew(&self) -> Vec<(String, &Value)> {
        self.each(|one| {
            let begins =
                !belongs(one) || one.text_at(&["status"]).is_some_and(|status| ["draft", "free"].contains(&status));
            !begins || !matches!(one.resource_type(), Some("ServiceRequest" | "Slot"))
        })
    }

    /// The resource as the setup left it.
    pub fn standing(&self, like: &Value) -> Option<&Value> {
        let same = |one: &&Value| (one.resource_type(), one.id()) == (like.resource_type(), like.id());
        self.setup.iter().flatten().rfind(same)
    }

    fn each(&self, wanted: impl Fn(&Value) -> bool) -> Vec<(String, &Value)> {
        let mut seen = BTreeSet::new();
        let all = self.attempts.iter().flat_map(|one| one.writes.iter().map(move |write| (&one.name, write)));
        all.filter(|(_, write)| wanted(write) && seen.insert(write.to_string()))
            .map(|(name, write)| (format!("{name} ({})", write.resource_type().unwrap_or_default()), write))
            .collect()
    }
}

impl Attempt {
    fn write(name: impl Into<String>, writes: Vec<Value>) -> Self {
        Self { name: name.into(), writes, delete: None }
    }

    fn delete(key: Key) -> Self {
        Self { name: format!("delete {key}"), writes: Vec::new(), delete: Some(key) }
    }
}

/// What has to be there before the table is tried: a person, two facilities of one institution, one
/// of another that has no agreement with it.
#[doc(hidden)]
pub fn illegal_stage() -> Vec<Value> {
    let facility = |(id, institution): (&str, &str)| {
        json!({ "resourceType": "Organization", "id": id, "name": format!("Centro {id}"),
            "extension": [{ "url": system::EXT_INSTITUTION, "valueCode": institution }] })
    };
    let person = json!({ "resourceType": "Patient", "id": "patient" });
    let facilities = [("origin", "MSPAS"), ("destination", "MSPAS"), ("foreign", "IGSS")];
    std::iter::once(person).chain(facilities.map(facility)).collect()
}

/// The table. `prefix` keeps the ids of several runs apart; `author` is the label of who writes;
/// [`illegal_stage`] must be there.
#[doc(hidden)]
pub fn illegal_moves(prefix: &str, author: &str, now: Timestamp) -> Vec<IllegalMove> {
    let mut table = Vec::new();
    for (number, path) in paths(author).into_iter().enumerate() {
        let mut scene = Scene::new(format!("{prefix}{number}"), now);
        for step in &path {
            scene.step(step);
        }
        let from = scene.state().phase();
        let attempts = scene.attempts(author);
        table.push(IllegalMove { from, setup: scene.setup, attempts });
    }
    table
}

/// One way to each state, besides the draft that every way begins with.
fn paths(author: &str) -> Vec<Vec<Move>> {
    let text = |words: &str| words.to_owned();
    let review = [Move::Send, Move::Receive];
    let waiting = || [&review[..], &[Move::Accept { priority: Some(Priority::P3) }]].concat();
    let booked = || [&waiting()[..], &[Move::Book { appointment: text("cita") }]].concat();
    let attended = || [&booked()[..], &[Move::Attend { encounter: text("atencion") }]].concat();
    let delivered = || [&attended()[..], &[Move::CounterRefer { composition: text("respuesta") }]].concat();
    let plan = || [&delivered()[..], &[Move::Acknowledge { tasks: vec![text("seguimiento")] }]].concat();
    let urgent = [Move::RequestTransfer, Move::SeekBed];
    let accepted = || [&urgent[..], &[Move::AcceptTransfer { physician: text("Dra. Rojas") }, Move::Depart]].concat();
    let after = |path: Vec<Move>, step: Move| [&path[..], &[step]].concat();
    let reason = || text("falta-prueba");
    vec![
        vec![],
        vec![Move::Discard],
        vec![Move::Send],
        review.to_vec(),
        after(review.to_vec(), Move::Return { reason: reason() }),
        after(review.to_vec(), Move::Redirect { reason: reason() }),
        after(review.to_vec(), Move::Advise),
        after(review.to_vec(), Move::Accept { priority: None }),
        after(review.to_vec(), Move::Reject),
        waiting(),
        after(waiting(), Move::Suspend { reason: reason() }),
        after(waiting(), Move::ProposeExit { reason: ExitReason::Death, evidence: text("acta"), by: text(author) }),
        booked(),
        after(booked(), Move::NoShow),
        attended(),
        after(attended(), Move::KeepInControl),
        after(attended(), Move::Admit),
        delivered(),
        after(delivered(), Move::Acknowledge { tasks: vec![] }),
        plan(),
        after(after(delivered(), Move::Acknowledge { tasks: vec![] }), Move::Close),
        urgent[..1].to_vec(),
        urgent.to_vec(),
        accepted()[..3].to_vec(),
        accepted(),
        after(accepted(), Move::Arrive),
    ]
}

/// So many minutes before, as resources write it.
fn before(now: Timestamp, minutes: i64) -> String {
    (now - SignedDuration::from_mins(minutes)).to_string()
}

/// A referral on its way through the states, with what belongs to it.
struct Scene {
    prefix: String,
    now: Timestamp,
    request: Value,
    task: Value,
    slot: Value,
    appointment: Option<Value>,
    setup: Vec<Vec<Value>>,
}

impl Scene {
    fn new(prefix: String, now: Timestamp) -> Self {
        let id = |name: &str| format!("{prefix}-{name}");
        let request = json!({ "resourceType": "ServiceRequest", "id": id("solicitud"),
            "meta": { "profile": [system::PROFILE_REFERRAL] }, "status": "draft", "intent": "order",
            "code": concept(system::SPECIALTY, "oftalmologia", "Oftalmología"),
            "subject": reference("Patient", "patient"), "performer": [reference("Organization", "destination")],
            "orderDetail": [concept(system::DANGER_SIGN, danger::NONE, "Ninguna")],
            "reasonCode": [{ "text": "Ve menos del ojo derecho" }] });
        let mut task = json!({ "resourceType": "Task", "id": id("tarea"),
            "meta": { "profile": [system::PROFILE_REFERRAL_TASK] }, "intent": "order", "priority": "routine",
            "code": concept(system::TASK_KIND, KIND_REFERRAL, "Referencia"),
            "focus": reference("ServiceRequest", &id("solicitud")), "for": reference("Patient", "patient"),
            "requester": reference("Organization", "origin"), "owner": reference("Organization", "destination") });
        write_state(&mut task, &State::Draft);
        let slot = json!({ "resourceType": "Slot", "id": id("lugar"), "meta": { "profile": [system::PROFILE_SLOT] },
            "schedule": reference("Schedule", "agenda"), "status": "free",
            "start": before(now, 40), "end": before(now, 20) });
        let setup = vec![vec![request.clone(), task.clone(), slot.clone()]];
        Self { prefix, now, request, task, slot, appointment: None, setup }
    }

    fn id(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    fn state(&self) -> State {
        read_state(&self.task).expect("a legal path gives readable states")
    }

    /// The Task and its ServiceRequest as they would be in that state.
    fn pair(&self, state: &State) -> Vec<Value> {
        let (mut task, mut request) = (self.task.clone(), self.request.clone());
        write_state(&mut task, state);
        task.set("lastModified", self.now.to_string());
        if self.state() == State::Draft {
            task.set("authoredOn", self.now.to_string());
        }
        request.set("status", request_status(state.phase()));
        vec![request, task]
    }

    fn step(&mut self, step: &Move) {
        let step = self.scoped(step);
        let next = self.state().apply(&step, self.now).expect("the path is legal");
        let mut commit = self.pair(&next);
        (self.request, self.task) = (commit[0].clone(), commit[1].clone());
        match &step {
            Move::Book { appointment } => {
                let appointment = self.appointment(appointment, "booked");
                self.slot = held(&self.slot, &self.id("cita"));
                commit.extend([appointment.clone(), self.slot.clone()]);
                self.appointment = Some(appointment);
            }
            Move::NoShow => commit.extend(self.ended("noshow")),
            Move::Attend { encounter } => {
                commit.extend(self.ended("fulfilled"));
                commit.push(json!({ "resourceType": "Encounter", "id": encounter, "status": "in-progress",
                    "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB" },
                    "subject": reference("Patient", "patient") }));
            }
            Move::CounterRefer { composition } => {
                commit.push(json!({ "resourceType": "Composition", "id": composition, "status": "final",
                    "type": { "text": "Contrarreferencia" }, "subject": reference("Patient", "patient"),
                    "date": self.now.to_string(), "author": [reference("Organization", "destination")],
                    "title": "Contrarreferencia" }));
            }
            Move::Acknowledge { tasks } => commit.extend(tasks.iter().map(|id| self.follow_up(id, "requested"))),
            _ => {}
        }
        self.setup.push(commit);
    }

    /// The move with ids of this scene.
    fn scoped(&self, step: &Move) -> Move {
        let own = |id: &String| self.id(id);
        match step {
            Move::Book { appointment } => Move::Book { appointment: own(appointment) },
            Move::Attend { encounter } => Move::Attend { encounter: own(encounter) },
            Move::CounterRefer { composition } => Move::CounterRefer { composition: own(composition) },
            Move::Acknowledge { tasks } => Move::Acknowledge { tasks: tasks.iter().map(own).collect() },
            other => other.clone(),
        }
    }

    fn appointment(&self, id: &str, status: &str) -> Value {
        json!({ "resourceType": "Appointment", "id": id, "meta": { "profile": [system::PROFILE_APPOINTMENT] },
            "status": status, "start": before(self.now, 40), "end": before(self.now, 20),
            "slot": [reference("Slot", &self.id("lugar"))],
            "basedOn": [reference("ServiceRequest", &self.id("solicitud"))],
            "supportingInformation": [reference("Task", &self.id("tarea"))],
            "participant": [{ "actor": reference("Patient", "patient"), "status": "accepted" }] })
    }

    fn ended(&mut self, status: &str) -> Option<Value> {
        self.appointment.as_mut()?.set("status", status);
        self.appointment.clone()
    }

    fn follow_up(&self, id: &str, status: &str) -> Value {
        json!({ "resourceType": "Task", "id": id, "meta": { "profile": [system::PROFILE_REFERRAL_TASK] },
            "status": status, "intent": "plan", "code": concept(system::TASK_KIND, KIND_FOLLOW_UP, "Seguimiento"),
            "basedOn": [reference("ServiceRequest", &self.id("solicitud"))],
            "partOf": [reference("Task", &self.id("tarea"))], "for": reference("Patient", "patient"),
            "owner": reference("Organization", "origin"), "description": "Control de hemoglobina" })
    }

    fn attempts(&self, author: &str) -> Vec<Attempt> {
        let from = self.state();
        let mut attempts = Vec::new();
        for target in self.targets(author) {
            let writes = self.pair(&target);
            let reached = read_state(&writes[1]);
            let legal = reached.is_ok_and(|next| Move::between(&from, &next, author, self.now).is_ok());
            if target.phase() != from.phase() && !legal {
                attempts.push(Attempt::write(format!("jump to {}", target.phase().code()), writes));
            }
        }
        let bare = |resource: &Value| {
            let mut bare = resource.clone();
            replace(&mut bare, "meta", None);
            vec![bare]
        };
        for resource in [&self.request, &self.task, &self.slot] {
            let kind = resource.resource_type().unwrap_or_default();
            let key = Key::new(kind, resource.id().unwrap_or_default());
            attempts.push(Attempt::write(format!("drop the profile of {key}"), bare(resource)));
            attempts.push(Attempt::delete(key));
        }
        let mut other = self.request.clone();
        other.set("subject", reference("Patient", "somebody-else"));
        attempts.push(Attempt::write("pass to another person", vec![other]));
        let mut alone = self.request.clone();
        let away = if self.request.text_at(&["status"]) == Some("completed") { "active" } else { "completed" };
        alone.set("status", away);
        attempts.push(Attempt::write("change the request alone", vec![alone]));
        attempts.push(Attempt::write("make a follow-up alone", vec![self.follow_up(&self.id("suelto"), "requested")]));
        if let State::Plan { tasks, .. } = &from {
            attempts.extend(tasks.iter().flat_map(|id| self.ending_attempts(id)));
        }
        match from {
            State::Draft => attempts.extend(self.unready_attempts()),
            _ => attempts.extend(self.elsewhere_attempts(&from).into_iter().chain(self.unmoved_attempts())),
        }
        attempts.extend(self.foreign_attempts(&from));
        attempts.extend(self.place_attempts(&from));
        attempts
    }

    /// Nothing goes to another institution that could not see it.
    fn foreign_attempts(&self, from: &State) -> Vec<Attempt> {
        let (clock, reason) = (self.now, "otro-servicio".to_owned());
        let steps = match from {
            State::Draft => vec![State::Sent { clock }, State::TransferRequested { clock }],
            State::UnderReview { clock: sent } => {
                vec![State::Redirected { clock: *sent, reason }, State::TransferRequested { clock }]
            }
            State::BedSought { .. } => vec![from.clone()],
            _ => vec![],
        };
        let foreign = |state: &State| {
            let mut writes = self.pair(state);
            writes[0].set("performer", vec![reference("Organization", "foreign")]);
            writes[1].set("owner", reference("Organization", "foreign"));
            Attempt::write(format!("no agreement: {}", state.phase().code()), writes)
        };
        steps.iter().map(foreign).collect()
    }

    /// A line of a plan ends together with its referral, which closes or says why not.
    fn ending_attempts(&self, id: &str) -> Vec<Attempt> {
        let mut failed = self.follow_up(id, "failed");
        failed.set("statusReason", json!({ "text": "No contesta" }));
        let done = self.follow_up(id, "completed");
        vec![
            Attempt::write("fail a follow-up alone", vec![failed.clone()]),
            Attempt::write("fail a follow-up without an objection", vec![failed, self.task.clone()]),
            Attempt::write("finish the last follow-up alone", vec![done.clone()]),
            Attempt::write("finish the last follow-up and leave the plan open", vec![done, self.task.clone()]),
        ]
    }

    /// Without a move, what sharing and urgency are counted from stays.
    fn unmoved_attempts(&self) -> Vec<Attempt> {
        let with = |name: &str, change: &dyn Fn(&mut Value)| {
            let mut task = self.task.clone();
            change(&mut task);
            Attempt::write(name.to_owned(), vec![task])
        };
        let later = (self.now + SignedDuration::from_hours(24 * 365)).to_string();
        let stat = self.task.text_at(&["priority"]) == Some(STAT);
        let start = self.task.get("executionPeriod").and_then(|period| period.get("start")).cloned();
        vec![
            with("share for longer", &|task| task.set("lastModified", later.as_str())),
            with("end later", &|task| {
                task.set("executionPeriod", json!({ "start": start.clone(), "end": later.as_str() }));
            }),
            with("change the urgency", &|task| task.set("priority", if stat { "routine" } else { STAT })),
            with("change whom it waits for", &|task| task.set("description", "otra cosa")),
        ]
    }

    /// A referral that is not complete, or that hides a danger sign, is not sent.
    fn unready_attempts(&self) -> Vec<Attempt> {
        let sent = |change: &dyn Fn(&mut Value)| {
            let mut writes = self.pair(&State::Sent { clock: self.now });
            change(&mut writes[0]);
            writes
        };
        let sign = concept(system::DANGER_SIGN, "sangrado", "Sangrado abundante");
        let authored = |when: Option<String>| {
            sent(&|_| ()).into_iter().map(move |mut one| {
                if one.resource_type() == Some("Task") {
                    replace(&mut one, "authoredOn", when.clone().map(Value::from));
                }
                one
            })
        };
        vec![
            Attempt::write("send at no time", authored(None).collect()),
            Attempt::write("send before it was written", authored(Some(before(self.now, 6))).collect()),
            Attempt::write("send with a danger sign", sent(&|request| request.set("orderDetail", vec![sign.clone()]))),
            Attempt::write("send without asking for signs", sent(&|request| replace(request, "orderDetail", None))),
            Attempt::write("send without a service", sent(&|request| replace(request, "code", None))),
            Attempt::write("send without a reason", sent(&|request| replace(request, "reasonCode", None))),
        ]
    }

    /// Who attends, and as what, changes only by redirecting or by an urgent transfer.
    fn elsewhere_attempts(&self, from: &State) -> Vec<Attempt> {
        let elsewhere = reference("Organization", "elsewhere");
        let mut attempts = Vec::new();
        if from.phase() != Phase::BedSought {
            let mut writes = self.pair(from);
            writes[0].set("performer", vec![elsewhere.clone()]);
            writes[1].set("owner", elsewhere);
            attempts.push(Attempt::write("send elsewhere without a move", writes));
        }
        if from.phase() != Phase::Returned {
            let mut writes = self.pair(from);
            writes[0].set("code", concept(system::SPECIALTY, "emergencia", "Emergencia"));
            attempts.push(Attempt::write("ask for another service without a move", writes));
        }
        attempts
    }

    /// What can't be done with places and appointments.
    fn place_attempts(&self, from: &State) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        let second = self.id("segunda");
        let rival = self.appointment(&second, "booked");
        attempts.push(Attempt::write("book without the referral", vec![rival.clone(), held(&self.slot, &second)]));
        let Some(appointment) = &self.appointment else { return attempts };
        if let State::Booked { wait, .. } = from {
            let next = State::Booked { wait: wait.clone(), appointment: second };
            let mut cancelled = appointment.clone();
            cancelled.set("status", "cancelled");
            let both = [self.pair(&next), vec![cancelled.clone(), rival]].concat();
            attempts.push(Attempt::write("move without taking the place", both));
            attempts.push(Attempt::write("cancel the appointment alone", vec![cancelled]));
            attempts.push(Attempt::write("leave the appointment standing", self.pair(&State::Waiting(wait.clone()))));
        }
        let mut free = self.slot.clone();
        free.set("status", "free");
        replace(&mut free, "extension", None);
        attempts.push(Attempt::write("free a held place", vec![free]));
        attempts.push(Attempt::write("take a held place", vec![held(&self.slot, &self.id("otra"))]));
        let mut moved = self.slot.clone();
        moved.set("start", "2026-12-01T15:20:00Z");
        attempts.push(Attempt::write("move a held place", vec![moved]));
        let mut bare = appointment.clone();
        bare.set("meta", json!({ "tag": [{ "code": "x" }] }));
        attempts.push(Attempt::write("drop the appointment's profile", vec![bare]));
        attempts
    }

    /// A state of each phase that could be claimed.
    fn targets(&self, author: &str) -> Vec<State> {
        let clock = self.now;
        let wait = Wait { priority: Priority::P3, clock, missed: 0 };
        let text = |words: &str| words.to_owned();
        let physician = text("Dra. Rojas");
        let (encounter, composition) = (self.id("atencion"), self.id("respuesta"));
        let (reason, none) = (ExitReason::Death, text("acta"));
        let back = crate::referral::state::Back::Review { clock };
        vec![
            State::Draft,
            State::Discarded,
            State::Sent { clock },
            State::UnderReview { clock },
            State::Returned { clock, reason: text("falta-prueba") },
            State::Redirected { clock, reason: text("otro-servicio") },
            State::Advised { clock },
            State::Accepted { clock },
            State::Waiting(wait.clone()),
            State::Waiting(Wait { clock: clock - SignedDuration::from_hours(900), ..wait.clone() }),
            State::Proposed { wait: wait.clone(), appointment: self.id("cita") },
            State::Booked { wait: wait.clone(), appointment: self.id("cita") },
            State::Missed(Wait { missed: 2, ..wait.clone() }),
            State::Suspended { wait, reason: text("viaje") },
            State::Attended { encounter },
            State::Delivered { composition: composition.clone() },
            State::Acknowledged { composition: Some(composition.clone()) },
            State::Plan { composition: Some(composition.clone()), tasks: vec![self.id("seguimiento")] },
            State::Closed { composition: Some(composition) },
            State::Exited { reason, evidence: None, back: back.clone() },
            State::Exited { reason: ExitReason::Unreachable, evidence: Some(none), back: back.clone() },
            State::ExitProposed { reason, evidence: text("acta"), by: format!("{author}-otra"), back },
            State::TransferAccepted { clock, physician: physician.clone() },
            State::InTransit { clock, physician: physician.clone() },
            State::Received { clock, physician },
        ]
    }
}

fn held(slot: &Value, appointment: &str) -> Value {
    let mut slot = slot.clone();
    slot.set("status", "busy");
    let holder = json!({ "url": system::EXT_HOLDER, "valueReference": reference("Appointment", appointment) });
    slot.set("extension", vec![holder]);
    slot
}
