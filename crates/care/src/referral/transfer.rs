//! The urgent transfer. It opens from every state before attendance and waits for no review.

use access::{Access, Cx, system};
use fhir::Value;

use crate::referral::advance::Advance;
use crate::referral::cancel::letting_go;
use crate::referral::moves::{Move, MoveKind};
use crate::referral::pair::{Named, Referral};
use crate::referral::state::{InvalidTransition, Phase};
use crate::resource::{concept, text};
use crate::service::Service;
use crate::{CareError, Problem};

/// Where an urgent transfer goes: who takes it, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aim {
    /// Code of the service that takes it, see [`Service`].
    pub service: String,
    /// The facility.
    pub place: Named,
}

impl Aim {
    /// Where the referral goes already.
    pub fn of(referral: &Referral) -> Self {
        Self { service: referral.service().id, place: referral.destination() }
    }

    /// The request, asked of this service.
    fn request(&self, referral: &Referral) -> Result<Value, CareError> {
        let service = Service::find(&self.service);
        let missing = [
            (service.is_none(), Problem::new("service", "service-missing")),
            (self.place.id.is_empty(), Problem::new("destination", "destination-missing")),
        ];
        let problems: Vec<Problem> = missing.into_iter().filter(|(bad, _)| *bad).map(|(_, problem)| problem).collect();
        if !problems.is_empty() {
            return Err(CareError::Form(problems));
        }
        let mut request = referral.request.clone();
        if referral.service().id != self.service {
            request.set("code", concept(system::SPECIALTY, &self.service, service.map_or("", |one| one.name)));
        }
        Ok(request)
    }
}

/// Asks for an urgent transfer, from a draft or from any referral that is not attended yet, of
/// whoever takes emergencies: that is seldom whom the referral was for.
///
/// # Errors
/// `Form` without a service or destination; `Transition`; the gate's.
pub async fn request_transfer(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    to: &Aim,
    why: &str,
) -> Result<Referral, CareError> {
    let request = to.request(referral)?;
    let letting = letting_go(access, cx, referral, "cancelled").await?;
    let advance = Advance::new(referral, Move::RequestTransfer).note(why).with(letting);
    advance.request(request).owner(to.place.clone()).commit(access, cx).await
}

/// A bed is being sought where the transfer was asked for.
///
/// # Errors
/// `Transition`, also where it is sought there already; the gate's.
pub async fn seek_bed(access: &Access, cx: &Cx, referral: &Referral, words: &str) -> Result<Referral, CareError> {
    elsewhere(referral, &referral.destination())?;
    Advance::new(referral, Move::SeekBed).note(words).commit(access, cx).await
}

/// Where a bed is sought already it is not sought anew: nothing would move.
fn elsewhere(referral: &Referral, to: &Named) -> Result<(), InvalidTransition> {
    let from = referral.state.phase();
    let why = "a bed is sought there already";
    let again = from == Phase::BedSought && referral.destination().id == to.id;
    if again { Err(InvalidTransition { from, step: MoveKind::SeekBed, why }) } else { Ok(()) }
}

/// A bed is being sought in another place; also again and again, until somebody accepts.
///
/// # Errors
/// `Form` without a service or destination; `Transition`; the gate's.
pub async fn seek_bed_at(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    to: &Aim,
    words: &str,
) -> Result<Referral, CareError> {
    elsewhere(referral, &to.place)?;
    let request = to.request(referral)?;
    let advance = Advance::new(referral, Move::SeekBed).note(words);
    advance.request(request).owner(to.place.clone()).commit(access, cx).await
}

/// A physician accepts, by name.
///
/// # Errors
/// `Form` without a name; `Transition`; the gate's.
pub async fn accept_transfer(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    physician: &str,
) -> Result<Referral, CareError> {
    let Some(name) = text(physician) else {
        return Err(CareError::Form(vec![Problem::new("physician", "physician-missing")]));
    };
    Advance::new(referral, Move::AcceptTransfer { physician: name.to_owned() }).commit(access, cx).await
}

/// The vehicle leaves.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn depart(access: &Access, cx: &Cx, referral: &Referral, vehicle: &str) -> Result<Referral, CareError> {
    Advance::new(referral, Move::Depart).note(vehicle).commit(access, cx).await
}

/// The destination receives the person; [`super::attend::attend`] follows.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn arrive(access: &Access, cx: &Cx, referral: &Referral, words: &str) -> Result<Referral, CareError> {
    Advance::new(referral, Move::Arrive).note(words).commit(access, cx).await
}
