//! The URIs of Tejido's own code systems, identifier systems, profiles and extensions. They are
//! URNs and not web addresses: nobody's domain is claimed. Shared here because `access`, the
//! domain crates and the demonstration write and read them.

/// Custodian institution, in `meta.security`: `MSPAS`, `IGSS`, …
pub const CUSTODIAN: &str = "urn:tejido:cs:custodio";
/// Sensitivity class, in `meta.security`: `vih`, `violencia`, `salud-mental`, `sustancias`, `adolescente-ssr`.
pub const SENSITIVITY: &str = "urn:tejido:cs:sensibilidad";
/// Marks of data, in `meta.tag`: `sintetico`.
pub const TAG: &str = "urn:tejido:cs:marca";
/// Role at a facility, in `PractitionerRole.code`: see [`crate::Role::code`].
pub const ROLE: &str = "urn:tejido:cs:rol";
/// Facility type, in `Organization.type` and `Location.type`.
pub const FACILITY_TYPE: &str = "urn:tejido:cs:tipo-establecimiento";
/// Level of a territory Location in `Location.type`: `departamento`, `municipio`, `ddriss`, `distrito`, `red`, `territorio`, `sector`, `comunidad`.
pub const TERRITORY_LEVEL: &str = "urn:tejido:cs:nivel-territorial";
/// INE code of a department or municipality, as identifier.
pub const INE: &str = "urn:tejido:id:ine";
/// DDRISS code, as identifier.
pub const DDRISS: &str = "urn:tejido:id:ddriss";
/// Facility code, as identifier.
pub const FACILITY_ID: &str = "urn:tejido:id:establecimiento";
/// CUI (código único de identificación), as identifier.
pub const CUI: &str = "urn:tejido:id:cui";
/// A CUI that somebody else has, kept in doubt until somebody has looked; as identifier, with [`EXT_DOUBT`].
pub const DOUBTED_CUI: &str = "urn:tejido:id:cui-en-duda";
/// Extension on an identifier in doubt: why it was taken (valueString).
pub const EXT_DOUBT: &str = "urn:tejido:ext:motivo-duda";
/// IGSS affiliation number, as identifier.
pub const IGSS_NUMBER: &str = "urn:tejido:id:afiliacion-igss";
/// NIT (tax number), as identifier.
pub const NIT: &str = "urn:tejido:id:nit";
/// Passport; the value is `CCC:number` with an ISO 3166-1 alpha-3 country.
pub const PASSPORT: &str = "urn:tejido:id:pasaporte";
/// Foreign identity document, as identifier.
pub const FOREIGN_ID: &str = "urn:tejido:id:documento-extranjero";
/// Newborn: the mother's CUI and the birth order, `CUI/1`.
pub const NEWBORN: &str = "urn:tejido:id:recien-nacido";
/// Clinical file number at a facility: the value is `facility/number`.
pub const FILE_NUMBER: &str = "urn:tejido:id:expediente";
/// Unique number of a referral, as identifier (also printed, with a QR).
pub const REFERRAL_NUMBER: &str = "urn:tejido:id:referencia";
/// State of a referral, in `Task.businessStatus`.
pub const REFERRAL_STATE: &str = "urn:tejido:cs:estado-referencia";
/// Reason for a move, in `Task.statusReason`: return, rejection, closure, …
pub const REFERRAL_REASON: &str = "urn:tejido:cs:motivo-referencia";
/// Item of a referral's Task, in `Task.input.type` and `Task.output.type`: `cita`, `atencion`,
/// `contrarreferencia`, `seguimiento`, `prueba`, …
pub const REFERRAL_ITEM: &str = "urn:tejido:cs:dato-referencia";
/// Code of a visit's datum or answer that no public code system names, in `Observation.code` and elsewhere.
pub const VISIT_ITEM: &str = "urn:tejido:cs:dato-consulta";
/// Section of a counter-referral, in `Composition.section.code`: `hallazgos`, `diagnostico`, `tratamiento`, `indicaciones`.
pub const SECTION: &str = "urn:tejido:cs:seccion";
/// Kind of a line of the plan, in `Task.reasonCode`: `control`, `examen`, `medicamento`, `visita`.
pub const PLAN_LINE: &str = "urn:tejido:cs:linea-plan";
/// Random public code of a printed referral, as identifier; it tells nothing clinical.
pub const PUBLIC_CODE: &str = "urn:tejido:id:codigo-publico";
/// Extension on Slot: the Appointment that holds it (valueReference).
pub const EXT_HOLDER: &str = "urn:tejido:ext:cita";
/// Kind of a Task: `referencia`, `seguimiento`, `traspaso`.
pub const TASK_KIND: &str = "urn:tejido:cs:tarea";
/// Specialty or service, in `HealthcareService.specialty`, `ServiceRequest.code`.
pub const SPECIALTY: &str = "urn:tejido:cs:servicio";
/// Modality of a service: `presencial`, `jornada`, `teleconsulta`.
pub const MODALITY: &str = "urn:tejido:cs:modalidad";
/// Danger sign ticked on a referral.
pub const DANGER_SIGN: &str = "urn:tejido:cs:senal-peligro";
/// ICD-10.
pub const ICD10: &str = "http://hl7.org/fhir/sid/icd-10";
/// Pueblo of a person.
pub const PUEBLO: &str = "urn:tejido:cs:pueblo";
/// Why a person has no document, in [`EXT_NO_DOCUMENT`].
pub const NO_DOCUMENT: &str = "urn:tejido:cs:sin-documento";
/// Extension on Patient: why there is no document (valueCoding, [`NO_DOCUMENT`]).
pub const EXT_NO_DOCUMENT: &str = "urn:tejido:ext:sin-documento";
/// What a Basic or Group of ours is: `no-es-la-misma` (two registrations judged different people), `cui-en-duda`
/// (two of them with one CUI, to be looked at), `hogar`.
pub const KIND: &str = "urn:tejido:cs:clase";
/// Extension on Basic: the other person (valueReference Patient).
pub const EXT_OTHER_PERSON: &str = "urn:tejido:ext:otra-persona";
/// Extension on Schedule: minutes of one place (valuePositiveInt).
pub const EXT_SLOT_MINUTES: &str = "urn:tejido:ext:minutos-lugar";
/// Extension on Organization and Location: what is known of it (valueCode `unverified`, …).
pub const EXT_VERIFICATION: &str = "urn:tejido:ext:verificacion";
/// Profile of a governed ServiceRequest.
pub const PROFILE_REFERRAL: &str = "urn:tejido:profile:referencia";
/// Profile of a governed Task.
pub const PROFILE_REFERRAL_TASK: &str = "urn:tejido:profile:referencia-tarea";
/// Profile of a governed Appointment.
pub const PROFILE_APPOINTMENT: &str = "urn:tejido:profile:cita";
/// Profile of a governed Slot.
pub const PROFILE_SLOT: &str = "urn:tejido:profile:lugar";
/// Extension on Patient: the municipality of residence (valueCode, INE).
pub const EXT_MUNICIPALITY: &str = "urn:tejido:ext:municipio";
/// Extension on Patient: the assigned post (valueReference Organization).
pub const EXT_ASSIGNED_POST: &str = "urn:tejido:ext:puesto-asignado";
/// Extension on Patient: the community (valueReference Location).
pub const EXT_COMMUNITY: &str = "urn:tejido:ext:comunidad";
/// Extension on Patient: the team that answers for where they live (valueReference CareTeam); on CareTeam:
/// the place that it answers for (valueReference Location).
pub const EXT_TEAM: &str = "urn:tejido:ext:equipo";
/// Extension on Patient: pueblo (valueCoding, [`PUEBLO`]).
pub const EXT_PUEBLO: &str = "urn:tejido:ext:pueblo";
/// Extension on Location: population (valueInteger).
pub const EXT_POPULATION: &str = "urn:tejido:ext:poblacion";
/// Extension on Organization: institution code (valueCode), e.g. `MSPAS`.
pub const EXT_INSTITUTION: &str = "urn:tejido:ext:institucion";
/// Extension on Appointment: the facility whose clinic it is (valueReference Organization).
pub const EXT_FACILITY: &str = "urn:tejido:ext:establecimiento";
/// Extension on PractitionerRole: a facility that a coordinator or supervisor answers for
/// (valueReference Organization), once for each.
pub const EXT_TERRITORY: &str = "urn:tejido:ext:territorio";
/// Kind of a Consent between institutions, in `Consent.category`: `compartir-referencia`.
pub const AGREEMENT: &str = "urn:tejido:cs:convenio";
/// What an agreement shares, in `Consent.provision.class`: `referencia`, `resultado`, `resumen`,
/// `contrarreferencia`, `indice`.
pub const SHARED_CLASS: &str = "urn:tejido:cs:clase-compartida";
/// Extension on an agreement's Consent: for how many days after its closure a referral is still
/// shown (valueInteger), see [`crate::Terms::days`].
pub const EXT_SHARED_DAYS: &str = "urn:tejido:ext:dias-tras-cierre";
/// Extension on an agreement's Consent: why it was suspended or resumed (valueString).
pub const EXT_REASON: &str = "urn:tejido:ext:motivo";
/// Ground of opening a record, in `AuditEvent.purposeOfEvent`: see [`crate::Ground`].
pub const GROUND: &str = "urn:tejido:cs:motivo-acceso";
/// The rule that a refused write of a referral broke, in `OperationOutcome.issue.details`.
pub const RULE: &str = "urn:tejido:cs:regla";
/// Name of an act, in `AuditEvent.subtype`: `accept`, `book`, …
pub const ACT: &str = "urn:tejido:cs:acto";
