//! The pages are no side door: whatever form somebody sends for a referral, at whatever state it stands,
//! an illegal move of the table (`care::govern::illegal_moves`) is refused and nothing is written. What the
//! table tries and no page has a form for is counted, with its reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::{Cx, Role};
use axum::http::{Method, StatusCode};
use care::govern::{illegal_moves, illegal_stage};
use care::referral::Referral;
use care::referral::moves::{Move, MoveKind, Side};
use care::referral::state::{ExitReason, Phase, Priority, State};
use fhir::{Value, json};
use jiff::Timestamp;
use store::{Change, Expect, Key, Write};

use crate::Site;
use crate::browser::Browser;
use crate::forms::{head, written};

/// A form that moves a referral: where it is sent, what it does, where that leads.
struct Form(&'static str, Move, &'static [Phase]);

fn text(words: &str) -> String {
    words.to_owned()
}

#[rustfmt::skip]
fn forms() -> Vec<Form> {
    use Phase::*;
    let own = || text("x");
    let exit = ExitReason::Death;
    vec![
        Form("aceptar-traslado", Move::AcceptTransfer { physician: own() }, &[TransferAccepted]),
        Form("buscar-cama", Move::SeekBed, &[BedSought]),
        Form("salir", Move::Depart, &[InTransit]),
        Form("llegada", Move::Arrive, &[Received]),
        Form("aceptar", Move::Accept { priority: Some(Priority::P3) }, &[Waiting, Accepted]),
        Form("priorizar", Move::Prioritise { priority: Priority::P3 }, &[Waiting]),
        Form("recibir", Move::Receive, &[UnderReview]),
        Form("devolver", Move::Return { reason: own() }, &[Returned]),
        Form("redirigir", Move::Redirect { reason: own() }, &[Redirected]),
        Form("asesorar", Move::Advise, &[Advised]),
        Form("rechazar", Move::Reject, &[Exited]),
        Form("confirmar-cita", Move::Book { appointment: own() }, &[Booked]),
        Form("no-puede-cita", Move::DeclineProposal, &[Waiting]),
        Form("volver-a-lista", Move::Relist, &[Waiting]),
        Form("reanudar", Move::Resume, &[Waiting]),
        Form("confirmar-salida", Move::ConfirmExit { by: own() }, &[Exited]),
        Form("rechazar-salida", Move::RefuseExit, &[UnderReview, Waiting, Attended, Delivered, TransferRequested]),
        Form("no-asistio", Move::NoShow, &[Missed]),
        Form("cancelar-establecimiento", Move::CancelByProvider, &[Waiting]),
        Form("cancelar-persona", Move::CancelByPatient, &[Waiting]),
        Form("suspender", Move::Suspend { reason: own() }, &[Suspended]),
        Form("reabrir", Move::Reopen, &[UnderReview, Waiting, Attended, Delivered, TransferRequested]),
        Form("salida", Move::ProposeExit { reason: exit, evidence: own(), by: own() }, &[Exited, ExitProposed]),
        Form("descartar", Move::Discard, &[Discarded]),
        Form("traslado", Move::RequestTransfer, &[TransferRequested]),
        Form("completar", Move::Complete, &[UnderReview]),
        Form("acusar", Move::Acknowledge { tasks: vec![] }, &[Acknowledged, Plan, Closed]),
        Form("cita", Move::Book { appointment: own() }, &[Booked, Proposed]),
        Form("contrarreferir", Move::CounterRefer { composition: own() }, &[Attended, InControl, Hospitalised, Delivered]),
        Form("referir", Move::Send, &[Sent]),
        Form("objecion", Move::Close, &[Closed, Delivered]),
    ]
}

/// Forms at a referral that move nothing.
const WORDS: [&str; 2] = ["avisada", "leida"];

/// What no page has a form for, and why.
const NO_FORM: [(&str, &str); 22] = [
    ("drop the profile", "pages write the profile themselves"),
    ("drop the appointment's profile", "pages write the profile themselves"),
    ("delete", "no page deletes: a draft is discarded, which is a move"),
    ("pass to another person", "whose a referral is stands in no field"),
    ("change the request alone", "pages write the pair together"),
    ("make a follow-up alone", "follow-ups come of the acknowledgement"),
    ("fail a follow-up", "the page of a follow-up writes the referral too"),
    ("finish the last follow-up", "the page of a follow-up writes the referral too"),
    ("share for longer", "times are the server's"),
    ("end later", "times are the server's"),
    ("change the urgency", "it is no field but of accepting and prioritising"),
    ("change whom it waits for", "it is no field"),
    ("send at no time", "times are the server's"),
    ("send before it was written", "times are the server's"),
    ("send elsewhere without a move", "the place is a field of redirecting and of transfers only"),
    ("ask for another service", "the service is a field of drafts and of transfers only"),
    ("no agreement", "places that can't see it are not offered: see agreements"),
    ("book without the referral", "the page books for its referral"),
    ("move without taking the place", "the page writes appointment and place together"),
    ("cancel the appointment alone", "the page writes the pair and the appointment together"),
    ("leave the appointment standing", "the page writes the pair and the appointment together"),
    ("jump to borrador", "no form leads back to a draft"),
];

