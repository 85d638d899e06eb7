//! A form whose session had ended is not lost: what was typed travels with the login page, in the
//! browser that typed it, and is sent with one button after the login. It is kept only if it
//! carried the seal of the ended session, so nobody else can plant one; passwords are never kept.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::form::Form;

const PATH: &str = "_ruta";
const PREFIX: &str = "_dato.";

/// A form that waits for the login.
#[derive(Clone, Debug, Default, Template)]
#[template(
    source = r#"{% if !path.is_empty() %}<input type="hidden" name="_ruta" value="{{ path }}">{% for (name, value) in pairs %}<input type="hidden" name="_dato.{{ name }}" value="{{ value }}">{% endfor %}{% endif %}"#,
    ext = "html"
)]
pub struct Kept {
    /// Where it goes.
    pub path: String,
    /// What was typed.
    pub pairs: Vec<(String, String)>,
}

impl HtmlSafe for Kept {}

impl Kept {
    /// Keeps a form that was on its way to `path`.
    pub fn of(path: &str, form: &Form) -> Self {
        let pairs = form.pairs().iter().filter(|(name, _)| !ours(name)).cloned().collect();
        Self { path: path.to_owned(), pairs }
    }

    /// The form that came along with a login form, if one did.
    pub fn along(form: &Form) -> Self {
        let path = inside(form.raw(PATH)).unwrap_or_default();
        let strip = |(name, value): &(String, String)| {
            let name = name.strip_prefix(PREFIX).filter(|name| !ours(name))?;
            Some((name.to_owned(), value.clone()))
        };
        Self { path, pairs: form.pairs().iter().filter_map(strip).collect() }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.path.is_empty()
    }
}

/// Fields that belong to one showing of a form or to the login, and secrets.
fn ours(name: &str) -> bool {
    ["_sello", "_una", "_seguir", "_paso", PATH].contains(&name)
        || name.starts_with(PREFIX)
        || name.starts_with("clave")
}

/// A path of ours, never another place's address.
pub fn inside(path: &str) -> Option<String> {
    // Browsers drop tabs and line breaks from an address: `/<tab>/elsewhere` would be `//elsewhere`.
    let odd = |letter: char| letter == '\\' || letter.is_control() || letter.is_whitespace();
    let ours = path.starts_with('/') && !path.starts_with("//") && !path.contains(odd);
    ours.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_comes_through_the_login_without_passwords() {
        let typed = Form::new(vec![
            ("_sello".into(), "s".into()),
            ("motivo".into(), "Anemia".into()),
            ("_dia".into(), "2026-11-24".into()),
            ("clave-nueva".into(), "secreta".into()),
        ]);
        let kept = Kept::of("/x", &typed);
        let html = kept.to_string();
        assert!(html.contains(r#"name="_dato.motivo" value="Anemia""#) && !html.contains("secreta"), "{html}");
        assert!(html.contains(r#"name="_dato._dia" value="2026-11-24""#), "the day that the sheet showed: {html}");
        let along = Kept::along(&Form::new(vec![
            ("_ruta".into(), "/x".into()),
            ("_dato.motivo".into(), "Anemia".into()),
            ("_dato._sello".into(), "planted".into()),
            ("usuario".into(), "ana".into()),
        ]));
        assert_eq!(along.pairs, vec![("motivo".to_owned(), "Anemia".to_owned())]);
    }

    #[test]
    fn the_way_on_never_leads_elsewhere() {
        for path in ["https://x", "//x", "/\\x", "x", "", "/\t/x", "/\0/x", "/\u{85}/x", "/ /x"] {
            assert_eq!(inside(path), None, "{path}");
        }
        assert_eq!(inside("/personas?q=a").as_deref(), Some("/personas?q=a"));
    }
}
