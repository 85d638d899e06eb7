//! The referral: a ServiceRequest (what is asked) and a Task (who handles it) that move together.
//!
//! [`Referral`] is the loaded pair. Commands are one file each: read, decide with
//! [`state::State::apply`], commit with `Advance`. Task and ServiceRequest made here share their id.

mod advance;
pub mod answer;
pub mod attend;
pub mod book;
pub mod cancel;
pub mod draft;
pub mod exit;
pub mod figures;
pub mod follow_up;
pub mod home;
pub mod moves;
pub mod notice;
pub mod overrule;
mod pair;
pub mod place;
pub mod policy;
pub mod printed;
pub mod review;
pub mod send;
pub mod state;
pub mod task;
pub mod transfer;
pub mod worklist;

pub(crate) use advance::provenance;
pub use pair::{Named, Referral, Waiting};
