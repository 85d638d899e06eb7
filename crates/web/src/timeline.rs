//! A person's one timeline: what happened and what waits, newest first, a page at a time, from the
//! resources that the caller may see. Pure.

use std::collections::BTreeMap;

use access::system;
use care::referral::answer::sections;
use care::visit::record::ASSERTED;
use fhir::Value;
use jiff::Timestamp;
use jiff::civil::Date;
use store::Key;

use crate::format::{date, local};
use crate::pages::encounter::{handed_out, prescribed};
use crate::read::{coded, is_active, struck, when, words};
use crate::sensitive;
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
    /// When and where the person is expected.
    pub appointments: Vec<Value>,
    /// Counter-referrals (Composition).
    pub answers: Vec<Value>,
    /// What was prescribed and handed out.
    pub treatments: Vec<Value>,
}

/// What one event is of.
#[derive(Clone, Debug)]
enum Told<'a> {
    Visit(&'a Value),
    /// Prescribed and handed out together.
    Treatment(Vec<&'a Value>),
    Referral(&'a Value),
    Answer(&'a Value),
    Appointment(&'a Value),
    Task(&'a Value),
}

/// One event's place in the line, and what it is of.
struct Moment<'a> {
    key: String,
    told: Told<'a>,
}

/// How many events one page shows.
const PAGE: usize = 20;

/// Which events are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All.
    All,
    /// Visits.
    Visits,
    /// What was given.
    Treatments,
    /// Referrals and their answers.
    Referrals,
    /// Appointments.
    Appointments,
    /// Tasks.
    Tasks,
}

impl Shown {
    /// From the address.
    pub fn from_code(code: &str) -> Self {
        match code {
            "consultas" => Self::Visits,
            "tratamientos" => Self::Treatments,
            "referencias" => Self::Referrals,
            "citas" => Self::Appointments,
            "tareas" => Self::Tasks,
            _ => Self::All,
        }
    }
}

/// The events, newest first.
pub fn events(story: &Story, shown: Shown) -> Vec<Event> {
    line(story, shown).into_iter().map(|moment| event(story, moment.told)).collect()
}

/// A page of the events, from the newest or from before a place in the line; and the place from which
/// the older ones go on, where there are any.
pub fn page(story: &Story, shown: Shown, before: &str) -> (Vec<Event>, Option<String>) {
    let (moments, older) = part(story, shown, before);
    (moments.into_iter().map(|moment| event(story, moment.told)).collect(), older)
}

/// The visits of that page: of them the story has to know what was measured and found.
pub fn visits<'a>(story: &'a Story, shown: Shown, before: &str) -> Vec<&'a Value> {
    let of = |moment: Moment<'a>| if let Told::Visit(visit) = moment.told { Some(visit) } else { None };
    part(story, shown, before).0.into_iter().filter_map(of).collect()
}

fn part<'a>(story: &'a Story, shown: Shown, before: &str) -> (Vec<Moment<'a>>, Option<String>) {
    let mut moments = line(story, shown);
    moments.retain(|moment| before.is_empty() || moment.key.as_str() < before);
    let more = moments.len() > PAGE;
    moments.truncate(PAGE);
    let older = moments.last().filter(|_| more).map(|moment| moment.key.clone());
    (moments, older)
}

/// Everything that is shown, in its order.
fn line(story: &Story, shown: Shown) -> Vec<Moment<'_>> {
    let of = |part| shown == Shown::All || shown == part;
    let mut line = Vec::new();
    if of(Shown::Visits) {
        line.extend(moments(story.encounters.iter(), &[&["period", "start"]], Told::Visit));
    }
    if of(Shown::Treatments) {
        line.extend(treatments(story));
    }
    if of(Shown::Referrals) {
        line.extend(moments(story.requests.iter(), ASKED, Told::Referral));
        line.extend(moments(story.answers.iter(), &[&["date"]], Told::Answer));
    }
    if of(Shown::Appointments) {
        line.extend(moments(story.appointments.iter(), EXPECTED, Told::Appointment));
    }
    if of(Shown::Tasks) {
        let own = story.tasks.iter().filter(|task| !handles_a_referral(task));
        line.extend(moments(own, NOTED, Told::Task));
    }
    line.sort_by(|a, b| b.key.cmp(&a.key));
    line
}

