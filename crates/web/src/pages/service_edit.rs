//! What a facility offers: specialty, how, and for which places. The places are where referrals may
//! come from: whoever stands there is offered this service as a destination.

use access::{Cx, Role};
use askama::Template;
use axum::extract::Path;
use network::{Directory, Facility, NetworkError, Service, territory};

use crate::form::Form;
use crate::gate::{Posted, Visit, done, mend, show, stale};
use crate::pages::facility::modality;
use crate::problem::{Answer, Problem};
use crate::shell::{Done, Shell};
use crate::text::t;

/// Who writes what a facility offers: administrators for the institution, direction for its own.
pub const EDITORS: &[Role] = &[Role::Administrator, Role::Director];
const MODALITIES: [&str; 3] = ["presencial", "jornada", "teleconsulta"];

/// Whether the caller writes what this facility offers.
pub fn may_edit(cx: &Cx, facility: &Facility) -> bool {
    let own = || cx.facility.as_ref().is_some_and(|own| own.id == facility.id());
    EDITORS.contains(&cx.role) && facility.institution == cx.institution && (cx.role != Role::Director || own())
}

#[derive(Template)]
#[template(path = "pages/servicio-editar.html")]
struct ServicePage {
    shell: Shell,
    form: Form,
    action: String,
    facility: String,
    /// The specialty of a service that exists; it never changes.
    known: Option<String>,
    /// What stands now, when somebody else changed it meanwhile.
    now: Vec<String>,
    specialties: Vec<(String, String)>,
    modalities: Vec<(String, String)>,
    departments: Vec<(String, String)>,
    /// Places that it serves too and the form does not show; they stay.
    finer: Vec<String>,
    answers: Vec<(String, String)>,
}

impl ServicePage {
    fn of(visit: &Visit, directory: &Directory, form: Form, (facility, known): (&Facility, Option<&Service>)) -> Self {
        let id = facility.id();
        let choose = std::iter::once((String::new(), t("red-elija").to_string()));
        let specialties = territory().services.iter().map(|one| (one.code.clone(), one.name.clone()));
        let departments = territory().departments.iter().map(|one| (one.code.clone(), one.name.clone()));
        let finer = known.map(unshown).unwrap_or_default();
        let name = |id: &String| directory.place(id).map_or_else(|| id.clone(), |place| place.name.clone());
        Self {
            shell: visit.shell(t("serv-titulo")).back(format!("/red/{id}"), t("red-editar-volver")),
            form,
            action: format!("/red/{id}/servicios/{}", known.map_or("nuevo", |one| one.id.as_str())),
            facility: facility.name.clone(),
            known: known.map(|one| one.specialty_name().to_owned()),
            now: Vec::new(),
            specialties: choose.chain(specialties).collect(),
            modalities: MODALITIES.map(|code| (code.to_owned(), modality(code))).to_vec(),
            departments: departments.collect(),
            finer: finer.iter().map(name).collect(),
            answers: vec![("si".to_owned(), t("serv-activo-si").into()), ("no".to_owned(), t("serv-activo-no").into())],
        }
    }
}

/// The places of a coverage that the form does not show: the whole country, a DDRISS, a district, a community.
fn unshown(service: &Service) -> Vec<String> {
    let known = |code: &str| territory().department(code).is_some() || territory().municipality(code).is_some();
    let shown = |id: &str| id.strip_prefix("gt-").is_some_and(known);
    service.coverage.iter().filter(|id| !shown(id)).cloned().collect()
}

fn form_of(service: &Service) -> Form {
    let codes = service.coverage.iter().filter_map(|id| id.strip_prefix("gt-"));
    let municipality = |code: &&str| territory().municipality(code).is_some();
    let lines = codes.clone().filter(municipality).map(|code| format!("{code} {}", name_of(code)));
    let departments = codes.filter(|code| territory().department(code).is_some());
    let mut pairs: Vec<(String, String)> =
        departments.map(|code| ("departamentos".to_owned(), code.to_owned())).collect();
    pairs.extend(service.modalities.iter().map(|code| ("modalidad".to_owned(), code.clone())));
    pairs.push(("municipios".to_owned(), lines.collect::<Vec<_>>().join("\n")));
    pairs.push(("activo".to_owned(), if service.active { "si" } else { "no" }.to_owned()));
    Form::new(pairs)
}

