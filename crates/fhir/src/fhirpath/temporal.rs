//! Date, DateTime and Time with the precision they were written in (FHIRPath 2.0 §4.1.5–4.1.7).

use std::cmp::Ordering;
use std::fmt;

use super::decimal::Decimal;
use crate::calendar::{civil, days, last_day};

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TemporalKind {
    Date,
    DateTime,
    Time,
}

/// A moment as far as it is known.
#[derive(Clone, Debug)]
pub struct Temporal {
    /// Which kind.
    pub kind: TemporalKind,
    /// Year, month, day, hour, minute, second, millisecond; for times from the hour on.
    parts: [i64; 7],
    /// How many parts are known, counted from the year (a time's hour is the fourth).
    known: usize,
    /// Minutes east of UTC.
    zone: Option<i64>,
}

const YEAR: usize = 0;
const DAY: usize = 2;
const HOUR: usize = 3;
const SECOND: usize = 5;
const MILLISECOND: usize = 6;
/// The least and greatest value of each part.
const LEAST: [i64; 7] = [1, 1, 1, 0, 0, 0, 0];
const GREATEST: [i64; 7] = [9999, 12, 31, 23, 59, 59, 999];
/// Digits up to and with each part, as `precision()` counts them.
const DIGITS: [i64; 7] = [4, 6, 8, 10, 12, 14, 17];

impl Temporal {
    /// Reads `2015`, `2015-02-04`.
    pub fn date(text: &str) -> Option<Self> {
        let (year, month, day) = crate::date(text)?;
        let mut parts = LEAST;
        parts[YEAR] = year.into();
        let known = 1 + usize::from(month.is_some()) + usize::from(day.is_some());
        parts[1] = month.map_or(1, i64::from);
        parts[DAY] = day.map_or(1, i64::from);
        Some(Self { kind: TemporalKind::Date, parts, known, zone: None })
    }

    /// Reads `2015T`, `2015-02-04T14:34:28.123+10:00` and anything between, also a bare date.
    pub fn date_time(text: &str) -> Option<Self> {
        let (day, clock) = text.split_once('T').unwrap_or((text, ""));
        let mut found = Self { kind: TemporalKind::DateTime, ..Self::date(day)? };
        if clock.is_empty() {
            return Some(found);
        }
        let at = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
        let (clock, zone) = clock.split_at(at);
        if found.known != DAY + 1 {
            return None;
        }
        found.known = clock_parts(clock, &mut found.parts)?;
        found.zone = if zone.is_empty() { None } else { Some(zone_minutes(zone)?) };
        Some(found)
    }

    /// Reads `14`, `14:34`, `14:34:28.123`.
    pub fn time(text: &str) -> Option<Self> {
        let mut parts = LEAST;
        let known = clock_parts(text, &mut parts)?;
        Some(Self { kind: TemporalKind::Time, parts, known, zone: None })
    }

    /// The same moment as a DateTime.
    pub fn to_date_time(&self) -> Self {
        Self { kind: TemporalKind::DateTime, ..self.clone() }
    }

    /// The day of it.
    pub fn to_date(&self) -> Self {
        Self { kind: TemporalKind::Date, known: self.known.min(DAY + 1), zone: None, ..self.clone() }
    }

