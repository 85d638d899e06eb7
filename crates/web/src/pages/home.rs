//! A role's first page: what waits for it, the oldest breach first.

use access::{Cx, Role};
use askama::Template;
use axum::extract::{Path, Query};
use care::danger::{self, Decision};
use care::referral::Referral;
use care::referral::follow_up::FollowUp;
use care::referral::home::{waiting_at_destination, waiting_at_post};
use care::referral::moves::{Move, MoveKind};
use care::referral::state::Phase;
use care::referral::worklist::{self, Filter};
use jiff::Timestamp;
use serde::Deserialize;

use crate::format::{ago, full_date_in_words, hour, local};
use crate::gate::{Visit, show};
use crate::pages::act;
use crate::pages::counter::{ANSWERERS, asked_of};
use crate::pages::find::{Finder, SEEKERS};
use crate::pages::queue::OBJECTED;
use crate::pages::refer::place_of;
use crate::problem::{Answer, Problem};
use crate::read::is_synthetic;
use crate::shell::Shell;
use crate::text::{Text, t};
use crate::ui::{Clock, Empty, Pages, Semaphore};

/// At most so many of a group are on the first page.
const SHOWN: usize = 10;

#[derive(Clone)]
struct Row {
    href: String,
    name: String,
    synthetic: bool,
    about: String,
    words: String,
    clock: Option<Semaphore>,
    /// The act that waits: where it is done, and its name.
    act: Option<(String, Text)>,
}

#[derive(Clone)]
struct Group {
    id: &'static str,
    heading: Text,
    total: usize,
    rows: Vec<Row>,
    /// Where all of it is listed.
    all: String,
}

#[derive(Template)]
#[template(path = "pages/inicio.html")]
struct Home {
    shell: Shell,
    today: Text,
    finder: Option<Finder>,
    groups: Vec<Group>,
    empty: Empty,
}

/// `GET /`
pub async fn show_home(visit: Visit) -> Answer {
    let cx = visit.cx()?;
    let today = full_date_in_words(local(cx.now).date());
    let finder = SEEKERS.contains(&cx.role).then(Finder::default);
    let list = lists(&visit).await?;
    let cut = |group: Group| Group { rows: group.rows.into_iter().take(SHOWN).collect(), ..group };
    let groups = list.into_iter().filter(|group| group.total > 0).map(cut).collect();
    show(&Home { shell: visit.shell(t("inicio-titulo")), today, finder, groups, empty: empty(cx.role) })
}

/// Where to go when nothing waits: what the role's work is, or else looks after.
fn empty(role: Role) -> Empty {
    let (way, words) = match role {
        Role::Coordinator | Role::Supervisor => ("/referencias?ver=todas", t("inicio-ir-referencias")),
        Role::Clerk => ("/referencias?ver=lista", t("inicio-ir-lista")),
        Role::Specialist => ("/agenda", t("inicio-ir-agenda")),
        Role::Director => ("/agenda/horarios", t("inicio-ir-horarios")),
        Role::Administrator => ("/cuentas", t("inicio-ir-cuentas")),
        Role::Auditor => ("/auditoria", t("inicio-ir-auditoria")),
        Role::Adviser => ("/cifras", t("inicio-ir-cifras")),
        _ => ("/red", t("inicio-ir-red")),
    };
    let has_list = matches!(role, Role::Coordinator | Role::Supervisor | Role::Clerk | Role::Specialist);
    let why = if has_list || at_a_post(role) { t("inicio-nada") } else { t("inicio-sin-lista") };
    // At a post the first act is to find the person: its field is above.
    let act = (!at_a_post(role)).then(|| (way.to_owned(), words.into()));
    Empty { act, ..Empty::quiet(t("inicio-nada-titulo"), why) }
}