fn name_of(code: &str) -> &'static str {
    territory().municipality(code).map_or("", |one| one.name.as_str())
}

/// The municipalities of a text, one a line: by code, or by a name that only one has.
fn municipalities(form: &mut Form) -> Vec<String> {
    let typed = form.optional("municipios", 8000);
    let mut found = Vec::new();
    for line in typed.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let code = line.split_whitespace().next().unwrap_or_default();
        let sought = fhir::search::fold(line);
        let named = territory().municipalities.iter().filter(|one| fhir::search::fold(&one.name) == sought);
        let named: Vec<&str> = named.map(|one| one.code.as_str()).collect();
        match (territory().municipality(code), named.as_slice()) {
            (Some(one), _) => found.push(format!("gt-{}", one.code)),
            (None, [only]) => found.push(format!("gt-{only}")),
            (None, []) => form.error("municipios", t("serv-municipio-no").with("linea", line)),
            (None, _) => form.error("municipios", t("serv-municipio-varios").with("linea", line)),
        }
    }
    found
}

/// What a form says of a service; its mistakes stand beside their fields.
fn service_of(form: &mut Form, before: Service) -> Service {
    let modalities: Vec<String> =
        MODALITIES.into_iter().filter(|code| form.has("modalidad", code)).map(str::to_owned).collect();
    if modalities.is_empty() {
        form.error("modalidad", t("serv-modalidad-falta"));
    }
    let departments = form.all("departamentos").into_iter().filter(|code| territory().department(code).is_some());
    let mut coverage: Vec<String> = departments.map(|code| format!("gt-{code}")).collect();
    coverage.extend(municipalities(form));
    coverage.extend(before.coverage.iter().cloned());
    coverage.sort();
    coverage.dedup();
    Service { modalities, coverage, active: !form.has("activo", "no"), ..before }
}

async fn own(visit: &Visit, id: &str) -> Result<Facility, Problem> {
    let live = visit.state.network().await?;
    let facility = live.with(|directory| directory.facility(id).cloned()).ok_or(Problem::NotFound)?;
    if may_edit(visit.cx()?, &facility) { Ok(facility) } else { Err(Problem::Forbidden) }
}

async fn service(visit: &Visit, facility: &Facility, id: &str) -> Result<Service, Problem> {
    let live = visit.state.network().await?;
    let found = live.with(|directory| directory.service(id));
    found.filter(|one| one.facility == facility.id()).ok_or(Problem::NotFound)
}

async fn stamp(visit: &Visit, service: &Service) -> Result<String, Problem> {
    let resources: Vec<fhir::Value> = std::iter::once(service.resource()).chain(service.schedule()).collect();
    Ok(network::stamp(&visit.state.access, visit.cx()?, &resources).await?)
}

/// `GET /red/{id}/servicios/nuevo`
pub async fn show_new(visit: Visit, Path(id): Path<String>) -> Answer {
    let facility = own(&visit, &id).await?;
    let mut form = Form::default();
    form.set("activo", "si");
    form.set("modalidad", "presencial");
    let live = visit.state.network().await?;
    show(&live.with(|directory| ServicePage::of(&visit, directory, form, (&facility, None))))
}

/// `GET /red/{id}/servicios/{servicio}`
pub async fn show_edit(visit: Visit, Path((id, one)): Path<(String, String)>) -> Answer {
    let facility = own(&visit, &id).await?;
    let known = service(&visit, &facility, &one).await?;
    let mut form = form_of(&known);
    form.set("version", stamp(&visit, &known).await?);
    let live = visit.state.network().await?;
    show(&live.with(|directory| ServicePage::of(&visit, directory, form, (&facility, Some(&known)))))
}

