//! Agreements between institutions, as data: a Consent without a patient by which one institution
//! gives another access to what live referrals need. An agreement is in force when **both** have
//! given theirs, so either side suspends it by setting its own Consent to `inactive`.

use std::collections::BTreeMap;

use fhir::Value;

use super::bits::class;
use super::project::{custodian, instant};
use crate::system;

/// One side's consent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Side {
    from: String,
    to: String,
    classes: u32,
    /// Microseconds, half open.
    period: (i64, i64),
}

/// All agreements known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sharing {
    /// By Consent id.
    sides: BTreeMap<String, Side>,
}

impl Sharing {
    /// Takes one Consent in its newest version (`None` = deleted); anything that is not an active
    /// agreement takes its id out.
    pub fn take(&mut self, id: &str, consent: Option<&Value>) {
        match consent.and_then(side) {
            Some(side) => self.sides.insert(id.to_owned(), side),
            None => self.sides.remove(id),
        };
    }

    /// The other institutions whose shared resources `institution` may see at that time
    /// (microseconds), with the classes.
    pub fn with(&self, institution: &str, at: i64) -> BTreeMap<String, u32> {
        let mut found = BTreeMap::new();
        for given in self.sides.values().filter(|side| side.to == institution) {
            let back = self.classes(institution, &given.from, at);
            let both = self.classes(&given.from, institution, at) & back;
            if both != 0 {
                found.insert(given.from.clone(), both);
            }
        }
        found
    }

    fn classes(&self, from: &str, to: &str, at: i64) -> u32 {
        let live = |side: &&Side| side.from == from && side.to == to && side.period.0 <= at && at < side.period.1;
        self.sides.values().filter(live).fold(0, |classes, side| classes | side.classes)
    }

    /// Whether a resource is an agreement, in force or not.
    pub(crate) fn is_agreement(consent: &Value) -> bool {
        consent.resource_type() == Some("Consent")
            && consent.get("patient").is_none()
            && consent
                .items("category")
                .iter()
                .flat_map(|concept| concept.items("coding"))
                .any(|coding| coding.text_at(&["system"]) == Some(system::AGREEMENT))
    }

    /// The Consent by which `from` shares all classes with `to`, from that instant on.
    pub fn consent(from: &str, to: &str, since: &str) -> Value {
        let classes: Vec<Value> = ["referencia", "resultado", "resumen", "contrarreferencia", "indice"]
            .map(|code| fhir::json!({ "system": system::SHARED_CLASS, "code": code }))
            .into();
        fhir::json!({
            "resourceType": "Consent",
            "meta": { "security": [{ "system": system::CUSTODIAN, "code": from }] },
            "status": "active",
            "scope": { "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy" }] },
            "category": [{ "coding": [{ "system": system::AGREEMENT, "code": "compartir-referencia" }] }],
            "organization": [{ "identifier": { "system": system::CUSTODIAN, "value": from } }],
            "policy": [{ "uri": "urn:tejido:politica:compartir-referencia" }],
            "provision": {
                "type": "permit",
                "period": { "start": since },
                "actor": [{
                    "role": { "coding": [{
                        "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP" }] },
                    "reference": { "identifier": { "system": system::CUSTODIAN, "value": to } } }],
                "purpose": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT" }],
                "class": classes,
            },
        })
    }
}

/// The side that an active Consent gives.
fn side(consent: &Value) -> Option<Side> {
    if !Sharing::is_agreement(consent) || consent.text_at(&["status"]) != Some("active") {
        return None;
    }
    let provision = consent.get("provision")?;
    let codes =
        provision.items("class").iter().filter(|class| class.text_at(&["system"]) == Some(system::SHARED_CLASS));
    Some(Side {
        from: custodian(consent)?.to_owned(),
        to: provision.text_at(&["actor", "reference", "identifier", "value"])?.to_owned(),
        classes: codes.filter_map(|class| class.text_at(&["code"])).fold(0, |bits, code| bits | class::of_code(code)),
        period: (
            provision.text_at(&["period", "start"]).and_then(instant).map_or(i64::MIN, |range| range.0),
            provision.text_at(&["period", "end"]).and_then(instant).map_or(i64::MAX, |range| range.1),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agreement_needs_both_and_either_suspends_it() {
        let now = instant("2026-11-24T14:00:00Z").unwrap().0;
        let mut sharing = Sharing::default();
        let ours = Sharing::consent("MSPAS", "IGSS", "2026-01-01");
        sharing.take("a", Some(&ours));
        assert!(sharing.with("IGSS", now).is_empty(), "one side alone shares nothing");
        sharing.take("b", Some(&Sharing::consent("IGSS", "MSPAS", "2026-01-01")));
        assert_eq!(sharing.with("IGSS", now).keys().collect::<Vec<_>>(), ["MSPAS"]);
        assert_eq!(sharing.with("MSPAS", now).keys().collect::<Vec<_>>(), ["IGSS"]);
        assert!(sharing.with("IGSS", instant("2025-12-31").unwrap().0).is_empty(), "not yet in force");
        let mut suspended = ours.clone();
        suspended.set("status", "inactive");
        sharing.take("a", Some(&suspended));
        assert!(sharing.with("IGSS", now).is_empty() && sharing.with("MSPAS", now).is_empty());
    }
}
