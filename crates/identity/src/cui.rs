//! The CUI (código único de identificación): serial 8, check digit 1, department of birth 2,
//! municipality of birth 2. Text, never a number: leading zeros count.
//!
//! A CUI that is not written as one can't be held here. One that fails a rule can: imported data
//! keeps what it brought, and [`Cui::problems`] says what is wrong with it. The department and
//! municipality are only ever a warning, because the registry may add some.

use std::fmt;

/// Municipalities of each department, by INE code from 01 (340 in all).
const MUNICIPALITIES: [u8; 22] = [17, 8, 16, 16, 14, 14, 19, 8, 24, 21, 9, 30, 33, 21, 8, 17, 14, 5, 11, 11, 7, 17];

/// A number written as a CUI: thirteen digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cui(String);

/// Why a text is no CUI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CuiFormat {
    /// Something else than digits, spaces and hyphens.
    #[error("a CUI has only digits")]
    NotDigits,
    /// Not thirteen digits.
    #[error("a CUI has 13 digits, not {0}")]
    Length(usize),
}

/// A rule that a CUI breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CuiProblem {
    /// The ninth digit does not follow from the first eight (or no digit can: such serials are
    /// never given out).
    CheckDigit,
    /// There is no such department.
    Department,
    /// The department has no such municipality.
    Municipality,
}

/// Where data comes from: what is typed now can be asked again, what is imported can't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Typed by somebody who can look again.
    Entry,
    /// Brought over from another system.
    Imported,
}

impl CuiProblem {
    /// Whether it keeps the number from being taken.
    pub fn blocks(self, origin: Origin) -> bool {
        self == Self::CheckDigit && origin == Origin::Entry
    }
}

impl Cui {
    /// Reads a CUI as people write it: spaces and hyphens anywhere.
    ///
    /// # Errors
    /// When it is not thirteen digits.
    pub fn parse(text: &str) -> Result<Self, CuiFormat> {
        let digits = without_separators(text);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CuiFormat::NotDigits);
        }
        if digits.len() != 13 {
            return Err(CuiFormat::Length(digits.len()));
        }
        Ok(Self(digits))
    }

    /// The CUI of this serial (below 10^8) and municipality (INE code, four digits); `None` for the
    /// one serial in eleven that has no check digit.
    pub fn compose(serial: u32, municipality: &str) -> Option<Self> {
        let serial = format!("{serial:08}");
        let check = check_digit(serial.as_bytes()).filter(|check| *check < 10)?;
        Self::parse(&format!("{serial}{check}{municipality}")).ok()
    }

    /// The thirteen digits.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// INE code of the municipality of birth.
    pub fn municipality(&self) -> &str {
        &self.0[9..]
    }

    /// Every rule that it breaks.
    pub fn problems(&self) -> Vec<CuiProblem> {
        let digits = self.0.as_bytes();
        let number = |at: usize| usize::from(digits[at] - b'0') * 10 + usize::from(digits[at + 1] - b'0');
        let mut problems = Vec::new();
        if check_digit(&digits[..8]) != Some(digits[8] - b'0') {
            problems.push(CuiProblem::CheckDigit);
        }
        match number(9).checked_sub(1).and_then(|department| MUNICIPALITIES.get(department)) {
            None => problems.push(CuiProblem::Department),
            Some(last) if !(1..=usize::from(*last)).contains(&number(11)) => problems.push(CuiProblem::Municipality),
            Some(_) => {}
        }
        problems
    }

    /// Whether it is of the block kept for synthetic people (serials 9xxxxxxx).
    pub fn is_synthetic(&self) -> bool {
        self.0.starts_with('9')
    }
}

impl fmt::Display for Cui {
    /// As the DPI prints it: 4-5-4.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", &self.0[..4], &self.0[4..9], &self.0[9..])
    }
}

/// Σ digit·(2…9) mod 11; 10 is no digit, and then there is no such CUI.
fn check_digit(serial: &[u8]) -> Option<u8> {
    let sum: u32 = serial.iter().zip(2_u32..).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    u8::try_from(sum % 11).ok()
}

