//! Who is asking, what they may see or do and why, and what is written down about it.
//!
//! Every road to the record, page or machine, goes through [`Access`]. A read carries the caller's
//! [`store::Visibility`] into the query and leaves a record in the audit chain before it answers.
//! A write is validated, checked against the caller's role, judged by the [`Governor`]s and
//! committed with its AuditEvent in one transaction.
//!
//! Invariants: what may not be seen is exactly like what is not there (NotFound); nothing is
//! filtered after the page; a read that can't be audited is refused. No HTTP and no SQL here.

mod act;
mod cx;
mod error;
mod governor;
mod read;
pub mod system;

pub use act::Act;
pub use cx::{Actor, Cx, Facility, Role};
pub use error::AccessError;
pub use governor::{Governor, Proposed};
pub use read::Access;
