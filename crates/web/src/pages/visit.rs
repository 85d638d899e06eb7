//! Attending a person: every column once, what is known filled in, a draft on the server, a signature.

use access::system;
use axum::extract::Path;
use care::CareError;
use care::danger::{self, Prompt};
use care::icd10::Codes;
use care::referral::Named;
use care::referral::draft::{Draft, start_draft};
use care::referral::state::Priority;
use care::visit::form::{Diagnosis, Form as VisitForm, TRAITS, Treatment};
use care::visit::settle::{Outcome, Settled};
use care::visit::vitals::VITALS;
use care::visit::{draft, record};
use fhir::Value;
use identity::{Cui, CuiFormat, PersonName, Registration};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use store::{Key, Kind};

use crate::form::{Field, Form};
use crate::format::{ago, date, date_time};
use crate::gate::{Posted, Visit, done, mend, show, stale};
use crate::pages::person::{Head, opened, told_by};
use crate::pages::refer::{picture, prompt_notes};
use crate::problem::{Answer, Problem};
use crate::read::{coded, list, when};
use crate::sensitive;
use crate::sheet::{Group, Press, Sheet, mend_with, unit};
use crate::shell::Done;
use crate::text::{Text, t};
use crate::timeline::{self, Known, diagnoses};
use crate::ui::{Facts, Note, Tone};
use crate::{demography, diagnosis};

/// Fields of one treatment: words, presentation, needed, handed out.
const TREATMENTS: [(&str, &str, &str, &str); 3] = [
    ("tx1", "tx1-presentacion", "tx1-cantidad", "tx1-entregado"),
    ("tx2", "tx2-presentacion", "tx2-cantidad", "tx2-entregado"),
    ("tx3", "tx3-presentacion", "tx3-cantidad", "tx3-entregado"),
];
const TEXT: usize = 4000;
const SHORT: usize = 200;
/// Nobody is handed more than this of anything.
const MOST: u32 = 9_999;
/// Which diagnoses stay as problems; the first was once the only one, and drafts say so.
const PROBLEMS: [&str; 3] = ["si", "2", "3"];
/// Days whose measures a sheet looks at: she gave birth at most six weeks ago.
const RECENT_DAYS: i64 = 43;
/// Younger than this somebody comes with them.
const OF_AGE: i32 = 18;
/// Weeks after which a last period tells of no pregnancy that still goes on.
const TERM: u32 = 43;
/// How care's fields are called here.
const FIELDS: [(&str, &str); 9] = [
    ("date", "fecha"),
    ("reason", "motivo"),
    ("diagnoses", "dx1"),
    ("last_period", "regla"),
    ("postpartum", "parto"),
    ("treatments", "tx1"),
    ("traits", "discapacidad"),
    ("facility", "motivo"),
    ("settled", "cambios-problemas"),
];
/// Fields whose text goes as it is: column of FOR-SIGSA-3, where it has one.
const COLUMNS: [&str; 6] = ["consulta", "control", "viene-referida", "notificacion", "recibe", "campana"];

/// A person whose record is open, and what is known of them.
pub struct Open {
    /// The Patient.
    pub patient: Value,
    /// The version of it that was read.
    version: u64,
    /// Who they are, in words.
    who: Vec<(String, String)>,
    /// As a reference.
    pub named: Named,
    /// What was measured in the last weeks, and what is known of the person; the newest first.
    pub observations: Vec<Value>,
    /// What was found.
    pub conditions: Vec<Value>,
    /// What a diagnosis may be coded as.
    pub codes: Codes,
    allergies: Vec<Known>,
    medicines: Vec<Known>,
    problems: Vec<Known>,
    recent: Vec<String>,
}

