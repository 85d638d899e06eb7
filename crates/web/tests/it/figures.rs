//! Advisers see numbers, and nobody in them.

use access::Role;
use axum::http::StatusCode;
use testkit::HOSPITAL;

use crate::chain::{at_work, sent};
use crate::house::well_made;
use crate::oversight::with_code;

#[tokio::test]
async fn an_adviser_reads_how_many_and_never_who() {
    let site = crate::post::site().await;
    let mut adviser = with_code(&site, "asesora", Role::Adviser).await;
    let none = adviser.get("/cifras").await;
    assert_eq!(none.status, StatusCode::OK, "{}", none.body);
    assert!(none.body.contains("Ninguna") && !none.body.contains("Menos de 5"), "{}", none.body);

    let id = sent(&site).await;
    let some = adviser.get("/cifras").await;
    well_made("/cifras", &some);
    assert!(some.body.contains("Menos de 5") && !some.body.contains("Tzub"), "{}", some.body);
    let table = adviser.get("/cifras.csv").await;
    assert!(table.body.contains("gt,enviadas,2026-11,1-4"), "{}", table.body);
    assert!(table.body.contains("gt,enviada,2026-11-24,1-4"), "{}", table.body);
    let elsewhere = adviser.get("/cifras.csv?departamento=01").await;
    assert!(elsewhere.body.contains("01,enviadas,2026-11,0"), "{}", elsewhere.body);

    for hidden in ["/personas/rosa", "/personas/rosa/razon", "/personas/rosa/copia", "/pendientes/rosa"] {
        let (there, absent) = (adviser.get(hidden).await, adviser.get(&hidden.replace("rosa", "nadie")).await);
        assert!(there.status.is_client_error() && there.status == absent.status, "{hidden}: {}", there.status);
    }
    for closed in ["/personas", "/referencias", &format!("/referencias/{id}"), "/agenda", "/auditoria"] {
        assert_eq!(adviser.get(closed).await.status, StatusCode::FORBIDDEN, "{closed}");
    }
    let first = adviser.get("/").await;
    assert!(first.body.contains("href=\"/cifras\""), "{}", first.body);

    let mut director = at_work(&site, "dirige", Role::Director, HOSPITAL).await;
    assert_eq!(director.get("/cifras").await.status, StatusCode::FORBIDDEN);
}
