//! Adding and mending a facility of the caller's institution: the same rules as a row of the
//! imported table, beside each field; what somebody else wrote meanwhile is shown, never overwritten
//! unseen.

use access::{Cx, Role};
use askama::Template;
use axum::extract::Path;
use network::{Directory, Facility, NetworkError, territory};

use crate::form::Form;
use crate::gate::{Posted, Visit, done, mend, show, stale};
use crate::pages::facility::{facts, within};
use crate::problem::{Answer, Problem};
use crate::shell::{Done, Shell};
use crate::text::t;
use crate::ui::Facts;

/// Who adds and mends facilities.
pub const EDITORS: &[Role] = &[Role::Administrator];

#[derive(Template)]
#[template(path = "pages/establecimiento-editar.html")]
struct EditPage {
    shell: Shell,
    form: Form,
    action: String,
    /// The code of a facility that exists; it never changes.
    code: Option<String>,
    /// What stands now, when somebody else changed it meanwhile.
    now: Option<Facts>,
    types: Vec<(String, String)>,
    municipalities: Vec<(String, String)>,
    answers: Vec<(String, String)>,
    confirmed: Vec<(String, String)>,
}

impl EditPage {
    fn of(visit: &Visit, form: Form, facility: Option<&Facility>) -> Result<Self, Problem> {
        let cx = visit.cx()?;
        let choose = || std::iter::once((String::new(), t("red-elija").to_string()));
        let own = territory().types.iter().filter(|one| one.institution == cx.institution);
        let types = own.map(|one| {
            let words = t("red-tipo-nivel").with("tipo", &one.name).with("nivel", i32::from(one.level));
            (one.code.clone(), words.into())
        });
        let named = |one: &network::Municipality| {
            let department = territory().department(&one.code[..2]).map_or("", |found| found.name.as_str());
            (one.code.clone(), format!("{department}: {}", one.name))
        };
        let mut municipalities: Vec<(String, String)> = territory().municipalities.iter().map(named).collect();
        municipalities.sort_by(|a, b| a.1.cmp(&b.1));
        let (heading, back, action) = match facility {
            Some(one) => {
                let id = one.id();
                (t("red-editar-titulo"), format!("/red/{id}"), format!("/red/{id}/editar"))
            }
            None => (t("red-nuevo"), "/red".to_owned(), "/red/nuevo".to_owned()),
        };
        Ok(Self {
            shell: visit.shell(heading).back(back, t("red-editar-volver")),
            form,
            action,
            code: facility.map(|one| one.code.clone()),
            now: None,
            types: choose().chain(types).collect(),
            municipalities: choose().chain(municipalities).collect(),
            answers: vec![("si".to_owned(), t("red-activo-si").into()), ("no".to_owned(), t("red-activo-no").into())],
            confirmed: vec![("si".to_owned(), t("red-verificado-si").into())],
        })
    }
}

/// A facility of the caller's institution, as the log has it now.
async fn own(visit: &Visit, id: &str) -> Result<Facility, Problem> {
    let live = visit.state.network().await?;
    let found = live.with(|directory| directory.facility(id).cloned()).ok_or(Problem::NotFound)?;
    if found.institution == visit.cx()?.institution { Ok(found) } else { Err(Problem::Forbidden) }
}

async fn stamp(visit: &Visit, facility: &Facility) -> Result<String, Problem> {
    Ok(network::stamp(&visit.state.access, visit.cx()?, &facility.resources()).await?)
}

/// `GET /red/nuevo`
pub async fn show_new(visit: Visit) -> Answer {
    let mut form = Form::default();
    form.set("activo", "si");
    show(&EditPage::of(&visit, form, None)?)
}

/// `GET /red/{id}/editar`
pub async fn show_edit(visit: Visit, Path(id): Path<String>) -> Answer {
    let facility = own(&visit, &id).await?;
    let live = visit.state.network().await?;
    let mut form = live.with(|directory| form_of(directory, &facility));
    form.set("version", stamp(&visit, &facility).await?);
    show(&EditPage::of(&visit, form, Some(&facility))?)
}

