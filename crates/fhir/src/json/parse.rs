//! The reader: RFC 8259, strict, over bytes, with the place of every refusal.

use std::collections::HashSet;

use super::{MAX_DEPTH, MAX_VALUES, Number, Object, Value};

/// Why and where a text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at {path} (byte {offset})")]
pub struct ParseError {
    /// What is wrong.
    pub problem: Problem,
    /// The place in FHIRPath style: `Patient.name[0].given[1]`, or `$` at the root.
    pub path: String,
    /// Byte offset into the text.
    pub offset: usize,
}

/// What is wrong with a JSON text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text ended too soon.
    #[error("the text ends in the middle of a value")]
    UnexpectedEnd,
    /// A byte that can't stand there.
    #[error("unexpected character {0:?}")]
    UnexpectedCharacter(char),
    /// More text after the value.
    #[error("text after the end of the value")]
    TrailingText,
    /// Not UTF-8.
    #[error("the text is not valid UTF-8")]
    InvalidUtf8,
    /// A number that breaks the JSON grammar.
    #[error("a number that is not JSON")]
    InvalidNumber,
    /// An unknown escape.
    #[error("an unknown escape in a string")]
    InvalidEscape,
    /// A surrogate without its other half.
    #[error("a lone surrogate in a string")]
    LoneSurrogate,
    /// A control character that must be escaped.
    #[error("an unescaped control character in a string")]
    ControlCharacter,
    /// The same member twice.
    #[error("the member {0:?} stands twice")]
    DuplicateKey(String),
    /// Nesting beyond [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More values than [`MAX_VALUES`].
    #[error("more than {MAX_VALUES} values")]
    TooMany,
}

/// Reads one JSON value from the whole of `bytes`.
///
/// # Errors
/// A [`ParseError`] with path and byte offset for anything that is not strict JSON, for duplicate
/// member names, lone surrogates, invalid UTF-8 and nesting over [`MAX_DEPTH`].
pub fn parse(bytes: &[u8]) -> Result<Value, ParseError> {
    read(bytes, MAX_VALUES)
}

/// Reads what a store has kept: like [`parse`], however many values it holds. The limit guards the
/// door; what came in before it was set, or grew by its `meta` since, stays readable.
///
/// # Errors
/// As [`parse`], but for [`Problem::TooMany`].
pub fn parse_kept(bytes: &[u8]) -> Result<Value, ParseError> {
    read(bytes, usize::MAX)
}

fn read(bytes: &[u8], most: usize) -> Result<Value, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|error| ParseError {
        problem: Problem::InvalidUtf8,
        path: "$".into(),
        offset: error.valid_up_to(),
    })?;
    let mut reader = Reader { bytes: text.as_bytes(), text, at: 0, values_left: most, path: Vec::new(), root: None };
    let start = text.strip_prefix('\u{feff}').map_or(0, |_| 3);
    reader.at = start;
    let outcome = reader.value(0).and_then(|value| {
        reader.space();
        if reader.at == reader.bytes.len() { Ok(value) } else { Err(Problem::TrailingText) }
    });
    outcome.map_err(|problem| ParseError { problem, path: reader.place(), offset: reader.at })
}

enum Step {
    Name(String),
    Item(usize),
}

struct Reader<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
    values_left: usize,
    path: Vec<Step>,
    root: Option<String>,
}

