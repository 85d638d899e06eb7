//! People and machines of two institutions over HTTP: what one may not see is, on every road, as
//! if it were not there.

use access::{Cx, Role};
use testkit::{HOSPITAL, World};

use crate::server::{Reply, Server};

/// A router whose tokens are these callers, by number.
async fn door(world: &World, callers: &[&Cx]) -> Server {
    let callers = callers.iter().map(|cx| (*cx).clone()).collect();
    Server::over(world, callers)
}

/// Asks as that caller.
async fn ask(server: &Server, caller: usize, method: &str, path: &str, body: &str) -> Reply {
    server.call_as(&format!("caller-{caller}"), method, path, body).await
}

#[tokio::test]
async fn what_may_not_be_seen_is_not_there_on_any_road() {
    let world = World::new().await;
    let (nurse, stranger) = (world.nurse("Ixmucané"), world.igss_specialist("Lima"));
    world.person(&nurse, "rosa", "Tzub").await;
    let server = door(&world, &[&nurse, &stranger]).await;
    let observation =
        r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/rosa"}}"#;
    let created = ask(&server, 0, "POST", "/Observation", observation).await.is(201);
    let id = created.json().id().unwrap().to_owned();
    let path = format!("/Observation/{id}");
    assert_eq!(ask(&server, 0, "GET", "/Observation?subject=Patient/rosa", "").await.matches(), [id.as_str()]);

    let absent = "/Observation/nunca-hubo";
    for suffix in ["", "/_history/1", "/_history"] {
        let hidden = ask(&server, 1, "GET", &format!("{path}{suffix}"), "").await.is(404);
        let nothing = ask(&server, 1, "GET", &format!("{absent}{suffix}"), "").await.is(404);
        assert_eq!(hidden.text.replace(&id, "nunca-hubo"), nothing.text);
    }
    for query in [
        "/Observation?subject=Patient/rosa",
        "/Observation",
        "/Observation/_history",
        "/_history",
        "/?_type=Observation",
    ] {
        assert!(!ask(&server, 1, "GET", query, "").await.is(200).text.contains(&id), "{query}");
    }
    let count = ask(&server, 1, "GET", "/Observation?_summary=count", "").await.is(200).json();
    assert_eq!(count.get("total"), Some(&0.into()));
    let change = created.text.replace("\"final\"", "\"amended\"");
    let bundle = |path: &str| {
        format!(
            r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"request":{{"method":"DELETE","url":"{path}"}}}}]}}"#
        )
    };
    let writes = |path: &str| {
        let id = path.rsplit('/').next().unwrap_or_default();
        [
            ("PUT", path.to_owned(), change.replace(created.json().id().unwrap(), id)),
            ("DELETE", path.to_owned(), String::new()),
            ("POST", String::new(), bundle(path)),
        ]
    };
    for ((method, there, body), (_, nowhere, other)) in writes(&path).into_iter().zip(writes(absent)) {
        let hidden = ask(&server, 1, method, &there, &body).await;
        let nothing = ask(&server, 1, method, &nowhere, &other).await;
        assert_eq!((hidden.status, hidden.text.replace(&id, "nunca-hubo")), (nothing.status, nothing.text), "{method}");
        assert!([403, 404].contains(&hidden.status.as_u16()), "{method}: {}", hidden.text);
    }
    ask(&server, 0, "GET", &path, "").await.is(200);
}

#[tokio::test]
async fn the_index_shows_who_and_hides_the_rest() {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    let (clerk, auditor) = (world.at("Marta", Role::Clerk, HOSPITAL), world.auditor("Tum"));
    world.person(&nurse, "rosa", "Tzub").await;
    let server = door(&world, &[&clerk, &auditor]).await;
    let found = ask(&server, 0, "GET", "/Patient/$index?name=tzub", "").await.is(200);
    assert_eq!(found.matches(), ["rosa"]);
    assert!(found.text.contains("MASKED") && !found.text.contains("managingOrganization"), "{}", found.text);
    assert!(ask(&server, 0, "GET", "/Patient?name=tzub", "").await.is(200).matches().is_empty());
    let masked = ask(&server, 0, "GET", "/Patient/rosa", "").await.is(200);
    assert!(masked.text.contains("MASKED"), "{}", masked.text);
    let patch = r#"{"resourceType":"Patient","id":"rosa","name":[{"family":"Otra"}]}"#;
    let refused = ask(&server, 0, "PUT", "/Patient/rosa", patch).await;
    assert!([403, 404].contains(&refused.status.as_u16()), "{}", refused.text);
    ask(&server, 0, "GET", "/Patient/$index?address=x", "").await.refuses(400, "invalid", None);
    ask(&server, 1, "GET", "/Patient/$index?name=tzub", "").await.refuses(403, "forbidden", None);
}

