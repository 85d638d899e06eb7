//! Fills a place from a backup. Nothing of what was there is lost before the new is whole: on
//! SQLite the new files are made beside the old and then take their names, on PostgreSQL all of
//! it is one transaction. A store that somebody works with is left alone.

use std::path::{Path, PathBuf};

use crate::backup::{self, CHAIN, Frame, MAIN, insert};
use crate::blob::{Blobs, hex};
use crate::conn::{Conn, Opener};
use crate::log::Tail;
use crate::schema;
use crate::sql::{Sql, params};
use crate::store::{make_folder, presence};
use crate::{Location, StoreError};

const FILES: [&str; 2] = ["tejido.db", "audit.db"];

/// Restores, on a thread that may block.
pub(crate) fn restore(path: &Path, location: &Location, force: bool) -> Result<(), StoreError> {
    backup::read(path, |_| Ok(()))?;
    match location {
        Location::Directory(folder) => directory(path, folder, force),
        Location::Postgres { blobs, .. } => {
            let mut conn = Opener::of(location)?.writer()?;
            conn.begin(true)?;
            let done = postgres(path, &mut conn, &Blobs::open(blobs.clone())?, force);
            if done.is_ok() { conn.commit() } else { conn.rollback().and(done) }
        }
    }
}

fn directory(path: &Path, folder: &Path, force: bool) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::file("putting the restored files in place", error);
    if !force && FILES.iter().any(|file| folder.join(file).exists()) {
        return Err(StoreError::NotEmpty);
    }
    make_folder(folder)?;
    let whole = presence(folder)?;
    whole.try_lock().map_err(|_| StoreError::InUse)?;
    let beside = folder.join("restoring");
    if beside.exists() {
        std::fs::remove_dir_all(&beside).map_err(failed)?;
    }
    make_folder(&beside)?;
    let opener = Opener::of(&Location::Directory(beside.clone()))?;
    let (mut conn, mut chain) = (opener.writer()?, opener.audit().writer()?);
    for conn in [&mut conn, &mut chain] {
        conn.begin(true)?;
    }
    schema::make_main(&mut conn)?;
    schema::make_audit(&mut chain)?;
    let blobs = Blobs::open(folder.join("blobs"))?;
    load(path, &mut conn, Some(&mut chain), &blobs)?;
    conn.commit()?;
    chain.commit()?;
    for conn in [&mut conn, &mut chain] {
        // Closing would do it too, but says nothing when the disk is full.
        let emptied = conn.row("PRAGMA wal_checkpoint(TRUNCATE)", &[])?;
        if emptied.is_none_or(|row| row.int(0) != Ok(0)) {
            return Err(StoreError::file(
                "putting the restored files in place",
                "the write-ahead log can't be emptied",
            ));
        }
    }
    drop((conn, chain));
    for file in FILES {
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.join(format!("{file}{end}")));
        }
        std::fs::rename(beside.join(file), folder.join(file)).map_err(failed)?;
    }
    std::fs::remove_dir_all(&beside).map_err(failed)?;
    std::fs::File::open(PathBuf::from(folder)).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn postgres(path: &Path, conn: &mut Conn, blobs: &Blobs, force: bool) -> Result<(), StoreError> {
    if schema::has_table(conn, "meta")? {
        if !force {
            return Err(StoreError::NotEmpty);
        }
        conn.alone()?;
        schema::drop_all(conn)?;
    }
    schema::make_main(conn)?;
    schema::make_audit(conn)?;
    load(path, conn, None, blobs)
}

/// Loads the rows; `chain` is the audit chain's own connection where it has one.
fn load(path: &Path, conn: &mut Conn, mut chain: Option<&mut Conn>, blobs: &Blobs) -> Result<(), StoreError> {
    let runtime = tokio::runtime::Handle::current();
    let mut tail = None;
    let mut chain_end = None;
    backup::read(path, |frame| match frame {
        Frame::Blob(id, bytes) => runtime.block_on(blobs.put(&id, bytes.into())),
        Frame::Row(table, row) => {
            let beside = CHAIN.iter().any(|other| other.name == table.name);
            if table.name == MAIN[0].name {
                tail = Some((row[0].clone(), row[1].clone(), row[7].clone()));
            } else if table.name == CHAIN[0].name {
                chain_end = Some((row[0].clone(), row[10].clone()));
            }
            let one = insert(table, row);
            let conn = if beside { chain.as_deref_mut().unwrap_or(conn) } else { &mut *conn };
            conn.exec(&one.text, &one.params).map(|_| ())
        }
    })?;
    if let Some((Sql::Int(seq), Sql::Int(time_us), Sql::Bytes(hash))) = tail {
        let _: [u8; 32] = hash.as_ref().try_into().map_err(|_| StoreError::Backup("a hash is cut".to_owned()))?;
        schema::put_meta(conn, "head", &format!("{seq} {time_us} {}", hex(&hash)))?;
        Tail::load(conn, false)?;
    }
    if let Some((seq, hash)) = chain_end {
        let conn = chain.unwrap_or(conn);
        conn.exec("UPDATE audit_head SET seq = ?, hash = ?", &params![seq, hash])?;
    }
    Ok(())
}
