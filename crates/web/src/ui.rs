//! The pieces of the design (`componentes.html`), each a value that shows itself as HTML: a page
//! puts `{{ piece }}` in its template. Never colour alone: shape, word and colour go together.

use askama::Template;
use askama::filters::HtmlSafe;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::format::{hour, local};
use crate::text::t;

macro_rules! pieces {
    ($($piece:ty),* $(,)?) => {$(impl HtmlSafe for $piece {})*};
}
pieces!(Icon, Semaphore, Priority, Tag, Note, Synthetic, Pages, Chips, Empty, Chain, Thread, Bar, Facts);

/// An icon of the sprite, always beside a word.
#[derive(Clone, Copy, Debug, Template)]
#[template(
    source = r##"<svg class="i" viewBox="0 0 24 24" aria-hidden="true"><use href="#{{ self.0 }}"/></svg>"##,
    ext = "html"
)]
pub struct Icon(pub &'static str);

/// The state of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// There is time.
    Fine,
    /// It ends soon.
    Soon,
    /// It has ended.
    Late,
    /// It stands still.
    Paused,
}

impl Clock {
    fn name(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Soon => "soon",
            Self::Late => "late",
            Self::Paused => "off",
        }
    }
}

/// A clock as circle, triangle, octagon or pause, with its words.
#[derive(Clone, Debug, Template)]
#[template(
    source = r##"<span class="sem sem-{{ clock.name() }}"><svg viewBox="0 0 16 16" aria-hidden="true"><use href="#s-{{ clock.name() }}"/></svg>{{ text }}</span>"##,
    ext = "html"
)]
pub struct Semaphore {
    /// Its state.
    pub clock: Clock,
    /// Its words.
    pub text: String,
}

impl Semaphore {
    /// A clock with words of the page's own.
    pub fn new(clock: Clock, text: impl ToString) -> Self {
        Self { clock, text: text.to_string() }
    }

    /// What is due by that time: late, today, tomorrow, or in so many days.
    pub fn due(due: Timestamp, now: Timestamp) -> Self {
        let late_days = (now.as_second() - due.as_second()) / 86_400;
        if due < now {
            let text = if late_days == 0 { t("vencio-hoy") } else { t("vencio-hace-dias").with("n", late_days) };
            return Self::new(Clock::Late, text);
        }
        match local(due).date() == local(now).date() {
            true => Self::new(Clock::Soon, t("vence-hoy").with("hora", hour(due))),
            false => Self::by(local(due).date(), now),
        }
    }

    /// What is due on that day, at whatever hour.
    pub fn by(day: Date, now: Timestamp) -> Self {
        match i64::from((day - local(now).date()).get_days()) {
            late @ ..0 => Self::new(Clock::Late, t("vencio-hace-dias").with("n", -late)),
            0 => Self::new(Clock::Soon, t("vence-este-dia")),
            1 => Self::new(Clock::Soon, t("vence-manana")),
            days => Self::new(Clock::Fine, t("quedan-dias").with("n", days)),
        }
    }
}

/// P1 to P3 in three bars.
#[derive(Clone, Copy, Debug, Template)]
#[template(
    source = r#"<span class="prio"><i class="on"></i><i{% if self.0 < 3 %} class="on"{% endif %}></i><i{% if self.0 < 2 %} class="on"{% endif %}></i>{{ crate::t("prioridad").with("n", self.0) }}</span>"#,
    ext = "html"
)]
pub struct Priority(pub u32);

/// What a tag or a banner is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// Under way.
    Info,
    /// Done, met.
    Good,
    /// Preliminary, soon.
    Warn,
    /// Returned, refused, dangerous.
    Stop,
}

/// A state in a word; not a button.
#[derive(Clone, Debug, Template)]
#[template(source = r#"<span class="tag{{ self.class() }}">{{ text }}</span>"#, ext = "html")]
pub struct Tag {
    tone: Tone,
    text: String,
}

impl Tag {
    /// A tag.
    pub fn new(tone: Tone, text: impl ToString) -> Self {
        Self { tone, text: text.to_string() }
    }

    fn class(&self) -> &'static str {
        match self.tone {
            Tone::Plain => "",
            Tone::Info => " tag-i",
            Tone::Good => " tag-ok",
            Tone::Warn => " tag-warn",
            Tone::Stop => " tag-stop",
        }
    }
}

/// A banner: what happened and what to do.
#[derive(Clone, Debug, Template)]
#[template(
    source = r#"<div class="note{{ self.class() }}"{% if status %} role="status"{% endif %}>{{ self.icon() }}<div><b>{{ strong }}</b> {{ text }}</div></div>"#,
    ext = "html"
)]
pub struct Note {
    tone: Tone,
    strong: String,
    text: String,
    status: bool,
}

impl Note {
    /// A banner with its first words strong.
    pub fn new(tone: Tone, strong: impl ToString, text: impl ToString) -> Self {
        Self { tone, strong: strong.to_string(), text: text.to_string(), status: false }
    }

    fn class(&self) -> &'static str {
        match self.tone {
            Tone::Plain | Tone::Info => "",
            Tone::Good => " note-ok",
            Tone::Warn => " note-warn",
            Tone::Stop => " note-stop",
        }
    }

    fn icon(&self) -> Icon {
        match self.tone {
            Tone::Plain | Tone::Info => Icon("i-info"),
            Tone::Good => Icon("i-ok"),
            Tone::Warn | Tone::Stop => Icon("i-warn"),
        }
    }
}

