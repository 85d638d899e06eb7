//! Agreements between institutions, as data: a Consent without a patient by which one institution
//! gives another access to what live referrals need. An agreement is in force when **both** have
//! given theirs, so either side suspends it by setting its own Consent to `inactive`.

use std::collections::BTreeMap;

use fhir::Value;
use jiff::Timestamp;

use super::bits::class;
use super::project::{custodian, instant};
use super::sensitive::POLICY;
use crate::system;

/// What one institution gives another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What is shown of a referral: codes of [`Terms::CLASSES`].
    pub classes: Vec<String>,
    /// From this day on (FHIR date).
    pub since: String,
    /// Until the end of this day (FHIR date); `None` = until suspended.
    pub until: Option<String>,
    /// How long after its closure a referral is still shown, days: at most
    /// [`super::shared_days_after_closure`].
    pub days: i64,
}

impl Terms {
    /// What an agreement may share; without `referencia` it shares nothing.
    pub const CLASSES: [&'static str; 5] = ["referencia", "indice", "resultado", "resumen", "contrarreferencia"];

    /// Everything that a live referral needs, from that day on.
    pub fn since(day: &str) -> Self {
        Self {
            classes: Self::CLASSES.map(str::to_owned).into(),
            since: day.to_owned(),
            until: None,
            days: POLICY.shared_days,
        }
    }
}

/// One side's consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Id of the Consent.
    pub id: String,
    /// Whether it stands; a side that is not active was suspended (or never begun) by who gives it.
    pub active: bool,
    /// Why it was suspended or resumed, in the words of who did it.
    pub reason: String,
    /// What it gives.
    pub terms: Terms,
    from: String,
    to: String,
    classes: u32,
    /// Microseconds, half open.
    period: (i64, i64),
}

/// Whether an agreement shares anything now, and if not, on whom it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Both sides have given theirs, and it shares.
    InForce,
    /// One side, or both, has suspended it.
    Suspended {
        /// Whether the institution asked has.
        by_us: bool,
        /// Whether the other has.
        by_them: bool,
    },
    /// The institution asked has not given its side.
    WaitsForUs,
    /// The other has not given its side.
    WaitsForThem,
    /// Its dates do not cover today, or nothing is shared by both.
    OutOfTerm,
}

/// An agreement of an institution with another, as one of them sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The other institution.
    pub with: String,
    /// What the institution asked gives.
    pub ours: Option<Side>,
    /// What the other gives.
    pub theirs: Option<Side>,
    /// Whether it shares.
    pub standing: Standing,
}

/// What two institutions share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Bits of [`class`].
    pub(crate) classes: u32,
    /// For how many days after the closure.
    pub(crate) days: i64,
}

/// All agreements known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sharing {
    /// By Consent id.
    sides: BTreeMap<String, Side>,
}

impl Sharing {
    /// Takes one Consent in its newest version (`None` = deleted); anything that is no agreement
    /// takes its id out.
    pub fn take(&mut self, id: &str, consent: Option<&Value>) {
        match consent.and_then(|consent| side(id, consent)) {
            Some(side) => self.sides.insert(id.to_owned(), side),
            None => self.sides.remove(id),
        };
    }

    /// The other institutions whose shared resources `institution` may see at that time
    /// (microseconds), with what both share.
    pub(crate) fn with(&self, institution: &str, at: i64) -> BTreeMap<String, Agreed> {
        let mut found = BTreeMap::new();
        for given in self.sides.values().filter(|side| side.to == institution) {
            let sides = [(given.from.as_str(), institution), (institution, given.from.as_str())];
            let classes = sides.iter().fold(u32::MAX, |both, (from, to)| both & self.classes(from, to, at));
            if classes != 0 {
                let live = sides.iter().flat_map(|(from, to)| self.live(from, to, at));
                let days = live.map(|side| side.terms.days).min().unwrap_or_default();
                found.insert(given.from.clone(), Agreed { classes, days });
            }
        }
        found
    }

