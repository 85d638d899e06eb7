//! Outside cases against `fhir`: HL7's examples and the validator's test cases, read from
//! `../shared/conformance` where it is there.

mod examples;
mod fhirpath;
mod hostile;
mod patch;
mod xml;
