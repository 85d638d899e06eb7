//! The codes of ICD-10 follow the log: rebuilt equals live.

use access::system;
use care::icd10::Codes;
use fhir::{Value, json};
use store::{Change, Expect, Key, Live, Write};
use testkit::World;

fn table(id: &str, url: &str, concepts: Value) -> Value {
    json!({ "resourceType": "CodeSystem", "id": id, "url": url, "status": "active", "content": "complete",
        "concept": concepts })
}

#[tokio::test]
async fn the_codes_rebuilt_equal_those_that_lived() {
    let world = World::new().await;
    let system = world.system();
    let live = Live::<Codes>::default();
    let same = async |found: &str, lost: &str| {
        live.follow(world.store()).await.unwrap();
        let rebuilt = Live::<Codes>::default();
        rebuilt.follow(world.store()).await.unwrap();
        let (lived, anew) = (live.with(Clone::clone), rebuilt.with(Clone::clone));
        assert!(lived == anew, "rebuilt equals live, after {found}");
        assert!(found.is_empty() || lived.find(found).is_some(), "{found}");
        assert!(lost.is_empty() || lived.find(lost).is_none(), "{lost}");
    };
    same("J00", "B86X").await;
    let first = json!([{ "code": "B86X", "display": "Escabiosis", "concept": [
        { "code": "B860", "display": "Sarna noruega" }] }, { "code": "J00", "display": "Catarro" }]);
    world.put(&system, "cie", table("cie", system::ICD10, first)).await;
    same("B860", "A09X").await;
    live.with(|codes| {
        assert_eq!(codes.find("J00").map(|one| one.label.as_str()), Some("Catarro"), "the operator's words")
    });
    let second = json!([{ "code": "A09X", "display": "Diarrea" }]);
    world.put(&system, "mas", table("mas", system::ICD10, second.clone())).await;
    same("A09X", "").await;
    world
        .put(&system, "otra", table("otra", "http://example.org/cs", json!([{ "code": "Z99", "display": "Otra" }])))
        .await;
    same("", "Z99").await;
    world.update(&system, &table("cie", system::ICD10, second)).await.unwrap();
    same("J00", "B86X").await;
    live.with(|codes| assert_ne!(codes.find("J00").map(|one| one.label.as_str()), Some("Catarro"), "as shipped again"));
    for id in ["cie", "mas"] {
        let key = Key::new("CodeSystem", id);
        world.change(&system, "delete", Change { key, expect: Expect::Any, write: Write::Delete }).await.unwrap();
    }
    same("J00", "A09X").await;
    live.with(|codes| assert_eq!(codes.search("diarrea", 50), Codes::default().search("diarrea", 50)));
}
