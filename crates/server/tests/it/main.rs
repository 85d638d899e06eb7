//! The real program `tejido`: its commands, its door, its demonstration.

mod accounts;
mod codes;
mod door;
mod kit;
