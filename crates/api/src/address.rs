//! Addresses: query strings read and written, the resource that a path names.

use axum::extract::{FromRequestParts, RawPathParams};
use fhir::search::{Condition, Filter, Query, QueryError};
use http::Method;
use http::request::Parts;
use store::Key;

use crate::Api;
use crate::error::ApiError;
use crate::links;

/// Names and values of a query string or form, in order.
pub type Pairs = Vec<(String, String)>;

/// Reads a query string or form (`application/x-www-form-urlencoded`).
///
/// # Errors
/// `Malformed` for broken percent-encoding and for what is not UTF-8.
pub fn decode(text: &str) -> Result<Pairs, ApiError> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((unescape(name)?, unescape(value)?))
        })
        .collect()
}

fn unescape(text: &str) -> Result<String, ApiError> {
    let broken = || ApiError::malformed(text, "percent-encoding that is not UTF-8; write % as %25");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit().ok_or_else(broken)?, digit().ok_or_else(broken)?);
                u8::try_from(high * 16 + low).map_err(|_| broken())?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

/// Writes names and values as a query string, with its `?` unless it is empty.
pub fn encode(pairs: &[(String, String)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        out.push(if out.is_empty() { '?' } else { '&' });
        escape(&mut out, name);
        out.push('=');
        escape(&mut out, value);
    }
    out
}

fn escape(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' | b',' | b'/' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
}

/// The search that these parameters ask. A reference written with this API's own address means the
/// resource here as well (R4 §3.1.1.4.12).
///
/// # Errors
/// As [`Query::parse`].
pub fn query(types: &[&str], pairs: &[(String, String)], base: &str) -> Result<Query, QueryError> {
    let mut query = Query::parse(types, pairs)?;
    query.filters.iter_mut().for_each(|filter| own(filter, base));
    Ok(query)
}

fn own(filter: &mut Filter, base: &str) {
    match filter {
        Filter::Chain { filter, .. } | Filter::Has { filter, .. } => own(filter, base),
        Filter::Param { any, .. } => {
            let here = any.iter().filter_map(|condition| match condition {
                Condition::Reference { url: Some(url), .. } => here(url, base),
                _ => None,
            });
            let here: Vec<Condition> = here.collect();
            any.extend(here);
        }
        _ => {}
    }
}

/// The condition on the resource here that a URL names, if it names one.
fn here(url: &str, base: &str) -> Option<Condition> {
    let key = links::local(url, base)?;
    Some(Condition::Reference { resource_type: Some(key.resource_type), id: Some(key.id), url: None })
}

/// The resource type that a path names, known to R4.
pub struct TypeName(pub String);

/// The resource that a path names: a known type, a well-formed id.
pub struct Instance(pub Key);

/// A known resource type.
///
/// # Errors
/// `UnknownType`.
pub fn known_type(name: &str) -> Result<String, ApiError> {
    match fhir::schema::r4().is_resource(name) {
        true => Ok(name.to_owned()),
        false => Err(ApiError::UnknownType { name: name.to_owned() }),
    }
}

/// The key of a known type and a well-formed id. An id that can't be is not there when it is
/// read, and malformed when it is written (R4 §2.24.0.1, `id`).
///
/// # Errors
/// `UnknownType`, `Malformed` or `NotFound`.
pub fn key(name: &str, id: &str, method: &Method) -> Result<Key, ApiError> {
    let key = Key::new(known_type(name)?, id);
    match (fhir::is_id(id), method) {
        (true, _) => Ok(key),
        (false, &Method::GET | &Method::HEAD) => Err(access::AccessError::NotFound { what: key.to_string() }.into()),
        (false, _) => {
            Err(ApiError::malformed(format!("{name}.id"), "an id is 1 to 64 characters of A-Z, a-z, 0-9, - and ."))
        }
    }
}

/// The parts of the path that the route names, decoded.
///
/// # Errors
/// `NoRoute` for a path that is not UTF-8.
pub async fn path_parts(parts: &mut Parts, api: &Api) -> Result<Vec<String>, ApiError> {
    let path = parts.uri.path().to_owned();
    let found = RawPathParams::from_request_parts(parts, api).await.map_err(|_| ApiError::NoRoute { path })?;
    Ok(found.iter().map(|(_, value)| value.to_owned()).collect())
}

impl FromRequestParts<Api> for TypeName {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let path = path_parts(parts, api).await?;
        known_type(path.first().map_or("", String::as_str)).map(Self)
    }
}

impl FromRequestParts<Api> for Instance {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        match path_parts(parts, api).await?.as_slice() {
            [name, id, ..] => key(name, id, &parts.method).map(Self),
            _ => Err(ApiError::NoRoute { path: parts.uri.path().to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let pairs = vec![("name:contains".to_owned(), "100 % José|\\,&=+ñ".to_owned()), ("_id".into(), String::new())];
        assert_eq!(decode(encode(&pairs).trim_start_matches('?')).unwrap(), pairs);
    }

    #[test]
    fn broken_percent_encoding_is_refused() {
        for text in ["name=%", "name=%4", "name=%zz", "name=%ff", "%c3=x"] {
            assert!(decode(text).is_err(), "{text}");
        }
        assert_eq!(decode("a=1&&b=x+y&c").unwrap().len(), 3);
    }
}