/// Held places, which pages neither offer nor change: told apart, as their names begin alike.
const HELD: [&str; 3] = ["free a held place", "take a held place", "move a held place"];

/// A draft that is not ready: the page saves it as a draft, and sends nothing.
const UNREADY: [(&str, &[(&str, &str)]); 4] = [
    ("send with a danger sign", &[("senal", "sangrado"), ("motivo", "Ve menos")]),
    ("send without asking for signs", &[("motivo", "Ve menos"), ("servicio", "oftalmologia")]),
    ("send without a service", &[("senal", "ninguna"), ("motivo", "Ve menos"), ("servicio", "")]),
    ("send without a reason", &[("senal", "ninguna"), ("motivo", ""), ("servicio", "oftalmologia")]),
];

/// An answer to whatever a form asks.
const ANSWERS: [(&str, &str); 20] = [
    ("palabras", "Así se acordó"),
    ("prioridad", "routine"),
    ("razon", "fallecimiento"),
    ("destino", "destination"),
    ("lugar", "x"),
    ("motivo", "Se golpeó el ojo"),
    ("senal", "ninguna"),
    ("nota", "Agudeza 20/200"),
    ("linea-1", "si"),
    ("hallazgos", "Catarata"),
    ("dx1", "ojo nublado zzz"),
    ("dx1-codigo", ""),
    ("ind1", "Gotas"),
    ("ind1-quien", ""),
    ("sigue", "alta"),
    ("respuesta", "Que use lentes"),
    ("como", "Llamó a su hija"),
    ("desde", ""),
    ("cola", ""),
    ("boton", "firmar"),
];

