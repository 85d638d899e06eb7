//! Danger signs: asked for before anything else; a ticked one opens the urgent transfer.
//!
//! The signs are data (`data/care/danger_signs.toml`), written from general knowledge and marked
//! "pendiente de revisión clínica" until a clinical owner signs them. What vital signs imply is a
//! prompt with its reason, shown to the clinician together with the decision it leads to; nothing
//! here ever says that there is no danger.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::{Timestamp, Unit};

/// Code that says "asked for all, none": it is not a sign.
pub const NONE: &str = "ninguna";

/// A danger sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// Code in [`access::system::DANGER_SIGN`].
    pub code: &'static str,
    /// Words on the screen.
    pub label: &'static str,
    /// Service codes it is asked for; empty = for all.
    pub services: Vec<&'static str>,
    /// Asked for when the person is pregnant or has just given birth.
    pub pregnancy: bool,
    /// Asked for of whoever may be younger than this, months.
    pub until_months: Option<u32>,
    /// Where it comes from.
    pub source: &'static str,
    /// State of its clinical review.
    pub revision: &'static str,
}

static SIGNS: LazyLock<Vec<Sign>> = LazyLock::new(|| {
    let table = crate::data::rows(include_str!("../../../data/care/danger_signs.toml"), "sign");
    let sign = |row: &'static toml::Value| Sign {
        code: crate::data::text(row, "code"),
        label: crate::data::text(row, "label"),
        services: crate::data::list(row, "services"),
        pregnancy: row.get("pregnancy").and_then(toml::Value::as_bool).unwrap_or(false),
        until_months: row
            .get("until_months")
            .and_then(toml::Value::as_integer)
            .and_then(|most| u32::try_from(most).ok()),
        source: crate::data::text(row, "source"),
        revision: crate::data::text(row, "revision"),
    };
    table.iter().map(sign).collect()
});

/// The signs to ask for, for a service and a person.
pub fn signs(service: &str, pregnant: bool) -> impl Iterator<Item = &'static Sign> {
    SIGNS.iter().filter(move |sign| {
        let for_service = sign.services.is_empty() || sign.services.contains(&service);
        if sign.pregnancy { pregnant || sign.services.contains(&service) } else { for_service }
    })
}

/// The signs to ask for before any service is chosen: those of everybody, of pregnancy where it can
/// be, and of the person's age (all of them when nobody knows it).
pub fn first_signs(picture: &Picture, pregnant: bool) -> impl Iterator<Item = &'static Sign> {
    let age = picture.age_months.unwrap_or(0);
    SIGNS.iter().filter(move |sign| {
        let by_age = sign.until_months.is_some_and(|most| age < most);
        by_age || if sign.pregnancy { pregnant } else { sign.services.is_empty() }
    })
}

/// The youngest and the oldest that somebody can be, in whole months, by a birth date as precise as
/// it is known (`2026`, `2026-03`, `2026-03-14`).
pub fn ages(birth_date: &str, now: Timestamp) -> Option<(u32, u32)> {
    let (year, month, day) = fhir::date(birth_date)?;
    let today = crate::print::local(now).date();
    let first = Date::new(year, month.unwrap_or(1), day.unwrap_or(1)).ok()?;
    let last = match (month, day) {
        (_, Some(_)) => first,
        (Some(_), None) => first.last_of_month(),
        (None, None) => first.last_of_year(),
    };
    let months = |born: Date| u32::try_from(born.until((Unit::Month, today)).ok()?.get_months()).ok();
    Some((months(last.min(today))?, months(first)?))
}

/// The words of a sign; empty for an unknown code.
pub fn label(code: &str) -> &'static str {
    SIGNS.iter().find(|sign| sign.code == code).map_or("", |sign| sign.label)
}

