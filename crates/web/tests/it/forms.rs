//! Every form of the table of routes as its page shows it, and a right answer to it: the tests of
//! hostile, doubled and late forms walk these. A form that nobody has described here fails them.

use access::Role;
use axum::http::Method;
use care::referral::Referral;
use care::referral::answer::{CounterReferral, Line, LineAnswer, LineKind, acknowledge, counter_refer};
use care::referral::attend::attend;
use care::referral::book::{book, propose};
use care::referral::cancel::{no_show, suspend};
use care::referral::draft::start_draft;
use care::referral::exit::exit;
use care::referral::review::{ReturnReason, Review, review};
use care::referral::send::send;
use care::referral::state::{ExitReason, Priority};
use care::referral::transfer::{Aim, accept_transfer, depart, request_transfer, seek_bed};
use fhir::json;
use testkit::{HOSPITAL, OFFICE, OTHER_POST, POST};

use crate::browser::{Answer, Browser};
use crate::oversight::with_code;
use crate::{PASSWORD, Site};

/// What a form's field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Hidden,
    Text,
    Password,
    Choice,
    Button,
    File,
}

/// A field, or one choice of it.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
    pub value: String,
    /// Whether it is sent as it stands.
    on: bool,
    /// Whether one of its choices has to be made.
    one: bool,
    /// Whether it takes digits.
    pub number: bool,
}

/// A form as a page shows it.
pub struct Shown {
    pub fields: Vec<Field>,
    /// Whether it has a button.
    sends: bool,
}

/// Text of HTML.
pub fn plain(html: &str) -> String {
    let marks = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&quot;", "\""), ("&lt;", "<")];
    let text = marks.iter().fold(html.to_owned(), |text, (mark, letter)| text.replace(mark, letter));
    text.replace("&gt;", ">").replace("&#38;", "&").replace("&amp;", "&")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
    Some(plain(&rest[..rest.find('"')?]))
}

impl Shown {
    /// The forms of a page: method, where it leads, and its fields.
    pub fn all(page: &Answer) -> Vec<(String, String, Self)> {
        let forms = page.body.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap());
        forms
            .map(|form| {
                let head = form.split('>').next().unwrap();
                let method = attribute(head, "method").unwrap_or_else(|| "get".to_owned());
                (method, attribute(head, "action").expect("a form leads somewhere"), Self::of(form))
            })
            .collect()
    }

    /// The form of a page that leads there.
    pub fn to(page: &Answer, action: &str) -> Option<Self> {
        let all = Self::all(page).into_iter();
        all.filter(|(method, to, form)| method == "post" && to == action && form.sends).map(|(_, _, form)| form).next()
    }

    fn of(form: &str) -> Self {
        let (mut fields, mut select) = (Vec::new(), String::new());
        for part in form.split('<').skip(1) {
            let (tag, rest) = part.split_once('>').unwrap_or((part, ""));
            let (name, value) = (attribute(tag, "name"), attribute(tag, "value").unwrap_or_default());
            let kind = attribute(tag, "type").unwrap_or_default();
            match (tag.split_whitespace().next().unwrap_or_default(), name) {
                ("select", Some(name)) => select = name,
                ("option", _) => {
                    let (name, on) = (select.clone(), tag.contains(" selected"));
                    fields.push(Field { name, kind: Kind::Choice, value, on, one: true, number: false });
                }
                ("textarea", Some(name)) => {
                    let value = plain(rest.strip_prefix('\n').unwrap_or(rest));
                    fields.push(Field { name, kind: Kind::Text, value, on: true, one: false, number: false });
                }
                ("button", Some(name)) if !tag.contains("class=\"vh\"") => {
                    fields.push(Field { name, kind: Kind::Button, value, on: false, one: true, number: false });
                }
                ("input", Some(name)) => {
                    let (kind, on, one) = match kind.as_str() {
                        "hidden" => (Kind::Hidden, true, false),
                        "radio" => (Kind::Choice, tag.contains(" checked"), true),
                        "checkbox" => (Kind::Choice, tag.contains(" checked"), false),
                        "password" => (Kind::Password, true, false),
                        "file" => (Kind::File, false, false),
                        _ => (Kind::Text, true, false),
                    };
                    let number = attribute(tag, "inputmode").is_some();
                    fields.push(Field { name, kind, value, on, one, number });
                }
                _ => {}
            }
        }
        Self { fields, sends: form.contains("<button") }
    }

    /// What a browser sends: the fields as they stand, the first choice where none is made, and these answers.
    pub fn filled(&self, answers: &[(&str, &str)]) -> Vec<(String, String)> {
        let answered = |name: &str| answers.iter().any(|(other, _)| *other == name);
        let mut sent: Vec<(String, String)> = Vec::new();
        for field in self.fields.iter().filter(|field| !answered(&field.name)) {
            let made = self.fields.iter().any(|other| other.name == field.name && other.on);
            let first =
                field.one && !made && !field.value.is_empty() && sent.iter().all(|(name, _)| *name != field.name);
            if field.on || first {
                sent.push((field.name.clone(), field.value.clone()));
            }
        }
        sent.extend(answers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        sent
    }

    /// Names of the fields that one types into.
    pub fn typed(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.fields.iter().filter(|field| field.kind == Kind::Text).map(|field| field.name.clone()).collect();
        names.dedup();
        names.retain(|name| name != "_sello" && name != "_una");
        names
    }

    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// The version of what the page was made for, if it was for one.
    pub fn version(&self) -> Option<String> {
        let named = self.fields.iter().find(|field| field.name == "version" && !field.value.is_empty());
        named.map(|field| field.value.clone())
    }

    /// Whether the page was made for one version of something.
    pub fn of_a_version(&self) -> bool {
        self.version().is_some()
    }
}