/// Opens a record, or leads to the page that asks for a reason.
pub async fn open(visit: &Visit, id: &str) -> Result<Open, Problem> {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    opened(visit, id).await?;
    let stored = access.read(cx, &Key::new("Patient", id)).await?;
    let (patient, version) = (stored.value(), stored.version);
    let name = PersonName::of(&patient).map(|name| name.printed()).unwrap_or_default();
    let about = [("patient", id)];
    let conditions = list(access, cx, "Condition", &about).await?;
    let medicines = list(access, cx, "MedicationStatement", &about).await?;
    let (problems, recent) = diagnoses(&conditions);
    Ok(Open {
        named: Named { id: id.to_owned(), name },
        observations: observations(visit, id).await?,
        allergies: timeline::allergies(&list(access, cx, "AllergyIntolerance", &about).await?),
        medicines: timeline::medicines(&medicines),
        problems,
        recent: recent.into_iter().map(|(at, words)| format!("{}: {words}", when(&at))).collect(),
        conditions,
        codes: visit.state.codes().await?,
        who: told_by(visit, &patient).await?,
        patient,
        version,
    })
}

/// What a sheet needs of all that was measured: the last weeks, and every value of what is known of
/// a person, however long ago. The newest first.
async fn observations(visit: &Visit, id: &str) -> Result<Vec<Value>, Problem> {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let since = identity::today(cx.now).saturating_sub(RECENT_DAYS.days());
    let known = TRAITS.map(|name| format!("{}|{name}", system::VISIT_ITEM)).join(",") + ",http://loinc.org|8665-2";
    let recent = list(access, cx, "Observation", &[("patient", id), ("date", &format!("ge{since}"))]).await?;
    Ok(newest(recent, list(access, cx, "Observation", &[("patient", id), ("code", &known)]).await?))
}

/// Both, each once, the newest first; of one time, what was written down last.
fn newest(mut all: Vec<Value>, more: Vec<Value>) -> Vec<Value> {
    all.extend(more);
    let at = |one: &Value| {
        let told = one.text_at(&["effectiveDateTime"]).unwrap_or_default();
        let local =
            told.parse::<Timestamp>().map_or_else(|_| told.to_owned(), |at| crate::format::local(at).to_string());
        (local, one.text_at(&["meta", "lastUpdated"]).map(str::to_owned), one.id().map(str::to_owned))
    };
    all.sort_by_cached_key(|one| std::cmp::Reverse(at(one)));
    all.dedup_by(|a, b| a.id() == b.id());
    all
}

impl Open {
    /// With everything that was measured at a visit, however long ago.
    pub async fn with_visit(mut self, visit: &Visit, from: Option<&str>) -> Result<Self, Problem> {
        if let Some(from) = from {
            let reference = format!("Encounter/{from}");
            let about = [("patient", self.named.id.as_str()), ("encounter", reference.as_str())];
            let measured = list(&visit.state.access, visit.cx()?, "Observation", &about).await?;
            self.observations = newest(self.observations, measured);
        }
        Ok(self)
    }

    /// The birth date, as precise as it is known.
    pub fn birth_date(&self) -> &str {
        self.patient.text_at(&["birthDate"]).unwrap_or_default()
    }

    /// The newest value of an observation.
    fn last(&self, code_system: &str, code: &str, value: &str) -> Option<&str> {
        let codings = |one: &Value| one.get("code").map(|code| code.items("coding").to_vec()).unwrap_or_default();
        let same = |one: &&Value| coded(&codings(one), code_system) == Some(code);
        self.observations.iter().filter(same).find_map(|one| one.text_at(&[value]))
    }

