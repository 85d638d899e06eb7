//! What stands around every page: header, woven band, navigation by role, the demonstration strip,
//! the banner of what was just done, footer; and the sprite with only the icons that the page uses.

use std::fmt::Write as _;
use std::sync::Arc;

use access::Role;
use askama::Template;
use askama::filters::HtmlSafe;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use care::referral::moves::MoveKind;

use crate::assets::{SCRIPT_PATH, STYLE_PATH};
use crate::format::date_time;
use crate::gate::Visit;
use crate::pages::agenda::HOLDERS;
use crate::pages::agreements;
use crate::pages::audit::READERS;
use crate::pages::figures;
use crate::pages::find::SEEKERS;
use crate::pages::hours::KEEPERS;
use crate::pages::staff::MANAGERS;
use crate::text::{Text, t};
use crate::told;
use crate::ui::Icon;

/// What a page needs from around it.
pub struct Shell {
    /// The window's title: never a person's name, nothing clinical.
    pub title: Text,
    pub(crate) style: &'static str,
    pub(crate) demo: bool,
    pub(crate) me: Option<Me>,
    pub(crate) nav: Vec<Entry>,
    pub(crate) done: Option<Done>,
    pub(crate) back: Option<(String, String)>,
    pub(crate) undo: Option<(String, String)>,
    /// When the page was made, for paper.
    pub(crate) made: Option<String>,
    seals: Option<Seals>,
}

pub(crate) struct Me {
    pub(crate) name: String,
    pub(crate) place: String,
    pub(crate) role: Text,
}

pub(crate) struct Entry {
    pub(crate) href: &'static str,
    pub(crate) icon: Icon,
    pub(crate) label: Text,
    pub(crate) current: bool,
}

struct Seals {
    seal: String,
    entropy: Arc<dyn store::Entropy>,
}

/// The hidden fields that every form carries: who it was shown to, and which showing it was.
#[derive(Template)]
#[template(
    source = r#"<input type="hidden" name="_sello" value="{{ seal }}"><input type="hidden" name="_una" value="{{ once }}">"#,
    ext = "html"
)]
pub struct Seal {
    seal: String,
    once: String,
}

impl HtmlSafe for Seal {}

/// What was just done, told once on the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Logged out.
    LoggedOut,
    /// The first password was chosen.
    PasswordChosen,
    /// The password was changed.
    PasswordChanged,
    /// The second step is on.
    SecondStepOn,
    /// A session was ended.
    SessionEnded,
    /// An account was given one more role.
    RoleGiven,
    /// One of several roles was ended.
    RoleEnded,
    /// One's own PIN was set.
    PinSet,
    /// A record was opened with a written reason.
    RecordOpened,
    /// A side of an agreement was given.
    AgreementGiven,
    /// An agreement was suspended.
    AgreementSuspended,
    /// A side of an agreement was resumed.
    AgreementResumed,
    /// An account was disabled.
    AccountClosed,
    /// An account was enabled.
    AccountOpened,
    /// An account was ended.
    AccountEnded,
    /// Somebody's open tasks went to a facility.
    WorkHandedOver,
    /// A coordinator's territory changed.
    TerritorySet,
    /// Who somebody is was corrected.
    PersonCorrected,
    /// A person was registered.
    PersonRegistered,
    /// Something was added to a signed visit.
    VisitAddended,
    /// A visit was struck.
    VisitStruck,
    /// A visit was moved to the right person.
    VisitMoved,
    /// The draft was thrown away.
    DraftDiscarded,
    /// The draft was kept.
    DraftKept,
    /// The visit was signed.
    VisitSigned,
    /// The referral was sent.
    ReferralSent,
    /// The referral was completed and sent again.
    ReferralCompleted,
    /// The urgent transfer was asked for.
    TransferRequested,
    /// The answer was acknowledged.
    Acknowledged,
    /// A follow-up was settled.
    FollowUpFinished,
    /// Nothing is open any more.
    CircuitClosed,
    /// A facility was added or mended.
    FacilitySaved,
    /// What a facility offers was written.
    ServiceSaved,
    /// An appointment was given.
    AppointmentGiven,
    /// The appointment was changed.
    AppointmentMoved,
    /// The visit at the destination began.
    VisitBegun,
    /// The person is kept in control.
    KeptInControl,
    /// The person was admitted.
    Admitted,
    /// The counter-referral was signed.
    CounterReferred,
    /// A referral was moved.
    Moved(MoveKind),
    /// The person knows of the appointment.
    AppointmentTold,
    /// The rejection was read.
    RejectionRead,
    /// So many places of the agenda were opened.
    PlacesOpened(usize),
    /// So many places of a day were blocked.
    DayBlocked(usize),
    /// So many places of a day were freed.
    DayFreed(usize),
    /// An appointment was proposed.
    AppointmentProposed,
}

