//! Agreements between institutions: what each side gives, whether it is in force and why not; each
//! side makes, suspends and resumes its own. And what the absence of one means for a referral.

use std::collections::BTreeSet;

use access::{Agreement, Role, Side, Standing, Terms, shared_days_after_closure};
use askama::Template;
use axum::extract::Path;
use care::referral::Referral;
use care::referral::state::Phase;
use jiff::civil::Date;

use crate::form::Form;
use crate::format::date;
use crate::gate::{Posted, Visit, done, mend, show};
use crate::pages::person::Head;
use crate::problem::{Answer, Problem};
use crate::sheet::{Group, Press, Sheet};
use crate::shell::{Done, Shell};
use crate::text::{Text, t};
use crate::ui::{Empty, Facts, Note, Tag, Tone};

/// Who answers for an institution.
pub const KEEPERS: &[Role] = &[Role::Administrator, Role::Director];
/// Letters of a reason.
const REASON_MAX: usize = 500;
/// What the question's button sends.
const SUSPEND: &str = "suspender";
const RESUME: &str = "reanudar";

struct Row {
    href: String,
    with: String,
    state: Tag,
    /// What it is, or what to do.
    words: String,
}

#[derive(Template)]
#[template(path = "pages/acuerdos.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    /// Institutions without an agreement: where one is made, and its name.
    others: Vec<(String, Text)>,
    none: Option<Empty>,
}

#[derive(Template)]
#[template(path = "pages/acuerdo.html")]
struct OnePage {
    shell: Shell,
    heading: Text,
    state: Tag,
    words: String,
    /// What can be done: where, its name, whether it hurts.
    deeds: Vec<(String, Text, bool)>,
    /// Each side with what it gives.
    sides: Vec<(Text, Option<Facts>)>,
}

/// What an agreement is worth now.
fn state(standing: Standing) -> Tag {
    match standing {
        Standing::InForce => Tag::new(Tone::Good, t("acuerdo-vigente")),
        Standing::Suspended { .. } => Tag::new(Tone::Stop, t("acuerdo-suspendido")),
        Standing::WaitsForUs => Tag::new(Tone::Warn, t("acuerdo-falta-nuestra")),
        Standing::WaitsForThem => Tag::new(Tone::Warn, t("acuerdo-falta-suya")),
        Standing::OutOfTerm => Tag::new(Tone::Warn, t("acuerdo-fuera")),
    }
}

/// What that means, and what to do.
fn meaning(agreement: &Agreement) -> String {
    let words = match agreement.standing {
        Standing::InForce => t("acuerdo-vigente-que"),
        Standing::Suspended { by_us: true, by_them: true } => t("acuerdo-suspendido-ambos"),
        Standing::Suspended { by_us: true, .. } => t("acuerdo-suspendido-nuestro"),
        Standing::Suspended { .. } => t("acuerdo-suspendido-suyo"),
        Standing::WaitsForUs => t("acuerdo-falta-nuestra-que"),
        Standing::WaitsForThem => t("acuerdo-falta-suya-que"),
        Standing::OutOfTerm => t("acuerdo-fuera-que"),
    };
    words.with("cual", &agreement.with).into()
}

fn class_name(code: &str) -> Text {
    match code {
        "referencia" => t("acuerdo-clase-referencia"),
        "indice" => t("acuerdo-clase-indice"),
        "resultado" => t("acuerdo-clase-resultado"),
        "resumen" => t("acuerdo-clase-resumen"),
        _ => t("acuerdo-clase-contrarreferencia"),
    }
}

fn place(with: &str, act: &str) -> String {
    format!("/acuerdos/{with}{act}")
}

/// A day of FHIR as people write it.
fn day(text: &str) -> String {
    text.parse::<Date>().map_or_else(|_| text.to_owned(), date)
}

fn facts(side: &Side) -> Facts {
    let terms = &side.terms;
    let known = Terms::CLASSES.into_iter().filter(|code| terms.classes.iter().any(|one| one == code));
    let classes: Vec<String> = known.map(|code| class_name(code).to_string()).collect();
    let until = terms.until.as_deref().map_or_else(|| t("acuerdo-sin-fin").to_string(), day);
    let stands = if side.active { t("acuerdo-lado-firme") } else { t("acuerdo-lado-suspendido") };
    let rows = [
        (t("acuerdo-lado-estado"), stands.to_string()),
        (t("acuerdo-fin"), t("acuerdo-fin-atencion").to_string()),
        (t("acuerdo-clases"), classes.join(". ")),
        (t("acuerdo-desde"), day(&terms.since)),
        (t("acuerdo-hasta"), until),
        (t("acuerdo-dias"), t("acuerdo-dias-n").with("n", terms.days).to_string()),
        (t("acuerdo-motivo"), side.reason.clone()),
    ];
    let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
    Facts(rows.map(|(name, value)| (name.to_string(), value)).collect())
}

