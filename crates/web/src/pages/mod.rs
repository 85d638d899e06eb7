//! The pages, a file each, and the table of their rows.

mod account;
pub(crate) mod act;
pub(crate) mod agenda;
pub(crate) mod agreements;
mod answer;
mod answers_for;
pub(crate) mod audit;
mod booking;
pub(crate) mod code;
mod copy;
mod correct;
mod counter;
mod discard;
pub(crate) mod encounter;
mod facility;
mod facility_edit;
pub(crate) mod figures;
pub(crate) mod find;
mod home;
pub(crate) mod hours;
mod info;
mod invitation;
pub(crate) mod login;
mod map;
mod network;
mod network_import;
mod notice;
mod offer;
pub(crate) mod person;
pub(crate) mod phone;
mod pieces;
mod print;
pub(crate) mod queue;
mod refer;
pub(crate) mod referral;
mod register;
mod service_edit;
pub(crate) mod staff;
mod staff_import;
mod staff_role;
mod transfer;
pub(crate) mod visit;

use access::Role;
use axum::extract::{Path, Query};

use crate::gate::{Posted, Visit};
use crate::route::{Expects, Route};

/// The largest request with a table in it: the table, and the fields around it.
const UPLOAD_BYTES: usize = ::network::SHEET_BYTES + 64 * 1024;
/// Who attends and refers at a post.
const ATTENDS: Expects = Expects::Roles(&[Role::Nurse, Role::Doctor]);
/// Who follows up at a post.
const FOLLOWS: Expects = Expects::Roles(&[Role::Nurse, Role::Doctor, Role::CommunityWorker, Role::SocialWorker]);

/// Every page: method, path, who may ask.
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/", Expects::Session, home::show_home),
        Route::get("/entrar", Expects::Anyone, login::show_login),
        Route::post("/entrar", Expects::Anyone, login::enter),
        Route::post("/entrar/codigo", Expects::Anyone, login::enter_code),
        Route::post("/entrar/funcion", Expects::Anyone, login::enter_role),
        Route::post("/salir", Expects::Anyone, login::leave),
        Route::get("/invitacion/{codigo}", Expects::Anyone, invitation::show_invitation),
        Route::post("/invitacion/{codigo}", Expects::Anyone, invitation::accept),
        Route::get("/cuenta", Expects::Session, account::show_account),
        Route::post("/cuenta/sesiones/{id}/cerrar", Expects::Session, account::end_session),
        Route::get("/cuenta/clave", Expects::Settling, account::show_password),
        Route::post("/cuenta/clave", Expects::Settling, account::change_password),
        Route::get("/cuenta/pin", Expects::Session, phone::show_pin),
        Route::post("/cuenta/pin", Expects::Session, phone::take_pin),
        Route::get("/cuenta/segundo-paso", Expects::Settling, account::show_second_step),
        Route::post("/cuenta/segundo-paso", Expects::Settling, account::confirm_second_step),
        Route::post("/cuenta/segundo-paso/empezar", Expects::Settling, account::start_second_step),
        Route::get("/funcion", Expects::Session, account::show_roles),
        Route::post("/funcion", Expects::Session, account::switch_role),
        Route::post("/bloquear", Expects::Session, phone::lock),
        Route::get("/desbloquear", Expects::Settling, phone::show_locked),
        Route::post("/desbloquear", Expects::Settling, phone::unlock),
        Route::get("/personas", Expects::Roles(find::SEEKERS), find::find),
        Route::get("/personas/{id}", Expects::Session, person::show_person),
        Route::get("/personas/{id}/razon", Expects::Session, person::show_reason),
        Route::post("/personas/{id}/razon", Expects::Session, person::give_reason),
        Route::get("/personas/{id}/quien-vio", Expects::Session, audit::show_looked),
        Route::get("/personas/{id}/quien-vio.csv", Expects::Session, audit::looked_as_csv),
        Route::get("/auditoria", Expects::Roles(audit::READERS), audit::show_chain),
        Route::get("/cuentas", Expects::Roles(staff::MANAGERS), staff::show_staff),
        Route::get("/cuentas/nueva", Expects::Roles(staff::MANAGERS), staff::show_new),
        Route::post("/cuentas/nueva", Expects::Roles(staff::MANAGERS), staff::add),
        Route::get("/cuentas/{id}", Expects::Roles(staff::MANAGERS), staff::show_one),
        Route::post("/cuentas/{id}/entrada", Expects::Roles(staff::MANAGERS), staff::reset),
        Route::post("/cuentas/{id}/desactivar", Expects::Roles(staff::MANAGERS), staff::disable),
        Route::post("/cuentas/{id}/activar", Expects::Roles(staff::MANAGERS), staff::enable),
        Route::post("/cuentas/{id}/entregar", Expects::Roles(staff::MANAGERS), staff::hand_over),
        Route::post("/cuentas/{id}/territorio", Expects::Roles(staff::MANAGERS), answers_for::set_territory),
        Route::post("/cuentas/{id}/funciones", Expects::Roles(staff::MANAGERS), staff_role::add),
        Route::post("/cuentas/{id}/funciones/terminar", Expects::Roles(staff::MANAGERS), staff_role::end),
        Route::post("/cuentas/{id}/terminar", Expects::Roles(staff::MANAGERS), staff::end),
        Route::get("/cifras", Expects::Roles(figures::READERS), figures::show_figures),
        Route::get("/cifras.csv", Expects::Roles(figures::READERS), figures::as_csv),
        Route::get("/red", Expects::Session, network::show_network),
        Route::get("/red.csv", Expects::Session, network::as_csv),
        Route::get("/red.xlsx", Expects::Session, network::as_xlsx),
        Route::get("/red/{id}", Expects::Session, facility::show_facility),
        Route::get("/referencias", Expects::Roles(queue::DESK), queue::show_queue),
        Route::get("/r", Expects::Session, code::show_search),
        Route::get("/r/{codigo}", Expects::Session, code::follow),
        Route::get("/accesibilidad", Expects::Anyone, info::accessibility),
        Route::get("/privacidad", Expects::Anyone, info::privacy),
        Route::get("/ayuda", Expects::Anyone, info::help),
        Route::get("/piezas", Expects::Anyone, pieces::show_pieces),
    ];
    routes.extend(at_registration());
    routes.extend(at_post());
    routes.extend(appointments());
    routes.extend(of_network());
    routes.extend(between_institutions());
    routes.extend(of_referral());
    routes.extend(of_visit());
    routes
}

