//! Registering a person: the whole form, then whoever might already be the same person, then the
//! record. Nobody is turned away for want of a paper, and nobody is merged: a clerk looks and says.

use askama::Template;
use axum::extract::Query;
use identity::{Candidate, IdentityError, Registration, Resemblance, Sent, today};
use network::Directory;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::demography::{self, Places};
use crate::form::{Field, Form, Summary};
use crate::gate::{Asking, Posted, Visit, done, mend, show};
use crate::pages::person::Head;
use crate::problem::{Answer, Problem};
use crate::sheet::Group;
use crate::shell::{Done, Shell};
use crate::text::{Text, t};
use crate::ui::{Note, Tag, Thread, Tone};

/// Longer than this is no file number.
const FILE: usize = 40;
/// With less typed nobody is looked for.
const LETTERS: usize = 3;
/// A reason to take a CUI that somebody has: so many letters at the most, and at the least.
const DOUBT: usize = 500;
const DOUBT_LEAST: usize = 10;

/// The form of demographics, for somebody new or to be corrected.
#[derive(Template)]
#[template(path = "pages/registrar.html")]
pub struct PersonForm {
    /// What stands around.
    pub shell: Shell,
    /// What was typed.
    pub form: Form,
    /// What is done here.
    pub heading: Text,
    /// What to know before.
    pub about: String,
    /// What to mind.
    pub notes: Vec<Note>,
    /// Where it is sent.
    pub action: String,
    /// What goes along.
    pub hidden: Vec<(&'static str, String)>,
    /// Which document.
    pub document: Field,
    /// What each kind of document asks.
    pub papers: Vec<(&'static str, Vec<Field>)>,
    /// The rest.
    pub groups: Vec<Group>,
    /// Words of the button, and where else to go.
    pub button: Text,
    /// Where to go instead.
    pub away: (String, Text),
    /// What was changed before.
    pub thread: Thread,
    /// Whether those who look alike are shown while it is typed.
    pub asks: bool,
}

/// What was looked for before.
#[derive(Deserialize)]
pub struct Sought {
    q: Option<String>,
}

/// `GET /personas/registrar`
pub async fn show_register(visit: Visit, Query(asked): Query<Sought>) -> Answer {
    let mut form = Form::default();
    form.set("document", "cui");
    form.set("municipality", demography::own_municipality(&visit).await?);
    form.set("hoja", visit.state.access.store().entropy().id());
    demography::carry(&mut form, &asked.q.unwrap_or_default().chars().take(120).collect::<String>());
    show(&form_page(&visit, form).await?)
}

async fn form_page(visit: &Visit, mut form: Form) -> Result<PersonForm, Problem> {
    let places = Places::near(visit, &form, &Registration::default()).await?;
    let (document, papers) = demography::papers(&form);
    let mut groups = demography::groups(&form, &places);
    if let Some(numbers) = groups.last_mut() {
        numbers.fields.push(form.line("file", t("dato-expediente")).hint(t("reg-expediente-ayuda")).size("in-m"));
    }
    demography::in_order(&mut form, &document, &papers, &groups);
    Ok(PersonForm {
        shell: visit.shell(t("reg-titulo")).back("/personas", t("volver-personas")),
        heading: t("reg-titulo"),
        about: t("reg-ayuda").into(),
        notes: Vec::new(),
        action: "/personas/registrar".into(),
        hidden: vec![("hoja", form.get("hoja").to_owned())],
        document,
        papers,
        groups,
        button: t("reg-boton"),
        away: ("/personas".into(), t("volver-personas")),
        thread: Thread(Vec::new()),
        asks: true,
        form,
    })
}

/// Somebody alike, as the index shows them.
pub struct Alike {
    id: String,
    head: Head,
    about: String,
    why: Vec<Tag>,
    same_cui: bool,
}

#[derive(Template)]
#[template(path = "pages/parecidas.html")]
struct AlikePage {
    shell: Shell,
    summary: Summary,
    typed: Head,
    notes: Vec<Note>,
    alike: Vec<Alike>,
    /// What is asked where somebody has the same CUI: why this is another person.
    doubt: Option<Field>,
    hidden: Vec<(String, String)>,
}

/// `POST /personas/registrar`
pub async fn take_register(visit: Visit, Posted(mut form): Posted) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    if matches!(form.get("boton"), "lugares" | "volver") {
        return show(&form_page(&visit, form).await?);
    }
    let nobody = Registration::default();
    let mut typed = demography::read(&mut form, &nobody);
    form.optional("file", FILE);
    let network = visit.state.network().await?;
    network.with(|directory: &Directory| demography::settle_places(directory, &mut form, (&nobody, &mut typed)));
    let checked = typed.check(today(cx.now));
    if let Err(errors) = &checked {
        demography::note_errors(&mut form, errors);
    }
    let (true, Ok(checked)) = (form.ok(), checked) else {
        return mend(&form_page(&visit, form).await?);
    };
    // One at a time, so that of two clerks who register the same person the second sees the first.
    let _turn = visit.state.registering.lock().await;
    let alike = identity::duplicates(access, &visit.state.people, cx, &typed).await?;
    let same_cui = alike.iter().any(has_same_cui);
    if same_cui && form.get("boton") == "duda" {
        typed.cui_doubt = form.required("duda", DOUBT, t("reg-duda-falta"));
        if form.ok() && typed.cui_doubt.chars().filter(|c| c.is_alphabetic()).count() < DOUBT_LEAST {
            form.error("duda", t("reg-duda-corta"));
        }
    }
    let undecided = same_cui && (typed.cui_doubt.is_empty() || !form.ok());
    let judged: Vec<String> = alike.iter().map(|one| one.card.id.clone()).filter(|id| form.has("no-es", id)).collect();
    let warned = !checked.warnings.is_empty() && !form.has("visto", "si");
    if judged.len() < alike.len() || warned || undecided {
        let notes = checked.warnings.iter().map(|one| Note::new(Tone::Warn, demography::finding(one.key), ""));
        let page = alike_page(&visit, &form, (Head::of(&checked.patient, cx.now), notes.collect()), &alike);
        return if form.ok() { show(&page) } else { mend(&page) };
    }
    let key = key_of(&form, &typed);
    let registered = match identity::register(access, cx, &typed, &Sent { key: &key, not_the_same: &judged }).await {
        Err(IdentityError::Fields(errors)) => {
            demography::note_errors(&mut form, &errors);
            return mend(&form_page(&visit, form).await?);
        }
        registered => registered?,
    };
    done(&visit, &format!("/personas/{}", registered.id), Done::PersonRegistered)
}

/// The same sheet with the same answers registers once; with others it is somebody else.
fn key_of(form: &Form, typed: &Registration) -> String {
    let mut hash = Sha256::new();
    for (name, _, value) in demography::told(typed) {
        hash.update(format!("{name}={value}\n"));
    }
    let digest: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{digest}", form.get("hoja").chars().filter(char::is_ascii_alphanumeric).take(40).collect::<String>())
}

/// Those who look alike, as a part of the page where somebody is being typed.
#[derive(Template)]
#[template(path = "ui/parecidas.html")]
struct AlikePart {
    alike: Vec<Alike>,
}

/// `POST /personas/parecidas`: who looks like the one who is being typed, with what the index shows.
/// Less than a name and a surname, or a number, asks nothing.
pub async fn ask_alike(visit: Visit, Asking(mut form): Asking) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let typed = demography::read(&mut form, &Registration::default());
    let letters = |words: String| words.chars().filter(|c| c.is_alphanumeric()).count();
    let named = letters(typed.person_name().full()) >= LETTERS;
    let cuis = [&typed.cui, &typed.mother_cui].into_iter().any(|number| identity::Cui::parse(number).is_ok());
    let others = [&typed.passport_number, &typed.foreign_id, &typed.igss_number, &typed.nit, &typed.file];
    let numbered = cuis || others.into_iter().any(|number| letters(number.clone()) >= LETTERS);
    let alike = match named || numbered {
        true => identity::duplicates(access, &visit.state.people, cx, &typed).await?,
        false => Vec::new(),
    };
    show(&AlikePart { alike: alike.iter().map(shown).collect() })
}

