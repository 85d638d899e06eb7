//! Dates, times and numbers as people in Guatemala read them: `24/11/2026, 14:00`, `hace 3 días`,
//! `martes 1 de diciembre`, `1,234.5`. The time zone is America/Guatemala.

/// An instant on the clocks of Guatemala.
pub use fhir::zone::local;
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};

use crate::text::{Text, t};

/// `24/11/2026`.
pub fn date(day: Date) -> String {
    format!("{:02}/{:02}/{:04}", day.day(), day.month(), day.year())
}

/// `24/11/2026, 14:00`.
pub fn date_time(time: Timestamp) -> String {
    let then = local(time);
    format!("{}, {}:{:02}", date(then.date()), then.hour(), then.minute())
}

/// `14:00`.
pub fn hour(time: Timestamp) -> String {
    let then = local(time);
    format!("{}:{:02}", then.hour(), then.minute())
}

/// `martes 1 de diciembre`: for paper.
pub fn day_in_words(day: Date) -> Text {
    t("dia-en-palabras")
        .with("semana", weekday(day.weekday()))
        .with("dia", i32::from(day.day()))
        .with("mes", month(day))
}

/// `martes 24 de noviembre de 2026`.
pub fn full_date_in_words(day: Date) -> Text {
    t("fecha-en-palabras").with("dia", day_in_words(day)).with("anio", day.year().to_string())
}

/// How long ago, in the largest whole unit: `hace 3 días`. What is to come reads as now.
pub fn ago(time: Timestamp, now: Timestamp) -> Text {
    let minutes = (now.as_second() - time.as_second()) / 60;
    match minutes {
        ..1 => t("hace-un-momento"),
        1..60 => t("hace-minutos").with("n", minutes),
        60..1440 => t("hace-horas").with("n", minutes / 60),
        1440..86_400 => t("hace-dias").with("n", minutes / 1440),
        _ => t("hace-meses").with("n", minutes / 43_200),
    }
}

/// `1,234.5`: at most two decimals, no idle zeroes.
pub fn number(value: f64) -> String {
    let rounded = format!("{:.2}", value.abs());
    let (whole, decimals) = rounded.split_once('.').unwrap_or((&rounded, ""));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let decimals = decimals.trim_end_matches('0');
    let sign = if value < 0.0 { "−" } else { "" };
    let dot = if decimals.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{dot}{decimals}")
}

/// `lunes`.
pub fn weekday(day: Weekday) -> Text {
    match day {
        Weekday::Monday => t("lunes"),
        Weekday::Tuesday => t("martes"),
        Weekday::Wednesday => t("miercoles"),
        Weekday::Thursday => t("jueves"),
        Weekday::Friday => t("viernes"),
        Weekday::Saturday => t("sabado"),
        Weekday::Sunday => t("domingo"),
    }
}

fn month(day: Date) -> Text {
    match day.month() {
        1 => t("enero"),
        2 => t("febrero"),
        3 => t("marzo"),
        4 => t("abril"),
        5 => t("mayo"),
        6 => t("junio"),
        7 => t("julio"),
        8 => t("agosto"),
        9 => t("septiembre"),
        10 => t("octubre"),
        11 => t("noviembre"),
        _ => t("diciembre"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_stand_on_guatemalan_clocks() {
        assert_eq!(date_time(at("2026-11-25T03:05:00Z")), "24/11/2026, 21:05");
        assert_eq!(
            full_date_in_words(local(at("2026-12-01T12:00:00Z")).date()).to_string(),
            "martes 1 de diciembre de 2026"
        );
    }

    #[test]
    fn waits_are_told_in_the_largest_whole_unit() {
        let now = at("2026-11-24T14:00:00Z");
        let said = |then| ago(at(then), now).to_string();
        assert_eq!(said("2026-11-24T13:59:50Z"), "hace un momento");
        assert_eq!(said("2026-11-24T13:00:00Z"), "hace 1 hora");
        assert_eq!(said("2026-11-21T13:00:00Z"), "hace 3 días");
        assert_eq!(said("2026-08-21T13:00:00Z"), "hace 3 meses");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(1234.5), "1,234.5");
        assert_eq!(number(-1_000_000.0), "−1,000,000");
        assert_eq!(number(17.0), "17");
    }
}
