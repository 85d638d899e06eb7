//! Words of an expression (FHIRPath 2.0, appendix A).

use super::PathError;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, with or without back-ticks, also keywords.
    Name(String),
    /// A back-ticked name: never a keyword.
    Quoted(String),
    /// `'text'`, unescaped.
    Text(String),
    /// A number as written.
    Number(String),
    /// `@…` without the sign.
    Moment(String),
    /// `%name`.
    Variable(String),
    /// `$this`, `$index`, `$total`.
    Special(String),
    /// An operator or bracket.
    Sign(&'static str),
}

const SIGNS: [&str; 22] =
    ["!=", "!~", "<=", ">=", "(", ")", "[", "]", "{", "}", ".", ",", "+", "-", "*", "/", "|", "&", "=", "~", "<", ">"];

pub(super) fn words(text: &str) -> Result<Vec<Token>, PathError> {
    let mut rest = text;
    let mut words = Vec::new();
    loop {
        rest = skip(rest)?;
        let Some(first) = rest.chars().next() else { return Ok(words) };
        let (word, length) = match first {
            '\'' => quoted(rest, '\'').map(|(text, length)| (Token::Text(text), length))?,
            '`' => quoted(rest, '`').map(|(text, length)| (Token::Quoted(text), length))?,
            '@' => moment(rest)?,
            '$' => {
                let length = 1 + name_length(&rest[1..]);
                (Token::Special(rest[1..length].to_owned()), length)
            }
            '%' => variable(rest)?,
            '0'..='9' => {
                let length = number_length(rest);
                (Token::Number(rest[..length].to_owned()), length)
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = name_length(rest);
                (Token::Name(rest[..length].to_owned()), length)
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(|| PathError::syntax(format!("unexpected {first:?}")))?;
                (Token::Sign(sign), sign.len())
            }
        };
        words.push(word);
        rest = &rest[length..];
    }
}

/// Skips blanks and comments.
fn skip(mut rest: &str) -> Result<&str, PathError> {
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.find(['\n', '\r']).map_or("", |end| &comment[end..]);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let end = comment.find("*/").ok_or_else(|| PathError::syntax("an unfinished comment"))?;
            rest = &comment[end + 2..];
        } else {
            return Ok(rest);
        }
    }
}

fn name_length(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn number_length(text: &str) -> usize {
    let whole = digits(text);
    match text[whole..].strip_prefix('.').map(digits) {
        Some(fraction) if fraction > 0 => whole + 1 + fraction,
        _ => whole,
    }
}

fn variable(text: &str) -> Result<(Token, usize), PathError> {
    let body = &text[1..];
    match body.chars().next() {
        Some(quote @ ('`' | '\'')) => {
            let (name, length) = quoted(body, quote)?;
            Ok((Token::Variable(name), length + 1))
        }
        _ => {
            let length = name_length(body);
            let name = &body[..length];
            if name.is_empty() {
                Err(PathError::syntax("% needs a name"))
            } else {
                Ok((Token::Variable(name.to_owned()), length + 1))
            }
        }
    }
}

/// `@2015-02-04T14:34:28.123+10:00` or `@T14:34`, as far as it goes.
fn moment(text: &str) -> Result<(Token, usize), PathError> {
    let body = text.as_bytes();
    let mut at = 1;
    let two = |at: usize, before: Option<u8>| {
        let start = at + usize::from(before.is_some());
        let fits = before.is_none_or(|before| body.get(at) == Some(&before));
        (fits && body.get(start..start + 2).is_some_and(|pair| pair.iter().all(u8::is_ascii_digit)))
            .then_some(start + 2)
    };
    let timed = body.get(1) == Some(&b'T');
    if !timed {
        at += digits(&text[1..]);
        for _ in 0..2 {
            at = two(at, Some(b'-')).unwrap_or(at);
        }
    }
    if body.get(at) == Some(&b'T') {
        at += 1;
        if let Some(hour) = two(at, None) {
            at = hour;
            for _ in 0..2 {
                at = two(at, Some(b':')).unwrap_or(at);
            }
            if body.get(at) == Some(&b'.') && digits(&text[at + 1..]) > 0 {
                at += 1 + digits(&text[at + 1..]);
            }
        }
        let zone = [b'+', b'-'].into_iter().find_map(|sign| two(two(at, Some(sign))?, Some(b':')));
        at = if body.get(at) == Some(&b'Z') { at + 1 } else { zone.unwrap_or(at) };
    }
    if at == 1 {
        return Err(PathError::syntax("@ needs a date or time"));
    }
    Ok((Token::Moment(text[1..at].to_owned()), at))
}

/// Text up to the closing quote, unescaped, and its length with quotes.
fn quoted(text: &str, quote: char) -> Result<(String, usize), PathError> {
    let mut plain = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            return Ok((plain, at + 1));
        }
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next().map(|(_, letter)| letter) {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => {
                let hex: String = letters.by_ref().take(4).map(|(_, letter)| letter).collect();
                let code = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32);
                plain.push(code.ok_or_else(|| PathError::syntax("\\u needs four hexadecimal digits"))?);
            }
            // The grammar knows `\` ' " \ / and lets any other letter stand for itself.
            Some(other) => plain.push(other),
            None => break,
        }
    }
    Err(PathError::syntax("an unfinished string"))
}
