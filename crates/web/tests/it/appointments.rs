//! Giving, losing and changing an appointment; the hospital's day; the specialist's answer.

use std::sync::Arc;

use access::{Role, system};
use axum::http::StatusCode;
use care::referral::draft::{Draft, start_draft};
use care::referral::review::{Review, review};
use care::referral::send::send;
use care::referral::state::{Phase, Priority};
use care::referral::{Named, Referral};
use fhir::json;
use testkit::{HOSPITAL, IGSS_HOSPITAL, POST, World};

use crate::Site;
use crate::house::well_made;
use crate::post::draft;

/// Two places today and two next week, and Rosa's referral on the waiting list; gives its id.
pub async fn waiting() -> (Site, String) {
    let world = World::governed(vec![Arc::new(care::CareGovernor)]).await;
    let system = world.system();
    let specialty = json!([{ "coding": [{ "system": system::SPECIALTY, "code": "oftalmologia" }] }]);
    let how = json!([{ "coding": [{ "system": system::MODALITY, "code": "presencial" }] }]);
    let offer = json!({ "resourceType": "HealthcareService", "active": true, "name": "Oftalmología",
        "providedBy": { "reference": format!("Organization/{HOSPITAL}") }, "specialty": specialty,
        "characteristic": how });
    world.put(&system, "ojos", offer).await;
    let schedule = json!({ "resourceType": "Schedule", "active": true,
        "actor": [{ "reference": "HealthcareService/ojos" }] });
    world.put(&system, "agenda", schedule).await;
    for (id, start, end) in [
        ("h1", "2026-11-24T14:00:00Z", "2026-11-24T14:20:00Z"),
        ("h2", "2026-11-24T20:00:00Z", "2026-11-24T20:20:00Z"),
        ("s1", "2026-12-01T14:00:00Z", "2026-12-01T14:20:00Z"),
        ("s2", "2026-12-01T14:20:00Z", "2026-12-01T14:40:00Z"),
    ] {
        let slot = json!({ "resourceType": "Slot", "meta": { "profile": [system::PROFILE_SLOT] },
            "schedule": { "reference": "Schedule/agenda" }, "status": "free", "start": start, "end": end });
        world.put(&system, id, slot).await;
    }
    let id = on_the_list(&world, "rosa").await;
    (Site::over(world), id)
}

/// Refers somebody to the hospital and puts the referral on its list.
async fn on_the_list(world: &World, person: &str) -> String {
    let nurse = world.nurse("Ixmucané");
    world.person(&nurse, person, "Tzub").await;
    let draft = Draft { patient: Named { id: person.into(), name: format!("Rosa Tzub {person}") }, ..draft() };
    let written = start_draft(&world.access, &nurse, &draft).await.unwrap();
    let sent = send(&world.access, &nurse, &written).await.unwrap();
    let network = world.coordinator("Edgar");
    let seen = Referral::load(&world.access, &network, sent.id()).await.unwrap();
    review(&world.access, &network, &seen, &Review::Accept(Priority::P3), "Criterios completos").await.unwrap();
    sent.id().to_owned()
}

async fn phase(site: &Site, id: &str) -> Phase {
    Referral::load(&site.world.access, &site.world.system(), id).await.unwrap().state.phase()
}

