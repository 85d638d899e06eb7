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
