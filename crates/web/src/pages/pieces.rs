//! Every piece of the design with hard data, for whoever builds a page: look here before adding one.

use askama::Template;

use crate::form::Form;
use crate::gate::{Visit, show};
use crate::problem::Answer;
use crate::shell::Shell;
use crate::text::t;
use crate::ui::{
    Bar, Chain, Chip, Chips, Clock, Empty, Event, Facts, Knot, Link, Note, Pages, Reached, Tag, Thread, Tone,
};

#[derive(Template)]
#[template(path = "pages/piezas.html")]
struct Pieces {
    shell: Shell,
    form: Form,
    choices: Vec<(String, String)>,
    notes: Vec<Note>,
    tags: Vec<Tag>,
    chips: Chips,
    chain: Chain,
    thread: Thread,
    bar: Bar,
    facts: Facts,
    pages: Pages,
    empty: Empty,
}

/// `GET /piezas`
pub async fn show_pieces(visit: Visit) -> Answer {
    let mut form = Form::new(vec![
        ("cui".into(), "9900 04228 1609".into()),
        ("nacio".into(), "12/03/2092".into()),
        ("idioma".into(), "quc".into()),
    ]);
    form.error("nacio", t("pz-fecha-futura"));
    let page = Pieces {
        shell: visit.shell(t("pz-titulo")),
        form,
        choices: vec![("kek".into(), t("pz-kek").into()), ("quc".into(), t("pz-quc").into())],
        notes: notes(),
        tags: tags(),
        chips: chips(),
        chain: chain(),
        thread: thread(),
        bar: Bar { percent: 83, label: t("pz-barra").into() },
        facts: Facts(vec![
            (t("pz-cui").into(), "9900 04228 1609".to_owned()),
            (t("pz-idioma").into(), t("pz-kek").into()),
        ]),
        pages: Pages { shown: t("pz-mostrados").into(), previous: None, next: Some("/piezas".into()) },
        empty: Empty {
            heading: t("pz-vacio-titulo").into(),
            text: t("pz-vacio").into(),
            act: Some(("/piezas".into(), t("pz-vacio-acto").into())),
        },
    };
    show(&page)
}

fn notes() -> Vec<Note> {
    vec![
        Note::new(Tone::Info, t("pz-aviso-a"), t("pz-aviso-a2")),
        Note::new(Tone::Good, t("pz-aviso-b"), t("pz-aviso-b2")),
        Note::new(Tone::Warn, t("pz-aviso-c"), t("pz-aviso-c2")),
        Note::new(Tone::Stop, t("pz-aviso-d"), t("pz-aviso-d2")),
    ]
}

fn tags() -> Vec<Tag> {
    vec![
        Tag::new(Tone::Plain, t("pz-borrador")),
        Tag::new(Tone::Info, t("pz-revision")),
        Tag::new(Tone::Good, t("pz-cerrado")),
        Tag::new(Tone::Warn, t("pz-preliminar")),
        Tag::new(Tone::Stop, t("pz-devuelta")),
    ]
}

fn chips() -> Chips {
    let chip = |text: crate::text::Text, current| Chip { href: "/piezas".into(), text: text.into(), current };
    Chips { label: t("pz-filtro").into(), chips: vec![chip(t("pz-todo"), true), chip(t("pz-consultas"), false)] }
}

fn chain() -> Chain {
    let link =
        |reached, name: crate::text::Text, detail: &str| Link { reached, name: name.into(), detail: detail.into() };
    Chain(vec![
        link(Reached::Done, t("pz-enviada"), "21/11 10:42"),
        link(Reached::Now, t("pz-revision"), ""),
        link(Reached::Ahead, t("pz-con-cita"), ""),
        link(Reached::Ahead, t("pz-cerrado"), ""),
    ])
}

fn thread() -> Thread {
    let event = |knot, when: &str, heading: crate::text::Text| Event {
        knot,
        when_where: when.into(),
        heading: heading.into(),
        lines: Vec::new(),
        tag: None,
        link: None,
    };
    let waits = Event {
        lines: vec![t("pz-hilo-espera").into()],
        tag: Some(Tag::new(Tone::Info, t("pz-revision"))),
        link: Some(("/piezas".into(), t("pz-ver").into())),
        ..event(Knot::Waits, "21/11/2026, 10:42", t("pz-hilo-a"))
    };
    Thread(vec![
        waits,
        event(Knot::Task, "02/10/2026", t("pz-hilo-b")),
        event(Knot::Closed, "28/09/2026", t("pz-hilo-c")),
        event(Knot::Done, "25/08/2026", t("pz-hilo-d")),
    ])
}

/// The four states of a clock, for the template.
fn clocks() -> [(Clock, String); 4] {
    [
        (Clock::Fine, t("quedan-dias").with("n", 3).into()),
        (Clock::Soon, t("vence-manana").into()),
        (Clock::Late, t("vencio-hace-dias").with("n", 2).into()),
        (Clock::Paused, t("pz-pausa").into()),
    ]
}