fn form_of(directory: &Directory, facility: &Facility) -> Form {
    let mut form = Form::default();
    let municipality = directory.municipality_of(&facility.place).unwrap_or_default();
    let degrees = |degrees: Option<f64>| degrees.map(|degrees| format!("{degrees:.6}")).unwrap_or_default();
    for (name, value) in [
        ("nombre", facility.name.clone()),
        ("tipo", facility.type_code.clone()),
        ("municipio", municipality.to_owned()),
        ("direccion", facility.address.clone()),
        ("telefono", facility.phone.clone()),
        ("latitud", degrees(facility.position.map(|point| point.lat))),
        ("longitud", degrees(facility.position.map(|point| point.lon))),
        ("activo", if facility.active { "si" } else { "no" }.to_owned()),
        ("verificado", if facility.verified { "si" } else { "" }.to_owned()),
    ] {
        form.set(name, value);
    }
    form
}

/// The facility that a form tells of; its mistakes stand beside their fields.
fn facility_of(directory: &Directory, cx: &Cx, form: &mut Form, code: &str) -> Option<Facility> {
    let typed = ["direccion", "telefono", "latitud", "longitud"].map(|name| form.get(name).to_owned());
    let chosen = ["nombre", "tipo", "municipio", "activo"].map(|name| form.get(name).to_owned());
    let ([address, phone, lat, lon], [name, kind, municipality, active]) = (&typed, &chosen);
    let values: [&str; 10] = [code, name, kind, &cx.institution, municipality, address, phone, lat, lon, active];
    match network::check(&values, directory) {
        Ok(facility) => Some(Facility { verified: form.has("verificado", "si"), ..facility }),
        Err(mistakes) => {
            for (name, problem) in mistakes {
                form.error(name, t("red-mal").with("que", sentence(problem)));
            }
            None
        }
    }
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `POST /red/nuevo`
pub async fn add(visit: Visit, Posted(mut form): Posted) -> Answer {
    let cx = visit.cx()?;
    let code = form.required("codigo", 64, t("red-codigo-falta"));
    let live = visit.state.network().await?;
    let facility = live.with(|directory| {
        let facility = facility_of(directory, cx, &mut form, &code);
        if facility.as_ref().is_some_and(|one| directory.facility(&one.id()).is_some()) {
            form.error("codigo", t("red-codigo-tomado"));
        }
        facility
    });
    if let (true, Some(facility)) = (form.ok(), facility) {
        match network::save_facility(&visit.state.access, cx, &facility, "0.0").await {
            Ok(()) => return done(&visit, &format!("/red/{}", facility.id()), Done::FacilitySaved),
            Err(NetworkError::Stale) => form.error("codigo", t("red-codigo-tomado")),
            Err(error) => return Err(error.into()),
        }
    }
    mend(&EditPage::of(&visit, form, None)?)
}

/// `POST /red/{id}/editar`
pub async fn edit(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let cx = visit.cx()?;
    let known = own(&visit, &id).await?;
    let live = visit.state.network().await?;
    let facility = live.with(|directory| facility_of(directory, cx, &mut form, &known.code));
    let mut now = None;
    if let Some(facility) = facility {
        match network::save_facility(&visit.state.access, cx, &facility, form.get("version")).await {
            Ok(()) => return done(&visit, &format!("/red/{id}"), Done::FacilitySaved),
            Err(NetworkError::Stale) => {
                let known = own(&visit, &id).await?;
                now = Some(live.with(|directory| facts(&known, &within(directory, &known))));
                form.set("version", stamp(&visit, &known).await?);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let page = EditPage { now, ..EditPage::of(&visit, form, Some(&known))? };
    if page.now.is_some() { stale(&page) } else { mend(&page) }
}