fn moments<'a>(
    of: impl Iterator<Item = &'a Value>,
    times: &[&[&str]],
    told: fn(&'a Value) -> Told<'a>,
) -> impl Iterator<Item = Moment<'a>> {
    of.map(move |one| Moment { key: key(one, times), told: told(one) })
}

/// When somebody is expected.
const EXPECTED: &[&[&str]] = &[&["start"], &["created"]];
/// When a referral was asked for.
const ASKED: &[&[&str]] = &[&["authoredOn"], &["meta", "lastUpdated"]];
/// When a task was written down.
const NOTED: &[&[&str]] = &[&["authoredOn"], &["lastModified"]];
/// When something was prescribed or handed out.
const GIVEN: &[&[&str]] = &[&["authoredOn"], &["whenHandedOver"], &["meta", "lastUpdated"]];

/// The first of these times that is told.
fn time<'a>(one: &'a Value, times: &[&[&str]]) -> &'a str {
    times.iter().find_map(|path| one.text_at(path)).unwrap_or_default()
}

/// The place in the line: the time on the clocks of Guatemala, then what tells one from another.
fn key(one: &Value, times: &[&[&str]]) -> String {
    let told = time(one, times);
    let at = told.parse::<Timestamp>().map_or_else(|_| told.to_owned(), |at| format!("{:.6}", local(at)));
    format!("{at}~{}/{}", one.resource_type().unwrap_or_default(), one.id().unwrap_or_default())
}

/// What was given at one visit is one event; what belongs to none stands alone.
fn treatments(story: &Story) -> Vec<Moment<'_>> {
    let mut together: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    let mut moments = Vec::new();
    for one in &story.treatments {
        let visit = one.text_at(&["encounter", "reference"]).or_else(|| one.text_at(&["context", "reference"]));
        match visit {
            Some(visit) => together.entry(visit).or_default().push(one),
            None => moments.push(Moment { key: key(one, GIVEN), told: Told::Treatment(vec![one]) }),
        }
    }
    moments.extend(together.into_values().map(|of| Moment { key: key(of[0], GIVEN), told: Told::Treatment(of) }));
    moments
}

/// What happened, marked where only some may see it.
fn event(story: &Story, told: Told<'_>) -> Event {
    let secret = match &told {
        Told::Treatment(given) => sensitive::mark(given.iter().copied()),
        Told::Visit(one) | Told::Referral(one) | Told::Answer(one) | Told::Appointment(one) | Told::Task(one) => {
            sensitive::mark([*one])
        }
    };
    let mut event = told_as(story, told);
    event.lines.splice(0..0, secret);
    event
}

fn told_as(story: &Story, told: Told<'_>) -> Event {
    match told {
        Told::Visit(encounter) => visit(story, encounter),
        Told::Treatment(given) => treatment(&given),
        Told::Referral(request) => referral(story, request),
        Told::Answer(answer) => answered(story, answer),
        Told::Appointment(appointment) => expected(appointment),
        Told::Task(task) => task_event(task),
    }
}

fn treatment(given: &[&Value]) -> Event {
    let told = |one: &&Value| match one.resource_type() {
        Some("MedicationDispense") => handed_out(one),
        _ => prescribed(one),
    };
    let visit = given.iter().find_map(|one| one.text_at(&["encounter", "reference"]));
    let visit = visit.and_then(|reference| reference.strip_prefix("Encounter/"));
    Event {
        knot: Knot::Done,
        when_where: given.first().map(|one| when(time(one, GIVEN))).unwrap_or_default(),
        heading: t("linea-tratamiento").into(),
        lines: given.iter().map(told).collect(),
        tag: None,
        link: visit.map(|id| (format!("/atenciones/{id}"), t("linea-ver-consulta").into())),
    }
}

