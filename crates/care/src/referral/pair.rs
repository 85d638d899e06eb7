//! The loaded pair and what pages ask of it.

use access::{Access, AccessError, Cx, Role, system};
use fhir::Value;
use jiff::Timestamp;
use jiff::civil::Date;
use store::{Key, Stored};

use crate::CareError;
use crate::referral::follow_up::Left;
use crate::referral::moves::{Move, MoveKind, Side};
use crate::referral::notice::Notice;
use crate::referral::policy;
use crate::referral::state::{Priority, State};
use crate::referral::task::{KIND_REFERRAL, is_kind, read_state};
use crate::resource::{id_of, key_of};

/// A reference with its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The logical id.
    pub id: String,
    /// The name; empty when not known.
    pub name: String,
}

impl Named {
    /// Whether both are known.
    pub(crate) fn is_told(&self) -> bool {
        !self.id.is_empty() && !self.name.is_empty()
    }
}

/// A referral: its ServiceRequest and its Task at the versions that were read.
#[derive(Clone, Debug)]
pub struct Referral {
    /// What is asked.
    pub request: Value,
    /// Its version.
    pub request_version: u64,
    /// Who handles it.
    pub task: Value,
    /// Its version.
    pub task_version: u64,
    /// The state, read from the Task.
    pub state: State,
}

/// Where a referral waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The facility; none where the territory's coordinator acts.
    pub place: Option<Named>,
    /// On which side that is.
    pub side: Side,
    /// Who has to act.
    pub who: Role,
    /// Since when.
    pub since: Timestamp,
    /// By when (proposed periods).
    pub due: Option<Timestamp>,
}

impl Referral {
    /// Reads a referral by the id of its Task.
    ///
    /// # Errors
    /// `NotFound` when there is none that the caller may see; `Unreadable` for a broken one.
    pub async fn load(access: &Access, cx: &Cx, id: &str) -> Result<Self, CareError> {
        let task = access.read(cx, &Key::new("Task", id)).await?;
        let value = task.value();
        let missing = || AccessError::NotFound { what: format!("Task/{id}") };
        let focus = key_of(value.get("focus")).filter(|_| is_kind(&value, KIND_REFERRAL)).ok_or_else(missing)?;
        let request = access.read(cx, &focus).await?;
        Self::from_stored(&request, &task)
    }

    /// The pair of two stored versions.
    ///
    /// # Errors
    /// `Unreadable`.
    pub fn from_stored(request: &Stored, task: &Stored) -> Result<Self, CareError> {
        let (request_version, task_version) = (request.version, task.version);
        let (request, task) = (request.value(), task.value());
        let state = read_state(&task)?;
        Ok(Self { request, request_version, task, task_version, state })
    }

    /// Id of the Task, which names the referral.
    pub fn id(&self) -> &str {
        self.task.id().unwrap_or_default()
    }

    /// The person.
    pub fn patient(&self) -> Named {
        named(self.task.get("for"), "Patient")
    }

    /// The facility that refers and follows up.
    pub fn origin(&self) -> Named {
        named(self.task.get("requester"), "Organization")
    }

    /// The facility that attends.
    pub fn destination(&self) -> Named {
        named(self.task.get("owner"), "Organization")
    }

    /// Who wrote the referral.
    pub fn requester(&self) -> Named {
        named(self.request.get("requester"), "Practitioner")
    }

    /// Code and name of the service.
    pub fn service(&self) -> Named {
        let codings = self.request.get("code").map(|code| code.items("coding")).unwrap_or_default();
        let coding = codings.iter().find(|one| one.text_at(&["system"]) == Some(system::SPECIALTY));
        let text = |name| coding.and_then(|one| one.text_at(&[name])).unwrap_or_default().to_owned();
        Named { id: text("code"), name: text("display") }
    }

    /// The unique number (`REF-2026-…`), printed.
    pub fn number(&self) -> &str {
        self.identifier(system::REFERRAL_NUMBER)
    }

    /// The random code of the printed form.
    pub fn public_code(&self) -> &str {
        self.identifier(system::PUBLIC_CODE)
    }

    fn identifier(&self, system: &str) -> &str {
        let all = self.request.items("identifier");
        let found = all.iter().find(|one| one.text_at(&["system"]) == Some(system));
        found.and_then(|one| one.text_at(&["value"])).unwrap_or_default()
    }

    /// Priority on the list, or as asked; an urgent transfer counts as the first.
    pub fn priority(&self) -> Priority {
        match self.task.text_at(&["priority"]) {
            Some(crate::referral::task::STAT) => Priority::P1,
            code => code.and_then(Priority::from_code).unwrap_or(Priority::P3),
        }
    }

    /// Why the person is referred.
    pub fn reason(&self) -> &str {
        self.request.text_at(&["reasonCode", "text"]).unwrap_or_default()
    }

    /// What was done so far.
    pub fn done(&self) -> &str {
        self.request.text_at(&["note", "text"]).unwrap_or_default()
    }

    /// Codes of the danger signs that were asked for and ticked; none when nobody asked.
    pub fn signs(&self) -> Option<Vec<&str>> {
        let details = self.request.items("orderDetail");
        let codes = details.iter().filter_map(|one| crate::resource::code_in(Some(one), system::DANGER_SIGN));
        let codes: Vec<_> = codes.collect();
        (!codes.is_empty()).then(|| codes.into_iter().filter(|code| *code != crate::danger::NONE).collect())
    }

