//! Stories of the post: somebody comes, is looked for, is registered once, is corrected.

mod govern;

use identity::{Correction, Find, IdentityError, People, PersonCard, Registration, Resemblance, Sent};
use store::{Key, Kind, Live};
use testkit::World;

fn rosa() -> Registration {
    Registration {
        cui: "9000 00074 1601".into(),
        given1: "Rosa".into(),
        given2: "Ixmucané".into(),
        surname1: "Caal".into(),
        surname2: "Choc".into(),
        sex: "female".into(),
        birth_date: "02/03/1968".into(),
        municipality: "1601".into(),
        municipality_name: "Cobán".into(),
        phone: "5555-0101".into(),
        ..Registration::default()
    }
}

/// A CUI that is right and nobody else's.
fn another_cui(nth: usize) -> String {
    let right = (90_000_100..).filter_map(|serial| identity::Cui::compose(serial, "1601"));
    right.map(|cui| cui.to_string()).nth(nth).expect("there are more")
}

fn sent<'a>(key: &'a str, not_the_same: &'a [String]) -> Sent<'a> {
    Sent { key, not_the_same }
}

async fn found(world: &World, people: &Live<People>, cx: &access::Cx, text: &str) -> Vec<PersonCard> {
    identity::find(&world.access, people, cx, &Find::parse(text)).await.expect("the index answers")
}

#[tokio::test]
async fn a_nurse_registers_once_and_finds_again_masked() {
    let world = World::new().await;
    let people = Live::<People>::default();
    let nurse = world.nurse("Ixmucané");
    let first = identity::register(&world.access, &nurse, &rosa(), &sent("hoja-1", &[])).await.expect("registered");
    let again = identity::register(&world.access, &nurse, &rosa(), &sent("hoja-1", &[])).await.expect("the same");
    assert_eq!((again.repeated, &again.id), (true, &first.id), "sent twice, registered once");
    for text in ["caal rosa", "CHOC Ixmucane", "Kaal", "9000 00074 1601", "02/03/1968", "rosa 2/3/1968"] {
        let cards = found(&world, &people, &nurse, text).await;
        assert_eq!(cards.iter().map(|card| card.id.as_str()).collect::<Vec<_>>(), [first.id.as_str()], "{text}");
        assert!(cards[0].masked && cards[0].form.phone.is_empty() && !cards[0].cui.contains("00074"), "{text}");
    }
    assert!(found(&world, &people, &nurse, "rosa 03/02/1968").await.is_empty());
    assert!(found(&world, &people, &nurse, "%").await.is_empty());
}

#[tokio::test]
async fn the_other_institution_finds_nobody_of_ours_and_a_coordinator_may_not_ask() {
    let world = World::new().await;
    let people = Live::<People>::default();
    identity::register(&world.access, &world.nurse("Ixmucané"), &rosa(), &sent("a", &[])).await.expect("registered");
    for text in ["rosa", "9000000741601", "02/03/1968"] {
        assert!(found(&world, &people, &world.igss_clerk("Claudia"), text).await.is_empty(), "{text}");
    }
    let refused = identity::find(&world.access, &people, &world.coordinator("Manuela"), &Find::parse("rosa")).await;
    assert!(refused.is_err_and(|error| error.kind() == Kind::Forbidden));
}

#[tokio::test]
async fn somebody_alike_is_shown_and_a_decision_is_kept() {
    let world = World::new().await;
    let people = Live::<People>::default();
    let nurse = world.nurse("Ixmucané");
    let first = identity::register(&world.access, &nurse, &rosa(), &sent("a", &[])).await.expect("registered");
    let form = Registration {
        document: identity::DocumentKind::None,
        no_document_reason: "no-lo-trae".into(),
        cui: String::new(),
        surname1: "Kaal".into(),
        ..rosa()
    };
    let alike = identity::duplicates(&world.access, &people, &nurse, &form).await.expect("the index answers");
    assert_eq!(alike.len(), 1);
    assert!(alike[0].card.id == first.id && alike[0].card.masked);
    assert!(
        alike[0].reasons.contains(&Resemblance::SameNames) && alike[0].reasons.contains(&Resemblance::SameBirthDate)
    );
    let other = [first.id.clone()];
    let second = identity::register(&world.access, &nurse, &form, &sent("b", &other)).await.expect("another person");
    let log = world.store().changes(0, 1000).await.expect("the log");
    let decision = log.iter().find(|one| one.key.resource_type == "Basic").expect("the decision is written down");
    let text = decision.value().to_string();
    assert!(text.contains(&second.id) && text.contains(&first.id) && text.contains("no-es-la-misma"));
}

