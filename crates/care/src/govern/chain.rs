//! The chain: a referral's Task with its ServiceRequest, and the follow-up Tasks of its plan.

use access::{Cx, Proposed, Role, system};
use fhir::Value;
use fhir::outcome::Issue;
use jiff::{SignedDuration, Timestamp};
use store::Key;

use super::{Breach, View, belongs, settles, stands};
use crate::CareError;
use crate::referral::Referral;
use crate::referral::moves::{Move, MoveKind, Side};
use crate::referral::send;
use crate::referral::state::{Phase, State};
use crate::referral::task::{
    KIND_FOLLOW_UP, KIND_REFERRAL, is_kind, is_noted, objections, read_state, request_status, rule,
};
use crate::resource::{claims, id_of, key_of};

/// How far a client's clock may be from ours.
pub(super) const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);
/// Statuses that end a follow-up.
pub(crate) const FINAL: [&str; 4] = ["completed", "cancelled", "failed", "rejected"];

/// Moves that leave a referral, or promise it, to its destination.
const HANDS_OVER: [MoveKind; 13] = [
    MoveKind::Send,
    MoveKind::Complete,
    MoveKind::Redirect,
    MoveKind::RequestTransfer,
    MoveKind::SeekBed,
    MoveKind::Accept,
    MoveKind::Prioritise,
    MoveKind::Propose,
    MoveKind::Book,
    MoveKind::Reschedule,
    MoveKind::Relist,
    MoveKind::Resume,
    MoveKind::Reopen,
];

/// The Task of a referral.
pub(super) fn referral(cx: &Cx, one: Proposed<'_>, after: &Value, view: &View<'_>) -> Result<(), Issue> {
    let state = read_state(after)?;
    let request = paired(after, &state, view)?;
    let party = |member: &str| id_of(after.get(member), "Organization").unwrap_or_default();
    let Some(before) = one.before else {
        if state != State::Draft {
            return Err(rule("Task.businessStatus", "a referral begins as a draft (borrador)"));
        }
        times(cx, None, after)?;
        return side(cx, Side::Origin, (&party("requester"), &party("owner")));
    };
    let old = read_state(before)?;
    let moved = id_of(before.get("owner"), "Organization") != id_of(after.get("owner"), "Organization");
    for member in ["for", "focus", "requester", "code", "identifier", "authoredOn"] {
        if before.get(member) != after.get(member) && old != State::Draft {
            return Err(rule(&format!("Task.{member}"), "it can't change once the referral is sent"));
        }
    }
    if before.get("owner") != after.get("owner") && old != State::Draft && !sends_elsewhere(&old, &state) {
        return Err(rule("Task.owner", "the destination changes only by redirecting or by an urgent transfer"));
    }
    let kept: Vec<&str> = objections(after).collect();
    if state.phase() != Phase::Delivered && objections(before).any(|words| !kept.contains(&words)) {
        return Err(rule("Task.output", "an objection stays until a new answer takes its place"));
    }
    if old == state && (old == State::Draft || !moved) {
        return unmoved(cx, before, after, &state);
    }
    times(cx, Some(before), after)?;
    let moves = Move::between(&old, &state, &cx.actor.label(), cx.now).map_err(|why| {
        rule("Task.businessStatus", format!("from {} to {}: {why}", old.phase().code(), state.phase().code()))
    })?;
    let (origin, destination) = (party("requester"), party("owner"));
    // Who sends it elsewhere stands where it is now, not where it goes.
    let previous = id_of(before.get("owner"), "Organization").filter(|_| moved).unwrap_or(destination);
    let unheard = objected(before, &old, view) && !settles(cx, &origin, &previous);
    if unheard && state.phase() == Phase::Closed {
        let say = "what the post could not do waits for the destination's answer (or its coordinator's)";
        return Err(Breach::Unheard.told("Task.businessStatus", say));
    }
    let allowed = |kind: MoveKind| kind.may(cx.role) && stands(cx, kind.side(), &origin, &previous);
    if !moves.iter().any(|step| allowed(step.kind())) {
        let name = moves[0].kind().code();
        let say = format!("{} may not {name} at this place", cx.role.code());
        return Err(Breach::NotYours.told("Task.businessStatus", say));
    }
    let kinds = |kinds: &[MoveKind]| moves.iter().any(|step| kinds.contains(&step.kind()));
    let urgency = [MoveKind::Accept, MoveKind::Prioritise, MoveKind::RequestTransfer];
    if before.get("priority") != after.get("priority") && old != State::Draft && !kinds(&urgency) {
        return Err(rule(
            "Task.priority",
            "the priority changes only by accepting, prioritising or an urgent transfer",
        ));
    }
    if kinds(&[MoveKind::Send, MoveKind::Complete]) {
        ready(after, request, &state)?;
    }
    if old == State::Draft && state != State::Discarded {
        sent(cx, before, after)?;
    }
    if kinds(&HANDS_OVER) || (moved && old != State::Draft) {
        seen(cx, after, &state, view)?;
    }
    evidence(after, &state, view, request)?;
    released(&old, &state, view)
}

