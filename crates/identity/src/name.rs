//! Names as people carry them: two given names, two surnames, a married name; Spanish and Mayan
//! spellings.
//!
//! What is stored is what was said; folding and sound are only for finding. `K'iche'` in any
//! apostrophe is printed with ’ (U+2019).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use fhir::{Value, json};

/// Words that belong to the surname after them.
const PARTICLES: [&str; 8] = ["de", "del", "la", "las", "los", "y", "san", "santa"];

/// R4's extension for the name a person was born with.
pub const EXT_OWN_NAME: &str = "http://hl7.org/fhir/StructureDefinition/humanname-own-name";
/// R4's extension for the name taken from the spouse, without "de".
pub const EXT_PARTNER_NAME: &str = "http://hl7.org/fhir/StructureDefinition/humanname-partner-name";

/// A person's name in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonName {
    /// Given names: one, two, sometimes more.
    pub given: Vec<String>,
    /// First surname.
    pub surname1: String,
    /// Second surname; empty where there is none.
    pub surname2: String,
    /// Married name without "de"; empty where there is none.
    pub married: String,
}

impl PersonName {
    /// The parts of a FHIR Patient's name (`official` first); `None` where it has none.
    pub fn of(patient: &Value) -> Option<Self> {
        let names = patient.items("name");
        let official = names.iter().find(|name| name.text_at(&["use"]) == Some("official"));
        Some(Self::from_human_name(official.or(names.first())?))
    }

    fn from_human_name(name: &Value) -> Self {
        let given: Vec<String> = name.items("given").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let extension = |url: &str| {
            let extensions = name.get("_family").map(|family| family.items("extension")).unwrap_or_default();
            extensions.iter().find(|one| one.text_at(&["url"]) == Some(url))?.text_at(&["valueString"])
        };
        let family = name.text_at(&["family"]).unwrap_or_default();
        let married = extension(EXT_PARTNER_NAME).unwrap_or_default().to_owned();
        let mut surnames = split_surnames(extension(EXT_OWN_NAME).unwrap_or(family)).into_iter();
        let surname1 = surnames.next().unwrap_or_default();
        let surname2 = surnames.collect::<Vec<_>>().join(" ");
        if given.is_empty() && surname1.is_empty() {
            let text = name.text_at(&["text"]).unwrap_or_default();
            return Self { given: vec![text.to_owned()], ..Self::default() };
        }
        Self { given, surname1, surname2, married }
    }

    /// As FHIR's HumanName.
    pub fn human_name(&self) -> Value {
        let own = join([self.surname1.as_str(), &self.surname2]);
        let mut name = json!({ "use": "official", "text": self.full() });
        if self.married.is_empty() {
            if !own.is_empty() {
                name.set("family", own);
            }
        } else {
            name.set("family", join([own.as_str(), "de", &self.married]));
            let partner = json!({ "url": EXT_PARTNER_NAME, "valueString": &self.married });
            let mut extensions = vec![partner];
            if !own.is_empty() {
                extensions.insert(0, json!({ "url": EXT_OWN_NAME, "valueString": own }));
            }
            name.set("_family", json!({ "extension": extensions }));
        }
        let given: Vec<&str> = self.given.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        if !given.is_empty() {
            name.set("given", given);
        }
        name
    }

    /// The whole name in the order it is said, as it was written.
    pub fn full(&self) -> String {
        let given = join(self.given.iter().map(String::as_str));
        let married = if self.married.is_empty() { String::new() } else { format!("de {}", self.married) };
        join([given.as_str(), &self.surname1, &self.surname2, &married])
    }

    /// The whole name as it is printed, with ’ for the glottal stop.
    pub fn printed(&self) -> String {
        printed(&self.full())
    }

    /// Surnames first, for lists: `Caal Choc, Rosa Ixmucané`.
    pub fn listed(&self) -> String {
        let own = join([self.surname1.as_str(), &self.surname2]);
        let given = join(self.given.iter().map(String::as_str));
        printed(&if own.is_empty() { given } else { format!("{own}, {given}") })
    }
}

fn join<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Surnames of a text, each with the particles before it: `de León Caal` → `de León`, `Caal`.
pub fn split_surnames(text: &str) -> Vec<String> {
    let mut surnames: Vec<String> = Vec::new();
    let mut open = false;
    for word in text.split_whitespace() {
        match surnames.last_mut().filter(|_| open) {
            Some(surname) => {
                surname.push(' ');
                surname.push_str(word);
            }
            None => surnames.push(word.to_owned()),
        }
        open = PARTICLES.contains(&fold(word).as_str());
    }
    surnames
}

/// Trims, joins runs of spaces, and drops control characters; spelling stays.
pub fn tidy(text: &str) -> String {
    let clean: String = text.nfc().map(|c| if c.is_control() { ' ' } else { c }).collect();
    join(clean.split_whitespace())
}

/// With ’ (U+2019) for every way the glottal stop is typed.
pub fn printed(text: &str) -> String {
    text.chars().map(|c| if is_apostrophe(c) { '’' } else { c }).collect()
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | '`' | '´' | '′' | '＇')
}

