//! The acts that move a referral, as one table: where each is done, which move it makes, what it
//! asks. An act is offered and taken only where the state machine allows the move to this caller;
//! a page that is out of date shows the present state and gives back what was typed.

use access::{Access, Cx, Role};
use axum::extract::{Path, Query};
use care::CareError;
use care::referral::book::{confirm_proposal, decline_proposal};
use care::referral::cancel::{cancel_by_patient, cancel_by_provider, no_show, relist, resume, suspend};
use care::referral::exit::{confirm_exit, exit, refuse_exit, reopen};
use care::referral::moves::{Move, MoveKind};
use care::referral::review::{RedirectReason, ReturnReason, Review, receive, review};
use care::referral::state::{ExitReason, Phase, Priority, State};
use care::referral::transfer::{Aim, accept_transfer, arrive, depart, seek_bed, seek_bed_at};
use care::referral::{Named, Referral};
use jiff::Timestamp;
use store::Kind;

use crate::form::Form;
use crate::format::date_time;
use crate::gate::{Posted, Visit, done, mend, show, stale};
use crate::offers::{Place, places_for, urgent_places};
use crate::pages::queue::{Asked, standing};
use crate::pages::refer::{head_of, told};
use crate::pages::referral::{facts, notes};
use crate::problem::{Answer, Problem};
use crate::sheet::{Choice, Group, Press, Sheet, mend_with};
use crate::shell::Done;
use crate::text::{Text, t};
use crate::ui::{Facts, Note, Tone};

const TEXT: usize = 2000;

/// Who makes moves of a referral, each those of the role.
pub const MOVERS: &[Role] = &[
    Role::Nurse,
    Role::Doctor,
    Role::Specialist,
    Role::CommunityWorker,
    Role::SocialWorker,
    Role::Coordinator,
    Role::Supervisor,
    Role::Clerk,
];

/// What an act asks besides words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Nothing,
    /// P1 to P3.
    Priority,
    /// The same, or later.
    PriorityOrLater,
    /// What is missing.
    Lack,
    /// Where else, and why.
    Place,
    /// Why it leaves.
    Exit,
    /// Where the bed is sought, if elsewhere.
    Bed,
}

/// What was answered to [`Ask`].
enum Chosen {
    Nothing,
    Priority(Option<Priority>),
    Lack(ReturnReason),
    Place(RedirectReason, Named),
    Exit(ExitReason),
    Bed(Aim),
}

/// One act.
pub struct Act {
    /// Where it is done.
    pub path: &'static str,
    /// The move that it makes.
    pub kind: MoveKind,
    /// Its name: what its button says.
    pub name: fn() -> Text,
    /// What follows from it.
    pub follows: fn() -> Text,
    ask: Ask,
    /// The label of its words.
    words: fn() -> Text,
    /// What to do when the words are missing; none where they may be.
    missing: Option<fn() -> Text>,
}

/// An act that asks for words alone.
const fn act(path: &'static str, kind: MoveKind, name: fn() -> Text, follows: fn() -> Text) -> Act {
    Act { path, kind, name, follows, ask: Ask::Nothing, words: || t("acto-por-que"), missing: None }
}

impl Act {
    const fn ask(self, ask: Ask) -> Self {
        Self { ask, ..self }
    }

    const fn words(self, words: fn() -> Text) -> Self {
        Self { words, ..self }
    }

    const fn must(self, missing: fn() -> Text) -> Self {
        Self { missing: Some(missing), ..self }
    }
}

