//! Opening, blocking and freeing places of a service's agenda, by those who keep it.
//!
//! A place that is there already, or that another of the same agenda overlaps, is never made again;
//! what an appointment holds is never touched.

use access::{Access, AccessError, Act, Cx, system};
use fhir::search::Query;
use fhir::{Value, json};
use jiff::Timestamp;
use jiff::civil::Date;
use store::{Change, Expect, Key, Kind, StoreError, Stored, Write};

use crate::{NetworkError, Service, slots};

/// More places than this are not opened at once.
pub const MOST: usize = 1500;
/// How many are read at once.
const CHUNK: usize = 1000;

/// Hours of a service that are to be opened: the service carries weekdays, hours and minutes.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The service, with the hours and the minutes of one place.
    pub service: Service,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// How those places attend: `presencial`, `jornada`, `teleconsulta`.
    pub modality: String,
}

/// What an opening would do.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    /// The Slots that would be made.
    pub fresh: Vec<Value>,
    /// How many are left out because the agenda has a place at that time.
    pub there: usize,
}

/// A place of an agenda.
#[derive(Clone, Debug)]
pub struct Spot {
    /// The Slot at the version that was read.
    pub stored: Stored,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// `free`, `busy`, `busy-tentative`, `busy-unavailable`.
    pub status: String,
    /// Why it is blocked, or what its keeper wrote.
    pub comment: String,
}

/// Midnight in Guatemala.
fn midnight(day: Date) -> Timestamp {
    fhir::zone::midnight(day).unwrap_or(Timestamp::MAX)
}

/// The places of a service's agendas from one day to another (inclusive), in the order of time.
///
/// # Errors
/// The gate's.
pub async fn spots(
    access: &Access,
    cx: &Cx,
    service: &str,
    from: Date,
    until: Date,
) -> Result<Vec<Spot>, NetworkError> {
    let schedules = find(access, cx, "Schedule", &[("actor", format!("HealthcareService/{service}"))]).await?;
    let schedules: Vec<String> = schedules.iter().map(|one| format!("Schedule/{}", one.key.id)).collect();
    if schedules.is_empty() {
        return Ok(Vec::new());
    }
    let asked = [
        ("schedule", schedules.join(",")),
        ("start", format!("ge{}", midnight(from))),
        ("start", format!("lt{}", midnight(until.tomorrow().unwrap_or(until)))),
        ("_sort", "start".to_owned()),
        ("_count", CHUNK.to_string()),
    ];
    Ok(find(access, cx, "Slot", &asked).await?.into_iter().filter_map(spot).collect())
}

/// All that match, however many pages.
async fn find(access: &Access, cx: &Cx, kind: &str, pairs: &[(&str, String)]) -> Result<Vec<Stored>, NetworkError> {
    let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let mut query = Query::parse(&[kind], &pairs)
        .map_err(|_| AccessError::from(StoreError::Search("a search of the program itself is not understood")))?;
    let mut found = Vec::new();
    loop {
        let page = access.search(cx, &query).await?;
        found.extend(page.matches);
        query.cursor = page.next;
        if query.cursor.is_none() {
            return Ok(found);
        }
    }
}

fn spot(stored: Stored) -> Option<Spot> {
    let value = stored.value();
    let time = |name: &str| value.text_at(&[name])?.parse().ok();
    Some(Spot {
        start: time("start")?,
        end: time("end")?,
        status: value.text_at(&["status"])?.to_owned(),
        comment: value.text_at(&["comment"]).unwrap_or_default().to_owned(),
        stored,
    })
}

