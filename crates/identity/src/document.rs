//! The other numbers by which people are known, and what stands in when there is none.
//!
//! Nobody is turned away for want of a paper: every kind of [`Document`] registers a person, and
//! [`Document::None`] asks only why there is none.

use access::system;
use fhir::{Value, json};

use crate::cui::{Cui, without_separators};

/// The NIT (tax number): digits and a check character, `K` for 10. `CF` is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nit(String);

impl Nit {
    /// Reads a NIT, with or without hyphen; `None` when it is none or its check character is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let text = without_separators(text).to_uppercase();
        let (digits, check) = text.split_at_checked(text.len().checked_sub(1)?)?;
        if digits.is_empty() || digits.len() > 12 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let weights = (2..=digits.len() + 1).rev();
        let sum: usize = digits.bytes().zip(weights).map(|(digit, weight)| usize::from(digit - b'0') * weight).sum();
        let right = match (11 - sum % 11) % 11 {
            10 => "K".to_owned(),
            digit => digit.to_string(),
        };
        (check == right).then(|| Self(format!("{digits}-{check}")))
    }

    /// Digits, hyphen, check character.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The IGSS affiliation number: since 2017 the CUI; older ones (3–20 characters) still circulate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IgssNumber(String);

impl IgssNumber {
    /// Reads a number; `None` when it has not 3–20 letters, digits or hyphens.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(cui) = Cui::parse(text) {
            return Some(Self(cui.digits().to_owned()));
        }
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'/');
        (plain && (3..=20).contains(&text.len())).then_some(Self(text))
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// By which paper a person is registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Document {
    /// The CUI, from DPI or birth certificate.
    Cui(Cui),
    /// A passport.
    Passport {
        /// ISO 3166-1 alpha-3 of the country that gave it.
        country: String,
        /// Its number.
        number: String,
    },
    /// Another country's identity document.
    ForeignId(String),
    /// A newborn not yet registered.
    Newborn {
        /// The mother's CUI.
        mother: Cui,
        /// 1 for the first born.
        order: u8,
    },
    /// None; the reason's code of [`NO_DOCUMENT_REASONS`].
    None(String),
}

/// Why somebody has no document, as codes of [`system::NO_DOCUMENT`].
pub const NO_DOCUMENT_REASONS: [&str; 6] =
    ["no-lo-trae", "nunca-inscrito", "perdido", "extranjero-sin-documento", "emergencia", "no-quiere-decir"];

impl Document {
    /// The FHIR Identifier; `None` where there is no document.
    pub fn identifier(&self) -> Option<Value> {
        let (system, value) = match self {
            Self::Cui(cui) => (system::CUI, cui.digits().to_owned()),
            Self::Passport { country, number } => (system::PASSPORT, format!("{country}:{number}")),
            Self::ForeignId(number) => (system::FOREIGN_ID, number.clone()),
            Self::Newborn { mother, order } => (system::NEWBORN, format!("{}/{order}", mother.digits())),
            Self::None(_) => return None,
        };
        Some(json!({ "use": "official", "system": system, "value": value }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_nit_is_read_with_its_k_and_refused_with_a_wrong_check() {
        assert_eq!(Nit::parse("1000002k").expect("a NIT").as_str(), "1000002-K");
        assert_eq!(Nit::parse(" 4-3 ").expect("a NIT").as_str(), "4-3");
        for bad in ["1000002-0", "CF", "C/F", "K", "", "-", "ñ", "12345678901234-1"] {
            assert_eq!(Nit::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_note_s_nits_hold() {
        let Some(text) = crate::outside::read("data/gt/nit_test_vectors.csv") else {
            return println!("skipped: ../shared/data/gt/nit_test_vectors.csv is not there");
        };
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!(Nit::parse(fields[0]).is_some(), fields[1] == "True", "{line}");
        }
    }

    #[test]
    fn an_igss_number_is_the_cui_or_an_older_one() {
        assert_eq!(IgssNumber::parse("9000 00074 1601").expect("a CUI").as_str(), "9000000741601");
        assert_eq!(IgssNumber::parse("176-123456").expect("an old one").as_str(), "176-123456");
        assert_eq!(IgssNumber::parse("12"), None);
        assert_eq!(IgssNumber::parse("1".repeat(21).as_str()), None);
        assert_eq!(IgssNumber::parse("1234'; --"), None);
    }

    #[test]
    fn a_newborn_is_known_by_mother_and_order() {
        let mother = Cui::parse("9000000741601").expect("a CUI");
        let twin = Document::Newborn { mother, order: 2 };
        assert_eq!(twin.identifier().expect("one").text_at(&["value"]), Some("9000000741601/2"));
        assert_eq!(Document::None("perdido".into()).identifier(), None);
    }

    proptest! {
        #[test]
        fn one_wrong_digit_of_a_nit_is_found(number in 1_u32..99_999_999, at in 0_usize..8, by in 1_u8..10) {
            let digits = number.to_string();
            let nit = "0123456789K".chars().find_map(|check| Nit::parse(&format!("{digits}{check}"))).expect("one fits");
            let mut wrong = nit.as_str().as_bytes().to_vec();
            let at = at % digits.len();
            wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
            prop_assert_eq!(Nit::parse(std::str::from_utf8(&wrong).expect("ascii")), None);
        }
    }
}
