//! What clinicians rely on: nothing struck shows as current, danger is told first, nothing typed is lost.

use access::Role;
use care::visit::mend;
use testkit::POST;

use crate::browser::{Answer, Browser};
use crate::house::well_made;
use crate::post::site;

/// A visit with an allergy and a pressure that is dangerous in pregnancy.
const DANGEROUS: [(&str, &str); 8] = [
    ("motivo", "Dolor de cabeza"),
    ("systolic", "170"),
    ("diastolic", "112"),
    ("regla", "21/04/2026"),
    ("proteina", "si"),
    ("alergias", "Penicilina"),
    ("dx1", "presion alta zzz"),
    ("plan", "Referir"),
];

/// Signs a visit; gives the id of the Encounter.
async fn signed(nurse: &mut Browser, fields: &[(&str, &str)]) -> (String, Answer) {
    let sheet = nurse.get("/personas/rosa/atender").await;
    let fields = [fields, &[("boton", "firmar")]].concat();
    let answer = nurse.submit(&sheet, "/personas/rosa/atender", &fields).await;
    let id = answer.location().split("visita=").nth(1).unwrap_or_else(|| panic!("{}", answer.body)).to_owned();
    (id, answer)
}

#[tokio::test]
async fn what_was_struck_is_no_longer_current_anywhere() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let (encounter, _) = signed(&mut nurse, &DANGEROUS).await;
    let before = nurse.get("/personas/rosa").await;
    assert!(before.body.contains("Penicilina") && before.body.contains("presion alta zzz"), "{}", before.body);
    let danger = nurse.get("/personas/rosa/referir").await;
    assert!(danger.body.contains("140/90"), "{}", danger.body);
    let cx = site.world.nurse("Ana");
    mend::entered_in_error(&site.world.access, &cx, &encounter, "Era de su hermana").await.unwrap();
    let after = nurse.get("/personas/rosa").await;
    well_made("/personas/rosa", &after);
    for gone in ["Penicilina", "presion alta zzz", "Dolor de cabeza", "170"] {
        assert!(!after.body.contains(gone), "{gone}: {}", after.body);
    }
    assert!(after.body.contains("Anulada") && after.body.contains("Era de su hermana"), "{}", after.body);
    let calm = nurse.get("/personas/rosa/referir").await;
    assert!(!calm.body.contains("140/90") && !calm.body.contains("Penicilina"), "{}", calm.body);
    let sheet = nurse.get("/personas/rosa/atender").await;
    assert!(!sheet.body.contains(r#"value="21/04/2026""#), "{}", sheet.body);
}

#[tokio::test]
async fn danger_is_told_on_the_sheet_and_after_the_signature_with_the_transfer_first() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let sheet = nurse.get("/personas/rosa/atender").await;
    assert!(!sheet.body.contains("Pedir traslado urgente"));
    let kept = [&DANGEROUS[..], &[("boton", "guardar")]].concat();
    let kept = nurse.submit(&sheet, "/personas/rosa/atender", &kept).await;
    let draft = nurse.get(kept.location()).await;
    well_made("/personas/rosa/atender", &draft);
    let place = |page: &Answer, text: &str| page.body.find(text).unwrap_or_else(|| panic!("{text}: {}", page.body));
    assert!(place(&draft, "140/90") < place(&draft, "Pedir traslado urgente"));
    assert!(place(&draft, "Pedir traslado urgente") < place(&draft, "Motivo de consulta"));
    let urgent = [&DANGEROUS[..], &[("hallazgos", "Edema"), ("boton", "trasladar")]].concat();
    let urgent = nurse.submit(&draft, "/personas/rosa/atender", &urgent).await;
    let transfer = nurse.get(urgent.location()).await;
    for kept in ["Dolor de cabeza", "Edema. ", "170 mmHg"] {
        assert!(transfer.body.contains(kept), "{kept}: {}", transfer.body);
    }

    let (_, answer) = signed(&mut nurse, &DANGEROUS).await;
    let after = nurse.get(answer.location()).await;
    well_made("/personas/rosa/atendida", &after);
    assert!(place(&after, "140/90") < place(&after, "Pedir traslado urgente"));
    assert!(place(&after, "Pedir traslado urgente") < place(&after, ">Referir<"));
    let act = [("visita", after.hidden("visita")), ("senal", after.hidden("senal"))];
    let act: Vec<(&str, &str)> = act.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let asked = nurse.submit(&after, "/personas/rosa/referir", &act).await;
    assert!(asked.location().ends_with("/traslado"), "{}", asked.body);
}

