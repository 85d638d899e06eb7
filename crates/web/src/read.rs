//! Reading FHIR for a page: a search through the gate, and the few words that pages show of it.

use access::{Access, Cx, system};
use fhir::Value;
use fhir::search::Query;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::format::{date, date_time};
use crate::problem::Problem;

/// What a search of one type finds among what the caller may see and what still stands: nothing
/// entered in error.
pub async fn list(access: &Access, cx: &Cx, kind: &str, pairs: &[(&str, &str)]) -> Result<Vec<Value>, Problem> {
    let mut found = whole(access, cx, kind, pairs).await?;
    found.retain(|one| !struck(one));
    Ok(found)
}

/// How many of one type are asked for at once; the rest is asked for by the cursor.
const AT_ONCE: &str = "500";

/// The same with what was entered in error, for a page that says so. All of it: a record does not end
/// where a page of the search does.
pub async fn whole(access: &Access, cx: &Cx, kind: &str, pairs: &[(&str, &str)]) -> Result<Vec<Value>, Problem> {
    let pairs = pairs.iter().chain([&("_count", AT_ONCE)]);
    let pairs: Vec<(String, String)> = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut query = Query::parse(&[kind], &pairs).map_err(|error| {
        tracing::error!(%error, "a page asked a search that does not exist");
        Problem::Fault
    })?;
    let mut found = Vec::new();
    loop {
        let page = access.search(cx, &query).await?;
        found.extend(page.matches.iter().map(store::Stored::value));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return Ok(found);
        }
    }
}

/// Whether a resource was entered in error.
pub fn struck(one: &Value) -> bool {
    let words = [one.text_at(&["status"]), one.text_at(&["verificationStatus", "coding", "code"])];
    words.contains(&Some("entered-in-error"))
}

/// Whether a problem or an allergy still holds: an outside system may leave the status out.
pub fn is_active(one: &Value) -> bool {
    let holds = ["active", "recurrence", "relapse"];
    let codings = one.get("clinicalStatus").map(|status| status.items("coding"));
    let refuted = one.text_at(&["verificationStatus", "coding", "code"]) == Some("refuted");
    let is = |coding: &Value| coding.text_at(&["code"]).is_some_and(|code| holds.contains(&code));
    !refuted && codings.is_none_or(|codings| codings.iter().any(is))
}

/// The words of a CodeableConcept: its text, else the display or the code of its first coding.
pub fn words(concept: Option<&Value>) -> String {
    let Some(concept) = concept else { return String::new() };
    let coding = concept.items("coding").first();
    concept
        .text_at(&["text"])
        .or_else(|| coding?.text_at(&["display"]))
        .or_else(|| coding?.text_at(&["code"]))
        .unwrap_or_default()
        .to_owned()
}

/// A code of one system in a list of codings (`meta.tag`, `meta.security`, `coding`).
pub fn coded<'a>(codings: &'a [Value], of: &str) -> Option<&'a str> {
    codings.iter().find(|coding| coding.text_at(&["system"]) == Some(of)).and_then(|coding| coding.text_at(&["code"]))
}

/// An identifier of one system.
pub fn identifier<'a>(resource: &'a Value, of: &str) -> Option<&'a str> {
    let found = resource.items("identifier").iter().find(|one| one.text_at(&["system"]) == Some(of));
    found.and_then(|one| one.text_at(&["value"]))
}

/// Whether a resource is marked as synthetic.
pub fn is_synthetic(resource: &Value) -> bool {
    let tags = resource.get("meta").map(|meta| meta.items("tag")).unwrap_or_default();
    coded(tags, system::TAG) == Some("sintetico")
}

/// A FHIR date, dateTime or instant as people read it, as precise as it is.
pub fn when(text: &str) -> String {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return date_time(instant);
    }
    text.parse::<Date>().map_or_else(|_| identity::print_date(text), date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_precise_as_they_are() {
        assert_eq!(when("2026-11-21T16:42:00Z"), "21/11/2026, 10:42");
        assert_eq!(when("2026-11-21"), "21/11/2026");
        assert_eq!(when("2026-11"), "11/2026");
    }

    #[test]
    fn what_was_entered_in_error_is_told_apart_by_either_status() {
        let coded = |code: &str| fhir::json!({ "verificationStatus": { "coding": [{ "code": code }] } });
        assert!(struck(&coded("entered-in-error")) && struck(&fhir::json!({ "status": "entered-in-error" })));
        assert!(!struck(&coded("confirmed")) && !struck(&fhir::json!({ "status": "final" })));
        assert!(is_active(&coded("confirmed")) && !is_active(&coded("refuted")));
    }

    #[test]
    fn a_concept_speaks_by_its_text_first() {
        let concept = fhir::json!({ "coding": [{ "code": "O99.0", "display": "Anemia" }] });
        assert_eq!(words(Some(&concept)), "Anemia");
        assert_eq!(words(None), "");
    }
}
