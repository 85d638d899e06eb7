//! The gate's stories: who sees what, who writes what, and what is written down about it.

mod accounts;
mod reading;
mod story;
