//! The index level of seeing: who somebody is, nothing about their health.

use bytes::Bytes;
use fhir::Value;
use fhir::search::{Condition, Filter, Modifier, Query, SortBy, Total};
use store::{AuditAction, StoreError, Stored};

use crate::gate::{Look, patients_in};
use crate::limit::Rate;
use crate::{Access, AccessError, Cx, asked, policy, system};

/// At most so many persons are shown.
const MAX_HITS: usize = 20;

/// What may be asked of the index: only what it shows.
const ASKED: [&str; 10] = [
    "active",
    "address-city",
    "address-state",
    "birthdate",
    "family",
    "gender",
    "given",
    "identifier",
    "name",
    "phonetic",
];

const MASKED: (&str, &str) = ("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "MASKED");

impl Access {
    /// Searches the person index: for roles that register people; at most 20 hits, masked,
    /// rate-limited, written down. The query asks for Patients by what the index shows (names,
    /// birth date, sex, municipality, an identifier known in full); no chains, no includes.
    ///
    /// # Errors
    /// `Forbidden` for other roles, `TooMany`, and the store's (`Search` for another question).
    pub async fn index_search(&self, cx: &Cx, query: &Query) -> Result<Vec<Stored>, AccessError> {
        let wide = cx.is_system() || policy::institution_wide(cx);
        if !wide && !policy::may_register(cx.role) {
            let error = AccessError::Forbidden { role: cx.role.code(), act: "search the person index".to_owned() };
            return Err(self.refused(cx, error, "Patient").await);
        }
        check(query)?;
        if !wide {
            self.limits.take("index", &cx.actor.label(), Rate::INDEX, cx.now)?;
        }
        let sight = if wide { self.sight(cx).await? } else { self.index_sight(cx).await? };
        let limited = Query {
            count: Some(query.count.unwrap_or(MAX_HITS).clamp(1, MAX_HITS)),
            total: Total::None,
            ..query.clone()
        };
        let found = self.store.search(&limited, &sight).await?.matches;
        let look = Look { patients: patients_in(&found), query: Some(asked::text(query)), ..Look::default() };
        self.look(cx, AuditAction::Index, look).await?;
        Ok(found.into_iter().map(masked).collect())
    }
}

/// A question that could find by what the mask hides would tell it.
fn check(query: &Query) -> Result<(), AccessError> {
    let plain = |filter: &Filter| match filter {
        Filter::Param { param, any, modifier } if param.code == "identifier" => {
            *modifier == Modifier::None && any.iter().all(in_full)
        }
        Filter::Param { param, .. } => ASKED.contains(&param.code),
        Filter::Missing { param, .. } => ASKED.contains(&param.code) && param.code != "identifier",
        Filter::Id(_) => true,
        Filter::Chain { .. } | Filter::Has { .. } | Filter::LastUpdated(_) => false,
    };
    let sorted = query.sort.iter().all(|key| match &key.by {
        SortBy::Param(param) => ASKED.contains(&param.code) && param.code != "identifier",
        SortBy::Id | SortBy::LastUpdated => true,
    });
    let patients = query.types.len() == 1 && query.types[0] == "Patient";
    if patients
        && sorted
        && query.filters.iter().all(plain)
        && query.includes.is_empty()
        && query.revincludes.is_empty()
    {
        return Ok(());
    }
    Err(StoreError::Search("the person index is asked by name, birth date, sex, municipality or identifier").into())
}

/// A number of a named kind: without its system it could be a guess at any of them.
fn in_full(condition: &Condition) -> bool {
    let said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    matches!(condition, Condition::Token { system, code } if said(system) && said(code))
}

/// The same row with the masked text.
pub(crate) fn masked(stored: Stored) -> Stored {
    let body = Bytes::from(masked_patient(&stored.value()).to_bytes());
    Stored { body, ..stored }
}

/// Whether somebody sends a masked Patient back.
pub(crate) fn is_masked(resource: &Value) -> bool {
    let security = resource.get("meta").map(|meta| meta.items("security")).unwrap_or_default();
    security
        .iter()
        .any(|coding| coding.text_at(&["system"]) == Some(MASKED.0) && coding.text_at(&["code"]) == Some(MASKED.1))
}

/// The index form of a Patient: names, sex, birth date, municipality, masked CUI; marked `MASKED`
/// in `meta.security` and `SUBSETTED` in `meta.tag` (R4 §3.1.1.5.9).
pub fn masked_patient(patient: &Value) -> Value {
    let meta = patient.get("meta");
    let mut security = Vec::from([fhir::json!({ "system": MASKED.0, "code": MASKED.1 })]);
    security.extend(policy::custodian(patient).map(|code| fhir::json!({ "system": system::CUSTODIAN, "code": code })));
    let mut tags = Vec::from([fhir::json!({
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED" })]);
    let marks = meta.map(|meta| meta.items("tag")).unwrap_or_default().iter();
    tags.extend(marks.filter(|tag| tag.text_at(&["system"]) == Some(system::TAG)).cloned());
    let cui = patient.items("identifier").iter().find(|one| one.text_at(&["system"]) == Some(system::CUI));
    let cui = cui.and_then(|one| one.text_at(&["value"]));
    let names: Vec<Value> = patient.items("name").iter().map(bare_name).collect();
    let kept = patient.items("extension").iter();
    let municipality: Vec<Value> =
        kept.filter(|one| one.text_at(&["url"]) == Some(system::EXT_MUNICIPALITY)).cloned().collect();
    fhir::json!({
        "resourceType": "Patient",
        "id": patient.get("id"),
        "meta": {
            "versionId": meta.and_then(|meta| meta.get("versionId")),
            "lastUpdated": meta.and_then(|meta| meta.get("lastUpdated")),
            "security": security,
            "tag": tags,
        },
        "extension": (!municipality.is_empty()).then_some(municipality),
        "identifier": cui.map(|value| vec![fhir::json!({ "system": system::CUI, "value": masked_cui(value) })]),
        "name": (!names.is_empty()).then_some(names),
        "gender": patient.get("gender"),
        "birthDate": patient.get("birthDate"),
    })
}

/// A name without extensions and periods.
fn bare_name(name: &Value) -> Value {
    fhir::json!({
        "use": name.get("use"),
        "text": name.get("text"),
        "family": name.get("family"),
        "given": name.get("given"),
    })
}

/// `9900042281609` becomes `•••• •4228 ••••`: enough to tell two people apart, not to know one.
fn masked_cui(value: &str) -> String {
    let digits: Vec<char> = value.chars().filter(char::is_ascii_digit).collect();
    let shown: String = if digits.len() == 13 { digits[5..9].iter().collect() } else { "••••".to_owned() };
    format!("•••• •{shown} ••••")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_leaves_who_and_hides_the_rest() {
        let patient = fhir::json!({ "resourceType": "Patient", "id": "p",
            "meta": { "security": [{ "system": system::CUSTODIAN, "code": "MSPAS" }] },
            "extension": [{ "url": system::EXT_MUNICIPALITY, "valueCode": "1609" },
                { "url": system::EXT_PUEBLO, "valueCoding": { "code": "maya" } }],
            "identifier": [{ "system": system::CUI, "value": "9900042281609" },
                { "system": system::IGSS_NUMBER, "value": "123" }],
            "name": [{ "family": "Caal", "given": ["Rosa"] }], "telecom": [{ "system": "phone", "value": "5555" }],
            "gender": "female", "birthDate": "1990-01-02", "address": [{ "text": "Chicoj" }] });
        let masked = masked_patient(&patient);
        assert!(is_masked(&masked) && !is_masked(&patient));
        assert_eq!(fhir::validate(&masked), []);
        let text = masked.to_string();
        for hidden in ["9900042281609", "5555", "Chicoj", "maya", "\"123\""] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
        for shown in ["•••• •4228 ••••", "Caal", "Rosa", "female", "1990-01-02", "1609"] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
    }
}
