//! Sensitive information on pages: the boxes by which somebody marks it, ticked already where the
//! diagnosis or the service implies it, and the mark that those see who may see it at all.

use access::Label;
use fhir::Value;
use jiff::Timestamp;

use crate::form::Form;
use crate::sheet::Group;
use crate::shell::role_name;
use crate::text::t;
use crate::ui::{Note, Tone};

/// Name of the field.
const FIELD: &str = "sensible";

/// The boxes, as they are ticked.
pub fn group(form: &Form) -> Group {
    let choice = |label: Label| {
        let also: Vec<String> = label.also().iter().map(|role| role_name(*role).to_string().to_lowercase()).collect();
        let seen = match also.is_empty() {
            true => t("sensible-tratante"),
            false => t("sensible-tratante-y").with("quienes", also.join(", ")),
        };
        (label.code().to_owned(), t("sensible-opcion").with("clase", first_up(label.name())).with("ven", seen).into())
    };
    let choices: Vec<(String, String)> = Label::ALL.into_iter().map(choice).collect();
    Group::new(t("sensible-titulo")).hint(t("sensible-ayuda")).fields([form.checks(
        FIELD,
        t("sensible-campo"),
        &choices,
    )])
}

/// What is ticked.
pub fn read(form: &Form) -> Vec<Label> {
    form.all(FIELD).into_iter().filter_map(Label::from_code).collect()
}

/// Ticks these too.
pub fn tick(form: &mut Form, labels: impl IntoIterator<Item = Label>) {
    for label in labels {
        if !form.has(FIELD, label.code()) {
            form.add(FIELD, label.code());
        }
    }
}

/// What diagnoses and a service imply for somebody today.
pub fn implied(diagnoses: &[(String, String)], service: &str, birth_date: &str, now: Timestamp) -> Vec<Label> {
    let codes: Vec<&str> = diagnoses.iter().map(|(code, _)| code.as_str()).collect();
    Label::implied(&codes, service, birth_date, identity::today(now))
}

/// `Confidencial: VIH, salud mental` of what these resources are labelled with.
pub fn mark<'a>(of: impl IntoIterator<Item = &'a Value>) -> Option<String> {
    let found: Vec<Label> = of.into_iter().flat_map(Label::of).collect();
    let names: Vec<&str> =
        Label::ALL.into_iter().filter(|label| found.contains(label)).map(|label| label.name()).collect();
    (!names.is_empty()).then(|| t("sensible-marca").with("clases", names.join(", ")).into())
}

/// The same as a banner, with what it asks of the reader.
pub fn note<'a>(of: impl IntoIterator<Item = &'a Value>) -> Option<Note> {
    mark(of).map(|mark| Note::new(Tone::Warn, mark, t("sensible-cuide")))
}

fn first_up(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
