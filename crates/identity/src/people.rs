//! The matcher: a view over the log's Patients, kept in memory, that finds persons by number, by
//! date and by how their names sound.
//!
//! It only proposes ids: who may be seen is for [`access::Access::index_search`] to say, and every
//! answer passes it. A caller's proposals come from the caller's own institution alone, so what
//! another institution keeps changes nothing in them.

use std::collections::{BTreeMap, BTreeSet};

use access::system;
use fhir::Value;
use jiff::civil::Date;
use store::{Stored, View};

use crate::find::bare;
use crate::name::{fold, sound, words};
use crate::{Cui, Find, IgssNumber, Nit, PersonName, Registration, read_birth};

/// What the matcher knows of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) institution: String,
    words: Vec<String>,
    pub(crate) given: Vec<String>,
    pub(crate) surnames: Vec<String>,
    pub(crate) cui: Option<Cui>,
    pub(crate) birth: String,
    pub(crate) sex: String,
    pub(crate) municipality: String,
    /// Mother's CUI and birth order.
    pub(crate) newborn: Option<(String, String)>,
    /// Passport, foreign document, IGSS and NIT: system and bare number.
    pub(crate) numbers: Vec<(&'static str, String)>,
    /// Facility and bare number.
    pub(crate) files: Vec<String>,
    /// No longer in use.
    retired: bool,
}

/// The systems of other numbers.
const NUMBERS: [&str; 4] = [system::PASSPORT, system::FOREIGN_ID, system::IGSS_NUMBER, system::NIT];

impl Entry {
    pub(crate) fn of(patient: &Value) -> Self {
        let identifiers = |system: &'static str| {
            let ours = move |one: &&Value| one.text_at(&["system"]) == Some(system);
            patient.items("identifier").iter().filter(ours).filter_map(|one| one.text_at(&["value"]))
        };
        let security = patient.get("meta").map(|meta| meta.items("security")).unwrap_or_default().iter();
        let mut custodian = security.filter(|one| one.text_at(&["system"]) == Some(system::CUSTODIAN));
        let municipality =
            patient.items("extension").iter().find(|one| one.text_at(&["url"]) == Some(system::EXT_MUNICIPALITY));
        let split = |pair: &str| pair.split_once('/').map(|(a, b)| (a.to_owned(), b.to_owned()));
        Self {
            institution: custodian.next().and_then(|one| one.text_at(&["code"])).unwrap_or_default().to_owned(),
            cui: [system::CUI, system::DOUBTED_CUI]
                .into_iter()
                .find_map(|system| identifiers(system).find_map(|value| Cui::parse(value).ok())),
            birth: patient.text_at(&["birthDate"]).unwrap_or_default().to_owned(),
            sex: patient.text_at(&["gender"]).unwrap_or_default().to_owned(),
            municipality: municipality.and_then(|one| one.text_at(&["valueCode"])).unwrap_or_default().to_owned(),
            newborn: identifiers(system::NEWBORN).find_map(split),
            numbers: NUMBERS
                .into_iter()
                .flat_map(|system| identifiers(system).map(move |value| (system, bare(value))))
                .collect(),
            files: identifiers(system::FILE_NUMBER).filter_map(file).collect(),
            retired: patient.get("active").and_then(Value::as_bool) == Some(false),
            ..Self::named(&PersonName::of(patient).unwrap_or_default())
        }
    }

    /// What a form that is still being typed at a facility says.
    pub(crate) fn typed(form: &Registration, facility: Option<&str>, today: Date) -> Self {
        let newborn = Cui::parse(&form.mother_cui).ok();
        let passport = format!("{}{}", form.passport_country, form.passport_number);
        let igss = IgssNumber::parse(&form.igss_number).map(|igss| igss.as_str().to_owned());
        let nit = Nit::parse(&form.nit).map(|nit| nit.as_str().to_owned());
        let numbers = [Some(passport), Some(form.foreign_id.clone()), igss, nit];
        Self {
            cui: Cui::parse(&form.cui).ok(),
            birth: read_birth(&form.birth_date, today).ok().map(|date| date.to_string()).unwrap_or_default(),
            sex: form.sex.clone(),
            municipality: form.municipality.clone(),
            newborn: newborn.map(|cui| (cui.digits().to_owned(), form.birth_order.trim().to_owned())),
            numbers: (NUMBERS.into_iter().zip(numbers))
                .filter_map(|(system, number)| Some((system, bare(&number?))))
                .filter(|(_, number)| !number.is_empty())
                .collect(),
            files: facility.and_then(|facility| file(&format!("{facility}/{}", form.file))).into_iter().collect(),
            ..Self::named(&form.person_name())
        }
    }

    fn named(name: &PersonName) -> Self {
        let sounds = |text: &str| words(text).iter().map(|word| sound(word)).collect::<Vec<_>>();
        let mut surnames = sounds(&name.surname1);
        surnames.extend(sounds(&name.surname2));
        Self { words: words(&name.full()), given: sounds(&name.given.join(" ")), surnames, ..Self::default() }
    }

    fn keys(&self) -> BTreeSet<String> {
        let mut keys: BTreeSet<String> = self.words.iter().map(|word| format!("n{}", sound(word))).collect();
        keys.extend(self.cui.iter().map(|cui| format!("c{}", cui.digits())));
        keys.extend(self.files.iter().map(|file| format!("f{file}")));
        keys.extend(self.newborn.iter().map(|(mother, _)| format!("m{mother}")));
        for (system, number) in &self.numbers {
            keys.insert(format!("d{number}"));
            // A passport is asked for by its number as well, without the country before it.
            keys.extend(number.get(3..).filter(|_| *system == system::PASSPORT).map(|number| format!("d{number}")));
        }
        if !self.birth.is_empty() {
            keys.insert(format!("b{}", self.birth));
        }
        keys
    }
}

