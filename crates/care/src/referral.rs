//! The referral: a ServiceRequest (what is asked) and a Task (who handles it) that move together.

pub mod moves;
pub mod state;
