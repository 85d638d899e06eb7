//! The network's office: a facility and its services are written one at a time, held to what the
//! page showed.

use access::{Access, Act, Cx, system};
use fhir::{Value, json};
use store::{Change, Expect, Key, Kind, Write};

use crate::facility::is_phone;
use crate::{Facility, NetworkError, Service};

/// Versions of what a page shows, for [`save_facility`] and [`save_service`]: `3.1`; 0 = not there.
///
/// # Errors
/// The gate's.
pub async fn stamp(access: &Access, cx: &Cx, resources: &[Value]) -> Result<String, NetworkError> {
    Ok(next_versions(access, cx, resources).await?.0)
}

/// Writes a facility: its Organization and its Location together.
///
/// # Errors
/// `Stale` when it is not what the page showed; the gate's.
pub async fn save_facility(access: &Access, cx: &Cx, facility: &Facility, seen: &str) -> Result<(), NetworkError> {
    save(access, cx, "edit-facility", (&facility.resources(), seen)).await
}

/// Writes a service and, where it has one, its agenda.
///
/// # Errors
/// As for [`save_facility`].
pub async fn save_service(access: &Access, cx: &Cx, service: &Service, seen: &str) -> Result<(), NetworkError> {
    let resources: Vec<Value> = std::iter::once(service.resource()).chain(service.schedule()).collect();
    save(access, cx, "edit-service", (&resources, seen)).await
}

async fn save(
    access: &Access,
    cx: &Cx,
    name: &'static str,
    (resources, seen): (&[Value], &str),
) -> Result<(), NetworkError> {
    let (stamp, changes) = next_versions(access, cx, resources).await?;
    if stamp != seen {
        return Err(NetworkError::Stale);
    }
    match access.commit(cx, Act { name, changes, ..Act::default() }).await {
        Err(error) if matches!(error.kind(), Kind::Stale | Kind::Conflict) => Err(NetworkError::Stale),
        done => Ok(done.map(|_| ())?),
    }
}

/// The next versions of these resources over what stands, and the versions that stand.
pub(crate) async fn next_versions(
    access: &Access,
    cx: &Cx,
    resources: &[Value],
) -> Result<(String, Vec<Change>), NetworkError> {
    let (mut versions, mut changes) = (Vec::new(), Vec::new());
    for resource in resources {
        let key = Key::new(resource.resource_type().unwrap_or_default(), resource.id().unwrap_or_default());
        let known = match access.read(cx, &key).await {
            Ok(stored) => Some(stored),
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Gone) => None,
            Err(error) => return Err(error.into()),
        };
        let expect = known.as_ref().map_or(Expect::Absent, |stored| Expect::Version(stored.version));
        versions.push(known.as_ref().map_or(0, |stored| stored.version).to_string());
        let next = known.map_or_else(|| resource.clone(), |stored| onto(stored.value(), resource));
        changes.push(Change { key, expect, write: Write::Put(next.to_bytes().into()) });
    }
    Ok((versions.join("."), changes))
}

/// What ours says, over what stands; what ours does not know of (aliases, contacts, other
/// extensions, a second telephone) stays.
fn onto(mut next: Value, ours: &Value) -> Value {
    let told: &[&str] = match ours.resource_type() {
        Some("Organization") => &["partOf"],
        Some("Location") => &["position", "partOf"],
        Some("HealthcareService") => &["location", "coverageArea", "characteristic", "availableTime"],
        _ => &[],
    };
    for name in told.iter().filter(|name| ours.get(name).is_none()) {
        if let Some(object) = next.as_object_mut() {
            object.remove(name);
        }
    }
    if ours.resource_type() == Some("Organization") {
        swap_first(&mut next, ours, "telecom");
        swap_first(&mut next, ours, "address");
    }
    for (name, value) in ours.as_object().into_iter().flat_map(fhir::json::Object::iter) {
        match name {
            "meta" | "telecom" | "address" => {}
            "identifier" => join(&mut next, ours, name, "system"),
            "actor" => join(&mut next, ours, name, "reference"),
            "extension" => {
                let kept = next.items("extension").iter().filter(|one| !is_ours(one));
                let all: Vec<Value> = kept.cloned().chain(ours.items("extension").iter().cloned()).collect();
                next.set("extension", all);
            }
            name => next.set(name, value),
        }
    }
    next
}

/// Ours in the place of the first, which is what the page showed; the others stay, and a first that
/// it could not show (an address without text). Of the ways to reach it, the first telephone.
fn swap_first(next: &mut Value, ours: &Value, name: &str) {
    let place = match name {
        "telecom" => next.items(name).iter().position(is_phone),
        _ => Some(0),
    };
    let shown = |value: &Value, place: usize| {
        let one = value.items(name).get(place)?;
        Some(one.text_at(&["value"]).or_else(|| one.text_at(&["text"]))?.to_owned())
    };
    let (was, now) = (place.and_then(|place| shown(next, place)), shown(ours, 0));
    if was == now {
        return;
    }
    let mut all = next.items(name).to_vec();
    let place = place.filter(|_| was.is_some());
    let first = place.map(|place| all.remove(place));
    if let Some(told) = ours.items(name).first() {
        let mut first = first.unwrap_or_else(|| json!({}));
        for (member, value) in told.as_object().into_iter().flat_map(fhir::json::Object::iter) {
            first.set(member, value);
        }
        all.insert(place.unwrap_or(0), first);
    }
    match next.as_object_mut() {
        Some(object) if all.is_empty() => {
            object.remove(name);
        }
        _ => next.set(name, all),
    }
}

