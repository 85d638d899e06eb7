//! What a visit captures, and what is missing or impossible in it. Each FOR-SIGSA-3 column is
//! captured once: those of the person come from the Patient or [`Form::traits`], the rest from here.

use fhir::Value;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::danger::Picture;
use crate::referral::Named;
use crate::resource::text;
use crate::visit::settle::{Settled, consistent};
use crate::visit::vitals::{self, FUNDAL, Reading};
use crate::{CareError, Problem};

/// A diagnosis: ICD-10 code, or empty for "sin código", and words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// ICD-10 code.
    pub code: String,
    /// Words.
    pub words: String,
    /// Stays on the list of active problems.
    pub problem: bool,
}

/// A medicine given or prescribed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Treatment {
    /// Name and how to take it.
    pub words: String,
    /// Presentation.
    pub presentation: String,
    /// How many were needed; 0 = nobody wrote it.
    pub quantity: u32,
    /// How many were handed out.
    pub delivered: u32,
}

/// The form of a visit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The person.
    pub patient: Named,
    /// The day of the visit, when it was not today: on paper, in the community.
    pub date: Option<Date>,
    /// Name and CUI of whoever comes along.
    pub companion: Option<(String, String)>,
    /// In the community, not at the facility.
    pub extramural: bool,
    /// Campaign or jornada, if it was one.
    pub campaign: String,
    /// SIGSA column 10: 0 does not apply, 1 first visit, …
    pub consultation: String,
    /// SIGSA column 11: control.
    pub control: String,
    /// SIGSA column 13: came with a referral from there.
    pub referred_from: String,
    /// SIGSA column 15: place and number of notification.
    pub notification: String,
    /// Who receives the medicine.
    pub receiver: String,
    /// Columns 5 to 9 that the Patient does not tell yet: `discapacidad`, `orientacion-sexual`,
    /// `escolaridad`, `ocupacion`, `agricola-migrante`, each with its value.
    pub traits: Vec<(String, String)>,
    /// Why the person comes.
    pub reason: String,
    /// What was found.
    pub findings: String,
    /// Vital signs as typed: field of [`vitals::VITALS`] and number.
    pub vitals: Vec<(String, String)>,
    /// Protein was found in the urine.
    pub proteinuria: bool,
    /// New allergies, in words.
    pub allergies: Vec<String>,
    /// Current medicines, in words.
    pub medicines: Vec<String>,
    /// What was noted before and holds no longer.
    pub settled: Vec<Settled>,
    /// First day of the last period (`YYYY-MM-DD`), when pregnant.
    pub last_period: String,
    /// Gave birth within the last six weeks.
    pub postpartum: bool,
    /// Diagnoses, the main one first.
    pub diagnoses: Vec<Diagnosis>,
    /// What is given.
    pub treatments: Vec<Treatment>,
    /// What follows.
    pub plan: String,
    /// Classes of sensitive information in it, besides those that its codes imply.
    pub sensitive: Vec<access::Label>,
    /// The Patient with what the visit learnt of who they are, and the version that it was read at:
    /// written with the visit.
    pub person: Option<(Value, u64)>,
    /// Unusual values were confirmed.
    pub confirmed: bool,
    /// Version of the kept sheet that it is signed from ([`super::draft::Kept::version`]); none where
    /// it was on no sheet.
    pub sheet: Option<u64>,
}

/// Columns of FOR-SIGSA-3 that describe the person and are asked where the Patient does not tell.
pub const TRAITS: [&str; 5] = ["discapacidad", "orientacion-sexual", "escolaridad", "ocupacion", "agricola-migrante"];

impl Form {
    /// The vital signs, read.
    ///
    /// # Errors
    /// A problem for each that is impossible.
    pub fn readings(&self) -> Result<Vec<Reading>, Vec<Problem>> {
        let filled = self.vitals.iter().filter(|(_, typed)| text(typed).is_some());
        let (good, bad): (Vec<_>, Vec<_>) =
            filled.map(|(field, typed)| vitals::read(field, typed)).partition(Result::is_ok);
        if bad.is_empty() {
            Ok(good.into_iter().flatten().collect())
        } else {
            Err(bad.into_iter().filter_map(Result::err).collect())
        }
    }

    /// When the visit was: now, or noon of its day.
    pub fn moment(&self, now: Timestamp) -> Timestamp {
        self.date.and_then(|day| crate::print::instant(day.at(12, 0, 0, 0))).unwrap_or(now)
    }

    /// Whole weeks and days of pregnancy at that time.
    pub fn gestational_age(&self, now: Timestamp) -> Option<(u32, u32)> {
        let first: Date = text(&self.last_period)?.parse().ok()?;
        let days = first.until(crate::print::local(now).date()).ok()?.get_days();
        let days = u32::try_from(days).ok().filter(|days| *days <= 315)?;
        Some((days / 7, days % 7))
    }

    /// What it says of a pregnancy or a birth: nothing of it is signed for a man.
    pub fn of_pregnancy(&self) -> Vec<Problem> {
        let fundal = self.vitals.iter().any(|(field, typed)| field == FUNDAL && text(typed).is_some());
        let said =
            [("last_period", text(&self.last_period).is_some()), ("postpartum", self.postpartum), (FUNDAL, fundal)];
        said.into_iter().filter(|(_, said)| *said).map(|(field, _)| Problem::new(field, "man-pregnant")).collect()
    }