#[tokio::test]
async fn an_auditor_finds_reads_and_writes() {
    let world = World::new().await;
    let (nurse, auditor) = (world.nurse("Ixmucané"), world.auditor("Tum"));
    world.person(&nurse, "rosa", "Tzub").await;
    let server = door(&world, &[&nurse, &auditor]).await;
    for _ in 0..3 {
        ask(&server, 0, "GET", "/Patient/rosa", "").await.is(200);
    }
    let mut next = Some("/AuditEvent?patient=Patient/rosa&_count=2".to_owned());
    let mut events = Vec::new();
    while let Some(path) = next {
        let page = ask(&server, 1, "GET", &path, "").await.is(200);
        let bundle = page.json();
        events.extend(bundle.items("entry").iter().filter_map(|entry| entry.get("resource").cloned()));
        next = page.link("next");
    }
    let of = |action: &str| events.iter().filter(|event| event.text_at(&["action"]) == Some(action)).count();
    assert_eq!((of("R"), of("C")), (3, 1), "{events:#?}");
    for event in &events {
        assert_eq!(fhir::validate(event), []);
    }
    let other = ask(&server, 1, "GET", "/AuditEvent?action=C&patient=Patient/rosa", "").await.is(200);
    assert_eq!(other.ids("match").len(), 1);
    assert!(other.text.contains("writes only"), "{}", other.text);
    assert!(ask(&server, 0, "GET", "/AuditEvent?patient=Patient/rosa", "").await.matches().is_empty());
}

#[tokio::test]
async fn no_road_of_a_chosen_id_tells_whether_it_is_taken() {
    let world = World::new().await;
    let (nurse, stranger) = (world.nurse("Ixmucané"), world.igss_specialist("Lima"));
    world.person(&nurse, "rosa", "Tzub").await;
    world.person(&stranger, "ana", "Pop").await;
    let server = door(&world, &[&stranger]).await;
    let patient = |id: &str| fhir::json!({ "resourceType": "Patient", "id": id, "name": [{ "family": "Pop" }] });
    let entry = |id: &str| {
        let request = fhir::json!({ "method": "PUT", "url": format!("Patient/{id}"), "ifNoneMatch": "*" });
        fhir::json!({ "resourceType": "Bundle", "type": "transaction",
            "entry": [{ "resource": patient(id), "request": request }] })
    };
    let mut answers = Vec::new();
    for id in ["rosa", "nadie"] {
        let headers = [("authorization", "Bearer caller-0"), ("if-none-match", "*")];
        let direct = server.call("PUT", &format!("/Patient/{id}"), &headers, &patient(id).to_string()).await;
        let conditional = ask(&server, 0, "PUT", "/Patient?identifier=urn:x%7C1", &patient(id).to_string()).await;
        let bundle = ask(&server, 0, "POST", "", &entry(id).to_string()).await;
        let told = |reply: Reply| (reply.status.as_u16(), reply.text.replace(id, "(id)"));
        answers.push([direct, conditional, bundle].map(told));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].iter().all(|(status, _)| *status == 404), "{answers:?}");
    let headers = [("authorization", "Bearer caller-0"), ("if-none-match", "*")];
    server.call("PUT", "/Patient/ana", &headers, &patient("ana").to_string()).await.is(412);
    let nameless = fhir::json!({ "resourceType": "Patient", "name": [{ "family": "Pop" }] }).to_string();
    ask(&server, 0, "PUT", "/Patient?identifier=urn:x%7C1", &nameless).await.is(201);
}

#[tokio::test]
async fn a_household_is_made_by_the_institution_s_machine_and_seen_at_the_post() {
    let world = World::new().await;
    let (nurse, machine) = (world.nurse("Ixmucané"), world.machine("MSPAS", "system/*.cruds"));
    let stranger = world.igss_specialist("Lima");
    for (id, family) in [("rosa", "Tzub"), ("mateo", "Tzub")] {
        world.person(&nurse, id, family).await;
    }
    let server = door(&world, &[&nurse, &machine, &stranger]).await;
    let home = format!(
        r#"{{"resourceType":"Group","active":true,"type":"person","actual":true,
        "code":{{"coding":[{{"system":"{}","code":"hogar"}}]}},"quantity":2,
        "managingEntity":{{"reference":"Organization/{}"}},
        "member":[{{"entity":{{"reference":"Patient/rosa"}}}},{{"entity":{{"reference":"Patient/mateo"}}}}]}}"#,
        access::system::KIND,
        testkit::POST
    );
    let made = ask(&server, 1, "POST", "/Group", &home).await.is(201);
    let id = made.json().id().unwrap().to_owned();
    let query = format!("/Group?member=Patient/rosa&code={}%7Chogar", access::system::KIND);
    assert_eq!(ask(&server, 0, "GET", &query, "").await.is(200).matches(), [id.as_str()]);
    assert!(ask(&server, 2, "GET", &query, "").await.is(200).matches().is_empty(), "not for another institution");
}