/// A counter-referral: its sections up to what the post is to do, which follows as tasks.
fn answered(story: &Story, answer: &Value) -> Event {
    let reference = format!("Composition/{}", answer.id().unwrap_or_default());
    let gives = |task: &&Value| {
        task.items("output").iter().any(|one| one.text_at(&["valueReference", "reference"]) == Some(&reference))
    };
    let task = story.tasks.iter().find(gives).and_then(Value::id);
    let place = answer.text_at(&["custodian", "display"]).or_else(|| answer.text_at(&["author", "display"]));
    Event {
        knot: Knot::Done,
        when_where: joined(&when(time(answer, &[&["date"]])), place.unwrap_or_default()),
        heading: t("linea-contrarreferencia").into(),
        lines: sections(answer).into_iter().map(|(title, words)| format!("{title}: {words}")).collect(),
        tag: None,
        link: task.map(|id| (format!("/referencias/{id}/contrarreferencia"), t("linea-ver-contra").into())),
    }
}

fn expected(appointment: &Value) -> Event {
    let (knot, tag) = match appointment.text_at(&["status"]).unwrap_or_default() {
        "fulfilled" => (Knot::Done, Tag::new(Tone::Good, t("linea-cita-atendida"))),
        "noshow" => (Knot::Done, Tag::new(Tone::Stop, t("linea-cita-falto"))),
        "cancelled" | "entered-in-error" => (Knot::Done, Tag::new(Tone::Plain, t("linea-cita-anulada"))),
        "proposed" | "pending" | "waitlist" => (Knot::Waits, Tag::new(Tone::Warn, t("linea-cita-propuesta"))),
        _ => (Knot::Waits, Tag::new(Tone::Info, t("linea-cita-dada"))),
    };
    let actors = appointment.items("participant").iter().filter_map(|one| one.get("actor"));
    let mut places = actors.filter(|actor| {
        let kind = actor.text_at(&["reference"]).and_then(|reference| reference.split('/').next());
        matches!(kind, Some("Location" | "HealthcareService"))
    });
    let place = places.find_map(|actor| actor.text_at(&["display"])).unwrap_or_default();
    let service = words(appointment.items("serviceType").first());
    let task = appointment.items("supportingInformation").iter().find_map(|one| one.text_at(&["reference"]));
    let task = task.and_then(|reference| reference.strip_prefix("Task/"));
    Event {
        knot,
        when_where: joined(&when(time(appointment, EXPECTED)), place),
        heading: t("linea-cita").with("servicio", service).into(),
        lines: Vec::new(),
        tag: Some(tag),
        link: task.map(|id| (format!("/referencias/{id}"), t("linea-ver-referencia").into())),
    }
}

fn visit(story: &Story, encounter: &Value) -> Event {
    let start = encounter.text_at(&["period", "start"]).unwrap_or_default();
    let place = encounter.text_at(&["serviceProvider", "display"]).unwrap_or_default();
    let reference = format!("Encounter/{}", encounter.id().unwrap_or_default());
    if struck(encounter) {
        return Event {
            knot: Knot::Done,
            when_where: joined(&when(start), place),
            heading: t("linea-consulta").into(),
            lines: why_struck(story, &reference).into_iter().collect(),
            tag: Some(Tag::new(Tone::Stop, t("linea-anulada"))),
            link: None,
        };
    }
    let of_visit = |one: &&Value| one.text_at(&["encounter", "reference"]) == Some(&reference);
    let reasons: Vec<String> = encounter.items("reasonCode").iter().map(|reason| words(Some(reason))).collect();
    let found: Vec<String> = story.conditions.iter().filter(of_visit).map(|one| words(one.get("code"))).collect();
    let measured: Vec<String> = story.observations.iter().filter(of_visit).filter_map(measure).collect();
    let lines = [reasons.join(". "), found.join(". "), measured.join(", ")];
    Event {
        knot: Knot::Done,
        when_where: joined(&when(start), place),
        heading: t("linea-consulta").into(),
        lines: lines.into_iter().filter(|line| !line.is_empty()).collect(),
        tag: (encounter.text_at(&["status"]) == Some("in-progress"))
            .then(|| Tag::new(Tone::Warn, t("linea-sin-firmar"))),
        link: encounter.id().map(|id| (format!("/atenciones/{id}"), t("linea-ver-consulta").into())),
    }
}

