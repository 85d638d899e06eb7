//! What waits for whom: each role's first page, and the person's one time line.
//!
//! A list reads at most [`MOST`] rows, the longest waiting first, orders them by what is due and
//! cuts the page from them.

use std::collections::{BTreeMap, BTreeSet};

use access::{Access, AccessError, Cx, Facility, Role, system};
use fhir::Value;
use jiff::Timestamp;
use jiff::civil::Date;
use store::{Key, SearchPage, Stored};

use crate::CareError;
use crate::govern::holder;
use crate::print::instant;
use crate::referral::follow_up::FollowUp;
use crate::referral::moves::MoveKind;
use crate::referral::pair::{Named, Referral, named};
use crate::referral::place::{find, joined, schedules};
use crate::referral::state::{Phase, Priority};
use crate::referral::task::{KIND_FOLLOW_UP, KIND_REFERRAL};
use crate::resource::{code_in, key_of};

/// At most so many rows are read for one list.
pub const MOST: usize = 500;
/// Rows on a page.
pub const PAGE: usize = 25;

/// What a coordinator looks for; what is empty is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// In one of these states; empty = what waits for review.
    pub phases: Vec<Phase>,
    /// Service code.
    pub service: Option<String>,
    /// How soon.
    pub priority: Option<Priority>,
    /// Facility that refers.
    pub origin: Option<String>,
    /// Words in name, number or reason; case and accents do not matter.
    pub words: String,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How many there are in all (at most [`MOST`] are counted).
    pub total: usize,
    /// Which page, from 1.
    pub number: usize,
    /// How many pages.
    pub pages: usize,
}

impl<T> Page<T> {
    fn cut(rows: Vec<T>, number: usize) -> Self {
        let total = rows.len();
        let pages = total.div_ceil(PAGE).max(1);
        let number = number.clamp(1, pages);
        Self { rows: rows.into_iter().skip((number - 1) * PAGE).take(PAGE).collect(), total, number, pages }
    }
}

/// States that wait for a reviewer.
pub const FOR_REVIEW: &[Phase] = &[
    Phase::TransferRequested,
    Phase::BedSought,
    Phase::Sent,
    Phase::Redirected,
    Phase::UnderReview,
    Phase::Accepted,
    Phase::ExitProposed,
];

/// States in which somebody still has to act, from sending to the end.
pub fn open_phases() -> Vec<Phase> {
    let ended = [Phase::Draft, Phase::Discarded, Phase::Closed, Phase::Exited];
    Phase::ALL.iter().copied().filter(|phase| !ended.contains(phase)).collect()
}

/// The queue with what its page offers to narrow it by.
#[derive(Clone, Debug)]
pub struct Board {
    /// The rows that are shown.
    pub page: Page<Referral>,
    /// How many that match the filter are in each open state (of at most [`MOST`]).
    pub counts: BTreeMap<Phase, usize>,
    /// Facilities that refer here, by name.
    pub origins: Vec<Named>,
}

/// The coordinator's (or the destination's) queue with its counts, the oldest breach first.
///
/// # Errors
/// `Forbidden` without a facility; the gate's.
pub async fn board(access: &Access, cx: &Cx, filter: &Filter, page: usize) -> Result<Board, CareError> {
    let phases = if filter.phases.is_empty() { FOR_REVIEW } else { &filter.phases };
    let mut asked = open_phases();
    asked.extend(phases.iter().filter(|phase| !open_phases().contains(phase)));
    let mut rows = in_reach(access, cx, &asked).await?;
    let mut origins: Vec<Named> = rows.iter().map(Referral::origin).collect();
    origins.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    origins.dedup();
    rows.retain(|one| filter.keeps(one));
    let mut counts = BTreeMap::new();
    for one in &rows {
        *counts.entry(one.state.phase()).or_default() += 1;
    }
    rows.retain(|one| phases.contains(&one.state.phase()));
    Ok(Board { page: Page::cut(rows, page), counts, origins })
}

/// The coordinator's (or the destination's) queue, the oldest breach first.
///
/// # Errors
/// `Forbidden` without a facility; the gate's.
pub async fn queue(access: &Access, cx: &Cx, filter: &Filter, page: usize) -> Result<Page<Referral>, CareError> {
    let phases = if filter.phases.is_empty() { FOR_REVIEW } else { &filter.phases };
    let mut rows = in_reach(access, cx, phases).await?;
    rows.retain(|one| filter.keeps(one));
    Ok(Page::cut(rows, page))
}

