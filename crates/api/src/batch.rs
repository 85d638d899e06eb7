//! Bundles that ask for several interactions at once (R4 §3.1.0.11). Here they are opened, and a
//! batch is done entry by entry, each on its own; `transaction` does all or nothing.

use fhir::Value;
use fhir::outcome::Issue;
use http::{Method, StatusCode};
use store::{HistoryScope, Key};

use crate::address::{self, Pairs};
use crate::answer::Answer;
use crate::body::Sent;
use crate::bundle::{Bundle, text};
use crate::call::{Call, Conditions, Return};
use crate::error::ApiError;
use crate::{MOUNT, capability, create, delete, history, outcome, patch, read, search, transaction, update};

/// At most so many entries in one Bundle.
pub const MOST_ENTRIES: usize = 1000;
/// Entries are answered until their answers are this long together, bytes.
const MOST_ANSWERED: usize = 32 * 1024 * 1024;

/// What an entry's address names.
#[derive(Clone, Debug)]
pub enum Place {
    /// `?_type=…`
    System,
    /// `metadata`
    Metadata,
    /// `Patient`, `Patient?…`
    Type(String),
    /// `Patient/x`
    Instance(Key),
    /// `Patient/x/_history/3`
    Version(Key, u64),
    /// `…/_history`
    History(HistoryScope),
}

/// One entry of the Bundle.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `Bundle.entry[3]`.
    pub at: String,
    /// `fullUrl`.
    pub full_url: Option<String>,
    /// `request.method`.
    pub method: Method,
    /// `request.url`, its path.
    pub place: Place,
    /// `request.url`, its query.
    pub params: Pairs,
    /// The conditions in `request`.
    pub when: Conditions,
    /// `resource`.
    pub resource: Option<Value>,
}

impl Entry {
    /// The resource, which a write needs.
    ///
    /// # Errors
    /// `Invalid` if it is missing.
    pub fn sent(&self) -> Result<Sent, ApiError> {
        let missing = || ApiError::invalid("required", "Resource.resource", "this method needs a resource");
        self.resource.clone().map(Sent::from_value).ok_or_else(missing)
    }
}

/// `POST [base]`.
pub async fn bundle(call: Call, sent: Sent) -> Result<Answer, ApiError> {
    sent.check_type("Bundle")?;
    let kind = sent.value.text_at(&["type"]).unwrap_or_default().to_owned();
    // Entries tell what became of them; resources come back only to whoever asks.
    let call = Call { wanted: call.wanted.or(Some(Return::Minimal)), ..call };
    let count = sent.value.items("entry").len();
    if count > MOST_ENTRIES {
        return Err(ApiError::TooCostly { what: format!("{count} entries, and at most {MOST_ENTRIES} are done") });
    }
    let entries = open(&call, sent.value)?;
    match kind.as_str() {
        "batch" => Ok(batch(&call, entries).await),
        "transaction" => transaction::run(&call, entries.into_iter().collect::<Result<_, _>>()?, Vec::new()).await,
        _ => Err(ApiError::invalid(
            "value",
            "Bundle.type",
            "write batch or transaction; other Bundles go to [base]/Bundle",
        )),
    }
}

async fn batch(call: &Call, entries: Vec<Result<Entry, ApiError>>) -> Answer {
    let mut answers = Vec::with_capacity(entries.len());
    let mut room = Room::default();
    for entry in entries {
        let answer = match entry {
            Ok(entry) => match room.check() {
                Ok(()) => one(call, &entry).await,
                Err(full) => Err(full),
            },
            Err(error) => Err(error),
        };
        room.take(&answer);
        answers.push(answer);
    }
    responses(call, "batch-response", answers)
}

/// What is left of the memory that one Bundle's answer may take: a small batch can ask for a large
/// thing many times.
#[derive(Default)]
pub struct Room {
    taken: usize,
}

impl Room {
    /// Whether another answer may be made.
    ///
    /// # Errors
    /// `TooCostly`.
    pub fn check(&self) -> Result<(), ApiError> {
        match self.taken < MOST_ANSWERED {
            true => Ok(()),
            false => Err(ApiError::TooCostly { what: format!("the answers are {MOST_ANSWERED} bytes already") }),
        }
    }

    /// Counts an answer.
    pub fn take(&mut self, answer: &Result<Answer, ApiError>) {
        let body = answer.as_ref().ok().and_then(|answer| answer.body.as_ref());
        self.taken += body.map_or(0, |body| body.len());
    }
}

/// One interaction, as if it had come alone.
pub async fn one(call: &Call, entry: &Entry) -> Result<Answer, ApiError> {
    let call = &call.entry(entry.params.clone(), entry.when.clone());
    match (&entry.method, &entry.place) {
        (&Method::GET, Place::System) => search::run(call, None).await,
        (&Method::GET, Place::Metadata) => capability::statement(&call.base, &call.params),
        (&Method::GET, Place::Type(kind)) => search::run(call, Some(kind)).await,
        (&Method::GET, Place::Instance(key)) => read::current(call, key).await,
        (&Method::GET, Place::Version(key, version)) => read::at_version(call, key, *version).await,
        (&Method::GET, Place::History(scope)) => history::of(call, scope.clone()).await,
        (&Method::POST, Place::Type(kind)) => create::post(call, kind, &entry.sent()?).await,
        (&Method::PUT, Place::Type(kind)) => update::put_matching(call, kind, &entry.sent()?).await,
        (&Method::PUT, Place::Instance(key)) => update::put(call, key.clone(), &entry.sent()?).await,
        (&Method::PATCH, Place::Instance(key)) => patch::apply(call, key, &patch::in_binary(entry)?).await,
        (&Method::PATCH, Place::Type(kind)) => patch::apply_matching(call, kind, &patch::in_binary(entry)?).await,
        (&Method::DELETE, Place::Type(kind)) => delete::remove_matching(call, kind).await,
        (&Method::DELETE, Place::Instance(key)) => delete::remove(call, key.clone()).await,
        (method, _) => Err(ApiError::MethodNotAllowed { method: method.to_string() }),
    }
}