/// The mark beside every synthetic person.
#[derive(Clone, Copy, Debug, Template)]
#[template(source = r#"<span class="synth">{{ crate::t("sintetico") }}</span>"#, ext = "html")]
pub struct Synthetic;

/// Where in a list one is, and the way to the next and previous page.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/paginas.html")]
pub struct Pages {
    /// What is shown: `1 a 12 de 64`.
    pub shown: String,
    /// The way back.
    pub previous: Option<String>,
    /// The way on.
    pub next: Option<String>,
}

/// A saved view of a list.
#[derive(Clone, Debug)]
pub struct Chip {
    /// Where it leads.
    pub href: String,
    /// Its words, with its count.
    pub text: String,
    /// Whether it is the one shown.
    pub current: bool,
}

/// Saved views with their counts.
#[derive(Clone, Debug, Template)]
#[template(
    source = r#"<nav class="chips" aria-label="{{ label }}">{% for chip in chips %}<a href="{{ chip.href }}"{% if chip.current %} aria-current="true"{% endif %}>{{ chip.text }}</a>{% endfor %}</nav>"#,
    ext = "html"
)]
pub struct Chips {
    /// What they filter.
    pub label: String,
    /// The views.
    pub chips: Vec<Chip>,
}

/// Why a list is empty, and the next act.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/vacio.html")]
pub struct Empty {
    /// What there is none of.
    pub heading: String,
    /// Why.
    pub text: String,
    /// Where to go, and its words.
    pub act: Option<(String, String)>,
}

impl Empty {
    /// Without an act.
    pub fn quiet(heading: impl ToString, text: impl ToString) -> Self {
        Self { heading: heading.to_string(), text: text.to_string(), act: None }
    }
}

/// How far a state of a chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Behind us.
    Done,
    /// Where it waits.
    Now,
    /// To come.
    Ahead,
}

/// The states of one referral, in order.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/cadena.html")]
pub struct Chain(pub Vec<Link>);

/// One state of a chain.
#[derive(Clone, Debug)]
pub struct Link {
    /// How far.
    pub reached: Reached,
    /// The state's name.
    pub name: String,
    /// When, or on whom it waits.
    pub detail: String,
}

/// How a knot of the thread looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knot {
    /// Solid: it happened.
    Done,
    /// Dashed and hollow: it waits.
    Waits,
    /// Jade: the loop is closed.
    Closed,
    /// Hollow: a task.
    Task,
}

impl Knot {
    fn class(self) -> &'static str {
        match self {
            Self::Done => "",
            Self::Waits => "wait",
            Self::Closed => "shut",
            Self::Task => "task",
        }
    }
}

/// One event of a person's timeline.
#[derive(Clone, Debug)]
pub struct Event {
    /// How it looks.
    pub knot: Knot,
    /// `21/11/2026, 10:42 · Puesto Chicoj`.
    pub when_where: String,
    /// What it is.
    pub heading: String,
    /// What is to be said of it, a paragraph each.
    pub lines: Vec<String>,
    /// Its state.
    pub tag: Option<Tag>,
    /// Where it can be read whole, and the words.
    pub link: Option<(String, String)>,
}

/// A person's one timeline, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/hilo.html")]
pub struct Thread(pub Vec<Event>);

/// A known share, with its words.
#[derive(Clone, Debug, Template)]
#[template(
    source = r#"<div class="bar" role="img" aria-label="{{ label }}"><svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect width="{{ percent }}" height="1"/></svg></div>"#,
    ext = "html"
)]
pub struct Bar {
    /// 0 to 100.
    pub percent: u32,
    /// The share in words.
    pub label: String,
}

/// Short facts, name and value.
#[derive(Clone, Debug, Template)]
#[template(
    source = r#"<dl class="facts">{% for (name, value) in self.0 %}<dt>{{ name }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>"#,
    ext = "html"
)]
pub struct Facts(pub Vec<(String, String)>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_says_how_long_there_is() {
        let now: Timestamp = "2026-11-24T14:00:00Z".parse().unwrap();
        let said = |due: &str| {
            let due = Semaphore::due(due.parse().unwrap(), now);
            (due.clock, due.text)
        };
        assert_eq!(said("2026-11-22T13:00:00Z"), (Clock::Late, "Venció hace 2 días".to_owned()));
        assert_eq!(said("2026-11-24T20:00:00Z"), (Clock::Soon, "Vence hoy 14:00".to_owned()));
        assert_eq!(said("2026-11-25T20:00:00Z"), (Clock::Soon, "Vence mañana".to_owned()));
        assert_eq!(said("2026-11-29T20:00:00Z"), (Clock::Fine, "Quedan 5 días".to_owned()));
        let by = |day: &str| {
            let due = Semaphore::by(day.parse().unwrap(), now);
            (due.clock, due.text)
        };
        assert_eq!(by("2026-11-22"), (Clock::Late, "Venció hace 2 días".to_owned()));
        assert_eq!(by("2026-11-24"), (Clock::Soon, "Vence hoy".to_owned()));
        assert_eq!(by("2026-11-25"), (Clock::Soon, "Vence mañana".to_owned()));
    }

    #[test]
    fn pieces_escape_what_they_are_given() {
        let tag = Tag::new(Tone::Warn, "<b>").to_string();
        assert_eq!(tag, r#"<span class="tag tag-warn">&#60;b&#62;</span>"#);
    }
}
