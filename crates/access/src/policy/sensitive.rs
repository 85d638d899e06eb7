//! Sensitivity as policy data (`data/policy/sensibilidad.toml`): which codes, services and ages make
//! a resource sensitive, who sees each class besides the treating team, and for how long a closed
//! referral is still shown. Pure: what a resource says by itself; `crate::label` adds what its
//! visit says.
//!
//! The file is compiled in and tested. Only the bits of the classes are fixed in the program
//! ([`Label`]), because index rows hold them.

use std::sync::LazyLock;

use fhir::Value;
use jiff::civil::Date;
use toml::{Table, Value as Toml};

use super::bits::Label;
use crate::{Role, system};

/// The policy as it was compiled in.
pub(crate) static POLICY: LazyLock<Policy> =
    LazyLock::new(|| Policy::read(include_str!("../../../../data/policy/sensibilidad.toml")));

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const LOINC: &str = "http://loinc.org";
/// ICD-10 by whatever edition and name it is written under.
const ICD10: [&str; 2] = ["http://hl7.org/fhir/sid/icd-10", "urn:oid:2.16.840.1.113883.6.3"];

/// The file.
pub(crate) struct Policy {
    /// Days after closure in which a referral shows its content.
    pub(crate) shared_days: i64,
    treating: Vec<Role>,
    triage: Vec<Role>,
    classes: Vec<Class>,
}

struct Class {
    label: Label,
    v3: &'static str,
    name: &'static str,
    also: Vec<Role>,
    services: Vec<&'static str>,
    loinc: Vec<&'static str>,
    rules: Vec<Rule>,
}

/// Ranges of ICD-10 that imply a class, always or between two ages (whole years, both included).
struct Rule {
    ranges: Vec<(&'static str, &'static str)>,
    ages: Option<(i16, i16)>,
}

/// What a resource implies by its codes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Implied {
    /// Bits that it implies whoever it is about.
    pub(crate) labels: u32,
    /// Bits that it implies if the person was of this age.
    pub(crate) by_age: Vec<(u32, (i16, i16))>,
}

impl Policy {
    fn read(text: &'static str) -> Self {
        let table: &'static Table = Box::leak(Box::new(text.parse().expect("the shipped policy is TOML")));
        let days = table.get("shared_days").and_then(Toml::as_integer);
        Self {
            shared_days: days.expect("the shipped policy says for how long a closed referral is shown"),
            treating: roles(table, "treating"),
            triage: roles(table, "triage"),
            classes: rows(table, "label").map(class).collect(),
        }
    }

    fn class(&self, label: Label) -> &Class {
        self.classes.iter().find(|one| one.label == label).expect("the shipped policy has every class")
    }

    /// Whether a role of a treating facility sees every class.
    pub(crate) fn treats(&self, role: Role) -> bool {
        self.treating.contains(&role)
    }

    /// Whether a role reads what a referral asks for, whatever it is about.
    pub(crate) fn triages(&self, role: Role) -> bool {
        self.triage.contains(&role)
    }

    /// The classes that a role is named for, besides the treating team.
    pub(crate) fn named(&self, role: Role) -> u32 {
        self.classes.iter().filter(|one| one.also.contains(&role)).fold(0, |bits, one| bits | one.label.bit())
    }

    /// What a resource implies by its codes alone, wherever in it they stand.
    pub(crate) fn implied(&self, resource: &Value) -> Implied {
        let mut found = Implied::default();
        codings(resource, &mut |of, code| self.coding(of, code, &mut found));
        found
    }

    fn coding(&self, of: &str, code: &str, found: &mut Implied) {
        for one in &self.classes {
            let bit = one.label.bit();
            if (of == system::SPECIALTY && one.services.contains(&code)) || (of == LOINC && one.loinc.contains(&code)) {
                found.labels |= bit;
            }
            if !ICD10.iter().any(|name| of.starts_with(name)) {
                continue;
            }
            let code = code.replace('.', "").to_ascii_uppercase();
            for rule in one.rules.iter().filter(|rule| rule.covers(&code)) {
                match rule.ages {
                    None => found.labels |= bit,
                    Some(ages) => found.by_age.push((bit, ages)),
                }
            }
        }
    }
}

impl Rule {
    /// Whether the code lies in a range, or below one of its bounds (`B20.1` in `B20-B24`).
    fn covers(&self, code: &str) -> bool {
        let part = |length: usize| code.get(..length);
        self.ranges.iter().any(|(low, high)| {
            part(low.len()).is_some_and(|code| code >= *low) && part(high.len()).is_some_and(|code| code <= *high)
        })
    }
}