impl Filter {
    /// Whether service, priority, origin and words match.
    fn keeps(&self, one: &Referral) -> bool {
        let text = format!("{} {} {} {}", one.patient().name, one.number(), one.reason(), one.origin().name);
        let text = fhir::search::fold(&text);
        self.service.as_ref().is_none_or(|service| *service == one.service().id)
            && self.priority.is_none_or(|priority| priority == one.priority())
            && self.origin.as_ref().is_none_or(|origin| *origin == one.origin().id)
            && fhir::search::fold(&self.words).split(' ').all(|word| text.contains(word))
    }
}

/// What a coordinator's territory refers, or what is referred to the caller's own facility.
async fn in_reach(access: &Access, cx: &Cx, phases: &[Phase]) -> Result<Vec<Referral>, CareError> {
    let facility = facility(cx)?;
    let place = match cx.role {
        Role::Coordinator | Role::Supervisor => ("requester", organizations(&facility.territory)),
        _ => ("owner", organizations(std::slice::from_ref(&facility.id))),
    };
    referrals(access, cx, &[place, ("business-status", states(phases))]).await
}

/// One entry of the specialist's day.
#[derive(Clone, Debug)]
pub struct AgendaEntry {
    /// Id of the Appointment.
    pub appointment: String,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// `Appointment.status`.
    pub status: String,
    /// The referral.
    pub referral: Referral,
}

/// The appointments of a day at the caller's facility, in the order of time (at most [`MOST`]).
/// They are found by the places that they hold: what was cancelled holds none.
///
/// # Errors
/// `Forbidden` without a facility; the gate's.
pub async fn agenda(access: &Access, cx: &Cx, day: Date) -> Result<Vec<AgendaEntry>, CareError> {
    let midnight = |day: Date| instant(day.at(0, 0, 0, 0)).unwrap_or(cx.now).to_string();
    let next = day.tomorrow().unwrap_or(day);
    let schedules = schedules(access, cx, &facility(cx)?.id, None).await?;
    if schedules.is_empty() {
        return Ok(Vec::new());
    }
    let asked = [
        ("schedule", joined("Schedule", schedules.keys())),
        ("start", format!("ge{}", midnight(day))),
        ("start", format!("lt{}", midnight(next))),
        ("status", "busy,busy-tentative".to_owned()),
        ("_sort", "start".to_owned()),
        ("_count", MOST.to_string()),
    ];
    let held = find(access, cx, "Slot", &asked).await?;
    let holders: BTreeSet<Key> = held.matches.iter().filter_map(|slot| holder(&slot.value())).collect();
    let holders: Vec<Key> = holders.into_iter().collect();
    let mut appointments: Vec<Value> = access.read_many(cx, &holders).await?.iter().map(Stored::value).collect();
    appointments.sort_by_key(|one| one.text_at(&["start"]).and_then(|start| start.parse::<Timestamp>().ok()));
    let task = |one: &Value| {
        let links = one.items("supportingInformation").iter().filter_map(|link| key_of(Some(link)));
        links.into_iter().find(|key| key.resource_type == "Task")
    };
    let keys: Vec<Key> = appointments.iter().filter_map(task).collect();
    let pairs = load_all(access, cx, &keys).await?;
    let entry = |one: &Value| {
        let time = |name: &str| one.text_at(&[name])?.parse().ok();
        let status = one.text_at(&["status"])?;
        let referral = pairs.get(&task(one)?)?.clone();
        let (start, end) = (time("start")?, time("end")?);
        Some(AgendaEntry { appointment: one.id()?.to_owned(), start, end, status: status.to_owned(), referral })
    };
    Ok(appointments.iter().filter_map(entry).collect())
}

/// What waits at a post.
#[derive(Clone, Debug, Default)]
pub struct AtPost {
    /// Drafts to finish.
    pub drafts: Vec<Referral>,
    /// Returned to be completed.
    pub returned: Vec<Referral>,
    /// Answers and advice to acknowledge.
    pub to_acknowledge: Vec<Referral>,
    /// People who missed their appointment and are to be found.
    pub to_find: Vec<Referral>,
    /// Urgent transfers on their way.
    pub transfers: Vec<Referral>,
    /// Follow-ups that are open, the soonest due first.
    pub follow_ups: Vec<FollowUp>,
}

