//! When a page can't be given: the reason in Spanish, what to do next, and nothing of the inside.
//! Whoever had sent a form finds on the page what was typed.
//! What may not be seen and what is not there are answered alike.

use access::AccessError;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use care::govern::Breach;
use store::Kind;

use crate::form::Form;
use crate::gate::Visit;
use crate::keep::Kept;
use crate::shell::{Shell, answer, respond};
use crate::text::{Text, t};

/// What a handler gives: the answer, or why there is none.
pub type Answer = Result<Response, Problem>;

/// Why a page can't be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is not there, or may not be seen.
    NotFound,
    /// The same, while no referral of these institutions is seen for want of an agreement.
    Unshared(String),
    /// It was deleted.
    Gone,
    /// The role may not do this.
    Forbidden,
    /// The form did not come from our page, or its page is too old.
    Unsealed,
    /// The same form is being written right now.
    Twice,
    /// The same form was taken before and led there.
    Again(String),
    /// The page was sent before and led there; what was changed on it since is not taken.
    Sent(String),
    /// What the page showed has changed since.
    Stale,
    /// The same, with how it stands now.
    Moved(Present),
    /// The same form was taken before, and this page was its answer.
    Shown(String),
    /// A rule of care forbids it.
    Rule(Breach),
    /// The form is larger than is taken, or can't be read.
    TooLarge,
    /// A request that no page of ours makes.
    Unreadable,
    /// It did not arrive, or was not answered, in time.
    Slow,
    /// Too many tries, or too much to do: again in so many seconds.
    Busy(u64),
    /// A person's record that opens only with a written reason: the person's id.
    ReasonNeeded(String),
    /// Looks at records can't be written down, so none is shown.
    Untraced,
    /// Something is broken here.
    Fault,
}

/// How what a page showed stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// In words.
    pub lines: Vec<String>,
    /// Where it is shown.
    pub place: String,
    /// The version with which the same form can be sent again, where it still fits.
    pub version: Option<u64>,
}

/// The rule that forbids it, and what to do.
pub fn reason(breach: Breach) -> Text {
    match breach {
        Breach::DangerSigns => t("regla-senales"),
        Breach::OpenFollowUp => t("regla-tarea-abierta"),
        Breach::Unheard => t("regla-objecion"),
        Breach::NotYours => t("regla-funcion"),
        Breach::Unshared => t("regla-sin-acuerdo"),
        Breach::TooEarly => t("regla-temprano"),
        Breach::Appointment => t("regla-cita"),
        Breach::Move => t("regla-paso"),
        Breach::Other => t("regla-otra"),
    }
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::Unshared(_) => StatusCode::NOT_FOUND,
            Self::Gone => StatusCode::GONE,
            Self::Forbidden | Self::Unsealed | Self::ReasonNeeded(_) => StatusCode::FORBIDDEN,
            Self::Twice | Self::Stale | Self::Moved(_) | Self::Rule(_) | Self::Again(_) | Self::Sent(_) => {
                StatusCode::CONFLICT
            }
            Self::Shown(_) => StatusCode::OK,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Busy(_) | Self::Untraced => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn words(&self) -> (Text, Text) {
        match self {
            Self::NotFound => (t("no-esta-titulo"), t("no-esta")),
            Self::Unshared(with) => (t("no-esta-titulo"), t("no-esta-acuerdo").with("cual", with)),
            Self::Gone => (t("borrado-titulo"), t("borrado")),
            Self::Forbidden | Self::ReasonNeeded(_) => (t("no-puede-titulo"), t("no-puede")),
            Self::Unsealed => (t("sin-sello-titulo"), t("sin-sello")),
            Self::Twice | Self::Again(_) | Self::Shown(_) => (t("dos-veces-titulo"), t("dos-veces")),
            Self::Sent(_) => (t("ya-enviada-titulo"), t("ya-enviada")),
            Self::Stale | Self::Moved(_) => (t("cambio-titulo"), t("cambio")),
            Self::Rule(breach) => (t("regla-titulo"), t("regla").with("razon", reason(*breach))),
            Self::TooLarge => (t("muy-grande-titulo"), t("muy-grande")),
            Self::Unreadable => (t("ilegible-titulo"), t("ilegible")),
            Self::Slow => (t("tarde-titulo"), t("tarde")),
            Self::Busy(seconds) => (t("ocupado-titulo"), t("ocupado").with("n", *seconds)),
            Self::Untraced => (t("sin-rastro-titulo"), t("sin-rastro")),
            Self::Fault => (t("falla-titulo"), t("falla")),
        }
    }
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::NotFound => Self::NotFound,
            Kind::Gone => Self::Gone,
            Kind::Conflict | Kind::Stale => Self::Stale,
            Kind::Rule => Self::Rule(Breach::Other),
            Kind::Invalid => Self::Unreadable,
            Kind::Unauthenticated | Kind::Forbidden => Self::Forbidden,
            Kind::Busy | Kind::Timeout => Self::Busy(5),
            Kind::Fault => Self::Fault,
        }
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::ReasonNeeded { patient } => Self::ReasonNeeded(patient),
            AccessError::Store(store::StoreError::AuditUnavailable(_)) => Self::Untraced,
            AccessError::TooMany { seconds } => Self::Busy(seconds),
            AccessError::Rule(issues) => Self::Rule(Breach::of(&issues)),
            other => {
                if other.kind() == Kind::Fault {
                    tracing::error!(error = %other, "a page failed");
                }
                other.kind().into()
            }
        }
    }
}

