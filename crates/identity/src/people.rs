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

use crate::name::{fold, sound, words};
use crate::{Cui, PersonName, Registration, parse_date};

/// Who is looked for, read from one line of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Find {
    /// A CUI, whole.
    pub cui: Option<Cui>,
    /// Birth date.
    pub birth: Option<Date>,
    /// Clinical file number at the caller's facility.
    pub file: Option<String>,
    /// Words of the name, folded.
    pub words: Vec<String>,
}

impl Find {
    /// Reads what was typed: names in any order, `dd/mm/aaaa`, a CUI with or without spaces, a
    /// file number, together or alone.
    pub fn parse(text: &str) -> Self {
        let mut find = Self::default();
        let (mut numbers, mut names) = (Vec::new(), Vec::new());
        for token in text.split_whitespace() {
            match parse_date(token) {
                Some(date) => find.birth = Some(date),
                None if token.chars().any(|c| c.is_ascii_digit()) => numbers.push(token),
                None => names.push(token),
            }
        }
        find.cui = Cui::parse(&numbers.concat()).ok();
        if find.cui.is_none() {
            find.file = numbers.first().map(|number| (*number).to_owned());
        }
        find.words = words(&names.join(" "));
        find
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

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
    files: Vec<String>,
}

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
            cui: identifiers(system::CUI).find_map(|value| Cui::parse(value).ok()),
            birth: patient.text_at(&["birthDate"]).unwrap_or_default().to_owned(),
            sex: patient.text_at(&["gender"]).unwrap_or_default().to_owned(),
            municipality: municipality.and_then(|one| one.text_at(&["valueCode"])).unwrap_or_default().to_owned(),
            newborn: identifiers(system::NEWBORN).find_map(split),
            files: identifiers(system::FILE_NUMBER).map(str::to_owned).collect(),
            ..Self::named(&PersonName::of(patient).unwrap_or_default())
        }
    }

    /// What a form that is still being typed says.
    pub(crate) fn typed(form: &Registration) -> Self {
        let newborn = Cui::parse(&form.mother_cui).ok();
        Self {
            cui: Cui::parse(&form.cui).ok(),
            birth: parse_date(&form.birth_date).map(|date| date.to_string()).unwrap_or_default(),
            sex: form.sex.clone(),
            municipality: form.municipality.clone(),
            newborn: newborn.map(|cui| (cui.digits().to_owned(), form.birth_order.trim().to_owned())),
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
        keys.extend(self.files.iter().map(|file| format!("f{}", fold(file))));
        if !self.birth.is_empty() {
            keys.insert(format!("b{}", self.birth));
        }
        keys
    }
}

/// The matcher.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    seq: u64,
    entries: BTreeMap<String, Entry>,
    /// Key and id: a name's sound, a CUI, a birth date, a file number.
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
        sets.extend(find.cui.iter().map(|cui| self.with_key(&format!("c{}", cui.digits()), false)));
        sets.extend(find.birth.iter().map(|date| self.with_key(&format!("b{date}"), false)));
        if let Some(file) = &find.file {
            let key = format!("f{}", fold(&format!("{}/{file}", facility.unwrap_or_default())));
            sets.push(self.with_key(&key, false));
        }
        sets.extend(find.words.iter().map(|word| self.with_key(&format!("n{}", sound(word)), word.len() > 1)));
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
            .filter(|(_, one)| institution.is_empty() || one.institution == institution)
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
    fn one_line_is_read_in_its_parts() {
        let find = Find::parse("Caal 9000 00074 1601 02/03/1968 Rosa");
        assert_eq!(find.cui.map(|cui| cui.digits().to_owned()).as_deref(), Some("9000000741601"));
        assert_eq!(
            (find.birth, find.words),
            (Some(Date::constant(1968, 3, 2)), vec!["caal".to_owned(), "rosa".to_owned()])
        );
        assert_eq!(Find::parse("77-2026").file.as_deref(), Some("77-2026"));
        assert!(Find::parse(" % ' -- ").is_empty());
    }

    #[test]
    fn names_are_found_in_any_order_accent_and_spelling() {
        for text in ["rosa caal", "CHOC rosa", "ixmucane", "Kaal Roza", "ixm", "02/03/1968", "rosa 02/03/1968"] {
            assert_eq!(find(text), ["rosa"], "{text}");
        }
        assert_eq!(find("basques koy"), ["vasquez"]);
        assert!(find("rosa vasquez").is_empty() && find("rosa 03/02/1968").is_empty() && find("").is_empty());
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
