//! Blobs by content: the id is the SHA-256 of the bytes. A blob is on the disk, and its row in
//! the database, before its id is given out.

use std::collections::HashSet;
use std::fmt;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::local::LocalFileSystem;
use sha2::{Digest, Sha256};

use crate::sql::params;
use crate::store::make_folder;
use crate::{Store, StoreError};

/// The SHA-256 of a blob, in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId(String);

impl BlobId {
    /// The id of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex(&Sha256::digest(bytes)))
    }

    /// Reads an id; `None` unless it is 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 64 && text.bytes().all(digit)).then(|| Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The folder of the blobs: `ab/abcd…`, each file fsynced before its name is given out.
pub(crate) struct Blobs {
    files: LocalFileSystem,
    folder: PathBuf,
    /// The shelves whose names this process has synced.
    shelves: Mutex<HashSet<String>>,
}

impl Blobs {
    pub(crate) fn open(folder: PathBuf) -> Result<Self, StoreError> {
        make_folder(&folder)?;
        // The folder's own name must be on the disk before anything in it is acknowledged.
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent)
            .and_then(|parent| parent.sync_all())
            .map_err(|error| StoreError::file("opening blobs", error))?;
        let files =
            LocalFileSystem::new_with_prefix(&folder).map_err(|error| StoreError::file("opening blobs", error))?;
        Ok(Self { files: files.with_fsync(true), folder, shelves: Mutex::default() })
    }

    fn path(id: &BlobId) -> object_store::path::Path {
        object_store::path::Path::from_iter([&id.0[..2], &id.0])
    }

    pub(crate) async fn put(&self, id: &BlobId, bytes: Bytes) -> Result<(), StoreError> {
        let failed = |error: std::io::Error| StoreError::file("writing a blob", error);
        let shelf = self.folder.join(&id.0[..2]);
        // That a shelf is there does not say that its name is on the disk: another may just have made it.
        if !self.shelves.lock().is_ok_and(|shelves| shelves.contains(&id.0[..2])) {
            make_folder(&shelf)?;
            File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
            self.shelves.lock().map_err(|_| StoreError::Closed)?.insert(id.0[..2].to_owned());
        }
        let put = self.files.put(&Self::path(id), bytes.into()).await;
        put.map_err(|error| StoreError::file("writing a blob", error))?;
        std::fs::set_permissions(shelf.join(&id.0), Permissions::from_mode(0o600)).map_err(failed)
    }

    /// The bytes, on a thread that may block.
    pub(crate) fn read(&self, id: &BlobId) -> std::io::Result<Vec<u8>> {
        std::fs::read(self.folder.join(&id.0[..2]).join(&id.0))
    }

    pub(crate) async fn get(&self, id: &BlobId) -> Result<Option<Bytes>, StoreError> {
        let failed = |error| StoreError::file("reading a blob", error);
        match self.files.get(&Self::path(id)).await {
            Ok(found) => found.bytes().await.map(Some).map_err(failed),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}

impl Store {
    /// Keeps the bytes; durable when the id is given.
    pub async fn put_blob(&self, bytes: Bytes) -> Result<BlobId, StoreError> {
        let id = BlobId::of(&bytes);
        let size = bytes.len();
        let known = "SELECT size FROM blob WHERE id = ?";
        let key = id.clone();
        if self.readers().run(move |conn| conn.row(known, &params![key.as_str()])).await?.is_some() {
            return Ok(id);
        }
        self.blobs().put(&id, bytes).await?;
        let insert = "INSERT INTO blob (id, size) VALUES (?,?) ON CONFLICT (id) DO NOTHING";
        let key = id.clone();
        self.writer().run(move |tx| tx.conn.exec(insert, &params![key.as_str(), size])).await?;
        Ok(id)
    }

    /// The bytes of a blob.
    pub async fn blob(&self, id: &BlobId) -> Result<Option<Bytes>, StoreError> {
        self.blobs().get(id).await
    }
}
