//! Numbers and dates with the range that their precision implies (R4 §3.1.1.4.5 and §3.1.1.4.7).

use crate::calendar::days;
use crate::zone::OFFSET;

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;
/// Microseconds of a day.
const DAY: i64 = 86_400 * SECOND;

/// A number with its implied range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ranged {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// Reads a decimal: `100` is [99.5, 100.5), `1.10` is [1.095, 1.105), `1e2` is [50, 150).
pub(super) fn number(text: &str) -> Option<Ranged> {
    let signless = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match signless.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (signless, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || mantissa.ends_with('.') {
        return None;
    }
    // Beyond, the sum of two bounds leaves what a double holds.
    let value: f64 = text.parse().ok().filter(|value: &f64| value.abs() < 1e300)?;
    let places = i32::try_from(fraction.len()).ok()?;
    let exponent = exponent.saturating_sub(places);
    let half = 0.5 * 10f64.powi(exponent);
    // Through decimal text, so that equal texts and 5.40 beside 5.4 meet at the same bounds.
    let bound = |sign: i128| {
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let digits = if text.starts_with('-') { -digits } else { digits };
        let bound: f64 = format!("{}e{}", digits.checked_mul(10)? + 5 * sign, exponent.checked_sub(1)?).parse().ok()?;
        bound.is_finite().then_some(bound)
    };
    let (low, high) = (bound(-1).unwrap_or(value - half), bound(1).unwrap_or(value + half));
    half.is_finite().then_some(Ranged { value, low, high })
}

/// Reads a date, dateTime or instant, also without seconds or zone, as a half-open range of
/// microseconds since 1970 UTC.
pub(crate) fn date_range(text: &str) -> Option<(i64, i64)> {
    let Some((day, clock)) = text.split_once('T') else {
        let (year, month, day) = crate::date(text)?;
        let start = days(year.into(), month.unwrap_or(1).into(), day.unwrap_or(1).into());
        let end = match (month, day) {
            (None, _) => days(i64::from(year) + 1, 1, 1),
            (Some(12), None) => days(i64::from(year) + 1, 1, 1),
            (Some(month), None) => days(year.into(), i64::from(month) + 1, 1),
            _ => start + 1,
        };
        return Some((start * DAY - ours(), end * DAY - ours()));
    };
    let (year, Some(month), Some(day)) = crate::date(day)? else { return None };
    let at_zone = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at(at_zone);
    let offset = if zone.is_empty() { ours() } else { zone_offset(zone)? };
    let (since_midnight, precision) = time(clock)?;
    let start = days(year.into(), month.into(), day.into()) * DAY + since_midnight - offset;
    Some((start, start + precision))
}

/// `hh:mm[:ss[.f…]]` as microseconds since midnight, and its precision.
fn time(text: &str) -> Option<(i64, i64)> {
    let mut parts = text.split(':');
    let two = |part: Option<&str>, most: i64| {
        let part = part.filter(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        part.parse::<i64>().ok().filter(|number| *number <= most)
    };
    let minutes = two(parts.next(), 23)? * 60 + two(parts.next(), 59)?;
    let Some(seconds) = parts.next() else { return Some((minutes * 60 * SECOND, 60 * SECOND)) };
    if parts.next().is_some() {
        return None;
    }
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let whole = two(Some(whole), 60)?;
    let bad = seconds.ends_with('.') || !fraction.bytes().all(|byte| byte.is_ascii_digit());
    if bad {
        return None;
    }
    let kept = &fraction[..fraction.len().min(6)];
    let unit = SECOND / 10i64.pow(kept.len() as u32);
    let micros = kept.parse::<i64>().unwrap_or(0) * unit;
    Some(((minutes * 60 + whole) * SECOND + micros, unit))
}

/// What Guatemala's clock is ahead of UTC, in microseconds.
fn ours() -> i64 {
    i64::from(OFFSET.seconds()) * SECOND
}

fn zone_offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (hours, minutes) =
        text.get(1..)?.split_once(':').filter(|(hours, minutes)| hours.len() + minutes.len() == 4)?;
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    let sign = if text.starts_with('-') { -1 } else { 1 };
    (minutes <= 14 * 60).then_some(sign * minutes * 60 * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn a_number_carries_its_precision() {
        let range = |text| number(text).map(|number| (number.low, number.high));
        assert_eq!(range("100"), Some((99.5, 100.5)));
        assert_eq!(range("1e2"), Some((50.0, 150.0)));
        assert_eq!(range("-5.40"), Some((-5.405, -5.395)));
        for bad in ["", "-", "1.", ".5", "x", "1e", "1e999", "0x1", "NaN", "inf", "1,5"] {
            assert_eq!(range(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_date_is_the_whole_of_what_it_names() {
        let is = |text: &str, start: &str, end: &str| {
            assert_eq!(date_range(text), Some((micros(start), micros(end))), "{text}");
        };
        is("2026", "2026-01-01T00:00:00-06:00", "2027-01-01T00:00:00-06:00");
        is("2026-12", "2026-12-01T00:00:00-06:00", "2027-01-01T00:00:00-06:00");
        is("2024-02-29", "2024-02-29T00:00:00-06:00", "2024-03-01T00:00:00-06:00");
        is("2026-11-24T14:05", "2026-11-24T14:05:00-06:00", "2026-11-24T14:06:00-06:00");
        is("2026-11-24T14:05:06Z", "2026-11-24T14:05:06Z", "2026-11-24T14:05:07Z");
        is("2026-11-24T14:05:06.25+01:00", "2026-11-24T13:05:06.25Z", "2026-11-24T13:05:06.26Z");
        is("0001", "0001-01-01T06:00:00Z", "0002-01-01T06:00:00Z");
        assert!(date_range("9999-12-31").is_some());
        for bad in ["", "2026-02-30", "2026-1", "2026-11-24T", "2026-11-24T25:00", "2026-11T10:00", "2026-11-24T10:00x"]
        {
            assert_eq!(date_range(bad), None, "{bad}");
        }
    }
}
