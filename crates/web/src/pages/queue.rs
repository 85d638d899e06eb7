//! The queue of referrals: of a coordinator's territory, or of the facility that attends. The oldest
//! breach first; saved views with their counts, filters, pages.

use access::Role;
use askama::Template;
use axum::extract::Query;
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect};
use care::referral::state::{Phase, Priority as Soon};
use care::referral::worklist::{self, Board, FOR_REVIEW, Filter, Order};
use care::referral::{Named, Referral, Waiting};
use care::service::Service;
use jiff::Timestamp;
use serde::Deserialize;

use crate::form::Form;
use crate::format::ago;
use crate::gate::{Visit, percent, show};
use crate::pages::agreements;
use crate::pages::code::led_by;
use crate::problem::{Answer, Problem};
use crate::read::is_synthetic;
use crate::shell::{Shell, role_name};
use crate::text::{Text, t};
use crate::ui::{Chip, Chips, Clock, Empty, Note, Pages, Priority, Semaphore, Tag, Tone};

/// Who has a queue of referrals.
pub const DESK: &[Role] =
    &[Role::Coordinator, Role::Clerk, Role::Specialist, Role::Doctor, Role::SocialWorker, Role::Supervisor];

/// What is asked for.
#[derive(Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    ver: String,
    #[serde(default)]
    servicio: String,
    #[serde(default)]
    prioridad: String,
    #[serde(default)]
    origen: String,
    #[serde(default)]
    orden: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    pagina: String,
    /// The referral of this queue that something was just done with.
    #[serde(default)]
    pub hecha: String,
}

struct Row {
    id: String,
    name: String,
    synthetic: bool,
    number: String,
    clock: Semaphore,
    priority: Priority,
    service: String,
    reason: String,
    origin: String,
    state: Tag,
    waits: String,
}

#[derive(Template)]
#[template(path = "pages/referencias.html")]
struct QueuePage {
    shell: Shell,
    /// What goes along with the address of a referral.
    along: String,
    views: Chips,
    view: String,
    form: Form,
    services: Vec<(String, String)>,
    priorities: Vec<(String, String)>,
    origins: Vec<(String, String)>,
    orders: Vec<(String, String)>,
    order: Order,
    /// The view and the filters, for paper.
    said: String,
    rows: Vec<Row>,
    /// Said when there are more than were read, or some are out of sight.
    more: Vec<Note>,
    pages: Pages,
    empty: Empty,
}

struct View {
    code: &'static str,
    name: String,
    phases: Vec<Phase>,
    counted: bool,
}

/// The view of what posts could not do of a plan.
pub const OBJECTED: &str = "objeciones";

fn views() -> [View; 8] {
    let view =
        |code, name: Text, phases: &[Phase]| View { code, name: name.into(), phases: phases.to_vec(), counted: true };
    let booked = [Phase::Proposed, Phase::Booked];
    let transfers =
        [Phase::TransferRequested, Phase::BedSought, Phase::TransferAccepted, Phase::InTransit, Phase::Received];
    let closed = [Phase::Closed, Phase::Exited];
    [
        view("revisar", t("refs-ver-revisar"), FOR_REVIEW),
        view("lista", t("refs-ver-lista"), &[Phase::Waiting, Phase::Missed, Phase::Suspended]),
        view("cita", t("refs-ver-cita"), &booked),
        view("devueltas", t("refs-ver-devueltas"), &[Phase::Returned]),
        view("traslados", t("refs-ver-traslados"), &transfers),
        view(OBJECTED, t("refs-ver-objeciones"), &[Phase::Acknowledged, Phase::Plan]),
        view("todas", t("refs-ver-todas"), &worklist::open_phases()),
        View { counted: false, ..view("cerradas", t("refs-ver-cerradas"), &closed) },
    ]
}

/// What a queue can be sorted by, as the address says it.
const ORDERS: [(&str, Order); 4] =
    [("", Order::Due), ("envio", Order::Sent), ("persona", Order::Person), ("origen", Order::Origin)];

fn order_name(order: Order) -> Text {
    match order {
        Order::Due => t("refs-orden-plazo"),
        Order::Sent => t("refs-orden-envio"),
        Order::Person => t("refs-orden-persona"),
        Order::Origin => t("refs-orden-origen"),
    }
}

impl Asked {
    /// The question that went along with the address of a referral, or with a form.
    pub fn along(query: &str) -> Self {
        let address = format!("/{query}").parse::<Uri>().ok();
        address.and_then(|address| Query::try_from_uri(&address).ok()).map(|Query(asked)| asked).unwrap_or_default()
    }

    /// The question as it goes along with the address of a referral; empty outside of a queue.
    pub fn onward(&self) -> String {
        if self.ver.is_empty() {
            return String::new();
        }
        self.address(&self.ver, 1).trim_start_matches("/referencias").to_owned()
    }

