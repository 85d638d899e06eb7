//! Finding a person in the index: names in any order, CUI, birth date or file number. The index
//! shows who somebody is and nothing of their health; opening the record is another step.

use access::Role;
use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect};
use identity::{Find, PersonCard};
use serde::Deserialize;

use crate::gate::{Visit, percent, show};
use crate::pages::code::led_by;
use crate::pages::person::Head;
use crate::problem::Answer;
use crate::shell::Shell;
use crate::text::t;
use crate::ui::Empty;

/// The index never shows more.
const MOST: usize = 20;

/// What is looked for.
#[derive(Deserialize)]
pub struct Sought {
    q: Option<String>,
}

/// The box that finds a person, on this page and on the first one.
#[derive(Default, Template)]
#[template(path = "ui/buscar.html")]
pub struct Finder {
    sought: String,
    error: String,
}

impl HtmlSafe for Finder {}

struct Hit {
    id: String,
    head: Head,
    cui: String,
}

#[derive(Template)]
#[template(path = "pages/personas.html")]
struct FindPage {
    shell: Shell,
    finder: Finder,
    hits: Vec<Hit>,
    many: bool,
    /// Where whoever is not in the list is registered.
    register: String,
    none: Option<Empty>,
}

/// `GET /personas?q=…`
pub async fn find(visit: Visit, Query(typed): Query<Sought>) -> Answer {
    let cx = visit.cx()?;
    let sought = typed.q.unwrap_or_default().trim().chars().take(120).collect::<String>();
    if let Some(place) = led_by(&visit, &sought).await? {
        return Ok(Redirect::to(&place).into_response());
    }
    let asked = Find::parse(&sought);
    let register = format!(
        "/personas/registrar{}",
        if sought.is_empty() { String::new() } else { format!("?q={}", percent(&sought)) }
    );
    let found = identity::find(&visit.state.access, &visit.state.people, cx, &asked).await?;
    let error = match &asked.misread {
        Some(day) if found.is_empty() => t("buscar-fecha-no-existe").with("fecha", day.clone()).into(),
        _ if asked.is_empty() && !sought.is_empty() => t("buscar-corto").into(),
        _ => String::new(),
    };
    let nobody = Empty {
        act: Some((register.clone(), t("reg-esta").into())),
        ..Empty::quiet(t("buscar-nadie-titulo"), t("buscar-nadie"))
    };
    let none = (found.is_empty() && !asked.is_empty() && error.is_empty()).then_some(nobody);
    let finder = Finder { sought, error };
    let many = found.len() >= MOST;
    let hits = found.into_iter().map(hit).collect();
    show(&FindPage { shell: visit.shell(t("personas-titulo")), finder, hits, many, register, none })
}

fn hit(card: PersonCard) -> Hit {
    Hit { head: Head::of_card(&card), id: card.id, cui: card.cui }
}

/// The roles that look people up: those that register them.
pub const SEEKERS: &[Role] =
    &[Role::Nurse, Role::Doctor, Role::Specialist, Role::CommunityWorker, Role::SocialWorker, Role::Clerk];

#[cfg(test)]
mod tests {
    use access::may_register;

    use super::*;

    #[test]
    fn those_who_register_look_people_up() {
        assert!(Role::ALL.iter().all(|role| SEEKERS.contains(role) == may_register(*role)));
    }
}
