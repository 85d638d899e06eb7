//! What becomes of the referrals, as numbers: all that advisers and programme staff see of people.

use access::{Role, Tally};
use askama::Template;
use axum::extract::Query;
use axum::http::header;
use axum::response::IntoResponse;
use care::referral::figures::{Figures, figures};
use jiff::civil::Date;
use network::{Filter, Format, territory};

use crate::form::{Field, Form};
use crate::format::date_time;
use crate::gate::{Visit, percent, show};
use crate::problem::{Answer, Problem};
use crate::shell::Shell;
use crate::text::{Text, t};

/// Who sees numbers only.
pub const READERS: &[Role] = &[Role::Adviser];

struct MonthRow {
    first: Date,
    sent: Text,
    attended: Text,
    closed: Text,
}

#[derive(Template)]
#[template(path = "pages/cifras.html")]
struct FiguresPage {
    shell: Shell,
    now: String,
    area: Field,
    csv: String,
    months: Vec<MonthRow>,
    states: Vec<(&'static str, Text)>,
}

fn told(tally: Tally) -> Text {
    match tally {
        Tally::None => t("cifras-ninguna"),
        Tally::Few => t("cifras-pocas"),
        Tally::About(many) => t("cifras-unas").with("n", many),
    }
}

/// The department that an address asks for, and what becomes of the referrals from its facilities.
async fn asked(visit: &Visit, form: &Form) -> Result<(Option<String>, Figures), Problem> {
    let cx = visit.cx()?;
    let departments = &territory().departments;
    let code = departments.iter().map(|one| one.code.clone()).find(|code| code == form.get("departamento"));
    let live = visit.state.network().await?;
    let from = code.as_ref().map(|code| {
        let filter = Filter { area: Some(code.clone()), ..Filter::default() };
        live.with(|directory| directory.list(&filter).iter().map(|one| one.id()).collect::<Vec<_>>())
    });
    let found = figures(&visit.state.access, cx, from.as_deref()).await?;
    Ok((code, found))
}

/// `GET /cifras`
pub async fn show_figures(visit: Visit, Query(pairs): Query<Vec<(String, String)>>) -> Answer {
    let form = Form::new(pairs);
    let (code, found) = asked(&visit, &form).await?;
    let departments = territory().departments.iter().map(|one| (one.code.clone(), one.name.clone()));
    let all = std::iter::once((String::new(), t("cifras-pais").to_string()));
    let month = |one: &care::referral::figures::Month| MonthRow {
        first: one.first,
        sent: told(one.sent),
        attended: told(one.attended),
        closed: told(one.closed),
    };
    show(&FiguresPage {
        shell: visit.shell(t("cifras-titulo")),
        now: date_time(visit.cx()?.now),
        area: form.select("departamento", t("red-departamento"), &all.chain(departments).collect::<Vec<_>>()),
        csv: code
            .map_or_else(|| "/cifras.csv".to_owned(), |code| format!("/cifras.csv?departamento={}", percent(&code))),
        months: found.months.iter().map(month).collect(),
        states: found.phases.iter().map(|(phase, tally)| (phase.label(), told(*tally))).collect(),
    })
}

/// `GET /cifras.csv`: the same numbers; what is from one to four stands as `1-4`.
pub async fn as_csv(visit: Visit, Query(pairs): Query<Vec<(String, String)>>) -> Answer {
    let (code, found) = asked(&visit, &Form::new(pairs)).await?;
    let area = code.unwrap_or_else(|| "gt".to_owned());
    let number = |tally: Tally| match tally {
        Tally::None => "0".to_owned(),
        Tally::Few => "1-4".to_owned(),
        Tally::About(many) => many.to_string(),
    };
    let row =
        |measure: &str, period: String, tally: Tally| vec![area.clone(), measure.to_owned(), period, number(tally)];
    let now = fhir::zone::local(visit.cx()?.now).date().to_string();
    let mut rows = vec![["area", "medida", "periodo", "cantidad"].map(str::to_owned).to_vec()];
    for one in &found.months {
        let period = one.first.strftime("%Y-%m").to_string();
        let measures = [("enviadas", one.sent), ("atendidas", one.attended), ("cerradas", one.closed)];
        rows.extend(measures.map(|(measure, tally)| row(measure, period.clone(), tally)));
    }
    rows.extend(found.phases.iter().map(|(phase, tally)| row(phase.code(), now.clone(), *tally)));
    let bytes = network::write_sheet(rows.into_iter(), Format::Csv).map_err(|error| Problem::from(error.kind()))?;
    let name = "attachment; filename=\"cifras.csv\"";
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, name)], bytes)
        .into_response())
}