    /// Order, where both are known far enough; seconds and milliseconds count as one precision.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        if (self.kind == TemporalKind::Time) != (other.kind == TemporalKind::Time) {
            return None;
        }
        let clocks = self.known > HOUR && other.known > HOUR && self.kind != TemporalKind::Time;
        let (one, two) = match (self.zone, other.zone) {
            (Some(_), Some(_)) if clocks => (self.utc(), other.utc()),
            (None, None) => (self.parts, other.parts),
            _ if clocks => return None,
            _ => (self.parts, other.parts),
        };
        let level = |known: usize| if known > SECOND { MILLISECOND + 1 } else { known };
        let (known_one, known_two) = (level(self.known), level(other.known));
        let start = if self.kind == TemporalKind::Time { HOUR } else { YEAR };
        let shared = known_one.min(known_two);
        match one[start..shared].cmp(&two[start..shared]) {
            Ordering::Equal if known_one != known_two => None,
            order => Some(order),
        }
    }

    /// Whether both say the same to the same precision.
    pub fn equivalent(&self, other: &Self) -> bool {
        self.compare(other) == Some(Ordering::Equal)
    }

    fn utc(&self) -> [i64; 7] {
        let mut parts = self.parts;
        let minutes = self.zone.unwrap_or(0);
        let total = parts[3] * 60 + parts[4] - minutes;
        let (year, month, day) = civil(days(parts[0], parts[1], parts[2]) + total.div_euclid(1440));
        let rest = total.rem_euclid(1440);
        (parts[0], parts[1], parts[2], parts[3], parts[4]) = (year, month, day, rest / 60, rest % 60);
        parts
    }

    /// Adds whole calendar units (fractions are cut off); `None` for units it does not know or a
    /// result out of range.
    pub fn plus(&self, amount: Decimal, unit: &str) -> Option<Self> {
        let amount = amount.truncate()?.as_i64()?;
        let mut result = self.clone();
        let months = match unit {
            "year" => Some(amount.checked_mul(12)?),
            "month" => Some(amount),
            _ => None,
        };
        if let Some(months) = months {
            if self.kind == TemporalKind::Time {
                return None;
            }
            let total = (self.parts[0] * 12 + self.parts[1] - 1).checked_add(months)?;
            let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
            result.parts[YEAR] = year;
            result.parts[1] = month;
            result.parts[DAY] = self.parts[DAY].min(last_day(year, month));
            return (1..=9999).contains(&year).then_some(result);
        }
        let unit_ms = match unit {
            "week" => 7 * 86_400_000,
            "day" => 86_400_000,
            "hour" => 3_600_000,
            "minute" => 60_000,
            "second" => 1000,
            "millisecond" => 1,
            _ => return None,
        };
        let [year, month, day, hour, minute, second, millisecond] = self.parts;
        let clock = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
        let total = clock.checked_add(amount.checked_mul(unit_ms)?)?;
        let rest = total.rem_euclid(86_400_000);
        if self.kind != TemporalKind::Time {
            let day = days(year, month, day).checked_add(total.div_euclid(86_400_000))?;
            if !(-719_162..=2_932_896).contains(&day) {
                return None;
            }
            (result.parts[0], result.parts[1], result.parts[2]) = civil(day);
        }
        result.parts[3..].copy_from_slice(&[rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60, rest % 1000]);
        Some(result)
    }

    /// How many digits are known: 4 for a year, 17 for a dateTime to the millisecond.
    pub fn precision(&self) -> i64 {
        let digits = DIGITS[self.known - 1];
        if self.kind == TemporalKind::Time { digits - DIGITS[DAY] } else { digits }
    }

    /// The least or greatest moment it may stand for, to so many digits.
    pub fn boundary(&self, digits: Option<i64>, high: bool) -> Option<Self> {
        let before = if self.kind == TemporalKind::Time { DIGITS[DAY] } else { 0 };
        let most = if self.kind == TemporalKind::Date { DAY + 1 } else { MILLISECOND + 1 };
        let known = match digits {
            None => most,
            Some(digits) => DIGITS[..most].iter().position(|count| *count == digits + before)? + 1,
        };
        let mut result = Self { known, ..self.clone() };
        let ends = if high { GREATEST } else { LEAST };
        for (at, end) in ends.into_iter().enumerate().take(known).skip(self.known) {
            // A dateTime with an hour is written with its minutes, so these stay.
            let minute = at == HOUR + 1;
            result.parts[at] = if minute { 0 } else { end };
        }
        if self.known <= DAY {
            result.parts[DAY] = if high { last_day(result.parts[0], result.parts[1]) } else { 1 };
        }
        if self.kind == TemporalKind::DateTime {
            let outermost = if high { -12 * 60 } else { 14 * 60 };
            result.zone = (known > HOUR).then(|| self.zone.unwrap_or(outermost));
        }
        if self.kind == TemporalKind::DateTime && known <= DAY + 1 {
            result.kind = TemporalKind::Date;
        }
        Some(result)
    }
}

/// Reads a clock into the parts from the hour on; gives how many parts are known then.
fn clock_parts(text: &str, parts: &mut [i64; 7]) -> Option<usize> {
    let mut known = HOUR;
    for piece in text.split(':') {
        let (whole, fraction) = piece.split_once('.').unwrap_or((piece, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let bad = whole.len() != 2 || known > SECOND || !digits(whole) || !digits(fraction) || piece.ends_with('.');
        if bad || (!fraction.is_empty() && known != SECOND) {
            return None;
        }
        parts[known] = whole.parse().ok().filter(|value| *value <= GREATEST[known] + i64::from(known == SECOND))?;
        known += 1;
        if !fraction.is_empty() {
            let three: String = fraction.chars().chain("00".chars()).take(3).collect();
            parts[MILLISECOND] = three.parse().ok()?;
            known += 1;
        }
    }
    Some(known)
}

fn zone_minutes(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    let sign = if text.starts_with('-') { -1 } else { 1 };
    (minutes <= 14 * 60 && text.len() == 6).then_some(sign * minutes)
}

impl fmt::Display for Temporal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BEFORE: [&str; 7] = ["", "-", "-", "T", ":", ":", "."];
        const WIDTH: [usize; 7] = [4, 2, 2, 2, 2, 2, 3];
        let start = if self.kind == TemporalKind::Time { HOUR } else { YEAR };
        for at in start..self.known {
            let before = if at == start { "" } else { BEFORE[at] };
            write!(f, "{before}{:0width$}", self.parts[at], width = WIDTH[at])?;
        }
        match self.zone.filter(|_| self.known > HOUR) {
            Some(0) => f.write_str("Z"),
            Some(zone) => {
                let sign = if zone < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", zone.abs() / 60, zone.abs() % 60)
            }
            None => Ok(()),
        }
    }
}