#[tokio::test]
async fn a_correction_keeps_both_versions_and_a_stale_one_changes_nothing() {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    let id = identity::register(&world.access, &nurse, &rosa(), &sent("a", &[])).await.expect("registered").id;
    let form = Registration { surname1: "Cal".into(), ..rosa() };
    let first = Correction { version: 1, reason: "Así está en su DPI" };
    identity::correct(&world.access, &nurse, &id, first, &form).await.expect("corrected");
    let log = world.store().changes(0, 1000).await.expect("the log");
    let why = log.iter().filter(|one| one.key.resource_type == "Provenance").map(|one| one.value().to_string());
    assert!(why.last().is_some_and(|text| text.contains("Así está en su DPI")), "the reason stays with the change");
    let stale = identity::correct(&world.access, &nurse, &id, first, &rosa()).await;
    assert!(stale.is_err_and(|error| error.kind() == Kind::Stale));
    let key = Key::new("Patient", &id);
    let now = world.access.read(&nurse, &key).await.expect("the record is open to the post").value();
    assert_eq!(now.text_at(&["name", "family"]), Some("Cal Choc"));
    let before = world.access.read_version(&nurse, &key, 1).await.expect("the version before").value();
    assert_eq!(before.text_at(&["name", "family"]), Some("Caal Choc"));
    let wrong = Registration { birth_date: "31/02/1968".into(), ..rosa() };
    let second = Correction { version: 2, reason: "" };
    let refused = identity::correct(&world.access, &nurse, &id, second, &wrong).await;
    assert!(matches!(refused, Err(IdentityError::Fields(fields)) if fields[0].field == "birth_date"));
}

#[tokio::test]
async fn the_matcher_rebuilt_equals_the_one_that_lived() {
    let world = World::new().await;
    let live = Live::<People>::default();
    let nurse = world.nurse("Ixmucané");
    for number in 0..5 {
        let rosa = Registration { cui: another_cui(number), ..rosa() };
        let form = Registration { given1: format!("Rosa{number}"), ..rosa.clone() };
        let id = identity::register(&world.access, &nurse, &form, &sent(&number.to_string(), &[]))
            .await
            .expect("registered")
            .id;
        live.follow(world.store()).await.expect("the log");
        let correction = Correction { version: 1, reason: "" };
        identity::correct(&world.access, &nurse, &id, correction, &rosa).await.expect("corrected");
        live.follow(world.store()).await.expect("the log");
    }
    let rebuilt = Live::<People>::default();
    rebuilt.follow(world.store()).await.expect("the log");
    assert!(live.with(|live| rebuilt.with(|rebuilt| live == rebuilt && rebuilt.len() == 5)));
}

