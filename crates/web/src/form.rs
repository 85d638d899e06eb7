//! Forms: what was typed, what is wrong with it beside its field, and the fields themselves.
//!
//! A page reads a [`Form`] with checks that note an error and keep what was typed; when the form is
//! not [`Form::ok`], the page is shown again from the same value. Order of a field: label, hint,
//! error, control; the summary on top leads to each faulty field.

use std::fmt::Display;

use askama::Template;
use askama::filters::HtmlSafe;
use jiff::civil::Date;

use crate::text::{Text, t};

/// A form as it was typed, with what is wrong.
#[derive(Clone, Debug, Default)]
pub struct Form {
    pairs: Vec<(String, String)>,
    errors: Vec<(&'static str, String)>,
}

impl Form {
    /// From the pairs as they were sent.
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self { pairs, errors: Vec::new() }
    }

    /// Everything as it was sent.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// What was typed, as it was typed; empty when the field was not sent.
    pub fn raw(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// What was typed, without blanks around it.
    pub fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// Every value of a field that may be ticked more than once.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether that value was ticked.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.pairs.iter().any(|(key, found)| key == name && found == value)
    }

    /// Puts a value in, for what is known before anything is typed.
    pub fn set(&mut self, name: &str, value: impl ToString) {
        self.pairs.retain(|(key, _)| key != name);
        self.pairs.push((name.to_owned(), value.to_string()));
    }

    /// Adds one more value to a field that may be ticked more than once.
    pub fn add(&mut self, name: &str, value: impl ToString) {
        self.pairs.push((name.to_owned(), value.to_string()));
    }

    /// Notes what is wrong with a field and how to mend it.
    pub fn error(&mut self, name: &'static str, text: Text) {
        if self.error_of(name).is_none() {
            self.errors.push((name, text.to_string()));
        }
    }

    /// A text that must be there: `missing` says what to do; at most `max` characters.
    pub fn required(&mut self, name: &'static str, max: usize, missing: Text) -> String {
        let value = self.optional(name, max);
        if value.is_empty() && self.error_of(name).is_none() {
            self.error(name, missing);
        }
        value
    }

    /// A text that may be left out; at most `max` characters.
    pub fn optional(&mut self, name: &'static str, max: usize) -> String {
        let value = self.get(name).to_owned();
        if value.chars().count() > max {
            self.error(name, t("campo-largo").with("n", max));
        }
        value
    }

    /// A day as `24/11/2026`, if one was typed.
    pub fn date(&mut self, name: &'static str) -> Option<Date> {
        let typed = self.get(name).to_owned();
        let date = identity::parse_date(&typed);
        if date.is_none() && !typed.is_empty() {
            self.error(name, t("campo-fecha"));
        }
        date
    }

    /// Puts what is wrong into the order of the fields of the page.
    pub fn in_order(&mut self, fields: &[&str]) {
        let at = |name: &str| fields.iter().position(|field| *field == name).unwrap_or(fields.len());
        self.errors.sort_by_key(|(name, _)| at(name));
    }

    /// Whether nothing is wrong.
    pub fn ok(&self) -> bool {
        self.errors.is_empty()
    }

    /// What is wrong with a field.
    pub fn error_of(&self, name: &str) -> Option<&str> {
        self.errors.iter().find(|(key, _)| *key == name).map(|(_, text)| text.as_str())
    }

    /// The summary for the top of the page; nothing when all is well.
    pub fn summary(&self) -> Summary {
        Summary { errors: self.errors.clone() }
    }

    /// A line to type in.
    pub fn line(&self, name: &'static str, label: impl Display) -> Field {
        Field {
            name,
            label: label.to_string(),
            hint: String::new(),
            error: self.error_of(name).unwrap_or_default().to_owned(),
            value: self.raw(name).to_owned(),
            attributes: Attributes { kind: "text", ..Attributes::default() },
            options: Vec::new(),
        }
    }

    /// A password: what was typed is never sent back.
    pub fn password(&self, name: &'static str, label: impl Display, autocomplete: &'static str) -> Field {
        let mut field = self.line(name, label).autocomplete(autocomplete);
        field.attributes.kind = "password";
        field.value.clear();
        field
    }

    /// A file to send.
    pub fn file(&self, name: &'static str, label: impl Display) -> Field {
        let mut field = self.line(name, label);
        field.attributes.kind = "file";
        field.value.clear();
        field
    }

    /// A day.
    pub fn day(&self, name: &'static str, label: impl Display) -> Field {
        self.line(name, label).numeric().size("in-m")
    }

    /// Some lines to type in.
    pub fn area(&self, name: &'static str, label: impl Display) -> Field {
        let mut field = self.line(name, label);
        field.attributes.kind = "area";
        field
    }

