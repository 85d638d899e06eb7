//! A referral and its answer on paper: plain, complete, and a QR that tells nothing of anybody.

use std::sync::Arc;

use access::{Role, system};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use care::referral::Referral;
use care::referral::answer::{CounterReferral, Line, LineKind, counter_refer};
use care::referral::attend::attend;
use care::referral::book::book;
use care::referral::draft::{Draft, start_draft};
use care::referral::review::{Review, review};
use care::referral::send::send;
use care::referral::state::Priority;
use fhir::json;
use testkit::{HOSPITAL, OTHER_POST, POST};

use crate::Site;
use crate::browser::{Answer, Browser};
use crate::house::well_made;
use crate::post::draft;

/// A referral of Rosa, on the waiting list, and the draft of another.
async fn waiting(site: &Site) -> (Referral, Referral) {
    let (world, access) = (&site.world, &site.world.access);
    let (nurse, coordinator, system) = (world.nurse("Ana"), world.coordinator("Edgar"), world.system());
    let rosa = json!({ "resourceType": "Patient", "name": [{ "family": "Tzub", "given": ["Rosa"] }],
        "gender": "female", "birthDate": "1990-05-17",
        "identifier": [{ "system": system::CUI, "value": "9000000741601" }],
        "address": [{ "text": "Caserío Chitocán" }], "telecom": [{ "system": "phone", "value": "5555 0101" }],
        "managingOrganization": { "reference": format!("Organization/{POST}") } });
    world.put(&nurse, "rosa", rosa).await;
    let weight = json!({ "resourceType": "Observation", "status": "final", "subject": { "reference": "Patient/rosa" },
        "code": { "text": "Peso" }, "valueQuantity": { "value": 58, "unit": "kg" } });
    world.put(&nurse, "peso", weight).await;
    let offer = json!({ "resourceType": "HealthcareService", "active": true, "name": "Oftalmología",
        "providedBy": { "reference": format!("Organization/{HOSPITAL}") },
        "specialty": [{ "coding": [{ "system": system::SPECIALTY, "code": "oftalmologia" }] }] });
    world.put(&system, "ojos", offer).await;
    let schedule =
        json!({ "resourceType": "Schedule", "active": true, "actor": [{ "reference": "HealthcareService/ojos" }] });
    world.put(&system, "agenda", schedule).await;
    let slot = json!({ "resourceType": "Slot", "meta": { "profile": [system::PROFILE_SLOT] }, "status": "free",
        "schedule": { "reference": "Schedule/agenda" },
        "start": "2026-11-24T14:00:00Z", "end": "2026-11-24T14:20:00Z" });
    world.put(&system, "s1", slot).await;
    let kept = start_draft(access, &nurse, &draft()).await.unwrap();
    let results = vec![("Observation".to_owned(), "peso".to_owned())];
    let written = start_draft(access, &nurse, &Draft { results, ..draft() }).await.unwrap();
    let sent = send(access, &nurse, &written).await.unwrap();
    let seen = Referral::load(access, &coordinator, sent.id()).await.unwrap();
    (review(access, &coordinator, &seen, &Review::Accept(Priority::P2), "Completa").await.unwrap(), kept)
}

/// The page as a browser gets it that knows us as `tejido.test`.
async fn scanned(browser: &mut Browser, path: &str) -> Answer {
    let request = Request::get(path).header(header::HOST, "tejido.test");
    browser.send(request.body(Body::empty()).unwrap()).await
}

