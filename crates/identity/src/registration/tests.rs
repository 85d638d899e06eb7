//! The form: what becomes a Patient, what is told beside its field, what a correction keeps.

use super::*;

const TODAY: Date = Date::constant(2026, 11, 24);

pub(crate) fn rosa() -> Registration {
    Registration {
        cui: "9000 00074 1601".into(),
        given1: " Rosa ".into(),
        given2: "Ixmucané".into(),
        surname1: "Caal".into(),
        surname2: "Ba’".into(),
        married: "Pop".into(),
        sex: "female".into(),
        birth_date: "02/03/1968".into(),
        municipality: "1601".into(),
        municipality_name: "Cobán".into(),
        department_name: "Alta Verapaz".into(),
        community: "com-1601-sechaj".into(),
        address: "Frente a la escuela".into(),
        post: "mspas-1601-p1".into(),
        pueblo: "maya".into(),
        language: "kek".into(),
        interpreter: true,
        phone: "5555-0101".into(),
        contact_name: "Domingo Pop".into(),
        contact_phone: "5555 0102".into(),
        mother_name: "Petrona Ba’".into(),
        ..Registration::default()
    }
}

fn errors(form: &Registration) -> Vec<(&'static str, &'static str)> {
    form.check(TODAY).err().unwrap_or_default().iter().map(|error| (error.field, error.key)).collect()
}

#[test]
fn a_form_becomes_a_patient_and_comes_back() {
    let checked = rosa().check(TODAY).expect("it can be taken");
    assert_eq!((fhir::validate(&checked.patient), checked.warnings), (vec![], vec![]));
    assert_eq!(checked.patient.text_at(&["name", "text"]), Some("Rosa Ixmucané Caal Ba’ de Pop"));
    assert_eq!(checked.patient.text_at(&["meta", "tag", "code"]), Some("sintetico"));
    let back = Registration::of(&checked.patient);
    assert_eq!(back, Registration { cui: "9000000741601".into(), given1: "Rosa".into(), ..rosa() });
    assert_eq!(back.check(TODAY).expect("again").patient, checked.patient);
}

#[test]
fn each_mistake_is_told_beside_its_field_all_at_once() {
    let form = Registration {
        cui: "9000000751601".into(),
        nit: "1000002-0".into(),
        birth_date: "30/02/1968".into(),
        sex: "mujer".into(),
        municipality: "Cobán".into(),
        phone: "llamar al vecino".into(),
        ..rosa()
    };
    assert_eq!(
        errors(&form),
        [
            ("cui", "identidad-error-cui-verificador"),
            ("nit", "identidad-error-nit"),
            ("birth_date", "identidad-error-fecha-no-existe"),
            ("sex", "identidad-error-sexo"),
            ("municipality", "identidad-error-municipio"),
            ("phone", "identidad-error-telefono"),
        ]
    );
    let date = |text: &str| errors(&Registration { birth_date: text.into(), ..rosa() });
    for (text, day) in [
        ("02 07 1971", "1971-07-02"),
        ("02/07/71", "1971-07-02"),
        ("02/07/27", "1927-07-02"),
        ("02/07/15", "2015-07-02"),
        ("1971-07-02", "1971-07-02"),
        ("2 de julio de 1971", "1971-07-02"),
    ] {
        let form = Registration { birth_date: text.into(), ..rosa() };
        let patient = form.check(TODAY).expect(text).patient;
        assert_eq!(patient.text_at(&["birthDate"]), Some(day), "{text}");
    }
    assert_eq!(date("02/07/24"), [("birth_date", "identidad-error-fecha-siglo")], "a child or a great-grandmother");
    assert_eq!(date("ayer"), [("birth_date", "identidad-error-fecha")]);
    let missing = |document| errors(&Registration { document, cui: " ".into(), birth_order: "1".into(), ..rosa() });
    assert_eq!(missing(DocumentKind::Cui), [("cui", "identidad-error-cui-falta")]);
    assert_eq!(missing(DocumentKind::Newborn), [("mother_cui", "identidad-error-cui-madre-falta")]);
    assert_eq!(date("25/11/2026"), [("birth_date", "identidad-error-fecha-futura")]);
    assert_eq!(date("01/01/1850"), [("birth_date", "identidad-error-fecha-antigua")]);
    assert_eq!(date(""), [("birth_date", "identidad-error-fecha-o-edad")]);
}

#[test]
fn a_municipality_that_the_register_may_have_added_only_warns() {
    let form = Registration { cui: "9000 00074 1699".into(), ..rosa() };
    let checked = form.check(TODAY).expect("nobody is turned away for it");
    assert_eq!(checked.warnings, [FieldError { field: "cui", key: "identidad-aviso-cui-municipio" }]);
}

#[test]
fn nobody_is_turned_away_for_want_of_a_paper() {
    let without = |document| Registration { document, cui: String::new(), ..rosa() };
    let newborn = Registration {
        mother_cui: "9000 00074 1601".into(),
        birth_order: "2".into(),
        birth_date: "23/11/2026".into(),
        ..without(DocumentKind::Newborn)
    };
    let passport = Registration {
        passport_country: "hnd".into(),
        passport_number: "e 123".into(),
        ..without(DocumentKind::Passport)
    };
    let foreign = Registration { foreign_id: "0801-1990".into(), ..without(DocumentKind::Foreign) };
    let none = Registration {
        no_document_reason: "nunca-inscrito".into(),
        birth_date: String::new(),
        age: "70".into(),
        ..without(DocumentKind::None)
    };
    let unconscious = Registration {
        document: DocumentKind::None,
        no_document_reason: "emergencia".into(),
        sex: "unknown".into(),
        ..Registration::default()
    };
    let mut values = Vec::new();
    for form in [newborn, passport, foreign, none, unconscious] {
        let checked = form.check(TODAY).expect("it can be taken");
        assert_eq!(fhir::validate(&checked.patient), []);
        let again = Registration::of(&checked.patient).check(TODAY).expect("it can be corrected");
        assert_eq!(again.patient.get("birthDate"), checked.patient.get("birthDate"));
        values.push(checked.patient);
    }
    let value = |at: usize| values[at].text_at(&["identifier", "value"]);
    assert_eq!([value(0), value(1), value(2)], [Some("9000000741601/2"), Some("HND:E123"), Some("0801-1990")]);
    assert_eq!(values[3].text_at(&["birthDate"]), Some("1956"));
    assert_eq!(values[4].text_at(&["name", "text"]), Some("Persona sin identificar"));
}

