//! The network from a table: what it would do is shown row by row before anything is written; all
//! rows or none.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect};
use network::{Format, Imported, NetworkError, Planned, RowError};

use crate::form::Form;
use crate::gate::{Posted, Uploaded, Visit, mend, show};
use crate::problem::{Answer, Problem};
use crate::shell::Shell;
use crate::text::t;
use crate::{stash, ui};

const KIND: &str = "upload-network";
/// So many rows of a preview are shown; all are taken.
const SHOWN: usize = 300;

#[derive(Template)]
#[template(path = "pages/red-importar.html")]
struct ImportPage {
    shell: Shell,
    form: Form,
    mistakes: Vec<RowError>,
    columns: Vec<(&'static str, String)>,
}

fn import_page(visit: &Visit, form: Form, mistakes: Vec<RowError>) -> ImportPage {
    let columns = [
        ("codigo", t("col-codigo")),
        ("nombre", t("col-nombre")),
        ("tipo", t("col-tipo")),
        ("institucion", t("col-institucion")),
        ("municipio", t("col-municipio")),
        ("direccion", t("col-vacio")),
        ("telefono", t("col-vacio")),
        ("latitud", t("col-latitud")),
        ("longitud", t("col-longitud")),
        ("activo", t("col-activo")),
    ];
    ImportPage {
        shell: visit.shell(t("importar-titulo")).back("/red", t("est-volver")),
        form,
        mistakes,
        columns: columns.into_iter().map(|(name, words)| (name, words.into())).collect(),
    }
}

/// `GET /red/importar`
pub async fn show_import(visit: Visit) -> Answer {
    show(&import_page(&visit, Form::default(), Vec::new()))
}

/// `POST /red/importar`: the file is read and kept; nothing of it is written.
pub async fn upload(visit: Visit, Uploaded { mut form, file }: Uploaded) -> Answer {
    if file.is_empty() {
        form.error("archivo", t("importar-falta"));
        return mend(&import_page(&visit, form, Vec::new()));
    }
    match plan(&visit, &file).await {
        Ok(rows) if rows.is_empty() => {
            form.error("archivo", t("importar-vacio"));
            mend(&import_page(&visit, form, Vec::new()))
        }
        Ok(_) => {
            let key = stash::keep(&visit, KIND, file).await?;
            Ok(Redirect::to(&format!("/red/importar/{key}")).into_response())
        }
        Err(error) => wrong(&visit, form, error),
    }
}

async fn plan(visit: &Visit, file: &[u8]) -> Result<Vec<Planned>, NetworkError> {
    let live = visit.state.network().await.map_err(access::AccessError::from)?;
    let cx = visit.cx().map_err(|_| access::AccessError::Unauthenticated)?;
    live.with(|directory| network::plan(cx, directory, file, Format::of(file)))
}

fn wrong(visit: &Visit, mut form: Form, error: NetworkError) -> Answer {
    let mistakes = match error {
        NetworkError::Table(problem) => {
            form.error("archivo", t("red-mal").with("que", problem));
            Vec::new()
        }
        NetworkError::Rows(mistakes) => {
            form.error("archivo", t("importar-con-errores").with("n", mistakes.len()));
            mistakes
        }
        other => return Err(other.into()),
    };
    mend(&import_page(visit, form, mistakes))
}

struct Row {
    row: usize,
    code: String,
    name: String,
    tag: ui::Tag,
    changed: String,
}

#[derive(Template)]
#[template(path = "pages/red-revisar.html")]
struct ReviewPage {
    shell: Shell,
    key: String,
    counts: Imported,
    rows: Vec<Row>,
    more: usize,
}

/// `GET /red/importar/{clave}`: what the file would do now.
pub async fn show_review(visit: Visit, Path(key): Path<String>) -> Answer {
    let file = stash::find(&visit, KIND, &key).await?;
    let plan = match plan(&visit, &file.value).await {
        Ok(plan) => plan,
        Err(error) => return wrong(&visit, Form::default(), error),
    };
    let counts = Imported::of(&plan);
    let acting: Vec<&Planned> = plan.iter().filter(|one| !one.changed.is_empty()).collect();
    let rows = acting.iter().take(SHOWN).map(|one| Row {
        row: one.row,
        code: one.facility.code.clone(),
        name: one.facility.name.clone(),
        tag: match one.new {
            true => ui::Tag::new(ui::Tone::Good, t("importar-nuevo")),
            false => ui::Tag::new(ui::Tone::Info, t("importar-cambia")),
        },
        changed: if one.new { String::new() } else { one.changed.join(", ") },
    });
    show(&ReviewPage {
        shell: visit.shell(t("importar-titulo")).back("/red/importar", t("importar-otro")),
        key,
        counts,
        rows: rows.collect(),
        more: acting.len().saturating_sub(SHOWN),
    })
}

/// `POST /red/importar/{clave}`: all rows or none.
pub async fn confirm(visit: Visit, Path(key): Path<String>, Posted(form): Posted) -> Answer {
    let file = stash::find(&visit, KIND, &key).await?;
    let directory = visit.state.network().await?.with(network::Directory::clone);
    let format = Format::of(&file.value);
    match network::import(&visit.state.access, visit.cx()?, &directory, &file.value, format).await {
        Ok(Imported { created, updated, unchanged }) => {
            stash::take(&visit, KIND, &file).await?;
            let place = format!("/red/importar/hecho?nuevos={created}&cambiados={updated}&iguales={unchanged}");
            Ok(Redirect::to(&place).into_response())
        }
        Err(error) => wrong(&visit, form, error),
    }
}

#[derive(Template)]
#[template(path = "pages/red-importada.html")]
struct DonePage {
    shell: Shell,
    counts: Imported,
}

/// `GET /red/importar/hecho`: how many rows did what.
pub async fn show_done(visit: Visit, Query(pairs): Query<Vec<(String, String)>>) -> Answer {
    let form = Form::new(pairs);
    let count = |name: &str| form.get(name).parse().map_err(|_| Problem::NotFound);
    let counts = Imported { created: count("nuevos")?, updated: count("cambiados")?, unchanged: count("iguales")? };
    show(&DonePage { shell: visit.shell(t("importar-titulo")).back("/red", t("est-volver")), counts })
}
