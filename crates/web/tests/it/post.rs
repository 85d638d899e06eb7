//! A nurse's way from the visit to the sent referral, and what comes back to her.

use std::sync::Arc;

use access::{Role, system};
use axum::http::StatusCode;
use care::referral::Named;
use care::referral::draft::Draft;
use fhir::json;
use testkit::{HOSPITAL, POST, World};

use crate::Site;
use crate::house::well_made;

/// Rosa's referral to the hospital's eye clinic, as her post writes it.
pub fn draft() -> Draft {
    Draft {
        patient: Named { id: "rosa".into(), name: "Rosa Tzub".into() },
        service: "oftalmologia".into(),
        destination: Named { id: HOSPITAL.into(), name: "Hospital Regional de Cobán".into() },
        reason: "Ve menos del ojo derecho".into(),
        diagnoses: vec![("H25".into(), "Catarata senil".into())],
        done: "Agudeza visual tomada".into(),
        signs: Some(vec![]),
        ..Draft::default()
    }
}

/// A network in which the hospital offers services to the municipality of the post, and Rosa.
pub async fn site() -> Site {
    let site = Site::governed(vec![Arc::new(care::CareGovernor)]).await;
    let world = &site.world;
    let cx = world.system();
    world.put(&cx, "gt-1601", place()).await;
    located(world, POST).await;
    located(world, HOSPITAL).await;
    for (id, code) in [("ojos", "oftalmologia"), ("urgencias", "emergencia")] {
        serves(world, HOSPITAL, id, code).await;
    }
    world.person(&world.nurse("Ana"), "rosa", "Tzub").await;
    site
}

async fn located(world: &World, id: &str) {
    let location = json!({ "resourceType": "Location", "status": "active", "name": id, "mode": "instance",
        "managingOrganization": { "reference": format!("Organization/{id}") },
        "partOf": { "reference": "Location/gt-1601" } });
    world.put(&world.system(), id, location).await;
    facility(world, id).await;
}

/// A facility offers a service to the municipality of the post.
pub async fn serves(world: &World, facility: &str, id: &str, code: &str) {
    let service = json!({ "resourceType": "HealthcareService", "active": true, "name": code,
        "providedBy": { "reference": format!("Organization/{facility}") },
        "specialty": [{ "coding": [{ "system": system::SPECIALTY, "code": code }] }],
        "coverageArea": [{ "reference": "Location/gt-1601" }] });
    world.put(&world.system(), id, service).await;
}

/// Another facility offers a service to the same municipality.
pub async fn offers(world: &World, facility: &str, id: &str, code: &str) {
    located(world, facility).await;
    serves(world, facility, id, code).await;
}

/// Two free places for the eyes: on the first of December, and one that is over in a minute.
pub async fn places(world: &World) {
    let cx = world.system();
    let schedule = json!({ "resourceType": "Schedule", "active": true,
        "actor": [{ "reference": "HealthcareService/ojos" }] });
    world.put(&cx, "agenda", schedule).await;
    let times = [("s1", "12-01T14:00", "12-01T14:20"), ("ya", "11-24T13:41", "11-24T14:01")];
    for (id, start, end) in times {
        let slot = json!({ "resourceType": "Slot", "meta": { "profile": [system::PROFILE_SLOT] },
            "schedule": { "reference": "Schedule/agenda" }, "status": "free",
            "start": format!("2026-{start}:00Z"), "end": format!("2026-{end}:00Z") });
        world.put(&cx, id, slot).await;
    }
}

fn place() -> fhir::Value {
    json!({ "resourceType": "Location", "status": "active", "name": "Cobán", "mode": "instance",
        "physicalType": { "coding": [{ "system": system::TERRITORY_LEVEL, "code": "municipio" }] },
        "type": [{ "coding": [{ "system": system::TERRITORY_LEVEL, "code": "municipio" }] }] })
}

async fn facility(world: &World, id: &str) {
    let cx = world.system();
    let stored = world.access.read(&cx, &store::Key::new("Organization", id)).await.unwrap();
    let mut organization = stored.value();
    organization.set("identifier", json!([{ "system": system::FACILITY_ID, "value": id }]));
    world.update(&cx, &organization).await.unwrap();
}