/// A file number as it is looked for: facility and bare number.
fn file(value: &str) -> Option<String> {
    let (facility, number) = value.split_once('/')?;
    let number = bare(number);
    (!number.is_empty()).then(|| format!("{}/{number}", fold(facility)))
}

/// The matcher.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    seq: u64,
    entries: BTreeMap<String, Entry>,
    /// Key and id: a name's sound, a CUI, a mother's, a birth date, a file or another number.
    keys: BTreeSet<(String, String)>,
}

impl View for People {
    fn seq(&self) -> u64 {
        self.seq
    }

    fn take(&mut self, stored: &Stored) {
        self.seq = stored.seq;
        if stored.key.resource_type == "Patient" {
            let patient = (!stored.deleted).then(|| stored.value());
            self.put(&stored.key.id, patient.as_ref());
        }
    }
}

impl People {
    /// Takes the newest version of a Patient (`None` = deleted).
    pub fn put(&mut self, id: &str, patient: Option<&Value>) {
        if let Some(old) = self.entries.remove(id) {
            for key in old.keys() {
                self.keys.remove(&(key, id.to_owned()));
            }
        }
        if let Some(patient) = patient {
            let entry = Entry::of(patient);
            self.keys.extend(entry.keys().into_iter().map(|key| (key, id.to_owned())));
            self.entries.insert(id.to_owned(), entry);
        }
    }

    /// How many persons it knows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it knows nobody.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The ids of those with a key that is (or begins with) this.
    fn with_key(&self, key: &str, begins: bool) -> BTreeSet<&str> {
        let fits = |found: &str| if begins { found.starts_with(key) } else { found == key };
        let from = (key.to_owned(), String::new());
        self.keys.range(from..).take_while(|(found, _)| fits(found)).map(|(_, id)| id.as_str()).collect()
    }

    /// Persons of an institution (empty: of all) that fit everything asked, best first.
    pub fn matching(&self, institution: &str, facility: Option<&str>, find: &Find, most: usize) -> Vec<String> {
        let mut sets = Vec::new();
        let any_of =
            |keys: &[String]| -> BTreeSet<&str> { keys.iter().flat_map(|key| self.with_key(key, false)).collect() };
        // The IGSS gives out the CUI as its number, other countries' numbers may look like one, and
        // a newborn is known by the mother's.
        sets.extend(find.cui.iter().map(|cui| any_of(&["c", "d", "m"].map(|kind| format!("{kind}{}", cui.digits())))));
        if !find.births.is_empty() {
            sets.push(any_of(&find.births.iter().map(|date| format!("b{date}")).collect::<Vec<_>>()));
        }
        if let Some(number) = &find.number {
            let at_home = file(&format!("{}/{number}", facility.unwrap_or_default()));
            let mut keys = vec![format!("d{}", bare(number))];
            keys.extend(at_home.map(|file| format!("f{file}")));
            sets.push(any_of(&keys));
        }
        sets.extend(find.words.iter().map(|word| self.with_key(&format!("n{}", sound(word)), true)));
        sets.sort_by_key(BTreeSet::len);
        let Some((first, others)) = sets.split_first() else { return Vec::new() };
        let fits = |id: &&&str| others.iter().all(|set| set.contains(**id));
        let ours =
            |id: &&str| self.entries.get(*id).filter(|one| institution.is_empty() || one.institution == institution);
        let mut found: Vec<(usize, &Vec<String>, &str)> = Vec::new();
        for id in first.iter().filter(fits) {
            if let Some(entry) = ours(id) {
                let exact = find.words.iter().filter(|word| entry.words.contains(word)).count();
                found.push((find.words.len() - exact, &entry.words, id));
            }
        }
        found.sort();
        found.into_iter().take(most).map(|(_, _, id)| id.to_owned()).collect()
    }

