//! The stylesheet and the script, under addresses that carry the hash of their content, so that they
//! can be kept for ever; and the icon of the window. The script is an aid: every page works without.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

use crate::Shared;

const STYLE: &str = include_str!("../styles/tejido.css");
const SCRIPT: &str = include_str!("../islands/typing.js");
const ICON: &str = include_str!("../templates/ui/marca.svg");
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// `/estilo/tejido-<hash>.css`.
pub static STYLE_PATH: LazyLock<String> = LazyLock::new(|| named("/estilo", STYLE, "css"));
/// `/guion/tejido-<hash>.js`.
pub static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| named("/guion", SCRIPT, "js"));

fn named(folder: &str, content: &str, ending: &str) -> String {
    let hash = Sha256::digest(content);
    let short: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{folder}/tejido-{short}.{ending}")
}

pub(crate) fn router() -> Router<Arc<Shared>> {
    let style = |name| kept(name, &STYLE_PATH, ("text/css; charset=utf-8", STYLE));
    let script = |name| kept(name, &SCRIPT_PATH, ("text/javascript; charset=utf-8", SCRIPT));
    Router::new()
        .route("/estilo/{name}", get(style))
        .route("/guion/{name}", get(script))
        .route("/favicon.svg", get(icon))
}

async fn kept(Path(name): Path<String>, path: &str, (kind, content): (&'static str, &'static str)) -> Response {
    if path.rsplit('/').next() != Some(&name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, FOR_EVER)], content).into_response()
}

async fn icon() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")], ICON).into_response()
}
