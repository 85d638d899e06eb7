//! From a resource to its index values.

use super::ParamId;
use crate::Value;

/// One value of one search parameter of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexEntry {
    /// Which parameter.
    pub param: ParamId,
    /// The value.
    pub value: IndexValue,
}

/// A value as it is indexed.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexValue {
    /// A string: `folded` (see [`fold`]) for the usual match, `exact` for `:exact`.
    String {
        /// Lower case, no marks.
        folded: String,
        /// As written.
        exact: String,
    },
    /// A token. No system and an empty system are both `None`.
    Token {
        /// System URI.
        system: Option<String>,
        /// Code or value.
        code: Option<String>,
    },
    /// A reference. A relative or own-base literal gives `resource_type` and `id`; anything else
    /// (absolute, canonical, `urn:`, `#contained`) gives `url`.
    Reference {
        /// Target type, also from `Reference.type`.
        resource_type: Option<String>,
        /// Target id.
        id: Option<String>,
        /// Absolute URL or canonical.
        url: Option<String>,
    },
    /// A period in microseconds since 1970 UTC, half open; open ends are `i64::MIN`/`MAX`.
    /// A partial date is the whole of its day, month or year, in America/Guatemala where it has no zone.
    Date {
        /// First instant.
        start: i64,
        /// First instant after.
        end: i64,
    },
    /// A number with the range its precision implies (R4 §3.1.1.4.7): `1.10` is [1.095, 1.105).
    Number {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// A quantity: range as for numbers, unit as given.
    Quantity {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
        /// Unit system.
        system: Option<String>,
        /// Unit code.
        code: Option<String>,
        /// Unit as displayed.
        unit: Option<String>,
    },
    /// A URI, compared exactly.
    Uri(String),
    /// A composite: one value for each part.
    Composite(Vec<IndexValue>),
}

/// All index values of a resource, those of the common parameters (`_id`, `_lastUpdated`, `_tag`,
/// `_profile`, `_security`, `_source`) left out where `store` keeps them as columns (`_id`, `_lastUpdated`).
pub fn extract(_resource: &Value) -> Vec<IndexEntry> {
    Vec::new()
}
