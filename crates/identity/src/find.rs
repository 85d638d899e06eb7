//! Who is looked for, as people write it in one line: names in any order, a day, a number.

use jiff::civil::Date;

use crate::name::{fold, sound, words};
use crate::{Cui, written_days};

/// The longest way to write a day has so many words: `2 de julio de 1971`.
const DAY_WORDS: usize = 5;

/// One line in its parts, each as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// A CUI, whole, with or without spaces.
    pub cui: Option<Cui>,
    /// What is written as a day, also where there is no such day.
    pub day: Option<String>,
    /// Words with digits that are neither.
    pub numbers: Vec<String>,
    /// The other words.
    pub names: Vec<String>,
}

impl Line {
    /// Reads a line; of two CUIs or days the first counts as one.
    pub fn read(text: &str) -> Self {
        let tokens: Vec<&str> = text.split_whitespace().collect();
        let mut line = Self::default();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let window = |length: usize| tokens.get(at..at + length);
            let cui = |length| Some((length, Cui::parse(&window(length)?.concat()).ok()?));
            let day = |length| Some((length, window(length)?.join(" "))).filter(|(_, text)| is_day(text));
            if let (None, Some((length, cui))) = (&line.cui, (1..=13).find_map(cui)) {
                line.cui = Some(cui);
                at += length;
            } else if let (None, Some((length, day))) = (&line.day, (1..=DAY_WORDS).rev().find_map(day)) {
                line.day = Some(day);
                at += length;
            } else {
                let numeric = token.chars().any(|c| c.is_ascii_digit());
                let list = if numeric { &mut line.numbers } else { &mut line.names };
                list.push((*token).to_owned());
                at += 1;
            }
        }
        line
    }
}

/// Whether a text is written as a day. With two digits for the year only slashes and a month's name
/// tell it from a file number.
fn is_day(text: &str) -> bool {
    let plain = |c: char| c == '/' || c.is_alphabetic();
    let long = || text.split(|c: char| !c.is_ascii_digit()).any(|part| part.len() == 4);
    written_days(text).is_some() && (text.contains(plain) || long())
}

/// Who is looked for, read from one line of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Find {
    /// A CUI, whole.
    pub cui: Option<Cui>,
    /// Birth dates, any of them: two where the year has two digits.
    pub births: Vec<Date>,
    /// What was written as a day and is none.
    pub misread: Option<String>,
    /// Another number as it was typed, without blanks: of a file at the caller's facility, a
    /// passport, a foreign document, the IGSS, a NIT.
    pub number: Option<String>,
    /// Words of the name, folded.
    pub words: Vec<String>,
}

impl Find {
    /// Reads what was typed, together or alone. A word of less than two sounds (`x`, `hh`, `ss`)
    /// begins too many names to ask for somebody.
    pub fn parse(text: &str) -> Self {
        let Line { cui, day, mut numbers, names } = Line::read(text);
        let births = day.as_deref().and_then(written_days).unwrap_or_default();
        let misread = day.filter(|_| births.is_empty());
        // It may still be the number of a file.
        numbers.extend(misread.clone());
        let number = Some(numbers.concat()).filter(|number| !bare(number).is_empty());
        let mut words = words(&names.join(" "));
        words.retain(|word| sound(word).chars().count() > 1);
        Self { cui, births, misread, number, words }
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A number by its letters and digits alone, however it is written.
pub(crate) fn bare(number: &str) -> String {
    fold(number).replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_read_in_its_parts() {
        let find = Find::parse("Caal 9000 00074 1601 02/03/1968 Rosa");
        assert_eq!(find.cui.map(|cui| cui.digits().to_owned()).as_deref(), Some("9000000741601"));
        assert_eq!(
            (find.births, find.words),
            (vec![Date::constant(1968, 3, 2)], vec!["caal".to_owned(), "rosa".to_owned()])
        );
        assert_eq!(Find::parse("77-2026").number.as_deref(), Some("77-2026"));
        assert_eq!(Find::parse("12-05-03").number.as_deref(), Some("12-05-03"), "a file number, no day");
        assert_eq!(Find::parse("9000 00074 1601 E123").number.as_deref(), Some("E123"));
        assert!(Find::parse(" % ' -- ").is_empty());
    }

    #[test]
    fn a_day_among_names_is_found_as_people_write_it() {
        for text in ["02 07 1971", "1971-07-02", "2 de julio de 1971", "2 jul 1971"] {
            let find = Find::parse(&format!("rosa {text} caal"));
            assert_eq!(find.births, [Date::constant(1971, 7, 2)], "{text}");
            assert_eq!((find.words, find.number, find.misread), (words("rosa caal"), None, None), "{text}");
        }
        assert_eq!(Find::parse("02/07/71").births, [Date::constant(2071, 7, 2), Date::constant(1971, 7, 2)]);
        for text in ["30/02/1971", "30 02 1971", "31 de febrero de 1971", "1971-13-40"] {
            assert_eq!(Find::parse(text).misread.as_deref(), Some(text));
        }
    }

    #[test]
    fn a_word_of_less_than_two_sounds_asks_for_nobody() {
        for text in ["hh", "xx", "aa", "ss", "ll", "x", "ñ", "hh h'h"] {
            assert!(Find::parse(text).is_empty(), "{text}");
        }
        assert_eq!(Find::parse("hh rosa").words, ["rosa"]);
        assert_eq!(Find::parse("xo").words, ["xo"]);
    }
}
