//! A visit that was signed, to be read as it was signed with its addenda, and mended in the open:
//! added to, struck with a reason, moved to the right person. Nothing of a struck one is shown.

use access::system;
use axum::extract::Path;
use care::referral::Named;
use care::referral::answer::sections;
use care::visit::{mend as mending, record};
use fhir::Value;
use identity::PersonCard;
use store::Key;

use crate::form::Form;
use crate::gate::{Posted, Visit, done, mend, show};
use crate::pages::person::{Head, opened, reasons};
use crate::problem::{Answer, Problem};
use crate::read::{coded, list, struck, when, words};
use crate::sensitive;
use crate::sheet::{Choice, Group, Press, Sheet, mend_with};
use crate::shell::Done;
use crate::text::{Text, t};
use crate::timeline::measure;
use crate::ui::{Note, Tone};

const TEXT: usize = 4000;

/// A visit as it lies in the record.
struct Seen {
    id: String,
    encounter: Value,
    patient: Value,
    /// The signed note; a visit of another system may have none.
    note: Option<Value>,
    addenda: Vec<Value>,
    parts: Vec<Value>,
}

impl Seen {
    async fn load(visit: &Visit, id: &str) -> Result<Self, Problem> {
        let (access, cx) = (&visit.state.access, visit.cx()?);
        let encounter = access.read(cx, &Key::new("Encounter", id)).await?.value();
        let person = reference(&encounter, "subject", "Patient").ok_or(Problem::NotFound)?;
        opened(visit, &person).await?;
        let patient = access.read(cx, &Key::new("Patient", person)).await?.value();
        let of_visit = format!("Encounter/{id}");
        let about = [("encounter", of_visit.as_str())];
        let (mut addenda, notes): (Vec<Value>, Vec<Value>) = list(access, cx, "Composition", &about)
            .await?
            .into_iter()
            .filter(|one| one.text_at(&["type", "coding", "code"]) == Some("34109-9"))
            .partition(|one| one.get("relatesTo").is_some());
        addenda.sort_by_key(|one| one.text_at(&["date"]).map(str::to_owned));
        let note = notes.into_iter().next();
        let parts = match &note {
            Some(note) => {
                let entries = note.items("section").iter().flat_map(|one| one.items("entry"));
                let keys: Vec<Key> = entries.filter_map(key).collect();
                let mut found: Vec<Value> =
                    access.read_many(cx, &keys).await?.iter().map(store::Stored::value).collect();
                found.retain(|one| !struck(one));
                found.sort_by_key(|one| keys.iter().position(|key| Some(key.id.as_str()) == one.id()));
                found
            }
            None => {
                let mut found = list(access, cx, "Observation", &about).await?;
                found.extend(list(access, cx, "Condition", &about).await?);
                found
            }
        };
        Ok(Self { id: id.to_owned(), encounter, patient, note, addenda, parts })
    }

    /// A visit of the caller's own facility that may be mended.
    async fn to_mend(visit: &Visit, id: &str) -> Result<Self, Problem> {
        let seen = Self::load(visit, id).await?;
        if struck(&seen.encounter) {
            return Err(Problem::Stale);
        }
        if seen.mends(visit)? { Ok(seen) } else { Err(Problem::Forbidden) }
    }

    /// Whether the caller may mend it.
    fn mends(&self, visit: &Visit) -> Result<bool, Problem> {
        let cx = visit.cx()?;
        let place = reference(&self.encounter, "serviceProvider", "Organization");
        let own = place.is_some() && place.as_deref() == cx.facility.as_ref().map(|place| place.id.as_str());
        Ok(own && self.note.is_some() && !struck(&self.encounter) && super::ATTENDS.admits(cx.role))
    }

    fn person(&self) -> &str {
        self.patient.id().unwrap_or_default()
    }

    fn sheet(&self, visit: &Visit, heading: Text, act: &str) -> Result<Sheet, Problem> {
        let head = Head::of(&self.patient, visit.cx()?.now);
        let here = format!("/atenciones/{}", self.id);
        let mut page = Sheet::new(visit, heading, head, format!("{here}{act}"));
        page.shell = if act.is_empty() {
            page.shell.back(format!("/personas/{}", self.person()), t("volver-persona"))
        } else {
            page.shell.back(here, t("atencion-volver"))
        };
        page.groups = vec![self.when_where_who()];
        page.notes.extend(sensitive::note([&self.encounter]));
        Ok(page)
    }

