//! What clinicians rely on: nothing struck shows as current, danger is told first, nothing typed is lost.

use access::Role;
use axum::http::StatusCode;
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
    let sheet_of = |page: &Answer| page.body.split("<main").nth(1).unwrap_or_default().to_owned();
    let first = |page: &Answer| sheet_of(page).split("<button ").map(str::to_owned).nth(1).unwrap_or_default();
    assert!(first(&sheet).contains(r#"value="guardar""#), "Enter keeps a calm sheet as a draft: {}", first(&sheet));
    let kept = [&DANGEROUS[..], &[("boton", "guardar")]].concat();
    let kept = nurse.submit(&sheet, "/personas/rosa/atender", &kept).await;
    let draft = nurse.get(kept.location()).await;
    well_made("/personas/rosa/atender", &draft);
    let place = |page: &Answer, text: &str| page.body.find(text).unwrap_or_else(|| panic!("{text}: {}", page.body));
    assert!(place(&draft, "140/90") < place(&draft, "Pedir traslado urgente"));
    assert!(place(&draft, "Pedir traslado urgente") < place(&draft, "Motivo de consulta"));
    let enter = r#"<button class="vh" name="boton" value="guardar" tabindex="-1""#;
    assert!(place(&draft, enter) < place(&draft, "Pedir traslado urgente"), "Enter in a field keeps the draft");
    let urgent = [&DANGEROUS[..], &[("hallazgos", "Edema"), ("boton", "trasladar")]].concat();
    let urgent = nurse.submit(&draft, "/personas/rosa/atender", &urgent).await;
    let transfer = nurse.get(urgent.location()).await;
    for kept in ["Dolor de cabeza", "Edema. ", "170 mmHg"] {
        assert!(transfer.body.contains(kept), "{kept}: {}", transfer.body);
    }
    assert!(!transfer.body.contains("Medido el"), "of today needs no day: {}", transfer.body);

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
async fn a_transfer_for_which_nothing_speaks_any_more_asks_for_danger_first() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let sheet = nurse.get("/personas/rosa/atender").await;
    let mended = [("motivo", "Dolor de cabeza"), ("systolic", "117"), ("diastolic", "72"), ("boton", "trasladar")];
    let asked = nurse.submit(&sheet, "/personas/rosa/atender", &mended).await;
    assert_eq!(asked.location(), "/personas/rosa/referir", "{}", asked.body);
    assert!(nurse.get("/personas/rosa/atender").await.body.contains(r#"value="117""#), "the draft is kept");
    assert!(!nurse.get("/").await.body.contains("/traslado"), "no transfer was begun");
}

#[tokio::test]
async fn a_copy_holds_what_stands_and_nothing_of_a_visit_that_was_moved() {
    let site = site().await;
    site.world.person(&site.world.nurse("Ana"), "maria", "Caal").await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let handed = [("medicamentos", "Fierro"), ("tx1", "Metildopa"), ("tx1-cantidad", "10"), ("tx1-entregado", "10")];
    let kept = [("problema", "si")];
    let (id, _) = signed(&mut nurse, &[&DANGEROUS[..], &handed, &kept].concat()).await;
    let copy = nurse.get("/personas/rosa/copia").await;
    well_made("/personas/{id}/copia", &copy);
    for (label, words) in [("Alergias", "Penicilina"), ("Medicamentos", "Fierro"), ("Problemas", "presion alta zzz")] {
        let rest = copy.body.split("Lo que hay que saber").nth(1).unwrap().split("</section>").next().unwrap();
        assert!(rest.contains(label) && rest.contains(words), "{label}: {rest}");
    }
    let cx = site.world.nurse("Ana");
    let right = care::referral::Named { id: "maria".into(), name: "María Caal".into() };
    mend::move_to(&site.world.access, &cx, &id, &right, "Era de otra persona").await.unwrap();
    let wrong = nurse.get("/personas/rosa/copia.json").await;
    assert_eq!(wrong.status, StatusCode::OK);
    for gone in ["Dolor de cabeza", "Penicilina", "Metildopa", "Fierro", "\"Encounter\"", "entered-in-error"] {
        assert!(!wrong.body.contains(gone), "{gone}: {}", wrong.body);
    }
    let right = nurse.get("/personas/maria/copia.json").await;
    for there in ["Dolor de cabeza", "Penicilina", "\"MedicationDispense\""] {
        assert!(right.body.contains(there), "{there}: {}", right.body);
    }
    let paper = nurse.get("/personas/rosa/copia").await;
    assert!(paper.body.contains("Era de otra persona") && !paper.body.contains("Penicilina"), "{}", paper.body);
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

#[tokio::test]
async fn a_draft_is_gone_on_with_or_thrown_away_after_a_question() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let signs = nurse.get("/personas/rosa/referir").await;
    let calm = nurse.submit(&signs, "/personas/rosa/referir", &[("senal", "ninguna")]).await.location().to_owned();
    let signs = nurse.get("/personas/rosa/referir").await;
    let urgent = nurse.submit(&signs, "/personas/rosa/referir", &[("senal", "convulsion")]).await.location().to_owned();
    let home = nurse.get("/").await;
    well_made("/", &home);
    for path in [&calm, &urgent] {
        assert!(home.body.contains(&format!("href=\"{path}\">Seguir")), "{path}: {}", home.body);
    }
    let id = calm.split("borrador=").nth(1).unwrap();
    let path = format!("/referencias/{id}/descartar");
    assert!(nurse.get(&format!("/referencias/{id}")).await.body.contains(&path));
    let page = nurse.get(&path).await;
    well_made("/referencias/descartar", &page);
    let version = page.hidden("version");
    let gone = nurse.submit(&page, &path, &[("version", &version)]).await;
    assert_eq!(gone.location(), "/", "{}", gone.body);
    let home = nurse.get("/").await;
    assert!(!home.body.contains(&calm) && home.body.contains(&urgent), "{}", home.body);
    assert_eq!(nurse.get(&path).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_was_signed_is_read_whole_added_to_moved_and_struck() {
    let site = site().await;
    site.world.person(&site.world.nurse("Ana"), "maria", "Caal").await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let whole = [("hallazgos", "Edema"), ("medicamentos", "Fierro"), ("tx1", "Metildopa"), ("ocupacion", "Tejedora")];
    let (id, _) = signed(&mut nurse, &[&DANGEROUS[..], &whole].concat()).await;
    let here = format!("/atenciones/{id}");
    assert!(nurse.get("/personas/rosa").await.body.contains(&here));
    let page = nurse.get(&here).await;
    well_made("/atenciones", &page);
    let parts = ["Dolor de cabeza", "Edema", "170/112 mmHg", "31 semanas", "positiva", "Penicilina", "Fierro"];
    for part in parts.into_iter().chain(["Metildopa", "Tejedora", "presion alta zzz", "Ixmucan\u{e9} Cucul"]) {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("necesita 0"), "{}", page.body);

    let path = format!("{here}/adenda");
    let page = nurse.get(&path).await;
    well_made("/atenciones/adenda", &page);
    let empty = nurse.submit(&page, &path, &[]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let added = nurse.submit(&empty, &path, &[("adenda", "Sin convulsiones")]).await;
    assert!(nurse.get(added.location()).await.body.contains("Sin convulsiones"));

    let path = format!("{here}/mover");
    let page = nurse.get(&path).await;
    well_made("/atenciones/mover", &page);
    let found = nurse.submit(&page, &path, &[("buscar", "caal"), ("boton", "buscar")]).await;
    well_made("/atenciones/mover", &found);
    let fields = [("buscar", "caal"), ("persona", "maria"), ("razon", "Era de otra persona"), ("boton", "mover")];
    let moved = nurse.submit(&found, &path, &fields).await.location().to_owned();
    let page = nurse.get(&moved).await;
    assert!(page.body.contains("Caal") && page.body.contains("Sin convulsiones"), "{}", page.body);
    let old = nurse.get(&here).await;
    assert!(old.body.contains("Era de otra persona") && !old.body.contains("Edema"), "{}", old.body);
    assert_eq!(nurse.get(&format!("{here}/adenda")).await.status, StatusCode::CONFLICT);

    let path = format!("{moved}/anular");
    let page = nurse.get(&path).await;
    well_made("/atenciones/anular", &page);
    let struck = nurse.submit(&page, &path, &[("razon", "No fue consulta")]).await;
    let record = nurse.get(struck.location()).await;
    assert!(record.body.contains("No fue consulta") && !record.body.contains("Penicilina"), "{}", record.body);
}

#[tokio::test]
async fn a_long_list_goes_on_and_only_who_may_act_is_offered_the_act() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let cx = site.world.nurse("Ana");
    let named = care::referral::Named { id: "rosa".into(), name: "Rosa Tzub".into() };
    for _ in 0..27 {
        let draft = care::referral::draft::Draft { patient: named.clone(), ..Default::default() };
        care::referral::draft::start_draft(&site.world.access, &cx, &draft).await.unwrap();
    }
    let home = nurse.get("/").await;
    well_made("/", &home);
    assert_eq!(home.body.matches(">Seguir").count(), 10);
    assert!(home.body.contains("href=\"/pendientes/borradores\""), "{}", home.body);
    let first = nurse.get("/pendientes/borradores").await;
    well_made("/pendientes/borradores", &first);
    assert_eq!(first.body.matches(">Seguir").count(), 25);
    let second = nurse.get("/pendientes/borradores?pagina=2").await;
    assert_eq!(second.body.matches(">Seguir").count(), 2);
    assert_eq!(nurse.get("/pendientes/otra").await.status, StatusCode::NOT_FOUND);
    let mut community = site.logged_in("pedro", Role::CommunityWorker, POST).await;
    let home = community.get("/").await;
    assert!(!home.body.contains(">Seguir"), "{}", home.body);
}

#[tokio::test]
async fn what_was_measured_is_overruled_only_with_a_reason_that_stays() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let (encounter, _) = signed(&mut nurse, &DANGEROUS).await;
    let signs = nurse.get(&format!("/personas/rosa/referir?visita={encounter}")).await;
    let none = [("visita", encounter.as_str()), ("senal", "ninguna")];
    let path = nurse.submit(&signs, "/personas/rosa/referir", &none).await.location().to_owned();
    assert!(path.ends_with("/traslado"), "{path}");
    let id = path.split('/').nth(2).unwrap().to_owned();
    let around = nurse.get(&format!("/personas/rosa/referir?borrador={id}")).await;
    assert_eq!(around.location(), path, "no way around it");
    let page = nurse.get(&path).await;
    well_made("/referencias/traslado", &page);
    let version = page.hidden("version");
    let silent = [("version", version.as_str()), ("boton", "no-urgente")];
    let refused = nurse.submit(&page, &path, &silent).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let said = [&silent[..], &[("sin-urgencia", "Brazalete equivocado; 118/76 al repetir")]].concat();
    let gone_on = nurse.submit(&refused, &path, &said).await;
    assert!(gone_on.location().contains("borrador="), "{}", gone_on.body);
    assert_eq!(nurse.get(gone_on.location()).await.status, StatusCode::OK);
    let cx = site.world.nurse("Ana");
    let kept = care::referral::Referral::load(&site.world.access, &cx, &id).await.unwrap();
    let (words, who) = kept.notes().next().unwrap();
    assert!(words.contains("Brazalete equivocado") && words.contains("140/90"), "{words}");
    assert_eq!(who, "Ixmucan\u{e9} Cucul");
    let told = care::referral::worklist::steps(&site.world.access, &cx, &kept).await.unwrap();
    assert!(told.iter().any(|step| step.why.contains("Brazalete equivocado")), "{told:?}");
}

#[tokio::test]
async fn completing_asks_for_danger_signs_again() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let access = &site.world.access;
    let cx = site.world.nurse("Ana");
    let named = |id: &str| care::referral::Named { id: id.into(), name: id.into() };
    let code = |words: &str| ("Z98.8".to_owned(), words.to_owned());
    let draft = care::referral::draft::Draft {
        patient: named("rosa"),
        service: "oftalmologia".into(),
        destination: named(testkit::HOSPITAL),
        reason: "Ve menos".into(),
        diagnoses: vec![code("uno"), code("dos"), code("tres"), code("cuatro")],
        signs: Some(Vec::new()),
        ..Default::default()
    };
    let draft = care::referral::draft::start_draft(access, &cx, &draft).await.unwrap();
    let sent = care::referral::send::send(access, &cx, &draft).await.unwrap();
    let boss = site.world.coordinator("Marta");
    let lacks = care::referral::review::Review::Return(care::referral::review::ReturnReason::TestMissing);
    let back = care::referral::review::review(access, &boss, &sent, &lacks, "Falta la agudeza").await.unwrap();
    let path = format!("/referencias/{}/completar", back.id());
    let page = nurse.get(&path).await;
    well_made("/referencias/completar", &page);
    assert!(page.body.contains("Dej\u{f3} de ver de pronto"), "the service's own signs too: {}", page.body);
    let version = page.hidden("version");
    let fields = [("version", version.as_str()), ("motivo", "Ve menos"), ("nota", "Agudeza 20/200")];
    let dx = [("dx1", "Z98.8 uno"), ("dx2", "Z98.8 dos"), ("dx3", "Z98.8 tres")];
    let fields = [&fields[..], &dx].concat();
    let silent = nurse.submit(&page, &path, &fields).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", silent.body);
    let urgent = nurse.submit(&silent, &path, &[&fields[..], &[("senal", "perdida-vision")]].concat()).await;
    assert!(urgent.location().contains("/traslado?senales=perdida-vision"), "{}", urgent.body);
    assert!(nurse.get(urgent.location()).await.body.contains("de ver de pronto. Ve menos"));
    let again = nurse.get(&path).await;
    let calm = nurse.submit(&again, &path, &[&fields[..], &[("senal", "ninguna")]].concat()).await;
    assert!(calm.location().ends_with("/enviada"), "{}", calm.body);
    let sent = care::referral::Referral::load(access, &cx, back.id()).await.unwrap();
    assert_eq!(sent.request.items("reasonCode").len(), 5, "no diagnosis is lost: {}", sent.request);
}

#[tokio::test]
async fn yesterdays_measures_are_not_signed_as_todays() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let cx = site.world.nurse("Ana");
    let sheet = nurse.get("/personas/rosa/atender").await;
    let kept = [&DANGEROUS[..], &[("boton", "guardar")]].concat();
    nurse.submit(&sheet, "/personas/rosa/atender", &kept).await;
    site.world.clock.advance(jiff::SignedDuration::from_hours(26));
    let mut nurse = site.browser();
    nurse.log_in("ana").await;
    let old = nurse.get("/personas/rosa/atender").await;
    well_made("/personas/rosa/atender", &old);
    assert!(
        old.body.contains("Este borrador es del 24/11/2026") && !old.body.contains(r#"value="170""#),
        "{}",
        old.body
    );
    let open = [&DANGEROUS[..], &[("_dia", "2026-11-24")]].concat();
    let asked = nurse.submit(&old, "/personas/rosa/atender", &[&open[..], &[("boton", "guardar")]].concat()).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "a sheet that stayed open overnight");
    assert!(asked.body.contains("Abrió esta hoja otro día") && asked.body.contains(r#"value="170""#), "{}", asked.body);
    let left = nurse.get("/personas/rosa/atender").await;
    assert!(!left.body.contains(r#"value="170""#), "not kept as measured today: {}", left.body);
    let sheet = nurse.get("/personas/rosa/atender").await;
    let moved = nurse.submit(&sheet, "/personas/rosa/atender", &[&open[..], &[("boton", "trasladar")]].concat()).await;
    let transfer = nurse.get(moved.location()).await;
    assert!(transfer.body.contains("Medido el 24/11/2026: "), "of which day it is: {}", transfer.body);
    let paper = [&DANGEROUS[..], &[("fecha", "23/11/2026"), ("boton", "trasladar")]].concat();
    let moved =
        nurse.submit(&nurse.clone().get("/personas/rosa/atender").await, "/personas/rosa/atender", &paper).await;
    assert!(nurse.get(moved.location()).await.body.contains("Medido el 23/11/2026: "), "{}", moved.body);
    let dated = [&open[..], &[("fecha", "24/11/2026"), ("boton", "guardar")]].concat();
    let sheet = nurse.get("/personas/rosa/atender").await;
    let kept = nurse.submit(&sheet, "/personas/rosa/atender", &dated).await;
    assert_eq!(kept.location(), "/personas/rosa/atender", "{}", kept.body);
    let signed = [&open[..], &[("boton", "firmar")]].concat();
    let sheet = nurse.get("/personas/rosa/atender").await;
    let asked = nurse.submit(&sheet, "/personas/rosa/atender", &signed).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    let late = [("motivo", "Tos"), ("dx1", "tos zzz"), ("fecha", "30/11/2026"), ("boton", "firmar")];
    let future = nurse.submit(&asked, "/personas/rosa/atender", &late).await;
    assert_eq!(future.status, StatusCode::UNPROCESSABLE_ENTITY);
    let paper = [("motivo", "Tos"), ("dx1", "tos zzz"), ("fecha", "20/11/2026"), ("boton", "firmar")];
    let signed = nurse.submit(&future, "/personas/rosa/atender", &paper).await;
    let id = signed.location().split("visita=").nth(1).unwrap_or_else(|| panic!("{}", signed.body));
    let key = store::Key::new("Encounter", id);
    let encounter = site.world.access.read(&cx, &key).await.unwrap().value();
    assert_eq!(encounter.text_at(&["period", "start"]), Some("2026-11-20"));
}

#[tokio::test]
async fn a_visit_says_what_became_of_what_was_noted_and_any_diagnosis_may_stay() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let first = [("dx2", "dolor viejo zzz"), ("problema", "si"), ("problema", "2"), ("medicamentos", "Fierro")];
    signed(&mut nurse, &[&DANGEROUS[..], &first].concat()).await;
    let record = nurse.get("/personas/rosa").await;
    let problems = |page: &Answer| {
        let panel = page.body.split("Problemas activos").nth(1).unwrap().split("</section>").next().unwrap();
        ["presion alta zzz", "dolor viejo zzz"].map(|words| panel.contains(words))
    };
    assert_eq!(problems(&record), [true, true], "{}", record.body);
    let sheet = nurse.get("/personas/rosa/atender").await;
    well_made("/personas/rosa/atender", &sheet);
    let tick = |field: &str, words: &str| {
        let name = format!("name=\"{field}\"");
        let fields = sheet.body.split(&name).skip(1);
        let mut fields = fields.filter(|rest| rest.split("</label>").next().unwrap().contains(words));
        let rest = fields.next().unwrap_or_else(|| panic!("no {field} {words}: {}", sheet.body));
        rest.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let resolved = tick("cambios-problemas", "presion alta zzz: se resolvi\u{f3}");
    let inactive = tick("cambios-problemas", "presion alta zzz: est\u{e1} inactivo");
    let mistaken = tick("cambios-alergias", "Penicilina: se anot\u{f3} por error");
    let stopped = tick("cambios-medicamentos", "Fierro: se suspendi\u{f3}");
    let both = [("motivo", "Control"), ("dx1", "sana zzz"), ("cambios-problemas", &resolved), ("boton", "firmar")];
    let both = [&both[..], &[("cambios-problemas", inactive.as_str())]].concat();
    let refused = nurse.submit(&sheet, "/personas/rosa/atender", &both).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("Marque un solo cambio"), "{}", refused.body);
    let said = [
        ("motivo", "Control"),
        ("dx1", "sana zzz"),
        ("cambios-problemas", resolved.as_str()),
        ("cambios-alergias", &mistaken),
        ("cambios-medicamentos", &stopped),
    ];
    let (visit, _) = signed(&mut nurse, &said).await;
    let after = nurse.get("/personas/rosa").await;
    assert_eq!(problems(&after), [false, true], "{}", after.body);
    assert!(!after.body.contains("Penicilina"), "{}", after.body);
    let read = nurse.get(&format!("/atenciones/{visit}")).await;
    assert!(read.body.contains("presion alta zzz: se resolvi\u{f3}"), "{}", read.body);
    let sheet = nurse.get("/personas/rosa/atender").await;
    assert!(!sheet.body.contains("Fierro: se suspendi"), "{}", sheet.body);
}
