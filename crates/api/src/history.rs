//! history of an instance, a type, the system (R4 §3.1.0.12), newest first.

use axum::extract::FromRequestParts;
use fhir::search::{Condition, Filter, Query};
use http::request::Parts;
use jiff::Timestamp;
use store::{HistoryQuery, HistoryScope, Method, Stored};

use crate::Api;
use crate::address::{self, Pairs};
use crate::answer::Answer;
use crate::bundle::{Bundle, text};
use crate::call::Call;
use crate::error::ApiError;

/// Whose history a path names.
pub struct Scope(HistoryScope);

/// `GET [base]/_history`, `[type]/_history`, `[type]/[id]/_history`.
pub async fn history(call: Call, Scope(scope): Scope) -> Result<Answer, ApiError> {
    of(&call, scope).await
}

/// A page of history as a Bundle.
pub async fn of(call: &Call, scope: HistoryScope) -> Result<Answer, ApiError> {
    let path = match &scope {
        HistoryScope::System => "_history".to_owned(),
        HistoryScope::Type(kind) => format!("{kind}/_history"),
        HistoryScope::Instance(key) => format!("{key}/_history"),
    };
    let query = query(scope, &call.params)?;
    let page = call.api.access.history(&call.cx, &query).await?;
    let links = links(call, &path, &call.params, page.next);
    let mut bundle = Bundle::new("history", page.total, &links);
    for stored in &page.entries {
        let body = (!stored.deleted).then_some(stored.body.as_ref());
        bundle.entry(Some(&format!("{}/{}", call.base, stored.key)), body, &members(stored));
    }
    Ok(Answer::ok(bundle.finish()))
}

/// The links of a page: this one and the next.
pub fn links(
    call: &Call,
    path: &str,
    params: &[(String, String)],
    next: Option<String>,
) -> Vec<(&'static str, String)> {
    let url = |params: &[(String, String)]| match path {
        "" => format!("{}{}", call.base, address::encode(params)),
        path => format!("{}/{path}{}", call.base, address::encode(params)),
    };
    let mut links = vec![("self", url(params))];
    if let Some(cursor) = next {
        let mut further: Pairs = params.iter().filter(|(name, _)| name != "_cursor").cloned().collect();
        further.push(("_cursor".to_owned(), cursor));
        links.push(("next", url(&further)));
    }
    links
}

fn members(stored: &Stored) -> [String; 2] {
    let (method, url, status) = match stored.method {
        Method::Create => ("POST", stored.key.resource_type.clone(), "201 Created"),
        Method::Update => ("PUT", stored.key.to_string(), "200 OK"),
        Method::Delete => ("DELETE", stored.key.to_string(), "204 No Content"),
    };
    let etag = text(&format!("W/\"{}\"", stored.version));
    [
        format!("\"request\":{{\"method\":\"{method}\",\"url\":{}}}", text(&url)),
        format!(
            "\"response\":{{\"status\":\"{status}\",\"etag\":{etag},\"lastModified\":\"{:.6}\"}}",
            stored.last_updated
        ),
    ]
}

fn query(scope: HistoryScope, params: &[(String, String)]) -> Result<HistoryQuery, ApiError> {
    let mut query = HistoryQuery { scope, since: None, at: None, count: None, cursor: None };
    for (name, value) in params {
        match name.as_str() {
            "_since" => query.since = Some(period(name, value)?.0),
            "_at" => query.at = Some(period(name, value)?),
            "_count" => {
                let count = value.parse().map_err(|_| ApiError::malformed(name, "write a number, such as 50"))?;
                query.count = Some(count);
            }
            "_cursor" => query.cursor = Some(value.clone()),
            _ => return Err(ApiError::malformed(name, "history takes _since, _at and _count")),
        }
    }
    Ok(query)
}

/// The period that a date or instant covers, read as `_lastUpdated` is.
fn period(name: &str, value: &str) -> Result<(Timestamp, Timestamp), ApiError> {
    let refused = || ApiError::malformed(name, "write a date or an instant, such as 2026-11-24T08:00:00-06:00");
    if !value.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(refused());
    }
    let query = Query::parse(&[], &[("_lastUpdated".to_owned(), value.to_owned())]).map_err(|_| refused())?;
    let [Filter::LastUpdated(conditions)] = query.filters.as_slice() else { return Err(refused()) };
    let [Condition::Date { start, end, .. }] = conditions.as_slice() else { return Err(refused()) };
    let instant = |micros: i64| Timestamp::from_microsecond(micros).map_err(|_| refused());
    Ok((instant(*start)?, instant(*end)?))
}

impl FromRequestParts<Api> for Scope {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        Ok(Self(match address::path_parts(parts, api).await?.as_slice() {
            [] => HistoryScope::System,
            [name] => HistoryScope::Type(address::known_type(name)?),
            [name, id, ..] => HistoryScope::Instance(address::key(name, id, &parts.method)?),
        }))
    }
}
