//! Long journeys through the real binary and a real browser.

mod machine;
mod pages;
mod referral;
mod typing;