/// A referral and what is done with it.
fn of_referral() -> Vec<Route> {
    const MOVES: Expects = Expects::Roles(act::MOVERS);
    let mut routes = vec![Route::get("/referencias/{id}", Expects::Roles(referral::READERS), referral::show_referral)];
    for act in act::ACTS {
        routes.push(Route::get(act.path, MOVES, move |visit: Visit, id: Path<String>, asked: Query<queue::Asked>| {
            act::show_act(visit, id, asked, act)
        }));
        routes.push(Route::post(act.path, MOVES, move |visit: Visit, id: Path<String>, form: Posted| {
            act::take_act(visit, id, form, act)
        }));
    }
    routes
}

/// A signed visit, and the drafts that can be opened again or thrown away.
fn of_visit() -> Vec<Route> {
    vec![
        Route::get("/atenciones/{id}", Expects::Session, encounter::show_encounter),
        Route::get("/atenciones/{id}/adenda", ATTENDS, encounter::show_addend),
        Route::post("/atenciones/{id}/adenda", ATTENDS, encounter::take_addend),
        Route::get("/atenciones/{id}/anular", ATTENDS, encounter::show_strike),
        Route::post("/atenciones/{id}/anular", ATTENDS, encounter::take_strike),
        Route::get("/atenciones/{id}/mover", ATTENDS, encounter::show_move),
        Route::post("/atenciones/{id}/mover", ATTENDS, encounter::take_move),
        Route::get("/referencias/{id}/descartar", ATTENDS, discard::show_discard),
        Route::post("/referencias/{id}/descartar", ATTENDS, discard::take_discard),
        Route::get("/pendientes/{id}", Expects::Session, home::show_pending),
    ]
}

/// The post's side of the journey.
fn at_post() -> Vec<Route> {
    vec![
        Route::post("/diagnosticos/parecidos", Expects::Session, offer::ask_codes),
        Route::get("/personas/{id}/atender", ATTENDS, visit::show_visit),
        Route::post("/personas/{id}/atender", ATTENDS, visit::take_visit),
        Route::get("/personas/{id}/atendida", ATTENDS, visit::show_signed),
        Route::get("/personas/{id}/referir", ATTENDS, refer::show_refer),
        Route::post("/personas/{id}/referir", ATTENDS, refer::take_refer),
        Route::get("/referencias/{id}/enviada", ATTENDS, refer::show_sent),
        Route::get("/referencias/{id}/traslado", ATTENDS, transfer::show_transfer),
        Route::post("/referencias/{id}/traslado", ATTENDS, transfer::take_transfer),
        Route::get("/referencias/{id}/completar", ATTENDS, answer::show_complete),
        Route::post("/referencias/{id}/completar", ATTENDS, answer::take_complete),
        Route::get("/referencias/{id}/acusar", FOLLOWS, answer::show_acknowledge),
        Route::post("/referencias/{id}/acusar", FOLLOWS, answer::take_acknowledge),
        Route::get("/referencias/{id}/avisada", FOLLOWS, notice::show_told),
        Route::post("/referencias/{id}/avisada", FOLLOWS, notice::take_told),
        Route::get("/referencias/{id}/leida", FOLLOWS, notice::show_read),
        Route::post("/referencias/{id}/leida", FOLLOWS, notice::take_read),
        Route::get("/referencias/{id}/objecion", Expects::Roles(notice::SETTLERS), notice::show_objection),
        Route::post("/referencias/{id}/objecion", Expects::Roles(notice::SETTLERS), notice::take_objection),
        Route::get("/tareas/{id}", FOLLOWS, answer::show_follow_up),
        Route::post("/tareas/{id}", FOLLOWS, answer::take_follow_up),
    ]
}

