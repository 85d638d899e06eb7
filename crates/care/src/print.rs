//! What is printed: a referral and its counter-referral as plain words, and the random public code.
//!
//! The code (and the QR made of it) tells nothing clinical and nothing about the person.

use fhir::Value;
use fhir::zone::midnight;
pub(crate) use fhir::zone::{instant, local};
use jiff::Timestamp;
use store::Entropy;

use crate::referral::Referral;
use crate::referral::answer::{Line, lines, sections};
use crate::referral::state::{Priority, State};

/// Letters and digits that nobody mistakes for one another.
const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Eight random characters without look-alikes (39 bits).
pub fn public_code(entropy: &dyn Entropy) -> String {
    let mut code = String::with_capacity(8);
    while code.len() < 8 {
        let mut bytes = [0_u8; 8];
        entropy.fill(&mut bytes);
        let fair = bytes.iter().filter(|byte| **byte < 240).map(|byte| char::from(ALPHABET[usize::from(byte % 30)]));
        code.extend(fair.take(8 - code.len()));
    }
    code
}

/// A public code as somebody typed it from paper, in any case and spacing; none when it is not one.
pub fn read_code(typed: &str) -> Option<String> {
    let letters = typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').take(9);
    let code: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
    let ours = |letter: char| u8::try_from(letter).is_ok_and(|letter| ALPHABET.contains(&letter));
    (code.len() == 8 && code.chars().all(ours)).then_some(code)
}

/// The year in Guatemala.
pub(crate) fn year(at: Timestamp) -> i16 {
    local(at).date().year()
}

/// Date and time in Guatemala, for people: `24/11/2026 08:00`.
pub fn date_time(at: Timestamp) -> String {
    local(at).strftime("%d/%m/%Y %H:%M").to_string()
}

/// When the day of a moment begins in Guatemala.
pub(crate) fn day_of(at: Timestamp) -> Option<Timestamp> {
    midnight(local(at).date())
}

/// A printed referral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedReferral {
    /// Unique number.
    pub number: String,
    /// Public code, also as QR.
    pub code: String,
    /// Whether it is an urgent transfer.
    pub urgent: bool,
    /// How soon.
    pub priority: Priority,
    /// When it was sent.
    pub sent: String,
    /// Service that refers.
    pub origin: String,
    /// Service that attends.
    pub destination: String,
    /// Specialty.
    pub service: String,
    /// Name of the person; the page adds identity from the Patient it has opened.
    pub patient: String,
    /// Who wrote it.
    pub requester: String,
    /// Why.
    pub reason: String,
    /// What was done.
    pub done: String,
    /// Diagnoses in words with codes.
    pub diagnoses: Vec<String>,
    /// Danger signs that were ticked, in words; `None` when nobody asked.
    pub signs: Option<Vec<&'static str>>,
    /// Appointment's date and time, when booked.
    pub appointment: Option<String>,
}

impl PrintedReferral {
    /// The referral for paper; `appointment` is the booked Appointment, if any.
    pub fn new(referral: &Referral, appointment: Option<&Value>) -> Self {
        let start = appointment.and_then(|one| one.text_at(&["start"])?.parse().ok());
        let diagnoses = referral.request.items("reasonCode").iter().skip(1).filter_map(|one| {
            let words = one.text_at(&["text"])?;
            let code = one.text_at(&["coding", "code"]);
            Some(code.map_or_else(|| format!("{words} (sin código)"), |code| format!("{words} ({code})")))
        });
        let urgent = matches!(
            referral.state,
            State::TransferRequested { .. }
                | State::BedSought { .. }
                | State::TransferAccepted { .. }
                | State::InTransit { .. }
                | State::Received { .. }
        );
        Self {
            number: referral.number().to_owned(),
            code: referral.public_code().to_owned(),
            urgent,
            priority: referral.priority(),
            sent: date_time(referral.sent().unwrap_or_else(|| referral.since())),
            origin: referral.origin().name,
            destination: referral.destination().name,
            service: referral.service().name,
            patient: referral.patient().name,
            requester: referral.requester().name,
            reason: referral.reason().to_owned(),
            done: referral.done().to_owned(),
            diagnoses: diagnoses.collect(),
            signs: referral.signs().map(|signs| signs.into_iter().map(crate::danger::label).collect()),
            appointment: start.map(date_time),
        }
    }
}

/// A printed counter-referral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedAnswer {
    /// Number of the referral it answers.
    pub number: String,
    /// Public code.
    pub code: String,
    /// When it was written.
    pub date: String,
    /// Service that answers.
    pub from: String,
    /// Service that follows up.
    pub to: String,
    /// Name of the person.
    pub patient: String,
    /// Who wrote it.
    pub author: String,
    /// Titles and words: findings, diagnosis, treatment, when to come back.
    pub sections: Vec<(String, String)>,
    /// Instructions for the post.
    pub lines: Vec<Line>,
}

impl PrintedAnswer {
    /// The counter-referral for paper.
    pub fn new(referral: &Referral, composition: &Value) -> Self {
        let date =
            composition.text_at(&["date"]).and_then(|text| text.parse().ok()).unwrap_or_else(|| referral.since());
        Self {
            number: referral.number().to_owned(),
            code: referral.public_code().to_owned(),
            date: date_time(date),
            from: referral.destination().name,
            to: referral.origin().name,
            patient: referral.patient().name,
            author: composition.text_at(&["author", "display"]).unwrap_or_default().to_owned(),
            sections: sections(composition),
            lines: lines(composition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_code_has_no_look_alikes_and_differs() {
        let entropy = testkit::SeededEntropy::new(1);
        let codes: Vec<String> = (0..200).map(|_| public_code(&entropy)).collect();
        for code in &codes {
            assert_eq!(code.len(), 8);
            assert!(!code.contains(['0', 'O', '1', 'I', 'L', 'U']), "{code}");
        }
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), 200);
    }

    #[test]
    fn times_are_guatemalas() {
        let at = "2026-12-01T02:30:00Z".parse().unwrap();
        assert_eq!(date_time(at), "30/11/2026 20:30");
    }
}
