//! First pages: what waits at a facility as the place that refers and follows up, and as the place
//! that attends. The states are those that [`policy::waits_on`] puts there.

use access::{Access, Cx};
use jiff::{SignedDuration, Timestamp};
use store::Key;

use crate::CareError;
use crate::referral::follow_up::FollowUp;
use crate::referral::moves::Side;
use crate::referral::notice::Notice;
use crate::referral::pair::Referral;
use crate::referral::policy;
use crate::referral::state::{ExitReason, Phase, State};
use crate::referral::task::KIND_FOLLOW_UP;
use crate::referral::worklist::{TRANSFERS, facility, kind, organizations, read_all, referrals};

/// So long a rejection waits to be read.
const UNREAD: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What waits at a post.
#[derive(Clone, Debug, Default)]
pub struct AtPost {
    /// Drafts to finish.
    pub drafts: Vec<Referral>,
    /// Returned to be completed.
    pub returned: Vec<Referral>,
    /// Not pertinent: to be read, with why.
    pub rejected: Vec<Referral>,
    /// Booked, and nobody has noted yet that the person knows.
    pub to_tell: Vec<Referral>,
    /// Answers and advice to acknowledge.
    pub to_acknowledge: Vec<Referral>,
    /// People who missed their appointment and are to be found.
    pub to_find: Vec<Referral>,
    /// Suspended because the person asked to wait.
    pub suspended: Vec<Referral>,
    /// Plans that are not closed yet, by the earliest open follow-up.
    pub plans: Vec<Referral>,
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
    let mut asked = waiting_on(Side::Origin);
    asked.extend(TRANSFERS.iter().filter(|phase| !waiting_on(Side::Origin).contains(phase)));
    asked.push(Phase::Booked);
    let mut post = AtPost::default();
    for one in referrals(access, cx, ("requester", here.clone()), &asked).await?.0 {
        match one.state.phase() {
            Phase::Draft => post.drafts.push(one),
            Phase::Returned => post.returned.push(one),
            Phase::Advised | Phase::Delivered => post.to_acknowledge.push(one),
            Phase::Missed => post.to_find.push(one),
            Phase::Suspended => post.suspended.push(one),
            Phase::Acknowledged | Phase::Plan => post.plans.push(one),
            Phase::Booked if one.noticed(Notice::Told).is_some() => {}
            // Nobody is told of what is over: the destination notes whether the person came.
            Phase::Booked if one.due().is_some_and(|end| end < cx.now) => {}
            Phase::Booked => post.to_tell.push(one),
            _ => post.transfers.push(one),
        }
    }
    let recent = cx.now.checked_sub(UNREAD).unwrap_or(cx.now);
    let ended = [("requester", here.clone()), ("modified", format!("ge{recent}")), exited()];
    for page in read_all(access, cx, &ended).await?.0 {
        post.rejected.extend(crate::referral::worklist::paired(&page).into_iter().filter(unread));
    }
    let open = [
        ("code", kind(KIND_FOLLOW_UP)),
        ("owner", here),
        ("status", "requested,accepted,ready,in-progress".to_owned()),
    ];
    for page in read_all(access, cx, &open).await?.0 {
        post.follow_ups.extend(page.matches.iter().map(|one| FollowUp::read(&one.value())));
    }
    post.follow_ups.sort_by(|a, b| (a.due.is_none(), &a.due).cmp(&(b.due.is_none(), &b.due)));
    Ok(post)
}

fn waiting_on(side: Side) -> Vec<Phase> {
    let there = |phase: &Phase| policy::waits_on(*phase, false).is_some_and(|(on, _)| on == side);
    Phase::ALL.iter().copied().filter(there).collect()
}

fn exited() -> (&'static str, String) {
    ("business-status", format!("{}|{}", access::system::REFERRAL_STATE, Phase::Exited.code()))
}

fn unread(one: &Referral) -> bool {
    matches!(&one.state, State::Exited { reason: ExitReason::NotPertinent, .. }) && one.noticed(Notice::Read).is_none()
}

/// What waits at the place that attends, the oldest breach first in each.
#[derive(Clone, Debug, Default)]
pub struct AtDestination {
    /// Urgent transfers on their way here, to be received.
    pub arriving: Vec<Referral>,
    /// Received, to be attended.
    pub received: Vec<Referral>,
    /// Attended, in control or hospitalised: the answer is due.
    pub to_answer: Vec<Referral>,
    /// Their appointment is over and nobody has noted whether they came.
    pub unmarked: Vec<Referral>,
    /// The post can't do a line of the plan: to be answered.
    pub objected: Vec<Referral>,
}

/// What waits at the caller's facility as the place that attends.
///
/// # Errors
/// `Forbidden` without a facility; the gate's.
pub async fn waiting_at_destination(access: &Access, cx: &Cx) -> Result<AtDestination, CareError> {
    let here = organizations(std::slice::from_ref(&facility(cx)?.id));
    let asked = [
        Phase::InTransit,
        Phase::Received,
        Phase::Attended,
        Phase::InControl,
        Phase::Hospitalised,
        Phase::Booked,
        Phase::Acknowledged,
        Phase::Plan,
    ];
    let mut there = AtDestination::default();
    let mut booked = Vec::new();
    for one in referrals(access, cx, ("owner", here), &asked).await?.0 {
        match one.state.phase() {
            Phase::InTransit => there.arriving.push(one),
            Phase::Received => there.received.push(one),
            Phase::Booked => booked.push(one),
            Phase::Acknowledged | Phase::Plan if one.objections().next().is_some() => there.objected.push(one),
            Phase::Acknowledged | Phase::Plan => {}
            _ => there.to_answer.push(one),
        }
    }
    there.unmarked = past(access, cx, booked).await?;
    Ok(there)
}

/// Those whose appointment is over, the longest ago first.
async fn past(access: &Access, cx: &Cx, booked: Vec<Referral>) -> Result<Vec<Referral>, CareError> {
    // What machines have booked may not say in the Task when the appointment ends.
    let silent = booked.iter().filter(|one| one.due().is_none()).filter_map(|one| one.state.appointment());
    let silent: Vec<Key> = silent.map(|id| Key::new("Appointment", id)).collect();
    let found = access.read_many(cx, &silent).await?;
    let end = |one: &Referral| -> Option<Timestamp> {
        let held = found.iter().find(|held| Some(held.key.id.as_str()) == one.state.appointment());
        one.due().or_else(|| held?.value().text_at(&["end"])?.parse().ok())
    };
    let ended = booked.into_iter().filter_map(|one| Some((end(&one).filter(|end| *end < cx.now)?, one)));
    let mut ended: Vec<(Timestamp, Referral)> = ended.collect();
    ended.sort_by_key(|(end, _)| *end);
    Ok(ended.into_iter().map(|(_, one)| one).collect())
}