const SIGNED: [(&str, &str); 8] = [
    ("motivo", "Ve menos del ojo derecho"),
    ("hallazgos", "Opacidad del cristalino"),
    ("systolic", "112"),
    ("diastolic", "70"),
    ("temperature", "36,5"),
    ("dx1", "ojo nublado zzz"),
    ("plan", "Referir"),
    ("boton", "firmar"),
];

#[tokio::test]
async fn a_nurse_attends_signs_and_sends_a_referral() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let sheet = nurse.get("/personas/rosa/atender").await;
    well_made("/personas/rosa/atender", &sheet);
    let wrong = [("motivo", "Ve menos"), ("temperature", "365"), ("dx1", "zzz"), ("boton", "firmar")];
    let answer = nurse.submit(&sheet, "/personas/rosa/atender", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("entre 28 y 44 °C") && answer.body.contains(r#"value="365""#), "{}", answer.body);
    let again = nurse.get("/personas/rosa/atender").await;
    assert!(again.body.contains(r#"value="365""#), "the draft stays on the server");
    let signed = nurse.submit(&answer, "/personas/rosa/atender", &SIGNED).await;
    assert_eq!(signed.status, StatusCode::SEE_OTHER, "{}", signed.body);
    let twice = nurse.submit(&answer, "/personas/rosa/atender", &SIGNED).await;
    assert_eq!(twice.location(), signed.location(), "the same form twice signs once");
    let after = nurse.get(signed.location()).await;
    well_made("/personas/rosa/atendida", &after);
    let visit = signed.location().split("visita=").nth(1).unwrap().to_owned();
    let refer = format!("/personas/rosa/referir?visita={visit}");
    assert!(after.body.contains(&refer), "{}", after.body);

    let signs = nurse.get(&refer).await;
    well_made("/personas/rosa/referir", &signs);
    let silent = nurse.submit(&signs, "/personas/rosa/referir", &[("visita", &visit)]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "none must be said expressly");
    let none = [("visita", visit.as_str()), ("senal", "ninguna")];
    let draft = nurse.submit(&silent, "/personas/rosa/referir", &none).await;
    assert!(draft.location().starts_with("/personas/rosa/referir?borrador="), "{}", draft.body);
    let details = nurse.get(draft.location()).await;
    well_made("/personas/rosa/referir", &details);
    assert!(details.body.contains("ojo nublado zzz"), "the visit's diagnosis is filled in");
    let (id, version) = (details.hidden("borrador"), details.hidden("version"));
    let chosen = [("borrador", id.as_str()), ("version", &version), ("servicio", "oftalmologia"), ("boton", "lugares")];
    let kept = nurse.submit(&details, "/personas/rosa/referir", &chosen).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.body);
    let stale = nurse.submit(&nurse.clone().get(draft.location()).await, "/personas/rosa/referir", &chosen).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.body.contains("Alguien lo cambió antes"), "{}", stale.body);

    let details = nurse.get(kept.location()).await;
    assert!(details.body.contains("Hospital Regional de Cobán"), "{}", details.body);
    let version = details.hidden("version");
    let send = [
        ("borrador", id.as_str()),
        ("version", &version),
        ("servicio", "oftalmologia"),
        ("servicio-visto", "oftalmologia"),
        ("senal", "ninguna"),
        ("destino", HOSPITAL),
        ("prioridad", "routine"),
        ("motivo", "Ve menos del ojo derecho desde hace un año"),
        ("hecho", "Agudeza visual tomada"),
        ("dx1", "ojo nublado zzz"),
        ("boton", "enviar"),
    ];
    let sent = nurse.submit(&details, "/personas/rosa/referir", &send).await;
    assert_eq!(sent.location(), format!("/referencias/{id}/enviada"), "{}", sent.body);
    let page = nurse.get(sent.location()).await;
    well_made("/referencias/enviada", &page);
    assert!(page.body.contains("Número REF-2026-") && page.body.contains("Coordinación de red"), "{}", page.body);
}

#[tokio::test]
async fn a_danger_sign_opens_the_transfer_before_anything_else() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let signs = nurse.get("/personas/rosa/referir").await;
    let both = nurse.submit(&signs, "/personas/rosa/referir", &[("senal", "convulsion"), ("senal", "ninguna")]).await;
    assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY, "a sign and none contradict");
    let urgent = nurse.submit(&both, "/personas/rosa/referir", &[("senal", "convulsion")]).await;
    assert!(urgent.location().ends_with("/traslado"), "{}", urgent.body);
    let path = urgent.location().to_owned();
    let page = nurse.get(&path).await;
    well_made("/referencias/traslado", &page);
    assert!(page.body.contains("Convulsión") && !page.body.contains("no es urgencia"), "{}", page.body);
    let id = path.split('/').nth(2).unwrap();
    let refer = nurse.get(&format!("/personas/rosa/referir?borrador={id}")).await;
    assert_eq!(refer.location(), path, "no other option is shown");
    let version = page.hidden("version");
    let ask = [("version", version.as_str()), ("destino", HOSPITAL), ("motivo", "Convulsionó hace una hora")];
    let asked = nurse.submit(&page, &path, &ask).await;
    assert_eq!(asked.location(), path, "{}", asked.body);
    let state = nurse.get(&path).await;
    assert!(state.body.contains("Traslado urgente solicitado") && state.body.contains("Espera en"), "{}", state.body);
}

