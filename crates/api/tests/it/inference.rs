//! Non-inference over HTTP: what a caller can't see changes no byte that it gets, by any route.
//! Two networks are told the same story, one of them without what the caller can't see; both are
//! then asked and told the same. Times, sequence numbers (page cursors) and drawn ids aside.

use std::collections::BTreeSet;

use access::{Cx, Role, system};
use fhir::Value;
use store::{Change, Expect, Key, Kind, Write};
use testkit::{HOSPITAL, IGSS_HOSPITAL, OTHER_POST, POST, World};

use crate::server::{Server, steady};

const PLACES: [(&str, &str); 4] =
    [(POST, "MSPAS"), (OTHER_POST, "MSPAS"), (HOSPITAL, "MSPAS"), (IGSS_HOSPITAL, "IGSS")];
/// One of each place.
const PEOPLE: usize = PLACES.len();

/// Dice that fall alike for one seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// What a network holds, in the order of writing, and whether it is deleted afterwards.
fn resources(dice: &mut Dice) -> Vec<(Key, Value, bool)> {
    let mut made = Vec::new();
    for (person, (place, keeper)) in PLACES.into_iter().enumerate() {
        let value = fhir::json!({ "resourceType": "Patient", "name": [{ "family": format!("Caal {person}") }],
            "birthDate": format!("199{person}-01-02"),
            "managingOrganization": { "reference": format!("Organization/{place}") } });
        made.push((value, keeper, false, false));
    }
    for at in PEOPLE..PEOPLE + 14 {
        let (place, keeper) = PLACES[dice.roll(4)];
        let (other, foreign) = PLACES[dice.roll(4)];
        let subject = fhir::json!({ "reference": format!("Patient/r{}", dice.roll(PEOPLE)) });
        let value = match dice.roll(5) {
            0 => fhir::json!({ "resourceType": "Encounter", "status": "finished", "subject": subject,
                "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB" },
                "serviceProvider": { "reference": format!("Organization/{place}") } }),
            1 => fhir::json!({ "resourceType": "ServiceRequest", "status": "active", "intent": "order",
                "meta": { "profile": [system::PROFILE_REFERRAL] }, "subject": subject, "code": { "text": "Ojos" } }),
            2 => fhir::json!({ "resourceType": "Task", "intent": "order", "for": subject, "authoredOn": "2026-11-20",
                "status": if dice.roll(3) == 0 { "draft" } else { "in-progress" },
                "meta": { "profile": [system::PROFILE_REFERRAL_TASK] },
                "code": { "coding": [{ "system": system::TASK_KIND, "code": "referencia" }] },
                "focus": { "reference": format!("ServiceRequest/r{}", at - 1) },
                "requester": { "reference": format!("Organization/{place}") },
                "owner": { "reference": format!("Organization/{other}") } }),
            _ => fhir::json!({ "resourceType": "Condition", "subject": subject, "code": { "text": "Anemia" } }),
        };
        let keeper = if dice.roll(3) == 0 { foreign } else { keeper };
        made.push((value, keeper, dice.roll(5) == 0, dice.roll(5) == 0));
    }
    let named = |(at, (mut value, keeper, labelled, deleted)): (usize, (Value, &str, bool, bool))| {
        let mut security = vec![fhir::json!({ "system": system::CUSTODIAN, "code": keeper })];
        security.extend(labelled.then(|| fhir::json!({ "system": system::SENSITIVITY, "code": "vih" })));
        let profile = value.get("meta").and_then(|meta| meta.get("profile")).cloned();
        value.set("meta", fhir::json!({ "security": security, "profile": profile }));
        value.set("identifier", fhir::json!([{ "system": "urn:x", "value": format!("n{at}") }]));
        (Key::new(value.resource_type().unwrap(), format!("r{at}")), value, deleted)
    };
    made.into_iter().enumerate().map(named).collect()
}

async fn told(story: &[(Key, Value, bool)], keep: impl Fn(&Key) -> bool, agreed: bool) -> World {
    let world = World::new().await;
    if agreed {
        world.agree().await;
    }
    let mine = || story.iter().filter(|(key, ..)| keep(key));
    for (key, value, _) in mine() {
        world.put(&world.system(), &key.id, value.clone()).await;
    }
    for (key, ..) in mine().filter(|(.., deleted)| *deleted) {
        let change = Change { key: key.clone(), expect: Expect::Any, write: Write::Delete };
        world.change(&world.system(), "delete", change).await.unwrap();
    }
    world
}

fn callers(world: &World) -> Vec<Cx> {
    let roles = Role::ALL.into_iter().filter(|role| *role != Role::System);
    let people = roles.flat_map(|role| [POST, HOSPITAL, IGSS_HOSPITAL].map(|place| (role, place)));
    let mut all: Vec<Cx> = people.map(|(role, place)| world.at("Alguien", role, place)).collect();
    all.extend(["MSPAS", "IGSS"].map(|code| world.machine(code, "system/*.cruds")));
    all
}

