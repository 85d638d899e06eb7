//! A visit at the post: drafted, signed, added to, moved to the right person.

use care::referral::Named;
use care::visit::form::{Diagnosis, Form, Treatment};
use care::visit::mend::{entered_in_error, move_to, note_of};
use care::visit::settle::{Outcome, Settled};
use care::visit::{draft, record};
use store::{Key, Kind};

use crate::stage::stage;

fn form() -> Form {
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    Form {
        patient: Named { id: "rosa".into(), name: "Rosa Tzub Caal".into() },
        companion: Some(("Pedro Caal".into(), String::new())),
        consultation: "1".into(),
        traits: pairs(&[("escolaridad", "primaria")]),
        reason: "Control de embarazo".into(),
        findings: "Mucosas pálidas".into(),
        vitals: pairs(&[("systolic", "112"), ("diastolic", "70"), ("weight", "58,5")]),
        allergies: vec!["Penicilina: anafilaxia".into()],
        medicines: vec!["Ácido fólico".into()],
        last_period: "2026-04-21".into(),
        diagnoses: vec![
            Diagnosis { code: "O99".into(), words: "Anemia en el embarazo".into(), problem: true },
            Diagnosis { code: String::new(), words: "Cansancio".into(), problem: false },
        ],
        treatments: vec![Treatment {
            words: "Sulfato ferroso, una al día".into(),
            presentation: "Tableta 300 mg".into(),
            quantity: 30,
            delivered: 20,
        }],
        plan: "Control en un mes".into(),
        ..Form::default()
    }
}

#[tokio::test]
async fn a_visit_of_another_day_happened_then_and_was_written_down_now() {
    let stage = stage().await;
    let (access, nurse) = (&stage.world.access, &stage.nurse);
    let mut rosa = access.read(nurse, &Key::new("Patient", "rosa")).await.unwrap().value();
    rosa.set("birthDate", "2026-10");
    stage.world.update(nurse, &rosa).await.unwrap();
    let on = |day: &str| Form { date: day.parse().ok(), last_period: String::new(), ..form() };
    for unborn in ["2026-09-30", "2025-11-01"] {
        assert_eq!(record::sign(access, nurse, &on(unborn)).await.unwrap_err().kind(), Kind::Invalid, "{unborn}");
    }
    let encounter = record::sign(access, nurse, &on("2026-10-17")).await.unwrap();
    let note = note_of(access, nurse, &encounter).await.unwrap();
    let mut seen = 0;
    for part in note.items("section").iter().flat_map(|one| one.items("entry")) {
        let (kind, id) = part.text_at(&["reference"]).unwrap().split_once('/').unwrap();
        let value = access.read(nurse, &Key::new(kind, id)).await.unwrap().value();
        for written in ["recordedDate", "dateAsserted"].into_iter().filter_map(|name| value.text_at(&[name])) {
            assert_eq!(written, nurse.now.to_string(), "{value}");
            seen += 1;
        }
        for happened in ["effectiveDateTime", "authoredOn"].into_iter().filter_map(|name| value.text_at(&[name])) {
            assert_eq!(happened, "2026-10-17", "{value}");
        }
        if kind == "Condition" {
            assert_eq!(value.text_at(&["extension", "valueDateTime"]), Some("2026-10-17"));
        }
    }
    assert_eq!(seen, 4, "two diagnoses, an allergy, a medicine");
}