    /// Whether what one of two institutions refers is seen by the other: the same one, or an
    /// agreement of both is in force that covers referrals. Where an institution is not on record
    /// (empty) there is nobody to agree with, and none is asked.
    pub fn reaches(&self, from: &str, to: &str, at: Timestamp) -> bool {
        let at = at.as_microsecond();
        let unknown = from.is_empty() || to.is_empty();
        unknown || from == to || self.classes(from, to, at) & self.classes(to, from, at) & class::REFERRAL != 0
    }

    /// The agreements of an institution, by the other's code.
    pub fn of(&self, institution: &str, at: Timestamp) -> Vec<Agreement> {
        let others = self.sides.values().filter_map(|side| match (side.from.as_str(), side.to.as_str()) {
            (from, to) if from == institution => Some(to),
            (from, to) if to == institution => Some(from),
            _ => None,
        });
        let others: std::collections::BTreeSet<&str> = others.collect();
        others.into_iter().map(|other| self.between(institution, other, at)).collect()
    }

    fn between(&self, institution: &str, other: &str, at: Timestamp) -> Agreement {
        let (ours, theirs) = (self.given(institution, other), self.given(other, institution));
        let suspended = |side: Option<&Side>| side.is_some_and(|side| !side.active);
        let standing = match (ours, theirs) {
            _ if self.reaches(institution, other, at) => Standing::InForce,
            _ if suspended(ours) || suspended(theirs) => {
                Standing::Suspended { by_us: suspended(ours), by_them: suspended(theirs) }
            }
            (None, _) => Standing::WaitsForUs,
            (_, None) => Standing::WaitsForThem,
            _ => Standing::OutOfTerm,
        };
        Agreement { with: other.to_owned(), ours: ours.cloned(), theirs: theirs.cloned(), standing }
    }

    /// The side that an institution gives another: one that stands before one that does not.
    pub(crate) fn given(&self, from: &str, to: &str) -> Option<&Side> {
        let mine = self.sides.values().filter(|side| side.from == from && side.to == to);
        mine.max_by_key(|side| (side.active, side.period.1, &side.id))
    }

    /// All sides that an institution gives another.
    pub(crate) fn all_given<'a>(&'a self, from: &'a str, to: &'a str) -> impl Iterator<Item = &'a Side> {
        self.sides.values().filter(move |side| side.from == from && side.to == to)
    }

    fn live<'a>(&'a self, from: &'a str, to: &'a str, at: i64) -> impl Iterator<Item = &'a Side> {
        self.all_given(from, to).filter(move |side| side.active && side.period.0 <= at && at < side.period.1)
    }

    fn classes(&self, from: &str, to: &str, at: i64) -> u32 {
        self.live(from, to, at).fold(0, |classes, side| classes | side.classes)
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

    /// The Consent by which `from` shares all classes with `to`, from that day on.
    pub fn consent(from: &str, to: &str, since: &str) -> Value {
        consent(from, to, &Terms::since(since))
    }
}

/// The Consent by which `from` gives `to` what the terms say.
pub(crate) fn consent(from: &str, to: &str, terms: &Terms) -> Value {
    let class = |code: &String| fhir::json!({ "system": system::SHARED_CLASS, "code": code.as_str() });
    let classes: Vec<Value> = terms.classes.iter().map(class).collect();
    fhir::json!({
        "resourceType": "Consent",
        "meta": { "security": [{ "system": system::CUSTODIAN, "code": from }] },
        "extension": [{ "url": system::EXT_SHARED_DAYS, "valueInteger": terms.days }],
        "status": "active",
        "scope": { "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy" }] },
        "category": [{ "coding": [{ "system": system::AGREEMENT, "code": "compartir-referencia" }] }],
        "organization": [{ "identifier": { "system": system::CUSTODIAN, "value": from } }],
        "policy": [{ "uri": "urn:tejido:politica:compartir-referencia" }],
        "provision": {
            "type": "permit",
            "period": { "start": terms.since.as_str(), "end": terms.until.as_deref() },
            "actor": [{
                "role": { "coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP" }] },
                "reference": { "identifier": { "system": system::CUSTODIAN, "value": to } } }],
            "purpose": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT" }],
            "class": classes,
        },
    })
}

