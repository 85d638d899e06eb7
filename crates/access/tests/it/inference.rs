//! Non-inference: what a caller can't see changes no byte that the caller can get.

use std::collections::BTreeSet;

use access::{Actor, Cx, Role, system};
use fhir::Value;
use fhir::search::{Condition, Filter, Include, Modifier, Query, SortBy, SortKey, Total, registry};
use proptest::prelude::*;
use store::{HistoryQuery, HistoryScope, Key};
use testkit::{HOSPITAL, IGSS_HOSPITAL, OTHER_POST, POST, World};

use crate::story::{condition, encounter, referral, request};

const PLACES: [(&str, &str); 4] =
    [(POST, "MSPAS"), (OTHER_POST, "MSPAS"), (HOSPITAL, "MSPAS"), (IGSS_HOSPITAL, "IGSS")];
const PEOPLE: usize = 3;
const TYPES: [&str; 6] = ["Patient", "Encounter", "Condition", "ServiceRequest", "Task", "Provenance"];

/// One resource of a random store: kind, person, two places, custodian (0: the first place's), label.
type Row = (u8, usize, usize, usize, bool, u8);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((0..4_u8, 0..PEOPLE, 0..4_usize, 0..4_usize, any::<bool>(), 0..5_u8), 4..14)
}

fn resources(rows: &[Row]) -> Vec<(String, Value)> {
    let mut made: Vec<(String, Value)> = Vec::new();
    for person in 0..PEOPLE {
        let (place, keeper) = PLACES[person % PLACES.len()];
        let patient = fhir::json!({ "resourceType": "Patient", "name": [{ "family": format!("Caal {person}") }],
            "managingOrganization": { "reference": format!("Organization/{place}") } });
        made.push((format!("p{person}"), kept(patient, keeper, None)));
    }
    for (at, (kind, person, from, to, swap, label)) in rows.iter().enumerate() {
        let patient = format!("p{person}");
        let ((place, keeper), (other, foreign)) = (PLACES[*from], PLACES[*to]);
        let keeper = if *swap { foreign } else { keeper };
        let label = (*label == 0).then_some("vih");
        let asked = format!("s{at}");
        let value = match kind {
            0 => encounter(&patient, place),
            1 => condition(&patient, None),
            2 => request(&patient),
            _ => {
                made.push((asked.clone(), kept(request(&patient), keeper, None)));
                referral(&patient, &asked, (place, other), if *swap { "draft" } else { "in-progress" })
            }
        };
        made.push((format!("r{at}"), kept(value, keeper, label)));
    }
    made
}

fn kept(mut value: Value, keeper: &str, label: Option<&str>) -> Value {
    let mut security = vec![fhir::json!({ "system": system::CUSTODIAN, "code": keeper })];
    security.extend(label.map(|code| fhir::json!({ "system": system::SENSITIVITY, "code": code })));
    let profile = value.get("meta").and_then(|meta| meta.get("profile")).cloned();
    value.set("meta", fhir::json!({ "security": security, "profile": profile }));
    value
}

async fn world_of(resources: &[(String, Value)], keep: impl Fn(&Key) -> bool, agreed: bool) -> World {
    let world = World::new().await;
    if agreed {
        world.agree().await;
    }
    for (id, value) in resources {
        if keep(&Key::new(value.resource_type().unwrap(), id)) {
            world.put(&writer(&world, value), id, value.clone()).await;
        }
    }
    world
}

/// Somebody whose writes leave a Provenance, in the institution that keeps the resource. A Task is the
/// program's: its writer must see what it encloses, which a caller of it may not.
fn writer(world: &World, value: &Value) -> Cx {
    let keeper = value.get("meta").unwrap().items("security")[0].text_at(&["code"]).unwrap().to_owned();
    if value.resource_type() == Some("Task") {
        return world.system();
    }
    Cx { actor: Actor::Practitioner("quien-escribe".to_owned()), institution: keeper, ..world.system() }
}

/// The drawn id of a Provenance tells nothing; its other text is all that may be compared.
fn body(stored: &store::Stored) -> String {
    if stored.key.resource_type == "Provenance" {
        return String::from_utf8_lossy(&stored.body).replace(&stored.key.id, "");
    }
    format!("{} v{} {}", stored.key, stored.version, String::from_utf8_lossy(&stored.body))
}

