//! ICD-10 codes for diagnoses, by code or by words: the common ones that are shipped
//! (`data/care/icd10_common.csv`) and those of every CodeSystem of ICD-10 in the log
//! (`tejido load codes`). Free text, "sin código", is always possible.
//!
//! Codes are kept as the country writes them, without the point: `E119`; `E11.9` finds it too.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use access::system;
use fhir::Value;
use fhir::search::fold;
use store::{Stored, View};

/// A code with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icd10 {
    /// The code.
    pub code: String,
    /// Spanish description.
    pub label: String,
    folded: String,
}

static SHIPPED: LazyLock<Arc<Vec<Icd10>>> = LazyLock::new(|| {
    let lines = include_str!("../../../data/care/icd10_common.csv").lines().skip(1);
    Arc::new(by_code(lines.filter_map(row)))
});

fn row(line: &str) -> Option<Icd10> {
    let (code, rest) = line.split_once(',')?;
    let label = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?.0,
        None => rest.split(',').next()?,
    };
    Some(Icd10::new(code, label))
}

impl Icd10 {
    fn new(code: &str, label: &str) -> Self {
        Self { code: plain(code), label: label.to_owned(), folded: fold(label) }
    }
}

/// The code as it is kept: capitals, without the point.
pub fn plain(code: &str) -> String {
    code.trim().replace('.', "").to_ascii_uppercase()
}

/// A code as ICD-10 is built (`O14`, `O14.1`, `O141`, `U07.1`), as it is kept, with the words behind
/// it, whether or not it is in the list: the rest of ICD-10 is typed.
pub fn typed(text: &str) -> Option<(String, String)> {
    let (typed, words) = text.trim().split_once([' ', ':', '-']).unwrap_or((text.trim(), ""));
    let bytes = typed.as_bytes();
    let built = match typed.split_once('.') {
        Some((category, detail)) => category.len() == 3 && (1..=2).contains(&detail.len()),
        None => (3..=5).contains(&typed.len()),
    };
    let code = plain(typed);
    // A category without subdivisions is filled up to four characters with X (`I10X`).
    let core = if code.len() == 4 { code.strip_suffix('X').unwrap_or(&code) } else { &code };
    let digits = core.get(1..).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    let whole = built && digits && bytes.first().is_some_and(u8::is_ascii_alphabetic);
    whole.then(|| (code, words.trim_start_matches([' ', ':', '-']).trim().to_owned()))
}

/// In order of code; of two with the same code the later stays.
fn by_code(codes: impl Iterator<Item = Icd10>) -> Vec<Icd10> {
    let unique: BTreeMap<String, Icd10> = codes.map(|one| (one.code.clone(), one)).collect();
    unique.into_values().collect()
}

/// The codes there are: a view of the log, cheap to clone. Where the operator loaded a code that
/// is also shipped, the operator's words stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    seq: u64,
    loaded: BTreeMap<String, Arc<Vec<Icd10>>>,
    all: Arc<Vec<Icd10>>,
}

impl Default for Codes {
    fn default() -> Self {
        Self { seq: 0, loaded: BTreeMap::new(), all: SHIPPED.clone() }
    }
}

impl View for Codes {
    fn seq(&self) -> u64 {
        self.seq
    }

    fn take(&mut self, entry: &Stored) {
        if entry.key.resource_type == "CodeSystem" {
            let value = (!entry.deleted).then(|| entry.value());
            let found = value.filter(|one| one.text_at(&["url"]) == Some(system::ICD10)).map(|one| concepts(&one));
            let before = self.loaded.remove(&entry.key.id);
            if found.is_some() || before.is_some() {
                self.loaded.extend(found.map(|codes| (entry.key.id.clone(), Arc::new(codes))));
                self.all = Arc::new(by_code(
                    SHIPPED.iter().chain(self.loaded.values().flat_map(|codes| codes.iter())).cloned(),
                ));
            }
        }
        self.seq = entry.seq;
    }
}

/// The concepts of a CodeSystem (or of a concept), those inside one another too.
fn concepts(of: &Value) -> Vec<Icd10> {
    let one = |concept: &Value| {
        let label = concept.text_at(&["display"]).unwrap_or_default();
        let own = concept.text_at(&["code"]).filter(|_| !label.is_empty()).map(|code| Icd10::new(code, label));
        own.into_iter().chain(concepts(concept)).collect::<Vec<_>>()
    };
    of.items("concept").iter().flat_map(one).collect()
}

impl Codes {
    /// The code that is meant by a text that is a code.
    pub fn find(&self, code: &str) -> Option<&Icd10> {
        let code = plain(code);
        let at = self.all.binary_search_by(|one| one.code.cmp(&code)).ok()?;
        self.all.get(at)
    }

    /// The code, else the category that it belongs to.
    pub fn nearest(&self, code: &str) -> Option<&Icd10> {
        self.find(code).or_else(|| self.find(plain(code).get(..3)?))
    }

    /// Codes that begin with the text, or whose words contain all its words (case and accents do not
    /// matter): at most `most`.
    pub fn search(&self, text: &str, most: usize) -> Vec<&Icd10> {
        let wanted = fold(text.trim());
        if wanted.is_empty() {
            return Vec::new();
        }
        let code = plain(text);
        let begins = |one: &&Icd10| !code.is_empty() && one.code.starts_with(&code);
        let by_words = |one: &&Icd10| wanted.split_whitespace().all(|word| one.folded.contains(word));
        let first = self.all.iter().filter(begins);
        let then = self.all.iter().filter(|one| !begins(one)).filter(by_words);
        first.chain(then).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_is_not_in_the_list_is_still_a_code() {
        let read = |text: &str| typed(text).map(|(code, words)| format!("{code}|{words}"));
        assert_eq!(read("o14.1").as_deref(), Some("O141|"));
        assert_eq!(read("O14.1: preeclampsia grave").as_deref(), Some("O141|preeclampsia grave"));
        assert_eq!(read("i10x hipertensión").as_deref(), Some("I10X|hipertensión"));
        assert_eq!(read("I10.X").as_deref(), Some("I10X|"));
        for none in ["O1", "IX", "X", "OXX", "O1XX", "O141X", "resfriado", "O14.", "O14.123", "014.1", "ñ14", ""] {
            assert_eq!(read(none), None, "{none}");
        }
        let codes = Codes::default();
        assert_eq!(codes.nearest("E119"), codes.find("E11"));
    }

    #[test]
    fn codes_and_words_find_the_same_diagnosis() {
        let codes = Codes::default();
        assert_eq!(codes.all.len(), 120);
        assert_eq!(codes.find("j00").map(|one| one.label.as_str()), Some("Rinofaringitis aguda [resfriado común]"));
        assert_eq!((plain(" e11.9"), codes.find("E.11")), ("E119".to_owned(), codes.find("E11")));
        assert!(codes.find("E11").is_some() && codes.find("E119").is_none());
        assert!(codes.search("resfriado comun", 5).iter().any(|one| one.code == "J00"));
        assert_eq!(codes.search("j06", 5)[0].label.matches(',').count(), 1, "a quoted description is whole");
        assert_eq!(codes.search("E11.", 50), codes.search("E11", 50));
        assert!(codes.search("  ", 5).is_empty());
        assert!(codes.search("%", 5).is_empty());
        assert!(codes.search(".", 5).iter().all(|one| one.label.contains('.')));
    }
}