/// Sends pairs as a form.
pub async fn post(browser: &mut Browser, path: &str, pairs: &[(String, String)]) -> Answer {
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &pairs).await
}

/// Where a form is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// At its own address.
    Here,
    /// With a referral that has come so far.
    Of(Stage),
    /// On the page of a draft.
    Refer,
    /// With a signed visit.
    Visit,
    /// With a follow-up of a plan.
    FollowUp,
    /// With a stranger's record.
    Stranger,
    /// With a registered person.
    Person,
    /// On a day of an agenda.
    Day,
    /// With an account.
    Account,
    /// With a facility.
    Facility,
    /// With a service.
    Service,
    /// With a file that was sent before.
    Stash,
    /// On the page of the account.
    Sessions,
}

/// How far a referral has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Draft,
    Sent,
    Unranked,
    Returned,
    Rejected,
    Waiting,
    Proposed,
    Booked,
    /// Booked, and the hour is over.
    Over,
    Missed,
    Suspended,
    ExitProposed,
    Delivered,
    Objected,
    Attended,
    Requested,
    Promised,
    Departed,
}

/// How a form is reached and rightly answered.
pub struct Recipe {
    pub path: &'static str,
    pub scene: Scene,
    pub answers: &'static [(&'static str, &'static str)],
}

const fn of(path: &'static str, stage: Stage, answers: &'static [(&'static str, &'static str)]) -> Recipe {
    Recipe { path, scene: Scene::Of(stage), answers }
}

const fn at(path: &'static str, scene: Scene, answers: &'static [(&'static str, &'static str)]) -> Recipe {
    Recipe { path, scene, answers }
}

const WORDS: &[(&str, &str)] = &[("palabras", "Así se acordó por teléfono")];
const PERSON: &[(&str, &str)] = &[
    ("document", "ninguno"),
    ("no_document_reason", "no-lo-trae"),
    ("given1", "Marta"),
    ("surname1", "Xol"),
    ("sex", "female"),
    ("birth_date", "02/03/1968"),
    ("municipality", "1601"),
    ("razon", "Lo dice su DPI"),
    ("boton", "guardar"),
];

