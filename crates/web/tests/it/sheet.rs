//! The visit's sheet and what follows from it: signed once from two windows and after going back, with
//! nothing typed lost; what it asks of who somebody is; no man is pregnant; where an urgent transfer goes.

use access::Role;
use axum::http::StatusCode;
use store::Key;
use testkit::{HOSPITAL, POST};

use crate::Site;
use crate::browser::{Answer, Browser};
use crate::house::well_made;
use crate::post::site;

const PATH: &str = "/personas/rosa/atender";
const TYPED: [(&str, &str); 3] = [("motivo", "Fiebre"), ("alergias", "Penicilina"), ("dx1", "fiebre zzz")];

async fn send(nurse: &mut Browser, page: &Answer, more: &[(&str, &str)], button: &str) -> Answer {
    nurse.submit(page, PATH, &[&TYPED[..], more, &[("boton", button)]].concat()).await
}

/// How many allergies the record tells of.
async fn allergies(nurse: &mut Browser) -> usize {
    nurse.get("/personas/rosa/copia.json").await.body.matches("\"AllergyIntolerance\"").count()
}

/// That a page says that the sheet has become that visit, keeps what was typed, and leads on.
fn says_signed(page: &Answer, encounter: &str) {
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.body);
    well_made(PATH, page);
    for words in ["Esta hoja ya se firmó", "Vomita desde ayer", &format!("href=\"/atenciones/{encounter}/adenda\"")] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
}

#[tokio::test]
async fn a_sheet_in_two_windows_is_signed_once() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let (one, two) = (nurse.get(PATH).await, nurse.get(PATH).await);
    let signed = send(&mut nurse, &one, &[], "firmar").await;
    let encounter = signed.location().split("visita=").nth(1).unwrap_or_else(|| panic!("{}", signed.body)).to_owned();
    let more = [("hallazgos", "Vomita desde ayer")];
    for button in ["firmar", "guardar"] {
        let late = send(&mut nurse, &two, &more, button).await;
        says_signed(&late, &encounter);
        assert!(!late.body.contains(r#"value="firmar""#), "no second signature at once: {}", late.body);
    }
    assert_eq!(allergies(&mut nurse).await, 1);

    let blank = nurse.get(PATH).await;
    well_made(PATH, &blank);
    assert!(blank.body.contains("Hoy ya firmó una consulta") && !blank.body.contains("Vomita"), "{}", blank.body);
    let other = send(&mut nurse, &two, &more, "guardar").await;
    let kept = send(&mut nurse, &other, &more, "guardar").await;
    assert_eq!(kept.location(), PATH, "another visit goes on as a draft: {}", kept.body);
    let draft = nurse.get(PATH).await;
    let second = send(&mut nurse, &draft, &more, "firmar").await;
    assert!(second.location().contains("visita=") && second.location() != signed.location(), "{}", second.body);
}

#[tokio::test]
async fn a_draft_that_was_kept_in_another_window_is_not_written_over_unseen() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let (one, two) = (nurse.get(PATH).await, nurse.get(PATH).await);
    send(&mut nurse, &one, &[("plan", "Reposo")], "guardar").await;
    let late = send(&mut nurse, &two, &[("plan", "Suero")], "firmar").await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);
    well_made(PATH, &late);
    assert!(late.body.contains("se guardó en otra ventana") && late.body.contains("Suero"), "{}", late.body);
    assert!(nurse.get(PATH).await.body.contains("Reposo"), "what was kept stays");
    assert_eq!(allergies(&mut nurse).await, 0);
    let signed = send(&mut nurse, &late, &[("plan", "Suero")], "firmar").await;
    assert!(signed.location().contains("visita="), "whoever has seen it may go on: {}", signed.body);
}

#[tokio::test]
async fn going_back_to_a_signed_sheet_signs_nothing_again() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let sheet = nurse.get(PATH).await;
    let signed = send(&mut nurse, &sheet, &[], "firmar").await;
    let again = send(&mut nurse, &sheet, &[], "firmar").await;
    assert_eq!(again.location(), signed.location(), "the same form leads to the same place: {}", again.body);
    let changed = send(&mut nurse, &sheet, &[("hallazgos", "Vomita desde ayer")], "firmar").await;
    assert_eq!(changed.status, StatusCode::CONFLICT, "{}", changed.body);
    well_made(PATH, &changed);
    for words in ["Esta hoja ya se envió", "Vomita desde ayer", &signed.location().replace('&', "&#38;")] {
        assert!(changed.body.contains(words), "{words}: {}", changed.body);
    }
    // A browser that keeps what was typed and not the page sends it from a new one.
    let encounter = signed.location().split("visita=").nth(1).unwrap();
    let fresh = nurse.get(PATH).await;
    let version = sheet.hidden("version");
    let fields =
        [&TYPED[..], &[("hallazgos", "Vomita desde ayer"), ("version", &version), ("boton", "firmar")]].concat();
    let back = nurse.submit(&fresh, PATH, &fields).await;
    says_signed(&back, encounter);
    assert_eq!(allergies(&mut nurse).await, 1);
}