/// What the opening would make, beside what is there.
///
/// # Errors
/// The gate's.
pub async fn plan(access: &Access, cx: &Cx, opening: &Opening) -> Result<Planned, NetworkError> {
    let there = spots(access, cx, &opening.service.id, opening.from, opening.until).await?;
    let taken: Vec<(Timestamp, Timestamp)> = there.iter().map(|spot| (spot.start, spot.end)).collect();
    let mut planned = Planned::default();
    for mut slot in slots(&opening.service, opening.from, opening.until) {
        let time = |name: &str| slot.text_at(&[name])?.parse::<Timestamp>().ok();
        let (Some(start), Some(end)) = (time("start"), time("end")) else { continue };
        if start <= cx.now {
            continue;
        }
        // Sorted by start, and of one agenda: whatever overlaps begins before this one ends.
        let before = taken.partition_point(|(from, _)| *from < end);
        if taken[..before].iter().rev().any(|(_, until)| *until > start) {
            planned.there += 1;
            continue;
        }
        if !opening.modality.is_empty() {
            let coding = json!([{ "coding": [{ "system": system::MODALITY, "code": &opening.modality }] }]);
            slot.set("serviceCategory", coding);
        }
        planned.fresh.push(slot);
    }
    Ok(planned)
}

/// Makes the places that the agenda has not, and the agenda itself where the service has none;
/// tells how many. Of two who open the same hours at once, one makes them.
///
/// # Errors
/// `TooMany` for more than [`MOST`]; `Stale` when somebody else opened some of them meanwhile; the gate's.
pub async fn open(access: &Access, cx: &Cx, opening: &Opening) -> Result<usize, NetworkError> {
    let planned = plan(access, cx, opening).await?;
    let fresh = planned.fresh.len();
    if fresh == 0 {
        return Ok(0);
    }
    if fresh > MOST {
        return Err(NetworkError::TooMany { most: MOST });
    }
    let mut changes = Vec::new();
    if let Some(schedule) = opening.service.schedule() {
        let key = Key::new("Schedule", opening.service.schedule_id());
        match access.read(cx, &key).await {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Gone) => {
                changes.push(Change { key, expect: Expect::Absent, write: Write::Put(schedule.to_bytes().into()) });
            }
            Err(error) => return Err(error.into()),
        }
    }
    let make = |slot: &Value| Change {
        key: Key::new("Slot", slot.id().unwrap_or_default()),
        expect: Expect::Absent,
        write: Write::Put(slot.to_bytes().into()),
    };
    changes.extend(planned.fresh.iter().map(make));
    commit(access, cx, "open-places", changes).await?;
    Ok(fresh)
}

async fn commit(access: &Access, cx: &Cx, name: &'static str, changes: Vec<Change>) -> Result<(), NetworkError> {
    match access.commit(cx, Act { name, changes, ..Act::default() }).await {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.kind(), Kind::Stale | Kind::Conflict) => Err(NetworkError::Stale),
        Err(error) => Err(error.into()),
    }
}

/// Blocks the free places of a day and says why; tells how many. Those with an appointment stay.
///
/// # Errors
/// `Stale` when one was taken meanwhile; the gate's.
pub async fn block(access: &Access, cx: &Cx, service: &str, day: Date, why: &str) -> Result<usize, NetworkError> {
    turn(access, cx, (service, day), ("free", "busy-unavailable"), Some(why)).await
}

/// Frees the blocked places of a day; tells how many.
///
/// # Errors
/// As for [`block`].
pub async fn unblock(access: &Access, cx: &Cx, service: &str, day: Date) -> Result<usize, NetworkError> {
    turn(access, cx, (service, day), ("busy-unavailable", "free"), None).await
}

/// Turns the places of a day from one status to the other.
async fn turn(
    access: &Access,
    cx: &Cx,
    (service, day): (&str, Date),
    (from, to): (&str, &str),
    why: Option<&str>,
) -> Result<usize, NetworkError> {
    let spots = spots(access, cx, service, day, day).await?;
    let turned = spots.iter().filter(|spot| spot.status == from && spot.end > cx.now).map(|spot| {
        let mut slot = spot.stored.value();
        slot.set("status", to);
        match (why, slot.as_object_mut()) {
            (Some(why), Some(object)) => object.set("comment", why),
            (None, Some(object)) => {
                object.remove("comment");
            }
            _ => {}
        }
        let expect = Expect::Version(spot.stored.version);
        Change { key: spot.stored.key.clone(), expect, write: Write::Put(slot.to_bytes().into()) }
    });
    let changes: Vec<Change> = turned.collect();
    let count = changes.len();
    if count > 0 {
        let act = if to == "free" { "free-places" } else { "block-places" };
        commit(access, cx, act, changes).await?;
    }
    Ok(count)
}