/// Every act, the likely first.
#[rustfmt::skip]
pub static ACTS: &[Act] = &[
    act("/referencias/{id}/aceptar-traslado", MoveKind::AcceptTransfer, || t("acto-aceptar-traslado"), || t("sigue-aceptar-traslado"))
        .words(|| t("acto-medico")).must(|| t("acto-medico-falta")),
    act("/referencias/{id}/buscar-cama", MoveKind::SeekBed, || t("acto-buscar-cama"), || t("sigue-buscar-cama"))
        .ask(Ask::Bed).words(|| t("acto-donde-busca")),
    act("/referencias/{id}/salir", MoveKind::Depart, || t("acto-salir"), || t("sigue-salir"))
        .words(|| t("traslado-vehiculo")).must(|| t("traslado-vehiculo-falta")),
    act("/referencias/{id}/llegada", MoveKind::Arrive, || t("acto-llegada"), || t("sigue-llegada"))
        .words(|| t("acto-como-llego")),
    act("/referencias/{id}/aceptar", MoveKind::Accept, || t("acto-aceptar"), || t("sigue-aceptar"))
        .ask(Ask::PriorityOrLater).words(|| t("acto-fundamento")).must(|| t("acto-fundamento-falta")),
    act("/referencias/{id}/priorizar", MoveKind::Prioritise, || t("acto-priorizar"), || t("sigue-priorizar"))
        .ask(Ask::Priority).words(|| t("acto-fundamento")).must(|| t("acto-fundamento-falta")),
    act("/referencias/{id}/recibir", MoveKind::Receive, || t("acto-recibir"), || t("sigue-recibir")),
    act("/referencias/{id}/devolver", MoveKind::Return, || t("acto-devolver"), || t("sigue-devolver"))
        .ask(Ask::Lack).words(|| t("acto-que-falta")).must(|| t("acto-que-falta-falta")),
    act("/referencias/{id}/redirigir", MoveKind::Redirect, || t("acto-redirigir"), || t("sigue-redirigir"))
        .ask(Ask::Place).must(|| t("acto-por-que-falta")),
    act("/referencias/{id}/asesorar", MoveKind::Advise, || t("acto-asesorar"), || t("sigue-asesorar"))
        .words(|| t("acto-consejo")).must(|| t("acto-consejo-falta")),
    act("/referencias/{id}/rechazar", MoveKind::Reject, || t("acto-rechazar"), || t("sigue-rechazar"))
        .must(|| t("acto-por-que-falta")),
    act("/referencias/{id}/confirmar-cita", MoveKind::Book, || t("acto-confirmar-cita"), || t("sigue-confirmar-cita")),
    act("/referencias/{id}/no-puede-cita", MoveKind::DeclineProposal, || t("acto-no-puede-cita"), || t("sigue-no-puede-cita"))
        .must(|| t("acto-por-que-falta")),
    act("/referencias/{id}/volver-a-lista", MoveKind::Relist, || t("acto-volver-a-lista"), || t("sigue-volver-a-lista"))
        .words(|| t("encontrada-motivo")).must(|| t("encontrada-falta")),
    act("/referencias/{id}/reanudar", MoveKind::Resume, || t("acto-reanudar"), || t("sigue-reanudar")),
    act("/referencias/{id}/confirmar-salida", MoveKind::ConfirmExit, || t("acto-confirmar-salida"), || t("sigue-confirmar-salida"))
        .words(|| t("acto-que-vio")).must(|| t("acto-que-vio-falta")),
    act("/referencias/{id}/rechazar-salida", MoveKind::RefuseExit, || t("acto-rechazar-salida"), || t("sigue-rechazar-salida"))
        .must(|| t("acto-por-que-falta")),
    act("/referencias/{id}/no-asistio", MoveKind::NoShow, || t("acto-no-asistio"), || t("sigue-no-asistio"))
        .words(|| t("acto-que-se-sabe")),
    act("/referencias/{id}/cancelar-establecimiento", MoveKind::CancelByProvider, || t("acto-cancelar-establecimiento"), || t("sigue-cancelar-establecimiento"))
        .must(|| t("acto-por-que-falta")),
    act("/referencias/{id}/cancelar-persona", MoveKind::CancelByPatient, || t("acto-cancelar-persona"), || t("sigue-cancelar-persona"))
        .must(|| t("acto-por-que-falta")),
    act("/referencias/{id}/suspender", MoveKind::Suspend, || t("acto-suspender"), || t("sigue-suspender"))
        .must(|| t("acto-por-que-falta")),
    act("/referencias/{id}/reabrir", MoveKind::Reopen, || t("acto-reabrir"), || t("sigue-reabrir"))
        .must(|| t("acto-por-que-falta")),
    act("/referencias/{id}/salida", MoveKind::Exit, || t("acto-salida"), || t("sigue-salida"))
        .ask(Ask::Exit).words(|| t("acto-prueba")).must(|| t("acto-prueba-falta")),
];