async fn patient(site: &Site, id: &str) -> fhir::Value {
    site.world.access.read(&site.world.system(), &Key::new("Patient", id)).await.unwrap().value()
}

async fn is_a_man(site: &Site, id: &str) {
    let mut person = patient(site, id).await;
    person.set("gender", "male");
    site.world.update(&site.world.system(), &person).await.unwrap();
}

#[tokio::test]
async fn no_pregnancy_is_signed_for_a_man_nor_moved_onto_one() {
    let site = site().await;
    let world = &site.world;
    world.person(&world.nurse("Ana"), "pedro", "Caal").await;
    is_a_man(&site, "pedro").await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let his = "/personas/pedro/atender";
    let page = nurse.get(his).await;
    let said = [("regla", "21/09/2026"), ("parto", "si"), ("fundal", "20"), ("boton", "firmar")];
    let refused = nurse.submit(&page, his, &[&TYPED[..], &said].concat()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    well_made(his, &refused);
    for field in ["regla", "parto", "fundal"] {
        let beside = refused.body.split(&format!("id=\"{field}-error\"")).nth(1).unwrap_or_default();
        assert!(beside.split("</span>").next().unwrap().contains("dice que es hombre"), "{field}: {}", refused.body);
    }
    assert!(refused.body.contains("href=\"/personas/pedro/corregir\""), "the way to mend the sex: {}", refused.body);
    let signed = nurse.submit(&refused, his, &[&TYPED[..], &[("boton", "firmar")]].concat()).await;
    assert!(signed.location().contains("visita="), "{}", signed.body);

    let page = nurse.get(PATH).await;
    let hers = send(&mut nurse, &page, &[("regla", "21/09/2026")], "firmar").await;
    let path = format!("/atenciones/{}/mover", hers.location().split("visita=").nth(1).unwrap());
    let page = nurse.get(&path).await;
    let onto = [("buscar", "caal"), ("persona", "pedro"), ("razon", "Era de otra persona"), ("boton", "mover")];
    let refused = nurse.submit(&page, &path, &onto).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    well_made("/atenciones/mover", &refused);
    assert!(refused.body.contains("habla de un embarazo"), "{}", refused.body);
}

#[tokio::test]
async fn the_sheet_asks_pueblo_and_language_once_and_keeps_them_on_the_record() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let page = nurse.get(PATH).await;
    well_made(PATH, &page);
    assert!(page.body.contains("Comunidad lingüística") && page.body.contains("name=\"pueblo\""), "{}", page.body);
    let said = [("pueblo", "maya"), ("language", "kek")];
    let kept = send(&mut nurse, &page, &said, "guardar").await;
    let draft = nurse.get(kept.location()).await;
    assert!(draft.body.contains("value=\"kek\" selected"), "{}", draft.body);
    let told = identity::Registration::of(&patient(&site, "rosa").await);
    assert_eq!((told.pueblo.as_str(), told.language.as_str()), ("", ""), "a draft changes no record");
    let signed = send(&mut nurse, &draft, &said, "firmar").await;
    assert!(signed.location().contains("visita="), "{}", signed.body);
    let told = identity::Registration::of(&patient(&site, "rosa").await);
    assert_eq!((told.pueblo.as_str(), told.language.as_str()), ("maya", "kek"));
    let next = nurse.get(PATH).await;
    for known in ["value=\"maya\" selected", "value=\"kek\" selected"] {
        assert!(next.body.contains(known), "filled in: {known}: {}", next.body);
    }
    let changed = send(&mut nurse, &next, &[("pueblo", ""), ("language", "quc")], "firmar").await;
    assert!(changed.location().contains("visita="), "{}", changed.body);
    let told = identity::Registration::of(&patient(&site, "rosa").await);
    assert_eq!((told.pueblo.as_str(), told.language.as_str()), ("maya", "quc"), "what is left out stays");
    let thread = nurse.get("/personas/rosa/corregir").await;
    assert!(thread.body.contains("Q’eqchi’ → K’iche’"), "{}", thread.body);
}

