//! Non-inference in the pages: of two networks that differ only in what their reader can't see, every
//! page, list, count, suggestion and download is the same to the byte.
//!
//! The same story is told to two stores; in one of them, everything that the reader can't see is
//! then deleted. Every GET row of the table that the reader's role admits is asked of both, for all
//! that there is and was.
//!
//! Not deleted, because every reader sees it by design: the directory (facilities, staff, agendas:
//! no patients), the agreements between institutions, and who somebody is where the reader's own
//! index tells (names, birth date, municipality, masked CUI); their clinical data are deleted.

use std::collections::{BTreeMap, BTreeSet};

use access::{Cx, NewUser, Role, system};
use axum::http::{Method, StatusCode};
use care::referral::answer::{CounterReferral, Line, LineAnswer, LineKind, acknowledge, counter_refer};
use care::referral::attend::attend;
use care::referral::book::book;
use care::referral::draft::{Draft, start_draft};
use care::referral::follow_up::finish_follow_up;
use care::referral::review::{ReturnReason, Review, review};
use care::referral::send::send;
use care::referral::state::{Phase, Priority, State};
use care::referral::{Named, Referral};
use care::visit::form::{Diagnosis, Form};
use fhir::Value;
use store::{Change, Commit, Expect, HistoryQuery, HistoryScope, Key, Visibility, Write};
use testkit::{HOSPITAL, IGSS_HOSPITAL, OFFICE, OTHER_POST, POST, World};

use crate::oversight::with_code;
use crate::{Browser, PASSWORD, Site, new_user};

const PEOPLE: usize = 6;
const REFERRALS: usize = 6;
const ORIGINS: [&str; 3] = [POST, OTHER_POST, IGSS_HOSPITAL];
const DESTINATIONS: [(&str, &str); 2] = [(HOSPITAL, "agenda"), (IGSS_HOSPITAL, "agenda-igss")];

/// Dice that fall alike for one seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Who reads: role, facility, and the territory of who answers for one.
#[derive(Clone, Copy, Debug)]
struct Reader {
    role: Role,
    place: &'static str,
    territory: &'static [&'static str],
}

impl Reader {
    const fn at(role: Role, place: &'static str) -> Self {
        Self { role, place, territory: &[] }
    }

    fn cx(&self, world: &World) -> Cx {
        let mut cx = world.at("Ixmucané", self.role, self.place);
        if let Some(facility) = &mut cx.facility {
            facility.territory =
                std::iter::once(self.place).chain(self.territory.iter().copied()).map(str::to_owned).collect();
        }
        cx
    }

    async fn enters(&self, site: &Site) -> Browser {
        if matches!(self.role, Role::Auditor | Role::Administrator) {
            return with_code(site, "lectora", self.role).await;
        }
        let territory = self.territory.iter().map(|id| (*id).to_owned()).collect();
        let new = new_user("lectora", &[(self.role, self.place)]);
        site.make(NewUser { territory, password: Some(PASSWORD.to_owned()), ..new }).await;
        let mut browser = site.browser();
        assert_eq!(browser.log_in("lectora").await.location(), "/");
        browser
    }
}

/// The network, its people and their referrals as far as the dice take them; how far each came.
async fn told(seed: u64) -> (Site, Vec<Option<Phase>>) {
    let site = crate::post::site().await;
    let world = &site.world;
    let mut dice = Dice(seed);
    crate::post::offers(world, IGSS_HOSPITAL, "ojos-igss", "oftalmologia").await;
    crate::post::offers(world, OTHER_POST, "dental", "odontologia").await;
    for (agenda, service) in [("agenda", "ojos"), ("agenda-igss", "ojos-igss")] {
        let schedule = fhir::json!({ "resourceType": "Schedule", "active": true,
            "actor": [{ "reference": format!("HealthcareService/{service}") }] });
        world.put(&world.system(), agenda, schedule).await;
        for at in 0..=REFERRALS {
            let hour = 15 + at;
            let slot = fhir::json!({ "resourceType": "Slot", "meta": { "profile": [system::PROFILE_SLOT] },
                "schedule": { "reference": format!("Schedule/{agenda}") }, "status": "free",
                "start": format!("2026-11-24T{hour}:00:00Z"), "end": format!("2026-11-24T{hour}:20:00Z") });
            world.put(&world.system(), &format!("{agenda}-{at}"), slot).await;
        }
    }
    if dice.roll(3) > 0 {
        world.agree().await;
    }
    let mut people = Vec::new();
    for at in 0..PEOPLE {
        let place = ORIGINS.get(at).copied().unwrap_or_else(|| ORIGINS[dice.roll(ORIGINS.len())]);
        let (id, family) = (format!("persona-{at}"), ["Caal", "Tzub", "Caal Choc"][dice.roll(3)]);
        world.person(&world.at("Ana", Role::Nurse, place), &id, family).await;
        clinical(world, &mut dice, (&id, place)).await;
        people.push((Named { id, name: format!("Rosa {family}") }, place));
    }
    let mut phases = Vec::new();
    for at in 0..REFERRALS {
        let (person, place) = &people[dice.roll(PEOPLE)];
        phases.push(referred(world, &mut dice, (at, person, place)).await.map(|one| one.state.phase()));
    }
    (site, phases)
}

