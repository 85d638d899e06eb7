//! The network: its map with a table, and the list of its facilities with filters.

use askama::Template;
use axum::extract::Query;
use axum::http::header;
use axum::response::IntoResponse;
use network::{Directory, Facility, Filter, Format, Level, territory};

use crate::form::{Field, Form};
use crate::gate::{Visit, percent, show};
use crate::pages::facility_edit;
use crate::pages::map::{Map, area_of};
use crate::problem::{Answer, Problem};
use crate::shell::Shell;
use crate::text::{Text, t};
use crate::ui::{Empty, Pages};

/// Rows of one page of a list.
pub const ROWS: usize = 25;
/// The fields of the filter, as an address carries them.
const FIELDS: [&str; 4] = ["q", "institucion", "tipo", "departamento"];

struct Row {
    id: String,
    name: String,
    synthetic: bool,
    active: bool,
    type_name: String,
    institution: String,
    municipality: String,
    placed: bool,
}

#[derive(Template)]
#[template(path = "pages/red.html")]
struct NetworkPage {
    shell: Shell,
    total: usize,
    filters: Vec<Field>,
    filtered: bool,
    csv: String,
    xlsx: String,
    rows: Vec<Row>,
    pages: Pages,
    none: Option<Empty>,
    map: Map,
    edits: bool,
}

/// `GET /red`
pub async fn show_network(visit: Visit, Query(pairs): Query<Vec<(String, String)>>) -> Answer {
    let form = Form::new(pairs);
    let live = visit.state.network().await?;
    let page = live.with(|directory| {
        let filter = filter_of(&form);
        let found = directory.list(&filter);
        let at = page_of(&form, found.len());
        let rows = found.iter().skip(at * ROWS).take(ROWS).map(|one| row(directory, one)).collect();
        NetworkPage {
            shell: visit.shell(t("red-titulo")),
            total: found.len(),
            filters: filters(directory, &form),
            filtered: FIELDS.iter().any(|field| !form.get(field).is_empty()),
            csv: address("/red.csv", &form, &FIELDS, None),
            xlsx: address("/red.xlsx", &form, &FIELDS, None),
            rows,
            pages: pages("/red", &form, &FIELDS, found.len()),
            none: found.is_empty().then(|| Empty::quiet(t("red-nada-titulo"), t("red-nada"))),
            edits: visit.role().is_some_and(|role| facility_edit::EDITORS.contains(&role)),
            map: Map::of(directory, &found, filter.area.as_deref()),
        }
    });
    show(&page)
}

/// `GET /red.csv`: the facilities of the filter as comma-separated text.
pub async fn as_csv(visit: Visit, Query(pairs): Query<Vec<(String, String)>>) -> Answer {
    let kind = "text/csv; charset=utf-8";
    table(&visit, &Form::new(pairs), Format::Csv, (kind, "attachment; filename=\"red.csv\"")).await
}

/// `GET /red.xlsx`: the facilities of the filter as a workbook.
pub async fn as_xlsx(visit: Visit, Query(pairs): Query<Vec<(String, String)>>) -> Answer {
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    table(&visit, &Form::new(pairs), Format::Xlsx, (kind, "attachment; filename=\"red.xlsx\"")).await
}

async fn table(visit: &Visit, form: &Form, format: Format, (kind, name): (&'static str, &'static str)) -> Answer {
    let live = visit.state.network().await?;
    let bytes = live.with(|directory| network::export(directory, &directory.list(&filter_of(form)), format));
    let bytes = bytes.map_err(|error| Problem::from(error.kind()))?;
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], bytes).into_response())
}

/// The filter that an address asks for.
pub fn filter_of(form: &Form) -> Filter {
    let chosen = |name: &str| Some(form.get(name).to_owned()).filter(|value| !value.is_empty());
    Filter {
        institution: chosen("institucion"),
        type_code: chosen("tipo"),
        area: chosen("departamento"),
        text: form.get("q").chars().take(120).collect(),
    }
}

fn filters(directory: &Directory, form: &Form) -> Vec<Field> {
    let mut institutions: Vec<&str> = directory.facilities().map(|one| one.institution.as_str()).collect();
    institutions.sort_unstable();
    institutions.dedup();
    let institutions = institutions.into_iter().map(|code| (code.to_owned(), code.to_owned()));
    let types = territory().types.iter().map(|one| (one.code.clone(), one.name.clone()));
    let departments = territory().departments.iter().map(|one| (one.code.clone(), one.name.clone()));
    let all = |words: Text| std::iter::once((String::new(), words.to_string()));
    vec![
        form.line("q", t("red-palabras")),
        form.select("institucion", t("red-institucion"), &all(t("red-todas")).chain(institutions).collect::<Vec<_>>()),
        form.select("tipo", t("red-tipo"), &all(t("red-todos")).chain(types).collect::<Vec<_>>()),
        form.select("departamento", t("red-departamento"), &all(t("red-todos")).chain(departments).collect::<Vec<_>>()),
    ]
}

fn row(directory: &Directory, facility: &Facility) -> Row {
    let municipality = area_of(directory, facility, Level::Municipality);
    Row {
        id: facility.id(),
        name: facility.name.clone(),
        synthetic: facility.synthetic,
        active: facility.active,
        type_name: facility.type_name().to_owned(),
        institution: facility.institution.clone(),
        municipality: municipality.map(|place| place.name.clone()).unwrap_or_default(),
        placed: facility.position.is_some(),
    }
}

/// The page asked for, from 0, at most the last one.
pub fn page_of(form: &Form, total: usize) -> usize {
    let asked = form.get("pagina").parse::<usize>().unwrap_or(1).max(1) - 1;
    asked.min(total.saturating_sub(1) / ROWS)
}

/// An address with these fields of a form.
pub fn address(path: &str, form: &Form, fields: &[&str], page: Option<usize>) -> String {
    let filled = fields.iter().filter(|field| !form.get(field).is_empty());
    let mut query: Vec<String> = filled.map(|field| format!("{field}={}", percent(form.get(field)))).collect();
    query.extend(page.map(|page| format!("pagina={page}")));
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// Where in a list one is.
pub fn pages(path: &str, form: &Form, fields: &[&str], total: usize) -> Pages {
    let at = page_of(form, total);
    let until = total.min((at + 1) * ROWS);
    let shown = t("red-rango").with("desde", total.min(at * ROWS + 1)).with("hasta", until).with("total", total);
    Pages {
        shown: shown.into(),
        previous: (at > 0).then(|| address(path, form, fields, Some(at))),
        next: (until < total).then(|| address(path, form, fields, Some(at + 2))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_beyond_the_last_is_the_last() {
        let form = |page: &str| Form::new(vec![("pagina".into(), page.into()), ("q".into(), "san josé".into())]);
        assert_eq!(page_of(&form("9"), 60), 2);
        assert_eq!(page_of(&form("0"), 60), 0);
        assert_eq!(page_of(&form("x"), 0), 0);
        let pages = pages("/red", &form("2"), &FIELDS, 60);
        assert_eq!(pages.shown, "26 a 50 de 60");
        assert_eq!(pages.next.as_deref(), Some("/red?q=san%20jos%C3%A9&pagina=3"));
    }
}