/// Every form that somebody who is logged in sends.
#[rustfmt::skip]
pub const RECIPES: &[Recipe] = &[
    of("/referencias/{id}/aceptar-traslado", Stage::Requested, &[("palabras", "Dra. Rojas")]),
    of("/referencias/{id}/buscar-cama", Stage::Requested, WORDS),
    of("/referencias/{id}/salir", Stage::Promised, &[("palabras", "Bomberos")]),
    of("/referencias/{id}/llegada", Stage::Departed, WORDS),
    of("/referencias/{id}/aceptar", Stage::Sent, WORDS),
    of("/referencias/{id}/priorizar", Stage::Unranked, WORDS),
    of("/referencias/{id}/recibir", Stage::Sent, &[]),
    of("/referencias/{id}/devolver", Stage::Sent, WORDS),
    of("/referencias/{id}/redirigir", Stage::Sent, WORDS),
    of("/referencias/{id}/asesorar", Stage::Sent, WORDS),
    of("/referencias/{id}/rechazar", Stage::Sent, WORDS),
    of("/referencias/{id}/confirmar-cita", Stage::Proposed, &[]),
    of("/referencias/{id}/no-puede-cita", Stage::Proposed, WORDS),
    of("/referencias/{id}/volver-a-lista", Stage::Missed, WORDS),
    of("/referencias/{id}/reanudar", Stage::Suspended, WORDS),
    of("/referencias/{id}/confirmar-salida", Stage::ExitProposed, WORDS),
    of("/referencias/{id}/rechazar-salida", Stage::ExitProposed, WORDS),
    of("/referencias/{id}/no-asistio", Stage::Over, WORDS),
    of("/referencias/{id}/cancelar-establecimiento", Stage::Booked, WORDS),
    of("/referencias/{id}/cancelar-persona", Stage::Booked, WORDS),
    of("/referencias/{id}/suspender", Stage::Waiting, WORDS),
    of("/referencias/{id}/reabrir", Stage::Rejected, WORDS),
    of("/referencias/{id}/salida", Stage::Waiting, WORDS),
    of("/referencias/{id}/descartar", Stage::Draft, &[]),
    of("/referencias/{id}/traslado", Stage::Sent, &[("destino", HOSPITAL), ("motivo", "Se golpeó el ojo"), ("boton", "pedir")]),
    of("/referencias/{id}/completar", Stage::Returned, &[("senal", "ninguna"), ("nota", "Agudeza 20/200"), ("boton", "enviar")]),
    of("/referencias/{id}/acusar", Stage::Delivered, &[("linea-1", "si"), ("linea-2", "no"), ("linea-2-razon", "No hay gotas")]),
    of("/referencias/{id}/avisada", Stage::Booked, &[("como", "Llamó a su hija")]),
    of("/referencias/{id}/leida", Stage::Rejected, &[]),
    of("/referencias/{id}/objecion", Stage::Objected, &[("respuesta", "Que use lentes"), ("boton", "cerrar")]),
    of("/referencias/{id}/cita", Stage::Waiting, &[]),
    of("/referencias/{id}/contrarreferir", Stage::Attended, &[("hallazgos", "Catarata"), ("dx1", "ojo nublado zzz"), ("ind1-quien", ""), ("ind2-quien", ""), ("sigue", "alta"), ("boton", "firmar")]),
    at("/personas/{id}/referir", Scene::Refer, &[("senal", "ninguna"), ("motivo", "Ve menos del ojo"), ("boton", "enviar")]),
    at("/personas/{id}/atender", Scene::Person, &[("motivo", "Le duele la garganta"), ("dx1", "garganta zzz"), ("boton", "firmar")]),
    at("/personas/{id}/corregir", Scene::Person, PERSON),
    at("/personas/{id}/razon", Scene::Stranger, &[("razon", "Llegó a emergencia y no habla")]),
    at("/personas/registrar", Scene::Here, PERSON),
    at("/atenciones/{id}/adenda", Scene::Visit, &[("adenda", "Sin fiebre por la tarde")]),
    at("/atenciones/{id}/anular", Scene::Visit, &[("razon", "Era de otra persona")]),
    at("/atenciones/{id}/mover", Scene::Visit, &[("buscar", "caal"), ("persona", "maria"), ("razon", "Era de otra persona"), ("boton", "mover")]),
    at("/tareas/{id}", Scene::FollowUp, &[("hecha", "si"), ("resultado", "Vino a su control")]),
    at("/agenda/horarios/nuevo", Scene::Here, &[("servicio", "ojos"), ("dia", "lun"), ("de", "8:00"), ("a", "9:00"), ("minutos", "20"), ("desde", "07/12/2026"), ("hasta", "07/12/2026"), ("visto", "3"), ("boton", "abrir")]),
    at("/agenda/horarios/{id}/dia", Scene::Day, &[("motivo", "Feriado"), ("boton", "cerrar")]),
    at("/cuentas/nueva", Scene::Here, &[("nombre", "Rosa Tot"), ("usuario", "rosa.tot"), ("rol", "enfermeria"), ("lugar", POST)]),
    at("/cuentas/{id}/entrada", Scene::Account, &[]),
    at("/cuentas/{id}/desactivar", Scene::Account, &[]),
    at("/cuentas/{id}/activar", Scene::Account, &[]),
    at("/cuentas/{id}/entregar", Scene::Account, &[]),
    at("/cuentas/{id}/terminar", Scene::Account, &[]),
    at("/cuentas/importar/{clave}", Scene::Stash, &[]),
    at("/red/importar/{clave}", Scene::Stash, &[]),
    at("/red/nuevo", Scene::Here, &[("codigo", "MSPAS-1601-P8"), ("nombre", "Puesto Xucaneb"), ("tipo", "puesto-salud"), ("municipio", "1601")]),
    at("/red/{id}/editar", Scene::Facility, &[("tipo", "hospital-regional"), ("municipio", "1601"), ("direccion", "Zona 11")]),
    at("/red/{id}/servicios/nuevo", Scene::Facility, &[("especialidad", "pediatria"), ("municipios", "Cobán")]),
    at("/red/{id}/servicios/{servicio}", Scene::Service, &[("modalidad", "presencial"), ("municipios", "Cobán")]),
    at("/cuenta/sesiones/{id}/cerrar", Scene::Sessions, &[]),
    at("/bloquear", Scene::Sessions, &[]),
    at("/salir", Scene::Sessions, &[]),
    at("/funcion", Scene::Here, &[]),
    at("/cuenta/pin", Scene::Here, &[("clave-actual", PASSWORD), ("clave-pin", "4711"), ("clave-pin-repetido", "4711")]),
    at("/cuenta/clave", Scene::Here, &[("clave-actual", PASSWORD), ("clave-nueva", "la milpa es de todos"), ("clave-repetida", "la milpa es de todos")]),
    at("/cuenta/segundo-paso/empezar", Scene::Here, &[]),
];