/// A visit at the person's place, and something that only some may read.
async fn clinical(world: &World, dice: &mut Dice, (id, place): (&str, &str)) {
    let nurse = world.at("Ana", Role::Nurse, place);
    // Of three visits one is labelled whole, because of what was found in it.
    let (code, words) = [("", "Anemia"), ("D50", "Anemia"), ("F32.1", "Episodio depresivo")][dice.roll(3)];
    let diagnosis = Diagnosis { code: code.into(), words: words.into(), problem: true };
    let form = Form {
        patient: Named { id: id.to_owned(), name: "Rosa".into() },
        consultation: "1".into(),
        reason: "Cansancio".into(),
        findings: "Palidez".into(),
        vitals: vec![("temperature".into(), "36.5".into())],
        diagnoses: vec![diagnosis],
        plan: "Hierro".into(),
        confirmed: true,
        ..Form::default()
    };
    if dice.roll(3) > 0 {
        care::visit::record::sign(&world.access, &nurse, &form).await.unwrap();
    }
    let keeper = if place == IGSS_HOSPITAL { "IGSS" } else { "MSPAS" };
    let mut security = vec![fhir::json!({ "system": system::CUSTODIAN, "code": keeper })];
    security.extend((dice.roll(2) == 0).then(|| fhir::json!({ "system": system::SENSITIVITY, "code": "vih" })));
    let condition = fhir::json!({ "resourceType": "Condition", "meta": { "security": security },
        "subject": { "reference": format!("Patient/{id}") }, "code": { "text": "Otra cosa" } });
    world.put(&world.system(), &format!("otra-{id}"), condition).await;
}

/// One referral, as far as the dice take it or a rule lets it go.
async fn referred(world: &World, dice: &mut Dice, (at, person, place): (usize, &Named, &str)) -> Option<Referral> {
    let access = &world.access;
    let nurse = world.at("Ana", Role::Nurse, place);
    let (to, agenda) = DESTINATIONS[dice.roll(DESTINATIONS.len())];
    let last = dice.roll(9);
    let draft = Draft {
        patient: person.clone(),
        destination: Named { id: to.into(), name: to.into() },
        reason: format!("Ve menos, {at}"),
        ..crate::post::draft()
    };
    let violence = [("T74".to_owned(), "Síndrome de maltrato".to_owned())];
    let labelled = dice.roll(3) == 0;
    let draft = Draft { diagnoses: if labelled { violence.into() } else { draft.diagnoses }, ..draft };
    let mut now = start_draft(access, &nurse, &draft).await.ok()?;
    let desks = [world.coordinator("Edgar"), world.at("Lima", Role::Coordinator, IGSS_HOSPITAL)];
    let specialist = world.at("Rojas", Role::Specialist, to);
    for step in 0..last {
        let next = match step {
            0 => send(access, &nurse, &now).await,
            1 => {
                let answer = if dice.roll(5) == 0 {
                    Review::Return(ReturnReason::TestMissing)
                } else {
                    Review::Accept(Priority::P3)
                };
                let first = review(access, &desks[0], &now, &answer, "Criterios").await;
                if first.is_ok() { first } else { review(access, &desks[1], &now, &answer, "Criterios").await }
            }
            2 => {
                // What is labelled is booked by who treats: the desk does not see it.
                let booker = if labelled { Role::Nurse } else { Role::Clerk };
                book(access, &world.at("Marta", booker, to), &now, &format!("{agenda}-{at}")).await
            }
            3 => attend(access, &specialist, &now).await,
            4 => counter_refer(access, &specialist, &now, &answered()).await,
            5 => acknowledge(access, &nurse, &now, &[LineAnswer::Accepted]).await,
            _ => match &now.state {
                State::Plan { tasks, .. } => finish_follow_up(access, &nurse, &tasks[0].clone(), true, "Vino").await,
                _ => break,
            },
        };
        match next {
            Ok(next) => now = next,
            Err(_) => break,
        }
    }
    Some(now)
}