#[tokio::test]
async fn a_referral_for_an_eye_clinic_is_transferred_to_who_takes_emergencies() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let (access, cx) = (&site.world.access, site.world.nurse("Otra"));
    let named = |id: &str| care::referral::Named { id: id.into(), name: id.into() };
    let draft = care::referral::draft::Draft {
        patient: named("rosa"),
        service: "oftalmologia".into(),
        destination: named("clinica-ojos"),
        reason: "Ve menos".into(),
        signs: Some(vec![]),
        ..Default::default()
    };
    let written = care::referral::draft::start_draft(access, &cx, &draft).await.unwrap();
    let sent = care::referral::send::send(access, &cx, &written).await.unwrap();
    let path = format!("/referencias/{}/traslado", sent.id());
    let page = nurse.get(&path).await;
    well_made("/referencias/traslado", &page);
    let version = page.hidden("version");
    let nowhere = [("version", version.as_str()), ("motivo", "Golpe en el ojo")];
    let again = nurse.submit(&page, &path, &nowhere).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "who takes it has to be chosen");
    let ask = [("version", version.as_str()), ("destino", HOSPITAL), ("motivo", "Golpe en el ojo")];
    let asked = nurse.submit(&again, &path, &ask).await;
    assert_eq!(asked.location(), path, "{}", asked.body);
    let moved = care::referral::Referral::load(access, &cx, sent.id()).await.unwrap();
    assert_eq!((moved.destination().id.as_str(), moved.service().id.as_str()), (HOSPITAL, "emergencia"));
    let state = nurse.get(&path).await;
    assert!(state.body.contains("Antes iba a: Oftalmología, clinica-ojos"), "{}", state.body);
}

#[tokio::test]
async fn codes_that_an_operator_loads_are_offered_at_once_and_go_when_they_are_deleted() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let sheet = nurse.get("/personas/rosa/atender").await;
    let typed = [("motivo", "Le pica"), ("temperature", "365"), ("dx1", "acarosis rara"), ("boton", "firmar")];
    let before = nurse.submit(&sheet, "/personas/rosa/atender", &typed).await;
    assert!(!before.body.contains("B889"), "{}", before.body);
    let codes = json!({ "resourceType": "CodeSystem", "url": system::ICD10, "status": "active", "content": "fragment",
        "concept": [{ "code": "B88.9", "display": "Acarosis rara" }] });
    site.world.put(&site.world.system(), "cie", codes).await;
    let offered = nurse.submit(&before, "/personas/rosa/atender", &typed).await;
    assert!(offered.body.contains("B889 Acarosis rara"), "{}", offered.body);
    let change = store::Change {
        key: store::Key::new("CodeSystem", "cie"),
        expect: store::Expect::Any,
        write: store::Write::Delete,
    };
    site.world.change(&site.world.system(), "delete", change).await.unwrap();
    let after = nurse.submit(&offered, "/personas/rosa/atender", &typed).await;
    assert!(!after.body.contains("B889"), "{}", after.body);
}
