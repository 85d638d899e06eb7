//! No side door: every illegal move of a referral is refused by every road over HTTP, by the rule that
//! the gate itself refuses it by, and changes nothing. `tejido load` and the pages walk the same table
//! in their own crates.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::Cx;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use care::govern::{Breach, IllegalMove, illegal_moves, illegal_stage};
use fhir::{Value, json};
use store::{Change, Expect, Key, Write};
use testkit::World;

use crate::server::{Reply, Server};

/// The roads, and how many moves went by each.
const ROADS: [&str; 20] = [
    "gate",
    "transaction",
    "update",
    "update in a batch",
    "conditional update",
    "conditional update in a transaction",
    "patch",
    "patch in a batch",
    "patch in a transaction",
    "conditional patch",
    "conditional patch in a transaction",
    "create",
    "create in a batch",
    "create in a transaction",
    "conditional create",
    "delete",
    "delete in a batch",
    "delete in a transaction",
    "conditional delete",
    "conditional delete in a transaction",
];

struct Try<'a> {
    world: &'a World,
    server: &'a Server,
    system: &'a Cx,
    counts: BTreeMap<&'static str, usize>,
}

fn key(resource: &Value) -> Key {
    Key::new(resource.resource_type().unwrap(), resource.id().unwrap())
}

fn bundle(kind: &str, entries: Vec<Value>) -> String {
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries }).to_string()
}

fn entry(method: &str, url: &str, resource: Option<&Value>) -> Value {
    json!({ "resource": resource, "request": { "method": method, "url": url } })
}

fn put(resource: &Value) -> Value {
    entry("PUT", &key(resource).to_string(), Some(resource))
}

/// The rule that an outcome names first; every issue names a place.
#[track_caller]
fn rule_in(outcome: &Value, told: &str) -> String {
    let first = outcome.items("issue").first().unwrap_or_else(|| panic!("{told}: {outcome}"));
    assert_eq!(first.text_at(&["code"]), Some("business-rule"), "{told}: {outcome}");
    assert!(outcome.items("issue").iter().all(|one| one.get("expression").is_some()), "{told}: {outcome}");
    first.text_at(&["details", "coding", "code"]).unwrap_or_else(|| panic!("{told}: {outcome}")).to_owned()
}

