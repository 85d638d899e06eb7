//! The table of illegal moves through the judge, and who may make which move.

use super::*;
use access::Facility;

use crate::referral::state::{Phase, State};
use crate::referral::task::{object, write_state};

fn now() -> jiff::Timestamp {
    "2026-11-24T14:00:00Z".parse().unwrap()
}

struct World(BTreeMap<Key, Value>, Sharing);

/// Two facilities of one institution, one of another, and no agreement between them.
impl Default for World {
    fn default() -> Self {
        let key = |one: &Value| Key::new(one.resource_type().unwrap(), one.id().unwrap());
        Self(illegal_stage().into_iter().map(|one| (key(&one), one)).collect(), Sharing::default())
    }
}

impl World {
    fn judge(&self, cx: &Cx, writes: &[Value], delete: Option<&Key>) -> Result<(), Vec<Issue>> {
        let keys: Vec<(Key, Option<&Value>)> = writes
            .iter()
            .map(|one| (Key::new(one.resource_type().unwrap(), one.id().unwrap()), Some(one)))
            .chain(delete.map(|key| (key.clone(), None)))
            .collect();
        let proposed: Vec<Proposed<'_>> =
            keys.iter().map(|(key, after)| Proposed { key, before: self.0.get(key), after: *after }).collect();
        let needed = proposed.iter().flat_map(|one| CareGovernor.needs(*one));
        let related = needed.filter_map(|key| Some((key.clone(), self.0.get(&key)?.clone()))).collect();
        CareGovernor.judge(cx, &proposed, &related, &self.1)
    }

    fn commit(&mut self, cx: &Cx, writes: &[Value]) -> Result<(), Vec<Issue>> {
        for one in writes {
            assert_eq!(fhir::validate(one), [], "{one}");
        }
        self.judge(cx, writes, None)?;
        for one in writes {
            self.0.insert(Key::new(one.resource_type().unwrap(), one.id().unwrap()), one.clone());
        }
        Ok(())
    }
}

#[test]
fn every_illegal_move_is_refused_with_code_and_place() {
    let cx = Cx::system(now(), "test");
    let mut count = 0;
    for row in illegal_moves("x", "system", now()) {
        let mut world = World::default();
        for commit in &row.setup {
            world.commit(&cx, commit).unwrap_or_else(|issues| panic!("{:?}: {issues:?}", row.from));
        }
        assert!(row.attempts.len() > 10, "{:?}", row.from);
        let mut refuse = |name: &str, writes: &[Value], delete: Option<&Key>| {
            let issues = world.judge(&cx, writes, delete).expect_err(&format!("{:?}: {name}", row.from));
            for issue in issues {
                assert_eq!(issue.code, "business-rule", "{name}");
                assert!(issue.expression.is_some() && issue.details.is_some(), "{name}");
            }
            count += 1;
        };
        for one in &row.attempts {
            refuse(&one.name, &one.writes, one.delete.as_ref());
        }
        for (name, write) in row.alone() {
            refuse(&format!("{name} alone"), std::slice::from_ref(write), None);
        }
        for (name, write) in row.anew() {
            let mut anew = write.clone();
            anew.set("id", "otro-nuevo");
            refuse(&format!("{name} anew"), &[anew], None);
        }
    }
    assert!(count > 1500, "{count} illegal moves");
}

#[test]
fn nobody_misses_an_appointment_that_is_not_over_whatever_the_road() {
    let row = illegal_moves("x", "system", now()).into_iter().find(|row| row.from == Phase::Missed).unwrap();
    let (last, before) = row.setup.split_last().unwrap();
    let mut world = World::default();
    let system = Cx::system(now(), "test");
    for commit in before {
        world.commit(&system, commit).unwrap();
    }
    let during = Cx { now: now() - jiff::SignedDuration::from_mins(30), ..system.clone() };
    let issues = world.judge(&during, last, None).unwrap_err();
    assert!(issues.iter().any(|issue| Breach::of(std::slice::from_ref(issue)) == Breach::TooEarly), "{issues:?}");
    world.judge(&system, last, None).unwrap();
}

/// The world in that state, and what is refused there.
fn reached(phase: Phase) -> (World, IllegalMove) {
    let row = illegal_moves("x", "system", now()).into_iter().find(|row| row.from == phase).unwrap();
    let mut world = World::default();
    for commit in &row.setup {
        world.commit(&Cx::system(now(), "test"), commit).unwrap();
    }
    (world, row)
}