/// How many diagnoses of visits are told beside the problems.
const RECENT: usize = 8;

/// The active problems, and what visits found lately (day and words), the newest first: what a visit
/// found is no problem for ever.
pub fn diagnoses(conditions: &[Value]) -> (Vec<Known>, Vec<(String, String)>) {
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
    let problems = known("code", problems.into_iter());
    (problems, found.into_iter().take(RECENT).map(|one| (day(one), words(one.get("code")))).collect())
}

/// Something that holds, told once however often it was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its words.
    pub words: String,
    /// The resources that note it.
    pub keys: Vec<Key>,
}

/// What these note, in their order; `member` holds the words.
fn known<'a>(member: &str, noted: impl Iterator<Item = &'a Value>) -> Vec<Known> {
    let mut all: Vec<Known> = Vec::new();
    for one in noted {
        let words = words(one.get(member));
        let key = Key::new(one.resource_type().unwrap_or_default(), one.id().unwrap_or_default());
        match all.iter_mut().find(|known| known.words == words) {
            Some(known) => known.keys.push(key),
            None => all.push(Known { words, keys: vec![key] }),
        }
    }
    all
}

/// The words of what is known.
pub fn told(known: &[Known]) -> Vec<String> {
    known.iter().map(|one| one.words.clone()).collect()
}

/// The allergies that hold.
pub fn allergies(noted: &[Value]) -> Vec<Known> {
    known("code", noted.iter().filter(|one| is_active(one)))
}

