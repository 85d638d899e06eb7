//! Ages and birth dates as people say and write them.

use jiff::Unit;
use jiff::civil::Date;

use crate::name::fold;

/// Months as they are written, whole or by their first letters; `setiembre` is said as well.
const MONTHS: [(&str, i8); 13] = [
    ("enero", 1),
    ("febrero", 2),
    ("marzo", 3),
    ("abril", 4),
    ("mayo", 5),
    ("junio", 6),
    ("julio", 7),
    ("agosto", 8),
    ("septiembre", 9),
    ("setiembre", 9),
    ("octubre", 10),
    ("noviembre", 11),
    ("diciembre", 12),
];
/// Before and after these nobody who comes was born, and no day of ours lies.
const YEARS: std::ops::RangeInclusive<i16> = 1800..=2199;

/// Reads a day as people write it: `dd/mm/aaaa` (also with hyphens, dots or spaces, and one-digit
/// day or month), `aaaa-mm-dd`, `2 de julio de 1971`; `None` for what is no day of the calendar and
/// for a year of two digits, which has no century.
pub fn parse_date(text: &str) -> Option<Date> {
    match written_days(text)?[..] {
        [day] => Some(day),
        _ => None,
    }
}

/// The days that a text may mean, the latest first: one, two where the year has two digits, none
/// where it is written as a day and there is no such day. `None` for what is not written as a day.
pub fn written_days(text: &str) -> Option<Vec<Date>> {
    let text = fold_month(text.trim())?;
    let parts: Vec<&str> = text.split(['/', '-', '.', ' ']).filter(|part| !part.is_empty()).collect();
    let [first, month, last] = parts[..] else { return None };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if ![first, month, last].into_iter().all(digits) || month.len() > 2 {
        return None;
    }
    let (day, year) = if first.len() == 4 { (last, first) } else { (first, last) };
    if day.len() > 2 {
        return None;
    }
    let said: i16 = year.parse().ok()?;
    let years = match year.len() {
        4 if YEARS.contains(&said) => vec![said],
        2 => vec![2000 + said, 1900 + said],
        _ => return None,
    };
    let (day, month) = (day.parse().ok()?, month.parse().ok()?);
    Some(years.into_iter().filter_map(|year| Date::new(year, month, day).ok()).collect())
}

/// `2 de julio de 1971` as `2 7 1971`; digits alone stay; `None` where other words are in it.
fn fold_month(text: &str) -> Option<String> {
    if !text.chars().any(char::is_alphabetic) {
        return Some(text.to_owned());
    }
    let folded = fold(text);
    let mut parts = Vec::new();
    for word in folded.split(' ').filter(|word| !matches!(*word, "de" | "del")) {
        let month = || MONTHS.iter().find(|(name, _)| word.len() > 2 && name.starts_with(word));
        match word.bytes().all(|byte| byte.is_ascii_digit()) {
            true => parts.push(word.to_owned()),
            false => parts.push(month()?.1.to_string()),
        }
    }
    Some(parts.join(" "))
}

/// `dd/mm/aaaa`, `mm/aaaa` or `aaaa` from a FHIR date, as precise as it is.
pub fn print_date(fhir_date: &str) -> String {
    fhir_date.split('-').rev().collect::<Vec<_>>().join("/")
}

/// The day in Guatemala at this instant.
pub fn today(now: jiff::Timestamp) -> Date {
    fhir::zone::local(now).date()
}

/// `58 años`, `3 meses`, `12 días`; about (`~58 años`) when only the year or month of birth is
/// known. Months up to two years, because that is how children are followed. `None` when the date
/// is none or lies after `on`.
pub fn age_text(fhir_date: &str, on: Date) -> Option<String> {
    let (year, month, day) = fhir::date(fhir_date)?;
    let born = Date::new(year, month.unwrap_or(7), day.unwrap_or(1)).ok()?;
    let about = if day.is_none() { "~" } else { "" };
    if born > on {
        return None;
    }
    let span = born.until((Unit::Month, on)).ok()?;
    let months = span.get_months();
    Some(match months {
        0 => count(about, born.until((Unit::Day, on)).ok()?.get_days(), "día", "días"),
        1..=23 => count(about, months, "mes", "meses"),
        _ => count(about, months / 12, "año", "años"),
    })
}

/// Whole years of age on a day; `None` as for [`age_text`].
pub fn age_years(fhir_date: &str, on: Date) -> Option<i32> {
    let (year, month, day) = fhir::date(fhir_date)?;
    let born = Date::new(year, month.unwrap_or(7), day.unwrap_or(1)).ok()?;
    (born <= on).then(|| born.until((Unit::Month, on)).map(|span| span.get_months() / 12).unwrap_or(0))
}

fn count(about: &str, number: i32, one: &str, many: &str) -> String {
    format!("{about}{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_as_people_say_them() {
        let on = Date::constant(2026, 11, 24);
        for (born, said) in [
            ("1968-03-02", "58 años"),
            ("2026-08-20", "3 meses"),
            ("2026-11-12", "12 días"),
            ("2026-11-24", "0 días"),
            ("2026-11-23", "1 día"),
            ("2026-10-24", "1 mes"),
            ("2024-11-25", "23 meses"),
            ("2024-11-24", "2 años"),
            ("1968", "~58 años"),
            ("1968-03", "~58 años"),
        ] {
            assert_eq!(age_text(born, on).as_deref(), Some(said), "{born}");
        }
        assert_eq!(age_text("2026-11-25", on), None);
        assert_eq!(age_text("2026-02-30", on), None);
    }

    #[test]
    fn dates_are_read_and_written_day_first() {
        assert_eq!(parse_date("2/3/1968"), Some(Date::constant(1968, 3, 2)));
        assert_eq!(parse_date(" 02-03-1968 "), Some(Date::constant(1968, 3, 2)));
        for bad in ["30/02/1990", "02/03/68", "1/1", "a/b/cccc", "+1/02/1990", "18-01-0045", ""] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
        assert_eq!(print_date("1968-03-02"), "02/03/1968");
        assert_eq!(print_date("1968"), "1968");
    }

    #[test]
    fn a_day_is_read_as_people_write_it() {
        let day = Date::constant(1971, 7, 2);
        for text in [
            "02/07/1971",
            "02 07 1971",
            "2.7.1971",
            "1971-07-02",
            "1971/7/2",
            "2 de julio de 1971",
            "2 DE JULIO DEL 1971",
            "2 jul 1971",
            "02-jul-1971",
        ] {
            assert_eq!(written_days(text), Some(vec![day]), "{text}");
        }
        assert_eq!(parse_date("9 de setiembre de 1971"), Some(Date::constant(1971, 9, 9)));
        assert_eq!(written_days("02/07/71"), Some(vec![Date::constant(2071, 7, 2), day]), "either century");
        for none in ["30/02/1971", "1971-13-40", "31 de febrero de 1971", "32/01/71"] {
            assert_eq!(written_days(none), Some(vec![]), "{none}: written as a day, and there is none");
        }
        for other in ["77-2026", "176-123456", "18-01-0045", "9000 00074 1601", "rosa de leon", "2 de maria de 1971"] {
            assert_eq!(written_days(other), None, "{other}");
        }
    }

    #[test]
    fn the_day_turns_at_midnight_in_guatemala() {
        assert_eq!(today("2026-11-24T05:59:59Z".parse().expect("an instant")), Date::constant(2026, 11, 23));
        assert_eq!(today("2026-11-24T06:00:00Z".parse().expect("an instant")), Date::constant(2026, 11, 24));
    }
}