impl Reader<'_> {
    fn place(&self) -> String {
        let mut place = self.root.clone().unwrap_or_else(|| "$".into());
        for step in &self.path {
            match step {
                Step::Name(name) => {
                    place.push('.');
                    place.push_str(name);
                }
                Step::Item(at) => place.push_str(&format!("[{at}]")),
            }
        }
        place
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected(&self) -> Problem {
        match self.text[self.at..].chars().next() {
            Some(character) => Problem::UnexpectedCharacter(character),
            None => Problem::UnexpectedEnd,
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Problem> {
        self.values_left = self.values_left.checked_sub(1).ok_or(Problem::TooMany)?;
        self.space();
        match self.bytes.get(self.at) {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Problem> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.unexpected())
        }
    }

    fn number(&mut self) -> Result<Value, Problem> {
        let length = number_length(&self.bytes[self.at..]).ok_or(Problem::InvalidNumber)?;
        let text = &self.text[self.at..self.at + length];
        if matches!(self.bytes.get(self.at + length), Some(b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
            return Err(Problem::InvalidNumber);
        }
        self.at += length;
        Ok(Value::Number(Number(text.into())))
    }

    fn array(&mut self, depth: usize) -> Result<Value, Problem> {
        if depth > MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.bytes.get(self.at) == Some(&b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            self.path.push(Step::Item(items.len()));
            items.push(self.value(depth)?);
            self.path.pop();
            self.space();
            match self.bytes.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Problem> {
        if depth > MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        self.at += 1;
        let mut members: Vec<(String, Value)> = Vec::new();
        let mut names = Names::default();
        self.space();
        if self.bytes.get(self.at) == Some(&b'}') {
            self.at += 1;
            return Ok(Value::Object(Object(members)));
        }
        loop {
            self.space();
            if self.bytes.get(self.at) != Some(&b'"') {
                return Err(self.unexpected());
            }
            let name = self.string()?;
            if names.seen(&members, &name) {
                self.path.push(Step::Name(name.clone()));
                return Err(Problem::DuplicateKey(name));
            }
            self.space();
            if self.bytes.get(self.at) != Some(&b':') {
                return Err(self.unexpected());
            }
            self.at += 1;
            self.path.push(Step::Name(name.clone()));
            let value = self.value(depth)?;
            self.path.pop();
            if depth == 1 && name == "resourceType" {
                self.root = value.as_str().map(str::to_owned);
            }
            members.push((name, value));
            self.space();
            match self.bytes.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Object(Object(members)));
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn string(&mut self) -> Result<String, Problem> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let start = self.at;
            while !matches!(self.bytes.get(self.at), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            text.push_str(&self.text[start..self.at]);
            match self.bytes.get(self.at) {
                None => return Err(Problem::UnexpectedEnd),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(Problem::ControlCharacter),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let kind = *self.bytes.get(self.at + 1).ok_or(Problem::UnexpectedEnd)?;
        let plain = match kind {
            b'"' | b'\\' | b'/' => kind as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(Problem::InvalidEscape),
        };
        self.at += 2;
        Ok(plain)
    }

    fn unicode_escape(&mut self) -> Result<char, Problem> {
        let high = self.hex4(self.at + 2)?;
        if let Some(character) = char::from_u32(high) {
            self.at += 6;
            return Ok(character);
        }
        if high >= 0xdc00 || self.bytes.get(self.at + 6..self.at + 8) != Some(b"\\u") {
            return Err(Problem::LoneSurrogate);
        }
        let low = self.hex4(self.at + 8)?;
        if !(0xdc00..0xe000).contains(&low) {
            return Err(Problem::LoneSurrogate);
        }
        self.at += 12;
        char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or(Problem::LoneSurrogate)
    }

    fn hex4(&self, from: usize) -> Result<u32, Problem> {
        let digits = self.bytes.get(from..from + 4).ok_or(Problem::UnexpectedEnd)?;
        digits.iter().try_fold(0, |sum, digit| {
            (*digit as char).to_digit(16).map(|value| sum * 16 + value).ok_or(Problem::InvalidEscape)
        })
    }
}

/// The names read so far: a scan while they are few, a set beyond that, so that an object of a
/// million members can't buy quadratic time.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    const FEW: usize = 32;

    fn seen(&mut self, members: &[(String, Value)], name: &str) -> bool {
        if members.len() < Self::FEW {
            return members.iter().any(|(key, _)| key == name);
        }
        if self.0.is_empty() {
            self.0.extend(members.iter().map(|(key, _)| key.clone()));
        }
        !self.0.insert(name.to_owned())
    }
}

/// Length of the JSON number at the start of `bytes` (RFC 8259 §6).
pub(super) fn number_length(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    match bytes.get(at) {
        Some(b'0') => at += 1,
        Some(b'1'..=b'9') => at += digits(at),
        _ => return None,
    }
    if bytes.get(at) == Some(&b'.') {
        let count = digits(at + 1);
        if count == 0 {
            return None;
        }
        at += 1 + count;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let count = digits((at + 1 + sign).min(bytes.len()));
        if count == 0 {
            return None;
        }
        at += 1 + sign + count;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (Problem, String) {
        let error = parse(text.as_bytes()).expect_err("refused");
        (error.problem, error.path)
    }

    #[test]
    fn decimals_come_back_as_they_were_written() {
        let text = r#"{"a":1.10,"b":1e3,"c":0.12345678901234567890,"d":-0,"e":100000000000000000000}"#;
        assert_eq!(parse(text.as_bytes()).unwrap().to_string(), text);
    }

    #[test]
    fn a_duplicate_name_is_refused_with_its_place() {
        let (problem, path) = refused(r#"{"resourceType":"Patient","name":[{"family":"a","family":"b"}]}"#);
        assert_eq!(problem, Problem::DuplicateKey("family".into()));
        assert_eq!(path, "Patient.name[0].family");
        let many: Vec<String> = (0..100).map(|n| format!("\"k{n}\":1")).collect();
        assert!(parse(format!("{{{}}}", many.join(",")).as_bytes()).is_ok());
        assert_eq!(refused(&format!("{{{},\"k7\":2}}", many.join(","))).0, Problem::DuplicateKey("k7".into()));
    }

    #[test]
    fn surrogates_come_in_pairs() {
        assert_eq!(parse(br#""\ud83e\udea1""#).unwrap(), Value::from("\u{1faa1}"));
        assert_eq!(refused(r#"["\ud83e"]"#), (Problem::LoneSurrogate, "$[0]".into()));
        assert_eq!(refused(r#""\udea1\ud83e""#).0, Problem::LoneSurrogate);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(refused(&nested(MAX_DEPTH + 1)).0, Problem::TooDeep);
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in
            ["", "{", "[1,]", "{\"a\":1,}", "01", "1.", ".5", "+1", "1e", "nul", "\"\t\"", "{} x", "NaN", "-", "1.2.3"]
        {
            assert!(parse(text.as_bytes()).is_err(), "{text:?} was accepted");
        }
        assert_eq!(parse(b"\"\xff\"").unwrap_err().problem, Problem::InvalidUtf8);
    }
}