/// Everything that waits for the caller, by what is to be done.
async fn lists(visit: &Visit) -> Result<Vec<Group>, Problem> {
    let list = match visit.cx()?.role {
        Role::Nurse | Role::Doctor => [at_post(visit).await?, at_destination(visit).await?].concat(),
        Role::CommunityWorker | Role::SocialWorker => at_post(visit).await?,
        Role::Coordinator => [for_review(visit).await?, objections(visit).await?].concat(),
        Role::Supervisor => to_confirm(visit).await?,
        Role::Clerk => [for_review(visit).await?, at_destination(visit).await?].concat(),
        Role::Specialist => [agenda(visit).await?, at_destination(visit).await?].concat(),
        _ => Vec::new(),
    };
    Ok(list)
}

fn at_a_post(role: Role) -> bool {
    matches!(role, Role::Nurse | Role::Doctor | Role::CommunityWorker | Role::SocialWorker)
}

async fn at_post(visit: &Visit) -> Result<Vec<Group>, Problem> {
    let cx = visit.cx()?;
    let post = waiting_at_post(&visit.state.access, cx).await?;
    let follow_ups = post.follow_ups.iter().map(|one| follow_up(one, cx.now)).collect();
    let attends = super::ATTENDS.admits(cx.role);
    let reads = attends && MoveKind::Acknowledge.may(cx.role);
    let only = |may: bool, rows: Vec<Row>| rows.into_iter().map(move |row| Row { act: row.act.filter(|_| may), ..row });
    let drafts = post.drafts.iter().map(|one| Row { act: Some(going_on(one)), ..row(one, cx.now) }).collect();
    let transfers =
        post.transfers.iter().map(|one| Row { act: Some(transferred(one, cx)), ..row(one, cx.now) }).collect();
    let answers = acts(&post.to_acknowledge, cx.now, "acusar", t("inicio-hacer-acusar"));
    let returned = acts(&post.returned, cx.now, "completar", t("inicio-hacer-completar"));
    Ok(vec![
        group("traslados", t("inicio-traslados"), only(attends, transfers).collect()),
        group("acusar", t("inicio-acusar"), only(reads, answers).collect()),
        group("buscar", t("inicio-buscar"), acts(&post.to_find, cx.now, "volver-a-lista", t("inicio-hacer-buscar"))),
        group("completar", t("inicio-completar"), only(attends, returned).collect()),
        group("avisar", t("inicio-avisar"), acts(&post.to_tell, cx.now, "avisada", t("inicio-hacer-avisar"))),
        group("leer", t("inicio-leer"), acts(&post.rejected, cx.now, "leida", t("inicio-hacer-leer"))),
        group("tareas", t("inicio-tareas"), follow_ups),
        group("suspendidas", t("inicio-suspendidas"), seen(&post.suspended, cx.now)),
        group("planes", t("inicio-planes"), seen(&post.plans, cx.now)),
        group("borradores", t("inicio-borradores"), only(attends, drafts).collect()),
    ])
}

/// What a transfer waits for: the departure, once a place has accepted it.
fn transferred(one: &Referral, cx: &Cx) -> (String, Text) {
    let leaves = act::of(MoveKind::Depart).filter(|act| act.allowed(one, cx));
    let look = || (format!("/referencias/{}/traslado", one.id()), t("inicio-hacer-traslado"));
    leaves.map_or_else(look, |act| (act.place(one), (act.name)()))
}

/// Where a draft is gone on with: a ticked sign leads to the transfer before any option.
fn going_on(draft: &Referral) -> (String, Text) {
    let person = draft.patient().id;
    match danger::decide(&draft.signs().unwrap_or_default(), &[]) {
        Decision::UrgentTransfer { .. } => (format!("/referencias/{}/traslado", draft.id()), t("inicio-seguir")),
        Decision::Continue => (place_of(&person, draft.id()), t("inicio-seguir")),
    }
}

#[derive(Template)]
#[template(path = "pages/pendientes.html")]
struct Pending {
    shell: Shell,
    group: Group,
    pages: Option<Pages>,
    empty: Empty,
}

/// `?pagina=…`
#[derive(Deserialize)]
pub struct Asked {
    pagina: Option<usize>,
}

