//! The coordinator's review: accept with a priority, return, redirect, reject, advise.

use access::{Access, Cx};

use crate::codes::codes;
use crate::referral::advance::Advance;
use crate::referral::moves::Move;
use crate::referral::pair::{Named, Referral};
use crate::referral::state::{Priority, State};
use crate::resource::text;
use crate::{CareError, Problem};

codes! {
    /// Why a referral goes back to be completed.
    ReturnReason {
        TestMissing = "falta-prueba", "Falta una prueba";
        DataMissing = "faltan-datos", "Faltan datos de la persona o del examen";
        QuestionUnclear = "pregunta-no-clara", "No se entiende qué se pide";
        TreatFirst = "tratar-primero", "Falta el tratamiento del primer nivel";
    }
}

codes! {
    /// Why a referral goes to another place.
    RedirectReason {
        OtherService = "otro-servicio", "Corresponde a otro servicio";
        Nearer = "mas-cerca", "Hay un lugar más cercano";
        Sooner = "antes", "Otro lugar atiende antes";
        NoCapacity = "sin-capacidad", "El destino no puede atender";
    }
}

/// A reviewer's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Review {
    /// Pertinent: onto the waiting list with this priority and its grounds.
    Accept(Priority),
    /// Pertinent; the priority is given later, by [`Review::Accept`].
    Pertinent,
    /// Pertinent but incomplete.
    Return(ReturnReason),
    /// Pertinent, for another place.
    Redirect(RedirectReason, Named),
    /// Not pertinent.
    Reject,
    /// Answered without a visit.
    Advise,
}

/// Takes a referral up for review.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn receive(access: &Access, cx: &Cx, referral: &Referral) -> Result<Referral, CareError> {
    Advance::new(referral, Move::Receive).commit(access, cx).await
}

/// Gives the reviewer's answer; a referral that nobody has taken up yet is taken up first.
///
/// # Errors
/// `Form` without words; `Transition`; the gate's.
pub async fn review(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    answer: &Review,
    words: &str,
) -> Result<Referral, CareError> {
    if text(words).is_none() {
        return Err(CareError::Form(vec![Problem::new("words", "grounds-missing")]));
    }
    if let Review::Redirect(_, destination) = answer
        && (destination.id.is_empty() || destination.id == referral.destination().id)
    {
        return Err(CareError::Form(vec![Problem::new("destination", "destination-other")]));
    }
    let received = match referral.state {
        State::Sent { .. } | State::Redirected { .. } => receive(access, cx, referral).await?,
        _ => referral.clone(),
    };
    let reason = |code: &str| code.to_owned();
    let step = match answer {
        Review::Accept(priority) if matches!(received.state, State::Accepted { .. }) => {
            Move::Prioritise { priority: *priority }
        }
        Review::Accept(priority) => Move::Accept { priority: Some(*priority) },
        Review::Pertinent => Move::Accept { priority: None },
        Review::Return(why) => Move::Return { reason: reason(why.code()) },
        Review::Redirect(why, _) => Move::Redirect { reason: reason(why.code()) },
        Review::Reject => Move::Reject,
        Review::Advise => Move::Advise,
    };
    let mut advance = Advance::new(&received, step).note(words);
    if let Review::Redirect(_, destination) = answer {
        advance = advance.owner(destination.clone());
    }
    advance.commit(access, cx).await
}