/// The institutions that the network knows besides the caller's own.
async fn institutions(visit: &Visit) -> Result<BTreeSet<String>, Problem> {
    let own = visit.cx()?.institution.clone();
    let live = visit.state.network().await?;
    Ok(live.with(|directory| {
        let all = directory.facilities().map(|one| one.institution.clone());
        all.filter(|one| !one.is_empty() && *one != own).collect()
    }))
}

/// The agreement with that institution, as far as it was made.
async fn agreement(visit: &Visit, with: &str) -> Result<Agreement, Problem> {
    let all = visit.state.access.agreements(visit.cx()?).await?;
    if let Some(found) = all.into_iter().find(|one| one.with == with) {
        return Ok(found);
    }
    let known = institutions(visit).await?.contains(with);
    let none = Agreement { with: with.to_owned(), ours: None, theirs: None, standing: Standing::WaitsForUs };
    if known { Ok(none) } else { Err(Problem::NotFound) }
}

/// `GET /acuerdos`
pub async fn show_agreements(visit: Visit) -> Answer {
    let made = visit.state.access.agreements(visit.cx()?).await?;
    let row = |one: &Agreement| Row {
        href: place(&one.with, ""),
        with: one.with.clone(),
        state: state(one.standing),
        words: meaning(one),
    };
    let others = institutions(&visit).await?.into_iter().filter(|code| !made.iter().any(|one| one.with == *code));
    let others = others.map(|code| (place(&code, "/dar"), t("acuerdo-hacer-con").with("cual", &code)));
    let page = ListPage {
        shell: visit.shell(t("acuerdos-titulo")),
        rows: made.iter().map(row).collect(),
        others: others.collect(),
        none: made.is_empty().then(|| Empty::quiet(t("acuerdos-nada-titulo"), t("acuerdos-nada"))),
    };
    show(&page)
}

/// `GET /acuerdos/{con}`
pub async fn show_agreement(visit: Visit, Path(with): Path<String>) -> Answer {
    let one = agreement(&visit, &with).await?;
    let own = visit.cx()?.institution.clone();
    let given = t("acuerdo-lo-que-da").with("quien", &own).with("cual", &with);
    let taken = t("acuerdo-lo-que-da").with("quien", &with).with("cual", &own);
    let deeds = match &one.ours {
        None => vec![(place(&with, "/dar"), t("acuerdo-hacer"), false)],
        Some(side) if side.active => vec![
            (place(&with, "/dar"), t("acuerdo-cambiar"), false),
            (place(&with, "/estado"), t("acuerdo-suspender"), true),
        ],
        Some(_) => vec![
            (place(&with, "/estado"), t("acuerdo-reanudar"), false),
            (place(&with, "/dar"), t("acuerdo-cambiar"), false),
        ],
    };
    show(&OnePage {
        shell: visit.shell(t("acuerdos-titulo")).back("/acuerdos", t("acuerdos-volver")),
        heading: t("acuerdo-con").with("cual", &with),
        state: state(one.standing),
        words: meaning(&one),
        deeds,
        sides: vec![(given, one.ours.as_ref().map(facts)), (taken, one.theirs.as_ref().map(facts))],
    })
}

/// What the form was shown over: what stands now must be the same.
fn stamp(side: Option<&Side>) -> String {
    side.map_or_else(String::new, |side| {
        let Terms { classes, since, until, days } = &side.terms;
        format!("{} {} {since} {} {days} {}", side.id, side.active, until.as_deref().unwrap_or("-"), classes.join(","))
    })
}

fn unchanged(form: &Form, side: Option<&Side>) -> Result<(), Problem> {
    if form.raw("version") == stamp(side) { Ok(()) } else { Err(Problem::Stale) }
}

fn sheet(visit: &Visit, heading: Text, one: &Agreement, act: &str) -> Sheet {
    let who = Head { name: t("acuerdo-con").with("cual", &one.with).into(), about: String::new(), synthetic: false };
    let mut page = Sheet::new(visit, heading, who, place(&one.with, act));
    page.shell = page.shell.back(place(&one.with, ""), t("acuerdo-volver"));
    page.hidden = vec![("version", stamp(one.ours.as_ref()))];
    page.away = vec![(place(&one.with, ""), t("acuerdo-no"))];
    page
}

