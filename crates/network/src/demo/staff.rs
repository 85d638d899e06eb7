//! Made-up staff: one person at least for each role, in both institutions.

use access::{Role, system};
use fhir::{Value, json};

use crate::Facility;
use crate::place::mark;
use crate::territory::territory;

/// Somebody who works in the demonstration's network.
#[derive(Clone, Debug)]
pub struct Staff {
    /// Name of the account; the Practitioner is `per-…`, the PractitionerRole `rol-…` of it.
    pub user: &'static str,
    /// Given name.
    pub given: &'static str,
    /// Surnames.
    pub family: &'static str,
    /// FHIR gender.
    pub gender: &'static str,
    /// Role.
    pub role: Role,
    /// Id of the facility (of the institution's Organization for those who belong to none).
    pub facility: String,
    /// Institution code.
    pub institution: &'static str,
    /// Code of the specialty, for specialists.
    pub specialty: Option<&'static str>,
    /// Ids of the facilities that a coordinator or supervisor answers for.
    pub territory: Vec<String>,
}

/// user, given, family, gender, role, facility code, specialty
type Line = (&'static str, &'static str, &'static str, &'static str, Role, &'static str, Option<&'static str>);

const LINES: &[Line] = &[
    ("ixmucane.caal", "Ixmucané", "Caal Choc", "female", Role::Nurse, "MSPAS-1601-P1", None),
    ("petrona.brito", "Petrona", "Brito Raymundo", "female", Role::Nurse, "MSPAS-1413-P1", None),
    ("lucia.tzul", "Lucía", "Tzul Ixcoy", "female", Role::Nurse, "MSPAS-1401-P1", None),
    ("marta.pirir", "Marta", "Pirir Subuyuj", "female", Role::Nurse, "MSPAS-0110-P1", None),
    ("silvia.lopez", "Silvia", "López Girón", "female", Role::Nurse, "IGSS-0115-U1", None),
    ("domingo.ical", "Domingo", "Ical Pop", "male", Role::CommunityWorker, "MSPAS-1601-P1", None),
    ("andres.tot", "Andrés", "Tot Maaz", "male", Role::Doctor, "MSPAS-1601-S1", None),
    ("elena.cobo", "Elena", "Cobo Laynez", "female", Role::Doctor, "MSPAS-1413-S1", None),
    ("karla.donis", "Karla", "Donis Paz", "female", Role::Doctor, "IGSS-1401-U1", None),
    ("jorge.rojas", "Jorge", "Rojas Méndez", "male", Role::Specialist, "MSPAS-1601-H1", Some("oftalmologia")),
    ("ana.chun", "Ana", "Chun Xol", "female", Role::Specialist, "MSPAS-1601-H1", Some("medicina-interna")),
    ("pablo.estrada", "Pablo", "Estrada Soto", "male", Role::Specialist, "MSPAS-1401-H1", Some("traumatologia")),
    ("ines.batres", "Inés", "Batres Cordón", "female", Role::Specialist, "MSPAS-0101-H3", Some("cardiologia")),
    ("oscar.molina", "Óscar", "Molina Ávila", "male", Role::Specialist, "IGSS-0101-U7", Some("oftalmologia")),
    ("rosa.tec", "Rosa", "Tec Cucul", "female", Role::Specialist, "IGSS-1601-U1", Some("ginecologia-obstetricia")),
    ("teresa.caal", "Teresa", "Caal Quib", "female", Role::SocialWorker, "MSPAS-1601-H1", None),
    ("mateo.rax", "Mateo", "Rax Chub", "male", Role::Interpreter, "MSPAS-1601-H1", None),
    ("manuela.coc", "Manuela", "Coc Sacul", "female", Role::Coordinator, "MSPAS-1601-H1", None),
    ("diego.canil", "Diego", "Canil Us", "male", Role::Coordinator, "MSPAS-1401-H1", None),
    ("monica.valdez", "Mónica", "Valdez Tobar", "female", Role::Coordinator, "MSPAS-0101-H3", None),
    ("irma.salazar", "Irma", "Salazar Ruiz", "female", Role::Coordinator, "IGSS-0101-U7", None),
    ("hector.yat", "Héctor", "Yat Cholom", "male", Role::Supervisor, "MSPAS-1601-S1", None),
    ("juana.menchu", "Juana", "Menchú Tum", "female", Role::Supervisor, "MSPAS-1401-S1", None),
    ("roberto.paau", "Roberto", "Paau Tiul", "male", Role::Director, "MSPAS-1601-H1", None),
    ("vilma.cac", "Vilma", "Cac Botzoc", "female", Role::Clerk, "MSPAS-1601-H1", None),
    ("edgar.lux", "Edgar", "Lux Zapeta", "male", Role::Clerk, "MSPAS-1401-H1", None),
    ("claudia.lemus", "Claudia", "Lemus Godoy", "female", Role::Clerk, "IGSS-0101-U7", None),
    ("admin.mspas", "Gabriela", "Monzón Xicay", "female", Role::Administrator, "MSPAS", None),
    ("admin.igss", "Ricardo", "Castañeda Orozco", "male", Role::Administrator, "IGSS", None),
    ("asesora.mspas", "Helen", "Barrios Cifuentes", "female", Role::Adviser, "MSPAS", None),
    ("asesor.igss", "Óscar", "Villatoro Recinos", "male", Role::Adviser, "IGSS", None),
    ("auditora.mspas", "Andrea", "Cojtí Sincal", "female", Role::Auditor, "MSPAS", None),
    ("auditor.igss", "Fernando", "Ortiz Arriola", "male", Role::Auditor, "IGSS", None),
    ("luis.ajanel", "Luis", "Ajanel Tax", "male", Role::CommunityWorker, "IGSS-0115-U1", None),
    ("carmen.soto", "Carmen", "Soto Palencia", "female", Role::SocialWorker, "IGSS-0101-U7", None),
    ("elvira.cuc", "Elvira", "Cuc Tzib", "female", Role::Interpreter, "IGSS-1601-U1", None),
    ("mario.pineda", "Mario", "Pineda Lorenzana", "male", Role::Supervisor, "IGSS-0115-U1", None),
    ("beatriz.arana", "Beatriz", "Arana Solís", "female", Role::Director, "IGSS-0101-U7", None),
];