impl Done {
    const ALL: &[(Self, &'static str)] = &[
        (Self::FacilitySaved, "establecimiento"),
        (Self::ServiceSaved, "servicio"),
        (Self::AgreementGiven, "acuerdo-dado"),
        (Self::AgreementSuspended, "acuerdo-suspendido"),
        (Self::AgreementResumed, "acuerdo-reanudado"),
        (Self::AccountClosed, "desactivada"),
        (Self::AccountOpened, "activada"),
        (Self::AccountEnded, "terminada"),
        (Self::WorkHandedOver, "entregada"),
        (Self::TerritorySet, "territorio"),
        (Self::LoggedOut, "salio"),
        (Self::PasswordChosen, "elegida"),
        (Self::PasswordChanged, "clave"),
        (Self::SecondStepOn, "segundo-paso"),
        (Self::SessionEnded, "sesion"),
        (Self::RoleGiven, "funcion-dada"),
        (Self::RoleEnded, "funcion-terminada"),
        (Self::PinSet, "pin"),
        (Self::RecordOpened, "razon"),
        (Self::PersonRegistered, "registrada"),
        (Self::PersonCorrected, "corregida"),
        (Self::VisitAddended, "adenda"),
        (Self::VisitStruck, "anulada"),
        (Self::VisitMoved, "movida"),
        (Self::DraftDiscarded, "descartada"),
        (Self::DraftKept, "borrador"),
        (Self::VisitSigned, "firmada"),
        (Self::ReferralSent, "enviada"),
        (Self::ReferralCompleted, "completada"),
        (Self::TransferRequested, "traslado"),
        (Self::Acknowledged, "acusada"),
        (Self::FollowUpFinished, "tarea"),
        (Self::CircuitClosed, "cerrado"),
        (Self::AppointmentGiven, "citada"),
        (Self::AppointmentMoved, "cita-cambiada"),
        (Self::VisitBegun, "atencion"),
        (Self::KeptInControl, "en-control"),
        (Self::Admitted, "ingresada"),
        (Self::CounterReferred, "contrarreferida"),
        (Self::AppointmentTold, "avisada"),
        (Self::RejectionRead, "leida"),
        (Self::AppointmentProposed, "propuesta"),
    ];

    /// As the cookie carries it; what is counted with its number: `lugares.12`.
    pub fn code(self) -> String {
        match self {
            Self::Moved(kind) => kind.code().to_owned(),
            Self::PlacesOpened(n) => format!("lugares.{n}"),
            Self::DayBlocked(n) => format!("dia-cerrado.{n}"),
            Self::DayFreed(n) => format!("dia-abierto.{n}"),
            _ => Self::ALL.iter().find(|(done, _)| *done == self).map_or("", |(_, code)| code).to_owned(),
        }
    }

    /// From the cookie.
    pub fn from_code(code: &str) -> Option<Self> {
        if let Some((name, n)) = code.split_once('.') {
            let n = n.parse().ok()?;
            return match name {
                "lugares" => Some(Self::PlacesOpened(n)),
                "dia-cerrado" => Some(Self::DayBlocked(n)),
                "dia-abierto" => Some(Self::DayFreed(n)),
                _ => None,
            };
        }
        let listed = Self::ALL.iter().find(|(_, found)| *found == code).map(|(done, _)| *done);
        listed.or_else(|| MoveKind::from_code(code).map(Self::Moved))
    }

    pub(crate) fn text(self) -> Text {
        match self {
            Self::Moved(kind) => told::done(kind),
            Self::LoggedOut => t("hecho-salio"),
            Self::PasswordChosen => t("hecho-elegida"),
            Self::PasswordChanged => t("hecho-clave"),
            Self::SecondStepOn => t("hecho-segundo-paso"),
            Self::RoleGiven => t("hecho-funcion-dada"),
            Self::RoleEnded => t("hecho-funcion-terminada"),
            Self::PinSet => t("hecho-pin"),
            Self::SessionEnded => t("hecho-sesion"),
            Self::RecordOpened => t("hecho-razon"),
            Self::AgreementGiven => t("hecho-acuerdo-dado"),
            Self::AgreementSuspended => t("hecho-acuerdo-suspendido"),
            Self::AgreementResumed => t("hecho-acuerdo-reanudado"),
            Self::AccountClosed => t("hecho-desactivada"),
            Self::AccountOpened => t("hecho-activada"),
            Self::AccountEnded => t("hecho-terminada"),
            Self::WorkHandedOver => t("hecho-entregada"),
            Self::TerritorySet => t("hecho-territorio"),
            Self::PersonRegistered => t("hecho-registrada"),
            Self::PersonCorrected => t("hecho-corregida"),
            Self::VisitAddended => t("hecho-adenda"),
            Self::VisitStruck => t("hecho-anulada"),
            Self::VisitMoved => t("hecho-pasada"),
            Self::DraftDiscarded => t("hecho-descartada"),
            Self::DraftKept => t("hecho-borrador"),
            Self::VisitSigned => t("hecho-firmada"),
            Self::ReferralSent => t("hecho-enviada"),
            Self::ReferralCompleted => t("hecho-completada"),
            Self::TransferRequested => t("hecho-traslado"),
            Self::Acknowledged => t("hecho-acusada"),
            Self::AppointmentTold => t("hecho-avisada"),
            Self::RejectionRead => t("hecho-leida"),
            Self::FollowUpFinished => t("hecho-tarea"),
            Self::CircuitClosed => t("hecho-cerrado"),
            Self::AppointmentGiven => t("hecho-citada"),
            Self::AppointmentMoved => t("hecho-cita-cambiada"),
            Self::FacilitySaved => t("hecho-establecimiento"),
            Self::ServiceSaved => t("hecho-servicio"),
            Self::VisitBegun => t("hecho-atencion"),
            Self::KeptInControl => t("hecho-en-control"),
            Self::Admitted => t("hecho-ingresada"),
            Self::CounterReferred => t("hecho-contrarreferida"),
            Self::PlacesOpened(n) => t("hecho-lugares").with("n", n),
            Self::DayBlocked(n) => t("hecho-dia-cerrado").with("n", n),
            Self::DayFreed(n) => t("hecho-dia-abierto").with("n", n),
            Self::AppointmentProposed => t("hecho-propuesta"),
        }
    }
}

/// The role's name.
pub fn role_name(role: Role) -> Text {
    match role {
        Role::Nurse => t("rol-enfermeria"),
        Role::Doctor => t("rol-medico"),
        Role::Specialist => t("rol-especialista"),
        Role::CommunityWorker => t("rol-enlace"),
        Role::SocialWorker => t("rol-trabajo-social"),
        Role::Interpreter => t("rol-interprete"),
        Role::Coordinator => t("rol-gestor"),
        Role::Supervisor => t("rol-supervision"),
        Role::Director => t("rol-direccion"),
        Role::Clerk => t("rol-citas"),
        Role::Administrator => t("rol-administrador"),
        Role::Auditor => t("rol-auditor"),
        Role::Adviser => t("rol-asesoria"),
        Role::System => t("rol-sistema"),
    }
}

impl Shell {
    /// Around a page that knows nobody: problems.
    pub fn bare(title: Text) -> Self {
        Self {
            title,
            style: &STYLE_PATH,
            demo: false,
            me: None,
            nav: Vec::new(),
            done: None,
            back: None,
            undo: None,
            made: None,
            seals: None,
        }
    }

