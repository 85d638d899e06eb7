//! Correcting who somebody is: the same form as for registering, a reason, and what was changed
//! before, by whom and why. Both versions stay.

use axum::extract::Path;
use fhir::Value;
use identity::{Correction, IdentityError, Registration};
use network::Directory;
use store::{HistoryQuery, HistoryScope, Key, Kind, Stored};

use crate::demography::{self, Places};
use crate::form::Form;
use crate::format::date_time;
use crate::gate::{self, Posted, Visit, done, mend, show};
use crate::pages::person::{Head, opened};
use crate::pages::register::PersonForm;
use crate::problem::{Answer, Problem};
use crate::read::list;
use crate::sheet::Group;
use crate::shell::Done;
use crate::text::t;
use crate::ui::{Event, Knot, Note, Thread, Tone};

/// At most so many versions are shown.
const SHOWN: usize = 50;
const REASON: usize = 500;

/// `GET /personas/{id}/corregir`
pub async fn show_correct(visit: Visit, Path(id): Path<String>) -> Answer {
    opened(&visit, &id).await?;
    let stored = read(&visit, &id).await?;
    let mut form = Form::default();
    form.set("version", stored.version);
    for (name, _, value) in demography::told(&Registration::of(&stored.value())) {
        form.set(name, value);
    }
    show(&page(&visit, form, &stored).await?)
}

async fn read(visit: &Visit, id: &str) -> Result<Stored, Problem> {
    Ok(visit.state.access.read(visit.cx()?, &Key::new("Patient", id)).await?)
}

async fn page(visit: &Visit, mut form: Form, stored: &Stored) -> Result<PersonForm, Problem> {
    let id = &stored.key.id;
    let Head { name, about, .. } = Head::of(&stored.value(), visit.cx()?.now);
    let places = Places::near(visit, &form, &Registration::of(&stored.value())).await?;
    let (document, papers) = demography::papers(&form);
    let mut groups = demography::groups(&form, &places);
    let why = form.area("razon", t("cor-razon")).hint(t("cor-razon-ayuda"));
    groups.push(Group::new(t("cor-por-que")).fields([why]));
    demography::in_order(&mut form, &document, &papers, &groups);
    Ok(PersonForm {
        shell: visit.shell(t("cor-titulo")).back(format!("/personas/{id}"), t("volver-persona")),
        heading: t("cor-titulo"),
        about: [name, about].join(" · "),
        notes: Vec::new(),
        action: format!("/personas/{id}/corregir"),
        hidden: vec![("version", form.get("version").to_owned())],
        document,
        papers,
        groups,
        button: t("cor-boton"),
        away: (format!("/personas/{id}"), t("volver-persona")),
        thread: thread(visit, id).await?,
        asks: false,
        form,
    })
}

/// `POST /personas/{id}/corregir`
pub async fn take_correct(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    opened(&visit, &id).await?;
    let stored = read(&visit, &id).await?;
    if form.get("boton") == "lugares" {
        return show(&page(&visit, form, &stored).await?);
    }
    let before = Registration::of(&stored.value());
    let mut typed = demography::read(&mut form, &before);
    let network = visit.state.network().await?;
    network.with(|directory: &Directory| demography::settle_places(directory, &mut form, (&before, &mut typed)));
    let reason = form.required("razon", REASON, t("cor-razon-falta"));
    if let Err(errors) = typed.apply(&stored.value(), identity::today(visit.cx()?.now)) {
        demography::note_errors(&mut form, &errors);
    }
    if !form.ok() {
        return mend(&page(&visit, form, &stored).await?);
    }
    let version = form.get("version").parse().map_err(|_| Problem::Unreadable)?;
    let correction = Correction { version, reason: &reason };
    match identity::correct(&visit.state.access, visit.cx()?, &id, correction, &typed).await {
        Ok(()) => done(&visit, &format!("/personas/{id}"), Done::PersonCorrected),
        Err(error) if error.kind() == Kind::Stale => stale(&visit, form, &id).await,
        Err(IdentityError::Fields(errors)) => {
            demography::note_errors(&mut form, &errors);
            mend(&page(&visit, form, &stored).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Somebody was faster: what was typed stays, the present state is shown, and it can be sent again.
async fn stale(visit: &Visit, mut form: Form, id: &str) -> Answer {
    let now = read(visit, id).await?;
    form.set("version", now.version);
    let mut page = page(visit, form, &now).await?;
    page.notes.push(Note::new(Tone::Stop, t("cor-cambio"), t("cor-cambio-que")));
    gate::stale(&page)
}

/// What was changed, the newest first.
async fn thread(visit: &Visit, id: &str) -> Result<Thread, Problem> {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let scope = HistoryScope::Instance(Key::new("Patient", id));
    let query = HistoryQuery { scope, since: None, at: None, count: Some(SHOWN), cursor: None };
    let versions = access.history(cx, &query).await?.entries;
    let trail = list(access, cx, "Provenance", &[("patient", id)]).await?;
    let network = visit.state.network().await?;
    let events = network.with(|directory: &Directory| {
        let each = versions.iter().enumerate().filter(|(_, version)| !version.deleted);
        each.map(|(at, version)| event(directory, version, versions.get(at + 1), &trail)).collect()
    });
    Ok(Thread(events))
}

fn event(directory: &Directory, version: &Stored, before: Option<&Stored>, trail: &[Value]) -> Event {
    let target = format!("{}/_history/{}", version.key, version.version);
    let names = |one: &&Value| one.items("target").iter().any(|to| to.text_at(&["reference"]) == Some(&target));
    let wrote = trail.iter().find(names);
    let text = |path: &[&str]| wrote.and_then(|one| one.text_at(path)).unwrap_or_default().to_owned();
    let when_where = [
        date_time(version.last_updated),
        text(&["agent", "who", "display"]),
        text(&["agent", "onBehalfOf", "display"]),
    ];
    let after = Registration::of(&version.value());
    let mut lines = Vec::new();
    if let Some(before) = before {
        let before = Registration::of(&before.value());
        for ((name, label, old), (_, _, new)) in demography::told(&before).into_iter().zip(demography::told(&after)) {
            if old != new {
                let words = |value: &str| {
                    if value.is_empty() { t("cor-vacio").into() } else { demography::in_words(directory, name, value) }
                };
                let (from, to) = (words(old), words(new));
                lines.push(t("cor-linea").with("campo", label).with("antes", from).with("despues", to).into());
            }
        }
    }
    lines.extend(Some(text(&["reason", "text"])).filter(|why| !why.is_empty()));
    Event {
        knot: Knot::Done,
        when_where: when_where.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "),
        heading: if before.is_some() { t("cor-correccion").into() } else { t("cor-registro").into() },
        lines,
        tag: None,
        link: None,
    }
}
