//! The policy as data and pure functions: what each resource means for access ([`TejidoProjector`]),
//! what a caller may see ([`visibility`]) and what a role may write ([`may_write`]).
//!
//! Deny by default: a type, a role or a relation that no line names is not seen and not written.
//! Nothing here reads a store or a clock.

mod bits;
mod project;
mod roles;
mod see;
mod sensitive;
mod sharing;

pub use bits::{Ground, Label};
pub use project::{TejidoProjector, custodian, institution};
pub use see::{may_register, visibility};
pub use sensitive::shared_days_after_closure;
pub use sharing::{Agreement, Sharing, Side, Standing, Terms};

pub(crate) use project::{claims, instant, label_codings, labels, patient_of, split};
pub(crate) use roles::{is_directory, may_write};
pub(crate) use see::{by_reason, index_visibility, institution_wide, record_of};
pub(crate) use sensitive::{Implied, POLICY, ages};
pub(crate) use sharing::consent;

/// How reason and share rows name who has them: the institution that keeps the source, and the
/// facility. A source that the facility may not see gives it nothing.
pub(crate) fn grantee(keeper: &str, facility: &str) -> String {
    format!("{keeper}/{facility}")
}
