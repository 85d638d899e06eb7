//! What waits for whom: each role's first page, and the person's one time line.
//!
//! A list reads its rows page by page, urgent transfers in a question of their own and so never
//! hidden by the length of the rest, orders them by what is due and cuts the page from them. Past
//! [`ALL`] rows the newest are not read, and the list says so.

use std::collections::{BTreeMap, BTreeSet};

use access::{Access, AccessError, Cx, Facility, Role, system};
use fhir::Value;
use fhir::search::Query;
use jiff::Timestamp;
use jiff::civil::Date;
use store::{Key, SearchPage, StoreError, Stored};

use crate::CareError;
use crate::govern::holder;
use crate::print::{instant, local};
use crate::referral::moves::MoveKind;
use crate::referral::pair::{Named, Referral, named};
use crate::referral::place::{find, joined, schedules};
use crate::referral::state::{Phase, Priority};
use crate::referral::task::KIND_REFERRAL;
use crate::resource::{code_in, id_of, key_of};

/// So many rows are read at a time.
pub const MOST: usize = 500;
/// At most so many rows are read for one list.
pub const ALL: usize = 10 * MOST;
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
    /// Only those in which an objection of the post waits for an answer.
    pub objected: bool,
    /// In which order.
    pub order: Order,
}

/// The order of a queue; within the same, the oldest breach first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The oldest breach first.
    #[default]
    Due,
    /// What was sent first.
    Sent,
    /// By the person's name.
    Person,
    /// By the name of the facility that refers.
    Origin,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How many there are in all.
    pub total: usize,
    /// Whether there are more that were not read: the total is too small.
    pub more: bool,
    /// Which page, from 1.
    pub number: usize,
    /// How many pages.
    pub pages: usize,
}