    /// Persons of an institution who share a number, a birth date or two names with somebody.
    pub(crate) fn near(&self, institution: &str, probe: &Entry) -> Vec<(&str, &Entry)> {
        let mut ids: BTreeSet<&str> = BTreeSet::new();
        for key in probe.keys().iter().filter(|key| !key.starts_with('n')) {
            ids.extend(self.with_key(key, false));
        }
        let of = |sounds: &[String]| -> BTreeSet<&str> {
            sounds.iter().flat_map(|sound| self.with_key(&format!("n{sound}"), false)).collect()
        };
        let (given, surnames) = (of(&probe.given), of(&probe.surnames));
        ids.extend(given.intersection(&surnames));
        let entry = |id| self.entries.get_key_value(id).map(|(id, entry)| (id.as_str(), entry));
        ids.into_iter()
            .filter_map(entry)
            .filter(|(_, one)| !one.retired && (institution.is_empty() || one.institution == institution))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use fhir::json;

    use super::*;

    fn patient(name: &str, surnames: &str, birth: &str, institution: &str) -> Value {
        json!({
            "resourceType": "Patient",
            "meta": { "security": [{ "system": system::CUSTODIAN, "code": institution }] },
            "name": [{ "given": name.split(' ').collect::<Vec<_>>(), "family": surnames }],
            "birthDate": birth,
        })
    }

    fn people() -> People {
        let mut people = People::default();
        people.put("rosa", Some(&patient("Rosa Ixmucané", "Caal Choc", "1968-03-02", "MSPAS")));
        people.put("vasquez", Some(&patient("María", "Vásquez K'oy", "1990-01-01", "MSPAS")));
        people.put("igss", Some(&patient("Rosa", "Caal", "1968-03-02", "IGSS")));
        people
    }

    fn find(text: &str) -> Vec<String> {
        people().matching("MSPAS", None, &Find::parse(text), 20)
    }

    #[test]
    fn names_are_found_in_any_order_accent_and_spelling() {
        for text in [
            "rosa caal",
            "CHOC rosa",
            "ixmucane",
            "Kaal Roza",
            "ixm",
            "02/03/1968",
            "rosa 02/03/1968",
            "2/3/68",
            "2 de marzo de 1968",
        ] {
            assert_eq!(find(text), ["rosa"], "{text}");
        }
        assert_eq!(find("basques koy"), ["vasquez"]);
        assert!(find("rosa vasquez").is_empty() && find("rosa 03/02/1968").is_empty() && find("").is_empty());
    }

    #[test]
    fn every_number_finds_its_person_however_it_is_written() {
        let mut people = people();
        let mut wilmer = patient("Wilmer", "Paz", "1990-05-05", "MSPAS");
        let one = |system: &str, value: &str| json!({ "system": system, "value": value });
        wilmer.set(
            "identifier",
            json!([
                one(system::PASSPORT, "HND:E123456"),
                one(system::FOREIGN_ID, "0801-1990-12345"),
                one(system::IGSS_NUMBER, "176-123456"),
                one(system::NIT, "1000002-K"),
                one(system::NEWBORN, "9000000741601/1"),
                one(system::FILE_NUMBER, "post/77-2026"),
            ]),
        );
        people.put("wilmer", Some(&wilmer));
        let numbers =
            ["e 123456", "HND:E123456", "0801-1990-12345", "080119901 2345", "176123456", "1000002k", "77 2026"];
        for text in numbers.into_iter().chain(["9000 00074 1601", "wilmer E123456"]) {
            let text = text.replace("e 1", "e1");
            assert_eq!(people.matching("MSPAS", Some("post"), &Find::parse(&text), 20), ["wilmer"], "{text}");
        }
        assert!(people.matching("MSPAS", Some("elsewhere"), &Find::parse("77-2026"), 20).is_empty());
        assert!(people.matching("MSPAS", Some("post"), &Find::parse("E12345"), 20).is_empty(), "whole numbers only");
    }

    #[test]
    fn another_institution_s_persons_are_not_proposed() {
        assert_eq!(people().matching("IGSS", None, &Find::parse("rosa"), 20), ["igss"]);
    }

    #[test]
    fn a_corrected_name_is_no_longer_found_by_the_old_one() {
        let mut people = people();
        people.put("rosa", Some(&patient("Elena", "Caal Choc", "1968-03-02", "MSPAS")));
        assert!(people.matching("MSPAS", None, &Find::parse("ixmucane"), 20).is_empty());
        people.put("rosa", None);
        people.put("vasquez", None);
        people.put("igss", None);
        assert_eq!(people, People::default());
    }
}
