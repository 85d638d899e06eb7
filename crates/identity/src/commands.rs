//! What is done with persons over the gate: find, look for duplicates, register, correct.

use access::{Access, Act, Cx, system};
use fhir::search::Query;
use fhir::{Value, json};
use jiff::civil::Date;
use store::{Change, Expect, Key, Live, PrivateExpect, PrivateWrite, StoreError, Stored, Visibility, Write};

use crate::duplicates::{Resemblance, compare};
use crate::find::bare;
use crate::people::Entry;
use crate::{Cui, DocumentKind, FieldError, Find, IdentityError, Nit, People, PersonCard, Registration, today};

/// At most so many persons are shown.
const MOST: usize = 20;
/// At most so many duplicates are shown.
const MOST_ALIKE: usize = 5;
/// How long a form's key is remembered, microseconds.
const REMEMBERED: i64 = 7 * 24 * 3600 * 1_000_000;
const ONCE: &str = "registro";

/// Somebody who might be the same person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The person, masked.
    pub card: PersonCard,
    /// In which order they are shown.
    pub score: i32,
    /// Why.
    pub reasons: Vec<Resemblance>,
}

/// What comes with a form when it is sent.
#[derive(Clone, Debug, Default)]
pub struct Sent<'a> {
    /// Key of this form: sent twice, it registers once.
    pub key: &'a str,
    /// Persons shown as alike of whom was said "not the same": ids.
    pub not_the_same: &'a [String],
}

/// Somebody registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Id of the Patient.
    pub id: String,
    /// Whether the same form had been sent before.
    pub repeated: bool,
}

/// Finds persons in the index: at most 20, masked, rate-limited and written down by the gate.
///
/// # Errors
/// `Forbidden` for roles that register nobody, `TooMany`, the store's.
pub async fn find(
    access: &Access,
    people: &Live<People>,
    cx: &Cx,
    asked: &Find,
) -> Result<Vec<PersonCard>, IdentityError> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    people.follow(access.store()).await?;
    let facility = cx.facility.as_ref().map(|facility| facility.id.as_str());
    let proposed = people.with(|people| people.matching(&cx.institution, facility, asked, MOST));
    let mut cards = shown(access, cx, &proposed).await?;
    if cards.len() < MOST {
        let more = access.index_search(cx, &written(asked, facility)?).await?;
        for stored in more {
            if cards.len() < MOST && cards.iter().all(|card| card.id != stored.key.id) {
                cards.push(PersonCard::of(&stored.value(), today(cx.now)));
            }
        }
    }
    Ok(cards)
}

/// The question as the store answers it: as written, whoever keeps the person.
fn written(asked: &Find, facility: Option<&str>) -> Result<Query, IdentityError> {
    let mut pairs: Vec<(String, String)> = asked.words.iter().map(|word| ("name".into(), word.clone())).collect();
    let any_of = |numbers: &[(&str, String)]| {
        let each = numbers.iter().map(|(system, value)| format!("{system}|{value}"));
        ("identifier".to_owned(), each.collect::<Vec<_>>().join(","))
    };
    pairs.extend(asked.cui.iter().map(|cui| {
        let systems = [system::CUI, system::DOUBTED_CUI, system::IGSS_NUMBER, system::FOREIGN_ID];
        any_of(&systems.map(|system| (system, cui.digits().to_owned())))
    }));
    if !asked.births.is_empty() {
        let days = asked.births.iter().map(Date::to_string).collect::<Vec<_>>();
        pairs.push(("birthdate".into(), days.join(",")));
    }
    if let Some(number) = &asked.number {
        let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect::<String>();
        let upper = |text: &str| plain(text).to_uppercase();
        let mut numbers = vec![
            (system::FILE_NUMBER, format!("{}/{}", facility.unwrap_or_default(), plain(number))),
            (system::FOREIGN_ID, upper(number)),
            (system::IGSS_NUMBER, upper(number)),
        ];
        let passport = number.split_once(':').map(|(land, rest)| format!("{}:{}", upper(land), upper(rest)));
        numbers.extend(passport.map(|passport| (system::PASSPORT, passport)));
        numbers.extend(Nit::parse(number).map(|nit| (system::NIT, nit.as_str().to_owned())));
        pairs.push(any_of(&numbers));
    }
    Ok(Query::parse(&["Patient"], &pairs)?)
}

