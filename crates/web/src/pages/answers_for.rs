//! The territory of an account: the facilities that a coordinator or district supervision answers
//! for, set by department, DDRISS, district or municipality. What is kept are the facilities; a new
//! one of the place comes by adding the place again.

use std::collections::{BTreeMap, BTreeSet};

use access::{RoleChoice, UserInfo};
use axum::extract::Path;
use network::{Area, AreaKind, Directory};
use store::Kind;

use crate::form::Form;
use crate::gate::{Posted, Visit, done, mend, percent};
use crate::pages::staff::{another, manage_page};
use crate::problem::{Answer, Problem};
use crate::shell::{Done, role_name};
use crate::text::t;

/// What one role of the account answers for.
pub struct Answering {
    /// Role and facility.
    pub title: String,
    /// How many facilities besides its own.
    pub count: usize,
    /// Their names, by municipality.
    pub places: Vec<(String, String)>,
}

/// What the page of an account shows of its territory.
pub struct Territory {
    /// The roles that answer for one.
    pub roles: Vec<Answering>,
    /// The same roles to choose from: id and name.
    pub functions: Vec<(String, String)>,
    /// The places that hold a facility of the institution: id and name.
    pub areas: Vec<(String, String)>,
    /// The versions that are shown.
    pub version: String,
}

impl Territory {
    /// Of an account that answers for a territory; `None` for any other.
    ///
    /// # Errors
    /// When the network can't be read.
    pub async fn of(visit: &Visit, info: &UserInfo) -> Result<Option<Self>, Problem> {
        let roles = answering(info);
        if roles.is_empty() {
            return Ok(None);
        }
        let institution = &visit.cx()?.institution;
        let live = visit.state.network().await?;
        Ok(Some(live.with(|directory| {
            let areas = directory.areas(institution);
            let choose = std::iter::once((String::new(), t("nueva-elija").to_string()));
            let shown: Vec<Answering> = roles.iter().map(|role| Answering::of(directory, &areas, role)).collect();
            Self {
                functions: roles
                    .iter()
                    .zip(&shown)
                    .map(|(role, shown)| (role.id.clone(), shown.title.clone()))
                    .collect(),
                roles: shown,
                areas: choose.chain(areas.iter().map(|area| (area.id.clone(), label(area)))).collect(),
                version: versions(&roles),
            }
        })))
    }
}

impl Answering {
    fn of(directory: &Directory, areas: &[Area], role: &RoleChoice) -> Self {
        let ids = others(role);
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for id in &ids {
            let around = areas.iter().find(|area| area.kind == AreaKind::Municipality && area.facilities.contains(id));
            let place = around.map_or_else(|| t("terr-sin-municipio").to_string(), label);
            let name = directory.facility(id).map_or_else(|| id.clone(), |facility| facility.name.clone());
            places.entry(place).or_default().push(name);
        }
        let joined = |(place, mut names): (String, Vec<String>)| {
            names.sort();
            (place, names.join(" · "))
        };
        Self {
            title: t("cuentas-funcion-en")
                .with("rol", role_name(role.role))
                .with("lugar", &role.facility.name)
                .to_string(),
            count: ids.len(),
            places: places.into_iter().map(joined).collect(),
        }
    }
}

fn answering(info: &UserInfo) -> Vec<&RoleChoice> {
    info.roles.iter().filter(|one| one.role.has_territory()).collect()
}

/// The facilities that a role answers for besides its own.
fn others(role: &RoleChoice) -> BTreeSet<String> {
    role.facility.territory.iter().filter(|id| **id != role.facility.id).cloned().collect()
}

fn versions(roles: &[&RoleChoice]) -> String {
    roles.iter().map(|one| one.version.to_string()).collect::<Vec<_>>().join(".")
}

fn label(area: &Area) -> String {
    match area.kind {
        AreaKind::Department => t("terr-departamento").with("nombre", &area.name).to_string(),
        AreaKind::Municipality if !area.within.is_empty() => {
            t("terr-municipio").with("nombre", &area.name).with("departamento", &area.within).to_string()
        }
        AreaKind::Unit | AreaKind::Municipality => area.name.clone(),
    }
}

/// `POST /cuentas/{usuario}/territorio`: the facilities of a place come to the territory, or go.
pub async fn set_territory(visit: Visit, Path(user): Path<String>, Posted(mut form): Posted) -> Answer {
    let info = another(&visit, &user).await?;
    let roles = answering(&info);
    let role = match roles.as_slice() {
        [] => return Err(Problem::NotFound),
        [only] => Some(*only),
        several => several.iter().copied().find(|one| one.id == form.get("funcion")),
    };
    if role.is_none() {
        form.error("funcion", t("terr-funcion-falta"));
    }
    let next = match role {
        Some(role) => asked(&visit, role, &mut form).await?,
        None => Vec::new(),
    };
    let mut stale = form.get("version") != versions(&roles);
    if let (false, true, Some(role)) = (stale, form.ok(), role) {
        match visit.state.access.accounts().set_territory(visit.cx()?, &user, role, &next).await {
            Err(error) if error.kind() == Kind::Stale => stale = true,
            Err(error) => return Err(error.into()),
            Ok(()) => return done(&visit, &format!("/cuentas/{}", percent(&user)), Done::TerritorySet),
        }
    }
    // What stands now is shown, with what was chosen kept.
    let info = if stale { another(&visit, &user).await? } else { info.clone() };
    let form = if stale { Form::new(form.pairs().to_vec()) } else { form };
    let mut page = manage_page(&visit, &info, form).await?;
    page.stale = stale;
    mend(&page)
}

/// What a role would answer for besides its own facility; what is wrong stands beside the field.
async fn asked(visit: &Visit, role: &RoleChoice, form: &mut Form) -> Result<Vec<String>, Problem> {
    let institution = &visit.cx()?.institution;
    let live = visit.state.network().await?;
    let chosen = form.required("area", 64, t("terr-area-falta"));
    let areas = live.with(|directory| directory.areas(institution));
    let mut all = others(role);
    let Some(area) = areas.into_iter().find(|area| area.id == chosen) else {
        form.error("area", t("terr-area-falta"));
        return Ok(Vec::new());
    };
    let before = all.len();
    if form.get("hacer") == "quitar" {
        all.retain(|id| !area.facilities.contains(id));
        if all.len() == before {
            form.error("area", t("terr-area-no"));
        }
    } else {
        all.extend(area.facilities.into_iter().filter(|id| *id != role.facility.id));
        if all.len() == before {
            form.error("area", t("terr-area-ya"));
        }
    }
    Ok(all.into_iter().collect())
}
