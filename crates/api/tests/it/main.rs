//! The API as a machine meets it: requests through the router, on a store of its own.

mod bundles;
mod clients;
mod conditional;
mod crud;
mod envelope;
mod examples;
mod governed;
mod history;
mod inference;
mod people;
mod refusals;
mod search;
mod server;
