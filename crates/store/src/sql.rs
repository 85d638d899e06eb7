//! What goes into a database and comes out of it, the same for both back ends.
//!
//! Statements are written once with `?` for each parameter (never inside a literal); the
//! PostgreSQL side numbers them. Integers are 64 bits wide everywhere, text compares by bytes.

use bytes::Bytes;

use crate::StoreError;

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// One value, bound or read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sql {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Bytes),
}

impl From<&str> for Sql {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Sql {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Sql {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&Option<String>> for Sql {
    fn from(text: &Option<String>) -> Self {
        text.as_ref().map_or(Self::Null, Self::from)
    }
}

impl From<i64> for Sql {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Sql {
    fn from(number: u32) -> Self {
        Self::Int(i64::from(number))
    }
}

impl From<u64> for Sql {
    /// Sequence and version numbers; none comes near the sign bit.
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Sql {
    fn from(number: usize) -> Self {
        Self::from(number as u64)
    }
}

impl From<f64> for Sql {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<Bytes> for Sql {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<u8>> for Sql {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl<T: Into<Sql>> From<Option<T>> for Sql {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The parameters of a statement: `params![key, 3_u64]`.
macro_rules! params {
    ($($value:expr),* $(,)?) => { [$($crate::sql::Sql::from($value)),*] };
}
pub(crate) use params;

/// One row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row(pub(crate) Vec<Sql>);

const SHAPE: StoreError = StoreError::Damaged("a column holds another type than it should");

impl Row {
    /// An integer.
    pub(crate) fn int(&self, at: usize) -> Result<i64, StoreError> {
        match self.0.get(at) {
            Some(Sql::Int(number)) => Ok(*number),
            _ => Err(SHAPE),
        }
    }

    /// An integer that can't be negative.
    pub(crate) fn count(&self, at: usize) -> Result<u64, StoreError> {
        u64::try_from(self.int(at)?).map_err(|_| SHAPE)
    }

    /// An integer, if there is one.
    pub(crate) fn opt_int(&self, at: usize) -> Result<Option<i64>, StoreError> {
        if self.0.get(at) == Some(&Sql::Null) { Ok(None) } else { self.int(at).map(Some) }
    }

    /// Text, moved out of the row.
    pub(crate) fn text(&mut self, at: usize) -> Result<String, StoreError> {
        match self.0.get_mut(at).map(|slot| std::mem::replace(slot, Sql::Null)) {
            Some(Sql::Text(text)) => Ok(text),
            _ => Err(SHAPE),
        }
    }

    /// Text, if there is any, moved out of the row.
    pub(crate) fn opt_text(&mut self, at: usize) -> Result<Option<String>, StoreError> {
        if self.0.get(at) == Some(&Sql::Null) { Ok(None) } else { self.text(at).map(Some) }
    }

    /// Bytes, moved out of the row.
    pub(crate) fn bytes(&mut self, at: usize) -> Result<Bytes, StoreError> {
        match self.0.get_mut(at).map(|slot| std::mem::replace(slot, Sql::Null)) {
            Some(Sql::Bytes(bytes)) => Ok(bytes),
            _ => Err(SHAPE),
        }
    }
}

/// A statement being written: text and its parameters, in step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) params: Vec<Sql>,
}

impl Statement {
    /// Begins with this text.
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), params: Vec::new() }
    }

    /// Adds text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a parameter.
    pub(crate) fn bind(&mut self, value: impl Into<Sql>) -> &mut Self {
        self.text.push('?');
        self.params.push(value.into());
        self
    }

    /// Adds `(?,?,…)`; an empty list matches nothing, on both back ends.
    pub(crate) fn bind_list<T: Into<Sql>>(&mut self, values: impl IntoIterator<Item = T>) -> &mut Self {
        self.push("(");
        let mut empty = true;
        for value in values {
            if !empty {
                self.push(",");
            }
            empty = false;
            self.bind(value);
        }
        self.push(if empty { "NULL)" } else { ")" })
    }
}