/// The act that makes this move.
pub fn of(kind: MoveKind) -> Option<&'static Act> {
    ACTS.iter().find(|act| act.kind == kind)
}

/// The act that takes a move back, where there is one.
pub fn opposite(kind: MoveKind) -> Option<&'static Act> {
    of(match kind {
        MoveKind::Suspend => MoveKind::Resume,
        MoveKind::Resume => MoveKind::Suspend,
        MoveKind::ProposeExit => MoveKind::RefuseExit,
        MoveKind::Exit | MoveKind::ConfirmExit | MoveKind::Reject => MoveKind::Reopen,
        _ => return None,
    })
}

impl Act {
    /// Where it is done with this referral.
    pub fn place(&self, referral: &Referral) -> String {
        self.path.replace("{id}", referral.id())
    }

    /// Whether it leads away from what is usually done next: it ends, stops or takes something back.
    pub fn is_aside(&self) -> bool {
        use MoveKind::{CancelByPatient, CancelByProvider, DeclineProposal, Exit, RefuseExit, Reject, Reopen, Suspend};
        let aside = [CancelByPatient, CancelByProvider, DeclineProposal, Exit, RefuseExit, Reject, Reopen, Suspend];
        aside.contains(&self.kind)
    }

    /// Whether the caller may do it now.
    pub fn allowed(&self, referral: &Referral, cx: &Cx) -> bool {
        let step = match self.kind {
            MoveKind::Exit => return !exit_reasons(referral, cx).is_empty(),
            MoveKind::Receive => Move::Receive,
            MoveKind::Return => Move::Return { reason: String::new() },
            MoveKind::Redirect => Move::Redirect { reason: String::new() },
            MoveKind::Advise => Move::Advise,
            MoveKind::Reject => Move::Reject,
            MoveKind::Accept => Move::Accept { priority: None },
            MoveKind::Prioritise => Move::Prioritise { priority: Priority::P3 },
            MoveKind::Book => match &referral.state {
                State::Proposed { appointment, .. } => Move::Book { appointment: appointment.clone() },
                _ => return false,
            },
            MoveKind::DeclineProposal => Move::DeclineProposal,
            MoveKind::CancelByProvider => Move::CancelByProvider,
            MoveKind::CancelByPatient => Move::CancelByPatient,
            MoveKind::NoShow => Move::NoShow,
            MoveKind::Relist => Move::Relist,
            MoveKind::Suspend => Move::Suspend { reason: String::new() },
            MoveKind::Resume => Move::Resume,
            MoveKind::ConfirmExit => Move::ConfirmExit { by: cx.actor.label() },
            MoveKind::RefuseExit => Move::RefuseExit,
            MoveKind::Reopen => Move::Reopen,
            MoveKind::SeekBed => Move::SeekBed,
            MoveKind::AcceptTransfer => Move::AcceptTransfer { physician: cx.name.clone() },
            MoveKind::Depart => Move::Depart,
            MoveKind::Arrive => Move::Arrive,
            _ => return false,
        };
        let answers = matches!(
            self.kind,
            MoveKind::Return | MoveKind::Redirect | MoveKind::Advise | MoveKind::Reject | MoveKind::Accept
        );
        if answers { referral.allows_review(cx, &step) } else { referral.allows(cx, &step) }
    }
}

