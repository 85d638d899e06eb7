//! The tables, for both back ends.
//!
//! `log`, `private`, `job`, `blob` and the audit chain are the truth; `resource` and every table of
//! [`VIEWS`] are made from `log` and can be thrown away. In texts `''` stands for none, so that a
//! row can be its own key.

use crate::StoreError;
use crate::conn::Conn;
use crate::search::{COMPOSITE_COLUMNS, COMPOSITE_KEY};
use crate::sql::{Dialect, params};

/// The format that is written; a store with a higher one is refused.
pub(crate) const FORMAT: u32 = 1;

/// Changes when the same resource would give other index rows; the store then rebuilds them.
pub(crate) const INDEX_VERSION: u32 = 1;

/// A table of rows that one resource gives: its columns, then `rid`.
pub(crate) struct View {
    pub(crate) name: &'static str,
    /// Column and type, `rid` left out.
    pub(crate) columns: &'static [(&'static str, &'static str)],
    /// How many leading columns (and `rid`) are the search key.
    key: usize,
    /// More keys.
    also: &'static [&'static str],
}

/// The place of a table in [`VIEWS`] is stored in `resource.views` as a bit: only add at the end.
pub(crate) const VIEWS: &[View] = &[
    View { name: "ix_string", columns: &[PARAM, ("folded", TEXT), ("exact", TEXT)], key: 2, also: &[] },
    View { name: "ix_token", columns: &[PARAM, ("code", TEXT), ("system", TEXT)], key: 3, also: &[] },
    View {
        name: "ix_reference",
        columns: &[PARAM, ("target_type", TEXT), ("target_id", TEXT), ("url", TEXT)],
        key: 3,
        also: &["param, url"],
    },
    View { name: "ix_date", columns: &[PARAM, ("start_us", INT), ("end_us", INT)], key: 3, also: &["param, end_us"] },
    View { name: "ix_number", columns: &[PARAM, ("low", REAL), ("high", REAL)], key: 3, also: &[] },
    View {
        name: "ix_quantity",
        columns: &[PARAM, ("low", REAL), ("high", REAL), ("system", TEXT), ("code", TEXT), ("unit", TEXT)],
        key: 3,
        also: &[],
    },
    View { name: "ix_uri", columns: &[PARAM, ("value", TEXT)], key: 2, also: &[] },
    View {
        name: "fact_reason",
        columns: &[("patient", TEXT), ("grantee", TEXT), ("kind", INT), ("from_us", INT), ("until_us", INT)],
        key: 2,
        also: &["grantee, patient"],
    },
    View {
        name: "fact_share",
        columns: &[
            ("target_type", TEXT),
            ("target_id", TEXT),
            ("grantee", TEXT),
            ("class", INT),
            ("from_us", INT),
            ("until_us", INT),
        ],
        key: 3,
        also: &["grantee, target_type, target_id"],
    },
    View { name: "ix_composite", columns: COMPOSITE_COLUMNS, key: COMPOSITE_KEY, also: &[] },
];

pub(crate) const PARAM: (&str, &str) = ("param", INT);
pub(crate) const INT: &str = "{int}";
pub(crate) const TEXT: &str = "{text}";
pub(crate) const REAL: &str = "{real}";

/// The place of a view in [`VIEWS`].
pub(crate) const fn view(name: &str) -> usize {
    let mut at = 0;
    while at < VIEWS.len() {
        if same(VIEWS[at].name, name) {
            return at;
        }
        at += 1;
    }
    panic!("no such view");
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    a.len() == b.len()
}

