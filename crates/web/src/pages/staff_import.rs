//! Accounts in bulk: district supervision and administrators create, reset and end them by a
//! workbook. What it would do is shown row by row; once confirmed each row is an act of its own,
//! and the ways in that it gives are shown once, to be printed.

use access::{AccessError, NewUser, Role, UserInfo, is_user_name};
use askama::Template;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use fhir::search::fold;
use network::{Format, NetworkError, columns, read_sheet, write_sheet};
use store::Kind;

use crate::form::Form;
use crate::gate::{Posted, Uploaded, Visit, mend, show, show_once};
use crate::pages::staff::{invitation_link, places, roles_of, temporary};
use crate::problem::{Answer, Problem};
use crate::shell::{Shell, role_name};
use crate::stash;
use crate::text::{Text, t};

const KIND: &str = "upload-accounts";
/// Most rows taken at once: each is an act of its own.
const MOST: usize = 300;
const COLUMNS: [&str; 7] = ["accion", "usuario", "nombre", "funcion", "establecimiento", "entrada", "entregar_a"];
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

enum Deed {
    Create { name: String, role: Role, place: String },
    Reset,
    End { to: Option<String> },
}

struct Order {
    row: usize,
    user: String,
    /// Whom it is about, in words.
    about: String,
    deed: Deed,
    /// A temporary password instead of an invitation.
    password: bool,
}

impl Order {
    fn act(&self) -> Text {
        match self.deed {
            Deed::Create { .. } => t("lote-crear"),
            Deed::Reset => t("lote-reiniciar"),
            Deed::End { .. } => t("lote-terminar"),
        }
    }
}

struct Mistake {
    row: usize,
    column: &'static str,
    problem: String,
}

/// Why a file is not taken.
enum Wrong {
    Table(String),
    Rows(Vec<Mistake>),
}

/// What the caller answers for.
struct Known {
    users: Vec<UserInfo>,
    places: Vec<(String, String)>,
    roles: Vec<Role>,
    own: Option<String>,
}

impl Known {
    async fn of(visit: &Visit) -> Result<Self, Problem> {
        let cx = visit.cx()?;
        let users = visit.state.access.accounts().users(cx).await?;
        Ok(Self { users, places: places(visit).await?, roles: roles_of(cx.role), own: visit.user.clone() })
    }

    /// A facility by its code, or by a name that only one has.
    fn place(&self, typed: &str) -> Option<&(String, String)> {
        let sought = fold(typed);
        let mut named = self.places.iter().filter(|(_, name)| fold(name) == sought);
        let only = named.next().filter(|_| named.next().is_none());
        self.places.iter().find(|(id, _)| id.eq_ignore_ascii_case(typed)).or(only)
    }

    fn role(&self, typed: &str) -> Option<Role> {
        let sought = fold(typed);
        self.roles.iter().copied().find(|role| role.code() == typed || fold(&role_name(*role).to_string()) == sought)
    }

    fn order(&self, row: usize, values: [&str; 7], mistakes: &mut Vec<Mistake>) -> Option<Order> {
        let [act, user, name, role, place, way, to] = values;
        let before = mistakes.len();
        let mut tell = |column: usize, problem: Text| {
            mistakes.push(Mistake { row, column: COLUMNS[column], problem: problem.into() });
        };
        let user = user.to_lowercase();
        let known = self.users.iter().find(|info| info.user == user);
        if !is_user_name(&user) {
            tell(1, t("nueva-usuario-mal"));
        }
        let act = fold(act);
        if !["", "enlace", "clave"].contains(&way) {
            tell(5, t("lote-entrada-mal"));
        }
        let mut about = known.map(|info| info.name.clone()).unwrap_or_default();
        let deed = match act.as_str() {
            "crear" => {
                let (role, place) = (self.role(role), self.place(place));
                if name.is_empty() || name.chars().count() > 120 {
                    tell(2, t("nueva-nombre-falta"));
                }
                if known.is_some() {
                    tell(1, t("nueva-usuario-tomado"));
                }
                if role.is_none() {
                    tell(3, t("lote-funcion-mal"));
                }
                if place.is_none() {
                    tell(4, t("lote-lugar-mal"));
                }
                let (role, place) = role.zip(place)?;
                let words = t("cuentas-funcion-en").with("rol", role_name(role)).with("lugar", &place.1);
                about = format!("{name} · {words} ({})", place.0);
                Deed::Create { name: name.to_owned(), role, place: place.0.clone() }
            }
            "reiniciar" | "terminar" => {
                if known.is_none() {
                    tell(1, t("lote-usuario-no"));
                }
                if self.own.as_deref() == Some(&user) {
                    tell(1, t("lote-propia"));
                }
                let given = self.place(to);
                if !to.is_empty() && given.is_none() {
                    tell(6, t("lote-lugar-mal"));
                }
                if let Some((id, place)) = given.filter(|_| act == "terminar") {
                    about = format!("{about} · {}", t("lote-entrega").with("lugar", format!("{place} ({id})")));
                }
                if act == "terminar" { Deed::End { to: given.map(|(id, _)| id.clone()) } } else { Deed::Reset }
            }
            _ => {
                tell(0, t("lote-accion-mal"));
                return None;
            }
        };
        (mistakes.len() == before).then_some(Order { row, user, about, deed, password: way == "clave" })
    }
}