/// The text without spaces, hyphens and dots.
pub(crate) fn without_separators(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '‑' | '–' | '.')).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problems(text: &str) -> Vec<CuiProblem> {
        Cui::parse(text).expect("thirteen digits").problems()
    }

    #[test]
    fn a_cui_is_read_as_people_write_it_and_printed_as_the_dpi_does() {
        for text in ["9000000741601", "9000 00074 1601", " 9000-00074-1601 ", "9000\u{a0}00074\u{a0}1601"] {
            assert_eq!(Cui::parse(text).expect("a CUI").to_string(), "9000 00074 1601");
        }
        assert_eq!(Cui::parse("0012345602217").expect("zeros count").digits(), "0012345602217");
    }

    #[test]
    fn what_is_no_cui_says_why() {
        assert_eq!(Cui::parse("900000074160"), Err(CuiFormat::Length(12)));
        assert_eq!(Cui::parse("90000007416011"), Err(CuiFormat::Length(14)));
        assert_eq!(Cui::parse(""), Err(CuiFormat::Length(0)));
        assert_eq!(Cui::parse("90000A0741601"), Err(CuiFormat::NotDigits));
        assert_eq!(Cui::parse("٩000000741601"), Err(CuiFormat::NotDigits));
    }

    #[test]
    fn each_rule_is_told_and_only_the_check_digit_blocks_and_only_when_typed() {
        assert_eq!(problems("9000000751601"), [CuiProblem::CheckDigit]);
        assert_eq!(problems("9000000742301"), [CuiProblem::Department]);
        assert_eq!(problems("9000000740001"), [CuiProblem::Department]);
        assert_eq!(problems("9000000741618"), [CuiProblem::Municipality]);
        assert_eq!(problems("9000000741600"), [CuiProblem::Municipality]);
        assert_eq!(problems("9000000741333"), [], "Petatán, the 33rd of Huehuetenango");
        assert!(CuiProblem::CheckDigit.blocks(Origin::Entry));
        assert!(!CuiProblem::CheckDigit.blocks(Origin::Imported));
        assert!(!CuiProblem::Municipality.blocks(Origin::Entry));
    }

    /// The research note's vectors, if they are beside the repository.
    #[test]
    fn the_note_s_vectors_hold() {
        let Some(text) = crate::outside::read("data/gt/cui_test_vectors.csv") else {
            return println!("skipped: ../shared/data/gt/cui_test_vectors.csv is not there");
        };
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let good = Cui::parse(fields[0]).is_ok_and(|cui| cui.problems().is_empty());
            // The one printed 4-5-4 is "invalid" there for validators that do not strip spaces first.
            assert_eq!(good, fields[1] == "True" || fields[0].contains(' '), "{line}");
        }
    }

    proptest! {
        #[test]
        fn composed_cuis_are_right_and_come_back_from_print(
            serial in 0_u32..100_000_000, department in 1_u8..=22, municipality in 1_u8..=5,
        ) {
            if let Some(cui) = Cui::compose(serial, &format!("{department:02}{municipality:02}")) {
                prop_assert_eq!(cui.problems(), []);
                prop_assert_eq!(Cui::parse(&cui.to_string()), Ok(cui));
            }
        }

        #[test]
        fn one_wrong_digit_of_the_serial_is_found(serial in 0_u32..100_000_000, at in 0_usize..9, by in 1_u8..10) {
            if let Some(cui) = Cui::compose(serial, "1601") {
                let mut digits = cui.digits().as_bytes().to_vec();
                digits[at] = b'0' + (digits[at] - b'0' + by) % 10;
                let wrong = String::from_utf8(digits).expect("digits");
                prop_assert_eq!(problems(&wrong), [CuiProblem::CheckDigit]);
            }
        }

        #[test]
        fn two_neighbours_swapped_are_found(serial in 0_u32..100_000_000, at in 0_usize..7) {
            if let Some(cui) = Cui::compose(serial, "1601") {
                let mut digits = cui.digits().as_bytes().to_vec();
                digits.swap(at, at + 1);
                let swapped = String::from_utf8(digits).expect("digits");
                prop_assert!(swapped == cui.digits() || problems(&swapped) == [CuiProblem::CheckDigit]);
            }
        }
    }
}
