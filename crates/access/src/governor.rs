//! The seam for governed resources: a domain crate judges every write, whatever road it came by.

use std::collections::BTreeMap;

use fhir::Value;
use fhir::outcome::Issue;
use fhir::search::Query;
use store::Key;

use crate::{Cx, Sharing};

/// One write as it is proposed.
#[derive(Clone, Copy, Debug)]
pub struct Proposed<'a> {
    /// Which resource.
    pub key: &'a Key,
    /// The current version; `None` when it is new or deleted.
    pub before: Option<&'a Value>,
    /// The next version; `None` for a deletion.
    pub after: Option<&'a Value>,
}

/// A domain crate's rule over writes. Pure: it reads only what it is given. `server` wires the
/// governors into [`crate::Access`].
pub trait Governor: Send + Sync {
    /// Other resources that the judgement needs (the Task of a ServiceRequest, the Slot of an
    /// Appointment); they are read and held at their version until the commit.
    fn needs(&self, proposed: Proposed<'_>) -> Vec<Key>;

    /// What else has to be looked for, such as others with the same number: what is found is given to the
    /// judgement too, whoever may see it. Not held until the commit.
    fn looks_for(&self, _proposed: Proposed<'_>) -> Vec<Query> {
        Vec::new()
    }

    /// Judges all writes of one commit together, under the agreements between institutions that stand.
    ///
    /// # Errors
    /// Issues with code `business-rule` for each illegal move.
    fn judge(
        &self,
        cx: &Cx,
        proposed: &[Proposed<'_>],
        related: &BTreeMap<Key, Value>,
        sharing: &Sharing,
    ) -> Result<(), Vec<Issue>>;
}
