//! The resources of a signed visit, and signing it in one commit.

use access::{Access, Act, Actor, Cx, system};
use fhir::{Value, json};
use store::Key;

use crate::referral::provenance;
use crate::resource::{concept, named, protect, put, reference, text};
use crate::visit::form::Form;
use crate::visit::vitals::{DIASTOLIC, Reading, SYSTOLIC};
use crate::{CareError, Problem};

/// Code of the observation that says that she gave birth within six weeks, in [`system::VISIT_ITEM`].
pub const POSTPARTUM: &str = "posparto";
/// LOINC codes of what tells of a pregnancy: last period, weeks, height of the womb.
const OF_PREGNANCY: [&str; 3] = ["8665-2", "18185-9", "11881-0"];
/// The day of the visit in which a Condition was found, where it was written down on a later one
/// (the standard's extension; `recordedDate` is when it came into the record, R4 §9.2).
pub const ASSERTED: &str = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate";

/// Signs a visit: Encounter, note, observations, conditions, allergies and medicines in one commit.
/// Gives the id of the Encounter.
///
/// # Errors
/// `Form` for what is missing, impossible or unconfirmed; `Conflict` when the sheet was kept or signed
/// since; the gate's.
pub async fn sign(access: &Access, cx: &Cx, form: &Form) -> Result<String, CareError> {
    let readings = form.check(cx.now)?;
    if cx.facility.is_none() {
        return Err(CareError::Form(vec![Problem::new("facility", "facility-missing")]));
    }
    fits(access, cx, form).await?;
    let (settled, told) = super::settle::changes(access, cx, form).await?;
    let maker = Maker { access, cx, form, encounter: access.store().entropy().id() };
    let mut resources = maker.observations(&readings);
    resources.extend(maker.conditions());
    resources.extend(maker.medicines());
    let conditions = resources.iter().filter(|one| one.resource_type() == Some("Condition"));
    let diagnoses: Vec<Value> =
        conditions.map(|one| json!({ "condition": reference("Condition", one.id().unwrap_or_default()) })).collect();
    let mut encounter = maker.encounter(diagnoses);
    protect(&mut encounter, &form.sensitive);
    let note = maker.note(&resources, &told.join(". "));
    let mut changes = vec![put(&encounter, None), put(&note, None)];
    changes.extend(resources.iter().map(|one| put(one, None)));
    changes.extend(settled);
    changes.extend(form.person.iter().map(|(patient, version)| put(patient, Some(*version))));
    changes.push(put(&provenance(access, cx, "sign-visit", "", &encounter), None));
    let draft = super::draft::signing(cx, &form.patient.id, form.sheet, &maker.encounter);
    access.commit(cx, Act { name: "sign-visit", changes, private: vec![draft], ..Act::default() }).await?;
    Ok(maker.encounter)
}

/// What is told of the person can be: nobody is seen before birth, as far as the birth date is known,
/// and no man is pregnant.
async fn fits(access: &Access, cx: &Cx, form: &Form) -> Result<(), CareError> {
    let mut problems = form.of_pregnancy();
    if form.date.is_none() && problems.is_empty() {
        return Ok(());
    }
    let patient = access.read(cx, &Key::new("Patient", form.patient.id.as_str())).await?.value();
    if !is_man(&patient) {
        problems.clear();
    }
    let birth = patient.text_at(&["birthDate"]).unwrap_or_default();
    let day = form.date.map(|day| day.to_string()).unwrap_or_default();
    if day.get(..birth.len()).is_some_and(|day| day < birth) {
        problems.push(Problem::new("date", "date-before-birth"));
    }
    if problems.is_empty() { Ok(()) } else { Err(CareError::Form(problems)) }
}

/// Whether somebody is on record as a man.
pub(super) fn is_man(patient: &Value) -> bool {
    patient.text_at(&["gender"]) == Some("male")
}

/// Whether a resource tells of a pregnancy or a birth.
pub(super) fn of_pregnancy(resource: &Value) -> bool {
    let codings = resource.get("code").map(|code| code.items("coding")).unwrap_or_default();
    let ours = |coding: &Value| match (coding.text_at(&["system"]), coding.text_at(&["code"])) {
        (Some("http://loinc.org"), Some(code)) => OF_PREGNANCY.contains(&code),
        (Some(system::VISIT_ITEM), Some(code)) => code == POSTPARTUM,
        _ => false,
    };
    codings.iter().any(ours)
}

/// Adds to a signed visit; what was signed stays as it is. Gives the id of the addendum.
///
/// # Errors
/// `Form` without words; the gate's.
pub async fn addend(access: &Access, cx: &Cx, encounter: &str, words: &str) -> Result<String, CareError> {
    if text(words).is_none() {
        return Err(CareError::Form(vec![Problem::new("words", "words-missing")]));
    }
    let signed = super::mend::note_of(access, cx, encounter).await?;
    let id = access.store().entropy().id();
    let mut note = signed.clone();
    note.set("id", &id);
    note.set("meta", json!({ "tag": [{ "system": system::VISIT_ITEM, "code": "adenda" }] }));
    note.set("date", cx.now.to_string());
    note.set("author", vec![author(cx)]);
    note.set(
        "relatesTo",
        json!([{ "code": "appends",
        "targetReference": reference("Composition", signed.id().unwrap_or_default()) }]),
    );
    note.set("section", vec![crate::referral::answer::section("adenda", "Adenda", words)]);
    let why = provenance(access, cx, "addend", words, &note);
    let changes = vec![put(&note, None), put(&why, None)];
    access.commit(cx, Act { name: "addend", changes, ..Act::default() }).await?;
    Ok(id)
}

