//! Writing a referral: a draft on the server, completed bit by bit.

use access::{Access, Act, Cx, system};
use fhir::{Value, json};
use store::Key;

use crate::CareError;
use crate::danger;
use crate::referral::advance::{Advance, provenance};
use crate::referral::moves::{Move, MoveKind};
use crate::referral::pair::{Named, Referral};
use crate::referral::state::{InvalidTransition, Priority, State};
use crate::referral::task::{KIND_REFERRAL, write_state};
use crate::resource::{concept, mark, named, protect, put, reference, synthetic, text, unprotect};
use crate::service::Service;

/// What the writer fills in. Empty parts are allowed in a draft; [`super::send`] asks for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The person.
    pub patient: Named,
    /// Service code, see [`Service`].
    pub service: String,
    /// The facility that should attend.
    pub destination: Named,
    /// Why, in one or two sentences.
    pub reason: String,
    /// Diagnoses: ICD-10 code (or empty, "sin código") and words.
    pub diagnoses: Vec<(String, String)>,
    /// What was done so far.
    pub done: String,
    /// How soon, as asked.
    pub priority: Option<Priority>,
    /// Danger signs ticked; `None` = not asked yet, empty = asked and none.
    pub signs: Option<Vec<String>>,
    /// The visit it comes from.
    pub encounter: Option<String>,
    /// Observations and other results that go with it: `(type, id)`.
    pub results: Vec<(String, String)>,
    /// Classes of sensitive information in it, besides those that its codes and service imply.
    pub sensitive: Vec<access::Label>,
}

/// Begins a referral at the caller's facility.
///
/// # Errors
/// `Form` without a facility to refer from; the gate's.
pub async fn start_draft(access: &Access, cx: &Cx, draft: &Draft) -> Result<Referral, CareError> {
    let facility =
        cx.facility.as_ref().ok_or_else(|| CareError::Form(vec![crate::Problem::new("origin", "facility-missing")]))?;
    let origin = Named { id: facility.id.clone(), name: facility.name.clone() };
    start_draft_for(access, cx, &origin, draft).await
}

/// Begins a referral for a facility: a machine's road, or a coordinator's for a post on paper.
///
/// # Errors
/// The gate's.
pub async fn start_draft_for(access: &Access, cx: &Cx, origin: &Named, draft: &Draft) -> Result<Referral, CareError> {
    let entropy = access.store().entropy();
    let id = entropy.id();
    let number = format!("REF-{}-{}", crate::print::year(cx.now), crate::print::public_code(entropy.as_ref()));
    let request = request(
        cx,
        draft,
        json!({ "resourceType": "ServiceRequest", "id": &id,
        "meta": { "profile": [system::PROFILE_REFERRAL] },
        "identifier": [{ "system": system::REFERRAL_NUMBER, "value": &number },
            { "system": system::PUBLIC_CODE, "value": crate::print::public_code(entropy.as_ref()) }],
        "status": "draft", "intent": "order" }),
    );
    let mut task = json!({ "resourceType": "Task", "id": &id, "meta": { "profile": [system::PROFILE_REFERRAL_TASK] },
        "identifier": [{ "system": system::REFERRAL_NUMBER, "value": &number }], "intent": "order",
        "code": concept(system::TASK_KIND, KIND_REFERRAL, "Referencia"), "focus": reference("ServiceRequest", &id),
        "lastModified": cx.now.to_string(), "requester": named("Organization", &origin.id, &origin.name) });
    write_state(&mut task, &State::Draft);
    fill_task(&mut task, draft);
    let tag = tag_of(access, cx, &draft.patient.id).await;
    let mut request = request;
    mark(&mut task, tag.clone());
    mark(&mut request, tag);
    protect(&mut task, &draft.sensitive);
    protect(&mut request, &draft.sensitive);
    let made = provenance(access, cx, "draft", "", &task);
    let changes = vec![put(&task, None), put(&request, None), put(&made, None)];
    access.commit(cx, Act { name: "draft", changes, ..Act::default() }).await?;
    Ok(Referral { request, request_version: 1, task, task_version: 1, state: State::Draft })
}

/// The mark of a synthetic person; whom the caller can't open shows none.
async fn tag_of(access: &Access, cx: &Cx, patient: &str) -> Option<Value> {
    synthetic(&access.read(cx, &Key::new("Patient", patient)).await.ok()?.value())
}