/// What is said when that is tried.
fn refused(phase: Phase, name: &str) -> Vec<Issue> {
    let (world, row) = reached(phase);
    let one = row.attempts.iter().find(|one| one.name.starts_with(name)).unwrap();
    world.judge(&Cx::system(now(), "test"), &one.writes, one.delete.as_ref()).unwrap_err()
}

/// What is said to whoever closes it (over an objection of the post).
fn unclosed(phase: Phase, cx: &Cx, objects: bool) -> Vec<Issue> {
    let (mut world, _) = reached(phase);
    let find = |kind: &str, world: &World| {
        let all = world.0.values().filter(|one| one.resource_type() == Some(kind));
        all.into_iter().find(|one| kind != "Task" || is_kind(one, KIND_REFERRAL)).unwrap().clone()
    };
    let (mut task, mut request) = (find("Task", &world), find("ServiceRequest", &world));
    if objects {
        object(&mut task, &["No hay gotas".to_owned()]);
        world.0.insert(Key::new("Task", task.id().unwrap()), task.clone());
    }
    write_state(&mut task, &State::Closed { composition: None });
    task.set("lastModified", now().to_string());
    request.set("status", "completed");
    world.judge(cx, &[request, task], None).unwrap_err()
}

#[test]
fn each_refusal_is_told_by_its_rule() {
    let stranger = {
        let (world, row) = reached(Phase::Waiting);
        let mut task =
            row.setup.last().unwrap().iter().find(|one| one.resource_type() == Some("Task")).unwrap().clone();
        task.set("note", fhir::json!([{ "text": "De paso" }]));
        world.judge(&at(Role::Nurse, "elsewhere", &[]), &[task], None).unwrap_err()
    };
    let (system, nurse) = (Cx::system(now(), "test"), at(Role::Nurse, "origin", &[]));
    let table = [
        ("a danger sign", refused(Phase::Draft, "send with a danger sign"), Breach::DangerSigns),
        ("signs not asked for", refused(Phase::Draft, "send without asking"), Breach::DangerSigns),
        ("an open line", unclosed(Phase::Plan, &system, false), Breach::OpenFollowUp),
        ("over its own objection", unclosed(Phase::Acknowledged, &nurse, true), Breach::Unheard),
        ("somebody else's note", stranger, Breach::NotYours),
        ("an appointment alone", refused(Phase::Booked, "cancel the appointment alone"), Breach::Appointment),
        ("an appointment left standing", refused(Phase::Booked, "leave the appointment"), Breach::Appointment),
        ("nobody there would see it", refused(Phase::Draft, "no agreement"), Breach::Unshared),
        ("a transfer nobody there would see", refused(Phase::BedSought, "no agreement"), Breach::Unshared),
        ("a jump", refused(Phase::Sent, "jump to circuito-cerrado"), Breach::Move),
        ("a profile", refused(Phase::Sent, "drop the profile"), Breach::Other),
    ];
    for (what, issues, rule) in table {
        let reworded: Vec<_> = issues.iter().map(|one| Issue { diagnostics: String::new(), ..one.clone() }).collect();
        assert_eq!(Breach::of(&reworded), rule, "{what}: {issues:?}");
    }
}

#[test]
fn an_agreement_opens_the_way_to_another_institution_and_its_end_closes_it() {
    let (mut world, row) = reached(Phase::UnderReview);
    let redirected = &row.attempts.iter().find(|one| one.name.starts_with("no agreement")).unwrap().writes;
    let system = Cx::system(now(), "test");
    world.1.take("ours", Some(&Sharing::consent("MSPAS", "IGSS", "2026-01-01")));
    assert!(world.judge(&system, redirected, None).is_err(), "one side alone");
    world.1.take("theirs", Some(&Sharing::consent("IGSS", "MSPAS", "2026-01-01")));
    world.commit(&system, redirected).unwrap();
    let of = |kind: &str, world: &World| {
        world.0.values().find(|one| one.resource_type() == Some(kind)).expect("the pair is there").clone()
    };
    let (mut task, request) = (of("Task", &world), of("ServiceRequest", &world));
    let clock = now();
    write_state(&mut task, &State::UnderReview { clock });
    task.set("lastModified", clock.to_string());
    world.1.take("theirs", None);
    world.commit(&system, &[task.clone(), request.clone()]).unwrap();
    let wait = crate::referral::state::Wait { priority: crate::referral::state::Priority::P3, clock, missed: 0 };
    write_state(&mut task, &State::Waiting(wait));
    let issues = world.judge(&system, &[task.clone(), request.clone()], None).unwrap_err();
    assert_eq!(Breach::of(&issues), Breach::Unshared, "nothing more is promised there: {issues:?}");
    write_state(&mut task, &State::Returned { clock, reason: "faltan-datos".into() });
    world.judge(&system, &[task, request], None).expect("who refers takes it back");
}

