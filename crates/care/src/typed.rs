//! What was typed and is not signed yet: a private record of the writer at their facility, never in
//! the log, so that nothing is lost when the session ends.

use access::{Access, Act, Cx};
use fhir::Value;
use jiff::Timestamp;
use store::{PrivateExpect, PrivateWrite};

use crate::CareError;

/// Kept for so many days.
const DAYS: i64 = 30;

/// A kind of sheet: the kind of its private record, and the act that saves it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sheet {
    pub(crate) kind: &'static str,
    pub(crate) save: &'static str,
}

/// A sheet as it was kept last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Counts how often it was written, from 1; 0 where it never was.
    pub version: u64,
    /// When it was written last.
    pub at: Option<Timestamp>,
    /// Names and values as typed; empty when nothing waits for a signature.
    pub typed: Vec<(String, String)>,
    /// What was signed from it last, while nothing was typed since.
    pub signed: Option<String>,
}

fn key(cx: &Cx, about: &str) -> String {
    let place = cx.facility.as_ref().map_or("", |place| place.id.as_str());
    format!("{}/{place}/{about}", cx.actor.label())
}

/// That the sheet is still as it was at that version; without one, however it is.
pub(crate) fn still(version: Option<u64>) -> PrivateExpect {
    match version {
        None => PrivateExpect::Any,
        Some(0) => PrivateExpect::Absent,
        Some(version) => PrivateExpect::Version(version),
    }
}

impl Sheet {
    fn write(self, cx: &Cx, about: &str, expect: PrivateExpect, value: Option<Vec<u8>>) -> PrivateWrite {
        let expires = cx.now.as_microsecond().saturating_add(DAYS * 86_400_000_000);
        let owner = Some(cx.actor.label());
        PrivateWrite { kind: self.kind, key: key(cx, about), expect, value, owner, expires: Some(expires) }
    }

    /// Takes the sheet away, in the commit that signs it.
    pub(crate) fn clearing(self, cx: &Cx, about: &str) -> PrivateWrite {
        self.write(cx, about, PrivateExpect::Any, None)
    }

    /// Leaves in the place of the sheet what was signed from it, in the commit that signs it.
    pub(crate) fn signing(self, cx: &Cx, about: &str, expect: PrivateExpect, signed: &str) -> PrivateWrite {
        self.write(cx, about, expect, Some(Value::String(signed.to_owned()).to_bytes()))
    }

    /// Keeps names and values as typed.
    pub(crate) async fn save(
        self,
        (access, cx): (&Access, &Cx),
        about: &str,
        expect: PrivateExpect,
        typed: &[(String, String)],
    ) -> Result<(), CareError> {
        let pairs: Vec<Value> = typed.iter().map(|(name, value)| fhir::json!([name, value])).collect();
        let private = vec![self.write(cx, about, expect, Some(Value::Array(pairs).to_bytes()))];
        access.commit(cx, Act { name: self.save, private, ..Act::default() }).await?;
        Ok(())
    }

    /// The sheet as it was kept last.
    pub(crate) async fn load(self, access: &Access, cx: &Cx, about: &str) -> Result<Kept, CareError> {
        let Some(found) = access.store().private(self.kind, &key(cx, about)).await? else { return Ok(Kept::default()) };
        let typed = fhir::json::parse(&found.value).unwrap_or(Value::Null);
        let pair = |one: &Value| match one.as_array() {
            Some([name, value]) => Some((name.as_str()?.to_owned(), value.as_str()?.to_owned())),
            _ => None,
        };
        let since = |end: i64| Timestamp::from_microsecond(end - DAYS * 86_400_000_000).ok();
        Ok(Kept {
            version: found.version,
            at: found.expires.and_then(since),
            typed: typed.as_array().into_iter().flatten().filter_map(pair).collect(),
            signed: typed.as_str().map(str::to_owned),
        })
    }
}