fn answered() -> CounterReferral {
    let line = Line { kind: LineKind::Control, words: "Medir agudeza".into(), due: None, who: None };
    CounterReferral {
        findings: "Catarata".into(),
        diagnoses: vec![("H25".into(), "Catarata senil".into())],
        lines: vec![line],
        ..CounterReferral::default()
    }
}

/// Everything that lives in a store, newest version each.
async fn all(world: &World) -> BTreeMap<Key, Value> {
    let (mut live, mut seen) = (BTreeMap::new(), BTreeSet::new());
    let mut cursor = None;
    loop {
        let scope = HistoryScope::System;
        let query = HistoryQuery { scope, since: None, at: None, count: Some(1000), cursor };
        let page = world.store().history(&query, &Visibility::All).await.unwrap();
        for entry in page.entries {
            if seen.insert(entry.key.clone()) && !entry.deleted {
                live.insert(entry.key.clone(), entry.value());
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return live,
        }
    }
}

/// Whether it stays although the reader can't read it: see the head of this file.
fn stays(reader: &Reader, key: &Key, value: &Value) -> bool {
    const DIRECTORY: [&str; 7] =
        ["Organization", "Location", "HealthcareService", "Practitioner", "PractitionerRole", "Schedule", "Slot"];
    let security = value.get("meta").map(|meta| meta.items("security")).unwrap_or_default();
    let kept = security.iter().find(|one| one.text_at(&["system"]) == Some(system::CUSTODIAN));
    let own = kept.and_then(|one| one.text_at(&["code"]))
        == Some(if reader.place == IGSS_HOSPITAL { "IGSS" } else { "MSPAS" });
    // The auditor's page names whom the institution keeps.
    let named = reader.role == Role::Auditor && key.resource_type == "Patient" && own;
    DIRECTORY.contains(&key.resource_type.as_str()) || key.resource_type == "Consent" || named
}

/// What of a store the reader can't see.
async fn hidden(world: &World, reader: &Reader, story: &BTreeMap<Key, Value>) -> Vec<Key> {
    let cx = reader.cx(world);
    let mut found = Vec::new();
    for (key, value) in story {
        if !stays(reader, key, value) && world.access.read(&cx, key).await.is_err() {
            found.push(key.clone());
        }
    }
    found
}

/// The addresses of a row, with the ids of all that there is (and of nothing) in its places.
fn addresses(path: &str, story: &BTreeMap<Key, Value>) -> Vec<String> {
    let ids = |kind: &str| -> Vec<String> {
        let own = story.keys().filter(|key| key.resource_type == kind).map(|key| key.id.clone());
        own.chain(std::iter::once("nada".to_owned())).collect()
    };
    let Some((before, after)) = path.split_once('{') else { return vec![path.to_owned()] };
    let (name, after) = after.split_once('}').unwrap();
    let filled = match (before, name) {
        ("/personas/", _) => ids("Patient"),
        ("/referencias/" | "/tareas/", _) => ids("Task"),
        ("/atenciones/", _) => ids("Encounter"),
        ("/red/", _) => ids("Organization"),
        ("/agenda/horarios/", _) => ids("HealthcareService"),
        ("/acuerdos/", _) => ["IGSS", "MSPAS", "nada"].map(str::to_owned).to_vec(),
        ("/cuentas/", "id") => vec!["lectora".into(), "nada".into()],
        ("/pendientes/", _) => PENDING.map(str::to_owned).to_vec(),
        ("/r/", _) => codes(story),
        (_, "servicio") => ids("HealthcareService"),
        (_, "clave" | "codigo") => vec!["nada".into()],
        other => panic!("what stands in {path}? {other:?}"),
    };
    filled.into_iter().flat_map(|id| addresses(&format!("{before}{id}{after}"), story)).collect()
}

/// The lists of the first page.
const PENDING: [&str; 10] =
    ["acusar", "avisar", "tareas", "suspendidas", "planes", "revisar", "llegan", "contestar", "borradores", "agenda"];

/// The codes and numbers of printed referrals.
fn codes(story: &BTreeMap<Key, Value>) -> Vec<String> {
    let requests = story.iter().filter(|(key, _)| key.resource_type == "ServiceRequest");
    let values = requests.flat_map(|(_, value)| value.items("identifier")).filter_map(|one| one.text_at(&["value"]));
    values.map(str::to_owned).chain(std::iter::once("A2B3C4D5".to_owned())).collect()
}

/// The same rows with what a reader can ask them.
fn questions(path: &str, story: &BTreeMap<Key, Value>) -> Vec<String> {
    let asked: Vec<String> = match path {
        "/personas" | "/personas/registrar" => {
            let words = ["caal", "rosa+caal", "tzub", "17/05/1990", "choc", "nadie"].map(str::to_owned);
            words.into_iter().chain(codes(story)).map(|word| format!("?q={word}")).collect()
        }
        "/referencias" => {
            let views = ["todas", "revisar", "lista", "cita", "devueltas", "traslados", "objeciones", "cerradas"];
            let views = views.map(|view| format!("?ver={view}"));
            let others = [
                "?q=caal",
                "?ver=todas&q=rosa",
                "?servicio=ojos",
                "?origen=puesto-chicoj",
                "?prioridad=routine",
                "?pagina=2",
                "?codigo=caal",
            ];
            views.into_iter().chain(others.map(str::to_owned)).collect()
        }
        "/agenda" => {
            ["?dia=24/11/2026", "?dia=25/11/2026", "?dia=24/11/2026&servicio=oftalmologia"].map(str::to_owned).into()
        }
        "/red" | "/red.csv" | "/red.xlsx" => {
            ["?departamento=16", "?q=hospital", "?institucion=IGSS"].map(str::to_owned).into()
        }
        "/cuentas" => ["?q=ana", "?q=lectora"].map(str::to_owned).into(),
        "/auditoria" => {
            let actions =
                ["", "read", "search", "index", "break-glass", "denied", "login"].map(|one| format!("?accion={one}"));
            let people =
                story.keys().filter(|key| key.resource_type == "Patient").map(|key| format!("?persona={}", key.id));
            let cuis = ["?persona=9000000741601", "?quien=ana", "?quien=lima", "?persona=rosa+caal"].map(str::to_owned);
            actions.into_iter().chain(people).chain(cuis).collect()
        }
        "/r" => codes(story).into_iter().map(|code| format!("?codigo={code}")).collect(),
        _ => Vec::new(),
    };
    asked.into_iter().map(|more| format!("{path}{more}")).collect()
}

/// An answer without what is drawn for each page: its seal and the keys of its forms.
async fn page(browser: &mut Browser, path: &str) -> (StatusCode, String, Vec<u8>) {
    let answer = browser.get(path).await;
    let place = answer.location().to_owned();
    let Ok(text) = std::str::from_utf8(&answer.bytes) else { return (answer.status, place, answer.bytes) };
    let mut parts = text.split("value=\"");
    let mut steady = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let drawn = ["_sello", "_una", "hoja"].iter().any(|name| steady.ends_with(&format!("name=\"{name}\" ")));
        steady += "value=\"";
        steady += if drawn { part.find('"').map_or("", |end| &part[end..]) } else { part };
    }
    (answer.status, place, steady.into_bytes())
}

