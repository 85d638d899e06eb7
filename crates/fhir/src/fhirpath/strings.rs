//! Functions of strings (FHIRPath 2.0 §5.6); positions count characters.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use regex_automata::meta::Regex;
use regex_automata::util::syntax;

use super::PathError;
use super::eval::{Outcome, boolean, integer, single, text};
use super::functions::Context;
use super::item::{Item, System};

/// Bytes that a regular expression may compile to.
const MAX_PATTERN: usize = 1024 * 1024;
/// Bytes that a replacement may grow to.
const MAX_RESULT: usize = 16 * 1024 * 1024;

pub(super) fn call<'a>(context: &Context<'_, 'a>, name: &str, input: &[Item<'a>]) -> Outcome<'a> {
    if name == "join" {
        return join(context, input);
    }
    let Some(own) = string(input, name)? else { return Ok(Vec::new()) };
    if name == "substring" {
        return substring(context, &own);
    }
    let one = |found: Cow<'a, str>| Ok(vec![text(found)]);
    match name {
        "upper" => return one(own.to_uppercase().into()),
        "lower" => return one(own.to_lowercase().into()),
        "trim" => return one(own.trim().to_owned().into()),
        "length" => return Ok(vec![integer(own.chars().count() as i64)]),
        "toChars" => return Ok(own.chars().map(|letter| text(letter.to_string())).collect()),
        _ => {}
    }
    let Some(other) = string(&context.argument(0)?, name)? else { return Ok(Vec::new()) };
    let position = |at: Option<usize>| at.map_or(-1, |at| own[..at].chars().count() as i64);
    Ok(match name {
        "startsWith" => vec![boolean(own.starts_with(&*other))],
        "endsWith" => vec![boolean(own.ends_with(&*other))],
        "contains" => vec![boolean(own.contains(&*other))],
        "indexOf" => vec![integer(position(own.find(&*other)))],
        "lastIndexOf" => vec![integer(position(own.rfind(&*other)))],
        "matches" => vec![boolean(pattern(&other)?.is_match(&*own))],
        "matchesFull" => vec![boolean(pattern(&format!("^(?:{other})$"))?.is_match(&*own))],
        "replace" | "replaceMatches" => {
            let Some(with) = string(&context.argument(1)?, name)? else { return Ok(Vec::new()) };
            vec![text(replaced(name, &own, (&other, &with))?)]
        }
        "split" => own.split(&*other).map(|part| text(part.to_owned())).collect(),
        "encode" => vec![text(encoded(&own, &other)?)],
        "decode" => decoded(&own, &other)?.map(text).into_iter().collect(),
        "escape" => vec![text(escaped(&own, &other)?)],
        "unescape" => vec![text(unescaped(&own, &other)?)],
        _ => return Err(PathError::failed(format!("{name}() is not known"))),
    })
}

/// One string or nothing.
fn string<'a>(items: &[Item<'a>], name: &str) -> Result<Option<Cow<'a, str>>, PathError> {
    match single(items)?.map(Item::system) {
        None => Ok(None),
        Some(Some(System::String(text))) => Ok(Some(text)),
        Some(_) => Err(PathError::failed(format!("{name}() needs a string"))),
    }
}

fn join<'a>(context: &Context<'_, 'a>, input: &[Item<'a>]) -> Outcome<'a> {
    let between = string(&context.argument(0)?, "join")?.unwrap_or_default();
    let mut parts = Vec::with_capacity(input.len());
    for item in input {
        match item.system() {
            Some(System::String(text)) => parts.push(text),
            _ => return Err(PathError::failed("join() needs strings")),
        }
    }
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![text(parts.join(&between))])
}

fn substring<'a>(context: &Context<'_, 'a>, own: &str) -> Outcome<'a> {
    let Some(start) = context.whole(0)?.and_then(|start| usize::try_from(start).ok()) else { return Ok(Vec::new()) };
    let length = context.whole(1)?.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(0));
    if start >= own.chars().count() {
        return Ok(Vec::new());
    }
    Ok(vec![text(own.chars().skip(start).take(length).collect::<String>())])
}

/// A pattern whose dot also stands for a line break (FHIRPath 2.0 §5.6.9: single-line mode).
fn pattern(text: &str) -> Result<Regex, PathError> {
    Regex::builder()
        .syntax(syntax::Config::new().dot_matches_new_line(true))
        .configure(Regex::config().nfa_size_limit(Some(MAX_PATTERN)))
        .build(text)
        .map_err(|_| PathError::failed("a regular expression that can't be read or is too large"))
}

fn replaced(name: &str, own: &str, (what, with): (&str, &str)) -> Result<String, PathError> {
    if name == "replace" {
        if (own.len() + 1).saturating_mul(with.len() + 1) > MAX_RESULT {
            return Err(PathError::failed("the result would be too long"));
        }
        return Ok(own.replace(what, with));
    }
    if what.is_empty() {
        return Ok(own.to_owned());
    }
    let regex = pattern(what)?;
    let (mut result, mut last) = (String::new(), 0);
    for captures in regex.captures_iter(own) {
        let Some(whole) = captures.get_match() else { continue };
        result.push_str(&own[last..whole.start()]);
        let group = |at: usize, into: &mut String| {
            if let Some(span) = captures.get_group(at) {
                into.push_str(&own[span.start..span.end]);
            }
        };
        let index = |name: &str| regex.group_info().to_index(regex_automata::PatternID::ZERO, name);
        regex_automata::util::interpolate::string(with, group, index, &mut result);
        last = whole.end();
        if result.len() > MAX_RESULT {
            return Err(PathError::failed("the result would be too long"));
        }
    }
    result.push_str(&own[last..]);
    Ok(result)
}

fn unknown(format: &str) -> PathError {
    PathError::failed(format!("{format:?} is not a known format"))
}

fn encoded(own: &str, format: &str) -> Result<String, PathError> {
    match format {
        "base64" => Ok(STANDARD.encode(own)),
        "urlbase64" => Ok(URL_SAFE.encode(own)),
        "hex" => Ok(own.bytes().map(|byte| format!("{byte:02x}")).collect()),
        _ => Err(unknown(format)),
    }
}

fn decoded(own: &str, format: &str) -> Result<Option<String>, PathError> {
    let bytes = match format {
        "base64" => STANDARD.decode(own).ok(),
        "urlbase64" => URL_SAFE.decode(own).ok(),
        "hex" => hex(own),
        _ => return Err(unknown(format)),
    };
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok())
        .collect()
}

fn escaped(own: &str, format: &str) -> Result<String, PathError> {
    match format {
        "html" => Ok(own
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;")),
        "json" => {
            let quoted = crate::Value::from(own).to_string();
            Ok(quoted[1..quoted.len() - 1].to_owned())
        }
        _ => Err(unknown(format)),
    }
}

fn unescaped(own: &str, format: &str) -> Result<String, PathError> {
    match format {
        "html" => Ok(own
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&")),
        "json" => {
            let plain = crate::json::parse(format!("\"{own}\"").as_bytes()).ok();
            // What is no JSON string has nothing to unescape.
            Ok(plain.as_ref().and_then(crate::Value::as_str).unwrap_or(own).to_owned())
        }
        _ => Err(unknown(format)),
    }
}
