//! Blobs by content: the id is the SHA-256 of the bytes. A blob is on the disk, and its row in
//! the database, before its id is given out.

use std::fmt;

use bytes::Bytes;
use sha2::{Digest, Sha256};

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

impl Store {
    /// Keeps the bytes; durable when the id is given.
    pub async fn put_blob(&self, _bytes: Bytes) -> Result<BlobId, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// The bytes of a blob.
    pub async fn blob(&self, _id: &BlobId) -> Result<Option<Bytes>, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }
}