#[tokio::test]
async fn one_cui_is_never_two_people_s_without_a_reason_and_the_doubt_goes_when_it_is_cleared() {
    let world = World::new().await;
    let (access, nurse, people) = (&world.access, world.nurse("Ixmucané"), Live::<People>::default());
    let first = identity::register(access, &nurse, &rosa(), &sent("a", &[])).await.expect("registered").id;
    let wilmer = Registration {
        given1: "Wilmer".into(),
        surname1: "Paz".into(),
        sex: "male".into(),
        birth_date: "05/05/1990".into(),
        ..rosa()
    };
    let alike = identity::duplicates(access, &people, &nurse, &wilmer).await.expect("the index answers");
    assert!(alike[0].card.id == first && alike[0].reasons.contains(&Resemblance::SameCui), "whoever it is");
    let of_another = |result: Result<_, IdentityError>| matches!(result, Err(IdentityError::Fields(fields)) if fields[0].key == "identidad-error-cui-de-otra");
    let ids = [first.clone()];
    let silent = identity::register(access, &nurse, &wilmer, &sent("b", &ids)).await;
    assert!(of_another(silent.map(|_| ())), "no click makes a second");
    let igss = identity::register(access, &world.igss_clerk("Claudia"), &rosa(), &sent("i", &[])).await;
    assert!(igss.is_ok(), "what another institution keeps changes nothing");

    let doubted = Registration { cui_doubt: "Así dice su DPI".into(), ..wilmer.clone() };
    let second = identity::register(access, &nurse, &doubted, &sent("c", &ids)).await.expect("no dead end").id;
    let log = world.store().changes(0, 1000).await.expect("the log");
    let review = log.iter().map(|one| one.value().to_string()).find(|text| text.contains("cui-en-duda\"}]"));
    let review = review.expect("it is kept for review");
    assert!(review.contains(&first) && review.contains(&second) && review.contains("Así dice su DPI"), "{review}");
    let cards = found(&world, &people, &nurse, "9000000741601").await;
    assert_eq!(cards.len(), 2, "both are found by it");

    let version = |version| Correction { version, reason: "" };
    let clears = Registration { cui_doubt: String::new(), ..doubted.clone() };
    assert!(of_another(identity::correct(access, &nurse, &second, version(1), &clears).await), "still another's");
    identity::correct(access, &nurse, &second, version(1), &doubted).await.expect("something else is corrected");
    let right = Registration { cui: another_cui(0), ..rosa() };
    identity::correct(access, &nurse, &first, version(1), &right).await.expect("the first had it wrong");
    assert!(of_another(identity::correct(access, &nurse, &first, version(2), &rosa()).await), "nor back");
    identity::correct(access, &nurse, &second, version(2), &doubted).await.expect("corrected");
    let patient = access.read(&nurse, &Key::new("Patient", &second)).await.expect("open").value();
    assert_eq!(Registration::of(&patient).cui_doubt, "", "nobody else has it any more");
}

#[tokio::test]
async fn the_same_passport_or_file_number_is_told_and_every_number_finds_its_person() {
    let world = World::new().await;
    let (access, nurse, people) = (&world.access, world.nurse("Ixmucané"), Live::<People>::default());
    let wilmer = Registration {
        document: identity::DocumentKind::Passport,
        cui: String::new(),
        passport_country: "hnd".into(),
        passport_number: "e 123456".into(),
        igss_number: "176-123456".into(),
        nit: "1000002-k".into(),
        file: "77-2026".into(),
        given1: "Wilmer".into(),
        surname1: "Paz".into(),
        ..rosa()
    };
    let id = identity::register(access, &nurse, &wilmer, &sent("a", &[])).await.expect("registered").id;
    for text in ["E123456", "hnd:e123456", "176-123456", "1000002K", "77-2026", "wilmer 772026"] {
        let cards = found(&world, &people, &nurse, text).await;
        assert_eq!(cards.iter().map(|card| &card.id).collect::<Vec<_>>(), [&id], "{text}");
    }
    let stranger =
        Registration { file: String::new(), given1: "Otro".into(), surname1: "Sic".into(), ..wilmer.clone() };
    let alike = identity::duplicates(access, &people, &nurse, &stranger).await.expect("the index answers");
    assert!(alike[0].card.id == id && alike[0].reasons.contains(&Resemblance::SameDocument));
    let filed = Registration { file: "77 2026".into(), cui: another_cui(0), ..rosa() };
    let alike = identity::duplicates(access, &people, &nurse, &filed).await.expect("the index answers");
    assert!(alike[0].card.id == id && alike[0].reasons.contains(&Resemblance::SameFile));
}