/// How many pages were asked, and how many of them showed something.
async fn hidden_or_absent_is_alike(seed: u64, reader: Reader) -> (usize, usize) {
    let ((whole, phases), (poorer, again)) = (told(seed).await, told(seed).await);
    let story = all(&whole.world).await;
    assert_eq!(phases, again);
    assert!(story.keys().eq(all(&poorer.world).await.keys()), "both stories are the same");
    let (mut one, mut other) = (reader.enters(&whole).await, reader.enters(&poorer).await);
    // Both are asked, so that both chains of reads hold the same looks.
    let gone = hidden(&poorer.world, &reader, &story).await;
    assert_eq!(gone, hidden(&whole.world, &reader, &story).await);
    assert!(gone.len() > 5, "{reader:?} sees nearly all: {gone:?}");
    let changes = gone.iter().map(|key| Change { key: key.clone(), expect: Expect::Any, write: Write::Delete });
    let commit = Commit { author: "system".to_owned(), changes: changes.collect(), ..Commit::default() };
    poorer.world.store().commit(commit).await.unwrap();
    let (mut asked, mut shown) = (0, 0);
    for row in web::routes().iter().filter(|row| row.method == Method::GET && row.expects.admits(reader.role)) {
        let paths = addresses(row.path, &story).into_iter().chain(questions(row.path, &story));
        for path in paths {
            for site in [&whole, &poorer] {
                site.world.clock.advance(jiff::SignedDuration::from_secs(3));
            }
            let (seen, told) = (page(&mut one, &path).await, page(&mut other, &path).await);
            asked += 1;
            shown += usize::from(seen.0 == StatusCode::OK);
            if seen != told {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let (seen, told) = ((seen.0, seen.1, text(&seen.2)), (told.0, told.1, text(&told.2)));
                panic!("{path} tells {reader:?} of what is hidden, seed {seed}, {phases:?}\n{}", differ(&seen, &told));
            }
            assert!(!seen.0.is_server_error(), "{path}: {}", String::from_utf8_lossy(&seen.2));
        }
    }
    if web::routes().iter().any(|row| row.path == ALIKE && row.expects.admits(reader.role)) {
        let (seen, told) = (alike(&mut one).await, alike(&mut other).await);
        assert_eq!(seen, told, "{ALIKE} tells {reader:?} of what is hidden, seed {seed}, {phases:?}");
        asked += seen.len();
    }
    (asked, shown)
}