fn at(role: Role, id: &str, territory: &[&str]) -> Cx {
    let territory = territory.iter().map(|one| (*one).to_owned()).collect();
    let facility = Facility { id: id.into(), name: id.into(), institution: "MSPAS".into(), territory };
    Cx { role, facility: Some(facility), actor: Actor::Practitioner("p".into()), ..Cx::system(now(), "test") }
}

#[test]
fn a_move_is_for_the_right_role_at_the_right_place() {
    let sent = illegal_moves("x", "system", now()).into_iter().find(|row| row.setup.len() == 2).unwrap();
    let received = &illegal_moves("x", "system", now())[3].setup[2].clone();
    let system = Cx::system(now(), "test");
    let prepared = |cx: &Cx| {
        let mut world = World::default();
        let row = &illegal_moves("x", "system", now())[3];
        for commit in &row.setup[..2] {
            world.commit(&system, commit).unwrap();
        }
        world.judge(cx, received, None)
    };
    assert_eq!(sent.from, crate::referral::state::Phase::Discarded);
    assert!(prepared(&at(Role::Coordinator, "area", &["area", "origin"])).is_ok());
    assert!(prepared(&at(Role::Specialist, "destination", &[])).is_ok());
    assert!(prepared(&at(Role::Coordinator, "area", &["area", "elsewhere"])).is_err(), "another territory");
    assert!(prepared(&at(Role::Nurse, "origin", &[])).is_err(), "who refers does not review");
    assert!(prepared(&at(Role::Auditor, "destination", &[])).is_err());
}

#[test]
fn what_nobody_governs_is_left_alone() {
    let cx = at(Role::Nurse, "origin", &[]);
    let plain = fhir::json!({ "resourceType": "Task", "id": "t", "status": "completed", "intent": "order" });
    assert_eq!(World::default().judge(&cx, &[plain], None), Ok(()));
}

#[test]
fn what_points_into_a_governed_chain_is_governed() {
    let cx = Cx::system(now(), "test");
    let mut world = World::default();
    let rows = illegal_moves("x", "system", now());
    world.commit(&cx, &rows[0].setup[0]).unwrap();
    let request = &rows[0].setup[0][0];
    let focus = crate::resource::reference("ServiceRequest", request.id().unwrap());
    let side_door = fhir::json!({ "resourceType": "Task", "id": "t2", "status": "completed", "intent": "order",
        "focus": focus });
    assert!(world.judge(&cx, &[side_door], None).is_err());
}

#[test]
fn without_a_move_only_the_parties_add_words() {
    let system = Cx::system(now(), "test");
    let mut world = World::default();
    for commit in &illegal_moves("x", "system", now())[2].setup {
        world.commit(&system, commit).unwrap();
    }
    let is_task = |key: &&Key| key.resource_type == "Task";
    let task = world.0[world.0.keys().find(is_task).unwrap()].clone();
    let mut noted = task.clone();
    noted.set("note", vec![fhir::json!({ "text": "llamó la familia" })]);
    let noted = [noted];
    assert_eq!(world.judge(&at(Role::Nurse, "origin", &[]), &noted, None), Ok(()));
    assert_eq!(world.judge(&at(Role::System, "destination", &[]), &noted, None), Ok(()));
    for stranger in [at(Role::Nurse, "elsewhere", &[]), at(Role::System, "elsewhere", &[])] {
        assert!(world.judge(&stranger, &noted, None).is_err(), "no part in it");
    }
    let mut moved = task;
    moved.set("authoredOn", "2025-01-01T00:00:00Z");
    assert!(world.judge(&at(Role::Nurse, "origin", &[]), &[moved], None).is_err());
}