fn alike_page(visit: &Visit, form: &Form, (typed, mut notes): (Head, Vec<Note>), alike: &[Candidate]) -> AlikePage {
    let same_cui = alike.iter().any(has_same_cui);
    if same_cui {
        notes.insert(0, Note::new(Tone::Stop, t("reg-mismo-cui"), t("reg-mismo-cui-que")));
    }
    let ours = |name: &str| name.starts_with('_') || matches!(name, "boton" | "no-es" | "visto" | "duda");
    let mut hidden: Vec<(String, String)> = form.pairs().iter().filter(|(name, _)| !ours(name)).cloned().collect();
    hidden.extend(alike.iter().map(|one| ("no-es".to_owned(), one.card.id.clone())));
    hidden.push(("visto".to_owned(), "si".to_owned()));
    AlikePage {
        shell: visit.shell(t("reg-parecidas-titulo")).back("/personas", t("volver-personas")),
        summary: form.summary(),
        typed,
        notes,
        alike: alike.iter().map(shown).collect(),
        doubt: same_cui.then(|| form.area("duda", t("reg-duda")).hint(t("reg-duda-ayuda"))),
        hidden,
    }
}

fn has_same_cui(one: &Candidate) -> bool {
    one.reasons.contains(&Resemblance::SameCui)
}

fn shown(one: &Candidate) -> Alike {
    let cui = if one.card.cui.is_empty() { String::new() } else { format!("{} {}", t("dato-cui"), one.card.cui) };
    let about = [demography::municipality(&one.card.form.municipality), cui];
    Alike {
        id: one.card.id.clone(),
        head: Head::of_card(&one.card),
        same_cui: has_same_cui(one),
        about: about.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "),
        why: one.reasons.iter().map(|reason| Tag::new(Tone::Info, demography::resemblance(*reason))).collect(),
    }
}