/// Whether a step between these states may change who attends and as what: a redirection, or an
/// urgent transfer that nobody has accepted yet.
fn sends_elsewhere(old: &State, state: &State) -> bool {
    match state.phase() {
        Phase::Redirected | Phase::TransferRequested => old.phase() != state.phase(),
        Phase::BedSought => true,
        _ => false,
    }
}

/// A write that moves nothing: a draft is its origin's to write; later either side may add words.
/// What sharing and urgency are counted from stays as the last move left it.
fn unmoved(cx: &Cx, before: &Value, after: &Value, state: &State) -> Result<(), Issue> {
    let party = |task: &Value, member: &str| id_of(task.get(member), "Organization").unwrap_or_default();
    if *state == State::Draft {
        times(cx, Some(before), after)?;
        return [before, after]
            .into_iter()
            .try_for_each(|task| side(cx, Side::Origin, (&party(task, "requester"), &party(task, "owner"))));
    }
    side(cx, Side::Either, (&party(before, "requester"), &party(before, "owner")))?;
    let names = |task: &Value| -> Vec<String> {
        task.as_object().into_iter().flat_map(|object| object.iter()).map(|(name, _)| name.to_owned()).collect()
    };
    for name in names(before).iter().chain(&names(after)) {
        let same = match name.as_str() {
            "id" | "meta" | "text" => true,
            "note" | "relevantHistory" => after.items(name).starts_with(before.items(name)),
            "output" => facts(before) == facts(after),
            "restriction" => state.phase() == Phase::Plan || before.get(name) == after.get(name),
            _ => before.get(name) == after.get(name),
        };
        if !same {
            let say = "without a move only words (note, relevantHistory) are added";
            return Err(rule(&format!("Task.{name}"), say));
        }
    }
    Ok(())
}

/// What moves have put out; what people note without a move (a person told, an objection) is not of it.
fn facts(task: &Value) -> Vec<&Value> {
    task.items("output").iter().filter(|item| !is_noted(item)).collect()
}

/// Whoever it is handed to sees it: a referral that goes where nobody can open it is lost without a
/// word. What goes back to its origin needs no agreement.
fn seen(cx: &Cx, task: &Value, state: &State, view: &View<'_>) -> Result<(), Issue> {
    let of = |member: &str| key_of(task.get(member)).and_then(|key| view.get(&key)).and_then(access::institution);
    let from = access::custodian(task).or_else(|| of("requester")).unwrap_or_default();
    let to = of("owner").unwrap_or_default();
    if state.phase() == Phase::Delivered || view.sharing.reaches(from, to, cx.now) {
        return Ok(());
    }
    let problem = format!(
        "no agreement in force shares referrals between {from} and {to}: nobody there would see it; choose a place of \
         {from}, or have the agreement made or resumed"
    );
    Err(Breach::Unshared.told("Task.owner", problem))
}

/// Whether the caller stands on that side of origin and destination.
fn side(cx: &Cx, side: Side, (origin, destination): (&str, &str)) -> Result<(), Issue> {
    match stands(cx, side, origin, destination) {
        true => Ok(()),
        false => Err(Breach::NotYours.told("Task", format!("{} has no part in this referral here", cx.role.code()))),
    }
}

/// The times of a Task are those of its writes: the ninety days of sharing count from the closing.
fn times(cx: &Cx, before: Option<&Value>, after: &Value) -> Result<(), Issue> {
    let end = |task: &Value| task.get("executionPeriod").and_then(|period| period.get("end")).cloned();
    if end(after).is_some() && before.and_then(end) != end(after) {
        return Err(rule("Task.executionPeriod.end", "a referral ends when its state says so, not before or later"));
    }
    let read = |member: &str| {
        let text = after.text_at(&[member])?;
        Some(text.parse::<Timestamp>().map_err(|_| rule(&format!("Task.{member}"), "it needs a time with its zone")))
    };
    let modified = read("lastModified").transpose()?;
    let closes = after.text_at(&["status"]).is_some_and(|status| FINAL.contains(&status));
    let kept = before.is_some_and(|before| before.get("lastModified") == after.get("lastModified"));
    if (closes || !kept) && modified.is_some_and(|at| at.duration_until(cx.now).abs() > CLOCKS_APART) {
        return Err(rule("Task.lastModified", "it is the time of this write"));
    }
    if closes && modified.is_none() {
        return Err(rule("Task.lastModified", "the time of the closing is missing"));
    }
    match read("authoredOn").transpose()? {
        Some(at) if at > cx.now + CLOCKS_APART => Err(rule("Task.authoredOn", "it lies in the future")),
        _ => Ok(()),
    }
}