/// What waits at the caller's facility as the place that refers and follows up.
///
/// # Errors
/// `Forbidden` without a facility; the gate's.
pub async fn waiting_at_post(access: &Access, cx: &Cx) -> Result<AtPost, CareError> {
    let here = organizations(std::slice::from_ref(&facility(cx)?.id));
    let transfers =
        [Phase::TransferRequested, Phase::BedSought, Phase::TransferAccepted, Phase::InTransit, Phase::Received];
    let mine = [Phase::Draft, Phase::Returned, Phase::Advised, Phase::Delivered, Phase::Missed];
    let asked = states(&[&mine[..], &transfers[..]].concat());
    let mut post = AtPost::default();
    for one in referrals(access, cx, &[("requester", here.clone()), ("business-status", asked)]).await? {
        match one.state.phase() {
            Phase::Draft => post.drafts.push(one),
            Phase::Returned => post.returned.push(one),
            Phase::Advised | Phase::Delivered => post.to_acknowledge.push(one),
            Phase::Missed => post.to_find.push(one),
            _ => post.transfers.push(one),
        }
    }
    let open = [
        ("code", kind(KIND_FOLLOW_UP)),
        ("owner", here),
        ("status", "requested,accepted,ready,in-progress".to_owned()),
        ("_sort", "authored-on".to_owned()),
        ("_count", MOST.to_string()),
    ];
    let found = find(access, cx, "Task", &open).await?;
    post.follow_ups = found.matches.iter().map(|one| FollowUp::read(&one.value())).collect();
    post.follow_ups.sort_by(|a, b| (a.due.is_none(), &a.due).cmp(&(b.due.is_none(), &b.due)));
    Ok(post)
}

/// The referrals of a person, newest first.
///
/// # Errors
/// The gate's.
pub async fn of_patient(access: &Access, cx: &Cx, patient: &str) -> Result<Vec<Referral>, CareError> {
    let mut rows = referrals(access, cx, &[("patient", format!("Patient/{patient}"))]).await?;
    rows.sort_by_key(|one| std::cmp::Reverse(one.sent().unwrap_or_else(|| one.since())));
    Ok(rows)
}

/// What happened to a person.
#[derive(Clone, Debug)]
pub enum Event {
    /// A visit.
    Visit(Value),
    /// A referral.
    Referral(Box<Referral>),
    /// A result: laboratory, image, report.
    Result(Value),
}

/// The time line: visits, referrals and results in one list, newest first.
///
/// # Errors
/// The gate's.
pub async fn timeline(access: &Access, cx: &Cx, patient: &str) -> Result<Vec<(Timestamp, Event)>, CareError> {
    let person = || ("patient", format!("Patient/{patient}"));
    let many = || ("_count", MOST.to_string());
    let mut events: Vec<(Timestamp, Event)> = Vec::new();
    for one in of_patient(access, cx, patient).await? {
        events.push((one.sent().unwrap_or_else(|| one.since()), Event::Referral(Box::new(one))));
    }
    for visit in find(access, cx, "Encounter", &[person(), many()]).await?.matches {
        let (value, written) = (visit.value(), visit.last_updated);
        let start = value.text_at(&["period", "start"]).and_then(moment).unwrap_or(written);
        if value.text_at(&["status"]) != Some("entered-in-error") {
            events.push((start, Event::Visit(value)));
        }
    }
    let results = ("category", "laboratory,imaging,procedure,exam".to_owned());
    let observations = find(access, cx, "Observation", &[person(), results, many()]).await?.matches;
    let reports = find(access, cx, "DiagnosticReport", &[person(), many()]).await?.matches;
    for result in observations.into_iter().chain(reports) {
        let (value, written) = (result.value(), result.last_updated);
        let when = value.text_at(&["effectiveDateTime"]).or_else(|| value.text_at(&["issued"])).and_then(moment);
        if value.text_at(&["status"]) != Some("entered-in-error") {
            events.push((when.unwrap_or(written), Event::Result(value)));
        }
    }
    events.sort_by_key(|(when, _)| std::cmp::Reverse(*when));
    Ok(events)
}

/// One move of a referral: who, when, where, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub when: Timestamp,
    /// The move, if it is one of the state machine's.
    pub act: Option<MoveKind>,
    /// Who.
    pub who: String,
    /// At which facility.
    pub place: Named,
    /// In whose words.
    pub why: String,
    /// Service and facility that it went to before, where the move sent it elsewhere.
    pub before: String,
}