/// `GET /pendientes/{id}`: everything of one group of the first page; those that a page of their
/// own lists whole are there.
pub async fn show_pending(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let groups = lists(&visit).await?;
    let mut group =
        groups.into_iter().find(|group| group.all == format!("/pendientes/{id}")).ok_or(Problem::NotFound)?;
    let count = group.total.div_ceil(worklist::PAGE).max(1);
    let at = asked.pagina.unwrap_or(1).clamp(1, count);
    let first = (at - 1) * worklist::PAGE;
    group.rows = group.rows.into_iter().skip(first).take(worklist::PAGE).collect();
    let way = |page: usize| format!("{}?pagina={page}", group.all);
    let pages = (count > 1).then(|| Pages {
        shown: t("pendientes-de")
            .with("desde", first + 1)
            .with("hasta", first + group.rows.len())
            .with("total", group.total)
            .into(),
        previous: (at > 1).then(|| way(at - 1)),
        next: (at < count).then(|| way(at + 1)),
    });
    let shell = visit.shell(group.heading.clone()).back("/", t("volver-inicio"));
    show(&Pending { shell, group, pages, empty: Empty::quiet(t("inicio-nada-titulo"), t("inicio-nada")) })
}

async fn for_review(visit: &Visit) -> Result<Vec<Group>, Problem> {
    let cx = visit.cx()?;
    let queue = worklist::queue(&visit.state.access, cx, &Filter::default(), 1).await?;
    let rows = along(acts(&queue.rows, cx.now, "", t("inicio-hacer-revisar")), "revisar");
    let all = "/referencias".to_owned();
    Ok(vec![Group { total: queue.total, all, ..group("revisar", t("inicio-revisar"), rows) }])
}

/// The exits that wait for a second person, in the territory of who supervises.
async fn to_confirm(visit: &Visit) -> Result<Vec<Group>, Problem> {
    let cx = visit.cx()?;
    let filter = Filter { phases: vec![Phase::ExitProposed], ..Filter::default() };
    let queue = worklist::queue(&visit.state.access, cx, &filter, 1).await?;
    let rows = along(acts(&queue.rows, cx.now, "", t("inicio-hacer-revisar")), "revisar");
    let all = "/referencias".to_owned();
    Ok(vec![Group { total: queue.total, all, ..group("salidas", t("inicio-salidas"), rows) }])
}

/// Rows that are opened as the queue's: from one the caller goes on to the next.
fn along(rows: Vec<Row>, view: &str) -> Vec<Row> {
    let into = |path: String| format!("{path}?ver={view}");
    let row = |row: Row| Row { href: into(row.href), act: row.act.map(|(path, name)| (into(path), name)), ..row };
    rows.into_iter().map(row).collect()
}

/// What posts could not do, in a coordinator's territory.
async fn objections(visit: &Visit) -> Result<Vec<Group>, Problem> {
    let cx = visit.cx()?;
    let filter = Filter { phases: vec![Phase::Acknowledged, Phase::Plan], objected: true, ..Filter::default() };
    let page = worklist::board(&visit.state.access, cx, &filter, 1).await?.page;
    let all = "/referencias?ver=objeciones".to_owned();
    Ok(vec![Group { total: page.total, all, ..objected(&page.rows, cx.now) }])
}

fn objected(referrals: &[Referral], now: Timestamp) -> Group {
    let rows = acts(referrals, now, "objecion", t("inicio-hacer-objecion"));
    let said = |row: Row, one: &Referral| Row { words: one.objections().collect::<Vec<_>>().join(". "), ..row };
    let rows = rows.into_iter().zip(referrals).map(|(row, one)| said(row, one));
    group("objeciones", t("inicio-objeciones"), along(rows.collect(), OBJECTED))
}

/// What waits where the person is attended; who does not answer sees the appointments only.
async fn at_destination(visit: &Visit) -> Result<Vec<Group>, Problem> {
    let cx = visit.cx()?;
    let there = waiting_at_destination(&visit.state.access, cx).await?;
    let unmarked = group("sin-marcar", t("inicio-sin-marcar"), seen(&there.unmarked, cx.now));
    if cx.role == Role::Clerk {
        return Ok(vec![unmarked]);
    }
    Ok(vec![
        group("llegan", t("inicio-llegan"), there.arriving.iter().map(|one| attended(one, cx)).collect()),
        group("recibidas", t("inicio-recibidas"), there.received.iter().map(|one| attended(one, cx)).collect()),
        group("contestar", t("inicio-contestar"), there.to_answer.iter().map(|one| attended(one, cx)).collect()),
        objected(&there.objected, cx.now),
        unmarked,
    ])
}

