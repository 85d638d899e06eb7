//! The official search parameters (SearchParameter resources of R4), ready to use.

/// A number for one (resource type, code) pair: FNV-1a over `Type.code`, stable across versions
/// and machines because index rows carry it. A test proves that no two pairs collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(pub u32);

impl ParamId {
    /// The id of `Type.code`.
    pub const fn of(resource_type: &str, code: &str) -> Self {
        let mut hash = 0x811c_9dc5_u32;
        let (a, b) = (resource_type.as_bytes(), code.as_bytes());
        let mut at = 0;
        while at <= a.len() + b.len() {
            let byte = if at < a.len() {
                a[at]
            } else if at == a.len() {
                b'.'
            } else {
                b[at - a.len() - 1]
            };
            hash = (hash ^ byte as u32).wrapping_mul(0x0100_0193);
            at += 1;
        }
        Self(hash)
    }
}

/// The kind of a search parameter (R4 §3.1.1.4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ParamType {
    Number,
    Date,
    String,
    Token,
    Reference,
    Composite,
    Quantity,
    Uri,
    Special,
}

/// One search parameter as it applies to one resource type.
#[derive(Debug)]
pub struct SearchParam {
    /// Its id for the type it was looked up with.
    pub id: ParamId,
    /// The resource type it applies to.
    pub resource_type: &'static str,
    /// The name in a query string.
    pub code: &'static str,
    /// Canonical URL of the definition.
    pub url: &'static str,
    /// Its kind.
    pub kind: ParamType,
    /// For references: the resource types it may point to.
    pub targets: Vec<&'static str>,
    /// For composites: the parts, in order.
    pub components: Vec<Component>,
    /// The FHIRPath expression, cut down to this resource type.
    pub expression: &'static str,
}

/// A part of a composite parameter.
#[derive(Debug)]
pub struct Component {
    /// The kind of the part.
    pub kind: ParamType,
    /// The expression, relative to what the composite's own expression selects.
    pub expression: &'static str,
}

/// Every official search parameter, by type and code.
#[derive(Debug)]
pub struct Registry {
    _private: (),
}