/// The modules of a drawn QR code, dark or not, without its margin.
fn modules(html: &str) -> Vec<Vec<bool>> {
    let drawing = html.split(r#"class="paper-qr">"#).nth(1).unwrap().split("</svg>").next().unwrap();
    let path = drawing.rsplit(r#" d=""#).next().unwrap().split('"').next().unwrap();
    let corner = |square: &str| {
        let (x, rest) = square.split_once(' ').unwrap();
        let (y, rest) = rest.split_once('h').unwrap();
        let side: usize = rest.split('v').next().unwrap().parse().unwrap();
        (x.parse::<usize>().unwrap() / side, y.parse::<usize>().unwrap() / side)
    };
    let dark: Vec<_> = path.split('M').skip(1).map(corner).collect();
    let (least, most) = (dark.iter().map(|at| at.0).min().unwrap(), dark.iter().map(|at| at.0).max().unwrap());
    (least..=most).map(|y| (least..=most).map(|x| dark.contains(&(x, y))).collect()).collect()
}

/// Whether a module of a version 3 code belongs to its patterns and not to its words.
fn is_pattern(x: usize, y: usize) -> bool {
    let finder = matches!((x, y), (0..=8 | 21.., 0..=8) | (0..=8, 21..));
    finder || x == 6 || y == 6 || ((20..25).contains(&x) && (20..25).contains(&y))
}

/// Reads a QR code as a phone does (ISO/IEC 18004; version 3 at level M, which has one block).
fn read(html: &str) -> String {
    let dark = modules(html);
    assert_eq!(dark.len(), 29, "version 3");
    let format = (0..3).fold(0, |bits, x| bits << 1 | u8::from(dark[8][x + 2])) ^ 0b101;
    let mask = |x: usize, y: usize| match format {
        0 => (x + y).is_multiple_of(2),
        1 => y.is_multiple_of(2),
        2 => x.is_multiple_of(3),
        3 => (x + y).is_multiple_of(3),
        4 => (y / 2 + x / 3).is_multiple_of(2),
        5 => x * y % 2 + x * y % 3 == 0,
        6 => (x * y % 2 + x * y % 3).is_multiple_of(2),
        _ => ((x + y) % 2 + x * y % 3).is_multiple_of(2),
    };
    let columns = (0..14).map(|pair| if pair < 11 { 28 - 2 * pair } else { 27 - 2 * pair });
    let mut bits = Vec::new();
    for (pair, right) in columns.enumerate() {
        for step in 0..29 {
            let y = if pair % 2 == 0 { 28 - step } else { step };
            let data = [right, right - 1].into_iter().filter(|x| !is_pattern(*x, y));
            bits.extend(data.map(|x| dark[y][x] ^ mask(x, y)));
        }
    }
    words(&bits)
}

/// The segments of a code's bits: bytes, letters of the alphanumeric set, digits.
fn words(bits: &[bool]) -> String {
    const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let (mut at, mut said) = (0, String::new());
    let mut take = |count: usize| {
        at += count;
        bits[at - count..at].iter().fold(0, |n, bit| n << 1 | usize::from(*bit))
    };
    let letter = |n: usize| char::from(LETTERS[n]);
    loop {
        match take(4) {
            4 => (0..take(8)).for_each(|_| said.push(char::from(u8::try_from(take(8)).unwrap()))),
            2 => {
                let count = take(9);
                for _ in 0..count / 2 {
                    let pair = take(11);
                    said.extend([letter(pair / 45), letter(pair % 45)]);
                }
                said.extend((count % 2 == 1).then(|| letter(take(6))));
            }
            1 => {
                let count = take(10);
                (0..count / 3).for_each(|_| said += &format!("{:03}", take(10)));
                match count % 3 {
                    2 => said += &format!("{:02}", take(7)),
                    1 => said += &take(4).to_string(),
                    _ => {}
                }
            }
            _ => return said,
        }
    }
}

#[tokio::test]
async fn a_printed_referral_is_plain_and_its_qr_holds_the_public_code_alone() {
    let site = Site::governed(vec![Arc::new(care::CareGovernor)]).await;
    let (referral, draft) = waiting(&site).await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let path = format!("/referencias/{}/imprimir", referral.id());
    let whole = nurse.get(&format!("/referencias/{}", referral.id())).await;
    assert!(whole.body.contains(&format!(r#"href="{path}""#)), "{}", whole.body);
    let paper = scanned(&mut nurse, &path).await;
    well_made("/referencias/{id}/imprimir", &paper);
    for words in ["Rosa Tzub", "Ve menos del ojo derecho", "Catarata senil (H25)", "ninguna marcada", referral.number()]
    {
        assert!(paper.body.contains(words), "{words}: {}", paper.body);
    }
    for words in ["9000000741601", "Caserío Chitocán", "5555 0101", "Peso 58 kg"] {
        assert!(paper.body.contains(words), "who it is and what was measured travels too: {words}: {}", paper.body);
    }
    assert_eq!(referral.public_code().len(), 8);
    let led = format!("http://tejido.test/r/{}", referral.public_code());
    assert_eq!(read(&paper.body), led, "the QR says where the code leads and nothing else");
    let scanned = nurse.get(led.strip_prefix("http://tejido.test").unwrap()).await;
    assert_eq!(scanned.location(), format!("/referencias/{}", referral.id()), "and that is where it leads");
    assert!(
        paper.body.contains("paper a5") && nurse.get(&format!("{path}?hoja=carta")).await.body.contains("paper letter")
    );
    let looked = nurse.get("/personas/rosa/quien-vio").await;
    assert!(looked.body.contains("Impresión") || looked.body.contains("Imprimió"), "{}", looked.body);

    let no_answer = nurse.get(&format!("/referencias/{}/contrarreferencia/imprimir", referral.id())).await;
    assert_eq!(no_answer.status, StatusCode::NOT_FOUND);
    let unsent = nurse.get(&format!("/referencias/{}/imprimir", draft.id())).await;
    assert_eq!(unsent.status, StatusCode::NOT_FOUND, "what was not sent has no paper");
    let mut stranger = site.logged_in("eva", Role::Nurse, OTHER_POST).await;
    assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_printed_answer_tells_the_post_what_to_do() {
    let site = Site::governed(vec![Arc::new(care::CareGovernor)]).await;
    let (referral, _) = waiting(&site).await;
    let (world, access) = (&site.world, &site.world.access);
    let (clerk, specialist) = (world.at("Marta", Role::Clerk, HOSPITAL), world.specialist("Rojas"));
    let seen = Referral::load(access, &clerk, referral.id()).await.unwrap();
    let booked = book(access, &clerk, &seen, "s1").await.unwrap();
    let seen = Referral::load(access, &specialist, booked.id()).await.unwrap();
    let attended = attend(access, &specialist, &seen).await.unwrap();
    let answer = CounterReferral {
        findings: "Catarata madura".into(),
        diagnoses: vec![("H25".into(), "Catarata senil".into())],
        treatment: "Cirugía programada".into(),
        lines: vec![Line {
            kind: LineKind::Control,
            words: "En ocho días".into(),
            due: Some("2026-12-09".into()),
            who: None,
        }],
        red_flags: "Dolor o pérdida de visión".into(),
        next: String::new(),
    };
    counter_refer(access, &specialist, &attended, &answer).await.unwrap();
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let paper = scanned(&mut nurse, &format!("/referencias/{}/contrarreferencia/imprimir", referral.id())).await;
    well_made("/referencias/{id}/contrarreferencia/imprimir", &paper);
    for words in ["Catarata madura", "Cirugía programada", "En ocho días", "09/12/2026", "Dolor o pérdida de visión"]
    {
        assert!(paper.body.contains(words), "{words}: {}", paper.body);
    }
    assert_eq!(read(&paper.body), format!("http://tejido.test/r/{}", referral.public_code()));
}
