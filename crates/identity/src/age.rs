//! Ages and birth dates as people say and write them.

use jiff::Unit;
use jiff::civil::Date;

/// Reads `dd/mm/aaaa` (also with hyphens, dots or spaces, and one-digit day or month); `None` for
/// what is no day of the calendar.
pub fn parse_date(text: &str) -> Option<Date> {
    let mut parts = text.trim().split(['/', '-', '.', ' ']);
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let plain = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || !plain(day, 2) || !plain(month, 2) || year.len() != 4 || !plain(year, 4) {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
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
        for bad in ["30/02/1990", "1968-03-02", "02/03/68", "1/1", "a/b/cccc", "+1/02/1990", ""] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
        assert_eq!(print_date("1968-03-02"), "02/03/1968");
        assert_eq!(print_date("1968"), "1968");
    }

    #[test]
    fn the_day_turns_at_midnight_in_guatemala() {
        assert_eq!(today("2026-11-24T05:59:59Z".parse().expect("an instant")), Date::constant(2026, 11, 23));
        assert_eq!(today("2026-11-24T06:00:00Z".parse().expect("an instant")), Date::constant(2026, 11, 24));
    }
}