#[tokio::test]
async fn a_visit_is_signed_whole_added_to_and_moved_to_the_right_person() {
    let stage = stage().await;
    let (access, nurse) = (&stage.world.access, &stage.nurse);
    let typed = vec![("reason".to_owned(), "Contr".to_owned())];
    draft::save(access, nurse, "rosa", &typed, 0).await.unwrap();
    let kept = draft::load(access, nurse, "rosa").await.unwrap();
    assert_eq!((kept.version, kept.typed, kept.signed), (1, typed.clone(), None));
    assert_eq!(draft::save(access, nurse, "rosa", &typed, 0).await.unwrap_err().kind(), Kind::Conflict);
    let unusual = Form { vitals: vec![("temperature".into(), "41".into())], ..form() };
    assert_eq!(record::sign(access, nurse, &unusual).await.unwrap_err().kind(), Kind::Invalid);

    let old = Form { sheet: Some(0), ..form() };
    assert_eq!(record::sign(access, nurse, &old).await.unwrap_err().kind(), Kind::Conflict, "an older sheet");
    let encounter = record::sign(access, nurse, &Form { sheet: Some(1), ..form() }).await.unwrap();
    let kept = draft::load(access, nurse, "rosa").await.unwrap();
    assert_eq!((kept.typed, kept.signed), (Vec::new(), Some(encounter.clone())), "gone with the signature");
    let again = Form { sheet: Some(1), ..form() };
    assert_eq!(record::sign(access, nurse, &again).await.unwrap_err().kind(), Kind::Conflict, "signed once");
    record::addend(access, nurse, &encounter, "Olvidé anotar: sin edema").await.unwrap();
    let note = note_of(access, nurse, &encounter).await.unwrap();
    let parts = |note: &fhir::Value| note.items("section").iter().map(|one| one.items("entry").len()).sum::<usize>();
    assert_eq!(parts(&note), 13);

    stage.world.person(nurse, "maria", "Caal").await;
    let maria = Named { id: "maria".into(), name: "María Caal".into() };
    assert_eq!(move_to(access, nurse, &encounter, &maria, " ").await.unwrap_err().kind(), Kind::Invalid);
    let moved = move_to(access, nurse, &encounter, &maria, "Era su hermana").await.unwrap();
    let old = access.read(nurse, &Key::new("Encounter", encounter.as_str())).await.unwrap().value();
    assert_eq!(old.text_at(&["status"]), Some("entered-in-error"));
    let new = access.read(nurse, &Key::new("Encounter", moved.as_str())).await.unwrap().value();
    assert_eq!(
        (new.text_at(&["status"]), new.text_at(&["subject", "reference"])),
        (Some("finished"), Some("Patient/maria"))
    );
    let note = note_of(access, nurse, &moved).await.unwrap();
    assert_eq!(parts(&note), 13);
    for part in note.items("section").iter().flat_map(|one| one.items("entry")) {
        let (kind, id) = part.text_at(&["reference"]).unwrap().split_once('/').unwrap();
        let value = access.read(nurse, &Key::new(kind, id)).await.unwrap().value();
        assert!(value.to_string().contains("Patient/maria") && !value.to_string().contains("Patient/rosa"), "{value}");
    }
    entered_in_error(access, nurse, &moved, "No fue consulta").await.unwrap();
    let gone = access.read(nurse, &Key::new("Encounter", moved.as_str())).await.unwrap().value();
    assert_eq!(gone.text_at(&["status"]), Some("entered-in-error"));
}

#[tokio::test]
async fn a_later_visit_says_what_became_of_what_was_noted_and_history_keeps_it() {
    let stage = stage().await;
    let (access, nurse) = (&stage.world.access, &stage.nurse);
    let first = record::sign(access, nurse, &form()).await.unwrap();
    let note = note_of(access, nurse, &first).await.unwrap();
    let entries: Vec<Key> = note
        .items("section")
        .iter()
        .flat_map(|one| one.items("entry"))
        .filter_map(|one| one.text_at(&["reference"])?.split_once('/'))
        .map(|(kind, id)| Key::new(kind, id))
        .collect();
    let of = |kind: &str| entries.iter().find(|key| key.resource_type == kind).unwrap().clone();
    let settled = |kind: &str, outcome| Settled { key: of(kind), outcome };
    let later = |settled: Vec<Settled>| Form { settled, allergies: vec![], medicines: vec![], ..form() };
    let said = later(vec![
        settled("Condition", Outcome::Resolved),
        settled("AllergyIntolerance", Outcome::Mistaken),
        settled("MedicationStatement", Outcome::Stopped),
    ]);
    let second = record::sign(access, nurse, &said).await.unwrap();
    let read = async |kind: &str| access.read(nurse, &of(kind)).await.unwrap();
    let condition = read("Condition").await;
    assert_eq!(condition.value().text_at(&["clinicalStatus", "coding", "code"]), Some("resolved"));
    assert!(condition.value().text_at(&["abatementDateTime"]).is_some());
    assert_eq!(condition.version, 2, "the first version stays in its history");
    let allergy = read("AllergyIntolerance").await.value();
    assert_eq!(allergy.text_at(&["verificationStatus", "coding", "code"]), Some("entered-in-error"));
    assert!(allergy.get("clinicalStatus").is_none(), "ait-2");
    assert_eq!(read("MedicationStatement").await.value().text_at(&["status"]), Some("stopped"));
    for value in [condition.value(), allergy] {
        assert_eq!(fhir::validate(&value), []);
    }
    let told = note_of(access, nurse, &second).await.unwrap().to_string();
    assert!(told.contains("Anemia en el embarazo: se resolvió") && told.contains("Penicilina"), "{told}");

    let again = record::sign(access, nurse, &later(vec![settled("Condition", Outcome::Inactive)])).await;
    assert_eq!(again.unwrap_err().kind(), Kind::Invalid, "it is settled already");
    let odd = record::sign(access, nurse, &later(vec![settled("AllergyIntolerance", Outcome::Stopped)])).await;
    assert_eq!(odd.unwrap_err().kind(), Kind::Invalid);
    stage.world.person(nurse, "maria", "Caal").await;
    let mut other = later(vec![settled("MedicationStatement", Outcome::Stopped)]);
    other.patient = Named { id: "maria".into(), name: "María Caal".into() };
    assert_eq!(record::sign(access, nurse, &other).await.unwrap_err().kind(), Kind::NotFound);
    entered_in_error(access, nurse, &second, "Era de otra").await.unwrap();
    assert_eq!(read("Condition").await.value().text_at(&["clinicalStatus", "coding", "code"]), Some("resolved"));
}
