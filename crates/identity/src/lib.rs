//! Who is this person? The numbers people carry, their names, their registration, and who might
//! already be registered.
//!
//! Invariants: nobody is turned away for want of a document; nobody is merged by the program; what
//! somebody said is stored as they said it, and folding and sound serve only to find. The index
//! (names, sex, birth date, municipality, masked CUI) holds nothing clinical.

mod age;
mod commands;
mod cui;
pub mod demo;
mod document;
mod duplicates;
mod error;
mod find;
mod govern;
pub mod name;
#[cfg(test)]
mod outside;
mod people;
mod person;
mod registration;

pub use age::{age_text, age_years, parse_date, print_date, today, written_days};
pub use commands::{Candidate, Correction, Registered, Sent, correct, duplicates, find, register};
pub use cui::{Cui, CuiFormat, CuiProblem, Origin};
pub use document::{Document, IgssNumber, NO_DOCUMENT_REASONS, Nit};
pub use duplicates::Resemblance;
pub use error::IdentityError;
pub use find::{Find, Line};
pub use govern::IdentityGovernor;
pub use name::PersonName;
pub use people::People;
pub use person::PersonCard;
pub(crate) use registration::read_birth;
pub use registration::{Checked, DocumentKind, FieldError, Registration};