/// What the form says at first: what stands, or all that a referral needs from today on.
fn form_of(side: Option<&Side>, today: Date) -> Form {
    let terms = side.map_or_else(|| Terms::since(&today.to_string()), |side| side.terms.clone());
    let mut pairs: Vec<(String, String)> = terms.classes.into_iter().map(|code| ("clases".to_owned(), code)).collect();
    pairs.push(("desde".to_owned(), day(&terms.since)));
    pairs.push(("hasta".to_owned(), terms.until.as_deref().map(day).unwrap_or_default()));
    pairs.push(("dias".to_owned(), terms.days.to_string()));
    Form::new(pairs)
}

fn terms_sheet(visit: &Visit, form: Form, one: &Agreement) -> Sheet {
    let heading = if one.ours.is_some() { t("acuerdo-cambiar") } else { t("acuerdo-hacer") };
    let mut page = sheet(visit, heading, one, "/dar");
    let classes: Vec<(String, String)> =
        Terms::CLASSES.map(|code| (code.to_owned(), class_name(code).to_string())).to_vec();
    let fields = [
        form.checks("clases", t("acuerdo-clases"), &classes).hint(t("acuerdo-clases-ayuda")),
        form.day("desde", t("acuerdo-desde")).hint(t("acuerdo-fecha-ayuda")),
        form.day("hasta", t("acuerdo-hasta")).hint(t("acuerdo-hasta-ayuda")),
        form.line("dias", t("acuerdo-dias")).numeric().size("in-s").hint(t("acuerdo-dias-ayuda")),
    ];
    page.groups = vec![
        Group::new(t("acuerdo-fin")).lines([t("acuerdo-fin-atencion").to_string(), t("acuerdo-fin-que").to_string()]),
        Group::new(t("acuerdo-terminos")).fields(fields),
    ];
    page.buttons = vec![Press::new("dar", t("acuerdo-dar"))];
    page.form = form;
    page
}

/// `GET /acuerdos/{con}/dar`
pub async fn show_terms(visit: Visit, Path(with): Path<String>) -> Answer {
    let one = agreement(&visit, &with).await?;
    let form = form_of(one.ours.as_ref(), identity::today(visit.cx()?.now));
    show(&terms_sheet(&visit, form, &one))
}

/// What a form says of the terms; its mistakes stand beside their fields.
fn terms_of(form: &mut Form) -> Terms {
    let classes: Vec<String> =
        Terms::CLASSES.into_iter().filter(|code| form.has("clases", code)).map(str::to_owned).collect();
    if !form.has("clases", "referencia") {
        form.error("clases", t("acuerdo-clases-falta"));
    }
    let (since, until) = (form.date("desde"), form.date("hasta"));
    if form.get("desde").is_empty() {
        form.error("desde", t("acuerdo-desde-falta"));
    }
    if since.zip(until).is_some_and(|(since, until)| until < since) {
        form.error("hasta", t("acuerdo-hasta-antes"));
    }
    let days = form.get("dias").parse::<i64>().ok().filter(|days| (0..=shared_days_after_closure()).contains(days));
    if days.is_none() {
        form.error("dias", t("acuerdo-dias-mal").with("n", shared_days_after_closure()));
    }
    Terms {
        classes,
        since: since.map(|day| day.to_string()).unwrap_or_default(),
        until: until.map(|day| day.to_string()),
        days: days.unwrap_or(shared_days_after_closure()),
    }
}

/// `POST /acuerdos/{con}/dar`
pub async fn take_terms(visit: Visit, Path(with): Path<String>, Posted(mut form): Posted) -> Answer {
    let one = agreement(&visit, &with).await?;
    unchanged(&form, one.ours.as_ref())?;
    let terms = terms_of(&mut form);
    if !form.ok() {
        return mend(&terms_sheet(&visit, form, &one));
    }
    visit.state.access.agree(visit.cx()?, &with, &terms).await?;
    done(&visit, &place(&with, ""), Done::AgreementGiven)
}

