//! A clerk registers whoever comes: with a paper or without one, once, and never somebody twice
//! without having looked.

use access::Role;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use fhir::json;
use testkit::{OTHER_POST, POST};

use crate::house::well_made;
use crate::{Answer, Browser, Site};

const PATH: &str = "/personas/registrar";

const ROSA: [(&str, &str); 8] = [
    ("document", "cui"),
    ("cui", "9000 00074 1601"),
    ("given1", "Rosa"),
    ("surname1", "Caal"),
    ("surname2", "Ba'"),
    ("sex", "female"),
    ("birth_date", "02/03/1968"),
    ("municipality", "1601"),
];

/// The same answers with some of them changed.
fn with<'a>(base: &[(&'a str, &'a str)], changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = base.iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    kept.chain(changes).copied().collect()
}

/// Sends the form that a page showed.
async fn send(browser: &mut Browser, page: &Answer, fields: &[(&str, &str)]) -> Answer {
    let sheet = page.hidden("hoja");
    browser.submit(page, PATH, &with(fields, &[("hoja", &sheet)])).await
}

async fn registered(browser: &mut Browser, fields: &[(&str, &str)]) -> String {
    let page = browser.get(PATH).await;
    let answer = send(browser, &page, fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.location().to_owned()
}

async fn patients(site: &Site) -> Vec<fhir::Value> {
    let log = site.world.store().changes(0, 1000).await.unwrap();
    log.iter().filter(|one| one.key.resource_type == "Patient").map(|one| one.value()).collect()
}

#[tokio::test]
async fn somebody_with_a_cui_is_registered_and_found_whatever_the_spelling() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let nobody = nurse.get("/personas?q=rosa%20caal").await;
    assert!(nobody.body.contains(r#"href="/personas/registrar?q=rosa%20caal""#), "{}", nobody.body);
    let page = nurse.get("/personas/registrar?q=rosa%20caal").await;
    well_made(PATH, &page);
    assert!(
        page.body.contains(r#"value="rosa""#) && page.body.contains(r#"value="caal""#),
        "what was typed comes along"
    );
    let answer = send(&mut nurse, &page, &with(&ROSA, &[("language", "kek"), ("mother_name", "Petrona Ba'")])).await;
    let person = answer.location().to_owned();
    let record = nurse.get(&person).await;
    well_made("/personas/{id}", &record);
    for words in ["Persona registrada", "Rosa Caal Ba’", "9000000741601", "Q’eqchi’", "/atender\"", "/referir\""]
    {
        assert!(record.body.contains(words), "{words}: {}", record.body);
    }
    for query in ["BA%20rosa", "kaal%20roza", "9000000741601", "2/3/1968"] {
        let found = nurse.get(&format!("/personas?q={query}")).await;
        assert!(found.body.contains(&format!(r#"href="{person}""#)), "{query}: {}", found.body);
    }
    assert!(patients(&site).await[0].to_string().contains("Petrona"));
}

#[tokio::test]
async fn a_wrong_check_digit_is_told_beside_the_field_and_nothing_typed_is_lost() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let page = nurse.get(PATH).await;
    let typed =
        with(&ROSA, &[("cui", "9000 00075 1601"), ("birth_date", "30/02/1968"), ("address", "Frente al <parque>")]);
    let wrong = send(&mut nurse, &page, &typed).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    well_made(PATH, &wrong);
    for part in [
        r##"href="#cui""##,
        r#"id="cui-error""#,
        r##"href="#birth_date""##,
        r#"value="9000 00075 1601""#,
        r#"value="30/02/1968""#,
        "Frente al &#60;parque&#62;",
        r#"value="female" checked"#,
        r#"value="1601" selected"#,
    ] {
        assert!(wrong.body.contains(part), "{part}: {}", wrong.body);
    }
    assert!(patients(&site).await.is_empty());
    assert_eq!(send(&mut nurse, &wrong, &ROSA).await.status, StatusCode::SEE_OTHER, "the mended form is taken");
}

#[tokio::test]
async fn nobody_is_turned_away_for_want_of_a_paper() {
    let site = Site::new().await;
    let mut clerk = site.logged_in("luis", Role::Clerk, POST).await;
    let page = clerk.get(PATH).await;
    let without = with(&ROSA, &[("document", "ninguno"), ("birth_date", ""), ("age", "58")]);
    let why = send(&mut clerk, &page, &without).await;
    assert!(why.body.contains(r##"href="#no_document_reason""##), "{}", why.body);
    let taken = send(&mut clerk, &why, &with(&without, &[("no_document_reason", "nunca-inscrito")])).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
    assert_eq!(clerk.get(taken.location()).await.status, StatusCode::OK, "whoever registers sees whom");
    let unconscious =
        [("document", "ninguno"), ("no_document_reason", "emergencia"), ("sex", "unknown"), ("municipality", "")];
    registered(&mut clerk, &unconscious).await;
    let newborn = [("document", "recien-nacido"), ("mother_cui", "9000000741601"), ("birth_order", "1")];
    registered(&mut clerk, &with(&ROSA, &with(&newborn, &[("given1", "Niña"), ("birth_date", "20/11/2026")]))).await;
    let passport = [("document", "pasaporte"), ("passport_country", "hnd"), ("passport_number", "e123")];
    registered(&mut clerk, &with(&ROSA, &with(&passport, &[("given1", "Wilmer"), ("surname1", "Paz")]))).await;
    let all = patients(&site).await;
    assert_eq!(all.len(), 4);
    assert!(!all[0].to_string().contains("9000000741601"), "a number of another document is not kept");
    assert!(all[3].to_string().contains("HND:E123"));
}

#[tokio::test]
async fn somebody_alike_is_shown_and_the_decision_is_written_down() {
    let site = Site::new().await;
    let mut other = site.logged_in("eva", Role::Nurse, OTHER_POST).await;
    let first = registered(&mut other, &ROSA).await;
    let mut nurse = site.logged_in("ana", Role::CommunityWorker, POST).await;
    let page = nurse.get(PATH).await;
    let again = with(&ROSA, &[("document", "ninguno"), ("no_document_reason", "no-lo-trae"), ("surname1", "Kaal")]);
    let step = send(&mut nurse, &page, &again).await;
    well_made(PATH, &step);
    for words in ["Mismos nombres", "Misma fecha de nacimiento", "Mismo municipio", "Cobán, Alta Verapaz"] {
        assert!(step.body.contains(words), "{words}: {}", step.body);
    }
    assert!(step.body.contains(&format!(r#"href="{first}""#)) && !step.body.contains("900000074"), "masked");
    assert_eq!(
        nurse.get(&first).await.location(),
        format!("{first}/razon"),
        "the right road to somebody else's patient"
    );
    assert_eq!(patients(&site).await.len(), 1, "nobody is registered before somebody has looked");

    let id = first.rsplit('/').next().unwrap();
    let back = send(&mut nurse, &step, &with(&again, &[("boton", "volver"), ("no-es", id)])).await;
    assert!(back.body.contains(r#"value="Kaal""#) && back.body.contains("¿Qué documento trae?"), "{}", back.body);
    let step = send(&mut nurse, &back, &again).await;
    assert!(step.body.contains("Revise antes de registrar"), "asked again, because nobody has decided");
    let taken = send(&mut nurse, &step, &with(&again, &[("boton", "registrar"), ("no-es", id)])).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
    let second = taken.location().rsplit('/').next().unwrap();
    let log = site.world.store().changes(0, 1000).await.unwrap();
    let decision = log.iter().find(|one| one.key.resource_type == "Basic").unwrap().value().to_string();
    assert!(decision.contains(id) && decision.contains(second) && decision.contains("no-es-la-misma"), "{decision}");
}

#[tokio::test]
async fn somebody_alike_is_shown_while_it_is_typed_as_the_index_shows_them() {
    const ASK: &str = "/personas/parecidas";
    let site = Site::new().await;
    let mut other = site.logged_in("eva", Role::Nurse, OTHER_POST).await;
    let first = registered(&mut other, &ROSA).await;
    let mut nurse = site.logged_in("ana", Role::CommunityWorker, POST).await;
    let page = nurse.get(PATH).await;
    well_made(PATH, &page);
    assert!(page.body.contains(&format!(r#"data-ask="{ASK}""#)));
    let seal = page.hidden("_sello");
    let names = [("given1", "roza"), ("surname1", "Kaal"), ("municipality", "1601"), ("_sello", &seal)];
    let before = patients(&site).await.len();
    for _ in 0..2 {
        let part = nurse.post(ASK, &names).await;
        assert_eq!(part.status, StatusCode::OK, "{}", part.body);
        assert!(part.body.contains(" data-answer>") && part.body.contains("Quizá ya está registrada"), "{}", part.body);
        assert!(part.body.contains(&format!(r#"href="{first}""#)) && part.body.contains("Mismos nombres"));
        assert!(!part.body.contains("900000074") && !part.body.contains("<!doctype"), "masked, a part: {}", part.body);
        assert_eq!(part.headers["cache-control"], "no-store");
    }
    assert_eq!(patients(&site).await.len(), before, "nothing is written");
    for few in [&[("given1", "Ro"), ("_sello", seal.as_str())][..], &[("given1", "Rosa"), ("_sello", &seal)]] {
        assert_eq!(nurse.post(ASK, few).await.body.trim(), "", "{few:?}");
    }
    assert_eq!(nurse.post(ASK, &names[..3]).await.status, StatusCode::FORBIDDEN, "without its seal");
    let nobody = [("given1", "Zulma"), ("surname1", "Quixtán"), ("_sello", seal.as_str())];
    let mut asked = 0;
    while nurse.post(ASK, &nobody).await.status == StatusCode::OK {
        asked += 1;
        assert!(asked < 60, "asking for nobody is counted as any search of the index is");
    }
    let mut director = site.logged_in("dora", Role::Director, POST).await;
    let page = director.get("/cuenta").await;
    let foreign = director.submit(&page, ASK, &names[..3]).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN, "who registers nobody asks for nobody: {}", foreign.body);
}

#[tokio::test]
async fn the_same_sheet_sent_twice_makes_one_person() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let page = nurse.get(PATH).await;
    let (first, second) = (send(&mut nurse, &page, &ROSA).await, send(&mut nurse, &page, &ROSA).await);
    assert_eq!((second.status, second.location()), (StatusCode::SEE_OTHER, first.location()));
    assert_eq!(patients(&site).await.len(), 1);
}

#[tokio::test]
async fn of_two_clerks_at_once_the_second_sees_the_first() {
    let site = Site::new().await;
    let mut ana = site.logged_in("ana", Role::Nurse, POST).await;
    let mut luis = site.logged_in("luis", Role::Clerk, POST).await;
    let (a, b) = (ana.get(PATH).await, luis.get(PATH).await);
    let (one, two) = tokio::join!(send(&mut ana, &a, &ROSA), send(&mut luis, &b, &ROSA));
    let (taken, asked) = if one.status == StatusCode::SEE_OTHER { (one, two) } else { (two, one) };
    assert_eq!((taken.status, asked.status), (StatusCode::SEE_OTHER, StatusCode::OK));
    assert!(
        asked.body.contains("Ya hay alguien con este CUI") && asked.body.contains(taken.location()),
        "{}",
        asked.body
    );
    assert_eq!(patients(&site).await.len(), 1);
}

#[tokio::test]
async fn the_community_says_which_post_answers_for_somebody() {
    let site = Site::new().await;
    let (world, cx) = (&site.world, site.world.system());
    let level = |code: &str| json!([{ "coding": [{ "system": access::system::TERRITORY_LEVEL, "code": code }] }]);
    let place = |name: &str, kind: &str, code: &str, within: &str| {
        json!({ "resourceType": "Location", "status": "active", "name": name, "mode": "instance", "type": level(kind),
            "identifier": [{ "system": access::system::INE, "value": code }],
            "partOf": { "reference": format!("Location/{within}") } })
    };
    world.put(&cx, "gt-1601", place("Cobán", "municipio", "1601", "gt-16")).await;
    let mut sesarb = place("Sesarb", "comunidad", "x", "gt-1601");
    sesarb.set("managingOrganization", json!({ "reference": format!("Organization/{POST}") }));
    world.put(&cx, "com-sesarb", sesarb).await;
    let mut organization = world.access.read(&cx, &store::Key::new("Organization", POST)).await.unwrap().value();
    organization.set("identifier", json!([{ "system": access::system::FACILITY_ID, "value": POST }]));
    world.update(&cx, &organization).await.unwrap();
    let location = json!({ "resourceType": "Location", "status": "active", "name": POST, "mode": "instance",
        "managingOrganization": { "reference": format!("Organization/{POST}") },
        "partOf": { "reference": "Location/gt-1601" } });
    world.put(&cx, POST, location).await;

    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let page = nurse.get(PATH).await;
    assert!(page.body.contains(r#"value="1601" selected"#) && page.body.contains(">Sesarb</option>"), "{}", page.body);
    let elsewhere =
        send(&mut nurse, &page, &with(&ROSA, &[("municipality", "1602"), ("community", "com-sesarb")])).await;
    assert!(elsewhere.body.contains("no es de ese municipio"), "{}", elsewhere.body);
    let shown = send(&mut nurse, &elsewhere, &with(&ROSA, &[("municipality", "1602"), ("boton", "lugares")])).await;
    assert!(shown.status == StatusCode::OK && !shown.body.contains(">Sesarb</option>"), "{}", shown.body);
    send(&mut nurse, &shown, &with(&ROSA, &[("community", "com-sesarb")])).await;
    let patient = patients(&site).await[0].to_string();
    assert!(patient.contains("Location/com-sesarb") && patient.matches(POST).count() > 1, "{patient}");
}

#[tokio::test]
async fn a_correction_keeps_what_was_there_and_tells_who_changed_it_and_why() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let person = registered(&mut nurse, &ROSA).await;
    let path = format!("{person}/corregir");
    let page = nurse.get(&path).await;
    well_made("/personas/{id}/corregir", &page);
    assert!(page.body.contains(r#"value="Caal""#) && page.body.contains(r#"value="02/03/1968""#), "{}", page.body);
    let version = page.hidden("version");
    let fields = with(&ROSA, &[("surname1", "Cal"), ("version", &version)]);
    let silent = nurse.submit(&page, &path, &fields).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.body.contains("Escriba por qué corrige") && silent.body.contains(r#"value="Cal""#));
    let reasoned = with(&fields, &[("razon", "Así está en su DPI")]);
    let mended = nurse.submit(&silent, &path, &reasoned).await;
    assert_eq!(mended.location(), person, "{}", mended.body);
    let later = nurse.get(&path).await;
    for words in ["Primer apellido: Caal → Cal", "Así está en su DPI", "Ixmucané Cucul", "Puesto de salud Chicoj"]
    {
        assert!(later.body.contains(words), "{words}: {}", later.body);
    }
    let stale = with(&reasoned, &[("surname1", "Kal"), ("sex", "male")]);
    let refused = nurse.submit(&page, &path, &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    for part in ["antes que usted", r#"value="Kal""#, "Caal → Cal", r#"name="version" value="2""#] {
        assert!(refused.body.contains(part), "{part}: {}", refused.body);
    }
    assert_eq!(patients(&site).await.len(), 2, "the stale page changed nothing");
}

#[tokio::test]
async fn what_a_colleague_corrected_meanwhile_is_not_undone_by_asking_for_places() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let mut colleague = site.logged_in("luis", Role::Clerk, POST).await;
    let person = registered(&mut nurse, &ROSA).await;
    let path = format!("{person}/corregir");
    let (page, theirs) = (nurse.get(&path).await, colleague.get(&path).await);
    let first = page.hidden("version");
    let said = [("version", first.as_str()), ("razon", "Lo dice su DPI")];
    let faster = colleague.submit(&theirs, &path, &with(&ROSA, &[("phone", "5555 0101"), said[0], said[1]])).await;
    assert_eq!(faster.location(), person, "{}", faster.body);
    let places = nurse.submit(&page, &path, &with(&ROSA, &[said[0], ("boton", "lugares")])).await;
    assert_eq!(places.hidden("version"), first);
    let refused = nurse.submit(&places, &path, &with(&ROSA, &[("version", &places.hidden("version")), said[1]])).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    let again = refused.hidden("version");
    let both = with(&ROSA, &[("version", again.as_str()), said[1], ("phone", "5555 0101"), ("nit", "1000002-K")]);
    assert_eq!(nurse.submit(&refused, &path, &both).await.location(), person, "once shown it can be sent");
}

#[tokio::test]
async fn a_correction_lets_go_of_nothing_that_its_lists_do_not_know() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let person = registered(&mut nurse, &ROSA).await;
    let (cx, id) = (site.world.system(), person.rsplit('/').next().unwrap());
    let mut patient = site.world.access.read(&cx, &store::Key::new("Patient", id)).await.unwrap().value();
    let (community, post) = (access::system::EXT_COMMUNITY, access::system::EXT_ASSIGNED_POST);
    let pueblo = json!({ "system": access::system::PUEBLO, "code": "chorti-viejo" });
    let more = [
        json!({ "url": community, "valueReference": { "reference": "Location/com-antigua" } }),
        json!({ "url": post, "valueReference": { "reference": format!("Organization/{OTHER_POST}") } }),
        json!({ "url": access::system::EXT_PUEBLO, "valueCoding": pueblo }),
    ];
    patient.set("extension", patient.items("extension").iter().cloned().chain(more).collect::<Vec<_>>());
    patient
        .set("communication", json!([{ "language": { "coding": [{ "system": "urn:ietf:bcp:47", "code": "xxq" }] } }]));
    site.world.update(&cx, &patient).await.unwrap();
    let path = format!("{person}/corregir");
    let page = nurse.get(&path).await;
    let stored = [("community", "com-antigua"), ("post", OTHER_POST), ("pueblo", "chorti-viejo"), ("language", "xxq")];
    for (_, value) in stored {
        assert!(page.body.contains(&format!(r#"value="{value}" selected"#)), "{value}: {}", page.body);
    }
    let version = page.hidden("version");
    let fields = with(&ROSA, &[("surname1", "Cal"), ("version", &version), ("razon", "Así está en su DPI")]);
    let mended = nurse.submit(&page, &path, &with(&fields, &stored)).await;
    assert_eq!(mended.location(), person, "{}", mended.body);
    let kept = patients(&site).await.pop().unwrap().to_string();
    for value in ["Location/com-antigua", OTHER_POST, "chorti-viejo", "xxq", "Cal"] {
        assert!(kept.contains(value), "{value}: {kept}");
    }
    let page = nurse.get(&path).await;
    let moved = with(&fields, &[("municipality", "1602"), ("boton", "lugares")]);
    let moved = nurse.submit(&page, &path, &with(&moved, &stored)).await;
    for (_, value) in &stored[..2] {
        assert!(!moved.body.contains(&format!(r#"value="{value}""#)), "{value}: {}", moved.body);
    }
}

#[tokio::test]
async fn a_file_number_too_long_is_said_and_not_cut() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let page = nurse.get(PATH).await;
    let long = "7".repeat(41);
    let told = send(&mut nurse, &page, &with(&ROSA, &[("file", &long)])).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told.body.contains(r##"href="#file""##) && patients(&site).await.is_empty(), "{}", told.body);
    let searched = nurse.get("/personas/registrar?q=rosa%209000%2000074%20160").await;
    assert!(searched.body.contains(r#"value="9000 00074 160""#), "the CUI is checked as one: {}", searched.body);
}

#[tokio::test]
async fn a_person_gets_a_copy_of_the_record_and_each_copy_is_written_down() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let person = registered(&mut nurse, &ROSA).await;
    let copy = nurse.get(&format!("{person}/copia")).await;
    well_made("/personas/{id}/copia", &copy);
    assert!(copy.body.contains("Cobán, Alta Verapaz") && copy.body.contains("quien-vio"), "{}", copy.body);
    let request = Request::get(format!("{person}/copia.json")).header("host", "salud.example");
    let bundle = nurse.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(bundle.headers["content-type"], "application/fhir+json; charset=utf-8");
    let bundle = fhir::json::parse(bundle.body.as_bytes()).unwrap();
    assert_eq!(fhir::validate(&bundle), []);
    assert_eq!(bundle.text_at(&["entry", "resource", "resourceType"]), Some("Patient"));
    let url = bundle.text_at(&["entry", "fullUrl"]).unwrap();
    assert!(url.starts_with("http://salud.example/fhir/Patient/"), "references resolve from it: {url}");
    let looked = nurse.get(&format!("{person}/quien-vio")).await;
    assert!(looked.body.contains("Impresión") || looked.body.contains("Imprimió"), "{}", looked.body);

    let mut stranger = site.logged_in("eva", Role::Nurse, OTHER_POST).await;
    for what in ["copia", "copia.json", "corregir"] {
        assert_eq!(stranger.get(&format!("{person}/{what}")).await.location(), format!("{person}/razon"), "{what}");
    }
}

#[tokio::test]
async fn one_cui_is_no_click_away_from_a_second_person() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let first = registered(&mut nurse, &ROSA).await;
    let page = nurse.get(PATH).await;
    let wilmer = with(&ROSA, &[("given1", "Wilmer"), ("surname1", "Paz"), ("sex", "male"), ("birth_date", "5/5/1990")]);
    let step = send(&mut nurse, &page, &wilmer).await;
    well_made(PATH, &step);
    assert!(step.body.contains("Ya hay alguien con este CUI") && step.body.contains("Mismo CUI"), "{}", step.body);
    assert!(step.body.contains(&format!(r#"class="btn" href="{first}""#)), "the other one first: {}", step.body);
    assert!(!step.body.contains(r#"value="registrar""#) && step.body.contains(r#"value="volver""#), "{}", step.body);
    let id = first.rsplit('/').next().unwrap();
    let decided = with(&wilmer, &[("no-es", id), ("visto", "si"), ("boton", "registrar")]);
    let again = send(&mut nurse, &step, &decided).await;
    assert!(again.status == StatusCode::OK && again.body.contains("Ya hay alguien"), "{}", again.body);
    let silent = send(&mut nurse, &step, &with(&decided, &[("boton", "duda")])).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    well_made(PATH, &silent);
    assert!(silent.body.contains(r##"href="#duda""##), "{}", silent.body);
    let short = send(&mut nurse, &silent, &with(&decided, &[("boton", "duda"), ("duda", "otro")])).await;
    assert!(short.body.contains("al menos diez letras") && short.body.contains("\notro</textarea>"), "{}", short.body);
    assert_eq!(patients(&site).await.len(), 1);

    let why = "El DPI dice ese número y es un hombre de 36 años";
    let taken = send(&mut nurse, &short, &with(&decided, &[("boton", "duda"), ("duda", why)])).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "never a dead end: {}", taken.body);
    let record = nurse.get(taken.location()).await;
    for words in ["CUI en duda", why, "9000000741601 (en duda)"] {
        assert!(record.body.contains(words), "{words}: {}", record.body);
    }
    let path = format!("{}/corregir", taken.location());
    let form = nurse.get(&path).await;
    let fields = [("version", form.hidden("version")), ("razon", "Avisó otro teléfono".into())];
    let more = [(fields[0].0, fields[0].1.as_str()), (fields[1].0, fields[1].1.as_str()), ("phone", "5555 0101")];
    let kept = nurse.submit(&form, &path, &with(&wilmer, &more)).await;
    assert_eq!(kept.location(), taken.location(), "{}", kept.body);
    assert!(nurse.get(taken.location()).await.body.contains("(en duda)"), "the doubt stays with the number");

    let path = format!("{first}/corregir");
    let form = nurse.get(&path).await;
    let (version, passport) = (form.hidden("version"), ["P1234567", "hnd"]);
    let other = with(&ROSA, &[("document", "pasaporte"), ("version", &version), ("razon", "Trajo su pasaporte")]);
    let other = with(&other, &[("passport_number", passport[0]), ("passport_country", passport[1])]);
    assert_eq!(nurse.submit(&form, &path, &other).await.location(), first);
    let form = nurse.get(&path).await;
    let version = form.hidden("version");
    let back = with(&ROSA, &[("version", version.as_str()), ("razon", "Trajo su DPI")]);
    let refused = nurse.submit(&form, &path, &back).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("Otra persona ya tiene este CUI"), "{}", refused.body);
}

#[tokio::test]
async fn every_number_is_shown_finds_its_person_and_is_not_taken_twice_in_silence() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let numbers = [
        ("document", "pasaporte"),
        ("passport_country", "hnd"),
        ("passport_number", "e123456"),
        ("igss_number", "176-123456"),
        ("nit", "1000002-K"),
        ("file", "77-2026"),
        ("address", "Caserío Sesarb"),
    ];
    let person = registered(&mut nurse, &with(&ROSA, &numbers)).await;
    let record = nurse.get(&person).await;
    for words in ["E123456 (HND)", "176-123456", "1000002-K", "77-2026", "Caserío Sesarb, Cobán, Alta Verapaz"] {
        assert!(record.body.contains(words), "{words}: {}", record.body);
    }
    for query in ["E123456", "176-123456", "1000002K", "77-2026"] {
        let found = nurse.get(&format!("/personas?q={query}")).await;
        assert!(found.body.contains(&format!(r#"href="{person}""#)), "{query}: {}", found.body);
    }
    let stranger =
        with(&ROSA, &[("given1", "Otro"), ("surname1", "Sic"), ("surname2", ""), ("birth_date", "1/1/2001")]);
    let page = nurse.get(PATH).await;
    let same = send(&mut nurse, &page, &with(&stranger, &numbers[..3])).await;
    assert!(same.status == StatusCode::OK && same.body.contains("Mismo pasaporte o documento"), "{}", same.body);
    let same = send(&mut nurse, &page, &with(&stranger, &[("file", "77-2026")])).await;
    assert!(same.status == StatusCode::OK && same.body.contains("Mismo número de expediente aquí"), "{}", same.body);
    assert_eq!(patients(&site).await.len(), 1);
}

#[tokio::test]
async fn what_asks_for_nobody_says_what_to_type() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let person = registered(&mut nurse, &ROSA).await;
    let link = format!(r#"href="{person}""#);
    for query in ["hh", "xx", "aa", "ss"] {
        let page = nurse.get(&format!("/personas?q={query}")).await;
        assert!(page.body.contains("al menos dos letras distintas") && !page.body.contains(&link), "{query}");
    }
    for query in ["02+03+1968", "02/03/68", "1968-03-02", "2+de+marzo+de+1968", "rosa+2+de+marzo+de+1968"] {
        let found = nurse.get(&format!("/personas?q={query}")).await;
        assert!(found.body.contains(&link), "{query}: {}", found.body);
    }
    for query in ["30/02/1968", "rosa+30/02/1968", "31+de+abril+de+1968"] {
        let page = nurse.get(&format!("/personas?q={query}")).await;
        assert!(page.body.contains("en el calendario") && page.body.contains(r#"id="q-error""#), "{query}");
        assert!(!page.body.contains(&link) && !page.body.contains("No encontramos a nadie"), "{query}: {}", page.body);
    }
}

#[tokio::test]
async fn the_summary_follows_the_page_and_a_missing_cui_is_asked_for() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let page = nurse.get(PATH).await;
    let wrong = [("cui", ""), ("nit", "5-5"), ("given1", ""), ("surname1", ""), ("birth_date", "30/02/1968")];
    let told = send(&mut nurse, &page, &with(&with(&ROSA, &wrong), &[("phone", "7"), ("igss_number", "?")])).await;
    assert!(told.body.contains("Escriba el CUI o elija otro documento"), "{}", told.body);
    assert!(told.body.contains("Esa fecha no existe en el calendario"), "{}", told.body);
    let fields = ["cui", "given1", "birth_date", "phone", "igss_number", "nit"];
    let at = |field: &str| told.body.find(&format!(r##"href="#{field}""##)).expect(field);
    assert!(fields.map(at).is_sorted(), "{}", told.body);
    for birth in ["02 03 1968", "02/03/68", "1968-03-02", "2 de marzo de 1968"] {
        let form = with(&ROSA, &[("document", "ninguno"), ("no_document_reason", "perdido"), ("birth_date", birth)]);
        let page = nurse.get(PATH).await;
        let answer = send(&mut nurse, &page, &form).await;
        let known = answer.status == StatusCode::OK && answer.body.contains("Misma fecha de nacimiento");
        assert!(known || answer.status == StatusCode::SEE_OTHER, "{birth}: {}", answer.body);
    }
}