/// The cards of those that the caller may see in the index, in their order.
async fn shown(access: &Access, cx: &Cx, ids: &[String]) -> Result<Vec<PersonCard>, IdentityError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = Query::parse(&["Patient"], &[("_id".into(), ids.join(","))])?;
    let found = access.index_search(cx, &query).await?;
    let card = |id: &String| {
        let stored = found.iter().find(|stored| stored.key.id == *id)?;
        Some(PersonCard::of(&stored.value(), today(cx.now)))
    };
    Ok(ids.iter().filter_map(card).collect())
}

/// Persons of the caller's institution who might be the one being registered, most alike first.
/// For every pause while typing and again when the form is sent.
///
/// # Errors
/// As for [`find`].
pub async fn duplicates(
    access: &Access,
    people: &Live<People>,
    cx: &Cx,
    form: &Registration,
) -> Result<Vec<Candidate>, IdentityError> {
    people.follow(access.store()).await?;
    let facility = cx.facility.as_ref().map(|facility| facility.id.as_str());
    let probe = Entry::typed(form, facility, today(cx.now));
    let mut alike = people.with(|people| {
        let near = people.near(&cx.institution, &probe).into_iter();
        near.filter_map(|(id, other)| compare(&probe, other).map(|(score, why)| (score, id.to_owned(), why)))
            .collect::<Vec<_>>()
    });
    alike.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    alike.truncate(MOST_ALIKE);
    let ids: Vec<String> = alike.iter().map(|(_, id, _)| id.clone()).collect();
    if ids.is_empty() {
        asked_for_nobody(access, cx, form).await?;
    }
    let cards = shown(access, cx, &ids).await?;
    let candidate = |card: PersonCard| {
        let (score, _, reasons) = alike.iter().find(|(_, id, _)| *id == card.id)?;
        Some(Candidate { score: *score, reasons: reasons.clone(), card })
    };
    Ok(cards.into_iter().filter_map(candidate).collect())
}

/// Whoever learns that nobody is alike has asked the index as well: it is counted and written down.
async fn asked_for_nobody(access: &Access, cx: &Cx, form: &Registration) -> Result<(), IdentityError> {
    let words = crate::name::words(&form.person_name().full());
    let numbers = [&form.passport_number, &form.foreign_id, &form.igss_number, &form.nit, &form.file];
    let number = numbers.into_iter().find(|number| !bare(number).is_empty()).cloned();
    let asked = Find { words, cui: Cui::parse(&form.cui).ok(), number, ..Find::default() };
    if !asked.is_empty() {
        access.index_search(cx, &Query { count: Some(1), ..written(&asked, None)? }).await?;
    }
    Ok(())
}

/// Registers a person at the caller's facility. Each "not the same" is kept as a Basic. A CUI that
/// somebody else of the institution has is taken only in doubt, which a Basic keeps for review.
///
/// # Errors
/// `Fields` for the form, the gate's for the rest.
pub async fn register(
    access: &Access,
    cx: &Cx,
    form: &Registration,
    sent: &Sent<'_>,
) -> Result<Registered, IdentityError> {
    let mut patient = form.check(today(cx.now)).map_err(IdentityError::Fields)?.patient;
    let once = format!("{}/{}", cx.actor.label(), sent.key);
    let holders = holders(access, cx, form).await?;
    if !holders.is_empty() && form.cui_doubt.trim().is_empty() {
        let before = access.store().private(ONCE, &once).await?;
        let id = before.and_then(|record| String::from_utf8(record.value).ok()).ok_or_else(taken)?;
        return Ok(Registered { id, repeated: true });
    }
    let entropy = access.store().entropy();
    let id = entropy.id();
    if let Some(facility) = &cx.facility {
        patient.set("managingOrganization", json!({ "reference": format!("Organization/{}", facility.id) }));
        let number: String = form.file.chars().filter(|c| c.is_alphanumeric() || *c == '-').take(40).collect();
        if !number.is_empty() {
            let mut identifiers = patient.items("identifier").to_vec();
            let value = format!("{}/{number}", facility.id);
            identifiers.push(json!({ "system": system::FILE_NUMBER, "value": value }));
            patient.set("identifier", identifiers);
        }
    }
    let put =
        |key: Key, value: &Value| Change { key, expect: Expect::Absent, write: Write::Put(value.to_bytes().into()) };
    let mut changes = vec![put(Key::new("Patient", &id), &patient)];
    let day = today(cx.now);
    let others = sent.not_the_same.iter().filter(|other| fhir::is_id(other));
    let different = others.map(|other| beside("no-es-la-misma", &id, other, day));
    let doubted = holders.iter().map(|other| {
        let mut basic = beside("cui-en-duda", &id, other, day);
        let why = json!({ "url": system::EXT_DOUBT, "valueString": form.cui_doubt.trim() });
        let extensions = basic.items("extension").iter().cloned().chain([why]).collect::<Vec<_>>();
        basic.set("extension", extensions);
        basic
    });
    changes.extend(different.chain(doubted).map(|basic| put(Key::new("Basic", entropy.id()), &basic)));
    let private = vec![PrivateWrite {
        kind: ONCE,
        key: once.clone(),
        expect: PrivateExpect::Absent,
        value: Some(id.clone().into_bytes()),
        owner: None,
        expires: Some(cx.now.as_microsecond() + REMEMBERED),
    }];
    let act = Act { name: "register", changes, private, ..Act::default() };
    match access.commit(cx, act).await {
        Ok(_) => Ok(Registered { id, repeated: false }),
        Err(access::AccessError::Store(StoreError::PrivateConflict { .. })) => {
            let before = access.store().private(ONCE, &once).await?;
            let id = before.and_then(|record| String::from_utf8(record.value).ok());
            Ok(Registered { id: id.ok_or(StoreError::Busy)?, repeated: true })
        }
        Err(error) => Err(error.into()),
    }
}