/// The moves of a referral that people made here, oldest first: what its Task names as its history.
///
/// # Errors
/// The gate's.
pub async fn steps(access: &Access, cx: &Cx, referral: &Referral) -> Result<Vec<Step>, CareError> {
    let keys: Vec<Key> = referral.task.items("relevantHistory").iter().filter_map(|one| key_of(Some(one))).collect();
    let found = access.read_many(cx, &keys).await?;
    let step = |one: &Value| {
        let act = one.text_at(&["activity", "coding", "code"])?;
        Some(Step {
            when: one.text_at(&["recorded"])?.parse().ok()?,
            act: MoveKind::from_code(act),
            who: one.text_at(&["agent", "who", "display"]).unwrap_or_default().to_owned(),
            place: named(one.at(&["agent", "onBehalfOf"]), "Organization"),
            why: one.text_at(&["reason", "text"]).unwrap_or_default().to_owned(),
            before: one.text_at(&["entity", "what", "display"]).unwrap_or_default().to_owned(),
        })
    };
    let mut steps: Vec<(u64, Step)> = found.iter().filter_map(|one| Some((one.seq, step(&one.value())?))).collect();
    steps.sort_by_key(|(seq, _)| *seq);
    Ok(steps.into_iter().map(|(_, step)| step).collect())
}

/// An instant, or noon in Guatemala of a date.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| instant(text.parse::<Date>().ok()?.at(12, 0, 0, 0)))
}

fn facility(cx: &Cx) -> Result<&Facility, CareError> {
    let refused = || AccessError::Forbidden { role: cx.role.code(), act: "worklist without a facility".into() };
    cx.facility.as_ref().ok_or_else(|| refused().into())
}

fn organizations(ids: &[String]) -> String {
    ids.iter().map(|id| format!("Organization/{id}")).collect::<Vec<_>>().join(",")
}

fn states(phases: &[Phase]) -> String {
    phases.iter().map(|phase| format!("{}|{}", system::REFERRAL_STATE, phase.code())).collect::<Vec<_>>().join(",")
}

fn kind(kind: &str) -> String {
    format!("{}|{kind}", system::TASK_KIND)
}

/// Referrals that match, by what is due: the oldest breach first.
async fn referrals(access: &Access, cx: &Cx, asked: &[(&str, String)]) -> Result<Vec<Referral>, CareError> {
    let mut pairs = asked.to_vec();
    pairs.extend([
        ("code", kind(KIND_REFERRAL)),
        ("_include", "Task:focus".to_owned()),
        ("_sort", "modified".to_owned()),
        ("_count", MOST.to_string()),
    ]);
    let mut rows = paired(&find(access, cx, "Task", &pairs).await?);
    let urgent = |one: &Referral| one.task.text_at(&["priority"]) != Some(super::task::STAT);
    rows.sort_by_key(|one| (urgent(one), one.due().unwrap_or(Timestamp::MAX)));
    Ok(rows)
}

fn paired(page: &SearchPage) -> Vec<Referral> {
    let requests: BTreeMap<&Key, _> = page.included.iter().map(|one| (&one.key, one)).collect();
    let pair = |task: &Stored| {
        let request = requests.get(&key_of(task.value().get("focus"))?)?;
        Referral::from_stored(request, task).ok()
    };
    page.matches.iter().filter_map(pair).collect()
}

async fn load_all(access: &Access, cx: &Cx, tasks: &[Key]) -> Result<BTreeMap<Key, Referral>, CareError> {
    let tasks = access.read_many(cx, tasks).await?;
    let is_referral = |task: &Value| code_in(task.get("code"), system::TASK_KIND) == Some(KIND_REFERRAL);
    let focus = |task: &Stored| {
        let value = task.value();
        key_of(value.get("focus")).filter(|_| is_referral(&value))
    };
    let wanted: Vec<Key> = tasks.iter().filter_map(focus).collect();
    let requests = access.read_many(cx, &wanted).await?;
    let pair = |task: &Stored| {
        let wanted = focus(task)?;
        let request = requests.iter().find(|request| request.key == wanted)?;
        Some((task.key.clone(), Referral::from_stored(request, task).ok()?))
    };
    Ok(tasks.iter().filter_map(pair).collect())
}
