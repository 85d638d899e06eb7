//! The API as a machine meets it: requests through the router, on a store of its own.

mod bundles;
mod conditional;
mod crud;
mod envelope;
mod examples;
mod history;
mod outside;
mod refusals;
mod search;
mod server;