#[tokio::test]
async fn the_clerk_gives_a_place_once_and_prints_it() {
    let (site, id) = waiting().await;
    let mut clerk = site.logged_in("marta", Role::Clerk, HOSPITAL).await;
    let path = format!("/referencias/{id}/cita");
    let page = clerk.get(&path).await;
    well_made(&path, &page);
    assert!(page.body.contains("martes 1 de diciembre, 8:00") && page.body.contains("en el establecimiento"));
    let later = clerk.get(&format!("{path}?desde=01/12/2026&como=presencial")).await;
    assert!(later.body.contains("1 a 2 de 2 lugares") && !later.body.contains("<dd>24/11/2026"), "{}", later.body);
    let none = clerk.get(&format!("{path}?como=teleconsulta")).await;
    well_made(&path, &none);
    assert!(none.body.contains("No hay lugares libres") && none.body.contains("Quitar los filtros"), "{}", none.body);

    let version = page.hidden("version");
    let silent = clerk.submit(&page, &path, &[("version", &version)]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    well_made(&path, &silent);
    let chosen = [("version", version.as_str()), ("lugar", "s1")];
    let given = clerk.submit(&silent, &path, &chosen).await;
    assert_eq!(given.location(), format!("{path}/comprobante"), "{}", given.body);
    let twice = clerk.submit(&silent, &path, &chosen).await;
    assert_eq!(twice.location(), given.location(), "the same form twice gives one appointment");
    let slip = clerk.get(given.location()).await;
    well_made(&path, &slip);
    for part in ["martes 1 de diciembre de 2026", "A las 8:00", "Hospital Regional de Cobán", "Traiga"] {
        assert!(slip.body.contains(part), "{part}: {}", slip.body);
    }
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    assert!(nurse.get(&format!("{path}/comprobante")).await.body.contains("A las 8:00"), "the post prints it too");
}

#[tokio::test]
async fn who_loses_the_race_is_told_what_is_free_and_keeps_the_page() {
    let (site, first) = waiting().await;
    let second = on_the_list(&site.world, "berta").await;
    let mut clerk = site.logged_in("marta", Role::Clerk, HOSPITAL).await;
    let (one, other) = (format!("/referencias/{first}/cita"), format!("/referencias/{second}/cita"));
    let (page, slower) = (clerk.get(&one).await, clerk.get(&other).await);
    let version = page.hidden("version");
    let won = clerk.submit(&page, &one, &[("version", &version), ("lugar", "s1")]).await;
    assert_eq!(won.status, StatusCode::SEE_OTHER, "{}", won.body);
    let version = slower.hidden("version");
    let lost = clerk.submit(&slower, &other, &[("version", &version), ("lugar", "s1")]).await;
    assert_eq!(lost.status, StatusCode::UNPROCESSABLE_ENTITY);
    well_made(&other, &lost);
    assert!(lost.body.contains("Alguien tomó ese lugar antes") && lost.body.contains("01/12/2026, 8:20"));
    assert!(!lost.body.contains(r#"value="s1""#) && lost.body.contains(r#"value="s2""#), "{}", lost.body);
    let version = lost.hidden("version");
    let again = clerk.submit(&lost, &other, &[("version", &version), ("lugar", "s2")]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.body);
}

#[tokio::test]
async fn an_appointment_is_changed_with_a_reason_and_frees_its_place() {
    let (site, id) = waiting().await;
    let mut clerk = site.logged_in("marta", Role::Clerk, HOSPITAL).await;
    let path = format!("/referencias/{id}/cita");
    let page = clerk.get(&path).await;
    let version = page.hidden("version");
    clerk.submit(&page, &path, &[("version", &version), ("lugar", "s1")]).await;
    let page = clerk.get(&path).await;
    well_made(&path, &page);
    assert!(page.body.contains("Cambiar la cita") && page.body.contains("01/12/2026, 8:00"), "{}", page.body);
    let version = page.hidden("version");
    let silent = clerk.submit(&page, &path, &[("version", &version), ("lugar", "s2")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "a change says why");
    assert!(silent.body.contains(r#"value="s2" checked"#), "what was chosen stays");
    let why = [("version", version.as_str()), ("lugar", "s2"), ("motivo", "Pidió más tarde")];
    let moved = clerk.submit(&silent, &path, &why).await;
    assert_eq!(moved.location(), format!("{path}/comprobante"), "{}", moved.body);
    assert!(clerk.get(moved.location()).await.body.contains("A las 8:20"));
    assert!(clerk.get(&path).await.body.contains(r#"value="s1""#), "the old place is free again");
    let stale = clerk.clone().get(&path).await;
    let late = [("version", version.as_str()), ("lugar", "s1"), ("motivo", "Tarde")];
    assert_eq!(clerk.submit(&stale, &path, &late).await.status, StatusCode::CONFLICT, "an old page changes nothing");
}

/// Gives the referral that place, as the clerk.
pub async fn booked(site: &Site, id: &str, slot: &str) {
    let clerk = site.world.at("Marta", Role::Clerk, HOSPITAL);
    let seen = Referral::load(&site.world.access, &clerk, id).await.unwrap();
    care::referral::book::book(&site.world.access, &clerk, &seen, slot).await.unwrap();
}

#[tokio::test]
async fn the_agenda_shows_the_day_of_ones_own_facility_only() {
    let (site, id) = waiting().await;
    booked(&site, &id, "h1").await;
    let later = on_the_list(&site.world, "berta").await;
    booked(&site, &later, "s1").await;
    let mut specialist = site.logged_in("rojas", Role::Specialist, HOSPITAL).await;
    let day = specialist.get("/agenda").await;
    well_made("/agenda", &day);
    for part in ["Rosa Tzub rosa", "8:00 a 8:20", "Atender", "Puesto de salud Chicoj", "1 cita"] {
        assert!(day.body.contains(part), "{part}: {}", day.body);
    }
    assert!(!day.body.contains("Rosa Tzub berta"), "another day");
    let next = specialist.get("/agenda?dia=01/12/2026").await;
    assert!(next.body.contains("Rosa Tzub berta") && !next.body.contains("/contrarreferir"), "not attended before");
    let early = specialist.get(&format!("/referencias/{later}/contrarreferir")).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert!(early.body.contains("se atiende desde el día de la cita"), "{}", early.body);
    assert!(!specialist.get("/agenda?servicio=pediatria").await.body.contains("Rosa Tzub rosa"));
    assert!(specialist.get("/agenda?dia=02/12/2026").await.body.contains("No hay citas"));
    let mut other = site.logged_in("igss", Role::Specialist, IGSS_HOSPITAL).await;
    let theirs = other.get("/agenda").await;
    assert!(!theirs.body.contains("Rosa Tzub rosa") && theirs.body.contains("No hay citas"), "{}", theirs.body);
}

/// How many appointments a page shows.
fn rows(page: &crate::Answer) -> usize {
    page.body.matches("<td class=\"q nb\">").count()
}

#[tokio::test]
async fn the_agenda_is_searched_by_day_and_week_by_person_and_by_who_attends() {
    let (site, id) = waiting().await;
    booked(&site, &id, "h1").await;
    for (person, slot) in [("berta", "h2"), ("lucia", "s1")] {
        let listed = on_the_list(&site.world, person).await;
        booked(&site, &listed, slot).await;
    }
    let mut clerk = site.logged_in("marta", Role::Clerk, HOSPITAL).await;
    let day = clerk.get("/agenda").await;
    assert_eq!(rows(&day), 2, "{}", day.body);
    assert!(!day.body.contains("Quién atiende"), "nobody is known yet: {}", day.body);
    let one = clerk.get("/agenda?q=BERTA+tzub").await;
    well_made("/agenda", &one);
    assert!(rows(&one) == 1 && one.body.contains("Rosa Tzub berta") && one.body.contains("1 cita"), "{}", one.body);
    let number = Referral::load(&site.world.access, &site.world.system(), &id).await.unwrap().number().to_owned();
    assert_eq!(rows(&clerk.get(&format!("/agenda?q={number}")).await), 1);
    let none = clerk.get("/agenda?q=lucia").await;
    assert!(none.body.contains("Quitar los filtros"), "another day: {}", none.body);
    let week = clerk.get("/agenda?vista=semana&dia=03%2F12%2F2026").await;
    well_made("/agenda", &week);
    assert!(rows(&week) == 1 && week.body.contains("martes 1 de diciembre de 2026"), "{}", week.body);
    assert!(week.body.contains("vista=semana") && week.body.contains("Semana siguiente"), "{}", week.body);
    let empty = clerk.get("/agenda?vista=semana&dia=10%2F12%2F2026").await;
    assert!(empty.body.contains("En la semana del lunes 7 de diciembre no hay citas"), "{}", empty.body);

    let rojas = site.world.specialist("Rojas");
    let seen = Referral::load(&site.world.access, &rojas, &id).await.unwrap();
    care::referral::attend::attend(&site.world.access, &rojas, &seen).await.unwrap();
    let mut specialist = site.logged_in("eva", Role::Specialist, HOSPITAL).await;
    let theirs = specialist.get("/agenda?especialista=rojas").await;
    assert!(rows(&theirs) == 1 && theirs.body.contains("Rosa Tzub rosa"), "{}", theirs.body);
    assert!(theirs.body.contains("Quién atiende"), "{}", theirs.body);
    let attended = specialist.get("/agenda?estado=espera").await;
    assert!(rows(&attended) == 1 && attended.body.contains("Rosa Tzub berta"), "{}", attended.body);
}

#[tokio::test]
async fn a_full_day_goes_on_on_the_next_page_and_is_printed_whole() {
    let (site, _) = waiting().await;
    for at in 0..27 {
        let (slot, hour, minute) = (format!("d{at}"), 14 + at / 6, at % 6 * 10);
        let time = |minute: i32| format!("2026-12-02T{hour}:{minute:02}:00Z");
        let place = json!({ "resourceType": "Slot", "meta": { "profile": [system::PROFILE_SLOT] },
            "schedule": { "reference": "Schedule/agenda" }, "status": "free",
            "start": time(minute), "end": time(minute + 9) });
        site.world.put(&site.world.system(), &slot, place).await;
        let listed = on_the_list(&site.world, &format!("persona-{at}")).await;
        booked(&site, &listed, &slot).await;
    }
    let mut clerk = site.logged_in("marta", Role::Clerk, HOSPITAL).await;
    let first = clerk.get("/agenda?dia=02%2F12%2F2026&servicio=oftalmologia").await;
    well_made("/agenda", &first);
    assert!(rows(&first) == 25 && first.body.contains("1 a 25 de 27") && first.body.contains("27 citas"));
    let next = "/agenda?dia=02%2F12%2F2026&#38;servicio=oftalmologia&#38;pagina=2";
    assert!(first.body.contains(next), "{}", first.body);
    let second = clerk.get(&next.replace("&#38;", "&")).await;
    assert!(rows(&second) == 2 && second.body.contains("26 a 27 de 27"), "{}", second.body);
    let whole = clerk.get("/agenda?dia=02%2F12%2F2026&entera=si&pagina=9").await;
    assert!(rows(&whole) == 27 && !whole.body.contains("rel=\"next\""), "all of it, for paper");
}

#[tokio::test]
async fn who_did_not_come_stays_on_the_day_without_acts() {
    let (site, id) = waiting().await;
    booked(&site, &id, "h1").await;
    let mut early = site.logged_in("marina", Role::Clerk, HOSPITAL).await;
    let path = format!("/referencias/{id}/no-asistio");
    assert!(!early.get("/agenda").await.body.contains(&path), "she may still come");
    let refused = early.get(&path).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    for part in ["La cita todavía no ha pasado", "desde el 24/11/2026, 8:20"] {
        assert!(refused.body.contains(part), "{part}: {}", refused.body);
    }
    site.world.clock.advance(jiff::SignedDuration::from_mins(21));
    assert!(early.get("/agenda").await.body.contains(&path));
    let clerk = site.world.at("Marta", Role::Clerk, HOSPITAL);
    let seen = Referral::load(&site.world.access, &clerk, &id).await.unwrap();
    care::referral::cancel::no_show(&site.world.access, &clerk, &seen, "No contesta").await.unwrap();
    let mut clerk = site.logged_in("marta", Role::Clerk, HOSPITAL).await;
    let day = clerk.get("/agenda?estado=no-asistio").await;
    assert!(day.body.contains("Rosa Tzub rosa") && !day.body.contains("/no-asistio\""), "{}", day.body);
}

#[tokio::test]
async fn who_has_no_part_in_it_is_refused() {
    let (site, id) = waiting().await;
    booked(&site, &id, "h1").await;
    for (role, facility) in [(Role::Interpreter, HOSPITAL), (Role::Director, HOSPITAL)] {
        let mut browser = site.logged_in(role.code(), role, facility).await;
        for path in ["/agenda".to_owned(), format!("/referencias/{id}/cita")] {
            assert_eq!(browser.get(&path).await.status, StatusCode::FORBIDDEN, "{} {path}", role.code());
        }
    }
    let mut stranger = site.logged_in("igss", Role::Clerk, IGSS_HOSPITAL).await;
    assert_eq!(stranger.get(&format!("/referencias/{id}/cita")).await.status, StatusCode::NOT_FOUND);
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    assert_eq!(nurse.get("/agenda").await.status, StatusCode::FORBIDDEN);
}

const ANSWER: [(&str, &str); 10] = [
    ("hallazgos", "Catarata madura del ojo derecho"),
    ("dx1", "ojo nublado zzz"),
    ("tratamiento", "Gotas"),
    ("ind1", "Medir agudeza visual"),
    ("ind1-tipo", "examen"),
    ("ind1-quien", "enfermeria"),
    ("ind1-fecha", "09/12/2026"),
    ("sigue", "control"),
    ("control", "15/01/2027"),
    ("alarma", "Dolor fuerte del ojo"),
];

#[tokio::test]
async fn the_specialist_attends_answers_and_the_post_reads_the_lines() {
    let (site, id) = waiting().await;
    booked(&site, &id, "h1").await;
    let mut specialist = site.logged_in("rojas", Role::Specialist, HOSPITAL).await;
    let path = format!("/referencias/{id}/contrarreferir");
    let begin = specialist.get(&path).await;
    well_made(&path, &begin);
    assert!(begin.body.contains("Empezar la atención") && begin.body.contains("24/11/2026, 8:00"), "{}", begin.body);
    let version = begin.hidden("version");
    let begun = specialist.submit(&begin, &path, &[("version", &version), ("boton", "empezar")]).await;
    assert_eq!(begun.location(), path, "{}", begun.body);
    assert_eq!(phase(&site, &id).await, Phase::Attended);
    let again = specialist.submit(&begin, &path, &[("version", &version), ("boton", "empezar")]).await;
    assert_eq!(again.location(), path, "the same form twice begins once");

    let page = specialist.get(&path).await;
    well_made(&path, &page);
    assert!(page.body.contains(r#"value="H25""#), "the referral's diagnosis is filled in: {}", page.body);
    let version = page.hidden("version");
    let half =
        [("version", version.as_str()), ("hallazgos", "Catarata"), ("ind1-fecha", "01/11/2026"), ("boton", "revisar")];
    let wrong = specialist.submit(&page, &path, &half).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    well_made(&path, &wrong);
    for part in
        ["Escriba al menos un diagnóstico", "Escriba una fecha de hoy en adelante", "Elija: próximo control o alta"]
    {
        assert!(wrong.body.contains(part), "{part}: {}", wrong.body);
    }
    let kept = specialist.get(&path).await;
    assert!(kept.body.contains("Catarata</textarea>") && kept.body.contains("Este es su borrador"), "{}", kept.body);

    let mut all = ANSWER.to_vec();
    all.extend([("version", version.as_str()), ("boton", "revisar")]);
    let ready = specialist.submit(&wrong, &path, &all).await;
    assert_eq!(ready.location(), format!("{path}?paso=revisar"), "{}", ready.body);
    let review = specialist.get(ready.location()).await;
    well_made(&path, &review);
    let line = "Examen: Medir agudeza visual · Enfermería · Antes del 09/12/2026";
    for part in ["Todavía no está firmada", line, "Próximo control el 15/01/2027", "(sin código)"] {
        assert!(review.body.contains(part), "{part}: {}", review.body);
    }
    assert_eq!(phase(&site, &id).await, Phase::Attended, "a review signs nothing");
    let mut sign = ANSWER.to_vec();
    sign.extend([("version", version.as_str()), ("boton", "firmar")]);
    let signed = specialist.submit(&review, &path, &sign).await;
    assert_eq!(signed.location(), format!("/referencias/{id}/contrarreferencia"), "{}", signed.body);
    assert_eq!(specialist.submit(&review, &path, &sign).await.location(), signed.location(), "signed once");
    let read = specialist.get(signed.location()).await;
    well_made(signed.location(), &read);
    assert!(read.body.contains(line) && read.body.contains("Esto es lo que verá el puesto"), "{}", read.body);

    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let theirs = nurse.get(signed.location()).await;
    assert!(theirs.body.contains(line) && theirs.body.contains("Responder las indicaciones"), "{}", theirs.body);
    let lines = nurse.get(&format!("/referencias/{id}/acusar")).await;
    for part in ["Medir agudeza visual", "Enfermería", "Recordarle el control con", "Dolor fuerte del ojo"] {
        assert!(lines.body.contains(part), "{part}: {}", lines.body);
    }
    let mut stranger = site.logged_in("igss", Role::Specialist, IGSS_HOSPITAL).await;
    assert_eq!(stranger.get(signed.location()).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_was_typed_survives_the_end_of_the_session_and_other_ways_keep_it() {
    let (site, id) = waiting().await;
    booked(&site, &id, "h1").await;
    let mut specialist = site.logged_in("rojas", Role::Specialist, HOSPITAL).await;
    let path = format!("/referencias/{id}/contrarreferir");
    let begin = specialist.get(&path).await;
    let version = begin.hidden("version");
    specialist.submit(&begin, &path, &[("version", &version), ("boton", "empezar")]).await;
    let page = specialist.get(&path).await;
    let version = page.hidden("version");
    let silent = [("version", version.as_str()), ("hallazgos", "Catarata"), ("boton", "control")];
    let refused = specialist.submit(&page, &path, &silent).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "to keep in control says why");
    let why = [("version", version.as_str()), ("hallazgos", "Catarata"), ("aparte", "Vuelve"), ("boton", "control")];
    assert_eq!(specialist.submit(&refused, &path, &why).await.location(), path);
    assert_eq!(phase(&site, &id).await, Phase::InControl);
    let page = specialist.get(&path).await;
    assert!(page.body.contains("Catarata</textarea>"), "{}", page.body);
    let version = page.hidden("version");
    site.world.clock.advance(jiff::SignedDuration::from_hours(20));
    let late = [("version", version.as_str()), ("hallazgos", "Catarata madura"), ("boton", "guardar")];
    let login = specialist.submit(&page, &path, &late).await;
    assert_eq!(login.status, StatusCode::OK, "{}", login.body);
    assert!(login.body.contains(r#"name="_dato.hallazgos" value="Catarata madura""#), "{}", login.body);
}

#[tokio::test]
async fn only_those_who_attend_there_answer() {
    let (site, id) = waiting().await;
    booked(&site, &id, "h1").await;
    let path = format!("/referencias/{id}/contrarreferir");
    for (role, facility) in [(Role::Nurse, POST), (Role::Clerk, HOSPITAL), (Role::Doctor, POST)] {
        let mut browser = site.logged_in(role.code(), role, facility).await;
        assert_eq!(browser.get(&path).await.status, StatusCode::FORBIDDEN, "{} {facility}", role.code());
    }
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    assert_eq!(nurse.get(&format!("/referencias/{id}/contrarreferencia")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_proposed_place_waits_for_the_persons_answer() {
    let (site, id) = waiting().await;
    let mut clerk = site.logged_in("marta", Role::Clerk, HOSPITAL).await;
    let path = format!("/referencias/{id}/cita");
    let page = clerk.get(&path).await;
    let version = page.hidden("version");
    let asked = [("version", version.as_str()), ("lugar", "s1"), ("boton", "proponer")];
    let proposed = clerk.submit(&page, &path, &asked).await;
    assert_eq!(proposed.location(), format!("/referencias/{id}"), "{}", proposed.body);
    assert_eq!(phase(&site, &id).await, Phase::Proposed);
    let page = clerk.get(proposed.location()).await;
    assert!(page.body.contains("confirmar-cita") && page.body.contains("no-puede-cita"), "{}", page.body);
    assert_eq!(clerk.get(&path).await.location(), proposed.location(), "it is answered there");
    assert_eq!(clerk.get(&format!("{path}/comprobante")).await.status, StatusCode::CONFLICT, "nothing is sure yet");
    assert!(clerk.get("/agenda?dia=01/12/2026").await.body.contains("Propuesta"), "and is on the agenda");
}

#[tokio::test]
async fn hours_are_looked_at_opened_once_closed_with_a_reason_and_opened_again() {
    let (site, id) = waiting().await;
    let mut clerk = site.logged_in("marta", Role::Clerk, HOSPITAL).await;
    let list = clerk.get("/agenda/horarios").await;
    well_made("/agenda/horarios", &list);
    assert!(list.body.contains("24/11/2026") && list.body.contains("Hospital Regional de Cobán"), "{}", list.body);
    let path = "/agenda/horarios/nuevo";
    let form = clerk.get("/agenda/horarios/nuevo?servicio=ojos").await;
    well_made(path, &form);
    let asked = |button| {
        [
            ("servicio", "ojos"),
            ("modalidad", "teleconsulta"),
            ("dia", "mar"),
            ("de", "8:00"),
            ("a", "9:00"),
            ("minutos", "20"),
            ("desde", "01/12/2026"),
            ("hasta", "08/12/2026"),
            ("boton", button),
        ]
    };
    let wrong = clerk.submit(&form, path, &[("servicio", "ojos"), ("de", "8"), ("boton", "ver")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    well_made(path, &wrong);
    let look = clerk.submit(&wrong, path, &asked("ver")).await;
    well_made(path, &look);
    assert!(look.body.contains("Abrir 4 lugares") && look.body.contains("2 lugares ya están"), "{}", look.body);
    let seen = look.hidden("visto");
    let changed = [&asked("abrir")[..], &[("a", "8:20"), ("visto", seen.as_str())]].concat();
    let changed: Vec<_> = changed.into_iter().filter(|pair| *pair != ("a", "9:00")).collect();
    let other = clerk.submit(&look, path, &changed).await;
    assert_eq!(other.status, StatusCode::OK, "what was not seen is not opened");
    assert!(other.body.contains("ya no es lo que usted vio"), "{}", other.body);
    let look = clerk.submit(&other, path, &asked("ver")).await;
    let before = site.world.store().head().await.unwrap();
    let opened = clerk.submit(&look, path, &[&asked("abrir")[..], &[("visto", seen.as_str())]].concat()).await;
    assert!(opened.location().starts_with("/agenda/horarios?servicio=ojos"), "{}", opened.body);
    assert!(clerk.get(opened.location()).await.body.contains("Se abrieron 4 lugares"));
    assert_ne!(site.world.store().head().await.unwrap(), before);
    let again = clerk.get("/agenda/horarios/nuevo?servicio=ojos").await;
    let nothing = clerk.submit(&again, path, &asked("ver")).await;
    assert!(nothing.body.contains("Nada nuevo") && !nothing.body.contains(r#"value="abrir""#), "{}", nothing.body);
    let booking = format!("/referencias/{id}/cita?desde=08/12/2026");
    let free = clerk.get(&booking).await;
    assert!(
        free.body.contains("martes 8 de diciembre, 8:00") && free.body.contains("por teleconsulta"),
        "{}",
        free.body
    );

    let day = "/agenda/horarios/ojos/dia";
    let page = clerk.get(&format!("{day}?dia=08/12/2026")).await;
    well_made(day, &page);
    let silent = [("dia", "08/12/2026"), ("boton", "cerrar")];
    let refused = clerk.submit(&page, day, &silent).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let why = [("dia", "08/12/2026"), ("motivo", "Capacitación"), ("boton", "cerrar")];
    let closed = clerk.submit(&refused, day, &why).await;
    let list = clerk.get(closed.location()).await;
    assert!(list.body.contains("Capacitación") && list.body.contains("Se cerraron 3 lugares"), "{}", list.body);
    site.world.clock.advance(jiff::SignedDuration::from_mins(21));
    let today = clerk.get(&format!("{day}?dia=24/11/2026")).await;
    assert!(today.body.contains("1 libres") && today.body.contains("Cerrar 1 lugar"), "{}", today.body);
    assert!(!clerk.get(&booking).await.body.contains("martes 8 de diciembre"), "nobody takes a closed place");
    let page = clerk.get(&format!("{day}?dia=08/12/2026")).await;
    clerk.submit(&page, day, &[("dia", "08/12/2026"), ("boton", "abrir")]).await;
    assert!(clerk.get(&booking).await.body.contains("martes 8 de diciembre, 8:00"));
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    assert_eq!(nurse.get("/agenda/horarios").await.status, StatusCode::FORBIDDEN);
}

/// The way to the next of the queue, as a page shows it.
fn next_of(page: &crate::Answer) -> Option<String> {
    let before = page.body.split("\" rel=\"next\"").next().filter(|part| part.len() < page.body.len())?;
    Some(before.rsplit("href=\"").next()?.replace("&#38;", "&"))
}

#[tokio::test]
async fn places_are_given_from_one_referral_of_the_list_to_the_next() {
    let (site, first) = waiting().await;
    let second = on_the_list(&site.world, "berta").await;
    let mut clerk = site.logged_in("marta", Role::Clerk, HOSPITAL).await;
    let along = "?ver=lista&servicio=oftalmologia";
    let whole = format!("/referencias/{first}{along}");
    let path = format!("/referencias/{first}/cita");
    let referral = clerk.get(&whole).await;
    assert!(referral.body.contains(&format!("{path}{}", along.replace('&', "&#38;"))), "{}", referral.body);
    let page = clerk.get(&format!("{path}{along}&desde=01/12/2026")).await;
    well_made(&path, &page);
    let next = format!("/referencias/{second}{along}");
    assert!(page.body.contains("1 de 2 en «En lista de espera»"), "{}", page.body);
    assert_eq!(next_of(&page).as_deref(), Some(next.as_str()));
    for part in [format!("href=\"{}\"", whole.replace('&', "&#38;")), "name=\"ver\" value=\"lista\"".to_owned()] {
        assert!(page.body.contains(&part), "{part}: {}", page.body);
    }
    let (version, queue) = (page.hidden("version"), page.hidden("cola").replace("&#38;", "&"));
    let silent = clerk.submit(&page, &path, &[("version", &version), ("cola", &queue)]).await;
    assert_eq!(silent.hidden("cola").replace("&#38;", "&"), along, "a form to be mended stays in the queue");
    let given = clerk.submit(&page, &path, &[("version", &version), ("cola", &queue), ("lugar", "s1")]).await;
    assert_eq!(given.location(), format!("{path}/comprobante{along}"), "{}", given.body);
    let slip = clerk.get(given.location()).await;
    well_made(&path, &slip);
    assert_eq!(next_of(&slip).as_deref(), Some(next.as_str()), "from the slip one goes on: {}", slip.body);
    assert_eq!(next_of(&clerk.get(&format!("/referencias/{second}/cita")).await), None, "alone it is in no queue");
}

#[tokio::test]
async fn an_answer_is_written_without_leaving_the_queue() {
    let (site, first) = waiting().await;
    let second = on_the_list(&site.world, "berta").await;
    booked(&site, &first, "h1").await;
    booked(&site, &second, "h2").await;
    let mut specialist = site.logged_in("rojas", Role::Specialist, HOSPITAL).await;
    let (along, path) = ("?ver=cita", format!("/referencias/{first}/contrarreferir"));
    let whole = specialist.get(&format!("/referencias/{first}{along}")).await;
    assert!(whole.body.contains(&format!("href=\"{path}{along}\"")), "{}", whole.body);
    let begin = specialist.get(&format!("{path}{along}")).await;
    well_made(&path, &begin);
    let next = format!("/referencias/{second}{along}");
    assert_eq!(next_of(&begin).as_deref(), Some(next.as_str()), "{}", begin.body);
    assert_eq!(begin.hidden("cola"), along);
    let version = begin.hidden("version");
    let begun = specialist.submit(&begin, &path, &[("version", &version), ("cola", along), ("boton", "empezar")]).await;
    assert_eq!(begun.location(), format!("{path}{along}"), "{}", begun.body);
    let page = specialist.get(begun.location()).await;
    well_made(&path, &page);
    assert_eq!(next_of(&page).as_deref(), Some(next.as_str()), "what left the view leads to what stays in it");
    let version = page.hidden("version");
    let typed = [&ANSWER[..], &[("version", &version), ("cola", along), ("boton", "revisar")]].concat();
    let ready = specialist.submit(&page, &path, &typed).await;
    assert_eq!(ready.location(), format!("{path}{along}&paso=revisar"), "{}", ready.body);
    let review = specialist.get(ready.location()).await;
    well_made(&path, &review);
    assert!(review.body.contains(&format!("href=\"{path}{along}\"")), "to mend it stays there: {}", review.body);
    assert_eq!(review.body.matches("name=\"cola\"").count(), 1, "the queue is no part of the answer: {}", review.body);
    let typed = [&ANSWER[..], &[("version", &version), ("cola", along), ("boton", "firmar")]].concat();
    let signed = specialist.submit(&review, &path, &typed).await;
    assert_eq!(signed.location(), format!("/referencias/{first}/contrarreferencia{along}"), "{}", signed.body);
    let read = specialist.get(signed.location()).await;
    well_made(&path, &read);
    assert_eq!(next_of(&read).as_deref(), Some(next.as_str()), "{}", read.body);
}