/// Everything that the caller gets by every road, as text; sequence numbers left out.
async fn seen(world: &World, cx: &Cx, keys: &[Key]) -> Vec<String> {
    let mut out = Vec::new();
    for key in keys {
        out.push(match world.access.read(cx, key).await {
            Ok(stored) => body(&stored),
            Err(error) => format!("{key}: {:?}", error.kind()),
        });
        let scope = HistoryScope::Instance(key.clone());
        let query = HistoryQuery { scope, since: None, at: None, count: None, cursor: None };
        out.push(match world.access.history(cx, &query).await {
            Ok(page) => page.entries.iter().map(body).collect(),
            Err(error) => format!("{key}: {:?}", error.kind()),
        });
    }
    // The auditor reads the trail of what nobody else sees: that is the office.
    let audits = |query: &Query| cx.role == Role::Auditor && query.types == ["Provenance"];
    for query in queries().into_iter().filter(|query| !audits(query)) {
        out.push(format!("{:?}", world.access.count(cx, &query).await.ok()));
        let (mut at, start) = (query.clone(), out.len());
        loop {
            let Ok(page) = world.access.search(cx, &at).await else {
                out.push("refused".to_owned());
                break;
            };
            out.push(format!("total {:?} more {}", page.total, page.next.is_some()));
            out.extend(page.matches.iter().map(body));
            let mut included: Vec<String> = page.included.iter().map(body).collect();
            included.sort();
            out.extend(included);
            at.cursor = page.next;
            if at.cursor.is_none() {
                break;
            }
        }
        // In the order of ids that are drawn.
        if query.types == ["Provenance"] {
            out[start..].sort();
        }
    }
    if let Ok(found) = world.access.index_search(cx, &search("Patient", Vec::new())).await {
        out.extend(found.iter().map(body));
    }
    out
}

fn search(resource_type: &str, filters: Vec<Filter>) -> Query {
    let sort = vec![SortKey { by: SortBy::Id, descending: true }];
    Query {
        types: vec![resource_type.to_owned()],
        filters,
        sort,
        count: Some(2),
        total: Total::Accurate,
        ..Query::default()
    }
}

fn queries() -> Vec<Query> {
    let param = |name: &str, code: &str| registry().get(name, code).unwrap();
    let text = |text: &str| vec![Condition::String(text.to_owned())];
    let mut all: Vec<Query> = TYPES.iter().map(|name| search(name, Vec::new())).collect();
    let named = || Filter::Param { param: param("Patient", "name"), modifier: Modifier::None, any: text("caal") };
    all.push(search(
        "Condition",
        vec![Filter::Chain {
            param: param("Condition", "subject"),
            target: "Patient".to_owned(),
            filter: Box::new(named()),
        }],
    ));
    let status = vec![Condition::Token { system: None, code: Some("finished".to_owned()) }];
    let finished = Filter::Param { param: param("Encounter", "status"), modifier: Modifier::None, any: status };
    all.push(search(
        "Patient",
        vec![Filter::Has {
            source: "Encounter".to_owned(),
            param: param("Encounter", "subject"),
            filter: Box::new(finished),
        }],
    ));
    let mut including = search("Task", Vec::new());
    including.includes = vec![Include { source: "Task".to_owned(), param: Some(param("Task", "focus")), target: None }];
    all.push(including);
    let mut reverse = search("Patient", Vec::new());
    let subject = Some(param("Condition", "subject"));
    reverse.revincludes = vec![Include { source: "Condition".to_owned(), param: subject, target: None }];
    all.push(reverse);
    all
}

fn callers(world: &World) -> Vec<Cx> {
    let roles = Role::ALL.into_iter().filter(|role| *role != Role::System);
    let people = roles.flat_map(|role| [POST, HOSPITAL, IGSS_HOSPITAL].map(|place| (role, place)));
    let mut all: Vec<Cx> = people.map(|(role, place)| world.at("Alguien", role, place)).collect();
    all.extend(["MSPAS", "IGSS"].map(|code| world.machine(code, "system/*.rs")));
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn deleting_what_a_caller_cannot_see_changes_no_byte_of_what_it_gets(
        rows in rows(), agreed in any::<bool>(), picks in prop::collection::vec(any::<prop::sample::Index>(), 3)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let all = resources(&rows);
            let keys: Vec<Key> = all.iter().map(|(id, value)| Key::new(value.resource_type().unwrap(), id)).collect();
            let whole = world_of(&all, |_| true, agreed).await;
            let callers = callers(&whole);
            for pick in picks {
                let cx = pick.get(&callers);
                let mut visible = BTreeSet::new();
                for key in &keys {
                    if whole.access.read(cx, key).await.is_ok() {
                        visible.insert(key.clone());
                    }
                }
                let rest = world_of(&all, |key| visible.contains(key), agreed).await;
                assert_eq!(
                    seen(&whole, cx, &keys).await, seen(&rest, cx, &keys).await,
                    "{:?} at {:?}, agreed {agreed}", cx.role, cx.facility.as_ref().map(|one| &one.id)
                );
            }
        });
    }
}