/// Ours, and theirs that another `by` tells apart.
fn join(next: &mut Value, ours: &Value, name: &str, by: &str) {
    let known = |item: &&Value| ours.items(name).iter().any(|own| own.text_at(&[by]) == item.text_at(&[by]));
    let theirs = next.items(name).iter().filter(|item| !known(item));
    let all: Vec<Value> = ours.items(name).iter().chain(theirs).cloned().collect();
    next.set(name, all);
}

fn is_ours(extension: &Value) -> bool {
    let own = [system::EXT_INSTITUTION, system::EXT_VERIFICATION, system::EXT_SLOT_MINUTES];
    extension.text_at(&["url"]).is_some_and(|url| own.contains(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_does_not_know_of_stays_and_what_it_empties_goes() {
        let known = json!({
            "resourceType": "Organization", "id": "x", "name": "Puesto",
            "alias": ["El puesto"], "contact": [{ "name": { "text": "Rosa" } }],
            "extension": [{ "url": "urn:otro", "valueCode": "a" },
                { "url": system::EXT_VERIFICATION, "valueCode": "unverified" }],
            "telecom": [{ "system": "phone", "value": "1" }, { "system": "email", "value": "a@b" }],
            "address": [{ "text": "Aldea" }],
        });
        let post = Facility {
            code: "x".into(),
            name: "Nuevo".into(),
            phone: "1".into(),
            verified: true,
            ..Facility::default()
        };
        let next = onto(known, &post.resources()[0]);
        assert_eq!(next.text_at(&["name"]), Some("Nuevo"));
        assert_eq!((next.items("telecom").len(), next.get("address").is_none()), (2, true));
        assert!(next.get("alias").is_some() && next.get("contact").is_some());
        let urls: Vec<_> = next.items("extension").iter().filter_map(|one| one.text_at(&["url"])).collect();
        assert_eq!(urls, ["urn:otro", system::EXT_INSTITUTION]);
    }

    #[test]
    fn a_corrected_telephone_takes_the_place_of_the_old_one_alone() {
        let known = json!({
            "resourceType": "Organization", "id": "x", "name": "Puesto",
            "identifier": [{ "system": system::FACILITY_ID, "value": "x" }, { "system": "urn:otro", "value": "77" }],
            "telecom": [{ "system": "phone", "use": "work", "value": "1" }, { "system": "email", "value": "a@b" }],
            "address": [{ "line": ["Aldea"], "city": "Cobán" }],
        });
        let post = |phone: &str, address: &str| Facility {
            code: "x".into(),
            name: "Puesto".into(),
            phone: phone.into(),
            address: address.into(),
            ..Facility::default()
        };
        let next = onto(known.clone(), &post("2", "").resources()[0]);
        let all = |of: &Value| -> Vec<String> {
            of.items("telecom").iter().filter_map(|one| one.text_at(&["value"]).map(str::to_owned)).collect()
        };
        assert_eq!((all(&next), next.text_at(&["telecom", "use"])), (vec!["2".into(), "a@b".into()], Some("work")));
        assert_eq!(next.text_at(&["address", "city"]), Some("Cobán"), "the page has no such address to empty");
        assert_eq!(next.items("identifier").len(), 2);
        let emptied = onto(next, &post("", "Frente a la escuela").resources()[0]);
        assert_eq!(all(&emptied), ["a@b"]);
        assert_eq!(Facility::of(&emptied, None).unwrap().phone, "", "an e-mail is no telephone");
        let again = onto(emptied.clone(), &post("3", "").resources()[0]);
        assert_eq!(all(&again), ["3", "a@b"], "and does not become one");
        let mut behind = known.clone();
        behind.set("telecom", json!([{ "system": "email", "value": "a@b" }, { "system": "phone", "value": "1" }]));
        assert_eq!(Facility::of(&behind, None).unwrap().phone, "1");
        assert_eq!(all(&onto(behind, &post("2", "").resources()[0])), ["a@b", "2"]);
        let places: Vec<_> = emptied.items("address").iter().map(|one| one.text_at(&["text"])).collect();
        assert_eq!(places, [Some("Frente a la escuela"), None]);
    }

    #[test]
    fn an_agenda_keeps_who_else_attends_in_it() {
        let known = json!({ "resourceType": "Schedule", "id": "ag-x", "actor": [
            { "reference": "HealthcareService/x" }, { "reference": "Practitioner/rojas" }] });
        let ours = json!({ "resourceType": "Schedule", "id": "ag-x", "actor": [
            { "reference": "HealthcareService/x", "display": "Ojos" }, { "reference": "Location/h" }] });
        let next = onto(known, &ours);
        let actors: Vec<_> = next.items("actor").iter().filter_map(|one| one.text_at(&["reference"])).collect();
        assert_eq!(actors, ["HealthcareService/x", "Location/h", "Practitioner/rojas"]);
    }
}