impl Implied {
    /// The bits that hold for a person of this age; who may have been of the age counts as of it.
    pub(crate) fn at(&self, age: Option<(i16, i16)>) -> u32 {
        let may = |(from, to): (i16, i16)| age.is_none_or(|(least, most)| most >= from && least <= to);
        self.by_age.iter().filter(|(_, ages)| may(*ages)).fold(self.labels, |bits, (bit, _)| bits | bit)
    }
}

/// The youngest and the oldest, in whole years, that somebody can have been on a day, by a birth
/// date as precise as it is known.
pub(crate) fn ages(birth_date: &str, day: Date) -> Option<(i16, i16)> {
    let (year, month, date) = fhir::date(birth_date)?;
    let first = Date::new(year, month.unwrap_or(1), date.unwrap_or(1)).ok()?;
    let last = match (month, date) {
        (_, Some(_)) => first,
        (Some(_), None) => first.last_of_month(),
        (None, None) => first.last_of_year(),
    };
    let age = |born: Date| {
        let before = (day.month(), day.day()) < (born.month(), born.day());
        (day.year() - born.year() - i16::from(before)).max(0)
    };
    Some((age(last), age(first)))
}

impl Label {
    /// Its name for people, in small letters.
    pub fn name(self) -> &'static str {
        POLICY.class(self).name
    }

    /// The roles that see it besides the treating team and whoever triages.
    pub fn also(self) -> &'static [Role] {
        &POLICY.class(self).also
    }

    /// What `meta.security` carries for it: our own code and FHIR's (v3-ActCode).
    pub(crate) fn codings(self) -> [Value; 2] {
        let v3 = POLICY.class(self).v3;
        [self.coding(), fhir::json!({ "system": ACT_CODE, "code": v3 })]
    }

    /// The classes that a diagnosis (ICD-10, with or without its point) and a service imply for
    /// somebody born then, on that day.
    pub fn implied(diagnoses: &[&str], service: &str, birth_date: &str, day: Date) -> Vec<Self> {
        let mut found = Implied::default();
        POLICY.coding(system::SPECIALTY, service, &mut found);
        diagnoses.iter().for_each(|code| POLICY.coding(system::ICD10, code, &mut found));
        Self::of_bits(found.at(ages(birth_date, day)))
    }

    /// The classes that a resource is labelled with.
    pub fn of(resource: &Value) -> Vec<Self> {
        Self::of_bits(super::labels(resource))
    }

    pub(crate) fn of_bits(bits: u32) -> Vec<Self> {
        Self::ALL.into_iter().filter(|label| bits & label.bit() != 0).collect()
    }

    /// The class of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.code() == code)
    }
}

/// For how many days after its closure a referral still shows its content to both facilities.
pub fn shared_days_after_closure() -> i64 {
    POLICY.shared_days
}

/// Calls `on` with system and code of each Coding of a resource, outside `meta`.
fn codings(value: &Value, on: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| codings(item, on)),
        Value::Object(object) => {
            if let (Some(of), Some(code)) = (value.text_at(&["system"]), value.text_at(&["code"])) {
                on(of, code);
            }
            object.iter().filter(|(name, _)| *name != "meta").for_each(|(_, value)| codings(value, on));
        }
        _ => {}
    }
}

fn class(row: &'static Toml) -> Class {
    let row = row.as_table().expect("a class of the shipped policy is a table");
    let always = Rule { ranges: ranges(row), ages: None };
    Class {
        label: Label::from_code(word(row, "code")).expect("the shipped policy names classes of the program"),
        v3: word(row, "v3"),
        name: word(row, "name"),
        also: roles(row, "also"),
        services: words(row, "services"),
        loinc: words(row, "loinc"),
        rules: std::iter::once(always).chain(rows(row, "by_age").map(by_age)).collect(),
    }
}

fn by_age(row: &'static Toml) -> Rule {
    let row = row.as_table().expect("a rule of the shipped policy is a table");
    let ages = row.get("ages").and_then(Toml::as_array).map(Vec::as_slice);
    let age = |one: &Toml| one.as_integer().and_then(|age| i16::try_from(age).ok()).expect("an age is whole years");
    let Some([from, to]) = ages else { panic!("a rule of the shipped policy has two ages") };
    Rule { ranges: ranges(row), ages: Some((age(from), age(to))) }
}

fn ranges(row: &'static Table) -> Vec<(&'static str, &'static str)> {
    words(row, "icd10").into_iter().map(|range| range.split_once('-').unwrap_or((range, range))).collect()
}

fn roles(row: &'static Table, name: &str) -> Vec<Role> {
    let known = |code| Role::from_code(code).expect("the shipped policy names roles of the program");
    words(row, name).into_iter().map(known).collect()
}