/// The side that a Consent gives.
fn side(id: &str, consent: &Value) -> Option<Side> {
    if !Sharing::is_agreement(consent) || consent.text_at(&["status"]) == Some("entered-in-error") {
        return None;
    }
    let provision = consent.get("provision")?;
    let codes =
        provision.items("class").iter().filter(|class| class.text_at(&["system"]) == Some(system::SHARED_CLASS));
    let classes: Vec<String> = codes.filter_map(|class| Some(class.text_at(&["code"])?.to_owned())).collect();
    let date = |edge: &str| provision.text_at(&["period", edge]).map(str::to_owned);
    let (since, until) = (date("start").unwrap_or_default(), date("end"));
    let extension = |url: &str| consent.items("extension").iter().find(|one| one.text_at(&["url"]) == Some(url));
    let days = extension(system::EXT_SHARED_DAYS).and_then(|one| one.get("valueInteger")?.as_number()?.as_i64());
    let reason = extension(system::EXT_REASON).and_then(|one| one.text_at(&["valueString"]));
    Some(Side {
        id: id.to_owned(),
        active: consent.text_at(&["status"]) == Some("active"),
        reason: reason.unwrap_or_default().to_owned(),
        from: custodian(consent)?.to_owned(),
        to: provision.text_at(&["actor", "reference", "identifier", "value"])?.to_owned(),
        classes: classes.iter().fold(0, |bits, code| bits | class::of_code(code)),
        period: (
            instant(&since).map_or(i64::MIN, |range| range.0),
            until.as_deref().and_then(instant).map_or(i64::MAX, |range| range.1),
        ),
        terms: Terms { classes, since, until, days: days.unwrap_or(POLICY.shared_days).clamp(0, POLICY.shared_days) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agreement_needs_both_and_either_suspends_it() {
        let at: Timestamp = "2026-11-24T14:00:00Z".parse().unwrap();
        let now = at.as_microsecond();
        let mut sharing = Sharing::default();
        let ours = Sharing::consent("MSPAS", "IGSS", "2026-01-01");
        sharing.take("a", Some(&ours));
        assert!(sharing.with("IGSS", now).is_empty(), "one side alone shares nothing");
        let standing = |sharing: &Sharing, of: &str| sharing.of(of, at)[0].standing;
        assert_eq!(standing(&sharing, "MSPAS"), Standing::WaitsForThem);
        assert_eq!(standing(&sharing, "IGSS"), Standing::WaitsForUs);
        sharing.take("b", Some(&Sharing::consent("IGSS", "MSPAS", "2026-01-01")));
        assert_eq!(sharing.with("IGSS", now)["MSPAS"].days, 90);
        assert_eq!(sharing.with("IGSS", now).keys().collect::<Vec<_>>(), ["MSPAS"]);
        assert_eq!(sharing.with("MSPAS", now).keys().collect::<Vec<_>>(), ["IGSS"]);
        assert_eq!(standing(&sharing, "IGSS"), Standing::InForce);
        assert!(sharing.with("IGSS", instant("2025-12-31").unwrap().0).is_empty(), "not yet in force");
        assert_eq!(sharing.of("IGSS", "2025-12-31T12:00:00Z".parse().unwrap())[0].standing, Standing::OutOfTerm);
        let mut suspended = ours.clone();
        suspended.set("status", "inactive");
        sharing.take("a", Some(&suspended));
        assert!(sharing.with("IGSS", now).is_empty() && sharing.with("MSPAS", now).is_empty());
        assert_eq!(standing(&sharing, "MSPAS"), Standing::Suspended { by_us: true, by_them: false });
        assert_eq!(standing(&sharing, "IGSS"), Standing::Suspended { by_us: false, by_them: true });
    }

    #[test]
    fn terms_come_back_from_their_consent() {
        let terms = Terms { until: Some("2027-12-31".into()), days: 30, ..Terms::since("2026-01-01") };
        let read = side("a", &consent("MSPAS", "IGSS", &terms)).unwrap();
        assert_eq!((read.terms, read.active), (terms, true));
        assert_eq!(fhir::validate(&Sharing::consent("MSPAS", "IGSS", "2026-01-01")), []);
    }
}
