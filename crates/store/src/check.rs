//! Whether what is stored agrees with itself. Everything is read from one snapshot, so writing
//! goes on meanwhile.

use crate::blob::{BlobId, Blobs};
use crate::conn::Conn;
use crate::index::Rows;
use crate::log::{Entry, STORED, Tail, stored};
use crate::schema::VIEWS;
use crate::sql::{Dialect, Row, Sql, Statement, params};
use crate::trail::{self, records, selected};
use crate::{Finding, Progress, Projector, Report, StoreError, Stored, jobs};

const PAGE: usize = 100;
/// More tell nobody anything new.
const MOST: usize = 1000;

/// A check under way.
pub(crate) struct Check<'a> {
    pub(crate) projector: &'a dyn Projector,
    pub(crate) progress: &'a (dyn Fn(Progress) + Send + Sync),
    pub(crate) report: Report,
}

impl Check<'_> {
    fn find(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        if self.report.findings.len() < MOST {
            self.report.findings.push(Finding { place: place.into(), problem: problem.into() });
        }
    }

    fn tell(&self, step: &'static str, done: u64, total: u64) {
        (self.progress)(Progress { step, done, total });
    }

    /// The log's chain and its versions.
    pub(crate) fn log(&mut self, conn: &mut Conn) -> Result<(), StoreError> {
        let tail = Tail::load(conn, false)?;
        let mut reached = Tail { seq: 0, time_us: i64::MIN, hash: [0; 32] };
        let query = format!("SELECT {STORED}, l.hash FROM log l WHERE l.seq > ? ORDER BY l.seq LIMIT ?");
        loop {
            let rows = conn.rows(&query, &params![reached.seq, PAGE])?;
            if rows.is_empty() {
                break;
            }
            for mut row in rows {
                self.report.log_entries += 1;
                let entry = stored(&mut row)?;
                let hash = row.bytes(8)?;
                let place = format!("log {}", entry.seq);
                if entry.seq != reached.seq + 1 {
                    self.find(&place, format!("it follows {}", reached.seq));
                }
                if entry.last_updated.as_microsecond() < reached.time_us {
                    self.find(&place, "it is before the entry before it");
                }
                if chained(&entry, reached.hash)[..] != hash[..] {
                    self.find(&place, "its hash is another");
                }
                let hash = hash.as_ref().try_into().unwrap_or([0; 32]);
                reached = Tail { seq: entry.seq, time_us: entry.last_updated.as_microsecond(), hash };
            }
            self.tell("log", reached.seq, tail.seq);
        }
        if reached != tail {
            self.find(format!("log {}", tail.seq), "the head of the log is another");
        }
        // The pair of key and version is unique, so a full count means no gap.
        let gaps = "SELECT type, id FROM log GROUP BY type, id HAVING min(version) <> 1 OR max(version) <> count(*) \
                    ORDER BY type, id LIMIT 100";
        for mut row in conn.rows(gaps, &[])? {
            self.find(format!("{}/{}", row.text(0)?, row.text(1)?), "its versions have gaps");
        }
        Ok(())
    }

    /// The resource table and the views against the log.
    pub(crate) fn views(&mut self, conn: &mut Conn) -> Result<(), StoreError> {
        let count = |conn: &mut Conn, query: &str| conn.row(query, &[])?.map_or(Ok(0), |row| row.count(0));
        let total = count(conn, "SELECT count(*) FROM resource")?;
        if total != count(conn, "SELECT count(*) FROM log WHERE version = 1")? {
            self.find("resource", "there are not as many as in the log");
        }
        let query = format!(
            "SELECT {STORED}, r.rid, r.version, r.updated_us, r.deleted, r.custodian, r.patient, r.labels, r.views, \
             r.type, r.id, (SELECT max(m.version) FROM log m WHERE m.type = r.type AND m.id = r.id), \
             (SELECT f.seq FROM log f WHERE f.type = r.type AND f.id = r.id AND f.version = 1) \
             FROM resource r LEFT JOIN log l ON l.seq = r.seq WHERE r.rid > ? ORDER BY r.rid LIMIT ?"
        );
        let mut last = 0;
        loop {
            let rows = conn.rows(&query, &params![last, PAGE])?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                last = row.count(8)?;
                self.report.resources += 1;
                self.resource(conn, row)?;
            }
            self.tell("resources", self.report.resources, total);
        }
        for view in VIEWS {
            let query = format!(
                "SELECT count(*) FROM {} v WHERE NOT EXISTS (SELECT 1 FROM resource r WHERE r.rid = v.rid)",
                view.name
            );
            if count(conn, &query)? > 0 {
                self.find(view.name, "it has rows of no resource");
            }
        }
        Ok(())
    }

    fn resource(&mut self, conn: &mut Conn, mut row: Row) -> Result<(), StoreError> {
        let (rid, version) = (row.count(8)?, row.count(9)?);
        let place = format!("{}/{}", row.text(16)?, row.text(17)?);
        if row.0[18] != Sql::from(version) || row.0[19] != Sql::from(rid) {
            self.find(&place, "its current version is not the log's");
            return Ok(());
        }
        let told = [row.0[10].clone(), row.0[11].clone()];
        let facts = [row.0[12].clone(), row.0[13].clone(), row.0[14].clone(), row.0[15].clone()];
        let Ok(entry) = stored(&mut row) else {
            self.find(&place, "its version is not in the log");
            return Ok(());
        };
        let same = [entry.last_updated.as_microsecond().into(), Sql::Int(entry.deleted.into())];
        if entry.key.to_string() != place || entry.version != version || told != same {
            self.find(&place, "it is not what the log says");
        }
        let found = Rows::load(conn, rid)?;
        if entry.deleted {
            if !found.is_empty() {
                self.find(&place, "it is deleted but indexed");
            }
            return Ok(());
        }
        let Ok(value) = fhir::json::parse_kept(&entry.body) else {
            self.find(&place, "its text can't be read");
            return Ok(());
        };
        let rows = Rows::of(&value, self.projector);
        if !rows.are(&found) {
            self.find(&place, "its index is not what its text gives");
        }
        if facts != [(&rows.custodian).into(), (&rows.patient).into(), rows.labels.into(), rows.views().into()] {
            self.find(&place, "its access facts are not what its text gives");
        }
        Ok(())
    }

    /// The file of the database, page by page, and the jobs, which no view repeats.
    pub(crate) fn beside(&mut self, conn: &mut Conn) -> Result<(), StoreError> {
        self.file(conn, "database")?;
        let query = format!("SELECT {} FROM job WHERE id > ? ORDER BY id LIMIT ?", jobs::COLUMNS);
        let mut last = 0;
        loop {
            let rows = conn.rows(&query, &params![last, PAGE])?;
            if rows.is_empty() {
                return Ok(());
            }
            for mut row in rows {
                last = row.count(0)?;
                if let Err(error) = jobs::job(&mut row) {
                    self.find(format!("job {last}"), error.to_string());
                }
            }
        }
    }

    /// What the database itself says of its file: also where no row of ours lies, and where only
    /// one of two trees holds a row.
    pub(crate) fn file(&mut self, conn: &mut Conn, place: &str) -> Result<(), StoreError> {
        if conn.dialect() == Dialect::Sqlite {
            for mut row in conn.rows("PRAGMA integrity_check(100)", &[])? {
                let said = row.text(0)?;
                if said != "ok" {
                    self.find(place, said);
                }
            }
        }
        Ok(())
    }

    /// Every blob against its name.
    pub(crate) fn blobs(&mut self, conn: &mut Conn, blobs: &Blobs) -> Result<(), StoreError> {
        let rows = conn.rows("SELECT id, size FROM blob ORDER BY id", &[])?;
        let total = rows.len() as u64;
        for mut row in rows {
            self.report.blobs += 1;
            let (id, size) = (row.text(0)?, row.count(1)?);
            let place = format!("blob {id}");
            let content = BlobId::parse(&id).map(|id| (blobs.read(&id), id));
            match content {
                Some((Ok(bytes), id)) if BlobId::of(&bytes) == id && bytes.len() as u64 == size => {}
                Some((Ok(_), _)) => self.find(place, "its bytes are others"),
                Some((Err(error), _)) => self.find(place, error.to_string()),
                None => self.find(place, "this is no name of a blob"),
            }
            self.tell("blobs", self.report.blobs, total);
        }
        Ok(())
    }

    /// The chain of reads.
    pub(crate) fn trail(&mut self, conn: &mut Conn) -> Result<(), StoreError> {
        let (end, end_hash) = trail::head(conn, false)?;
        let (mut seq, mut hash) = (0, [0; 32]);
        loop {
            let mut asked = Statement::new("a.seq > ");
            asked.bind(seq).push(" ORDER BY a.seq LIMIT ").bind(PAGE);
            let found = records(conn, &selected(&asked))?;
            if found.is_empty() {
                break;
            }
            for one in found {
                self.report.audit_entries += 1;
                let place = format!("audit {}", one.seq);
                if one.seq != seq + 1 {
                    self.find(&place, format!("it follows {seq}"));
                }
                if !one.follows(hash) {
                    self.find(&place, "its hash is another");
                }
                (seq, hash) = (one.seq, one.hash);
            }
            self.tell("audit", seq, end);
        }
        if (seq, hash) != (end, end_hash) {
            self.find(format!("audit {end}"), "the head of the chain is another");
        }
        Ok(())
    }
}

fn chained(entry: &Stored, previous: [u8; 32]) -> [u8; 32] {
    let Stored { key, version, method, author, body, .. } = entry;
    let time_us = entry.last_updated.as_microsecond();
    Entry { time_us, author, key, version: *version, method: *method, body }.hash(previous, entry.seq)
}