/// Forms that are not among [`RECIPES`], and why.
pub const APART: &[(&str, &str)] = &[
    ("/entrar", "nobody is logged in: nothing is written but the session"),
    ("/entrar/codigo", "the same, second step"),
    ("/entrar/funcion", "the same, third step"),
    ("/invitacion/{codigo}", "nobody is logged in; the invitation itself is for once"),
    ("/desbloquear", "nobody is logged in"),
    ("/cuenta/segundo-paso", "its code is for once"),
    ("/diagnosticos/parecidos", "asked by a script while somebody types: it writes nothing"),
    ("/personas/parecidas", "the same"),
    ("/cuentas/{id}/funciones", "its own tests double it"),
    ("/cuentas/{id}/funciones/terminar", "its own tests double it"),
    ("/cuentas/{id}/territorio", "made in the same hours; its own tests double it and make it late"),
    ("/acuerdos/{con}/dar", "the same"),
    ("/acuerdos/{con}/estado", "the same"),
    ("/cuentas/importar", "carries a file: see the tests of files"),
    ("/red/importar", "carries a file: see the tests of files"),
];

/// A network, Rosa, and somebody of every kind at work.
pub struct World {
    pub site: Site,
    pub staff: Vec<(String, Browser)>,
    /// Administrators who have not begun to work: their code is for once, and of the first minute.
    spare: Vec<(String, Browser)>,
    made: usize,
}