    /// What was asked besides the page: name and value of what is not empty.
    fn pairs<'a>(&'a self, view: &'a str) -> Vec<(&'static str, &'a str)> {
        let all = [
            ("ver", view),
            ("servicio", &self.servicio),
            ("prioridad", &self.prioridad),
            ("origen", &self.origen),
            ("orden", &self.orden),
            ("q", &self.q),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The queue as the hidden fields of a form that asks an address; none outside of a queue.
    pub fn hidden(&self) -> Vec<(&'static str, String)> {
        let pairs = if self.ver.is_empty() { Vec::new() } else { self.pairs(&self.ver) };
        pairs.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
    }

    fn address(&self, view: &str, page: usize) -> String {
        let mut query: Vec<String> =
            self.pairs(view).into_iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        query.extend((page > 1).then(|| format!("pagina={page}")));
        format!("/referencias?{}", query.join("&"))
    }

    fn filter(&self, phases: Vec<Phase>) -> Filter {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Filter {
            phases,
            service: given(&self.servicio),
            priority: Soon::from_code(&self.prioridad),
            origin: given(&self.origen),
            words: self.q.trim().chars().take(120).collect(),
            objected: false,
            order: self.order(),
        }
    }

    fn order(&self) -> Order {
        ORDERS.iter().find(|(code, _)| *code == self.orden).map_or(Order::Due, |(_, order)| *order)
    }

    fn narrowed(&self) -> bool {
        [&self.servicio, &self.prioridad, &self.origen, &self.q].iter().any(|text| !text.is_empty())
    }
}

/// Where a referral stands in the queue that it was opened from.
pub struct Standing {
    /// Which of how many, and the way to the one before and the one after.
    pub pages: Pages,
    /// The queue, where it stands in it.
    pub back: String,
    /// Where to go on when this one is done: the next, the first of those before it, or the queue.
    pub after: String,
}

/// Where a referral stands in the queue that was asked for; none when it was not opened from one.
pub async fn standing(visit: &Visit, asked: &Asked, id: &str) -> Result<Option<Standing>, Problem> {
    let (cx, views) = (visit.cx()?, views());
    let view = views.iter().find(|view| view.code == asked.ver).filter(|_| DESK.contains(&cx.role));
    let Some(view) = view else { return Ok(None) };
    let filter = Filter { objected: view.code == OBJECTED, ..asked.filter(view.phases.clone()) };
    let order = worklist::order(&visit.state.access, cx, &filter).await?;
    let at = order.iter().position(|one| one == id);
    let open = |at: Option<usize>| Some(format!("/referencias/{}{}", order.get(at?)?, asked.onward()));
    let next = open(at.map_or(Some(0), |at| at.checked_add(1)));
    let shown = match at {
        Some(at) => t("cola-donde").with("n", at + 1).with("total", order.len()),
        None => t("cola-ya-no").with("total", order.len()),
    };
    let back = asked.address(view.code, at.unwrap_or(0) / worklist::PAGE + 1);
    // Behind the last come those that were passed over.
    let passed = || open(order.iter().position(|one| one != id));
    Ok(Some(Standing {
        pages: Pages {
            shown: shown.with("vista", &view.name).into(),
            previous: open(at.and_then(|at| at.checked_sub(1))),
            next: next.clone(),
        },
        after: match next.or_else(passed) {
            Some(next) => format!("{next}&hecha={id}"),
            None => asked.address(view.code, 1),
        },
        back,
    }))
}

/// `GET /referencias`
pub async fn show_queue(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let cx = visit.cx()?;
    if let Some(place) = led_by(&visit, &asked.q).await? {
        return Ok(Redirect::to(&place).into_response());
    }
    let views = views();
    let view = views.iter().find(|view| view.code == asked.ver).unwrap_or(&views[0]);
    let filter = Filter { objected: view.code == OBJECTED, ..asked.filter(view.phases.clone()) };
    let board = worklist::board(&visit.state.access, cx, &filter, asked.pagina.parse().unwrap_or(1)).await?;
    let mut form = Form::default();
    asked.pairs("").into_iter().for_each(|(name, value)| form.set(name, value));
    let pair = |code: &str, words: &str| (code.to_owned(), words.to_owned());
    let after = |every: Text, rest: Vec<(String, String)>| [vec![(String::new(), every.to_string())], rest].concat();
    let services = after(t("refs-todos"), Service::all().iter().map(|one| pair(one.code, one.name)).collect());
    let priorities = after(t("refs-todas"), Soon::ALL.iter().map(|one| pair(one.code(), one.label())).collect());
    let origins = after(t("refs-todos"), board.origins.iter().map(|one| pair(&one.id, &one.name)).collect());
    let orders: Vec<_> = ORDERS.iter().map(|(code, order)| pair(code, &order_name(*order).to_string())).collect();
    let filters = [("servicio", &services), ("prioridad", &priorities), ("origen", &origins), ("orden", &orders)];
    let filters = filters.into_iter().filter_map(|(name, options)| form.said(name, options));
    let words = Some(asked.q.trim().to_owned()).filter(|words| !words.is_empty());
    let said: Vec<String> = [view.name.clone()].into_iter().chain(filters).chain(words).collect();
    let more = board.page.more.then(|| Note::new(Tone::Warn, t("refs-hay-mas"), t("refs-hay-mas-que")));
    show(&QueuePage {
        shell: visit.shell(t("refs-titulo")),
        along: Asked { ver: view.code.to_owned(), ..asked.clone() }.onward(),
        views: chips(&views, view.code, &board, &asked),
        view: view.code.to_owned(),
        form,
        said: said.join(" · "),
        services,
        priorities,
        origins,
        orders,
        order: filter.order,
        rows: board.page.rows.iter().map(|one| row(one, cx.now)).collect(),
        more: agreements::gone(&visit).await?.into_iter().chain(more).collect(),
        pages: pages(&board, view.code, &asked),
        empty: empty(&asked, view.code),
    })
}

fn chips(views: &[View], shown: &str, board: &Board, asked: &Asked) -> Chips {
    let count = |view: &View| -> usize {
        let in_phases = view.phases.iter().filter_map(|phase| board.counts.get(phase)).sum();
        if view.code == OBJECTED { board.objected } else { in_phases }
    };
    let chip = |view: &View| Chip {
        href: asked.address(view.code, 1),
        text: if view.counted {
            t("refs-ver-cuantas").with("nombre", &view.name).with("n", count(view)).into()
        } else {
            view.name.clone()
        },
        current: view.code == shown,
    };
    Chips { label: t("refs-vistas").into(), chips: views.iter().map(chip).collect() }
}

fn pages(board: &Board, view: &str, asked: &Asked) -> Pages {
    let page = &board.page;
    let first = (page.number - 1) * worklist::PAGE;
    Pages {
        shown: t("refs-mostradas")
            .with("desde", (first + 1).min(page.total))
            .with("hasta", first + page.rows.len())
            .with("total", page.total)
            .into(),
        previous: (page.number > 1).then(|| asked.address(view, page.number - 1)),
        next: (page.number < page.pages).then(|| asked.address(view, page.number + 1)),
    }
}

fn empty(asked: &Asked, view: &str) -> Empty {
    if asked.narrowed() {
        let act = (format!("/referencias?ver={view}"), t("refs-quitar-filtros").into());
        return Empty { act: Some(act), ..Empty::quiet(t("refs-nada-titulo"), t("refs-nada-filtros")) };
    }
    let act = (view != "todas").then(|| ("/referencias?ver=todas".to_owned(), t("refs-ver-todas-acto").into()));
    Empty { act, ..Empty::quiet(t("refs-nada-titulo"), t("refs-nada")) }
}

fn row(referral: &Referral, now: Timestamp) -> Row {
    Row {
        id: referral.id().to_owned(),
        name: referral.patient().name,
        synthetic: is_synthetic(&referral.task),
        number: referral.number().to_owned(),
        clock: clock(referral, now),
        priority: priority(referral),
        service: referral.service().name,
        reason: referral.reason().to_owned(),
        origin: referral.origin().name,
        state: state_tag(referral.state.phase()),
        waits: referral.where_it_waits().map(|waiting| waits(&waiting, now)).unwrap_or_default(),
    }
}

/// The clock of a referral, in its shape and words.
pub fn clock(referral: &Referral, now: Timestamp) -> Semaphore {
    match (referral.state.phase(), referral.due()) {
        (Phase::Suspended, _) => Semaphore::new(Clock::Paused, t("ref-en-pausa")),
        (_, Some(due)) => Semaphore::due(due, now),
        (Phase::Closed, None) => Semaphore::new(Clock::Fine, t("ref-cerrada")),
        (_, None) => Semaphore::new(Clock::Paused, t("ref-sin-plazo")),
    }
}

/// P1 to P3 as bars.
pub fn priority(referral: &Referral) -> Priority {
    Priority(match referral.priority() {
        Soon::P1 => 1,
        Soon::P2 => 2,
        Soon::P3 => 3,
    })
}

/// The state in a word.
pub fn state_tag(phase: Phase) -> Tag {
    let tone = match phase {
        Phase::Closed => Tone::Good,
        Phase::Returned | Phase::Missed | Phase::TransferRequested | Phase::BedSought => Tone::Stop,
        Phase::Draft | Phase::Discarded | Phase::Exited | Phase::Suspended => Tone::Plain,
        Phase::Redirected | Phase::ExitProposed => Tone::Warn,
        _ => Tone::Info,
    };
    Tag::new(tone, phase.label())
}

/// `Espera en: Puesto Chicoj (Enfermería), hace 3 días`; of the network, who alone.
pub fn waits(waiting: &Waiting, now: Timestamp) -> String {
    let place = waiting.place.as_ref().map(|place: &Named| place.name.clone()).filter(|name| !name.is_empty());
    let (who, since) = (role_name(waiting.who), ago(waiting.since, now));
    match place {
        Some(place) => t("ref-espera").with("donde", place).with("quien", who).with("desde", since).into(),
        None => t("ref-espera-red").with("quien", who).with("desde", since).into(),
    }
}
