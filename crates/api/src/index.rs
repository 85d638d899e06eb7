//! `GET [base]/Patient/$index`: the person index, masked Patients for whoever registers people
//! (issue §4, the first of two levels of seeing). At most 20, without pages.

use fhir::search::Query;

use crate::answer::Answer;
use crate::bundle::Bundle;
use crate::call::Call;
use crate::error::ApiError;
use crate::history::links;

/// Searches the index by names, birth date, sex, municipality or an identifier known in full.
pub async fn index(call: Call) -> Result<Answer, ApiError> {
    let query = Query::parse(&["Patient"], &call.params)?;
    let found = call.api.access.index_search(&call.cx, &query).await?;
    let mut bundle = Bundle::new("searchset", None, &links(&call, "Patient/$index", &call.params, None));
    for stored in &found {
        let url = format!("{}/{}", call.base, stored.key);
        bundle.entry(Some(&url), Some(&stored.body), &["\"search\":{\"mode\":\"match\"}".to_owned()]);
    }
    Ok(Answer::ok(bundle.finish()))
}