/// What is known about the person now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Age in months: the youngest that the birth date allows.
    pub age_months: Option<u32>,
    /// The oldest that it allows; the same where the day is known.
    pub oldest_months: Option<u32>,
    /// Weeks of pregnancy, if pregnant.
    pub weeks: Option<u32>,
    /// Within six weeks after birth.
    pub postpartum: bool,
    /// mmHg.
    pub systolic: Option<f64>,
    /// mmHg.
    pub diastolic: Option<f64>,
    /// Degrees Celsius.
    pub temperature: Option<f64>,
    /// Breaths a minute.
    pub breaths: Option<f64>,
    /// Beats a minute.
    pub pulse: Option<f64>,
    /// Percent.
    pub saturation: Option<f64>,
    /// mg/dl.
    pub glucose: Option<f64>,
    /// Protein found in the urine.
    pub proteinuria: bool,
    /// Codes of signs that were ticked.
    pub ticked: Vec<String>,
}

/// A sign that the data imply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Code of the sign.
    pub sign: &'static str,
    /// Why, in words for the clinician.
    pub why: &'static str,
}

/// Code of the sign for high pressure in pregnancy with another sign.
pub const PREECLAMPSIA: &str = "presion-alta-embarazo";
const HEADACHE: &str = "dolor-cabeza-fuerte";

/// What vital signs and ticked signs imply together.
pub fn prompts(picture: &Picture) -> Vec<Prompt> {
    let at_least = |value: Option<f64>, limit: f64| value.is_some_and(|value| value >= limit);
    let below = |value: Option<f64>, limit: f64| value.is_some_and(|value| value < limit);
    let ticked = |code: &str| picture.ticked.iter().any(|one| one == code);
    let late = picture.weeks.is_some_and(|weeks| weeks >= 20) || picture.postpartum;
    let high = at_least(picture.systolic, 140.0) || at_least(picture.diastolic, 90.0);
    let severe = at_least(picture.systolic, 160.0) || at_least(picture.diastolic, 110.0);
    let with = picture.proteinuria || ticked(HEADACHE) || ticked("vision-borrosa") || ticked("dolor-boca-estomago");
    let infant = picture.age_months.is_some_and(|age| age < 2);
    // Of a child of uncertain age, the limit that finds more.
    let oldest = picture.oldest_months.or(picture.age_months);
    let fast = match oldest {
        Some(age) if age < 2 => 60.0,
        Some(age) if age < 12 => 50.0,
        _ => 40.0,
    };
    let rules = [
        (
            late && high && with,
            PREECLAMPSIA,
            "Embarazo de 20 semanas o más (o posparto) con presión 140/90 o más y otra señal",
        ),
        (late && severe, PREECLAMPSIA, "Embarazo de 20 semanas o más (o posparto) con presión 160/110 o más"),
        (below(picture.saturation, 90.0), "oxigeno-bajo", "Saturación de oxígeno menor de 90 %"),
        (
            infant && (at_least(picture.temperature, 38.0) || below(picture.temperature, 35.5)),
            "fiebre-recien-nacido",
            "Menor de 2 meses con fiebre o frío",
        ),
        (
            picture.age_months.is_some_and(|age| age < 60) && at_least(picture.breaths, fast + 10.0),
            "dificultad-respirar",
            "Respira mucho más rápido de lo normal para su edad",
        ),
        (
            oldest.is_none_or(|age| age >= 180) && below(picture.systolic, 90.0) && at_least(picture.pulse, 120.0),
            "choque",
            "Presión baja con pulso rápido",
        ),
        (below(picture.glucose, 54.0), "glucosa-muy-baja", "Glucosa menor de 54 mg/dl"),
    ];
    let mut found: Vec<Prompt> = Vec::new();
    for (_, sign, why) in rules.into_iter().filter(|(holds, ..)| *holds) {
        if !found.iter().any(|prompt| prompt.sign == sign) {
            found.push(Prompt { sign, why });
        }
    }
    found
}

/// What comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The urgent transfer, before any option is shown.
    UrgentTransfer {
        /// Codes of the signs.
        signs: Vec<String>,
    },
    /// No sign is ticked or implied; this is not a finding that there is none.
    Continue,
}