fn orders(known: &Known, file: &[u8]) -> Result<Vec<Order>, Wrong> {
    let table = |error: NetworkError| Wrong::Table(error.to_string());
    let rows = read_sheet(file, Format::of(file)).map_err(table)?;
    let at = columns(rows.first().map(Vec::as_slice).unwrap_or_default(), COLUMNS).map_err(table)?;
    let (mut found, mut mistakes): (Vec<Order>, Vec<Mistake>) = (Vec::new(), Vec::new());
    for (row, line) in (2_usize..).zip(rows.iter().skip(1)) {
        let values = at.map(|at| line.get(at).map_or("", String::as_str));
        // A row without an act is an account that stays as it is.
        if values[0].is_empty() {
            continue;
        }
        let Some(order) = known.order(row, values, &mut mistakes) else { continue };
        if found.iter().any(|earlier| earlier.user == order.user) {
            mistakes.push(Mistake { row, column: COLUMNS[1], problem: t("lote-repetido").into() });
        }
        found.push(order);
    }
    match (mistakes.is_empty(), found.len()) {
        (false, _) => Err(Wrong::Rows(mistakes)),
        (true, 0) => Err(Wrong::Table(t("lote-vacio").into())),
        (true, MOST..) if found.len() > MOST => Err(Wrong::Table(t("lote-muchas").with("n", MOST).into())),
        _ => Ok(found),
    }
}

