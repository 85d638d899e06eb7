//! History tells what was written, newest first, page by page.

use jiff::SignedDuration;

use crate::server::Server;

async fn three_versions() -> Server {
    let server = Server::start().await;
    for (minute, family) in ["Caal", "Choc", "Coc"].into_iter().enumerate() {
        if minute > 0 {
            server.clock.advance(SignedDuration::from_mins(1));
        }
        server.have(&format!(r#"{{"resourceType":"Patient","id":"p","name":[{{"family":"{family}"}}]}}"#)).await;
    }
    server.clock.advance(SignedDuration::from_mins(1));
    server.delete("/Patient/p").await.is(204);
    server
}

fn versions(reply: &crate::server::Reply) -> Vec<String> {
    let bundle = reply.json();
    let tag = |entry: &fhir::Value| entry.text_at(&["response", "etag"]).unwrap().to_owned();
    bundle.items("entry").iter().map(tag).collect()
}

#[tokio::test]
async fn an_instance_tells_its_versions() {
    let server = three_versions().await;
    let whole = server.get("/Patient/p/_history").await.is(200);
    insta::assert_snapshot!(whole.text);
    assert_eq!(fhir::validate(&whole.json()), []);
    let since = server.get("/Patient/p/_history?_since=2026-11-24T14:02:00Z").await.is(200);
    assert_eq!(versions(&since), ["W/\"4\"", "W/\"3\""]);
    let at = server.get("/Patient/p/_history?_at=2026-11-24T14:01:30Z").await.is(200);
    assert_eq!(versions(&at), ["W/\"2\""]);
    server.get("/Patient/p/_history?_since=ayer").await.refuses(400, "value", Some("_since"));
    server.get("/Patient/p/_history?_sort=_id").await.refuses(400, "value", Some("_sort"));
    server.get("/Patient/nobody/_history").await.refuses(404, "not-found", None);
}

#[tokio::test]
async fn pages_of_history_follow_the_link() {
    let server = three_versions().await;
    server.have(r#"{"resourceType":"Organization","id":"o","name":"Puesto Chicoj"}"#).await;
    for path in ["/Patient/_history", "/Patient/p/_history"] {
        let mut next = Some(format!("{path}?_count=3"));
        let mut seen = Vec::new();
        while let Some(path) = next {
            let page = server.get(&path).await.is(200);
            seen.extend(versions(&page));
            next = page.link("next");
        }
        assert_eq!(seen, ["W/\"4\"", "W/\"3\"", "W/\"2\"", "W/\"1\""], "{path}");
    }
    let all = server.get("/_history?_count=1000").await.is(200).json();
    let urls: Vec<&str> = all.items("entry").iter().map(|entry| entry.text_at(&["fullUrl"]).unwrap()).collect();
    assert!(urls.contains(&"http://tejido.test/fhir/Organization/o") && urls.len() > 5);
    server.get("/Patient/_history?_cursor=abc").await.refuses(400, "invalid", Some("_cursor"));
}