/// Sharing begins with the sending: were its time one at which a draft stood, whoever it is shared
/// with would read the drafts. The draft's last version is as old as the log says.
fn sent(cx: &Cx, before: &Value, after: &Value) -> Result<(), Issue> {
    let time = |task: &Value, path: &[&str]| task.text_at(path).and_then(|text| text.parse::<Timestamp>().ok());
    let draft = time(before, &["meta", "lastUpdated"]).unwrap_or(Timestamp::MIN);
    let apart = |at: Timestamp| at.duration_until(cx.now).abs() > CLOCKS_APART;
    match time(after, &["authoredOn"]) {
        Some(at) if at >= draft && !apart(at) => Ok(()),
        _ => {
            let say = "it is the time of the sending, now: not missing, nor before the draft's last version";
            Err(rule("Task.authoredOn", say))
        }
    }
}

/// Whether a line of the plan was refused by the post, or failed.
fn objected(before: &Value, old: &State, view: &View<'_>) -> bool {
    let tasks: &[String] = if let State::Plan { tasks, .. } = old { tasks } else { &[] };
    let failed = |id: &String| {
        let status = view.get(&Key::new("Task", id.as_str())).and_then(|task| task.text_at(&["status"]));
        status.is_some_and(|status| status != "completed" && FINAL.contains(&status))
    };
    objections(before).next().is_some() || tasks.iter().any(failed)
}

/// Danger signs come first and the request is complete, whatever road the sending takes.
fn ready(task: &Value, request: &Value, state: &State) -> Result<(), Issue> {
    let (request, task) = (request.clone(), task.clone());
    let referral = Referral { request, request_version: 0, task, task_version: 0, state: state.clone() };
    match send::check(&referral) {
        Err(CareError::UrgentFirst { signs }) => {
            let signs = signs.join(", ");
            let problem = format!("danger signs ({signs}): the urgent transfer (traslado-solicitado) comes first");
            Err(rule("ServiceRequest.orderDetail", problem))
        }
        Err(CareError::Form(problems)) => {
            let field = problems.first().map_or("", |problem| problem.field.as_str());
            let (place, what) = match field {
                "signs" => ("ServiceRequest.orderDetail", "the danger signs were not asked for"),
                "service" => ("ServiceRequest.code", "the service is missing"),
                "reason" => ("ServiceRequest.reasonCode", "the reason is missing"),
                _ => ("Task.owner", "the destination is missing"),
            };
            Err(rule(place, what))
        }
        _ => Ok(()),
    }
}

/// The ServiceRequest of a Task, when the two agree.
fn paired<'a>(task: &Value, state: &State, view: &View<'a>) -> Result<&'a Value, Issue> {
    let request = key_of(task.get("focus")).and_then(|key| view.get(&key));
    let request = request
        .filter(|request| claims(request, system::PROFILE_REFERRAL))
        .ok_or_else(|| rule("Task.focus", "the governed ServiceRequest is missing"))?;
    let status = request_status(state.phase());
    if request.text_at(&["status"]) != Some(status) {
        let problem = format!("its ServiceRequest must be {status:?} in the same commit");
        return Err(rule("Task.focus", problem));
    }
    if key_of(task.get("for")).is_none() || key_of(task.get("for")) != key_of(request.get("subject")) {
        return Err(rule("Task.for", "Task and ServiceRequest are about the same person"));
    }
    if matches!(state, State::Draft | State::Discarded) {
        return Ok(request);
    }
    for member in ["requester", "owner"] {
        if id_of(task.get(member), "Organization").is_none() {
            return Err(rule(&format!("Task.{member}"), "a facility (Organization) is missing"));
        }
    }
    let owner = key_of(task.get("owner"));
    if !request.items("performer").iter().any(|one| key_of(Some(one)) == owner) {
        return Err(rule("Task.owner", "the destination must be a performer of its ServiceRequest"));
    }
    Ok(request)
}

