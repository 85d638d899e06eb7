//! A SQL text that grows together with its parameters.
//!
//! Invariant: no value of a caller is ever part of the text; it is a parameter, whatever it looks like.

use crate::Visibility;
use crate::sql::{Dialect, Sql, Statement};
use crate::visibility::condition;

/// A statement being written, with what is needed to write it.
#[derive(Debug)]
pub(crate) struct Builder {
    dialect: Dialect,
    statement: Statement,
    aliases: usize,
}

impl Builder {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, statement: Statement::default(), aliases: 0 }
    }

    /// What was written.
    pub(crate) fn finish(self) -> Statement {
        self.statement
    }

    /// Appends text without parameters.
    pub(crate) fn put(&mut self, text: &str) -> &mut Self {
        self.statement.push(text);
        self
    }

    /// Appends text in which every `?` stands for the next of `params`.
    pub(crate) fn with<const N: usize>(&mut self, text: &str, params: [Sql; N]) -> &mut Self {
        let mut params = params.into_iter();
        for (at, piece) in text.split('?').enumerate() {
            if at > 0 {
                self.bind(params.next().expect("a value for every question mark"));
            }
            self.put(piece);
        }
        debug_assert!(params.next().is_none(), "a question mark for every value");
        self
    }

    /// Appends one parameter.
    pub(crate) fn bind(&mut self, param: impl Into<Sql>) -> &mut Self {
        self.statement.bind(param);
        self
    }

    /// `column IN (…)`, false for an empty list.
    pub(crate) fn among<P: Into<Sql>>(&mut self, column: &str, values: impl IntoIterator<Item = P>) -> &mut Self {
        self.put(column).put(" IN ");
        self.statement.bind_list(values);
        self
    }

    /// Appends the condition that a row of `resource` may be seen.
    pub(crate) fn visible(&mut self, row: &str, visibility: &Visibility) -> &mut Self {
        condition(visibility, row, &mut self.statement);
        self
    }

    /// Appends one piece for each item, with the separator between them.
    pub(crate) fn joined<T, E>(
        &mut self,
        separator: &str,
        items: impl IntoIterator<Item = T>,
        mut piece: impl FnMut(&mut Self, T) -> Result<(), E>,
    ) -> Result<&mut Self, E> {
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.put(separator);
            }
            piece(self, item)?;
        }
        Ok(self)
    }

    /// The condition that `haystack` (a column) contains the text; no character of it is special.
    pub(crate) fn contains(&mut self, haystack: &str, needle: &str) -> &mut Self {
        let function = match self.dialect {
            Dialect::Sqlite => "instr",
            Dialect::Postgres => "strpos",
        };
        // As the index keeps it: PostgreSQL takes no NUL.
        let needle = needle.replace('\0', "\u{fffd}");
        self.put(function).put("(").put(haystack).put(", ").bind(needle).put(") > 0")
    }

    /// The condition that `column` begins with the text, as a range that an index serves.
    pub(crate) fn begins(&mut self, column: &str, prefix: &str) -> &mut Self {
        self.put(column).put(" >= ").bind(prefix);
        if let Some(after) = successor(prefix) {
            self.put(" AND ").put(column).put(" < ").bind(after.as_str());
        }
        self
    }

    /// A table alias that is not used yet.
    pub(crate) fn alias(&mut self, letter: char) -> String {
        self.aliases += 1;
        format!("{letter}{}", self.aliases)
    }
}

/// The least text (by code point, which is also the order of UTF-8 bytes) greater than all that
/// begin with `prefix`; `None` if there is none.
fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // The surrogates are no characters: after U+D7FF comes U+E000.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_becomes_a_parameter() {
        let mut sql = Builder::new(Dialect::Sqlite);
        sql.with("a = ? AND b = ?", ["'; DROP".into(), 1_i64.into()]);
        let statement = sql.finish();
        assert_eq!(statement.text, "a = ? AND b = ?");
        assert_eq!(statement.params, [Sql::from("'; DROP"), Sql::Int(1)]);
    }

    #[test]
    fn the_successor_bounds_every_text_with_the_prefix() {
        for (prefix, after) in [("jo", "jp"), ("100%", "100&"), ("a\u{d7ff}", "a\u{e000}"), ("a\u{10ffff}", "b")] {
            assert_eq!(successor(prefix).as_deref(), Some(after));
            assert!(format!("{prefix}\u{10ffff}").as_str() < after);
        }
        assert_eq!(successor("\u{10ffff}"), None);
        assert_eq!(successor(""), None);
    }
}
