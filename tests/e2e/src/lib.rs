//! For the end-to-end tests: the real binary on a temporary store, and a real browser.

mod browser;
mod program;

pub use browser::{Browser, Violation};
pub use program::{Account, Program};
