//! `tejido network outlines`, beside a running server.

use crate::kit::{Site, bearer, told};

const SQUARE: &str = "[[-90.4,15.0],[-90.4,15.5],[-89.5,15.5],[-90.4,15.0]]";

fn feature(code: &str, name: &str, ring: &str) -> String {
    format!(
        r#"{{"type":"Feature","properties":{{"code":"{code}","name":"{name}"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#
    )
}

fn collection(features: &[String]) -> String {
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}

#[test]
fn outlines_are_kept_with_their_places_and_each_bad_one_is_told_by_its_name() {
    let site = Site::new();
    let token = bearer(&site.token());
    let server = site.serve(&[]);
    let features = [
        feature("1601", "Cobán", SQUARE),
        feature("1699", "Nueva", SQUARE),
        feature("1603", "San Cristóbal", "[[-90.4,15.0],[-90.4,95.5],[-89.5,15.5],[-90.4,15.0]]"),
        feature("1607", "Panzós", "[[-90.4,15.0],[-90.4,15.5],[-89.5,15.5],[-89.5,15.0]]"),
    ];
    site.file("mapa.geojson", collection(&features));
    let output = site.run(&["network", "outlines", "mapa.geojson"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    let said = told(&output);
    for part in [
        "features[1] Nueva: no department or municipality has the INE code",
        "features[2] San Cristóbal: ring 0",
        "features[3] Panzós: ring 0",
        "outlines kept: 1 · refused: 3",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let place = server.get("/fhir/Location/gt-1601", &[("Authorization", &token)]);
    assert_eq!(place.status, 200, "{place:?}");
    assert!(place.body.contains("location-boundary-geojson") && place.body.contains("Cobán"), "{}", place.body);
    for (name, content) in [("otra.json", "{}"), ("rota.json", "{")] {
        site.file(name, content);
        let output = site.run(&["network", "outlines", name]);
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(told(&output).contains(name), "{}", told(&output));
    }
    let help = site.command(&["network", "outlines", "--help"]).env("LANG", "es_GT.UTF-8").output().expect("it runs");
    let help = told(&help);
    assert!(help.contains("Carga contornos") && help.contains("código INE"), "{help}");
}