#[derive(Template)]
#[template(path = "pages/cuentas-importar.html")]
struct ImportPage {
    shell: Shell,
    form: Form,
    mistakes: Vec<Mistake>,
    roles: Vec<(&'static str, Text)>,
    places: Vec<(String, String)>,
}

fn import_page(visit: &Visit, form: Form, known: Known, mistakes: Vec<Mistake>) -> ImportPage {
    ImportPage {
        shell: visit.shell(t("lote-titulo")).back("/cuentas", t("cuentas-volver")),
        form,
        mistakes,
        roles: known.roles.into_iter().map(|role| (role.code(), role_name(role))).collect(),
        places: known.places,
    }
}

/// `GET /cuentas/importar`
pub async fn show_import(visit: Visit) -> Answer {
    show(&import_page(&visit, Form::default(), Known::of(&visit).await?, Vec::new()))
}

/// `GET /cuentas/plantilla.xlsx`: the columns, and the accounts that there are, without an act.
pub async fn template(visit: Visit) -> Answer {
    let known = Known::of(&visit).await?;
    let line = |info: &UserInfo| {
        let at = info.roles.first();
        let role = at.map_or("", |at| at.role.code());
        let place = at.map_or("", |at| at.facility.id.as_str());
        ["", info.user.as_str(), info.name.as_str(), role, place, "", ""].map(str::to_owned).to_vec()
    };
    let header = COLUMNS.map(str::to_owned).to_vec();
    let bytes = write_sheet(std::iter::once(header).chain(known.users.iter().map(line)), Format::Xlsx)?;
    let name = "attachment; filename=\"cuentas.xlsx\"";
    Ok(([(header::CONTENT_TYPE, XLSX), (header::CONTENT_DISPOSITION, name)], bytes).into_response())
}

fn wrong(visit: &Visit, mut form: Form, (known, wrong): (Known, Wrong)) -> Answer {
    let mistakes = match wrong {
        Wrong::Table(problem) => {
            form.error("archivo", t("red-mal").with("que", problem));
            Vec::new()
        }
        Wrong::Rows(mistakes) => {
            form.error("archivo", t("importar-con-errores").with("n", mistakes.len()));
            mistakes
        }
    };
    mend(&import_page(visit, form, known, mistakes))
}

/// `POST /cuentas/importar`: the file is read and kept; nothing of it is done.
pub async fn upload(visit: Visit, Uploaded { mut form, file }: Uploaded) -> Answer {
    let known = Known::of(&visit).await?;
    if file.is_empty() {
        form.error("archivo", t("importar-falta"));
        return mend(&import_page(&visit, form, known, Vec::new()));
    }
    match orders(&known, &file) {
        Ok(_) => {
            let key = stash::keep(&visit, KIND, file).await?;
            Ok(Redirect::to(&format!("/cuentas/importar/{key}")).into_response())
        }
        Err(error) => wrong(&visit, form, (known, error)),
    }
}

#[derive(Template)]
#[template(path = "pages/cuentas-revisar.html")]
struct ReviewPage {
    shell: Shell,
    key: String,
    orders: Vec<Order>,
}

/// `GET /cuentas/importar/{clave}`: what the file would do now.
pub async fn show_review(visit: Visit, Path(key): Path<String>) -> Answer {
    let file = stash::find(&visit, KIND, &key).await?;
    let known = Known::of(&visit).await?;
    match orders(&known, &file.value) {
        Ok(orders) => {
            let shell = visit.shell(t("lote-titulo")).back("/cuentas/importar", t("importar-otro"));
            show(&ReviewPage { shell, key, orders })
        }
        Err(error) => wrong(&visit, Form::default(), (known, error)),
    }
}

struct Outcome {
    order: Order,
    link: String,
    password: String,
    refused: String,
    /// Only its first part was done.
    half: bool,
}

#[derive(Template)]
#[template(path = "pages/cuentas-importadas.html")]
struct DonePage {
    shell: Shell,
    outcomes: Vec<Outcome>,
    refused: usize,
    /// Whether a way in stands on the page.
    secrets: bool,
}

/// `POST /cuentas/importar/{clave}`: each row by itself; the file is taken away first, so that it
/// acts once.
pub async fn confirm(visit: Visit, Path(key): Path<String>, Posted(form): Posted) -> Answer {
    let file = stash::find(&visit, KIND, &key).await.map_err(|_| Problem::Twice)?;
    let known = Known::of(&visit).await?;
    let orders = match orders(&known, &file.value) {
        Ok(orders) => orders,
        Err(error) => return wrong(&visit, form, (known, error)),
    };
    stash::take(&visit, KIND, &file).await?;
    let mut outcomes = Vec::with_capacity(orders.len());
    for order in orders {
        let (mut link, mut password, mut refused) = (String::new(), String::new(), String::new());
        let mut half = false;
        match carry_out(&visit, &order).await {
            Ok(Way::Invitation(code)) => link = invitation_link(&visit, &code),
            Ok(Way::Password(drawn)) => password = drawn,
            Ok(Way::None) => {}
            Ok(Way::Half(error)) => {
                half = true;
                refused = why(&error).into();
            }
            Err(error) => refused = why(&error).into(),
        }
        outcomes.push(Outcome { order, link, password, refused, half });
    }
    let refused = outcomes.iter().filter(|one| !one.refused.is_empty()).count();
    let secrets = outcomes.iter().any(|one| !(one.link.is_empty() && one.password.is_empty()));
    let shell = visit.shell(t("lote-titulo")).back("/cuentas", t("cuentas-volver"));
    show_once(&DonePage { shell, outcomes, refused, secrets })
}

/// A way in that is shown once.
enum Way {
    Invitation(String),
    Password(String),
    None,
    /// The tasks were handed over, and the account could not be ended.
    Half(AccessError),
}

async fn carry_out(visit: &Visit, order: &Order) -> Result<Way, AccessError> {
    let accounts = visit.state.access.accounts();
    let cx = visit.cx().map_err(|_| AccessError::Unauthenticated)?;
    let password = order.password.then(|| temporary(visit));
    match &order.deed {
        Deed::Create { name, role, place } => {
            let new = NewUser {
                user: order.user.clone(),
                name: name.clone(),
                roles: vec![(*role, place.clone())],
                must_change: password.is_some(),
                password: password.clone(),
                ..NewUser::default()
            };
            let made = accounts.create_user(cx, new).await?;
            Ok(password.map(Way::Password).or(made.invitation.map(Way::Invitation)).unwrap_or(Way::None))
        }
        Deed::Reset => match password {
            Some(password) => {
                accounts.set_password(cx, &order.user, &password).await?;
                Ok(Way::Password(password))
            }
            None => Ok(Way::Invitation(accounts.reset(cx, &order.user).await?)),
        },
        Deed::End { to } => {
            let Some(to) = to else { return accounts.end_user(cx, &order.user).await.map(|()| Way::None) };
            let handed = accounts.hand_over(cx, &order.user, to).await? > 0;
            match accounts.end_user(cx, &order.user).await {
                Err(error) if handed => Ok(Way::Half(error)),
                ended => ended.map(|()| Way::None),
            }
        }
    }
}

fn why(error: &AccessError) -> Text {
    match error.kind() {
        Kind::Conflict => t("nueva-usuario-tomado"),
        Kind::Rule => t("lote-regla"),
        Kind::Forbidden | Kind::NotFound => t("nueva-no-puede"),
        _ => {
            tracing::error!(%error, "a row of accounts failed");
            t("lote-fallo")
        }
    }
}