/// The answering Bundle, in the order of the entries.
pub fn responses(call: &Call, kind: &str, answers: Vec<Result<Answer, ApiError>>) -> Answer {
    let mut bundle = Bundle::new(kind, None, &[]);
    for answer in answers {
        match answer {
            Ok(answer) => {
                let told = call.wanted == Some(Return::Outcome) && answer.location.is_some();
                let (resource, outcome) =
                    if told { (None, answer.body.as_ref()) } else { (answer.body.as_ref(), None) };
                let response = response(&answer, outcome.map(AsRef::as_ref));
                bundle.entry(None, resource.map(AsRef::as_ref), &[response]);
            }
            Err(error) => {
                let answer = Answer::empty(outcome::status(&error));
                bundle.entry(None, None, &[response(&answer, Some(&outcome::body(&error)))]);
            }
        }
    }
    Answer::ok(bundle.finish())
}

fn response(answer: &Answer, outcome: Option<&[u8]>) -> String {
    let status = match answer.status {
        StatusCode::OK => "200 OK".to_owned(),
        other => format!("{} {}", other.as_str(), other.canonical_reason().unwrap_or_default()),
    };
    let mut out = format!("\"response\":{{\"status\":{}", text(&status));
    for (name, value) in [
        ("location", answer.location.clone()),
        ("etag", answer.etag()),
        ("lastModified", answer.modified.map(|time| format!("{time:.6}"))),
    ] {
        if let Some(value) = value {
            out.push_str(&format!(",\"{name}\":{}", text(&value)));
        }
    }
    if let Some(outcome) = outcome {
        out.push_str(",\"outcome\":");
        out.push_str(&String::from_utf8_lossy(outcome));
    }
    out.push('}');
    out
}

/// Takes the Bundle apart. What is wrong with the Bundle itself refuses it whole; an entry with an
/// address that can't be read is that entry's own trouble.
pub fn open(call: &Call, mut bundle: Value) -> Result<Vec<Result<Entry, ApiError>>, ApiError> {
    let mut resources = Vec::new();
    let mut wrong = Vec::new();
    if let Some(Value::Array(entries)) = bundle.as_object_mut().and_then(|bundle| bundle.get_mut("entry")) {
        for (at, entry) in entries.iter_mut().enumerate() {
            if entry.get("request").is_none() {
                let problem = "an entry of a batch or transaction needs a request (bdl-3)";
                wrong.push(Issue::error("required", format!("Bundle.entry[{at}].request"), problem));
            }
            resources.push(entry.as_object_mut().and_then(|entry| entry.remove("resource")));
        }
    }
    if wrong.is_empty() {
        wrong = fhir::validate(&bundle);
    }
    if !wrong.is_empty() {
        return Err(ApiError::Invalid(wrong));
    }
    let entries = bundle.items("entry").iter().zip(resources).enumerate();
    Ok(entries.map(|(at, (shell, resource))| entry(call, format!("Bundle.entry[{at}]"), shell, resource)).collect())
}

fn entry(call: &Call, at: String, shell: &Value, resource: Option<Value>) -> Result<Entry, ApiError> {
    let member = |name: &str| shell.text_at(&["request", name]).map(str::to_owned);
    let url = member("url").unwrap_or_default();
    let method = Method::from_bytes(member("method").unwrap_or_default().as_bytes()).unwrap_or_default();
    let (place, params) = locate(call, &url, &method).map_err(|error| error.at(at.clone()))?;
    let when = Conditions {
        if_match: member("ifMatch"),
        if_none_match: member("ifNoneMatch"),
        if_modified_since: member("ifModifiedSince"),
        if_none_exist: member("ifNoneExist"),
    };
    Ok(Entry { at, full_url: shell.text_at(&["fullUrl"]).map(str::to_owned), method, place, params, when, resource })
}

/// Reads `request.url`: relative to the base, or absolute below it.
fn locate(call: &Call, url: &str, method: &Method) -> Result<(Place, Pairs), ApiError> {
    let relative = url.strip_prefix(call.base.as_str()).unwrap_or(url);
    let relative = relative.strip_prefix(MOUNT).filter(|rest| rest.starts_with(['/', '?'])).unwrap_or(relative);
    let (path, query) = relative.split_once('?').unwrap_or((relative, ""));
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let no_route = || ApiError::NoRoute { path: url.to_owned() };
    let place = match parts.as_slice() {
        [] => Place::System,
        ["metadata"] => Place::Metadata,
        ["_history"] => Place::History(HistoryScope::System),
        [kind] => Place::Type(address::known_type(kind)?),
        [kind, "_history"] => Place::History(HistoryScope::Type(address::known_type(kind)?)),
        [kind, id] => Place::Instance(address::key(kind, id, method)?),
        [kind, id, "_history"] => Place::History(HistoryScope::Instance(address::key(kind, id, method)?)),
        [kind, id, "_history", version] => {
            Place::Version(address::key(kind, id, method)?, version.parse().map_err(|_| no_route())?)
        }
        _ => return Err(no_route()),
    };
    let mut params = address::decode(query)?;
    params.retain(|(name, _)| name != "_format" && name != "_pretty");
    Ok((place, params))
}
