//! Finding a person in the index: names in any order, CUI, birth date or file number. The index
//! shows who somebody is and nothing of their health; opening the record is another step.

use access::{Cx, Role, system};
use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::Query as Asked;
use fhir::Value;
use fhir::search::Query;
use identity::Cui;
use serde::Deserialize;

use crate::gate::{Visit, show};
use crate::pages::person::Head;
use crate::problem::{Answer, Problem};
use crate::read::identifier;
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
    none: Option<Empty>,
}

/// `GET /personas?q=…`
pub async fn find(visit: Visit, Asked(asked): Asked<Sought>) -> Answer {
    let cx = visit.cx()?;
    let sought = asked.q.unwrap_or_default().trim().chars().take(120).collect::<String>();
    let pairs = question(cx, &sought);
    let unclear = pairs.is_empty() && !sought.is_empty();
    let finder = Finder { sought, error: if unclear { t("buscar-corto").into() } else { String::new() } };
    let found = if pairs.is_empty() { Vec::new() } else { index(&visit, &pairs).await? };
    let none =
        (found.is_empty() && !pairs.is_empty()).then(|| Empty::quiet(t("buscar-nadie-titulo"), t("buscar-nadie")));
    let many = found.len() >= MOST;
    let hits = found.iter().map(|patient| hit(patient, cx)).collect();
    show(&FindPage { shell: visit.shell(t("personas-titulo")), finder, hits, many, none })
}

async fn index(visit: &Visit, pairs: &[(String, String)]) -> Result<Vec<Value>, Problem> {
    let query = Query::parse(&["Patient"], pairs).map_err(|_| Problem::Fault)?;
    let found = visit.state.access.index_search(visit.cx()?, &query).await?;
    Ok(found.iter().map(store::Stored::value).collect())
}

/// What was typed, as questions to the index that must all hold.
fn question(cx: &Cx, sought: &str) -> Vec<(String, String)> {
    if let Ok(cui) = Cui::parse(sought) {
        return vec![("identifier".into(), format!("{}|{}", system::CUI, cui.digits()))];
    }
    let mut pairs = Vec::new();
    for word in sought.split_whitespace() {
        if let Some(day) = identity::parse_date(word) {
            pairs.push(("birthdate".to_owned(), day.to_string()));
        } else if word.chars().any(|c| c.is_ascii_digit()) {
            let facility = cx.facility.as_ref().map_or("", |facility| &facility.id);
            pairs.push(("identifier".to_owned(), format!("{}|{facility}/{word}", system::FILE_NUMBER)));
        } else if word.chars().count() > 1 {
            pairs.push(("name:contains".to_owned(), word.replace(['\\', ',', '|', '$'], " ")));
        }
    }
    pairs
}

fn hit(patient: &Value, cx: &Cx) -> Hit {
    Hit {
        id: patient.id().unwrap_or_default().to_owned(),
        head: Head::of(patient, cx.now),
        cui: identifier(patient, system::CUI).unwrap_or_default().to_owned(),
    }
}

/// The roles that look people up: those that register them.
pub const SEEKERS: &[Role] =
    &[Role::Nurse, Role::Doctor, Role::Specialist, Role::CommunityWorker, Role::SocialWorker, Role::Clerk];

#[cfg(test)]
mod tests {
    use access::may_register;

    use super::*;

    fn asked(sought: &str) -> Vec<(String, String)> {
        let mut cx = Cx::system(jiff::Timestamp::UNIX_EPOCH, "r");
        let (id, name, institution) = ("f1".to_owned(), "Chicoj".to_owned(), "MSPAS".to_owned());
        cx.facility = Some(access::Facility { id, name, institution, territory: Vec::new() });
        question(&cx, sought)
    }

    #[test]
    fn what_is_typed_is_understood_in_any_order() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(asked("9900 04228 1609"), vec![pair("identifier", "urn:tejido:id:cui|9900042281609")]);
        assert_eq!(
            asked("tzub 12/03/1992 Rosa"),
            vec![pair("name:contains", "tzub"), pair("birthdate", "1992-03-12"), pair("name:contains", "Rosa")]
        );
        assert_eq!(asked("CHI-0318"), vec![pair("identifier", "urn:tejido:id:expediente|f1/CHI-0318")]);
        assert_eq!(asked("x"), vec![]);
    }

    #[test]
    fn those_who_register_look_people_up() {
        assert!(Role::ALL.iter().all(|role| SEEKERS.contains(role) == may_register(*role)));
    }
}
