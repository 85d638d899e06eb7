//! Who offers what, where and for whom: territory, facilities, services, agendas.
//!
//! The network is FHIR: places are Locations (`partOf` is the territory), facilities are an
//! Organization and a Location of the same id (`Organization.partOf` is who manages whom), what is
//! offered is a HealthcareService with its coverage. [`Directory`] is a view over them that follows
//! the log. Invariants: what is not known of a facility stays empty; a municipal seat is never
//! given as a facility's place; every distance says that it is a straight line.

mod area;
pub mod demo;
mod directory;
mod error;
mod exchange;
mod facility;
mod map;
mod office;
pub mod opening;
mod place;
mod service;
mod sheet;
mod slots;
mod table;
mod territory;

pub use area::{Area, AreaKind};
pub use directory::{Directory, Distance, Filter, Offer, Page};
pub use error::NetworkError;
pub use exchange::{Imported, Planned, RowError, check, export, import, plan};
pub use facility::Facility;
pub use map::{BadFeature, Canvas, Outlines};
pub use office::{save_facility, save_service, stamp};
pub use place::{Level, Place, Point};
pub use service::{Hours, Service};
pub use sheet::{Format, SHEET_BYTES, columns, read_sheet, write_sheet};
pub use slots::{is_holiday, slots};
pub use territory::{
    Ddriss, Department, District, FacilityType, KnownFacility, Language, Municipality, Offered, Population, Pueblo,
    Territory, territory,
};