/// Decides from ticked signs and prompts.
pub fn decide(ticked: &[&str], prompts: &[Prompt]) -> Decision {
    let ticked = ticked.iter().filter(|code| **code != NONE).map(|code| (*code).to_owned());
    let mut signs: Vec<String> = ticked.chain(prompts.iter().map(|prompt| prompt.sign.to_owned())).collect();
    signs.sort();
    signs.dedup();
    if signs.is_empty() { Decision::Continue } else { Decision::UrgentTransfer { signs } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_31_weeks_150_over_95_with_proteinuria_and_headache_is_an_urgent_transfer() {
        let picture = Picture {
            weeks: Some(31),
            systolic: Some(150.0),
            diastolic: Some(95.0),
            proteinuria: true,
            ticked: vec![HEADACHE.to_owned()],
            ..Picture::default()
        };
        let found = prompts(&picture);
        assert_eq!(found.iter().map(|prompt| prompt.sign).collect::<Vec<_>>(), [PREECLAMPSIA]);
        assert!(matches!(decide(&[], &found), Decision::UrgentTransfer { .. }), "implied, even if nobody ticks it");
        assert!(matches!(decide(&[HEADACHE], &[]), Decision::UrgentTransfer { .. }));
        let calm = Picture { systolic: Some(112.0), diastolic: Some(70.0), weeks: Some(31), ..Picture::default() };
        assert_eq!(prompts(&calm), []);
        assert_eq!(decide(&[NONE], &[]), Decision::Continue);
    }

    #[test]
    fn an_uncertain_birth_date_never_switches_a_child_s_rule_off() {
        let now = "2026-11-24T14:00:00Z".parse().unwrap();
        assert_eq!(ages("2026", now), Some((0, 10)));
        assert_eq!(ages("2026-03", now), Some((7, 8)));
        assert_eq!(ages("2026-10-01", now), Some((1, 1)));
        assert_eq!((ages("2027-01", now), ages("", now)), (None, None));
        let of = |birth: &str| {
            let (age_months, oldest_months) = ages(birth, now).unzip();
            Picture { age_months, oldest_months, ..Picture::default() }
        };
        let found = |picture: Picture| prompts(&picture).iter().map(|one| one.sign).collect::<Vec<_>>();
        assert_eq!(found(Picture { temperature: Some(38.2), ..of("2026") }), ["fiebre-recien-nacido"]);
        assert_eq!(found(Picture { breaths: Some(61.0), ..of("2026") }), ["dificultad-respirar"]);
        assert_eq!(found(Picture { temperature: Some(38.2), ..of("2025") }), Vec::<&str>::new());
        let asked = |picture: &Picture| first_signs(picture, false).any(|sign| sign.code == "no-puede-beber");
        assert!(asked(&of("2023")) && asked(&Picture::default()) && !asked(&of("1990")));
        assert!(
            found(Picture { systolic: Some(150.0), proteinuria: true, postpartum: true, ..of("1990") })
                .contains(&PREECLAMPSIA)
        );
    }

    #[test]
    fn every_sign_is_marked_for_review_and_belongs_to_known_services() {
        assert!(SIGNS.len() > 25);
        for sign in SIGNS.iter() {
            assert_eq!(sign.revision, "pendiente de revisión clínica", "{}", sign.code);
            assert!(!sign.source.is_empty() && !sign.label.is_empty());
            for service in &sign.services {
                assert!(crate::service::Service::find(service).is_some(), "{service}");
            }
        }
        for service in crate::service::Service::all() {
            assert!(signs(service.code, false).count() >= 5, "{}", service.code);
        }
        let codes: std::collections::BTreeSet<_> = SIGNS.iter().map(|sign| sign.code).collect();
        assert_eq!(codes.len(), SIGNS.len());
        for prompt in [
            PREECLAMPSIA,
            "oxigeno-bajo",
            "fiebre-recien-nacido",
            "dificultad-respirar",
            "choque",
            "glucosa-muy-baja",
            HEADACHE,
            "vision-borrosa",
            "dolor-boca-estomago",
        ] {
            assert!(codes.contains(prompt), "{prompt}");
        }
    }
}