struct Walk {
    site: Site,
    system: Cx,
    nurse: Browser,
    specialist: Browser,
    counts: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Walk {
    fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    /// Sends the form as whoever may make the move, for the referral as it stands.
    async fn send(&mut self, kind: MoveKind, path: &str, version: u64, answers: &[(&str, &str)]) -> StatusCode {
        let at_origin = matches!(kind.side(), Side::Origin | Side::Either) && kind.may(Role::Nurse);
        let browser = if at_origin { &mut self.nurse } else { &mut self.specialist };
        let page = browser.get("/cuenta").await;
        let version = version.to_string();
        let mut fields = vec![("version", version.as_str())];
        fields.extend(answers);
        browser.submit(&page, path, &fields).await.status
    }

    /// Every form of that attempt is refused, unless its move is legal there: then the page writes what is.
    async fn jump(&mut self, id: &str, name: &str, forms: &[&Form]) {
        for Form(path, step, _) in forms {
            let referral = Referral::load(&self.site.world.access, &self.system, id).await.unwrap();
            if legal(&referral.state, step, self.system.now) {
                self.count("the form's own move is legal there, and nothing else can be typed");
                continue;
            }
            let start = head(&self.site).await;
            let action = match *path {
                "referir" => "/personas/patient/referir".to_owned(),
                path => format!("/referencias/{id}/{path}"),
            };
            let answers = [&ANSWERS[..], &[("borrador", id), ("servicio", "oftalmologia")]].concat();
            let status = self.send(step.kind(), &action, referral.task_version, &answers).await;
            let changed = written(&self.site, start).await;
            if status.is_server_error() || !changed.is_empty() {
                self.wrong.push(format!("{name} by {path}: {status}, wrote {changed:?}"));
            }
            self.count(format!("refused: {}", status.as_u16()));
        }
    }

    /// What is not ready is not sent.
    async fn unready(&mut self, id: &str, name: &str, answers: &[(&str, &str)]) {
        let referral = Referral::load(&self.site.world.access, &self.system, id).await.unwrap();
        let answers = [answers, &[("borrador", id), ("destino", "destination"), ("boton", "enviar")]].concat();
        let status = self.send(MoveKind::Send, "/personas/patient/referir", referral.task_version, &answers).await;
        let after = Referral::load(&self.site.world.access, &self.system, id).await.unwrap();
        let refused = matches!(status.as_u16(), 303 | 409 | 422);
        if !refused || after.state != referral.state {
            self.wrong.push(format!("{name}: {status}, {:?}", after.state));
        }
        self.count(format!("not sent: {}", status.as_u16()));
    }
}

async fn walk() -> Walk {
    let site = Site::governed(vec![Arc::new(care::CareGovernor)]).await;
    // What the program writes is kept by the institution of the people who work here.
    let system = Cx { institution: "MSPAS".to_owned(), ..site.world.system() };
    for mut one in illegal_stage() {
        if one.resource_type() == Some("Patient") {
            one.set("managingOrganization", json!({ "reference": "Organization/origin" }));
            one.set("name", json!([{ "family": "Tzub", "given": ["Rosa"] }]));
        }
        site.world.put(&system, one.id().unwrap(), one.clone()).await;
    }
    let nurse = site.logged_in("ana", Role::Nurse, "origin").await;
    let specialist = site.logged_in("rojas", Role::Specialist, "destination").await;
    Walk { site, system, nurse, specialist, counts: BTreeMap::new(), wrong: Vec::new() }
}

/// Whether a page may make that move from the state: a form that decides takes up first what nobody has
/// taken up, and one that answers attends first.
fn legal(state: &State, step: &Move, now: Timestamp) -> bool {
    let first = [Move::Receive, Move::SeekBed, Move::Attend { encounter: text("x") }];
    state.apply(step, now).is_ok()
        || first.iter().filter_map(|one| state.apply(one, now).ok()).any(|next| next.apply(step, now).is_ok())
}

fn put(one: &Value) -> Change {
    let key = Key::new(one.resource_type().unwrap(), one.id().unwrap());
    Change { key, expect: Expect::Any, write: Write::Put(one.to_bytes().into()) }
}

#[tokio::test]
async fn every_illegal_move_is_refused_by_every_form() {
    let mut walk = walk().await;
    let (system, forms) = (walk.system.clone(), forms());
    let known = |path: &str| forms.iter().any(|form| form.0 == path) || WORDS.contains(&path);
    let routes = web::routes();
    let at_referral = routes.iter().filter(|route| route.method == Method::POST);
    let at_referral: Vec<_> = at_referral.filter_map(|route| route.path.strip_prefix("/referencias/{id}/")).collect();
    assert!(at_referral.iter().all(|path| known(path)), "say what these forms do: {at_referral:?}");
    for row in illegal_moves("pagina", &system.actor.label(), system.now) {
        for commit in &row.setup {
            let act = access::Act { name: "update", changes: commit.iter().map(put).collect(), ..Default::default() };
            walk.site.world.access.commit(&system, act).await.unwrap();
        }
        let task = row.setup[0].iter().find(|one| one.resource_type() == Some("Task")).unwrap();
        let id = task.id().unwrap();
        for one in &row.attempts {
            let name = format!("{:?}: {}", row.from, one.name);
            let phase = one.name.strip_prefix("jump to ");
            let to: Vec<&Form> = match phase {
                Some(code) => forms.iter().filter(|form| form.2.iter().any(|phase| phase.code() == code)).collect(),
                None => Vec::new(),
            };
            let why = NO_FORM.iter().find(|(begins, _)| one.name.starts_with(begins)).map(|(_, why)| *why);
            if !to.is_empty() {
                walk.jump(id, &name, &to).await;
            } else if let Some((_, answers)) = UNREADY.iter().find(|(unready, _)| *unready == one.name) {
                walk.unready(id, &name, answers).await;
            } else if HELD.contains(&one.name.as_str()) {
                walk.count("no form: held places are neither offered nor changed");
            } else if let Some(why) = why {
                walk.count(format!("no form: {why}"));
            } else {
                walk.wrong.push(format!("{name}: neither a form nor a reason"));
            }
        }
    }
    println!("{:#?}", walk.counts);
    assert!(walk.wrong.is_empty(), "{}", walk.wrong.join("\n"));
    let refused: usize = walk.counts.iter().filter(|(what, _)| what.starts_with("refused")).map(|(_, n)| n).sum();
    let unsent: usize = walk.counts.iter().filter(|(what, _)| what.starts_with("not sent")).map(|(_, n)| n).sum();
    let told = walk.counts.get("refused: 409").copied().unwrap_or_default();
    assert!(refused > 300 && told > 200 && unsent == UNREADY.len(), "{:?}", walk.counts);
}