    /// Around a page of this visit.
    pub(crate) fn of(visit: &Visit, title: Text) -> Self {
        let cx = visit.caller.as_ref().map(|caller| &caller.cx);
        let me = cx.map(|cx| Me {
            name: cx.name.clone(),
            place: cx.facility.as_ref().map_or_else(|| cx.institution.clone(), |facility| facility.name.clone()),
            role: role_name(cx.role),
        });
        Self {
            title,
            style: &STYLE_PATH,
            demo: visit.state.demo,
            me,
            nav: cx.map(|cx| entries(cx.role, &visit.path)).unwrap_or_default(),
            done: visit.done,
            back: None,
            undo: None,
            made: cx.map(|cx| date_time(cx.now)),
            seals: Some(Seals { seal: visit.seal.clone(), entropy: visit.state.access.store().entropy().clone() }),
        }
    }

    /// With a way back on top.
    #[must_use]
    pub fn back(mut self, href: impl Into<String>, label: Text) -> Self {
        self.back = Some((href.into(), label.to_string()));
        self
    }

    /// With the way to take back what was just done.
    #[must_use]
    pub fn undo(mut self, way: Option<(String, Text)>) -> Self {
        self.undo = way.map(|(href, words)| (href, words.to_string()));
        self
    }

    /// Whether the way to the account is not among the ways to go.
    pub(crate) fn account_apart(&self) -> bool {
        self.nav.iter().all(|entry| entry.href != ACCOUNT)
    }