    /// Everything that has to be mended or confirmed before it can be signed.
    ///
    /// # Errors
    /// `Form`.
    pub fn check(&self, now: Timestamp) -> Result<Vec<Reading>, CareError> {
        let mut problems = Vec::new();
        let mut need = |bad: bool, field: &str, key: &'static str| {
            if bad {
                problems.push(Problem::new(field, key));
            }
        };
        need(self.patient.id.is_empty(), "patient", "patient-missing");
        need(text(&self.reason).is_none(), "reason", "reason-missing");
        need(self.diagnoses.is_empty(), "diagnoses", "diagnosis-missing");
        need(self.diagnoses.iter().any(|one| text(&one.words).is_none()), "diagnoses", "diagnosis-words");
        let today = crate::print::local(now).date();
        need(self.date.is_some_and(|day| day > today), "date", "date-future");
        let oldest = today.saturating_sub(1.year());
        need(self.date.is_some_and(|day| day < oldest), "date", "date-old");
        let asked = text(&self.last_period).is_some();
        need(asked && self.gestational_age(self.moment(now)).is_none(), "last_period", "date-implausible");
        need(self.treatments.iter().any(|one| text(&one.words).is_none()), "treatments", "treatment-words");
        need(
            self.treatments.iter().any(|one| one.quantity > 0 && one.delivered > one.quantity),
            "treatments",
            "delivered-too-many",
        );
        need(!consistent(&self.settled), "settled", "settled-twice");
        need(self.traits.iter().any(|(name, _)| !TRAITS.contains(&name.as_str())), "traits", "field-unknown");
        let readings = self.readings().unwrap_or_else(|bad| {
            problems.extend(bad);
            Vec::new()
        });
        let value = |field: &str| readings.iter().find(|one| one.vital.field == field).map(|one| one.value);
        match (value("systolic"), value("diastolic")) {
            (Some(high), Some(low)) if high <= low => problems.push(Problem::new("diastolic", "pressure-swapped")),
            (Some(_), None) => problems.push(Problem::new("diastolic", "diastolic-missing")),
            (None, Some(_)) => problems.push(Problem::new("systolic", "systolic-missing")),
            _ => {}
        }
        let unusual = readings.iter().filter(|one| !self.confirmed && one.unusual());
        problems.extend(unusual.map(|one| Problem::new(one.vital.field, "confirm-unusual")));
        if problems.is_empty() { Ok(readings) } else { Err(CareError::Form(problems)) }
    }

    /// What the danger prompts are computed from, with the birth date as precise as it is known.
    pub fn picture(&self, now: Timestamp, birth_date: &str, ticked: Vec<String>) -> Picture {
        let now = self.moment(now);
        let (age_months, oldest_months) = crate::danger::ages(birth_date, now).unzip();
        let readings = self.readings().unwrap_or_default();
        let value = |field: &str| readings.iter().find(|one| one.vital.field == field).map(|one| one.value);
        Picture {
            age_months,
            oldest_months,
            weeks: self.gestational_age(now).map(|age| age.0),
            postpartum: self.postpartum,
            systolic: value("systolic"),
            diastolic: value("diastolic"),
            temperature: value("temperature"),
            breaths: value("breaths"),
            pulse: value("pulse"),
            saturation: value("saturation"),
            glucose: value("glucose"),
            proteinuria: self.proteinuria,
            ticked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::danger::{Decision, decide, prompts};

    #[test]
    fn the_last_period_gives_the_week_and_the_week_the_prompt() {
        let now = "2026-11-24T14:00:00Z".parse().unwrap();
        let vitals = [("systolic", "150"), ("diastolic", "95")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let form =
            Form { last_period: "2026-04-21".into(), vitals: vitals.into(), proteinuria: true, ..Form::default() };
        assert_eq!(form.gestational_age(now), Some((31, 0)));
        let found = prompts(&form.picture(now, "", vec!["dolor-cabeza-fuerte".into()]));
        assert!(matches!(decide(&[], &found), Decision::UrgentTransfer { .. }));
        for implausible in ["2027-01-01", "2025-01-01", "ayer"] {
            assert_eq!(Form { last_period: implausible.into(), ..Form::default() }.gestational_age(now), None);
        }
    }

    #[test]
    fn a_visit_of_another_day_counts_from_that_day_and_is_never_to_come() {
        let now = "2026-11-24T14:00:00Z".parse().unwrap();
        let form = Form { last_period: "2026-04-21".into(), date: "2026-11-17".parse().ok(), ..Form::default() };
        assert_eq!(form.picture(now, "", vec![]).weeks, Some(30));
        let Err(CareError::Form(problems)) = (Form { date: "2026-11-25".parse().ok(), ..form }).check(now) else {
            panic!()
        };
        assert!(problems.iter().any(|one| one.key == "date-future"));
        let old = |date: &str| match (Form { date: date.parse().ok(), ..Form::default() }).check(now) {
            Err(CareError::Form(problems)) => problems.iter().any(|one| one.key == "date-old"),
            _ => false,
        };
        assert_eq!((old("2025-11-24"), old("2025-11-23"), old("1026-11-17")), (false, true, true));
    }

    #[test]
    fn each_problem_names_its_field() {
        let now = "2026-11-24T14:00:00Z".parse().unwrap();
        let vitals = vec![("systolic".to_owned(), "80".to_owned()), ("diastolic".to_owned(), "95".to_owned())];
        let Err(CareError::Form(problems)) = (Form { vitals, ..Form::default() }).check(now) else { panic!() };
        let fields: Vec<_> = problems.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["patient", "reason", "diagnoses", "diastolic"]);
    }
}
