//! Import is no side door: every illegal move of a referral is refused in whatever form a file holds it,
//! by the rule that the gate refuses it by, and changes nothing.

use std::collections::BTreeMap;

use access::Cx;
use care::govern::{Breach, illegal_moves, illegal_stage};
use testkit::World;

use super::*;

fn key(resource: &Value) -> Key {
    Key::new(resource.resource_type().expect("a type"), resource.id().expect("an id"))
}

fn bundle(kind: &str, entries: Vec<Value>) -> Value {
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries })
}

fn entry(method: &str, url: &str, resource: Option<&Value>) -> Value {
    json!({ "resource": resource, "request": { "method": method, "url": url } })
}

fn put(resource: &Value) -> Value {
    entry("PUT", &key(resource).to_string(), Some(resource))
}

fn changed(key: Key, resource: Option<&Value>) -> Change {
    let write = resource.map_or(Put::Delete, |one| Put::Put(one.to_bytes().into()));
    Change { key, expect: Expect::Any, write }
}

/// A file that is to be refused line by line, and by which rules.
struct Lines<'a> {
    world: &'a World,
    system: &'a Cx,
    text: String,
    due: Vec<(String, &'static str)>,
    counts: BTreeMap<&'static str, usize>,
}

impl Lines<'_> {
    async fn rule(&self, changes: Vec<Change>) -> &'static str {
        Breach::of(&self.world.refused(self.system, changes).await).code()
    }

    fn push(&mut self, form: &'static str, name: &str, line: &Value, rule: &'static str) {
        self.text.push_str(&format!("{line}\n"));
        self.due.push((format!("{name} as {form}"), rule));
        *self.counts.entry(form).or_default() += 1;
    }
}

