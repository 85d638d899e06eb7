//! A record that has grown: what is known stays known, and the oldest visit is told as whole as the last.

use access::Role;
use axum::http::StatusCode;
use care::referral::Named;
use care::visit::form::{Diagnosis, Form, Treatment};
use care::visit::record;
use care::visit::vitals::VITALS;
use testkit::{OTHER_POST, POST};

use crate::Site;
use crate::house::well_made;
use crate::post::site;

/// A visit of that day of this month with every measure, one diagnosis and one treatment.
fn visit(day: usize) -> Form {
    let value = |field: &str| match field {
        "systolic" => (100 + day).to_string(),
        "diastolic" => "70".to_owned(),
        field => {
            let vital = VITALS.iter().find(|one| one.field == field).unwrap();
            vital.soft.0.max(vital.hard.0).to_string()
        }
    };
    Form {
        patient: Named { id: "rosa".into(), name: "Rosa Tzub".into() },
        date: format!("2026-11-{day:02}").parse().ok(),
        reason: format!("motivo-{day:02}"),
        vitals: VITALS.iter().map(|one| (one.field.to_owned(), value(one.field))).collect(),
        diagnoses: vec![Diagnosis { words: format!("dolencia-{day:02}"), ..Diagnosis::default() }],
        treatments: vec![Treatment {
            words: format!("remedio-{day:02}"),
            quantity: 10,
            delivered: 8,
            ..Treatment::default()
        }],
        plan: "Control".into(),
        ..Form::default()
    }
}

/// Rosa after fifteen visits; the first also told who she is.
async fn grown() -> Site {
    let site = site().await;
    let cx = site.world.nurse("Ana");
    let known = [("escolaridad", "Sexto primaria"), ("discapacidad", "Auditiva"), ("ocupacion", "Tejedora")];
    for day in 1..=15 {
        let mut form = visit(day);
        if day == 1 {
            form.traits = known.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            form.diagnoses.push(Diagnosis { words: "asma-vieja".into(), problem: true, ..Diagnosis::default() });
        }
        record::sign(&site.world.access, &cx, &form).await.unwrap();
    }
    site
}

#[tokio::test]
async fn after_fifteen_visits_what_is_known_is_still_filled_in() {
    let site = grown().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let sheet = nurse.get("/personas/rosa/atender").await;
    for known in ["Sexto primaria", "Auditiva", "Tejedora"] {
        assert!(sheet.body.contains(&format!(r#"value="{known}""#)), "{known}: {}", sheet.body);
    }
    assert!(sheet.body.contains("asma-vieja"), "{}", sheet.body);
}

#[tokio::test]
async fn after_fifteen_visits_the_line_goes_on_to_the_first_and_tells_it_whole() {
    let site = grown().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let first = nurse.get("/personas/rosa").await;
    well_made("/personas/rosa", &first);
    for part in ["motivo-15", "dolencia-15", "115/70 mmHg", "remedio-15", "Tratamiento"] {
        assert!(first.body.contains(part), "{part}: {}", first.body);
    }
    assert!(!first.body.contains("motivo-01"));
    let older = first.body.split("antes=").nth(1).expect("a way to the older ones");
    let older = format!("/personas/rosa?ver=&antes={}", &older[..older.find('"').unwrap()]);
    let page = nurse.get(&older).await;
    well_made("/personas/rosa", &page);
    assert_eq!(page.status, StatusCode::OK);
    for part in ["motivo-01", "dolencia-01", "asma-vieja", "101/70 mmHg", "remedio-01", "Lo más reciente"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let told = |day: usize| [&first, &page].iter().filter(|one| one.body.contains(&format!("motivo-{day:02}"))).count();
    assert_eq!((1..=15).map(told).collect::<Vec<_>>(), [1; 15], "each visit stands once");
    let treatments = nurse.get("/personas/rosa?ver=tratamientos").await;
    assert!(treatments.body.contains("remedio-01") && !treatments.body.contains("motivo-15"), "{}", treatments.body);
}

#[tokio::test]
async fn who_comes_with_a_child_is_filled_in_from_what_is_known() {
    let site = site().await;
    let cx = site.world.system();
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let mut rosa = site.world.access.read(&cx, &store::Key::new("Patient", "rosa")).await.unwrap().value();
    rosa.set("contact", fhir::json!([{ "name": { "text": "Domingo Pop" } }]));
    for (birth, comes) in [("2019-03-02", true), ("1990-03-02", false)] {
        rosa.set("birthDate", birth);
        site.world.update(&cx, &rosa).await.unwrap();
        rosa = site.world.access.read(&cx, &store::Key::new("Patient", "rosa")).await.unwrap().value();
        let sheet = nurse.get("/personas/rosa/atender").await;
        assert_eq!(sheet.body.contains(r#"value="Domingo Pop""#), comes, "born {birth}");
    }
}

#[tokio::test]
async fn the_page_tells_where_somebody_belongs_and_with_whom_they_live() {
    let site = site().await;
    let (world, cx) = (&site.world, site.world.system());
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let mut rosa = world.access.read(&cx, &store::Key::new("Patient", "rosa")).await.unwrap().value();
    let place = fhir::json!({ "resourceType": "Location", "status": "active", "name": "Sesarb", "mode": "instance",
        "identifier": [{ "system": access::system::INE, "value": "x" }],
        "type": [{ "coding": [{ "system": access::system::TERRITORY_LEVEL, "code": "comunidad" }] }],
        "partOf": { "reference": "Location/gt-1601" } });
    world.put(&cx, "com-sesarb", place).await;
    let pueblo = fhir::json!({ "system": access::system::PUEBLO, "code": "maya" });
    rosa.set(
        "extension",
        fhir::json!([
            { "url": access::system::EXT_COMMUNITY, "valueReference": { "reference": "Location/com-sesarb" } },
            { "url": access::system::EXT_ASSIGNED_POST,
                "valueReference": { "reference": format!("Organization/{POST}") } },
            { "url": access::system::EXT_PUEBLO, "valueCoding": pueblo },
        ]),
    );
    world.update(&cx, &rosa).await.unwrap();
    world.person(&world.nurse("Ana"), "pedro", "Pop").await;
    let elsewhere = world.at("Eva", Role::Nurse, OTHER_POST);
    world.person(&elsewhere, "lejana", "Coc").await;
    let member = |id: &str| fhir::json!({ "entity": { "reference": format!("Patient/{id}") } });
    let home = fhir::json!({ "resourceType": "Group", "active": true, "type": "person", "actual": true,
        "meta": { "security": [{ "system": access::system::CUSTODIAN, "code": "MSPAS" }] },
        "code": { "coding": [{ "system": access::system::KIND, "code": "hogar" }] },
        "managingEntity": { "reference": format!("Organization/{POST}") },
        "member": [member("rosa"), member("pedro"), member("lejana")] });
    world.put(&cx, "hogar-1", home).await;
    let page = nurse.get("/personas/rosa").await;
    well_made("/personas/rosa", &page);
    for words in ["Sesarb", "Puesto de salud Chicoj", "Maya", "Vive con", "Rosa Pop"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains("Coc"), "whoever may not be seen is not named: {}", page.body);
}
