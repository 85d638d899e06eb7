//! Stories of the journey over a throw-away store, with access, audit and the governor on.

mod agreement;
mod codes;
mod journey;
mod lists;
mod race;
mod sharing;
mod stage;
mod visit;
