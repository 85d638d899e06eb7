//! A person's one timeline: what happened and what waits, newest first, from the resources that the
//! caller may see. Pure.

use access::system;
use care::visit::record::ASSERTED;
use fhir::Value;

use crate::read::{coded, is_active, struck, when, words};
use crate::sheet::unit;
use crate::text::t;
use crate::ui::{Event, Knot, Tag, Tone};

/// What the timeline is made of.
#[derive(Default)]
pub struct Story {
    /// Visits.
    pub encounters: Vec<Value>,
    /// Why some were struck (Provenance).
    pub reasons: Vec<Value>,
    /// What was measured in them.
    pub observations: Vec<Value>,
    /// What was found in them.
    pub conditions: Vec<Value>,
    /// What was asked for.
    pub requests: Vec<Value>,
    /// Who handles it, and follow-up.
    pub tasks: Vec<Value>,
}

/// Which events are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All.
    All,
    /// Visits.
    Visits,
    /// Referrals.
    Referrals,
    /// Tasks.
    Tasks,
}

impl Shown {
    /// From the address: `consultas`, `referencias`, `tareas`.
    pub fn from_code(code: &str) -> Self {
        match code {
            "consultas" => Self::Visits,
            "referencias" => Self::Referrals,
            "tareas" => Self::Tasks,
            _ => Self::All,
        }
    }
}

/// The events, newest first.
pub fn events(story: &Story, shown: Shown) -> Vec<Event> {
    let of = |part| shown == Shown::All || shown == part;
    let mut found: Vec<(String, Event)> = Vec::new();
    if of(Shown::Visits) {
        found.extend(story.encounters.iter().map(|encounter| visit(story, encounter)));
    }
    if of(Shown::Referrals) {
        found.extend(story.requests.iter().map(|request| referral(story, request)));
    }
    if of(Shown::Tasks) {
        found.extend(story.tasks.iter().filter(|task| !handles_a_referral(task)).map(task_event));
    }
    found.sort_by(|a, b| b.0.cmp(&a.0));
    found.into_iter().map(|(_, event)| event).collect()
}

fn visit(story: &Story, encounter: &Value) -> (String, Event) {
    let start = encounter.text_at(&["period", "start"]).unwrap_or_default();
    let place = encounter.text_at(&["serviceProvider", "display"]).unwrap_or_default();
    let reference = format!("Encounter/{}", encounter.id().unwrap_or_default());
    if struck(encounter) {
        let event = Event {
            knot: Knot::Done,
            when_where: joined(&when(start), place),
            heading: t("linea-consulta").into(),
            lines: why_struck(story, &reference).into_iter().collect(),
            tag: Some(Tag::new(Tone::Stop, t("linea-anulada"))),
            link: None,
        };
        return (start.to_owned(), event);
    }
    let of_visit = |one: &&Value| one.text_at(&["encounter", "reference"]) == Some(&reference);
    let reasons: Vec<String> = encounter.items("reasonCode").iter().map(|reason| words(Some(reason))).collect();
    let found: Vec<String> = story.conditions.iter().filter(of_visit).map(|one| words(one.get("code"))).collect();
    let measured: Vec<String> = story.observations.iter().filter(of_visit).filter_map(measure).collect();
    let lines = [reasons.join(". "), found.join(". "), measured.join(", ")];
    let event = Event {
        knot: Knot::Done,
        when_where: joined(&when(start), place),
        heading: t("linea-consulta").into(),
        lines: lines.into_iter().filter(|line| !line.is_empty()).collect(),
        tag: (encounter.text_at(&["status"]) == Some("in-progress"))
            .then(|| Tag::new(Tone::Warn, t("linea-sin-firmar"))),
        link: encounter.id().map(|id| (format!("/atenciones/{id}"), t("linea-ver-consulta").into())),
    };
    (start.to_owned(), event)
}

/// How many diagnoses of visits are told beside the problems.
const RECENT: usize = 8;

