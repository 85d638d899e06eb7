//! A role's first page: what waits for it.

use askama::Template;

use crate::format::{full_date_in_words, local};
use crate::gate::{Visit, show};
use crate::pages::find::{Finder, SEEKERS};
use crate::problem::Answer;
use crate::shell::Shell;
use crate::text::{Text, t};
use crate::ui::Empty;

#[derive(Template)]
#[template(path = "pages/inicio.html")]
struct Home {
    shell: Shell,
    today: Text,
    finder: Option<Finder>,
    empty: Empty,
}

/// `GET /`
pub async fn show_home(visit: Visit) -> Answer {
    let today = full_date_in_words(local(visit.cx()?.now).date());
    let finder = visit.role().is_some_and(|role| SEEKERS.contains(&role)).then(Finder::default);
    let empty = Empty::quiet(t("inicio-nada-titulo"), t("inicio-nada"));
    show(&Home { shell: visit.shell(t("inicio-titulo")), today, finder, empty })
}
