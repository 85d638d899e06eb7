//! From a printed referral back to its page: by the public code (what its QR leads to) or by its
//! number, among what the caller may see. Whoever tries codes that lead nowhere is slowed down.

use access::{Access, Cx, Rate, system};
use store::Stored;

use crate::CareError;
use crate::print::read_code;
use crate::referral::place::find;
use crate::referral::task::KIND_REFERRAL;
use crate::referral::worklist::kind;

const ACTION: &str = "printed-code";

/// The identifier that was typed from paper; none when it is neither a code nor a number.
fn identifier(typed: &str) -> Option<String> {
    let number = || {
        let (before, last) = typed.trim().rsplit_once('-')?;
        let year = before.to_ascii_uppercase().strip_prefix("REF-")?.parse::<u16>().ok()?;
        Some(format!("{}|REF-{year}-{}", system::REFERRAL_NUMBER, read_code(last)?))
    };
    number().or_else(|| read_code(typed).map(|code| format!("{}|{code}", system::PUBLIC_CODE)))
}

/// Id of the referral with this public code or number. One that the caller may not see is as
/// unknown as one that is not there.
///
/// # Errors
/// `TooMany` after too many that led nowhere; the gate's.
pub async fn find_printed(access: &Access, cx: &Cx, typed: &str) -> Result<Option<String>, CareError> {
    let Some(identifier) = identifier(typed) else { return Ok(None) };
    access.guess(cx, ACTION, Rate::PRINTED_CODE)?;
    let requests = find(access, cx, "ServiceRequest", &[("identifier", identifier)]).await?.matches;
    let Some(request) = requests.first() else { return Ok(None) };
    let asked = [("focus", request.key.to_string()), ("code", kind(KIND_REFERRAL))];
    let found = find(access, cx, "Task", &asked).await?.matches;
    let id = found.first().map(|task: &Stored| task.key.id.clone());
    if id.is_some() {
        access.no_guess(cx, ACTION, Rate::PRINTED_CODE);
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_from_paper_is_read_in_any_case_and_spacing() {
        let code = Some(format!("{}|A2B3C4D5", system::PUBLIC_CODE));
        for typed in ["A2B3C4D5", " a2b3 c4d5 ", "a2b3-c4d5"] {
            assert_eq!(identifier(typed), code, "{typed}");
        }
        let number = Some(format!("{}|REF-2026-A2B3C4D5", system::REFERRAL_NUMBER));
        assert_eq!(identifier("ref-2026-a2b3c4d5"), number);
        for typed in
            ["", "A2B3C4D", "A2B3C4D55", "A2B3C4D0", "A2B3C4DÑ", "REF-2026-A2B3C4D", "rosa tzub", "A2B3C4D|", "%"]
        {
            assert_eq!(identifier(typed), None, "{typed}");
        }
    }
}