    fn when_where_who(&self) -> Group {
        let text = |path: &[&str]| self.encounter.text_at(path).unwrap_or_default().to_owned();
        let place = match text(&["class", "code"]).as_str() {
            "FLD" => t("atender-en-comunidad").to_string(),
            _ => String::new(),
        };
        let facts = [when(&text(&["period", "start"])), text(&["serviceProvider", "display"]), place];
        let who = text(&["participant", "individual", "display"]);
        let who = (!who.is_empty()).then(|| t("atencion-atendio").with("quien", who).to_string());
        let first = facts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        Group::new(t("linea-consulta")).lines([first]).lines(who)
    }

    /// Everything that was signed, in the order of the sheet.
    fn groups(&self) -> Vec<Group> {
        let said: Vec<(String, String)> = self.note.as_ref().map(sections).unwrap_or_default();
        let mut groups: Vec<Group> =
            said.into_iter().map(|(heading, words)| Group { heading, ..Group::default() }.lines([words])).collect();
        if groups.is_empty() {
            let reasons = self.encounter.items("reasonCode").iter().map(|one| words(Some(one)));
            groups.push(Group::new(t("atender-motivo")).lines(reasons));
        }
        let kind = |name: &'static str| self.parts.iter().filter(move |one| one.resource_type() == Some(name));
        let observed = |category: &'static [&'static str]| {
            kind("Observation").filter(move |one| {
                one.text_at(&["category", "coding", "code"]).is_some_and(|code| category.contains(&code))
            })
        };
        groups.extend([
            Group::new(t("atender-signos")).lines(observed(&["vital-signs"]).filter_map(measure)),
            Group::new(t("atencion-examen")).lines(observed(&["laboratory", "exam"]).map(observation)),
            Group::new(t("atender-diagnostico")).lines(kind("Condition").map(condition)),
            Group::new(t("atender-alergias")).lines(kind("AllergyIntolerance").map(|one| words(one.get("code")))),
            Group::new(t("medicamentos")).lines(kind("MedicationStatement").map(medicine)),
            Group::new(t("atender-tratamiento"))
                .lines(kind("MedicationRequest").map(prescribed))
                .lines(kind("MedicationDispense").map(handed_out)),
            Group::new(t("atender-sigsa")).lines(observed(&["social-history"]).map(observation)),
        ]);
        groups.extend(self.addenda.iter().map(addendum));
        groups.into_iter().filter(|group| !group.lines.is_empty()).collect()
    }
}

fn key(reference: &Value) -> Option<Key> {
    let (kind, id) = reference.text_at(&["reference"])?.split_once('/')?;
    Some(Key::new(kind, id))
}

fn reference(of: &Value, member: &str, kind: &str) -> Option<String> {
    key(of.get(member)?).filter(|key| key.resource_type == kind).map(|key| key.id)
}

fn observation(one: &Value) -> String {
    let codings = one.get("code").map(|code| code.items("coding")).unwrap_or_default();
    let name = coded(codings, system::VISIT_ITEM).and_then(item).map(|name| name.to_string());
    let name = name.unwrap_or_else(|| words(one.get("code")));
    let said = one.text_at(&["valueString"]).or_else(|| one.text_at(&["note", "text"])).map(str::to_owned);
    let value = said.or_else(|| one.text_at(&["valueDateTime"]).map(when));
    match value {
        Some(value) => format!("{name}: {value}"),
        None => measure(one).unwrap_or(name),
    }
}

/// How the columns of FOR-SIGSA-3 are called on the sheet.
fn item(code: &str) -> Option<Text> {
    Some(match code {
        "consulta" => t("atender-consulta"),
        "control" => t("atender-control"),
        "viene-referida" => t("atender-viene"),
        "notificacion" => t("atender-notificacion"),
        "recibe-medicamento" => t("atender-recibe"),
        "campana" => t("atender-campana"),
        "acompanante" => t("atender-acompanante"),
        "acompanante-cui" => t("atender-acompanante-cui"),
        "discapacidad" => t("atender-discapacidad"),
        "orientacion-sexual" => t("atender-orientacion"),
        "escolaridad" => t("atender-escolaridad"),
        "ocupacion" => t("atender-ocupacion"),
        "agricola-migrante" => t("atender-migrante"),
        _ => return None,
    })
}

