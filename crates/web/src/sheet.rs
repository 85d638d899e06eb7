//! One sheet to fill in at the post: whose it is, what to mind, groups of fields, the acts, and what
//! is known beside it. What care finds wrong is told beside the field it names.

use askama::Template;
use care::CareError;
use care::visit::vitals::VITALS;

use crate::form::{Field, Form};
use crate::gate::Visit;
use crate::pages::person::Head;
use crate::pages::queue::{Asked, standing};
use crate::problem::Problem;
use crate::shell::Shell;
use crate::text::{Text, t};
use crate::ui::{Facts, Note, Pages, Thread};

/// A button that sends the sheet.
pub struct Press {
    /// What it sends as `boton`.
    pub value: &'static str,
    /// Its words.
    pub words: Text,
    /// Whether what it does can't be taken back.
    pub danger: bool,
}

impl Press {
    /// An ordinary one.
    pub fn new(value: &'static str, words: Text) -> Self {
        Self { value, words, danger: false }
    }
}

/// What Enter in a field does, other than to press the first button.
enum Enter<'a> {
    Presses(&'a Press),
    Nothing,
}

/// A place or way to choose, with what speaks for it.
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// Its name.
    pub name: String,
    /// A word for the one that is first.
    pub tag: String,
    /// A sentence.
    pub about: String,
    /// Figures to compare.
    pub facts: Vec<(String, String)>,
    /// Whether it is chosen.
    pub on: bool,
}

/// So many options as cards are in sight.
const IN_SIGHT: usize = 6;

/// Fields that belong together.
#[derive(Default)]
pub struct Group {
    /// Its anchor; may be empty.
    pub id: &'static str,
    /// What it asks.
    pub heading: String,
    /// Help.
    pub hint: String,
    /// The fields.
    pub fields: Vec<Field>,
    /// Plain sentences.
    pub lines: Vec<String>,
    /// Where what they speak of is.
    pub links: Vec<(String, Text)>,
    /// Name of the field that the options fill.
    pub name: &'static str,
    /// Options as cards.
    pub options: Vec<Choice>,
    /// Those that are folded away below the others.
    pub more: Vec<Choice>,
    /// A button of its own.
    pub press: Option<Press>,
}

impl Group {
    /// With its heading.
    pub fn new(heading: Text) -> Self {
        Self { heading: heading.into(), ..Self::default() }
    }

    /// With help.
    #[must_use]
    pub fn hint(mut self, hint: impl ToString) -> Self {
        self.hint = hint.to_string();
        self
    }

    /// With fields.
    #[must_use]
    pub fn fields(mut self, fields: impl IntoIterator<Item = Field>) -> Self {
        self.fields.extend(fields);
        self
    }

    /// With options as cards: the first ones in sight and whatever is chosen, the rest folded away.
    #[must_use]
    pub fn choices(mut self, all: impl IntoIterator<Item = Choice>) -> Self {
        for (at, one) in all.into_iter().enumerate() {
            if at < IN_SIGHT || one.on { self.options.push(one) } else { self.more.push(one) }
        }
        self
    }

    /// With sentences.
    #[must_use]
    pub fn lines(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.lines.extend(lines);
        self
    }
}

/// The page.
#[derive(Template)]
#[template(path = "pages/hoja.html")]
pub struct Sheet {
    /// What stands around.
    pub shell: Shell,
    /// Where its referral stands in the queue that it was opened from.
    pub queue: Option<Pages>,
    /// What was typed.
    pub form: Form,
    /// What is done here.
    pub heading: Text,
    /// For whom.
    pub who: Head,
    /// Where it is sent.
    pub action: String,
    /// What goes along.
    pub hidden: Vec<(&'static str, String)>,
    /// Steps of a longer way.
    pub steps: Vec<Text>,
    /// Which step this is, from 0.
    pub at: usize,
    /// What to mind.
    pub notes: Vec<Note>,
    /// What comes before anything else: danger.
    pub first: Vec<Press>,
    /// What is asked.
    pub groups: Vec<Group>,
    /// What can be done.
    pub buttons: Vec<Press>,
    /// Where else to go.
    pub away: Vec<(String, Text)>,
    /// What is known.
    pub aside: Vec<(Text, Facts)>,
    /// What happened so far, the newest first.
    pub thread: Thread,
}

impl Sheet {
    /// An empty sheet for somebody.
    pub fn new(visit: &Visit, heading: Text, who: Head, action: String) -> Self {
        Self {
            shell: visit.shell(heading.clone()),
            queue: None,
            form: Form::default(),
            heading,
            who,
            action,
            hidden: Vec::new(),
            steps: Vec::new(),
            at: 0,
            notes: Vec::new(),
            first: Vec::new(),
            groups: Vec::new(),
            buttons: Vec::new(),
            away: Vec::new(),
            aside: Vec::new(),
            thread: Thread(Vec::new()),
        }
    }

