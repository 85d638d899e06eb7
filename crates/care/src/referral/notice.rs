//! What somebody at the post has noted about a referral without moving it: that the person knows of
//! the appointment, that a rejection was read. The next move takes the note away.

use access::{Access, Act, Cx};
use fhir::json;

use crate::CareError;
use crate::codes::codes;
use crate::referral::advance::{provenance, remember};
use crate::referral::moves::MoveKind;
use crate::referral::pair::Referral;
use crate::referral::state::{ExitReason, InvalidTransition, State};
use crate::referral::task::notice;
use crate::resource::put;

codes! {
    /// What was noted; the code is the act's name too.
    Notice {
        Told = "avisada", "La persona sabe de su cita";
        Read = "leida", "El rechazo se leyó";
    }
}

impl Notice {
    /// Whether there is something to note in this state: an appointment to tell of, a rejection.
    pub fn fits(self, state: &State) -> bool {
        match self {
            Self::Told => matches!(state, State::Booked { .. }),
            Self::Read => matches!(state, State::Exited { reason: ExitReason::NotPertinent, .. }),
        }
    }
}

/// Notes it, with words (how the person was told, what follows); the state stays.
///
/// # Errors
/// `Transition` in a state that it is not about; the gate's.
pub async fn note(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    what: Notice,
    words: &str,
) -> Result<Referral, CareError> {
    if !what.fits(&referral.state) {
        let (step, why) = match what {
            Notice::Told => (MoveKind::Book, "there is no appointment to tell of"),
            Notice::Read => (MoveKind::Reject, "there is no rejection to read"),
        };
        let from = referral.state.phase();
        return Err(InvalidTransition { from, step, why }.into());
    }
    let mut next = referral.clone();
    notice(&mut next.task, what.code(), Some(json!({ "valueDateTime": cx.now.to_string() })));
    let told = provenance(access, cx, what.code(), words, &next.task);
    remember(&mut next.task, &told);
    let changes = vec![put(&next.task, Some(referral.task_version)), put(&told, None)];
    let stored = access.commit(cx, Act { name: what.code(), changes, ..Act::default() }).await?.stored;
    next.task_version = stored.first().map_or(next.task_version, |one| one.version);
    Ok(next)
}
