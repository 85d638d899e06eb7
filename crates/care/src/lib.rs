//! The person's journey: visit, referral, appointment, counter-referral, follow-up.
//!
//! A command reads what it needs through `access`, decides with a pure function, and commits its
//! changes whole. The same pure transition judges what comes by any other road.
//! No HTTP, no SQL, no clock of its own.

mod codes;
pub mod referral;
