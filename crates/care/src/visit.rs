//! The visit: captured once, kept as a draft, signed in one commit, mended in the open.

pub mod draft;
pub mod form;
pub mod mend;
pub mod record;
pub mod settle;
pub mod vitals;