#[tokio::test]
async fn an_urgent_transfer_loses_nothing_that_the_draft_holds() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let (encounter, _) = signed(&mut nurse, &DANGEROUS).await;
    let refer = format!("/personas/rosa/referir?visita={encounter}");
    let signs = nurse.get(&refer).await;
    let tick = [("visita", encounter.as_str()), ("senal", "convulsion")];
    let path = nurse.submit(&signs, "/personas/rosa/referir", &tick).await.location().to_owned();
    let page = nurse.get(&path).await;
    let typed = [("version", page.hidden("version")), ("hecho", "Sulfato de magnesio 4 g".to_owned())];
    let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let kept = nurse.submit(&page, &path, &[&typed[..], &[("boton", "guardar")]].concat()).await;
    assert_eq!(kept.location(), path, "it is kept without a place: {}", kept.body);
    let page = nurse.get(&path).await;
    assert!(page.body.contains("Sulfato de magnesio 4 g"), "{}", page.body);
    let version = page.hidden("version");
    let ask = [("version", version.as_str()), ("destino", testkit::HOSPITAL), ("motivo", "Convulsiona")];
    let asked = nurse.submit(&page, &path, &ask).await;
    assert_eq!(asked.location(), path, "{}", asked.body);
    let id = path.split('/').nth(2).unwrap();
    let cx = site.world.nurse("Ana");
    let sent = care::referral::Referral::load(&site.world.access, &cx, id).await.unwrap();
    assert_eq!((sent.reason(), sent.done()), ("Convulsiona", "Sulfato de magnesio 4 g"));
    assert!(!sent.request.items("supportingInfo").is_empty(), "what was measured goes along");
}

#[tokio::test]
async fn without_an_emergency_on_record_every_hospital_is_offered_with_its_telephone() {
    let site = site().await;
    let cx = site.world.system();
    let key = store::Key::new("HealthcareService", "urgencias");
    let mut service = site.world.access.read(&cx, &key).await.unwrap().value();
    service.set("active", false);
    site.world.update(&cx, &service).await.unwrap();
    let hospital = fhir::json!({ "resourceType": "Organization", "active": true, "name": "Hospital de Salam\u{e1}",
        "identifier": [{ "system": access::system::FACILITY_ID, "value": "hospital-salama" }],
        "type": [{ "coding": [{ "system": access::system::FACILITY_TYPE, "code": "hospital-departamental" }] }],
        "telecom": [{ "system": "phone", "value": "7940 0000" }] });
    site.world.put(&cx, "hospital-salama", hospital).await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let signs = nurse.get("/personas/rosa/referir").await;
    let path = nurse.submit(&signs, "/personas/rosa/referir", &[("senal", "convulsion")]).await.location().to_owned();
    let page = nurse.get(&path).await;
    well_made("/referencias/traslado", &page);
    assert!(page.body.contains("7940 0000") && page.body.contains("llame antes de salir"), "{}", page.body);
    let version = page.hidden("version");
    let ask = [("version", version.as_str()), ("destino", "hospital-salama"), ("motivo", "Convulsiona")];
    let asked = nurse.submit(&page, &path, &ask).await;
    assert_eq!(asked.location(), path, "{}", asked.body);
}

#[tokio::test]
async fn a_recent_birth_and_an_uncertain_age_reach_the_danger_signs() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let birth = [("motivo", "Dolor de cabeza"), ("systolic", "165"), ("diastolic", "100"), ("parto", "si")];
    let birth = [&birth[..], &[("dx1", "presion alta zzz")]].concat();
    let (_, answer) = signed(&mut nurse, &birth).await;
    assert!(nurse.get(answer.location()).await.body.contains("posparto"));
    let key = store::Key::new("Patient", "rosa");
    let mut rosa = site.world.access.read(&site.world.system(), &key).await.unwrap().value();
    rosa.set("birthDate", "2026");
    site.world.update(&site.world.system(), &rosa).await.unwrap();
    let signs = nurse.get("/personas/rosa/referir").await;
    assert!(signs.body.contains("No puede beber o mamar"), "{}", signs.body);
}
