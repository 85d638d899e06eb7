//! `GET [base]/AuditEvent` for an auditor: the chain of reads first, then the AuditEvents of writes
//! in the log, each newest first, one paging through both.

use access::Role;
use fhir::outcome::{Issue, Severity, operation_outcome};
use fhir::search::{Comparator, Condition, Filter, Query, SortBy, SortKey, Summary};
use jiff::Timestamp;
use store::{AuditQuery, SearchPage};

use crate::address::Pairs;
use crate::answer::Answer;
use crate::bundle::Bundle;
use crate::call::Call;
use crate::error::ApiError;
use crate::history::links;

/// The cursor of a page of the chain: this and the number of its last entry.
const CHAIN: &str = "lecturas.";
/// The cursor of a page of the log: this and the store's own.
const LOG: &str = "registro.";

/// Whether this search is answered here.
pub fn is_asked(call: &Call, kind: Option<&str>) -> bool {
    kind == Some("AuditEvent") && call.cx.role == Role::Auditor
}

/// A page of reads or writes.
pub async fn search(call: &Call) -> Result<Answer, ApiError> {
    let cursor = call.params.iter().find(|(name, _)| name == "_cursor").map(|(_, value)| value.clone());
    let plain: Pairs = call.params.iter().filter(|(name, _)| name != "_cursor").cloned().collect();
    let query = Query::parse(&["AuditEvent"], &plain)?;
    match (chain_query(&query), cursor) {
        (Some(asked), None) => chain(call, query, asked).await,
        (Some(asked), Some(cursor)) if cursor.starts_with(CHAIN) => {
            let refused = || ApiError::malformed("_cursor", "this cursor was not given out here");
            let after = cursor[CHAIN.len()..].parse().map_err(|_| refused())?;
            chain(call, query, AuditQuery { after_seq: Some(after), ..asked }).await
        }
        (asked, cursor) => {
            let cursor = cursor.map(|text| text.strip_prefix(LOG).unwrap_or(&text).to_owned());
            log(call, Query { cursor, ..query }, asked.is_none()).await
        }
    }
}

async fn chain(call: &Call, query: Query, asked: AuditQuery) -> Result<Answer, ApiError> {
    let page = call.api.access.audit_events(&call.cx, &asked).await?;
    let next = page.next.map_or_else(|| LOG.to_owned(), |seq| format!("{CHAIN}{seq}"));
    if page.events.is_empty() {
        return log(call, query, false).await;
    }
    let mut bundle = Bundle::new("searchset", None, &links(call, "AuditEvent", &call.params, Some(next)));
    for event in &page.events {
        let url = event.id().map(|id| format!("{}/AuditEvent/{id}", call.base));
        bundle.entry(url.as_deref(), Some(&event.to_bytes()), &["\"search\":{\"mode\":\"match\"}".to_owned()]);
    }
    Ok(Answer::ok(bundle.finish()))
}

/// The log's part; `alone` says that the question is one that the chain can't be asked.
async fn log(call: &Call, mut query: Query, alone: bool) -> Result<Answer, ApiError> {
    query.cursor = query.cursor.filter(|cursor| !cursor.is_empty());
    if query.sort.is_empty() {
        query.sort.push(SortKey { by: SortBy::LastUpdated, descending: true });
    }
    let SearchPage { matches, total, next, .. } = call.api.access.search(&call.cx, &query).await?;
    let next = next.map(|cursor| format!("{LOG}{cursor}"));
    let total = total.filter(|_| alone || query.summary == Summary::Count);
    let mut bundle = Bundle::new("searchset", total, &links(call, "AuditEvent", &call.params, next));
    for stored in &matches {
        let url = format!("{}/{}", call.base, stored.key);
        bundle.entry(Some(&url), Some(&stored.body), &["\"search\":{\"mode\":\"match\"}".to_owned()]);
    }
    if alone {
        let say = "writes only: the chain of reads is asked by patient, agent and date, one value each";
        let issue = Issue { severity: Severity::Warning, ..Issue::general("incomplete", say) };
        let outcome = operation_outcome(&[issue]).to_bytes();
        bundle.entry(None, Some(&outcome), &["\"search\":{\"mode\":\"outcome\"}".to_owned()]);
    }
    Ok(Answer::ok(bundle.finish()))
}

/// The question as the chain takes it; `None` if it asks for more than the chain knows.
fn chain_query(query: &Query) -> Option<AuditQuery> {
    let mut asked = AuditQuery { limit: query.count.unwrap_or(50).min(500), ..AuditQuery::default() };
    let plain = query.sort.is_empty() && query.includes.is_empty() && query.revincludes.is_empty();
    if !plain || query.summary == Summary::Count || query.count == Some(0) {
        return None;
    }
    for filter in &query.filters {
        let Filter::Param { param, any, .. } = filter else { return None };
        match (param.code, any.as_slice()) {
            ("patient", [Condition::Reference { id: Some(id), .. }]) => asked.patient = Some(id.clone()),
            ("agent", [Condition::Reference { resource_type: Some(kind), id: Some(id), .. }]) => {
                asked.actor = Some(format!("{kind}/{id}"));
            }
            ("agent", [Condition::Reference { url: Some(url), .. }]) => asked.actor = Some(url.clone()),
            ("date", [Condition::Date { comparator, start, end }]) => within(&mut asked, *comparator, (*start, *end))?,
            _ => return None,
        }
    }
    Some(asked)
}

fn within(asked: &mut AuditQuery, comparator: Comparator, (start, end): (i64, i64)) -> Option<()> {
    let at = |micros: i64| Timestamp::from_microsecond(micros).ok();
    let (from, until) = match comparator {
        Comparator::Eq => (at(start), at(end)),
        Comparator::Ge => (at(start), None),
        Comparator::Gt | Comparator::Sa => (at(end), None),
        Comparator::Le => (None, at(end)),
        Comparator::Lt | Comparator::Eb => (None, at(start)),
        Comparator::Ne | Comparator::Ap => return None,
    };
    asked.from = asked.from.max(from);
    asked.until = [asked.until, until].into_iter().flatten().min();
    Some(())
}