/// The reasons by which the caller may take it off the list now.
fn exit_reasons(referral: &Referral, cx: &Cx) -> Vec<ExitReason> {
    let possible = |reason: &ExitReason| {
        let step = if reason.needs_second_person() {
            let evidence = ExitReason::label(*reason).to_owned();
            Move::ProposeExit { reason: *reason, evidence, by: cx.actor.label() }
        } else {
            Move::Exit { reason: *reason }
        };
        referral.allows(cx, &step)
    };
    ExitReason::ALL.iter().copied().filter(possible).collect()
}

/// The page of an act.
pub async fn show_act(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>, act: &'static Act) -> Answer {
    let cx = visit.cx()?;
    let referral = Referral::load(&visit.state.access, cx, &id).await?;
    if !referral.may(cx, act.kind) {
        return Err(Problem::Forbidden);
    }
    let mut form = Form::default();
    form.set("cola", asked.onward());
    if !act.allowed(&referral, cx) {
        return out_of_date(&visit, &referral, act, form).await;
    }
    if act.ask == Ask::PriorityOrLater {
        form.set("prioridad", referral.priority().code());
    }
    show(&page(&visit, &referral, act, form).await?)
}

/// Takes the form of an act.
pub async fn take_act(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted, act: &'static Act) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = Referral::load(access, cx, &id).await?;
    if !referral.may(cx, act.kind) {
        return Err(Problem::Forbidden);
    }
    if form.get("version") != referral.task_version.to_string() || !act.allowed(&referral, cx) {
        return out_of_date(&visit, &referral, act, form).await;
    }
    let chosen = chosen(&visit, &referral, act, &mut form).await?;
    let words = match act.missing {
        Some(missing) => form.required("palabras", TEXT, missing()),
        None => form.optional("palabras", TEXT),
    };
    let Some(chosen) = chosen.filter(|_| form.ok()) else {
        return mend(&page(&visit, &referral, act, form).await?);
    };
    let kind = match &chosen {
        Chosen::Exit(reason) if reason.needs_second_person() => MoveKind::ProposeExit,
        _ => act.kind,
    };
    let asked = Asked::along(form.get("cola"));
    let queue = standing(&visit, &asked, &id).await?;
    match make((access, cx), &referral, act.kind, chosen, &words).await {
        Ok(_) => {
            // Whoever sent it elsewhere may not see it any more.
            let seen = Referral::load(access, cx, &id).await.is_ok();
            let to = match (kind, queue) {
                (MoveKind::Book, _) if seen => format!("/referencias/{id}/cita/comprobante{}", asked.onward()),
                // The same person goes on with what was only taken up.
                (MoveKind::Receive | MoveKind::SeekBed, _) if seen => format!("/referencias/{id}{}", asked.onward()),
                (_, Some(queue)) => queue.after,
                _ if seen => format!("/referencias/{id}"),
                _ => "/referencias".to_owned(),
            };
            done(&visit, &to, Done::Moved(kind))
        }
        Err(error @ CareError::Form(_)) => {
            mend_with(&mut form, error, &[("words", "palabras"), ("destination", "destino")])?;
            mend(&page(&visit, &referral, act, form).await?)
        }
        Err(error) if matches!(error.kind(), Kind::Stale | Kind::Conflict | Kind::Rule) => {
            let now = Referral::load(access, cx, &id).await?;
            out_of_date(&visit, &now, act, form).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The move itself.
async fn make(
    (access, cx): (&Access, &Cx),
    referral: &Referral,
    kind: MoveKind,
    chosen: Chosen,
    words: &str,
) -> Result<Referral, CareError> {
    let answer = match (kind, chosen) {
        (_, Chosen::Priority(Some(priority))) => Review::Accept(priority),
        (_, Chosen::Priority(None)) => Review::Pertinent,
        (_, Chosen::Lack(reason)) => Review::Return(reason),
        (_, Chosen::Place(reason, place)) => Review::Redirect(reason, place),
        (_, Chosen::Bed(aim)) => return seek_bed_at(access, cx, referral, &aim, words).await,
        (_, Chosen::Exit(reason)) => return exit(access, cx, referral, reason, words).await,
        (MoveKind::Reject, _) => Review::Reject,
        (MoveKind::Advise, _) => Review::Advise,
        (MoveKind::Book, _) => return confirm_proposal(access, cx, referral).await,
        (MoveKind::DeclineProposal, _) => return decline_proposal(access, cx, referral, words).await,
        (MoveKind::CancelByProvider, _) => return cancel_by_provider(access, cx, referral, words).await,
        (MoveKind::CancelByPatient, _) => return cancel_by_patient(access, cx, referral, words).await,
        (MoveKind::NoShow, _) => return no_show(access, cx, referral, words).await,
        (MoveKind::Relist, _) => return relist(access, cx, referral, words).await,
        (MoveKind::Suspend, _) => return suspend(access, cx, referral, words).await,
        (MoveKind::Resume, _) => return resume(access, cx, referral, words).await,
        (MoveKind::ConfirmExit, _) => return confirm_exit(access, cx, referral, words).await,
        (MoveKind::RefuseExit, _) => return refuse_exit(access, cx, referral, words).await,
        (MoveKind::Reopen, _) => return reopen(access, cx, referral, words).await,
        (MoveKind::SeekBed, _) => return seek_bed(access, cx, referral, words).await,
        (MoveKind::AcceptTransfer, _) => return accept_transfer(access, cx, referral, words).await,
        (MoveKind::Depart, _) => return depart(access, cx, referral, words).await,
        (MoveKind::Arrive, _) => return arrive(access, cx, referral, words).await,
        _ => return receive(access, cx, referral).await,
    };
    review(access, cx, referral, &answer, words).await
}

/// What was chosen; notes what was not.
async fn chosen(visit: &Visit, referral: &Referral, act: &Act, form: &mut Form) -> Result<Option<Chosen>, Problem> {
    let (soon, reason) = (form.get("prioridad").to_owned(), form.get("razon").to_owned());
    let found = match act.ask {
        Ask::Nothing => Some(Chosen::Nothing),
        Ask::PriorityOrLater if soon == LATER => Some(Chosen::Priority(None)),
        Ask::Priority | Ask::PriorityOrLater => Priority::from_code(&soon).map(|one| Chosen::Priority(Some(one))),
        Ask::Lack => ReturnReason::from_code(&reason).map(Chosen::Lack),
        Ask::Exit => exit_reasons(referral, visit.cx()?).into_iter().find(|one| one.code() == reason).map(Chosen::Exit),
        Ask::Bed => {
            let place = form.get("destino").to_owned();
            let here = place.is_empty() || place == referral.destination().id;
            if here && referral.state.phase() != Phase::BedSought {
                return Ok(Some(Chosen::Nothing));
            }
            if here {
                form.error("destino", t("acto-cama-otro-falta"));
                return Ok(None);
            }
            let (offered, _) = urgent_places(visit, &referral.origin().id, &place).await?;
            let found = offered.into_iter().find(|one| one.facility.id == place);
            if found.is_none() {
                form.error("destino", t("mal-destino"));
            }
            return Ok(found.map(|one| Chosen::Bed(Aim { service: one.service, place: one.facility })));
        }
        Ask::Place => {
            let offered = elsewhere(visit, referral, form.get("destino")).await?;
            let place = offered.into_iter().find(|place| place.facility.id == form.get("destino"));
            if place.is_none() {
                form.error("destino", t("mal-destino"));
            }
            let reason = RedirectReason::from_code(&reason);
            if reason.is_none() {
                form.error("razon", t("acto-razon-falta"));
            }
            return Ok(reason.zip(place).map(|(reason, place)| Chosen::Place(reason, place.facility)));
        }
    };
    match act.ask {
        _ if found.is_some() => {}
        Ask::Priority | Ask::PriorityOrLater => form.error("prioridad", t("acto-prioridad-falta")),
        _ => form.error("razon", t("acto-razon-falta")),
    }
    Ok(found)
}

/// No priority yet.
const LATER: &str = "despues";

/// Other places that offer the service to whoever referred.
async fn elsewhere(visit: &Visit, referral: &Referral, chosen: &str) -> Result<Vec<Place>, Problem> {
    let service = referral.service().id;
    let mut places = places_for(visit, &referral.origin().id, &[&service], chosen).await?;
    places.retain(|place| place.facility.id != referral.destination().id);
    Ok(places)
}

fn options<T: Copy>(all: &[T], of: impl Fn(T) -> (&'static str, &'static str)) -> Vec<(String, String)> {
    all.iter().map(|one| of(*one)).map(|(code, label)| (code.to_owned(), label.to_owned())).collect()
}

/// Where a bed can be sought: where it was asked for, first, or at another place; later only there.
async fn beds(visit: &Visit, referral: &Referral, chosen: &str) -> Result<Group, Problem> {
    let here = referral.destination();
    let mut group = Group::new(t("acto-donde-cama"));
    group.name = "destino";
    let (offered, _) = urgent_places(visit, &referral.origin().id, chosen).await?;
    let others = offered.into_iter().filter(|place| place.facility.id != here.id).map(|place| place.card);
    if referral.state.phase() == Phase::BedSought {
        group = group.choices(others);
        let said = t("acto-cama-ya").with("lugar", here.name);
        return Ok(match group.options.is_empty() {
            true => Group { id: "destino", ..group }.lines([said.to_string(), t("acto-cama-sin-otro").to_string()]),
            false => group.hint(said),
        });
    }
    let stays = Choice {
        on: chosen.is_empty() || chosen == here.id,
        value: here.id.clone(),
        name: here.name,
        tag: t("acto-cama-pedida").into(),
        about: referral.service().name,
        facts: Vec::new(),
    };
    Ok(group.choices(std::iter::once(stays).chain(others)))
}

/// What the act asks for, and its button.
async fn groups(visit: &Visit, referral: &Referral, act: &Act, form: &Form) -> Result<Vec<Group>, Problem> {
    let mut groups = Vec::new();
    let mut main = Group::new((act.name)()).hint((act.follows)());
    match act.ask {
        Ask::Nothing => {}
        Ask::Priority | Ask::PriorityOrLater => {
            let mut soon = options(Priority::ALL, |one| (one.code(), one.label()));
            if act.ask == Ask::PriorityOrLater {
                soon.push((LATER.to_owned(), t("acto-prioridad-despues").into()));
            }
            main = main.fields([form.radios("prioridad", t("acto-prioridad"), &soon)]);
        }
        Ask::Lack => {
            let reasons = options(ReturnReason::ALL, |one| (one.code(), one.label()));
            main = main.fields([form.radios("razon", t("acto-razon"), &reasons)]);
        }
        Ask::Place => {
            let mut where_to = Group::new(t("acto-a-donde"));
            where_to.name = "destino";
            let places = elsewhere(visit, referral, form.get("destino")).await?;
            where_to = where_to.choices(places.into_iter().map(|place| place.card));
            groups.push(if where_to.options.is_empty() {
                Group { id: "destino", ..where_to }.lines([t("acto-sin-lugares").to_string()])
            } else {
                where_to.hint(t("referir-a-donde-ayuda"))
            });
            let reasons = options(RedirectReason::ALL, |one| (one.code(), one.label()));
            main = main.fields([form.radios("razon", t("acto-razon"), &reasons)]);
        }
        Ask::Bed => groups.push(beds(visit, referral, form.get("destino")).await?),
        Ask::Exit => {
            let words = |reason: ExitReason| {
                let label = reason.label().to_owned();
                let two = || t("acto-con-segunda").with("razon", &label).into();
                (reason.code().to_owned(), if reason.needs_second_person() { two() } else { label.clone() })
            };
            let reasons: Vec<_> = exit_reasons(referral, visit.cx()?).into_iter().map(words).collect();
            main = main.fields([form.radios("razon", t("acto-razon"), &reasons)]);
        }
    }
    if act.kind != MoveKind::Receive && act.kind != MoveKind::Book {
        let one_line = matches!(act.kind, MoveKind::AcceptTransfer | MoveKind::Depart);
        let words = (act.words)();
        main = main.fields([if one_line { form.line("palabras", words) } else { form.area("palabras", words) }]);
    }
    groups.push(main);
    Ok(groups)
}

async fn page(visit: &Visit, referral: &Referral, act: &Act, form: Form) -> Result<Sheet, Problem> {
    let cx = visit.cx()?;
    let mut page = Sheet::new(visit, (act.name)(), head_of(referral), act.place(referral));
    let onward = Asked::along(form.get("cola")).onward();
    let whole = format!("/referencias/{}{onward}", referral.id());
    page.shell = page.shell.back(whole.clone(), t("volver-referencia"));
    page.hidden = vec![("version", referral.task_version.to_string()), ("cola", onward)];
    page.notes = notes(referral);
    page.groups = vec![Group { id: "ahora", ..Group::new(t("traslado-ahora")) }.lines(told(referral, cx.now))];
    if act.allowed(referral, cx) {
        page.groups.extend(groups(visit, referral, act, &form).await?);
        let gives_up = matches!(act.kind, MoveKind::Reject | MoveKind::Exit | MoveKind::ConfirmExit);
        page.buttons = vec![Press { danger: gives_up, ..Press::new("hacer", (act.name)()) }];
    } else {
        let mine = matches!(&referral.state, State::ExitProposed { by, .. } if *by == cx.actor.label());
        if act.kind == MoveKind::ConfirmExit && mine {
            page.notes.push(Note::new(Tone::Warn, t("acto-misma-persona"), t("acto-misma-persona-que")));
        }
        let typed = Some(form.get("palabras").to_owned()).filter(|words| !words.is_empty());
        page.groups.extend(typed.map(|words| Group::new(t("acto-lo-escrito")).lines([words])));
    }
    page.away = vec![(whole, t("linea-ver-referencia"))];
    let mut known = vec![(t("referencia-motivo").to_string(), referral.reason().to_owned())];
    known.extend(facts(referral, None));
    page.aside = vec![(t("referencia-resumen"), Facts(known))];
    page.form = form;
    Ok(page)
}

/// From when on it can be done, where the appointment's time has not come.
pub fn early(referral: &Referral, cx: &Cx, kind: MoveKind) -> Option<Timestamp> {
    referral.not_before(kind).filter(|from| *from > cx.now)
}

/// The present state, with what was typed, when the page showed another one.
async fn out_of_date(visit: &Visit, referral: &Referral, act: &Act, form: Form) -> Answer {
    let state = referral.state.phase().label();
    let mut page = page(visit, referral, act, form).await?;
    let changed = if let Some(from) = early(referral, visit.cx()?, act.kind) {
        Note::new(Tone::Warn, t("acto-temprano"), t("acto-temprano-que").with("hora", date_time(from)))
    } else if page.buttons.is_empty() {
        Note::new(Tone::Warn, t("acto-ya-no"), t("acto-ya-no-que").with("estado", state))
    } else {
        Note::new(Tone::Warn, t("cambio-titulo"), t("acto-cambio-que").with("estado", state))
    };
    page.notes.insert(0, changed);
    stale(&page)
}