/// What a state claims has to be there: appointment, encounter, answer, tasks.
fn evidence(task: &Value, state: &State, view: &View<'_>, request: &Value) -> Result<(), Issue> {
    let person = key_of(task.get("for"));
    let about = |key: Key, member: &str, place: &str| {
        let found = view.get(&key).filter(|found| key_of(found.get(member)) == person);
        let whole = found.filter(|found| found.text_at(&["status"]) != Some("entered-in-error"));
        whole.ok_or_else(|| rule(place, format!("{key} is not there, or not of this person")))
    };
    match state {
        State::Booked { appointment, .. } | State::Proposed { appointment, .. } => {
            let wanted: &[&str] = if state.phase() == Phase::Booked { &["booked"] } else { &["proposed", "pending"] };
            let found = view.get(&Key::new("Appointment", appointment));
            let standing = found.filter(|one| one.text_at(&["status"]).is_some_and(|status| wanted.contains(&status)));
            let focus = request.id();
            let based = |one: &&Value| {
                one.items("basedOn").iter().any(|based| id_of(Some(based), "ServiceRequest").as_deref() == focus)
            };
            standing
                .filter(based)
                .map(|_| ())
                .ok_or_else(|| rule("Task.input", "its Appointment, based on the same request, must stand"))
        }
        State::Attended { encounter } => about(Key::new("Encounter", encounter), "subject", "Task.output").map(|_| ()),
        State::Delivered { composition } => {
            about(Key::new("Composition", composition), "subject", "Task.output").map(|_| ())
        }
        State::Plan { tasks, .. } => tasks.iter().try_for_each(|id| {
            let found = about(Key::new("Task", id), "for", "Task.output")?;
            let own = is_kind(found, KIND_FOLLOW_UP)
                && found.items("partOf").iter().any(|part| id_of(Some(part), "Task").as_deref() == task.id());
            if own { Ok(()) } else { Err(rule("Task.output", format!("Task/{id} is not a follow-up of this one"))) }
        }),
        _ => Ok(()),
    }
}

/// What the old state held has to be let go of, or done.
fn released(old: &State, state: &State, view: &View<'_>) -> Result<(), Issue> {
    if let (State::Plan { tasks, .. }, Phase::Closed | Phase::Delivered) = (old, state.phase()) {
        let open = tasks.iter().find(|id| {
            let task = view.get(&Key::new("Task", id.as_str()));
            !task.and_then(|task| task.text_at(&["status"])).is_some_and(|status| FINAL.contains(&status))
        });
        if let Some(id) = open {
            let say = format!("Task/{id} of the plan is still open");
            return Err(Breach::OpenFollowUp.told("Task.businessStatus", say));
        }
    }
    let Some(held) = old.appointment().filter(|held| state.appointment() != Some(held)) else { return Ok(()) };
    let wanted: &[&str] = match state.phase() {
        Phase::Attended => &["arrived", "fulfilled"],
        Phase::Missed => &["noshow"],
        _ => &["cancelled"],
    };
    let found = view.get(&Key::new("Appointment", held)).and_then(|one| one.text_at(&["status"]));
    match found {
        Some(status) if wanted.contains(&status) => Ok(()),
        _ => Err(rule("Task.input", format!("Appointment/{held} must be {} in the same commit", wanted.join(" or ")))),
    }
}

/// A follow-up of a plan.
pub(super) fn follow_up(cx: &Cx, one: Proposed<'_>, after: &Value, view: &View<'_>) -> Result<(), Issue> {
    let parent = after.items("partOf").iter().find_map(|part| key_of(Some(part)));
    let parent = parent.ok_or_else(|| rule("Task.partOf", "the referral's Task is missing"))?;
    let status = after.text_at(&["status"]).unwrap_or_default();
    let party = |member: &str| id_of(view.get(&parent).and_then(|task| task.get(member)), "Organization");
    side(cx, Side::Either, (&party("requester").unwrap_or_default(), &party("owner").unwrap_or_default()))?;
    let Some(before) = one.before else {
        let whole = view.write(&parent).and_then(|write| write.after).map(read_state);
        return match whole {
            Some(Ok(State::Plan { tasks, .. })) if tasks.contains(&one.key.id) && !FINAL.contains(&status) => Ok(()),
            _ => Err(rule("Task.partOf", "a follow-up is made by acknowledging the answer, in the same commit")),
        };
    };
    for member in ["for", "partOf", "basedOn", "focus", "code", "owner", "description"] {
        if before.get(member) != after.get(member) {
            return Err(rule(&format!("Task.{member}"), "it can't change: end this follow-up with a reason"));
        }
    }
    let was = before.text_at(&["status"]).unwrap_or_default();
    if FINAL.contains(&was) && was != status {
        return Err(rule("Task.status", format!("the follow-up is {was} already")));
    }
    if matches!(status, "failed" | "cancelled" | "rejected") && after.get("statusReason").is_none() {
        return Err(rule("Task.statusReason", "say why it was not done"));
    }
    let works = matches!(
        cx.role,
        Role::Nurse
            | Role::Doctor
            | Role::Specialist
            | Role::CommunityWorker
            | Role::SocialWorker
            | Role::Coordinator
            | Role::System
    );
    if !works {
        return Err(Breach::NotYours.told("Task.status", format!("{} does no follow-up", cx.role.code())));
    }
    if was != status && FINAL.contains(&status) { told(status, &parent, view) } else { Ok(()) }
}

