//! The gate's stories: who sees what, who writes what, and what is written down about it.

mod accounts;
mod inference;
mod labels;
mod reading;
mod sharing;
mod story;
mod writing;