/// The active problems, and what visits found lately (day and words), the newest first: what a visit
/// found is no problem for ever.
pub fn diagnoses(conditions: &[Value]) -> (Vec<String>, Vec<(String, String)>) {
    let kept = |one: &&Value| {
        let mut categories = one.items("category").iter().flat_map(|category| category.items("coding"));
        categories.any(|coding| coding.text_at(&["code"]) == Some("problem-list-item"))
    };
    let mut active: Vec<&Value> = conditions.iter().filter(|one| is_active(one)).collect();
    let day = |one: &Value| {
        let asserted = one.items("extension").iter().find(|one| one.text_at(&["url"]) == Some(ASSERTED));
        let asserted = asserted.and_then(|one| one.text_at(&["valueDateTime"]));
        asserted.or_else(|| one.text_at(&["recordedDate"])).unwrap_or_default().to_owned()
    };
    active.sort_by_key(|one| std::cmp::Reverse(day(one)));
    let (problems, found): (Vec<&Value>, Vec<&Value>) = active.into_iter().partition(kept);
    let mut names: Vec<String> = Vec::new();
    for name in problems.into_iter().map(|one| words(one.get("code"))) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (names, found.into_iter().take(RECENT).map(|one| (day(one), words(one.get("code")))).collect())
}

/// The medicines that are taken, the last noted first.
pub fn medicines(statements: &[Value]) -> Vec<String> {
    let mut taken: Vec<&Value> = statements.iter().filter(|one| one.text_at(&["status"]) == Some("active")).collect();
    taken.sort_by_key(|one| std::cmp::Reverse(one.text_at(&["dateAsserted"])));
    taken.into_iter().map(|one| words(one.get("medicationCodeableConcept"))).collect()
}

/// The reason that was written when the visit was struck.
fn why_struck(story: &Story, visit: &str) -> Option<String> {
    let names = |one: &&Value| one.items("target").iter().any(|target| target.text_at(&["reference"]) == Some(visit));
    let told = story.reasons.iter().filter(names).filter(|one| one.text_at(&["reason", "text"]).is_some());
    let last = told.max_by_key(|one| one.text_at(&["recorded"]).map(str::to_owned))?;
    let why = last.text_at(&["reason", "text"])?;
    Some(t("linea-anulada-por").with("razon", why).into())
}

/// `Peso 61.2 kg`, or the parts of a panel: `Presión 112/70 mmHg` as its components say.
pub fn measure(observation: &Value) -> Option<String> {
    let name = words(observation.get("code"));
    let value = |of: &Value| {
        let quantity = of.get("valueQuantity")?;
        Some((
            quantity.get("value")?.as_number()?.as_str().to_owned(),
            unit(quantity.text_at(&["unit"]).unwrap_or_default()).to_owned(),
        ))
    };
    if let Some((number, unit)) = value(observation) {
        return Some(format!("{name} {number} {unit}").trim_end().to_owned());
    }
    let parts: Vec<(String, String)> = observation.items("component").iter().filter_map(value).collect();
    let unit = parts.first()?.1.clone();
    let numbers: Vec<String> = parts.into_iter().map(|(number, _)| number).collect();
    Some(format!("{name} {} {unit}", numbers.join("/")))
}

fn referral(story: &Story, request: &Value) -> (String, Event) {
    let asked =
        request.text_at(&["authoredOn"]).or_else(|| request.text_at(&["meta", "lastUpdated"])).unwrap_or_default();
    let reference = format!("ServiceRequest/{}", request.id().unwrap_or_default());
    let task = story.tasks.iter().find(|task| task.text_at(&["focus", "reference"]) == Some(&reference));
    let status = task.and_then(|task| task.text_at(&["status"])).unwrap_or_default();
    let state = words(task.and_then(|task| task.get("businessStatus")));
    let (knot, tone) = match status {
        "completed" => (Knot::Closed, Tone::Good),
        "rejected" | "cancelled" | "failed" => (Knot::Done, Tone::Stop),
        "draft" => (Knot::Waits, Tone::Plain),
        _ => (Knot::Waits, Tone::Info),
    };
    let reasons: Vec<String> = request.items("reasonCode").iter().map(|reason| words(Some(reason))).collect();
    let from = task.and_then(|task| task.text_at(&["requester", "display"])).unwrap_or_default();
    let event = Event {
        knot,
        when_where: joined(&when(asked), from),
        heading: t("linea-referencia").with("servicio", words(request.get("code"))).into(),
        lines: reasons.into_iter().filter(|reason| !reason.is_empty()).collect(),
        tag: (!state.is_empty()).then(|| Tag::new(tone, state)),
        link: task.and_then(Value::id).map(|id| (format!("/referencias/{id}"), t("linea-ver-referencia").into())),
    };
    (asked.to_owned(), event)
}