    /// The hidden fields of one form; each form of a page draws its own.
    pub fn seal(&self) -> Seal {
        self.seals.as_ref().map_or(Seal { seal: String::new(), once: String::new() }, |seals| Seal {
            seal: seals.seal.clone(),
            once: seals.entropy.id(),
        })
    }
}

const ACCOUNT: &str = "/cuenta";
/// More ways to go have no room beside one another on a telephone.
const MOST_ENTRIES: usize = 5;

/// The ways to go, by role.
fn entries(role: Role, path: &str) -> Vec<Entry> {
    let entry = |href: &'static str, icon, label| Entry { href, icon: Icon(icon), label, current: current(href, path) };
    let mut entries = vec![entry("/", "i-home", t("nav-inicio"))];
    if matches!(role, Role::Coordinator | Role::Clerk | Role::Supervisor) {
        entries.push(entry("/referencias", "i-send", t("nav-referencias")));
    }
    if HOLDERS.contains(&role) {
        entries.push(entry("/agenda", "i-cal", t("nav-agenda")));
    } else if KEEPERS.contains(&role) {
        entries.push(entry("/agenda/horarios", "i-cal", t("horarios-ir")));
    }
    if SEEKERS.contains(&role) {
        entries.push(entry("/personas", "i-find", t("nav-personas")));
    }
    entries.push(entry("/red", "i-map", t("nav-red")));
    if MANAGERS.contains(&role) {
        entries.push(entry("/cuentas", "i-task", t("nav-cuentas")));
    }
    if agreements::KEEPERS.contains(&role) {
        entries.push(entry("/acuerdos", "i-ok", t("nav-acuerdos")));
    }
    if READERS.contains(&role) {
        entries.push(entry("/auditoria", "i-doc", t("nav-auditoria")));
    }
    if figures::READERS.contains(&role) {
        entries.push(entry("/cifras", "i-chart", t("nav-cifras")));
    }
    if entries.len() < MOST_ENTRIES {
        entries.push(entry(ACCOUNT, "i-user", t("nav-cuenta")));
    }
    entries
}

fn current(href: &str, path: &str) -> bool {
    path == href || (href != "/" && path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')))
}

/// Renders a page and puts in the icons that it uses, and the script where a part of it asks.
pub fn respond(page: &impl Template) -> Response {
    rendered(page).map_or_else(|| axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(), answer)
}

/// The text of a page, with the icons that it uses, and the script where a part of it asks.
pub fn rendered(page: &impl Template) -> Option<String> {
    let html = page.render().ok()?;
    Some(html.replacen("<!--sprite-->", &sprite(&html), 1).replacen("<!--script-->\n", &script(&html), 1))
}

/// A page as an answer; no cache keeps it.
pub fn answer(html: String) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], html).into_response()
}

/// The script of a page with a part that asks while somebody types.
fn script(html: &str) -> String {
    let asks = html.contains(" data-ask=\"");
    if asks { format!("<script src=\"{}\" defer></script>\n", *SCRIPT_PATH) } else { String::new() }
}