    /// When it was sent.
    pub fn sent(&self) -> Option<Timestamp> {
        self.task.text_at(&["authoredOn"]).and_then(|text| text.parse().ok())
    }

    /// When this version was written, as the log knows it; long ago where it has not told yet.
    pub(crate) fn written(&self) -> Timestamp {
        self.task.text_at(&["meta", "lastUpdated"]).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// Since when the present state holds.
    pub fn since(&self) -> Timestamp {
        let text = self.task.text_at(&["lastModified"]).or_else(|| self.task.text_at(&["meta", "lastUpdated"]));
        text.and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// By when the state should be left; with an appointment when it ends, in a plan by the end of
    /// the day of its earliest open follow-up.
    pub fn due(&self) -> Option<Timestamp> {
        policy::due(&self.state, self.priority(), self.since()).or_else(|| {
            let open = matches!(self.state, State::Booked { .. } | State::Plan { .. });
            let end = self.task.text_at(&["restriction", "period", "end"]).filter(|_| open)?;
            end.parse().ok().or_else(|| crate::print::instant(end.parse::<Date>().ok()?.at(23, 59, 59, 0)))
        })
    }

    /// Where it waits, on whom, since when and until when; `None` when nothing is open.
    pub fn where_it_waits(&self) -> Option<Waiting> {
        let (side, who) = policy::waits_on(self.state.phase(), self.objections().next().is_some())?;
        let place = match side {
            Side::Origin => Some(self.origin()),
            Side::Destination => Some(self.destination()),
            Side::Network | Side::Either => None,
        };
        Some(Waiting { place, side, who, since: self.since(), due: self.due() })
    }

    /// Whether the caller, by role and side, is one who makes such moves of this referral.
    pub fn may(&self, cx: &Cx, kind: MoveKind) -> bool {
        kind.may(cx.role) && crate::govern::stands(cx, kind.side(), &self.origin().id, &self.destination().id)
    }

    /// Whether the caller may make this move now: role, side and state allow it.
    pub fn allows(&self, cx: &Cx, step: &Move) -> bool {
        let amends = matches!(self.state, State::Acknowledged { .. } | State::Plan { .. });
        let asked = !amends || step.kind() != MoveKind::CounterRefer || self.objections().next().is_some();
        let in_time = self.not_before(step.kind()).is_none_or(|from| from <= cx.now);
        asked && in_time && self.may(cx, step.kind()) && self.state.apply(step, cx.now).is_ok()
    }

    /// From when an appointment can be attended (its day) or noted as missed (its end); `None` for
    /// other moves, and where the Task does not say when the appointment ends.
    pub fn not_before(&self, kind: MoveKind) -> Option<Timestamp> {
        let end = self.due().filter(|_| matches!(self.state, State::Booked { .. }))?;
        match kind {
            MoveKind::NoShow => Some(end),
            MoveKind::Attend => crate::print::day_of(end),
            _ => None,
        }
    }

    /// The same for a reviewer's answer: whoever may take it up answers at once, see
    /// [`super::review::review`].
    pub fn allows_review(&self, cx: &Cx, step: &Move) -> bool {
        let taken = self.state.apply(&Move::Receive, cx.now);
        self.may(cx, step.kind()) && taken.as_ref().unwrap_or(&self.state).apply(step, cx.now).is_ok()
    }

    /// Words that came with the last moves, newest last.
    pub fn notes(&self) -> impl Iterator<Item = (&str, &str)> {
        let notes = self.task.items("note").iter();
        notes.filter_map(|note| Some((note.text_at(&["text"])?, note.text_at(&["authorString"]).unwrap_or_default())))
    }

    /// When that was noted, in the present state.
    pub fn noticed(&self, what: Notice) -> Option<Timestamp> {
        crate::referral::task::noticed(&self.task, what.code())?.parse().ok()
    }

    /// What the post could not do of the plan and nobody has answered yet.
    pub fn objections(&self) -> impl Iterator<Item = &str> {
        let open = matches!(self.state, State::Acknowledged { .. } | State::Plan { .. });
        crate::referral::task::objections(&self.task).filter(move |_| open)
    }

    /// Whether the caller may close what was acknowledged, see [`super::follow_up::settle`]: over what
    /// the post could not do only who answers it may, else either side.
    pub fn settles(&self, cx: &Cx, left: &Left) -> bool {
        match left.unheard.is_empty() {
            false => crate::govern::settles(cx, &self.origin().id, &self.destination().id),
            true => self.may(cx, MoveKind::Close),
        }
    }

    /// Id of the visit at the destination.
    pub fn encounter(&self) -> Option<String> {
        self.output("Encounter").next()
    }

    /// Id of the answer.
    pub fn composition(&self) -> Option<String> {
        self.output("Composition").next()
    }

    /// Ids of the follow-ups.
    pub fn follow_ups(&self) -> Vec<String> {
        self.output("Task").collect()
    }

    fn output<'a>(&'a self, resource_type: &'static str) -> impl Iterator<Item = String> + 'a {
        self.task.items("output").iter().filter_map(move |item| id_of(item.get("valueReference"), resource_type))
    }
}

/// Id and words of a reference to that type.
pub(crate) fn named(reference: Option<&Value>, resource_type: &str) -> Named {
    let name = reference.and_then(|one| one.text_at(&["display"])).unwrap_or_default().to_owned();
    Named { id: id_of(reference, resource_type).unwrap_or_default(), name }
}
