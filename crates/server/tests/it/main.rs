//! The real program `tejido`: its commands, its door, its demonstration.

mod accounts;
mod codes;
mod demo;
mod door;
mod keeping;
mod kit;
mod load;
mod network;
mod untraced;