/// A form, opened.
pub struct Opened {
    pub browser: Browser,
    pub user: String,
    /// Where its page is.
    pub page: String,
    /// Where it is sent.
    pub action: String,
    pub form: Shown,
}

impl World {
    pub async fn new() -> Self {
        let site = crate::post::site().await;
        let world = &site.world;
        crate::post::offers(world, OTHER_POST, "ojos-2", "oftalmologia").await;
        world.person(&world.nurse("Ana"), "maria", "Caal").await;
        world.person(&world.at("Ajena", Role::Nurse, OTHER_POST), "ajena", "Xol").await;
        for resource in crate::network::hospital().resources() {
            world.put(&world.system(), &crate::network::hospital().id(), resource).await;
        }
        let eyes = network::Service {
            id: "ojos-h1".into(),
            facility: crate::network::hospital().id(),
            institution: "MSPAS".into(),
            specialty: "oftalmologia".into(),
            modalities: vec!["presencial".into()],
            coverage: vec!["gt-1601".into()],
            active: true,
            ..network::Service::default()
        };
        world.put(&world.system(), "ojos-h1", eyes.resource()).await;
        let agenda = json!({ "resourceType": "Schedule", "active": true,
            "actor": [{ "reference": "HealthcareService/ojos" }] });
        world.put(&world.system(), "agenda", agenda).await;
        let mut staff = Vec::new();
        for (role, place) in
            [(Role::Nurse, POST), (Role::Coordinator, OFFICE), (Role::Clerk, HOSPITAL), (Role::Specialist, HOSPITAL)]
        {
            let user = role.code().to_owned();
            let browser = crate::chain::at_work(&site, &user, role, place).await;
            staff.push((user, browser));
        }
        staff.push(("eva".to_owned(), with_code(&site, "eva", Role::Administrator).await));
        Self { site, staff, spare: Vec::new(), made: 0 }
    }

    /// With so many administrators more.
    pub async fn with_spare(count: usize) -> Self {
        let mut world = Self::new().await;
        for at in 0..count {
            let user = format!("eva-{at}");
            let browser = with_code(&world.site, &user, Role::Administrator).await;
            world.spare.push((user, browser));
        }
        world
    }

    /// A name that nothing else has.
    fn fresh(&mut self, of: &str) -> String {
        self.made += 1;
        format!("{of}-{}", self.made)
    }

    /// A free place that begins so many minutes from now.
    async fn place(&mut self, minutes: i64) -> String {
        let id = self.fresh("hueco");
        let at = |minutes: i64| self.site.world.system().now + jiff::SignedDuration::from_mins(minutes);
        let slot = json!({ "resourceType": "Slot", "meta": { "profile": [access::system::PROFILE_SLOT] },
            "schedule": { "reference": "Schedule/agenda" }, "status": "free",
            "start": at(minutes).to_string(), "end": at(minutes + 20).to_string() });
        self.site.world.put(&self.site.world.system(), &id, slot).await;
        id
    }