impl Try<'_> {
    /// The rule by which the gate refuses it.
    async fn gate(&mut self, changes: Vec<Change>) -> &'static str {
        *self.counts.entry("gate").or_default() += 1;
        Breach::of(&self.world.refused(self.system, changes).await).code()
    }

    #[track_caller]
    fn refused(&mut self, reply: &Reply, road: &'static str, name: &str, rule: &str) {
        assert_eq!(reply.status.as_u16(), 422, "{name} by {road}: {}", reply.text);
        assert_eq!(rule_in(&reply.json(), &format!("{name} by {road}")), rule, "{name} by {road}: {}", reply.text);
        *self.counts.entry(road).or_default() += 1;
    }

    async fn in_transaction(&mut self, road: &'static str, entries: Vec<Value>, name: &str, rule: &str) {
        let reply = self.server.post("", &bundle("transaction", entries)).await;
        self.refused(&reply, road, name, rule);
    }

    async fn in_batch(&mut self, road: &'static str, one: Value, name: &str, rule: &str) {
        let batch = self.server.post("", &bundle("batch", vec![one])).await.is(200).json();
        let response = batch.items("entry")[0].get("response").unwrap().clone();
        assert!(response.text_at(&["status"]).unwrap().starts_with("422"), "{name} by {road}: {batch}");
        let told = response.get("outcome").unwrap_or_else(|| panic!("{name} by {road}: {batch}"));
        assert_eq!(rule_in(told, &format!("{name} by {road}")), rule, "{name} by {road}: {batch}");
        *self.counts.entry(road).or_default() += 1;
    }

    async fn together(&mut self, name: &str, writes: &[Value]) {
        let change = |one: &Value| changed(key(one), Some(one));
        let rule = self.gate(writes.iter().map(change).collect()).await;
        self.in_transaction("transaction", writes.iter().map(put).collect(), name, rule).await;
    }

    async fn alone(&mut self, name: &str, resource: &Value, stands: bool) {
        let (key, text) = (key(resource), resource.to_string());
        let rule = self.gate(vec![changed(key.clone(), Some(resource))]).await;
        let (path, by_id) = (key.to_string(), format!("{}?_id={}", key.resource_type, key.id));
        let reply = self.server.put(&format!("/{path}"), &text).await;
        self.refused(&reply, "update", name, rule);
        self.in_batch("update in a batch", put(resource), name, rule).await;
        let reply = self.server.put(&format!("/{by_id}"), &text).await;
        self.refused(&reply, "conditional update", name, rule);
        let conditional = vec![entry("PUT", &by_id, Some(resource))];
        self.in_transaction("conditional update in a transaction", conditional, name, rule).await;
        if !stands {
            return;
        }
        let patch = json!([{ "op": "replace", "path": "", "value": resource }]).to_string();
        let headers = [("content-type", "application/json-patch+json")];
        let reply = self.server.call("PATCH", &format!("/{path}"), &headers, &patch).await;
        self.refused(&reply, "patch", name, rule);
        let binary = json!({ "resourceType": "Binary", "contentType": "application/json-patch+json",
            "data": STANDARD.encode(&patch) });
        let reply = self.server.call("PATCH", &format!("/{by_id}"), &headers, &patch).await;
        self.refused(&reply, "conditional patch", name, rule);
        let conditional = vec![entry("PATCH", &by_id, Some(&binary))];
        self.in_transaction("conditional patch in a transaction", conditional, name, rule).await;
        let patch = entry("PATCH", &path, Some(&binary));
        self.in_batch("patch in a batch", patch.clone(), name, rule).await;
        self.in_transaction("patch in a transaction", vec![patch], name, rule).await;
    }

    async fn anew(&mut self, name: &str, resource: &Value) {
        let (kind, text) = (resource.resource_type().unwrap(), resource.to_string());
        let mut other = resource.clone();
        other.set("id", "nuevo-y-propio");
        let mut change = changed(key(&other), Some(&other));
        change.expect = Expect::Absent;
        let rule = self.gate(vec![change]).await;
        let reply = self.server.post(&format!("/{kind}"), &text).await;
        self.refused(&reply, "create", name, rule);
        let post = entry("POST", kind, Some(resource));
        self.in_batch("create in a batch", post.clone(), name, rule).await;
        self.in_transaction("create in a transaction", vec![post], name, rule).await;
        let none = [("if-none-exist", "_id=nadie")];
        let reply = self.server.call("POST", &format!("/{kind}"), &none, &text).await;
        self.refused(&reply, "conditional create", name, rule);
    }

    async fn delete(&mut self, name: &str, key: &Key) {
        let rule = self.gate(vec![changed(key.clone(), None)]).await;
        let (path, by_id) = (key.to_string(), format!("{}?_id={}", key.resource_type, key.id));
        let reply = self.server.delete(&format!("/{path}")).await;
        self.refused(&reply, "delete", name, rule);
        let reply = self.server.delete(&format!("/{by_id}")).await;
        self.refused(&reply, "conditional delete", name, rule);
        self.in_batch("delete in a batch", entry("DELETE", &path, None), name, rule).await;
        self.in_transaction("delete in a transaction", vec![entry("DELETE", &path, None)], name, rule).await;
        let conditional = vec![entry("DELETE", &by_id, None)];
        self.in_transaction("conditional delete in a transaction", conditional, name, rule).await;
    }

    async fn row(&mut self, row: &IllegalMove) {
        let named = |name: &str| format!("{:?}: {name}", row.from);
        for one in &row.attempts {
            match &one.delete {
                Some(key) => self.delete(&named(&one.name), key).await,
                None => self.together(&named(&one.name), &one.writes).await,
            }
        }
        for (name, resource) in row.alone() {
            self.alone(&named(&name), resource, row.standing(resource).is_some()).await;
        }
        for (name, resource) in row.anew() {
            self.anew(&named(&name), resource).await;
        }
    }
}

fn changed(key: Key, resource: Option<&Value>) -> Change {
    let write = resource.map_or(Write::Delete, |one| Write::Put(one.to_bytes().into()));
    Change { key, expect: Expect::Any, write }
}

#[tokio::test]
async fn every_illegal_move_is_refused_by_every_road() {
    let world = World::governed(vec![Arc::new(care::CareGovernor)]).await;
    let system = world.system();
    for one in illegal_stage() {
        world.put(&system, one.id().unwrap(), one.clone()).await;
    }
    let server = Server::over(&world, vec![system.clone()]);
    let mut tries = Try { world: &world, server: &server, system: &system, counts: BTreeMap::new() };
    for row in illegal_moves("http", &system.actor.label(), system.now) {
        for resources in &row.setup {
            let reply = server.post("", &bundle("transaction", resources.iter().map(put).collect())).await;
            assert_eq!(reply.status.as_u16(), 200, "{:?}: {}", row.from, reply.text);
        }
        let before = world.store().head().await.unwrap();
        tries.row(&row).await;
        assert_eq!(world.store().head().await.unwrap(), before, "{:?}: something was written", row.from);
    }
    println!("{:#?}", tries.counts);
    let walked: Vec<&str> = tries.counts.keys().copied().collect();
    let mut roads = ROADS.to_vec();
    roads.sort_unstable();
    assert_eq!(walked, roads);
    assert!(tries.counts.values().all(|count| *count >= 50), "{:?}", tries.counts);
}