const TABLES: &str = "
CREATE TABLE meta (key {text} PRIMARY KEY, value {text} NOT NULL);
CREATE TABLE log (
    seq {int} PRIMARY KEY, time_us {int} NOT NULL, author {text} NOT NULL, type {text} NOT NULL, id {text} NOT NULL,
    version {int} NOT NULL, method {int} NOT NULL, hash {bytes} NOT NULL, body {bytes} NOT NULL
);
CREATE UNIQUE INDEX log_version ON log (type, id, version);
CREATE INDEX log_type ON log (type, seq);
CREATE TABLE resource (
    rid {int} PRIMARY KEY, type {text} NOT NULL, id {text} NOT NULL, version {int} NOT NULL, seq {int} NOT NULL,
    updated_us {int} NOT NULL, deleted {int} NOT NULL, custodian {text}, patient {text}, labels {int} NOT NULL,
    views {int} NOT NULL
);
CREATE UNIQUE INDEX resource_key ON resource (type, id);
CREATE INDEX resource_type ON resource (type, rid);
CREATE INDEX resource_updated ON resource (type, updated_us);
CREATE INDEX resource_patient ON resource (patient, type);
CREATE TABLE private (
    kind {text} NOT NULL, key {text} NOT NULL, value {bytes} NOT NULL, version {int} NOT NULL, owner {text},
    expires {int}, PRIMARY KEY (kind, key)
) {clustered};
CREATE INDEX private_owner ON private (kind, owner);
CREATE INDEX private_expires ON private (expires);
CREATE TABLE job (
    id {int} PRIMARY KEY, kind {text} NOT NULL, key {text} NOT NULL, payload {bytes} NOT NULL, run_at {int} NOT NULL,
    attempts {int} NOT NULL, error {text}, leased_until {int} NOT NULL, state {int} NOT NULL
);
CREATE UNIQUE INDEX job_key ON job (kind, key);
CREATE INDEX job_due ON job (state, run_at);
CREATE TABLE blob (id {text} PRIMARY KEY, size {int} NOT NULL) {clustered};
";

const AUDIT: &str = "
CREATE TABLE audit_head (one {int} PRIMARY KEY, seq {int} NOT NULL, hash {bytes} NOT NULL, synced {int} NOT NULL);
CREATE TABLE audit (
    seq {int} PRIMARY KEY, time_us {int} NOT NULL, actor {text} NOT NULL, facility {text}, action {text} NOT NULL,
    target {text}, query {text}, reason {text}, request {text} NOT NULL, address {text}, hash {bytes} NOT NULL
);
CREATE INDEX audit_time ON audit (time_us);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE TABLE audit_patient (patient {text} NOT NULL, seq {int} NOT NULL, PRIMARY KEY (patient, seq)) {clustered};
CREATE INDEX audit_patient_seq ON audit_patient (seq);
";

/// The SQL that makes the main tables.
fn main_tables(dialect: Dialect) -> String {
    let mut text = TABLES.to_owned();
    for view in VIEWS {
        let columns: Vec<String> = view.columns.iter().map(|(name, kind)| format!("{name} {kind} NOT NULL")).collect();
        let names: Vec<&str> = view.columns.iter().map(|(name, _)| *name).collect();
        let (name, all, key) = (view.name, names.join(", "), names[..view.key].join(", "));
        text.push_str(&match dialect {
            Dialect::Sqlite => format!(
                "CREATE TABLE {name} ({}, rid {{int}} NOT NULL, PRIMARY KEY ({all}, rid)) WITHOUT ROWID;\n\
                 CREATE INDEX {name}_rid ON {name} (rid);\n",
                columns.join(", ")
            ),
            Dialect::Postgres => format!(
                "CREATE TABLE {name} ({}, rid {{int}} NOT NULL);\nCREATE INDEX {name}_key ON {name} ({key}, rid);\n\
                 CREATE INDEX {name}_rid ON {name} (rid, {});\n",
                columns.join(", "),
                names[0]
            ),
        });
        for (at, key) in view.also.iter().enumerate() {
            text.push_str(&format!("CREATE INDEX {name}_also_{at} ON {name} ({key}, rid);\n"));
        }
    }
    spoken(&text, dialect)
}

fn spoken(text: &str, dialect: Dialect) -> String {
    let words = match dialect {
        Dialect::Sqlite => ["INTEGER", "TEXT", "REAL", "BLOB", "WITHOUT ROWID"],
        Dialect::Postgres => ["BIGINT", "TEXT COLLATE \"C\"", "DOUBLE PRECISION", "BYTEA", ""],
    };
    ["{int}", "{text}", "{real}", "{bytes}", "{clustered}"]
        .into_iter()
        .zip(words)
        .fold(text.to_owned(), |text, (mark, word)| text.replace(mark, word))
}