    /// A referral of Rosa that has come so far.
    pub async fn referral(&mut self, stage: Stage) -> Referral {
        let draft = crate::post::draft();
        let world = &self.site.world;
        let (access, nurse) = (world.access.clone(), world.nurse("Ana"));
        let (coordinator, specialist) = (world.coordinator("Edgar"), world.specialist("Rojas"));
        let written = start_draft(&access, &nurse, &draft).await.unwrap();
        if stage == Stage::Draft {
            return written;
        }
        let sent = send(&access, &nurse, &written).await.unwrap();
        let decided = async |answer: Review| review(&access, &coordinator, &sent, &answer, "Así es").await.unwrap();
        match stage {
            Stage::Draft | Stage::Sent => return sent,
            Stage::Unranked => return decided(Review::Pertinent).await,
            Stage::Returned => return decided(Review::Return(ReturnReason::TestMissing)).await,
            Stage::Rejected => return decided(Review::Reject).await,
            Stage::Requested | Stage::Promised | Stage::Departed => {
                let asked = request_transfer(&access, &nurse, &sent, &Aim::of(&sent), "Sangra").await.unwrap();
                if stage == Stage::Requested {
                    return asked;
                }
                let sought = seek_bed(&access, &coordinator, &asked, "").await.unwrap();
                let agreed = accept_transfer(&access, &specialist, &sought, "Dra. Rojas").await.unwrap();
                if stage == Stage::Promised {
                    return agreed;
                }
                return depart(&access, &nurse, &agreed, "Bomberos").await.unwrap();
            }
            _ => {}
        }
        let listed = decided(Review::Accept(Priority::P3)).await;
        match stage {
            Stage::Waiting => {
                self.place(7 * 24 * 60).await;
                return listed;
            }
            Stage::Suspended => return suspend(&access, &nurse, &listed, "Cosecha").await.unwrap(),
            Stage::ExitProposed => {
                let other = self.site.world.nurse("Otilia");
                return exit(&access, &other, &listed, ExitReason::Death, "Acta").await.unwrap();
            }
            _ => {}
        }
        self.with_place(stage, listed).await
    }

    /// The rest of [`World::referral`]: a place, the visit, the answer.
    async fn with_place(&mut self, stage: Stage, listed: Referral) -> Referral {
        let clerk = |world: &testkit::World| world.at("Marta", Role::Clerk, HOSPITAL);
        let access = self.site.world.access.clone();
        let later = matches!(stage, Stage::Proposed | Stage::Booked);
        let slot = self.place(if later { 7 * 24 * 60 } else { -19 }).await;
        if stage == Stage::Proposed {
            return propose(&access, &clerk(&self.site.world), &listed, &slot).await.unwrap();
        }
        let booked = book(&access, &clerk(&self.site.world), &listed, &slot).await.unwrap();
        if matches!(stage, Stage::Over | Stage::Missed) {
            self.site.world.clock.advance(jiff::SignedDuration::from_mins(2));
        }
        match stage {
            Stage::Booked | Stage::Over => return booked,
            Stage::Missed => return no_show(&access, &clerk(&self.site.world), &booked, "").await.unwrap(),
            _ => {}
        }
        let specialist = self.site.world.specialist("Rojas");
        let seen = attend(&access, &specialist, &booked).await.unwrap();
        if stage == Stage::Attended {
            return seen;
        }
        let line = |words: &str| Line { kind: LineKind::Control, words: words.into(), due: None, who: None };
        let answer = CounterReferral {
            findings: "Catarata madura".into(),
            diagnoses: vec![("H25".into(), "Catarata senil".into())],
            lines: vec![line("Medir agudeza visual"), line("Gotas por un mes")],
            ..CounterReferral::default()
        };
        let delivered = counter_refer(&access, &specialist, &seen, &answer).await.unwrap();
        if stage == Stage::Delivered {
            return delivered;
        }
        let (nurse, no) = (self.site.world.nurse("Ana"), || LineAnswer::Objected("No hay gotas".into()));
        let seen = Referral::load(&access, &nurse, delivered.id()).await.unwrap();
        acknowledge(&access, &nurse, &seen, &[no(), no()]).await.unwrap()
    }

    async fn visit(&mut self) -> String {
        let nurse = &mut self.staff[0].1;
        let sheet = nurse.get("/personas/rosa/atender").await;
        let answers = [("motivo", "Tos"), ("dx1", "tos zzz"), ("boton", "firmar")];
        // A draft may lie there with whatever another test typed into it.
        let mut blank = Shown::to(&sheet, "/personas/rosa/atender").unwrap();
        blank.fields.retain(|field| field.kind == Kind::Hidden);
        let pairs = blank.filled(&answers);
        let signed = post(nurse, "/personas/rosa/atender", &pairs).await;
        signed.location().split("visita=").nth(1).unwrap_or_else(|| panic!("{}", signed.body)).to_owned()
    }