#[tokio::test]
async fn the_sheet_writes_nothing_over_a_correction_that_the_nurse_did_not_touch() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let corrected = async |pueblo: &str, language: &str| {
        let now = identity::Registration::with_people(&patient(&site, "rosa").await, pueblo, language);
        site.world.update(&site.world.system(), &now).await.unwrap();
    };
    corrected("ladino", "es").await;
    let shown = nurse.get(PATH).await;
    let carried = [("pueblo-antes", "ladino"), ("idioma-antes", "es")];
    for (name, value) in carried {
        assert_eq!(shown.hidden(name), value);
    }
    let untouched = [("pueblo", "ladino"), ("language", "es")];
    let kept = send(&mut nurse, &shown, &[&untouched[..], &carried].concat(), "guardar").await;
    assert_eq!(kept.location(), PATH, "{}", kept.body);
    corrected("maya", "kek").await;
    let draft = nurse.get(PATH).await;
    assert_eq!(draft.hidden("pueblo-antes"), "maya");
    assert!(draft.body.contains("value=\"maya\" selected"), "the draft follows the record: {}", draft.body);
    let signed = send(&mut nurse, &draft, &[&untouched[..], &carried].concat(), "firmar").await;
    assert!(signed.location().contains("visita="), "{}", signed.body);
    let told = identity::Registration::of(&patient(&site, "rosa").await);
    assert_eq!((told.pueblo.as_str(), told.language.as_str()), ("maya", "kek"), "from an older window too");
}

#[tokio::test]
async fn an_urgent_transfer_goes_nowhere_that_nobody_chose() {
    let site = site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let access = &site.world.access;
    let cx = site.world.nurse("Ana");
    let written = care::referral::draft::start_draft(access, &cx, &crate::post::draft()).await.unwrap();
    let sent = care::referral::send::send(access, &cx, &written).await.unwrap();
    let path = format!("/referencias/{}/traslado", sent.id());
    let page = nurse.get(&path).await;
    well_made("/referencias/{id}/traslado", &page);
    let choice = format!("value=\"{HOSPITAL}\"");
    assert!(page.body.contains(&choice) && !page.body.contains(&format!("{choice} checked")), "{}", page.body);
    let asked = nurse.submit(&page, &path, &[("motivo", "Se golpeó el ojo"), ("boton", "pedir")]).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", asked.body);
    assert!(asked.body.contains("Elija a dónde puede ir") && asked.body.contains("Se golpeó el ojo"), "{}", asked.body);
    let review = care::referral::review::Review::Accept(care::referral::state::Priority::P3);
    let network = site.world.coordinator("Edgar");
    care::referral::review::review(access, &network, &sent, &review, "Completa").await.unwrap();
    let whole = nurse.get(&format!("/referencias/{}", sent.id())).await;
    let solid = |path: &str| whole.body.contains(&format!("class=\"btn\" href=\"/referencias/{}/{path}\"", sent.id()));
    let shown = |path: &str| whole.body.contains(&format!("/referencias/{}/{path}\"", sent.id()));
    for path in ["salida", "suspender"] {
        assert!(!solid(path), "{path} is no next step: {}", whole.body);
    }
    assert!(shown("salida") && shown("traslado"), "{}", whole.body);
}

#[tokio::test]
async fn every_place_of_the_network_can_be_chosen_and_the_chosen_one_stays() {
    let site = site().await;
    let (world, cx) = (&site.world, site.world.system());
    for at in 1..=8 {
        let id = format!("clinica-{at}");
        let place = fhir::json!({ "resourceType": "Organization", "active": true, "name": format!("Clínica {at}"),
            "type": [{ "coding": [{ "system": access::system::FACILITY_TYPE, "code": "hospital-departamental" }] }] });
        world.put(&cx, &id, place).await;
        crate::post::offers(world, &id, &format!("ojos-{at}"), "oftalmologia").await;
    }
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let written = care::referral::draft::start_draft(&world.access, &world.nurse("Ana"), &crate::post::draft()).await;
    let path = format!("/personas/rosa/referir?borrador={}", written.unwrap().id());
    let page = nurse.get(&path).await;
    well_made("/personas/rosa/referir", &page);
    let folded =
        page.body.split("<details><summary>Ver 3 lugares más").nth(1).unwrap_or_else(|| panic!("{}", page.body));
    let folded = folded.split("</details>").next().unwrap();
    let last = folded.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = [
        ("borrador", page.hidden("borrador")),
        ("servicio", "oftalmologia".to_owned()),
        ("servicio-visto", "oftalmologia".to_owned()),
        ("destino", last.clone()),
        ("motivo", "Ve menos".to_owned()),
        ("dx1", "ojo nublado zzz".to_owned()),
        ("boton", "guardar".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let kept = nurse.submit(&page, "/personas/rosa/referir", &fields).await;
    let again = nurse.get(kept.location()).await;
    let sight = again.body.split("<details>").next().unwrap();
    assert!(sight.contains(&format!("value=\"{last}\" checked")), "{last}: {}", again.body);
}
