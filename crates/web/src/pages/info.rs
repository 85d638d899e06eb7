//! What anybody may read: accessibility, privacy, help.

use askama::Template;

use crate::gate::{Visit, show};
use crate::problem::Answer;
use crate::shell::Shell;
use crate::text::t;

#[derive(Template)]
#[template(path = "pages/accesibilidad.html")]
struct Accessibility {
    shell: Shell,
}

/// `GET /accesibilidad`
pub async fn accessibility(visit: Visit) -> Answer {
    show(&Accessibility { shell: visit.shell(t("accesibilidad")) })
}

#[derive(Template)]
#[template(path = "pages/privacidad.html")]
struct Privacy {
    shell: Shell,
}

/// `GET /privacidad`
pub async fn privacy(visit: Visit) -> Answer {
    show(&Privacy { shell: visit.shell(t("privacidad")) })
}

#[derive(Template)]
#[template(path = "pages/ayuda.html")]
struct Help {
    shell: Shell,
}

/// `GET /ayuda`
pub async fn help(visit: Visit) -> Answer {
    show(&Help { shell: visit.shell(t("ayuda")) })
}