/// Everybody, with their territories.
pub(super) fn all(facilities: &[Facility]) -> Vec<Staff> {
    LINES.iter().map(|line| staff(line, facilities)).collect()
}

fn staff(line: &Line, facilities: &[Facility]) -> Staff {
    let &(user, given, family, gender, role, code, specialty) = line;
    let institution = if code.starts_with("IGSS") { "IGSS" } else { "MSPAS" };
    let area = code.split('-').nth(1).unwrap_or_default();
    // A coordinator answers for the department (IGSS: for the institution), a supervisor for the municipality.
    let inside = |one: &&Facility| {
        let place = one.code.split('-').nth(1).unwrap_or_default();
        one.institution == institution
            && match role {
                Role::Coordinator => institution == "IGSS" || place[..2] == area[..2],
                Role::Supervisor => place == area && one.level() < 3,
                _ => false,
            }
    };
    let territory = facilities.iter().filter(inside).map(Facility::id).collect();
    let facility = crate::facility::slug(code);
    Staff { user, given, family, gender, role, facility, institution, specialty, territory }
}

impl Staff {
    /// Id of the Practitioner.
    pub fn practitioner(&self) -> String {
        format!("per-{}", self.user.replace('.', "-"))
    }

    /// Practitioner and PractitionerRole.
    pub fn resources(&self) -> [Value; 2] {
        let meta = mark(Some(self.institution), true);
        let name = format!("{} {}", self.given, self.family);
        let practitioner = json!({
            "resourceType": "Practitioner",
            "id": self.practitioner(),
            "meta": &meta,
            "active": true,
            "name": [{ "use": "official", "text": &name, "family": self.family, "given": [self.given] }],
            "gender": self.gender,
        });
        let specialty = |code: &str| {
            let display = territory().service(code).map(|one| one.name.as_str());
            vec![json!({ "coding": [{ "system": system::SPECIALTY, "code": code, "display": display }] })]
        };
        let service =
            |code: &str| vec![json!({ "reference": format!("HealthcareService/serv-{}-{code}", self.facility) })];
        let territory = self.territory.iter().map(|id| {
            json!({ "url": system::EXT_TERRITORY, "valueReference": { "reference": format!("Organization/{id}") } })
        });
        let territory: Vec<Value> = territory.collect();
        let role = json!({
            "resourceType": "PractitionerRole",
            "id": format!("rol-{}", self.user.replace('.', "-")),
            "meta": &meta,
            "extension": (!territory.is_empty()).then_some(territory),
            "active": true,
            "practitioner": { "reference": format!("Practitioner/{}", self.practitioner()), "display": name },
            "organization": { "reference": format!("Organization/{}", self.facility) },
            "code": [{ "coding": [{ "system": system::ROLE, "code": self.role.code() }] }],
            "specialty": self.specialty.map(specialty),
            "healthcareService": self.specialty.map(service),
        });
        [practitioner, role]
    }
}

/// Id of a post's team.
pub(super) fn team_of(post: &Facility) -> String {
    format!("equipo-{}", post.id())
}

/// The team of a post, which answers for the territory in which it stands: the post, and who works there.
pub(super) fn team(post: &Facility, staff: &[Staff]) -> Value {
    let at_post = json!({ "reference": format!("Organization/{}", post.id()), "display": &post.name });
    let who = staff.iter().filter(|one| one.facility == post.id()).map(|one| {
        json!({
            "role": [{ "coding": [{ "system": system::ROLE, "code": one.role.code() }] }],
            "member": { "reference": format!("Practitioner/{}", one.practitioner()),
                "display": format!("{} {}", one.given, one.family) },
            "onBehalfOf": &at_post,
        })
    });
    let members: Vec<Value> = std::iter::once(json!({ "member": &at_post })).chain(who).collect();
    json!({
        "resourceType": "CareTeam",
        "id": team_of(post),
        "meta": mark(Some("MSPAS"), true),
        "extension": [{ "url": system::EXT_TEAM,
            "valueReference": { "reference": format!("Location/{}", post.place) } }],
        "status": "active",
        "name": format!("Equipo de {}", post.name),
        "participant": members,
        "managingOrganization": [at_post],
    })
}
