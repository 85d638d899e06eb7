//! What a search asks (R4 §3.1.1), as data.

use super::{ParamType, SearchParam};

/// A parsed search.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The resource types searched; empty means all (`GET [base]?…`).
    pub types: Vec<String>,
    /// All must hold.
    pub filters: Vec<Filter>,
    /// `_sort`, first key first.
    pub sort: Vec<SortKey>,
    /// `_count`; 0 means only the total.
    pub count: Option<usize>,
    /// `_total`.
    pub total: Total,
    /// `_summary`.
    pub summary: Summary,
    /// `_elements`.
    pub elements: Vec<String>,
    /// `_include`.
    pub includes: Vec<Include>,
    /// `_revinclude`.
    pub revincludes: Vec<Include>,
    /// The opaque page cursor (`_cursor`), given out by `store`.
    pub cursor: Option<String>,
    /// What was understood, as names and values before percent-encoding, in the order asked and
    /// without `_cursor`: what `self` and `next` links say (R4 §3.1.1.2).
    pub pairs: Vec<(String, String)>,
}

/// A condition on the resources found.
#[derive(Clone, Debug)]
pub enum Filter {
    /// A parameter has (or, for `:not`, has not) any of the values.
    Param {
        /// Which.
        param: &'static SearchParam,
        /// How.
        modifier: Modifier,
        /// Any of these.
        any: Vec<Condition>,
    },
    /// `:missing=true|false`.
    Missing {
        /// Which.
        param: &'static SearchParam,
        /// Whether it has to be absent.
        missing: bool,
    },
    /// `subject:Patient.name=…`: a resource of type `target` that is pointed to satisfies the filter.
    Chain {
        /// The reference parameter.
        param: &'static SearchParam,
        /// The type pointed to.
        target: String,
        /// What must hold there.
        filter: Box<Filter>,
    },
    /// `_has:Observation:patient:code=…`: some resource that points here satisfies the filter.
    Has {
        /// The type that points.
        source: String,
        /// Its reference parameter.
        param: &'static SearchParam,
        /// What must hold there.
        filter: Box<Filter>,
    },
    /// `_id`.
    Id(Vec<String>),
    /// `_lastUpdated`, microseconds, half open (see [`Condition::Date`]).
    LastUpdated(Vec<Condition>),
}

/// One alternative of a parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Folded (or with `:exact` verbatim) text.
    String(String),
    /// `system|code`; outer `None` = any, `Some("")` as system = no system (`|code`).
    Token {
        /// System, see above.
        system: Option<String>,
        /// Code; `None` for `system|`.
        code: Option<String>,
    },
    /// A reference by type and id, or by URL.
    Reference {
        /// Type, if said.
        resource_type: Option<String>,
        /// Id.
        id: Option<String>,
        /// URL.
        url: Option<String>,
    },
    /// A date range, microseconds, half open.
    Date {
        /// How to compare.
        comparator: Comparator,
        /// First instant.
        start: i64,
        /// First instant after.
        end: i64,
    },
    /// A number and its implied range.
    Number {
        /// How to compare.
        comparator: Comparator,
        /// The value itself (for gt, lt, ge, le).
        value: f64,
        /// Lower bound of the implied range (for eq, ne).
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// A quantity; `system`/`code` as for tokens, `None` = any.
    Quantity {
        /// How to compare.
        comparator: Comparator,
        /// The value.
        value: f64,
        /// Lower bound of the implied range.
        low: f64,
        /// Upper bound.
        high: f64,
        /// Unit system.
        system: Option<String>,
        /// Unit code (also matched against the unit as displayed when no system is given).
        code: Option<String>,
    },
    /// A URI.
    Uri(String),
    /// One condition for each part of a composite.
    Composite(Vec<Condition>),
}

/// Search prefixes (R4 §3.1.1.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Comparator {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Sa,
    Eb,
    Ap,
}

/// Search modifiers (R4 §3.1.1.4.6); `:missing` and `:[type]` are [`Filter::Missing`] and part of the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Modifier {
    None,
    Exact,
    Contains,
    Not,
    /// uri `:below`
    Below,
    /// uri `:above`
    Above,
    /// reference `:identifier` (the conditions are tokens)
    Identifier,
    /// token `:text` (the conditions are strings against display text)
    Text,
}

/// One key of `_sort`.
#[derive(Clone, Debug)]
pub struct SortKey {
    /// What to sort by; `None` is `_id`, and `_lastUpdated` has its own flag.
    pub by: SortBy,
    /// `-` before the name.
    pub descending: bool,
}

/// What is sorted by.
#[derive(Clone, Debug)]
pub enum SortBy {
    /// `_id`.
    Id,
    /// `_lastUpdated`.
    LastUpdated,
    /// A parameter.
    Param(&'static SearchParam),
}

/// `_total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Total {
    #[default]
    None,
    Estimate,
    Accurate,
}

/// `_summary`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Summary {
    #[default]
    False,
    True,
    Text,
    Data,
    Count,
}

/// `_include=Source:param:Target` or `_revinclude`.
#[derive(Clone, Debug)]
pub struct Include {
    /// The type that holds the reference.
    pub source: String,
    /// The reference parameter; `None` for `*`.
    pub param: Option<&'static SearchParam>,
    /// Only targets of this type.
    pub target: Option<String>,
}

/// Why a query was refused; `name` is the parameter as written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// No such parameter for the type.
    #[error("unknown search parameter {name:?} for {resource_type}")]
    UnknownParameter {
        /// As written.
        name: String,
        /// The type searched.
        resource_type: String,
    },
    /// A parameter of R4 that is not done here.
    #[error("{name:?} is not supported: search by the parameters in the CapabilityStatement")]
    Unsupported {
        /// As written.
        name: String,
    },
    /// The modifier can't be used with this parameter.
    #[error("modifier :{modifier} can't be used with {name:?}")]
    Modifier {
        /// As written.
        name: String,
        /// The modifier.
        modifier: String,
    },
    /// A value that does not fit the parameter's kind.
    #[error("{value:?} is not a value for {name:?} ({kind:?})")]
    Value {
        /// The parameter.
        name: String,
        /// The value as written.
        value: String,
        /// What was expected.
        kind: ParamType,
    },
    /// A chain whose reference may point to several types that have the parameter.
    #[error("{name:?} may lead to {}: say which, such as {example:?}", targets.join(", "))]
    Ambiguous {
        /// As written.
        name: String,
        /// The types.
        targets: Vec<&'static str>,
        /// How it is written for one of them.
        example: String,
    },
    /// A chain, `_has`, include or control parameter that can't be read.
    #[error("{name:?} can't be read: {fix}")]
    Malformed {
        /// As written.
        name: String,
        /// What to write.
        fix: &'static str,
    },
}