    async fn follow_up(&mut self) -> String {
        let delivered = self.referral(Stage::Delivered).await;
        let (access, nurse) = (self.site.world.access.clone(), self.site.world.nurse("Ana"));
        let seen = Referral::load(&access, &nurse, delivered.id()).await.unwrap();
        let next = acknowledge(&access, &nurse, &seen, &[LineAnswer::Accepted, LineAnswer::Accepted]).await.unwrap();
        next.follow_ups().pop().unwrap()
    }

    async fn stash(&mut self, path: &str) -> String {
        let user = self.fresh("nueva");
        let file = match path.starts_with("/red") {
            true => format!(
                "codigo,nombre,tipo,institucion,municipio,direccion,telefono,latitud,longitud,activo\n\
                 MSPAS-1601-{user},Puesto nuevo,puesto-salud,MSPAS,1601,,,,,sí\n"
            ),
            false => format!(
                "accion,usuario,nombre,funcion,establecimiento,entrada,entregar_a\ncrear,{user},Rosa Tot,enfermeria,{POST},,\n"
            ),
        };
        let upload = path.trim_end_matches("/{clave}");
        let office = &mut self.staff[4].1;
        let page = office.get(upload).await;
        let sent = office.upload(&page, upload, ("tabla.csv", file.as_bytes())).await;
        assert!(sent.location().starts_with(upload), "{upload}: {}", sent.body);
        sent.location().to_owned()
    }

    /// Where a form's page is, and where it is sent.
    async fn set(&mut self, recipe: &Recipe) -> (String, String) {
        let path = recipe.path;
        let same = |action: String| (action.clone(), action);
        match recipe.scene {
            Scene::Here => (path.trim_end_matches("/empezar").to_owned(), path.to_owned()),
            Scene::Of(stage) => same(path.replace("{id}", self.referral(stage).await.id())),
            Scene::Refer => {
                let id = self.referral(Stage::Draft).await.id().to_owned();
                (format!("/personas/rosa/referir?borrador={id}"), "/personas/rosa/referir".to_owned())
            }
            Scene::Visit => same(path.replace("{id}", &self.visit().await)),
            Scene::FollowUp => same(path.replace("{id}", &self.follow_up().await)),
            Scene::Stranger => same(path.replace("{id}", "ajena")),
            Scene::Person => same(path.replace("{id}", "rosa")),
            Scene::Day => {
                self.place(7 * 24 * 60).await;
                let action = path.replace("{id}", "ojos");
                let day = crate::forms::day(&self.site, 7);
                (format!("{action}?dia={day}"), action)
            }
            Scene::Account => {
                let user = self.fresh("cuenta");
                self.site.account(&user, &[(Role::Nurse, POST)]).await;
                if path.ends_with("/entregar") {
                    let system = self.site.world.system();
                    let users = self.site.world.access.accounts().users(&system).await.unwrap();
                    let whose = users.into_iter().find(|one| one.user == user).unwrap().practitioner;
                    let task = json!({ "resourceType": "Task", "status": "requested", "intent": "order",
                        "owner": { "reference": format!("Practitioner/{whose}") } });
                    self.site.world.put(&self.site.world.nurse("Ana"), &format!("tarea-de-{user}"), task).await;
                }
                if path.ends_with("/activar") {
                    let accounts = self.site.world.access.accounts();
                    accounts.set_disabled(&self.site.world.system(), &user, true).await.unwrap();
                }
                (format!("/cuentas/{user}"), path.replace("{id}", &user))
            }
            Scene::Facility => same(path.replace("{id}", &crate::network::hospital().id())),
            Scene::Service => {
                same(path.replace("{id}", &crate::network::hospital().id()).replace("{servicio}", "ojos-h1"))
            }
            Scene::Stash => same(self.stash(path).await),
            Scene::Sessions => ("/cuenta".to_owned(), path.to_owned()),
        }
    }