/// `POST /red/{id}/servicios/nuevo`
pub async fn add(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let facility = own(&visit, &id).await?;
    let specialty = form.required("especialidad", 64, t("serv-especialidad-falta"));
    let live = visit.state.network().await?;
    let offered = live.with(|directory| {
        let page = directory.page(&id, visit.state.access.store().clock().now());
        page.is_some_and(|page| page.services.iter().any(|one| one.specialty == specialty))
    });
    if offered {
        form.error("especialidad", t("serv-ya"));
    } else if territory().service(&specialty).is_none() {
        form.error("especialidad", t("serv-especialidad-falta"));
    }
    let new = Service {
        id: format!("{id}-{specialty}").chars().take(64).collect(),
        facility: id.clone(),
        institution: facility.institution.clone(),
        specialty,
        synthetic: facility.synthetic,
        ..Service::default()
    };
    let new = service_of(&mut form, new);
    if form.ok() {
        match network::save_service(&visit.state.access, visit.cx()?, &new, "0").await {
            Ok(()) => return done(&visit, &format!("/red/{id}"), Done::ServiceSaved),
            Err(NetworkError::Stale) => form.error("especialidad", t("serv-ya")),
            Err(error) => return Err(error.into()),
        }
    }
    mend(&live.with(|directory| ServicePage::of(&visit, directory, form, (&facility, None))))
}

/// `POST /red/{id}/servicios/{servicio}`
pub async fn edit(visit: Visit, Path((id, one)): Path<(String, String)>, Posted(mut form): Posted) -> Answer {
    let facility = own(&visit, &id).await?;
    let mut known = service(&visit, &facility, &one).await?;
    let live = visit.state.network().await?;
    let next = service_of(&mut form, Service { coverage: unshown(&known), ..known.clone() });
    let mut now = Vec::new();
    if form.ok() {
        match network::save_service(&visit.state.access, visit.cx()?, &next, form.get("version")).await {
            Ok(()) => return done(&visit, &format!("/red/{id}"), Done::ServiceSaved),
            Err(NetworkError::Stale) => {
                known = service(&visit, &facility, &one).await?;
                form.set("version", stamp(&visit, &known).await?);
                now = live.with(|directory| as_it_is(directory, &known));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let page = live.with(|directory| ServicePage::of(&visit, directory, form, (&facility, Some(&known))));
    let page = ServicePage { now, ..page };
    if page.now.is_empty() { mend(&page) } else { stale(&page) }
}

/// What a service is now, in words.
fn as_it_is(directory: &Directory, service: &Service) -> Vec<String> {
    let ways: Vec<String> = service.modalities.iter().map(|code| modality(code)).collect();
    let name = |id: &String| {
        let code = id.trim_start_matches("gt-");
        let known = territory().department(code).map(|one| one.name.as_str());
        let known = known.or_else(|| territory().municipality(code).map(|one| one.name.as_str()));
        known.or(directory.place(id).map(|one| one.name.as_str())).unwrap_or(id).to_owned()
    };
    let places: Vec<String> = service.coverage.iter().map(name).collect();
    let active = if service.active { t("serv-activo-si") } else { t("serv-activo-no") };
    let lines = [ways.join(", "), active.to_string(), places.join(", ")];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn municipalities_are_named_by_code_or_by_a_name_that_only_one_has() {
        let read = |typed: &str| {
            let mut form = Form::new(vec![("municipios".into(), typed.into())]);
            let found = municipalities(&mut form);
            (found, form.error_of("municipios").map(str::to_owned))
        };
        assert_eq!(read("1601 Cobán\nsan pedro carcha").0, ["gt-1601", "gt-1609"]);
        assert!(read("Macondo").1.is_some_and(|error| error.contains("Macondo")));
    }
}
