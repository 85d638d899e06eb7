//! Search (R4 §3.1.1): which parameters exist, what a resource's values for them are, and what
//! a query string asks. This module holds the meaning; `store` turns it into SQL.

mod convert;
mod extract;
mod parameter;
mod parse;
mod query;
mod text;
mod value;

pub use extract::{IndexEntry, IndexValue, extract};
pub use parameter::{Component, ParamId, ParamType, Registry, SearchParam, registry};
pub use query::{Comparator, Condition, Filter, Include, Modifier, Query, QueryError, SortBy, SortKey, Summary, Total};
pub use text::fold;
pub(crate) use value::date_range;
