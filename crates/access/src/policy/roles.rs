//! The table of roles: who may write which resource types, and which types each role reads of a
//! record that it may open.

use store::Method;

use crate::{Cx, Deed, Role};

/// The network's directory and the definitions: seen by everybody who is logged in, whoever keeps
/// them.
const DIRECTORY: [&str; 34] = [
    "ActivityDefinition",
    "CapabilityStatement",
    "ChargeItemDefinition",
    "CodeSystem",
    "CompartmentDefinition",
    "ConceptMap",
    "DeviceDefinition",
    "Endpoint",
    "EventDefinition",
    "ExampleScenario",
    "GraphDefinition",
    "HealthcareService",
    "ImplementationGuide",
    "InsurancePlan",
    "Library",
    "Location",
    "Measure",
    "Medication",
    "MedicationKnowledge",
    "MessageDefinition",
    "NamingSystem",
    "OperationDefinition",
    "Organization",
    "OrganizationAffiliation",
    "PlanDefinition",
    "Practitioner",
    "PractitionerRole",
    "Questionnaire",
    "Schedule",
    "SearchParameter",
    "Slot",
    "StructureDefinition",
    "StructureMap",
    "ValueSet",
];

/// What the care team writes.
const CARE: [&str; 53] = [
    "AdverseEvent",
    "AllergyIntolerance",
    "Appointment",
    "AppointmentResponse",
    "Basic",
    "Binary",
    "BodyStructure",
    "CarePlan",
    "CareTeam",
    "ClinicalImpression",
    "Communication",
    "CommunicationRequest",
    "Composition",
    "Condition",
    "Consent",
    "Coverage",
    "DetectedIssue",
    "Device",
    "DeviceRequest",
    "DeviceUseStatement",
    "DiagnosticReport",
    "DocumentManifest",
    "DocumentReference",
    "Encounter",
    "EpisodeOfCare",
    "FamilyMemberHistory",
    "Flag",
    "Goal",
    "Group",
    "ImagingStudy",
    "Immunization",
    "ImmunizationRecommendation",
    "List",
    "Media",
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationRequest",
    "MedicationStatement",
    "NutritionOrder",
    "Observation",
    "Patient",
    "Procedure",
    "Provenance",
    "QuestionnaireResponse",
    "RelatedPerson",
    "RequestGroup",
    "RiskAssessment",
    "ServiceRequest",
    "Slot",
    "Specimen",
    "SupplyRequest",
    "Task",
    "VisionPrescription",
];

/// What is written in the community and beside the clinic.
const OUTREACH: [&str; 14] = [
    "Appointment",
    "AppointmentResponse",
    "Communication",
    "CommunicationRequest",
    "Flag",
    "Group",
    "Observation",
    "Patient",
    "Provenance",
    "QuestionnaireResponse",
    "RelatedPerson",
    "ServiceRequest",
    "Slot",
    "Task",
];

/// What moves a referral and an agenda.
const FLOW: [&str; 11] = [
    "Appointment",
    "AppointmentResponse",
    "Communication",
    "CommunicationRequest",
    "Encounter",
    "Patient",
    "Provenance",
    "RelatedPerson",
    "ServiceRequest",
    "Slot",
    "Task",
];

/// What a clerk reads of a record.
const DESK: [&str; 12] = [
    "Account",
    "Appointment",
    "AppointmentResponse",
    "Communication",
    "CommunicationRequest",
    "Coverage",
    "Encounter",
    "Group",
    "Patient",
    "RelatedPerson",
    "ServiceRequest",
    "Task",
];

/// What an interpreter reads of a record.
const INTERPRETER: [&str; 5] = ["Appointment", "Communication", "Encounter", "Patient", "Task"];

/// Whether the type belongs to the directory.
pub(crate) fn is_directory(resource_type: &str) -> bool {
    DIRECTORY.binary_search(&resource_type).is_ok()
}

/// Which types of a record a role reads.
pub(crate) enum Reads {
    /// No record.
    Nothing,
    /// These types only.
    Only(&'static [&'static str]),
    /// All of it.
    Everything,
}

/// What a role reads of a record that its facility has a reason to see.
pub(crate) fn record_types(role: Role) -> Reads {
    match role {
        Role::Nurse | Role::Doctor | Role::Specialist | Role::Director | Role::System => Reads::Everything,
        Role::CommunityWorker | Role::SocialWorker => Reads::Everything,
        Role::Clerk => Reads::Only(&DESK),
        Role::Interpreter => Reads::Only(&INTERPRETER),
        Role::Coordinator | Role::Supervisor | Role::Administrator | Role::Auditor | Role::Adviser => Reads::Nothing,
    }
}

/// Whether the caller's role may write this type in this way. Visibility, custodian and governors
/// are asked besides.
pub(crate) fn may_write(cx: &Cx, resource_type: &str, method: Method) -> bool {
    if cx.is_system() {
        return true;
    }
    let deed = match method {
        Method::Create => Deed::Create,
        Method::Update => Deed::Update,
        Method::Delete => Deed::Delete,
    };
    if cx.scopes.as_ref().is_some_and(|scopes| !scopes.allow(resource_type, deed)) {
        return false;
    }
    let has = |types: &[&str]| types.contains(&resource_type);
    match cx.role {
        Role::System => true,
        // People never delete from a record: it is marked entered-in-error.
        Role::Administrator => is_directory(resource_type) || has(&["Consent", "Group"]),
        _ if method == Method::Delete => false,
        // Whoever registers people writes down that two of them are not the same.
        _ if resource_type == "Basic" && super::may_register(cx.role) => true,
        Role::Nurse | Role::Doctor => has(&CARE),
        Role::Specialist => has(&CARE) || has(&["Schedule"]),
        Role::Director => has(&FLOW) || has(&["HealthcareService", "Schedule", "Location", "Consent"]),
        Role::CommunityWorker | Role::SocialWorker => has(&OUTREACH),
        Role::Coordinator | Role::Clerk => has(&FLOW) || has(&["Schedule", "HealthcareService"]),
        Role::Supervisor => has(&["Practitioner", "PractitionerRole", "Task", "Provenance"]),
        Role::Interpreter => has(&["Communication", "Provenance"]),
        Role::Auditor | Role::Adviser => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_types_of_r4_in_order() {
        for list in [&DIRECTORY[..], &CARE, &OUTREACH, &FLOW, &DESK, &INTERPRETER] {
            assert!(list.is_sorted(), "{list:?}");
            for name in list {
                assert!(fhir::schema::r4().is_resource(name), "{name}");
            }
        }
    }
}