/// What is asked and told; each with its headers as `Name: value`.
fn requests(story: &[(Key, Value, bool)], chooses_ids: bool) -> Vec<(&'static str, String, String, String)> {
    let mut all = Vec::new();
    let mut ask = |method, path: &str, header: String, body: String| all.push((method, path.to_owned(), header, body));
    for path in [
        "/_history?_count=3",
        "/Condition/_history",
        "/Task?_include=Task:focus&_include=Task:patient&_total=accurate&_count=2",
        "/Patient?_revinclude=Condition:patient&_revinclude=Task:patient&_sort=-birthdate&_count=2&_total=accurate",
        "/Patient?_has:Condition:patient:code:text=anemia",
        "/Patient?_has:Task:patient:status=in-progress&_summary=count",
        "/Organization?_has:Encounter:service-provider:status=finished&_total=accurate",
        "/Organization?_revinclude=Encounter:service-provider",
        "/Condition?patient.name=caal&_sort=-_lastUpdated,_id&_count=1",
        "/Condition?_security=urn:tejido:cs:sensibilidad%7Cvih&_summary=count",
        "/ServiceRequest?identifier:missing=false&_total=accurate&_count=1",
        "/Patient?name:contains=aal&_elements=birthDate&_total=accurate",
        "/Patient/$index?name=caal",
        "/?_type=Condition,Encounter,Task&_count=2",
    ] {
        ask("GET", path, String::new(), String::new());
    }
    for (key, value, _) in story {
        let matching = format!("identifier=urn:x%7C{}", value.items("identifier")[0].text_at(&["value"]).unwrap());
        for path in [format!("/{key}"), format!("/{key}/_history"), format!("/{key}/_history/1")] {
            ask("GET", &path, String::new(), String::new());
        }
        ask("GET", &format!("/{}?{matching}&_total=accurate", key.resource_type), String::new(), String::new());
        if key.resource_type == "Task" || key.resource_type == "ServiceRequest" {
            continue;
        }
        let mut body = value.clone();
        body.set("meta", fhir::json!({}));
        let nameless = body.to_string();
        let kind = format!("/{}", key.resource_type);
        ask("POST", &kind, format!("If-None-Exist: {matching}"), nameless.clone());
        ask("PUT", &format!("{kind}?{matching}"), String::new(), nameless);
        let patch = r#"[{"op":"add","path":"/language","value":"es"}]"#.to_owned();
        ask("PATCH", &format!("/{key}"), "Content-Type: application/json-patch+json".to_owned(), patch);
        body.set("id", key.id.as_str());
        if !chooses_ids {
            ask("PUT", &format!("/{key}"), String::new(), body.to_string());
            ask("PUT", &format!("/{key}"), "If-None-Match: *".to_owned(), body.to_string());
        }
        ask("PUT", &format!("/{key}"), "If-Match: W/\"7\"".to_owned(), body.to_string());
        let entry = fhir::json!({ "method": "DELETE", "url": key.to_string() });
        let bundle = fhir::json!({ "resourceType": "Bundle", "type": "batch", "entry": [{ "request": entry }] });
        ask("POST", "", String::new(), bundle.to_string());
        ask("DELETE", &format!("{kind}?{matching}"), String::new(), String::new());
        ask("DELETE", &format!("/{key}"), String::new(), String::new());
    }
    all
}

/// What came back, page after page, without what tells of the place in the log.
async fn answer(server: &Server, (method, path, header, body): &(&str, String, String, String)) -> Vec<String> {
    let mut headers = vec![("authorization", "Bearer caller-0")];
    headers.extend(header.split_once(": "));
    let mut out = Vec::new();
    let mut next = Some(path.clone());
    while let Some(path) = next.take().filter(|_| out.len() < 60) {
        let reply = server.call(method, &path, &headers, body).await;
        if reply.text.contains("\"searchset\"") || reply.text.contains("\"history\"") {
            next = reply.link("next");
        }
        let cursors = reply.text.split("_cursor=");
        let plain = cursors.enumerate().map(|(at, part)| match at {
            0 => part,
            _ => part.find(['&', '"']).map_or("", |end| &part[end..]),
        });
        let text = steady(&plain.collect::<String>());
        let heads = ["etag", "location", "content-location"].map(|name| steady(reply.header(name)));
        out.push(format!("{} {heads:?} {text}", reply.status));
    }
    out
}

async fn hidden_or_absent_is_alike(seed: u64) {
    let mut dice = Dice(seed);
    let story = resources(&mut dice);
    let agreed = dice.roll(3) > 0;
    for _ in 0..2 {
        let whole = told(&story, |_| true, agreed).await;
        let pick = dice.roll(callers(&whole).len());
        let cx = callers(&whole).swap_remove(pick);
        let mut seen = BTreeSet::new();
        for (key, ..) in &story {
            let hidden = whole.access.read(&cx, key).await.is_err_and(|error| error.kind() != Kind::Gone);
            if !hidden {
                seen.insert(key.clone());
            }
        }
        let poorer = told(&story, |key| seen.contains(key), agreed).await;
        let servers = [Server::over(&whole, vec![cx.clone()]), Server::over(&poorer, vec![cx.clone()])];
        let asked = requests(&story, cx.chooses_ids());
        for request in &asked {
            let (one, other) = (answer(&servers[0], request).await, answer(&servers[1], request).await);
            let who = (cx.role, cx.facility.as_ref().map(|place| &place.id), &cx.institution);
            assert_eq!(one, other, "{request:?} of {who:?}, seed {seed}, agreed {agreed}, sees {seen:?}");
        }
    }
}

#[tokio::test]
async fn no_route_tells_of_what_its_caller_can_not_see() {
    for seed in 1..=6 {
        hidden_or_absent_is_alike(seed).await;
    }
}