    /// Ends the session of whoever had opened a form, and logs them in elsewhere.
    pub async fn log_out(&mut self, opened: &Opened) {
        // Nobody logs in more often than that.
        self.site.world.clock.advance(jiff::SignedDuration::from_secs(31));
        let accounts = self.site.world.access.accounts();
        accounts.logout(&opened.browser.cookies["sesion"]).await.unwrap();
        let Some(at) = self.staff.iter().position(|(user, _)| *user == opened.user) else { return };
        if opened.user.starts_with("eva") {
            self.staff[at] = self.spare.pop().expect("a spare administrator");
        } else {
            let mut browser = self.site.browser();
            browser.log_in(&opened.user).await;
            self.staff[at].1 = browser;
        }
    }

    /// Opens a form in the browser of whoever is shown it.
    pub async fn open(&mut self, recipe: &Recipe) -> Opened {
        let (page, mut action) = self.set(recipe).await;
        if recipe.scene == Scene::Sessions
            || ["/funcion", "/cuenta/clave", "/cuenta/segundo-paso/empezar"].contains(&recipe.path)
        {
            let user = self.fresh("persona");
            self.site.account(&user, &[(Role::Nurse, POST), (Role::Doctor, POST)]).await;
            let mut browser = self.site.browser();
            // Also in another browser: in this one a second entry would end the first.
            let elsewhere = self.site.browser();
            for entry in [elsewhere, browser.clone()] {
                browser = entry;
                let choice = browser.log_in(&user).await;
                let (step, role) = (choice.hidden("_paso"), choice.hidden("funcion"));
                browser.submit(&choice, "/entrar/funcion", &[("_paso", &step), ("funcion", &role)]).await;
            }
            let shown = browser.get(&page).await;
            if action.contains("{id}") {
                let place = Shown::all(&shown).into_iter().find(|(_, to, _)| to.starts_with("/cuenta/sesiones/"));
                action = place.unwrap_or_else(|| panic!("{}", shown.body)).1;
            }
            let form = Shown::to(&shown, &action).unwrap_or_else(|| panic!("{action}: {}", shown.body));
            return Opened { browser, user, page, action, form };
        }
        let mut refused = String::new();
        for (user, browser) in &self.staff {
            let mut browser = browser.clone();
            let shown = browser.get(&page).await;
            if let Some(form) = Shown::to(&shown, &action) {
                return Opened { browser, user: user.clone(), page, action, form };
            }
            refused.push_str(&format!("{user}: {} {}\n", shown.status, shown.location()));
        }
        panic!("nobody is shown {action} at {page}:\n{refused}");
    }
}

/// A day so many from now, as people write it and an address carries it.
pub fn day(site: &Site, days: i64) -> String {
    let at = site.world.system().now + jiff::SignedDuration::from_hours(24 * days);
    let text = at.to_string();
    format!("{}%2F{}%2F{}", &text[8..10], &text[5..7], &text[..4])
}

/// The recipes, once it is certain that every form of the table has one or stands apart.
pub fn recipes() -> &'static [Recipe] {
    let known = |path: &str| RECIPES.iter().any(|one| one.path == path) || APART.iter().any(|(one, _)| *one == path);
    let table: Vec<&'static str> =
        web::routes().iter().filter(|route| route.method == Method::POST).map(|route| route.path).collect();
    let missing: Vec<_> = table.iter().filter(|path| !known(path)).collect();
    assert!(missing.is_empty(), "describe these forms in forms.rs: {missing:?}");
    let gone: Vec<_> = RECIPES.iter().filter(|one| !table.contains(&one.path)).map(|one| one.path).collect();
    assert!(gone.is_empty() && !RECIPES.is_empty(), "not in the table: {gone:?}");
    RECIPES
}

/// How far the log has come, leaving aside who looked.
pub async fn head(site: &Site) -> u64 {
    site.world.store().head().await.unwrap().seq
}

/// What was written after that, but audit.
pub async fn written(site: &Site, since: u64) -> Vec<String> {
    let log = site.world.store().changes(since, 1000).await.unwrap();
    let kept = log.iter().filter(|one| one.key.resource_type != "AuditEvent");
    kept.map(|one| format!("{}/{}", one.key, one.version)).collect()
}
