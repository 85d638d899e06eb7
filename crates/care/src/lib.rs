//! The person's journey: visit, referral, appointment, counter-referral, follow-up.
//!
//! A command reads what it needs through `access`, decides with a pure function, and commits its
//! changes whole. The same pure transition judges what comes by any other road ([`govern`]).
//! No HTTP, no SQL, no clock of its own.

mod codes;
pub mod danger;
mod data;
mod error;
pub mod govern;
pub mod icd10;
pub mod print;
pub mod referral;
mod resource;
pub mod service;
mod typed;
pub mod visit;

pub use error::{CareError, Problem};
pub use govern::CareGovernor;
