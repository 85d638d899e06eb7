//! The accounts that the caller answers for: an administrator for the institution, district
//! supervision for the posts of its territory. The gate judges each act again.

use access::{AccessError, NewUser, Role, UserInfo};
use askama::Template;
use axum::extract::{Path, Query};
use store::Kind;

use crate::form::Form;
use crate::gate::{Posted, Visit, done, mend, percent, show, show_once};
use crate::pages::answers_for::Territory;
use crate::pages::network::{ROWS, page_of, pages};
use crate::problem::{Answer, Problem};
use crate::shell::{Done, Shell, role_name};
use crate::text::t;
use crate::ui::{Empty, Pages};

/// Who manages accounts.
pub const MANAGERS: &[Role] = &[Role::Administrator, Role::Supervisor];
/// What district supervision makes accounts for.
const AT_POSTS: [Role; 6] =
    [Role::Nurse, Role::Doctor, Role::CommunityWorker, Role::SocialWorker, Role::Interpreter, Role::Clerk];

struct Row {
    href: String,
    user: String,
    name: String,
    roles: Vec<String>,
    disabled: bool,
    totp: bool,
}

impl Row {
    fn of(info: &UserInfo) -> Self {
        let role = |one: &access::RoleChoice| {
            t("cuentas-funcion-en").with("rol", role_name(one.role)).with("lugar", &one.facility.name).into()
        };
        Self {
            href: format!("/cuentas/{}", percent(&info.user)),
            user: info.user.clone(),
            name: info.name.clone(),
            roles: info.roles.iter().map(role).collect(),
            disabled: info.disabled,
            totp: info.totp,
        }
    }
}

#[derive(Template)]
#[template(path = "pages/cuentas.html")]
struct StaffPage {
    shell: Shell,
    total: usize,
    form: Form,
    rows: Vec<Row>,
    pages: Pages,
    none: Option<Empty>,
}

/// `GET /cuentas`
pub async fn show_staff(visit: Visit, Query(pairs): Query<Vec<(String, String)>>) -> Answer {
    let form = Form::new(pairs);
    let users = visit.state.access.accounts().users(visit.cx()?).await?;
    let total = users.len();
    let sought = fhir::search::fold(form.get("q"));
    let words: Vec<&str> = sought.split_whitespace().collect();
    let fits = |row: &Row| {
        let text = fhir::search::fold(&format!("{} {} {}", row.name, row.user, row.roles.join(" ")));
        words.iter().all(|word| text.contains(*word))
    };
    let found: Vec<Row> = users.iter().map(Row::of).filter(fits).collect();
    let pages = pages("/cuentas", &form, &["q"], found.len());
    let none = found.is_empty().then(|| Empty::quiet(t("cuentas-nadie-titulo"), t("cuentas-nadie")));
    let at = page_of(&form, found.len());
    let rows = found.into_iter().skip(at * ROWS).take(ROWS).collect();
    show(&StaffPage { shell: visit.shell(t("cuentas-titulo")), total, form, rows, pages, none })
}

#[derive(Template)]
#[template(path = "pages/cuenta-nueva.html")]
struct NewPage {
    shell: Shell,
    form: Form,
    roles: Vec<(String, String)>,
    places: Vec<(String, String)>,
    ways: Vec<(String, String)>,
}

async fn new_page(visit: &Visit, form: Form) -> Result<NewPage, Problem> {
    let choose = || (String::new(), t("nueva-elija").to_string());
    let offered = roles_of(visit.cx()?.role);
    let roles = offered.into_iter().map(|role| (role.code().to_owned(), role_name(role).to_string()));
    let ways = vec![
        ("invitacion".to_owned(), t("nueva-invitacion").to_string()),
        ("clave".to_owned(), t("nueva-clave").to_string()),
    ];
    Ok(NewPage {
        shell: visit.shell(t("cuentas-nueva")).back("/cuentas", t("cuentas-volver")),
        form,
        roles: std::iter::once(choose()).chain(roles).collect(),
        places: std::iter::once(choose()).chain(places(visit).await?).collect(),
        ways,
    })
}

/// The roles that the caller may give.
pub fn roles_of(role: Role) -> Vec<Role> {
    match role {
        Role::Supervisor => AT_POSTS.to_vec(),
        _ => Role::ALL.into_iter().filter(|role| *role != Role::System).collect(),
    }
}