fn author(cx: &Cx) -> Value {
    match (&cx.actor, &cx.facility) {
        (Actor::Practitioner(id), _) => named("Practitioner", id, &cx.name),
        (_, Some(place)) => named("Organization", &place.id, &place.name),
        _ => json!({ "display": text(&cx.name).unwrap_or("sistema") }),
    }
}

struct Maker<'a> {
    access: &'a Access,
    cx: &'a Cx,
    form: &'a Form,
    encounter: String,
}

impl Maker<'_> {
    /// When it was, as precise as it is known; when it was written down is now.
    fn at(&self) -> String {
        self.form.date.map_or_else(|| self.cx.now.to_string(), |day| day.to_string())
    }

    /// Adds id and the visit to a resource of this person; `person` is the member that names them.
    fn made(&self, mut resource: Value, person: &str) -> Value {
        resource.set("id", self.access.store().entropy().id());
        resource.set(person, named("Patient", &self.form.patient.id, &self.form.patient.name));
        let visit = if resource.resource_type() == Some("MedicationStatement")
            || resource.resource_type() == Some("MedicationDispense")
        {
            "context"
        } else {
            "encounter"
        };
        resource.set(visit, reference("Encounter", &self.encounter));
        resource
    }

    fn observation(&self, category: &str, code: Value, value: (&str, Value)) -> Value {
        let mut one = json!({ "resourceType": "Observation", "status": "final",
            "category": [concept("http://terminology.hl7.org/CodeSystem/observation-category", category, "")],
            "code": code, "effectiveDateTime": self.at() });
        one.set(value.0, value.1);
        self.made(one, "subject")
    }

    fn observations(&self, readings: &[Reading]) -> Vec<Value> {
        let loinc = |code: &str, label: &str| concept("http://loinc.org", code, label);
        let pressure = |one: &&Reading| one.vital == SYSTOLIC || one.vital == DIASTOLIC;
        let mut all: Vec<Value> = readings
            .iter()
            .filter(|one| !pressure(one))
            .map(|one| {
                let code = loinc(one.vital.loinc, one.vital.label);
                self.observation("vital-signs", code, ("valueQuantity", one.quantity()))
            })
            .collect();
        let parts: Vec<Value> = readings
            .iter()
            .filter(pressure)
            .map(|one| json!({ "code": loinc(one.vital.loinc, one.vital.label), "valueQuantity": one.quantity() }))
            .collect();
        if !parts.is_empty() {
            all.push(self.observation(
                "vital-signs",
                loinc("85354-9", "Presión arterial"),
                ("component", parts.into()),
            ));
        }
        if self.form.proteinuria {
            let code = loinc("20454-5", "Proteína en orina");
            all.push(self.observation("laboratory", code, ("valueString", "positiva".into())));
        }
        if self.form.postpartum {
            let code = concept(system::VISIT_ITEM, POSTPARTUM, "Dio a luz en las últimas 6 semanas");
            all.push(self.observation("exam", code, ("valueBoolean", true.into())));
        }
        if let Some((weeks, days)) = self.form.gestational_age(self.form.moment(self.cx.now)) {
            let period = self.form.last_period.trim();
            all.push(self.observation("exam", loinc("8665-2", "Última regla"), ("valueDateTime", period.into())));
            let age = json!({ "value": weeks, "unit": "semanas", "system": "http://unitsofmeasure.org", "code": "wk" });
            let mut week = self.observation("exam", loinc("18185-9", "Edad gestacional"), ("valueQuantity", age));
            week.set("note", json!([{ "text": format!("{weeks} semanas y {days} días") }]));
            all.push(week);
        }
        let social = |code: &str, value: &str| {
            let code = concept(system::VISIT_ITEM, code, "");
            self.observation("social-history", code, ("valueString", value.into()))
        };
        let form = self.form;
        let filled = form.traits.iter().filter(|(_, value)| text(value).is_some());
        all.extend(filled.map(|(code, value)| social(code, value.trim())));
        let columns = [
            ("consulta", &form.consultation),
            ("control", &form.control),
            ("viene-referida", &form.referred_from),
            ("notificacion", &form.notification),
            ("recibe-medicamento", &form.receiver),
            ("campana", &form.campaign),
        ];
        all.extend(columns.into_iter().filter_map(|(code, value)| Some(social(code, text(value)?))));
        if let Some((name, cui)) = &form.companion {
            all.extend(text(name).map(|name| social("acompanante", name)));
            all.extend(text(cui).map(|cui| social("acompanante-cui", cui)));
        }
        all
    }

    fn conditions(&self) -> Vec<Value> {
        let status =
            |name: &str, code: &str| concept(&format!("http://terminology.hl7.org/CodeSystem/{name}"), code, "");
        let condition = |one: &crate::visit::form::Diagnosis| {
            let category = if one.problem { "problem-list-item" } else { "encounter-diagnosis" };
            let mut code = match text(&one.code) {
                Some(code) => concept(system::ICD10, code, &one.words),
                None => json!({}),
            };
            code.set("text", one.words.trim());
            let found = self.form.date.map(|day| vec![json!({ "url": ASSERTED, "valueDateTime": day.to_string() })]);
            let made = json!({ "resourceType": "Condition", "extension": found, "clinicalStatus": status("condition-clinical", "active"),
                "verificationStatus": status("condition-ver-status", "confirmed"),
                "category": [status("condition-category", category)], "code": code,
                "recordedDate": self.cx.now.to_string() });
            self.made(made, "subject")
        };
        let allergy = |words: &String| {
            let made = json!({ "resourceType": "AllergyIntolerance",
                "clinicalStatus": status("allergyintolerance-clinical", "active"),
                "verificationStatus": status("allergyintolerance-verification", "confirmed"),
                "code": { "text": words.trim() }, "recordedDate": self.cx.now.to_string() });
            self.made(made, "patient")
        };
        let allergies = self.form.allergies.iter().filter(|words| text(words).is_some()).map(allergy);
        self.form.diagnoses.iter().map(condition).chain(allergies).collect()
    }

    fn medicines(&self) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        for words in self.form.medicines.iter().filter_map(|words| text(words)) {
            let made = json!({ "resourceType": "MedicationStatement", "status": "active",
                "medicationCodeableConcept": { "text": words }, "dateAsserted": self.cx.now.to_string() });
            all.push(self.made(made, "subject"));
        }
        for one in &self.form.treatments {
            let medicine = json!({ "text": one.words.trim() });
            let note = text(&one.presentation).map(|words| vec![json!({ "text": words })]);
            let made = json!({ "resourceType": "MedicationRequest", "status": "active", "intent": "order",
                "medicationCodeableConcept": &medicine, "authoredOn": self.at(), "note": note,
                "dispenseRequest": (one.quantity > 0).then(|| json!({ "quantity": { "value": one.quantity } })) });
            all.push(self.made(made, "subject"));
            if one.delivered > 0 {
                let made = json!({ "resourceType": "MedicationDispense", "status": "completed",
                    "medicationCodeableConcept": medicine, "quantity": { "value": one.delivered },
                    "whenHandedOver": self.at() });
                all.push(self.made(made, "subject"));
            }
        }
        all
    }

    fn encounter(&self, diagnoses: Vec<Value>) -> Value {
        let place = self.cx.facility.as_ref().map(|place| named("Organization", &place.id, &place.name));
        let (class, words) = if self.form.extramural { ("FLD", "field") } else { ("AMB", "ambulatory") };
        let who = match &self.cx.actor {
            Actor::Practitioner(id) => Some(json!([{ "individual": named("Practitioner", id, &self.cx.name) }])),
            _ => None,
        };
        let now = self.at();
        json!({ "resourceType": "Encounter", "id": &self.encounter, "status": "finished",
            "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": class, "display": words },
            "subject": named("Patient", &self.form.patient.id, &self.form.patient.name), "participant": who,
            "period": { "start": &now, "end": &now }, "reasonCode": [{ "text": self.form.reason.trim() }],
            "diagnosis": diagnoses, "serviceProvider": place })
    }

    /// The note; its entries name every resource of the visit. What was noted before is only told of:
    /// it is no part of the visit, and is not struck with it.
    fn note(&self, resources: &[Value], settled: &str) -> Value {
        let told = [
            ("motivo", "Motivo", self.form.reason.as_str()),
            ("hallazgos", "Hallazgos", self.form.findings.as_str()),
            ("plan", "Plan", self.form.plan.as_str()),
            ("cambios", "Lo que cambió de lo ya anotado", settled),
        ];
        let mut sections: Vec<Value> = told
            .into_iter()
            .filter(|(_, _, words)| text(words).is_some())
            .map(|(code, title, words)| crate::referral::answer::section(code, title, words))
            .collect();
        let entry = |one: &Value| reference(one.resource_type().unwrap_or_default(), one.id().unwrap_or_default());
        let entries: Vec<Value> = resources.iter().map(entry).collect();
        sections.push(json!({ "title": "Datos", "code": concept(system::SECTION, "datos", ""), "entry": entries }));
        let note = json!({ "resourceType": "Composition", "status": "final",
            "type": { "coding": [{ "system": "http://loinc.org", "code": "34109-9", "display": "Note" }],
                "text": "Consulta" },
            "date": self.cx.now.to_string(), "author": [author(self.cx)], "title": "Consulta", "section": sections });
        self.made(note, "subject")
    }
}
