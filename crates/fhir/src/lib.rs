//! FHIR R4 (4.0.1) as plain values: parse, print, validate, FHIRPath, search grammar and
//! search-parameter values, OperationOutcome. No I/O, no clock, no store.
//!
//! A resource is a checked JSON tree ([`json::Value`]); there are no generated structs.

mod calendar;
pub mod fhirpath;
pub mod json;
pub mod outcome;
pub mod schema;
pub mod search;
mod validate;
pub mod zone;

pub use json::Value;
pub use validate::{date, is_id, validate};