/// The question before it is suspended, or resumed when it is.
fn turn_sheet(visit: &Visit, form: Form, one: &Agreement, resumes: bool) -> Sheet {
    let (heading, what, tone, act) = match resumes {
        true => (t("acuerdo-reanudar"), t("acuerdo-reanudar-que"), Tone::Info, RESUME),
        false => (t("acuerdo-suspender"), t("acuerdo-suspender-que"), Tone::Warn, SUSPEND),
    };
    let mut page = sheet(visit, heading.clone(), one, "/estado");
    page.notes = vec![Note::new(tone, t("acuerdo-antes"), what.with("cual", &one.with))];
    page.groups = vec![Group::new(t("acuerdo-motivo")).fields([form.area("motivo", t("acuerdo-por-que"))])];
    page.buttons = vec![Press { danger: !resumes, ..Press::new(act, heading) }];
    page.form = form;
    page
}

/// An agreement to which the caller's institution has given its side, and whether that is suspended.
async fn given(visit: &Visit, with: &str) -> Result<(Agreement, bool), Problem> {
    let one = agreement(visit, with).await?;
    let suspended = !one.ours.as_ref().ok_or(Problem::NotFound)?.active;
    Ok((one, suspended))
}

/// `GET /acuerdos/{con}/estado`
pub async fn show_turn(visit: Visit, Path(with): Path<String>) -> Answer {
    let (one, suspended) = given(&visit, &with).await?;
    show(&turn_sheet(&visit, Form::default(), &one, suspended))
}

/// `POST /acuerdos/{con}/estado`
pub async fn take_turn(visit: Visit, Path(with): Path<String>, Posted(mut form): Posted) -> Answer {
    let (one, suspended) = given(&visit, &with).await?;
    unchanged(&form, one.ours.as_ref())?;
    let reason = form.required("motivo", REASON_MAX, t("acuerdo-motivo-falta"));
    if !form.ok() {
        return mend(&turn_sheet(&visit, form, &one, suspended));
    }
    let (access, cx, to) = (&visit.state.access, visit.cx()?, place(&with, ""));
    match form.get("boton") {
        SUSPEND if !suspended => {
            access.suspend_agreement(cx, &with, &reason).await?;
            done(&visit, &to, Done::AgreementSuspended)
        }
        RESUME if suspended => {
            access.resume_agreement(cx, &with, &reason).await?;
            done(&visit, &to, Done::AgreementResumed)
        }
        _ => Err(Problem::Stale),
    }
}

/// Said to who refers when the destination does not see the referral: an agreement was suspended,
/// or ran out, while it was on its way.
///
/// # Errors
/// The store's.
pub async fn unseen(visit: &Visit, referral: &Referral) -> Result<Option<Note>, Problem> {
    if matches!(referral.state.phase(), Phase::Draft | Phase::Discarded | Phase::Exited) {
        return Ok(None);
    }
    let live = visit.state.network().await?;
    let to = live.with(|directory| {
        let place = directory.facility(&referral.destination().id);
        place.map(|place| place.institution.clone()).unwrap_or_default()
    });
    let from = access::custodian(&referral.task).unwrap_or_default();
    let (sharing, now) = (visit.state.access.sharing().await?, visit.cx()?.now);
    let seen = sharing.reaches(from, &to, now);
    Ok((!seen).then(|| Note::new(Tone::Stop, t("acuerdo-no-ve").with("cual", &to), t("acuerdo-no-ve-que"))))
}

/// The institutions whose referrals are out of sight because an agreement once made is not in force.
async fn silent(visit: &Visit) -> Result<Vec<String>, Problem> {
    let all = visit.state.access.agreements(visit.cx()?).await?;
    let out = |one: &Agreement| matches!(one.standing, Standing::Suspended { .. } | Standing::OutOfTerm);
    Ok(all.into_iter().filter(out).map(|one| one.with).collect())
}

/// Said over a list from which the referrals of another institution have gone.
///
/// # Errors
/// The store's.
pub async fn gone(visit: &Visit) -> Result<Vec<Note>, Problem> {
    let note =
        |with: String| Note::new(Tone::Warn, t("acuerdo-fuera-de-vista").with("cual", with), t("acuerdo-a-quien"));
    Ok(silent(visit).await?.into_iter().map(note).collect())
}

/// A referral that is not there, or not seen: the same words for both, and which institution's are
/// out of sight just now; the store's problem when it can't be asked.
pub async fn missing(visit: &Visit) -> Problem {
    match silent(visit).await {
        Ok(silent) if silent.is_empty() => Problem::NotFound,
        Ok(silent) => Problem::Unshared(silent.join(", ")),
        Err(problem) => problem,
    }
}