fn condition(one: &Value) -> String {
    let codings = one.get("code").map(|code| code.items("coding")).unwrap_or_default();
    let words = words(one.get("code"));
    let problem = one.text_at(&["category", "coding", "code"]) == Some("problem-list-item");
    let code = coded(codings, system::ICD10).map(|code| format!(" ({code})")).unwrap_or_default();
    let kept = if problem { format!(". {}", t("atencion-problema")) } else { String::new() };
    format!("{words}{code}{kept}")
}

fn medicine(one: &Value) -> String {
    words(one.get("medicationCodeableConcept"))
}

fn amount(of: Option<&Value>) -> Option<String> {
    of?.get("value")?.as_number().map(|number| number.as_str().to_owned())
}

/// A medicine that was prescribed, with its presentation and how many are needed.
pub fn prescribed(one: &Value) -> String {
    let presentation = one.text_at(&["note", "text"]).unwrap_or_default().to_owned();
    let needed = amount(one.at(&["dispenseRequest", "quantity"]))
        .filter(|number| number != "0")
        .map(|number| t("atencion-necesita").with("n", number).to_string());
    let parts = [medicine(one), presentation, needed.unwrap_or_default()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// A medicine that was handed out, and how many.
pub fn handed_out(one: &Value) -> String {
    let number = amount(one.get("quantity")).unwrap_or_default();
    t("atencion-entregado").with("que", medicine(one)).with("n", number).into()
}

fn addendum(one: &Value) -> Group {
    let who = one.text_at(&["author", "display"]).unwrap_or_default();
    let at = when(one.text_at(&["date"]).unwrap_or_default());
    let heading = t("atencion-adenda-de").with("fecha", at).with("quien", who).to_string();
    Group { heading, ..Group::default() }.lines(sections(one).into_iter().map(|(_, words)| words))
}

/// `GET /atenciones/{id}`
pub async fn show_encounter(visit: Visit, Path(id): Path<String>) -> Answer {
    let seen = Seen::load(&visit, &id).await?;
    let mut page = seen.sheet(&visit, t("atencion-titulo"), "")?;
    if struck(&seen.encounter) {
        let told = reasons(&visit, std::slice::from_ref(&seen.encounter)).await?;
        let why = told.iter().find_map(|one| one.text_at(&["reason", "text"])).unwrap_or_default();
        page.notes = vec![Note::new(Tone::Stop, t("atencion-anulada"), why)];
        return show(&page);
    }
    page.groups.extend(seen.groups());
    if seen.mends(&visit)? {
        page.away = vec![
            (format!("/personas/{}/referir?visita={id}", seen.person()), t("atendida-referir")),
            (format!("/atenciones/{id}/adenda"), t("atencion-adenda")),
            (format!("/atenciones/{id}/mover"), t("atencion-mover")),
            (format!("/atenciones/{id}/anular"), t("atencion-anular")),
        ];
    }
    show(&page)
}

fn addend_page(visit: &Visit, seen: &Seen, form: Form) -> Result<Sheet, Problem> {
    let mut page = seen.sheet(visit, t("atencion-adenda"), "/adenda")?;
    page.groups.extend(seen.groups());
    page.groups.push(
        Group::new(t("atencion-adenda"))
            .hint(t("atencion-adenda-ayuda"))
            .fields([form.area("adenda", t("atencion-adenda-campo"))]),
    );
    page.buttons = vec![Press::new("firmar", t("atencion-adenda-firmar"))];
    page.form = form;
    Ok(page)
}

/// `GET /atenciones/{id}/adenda`
pub async fn show_addend(visit: Visit, Path(id): Path<String>) -> Answer {
    show(&addend_page(&visit, &Seen::to_mend(&visit, &id).await?, Form::default())?)
}

/// `POST /atenciones/{id}/adenda`
pub async fn take_addend(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let seen = Seen::to_mend(&visit, &id).await?;
    let words = form.required("adenda", TEXT, t("atencion-adenda-falta"));
    if form.ok() {
        record::addend(&visit.state.access, visit.cx()?, &id, &words).await?;
        return done(&visit, &format!("/atenciones/{id}"), Done::VisitAddended);
    }
    mend(&addend_page(&visit, &seen, form)?)
}

fn strike_page(visit: &Visit, seen: &Seen, form: Form) -> Result<Sheet, Problem> {
    let mut page = seen.sheet(visit, t("atencion-anular"), "/anular")?;
    page.notes = vec![Note::new(Tone::Warn, t("atencion-anular-que"), t("atencion-anular-ayuda"))];
    page.groups.extend(seen.groups());
    page.groups.push(Group::new(t("atencion-anular-por-que")).fields([form.area("razon", t("atencion-razon"))]));
    page.buttons = vec![Press { danger: true, ..Press::new("anular", t("atencion-anular")) }];
    page.form = form;
    Ok(page)
}

/// `GET /atenciones/{id}/anular`
pub async fn show_strike(visit: Visit, Path(id): Path<String>) -> Answer {
    show(&strike_page(&visit, &Seen::to_mend(&visit, &id).await?, Form::default())?)
}

/// `POST /atenciones/{id}/anular`
pub async fn take_strike(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let seen = Seen::to_mend(&visit, &id).await?;
    let why = form.required("razon", 1000, t("atencion-razon-falta"));
    if form.ok() {
        mending::entered_in_error(&visit.state.access, visit.cx()?, &id, &why).await?;
        return done(&visit, &format!("/personas/{}", seen.person()), Done::VisitStruck);
    }
    mend(&strike_page(&visit, &seen, form)?)
}

/// The people of the index that what was typed finds, but the one whose visit it is.
async fn others(visit: &Visit, seen: &Seen, form: &Form) -> Result<Vec<PersonCard>, Problem> {
    let asked = identity::Find::parse(form.get("buscar"));
    let mut found = identity::find(&visit.state.access, &visit.state.people, visit.cx()?, &asked).await?;
    found.retain(|card| card.id != seen.person());
    Ok(found)
}

fn move_page(visit: &Visit, seen: &Seen, form: Form, found: Vec<PersonCard>) -> Result<Sheet, Problem> {
    let mut page = seen.sheet(visit, t("atencion-mover"), "/mover")?;
    page.notes = vec![Note::new(Tone::Warn, t("atencion-mover-que"), t("atencion-mover-ayuda"))];
    let mut who = Group::new(t("atencion-mover-a"))
        .fields([form.line("buscar", t("atencion-buscar")).hint(t("atencion-buscar-ayuda"))]);
    who.press = Some(Press::new("buscar", t("atencion-buscar-boton")));
    if found.is_empty() {
        who.id = "persona";
        who = who.lines((!form.get("buscar").is_empty()).then(|| t("buscar-nadie-titulo").to_string()));
    }
    who.name = "persona";
    who.options = found.into_iter().map(|card| choice(card, form.get("persona"))).collect();
    page.groups.push(who);
    page.groups.push(Group::new(t("atencion-anular-por-que")).fields([form.area("razon", t("atencion-razon"))]));
    page.buttons = vec![Press { danger: true, ..Press::new("mover", t("atencion-mover")) }];
    page.form = form;
    Ok(page)
}

fn choice(card: PersonCard, chosen: &str) -> Choice {
    let head = Head::of_card(&card);
    let cui = (!card.cui.is_empty()).then(|| (t("dato-cui").to_string(), card.cui.clone()));
    Choice {
        on: card.id == chosen,
        value: card.id,
        name: head.name,
        tag: if head.synthetic { t("sintetico").into() } else { String::new() },
        about: head.about,
        facts: cui.into_iter().collect(),
    }
}

/// `GET /atenciones/{id}/mover`
pub async fn show_move(visit: Visit, Path(id): Path<String>) -> Answer {
    show(&move_page(&visit, &Seen::to_mend(&visit, &id).await?, Form::default(), Vec::new())?)
}

/// `POST /atenciones/{id}/mover`
pub async fn take_move(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let seen = Seen::to_mend(&visit, &id).await?;
    let found = others(&visit, &seen, &form).await?;
    if form.get("boton") != "mover" {
        return show(&move_page(&visit, &seen, form, found)?);
    }
    let right = found.iter().find(|card| card.id == form.get("persona"));
    let right = right.map(|card| Named { id: card.id.clone(), name: card.name.clone() });
    if right.is_none() {
        form.error("persona", t("atencion-persona-falta"));
    }
    let why = form.required("razon", 1000, t("atencion-razon-falta"));
    if let Some(right) = right.filter(|_| form.ok()) {
        match mending::move_to(&visit.state.access, visit.cx()?, &id, &right, &why).await {
            Ok(moved) => return done(&visit, &format!("/atenciones/{moved}"), Done::VisitMoved),
            Err(error) => mend_with(&mut form, error, &[("reason", "razon"), ("patient", "persona")])?,
        }
    }
    mend(&move_page(&visit, &seen, form, found)?)
}