fn sprite(html: &str) -> String {
    let mut sprite = String::from(r#"<svg class="sprite" aria-hidden="true">"#);
    for (id, size, body) in ICONS {
        if html.contains(&format!("\"#{id}\"")) {
            let _ = write!(sprite, r#"<symbol id="{id}" viewBox="0 0 {size} {size}">{body}</symbol>"#);
        }
    }
    sprite + "</svg>"
}

const ICONS: &[(&str, u32, &str)] = &[
    ("i-back", 24, r#"<path d="M20 12H5M11 6l-6 6 6 6"/>"#),
    ("i-cal", 24, r#"<path d="M4 6h16v14H4zM4 10h16M8 3v5M16 3v5"/>"#),
    ("i-chart", 24, r#"<path d="M4 4v16h16M8 16v-4M12 16V8M16 16v-6"/>"#),
    ("i-doc", 24, r#"<path d="M6 3h8l4 4v14H6zM9 12h6M9 16h6"/>"#),
    ("i-down", 24, r#"<path d="M12 4v11M7 11l5 5 5-5M4 20h16"/>"#),
    ("i-find", 24, r#"<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/>"#),
    ("i-home", 24, r#"<path d="M3 11 12 4l9 7M6 9.5V20h12V9.5"/>"#),
    ("i-hosp", 24, r#"<path d="M5 21V5h14v16M3 21h18M12 8v6M9 11h6M10 21v-4h4v4"/>"#),
    ("i-info", 24, r#"<circle cx="12" cy="12" r="9"/><path d="M12 11v5M12 7.5v.5"/>"#),
    (
        "i-map",
        24,
        r#"<path d="M12 21s7-6.5 7-11.5a7 7 0 0 0-14 0C5 14.5 12 21 12 21z"/><circle cx="12" cy="9.5" r="2"/>"#,
    ),
    ("i-ok", 24, r#"<path d="m5 12.5 4.5 4.5L19 7.5"/>"#),
    ("i-phone", 24, r#"<path d="M7 3h10v18H7zM11 18h2"/>"#),
    ("i-plus", 24, r#"<path d="M12 5v14M5 12h14"/>"#),
    ("i-print", 24, r#"<path d="M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z"/>"#),
    ("i-qr", 24, r#"<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2M20 14v2M14 20h6M18 17v3"/>"#),
    ("i-send", 24, r#"<path d="M4 12h15M13 6l6 6-6 6"/>"#),
    ("i-task", 24, r#"<path d="m3 6 2 2 3-4M3 14l2 2 3-4M11 6.5h10M11 14.5h10M11 20h10"/>"#),
    ("i-user", 24, r#"<circle cx="12" cy="8" r="4"/><path d="M4 21c0-5 3-7 8-7s8 2 8 7"/>"#),
    ("i-warn", 24, r#"<path d="M12 4 2.5 20h19zM12 10v5M12 17.5v.5"/>"#),
    (
        "s-late",
        16,
        r##"<path d="M5 .5h6L15.5 5v6L11 15.5H5L.5 11V5z" fill="currentColor"/><path d="M5 5l6 6M11 5l-6 6" stroke="#fff" stroke-width="2"/>"##,
    ),
    (
        "s-off",
        16,
        r#"<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2"/><path d="M6.2 5.5v5M9.8 5.5v5" stroke="currentColor" stroke-width="1.8"/>"#,
    ),
    (
        "s-ok",
        16,
        r##"<circle cx="8" cy="8" r="7" fill="currentColor"/><path d="m4.7 8.2 2.3 2.3 4.3-4.8" fill="none" stroke="#fff" stroke-width="2"/>"##,
    ),
    (
        "s-soon",
        16,
        r##"<path d="M8 1 15.5 15H.5z" fill="currentColor"/><path d="M8 6v4M8 11.7v1.3" stroke="#fff" stroke-width="1.8"/>"##,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_carries_only_the_icons_it_uses() {
        let sprite = sprite(&Icon("i-find").to_string());
        assert!(sprite.contains("i-find") && !sprite.contains("i-home"));
    }

    #[test]
    fn the_way_one_is_on_is_marked() {
        assert!(current("/personas", "/personas/x") && current("/", "/"));
        assert!(!current("/", "/personas") && !current("/persona", "/personas"));
    }

    #[test]
    fn what_was_done_survives_its_cookie() {
        for (done, code) in Done::ALL {
            assert_eq!((Done::from_code(code), done.code().as_str()), (Some(*done), *code));
        }
        for counted in [Done::PlacesOpened(24), Done::DayBlocked(0), Done::DayFreed(1)] {
            assert_eq!(Done::from_code(&counted.code()), Some(counted));
        }
        assert_eq!(Done::from_code("otra"), None);
    }
}