/// Appointments and the day of those who attend.
fn appointments() -> Vec<Route> {
    const BOOKS: Expects = Expects::Roles(booking::BOOKERS);
    const HOLDS: Expects = Expects::Roles(agenda::HOLDERS);
    const KEEPS: Expects = Expects::Roles(hours::KEEPERS);
    const ANSWERS: Expects = Expects::Roles(counter::ANSWERERS);
    vec![
        Route::get("/agenda", HOLDS, agenda::show_agenda),
        Route::get("/agenda/horarios", KEEPS, hours::show_hours),
        Route::get("/agenda/horarios/nuevo", KEEPS, hours::show_opening),
        Route::post("/agenda/horarios/nuevo", KEEPS, hours::take_opening),
        Route::get("/agenda/horarios/{id}/dia", KEEPS, hours::show_day),
        Route::post("/agenda/horarios/{id}/dia", KEEPS, hours::take_day),
        Route::get("/referencias/{id}/cita", BOOKS, booking::show_booking),
        Route::post("/referencias/{id}/cita", BOOKS, booking::take_booking),
        Route::get("/referencias/{id}/cita/comprobante", BOOKS, booking::show_slip),
        Route::get("/referencias/{id}/contrarreferir", ANSWERS, counter::show_counter),
        Route::post("/referencias/{id}/contrarreferir", ANSWERS, counter::take_counter),
        Route::get("/referencias/{id}/contrarreferencia", Expects::Session, counter::show_answer),
    ]
}

/// Who writes the network, and its accounts in bulk.
fn of_network() -> Vec<Route> {
    const FACILITIES: Expects = Expects::Roles(facility_edit::EDITORS);
    const ACCOUNTS: Expects = Expects::Roles(staff::MANAGERS);
    const SERVICES: Expects = Expects::Roles(service_edit::EDITORS);
    vec![
        Route::get("/cuentas/importar", ACCOUNTS, staff_import::show_import),
        Route::post("/cuentas/importar", ACCOUNTS, staff_import::upload).limit(UPLOAD_BYTES),
        Route::get("/cuentas/plantilla.xlsx", ACCOUNTS, staff_import::template),
        Route::get("/cuentas/importar/{clave}", ACCOUNTS, staff_import::show_review),
        Route::post("/cuentas/importar/{clave}", ACCOUNTS, staff_import::confirm),
        Route::get("/red/nuevo", FACILITIES, facility_edit::show_new),
        Route::post("/red/nuevo", FACILITIES, facility_edit::add),
        Route::get("/red/importar", FACILITIES, network_import::show_import),
        Route::post("/red/importar", FACILITIES, network_import::upload).limit(UPLOAD_BYTES),
        Route::get("/red/importar/hecho", FACILITIES, network_import::show_done),
        Route::get("/red/importar/{clave}", FACILITIES, network_import::show_review),
        Route::post("/red/importar/{clave}", FACILITIES, network_import::confirm),
        Route::get("/red/{id}/editar", FACILITIES, facility_edit::show_edit),
        Route::post("/red/{id}/editar", FACILITIES, facility_edit::edit),
        Route::get("/red/{id}/servicios/nuevo", SERVICES, service_edit::show_new),
        Route::post("/red/{id}/servicios/nuevo", SERVICES, service_edit::add),
        Route::get("/red/{id}/servicios/{servicio}", SERVICES, service_edit::show_edit),
        Route::post("/red/{id}/servicios/{servicio}", SERVICES, service_edit::edit),
    ]
}

/// What institutions share.
fn between_institutions() -> Vec<Route> {
    const KEEPS: Expects = Expects::Roles(agreements::KEEPERS);
    vec![
        Route::get("/acuerdos", KEEPS, agreements::show_agreements),
        Route::get("/acuerdos/{con}", KEEPS, agreements::show_agreement),
        Route::get("/acuerdos/{con}/dar", KEEPS, agreements::show_terms),
        Route::post("/acuerdos/{con}/dar", KEEPS, agreements::take_terms),
        Route::get("/acuerdos/{con}/estado", KEEPS, agreements::show_turn),
        Route::post("/acuerdos/{con}/estado", KEEPS, agreements::take_turn),
    ]
}

/// Who somebody is.
fn at_registration() -> Vec<Route> {
    let seekers = Expects::Roles(find::SEEKERS);
    vec![
        Route::get("/personas/registrar", seekers, register::show_register),
        Route::post("/personas/registrar", seekers, register::take_register),
        Route::post("/personas/parecidas", seekers, register::ask_alike),
        Route::get("/personas/{id}/corregir", seekers, correct::show_correct),
        Route::post("/personas/{id}/corregir", seekers, correct::take_correct),
        Route::get("/personas/{id}/copia", Expects::Session, copy::show_copy),
        Route::get("/personas/{id}/copia.json", Expects::Session, copy::as_bundle),
        Route::get("/referencias/{id}/imprimir", Expects::Roles(referral::READERS), print::print_referral),
        Route::get(
            "/referencias/{id}/contrarreferencia/imprimir",
            Expects::Roles(referral::READERS),
            print::print_answer,
        ),
    ]
}