/// The facilities that the caller answers for: id and name.
pub async fn places(visit: &Visit) -> Result<Vec<(String, String)>, Problem> {
    let cx = visit.cx()?;
    let mine = |id: &str| {
        cx.role != Role::Supervisor
            || cx.facility.as_ref().is_some_and(|own| own.territory.iter().any(|one| one.as_str() == id))
    };
    let live = visit.state.network().await?;
    let mut found: Vec<(String, String)> = live.with(|directory| {
        let own = directory.facilities().filter(|one| one.institution == cx.institution && mine(&one.id()));
        own.map(|one| (one.id(), one.name.clone())).collect()
    });
    if let Some(own) = &cx.facility
        && !found.iter().any(|(id, _)| *id == own.id)
    {
        found.push((own.id.clone(), own.name.clone()));
    }
    found.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(found)
}

/// `GET /cuentas/nueva`
pub async fn show_new(visit: Visit) -> Answer {
    let mut form = Form::default();
    form.set("entrada", "invitacion");
    show(&new_page(&visit, form).await?)
}

/// `POST /cuentas/nueva`
pub async fn add(visit: Visit, Posted(mut form): Posted) -> Answer {
    let name = form.required("nombre", 120, t("nueva-nombre-falta"));
    let user = form.required("usuario", 64, t("nueva-usuario-falta"));
    let role = form.required("rol", 40, t("nueva-rol-falta"));
    let place = form.required("lugar", 64, t("nueva-lugar-falta"));
    let role =
        Role::from_code(&role).filter(|role| roles_of(visit.cx().map_or(Role::System, |cx| cx.role)).contains(role));
    let password = (form.get("entrada") == "clave").then(|| temporary(&visit));
    if let (true, Some(role)) = (form.ok(), role) {
        let new = NewUser {
            user: user.clone(),
            name: name.clone(),
            roles: vec![(role, place)],
            must_change: password.is_some(),
            password: password.clone(),
            ..NewUser::default()
        };
        match visit.state.access.accounts().create_user(visit.cx()?, new).await {
            Ok(made) => return show_once(&secret_page(&visit, (&name, &user), made.invitation, password)),
            Err(error) if error.kind() == Kind::Conflict => form.error("usuario", t("nueva-usuario-tomado")),
            Err(AccessError::Rule(_)) => form.error("usuario", t("nueva-usuario-mal")),
            Err(AccessError::Forbidden { .. } | AccessError::NotFound { .. }) => {
                form.error("lugar", t("nueva-no-puede"));
            }
            Err(error) => return Err(error.into()),
        }
    } else if role.is_none() {
        form.error("rol", t("nueva-rol-falta"));
    }
    mend(&new_page(&visit, form).await?)
}

/// A password for once: three groups of four letters and digits, 60 bits.
pub fn temporary(visit: &Visit) -> String {
    let drawn = visit.state.access.store().entropy().id();
    format!("{}-{}-{}", &drawn[..4], &drawn[4..8], &drawn[8..12])
}

#[derive(Template)]
#[template(path = "pages/cuenta-secreto.html")]
struct SecretPage {
    shell: Shell,
    name: String,
    user: String,
    link: Option<String>,
    password: Option<String>,
}

/// The address that an invitation opens.
pub fn invitation_link(visit: &Visit, code: &str) -> String {
    format!("{}/invitacion/{code}", visit.site)
}

fn secret_page(
    visit: &Visit,
    (name, user): (&str, &str),
    invitation: Option<String>,
    password: Option<String>,
) -> SecretPage {
    let link = invitation.map(|code| invitation_link(visit, &code));
    let (name, user) = (name.to_owned(), user.to_owned());
    SecretPage { shell: visit.shell(t("cuentas-titulo")), name, user, link, password }
}

#[derive(Template)]
#[template(path = "pages/cuenta-gestion.html")]
pub struct ManagePage {
    shell: Shell,
    row: Row,
    own: bool,
    open: usize,
    form: Form,
    places: Vec<(String, String)>,
    /// What they may act as now, and what the caller may give.
    functions: Vec<(String, String)>,
    roles: Vec<(String, String)>,
    /// Of a coordinator or district supervision.
    territory: Option<Territory>,
    /// Somebody else changed the territory meanwhile.
    pub stale: bool,
}

