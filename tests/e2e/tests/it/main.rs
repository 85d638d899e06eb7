//! Long journeys through the real binary and a real browser.

mod beyond;
mod machine;
mod pages;
mod referral;
mod typing;
