//! Who might already be registered: proposals with their reasons, never a merge.
//!
//! A score says in which order they are shown, not whether they are the same. What is missing
//! weighs nothing. Twins are never proposed as one another: without a shared given name or CUI,
//! the same day, surnames and place are a sibling. Whoever has the very same number that only one
//! person can have is always proposed, whatever speaks against it.

use access::system;

use crate::Cui;
use crate::people::Entry;

/// From here on somebody is proposed.
const SHOWN_FROM: i32 = 8;
/// What a number that only one person can have weighs, at the least.
const SURE: i32 = 12;

/// Why somebody is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resemblance {
    /// The same CUI.
    SameCui,
    /// A CUI with one digit different or two neighbours swapped.
    NearCui,
    /// The same given names and surnames.
    SameNames,
    /// One given name and one surname in common.
    SomeNames,
    /// The surnames the other way round.
    SwappedSurnames,
    /// The same birth date.
    SameBirthDate,
    /// Day and month the other way round.
    SwappedBirthDate,
    /// The same year of birth.
    SameBirthYear,
    /// The same municipality.
    SamePlace,
    /// The same mother and birth order.
    SameBirth,
    /// The same passport or foreign document.
    SameDocument,
    /// The same file number at the same facility.
    SameFile,
    /// The same IGSS number; whoever depends on a member may carry the member's.
    SameIgss,
    /// The same NIT.
    SameNit,
}

impl Resemblance {
    /// Fluent key of the reason as shown.
    pub fn key(self) -> &'static str {
        match self {
            Self::SameCui => "parecido-mismo-cui",
            Self::NearCui => "parecido-cui-casi-igual",
            Self::SameNames => "parecido-mismos-nombres",
            Self::SomeNames => "parecido-algunos-nombres",
            Self::SwappedSurnames => "parecido-apellidos-cambiados",
            Self::SameBirthDate => "parecido-misma-fecha",
            Self::SwappedBirthDate => "parecido-dia-y-mes-cambiados",
            Self::SameBirthYear => "parecido-mismo-anio",
            Self::SamePlace => "parecido-mismo-municipio",
            Self::SameBirth => "parecido-mismo-nacimiento",
            Self::SameDocument => "parecido-mismo-documento",
            Self::SameFile => "parecido-mismo-expediente",
            Self::SameIgss => "parecido-misma-afiliacion",
            Self::SameNit => "parecido-mismo-nit",
        }
    }

    /// Whether it is of a number that a household may share: alone it makes nobody the same.
    fn is_shared(self) -> bool {
        matches!(self, Self::SameIgss | Self::SameNit)
    }

    fn weight(self) -> i32 {
        match self {
            Self::SameCui | Self::SameDocument | Self::SameFile => SURE,
            Self::SameBirth => 10,
            Self::SameIgss | Self::SameNit => 8,
            Self::SameNames => 7,
            Self::NearCui | Self::SameBirthDate => 5,
            Self::SomeNames => 4,
            Self::SwappedSurnames | Self::SwappedBirthDate => 3,
            Self::SameBirthYear | Self::SamePlace => 1,
        }
    }
}