/// A row with what the caller does next for who is attended here, or with the way to the referral.
fn attended(one: &Referral, cx: &Cx) -> Row {
    let arrives = act::of(MoveKind::Arrive).filter(|act| act.allowed(one, cx));
    let arrives = arrives.map(|act| (act.place(one), (act.name)()));
    let counter = || format!("/referencias/{}/contrarreferir", one.id());
    let answers = ANSWERERS.contains(&cx.role);
    let begins = answers && one.allows(cx, &Move::Attend { encounter: String::new() });
    let answers = answers && one.allows(cx, &Move::CounterRefer { composition: String::new() });
    let attends = begins.then(|| (counter(), t("agenda-atender")));
    let act = arrives.or(attends).or_else(|| answers.then(|| (counter(), t("agenda-contrarreferir"))));
    Row { act: act.or_else(|| Some(looked(one))), ..row(one, cx.now) }
}

async fn agenda(visit: &Visit) -> Result<Vec<Group>, Problem> {
    let cx = visit.cx()?;
    let today = local(cx.now).date();
    let (day, _) = worklist::agenda(&visit.state.access, cx, (today, today)).await?;
    let row = |entry: &worklist::AgendaEntry| Row {
        clock: Some(Semaphore::new(Clock::Paused, hour(entry.start))),
        ..row(&entry.referral, cx.now)
    };
    let shown = group("agenda", t("inicio-agenda"), day.iter().map(row).collect());
    Ok(vec![Group { all: "/agenda".to_owned(), ..shown }])
}

fn group(id: &'static str, heading: Text, rows: Vec<Row>) -> Group {
    Group { id, heading, total: rows.len(), rows, all: format!("/pendientes/{id}") }
}

/// Rows with the act that waits at the post.
fn acts(referrals: &[Referral], now: Timestamp, path: &str, name: Text) -> Vec<Row> {
    let way = |one: &Referral| format!("/referencias/{}/{path}", one.id());
    let act = |one: &Referral| Some((way(one).trim_end_matches('/').to_owned(), name.clone()));
    referrals.iter().map(|one| Row { act: act(one), ..row(one, now) }).collect()
}

/// Rows whose act is on the referral's own page.
fn seen(referrals: &[Referral], now: Timestamp) -> Vec<Row> {
    referrals.iter().map(|one| Row { act: Some(looked(one)), ..row(one, now) }).collect()
}

fn looked(one: &Referral) -> (String, Text) {
    (format!("/referencias/{}", one.id()), t("linea-ver-referencia"))
}

fn row(referral: &Referral, now: Timestamp) -> Row {
    let (patient, service, number) = (referral.patient(), referral.service().name, referral.number());
    Row {
        href: format!("/referencias/{}", referral.id()),
        name: patient.name,
        synthetic: is_synthetic(&referral.task),
        about: t("inicio-fila")
            .with("servicio", service)
            .with("numero", number)
            .with("desde", ago(referral.since(), now))
            .into(),
        words: referral.reason().to_owned(),
        clock: referral.due().map(|due| Semaphore::due(due, now)),
        act: None,
    }
}

fn follow_up(one: &FollowUp, now: Timestamp) -> Row {
    let due = one.due.as_deref().and_then(|due| due.parse().ok());
    Row {
        href: format!("/personas/{}", one.patient.id),
        name: one.patient.name.clone(),
        synthetic: one.synthetic,
        about: asked_of(one.who, one.due.as_deref()).join(" · "),
        words: one.words.clone(),
        clock: due.map(|due| Semaphore::by(due, now)),
        act: Some((format!("/tareas/{}", one.id), t("inicio-hacer-tarea"))),
    }
}
