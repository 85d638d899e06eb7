//! Who is asking, what they may see or do and why, and what is written down about it.
//!
//! Every road to the record, page or machine, goes through [`Access`]. A read carries the caller's
//! [`store::Visibility`] into the query and leaves a record in the audit chain before it answers.
//! A write is validated, checked against the caller's role, judged by the [`Governor`]s and
//! committed with its AuditEvent in one transaction.
//!
//! Invariants: what may not be seen is exactly like what is not there (NotFound); nothing is
//! filtered after the page; a read that can't be audited is refused. No HTTP and no SQL here.

mod account;
mod act;
mod agreement;
mod asked;
mod audit;
mod cx;
pub mod demo;
mod error;
mod gate;
mod governor;
mod index;
mod label;
mod limit;
mod policy;
mod read;
mod record;
mod scope;
pub mod system;
mod tally;
mod trail;
mod write;

pub use account::{
    Accounts, Created, Entry, Held, Login, NewToken, NewUser, Opened, Pending, RoleChoice, SessionInfo, TokenInfo,
    UserInfo, is_user_name, needs_totp,
};
pub use act::Act;
pub use audit::AuditPage;
pub use cx::{Actor, Cx, Facility, Role};
pub use error::AccessError;
pub use gate::Access;
pub use governor::{Governor, Proposed};
pub use index::masked_patient;
pub use limit::Rate;
pub use policy::{
    Agreement, Ground, Label, Sharing, Side, Standing, TejidoProjector, Terms, custodian, institution, may_register,
    shared_days_after_closure, visibility,
};
pub use scope::{Deed, Scopes};
pub use tally::Tally;