    /// The page of something done with a referral that was opened from a queue: it shows where it
    /// stands there, leads back into it and takes it along.
    pub async fn walk(&mut self, visit: &Visit, asked: &Asked, id: &str) -> Result<(), Problem> {
        let Some(queue) = standing(visit, asked, id).await? else { return Ok(()) };
        let onward = asked.onward();
        self.shell.back = Some((format!("/referencias/{id}{onward}"), t("volver-referencia").into()));
        self.hidden.push(("cola", onward));
        self.queue = Some(queue.pages);
        Ok(())
    }

    /// What Enter in a field presses: it keeps a draft where there is one, and never what can't be
    /// taken back.
    fn enter(&self) -> Option<Enter<'_>> {
        let keeps = self.buttons.iter().find(|press| press.value == "guardar");
        let grave = self.first.iter().chain(&self.buttons).any(|press| press.danger);
        match keeps {
            Some(press) => Some(Enter::Presses(press)),
            None if grave => Some(Enter::Nothing),
            None => None,
        }
    }
}

/// Notes care's findings beside the fields they name; another error goes on.
pub fn mend_with(form: &mut Form, error: CareError, fields: &[(&str, &'static str)]) -> Result<(), Problem> {
    let CareError::Form(problems) = error else { return Err(error.into()) };
    let first = fields.first().map_or("reason", |(_, own)| *own);
    for problem in problems {
        let vital = VITALS.iter().find(|one| one.field == problem.field);
        let own = fields.iter().find(|(theirs, _)| *theirs == problem.field).map(|(_, own)| *own);
        let name = own.or(vital.map(|one| one.field)).unwrap_or(first);
        let words = match (problem.key, vital) {
            ("value-impossible", Some(one)) => {
                t("mal-imposible").with("de", one.hard.0).with("a", one.hard.1).with("unidad", unit(one.unit))
            }
            (key, _) => words_of(key),
        };
        form.error(name, words);
    }
    Ok(())
}

/// A UCUM unit as people write it.
pub fn unit(ucum: &str) -> &str {
    match ucum {
        "mm[Hg]" => "mmHg",
        "/min" => "por minuto",
        "Cel" => "°C",
        "mg/dL" => "mg/dl",
        other => other,
    }
}

fn words_of(key: &str) -> Text {
    match key {
        "reason-missing" => t("mal-motivo"),
        "diagnosis-missing" | "diagnosis-words" => t("mal-diagnostico"),
        "date-implausible" => t("mal-regla"),
        "date-future" => t("mal-fecha-futura"),
        "date-old" => t("mal-fecha-antigua"),
        "date-before-birth" => t("mal-fecha-antes-de-nacer"),
        "settled-twice" | "settled-before" => t("mal-cambio"),
        "treatment-words" => t("mal-tratamiento"),
        "delivered-too-many" => t("mal-entregado"),
        "number-invalid" => t("mal-numero"),
        "pressure-swapped" => t("mal-presion"),
        "diastolic-missing" => t("mal-diastolica"),
        "systolic-missing" => t("mal-sistolica"),
        "confirm-unusual" => t("mal-confirme"),
        "signs-missing" => t("mal-senales"),
        "service-missing" => t("mal-servicio"),
        "destination-missing" => t("mal-destino"),
        "facility-missing" => t("mal-establecimiento"),
        "man-pregnant" => t("mal-hombre-embarazo"),
        "person-man" => t("mal-mover-hombre"),
        "every-line" => t("mal-cada-linea"),
        "lines-many" => t("mal-muchas-lineas"),
        "objection-reason" => t("mal-objecion"),
        _ => t("mal-otro"),
    }
}
