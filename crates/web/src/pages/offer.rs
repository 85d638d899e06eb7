//! The codes that fit a diagnosis while it is being typed. The page offers the same after it is sent.

use askama::Template;

use crate::diagnosis;
use crate::gate::{Asking, Visit, show};
use crate::problem::Answer;

#[derive(Template)]
#[template(path = "ui/codigos.html")]
struct CodesPart {
    /// Code and words.
    offered: Vec<(String, String)>,
}

/// `POST /diagnosticos/parecidos`
pub async fn ask_codes(visit: Visit, Asking(form): Asking) -> Answer {
    let codes = visit.state.codes().await?;
    show(&CodesPart { offered: diagnosis::offered(&form, &codes) })
}
