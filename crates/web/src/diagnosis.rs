//! A diagnosis as people type it: a code, or words for which codes are offered, or "sin código".

use care::icd10::{self, Codes};

use crate::form::{Field, Form};
use crate::text::t;

/// Names of the fields: what is typed, and the code chosen for it.
pub const ROWS: [(&str, &str); 3] = [("dx1", "dx1-codigo"), ("dx2", "dx2-codigo"), ("dx3", "dx3-codigo")];
/// Chosen: the words as they were typed.
const UNCODED: &str = "sin-codigo";
const OFFERED: usize = 8;
/// Longer than this is no diagnosis.
const WORDS: usize = 300;

/// A code that was typed, and the words behind it: one of the table, or any other written with its
/// point (`Z98.8`). What only looks like one (`B12 baja`) is words.
fn written(typed: &str, codes: &Codes) -> Option<(String, String)> {
    let pointed = typed.trim().get(3..4) == Some(".");
    icd10::typed(typed).filter(|(code, _)| pointed || codes.find(code).is_some())
}

/// As people write it: `Z98.8`.
fn pointed(code: &str) -> String {
    match code.split_at_checked(3) {
        Some((category, detail)) if !detail.is_empty() => format!("{category}.{detail}"),
        _ => code.to_owned(),
    }
}

/// Code (empty = "sin código") and words of each that was typed; notes where a choice is missing.
pub fn read(form: &mut Form, rows: usize, codes: &Codes) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (typed, chosen) in ROWS.into_iter().take(rows) {
        let words = form.optional(typed, WORDS);
        if words.is_empty() {
            continue;
        }
        let choice = form.get(chosen).to_owned();
        let offered = codes.search(&words, OFFERED);
        if let Some(one) = codes.find(&words) {
            found.push((one.code.clone(), one.label.clone()));
        } else if let Some((code, said)) = written(&words, codes) {
            let known = || codes.nearest(&code).map_or_else(|| code.clone(), |one| one.label.clone());
            let words = if said.is_empty() { known() } else { said };
            found.push((code, words));
        } else if let Some(one) = offered.iter().find(|one| one.code == choice) {
            found.push((one.code.clone(), one.label.clone()));
        } else {
            if !offered.is_empty() && choice != UNCODED {
                form.error(chosen, t("dx-elija-falta"));
            }
            found.push((String::new(), words));
        }
    }
    found
}

/// The codes that fit the first diagnosis of a form that is still being typed: as people write them,
/// with their words. What already is a code needs none.
pub fn offered(form: &Form, codes: &Codes) -> Vec<(String, String)> {
    let typed = ROWS.map(|(typed, _)| form.get(typed)).into_iter().find(|words| !words.is_empty());
    let words = typed.filter(|words| words.chars().count() <= WORDS && codes.find(words).is_none());
    let found = words.map(|words| codes.search(words, OFFERED)).unwrap_or_default();
    found.into_iter().map(|one| (pointed(&one.code), one.label.clone())).collect()
}

/// The fields, with the codes that fit what was typed.
pub fn fields(form: &Form, rows: usize, codes: &Codes) -> Vec<Field> {
    let mut fields = Vec::new();
    for (place, (typed, chosen)) in ROWS.into_iter().take(rows).enumerate() {
        let label = if place == 0 { t("dx-principal") } else { t("dx-otro").with("n", place + 1) };
        let line = form.line(typed, label).asks("/diagnosticos/parecidos");
        fields.push(if place == 0 { line.hint(t("dx-ayuda")) } else { line });
        let words = form.get(typed);
        let offered = codes.search(words, OFFERED);
        if offered.is_empty() || codes.find(words).is_some() || written(words, codes).is_some() {
            continue;
        }
        let mut options = vec![(String::new(), t("dx-elija").to_string())];
        options.extend(offered.iter().map(|one| (one.code.clone(), format!("{} {}", one.code, one.label))));
        options.push((UNCODED.to_owned(), t("dx-sin-codigo").into()));
        fields.push(form.select(chosen, t("dx-codigo"), &options));
    }
    fields
}

/// Puts known diagnoses into an empty form.
pub fn fill(form: &mut Form, known: &[(String, String)], codes: &Codes) {
    for ((code, words), (typed, chosen)) in known.iter().zip(ROWS) {
        let said = codes.nearest(code).map_or(code, |one| &one.label);
        form.set(
            typed,
            match code.as_str() {
                "" => words.clone(),
                code if words == said || words == code => pointed(code),
                code => format!("{} {words}", pointed(code)),
            },
        );
        if code.is_empty() {
            form.set(chosen, UNCODED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Form {
        Form::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_code_words_with_a_choice_and_words_without_a_code() {
        let typed = [("dx1", "j00"), ("dx2", "resfriado"), ("dx2-codigo", "J00"), ("dx3", "mal de ojo zzz")];
        let mut typed = form(&typed);
        let found = read(&mut typed, 3, &Codes::default());
        assert!(typed.ok());
        assert_eq!((found[0].0.as_str(), found[1].0.as_str(), found[2].0.as_str()), ("J00", "J00", ""));
        assert_eq!(found[2].1, "mal de ojo zzz");
    }

    #[test]
    fn a_code_outside_the_list_comes_through_with_its_words() {
        let codes = Codes::default();
        let mut typed = form(&[("dx1", "z99.9"), ("dx2", "Z98.8 operada del ojo"), ("dx3", "I10.X")]);
        let found = read(&mut typed, 3, &codes);
        assert!(typed.ok(), "nothing is asked for");
        let operated = ("Z988".to_owned(), "operada del ojo".to_owned());
        let pressure = ("I10X".to_owned(), codes.find("I10").unwrap().label.clone());
        assert_eq!(found, [("Z999".to_owned(), "Z999".to_owned()), operated, pressure]);
        let mut again = Form::default();
        fill(&mut again, &found, &codes);
        assert_eq!(read(&mut again, 3, &codes), found);
        assert_eq!(fields(&again, 3, &codes).len(), 3);
    }

    #[test]
    fn what_only_looks_like_a_code_is_words() {
        let mut typed = form(&[("dx1", "B12 baja"), ("dx2", "J00 con tos"), ("dx3", "T40")]);
        let found = read(&mut typed, 3, &Codes::default());
        assert!(typed.ok());
        assert_eq!(found[0], (String::new(), "B12 baja".to_owned()));
        assert_eq!(found[1], ("J00".to_owned(), "con tos".to_owned()));
        assert_eq!(found[2], (String::new(), "T40".to_owned()));
    }

    #[test]
    fn codes_are_offered_while_words_are_typed_and_no_longer_for_a_code() {
        let codes = Codes::default();
        let offered = |words: &str| super::offered(&form(&[("dx2", words)]), &codes);
        assert!(offered("resfri").iter().any(|(code, _)| code == "J00"));
        assert_eq!((offered("J00"), offered("zzz"), offered(&"a".repeat(301))), (vec![], vec![], vec![]));
    }

    #[test]
    fn words_that_fit_a_code_ask_for_a_choice_once() {
        let mut open = form(&[("dx1", "resfriado")]);
        read(&mut open, 1, &Codes::default());
        assert!(open.error_of("dx1-codigo").is_some());
        assert!(fields(&open, 1, &Codes::default())[1].to_string().contains("J00"));
        let mut settled = form(&[("dx1", "resfriado"), ("dx1-codigo", UNCODED)]);
        assert_eq!(read(&mut settled, 1, &Codes::default()), [(String::new(), "resfriado".to_owned())]);
        assert!(settled.ok());
    }
}