/// The medicines that are taken, the last noted first.
pub fn medicines(statements: &[Value]) -> Vec<Known> {
    let mut taken: Vec<&Value> = statements.iter().filter(|one| one.text_at(&["status"]) == Some("active")).collect();
    taken.sort_by_key(|one| std::cmp::Reverse(one.text_at(&["dateAsserted"])));
    known("medicationCodeableConcept", taken.into_iter())
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

/// The same with its day: what goes along with a referral may be of another one.
pub fn dated(observation: &Value) -> Option<String> {
    let words = measure(observation)?;
    let told = observation.text_at(&["effectiveDateTime"]).unwrap_or_default();
    let day = told.parse::<Timestamp>().map(|at| local(at).date()).or_else(|_| told.parse::<Date>()).ok();
    Some(day.map_or_else(|| words.clone(), |day| format!("{words} ({})", date(day))))
}

fn referral(story: &Story, request: &Value) -> Event {
    let asked = time(request, ASKED);
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
    Event {
        knot,
        when_where: joined(&when(asked), from),
        heading: t("linea-referencia").with("servicio", words(request.get("code"))).into(),
        lines: reasons.into_iter().filter(|reason| !reason.is_empty()).collect(),
        tag: (!state.is_empty()).then(|| Tag::new(tone, state)),
        link: task.and_then(Value::id).map(|id| (format!("/referencias/{id}"), t("linea-ver-referencia").into())),
    }
}

fn task_event(task: &Value) -> Event {
    let at = time(task, NOTED);
    let done = task.text_at(&["status"]) == Some("completed");
    let heading = task.text_at(&["description"]).map_or_else(|| words(task.get("code")), str::to_owned);
    Event {
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
    }
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
            ..Story::default()
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
        assert_eq!(super::told(&problems), ["Diabetes"]);
        assert_eq!(recent.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>(), ["Anemia", "Resfriado"]);
        let taken = |words: &str, at: &str| json!({ "status": "active", "dateAsserted": at, "medicationCodeableConcept": { "text": words } });
        let noted = medicines(&[taken("A", "2025-01-01"), taken("B", "2026-01-01"), taken("A", "2024-01-01")]);
        assert_eq!((super::told(&noted), noted[1].keys.len()), (vec!["B".to_owned(), "A".to_owned()], 2));
    }

    #[test]
    fn appointments_answers_and_what_was_given_are_events_of_their_own() {
        let mut story = story();
        story.appointments = vec![json!({ "resourceType": "Appointment", "id": "a", "status": "booked",
            "start": "2026-12-01T14:00:00Z", "serviceType": [{ "coding": [{ "display": "Ginecología" }] }],
            "supportingInformation": [{ "reference": "Task/r" }],
            "participant": [{ "actor": { "reference": "Patient/p", "display": "Rosa" } },
                { "actor": { "reference": "Location/h", "display": "Hospital de Cobán" } }] })];
        let div = "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Anemia leve</p></div>";
        story.answers = vec![json!({ "resourceType": "Composition", "id": "c", "date": "2026-11-22T08:00:00-06:00",
            "custodian": { "display": "Hospital de Cobán" },
            "section": [{ "title": "Diagnóstico", "text": { "div": div } }] })];
        story.tasks[0].set("output", json!([{ "valueReference": { "reference": "Composition/c" } }]));
        let given = |kind: &str, visit: &str| {
            json!({ "resourceType": kind, "id": kind, visit: { "reference": "Encounter/e" },
                "authoredOn": "2026-11-21T15:50:00Z", "quantity": { "value": 30 },
                "medicationCodeableConcept": { "text": "Hierro" } })
        };
        story.treatments = vec![given("MedicationRequest", "encounter"), given("MedicationDispense", "context")];
        let told = events(&story, Shown::All);
        let said = |at: usize| (told[at].heading.as_str(), told[at].when_where.as_str());
        assert_eq!(said(0), ("Cita de Ginecología", "01/12/2026, 8:00 · Hospital de Cobán"));
        assert_eq!(said(1), ("Contrarreferencia", "22/11/2026, 8:00 · Hospital de Cobán"));
        assert_eq!(told[1].lines, ["Diagnóstico: Anemia leve"]);
        assert_eq!(told[1].link.as_ref().unwrap().0, "/referencias/r/contrarreferencia");
        assert_eq!(told.len(), 5, "what was prescribed and handed out at one visit is one event");
        let treated = &events(&story, Shown::Treatments)[0];
        assert_eq!((treated.lines.len(), treated.lines[0].as_str()), (2, "Hierro"));
    }

    #[test]
    fn the_line_goes_on_page_by_page_and_loses_nothing_of_the_same_moment() {
        let visit = |at: usize| {
            let start = format!("2026-{:02}-01T15:00:00Z", at / 5 + 1);
            json!({ "resourceType": "Encounter", "id": format!("e{at:02}"), "status": "finished", "period": { "start": start } })
        };
        let story = Story { encounters: (0..45).map(visit).collect(), ..Story::default() };
        let (mut before, mut seen) = (String::new(), Vec::new());
        loop {
            seen.extend(visits(&story, Shown::All, &before).into_iter().filter_map(Value::id).map(str::to_owned));
            match page(&story, Shown::All, &before).1 {
                Some(older) => before = older,
                None => break,
            }
        }
        let mut all: Vec<String> = (0..45).map(|at| format!("e{at:02}")).collect();
        all.reverse();
        assert_eq!(seen, all);
    }

    #[test]
    fn a_filter_leaves_the_rest_out() {
        assert_eq!(events(&story(), Shown::Visits).len(), 1);
        assert_eq!(events(&story(), Shown::Tasks).len(), 0);
    }
}