    /// One of several in a list that folds: value and words.
    pub fn select(&self, name: &'static str, label: impl Display, options: &[(String, String)]) -> Field {
        self.choices("select", name, label, options)
    }

    /// The words of what is chosen in a list, unless that is everything: paper shows no fields.
    pub fn said(&self, name: &str, options: &[(String, String)]) -> Option<String> {
        let chosen = options.iter().find(|(value, _)| !value.is_empty() && value == self.get(name));
        chosen.map(|(_, words)| words.clone())
    }

    /// One of a few, all in sight.
    pub fn radios(&self, name: &'static str, label: impl Display, options: &[(String, String)]) -> Field {
        self.choices("radio", name, label, options)
    }

    /// Any of a few, all in sight.
    pub fn checks(&self, name: &'static str, label: impl Display, options: &[(String, String)]) -> Field {
        self.choices("checkbox", name, label, options)
    }

    fn choices(&self, kind: &'static str, name: &'static str, label: impl Display, from: &[(String, String)]) -> Field {
        let mut field = self.line(name, label);
        field.attributes.kind = kind;
        field.options = from
            .iter()
            .map(|(value, text)| Choice { on: self.has(name, value), value: value.clone(), text: text.clone() })
            .collect();
        field
    }
}

#[derive(Clone, Debug)]
struct Choice {
    value: String,
    text: String,
    on: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Attributes {
    kind: &'static str,
    size: &'static str,
    mode: &'static str,
    autocomplete: &'static str,
    unit: &'static str,
    asks: &'static str,
    focus: bool,
}

/// A field: label, hint, error, control.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/campo.html")]
pub struct Field {
    name: &'static str,
    label: String,
    hint: String,
    error: String,
    value: String,
    attributes: Attributes,
    options: Vec<Choice>,
}

impl HtmlSafe for Field {}

impl Field {
    /// Help under the label.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hint = hint.to_string();
        self
    }

    /// The keyboard of digits on a phone.
    #[must_use]
    pub fn numeric(mut self) -> Self {
        self.attributes.mode = "numeric";
        self
    }

    /// The keyboard of numbers with decimals on a phone, and the unit behind.
    #[must_use]
    pub fn measured(mut self, unit: &'static str) -> Self {
        self.attributes.mode = "decimal";
        self.attributes.size = "in-s";
        self.attributes.unit = unit;
        self
    }

    /// What the browser may fill in.
    #[must_use]
    pub fn autocomplete(mut self, what: &'static str) -> Self {
        self.attributes.autocomplete = what;
        self
    }

    /// A width that fits what is typed: `in-xs`, `in-s`, `in-m`.
    #[must_use]
    pub fn size(mut self, class: &'static str) -> Self {
        self.attributes.size = class;
        self
    }

    /// What fits is offered below while somebody types: the path that is asked.
    #[must_use]
    pub fn asks(mut self, path: &'static str) -> Self {
        self.attributes.asks = path;
        self
    }

    /// The page begins here.
    #[must_use]
    pub fn focus(mut self) -> Self {
        self.attributes.focus = true;
        self
    }

    /// Whether it is the field of this name.
    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Its name in the form.
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn is_group(&self) -> bool {
        matches!(self.attributes.kind, "radio" | "checkbox")
    }

    fn tag(&self) -> &'static str {
        match self.attributes.kind {
            "select" => "select",
            "area" => "textarea",
            _ => "input",
        }
    }

    fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-ayuda", self.name));
        let error = (!self.error.is_empty()).then(|| format!("{}-error", self.name));
        [hint, error].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// The errors on top of the page, each leading to its field.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/errores.html")]
pub struct Summary {
    errors: Vec<(&'static str, String)>,
}

impl HtmlSafe for Summary {}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Form {
        Form::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_faulty_field_keeps_what_was_typed_and_says_how_to_mend_it() {
        let mut typed = form(&[("nacio", "30/02/1992")]);
        assert_eq!(typed.date("nacio"), None);
        assert!(!typed.ok());
        let html = typed.day("nacio", "Nació").hint("Por ejemplo").to_string();
        for part in [r#"value="30/02/1992""#, r#"aria-invalid="true""#, r#"aria-describedby="nacio-ayuda nacio-error""#]
        {
            assert!(html.contains(part), "{html}");
        }
        assert!(typed.summary().to_string().contains(r##"href="#nacio""##));
    }

    #[test]
    fn a_password_is_never_sent_back() {
        assert!(!form(&[("clave", "secreto1")]).password("clave", "Clave", "off").to_string().contains("secreto1"));
    }

    #[test]
    fn choices_stay_ticked() {
        let html =
            form(&[("s", "b")]).checks("s", "S", &[("a".into(), "A".into()), ("b".into(), "B".into())]).to_string();
        assert!(html.contains(r#"value="b" checked"#) && !html.contains(r#"value="a" checked"#), "{html}");
    }
}
