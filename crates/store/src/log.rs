//! The end of the log and the chain of its hashes.

use sha2::{Digest, Sha256};

use crate::blob::hex;
use crate::conn::Conn;
use crate::sql::{Dialect, Row, Statement};
use crate::{Head, Key, Method, StoreError, Stored, schema};

/// The end of the log as the writer keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) seq: u64,
    /// Time of the last entry; no later entry is before it.
    pub(crate) time_us: i64,
    pub(crate) hash: [u8; 32],
}

impl Tail {
    /// The end of the log; `lock` keeps other processes from appending until the transaction ends.
    pub(crate) fn load(conn: &mut Conn, lock: bool) -> Result<Self, StoreError> {
        let query = match conn.dialect() {
            Dialect::Postgres if lock => "SELECT value FROM meta WHERE key = 'head' FOR UPDATE",
            _ => "SELECT value FROM meta WHERE key = 'head'",
        };
        let row = conn.row(query, &[])?;
        let text = row.map(|mut row| row.text(0)).transpose()?.unwrap_or_default();
        Self::parse(&text).ok_or(StoreError::Damaged("the head of the log can't be read"))
    }

    pub(crate) fn save(self, conn: &mut Conn) -> Result<(), StoreError> {
        schema::put_meta(conn, "head", &format!("{} {} {}", self.seq, self.time_us, hex(&self.hash)))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (seq, time_us, hash) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { seq: seq.parse().ok()?, time_us: time_us.parse().ok()?, hash: unhex(hash)? })
    }

    /// The next entry's place: its sequence number and hash.
    pub(crate) fn append(&mut self, entry: &Entry<'_>) {
        self.seq += 1;
        self.time_us = entry.time_us;
        self.hash = entry.hash(self.hash, self.seq);
    }
}

impl From<Tail> for Head {
    fn from(tail: Tail) -> Self {
        Self { seq: tail.seq, hash: tail.hash }
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

/// What the hash of an entry covers, besides the entry before.
pub(crate) struct Entry<'a> {
    pub(crate) time_us: i64,
    pub(crate) author: &'a str,
    pub(crate) key: &'a Key,
    pub(crate) version: u64,
    pub(crate) method: Method,
    pub(crate) body: &'a [u8],
}

impl Entry<'_> {
    /// SHA-256 over the previous hash and each field; texts carry their length, so no two entries
    /// read the same.
    pub(crate) fn hash(&self, previous: [u8; 32], seq: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(previous);
        hash.update(seq.to_be_bytes());
        hash.update(self.time_us.to_be_bytes());
        for text in [self.author, &self.key.resource_type, &self.key.id] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        hash.update(self.version.to_be_bytes());
        hash.update(self.method.code().to_be_bytes());
        hash.update((self.body.len() as u64).to_be_bytes());
        hash.update(self.body);
        hash.finalize().into()
    }
}

/// The columns that [`stored`] reads, from `log` as `l`.
pub(crate) const STORED: &str = "l.seq, l.time_us, l.author, l.type, l.id, l.version, l.method, l.body";

/// One entry of the log, from a row that begins with [`STORED`].
pub(crate) fn stored(row: &mut Row) -> Result<Stored, StoreError> {
    let method = Method::from_code(row.int(6)?).ok_or(StoreError::Damaged("an entry has no known method"))?;
    Ok(Stored {
        seq: row.count(0)?,
        last_updated: time(row.int(1)?)?,
        author: row.text(2)?,
        key: Key { resource_type: row.text(3)?, id: row.text(4)? },
        version: row.count(5)?,
        deleted: method == Method::Delete,
        method,
        body: row.bytes(7)?,
    })
}

/// About how many bytes of entries are read at a time.
const BYTES: u64 = 32 << 20;

/// The entries of a query (`FROM log l …`), at most `limit` and not much more than 32 MiB (one at
/// least), and whether there are more.
pub(crate) fn entries(
    conn: &mut Conn,
    (from, order): (&Statement, &str),
    limit: usize,
) -> Result<(Vec<Stored>, bool), StoreError> {
    let ask = |columns: &str, limit: usize| {
        let mut query = Statement::new(&format!("SELECT {columns} {}", from.text));
        query.params.extend(from.params.iter().cloned());
        query.push(order).push(" LIMIT ").bind(limit);
        query
    };
    let (mut taken, mut bytes) = (0, 0);
    let sizes = conn.query(&ask("length(l.body)", limit + 1))?;
    for row in &sizes {
        bytes += row.count(0)?;
        if taken == limit || (taken > 0 && bytes > BYTES) {
            break;
        }
        taken += 1;
    }
    if taken == 0 {
        return Ok((Vec::new(), false));
    }
    let found: Result<Vec<Stored>, _> = conn.query(&ask(STORED, taken))?.iter_mut().map(stored).collect();
    Ok((found?, sizes.len() > taken))
}

/// An instant from microseconds.
pub(crate) fn time(micros: i64) -> Result<jiff::Timestamp, StoreError> {
    jiff::Timestamp::from_microsecond(micros).map_err(|_| StoreError::Damaged("a time is out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_can_not_run_into_each_other() {
        let hash = |resource_type: &str, id: &str| {
            let key = Key::new(resource_type, id);
            let method = Method::Create;
            Entry { time_us: 0, author: "a", key: &key, version: 1, method, body: b"{}" }.hash([0; 32], 1)
        };
        assert_ne!(hash("Patient", "1x"), hash("Patient1", "x"));
        assert_eq!(unhex(&hex(&hash("Patient", "1"))), Some(hash("Patient", "1")));
    }
}
