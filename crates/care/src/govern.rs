//! The judge of governed resources: whatever road a write came by, it must be a legal move.
//!
//! Governed are the ServiceRequest, Task, Appointment and Slot that claim our profile or belong to
//! a governed chain, before or after the write. They can't leave by dropping the profile and are
//! never deleted. A Task and its ServiceRequest, an Appointment and its Slots are judged as they
//! will stand together after the commit. Pure: reads only what it is given.

mod breach;
mod chain;
mod illegal;
mod place;

use std::collections::BTreeMap;

use access::{Actor, Cx, Governor, Proposed, Role, Sharing, system};
use fhir::Value;
use fhir::outcome::Issue;
use store::Key;

use crate::referral::moves::Side;
use crate::referral::task::{KIND_FOLLOW_UP, KIND_REFERRAL, is_kind, rule};
use crate::resource::{claims, code_in, key_of};

pub use breach::Breach;
#[doc(hidden)]
pub use illegal::{Attempt, IllegalMove, illegal_moves, illegal_stage};
pub(crate) use place::holder;

/// Whether a follow-up of that status is done or given up.
pub fn is_final(status: &str) -> bool {
    chain::FINAL.contains(&status)
}

/// The rules of care over every write.
#[derive(Clone, Copy, Debug, Default)]
pub struct CareGovernor;

impl Governor for CareGovernor {
    fn needs(&self, proposed: Proposed<'_>) -> Vec<Key> {
        let mut keys = Vec::new();
        for resource in [proposed.before, proposed.after].into_iter().flatten() {
            match proposed.key.resource_type.as_str() {
                "Task" => keys.extend(task_links(resource)),
                "Appointment" => keys.extend(appointment_links(resource)),
                "Slot" => keys.extend(place::holder(resource)),
                _ => {}
            }
        }
        keys.retain(|key| key != proposed.key);
        keys.sort();
        keys.dedup();
        keys
    }

    fn judge(
        &self,
        cx: &Cx,
        proposed: &[Proposed<'_>],
        related: &BTreeMap<Key, Value>,
        sharing: &Sharing,
    ) -> Result<(), Vec<Issue>> {
        let view = View { proposed, related, sharing };
        let mut issues = Vec::new();
        for one in proposed {
            if let Err(issue) = judge_one(cx, *one, &view) {
                issues.push(issue);
            }
        }
        if issues.is_empty() { Ok(()) } else { Err(issues) }
    }
}

fn task_links(task: &Value) -> Vec<Key> {
    let items = ["input", "output"].into_iter().flat_map(|member| task.items(member));
    let linked = items.filter(|item| code_in(item.get("type"), system::REFERRAL_ITEM).is_some());
    let values = linked.filter_map(|item| key_of(item.get("valueReference")));
    let parents = task.items("partOf").iter().filter_map(|one| key_of(Some(one)));
    // Both facilities say which institution has to see it.
    let parties = ["requester", "owner"].into_iter().filter_map(|member| key_of(task.get(member)));
    key_of(task.get("focus"))
        .into_iter()
        .chain(parties.filter(|key| key.resource_type == "Organization"))
        .chain(values)
        .chain(parents)
        .filter(|key| key.resource_type != "Observation")
        .collect()
}

fn appointment_links(appointment: &Value) -> Vec<Key> {
    let members = ["slot", "basedOn", "supportingInformation"];
    let references = members.into_iter().flat_map(|member| appointment.items(member));
    let known = |key: &Key| matches!(key.resource_type.as_str(), "Slot" | "ServiceRequest" | "Task");
    references.filter_map(|one| key_of(Some(one))).filter(known).collect()
}

/// The resources as they will stand after the commit.
struct View<'a> {
    proposed: &'a [Proposed<'a>],
    related: &'a BTreeMap<Key, Value>,
    /// The agreements between institutions.
    sharing: &'a Sharing,
}