impl From<care::CareError> for Problem {
    fn from(error: care::CareError) -> Self {
        if let Some(breach) = Breach::behind(&error) {
            return Self::Rule(breach);
        }
        match error {
            care::CareError::Access(error) => error.into(),
            care::CareError::Transition(_) => Self::Stale,
            other => other.kind().into(),
        }
    }
}

impl From<identity::IdentityError> for Problem {
    fn from(error: identity::IdentityError) -> Self {
        match error {
            identity::IdentityError::Access(error) => error.into(),
            identity::IdentityError::Store(error) => error.into(),
            other => other.kind().into(),
        }
    }
}

impl From<network::NetworkError> for Problem {
    fn from(error: network::NetworkError) -> Self {
        match error {
            network::NetworkError::Access(error) => error.into(),
            other => other.kind().into(),
        }
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        AccessError::from(error).into()
    }
}

#[derive(Template)]
#[template(path = "pages/problema.html")]
struct ProblemPage {
    shell: Shell,
    heading: Text,
    words: Text,
    now: Option<Present>,
    /// What was typed, to be read and copied.
    typed: Vec<String>,
    /// Everything that the form held, to be sent again as it is.
    again: Vec<(String, String)>,
    action: String,
}

impl ProblemPage {
    fn of(problem: &Problem, shell: Shell) -> Self {
        let (heading, words) = problem.words();
        let now = match problem {
            Problem::Moved(now) => Some(now.clone()),
            Problem::Sent(place) => Some(Present { lines: Vec::new(), place: place.clone(), version: None }),
            _ => None,
        };
        Self { shell, heading, words, now, typed: Vec::new(), again: Vec::new(), action: String::new() }
    }

    fn answer(&self, problem: &Problem) -> Response {
        let mut response = respond(self);
        *response.status_mut() = problem.status();
        response
    }
}

impl Problem {
    /// Whether the same form may be taken when it is sent again as it is: nothing of it was done.
    fn passes(&self) -> bool {
        match self {
            Self::Moved(now) => now.version.is_some(),
            Self::Busy(_) | Self::Untraced => true,
            _ => false,
        }
    }

    /// Tells it to whoever sent a form: what was typed stays on the page.
    pub fn with_form(&self, visit: &Visit, form: &Form) -> Response {
        let mut page = ProblemPage::of(self, visit.shell(self.words().0));
        page.typed = form.pairs().iter().filter(|pair| typed(pair)).map(|(_, value)| value.clone()).collect();
        if self.passes() {
            let version = page.now.as_ref().and_then(|now| now.version);
            let newest = |(name, value): (String, String)| match version.filter(|_| name == "version") {
                Some(version) => (name, version.to_string()),
                None => (name, value),
            };
            page.again = Kept::of(&visit.path, form).pairs.into_iter().map(newest).collect();
            page.action.clone_from(&visit.path);
        }
        page.answer(self)
    }
}

/// Whether somebody may have typed this: no code of a list, no number of ours.
fn typed((name, value): &(String, String)) -> bool {
    let code = |letter: char| letter.is_ascii_lowercase() || letter == '-';
    let ours = name.starts_with('_') || name.starts_with("clave");
    !ours
        && !["version", "cola", "borrador", "visita", "hoja", "codigo", "secreto"].contains(&name.as_str())
        && !value.chars().all(code)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match &self {
            Self::Again(place) => return Redirect::to(place).into_response(),
            Self::Shown(page) => return answer(page.clone()),
            _ => {}
        }
        let mut response = ProblemPage::of(&self, Shell::bare(self.words().0)).answer(&self);
        response.extensions_mut().insert(self);
        response
    }
}

/// The answer to a request that did not come to its end in time.
pub fn timed_out() -> Response {
    Problem::Slow.into_response()
}