fn task_event(task: &Value) -> (String, Event) {
    let at = task.text_at(&["authoredOn"]).or_else(|| task.text_at(&["lastModified"])).unwrap_or_default();
    let done = task.text_at(&["status"]) == Some("completed");
    let heading = task.text_at(&["description"]).map_or_else(|| words(task.get("code")), str::to_owned);
    let event = Event {
        knot: if done { Knot::Task } else { Knot::Waits },
        when_where: joined(&when(at), task.text_at(&["owner", "display"]).unwrap_or_default()),
        heading,
        lines: Vec::new(),
        tag: Some(if done {
            Tag::new(Tone::Good, t("linea-cumplida"))
        } else {
            Tag::new(Tone::Info, t("linea-por-hacer"))
        }),
        link: None,
    };
    (at.to_owned(), event)
}

fn handles_a_referral(task: &Value) -> bool {
    let codings = task.get("code").map(|code| code.items("coding")).unwrap_or_default();
    coded(codings, system::TASK_KIND) == Some("referencia")
}

fn joined(when: &str, place: &str) -> String {
    [when, place].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use fhir::json;

    use super::*;

    fn story() -> Story {
        Story {
            reasons: Vec::new(),
            encounters: vec![json!({ "resourceType": "Encounter", "id": "e", "status": "finished",
                "period": { "start": "2026-11-21T15:50:00Z" }, "serviceProvider": { "display": "Puesto Chicoj" },
                "reasonCode": [{ "text": "Control prenatal" }] })],
            observations: vec![json!({ "resourceType": "Observation", "encounter": { "reference": "Encounter/e" },
                "code": { "text": "Presión" }, "component": [
                    { "valueQuantity": { "value": 112, "unit": "mm[Hg]" } },
                    { "valueQuantity": { "value": 70, "unit": "mmHg" } }] })],
            conditions: Vec::new(),
            requests: vec![json!({ "resourceType": "ServiceRequest", "id": "r", "authoredOn": "2026-11-21T16:42:00Z",
                "code": { "coding": [{ "display": "Ginecología" }] }, "reasonCode": [{ "text": "Anemia" }] })],
            tasks: vec![json!({ "resourceType": "Task", "id": "r", "status": "requested",
                "code": { "coding": [{ "system": system::TASK_KIND, "code": "referencia" }] },
                "focus": { "reference": "ServiceRequest/r" }, "businessStatus": { "text": "En revisión" } })],
        }
    }

    #[test]
    fn one_line_tells_visits_and_referrals_newest_first() {
        let told: Vec<(Knot, String, Vec<String>)> =
            events(&story(), Shown::All).into_iter().map(|event| (event.knot, event.heading, event.lines)).collect();
        assert_eq!(
            told,
            vec![
                (Knot::Waits, "Referencia a Ginecología".to_owned(), vec!["Anemia".to_owned()]),
                (
                    Knot::Done,
                    "Consulta".to_owned(),
                    vec!["Control prenatal".to_owned(), "Presión 112/70 mmHg".to_owned()]
                ),
            ]
        );
    }

    #[test]
    fn a_struck_visit_says_only_that_and_why() {
        let mut story = story();
        story.encounters[0].set("status", "entered-in-error");
        story.reasons = vec![json!({ "resourceType": "Provenance", "target": [{ "reference": "Encounter/e" }],
            "reason": [{ "text": "Era su hermana" }] })];
        let told = &events(&story, Shown::Visits)[0];
        assert_eq!(told.lines, ["Motivo: Era su hermana"]);
        assert!(told.tag.as_ref().unwrap().to_string().contains("Anulada"));
    }

    #[test]
    fn problems_stay_and_what_visits_found_is_told_newest_first() {
        let condition = |words: &str, category: &str, at: &str| {
            json!({ "resourceType": "Condition", "code": { "text": words }, "recordedDate": at,
                "category": [{ "coding": [{ "code": category }] }],
                "clinicalStatus": { "coding": [{ "code": "active" }] } })
        };
        let (problems, recent) = diagnoses(&[
            condition("Resfriado", "encounter-diagnosis", "2024-01-02T15:00:00Z"),
            condition("Diabetes", "problem-list-item", "2020-01-02T15:00:00Z"),
            condition("Anemia", "encounter-diagnosis", "2026-01-02T15:00:00Z"),
        ]);
        assert_eq!(problems, ["Diabetes"]);
        assert_eq!(recent.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>(), ["Anemia", "Resfriado"]);
        let taken = |words: &str, at: &str| json!({ "status": "active", "dateAsserted": at, "medicationCodeableConcept": { "text": words } });
        assert_eq!(medicines(&[taken("A", "2025-01-01"), taken("B", "2026-01-01")]), ["B", "A"]);
    }

    #[test]
    fn a_filter_leaves_the_rest_out() {
        assert_eq!(events(&story(), Shown::Visits).len(), 1);
        assert_eq!(events(&story(), Shown::Tasks).len(), 0);
    }
}
