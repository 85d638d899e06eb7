//! Who is this person? The numbers people carry, their names, their registration, and who might
//! already be registered.
//!
//! Invariants: nobody is turned away for want of a document; nobody is merged by the program; what
//! somebody said is stored as they said it, and folding and sound serve only to find. The index
//! (names, sex, birth date, municipality, masked CUI) holds nothing clinical.

mod age;
mod cui;
mod document;
pub mod name;
#[cfg(test)]
mod outside;
mod person;
mod registration;

pub use age::{age_text, age_years, parse_date, print_date, today};
pub use cui::{Cui, CuiFormat, CuiProblem, Origin};
pub use document::{Document, IgssNumber, NO_DOCUMENT_REASONS, Nit};
pub use name::PersonName;
pub use person::PersonCard;
pub use registration::{Checked, DocumentKind, FieldError, Registration};
