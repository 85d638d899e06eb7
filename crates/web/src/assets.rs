//! The stylesheet, under an address that carries the hash of its content, so that it can be kept
//! for ever; and the icon of the window.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

use crate::Shared;

const STYLE: &str = include_str!("../styles/tejido.css");
const ICON: &str = include_str!("../templates/ui/marca.svg");
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// `/estilo/tejido-<hash>.css`.
pub static STYLE_PATH: LazyLock<String> = LazyLock::new(|| {
    let hash = Sha256::digest(STYLE);
    let short: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("/estilo/tejido-{short}.css")
});

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/estilo/{name}", get(style)).route("/favicon.svg", get(icon))
}

async fn style(Path(name): Path<String>) -> Response {
    if STYLE_PATH.strip_prefix("/estilo/") != Some(&name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, FOR_EVER)], STYLE).into_response()
}

async fn icon() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")], ICON).into_response()
}
