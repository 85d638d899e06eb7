//! Search (R4 §3.1.1): a parsed query and a visibility become SQL, for either back end.
//!
//! The visibility is part of every condition: of the matches, of what a chain or `_has` passes
//! through, of the total, of what is included. Nothing is filtered afterwards, so that a page, a
//! total or a cursor can't tell of what may not be seen.

mod composite;
mod filter;
mod include;
mod plan;
mod sort;
mod sql;
mod value;

use std::collections::HashMap;

use fhir::search::{Query, Summary, Total};

pub(crate) use composite::{COLUMNS as COMPOSITE_COLUMNS, KEY as COMPOSITE_KEY, row as composite_row};
use plan::Part;
use sort::{Cursor, Order};
use sql::Builder;

use crate::conn::Conn;
use crate::log::{STORED, stored};
use crate::{Key, Store, StoreError, Stored, Visibility};

/// `_count` where none is said, and the most it can be.
const COUNT: usize = 20;
const MOST: usize = 1000;

/// How many rows are loaded at once, and the place of the `rid` after the columns of [`STORED`].
const CHUNK: usize = 1024;
/// How many rows are loaded before their size is known.
const FIRST: usize = 32;
/// About how many bytes of resources a page holds at most.
const BYTES: usize = 32 << 20;
const RID: usize = 8;

/// A page of search results.
#[derive(Clone, Debug, Default)]
pub struct SearchPage {
    /// What matches.
    pub matches: Vec<Stored>,
    /// What `_include` and `_revinclude` add, each once, none that is a match.
    pub included: Vec<Stored>,
    /// How many match in all, when it was asked for.
    pub total: Option<u64>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

impl Store {
    /// A page of what matches and may be seen, oldest resource first unless `_sort` says otherwise.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor of another question, [`StoreError::Search`] for a
    /// question that can't be answered as asked.
    pub async fn search(&self, query: &Query, visibility: &Visibility) -> Result<SearchPage, StoreError> {
        self.answers(query)?;
        let (query, visibility) = (query.clone(), visibility.clone());
        self.readers().ask(move |conn| page(conn, &query, &visibility)).await
    }