/// What ends a line of a plan is told in its referral in the same commit: of two who end the last
/// two lines one sees the other, and no plan stays open with nobody to move it.
fn told(status: &str, parent: &Key, view: &View<'_>) -> Result<(), Issue> {
    let after = view.get(parent);
    let Some(Ok(State::Plan { tasks, .. })) = after.map(read_state) else { return Ok(()) };
    let Some(write) = view.write(parent) else {
        let problem = "the referral's Task is written in the same commit: closed when this was the last, \
            with an objection when it was not done";
        return Err(rule("Task.partOf", problem));
    };
    let said = |task: Option<&Value>| task.map_or(0, |task| objections(task).count());
    if status != "completed" && said(after) <= said(write.before) {
        let problem = "what was not done is an objection (objecion) of the referral's Task in the same commit";
        return Err(rule("Task.status", problem));
    }
    let ends = |id: &String| {
        let task = view.get(&Key::new("Task", id.as_str()));
        task.and_then(|task| task.text_at(&["status"])).is_some_and(|status| status == "completed")
    };
    match said(after) == 0 && tasks.iter().all(ends) {
        true => Err(rule("Task.status", "the last follow-up is done: the referral is closed in the same commit")),
        false => Ok(()),
    }
}

/// The ServiceRequest of a referral.
pub(super) fn request(one: Proposed<'_>, after: &Value, view: &View<'_>) -> Result<(), Issue> {
    let mine = |write: &&Proposed<'_>| {
        let focus = write.after.and_then(|task| key_of(task.get("focus")));
        write.key.resource_type == "Task" && focus.as_ref() == Some(one.key)
    };
    let task = view
        .proposed
        .iter()
        .find(mine)
        .filter(|write| write.after.is_some_and(|task| belongs(task) && is_kind(task, KIND_REFERRAL)));
    let was = one.before.and_then(|before| before.text_at(&["status"]));
    let draft = was.is_none_or(|status| status == "draft");
    if task.is_none() && after.text_at(&["status"]) != Some(was.unwrap_or("draft")) {
        return Err(rule("ServiceRequest.status", "it changes only with the Task of the referral, in one commit"));
    }
    let Some(before) = one.before else { return Ok(()) };
    if before.get("subject") != after.get("subject") {
        return Err(rule("ServiceRequest.subject", "a referral never passes to another person"));
    }
    let states = |write: Proposed<'_>| {
        let read = |task: Option<&Value>| task.and_then(|task| read_state(task).ok());
        Some((read(write.before)?, read(write.after)?))
    };
    let step = task.copied().and_then(states);
    let completes = step.as_ref().is_some_and(|(old, _)| old.phase() == Phase::Returned);
    let owner = |task: Option<&Value>| task.and_then(|task| id_of(task.get("owner"), "Organization"));
    let moved = task.is_some_and(|write| owner(write.before) != owner(write.after));
    let elsewhere = step.as_ref().is_some_and(|(old, state)| sends_elsewhere(old, state) && (old != state || moved));
    if before.get("performer") != after.get("performer") && !draft && !elsewhere {
        let problem = "the destination changes only by redirecting or by an urgent transfer";
        return Err(rule("ServiceRequest.performer", problem));
    }
    let urgent = elsewhere && step.is_some_and(|(_, state)| state.phase() != Phase::Redirected);
    let changed = after.as_object().into_iter().flat_map(|object| object.iter()).find(|(name, value)| {
        let free =
            matches!(*name, "meta" | "status" | "performer" | "priority" | "text") || (urgent && *name == "code");
        !free && before.get(name) != Some(value)
    });
    let lost = before
        .as_object()
        .into_iter()
        .flat_map(|object| object.iter())
        .find(|(name, _)| !matches!(*name, "meta" | "text") && after.get(name).is_none());
    match changed.or(lost) {
        Some((name, _)) if !draft && !completes => {
            Err(rule(&format!("ServiceRequest.{name}"), "what was sent changes only while it is a draft or returned"))
        }
        _ => Ok(()),
    }
}
