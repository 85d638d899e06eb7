//! The backup file, the same from and for both back ends: a line that says what it is, then a
//! gzip stream of frames (tag, length, content). Only the truth is in it: log, private records,
//! jobs, blobs, audit chain; the views are made anew when the restored store is first opened. The
//! last frame carries the SHA-256 of all before it, and nothing is restored before it was compared.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::StoreError;
use crate::blob::{BlobId, Blobs};
use crate::codec;
use crate::conn::Conn;
use crate::schema::FORMAT;
use crate::sql::{Sql, Statement};

const MAGIC: &str = "tejido-backup";
const PAGE: usize = 100;
const BLOB: u8 = b'b';
const END: u8 = b'e';

/// A table of the truth.
pub(crate) struct Table {
    tag: u8,
    pub(crate) name: &'static str,
    columns: &'static [&'static str],
    /// How many leading columns are the key.
    key: usize,
}

/// The tables of the main database.
pub(crate) const MAIN: &[Table] = &[
    Table {
        tag: 0,
        name: "log",
        columns: &["seq", "time_us", "author", "type", "id", "version", "method", "hash", "body"],
        key: 1,
    },
    Table { tag: 1, name: "private", columns: &["kind", "key", "value", "version", "owner", "expires"], key: 2 },
    Table {
        tag: 2,
        name: "job",
        columns: &["id", "kind", "key", "payload", "run_at", "attempts", "error", "leased_until", "state"],
        key: 1,
    },
    Table { tag: 3, name: "blob", columns: &["id", "size"], key: 1 },
];

/// The tables of the audit chain.
pub(crate) const CHAIN: &[Table] = &[
    Table {
        tag: 4,
        name: "audit",
        columns: &[
            "seq", "time_us", "actor", "facility", "action", "target", "query", "reason", "request", "address", "hash",
        ],
        key: 1,
    },
    Table { tag: 5, name: "audit_patient", columns: &["seq", "patient"], key: 2 },
];

fn broken(problem: impl std::fmt::Display) -> StoreError {
    StoreError::Backup(problem.to_string())
}

/// A backup being written, beside its place until it is whole.
pub(crate) struct Writing {
    out: GzEncoder<BufWriter<File>>,
    hash: Sha256,
}

impl Writing {
    pub(crate) fn begin(path: &Path) -> Result<Self, StoreError> {
        let failed = |error| StoreError::file("making the backup file", error);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        file.write_all(format!("{MAGIC} {FORMAT}\n").as_bytes()).map_err(failed)?;
        Ok(Self { out: GzEncoder::new(BufWriter::new(file), Compression::fast()), hash: Sha256::new() })
    }

    fn frame(&mut self, tag: u8, parts: &[&[u8]]) -> Result<(), StoreError> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut head = vec![tag];
        head.extend((length as u64).to_be_bytes());
        for bytes in std::iter::once(head.as_slice()).chain(parts.iter().copied()) {
            self.hash.update(bytes);
            self.out.write_all(bytes).map_err(|error| StoreError::file("writing the backup", error))?;
        }
        Ok(())
    }

    /// Adds every row of a table, in the order of its key.
    pub(crate) fn table(&mut self, conn: &mut Conn, table: &Table) -> Result<(), StoreError> {
        let (columns, key) = (table.columns.join(", "), table.columns[..table.key].join(", "));
        let mut last: Option<Vec<Sql>> = None;
        loop {
            let mut query = Statement::new(&format!("SELECT {columns} FROM {}", table.name));
            if let Some(last) = last.take() {
                query.push(&format!(" WHERE ({key}) > ")).bind_list(last);
            }
            query.push(&format!(" ORDER BY {key} LIMIT ")).bind(PAGE);
            let rows = conn.query(&query)?;
            for row in &rows {
                let mut bytes = Vec::new();
                row.0.iter().for_each(|column| codec::put(&mut bytes, column));
                self.frame(table.tag, &[&bytes])?;
            }
            match rows.last() {
                Some(row) if rows.len() == PAGE => last = Some(row.0[..table.key].to_vec()),
                _ => return Ok(()),
            }
        }
    }

    /// Adds the bytes of every blob.
    pub(crate) fn blobs(&mut self, conn: &mut Conn, blobs: &Blobs) -> Result<(), StoreError> {
        for mut row in conn.rows("SELECT id FROM blob ORDER BY id", &[])? {
            let id = BlobId::parse(&row.text(0)?).ok_or(StoreError::Damaged("a blob's name can't be read"))?;
            let bytes = blobs.read(&id).map_err(|error| StoreError::file("reading a blob", error))?;
            self.frame(BLOB, &[id.as_str().as_bytes(), &bytes])?;
        }
        Ok(())
    }

    /// Ends the file; it is on the disk afterwards.
    pub(crate) fn finish(mut self) -> Result<(), StoreError> {
        let sum = self.hash.clone().finalize();
        self.frame(END, &[&sum])?;
        let failed = |error| StoreError::file("writing the backup", error);
        let file = self.out.finish().map_err(failed)?.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)
    }
}

