//! The card of a person, as pages show it: from a whole Patient or from its masked index form.

use access::system;
use fhir::Value;
use jiff::civil::Date;

use crate::{Cui, PersonName, Registration, age_text, age_years, print_date};

/// What stands at the top of every page about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonCard {
    /// Id of the Patient.
    pub id: String,
    /// Version that the card shows.
    pub version: Option<u64>,
    /// Whole name, with ’ for the glottal stop.
    pub name: String,
    /// Surnames first.
    pub listed: String,
    /// FHIR gender.
    pub sex: String,
    /// `dd/mm/aaaa`, or as precise as known; empty where not.
    pub birth_date: String,
    /// `58 años`; empty where not known.
    pub age: String,
    /// Whole years, where known.
    pub age_years: Option<i32>,
    /// CUI as printed, or masked as the index gives it; empty where there is none.
    pub cui: String,
    /// Clinical file numbers: facility id and number.
    pub files: Vec<(String, String)>,
    /// The rest, as in the form.
    pub form: Registration,
    /// Whether this is the masked index form.
    pub masked: bool,
    /// Made up for a demonstration.
    pub synthetic: bool,
    /// Whether the person has died.
    pub deceased: bool,
    /// Institution code of the custodian.
    pub institution: String,
}

impl PersonCard {
    /// The card of a Patient on a day.
    pub fn of(patient: &Value, today: Date) -> Self {
        let form = Registration::of(patient);
        let name = PersonName::of(patient).unwrap_or_default();
        let birth = patient.text_at(&["birthDate"]).unwrap_or_default();
        let coded = |list: &str, system: &str, code: Option<&str>| {
            let codings = patient.get("meta").map(|meta| meta.items(list)).unwrap_or_default();
            let fits = |one: &&Value| {
                one.text_at(&["system"]) == Some(system) && code.is_none_or(|code| one.text_at(&["code"]) == Some(code))
            };
            codings.iter().find(fits).and_then(|one| one.text_at(&["code"])).map(str::to_owned)
        };
        let observation = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
        let files =
            patient.items("identifier").iter().filter(|one| one.text_at(&["system"]) == Some(system::FILE_NUMBER));
        let file = |one: &Value| one.text_at(&["value"])?.split_once('/').map(|(a, b)| (a.to_owned(), b.to_owned()));
        Self {
            id: patient.id().unwrap_or_default().to_owned(),
            version: patient.text_at(&["meta", "versionId"]).and_then(|version| version.parse().ok()),
            name: name.printed(),
            listed: name.listed(),
            sex: form.sex.clone(),
            birth_date: print_date(birth),
            age: age_text(birth, today).unwrap_or_default(),
            age_years: age_years(birth, today),
            cui: Cui::parse(&form.cui).map_or_else(|_| form.cui.clone(), |cui| cui.to_string()),
            files: files.filter_map(file).collect(),
            masked: coded("security", observation, Some("MASKED")).is_some(),
            synthetic: coded("tag", system::TAG, Some("sintetico")).is_some(),
            deceased: patient.get("deceasedDateTime").is_some()
                || patient.get("deceasedBoolean").and_then(Value::as_bool) == Some(true),
            institution: coded("security", system::CUSTODIAN, None).unwrap_or_default(),
            form,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::tests::rosa;

    #[test]
    fn a_masked_card_shows_who_and_no_number() {
        let today = Date::constant(2026, 11, 24);
        let mut patient = rosa().check(today).expect("it can be taken").patient;
        patient.set("id", "p");
        let card = PersonCard::of(&patient, today);
        assert_eq!((card.cui.as_str(), card.age.as_str()), ("9000 00074 1601", "58 años"));
        assert_eq!((card.listed.as_str(), card.synthetic, card.masked), ("Caal Ba’, Rosa Ixmucané", true, false));
        let masked = PersonCard::of(&access::masked_patient(&patient), today);
        assert_eq!((masked.name.as_str(), masked.masked), ("Rosa Ixmucané Caal Ba’ de Pop", true));
        assert!(masked.cui.contains('•') && masked.form.phone.is_empty() && masked.form.municipality == "1601");
    }
}