    /// How many match and may be seen.
    ///
    /// # Errors
    /// As [`Store::search`].
    pub async fn count(&self, query: &Query, visibility: &Visibility) -> Result<u64, StoreError> {
        self.answers(query)?;
        let (query, visibility) = (query.clone(), visibility.clone());
        self.readers().ask(move |conn| total(conn, &query, &visibility)).await
    }
}

/// The keys of at most `limit` live resources that match, on the connection of whoever asks (the
/// writer asks for [`crate::Expect::Unmatched`], and sees what it wrote before).
pub(crate) fn matches_in(
    conn: &mut Conn,
    query: &Query,
    visibility: &Visibility,
    limit: usize,
) -> Result<Vec<Key>, StoreError> {
    let order = Order::of(&Query::default())?;
    let start = plan::choose(conn, query, visibility, false)?;
    let part = Part { order: &order, after: None, limit };
    let rows = conn.query(&plan::page(conn.dialect(), (query, visibility), start, &part)?)?;
    let rids = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<i64>, _>>()?;
    Ok(load(conn, &rids)?.into_iter().map(|(_, stored)| stored.key).collect())
}

fn total(conn: &mut Conn, query: &Query, visibility: &Visibility) -> Result<u64, StoreError> {
    let start = plan::choose(conn, query, visibility, true)?;
    let rows = conn.query(&plan::count(conn.dialect(), query, visibility, start)?)?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

fn page(conn: &mut Conn, query: &Query, visibility: &Visibility) -> Result<SearchPage, StoreError> {
    let order = Order::of(query)?;
    let after = query.cursor.as_deref().map(|text| Cursor::read(text, query, &order)).transpose()?;
    let size = query.count.unwrap_or(COUNT).min(MOST);
    if size == 0 || query.summary == Summary::Count {
        return Ok(SearchPage { total: Some(total(conn, query, visibility)?), ..SearchPage::default() });
    }
    let start = plan::choose(conn, query, visibility, order.needs_all())?;
    // One more than the page holds tells whether there is a next one.
    let part = Part { order: &order, after: after.as_ref(), limit: size + 1 };
    let mut rows = conn.query(&plan::page(conn.dialect(), (query, visibility), start, &part)?)?;
    let mut more = rows.len() > size;
    rows.truncate(size);
    let rids = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<i64>, _>>()?;
    let matches = load(conn, &rids)?;
    // A page of large resources ends early.
    more |= matches.len() < rows.len();
    rows.truncate(matches.len());
    let next = match rows.last() {
        Some(last) if more => Some(Cursor::at(last)?.write(query)),
        _ => None,
    };
    let included = included(conn, query, &matches, visibility)?;
    let total = match query.total {
        Total::None => None,
        Total::Estimate | Total::Accurate => Some(total(conn, query, visibility)?),
    };
    Ok(SearchPage { matches: matches.into_iter().map(|(_, stored)| stored).collect(), included, total, next })
}

fn included(
    conn: &mut Conn,
    query: &Query,
    matches: &[(i64, Stored)],
    visibility: &Visibility,
) -> Result<Vec<Stored>, StoreError> {
    if query.includes.is_empty() && query.revincludes.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<include::Match> = matches.iter().map(|(rid, stored)| (*rid, stored.key.clone())).collect();
    let rids = include::rids(conn, (&query.includes, &query.revincludes), &keys, visibility)?;
    let included = load(conn, &rids)?;
    if included.len() < rids.len() {
        return Err(StoreError::Search(
            "what is included is too large for one page: ask for fewer with _count, or search the included type by itself",
        ));
    }
    Ok(included.into_iter().map(|(_, stored)| stored).collect())
}

/// The current versions of these rows, in their order; fewer when they are larger than [`BYTES`].
fn load(conn: &mut Conn, rids: &[i64]) -> Result<Vec<(i64, Stored)>, StoreError> {
    let (mut found, mut bytes, mut loaded) = (HashMap::new(), 0, 0);
    while loaded < rids.len() && bytes < BYTES {
        // As many as are likely to fit, by the size of those before.
        let likely = ((BYTES - bytes) * loaded).checked_div(bytes).unwrap_or(FIRST);
        let next = likely.clamp(1, CHUNK).min(rids.len() - loaded);
        let rids = &rids[loaded..loaded + next];
        loaded += next;
        let mut sql = Builder::new(conn.dialect());
        sql.put(&format!("SELECT {STORED}, r.rid FROM resource r CROSS JOIN log l WHERE "));
        sql.among("r.rid", include::padded(rids.to_vec())).put(" AND l.seq = r.seq");
        for mut row in conn.query(&sql.finish())? {
            let (rid, one) = (row.int(RID)?, stored(&mut row)?);
            bytes += one.body.len();
            found.insert(rid, one);
        }
    }
    rids[..loaded]
        .iter()
        .map(|rid| found.remove(rid).map(|stored| (*rid, stored)))
        .collect::<Option<Vec<_>>>()
        .ok_or(StoreError::Damaged("a resource has no entry in the log"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Dialect, Row, Sql};

    fn parsed(types: &[&str], asked: &str) -> Query {
        let pairs = asked.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<(String, String)> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Query::parse(types, &pairs).unwrap()
    }

    fn of_a_post() -> Visibility {
        let reason = Visibility::PatientReason { grantees: vec!["puesto".to_owned()], kinds: 3, at: 1 };
        Visibility::Or(vec![Visibility::NoPatient, reason])
    }

    /// What is asked, and the statement of a page that begins at the resources and at the first filter.
    fn written(dialect: Dialect, types: &[&str], asked: &str) -> String {
        let query = parsed(types, asked);
        let visibility = of_a_post();
        let order = Order::of(&query).unwrap();
        let after = Cursor::at(&Row(vec![Sql::Int(7), Sql::Null, "b".into()])).unwrap();
        let part = Part { order: &order, after: (!query.sort.is_empty()).then_some(&after), limit: 21 };
        let mut text = format!("{asked}\n");
        for start in [plan::Start::Resources, plan::Start::Filter(0)] {
            if start == plan::Start::Resources || query.filters.first().is_some_and(filter::has_set) {
                let page = plan::page(dialect, (&query, &visibility), start, &part).unwrap();
                text += &format!("{start:?}: {}\n{:?}\n", page.text, page.params);
            }
        }
        text
    }

    const ASKED: &[(&[&str], &str)] = &[
        (&["Patient"], "identifier=urn:cui|123,|x,sys|,y"),
        (&["Patient"], "name=100%_&name:exact=José&name:contains=a%"),
        (&["Patient"], "gender:not=male&birthdate:missing=true&_id=a,b"),
        (&["Patient"], "birthdate=ge1990&birthdate=lt2000-01&_lastUpdated=gt2026"),
        (&["Observation"], "patient=1&subject=Group/2&subject=https://x/Patient/1&subject:identifier=s|c"),
        (&["Observation"], "value-quantity=gt5.4||mg&code:text=presi"),
        (&["Observation"], "code-value-quantity=http://loinc.org|8480-6$ap140"),
        (&["ServiceRequest"], "patient.name=jose"),
        (&["Patient"], "_has:Condition:patient:code=E11"),
        (&["ValueSet"], "url:below=http://x/a&url:above=http://x/a"),
        (&["Encounter"], "status=planned&_sort=-date,_id"),
        (&[], "_tag=x&_sort=_lastUpdated"),
    ];

    #[test]
    fn the_statements_are_these() {
        let all = |dialect| {
            let texts = ASKED.iter().map(|(types, asked)| written(dialect, types, asked));
            texts.collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!("sqlite", all(Dialect::Sqlite));
        insta::assert_snapshot!("postgres", all(Dialect::Postgres));
    }

    #[test]
    fn no_usual_question_reads_a_whole_table() {
        let folder = tempfile::tempdir().unwrap();
        let opener = crate::conn::Opener::of(&crate::Location::Directory(folder.path().to_owned())).unwrap();
        let mut conn = opener.writer().unwrap();
        crate::schema::prepare(&mut conn, 1).unwrap();
        for (kind, asked) in [
            ("Patient", ""),
            ("Patient", "identifier=urn:cui|1"),
            ("Patient", "name=jose"),
            ("Patient", "_id=a,b"),
            ("Patient", "_lastUpdated=gt2026"),
            ("Patient", "_sort=-_lastUpdated"),
            ("Patient", "_sort=_id"),
            ("Patient", "_has:Condition:patient:code=E11"),
            ("Observation", "patient=1&code=x&_sort=-date"),
            ("Observation", "code=x&value-quantity=gt5"),
            ("Observation", "code-value-quantity=x$gt5"),
            ("ServiceRequest", "patient.name=jose"),
            ("Encounter", "date=ge2026-11-24"),
            ("Encounter", "date=2026-11-24"),
            ("Task", "status=requested&owner=Organization/1&_sort=-modified"),
        ] {
            let query = parsed(&[kind], asked);
            let order = Order::of(&query).unwrap();
            let start = if query.filters.is_empty() { plan::Start::Resources } else { plan::Start::Filter(0) };
            let part = Part { order: &order, after: None, limit: 21 };
            let page = plan::page(Dialect::Sqlite, (&query, &of_a_post()), start, &part).unwrap();
            let steps = conn.rows(&format!("EXPLAIN QUERY PLAN {}", page.text), &page.params).unwrap();
            for mut step in steps {
                let step = step.text(3).unwrap();
                let whole = step.starts_with("SCAN ") && !step.starts_with("SCAN p");
                assert!(!whole, "{kind}?{asked}: {step}");
                let sorts = step.contains("TEMP B-TREE FOR ORDER BY") && !order.needs_all();
                assert!(!sorts, "{kind}?{asked}: {step}");
            }
        }
    }
}