/// What a frame holds.
pub(crate) enum Frame {
    Row(&'static Table, Vec<Sql>),
    Blob(BlobId, Vec<u8>),
}

/// Reads a backup to its end, handing over each frame.
pub(crate) fn read(path: &Path, mut each: impl FnMut(Frame) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let mut file = BufReader::new(File::open(path).map_err(|error| StoreError::file("opening the backup", error))?);
    let mut line = String::new();
    file.by_ref().take(64).read_line(&mut line).map_err(|_| broken("this is no backup"))?;
    let format = line.strip_prefix(MAGIC).and_then(|rest| rest.trim().parse::<u32>().ok());
    let found = format.ok_or_else(|| broken("this is no backup"))?;
    if found > FORMAT {
        return Err(StoreError::NewerFormat { found, known: FORMAT });
    }
    let mut input = GzDecoder::new(file);
    let mut hash = Sha256::new();
    loop {
        let mut head = [0; 9];
        input.read_exact(&mut head).map_err(broken)?;
        let (tag, length) = (head[0], u64::from_be_bytes(*head.last_chunk::<8>().expect("nine bytes")));
        let mut content = Vec::new();
        input.by_ref().take(length).read_to_end(&mut content).map_err(broken)?;
        if content.len() as u64 != length {
            return Err(broken("it is cut short"));
        }
        if tag == END {
            return if hash.finalize()[..] == content[..] { Ok(()) } else { Err(broken("its checksum is another")) };
        }
        hash.update(head);
        hash.update(&content);
        each(frame(tag, &content)?)?;
    }
}

fn frame(tag: u8, content: &[u8]) -> Result<Frame, StoreError> {
    if tag == BLOB {
        let (id, bytes) = content.split_at_checked(64).ok_or_else(|| broken("a blob is cut short"))?;
        let id = std::str::from_utf8(id).ok().and_then(BlobId::parse).filter(|id| *id == BlobId::of(bytes));
        return Ok(Frame::Blob(id.ok_or_else(|| broken("a blob is not what it is named"))?, bytes.to_vec()));
    }
    let table = MAIN.iter().chain(CHAIN).find(|table| table.tag == tag);
    let table = table.ok_or_else(|| broken("a part of it is not known"))?;
    let row = codec::read(content);
    if row.len() == table.columns.len() { Ok(Frame::Row(table, row)) } else { Err(broken("a row can't be read")) }
}

/// The statement that puts a row back.
pub(crate) fn insert(table: &Table, row: Vec<Sql>) -> Statement {
    let mut statement = Statement::new(&format!("INSERT INTO {} ({}) VALUES ", table.name, table.columns.join(", ")));
    statement.bind_list(row);
    statement
}