/// How much two registrations resemble each other, and why; `None` when they are not to be shown
/// as possibly the same.
pub(crate) fn compare(one: &Entry, other: &Entry) -> Option<(i32, Vec<Resemblance>)> {
    let mut reasons = Vec::new();
    let mut against = 0;
    match (&one.cui, &other.cui) {
        (Some(a), Some(b)) if a == b => reasons.push(Resemblance::SameCui),
        (Some(a), Some(b)) if near(a, b) => reasons.push(Resemblance::NearCui),
        (Some(_), Some(_)) => against += 8,
        _ => {}
    }
    reasons.extend(shared_numbers(one, other));
    if let (Some(a), Some(b)) = (&one.newborn, &other.newborn) {
        if reasons.iter().all(|reason| reason.is_shared()) && a.0 == b.0 && a.1 != b.1 && one.birth == other.birth {
            return None;
        }
        if a == b {
            reasons.push(Resemblance::SameBirth);
        }
    }
    let given = one.given.iter().any(|name| other.given.contains(name));
    if !given && !one.given.is_empty() && !other.given.is_empty() && reasons.iter().all(|reason| reason.is_shared()) {
        return None;
    }
    let surname = one.surnames.iter().any(|name| other.surnames.contains(name));
    let all = |a: &[String], b: &[String]| !a.is_empty() && a.iter().all(|name| b.contains(name));
    let inside = |a: &[String], b: &[String]| all(a, b) || all(b, a);
    if given
        && one.surnames.len() > 1
        && one.surnames.iter().rev().eq(other.surnames.iter())
        && one.surnames != other.surnames
    {
        reasons.extend([Resemblance::SomeNames, Resemblance::SwappedSurnames]);
    } else if inside(&one.given, &other.given) && inside(&one.surnames, &other.surnames) {
        reasons.push(Resemblance::SameNames);
    } else if given && surname {
        reasons.push(Resemblance::SomeNames);
    }
    let (a, b) = (one.birth.as_str(), other.birth.as_str());
    if !a.is_empty() && a == b {
        reasons.push(Resemblance::SameBirthDate);
    } else if a.len() == 10 && b.len() == 10 && a[..4] == b[..4] && a[5..7] == b[8..] && a[8..] == b[5..7] {
        reasons.push(Resemblance::SwappedBirthDate);
    } else if a.len() >= 4 && b.len() >= 4 {
        let year = |text: &str| text[..4].parse::<i32>().unwrap_or(0);
        match year(a).abs_diff(year(b)) {
            0 => reasons.push(Resemblance::SameBirthYear),
            1 | 2 => {}
            _ => against += 4,
        }
    }
    let sexes = ["female", "male"];
    if one.sex != other.sex && sexes.contains(&one.sex.as_str()) && sexes.contains(&other.sex.as_str()) {
        against += 3;
    }
    if !one.municipality.is_empty() && one.municipality == other.municipality {
        reasons.push(Resemblance::SamePlace);
    }
    let sure = reasons.iter().any(|reason| reason.weight() == SURE);
    let score = reasons.iter().map(|reason| reason.weight()).sum::<i32>() - against;
    let score = if sure { score.max(SURE) } else { score };
    reasons.sort();
    (score >= SHOWN_FROM).then_some((score, reasons))
}

/// The other numbers that both have.
fn shared_numbers(one: &Entry, other: &Entry) -> Vec<Resemblance> {
    let shared = one.numbers.iter().filter(|number| other.numbers.contains(number));
    let kind = |(kind, _): &(&str, String)| match *kind {
        system::IGSS_NUMBER => Resemblance::SameIgss,
        system::NIT => Resemblance::SameNit,
        _ => Resemblance::SameDocument,
    };
    let mut reasons: Vec<Resemblance> = shared.map(kind).collect();
    reasons.extend(one.files.iter().any(|file| other.files.contains(file)).then_some(Resemblance::SameFile));
    reasons
}

