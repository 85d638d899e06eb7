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

fn key(cx: &Cx, about: &str) -> String {
    let place = cx.facility.as_ref().map_or("", |place| place.id.as_str());
    format!("{}/{place}/{about}", cx.actor.label())
}

impl Sheet {
    fn write(self, cx: &Cx, about: &str, value: Option<Vec<u8>>) -> PrivateWrite {
        let expires = cx.now.as_microsecond().saturating_add(DAYS * 86_400_000_000);
        PrivateWrite {
            kind: self.kind,
            key: key(cx, about),
            expect: PrivateExpect::Any,
            value,
            owner: Some(cx.actor.label()),
            expires: Some(expires),
        }
    }

    /// Takes the sheet away, in the commit that signs it.
    pub(crate) fn clearing(self, cx: &Cx, about: &str) -> PrivateWrite {
        self.write(cx, about, None)
    }

    /// Keeps names and values as typed.
    pub(crate) async fn save(
        self,
        access: &Access,
        cx: &Cx,
        about: &str,
        typed: &[(String, String)],
    ) -> Result<(), CareError> {
        let pairs: Vec<Value> = typed.iter().map(|(name, value)| fhir::json!([name, value])).collect();
        let private = vec![self.write(cx, about, Some(Value::Array(pairs).to_bytes()))];
        access.commit(cx, Act { name: self.save, private, ..Act::default() }).await?;
        Ok(())
    }

    /// When it was kept last.
    pub(crate) async fn kept_at(self, access: &Access, cx: &Cx, about: &str) -> Result<Option<Timestamp>, CareError> {
        let expires = access.store().private(self.kind, &key(cx, about)).await?.and_then(|found| found.expires);
        Ok(expires.and_then(|end| Timestamp::from_microsecond(end - DAYS * 86_400_000_000).ok()))
    }

    /// What was typed last; empty when there is nothing.
    pub(crate) async fn load(self, access: &Access, cx: &Cx, about: &str) -> Result<Vec<(String, String)>, CareError> {
        let Some(found) = access.store().private(self.kind, &key(cx, about)).await? else { return Ok(Vec::new()) };
        let typed = fhir::json::parse(&found.value).unwrap_or(Value::Null);
        let pair = |one: &Value| match one.as_array() {
            Some([name, value]) => Some((name.as_str()?.to_owned(), value.as_str()?.to_owned())),
            _ => None,
        };
        Ok(typed.as_array().into_iter().flatten().filter_map(pair).collect())
    }
}
