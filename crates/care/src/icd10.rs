//! Common ICD-10 codes (`data/care/icd10_common.csv`), by code or by words. Others are typed as
//! free text, "sin código", or loaded by the operator.

use std::sync::LazyLock;

use fhir::search::fold;

/// A code with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icd10 {
    /// The code.
    pub code: &'static str,
    /// Spanish description.
    pub label: &'static str,
    folded: String,
}

static CODES: LazyLock<Vec<Icd10>> = LazyLock::new(|| {
    let lines = include_str!("../../../data/care/icd10_common.csv").lines().skip(1);
    lines.filter_map(row).collect()
});

fn row(line: &'static str) -> Option<Icd10> {
    let (code, rest) = line.split_once(',')?;
    let label = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?.0,
        None => rest.split(',').next()?,
    };
    Some(Icd10 { code, label, folded: fold(label) })
}

/// The words of a code.
pub fn label(code: &str) -> Option<&'static str> {
    CODES.iter().find(|one| one.code.eq_ignore_ascii_case(code.trim())).map(|one| one.label)
}

/// Codes that begin with the text, or whose words contain all its words (case and accents do not
/// matter): at most `most`.
pub fn search(text: &str, most: usize) -> Vec<&'static Icd10> {
    let wanted = fold(text.trim());
    if wanted.is_empty() {
        return Vec::new();
    }
    let code = text.trim().to_ascii_uppercase();
    let by_code = |one: &&Icd10| one.code.starts_with(&code);
    let by_words = |one: &&Icd10| wanted.split_whitespace().all(|word| one.folded.contains(word));
    let first = CODES.iter().filter(by_code);
    let then = CODES.iter().filter(|one| !by_code(one)).filter(by_words);
    first.chain(then).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_words_find_the_same_diagnosis() {
        assert_eq!(CODES.len(), 120);
        assert_eq!(label("J00"), Some("Rinofaringitis aguda [resfriado común]"));
        assert!(search("resfriado comun", 5).iter().any(|one| one.code == "J00"));
        assert_eq!(search("j06", 5)[0].label.matches(',').count(), 1, "a quoted description is whole");
        assert!(search("  ", 5).is_empty());
        assert!(search("%", 5).is_empty());
    }
}