/// Lower case without accents, apostrophes or punctuation; `ñ` is `n`; words one space apart.
pub fn fold(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|c| !is_apostrophe(*c))
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    join(plain.split_whitespace())
}

/// The words of a name that tell people apart: folded, without particles (unless nothing else is
/// there).
pub fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let all: Vec<String> = folded.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let telling: Vec<String> = all.iter().filter(|word| !PARTICLES.contains(&word.as_str())).cloned().collect();
    if telling.is_empty() { all } else { telling }
}

/// How a folded word sounds, whatever its spelling: b/v, s/z/soft c, silent h, y/ll/i, qu/k/hard c,
/// x/j/sh/soft g, tz/ts, w/hu/gu before a vowel, doubled letters once.
pub fn sound(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    let at = |index: usize| letters.get(index).copied().unwrap_or(' ');
    let soft = |c: char| matches!(c, 'e' | 'i' | 'y');
    let vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let mut out = String::new();
    let mut index = 0;
    while index < letters.len() {
        let (class, length) = match (letters[index], at(index + 1), at(index + 2)) {
            ('t', 'z' | 's', _) => ('T', 2),
            ('c', 'h', _) => ('C', 2),
            ('s', 'h', _) => ('j', 2),
            ('p', 'h', _) => ('f', 2),
            ('l', 'l', _) => ('i', 2),
            ('q', 'u', next) if soft(next) => ('k', 2),
            ('g', 'u', next) if soft(next) => ('g', 2),
            ('h' | 'g', 'u', next) if vowel(next) => ('w', 2),
            ('g', next, _) if soft(next) => ('j', 1),
            ('c', next, _) if soft(next) => ('s', 1),
            ('c' | 'q' | 'k', _, _) => ('k', 1),
            ('b' | 'v', _, _) => ('b', 1),
            ('s' | 'z', _, _) => ('s', 1),
            ('x' | 'j', _, _) => ('j', 1),
            ('y' | 'i', _, _) => ('i', 1),
            ('h', _, _) => (' ', 1),
            (other, _, _) => (other, 1),
        };
        if class != ' ' && !out.ends_with(class) {
            out.push(class);
        }
        index += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(given: &[&str], surname1: &str, surname2: &str, married: &str) -> PersonName {
        PersonName {
            given: given.iter().map(|part| (*part).to_owned()).collect(),
            surname1: surname1.into(),
            surname2: surname2.into(),
            married: married.into(),
        }
    }

    #[test]
    fn a_married_name_comes_back_in_its_parts() {
        let rosa = name(&["Rosa", "Ixmucané"], "de León", "Ba'l", "Pop");
        assert_eq!(rosa.printed(), "Rosa Ixmucané de León Ba’l de Pop");
        assert_eq!(rosa.listed(), "de León Ba’l, Rosa Ixmucané");
        let patient = json!({ "resourceType": "Patient", "name": [rosa.human_name()] });
        assert_eq!(fhir::validate(&patient), []);
        assert_eq!(PersonName::of(&patient), Some(rosa));
    }

    #[test]
    fn particles_belong_to_the_surname_after_them() {
        assert_eq!(split_surnames("de la Cruz del Valle"), ["de la Cruz", "del Valle"]);
        assert_eq!(split_surnames("De León"), ["De León"]);
        assert_eq!(split_surnames("Caal Choc"), ["Caal", "Choc"]);
        assert_eq!(words("María de los Ángeles de León"), ["maria", "angeles", "leon"]);
        assert_eq!(words("de la"), ["de", "la"]);
    }

    #[test]
    fn every_apostrophe_and_accent_folds_alike() {
        for spelling in ["K'iche'", "K’iche’", "Kʼicheʼ", "k`iche`", "KICHE", "Kíche"] {
            assert_eq!(fold(spelling), "kiche", "{spelling}");
        }
        assert_eq!(fold("Muñoz-Pérez"), "munoz perez");
    }

    #[test]
    fn spellings_of_the_same_sound_meet() {
        for (one, other) in [
            ("vasquez", "basques"),
            ("velasques", "belazquez"),
            ("qeqchi", "kekchi"),
            ("ixchel", "ijchel"),
            ("hernandez", "ernandes"),
            ("yac", "iak"),
            ("castillo", "castiyo"),
            ("tzunun", "tsunun"),
            ("cecilia", "sesilia"),
            ("quej", "kex"),
            ("ajanel", "axanel"),
            ("huachac", "wachac"),
        ] {
            assert_eq!(sound(one), sound(other), "{one} {other}");
        }
        for (one, other) in [("caal", "choc"), ("tot", "toc"), ("xol", "sol"), ("tzoy", "choy")] {
            assert_ne!(sound(one), sound(other), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn any_text_is_a_harmless_name(text in "\\PC{0,40}") {
            for word in words(&text) {
                sound(&word);
            }
            split_surnames(&text);
        }
    }
}
