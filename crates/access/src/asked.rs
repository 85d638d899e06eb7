//! A parsed search as text again, for the audit chain.

use std::fmt::Write;

use fhir::search::{Condition, Filter, Query};

/// `Patient?name=caal&gender=|female`: what was asked, close to how it is written.
pub(crate) fn text(query: &Query) -> String {
    let mut text = query.types.join(",");
    let mut mark = '?';
    for filter in &query.filters {
        text.push(mark);
        filter_text(&mut text, filter);
        mark = '&';
    }
    text
}

fn filter_text(out: &mut String, filter: &Filter) {
    match filter {
        Filter::Param { param, modifier, any } => {
            out.push_str(param.code);
            if *modifier != fhir::search::Modifier::None {
                let _ = write!(out, ":{}", format!("{modifier:?}").to_lowercase());
            }
            out.push('=');
            conditions(out, any);
        }
        Filter::Missing { param, missing } => {
            let _ = write!(out, "{}:missing={missing}", param.code);
        }
        Filter::Chain { param, target, filter } => {
            let _ = write!(out, "{}:{target}.", param.code);
            filter_text(out, filter);
        }
        Filter::Has { source, param, filter } => {
            let _ = write!(out, "_has:{source}:{}:", param.code);
            filter_text(out, filter);
        }
        Filter::Id(ids) => {
            let _ = write!(out, "_id={}", ids.join(","));
        }
        Filter::LastUpdated(any) => {
            out.push_str("_lastUpdated=");
            conditions(out, any);
        }
    }
}

fn conditions(out: &mut String, any: &[Condition]) {
    for (at, condition) in any.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        let _ = match condition {
            Condition::String(text) | Condition::Uri(text) => write!(out, "{text}"),
            Condition::Token { system: None, code } => write!(out, "{}", or_empty(code)),
            Condition::Token { system, code } => write!(out, "{}|{}", or_empty(system), or_empty(code)),
            Condition::Reference { url: Some(url), .. } => write!(out, "{url}"),
            Condition::Reference { resource_type: Some(name), id, .. } => write!(out, "{name}/{}", or_empty(id)),
            Condition::Reference { id, .. } => write!(out, "{}", or_empty(id)),
            Condition::Date { comparator, start, .. } => {
                let time = jiff::Timestamp::from_microsecond(*start).map(|time| time.to_string());
                write!(out, "{}{}", prefix(comparator), time.unwrap_or_default())
            }
            Condition::Number { comparator, value, .. } | Condition::Quantity { comparator, value, .. } => {
                write!(out, "{}{value}", prefix(comparator))
            }
            Condition::Composite(parts) => {
                conditions(out, parts);
                Ok(())
            }
        };
    }
}

fn prefix(comparator: &fhir::search::Comparator) -> String {
    format!("{comparator:?}").to_lowercase()
}
