//! Guatemala's clocks, for what names no zone and for people: UTC−6 all year since 2007; older
//! summer times are not worth a table.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// The offset from UTC.
pub const OFFSET: Offset = Offset::constant(-6);

/// An instant on the clocks.
pub fn local(at: Timestamp) -> DateTime {
    OFFSET.to_datetime(at)
}

/// The instant of a time on the clocks; none beyond what a [`Timestamp`] holds.
pub fn instant(at: DateTime) -> Option<Timestamp> {
    OFFSET.to_timestamp(at).ok()
}

/// When a day begins.
pub fn midnight(day: Date) -> Option<Timestamp> {
    instant(day.at(0, 0, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_six_in_utc() {
        let begins = midnight(Date::constant(2026, 11, 24)).unwrap();
        assert_eq!(begins.to_string(), "2026-11-24T06:00:00Z");
        assert_eq!(local(begins).to_string(), "2026-11-24T00:00:00");
        assert_eq!(begins.display_with_offset(OFFSET).to_string(), "2026-11-24T00:00:00-06:00");
    }
}