/// Who else of the institution has the CUI of a form, surely or in doubt: ids. For the rule alone:
/// whoever asks learns that somebody has it, and that the index tells as well.
async fn holders(access: &Access, cx: &Cx, form: &Registration) -> Result<Vec<String>, IdentityError> {
    let Some(cui) = Cui::parse(&form.cui).ok().filter(|_| form.document == DocumentKind::Cui) else {
        return Ok(Vec::new());
    };
    let numbers = [system::CUI, system::DOUBTED_CUI].map(|system| format!("{system}|{}", cui.digits()));
    let ours = format!("{}|{}", system::CUSTODIAN, cx.institution);
    let asked = [("identifier".to_owned(), numbers.join(",")), ("_security".to_owned(), ours)];
    let found = access.store().search(&Query::parse(&["Patient"], &asked)?, &Visibility::All).await?.matches;
    let active = |one: &&Stored| one.value().get("active").and_then(Value::as_bool) != Some(false);
    Ok(found.iter().filter(active).map(|one| one.key.id.clone()).collect())
}

fn taken() -> IdentityError {
    IdentityError::Fields(vec![FieldError { field: "cui", key: "identidad-error-cui-de-otra" }])
}

/// What was judged of two registrations: that they are two people, or that their CUI is in doubt.
fn beside(kind: &str, id: &str, other: &str, day: Date) -> Value {
    json!({
        "resourceType": "Basic",
        "extension": [{
            "url": system::EXT_OTHER_PERSON, "valueReference": { "reference": format!("Patient/{other}") } }],
        "code": { "coding": [{ "system": system::KIND, "code": kind }] },
        "subject": { "reference": format!("Patient/{id}") },
        "created": day.to_string(),
    })
}

/// What comes with a correction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Correction<'a> {
    /// The version that was read.
    pub version: u64,
    /// Why, in the words of whoever corrects; empty where nobody asked.
    pub reason: &'a str,
}

/// Corrects the demographics of a person whose record is open to the caller; the version that was
/// read has to be the current one, history keeps both, and the Provenance says why. Nobody gets a
/// CUI that somebody else has; one in doubt that nobody else has any more is in doubt no longer.
///
/// # Errors
/// `Fields` for the form, `NotFound`, `Stale`, the gate's.
pub async fn correct(
    access: &Access,
    cx: &Cx,
    id: &str,
    correction: Correction<'_>,
    form: &Registration,
) -> Result<(), IdentityError> {
    let key = Key::new("Patient", id);
    let stored = access.read(cx, &key).await?;
    let (mut form, before) = (form.clone(), Registration::of(&stored.value()));
    let number = |one: &Registration| Cui::parse(&one.cui).ok();
    let new = (number(&form), &form.cui_doubt) != (number(&before), &before.cui_doubt);
    if new || !form.cui_doubt.is_empty() {
        let others = holders(access, cx, &form).await?.iter().any(|other| other != id);
        if others && new {
            return Err(taken());
        } else if !others {
            form.cui_doubt.clear();
        }
    }
    let patient = form.apply(&stored.value(), today(cx.now)).map_err(IdentityError::Fields)?.patient;
    let expect = Expect::Version(correction.version);
    let change = Change { key, expect, write: Write::Put(patient.to_bytes().into()) };
    let reason = correction.reason.trim().to_owned();
    access.commit(cx, Act { name: "correct", changes: vec![change], reason, ..Act::default() }).await?;
    Ok(())
}
