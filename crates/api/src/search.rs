//! search by GET and by `POST …/_search`, of one type and of all (R4 §3.1.1).

use fhir::outcome::{Issue, Severity, operation_outcome};
use fhir::search::{Query, QueryError, Summary};

use crate::address::{self, Pairs, TypeName};
use crate::answer::Answer;
use crate::audit;
use crate::body::Form;
use crate::bundle::Bundle;
use crate::call::Call;
use crate::error::ApiError;
use crate::history::links;
use crate::outcome::http;
use crate::shape::Shape;

/// `GET [base]?…`.
pub async fn system(call: Call) -> Result<Answer, ApiError> {
    run(&call, None).await
}

/// `POST [base]/_search`.
pub async fn system_by_post(call: Call, form: Form) -> Result<Answer, ApiError> {
    run(&merged(call, form), None).await
}

/// `GET [type]?…`.
pub async fn by_get(call: Call, TypeName(kind): TypeName) -> Result<Answer, ApiError> {
    run(&call, Some(&kind)).await
}

/// `POST [type]/_search`.
pub async fn by_post(call: Call, TypeName(kind): TypeName, form: Form) -> Result<Answer, ApiError> {
    run(&merged(call, form), Some(&kind)).await
}

/// Parameters of the address and of the form count alike (R4 §3.1.1.3).
fn merged(mut call: Call, Form(pairs): Form) -> Call {
    call.params.extend(pairs.into_iter().filter(|(name, _)| name != "_format" && name != "_pretty"));
    call
}

/// Searches and writes the searchset.
pub async fn run(call: &Call, kind: Option<&str>) -> Result<Answer, ApiError> {
    if audit::is_asked(call, kind) {
        return audit::search(call).await;
    }
    let (query, params, ignored) = parse(call, kind)?;
    let page = call.api.access.search(&call.cx, &query).await?;
    // The total of what is here whole costs nothing, so it is told unless somebody said _total=none.
    let whole = page.next.is_none() && !params.iter().any(|(name, _)| name == "_total" || name == "_cursor");
    let total = page.total.or_else(|| u64::try_from(page.matches.len()).ok().filter(|_| whole));
    let links = links(call, kind.unwrap_or_default(), &params, page.next);
    let mut bundle = Bundle::new("searchset", total, &links);
    if query.summary != Summary::Count && query.count != Some(0) {
        let shape = Shape { summary: query.summary, elements: query.elements };
        for (found, mode) in [(&page.matches, "match"), (&page.included, "include")] {
            let mode = [format!("\"search\":{{\"mode\":\"{mode}\"}}")];
            for stored in found {
                let url = format!("{}/{}", call.base, stored.key);
                bundle.entry(Some(&url), Some(&shape.apply(&stored.body)), &mode);
            }
        }
    }
    if !ignored.is_empty() {
        let outcome = operation_outcome(&ignored).to_bytes();
        bundle.entry(None, Some(&outcome), &["\"search\":{\"mode\":\"outcome\"}".to_owned()]);
    }
    Ok(Answer::ok(bundle.finish()))
}

/// The query, the parameters it was made from, and, with `Prefer: handling=lenient`, what was left out.
fn parse(call: &Call, kind: Option<&str>) -> Result<(Query, Pairs, Vec<Issue>), ApiError> {
    let types: Vec<&str> = kind.into_iter().collect();
    let (mut params, mut ignored) = (call.params.clone(), Vec::new());
    // R4 §3.1.1.3: "Empty parameters are not an error - they are just ignored by the server."
    params.retain(|(_, value)| !value.is_empty());
    loop {
        let error = match address::query(&types, &params, &call.base) {
            Ok(query) => return Ok((query, params, ignored)),
            Err(error) => error,
        };
        let (before, mut place) = (params.len(), String::new());
        if let QueryError::UnknownParameter { name, .. } | QueryError::Unsupported { name } = &error
            && call.lenient
        {
            place = http(name);
            params.retain(|(given, _)| given != name);
        }
        if params.len() == before {
            return Err(error.into());
        }
        let severity = Severity::Warning;
        ignored.push(Issue { severity, ..Issue::error("not-supported", place, format!("ignored: {error}")) });
    }
}
