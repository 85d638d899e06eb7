//! Places: a Slot is held by at most one Appointment, and an Appointment holds exactly its Slots.

use access::{Cx, Proposed, Role, system};
use fhir::Value;
use fhir::outcome::Issue;
use jiff::Timestamp;
use store::Key;

use super::chain::CLOCKS_APART;
use super::{Breach, View};
use crate::print::day_of;
use crate::referral::state::TOO_EARLY;
use crate::referral::task::{read_state, rule};
use crate::resource::{claims, id_of, key_of};

/// The Appointment that holds a Slot.
pub(crate) fn holder(slot: &Value) -> Option<Key> {
    let holds = |one: &&Value| one.text_at(&["url"]) == Some(system::EXT_HOLDER);
    key_of(slot.items("extension").iter().find(holds)?.get("valueReference"))
}

/// The status of its Slots while an Appointment has this status; `None` = it holds none.
fn holding(status: &str) -> Option<&'static str> {
    match status {
        "proposed" | "pending" => Some("busy-tentative"),
        "booked" | "arrived" | "checked-in" | "fulfilled" | "noshow" => Some("busy"),
        _ => None,
    }
}

fn status(resource: &Value) -> &str {
    resource.text_at(&["status"]).unwrap_or_default()
}

fn slots(appointment: &Value) -> impl Iterator<Item = Key> {
    appointment.items("slot").iter().filter_map(|one| key_of(Some(one)))
}

/// An Appointment of a referral.
pub(super) fn appointment(cx: &Cx, one: Proposed<'_>, after: &Value, view: &View<'_>) -> Result<(), Issue> {
    let next = status(after);
    let was = one.before.map_or("", status);
    let allowed: &[&str] = match was {
        "" => &["proposed", "pending", "booked"],
        "proposed" | "pending" => &["proposed", "pending", "booked", "cancelled"],
        "booked" => &["booked", "arrived", "checked-in", "fulfilled", "noshow", "cancelled"],
        "arrived" | "checked-in" => &["arrived", "checked-in", "fulfilled"],
        _ => &[],
    };
    if next != was && !allowed.contains(&next) {
        return Err(rule("Appointment.status", format!("from {was:?} to {next:?} is not possible")));
    }
    if next != was {
        in_time(cx, after, next)?;
    }
    let task = after.items("supportingInformation").iter().filter_map(|one| key_of(Some(one)));
    let task = task.filter(|key| key.resource_type == "Task").find_map(|key| view.get(&key));
    let task = task.ok_or_else(|| rule("Appointment.supportingInformation", "the Task of the referral is missing"))?;
    let state = read_state(task)?;
    let held = state.appointment() == Some(one.key.id.as_str());
    let apart = match next {
        "proposed" | "pending" | "booked" => !held,
        "arrived" | "checked-in" => false,
        _ => held,
    };
    if apart {
        let problem = "the referral's Task must move with its appointment, in one commit";
        return Err(rule("Appointment.status", problem));
    }
    let person = id_of(task.get("for"), "Patient");
    let mut people = after.items("participant").iter().filter_map(|one| id_of(one.get("actor"), "Patient"));
    if !people.any(|id| Some(&id) == person.as_ref()) {
        return Err(rule("Appointment.participant", "the person of the referral is missing"));
    }
    holds_its_slots(one, after, view)
}

/// Nobody comes on a day before the appointment, and nobody has missed one that is not over.
fn in_time(cx: &Cx, appointment: &Value, status: &str) -> Result<(), Issue> {
    let time = |member: &str| appointment.text_at(&[member])?.parse::<Timestamp>().ok();
    let from = match status {
        "noshow" => time("end"),
        "arrived" | "checked-in" | "fulfilled" => time("start").and_then(day_of),
        _ => None,
    };
    match from {
        Some(from) if from > cx.now + CLOCKS_APART => Err(Breach::TooEarly.told("Appointment.status", TOO_EARLY)),
        _ => Ok(()),
    }
}

fn holds_its_slots(one: Proposed<'_>, after: &Value, view: &View<'_>) -> Result<(), Issue> {
    let wanted = holding(status(after));
    let held: Vec<Key> = slots(after).collect();
    if wanted.is_some() && held.is_empty() {
        return Err(rule("Appointment.slot", "an appointment holds at least one Slot"));
    }
    for key in &held {
        let slot = view.get(key).filter(|slot| claims(slot, system::PROFILE_SLOT));
        let slot = slot.ok_or_else(|| rule("Appointment.slot", format!("{key} is not a governed Slot")))?;
        let mine = holder(slot).as_ref() == Some(one.key);
        let right = match wanted {
            Some(wanted) => mine && status(slot) == wanted,
            None => !mine,
        };
        if !right {
            let problem = format!("{key} must be {} in the same commit", wanted.unwrap_or("let go"));
            return Err(rule("Appointment.slot", problem));
        }
    }
    let dropped = one.before.into_iter().flat_map(slots).filter(|key| !held.contains(key));
    for key in dropped {
        if view.get(&key).and_then(holder).as_ref() == Some(one.key) {
            return Err(rule("Appointment.slot", format!("{key} must be let go in the same commit")));
        }
    }
    let edge = |key: Option<&Key>, member: &str| {
        key.and_then(|key| view.get(key)).and_then(|slot| slot.text_at(&[member])).map(str::to_owned)
    };
    let times = (edge(held.first(), "start"), edge(held.last(), "end"));
    let told = |member: &str| after.text_at(&[member]).map(str::to_owned);
    if wanted.is_some() && times != (told("start"), told("end")) {
        return Err(rule("Appointment.start", "start and end are those of its Slots"));
    }
    Ok(())
}

/// A Slot.
pub(super) fn slot(cx: &Cx, one: Proposed<'_>, after: &Value, view: &View<'_>) -> Result<(), Issue> {
    let (was, now) = (one.before.and_then(holder), holder(after));
    if let (Some(was), Some(now)) = (&was, &now)
        && was != now
    {
        return Err(rule("Slot.extension", format!("the Slot is held by {was} already")));
    }
    let holds = |key: &Key| {
        let appointment = view.get(key)?;
        slots(appointment).any(|slot| slot == *one.key).then(|| holding(status(appointment)))?
    };
    if let Some(was) = was.as_ref().filter(|was| now.as_ref() != Some(was))
        && holds(was).is_some()
    {
        return Err(rule("Slot.status", format!("{was} still holds it: cancel or move it in the same commit")));
    }
    match &now {
        Some(now) if holds(now) != Some(status(after)) => {
            return Err(rule("Slot.status", format!("{now} must hold it with the fitting status, in the same commit")));
        }
        None if matches!(status(after), "busy" | "busy-tentative") => {
            return Err(rule("Slot.status", "a busy Slot names the Appointment that holds it"));
        }
        _ => {}
    }
    if was.is_none() && now.is_none() {
        let keeps = matches!(
            cx.role,
            Role::Clerk | Role::Coordinator | Role::Director | Role::Specialist | Role::Administrator | Role::System
        );
        return if keeps {
            Ok(())
        } else {
            Err(Breach::NotYours.told("Slot", format!("{} keeps no schedule", cx.role.code())))
        };
    }
    let before = one.before.filter(|_| was.is_some() || now.is_some());
    let moved = ["start", "end", "schedule"]
        .into_iter()
        .find(|name| before.is_some_and(|old| old.get(name) != after.get(name)));
    match moved {
        Some(name) => Err(rule(&format!("Slot.{name}"), "a held Slot is not moved: reschedule its appointment")),
        None => Ok(()),
    }
}