#[tokio::test]
async fn every_illegal_move_is_refused_by_import() {
    let world = World::governed(vec![std::sync::Arc::new(care::CareGovernor)]).await;
    let system = Cx { institution: "MSPAS".to_owned(), ..world.system() };
    for one in illegal_stage() {
        world.put(&system, one.id().expect("an id"), one.clone()).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let rows = illegal_moves("import", &system.actor.label(), system.now);
    let commits = rows.iter().flat_map(|row| &row.setup);
    let legal: Vec<String> =
        commits.map(|all| bundle("transaction", all.iter().map(put).collect()).to_string()).collect();
    std::fs::write(folder.path().join("legal.ndjson"), legal.join("\n")).expect("a file");
    let loaded = run(&world.access, &system, &folder.path().join("legal.ndjson"), None).await.expect("it loads");
    assert_eq!((loaded.refused, loaded.written > 100), (0, true), "what is legal comes in by the same road");

    let mut lines =
        Lines { world: &world, system: &system, text: String::new(), due: Vec::new(), counts: BTreeMap::new() };
    for row in &rows {
        for one in &row.attempts {
            let name = format!("{:?}: {}", row.from, one.name);
            let all = one.writes.iter().map(|write| changed(key(write), Some(write)));
            let rule = lines.rule(all.chain(one.delete.clone().map(|key| changed(key, None))).collect()).await;
            let deletion = one.delete.as_ref().map(|key| entry("DELETE", &key.to_string(), None));
            let entries: Vec<Value> = one.writes.iter().map(put).chain(deletion.clone()).collect();
            lines.push("transaction", &name, &bundle("transaction", entries), rule);
            if let Some(deletion) = deletion {
                lines.push("batch", &name, &bundle("batch", vec![deletion]), rule);
            }
        }
        for (name, write) in row.alone() {
            let name = format!("{:?}: {name}", row.from);
            let rule = lines.rule(vec![changed(key(write), Some(write))]).await;
            lines.push("resource", &name, write, rule);
            lines.push("batch", &name, &bundle("batch", vec![put(write)]), rule);
            let inside = json!({ "resource": write.clone() });
            lines.push("collection", &name, &bundle("collection", vec![inside]), rule);
        }
        for (name, write) in row.anew() {
            let mut anew = write.clone();
            anew.set("id", "otro-nuevo");
            let rule = lines.rule(vec![changed(key(&anew), Some(&anew))]).await;
            let post = entry("POST", write.resource_type().expect("a type"), Some(write));
            lines.push("batch", &format!("{:?}: {name} anew", row.from), &bundle("batch", vec![post]), rule);
        }
    }
    std::fs::write(folder.path().join("illegal.ndjson"), &lines.text).expect("a file");
    let before = world.store().head().await.expect("the log");
    let report = folder.path().join("report.ndjson");
    let loaded = run(&world.access, &system, &folder.path().join("illegal.ndjson"), Some(&report)).await.expect("runs");
    assert_eq!((loaded.written, loaded.refused), (0, lines.due.len() as u64));
    assert_eq!(world.store().head().await.expect("the log"), before, "nothing was written");
    let report = std::fs::read_to_string(report).expect("a report");
    let mut told: Vec<(usize, String)> = Vec::new();
    for line in report.lines() {
        let one = json::parse(line.as_bytes()).expect("JSON");
        let place = one.text_at(&["place"]).expect("a place").to_owned();
        let number = place.split([':', ' ']).nth(1).and_then(|number| number.parse().ok()).expect("a line");
        told.push((number, one.text_at(&["rule"]).unwrap_or_default().to_owned()));
    }
    told.sort();
    for ((name, rule), (_, told)) in lines.due.iter().zip(&told) {
        assert_eq!(told, rule, "{name}");
    }
    println!("{:#?}", lines.counts);
    assert!(lines.counts.len() == 4 && lines.counts.values().all(|count| *count > 100), "{:?}", lines.counts);
}

#[tokio::test]
async fn a_person_s_record_needs_an_institution_that_keeps_it() {
    let world = World::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("people.ndjson");
    let patient = json!({ "resourceType": "Patient", "id": "rosa" });
    let flag = json!({ "resourceType": "Flag", "id": "f", "status": "active", "code": { "text": "x" },
        "subject": { "reference": "Patient/rosa" } });
    let kept = json!({ "resourceType": "Patient", "id": "ana",
        "meta": { "security": [{ "system": access::system::CUSTODIAN, "code": "IGSS" }] } });
    let place = json!({ "resourceType": "Location", "id": "l", "name": "Aldea" });
    let lines = [
        patient.clone(),
        bundle("batch", vec![put(&flag)]),
        bundle("transaction", vec![put(&place), put(&patient)]),
        kept.clone(),
        place.clone(),
    ];
    std::fs::write(&file, lines.map(|line| line.to_string()).join("\n")).expect("a file");
    let report = folder.path().join("report.ndjson");
    let system = world.system();
    let loaded = run(&world.access, &system, &file, Some(&report)).await.expect("runs");
    assert_eq!((loaded.written, loaded.refused), (2, 3));
    let told = std::fs::read_to_string(report).expect("a report");
    assert_eq!(told.matches("--custodian").count(), 3, "{told}");
    let again = folder.path().join("again.ndjson");
    std::fs::write(&again, [patient, bundle("batch", vec![put(&flag)])].map(|line| line.to_string()).join("\n"))
        .expect("a file");
    let operator = Cx { institution: "MSPAS".to_owned(), ..world.system() };
    assert_eq!(run(&world.access, &operator, &again, None).await.expect("runs").written, 2);
    let keeper = async |kind: &str, id: &str| {
        let stored = world.access.read(&system, &Key::new(kind, id)).await.expect("it is there");
        access::custodian(&stored.value()).map(str::to_owned)
    };
    assert_eq!(keeper("Patient", "rosa").await.as_deref(), Some("MSPAS"));
    assert_eq!(keeper("Flag", "f").await.as_deref(), Some("MSPAS"));
    assert_eq!(keeper("Patient", "ana").await.as_deref(), Some("IGSS"));
}