/// One digit different, or two neighbours swapped.
fn near(one: &Cui, other: &Cui) -> bool {
    let (a, b) = (one.digits().as_bytes(), other.digits().as_bytes());
    let different: Vec<usize> = (0..a.len()).filter(|at| a[*at] != b[*at]).collect();
    match different[..] {
        [_] => true,
        [first, second] => second == first + 1 && a[first] == b[second] && a[second] == b[first],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Registration;
    use crate::registration::tests::rosa;

    fn reasons(change: impl FnOnce(&mut Registration)) -> Option<Vec<Resemblance>> {
        let mut other = rosa();
        change(&mut other);
        compare(&typed(&rosa()), &typed(&other)).map(|(_, reasons)| reasons)
    }

    fn typed(form: &Registration) -> Entry {
        Entry::typed(form, Some("post"), jiff::civil::Date::constant(2026, 11, 24))
    }

    #[test]
    fn the_same_person_written_another_way_is_proposed_with_reasons() {
        use Resemblance::*;
        let found = reasons(|other| {
            other.cui = String::new();
            (other.given1, other.given2) = ("roza".into(), String::new());
            other.surname1 = "KAAL".into();
        });
        assert_eq!(found, Some(vec![SameNames, SameBirthDate, SamePlace]));
        let found = reasons(|other| {
            other.cui = String::new();
            (other.surname1, other.surname2) = (other.surname2.clone(), other.surname1.clone());
            other.birth_date = "03/02/1968".into();
        });
        assert_eq!(found, Some(vec![SomeNames, SwappedSurnames, SwappedBirthDate, SamePlace]));
        let found = reasons(|other| {
            other.given1 = "Otra".into();
            other.given2 = String::new();
        });
        assert!(found.is_some_and(|reasons| reasons.contains(&SameCui)), "one CUI, two names: somebody must look");
        let found = reasons(|other| other.cui = "9000000751601".into());
        assert!(found.is_some_and(|reasons| reasons.contains(&NearCui)));
    }

    #[test]
    fn whoever_has_a_number_of_one_person_is_proposed_whatever_speaks_against_it() {
        use Resemblance::*;
        let stranger = |change: fn(&mut Registration)| {
            let mut one = Registration {
                given1: "Wilmer".into(),
                surname1: "Paz".into(),
                sex: "male".into(),
                birth_date: "05/05/1990".into(),
                ..Registration::default()
            };
            change(&mut one);
            let mut other = Registration { cui: String::new(), ..rosa() };
            change(&mut other);
            compare(&typed(&one), &typed(&other)).map(|(_, reasons)| reasons)
        };
        let passport = |form: &mut Registration| {
            (form.passport_country, form.passport_number) = ("hnd".into(), " e 123".into());
        };
        assert_eq!(stranger(passport), Some(vec![SameDocument]));
        assert_eq!(stranger(|form| form.foreign_id = "0801-1990".into()), Some(vec![SameDocument]));
        assert_eq!(stranger(|form| form.file = "77-2026".into()), Some(vec![SameFile]));
        assert_eq!(stranger(|form| form.cui = "9000 00074 1601".into()), Some(vec![SameCui]));
        assert_eq!(stranger(|form| form.igss_number = "176-123456".into()), None, "the number of who pays for both");
        assert_eq!(stranger(|_| {}), None);
        let same_day = |other: &mut Registration| {
            (other.cui, other.nit) = (String::new(), "1000002-K".into());
            other.given1 = "Roza".into();
        };
        assert!(reasons(same_day).is_some(), "by name");
    }

    #[test]
    fn twins_and_namesakes_are_not_proposed() {
        let twin = |other: &mut Registration| {
            other.cui = String::new();
            (other.given1, other.given2) = ("Elena".into(), String::new());
        };
        assert_eq!(reasons(twin), None);
        assert_eq!(reasons(|other| other.cui = "9111111101601".into()), None, "two sound CUIs are two people");
        let namesake = |other: &mut Registration| {
            other.cui = String::new();
            other.birth_date = "02/03/2001".into();
        };
        assert_eq!(reasons(namesake), None);
    }

    #[test]
    fn the_second_born_of_the_same_mother_is_somebody_else() {
        let newborn = |order: &str| Registration {
            cui: String::new(),
            mother_cui: "9000000741601".into(),
            birth_order: order.into(),
            given1: String::new(),
            given2: String::new(),
            ..rosa()
        };
        let (first, second) = (typed(&newborn("1")), typed(&newborn("2")));
        assert_eq!(compare(&first, &second), None);
        assert!(compare(&first, &first).is_some_and(|(_, reasons)| reasons.contains(&Resemblance::SameBirth)));
    }
}