/// Who looks like somebody who is being typed.
const ALIKE: &str = "/personas/parecidas";

async fn alike(browser: &mut Browser) -> Vec<(StatusCode, String)> {
    let seal = browser.get("/personas/registrar").await.hidden("_sello");
    let mut told = Vec::new();
    for surname in ["Caal", "Tzub", "Caal Choc"] {
        let names = [("given1", "Rosa"), ("surname1", surname), ("birthDate", "17/05/1990"), ("_sello", &seal)];
        let answer = browser.post(ALIKE, &names).await;
        told.push((answer.status, answer.body));
    }
    told
}

/// Where two answers part.
fn differ(one: &(StatusCode, String, String), other: &(StatusCode, String, String)) -> String {
    let at = one.2.bytes().zip(other.2.bytes()).take_while(|(a, b)| a == b).count();
    let near = |text: &str| {
        String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(200)..text.len().min(at + 300)]).into_owned()
    };
    format!("{} {}\n{}\n--- against ---\n{} {}\n{}", one.0, one.1, near(&one.2), other.0, other.1, near(&other.2))
}

async fn nobody_learns(readers: &[Reader]) {
    for (at, reader) in readers.iter().enumerate() {
        for seed in [11, 12].map(|seed| seed + 2 * u64::try_from(at).unwrap()) {
            let (asked, shown) = hidden_or_absent_is_alike(seed, *reader).await;
            assert!(asked > 60 && shown > 15, "{reader:?} asked {asked} pages, {shown} showed something");
        }
    }
}

#[tokio::test]
async fn no_page_tells_those_who_attend_of_what_they_can_not_see() {
    let readers = [(Role::Nurse, OTHER_POST), (Role::SocialWorker, POST), (Role::Specialist, HOSPITAL)];
    nobody_learns(&readers.map(|(role, place)| Reader::at(role, place))).await;
}

#[tokio::test]
async fn no_page_tells_a_desk_of_another_territory() {
    const ELSEWHERE: &[&str] = &[OTHER_POST];
    let of = |role| Reader { role, place: OFFICE, territory: ELSEWHERE };
    nobody_learns(&[of(Role::Coordinator), of(Role::Supervisor), Reader::at(Role::Clerk, HOSPITAL)]).await;
}

#[tokio::test]
async fn no_page_tells_the_other_institution() {
    let readers = [Role::Coordinator, Role::Specialist, Role::Clerk];
    nobody_learns(&readers.map(|role| Reader::at(role, IGSS_HOSPITAL))).await;
}

#[tokio::test]
async fn no_page_tells_those_who_oversee() {
    nobody_learns(&[Role::Auditor, Role::Administrator, Role::Director].map(|role| Reader::at(role, OFFICE))).await;
}
