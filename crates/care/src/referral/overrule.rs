//! What was measured says danger and the clinician, having looked, says that it is none: the reason
//! is kept with the referral, for whoever reviews it.

use access::{Access, Act, Cx};
use fhir::json;

use crate::danger::{self, Prompt};
use crate::referral::advance::{provenance, remember};
use crate::referral::moves::MoveKind;
use crate::referral::pair::Referral;
use crate::referral::state::{InvalidTransition, State};
use crate::resource::{put, text};
use crate::{CareError, Problem};

/// The act's name.
pub const OVERRULE: &str = "overrule";

/// Notes on a draft why what was measured is no urgency, with what it was.
///
/// # Errors
/// `Form` without a reason; `Transition` when it is no draft any more; the gate's.
pub async fn overrule(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    found: &[Prompt],
    why: &str,
) -> Result<Referral, CareError> {
    let Some(why) = text(why) else {
        return Err(CareError::Form(vec![Problem::new("reason", "reason-missing")]));
    };
    if referral.state != State::Draft {
        let why = "it is no draft any more";
        return Err(InvalidTransition { from: referral.state.phase(), step: MoveKind::Send, why }.into());
    }
    let signs: Vec<String> = found.iter().map(|one| format!("{} ({})", danger::label(one.sign), one.why)).collect();
    let words = format!("No es urgencia: {why}. Lo medido: {}", signs.join("; "));
    let mut next = referral.clone();
    let mut notes = next.task.items("note").to_vec();
    notes.push(json!({ "authorString": text(&cx.name), "time": cx.now.to_string(), "text": &words }));
    next.task.set("note", notes);
    let told = provenance(access, cx, OVERRULE, &words, &next.task);
    remember(&mut next.task, &told);
    let changes = vec![put(&next.task, Some(referral.task_version)), put(&told, None)];
    let stored = access.commit(cx, Act { name: OVERRULE, changes, ..Act::default() }).await?.stored;
    next.task_version = stored[0].version;
    Ok(next)
}