impl<'a> View<'a> {
    fn get(&self, key: &Key) -> Option<&'a Value> {
        match self.proposed.iter().find(|one| one.key == key) {
            Some(one) => one.after,
            None => self.related.get(key),
        }
    }

    /// The write of this very commit.
    fn write(&self, key: &Key) -> Option<Proposed<'a>> {
        self.proposed.iter().copied().find(|one| one.key == key)
    }

    fn governed(&self, resource: &Value) -> bool {
        let to_governed = |reference: &Value| {
            let target = key_of(Some(reference)).and_then(|key| self.get(&key));
            target.is_some_and(belongs)
        };
        belongs(resource)
            || match resource.resource_type() {
                Some("Task") => resource.get("focus").is_some_and(to_governed),
                Some("Appointment") => resource.items("basedOn").iter().chain(resource.items("slot")).any(to_governed),
                _ => false,
            }
    }
}

/// The profile of a type that care governs.
fn profile(resource_type: &str) -> Option<&'static str> {
    Some(match resource_type {
        "ServiceRequest" => system::PROFILE_REFERRAL,
        "Task" => system::PROFILE_REFERRAL_TASK,
        "Appointment" => system::PROFILE_APPOINTMENT,
        "Slot" => system::PROFILE_SLOT,
        _ => return None,
    })
}

/// Whether the resource by itself says that it is governed.
fn belongs(resource: &Value) -> bool {
    let Some(kind) = resource.resource_type() else { return false };
    let claimed = profile(kind).is_some_and(|profile| claims(resource, profile));
    claimed
        || match kind {
            "ServiceRequest" => {
                resource.items("identifier").iter().any(|one| one.text_at(&["system"]) == Some(system::REFERRAL_NUMBER))
            }
            "Task" => is_kind(resource, KIND_REFERRAL) || is_kind(resource, KIND_FOLLOW_UP),
            "Slot" => place::holder(resource).is_some(),
            _ => false,
        }
}

fn judge_one(cx: &Cx, one: Proposed<'_>, view: &View<'_>) -> Result<(), Issue> {
    let kind = one.key.resource_type.as_str();
    let Some(profile) = profile(kind) else { return Ok(()) };
    if ![one.before, one.after].into_iter().flatten().any(|resource| view.governed(resource)) {
        return Ok(());
    }
    let Some(after) = one.after else {
        return Err(rule(kind, "a governed resource is never deleted: make the move that ends it"));
    };
    if !claims(after, profile) {
        return Err(rule(&format!("{kind}.meta.profile"), format!("it is governed: it must claim {profile}")));
    }
    match kind {
        "Task" if is_kind(after, KIND_REFERRAL) => chain::referral(cx, one, after, view),
        "Task" if is_kind(after, KIND_FOLLOW_UP) => chain::follow_up(cx, one, after, view),
        "Task" => Err(rule("Task.code", "a governed Task is a referencia or a seguimiento")),
        "ServiceRequest" => chain::request(one, after, view),
        "Appointment" => place::appointment(cx, one, after, view),
        _ => place::slot(cx, one, after, view),
    }
}

/// Whether the caller stands on that side of a referral.
pub(crate) fn stands(cx: &Cx, side: Side, origin: &str, destination: &str) -> bool {
    // A machine that serves a whole institution speaks for all of it; one of a facility, for that.
    if cx.actor == Actor::System || (cx.role == Role::System && cx.facility.is_none()) {
        return true;
    }
    let Some(facility) = &cx.facility else { return false };
    let coordinates = |id: &str| cx.role == Role::Coordinator && facility.territory.iter().any(|one| one == id);
    let at = |id: &str| facility.id == id || coordinates(id);
    match side {
        Side::Origin => at(origin),
        Side::Destination => at(destination),
        Side::Network => at(destination) || coordinates(origin),
        Side::Either => at(origin) || at(destination),
    }
}

/// Whether the caller may answer what the post objects to: a clinician at the destination, or who
/// coordinates it or the origin.
pub(crate) fn settles(cx: &Cx, origin: &str, destination: &str) -> bool {
    let reads = matches!(cx.role, Role::Nurse | Role::Doctor | Role::Specialist | Role::Coordinator | Role::System);
    reads && stands(cx, Side::Network, origin, destination)
}

#[cfg(test)]
mod tests;