#[test]
fn a_cui_in_doubt_is_kept_as_none_with_its_reason_until_it_is_cleared() {
    let doubt = "El DPI dice ese número".to_owned();
    let form = Registration { cui_doubt: doubt.clone(), ..rosa() };
    let patient = form.check(TODAY).expect("nobody is turned away").patient;
    assert_eq!(fhir::validate(&patient), []);
    assert!(!patient.to_string().contains(&format!("\"{}\"", system::CUI)), "{patient}");
    let back = Registration::of(&patient);
    assert_eq!((back.document, back.cui.as_str(), &back.cui_doubt), (DocumentKind::Cui, "9000000741601", &doubt));
    assert_eq!(back.apply(&patient, TODAY).expect("again").patient, patient, "a correction of something else");
    let cleared = Registration { cui_doubt: String::new(), ..back.clone() };
    let cleared = cleared.apply(&patient, TODAY).expect("again").patient;
    assert_eq!(cleared.get("identifier"), rosa().check(TODAY).expect("a form").patient.get("identifier"));
    let other = Registration {
        document: DocumentKind::None,
        no_document_reason: "no-lo-trae".into(),
        cui: String::new(),
        cui_doubt: String::new(),
        ..back
    };
    assert_eq!(other.apply(&patient, TODAY).expect("again").patient.get("identifier"), None);
}

#[test]
fn a_correction_keeps_what_the_form_does_not_ask() {
    let mut patient = rosa().check(TODAY).expect("it can be taken").patient;
    let mut identifiers = patient.items("identifier").to_vec();
    identifiers.push(json!({ "system": system::FILE_NUMBER, "value": "mspas-1601-h1/77" }));
    patient.set("identifier", identifiers);
    patient.set("deceasedBoolean", true);
    let form = Registration { surname1: "Kaal".into(), phone: String::new(), ..Registration::of(&patient) };
    let next = form.apply(&patient, TODAY).expect("it can be taken").patient;
    assert!(next.to_string().contains("mspas-1601-h1/77") && next.get("deceasedBoolean").is_some());
    assert_eq!(next.text_at(&["name", "family"]), Some("Kaal Ba’ de Pop"));
    assert!(next.get("telecom").is_none());
}

#[test]
fn correcting_a_name_loses_no_second_telephone_document_or_language() {
    let mut patient = Registration { nit: "1000002-K".into(), ..rosa() }.check(TODAY).expect("a form").patient;
    let more = |patient: &mut Value, name: &str, first: bool, one: Value| {
        let mut all = patient.items(name).to_vec();
        all.insert(if first { 0 } else { all.len() }, one);
        patient.set(name, all);
    };
    more(&mut patient, "telecom", true, json!({ "system": "email", "value": "rosa@example.org" }));
    more(&mut patient, "telecom", false, json!({ "system": "phone", "use": "home", "value": "7952 0000" }));
    more(&mut patient, "identifier", false, json!({ "system": system::PASSPORT, "value": "GTM:P1" }));
    more(&mut patient, "address", false, json!({ "use": "temp", "text": "Finca", "city": "Senahú" }));
    more(&mut patient, "contact", false, json!({ "name": { "text": "Vecina" } }));
    more(&mut patient, "communication", false, json!({ "language": { "coding": [{ "code": "es" }] } }));
    let before = Registration::of(&patient);
    assert_eq!(before.phone, "5555-0101", "an e-mail is no telephone");
    let named = Registration { surname1: "Kaal".into(), ..before.clone() }.apply(&patient, TODAY).expect("a form");
    for part in ["telecom", "identifier", "address", "contact", "communication"] {
        assert_eq!(named.patient.get(part), patient.get(part), "{part}");
    }
    assert_eq!(fhir::validate(&named.patient), []);
    let other = Registration {
        document: DocumentKind::Foreign,
        foreign_id: "0801-1990".into(),
        nit: String::new(),
        phone: "5555 9999".into(),
        address: "Barrio nuevo".into(),
        contact_name: String::new(),
        contact_phone: String::new(),
        mother_name: "Petrona Ba’ Coc".into(),
        language: "poh".into(),
        ..before
    };
    let next = other.apply(&patient, TODAY).expect("a form").patient.to_string();
    for kept in ["rosa@example.org", "7952 0000", "GTM:P1", "Senahú", "Vecina", "\"es\"", "MTH"] {
        assert!(next.contains(kept), "{kept}: {next}");
    }
    for new in ["0801-1990", "5555 9999", "Barrio nuevo", "Petrona Ba’ Coc", "poh"] {
        assert!(next.contains(new), "{new}: {next}");
    }
    for gone in ["9000000741601", "1000002-K", "5555-0101", "Frente a la escuela", "Domingo", "kek"] {
        assert!(!next.contains(gone), "{gone}: {next}");
    }
}