/// One account among those that the caller answers for; any other is not there.
pub async fn managed(visit: &Visit, user: &str) -> Result<UserInfo, Problem> {
    let users = visit.state.access.accounts().users(visit.cx()?).await?;
    users.into_iter().find(|info| info.user == user).ok_or(Problem::NotFound)
}

/// The same, but for one's own account: nobody locks themselves out.
pub async fn another(visit: &Visit, user: &str) -> Result<UserInfo, Problem> {
    if visit.user.as_deref() == Some(user) { Err(Problem::Forbidden) } else { managed(visit, user).await }
}

/// `GET /cuentas/{usuario}`
pub async fn show_one(visit: Visit, Path(user): Path<String>) -> Answer {
    let info = managed(&visit, &user).await?;
    show(&manage_page(&visit, &info, Form::default()).await?)
}

/// The page of one account, with what was typed in it.
pub async fn manage_page(visit: &Visit, info: &UserInfo, mut form: Form) -> Result<ManagePage, Problem> {
    let open = visit.state.access.accounts().open_work(visit.cx()?, &info.user).await?.len();
    form.set("lugar", info.roles.first().map_or("", |one| one.facility.id.as_str()));
    let offered = roles_of(visit.cx()?.role);
    let offered = offered.into_iter().map(|role| (role.code().to_owned(), role_name(role).to_string()));
    let functions = info.roles.iter().map(|one| one.id.clone()).zip(Row::of(info).roles).collect();
    Ok(ManagePage {
        shell: visit.shell(t("cuentas-titulo")).back("/cuentas", t("cuentas-volver")),
        row: Row::of(info),
        own: visit.user.as_deref() == Some(&info.user),
        open,
        form,
        places: places(visit).await?,
        functions,
        roles: std::iter::once((String::new(), t("nueva-elija").to_string())).chain(offered).collect(),
        territory: Territory::of(visit, info).await?,
        stale: false,
    })
}

/// `POST /cuentas/{usuario}/entrada`: a new way in, shown once.
pub async fn reset(visit: Visit, Path(user): Path<String>, Posted(form): Posted) -> Answer {
    let info = another(&visit, &user).await?;
    let (accounts, cx) = (visit.state.access.accounts(), visit.cx()?);
    let (invitation, password) = if form.get("entrada") == "clave" {
        let password = temporary(&visit);
        accounts.set_password(cx, &user, &password).await?;
        (None, Some(password))
    } else {
        (Some(accounts.reset(cx, &user).await?), None)
    };
    show_once(&secret_page(&visit, (&info.name, &user), invitation, password))
}

/// `POST /cuentas/{usuario}/desactivar`
pub async fn disable(visit: Visit, Path(user): Path<String>, Posted(_): Posted) -> Answer {
    another(&visit, &user).await?;
    visit.state.access.accounts().set_disabled(visit.cx()?, &user, true).await?;
    done(&visit, &format!("/cuentas/{}", percent(&user)), Done::AccountClosed)
}

/// `POST /cuentas/{usuario}/activar`
pub async fn enable(visit: Visit, Path(user): Path<String>, Posted(_): Posted) -> Answer {
    another(&visit, &user).await?;
    visit.state.access.accounts().set_disabled(visit.cx()?, &user, false).await?;
    done(&visit, &format!("/cuentas/{}", percent(&user)), Done::AccountOpened)
}

/// `POST /cuentas/{usuario}/entregar`: the open tasks go to a facility.
pub async fn hand_over(visit: Visit, Path(user): Path<String>, Posted(form): Posted) -> Answer {
    managed(&visit, &user).await?;
    let to = form.get("lugar");
    if !places(&visit).await?.iter().any(|(id, _)| id == to) {
        return Err(Problem::Forbidden);
    }
    visit.state.access.accounts().hand_over(visit.cx()?, &user, to).await?;
    done(&visit, &format!("/cuentas/{}", percent(&user)), Done::WorkHandedOver)
}

/// `POST /cuentas/{usuario}/terminar`; with open work it leads back to the page that says so.
pub async fn end(visit: Visit, Path(user): Path<String>, Posted(_): Posted) -> Answer {
    another(&visit, &user).await?;
    match visit.state.access.accounts().end_user(visit.cx()?, &user).await {
        Ok(()) => done(&visit, "/cuentas", Done::AccountEnded),
        Err(AccessError::Rule(_)) => show_one(visit, Path(user)).await,
        Err(error) => Err(error.into()),
    }
}
