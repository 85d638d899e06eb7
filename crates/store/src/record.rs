//! Resources as they are written, kept and given back.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::{NewJob, PrivateWrite, Visibility};

/// Type and id of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// `Patient`, …
    pub resource_type: String,
    /// The logical id.
    pub id: String,
}

impl Key {
    /// The key of `resource_type/id`.
    pub fn new(resource_type: impl Into<String>, id: impl Into<String>) -> Self {
        Self { resource_type: resource_type.into(), id: id.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.resource_type, self.id)
    }
}

/// How a version came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// The first version, or the first after a deletion.
    Create,
    /// A later version.
    Update,
    /// The resource was deleted.
    Delete,
}

impl Method {
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Create => 0,
            Self::Update => 1,
            Self::Delete => 2,
        }
    }

    pub(crate) fn from_code(code: i64) -> Option<Self> {
        [Self::Create, Self::Update, Self::Delete].into_iter().find(|method| method.code() == code)
    }
}

/// One version of a resource as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Which resource.
    pub key: Key,
    /// `meta.versionId`, from 1.
    pub version: u64,
    /// Its place in the log.
    pub seq: u64,
    /// `meta.lastUpdated`.
    pub last_updated: Timestamp,
    /// Whether this version is a deletion.
    pub deleted: bool,
    /// How it came to be.
    pub method: Method,
    /// Who wrote it.
    pub author: String,
    /// The JSON text; empty when deleted.
    pub body: Bytes,
}

impl Stored {
    /// The body as a tree; an empty object when deleted.
    ///
    /// # Panics
    /// Never for what this store wrote: only text that was parsed goes in.
    pub fn value(&self) -> fhir::Value {
        if self.body.is_empty() {
            return fhir::Value::Object(fhir::json::Object::new());
        }
        fhir::json::parse_kept(&self.body).expect("what is stored was parsed before")
    }
}

/// One decision, written whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// `Practitioner/x`, `token:…`.
    pub author: String,
    /// Resources to write, in order.
    pub changes: Vec<Change>,
    /// What is to be done afterwards.
    pub jobs: Vec<NewJob>,
    /// Private records to write.
    pub private: Vec<PrivateWrite>,
}

/// One resource to write.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which.
    pub key: Key,
    /// What must hold for it.
    pub expect: Expect,
    /// What to write.
    pub write: Write,
}

/// What must hold when the change is made; decided inside the serialised commit.
#[derive(Clone, Debug)]
pub enum Expect {
    /// Nothing.
    Any,
    /// It never existed or is deleted.
    Absent,
    /// This is the current version.
    Version(u64),
    /// No visible resource matches (`If-None-Exist`), and the key itself is absent.
    Unmatched(Box<fhir::search::Query>, Visibility),
}

/// What is written.
#[derive(Clone, Debug)]
pub enum Write {
    /// JSON text as it was sent; the store stamps `id`, `meta.versionId` and `meta.lastUpdated`.
    Put(Arc<[u8]>),
    /// A logical deletion.
    Delete,
}

/// The answer to a commit: durable when it is given.
#[derive(Clone, Debug)]
pub struct Committed {
    /// When.
    pub time: Timestamp,
    /// The new versions, in the order of the changes.
    pub stored: Vec<Stored>,
}

/// The end of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last sequence number; 0 when the log is empty.
    pub seq: u64,
    /// The last hash; zeroes when the log is empty.
    pub hash: [u8; 32],
}