fn rows(table: &'static Table, name: &str) -> impl Iterator<Item = &'static Toml> {
    table.get(name).and_then(Toml::as_array).into_iter().flatten()
}

fn word(row: &'static Table, name: &str) -> &'static str {
    row.get(name).and_then(Toml::as_str).expect("a row of the shipped policy has its words")
}

fn words(row: &'static Table, name: &str) -> Vec<&'static str> {
    row.get(name).and_then(Toml::as_array).into_iter().flatten().filter_map(Toml::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn implied(code: &str, birth: &str) -> Vec<&'static str> {
        let day = "2026-11-24".parse().unwrap();
        Label::implied(&[code], "", birth, day).into_iter().map(Label::code).collect()
    }

    #[test]
    fn the_file_says_who_sees_each_class_and_nobody_else_does() {
        for label in Label::ALL {
            assert!(!label.name().is_empty());
            let [ours, v3] = label.codings();
            let labels = |one: Value| super::super::labels(&fhir::json!({ "meta": { "security": [one] } }));
            assert_eq!(labels(ours), label.bit());
            assert_eq!(labels(v3), label.bit(), "FHIR's code reads as our class");
        }
        let treating = Role::ALL.into_iter().filter(|role| POLICY.treats(*role));
        assert_eq!(treating.collect::<Vec<_>>(), [Role::Nurse, Role::Doctor, Role::Specialist]);
        assert_eq!(POLICY.named(Role::Clerk), 0);
        assert_eq!(POLICY.named(Role::SocialWorker) & Label::Hiv.bit(), 0);
        for class in &POLICY.classes {
            for (low, high) in class.rules.iter().flat_map(|rule| &rule.ranges) {
                assert!(low <= high && low.len() >= 3, "{low}-{high}");
                let built = |code: &str| code.as_bytes()[0].is_ascii_uppercase() && !code.contains('.');
                assert!(built(low) && built(high), "{low}-{high}");
            }
        }
    }

    #[test]
    fn a_code_implies_its_class_with_or_without_its_point() {
        for (code, class) in [("B20.1", "vih"), ("b24x", "vih"), ("Z21", "vih"), ("Y05", "violencia")] {
            assert_eq!(implied(code, "1990-05-17"), [class], "{code}");
        }
        assert_eq!(implied("F32.1", "1990"), ["salud-mental"]);
        assert_eq!(implied("F10", "1990"), ["sustancias"]);
        assert_eq!(implied("Z61.5", "1990"), ["violencia"]);
        for plain in ["Z61", "Z61.7", "J00", "E11.9", "B25", "F", "", "ñandú"] {
            assert_eq!(implied(plain, "1990"), [""; 0], "{plain}");
        }
        let day = "2026-11-24".parse().unwrap();
        assert_eq!(Label::implied(&[], "psiquiatria", "1990", day), [Label::MentalHealth]);
    }

    #[test]
    fn age_counts_where_the_file_says_so_and_doubt_protects() {
        assert_eq!(implied("O14", "1996-01-01"), [""; 0], "thirty");
        assert_eq!(implied("O14", "2009-11-25"), ["adolescente-ssr"], "sixteen");
        assert_eq!(implied("Z34", "2013-11-24"), ["violencia", "adolescente-ssr"], "thirteen today");
        assert_eq!(implied("Z34", "2012-11-24"), ["adolescente-ssr"], "fourteen today");
        assert_eq!(implied("O80", "2006-11-24"), [""; 0], "twenty today");
        assert_eq!(implied("O80", "2006-11-25"), ["adolescente-ssr"], "twenty tomorrow");
        assert_eq!(implied("O80", "2006"), ["adolescente-ssr"], "nineteen or twenty");
        assert_eq!(implied("O80", ""), ["violencia", "adolescente-ssr"], "nobody knows how old");
    }

    #[test]
    fn codes_are_found_wherever_they_stand() {
        let request = fhir::json!({ "resourceType": "ServiceRequest",
            "meta": { "security": [{ "system": "http://hl7.org/fhir/sid/icd-10", "code": "B20" }] },
            "code": { "coding": [{ "system": system::SPECIALTY, "code": "psicologia" }] },
            "reasonCode": [{ "text": "x" }, { "coding": [{ "system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F10.2" }] }] });
        assert_eq!(POLICY.implied(&request).labels, Label::MentalHealth.bit() | Label::Substances.bit());
        let test = fhir::json!({ "resourceType": "Observation", "code": { "coding": [
            { "system": LOINC, "code": "75622-1" }] } });
        assert_eq!(POLICY.implied(&test).labels, Label::Hiv.bit());
    }
}