/// Makes the main tables where there are none, and refuses a store of a newer format.
pub(crate) fn prepare(conn: &mut Conn, projector_version: u32) -> Result<(), StoreError> {
    locked(conn, "meta", |conn| {
        make_main(conn)?;
        put_meta(conn, "projector", &projector_version.to_string())?;
        put_meta(conn, "index", &INDEX_VERSION.to_string())
    })?;
    let format = meta(conn, "format")?.and_then(|text| text.parse().ok());
    let found: u32 = format.ok_or(StoreError::Damaged("it carries no format version"))?;
    if found > FORMAT { Err(StoreError::NewerFormat { found, known: FORMAT }) } else { Ok(()) }
}

/// Makes the tables of the audit chain where there are none.
pub(crate) fn prepare_audit(conn: &mut Conn) -> Result<(), StoreError> {
    locked(conn, "audit_head", make_audit)
}

/// Makes the main tables, with an empty log.
pub(crate) fn make_main(conn: &mut Conn) -> Result<(), StoreError> {
    conn.batch(&main_tables(conn.dialect()))?;
    put_meta(conn, "format", &FORMAT.to_string())?;
    put_meta(conn, "head", &format!("0 {} {}", i64::MIN, "0".repeat(64)))
}

/// Makes the tables of an empty audit chain.
pub(crate) fn make_audit(conn: &mut Conn) -> Result<(), StoreError> {
    conn.batch(&spoken(AUDIT, conn.dialect()))?;
    let head = params![1_i64, 0_i64, vec![0_u8; 32], 0_i64];
    conn.exec("INSERT INTO audit_head (one, seq, hash, synced) VALUES (?,?,?,?)", &head).map(|_| ())
}

/// Drops every table of the store.
pub(crate) fn drop_all(conn: &mut Conn) -> Result<(), StoreError> {
    let fixed = ["meta", "log", "resource", "private", "job", "blob", "audit_head", "audit", "audit_patient"];
    let names = fixed.into_iter().chain(VIEWS.iter().map(|view| view.name));
    let drops: Vec<String> = names.map(|name| format!("DROP TABLE IF EXISTS {name};")).collect();
    conn.batch(&drops.concat())
}

/// Runs `make` unless `table` is there, safe against another process that opens at the same time.
fn locked(
    conn: &mut Conn,
    table: &str,
    make: impl FnOnce(&mut Conn) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    conn.begin(true)?;
    let done = (|| {
        if conn.dialect() == Dialect::Postgres {
            conn.batch("SELECT pg_advisory_xact_lock(8317429055)")?;
        }
        if has_table(conn, table)? { Ok(()) } else { make(conn) }
    })();
    match done {
        Ok(()) => conn.commit(),
        Err(error) => {
            conn.rollback()?;
            Err(error)
        }
    }
}

/// Whether there is a table of that name.
pub(crate) fn has_table(conn: &mut Conn, name: &str) -> Result<bool, StoreError> {
    let query = match conn.dialect() {
        Dialect::Sqlite => "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?",
        Dialect::Postgres => "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?",
    };
    Ok(conn.row(query, &params![name])?.map_or(Ok(0), |row| row.int(0))? > 0)
}

/// A value of the `meta` table.
pub(crate) fn meta(conn: &mut Conn, key: &str) -> Result<Option<String>, StoreError> {
    conn.row("SELECT value FROM meta WHERE key = ?", &params![key])?.map(|mut row| row.text(0)).transpose()
}

/// Sets a value of the `meta` table.
pub(crate) fn put_meta(conn: &mut Conn, key: &str, value: &str) -> Result<(), StoreError> {
    let put = "INSERT INTO meta (key, value) VALUES (?,?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    conn.exec(put, &params![key, value]).map(|_| ())
}