/// Writes the draft anew; also what a returned referral is completed with, see [`super::send::complete`].
///
/// # Errors
/// `Transition` when it is no draft any more; the gate's.
pub async fn update_draft(access: &Access, cx: &Cx, referral: &Referral, draft: &Draft) -> Result<Referral, CareError> {
    if referral.state != State::Draft {
        let why = "it is no draft any more";
        return Err(InvalidTransition { from: referral.state.phase(), step: MoveKind::Send, why }.into());
    }
    let mut next = referral.clone();
    next.request = request(cx, draft, referral.request.clone());
    next.task.set("lastModified", cx.now.to_string());
    fill_task(&mut next.task, draft);
    for one in [&mut next.task, &mut next.request] {
        unprotect(one);
        protect(one, &draft.sensitive);
    }
    let changes =
        vec![put(&next.task, Some(referral.task_version)), put(&next.request, Some(referral.request_version))];
    let stored = access.commit(cx, Act { name: "update-draft", changes, ..Act::default() }).await?.stored;
    (next.task_version, next.request_version) = (stored[0].version, stored[1].version);
    Ok(next)
}

/// Throws the draft away; it stays in the history.
///
/// # Errors
/// `Transition`, or the gate's.
pub async fn discard(access: &Access, cx: &Cx, referral: &Referral) -> Result<Referral, CareError> {
    Advance::new(referral, Move::Discard).commit(access, cx).await
}

fn fill_task(task: &mut Value, draft: &Draft) {
    task.set("for", named("Patient", &draft.patient.id, &draft.patient.name));
    task.set("priority", draft.priority.unwrap_or(Priority::P3).code());
    if !draft.destination.id.is_empty() {
        task.set("owner", named("Organization", &draft.destination.id, &draft.destination.name));
    }
    if let Some(encounter) = &draft.encounter {
        task.set("encounter", reference("Encounter", encounter));
    }
    let results = draft.results.iter().map(|(kind, id)| {
        json!({ "type": concept(system::REFERRAL_ITEM, "resultado", "Resultado"), "valueReference": reference(kind, id) })
    });
    let results: Vec<Value> = results.collect();
    crate::referral::task::replace(task, "input", (!results.is_empty()).then_some(Value::Array(results)));
}

/// The ServiceRequest with what the draft says.
pub(crate) fn request(cx: &Cx, draft: &Draft, mut request: Value) -> Value {
    let label = Service::find(&draft.service).map_or("", |service| service.name);
    let diagnosis = |(code, words): &(String, String)| match text(code) {
        Some(code) => {
            let mut coded = concept(system::ICD10, code, words);
            coded.set("text", words);
            coded
        }
        None => json!({ "text": words }),
    };
    let reasons: Vec<Value> = text(&draft.reason)
        .map(|words| json!({ "text": words }))
        .into_iter()
        .chain(draft.diagnoses.iter().map(diagnosis))
        .collect();
    let signs = draft.signs.as_ref().map(|signs| match signs.as_slice() {
        [] => vec![concept(system::DANGER_SIGN, danger::NONE, "Ninguna")],
        signs => signs.iter().map(|code| concept(system::DANGER_SIGN, code, danger::label(code))).collect(),
    });
    let author = match &cx.actor {
        access::Actor::Practitioner(id) => Some(named("Practitioner", id, &cx.name)),
        _ => None,
    };
    let results: Vec<Value> = draft.results.iter().map(|(kind, id)| reference(kind, id)).collect();
    let filled = |items: Vec<Value>| (!items.is_empty()).then_some(Value::Array(items));
    let destination = text(&draft.destination.id).map(|id| vec![named("Organization", id, &draft.destination.name)]);
    let members: [(&str, Option<Value>); 10] = [
        ("priority", Some(draft.priority.unwrap_or(Priority::P3).code().into())),
        ("code", text(&draft.service).map(|code| concept(system::SPECIALTY, code, label))),
        ("orderDetail", signs.and_then(filled)),
        ("subject", Some(named("Patient", &draft.patient.id, &draft.patient.name))),
        ("encounter", draft.encounter.as_ref().map(|id| reference("Encounter", id))),
        ("requester", request.get("requester").cloned().or(author)),
        ("performer", destination.map(Value::Array)),
        ("reasonCode", filled(reasons)),
        ("supportingInfo", filled(results)),
        ("note", text(&draft.done).map(|words| json!([{ "text": words }]))),
    ];
    for (name, value) in members {
        crate::referral::task::replace(&mut request, name, value);
    }
    request
}