impl<T> Page<T> {
    fn cut(rows: Vec<T>, more: bool, number: usize) -> Self {
        let total = rows.len();
        let pages = total.div_ceil(PAGE).max(1);
        let number = number.clamp(1, pages);
        Self { rows: rows.into_iter().skip((number - 1) * PAGE).take(PAGE).collect(), total, more, number, pages }
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
    /// How many that match the filter are in each open state.
    pub counts: BTreeMap<Phase, usize>,
    /// In how many of them an objection of the post waits for an answer.
    pub objected: usize,
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
    let (mut rows, more) = in_reach(access, cx, &asked).await?;
    let mut origins: Vec<Named> = rows.iter().map(Referral::origin).collect();
    origins.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    origins.dedup();
    rows.retain(|one| filter.keeps(one));
    let mut counts = BTreeMap::new();
    for one in &rows {
        *counts.entry(one.state.phase()).or_default() += 1;
    }
    let is_objected = |one: &Referral| one.objections().next().is_some();
    let objected = rows.iter().filter(|one| is_objected(one)).count();
    rows.retain(|one| phases.contains(&one.state.phase()) && (!filter.objected || is_objected(one)));
    filter.sort(&mut rows);
    Ok(Board { page: Page::cut(rows, more, page), counts, objected, origins })
}

/// The coordinator's (or the destination's) queue, the oldest breach first.
///
/// # Errors
/// `Forbidden` without a facility; the gate's.
pub async fn queue(access: &Access, cx: &Cx, filter: &Filter, page: usize) -> Result<Page<Referral>, CareError> {
    let phases = if filter.phases.is_empty() { FOR_REVIEW } else { &filter.phases };
    let (mut rows, more) = in_reach(access, cx, phases).await?;
    rows.retain(|one| filter.keeps(one));
    filter.sort(&mut rows);
    Ok(Page::cut(rows, more, page))
}

/// Ids of the whole queue in its order, for going on from one referral to the next.
///
/// # Errors
/// `Forbidden` without a facility; the gate's.
pub async fn order(access: &Access, cx: &Cx, filter: &Filter) -> Result<Vec<String>, CareError> {
    let phases = if filter.phases.is_empty() { FOR_REVIEW } else { &filter.phases };
    let (mut rows, _) = in_reach(access, cx, phases).await?;
    rows.retain(|one| filter.keeps(one) && (!filter.objected || one.objections().next().is_some()));
    filter.sort(&mut rows);
    Ok(rows.iter().map(|one| one.id().to_owned()).collect())
}

impl Filter {
    /// Puts what is in the order of what is due into that which is asked for.
    fn sort(&self, rows: &mut [Referral]) {
        match self.order {
            Order::Due => {}
            Order::Sent => rows.sort_by_key(|one| one.sent().unwrap_or(Timestamp::MAX)),
            Order::Person => rows.sort_by_cached_key(|one| fhir::search::fold(&one.patient().name)),
            Order::Origin => rows.sort_by_cached_key(|one| fhir::search::fold(&one.origin().name)),
        }
    }

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

/// What a coordinator's territory refers and what is referred to it, or what is referred to the
/// caller's own facility; and whether there is more.
async fn in_reach(access: &Access, cx: &Cx, phases: &[Phase]) -> Result<(Vec<Referral>, bool), CareError> {
    let facility = facility(cx)?;
    if !matches!(cx.role, Role::Coordinator | Role::Supervisor) {
        return referrals(access, cx, ("owner", organizations(std::slice::from_ref(&facility.id))), phases).await;
    }
    if facility.territory.is_empty() {
        return Ok((Vec::new(), false));
    }
    let territory = organizations(&facility.territory);
    let (mut rows, more) = referrals(access, cx, ("requester", territory.clone()), phases).await?;
    let (arriving, more_arriving) = referrals(access, cx, ("owner", territory), phases).await?;
    let known: BTreeSet<String> = rows.iter().map(|one| one.id().to_owned()).collect();
    rows.extend(arriving.into_iter().filter(|one| !known.contains(one.id())));
    by_what_is_due(&mut rows);
    Ok((rows, more || more_arriving))
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
    /// Who attended; before that, who attends in its schedule, where that names one.
    pub who: Option<Named>,
    /// The referral.
    pub referral: Referral,
}

/// The appointments from one day to another, both counted, at the caller's facility, in the order of
/// time; and whether there are more than [`ALL`]. They are found by the places that they hold: what
/// was cancelled holds none.
///
/// # Errors
/// `Forbidden` without a facility; the gate's.
pub async fn agenda(
    access: &Access,
    cx: &Cx,
    (first, last): (Date, Date),
) -> Result<(Vec<AgendaEntry>, bool), CareError> {
    let midnight = |day: Date| instant(day.at(0, 0, 0, 0)).unwrap_or(cx.now).to_string();
    let schedules = schedules(access, cx, &facility(cx)?.id, None).await?;
    if schedules.is_empty() {
        return Ok((Vec::new(), false));
    }
    let asked = [
        ("schedule", joined("Schedule", schedules.keys())),
        ("start", format!("ge{}", midnight(first))),
        ("start", format!("lt{}", midnight(last.tomorrow().unwrap_or(last)))),
        ("status", "busy,busy-tentative".to_owned()),
        ("_sort", "start".to_owned()),
        ("_count", MOST.to_string()),
    ];
    let (held, more) = every_page(access, cx, "Slot", &asked).await?;
    let held = held.iter().flat_map(|page| &page.matches).map(Stored::value);
    let of_schedule = |slot: &Value| schedules.get(&id_of(slot.get("schedule"), "Schedule")?)?.who.clone();
    let holders: BTreeMap<Key, Option<Named>> =
        held.filter_map(|slot| Some((holder(&slot)?, of_schedule(&slot)))).collect();
    let keys: Vec<Key> = holders.keys().cloned().collect();
    let mut appointments: Vec<Value> = access.read_many(cx, &keys).await?.iter().map(Stored::value).collect();
    appointments.sort_by_key(|one| one.text_at(&["start"]).and_then(|start| start.parse::<Timestamp>().ok()));
    let task = |one: &Value| {
        let links = one.items("supportingInformation").iter().filter_map(|link| key_of(Some(link)));
        links.into_iter().find(|key| key.resource_type == "Task")
    };
    let keys: Vec<Key> = appointments.iter().filter_map(task).collect();
    let pairs = load_all(access, cx, &keys).await?;
    let attended = who_attended(access, cx, pairs.values()).await?;
    let entry = |one: &Value| {
        let time = |name: &str| one.text_at(&[name])?.parse().ok();
        let (appointment, status) = (one.id()?.to_owned(), one.text_at(&["status"])?.to_owned());
        let referral = pairs.get(&task(one)?)?.clone();
        let (start, end) = (time("start")?, time("end")?);
        let planned = || holders.get(&Key::new("Appointment", appointment.as_str())).cloned().flatten();
        let who = referral.encounter().and_then(|id| attended.get(&id).cloned()).or_else(planned);
        Some(AgendaEntry { appointment, start, end, status, who, referral })
    };
    Ok((appointments.iter().filter_map(entry).collect(), more))
}

/// Who attended in the visits of these referrals, by the visit's id, as far as the caller sees them.
async fn who_attended(
    access: &Access,
    cx: &Cx,
    referrals: impl Iterator<Item = &Referral>,
) -> Result<BTreeMap<String, Named>, CareError> {
    let keys: BTreeSet<Key> =
        referrals.filter_map(|one| Some(Key::new("Encounter", one.encounter()?.as_str()))).collect();
    let visits = access.read_many(cx, &keys.into_iter().collect::<Vec<_>>()).await?;
    let who = |one: &Stored| {
        let visit = one.value();
        let mut people = visit.items("participant").iter().map(|one| named(one.get("individual"), "Practitioner"));
        Some((one.key.id.clone(), people.find(Named::is_told)?))
    };
    Ok(visits.iter().filter_map(who).collect())
}

/// The first day after that one with an appointment at the caller's facility.
///
/// # Errors
/// `Forbidden` without a facility; the gate's.
pub async fn next_day(access: &Access, cx: &Cx, after: Date) -> Result<Option<Date>, CareError> {
    let schedules = schedules(access, cx, &facility(cx)?.id, None).await?;
    let from = after.tomorrow().ok().and_then(|day| instant(day.at(0, 0, 0, 0)));
    let Some(from) = from.filter(|_| !schedules.is_empty()) else { return Ok(None) };
    let asked = [
        ("schedule", joined("Schedule", schedules.keys())),
        ("start", format!("ge{from}")),
        ("status", "busy,busy-tentative".to_owned()),
        ("_sort", "start".to_owned()),
        ("_count", "1".to_owned()),
    ];
    let held = find(access, cx, "Slot", &asked).await?;
    let start = held.matches.first().and_then(|slot| slot.value().text_at(&["start"])?.parse().ok());
    Ok(start.map(|start| local(start).date()))
}

/// One move of a referral: who, when, where, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub when: Timestamp,
    /// What was done, as the act is called: a [`MoveKind`]'s code, a
    /// [`Notice`](super::notice::Notice)'s, `overrule`.
    pub code: String,
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
            code: act.to_owned(),
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

pub(super) fn facility(cx: &Cx) -> Result<&Facility, CareError> {
    let refused = || AccessError::Forbidden { role: cx.role.code(), act: "worklist without a facility".into() };
    cx.facility.as_ref().ok_or_else(|| refused().into())
}

pub(super) fn organizations(ids: &[String]) -> String {
    ids.iter().map(|id| format!("Organization/{id}")).collect::<Vec<_>>().join(",")
}

pub(super) fn states(phases: &[Phase]) -> String {
    phases.iter().map(|phase| format!("{}|{}", system::REFERRAL_STATE, phase.code())).collect::<Vec<_>>().join(",")
}

pub(super) fn kind(kind: &str) -> String {
    format!("{}|{kind}", system::TASK_KIND)
}

/// States of an urgent transfer on its way.
pub(super) const TRANSFERS: &[Phase] =
    &[Phase::TransferRequested, Phase::BedSought, Phase::TransferAccepted, Phase::InTransit, Phase::Received];

/// Referrals of a place in these states, the oldest breach first, and whether there are more.
pub(super) async fn referrals(
    access: &Access,
    cx: &Cx,
    place: (&str, String),
    phases: &[Phase],
) -> Result<(Vec<Referral>, bool), CareError> {
    let (urgent, rest): (Vec<Phase>, Vec<Phase>) = phases.iter().partition(|phase| TRANSFERS.contains(phase));
    let (mut rows, mut more) = (Vec::new(), false);
    for phases in [urgent, rest].iter().filter(|phases| !phases.is_empty()) {
        let asked = [place.clone(), ("business-status", states(phases)), ("code", kind(KIND_REFERRAL))];
        let (found, cut) = read_all(access, cx, &asked).await?;
        rows.extend(found.iter().flat_map(paired));
        more |= cut;
    }
    by_what_is_due(&mut rows);
    Ok((rows, more))
}

fn by_what_is_due(rows: &mut [Referral]) {
    let later = |one: &Referral| one.task.text_at(&["priority"]) != Some(super::task::STAT);
    rows.sort_by_key(|one| (later(one), one.due().unwrap_or(Timestamp::MAX)));
}

/// The pages of Tasks (with what they are about) that match, the longest waiting first; and
/// whether there are more than [`ALL`].
pub(super) async fn read_all(
    access: &Access,
    cx: &Cx,
    asked: &[(&str, String)],
) -> Result<(Vec<SearchPage>, bool), CareError> {
    let more = [("_include", "Task:focus".to_owned()), ("_sort", "modified".to_owned()), ("_count", MOST.to_string())];
    every_page(access, cx, "Task", &[asked, &more].concat()).await
}

/// The pages of a search, and whether there is more than [`ALL`].
async fn every_page(
    access: &Access,
    cx: &Cx,
    resource_type: &str,
    asked: &[(&str, String)],
) -> Result<(Vec<SearchPage>, bool), CareError> {
    let pairs = asked.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let pairs: Vec<(String, String)> = pairs.collect();
    let mut query = Query::parse(&[resource_type], &pairs)
        .map_err(|_| StoreError::Search("a search of the program itself is not understood"))?;
    let (mut pages, mut read) = (Vec::new(), 0);
    loop {
        let page = access.search(cx, &query).await?;
        read += page.matches.len();
        query.cursor.clone_from(&page.next);
        pages.push(page);
        if query.cursor.is_none() || read >= ALL {
            return Ok((pages, query.cursor.is_some()));
        }
    }
}

pub(super) fn paired(page: &SearchPage) -> Vec<Referral> {
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
