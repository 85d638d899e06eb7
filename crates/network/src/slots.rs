//! Places in an agenda, made from a service's weekly hours.
//!
//! Ids follow from schedule and time, so making the same weeks again makes nothing twice.

use access::system;
use fhir::{Value, json, zone};
use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, Timestamp, ToSpan};

use crate::Service;
use crate::facility::filled;
use crate::place::mark;

/// Fixed public holidays (month, day): Código de Trabajo, art. 127. Holy Week moves with Easter;
/// on 24 and 31 December work ends at noon.
const HOLIDAYS: [(i8, i8); 7] = [(1, 1), (5, 1), (6, 30), (9, 15), (10, 20), (11, 1), (12, 25)];
const HALF_DAYS: [(i8, i8); 2] = [(12, 24), (12, 31)];

/// Whether nobody works that day: a fixed holiday, or Thursday to Saturday of Holy Week. A holiday
/// that the government moves to a Monday is still taken on its own day.
pub fn is_holiday(day: Date) -> bool {
    let easter = easter(day.year());
    let holy = (1..=3).any(|before: i64| easter.checked_sub(before.days()).is_ok_and(|date| date == day));
    holy || HOLIDAYS.contains(&(day.month(), day.day()))
}

/// The free Slots of a service's agenda from one day to another (inclusive), without holidays.
pub fn slots(service: &Service, from: Date, until: Date) -> Vec<Value> {
    let step = Span::new().minutes(service.minutes);
    let mut out = Vec::new();
    if service.minutes == 0 {
        return out;
    }
    let mut day = from;
    while day <= until {
        for hours in service.hours.iter().filter(|hours| hours.days.contains(&day.weekday()) && !is_holiday(day)) {
            let noon = jiff::civil::time(12, 0, 0, 0);
            let half = HALF_DAYS.contains(&(day.month(), day.day()));
            let close = if half { hours.until.min(noon) } else { hours.until };
            let mut at = hours.from;
            while let Some(end) = at.checked_add(step).ok().filter(|end| *end <= close && *end > at) {
                out.push(slot(service, day, at, end));
                at = end;
            }
        }
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    out
}

fn slot(service: &Service, day: Date, from: Time, until: Time) -> Value {
    let schedule = service.schedule_id();
    let instant = |time: Time| {
        let at = zone::instant(DateTime::from_parts(day, time)).unwrap_or(Timestamp::MAX);
        at.display_with_offset(zone::OFFSET).to_string()
    };
    let mut meta = mark(filled(&service.institution), service.synthetic);
    if meta == Value::Null {
        meta = json!({});
    }
    meta.set("profile", vec![system::PROFILE_SLOT]);
    json!({
        "resourceType": "Slot",
        "id": slot_id(&schedule, DateTime::from_parts(day, from)),
        "meta": meta,
        "specialty": [service.concept()],
        "schedule": { "reference": format!("Schedule/{schedule}") },
        "status": "free",
        "start": instant(from),
        "end": instant(until),
    })
}

/// Schedule and time, in at most 64 characters: a long schedule id is cut and told apart by a sum.
fn slot_id(schedule: &str, at: DateTime) -> String {
    let time = at.strftime("%Y%m%d%H%M").to_string();
    if schedule.len() + time.len() < 64 {
        return format!("{schedule}-{time}");
    }
    let sum = schedule
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{}-{sum:016x}-{time}", &schedule[..30])
}

/// Easter Sunday (Gregorian; Meeus, Jones, Butcher).
fn easter(year: i16) -> Date {
    let year = i32::from(year);
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - b / 4 - g + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    let small = |number: i32| i8::try_from(number).expect("months and days are small");
    Date::new(i16::try_from(year).expect("it came from one"), small(month), small(day)).expect("Easter is a day")
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date, time};

    use super::*;
    use crate::Hours;

    fn agenda(days: &[Weekday]) -> Service {
        Service {
            id: "serv-mspas-1601-h1-oftalmologia".into(),
            institution: "MSPAS".into(),
            specialty: "oftalmologia".into(),
            hours: vec![Hours { days: days.to_vec(), from: time(8, 0, 0, 0), until: time(12, 10, 0, 0) }],
            minutes: 30,
            ..Service::default()
        }
    }

    fn starts(slots: &[Value]) -> Vec<&str> {
        slots.iter().filter_map(|slot| slot.text_at(&["start"])).collect()
    }

    #[test]
    fn a_morning_has_eight_whole_places() {
        let slots = slots(&agenda(&[Weekday::Tuesday]), date(2026, 11, 24), date(2026, 11, 30));
        assert_eq!(slots.len(), 8, "ten past twelve leaves no ninth");
        assert_eq!(starts(&slots)[0], "2026-11-24T08:00:00-06:00");
        assert_eq!(slots[7].text_at(&["end"]), Some("2026-11-24T12:00:00-06:00"));
        assert_eq!(fhir::validate(&slots[0]), []);
    }

    #[test]
    fn nobody_is_booked_on_a_holiday() {
        let every_day = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        let december = slots(&agenda(&every_day), date(2026, 12, 23), date(2027, 1, 1));
        assert!(
            starts(&december).iter().all(|start| !start.starts_with("2026-12-25") && !start.starts_with("2027-01-01"))
        );
        let holy = [date(2026, 4, 2), date(2026, 4, 3), date(2026, 4, 4), date(2025, 4, 18), date(2024, 3, 28)];
        assert!(holy.into_iter().all(is_holiday));
        assert!(!is_holiday(date(2026, 4, 5)) && !is_holiday(date(2026, 4, 1)));
    }

    #[test]
    fn the_day_before_christmas_ends_at_noon() {
        let mut service = agenda(&[Weekday::Thursday]);
        service.hours[0].until = time(16, 0, 0, 0);
        assert_eq!(slots(&service, date(2026, 12, 24), date(2026, 12, 24)).len(), 8);
        assert_eq!(slots(&service, date(2026, 12, 17), date(2026, 12, 17)).len(), 16);
    }

    #[test]
    fn ids_stay_short_and_apart() {
        let at = date(2026, 11, 24).at(8, 0, 0, 0);
        let (one, other) = (format!("ag-{}a", "x".repeat(60)), format!("ag-{}b", "x".repeat(60)));
        assert!(fhir::is_id(&slot_id(&one, at)));
        assert_ne!(slot_id(&one, at), slot_id(&other, at));
    }
}