    /// What a visit can say something of: the field, and what is noted.
    fn settling(&self) -> [(&'static str, &[Known]); 3] {
        [
            ("cambios-problemas", &self.problems),
            ("cambios-alergias", &self.allergies),
            ("cambios-medicamentos", &self.medicines),
        ]
    }

    /// Facts beside a sheet.
    pub fn aside(&self) -> Vec<(Text, Facts)> {
        let told = |heading: Text, list: &[String]| {
            let words = if list.is_empty() { t("ninguno-anotado").into() } else { list.join(". ") };
            (heading.to_string(), words)
        };
        let facts = vec![
            told(t("atender-alergias"), &timeline::told(&self.allergies)),
            told(t("medicamentos"), &timeline::told(&self.medicines)),
            told(t("persona-problemas"), &timeline::told(&self.problems)),
            told(t("persona-recientes"), &self.recent),
        ];
        vec![(t("atender-ya-anotado"), Facts(facts))]
    }
}

/// `GET /personas/{id}/atender`
pub async fn show_visit(visit: Visit, Path(id): Path<String>) -> Answer {
    let open = open(&visit, &id).await?;
    let (now, sheet) = (visit.cx()?.now, draft::load(&visit.state.access, visit.cx()?, &id).await?);
    let mut form = Form::new(sheet.typed);
    let kept_at = sheet.at.filter(|_| !form.pairs().is_empty());
    if kept_at.is_none() {
        fill(&mut form, &open, now);
    }
    let same_day = |at: &Timestamp| identity::today(*at) == identity::today(now);
    let other_day = kept_at.filter(|at| !same_day(at) && form.get("fecha").is_empty());
    if other_day.is_some() {
        form = Form::new(form.pairs().iter().filter(|(name, _)| !of_the_day(name)).cloned().collect());
    }
    let known = Registration::of(&open.patient);
    for ((name, before), value) in PEOPLE.into_iter().zip([known.pueblo, known.language]) {
        // What nobody touched on the sheet follows the record.
        if form.get(name).is_empty() || form.get(name) == form.get(before) {
            form.set(name, value.clone());
        }
        form.set(before, value);
    }
    form.set("version", sheet.version);
    let mut page = page(&visit, &open, form)?;
    if let Some(at) = other_day {
        page.notes.push(Note::new(
            Tone::Warn,
            t("atender-borrador-viejo").with("fecha", date_time(at)),
            t("atender-borrador-otro-dia"),
        ));
    } else if let Some(at) = kept_at {
        let since = t("atender-borrador").with("desde", ago(at, now));
        page.notes.push(Note::new(Tone::Info, since, t("atender-borrador-sigue")));
    } else if let Some((encounter, at)) = sheet.signed.zip(sheet.at.filter(same_day)) {
        page.notes.push(Note::new(Tone::Info, t("atender-hoy-firmo"), t("atender-hoy-firmo-que")));
        page.groups.insert(0, signed(&encounter, at));
    }
    show(&page)
}

/// The visit that a sheet has become, and what can be done with it.
fn signed(encounter: &str, at: Timestamp) -> Group {
    let here = format!("/atenciones/{encounter}");
    let mut group = Group { id: "ahora", ..Group::new(t("traslado-ahora")) };
    group.links = vec![(format!("{here}/adenda"), t("atencion-adenda")), (here, t("linea-ver-consulta"))];
    group.lines([t("atender-firmada-el").with("fecha", date_time(at)).into()])
}

/// The sheet was kept or signed since this page showed it: what was typed stays on the page, below
/// what became of the sheet, and is neither kept nor signed.
async fn moved_on(visit: &Visit, open: &Open, mut form: Form, error: CareError) -> Answer {
    if error.kind() != Kind::Conflict {
        return Err(error.into());
    }
    let now = draft::load(&visit.state.access, visit.cx()?, &open.named.id).await?;
    form.set("version", now.version);
    let mut page = page(visit, open, form)?;
    let at = now.at.unwrap_or(visit.cx()?.now);
    if let Some(encounter) = &now.signed {
        page.notes.push(Note::new(Tone::Stop, t("atender-ya-firmada"), t("atender-ya-firmada-que")));
        page.groups.insert(0, signed(encounter, at));
        page.buttons = vec![Press::new("guardar", t("atender-es-otra"))];
    } else {
        page.notes.push(Note::new(Tone::Stop, t("atender-otra-ventana"), t("atender-otra-ventana-que")));
        let mut other = Group { id: "ahora", ..Group::new(t("traslado-ahora")) };
        other.links = vec![(page.action.clone(), t("atender-ver-otro"))];
        page.groups.insert(0, other.lines([t("atender-guardado-el").with("fecha", date_time(at)).into()]));
    }
    stale(&page)
}

/// What holds only for the day on which it was measured.
fn of_the_day(field: &str) -> bool {
    VITALS.iter().any(|one| one.field == field) || matches!(field, "confirmo" | "proteina")
}

/// Known values: traits, the last period, and who comes with a child.
fn fill(form: &mut Form, open: &Open, now: Timestamp) {
    for name in TRAITS {
        if let Some(known) = open.last(system::VISIT_ITEM, name, "valueString") {
            form.set(name, known);
        }
    }
    let period = open.last("http://loinc.org", "8665-2", "valueDateTime");
    let pregnancy = VisitForm { last_period: period.unwrap_or_default().to_owned(), ..VisitForm::default() };
    if let (Some(day), Some((..TERM, _))) = (period, pregnancy.gestational_age(now)) {
        form.set("regla", when(day));
    }
    let known = Registration::of(&open.patient);
    if identity::age_years(open.birth_date(), identity::today(now)).is_some_and(|age| age < OF_AGE) {
        let named = [known.contact_name, known.mother_name].into_iter().find(|name| !name.is_empty());
        form.set("acompanante", named.unwrap_or_default());
    }
}

/// `POST /personas/{id}/atender`
pub async fn take_visit(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let open = open(&visit, &id).await?;
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let typed: Vec<(String, String)> = form
        .pairs()
        .iter()
        .filter(|(name, value)| !name.starts_with('_') && !["boton", "version"].contains(&&**name) && !value.is_empty())
        .cloned()
        .collect();
    let shown = form.raw("_dia").to_owned();
    let other_day = form.get("fecha").is_empty() && !shown.is_empty() && shown != identity::today(cx.now).to_string();
    // A draft counts from when it is kept: what was measured another day is not kept as today's.
    let kept: Vec<_> = typed.iter().filter(|(name, _)| !other_day || !of_the_day(name)).cloned().collect();
    let version = form.get("version").parse().map_err(|_| Problem::Unreadable)?;
    if let Err(error) = draft::save(access, cx, &id, &kept, version).await {
        return moved_on(&visit, &open, form, error).await;
    }
    form.set("version", version + 1);
    if form.get("boton") == "trasladar" {
        let told = read(&mut Form::new(typed), &open, cx.now);
        let signs = implied(&open, &told, cx.now);
        if signs.is_empty() {
            // Nothing measured says danger any more: nobody has asked for the signs yet.
            return done(&visit, &format!("/personas/{id}/referir"), Done::DraftKept);
        }
        // What was measured another day says of which.
        let measured = told.date.or_else(|| shown.parse().ok().filter(|_| other_day));
        let referral = start_draft(access, cx, &transfer(&told, &signs, measured)).await?;
        return done(&visit, &format!("/referencias/{}/traslado", referral.id()), Done::DraftKept);
    }
    if other_day {
        form.error("fecha", t("mal-hoja-de-otro-dia"));
    }
    if form.get("boton") != "firmar" {
        return match other_day {
            true => mend(&page(&visit, &open, form)?),
            false => done(&visit, &format!("/personas/{id}/atender"), Done::DraftKept),
        };
    }
    let told = VisitForm { sheet: Some(version + 1), ..read(&mut form, &open, cx.now) };
    if form.ok() {
        match record::sign(access, cx, &told).await {
            Ok(encounter) => {
                return done(&visit, &format!("/personas/{id}/atendida?visita={encounter}"), Done::VisitSigned);
            }
            Err(error) if error.kind() == Kind::Conflict => return moved_on(&visit, &open, form, error).await,
            Err(error) => mend_with(&mut form, error, &FIELDS)?,
        }
    } else if let Err(error) = told.check(cx.now) {
        mend_with(&mut form, error, &FIELDS)?;
    }
    mend(&page(&visit, &open, form)?)
}

/// What the sheet says of danger, as it is filled in now.
fn implied(open: &Open, told: &VisitForm, now: Timestamp) -> Vec<Prompt> {
    danger::prompts(&told.picture(now, open.birth_date(), Vec::new()))
}

/// The draft of an urgent transfer with everything that the sheet says, of another day where it is one.
fn transfer(told: &VisitForm, implied: &[Prompt], day: Option<Date>) -> Draft {
    let measured = told.vitals.iter().filter(|(_, typed)| !typed.is_empty()).filter_map(|(field, typed)| {
        let vital = VITALS.iter().find(|one| one.field == field)?;
        Some(format!("{} {typed} {}", vital.label, unit(vital.unit)))
    });
    let treated = told.treatments.iter().map(|one| one.words.clone());
    let mut measured = measured.collect::<Vec<_>>().join(", ");
    if let Some(day) = day.filter(|_| !measured.is_empty()) {
        measured = t("traslado-medido").with("fecha", date(day)).with("medidas", measured).into();
    }
    let done: Vec<String> = [told.findings.clone(), measured].into_iter().chain(treated).collect();
    Draft {
        patient: told.patient.clone(),
        reason: told.reason.clone(),
        diagnoses: coded_of(told),
        sensitive: told.sensitive.clone(),
        done: done.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(". "),
        priority: Some(Priority::P1),
        signs: Some(implied.iter().map(|one| one.sign.to_owned()).collect()),
        ..Draft::default()
    }
}

fn coded_of(told: &VisitForm) -> Vec<(String, String)> {
    told.diagnoses.iter().map(|one| (one.code.clone(), one.words.clone())).collect()
}

fn lines(form: &mut Form, name: &'static str) -> Vec<String> {
    let typed = form.optional(name, TEXT);
    typed.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// What was ticked of what was noted before; one word stands for everything that notes it.
fn settled(form: &Form, open: &Open) -> Vec<Settled> {
    let mut found = Vec::new();
    for (field, known) in open.settling() {
        for chosen in form.all(field) {
            let Some((outcome, id)) = chosen.split_once(':') else { continue };
            let noted = known.iter().find(|one| one.keys.iter().any(|key| key.id == id));
            let (Some(noted), Some(outcome)) = (noted, Outcome::from_code(outcome)) else { continue };
            found.extend(noted.keys.iter().map(|key| Settled { key: key.clone(), outcome }));
        }
    }
    found
}

/// A choice for each thing that is noted and each outcome that it can have.
fn settling(open: &Open, form: &Form) -> Vec<Field> {
    let labels = [t("atender-cambio-problemas"), t("atender-cambio-alergias"), t("atender-cambio-medicamentos")];
    let mut fields = Vec::new();
    for ((field, known), label) in open.settling().into_iter().zip(labels) {
        let mut choices = Vec::new();
        for (one, key) in known.iter().filter_map(|one| Some((one, one.keys.first()?))) {
            let choice = |outcome: &Outcome| {
                let words = t("atender-cambio").with("que", &one.words).with("como", outcome.label());
                (format!("{}:{}", outcome.code(), key.id), words.to_string())
            };
            choices.extend(Outcome::of(&key.resource_type).iter().map(choice));
        }
        if !choices.is_empty() {
            fields.push(form.checks(field, label, &choices));
        }
    }
    fields
}

fn count(form: &mut Form, name: &'static str) -> u32 {
    let typed = form.get(name).to_owned();
    let number = typed.parse().ok().filter(|number| *number <= MOST);
    if number.is_none() && !typed.is_empty() {
        form.error(name, t("mal-cantidad"));
    }
    number.unwrap_or_default()
}

/// The number of whoever comes along: thirteen digits, if it is written.
fn companion_cui(form: &mut Form) -> String {
    let typed = form.optional("acompanante-cui", 20);
    match Cui::parse(&typed) {
        Err(CuiFormat::NotDigits) => form.error("acompanante-cui", t("identidad-error-cui-digitos")),
        Err(CuiFormat::Length(1..)) => form.error("acompanante-cui", t("identidad-error-cui-largo")),
        _ => {}
    }
    typed
}

/// What care is told.
fn read(form: &mut Form, open: &Open, now: Timestamp) -> VisitForm {
    let treatments = TREATMENTS.map(|(words, presentation, quantity, delivered)| Treatment {
        words: form.optional(words, SHORT),
        presentation: form.optional(presentation, SHORT),
        quantity: count(form, quantity),
        delivered: count(form, delivered),
    });
    let given = |one: &Treatment| *one != Treatment::default();
    let keep = PROBLEMS.map(|place| form.has("problema", place));
    let coded = diagnosis::read(form, diagnosis::ROWS.len(), &open.codes);
    let diagnoses = coded.into_iter().enumerate();
    let companion = (form.optional("acompanante", SHORT), companion_cui(form));
    count(form, COLUMNS[0]);
    let told = TRAITS.map(|name| (name.to_owned(), form.optional(name, SHORT)));
    let changed = |one: &(String, String)| open.last(system::VISIT_ITEM, &one.0, "valueString") != Some(one.1.as_str());
    let traits = told.into_iter().filter(changed).collect();
    let period = form.date("regla").map(|day| day.to_string()).unwrap_or_default();
    let [consultation, control, referred_from, notification, receiver, campaign] =
        COLUMNS.map(|name| form.optional(name, SHORT));
    VisitForm {
        patient: open.named.clone(),
        date: form.date("fecha").filter(|day| *day != identity::today(now)),
        companion: (!companion.0.is_empty() || !companion.1.is_empty()).then_some(companion),
        extramural: form.get("lugar") == "comunidad",
        campaign,
        consultation,
        control,
        referred_from,
        notification,
        receiver,
        traits,
        reason: form.optional("motivo", TEXT),
        findings: form.optional("hallazgos", TEXT),
        vitals: VITALS.iter().map(|one| (one.field.to_owned(), form.get(one.field).to_owned())).collect(),
        proteinuria: form.has("proteina", "si"),
        allergies: lines(form, "alergias"),
        medicines: lines(form, "medicamentos"),
        settled: settled(form, open),
        last_period: period,
        postpartum: form.has("parto", "si"),
        diagnoses: diagnoses
            .map(|(place, (code, words))| Diagnosis { code, words, problem: keep.get(place) == Some(&true) })
            .collect(),
        treatments: treatments.into_iter().filter(given).collect(),
        plan: form.optional("plan", TEXT),
        sensitive: sensitive::read(form),
        confirmed: form.has("confirmo", "si"),
        person: person(form, open),
        sheet: None,
    }
}

/// Who the person belongs to, and what the record said of it when the sheet was shown: a correction
/// made meanwhile by somebody else is not written over.
const PEOPLE: [(&str, &str); 2] = [("pueblo", "pueblo-antes"), ("language", "idioma-antes")];

/// The Patient, where the sheet says another pueblo or language than the record.
fn person(form: &Form, open: &Open) -> Option<(Value, u64)> {
    let known = Registration::of(&open.patient);
    let [pueblo, language] = demography::people_chosen(form, &known);
    let touched = |at: usize| form.get(PEOPLE[at].0) != form.get(PEOPLE[at].1);
    let pueblo = if touched(0) { pueblo } else { known.pueblo };
    let language = if touched(1) { language } else { known.language };
    let next = Registration::with_people(&open.patient, &pueblo, &language);
    (next != open.patient).then_some((next, open.version))
}

/// The whole sheet.
fn page(visit: &Visit, open: &Open, mut form: Form) -> Result<Sheet, Problem> {
    let cx = visit.cx()?;
    let id = &open.named.id;
    let told = read(&mut Form::new(form.pairs().to_vec()), open, cx.now);
    sensitive::tick(&mut form, sensitive::implied(&coded_of(&told), "", open.birth_date(), cx.now));
    let head = Head::of(&open.patient, cx.now);
    let mut page = Sheet::new(visit, t("atender-titulo"), head, format!("/personas/{id}/atender"));
    page.shell = page.shell.back(format!("/personas/{id}"), t("volver-persona"));
    page.hidden = vec![("_dia", identity::today(cx.now).to_string()), ("version", form.get("version").to_owned())];
    page.hidden.extend(PEOPLE.map(|(_, before)| (before, form.get(before).to_owned())));
    let places = [t("dx-principal"), t("dx-otro").with("n", 2), t("dx-otro").with("n", 3)];
    let problems = PROBLEMS.into_iter().zip(places).map(|(place, words)| (place.to_owned(), words.into()));
    let problems: Vec<(String, String)> = problems.collect();
    page.groups =
        vec![
            Group::new(t("atender-por-que")).fields([
                form.area("motivo", t("atender-motivo")).hint(t("atender-motivo-ayuda")),
                form.area("hallazgos", t("atender-hallazgos")),
                form.day("fecha", t("atender-fecha")).hint(t("atender-fecha-otra")),
            ]),
            vitals(&form),
            pregnancy(open, &form),
            Group::new(t("atender-antecedentes"))
                .fields([
                    form.area("alergias", t("atender-alergias-nuevas")).hint(t("atender-una-por-linea")),
                    form.area("medicamentos", t("atender-medicamentos-nuevos")).hint(t("atender-una-por-linea")),
                ])
                .fields(settling(open, &form)),
            Group::new(t("atender-diagnostico"))
                .fields(diagnosis::fields(&form, 3, &open.codes))
                .fields([form.checks("problema", t("atender-problema"), &problems)]),
            sensitive::group(&form),
            Group::new(t("atender-tratamiento")).hint(t("atender-tratamiento-ayuda")).fields(treatments(&form)),
            Group::new(t("atender-plan")).fields([form.area("plan", t("atender-plan-campo"))]),
            sigsa(open, &form),
        ];
    page.buttons = vec![Press::new("firmar", t("atender-firmar")), Press::new("guardar", t("guardar-borrador"))];
    let found = implied(open, &told, cx.now);
    page.notes = prompt_notes(&found);
    if !found.is_empty() {
        page.first = vec![Press { danger: true, ..Press::new("trasladar", t("atender-trasladar")) }];
    }
    page.aside = open.aside();
    page.aside.push((t("atender-quien-es"), Facts(open.who.clone())));
    page.away = vec![(format!("/personas/{id}/corregir"), t("cor-enlace"))];
    page.form = form;
    Ok(page)
}

fn vitals(form: &Form) -> Group {
    let field = |one: &care::visit::vitals::Vital| form.line(one.field, one.label).measured(unit(one.unit));
    let mut group = Group::new(t("atender-signos")).hint(t("atender-signos-ayuda")).fields(VITALS.iter().map(field));
    let asked = form.summary().to_string().contains(&t("mal-confirme").to_string());
    if asked || form.has("confirmo", "si") {
        let choice = [("si".to_owned(), t("atender-confirmo-si").into())];
        group = group.fields([form.checks("confirmo", t("atender-confirmo"), &choice)]);
    }
    group
}

fn pregnancy(open: &Open, form: &Form) -> Group {
    let hint = if open.patient.text_at(&["gender"]) == Some("male") {
        t("atender-embarazo-no-aplica")
    } else {
        t("atender-embarazo-ayuda")
    };
    Group::new(t("atender-embarazo")).hint(hint).fields([
        form.day("regla", t("atender-regla")).hint(t("atender-fecha-ayuda")),
        form.checks("parto", t("atender-parto"), &[("si".into(), t("atender-parto-si").into())]),
        form.checks("proteina", t("atender-orina"), &[("si".into(), t("atender-proteina").into())]),
    ])
}

fn treatments(form: &Form) -> Vec<Field> {
    let row = |place: usize, names: (&'static str, &'static str, &'static str, &'static str)| {
        let n = place + 1;
        [
            form.line(names.0, t("atender-medicamento").with("n", n)),
            form.line(names.1, t("atender-presentacion").with("n", n)),
            form.line(names.2, t("atender-cantidad").with("n", n)).numeric().size("in-s"),
            form.line(names.3, t("atender-entregado").with("n", n)).numeric().size("in-s"),
        ]
    };
    TREATMENTS.into_iter().enumerate().flat_map(|(place, names)| row(place, names)).collect()
}

/// The other columns of FOR-SIGSA-3.
fn sigsa(open: &Open, form: &Form) -> Group {
    let places = [
        ("puesto".to_owned(), t("atender-en-servicio").into()),
        ("comunidad".to_owned(), t("atender-en-comunidad").into()),
    ];
    let [consultation, control, came, notification, receiver, campaign] = COLUMNS;
    let first = [
        form.select("lugar", t("atender-lugar"), &places),
        form.line(campaign, t("atender-campana")),
        form.line("acompanante", t("atender-acompanante")).hint(t("atender-acompanante-ayuda")),
        form.line("acompanante-cui", t("atender-acompanante-cui")).numeric().size("in-m"),
    ];
    let people = demography::people(form, &Registration::of(&open.patient));
    Group::new(t("atender-sigsa")).hint(t("atender-sigsa-ayuda")).fields(first).fields(people).fields([
        form.line("discapacidad", t("atender-discapacidad")),
        form.line("orientacion-sexual", t("atender-orientacion")).hint(t("atender-orientacion-ayuda")),
        form.line("escolaridad", t("atender-escolaridad")),
        form.line("ocupacion", t("atender-ocupacion")),
        form.line("agricola-migrante", t("atender-migrante")),
        form.line(consultation, t("atender-consulta")).hint(t("atender-consulta-ayuda")).numeric().size("in-s"),
        form.line(control, t("atender-control")),
        form.line(came, t("atender-viene")),
        form.line(notification, t("atender-notificacion")),
        form.line(receiver, t("atender-recibe")),
    ])
}

/// `?visita=…`
#[derive(serde::Deserialize)]
pub struct Signed {
    visita: Option<String>,
}

/// `GET /personas/{id}/atendida`: what can follow a signed visit.
pub async fn show_signed(
    visit: Visit,
    Path(id): Path<String>,
    axum::extract::Query(signed): axum::extract::Query<Signed>,
) -> Answer {
    let open = open(&visit, &id).await?.with_visit(&visit, signed.visita.as_deref()).await?;
    let now = visit.cx()?.now;
    let mut page =
        Sheet::new(&visit, t("atendida-titulo"), Head::of(&open.patient, now), format!("/personas/{id}/referir"));
    let found = danger::prompts(&picture(&open, signed.visita.as_deref(), now, Vec::new()));
    page.notes = prompt_notes(&found);
    page.notes.push(Note::new(Tone::Good, t("atendida-firmada"), t("atendida-sigue")));
    if !found.is_empty() {
        page.hidden = found.iter().map(|one| ("senal", one.sign.to_owned())).collect();
        page.hidden.extend(signed.visita.clone().map(|visit| ("visita", visit)));
        page.first = vec![Press { danger: true, ..Press::new("trasladar", t("atender-trasladar")) }];
    }
    let read = signed.visita.clone().map(|visit| (format!("/atenciones/{visit}"), t("linea-ver-consulta")));
    let with = signed.visita.map(|visit| format!("?visita={}", crate::gate::percent(&visit))).unwrap_or_default();
    page.away = vec![
        (format!("/personas/{id}/referir{with}"), t("atendida-referir")),
        (format!("/personas/{id}"), t("volver-persona")),
        ("/".into(), t("volver-inicio")),
    ];
    page.away.extend(read);
    show(&page)
}
