//! What becomes of an institution's referrals, as numbers in which nobody is named.

use access::{Access, Cx, Tally};
use fhir::search::Query;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use store::StoreError;

use crate::CareError;
use crate::referral::state::Phase;
use crate::referral::task::KIND_REFERRAL;
use crate::referral::worklist::{kind, organizations, states};

/// So many months are told.
const MONTHS: i64 = 6;

/// The referrals of one month, by when they were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    /// Its first day.
    pub first: Date,
    /// Sent in it.
    pub sent: Tally,
    /// Of those: attended, or further.
    pub attended: Tally,
    /// Of those: whose circuit is closed.
    pub closed: Tally,
}

/// An institution's referrals as numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// How many rest in each state now, drafts left out.
    pub phases: Vec<(Phase, Tally)>,
    /// The last months, the newest first.
    pub months: Vec<Month>,
}

/// States of those who were attended.
const ATTENDED: [Phase; 7] = [
    Phase::Attended,
    Phase::InControl,
    Phase::Hospitalised,
    Phase::Delivered,
    Phase::Acknowledged,
    Phase::Plan,
    Phase::Closed,
];

/// The referrals that the caller's institution keeps; only those of these facilities, where some
/// are named.
///
/// # Errors
/// `Forbidden` but for advisers; the store's.
pub async fn figures(access: &Access, cx: &Cx, from: Option<&[String]>) -> Result<Figures, CareError> {
    let mut phases = Vec::new();
    for phase in Phase::ALL.iter().copied().filter(|phase| !matches!(phase, Phase::Draft | Phase::Discarded)) {
        phases.push((phase, count(access, cx, from, &[("business-status", states(&[phase]))]).await?));
    }
    let mut months = Vec::new();
    let this = fhir::zone::local(cx.now).date().first_of_month();
    for back in 0..MONTHS {
        let Ok(first) = this.checked_sub(back.months()) else { break };
        let Ok(next) = first.checked_add(1.month()) else { break };
        let within =
            [("authored-on", format!("ge{}", midnight(first))), ("authored-on", format!("lt{}", midnight(next)))];
        let of = |phases: &[Phase]| [within.to_vec(), vec![("business-status", states(phases))]].concat();
        months.push(Month {
            first,
            sent: count(access, cx, from, &within).await?,
            attended: count(access, cx, from, &of(&ATTENDED)).await?,
            closed: count(access, cx, from, &of(&[Phase::Closed])).await?,
        });
    }
    Ok(Figures { phases, months })
}

fn midnight(day: Date) -> Timestamp {
    fhir::zone::instant(day.to_datetime(jiff::civil::Time::midnight())).unwrap_or(Timestamp::MIN)
}

async fn count(
    access: &Access,
    cx: &Cx,
    from: Option<&[String]>,
    asked: &[(&str, String)],
) -> Result<Tally, CareError> {
    let mut pairs = vec![("code".to_owned(), kind(KIND_REFERRAL))];
    match from {
        Some([]) => return Ok(Tally::None),
        Some(places) => pairs.push(("requester".to_owned(), organizations(places))),
        None => {}
    }
    pairs.extend(asked.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let query = Query::parse(&["Task"], &pairs)
        .map_err(|_| StoreError::Search("a search of the program itself is not understood"))?;
    Ok(access.tally(cx, &query).await?)
}
