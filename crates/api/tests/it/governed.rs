//! No side door: every illegal move of a referral is refused by every road over HTTP, and changes
//! nothing.

use std::sync::Arc;

use care::govern::illegal_moves;
use fhir::Value;
use testkit::World;

use crate::server::{Reply, Server};

fn bundle(kind: &str, resources: &[Value]) -> String {
    let entries = resources.iter().map(|resource| {
        let url = format!("{}/{}", resource.resource_type().unwrap(), resource.id().unwrap());
        fhir::json!({ "resource": resource, "request": { "method": "PUT", "url": url } })
    });
    fhir::json!({ "resourceType": "Bundle", "type": kind, "entry": entries.collect::<Vec<_>>() }).to_string()
}

fn is_rule(outcome: &Value) -> bool {
    outcome
        .items("issue")
        .iter()
        .any(|issue| issue.text_at(&["code"]) == Some("business-rule") && issue.get("expression").is_some())
}

#[track_caller]
fn refused(reply: &Reply, road: &str, name: &str) {
    assert_eq!(reply.status.as_u16(), 422, "{name} by {road}: {}", reply.text);
    assert!(is_rule(&reply.json()), "{name} by {road}: {}", reply.text);
}

async fn try_each_road(server: &Server, name: &str, resources: &[Value]) {
    refused(&server.post("", &bundle("transaction", resources)).await, "transaction", name);
    let [resource] = resources else { return };
    let (kind, id, text) = (resource.resource_type().unwrap(), resource.id().unwrap(), resource.to_string());
    let path = format!("/{kind}/{id}");
    refused(&server.put(&path, &text).await, "update", name);
    refused(&server.put(&format!("/{kind}?_id={id}"), &text).await, "conditional update", name);
    let batch = server.post("", &bundle("batch", resources)).await.is(200).json();
    let entry = &batch.items("entry")[0];
    assert!(entry.text_at(&["response", "status"]).unwrap().starts_with("422"), "{name} by batch: {batch}");
    assert!(entry.get("response").and_then(|response| response.get("outcome")).is_some_and(is_rule), "{batch}");
    if server.get(&path).await.status == 200 {
        let patch = fhir::json!([{ "op": "replace", "path": "", "value": resource }]).to_string();
        let headers = [("content-type", "application/json-patch+json")];
        refused(&server.call("PATCH", &path, &headers, &patch).await, "patch", name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_illegal_move_is_refused_by_every_road() {
    let world = World::governed(vec![Arc::new(care::CareGovernor)]).await;
    let system = world.system();
    world.put(&system, "patient", fhir::json!({ "resourceType": "Patient" })).await;
    for (id, institution) in [("origin", "MSPAS"), ("destination", "MSPAS"), ("foreign", "IGSS")] {
        let extension = fhir::json!([{ "url": access::system::EXT_INSTITUTION, "valueCode": institution }]);
        let facility = fhir::json!({ "resourceType": "Organization", "name": "Centro", "extension": extension });
        world.put(&system, id, facility).await;
    }
    let server = Server::over(&world, vec![system.clone()]);
    let mut tried = 0;
    for row in illegal_moves("http", &system.actor.label(), system.now) {
        for resources in &row.setup {
            let reply = server.post("", &bundle("transaction", resources)).await;
            assert_eq!(reply.status.as_u16(), 200, "{:?}: {}", row.from, reply.text);
        }
        let before = world.store().head().await.unwrap().seq;
        for (name, resources, deletion) in &row.attempts {
            let name = format!("{:?}: {name}", row.from);
            match deletion {
                Some(key) => {
                    refused(&server.delete(&format!("/{key}")).await, "delete", &name);
                    let by_id = format!("/{}?_id={}", key.resource_type, key.id);
                    refused(&server.delete(&by_id).await, "conditional delete", &name);
                }
                None => try_each_road(&server, &name, resources).await,
            }
            tried += 1;
        }
        assert_eq!(world.store().head().await.unwrap().seq, before, "{:?}: something was written", row.from);
    }
    assert!(tried > 300, "only {tried} moves were tried");
}
