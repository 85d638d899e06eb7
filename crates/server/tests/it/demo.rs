//! The demonstration, as everybody gets it: every state lives, and everybody says that they are made up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use access::{Sharing, TejidoProjector, system};
use care::referral::state::Phase;
use fhir::Value;
use jiff::SignedDuration;
use store::{Clock, Location, Options, Store, SystemClock, SystemEntropy};

use crate::kit::{Site, told};

/// The newest version of everything in the store.
async fn everything(site: &Site) -> BTreeMap<store::Key, Value> {
    let options = Options {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        projector: Arc::new(TejidoProjector),
    };
    let store = Store::open(&Location::Directory(site.path("store")), options).await.expect("the store opens");
    let (mut all, mut seq) = (BTreeMap::new(), 0);
    loop {
        let entries = store.changes(seq, 1000).await.expect("the log");
        let Some(last) = entries.last() else { break };
        seq = last.seq;
        for entry in entries {
            match entry.deleted {
                true => all.remove(&entry.key),
                false => all.insert(entry.key.clone(), entry.value()),
            };
        }
    }
    store.close().await;
    all
}

fn of_type<'a>(all: &'a BTreeMap<store::Key, Value>, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    all.iter().filter(move |(key, _)| key.resource_type == kind).map(|(_, value)| value)
}

#[tokio::test]
async fn at_least_five_referrals_rest_in_every_state_and_everybody_is_marked_as_made_up() {
    let site = Site::new();
    let made = site.run(&["demo", "--seed-only", "--log", "warn"]);
    assert!(made.status.success(), "{}", told(&made));
    let all = everything(&site).await;

    let phase = |task: &Value| {
        let codings = task.get("businessStatus").map(|one| one.items("coding").to_vec()).unwrap_or_default();
        codings.iter().find_map(|one| Phase::from_code(one.text_at(&["code"])?))
    };
    let mut counts: BTreeMap<&str, usize> = Phase::ALL.iter().map(|phase| (phase.code(), 0)).collect();
    for found in of_type(&all, "Task").filter_map(phase) {
        *counts.entry(found.code()).or_default() += 1;
    }
    let few: Vec<_> = counts.iter().filter(|(_, count)| **count < 5).collect();
    assert!(counts.len() == 27 && few.is_empty(), "{few:?} of {counts:?}");

    let people: Vec<&Value> = of_type(&all, "Patient").collect();
    let marked = |one: &&&Value| {
        let tags = one.get("meta").map(|meta| meta.items("tag")).unwrap_or_default();
        tags.iter().any(|tag| {
            tag.text_at(&["system"]) == Some(system::TAG)
                && tag.text_at(&["code"]) == Some("sintetico")
                && tag.text_at(&["display"]) == Some("SINTÉTICO")
        })
    };
    let bare: Vec<_> = people.iter().filter(|one| !marked(one)).collect();
    assert!(people.len() >= 5000 && bare.is_empty(), "{} people, without the mark: {bare:?}", people.len());
    let told: usize = counts.values().sum();
    let places = of_type(&all, "Organization").filter(|one| marked(&one)).count();
    assert!(told >= 300 && places >= 40, "{told} referrals, {places} made-up facilities");

    across_institutions(&all);
    who_is_to_be_tried_has_somebody_to_attend(&all);

    // Referrals begin in visits that were written down, with what was measured.
    let visits = of_type(&all, "ServiceRequest").filter_map(|one| one.text_at(&["encounter", "reference"]));
    let visits: Vec<String> = visits.map(str::to_owned).collect();
    let measured = |visit: &&String| {
        of_type(&all, "Observation").any(|one| one.text_at(&["encounter", "reference"]) == Some(visit.as_str()))
    };
    assert!(visits.len() >= 30 && visits.iter().all(|visit| measured(&visit)), "{} visits", visits.len());
}

/// On whatever day and at whatever hour it begins, three appointments of today wait in the agenda of
/// the welcome's third thing to try; only the last hour of a day has no room for them.
fn who_is_to_be_tried_has_somebody_to_attend(all: &BTreeMap<store::Key, Value>) {
    let now = SystemClock.now();
    let today = identity::today(now);
    let begins = |one: &Value| one.text_at(&["start"]).and_then(|start| start.parse().ok()).map(identity::today);
    let of = |one: &Value| {
        let agenda = "Slot/ag-serv-mspas-1601-h1-medicina-interna-";
        one.items("slot").iter().any(|slot| slot.text_at(&["reference"]).is_some_and(|to| to.starts_with(agenda)))
    };
    let booked = of_type(all, "Appointment").filter(|one| one.text_at(&["status"]) == Some("booked"));
    let waiting = booked.filter(|one| of(one) && begins(one) == Some(today)).count();
    let late = identity::today(now + SignedDuration::from_mins(60)) != today;
    assert!(waiting >= 3 || late, "{waiting} appointments of today");
}

/// The two institutions have an agreement, and refer to each other under it in several states.
fn across_institutions(all: &BTreeMap<store::Key, Value>) {
    let mut sharing = Sharing::default();
    all.iter()
        .filter(|(key, _)| key.resource_type == "Consent")
        .for_each(|(key, one)| sharing.take(&key.id, Some(one)));
    let place = |task: &Value| {
        let id = task.text_at(&["owner", "reference"])?.strip_prefix("Organization/")?;
        access::institution(all.get(&store::Key::new("Organization", id))?).map(str::to_owned)
    };
    let now = SystemClock.now();
    let (mut ways, mut states, mut count) = (BTreeSet::new(), BTreeSet::new(), 0);
    for task in of_type(all, "Task").filter(|task| task.get("businessStatus").is_some()) {
        let (Some(from), Some(to)) = (access::custodian(task).map(str::to_owned), place(task)) else { continue };
        assert!(sharing.reaches(&from, &to, now), "nobody at {to} sees {task}");
        if from != to {
            count += 1;
            states.insert(task.get("businessStatus").map(Value::to_string));
            ways.insert((from, to));
        }
    }
    assert!(count >= 12 && states.len() >= 6 && ways.len() == 2, "{count} in {} states, {ways:?}", states.len());
    // Each side signs in its own name what it gives.
    let keepers: BTreeSet<Option<&str>> = of_type(all, "Consent").map(access::custodian).collect();
    assert_eq!(keepers, [Some("IGSS"), Some("MSPAS")].into());
}
