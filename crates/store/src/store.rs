//! The one concrete type that callers hold.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::blob::Blobs;
use crate::commit::{apply, prepare};
use crate::conn::Opener;
use crate::log::{self, STORED, Tail, stored};
use crate::readers::Readers;
use crate::rebuild::Outdated;
use crate::sql::Statement;
use crate::trail::Trail;
use crate::upkeep::Progress;
use crate::visibility::{condition, version_condition};
use crate::writer::Writer;
use crate::{Clock, Commit, Committed, Entropy, Expect, Head, Key, Projector, StoreError, Stored, Visibility};
use crate::{Write, private, schema};

/// How often the end of the log is looked up for what other processes wrote.
const LOOK: std::time::Duration = std::time::Duration::from_millis(250);
/// Bodies above this are parsed on a thread that may block.
const LARGE_BYTES: usize = 64 * 1024;
/// How many keys one statement asks for.
const KEYS: usize = 200;

/// Where a store lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// SQLite: `DIR/tejido.db`, `DIR/audit.db`, `DIR/blobs/`.
    Directory(PathBuf),
    /// PostgreSQL, with the blobs in a directory.
    Postgres {
        /// `postgres://…` or `host=… user=…`.
        url: String,
        /// The directory of the blobs.
        blobs: PathBuf,
    },
}

/// What a store is given.
#[derive(Clone)]
pub struct Options {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Computes access facts.
    pub projector: Arc<dyn Projector>,
}

/// A store; clones share it.
#[derive(Clone)]
pub struct Store {
    options: Options,
    inner: Arc<Inner>,
}

struct Inner {
    writer: Writer,
    readers: Readers,
    trail: Trail,
    blobs: Blobs,
    /// Held while the store is open, so that no restore takes its files away.
    presence: Mutex<Option<File>>,
    reindexing: watch::Sender<Option<Progress>>,
}

impl Store {
    /// Opens a store, making it where there is none. Views that were made by other rules (another
    /// projector, a restored backup) are made anew before it returns.
    pub async fn open(location: &Location, options: Options) -> Result<Store, StoreError> {
        let store = Self::begin(location, options).await?;
        if store.outdated().await? != Outdated::Nothing {
            store.renew().await?;
        }
        Ok(store)
    }

    /// Opens a store to serve it. Where only the index was made by other rules, that is made anew
    /// while the store reads and writes; until then what would search the index is
    /// [`StoreError::Reindexing`], since an answer with gaps could make somebody twice. Who may see
    /// what is made anew before it returns, as in [`Store::open`].
    pub async fn open_serving(location: &Location, options: Options) -> Result<Store, StoreError> {
        let store = Self::begin(location, options).await?;
        match store.outdated().await? {
            Outdated::Nothing => {}
            Outdated::Facts => store.renew().await?,
            Outdated::Index => {
                store.told().send_replace(Some(Progress { step: "resources", done: 0, total: 0 }));
                let behind = store.clone();
                tokio::spawn(async move {
                    if let Err(error) = behind.renew().await {
                        tracing::error!(%error, "the index was not made anew; start again");
                    }
                });
            }
        }
        Ok(store)
    }

    async fn begin(location: &Location, options: Options) -> Result<Store, StoreError> {
        let location = location.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let inner = Inner::open(&location, &options)?;
            Ok(Store { options, inner: Arc::new(inner) })
        });
        opened.await.map_err(|_| StoreError::Fault("opening panicked"))?
    }

    /// The format this program writes.
    pub fn format_version() -> u32 {
        schema::FORMAT
    }

    /// The clock it was given.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.options.clock
    }

    /// The randomness it was given.
    pub fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.options.entropy
    }

    pub(crate) fn projector(&self) -> &Arc<dyn Projector> {
        &self.options.projector
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.inner.writer
    }

    pub(crate) fn readers(&self) -> &Readers {
        &self.inner.readers
    }

    pub(crate) fn trail(&self) -> &Trail {
        &self.inner.trail
    }

    pub(crate) fn told(&self) -> &watch::Sender<Option<Progress>> {
        &self.inner.reindexing
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// Writes what waits and lets go of the database.
    pub async fn close(self) {
        self.inner.writer.stop().await;
        self.inner.trail.stop().await;
        self.inner.readers.stop();
        if let Ok(mut presence) = self.inner.presence.lock() {
            presence.take();
        }
    }

    /// Writes all of it or nothing; durable when it returns.
    pub async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let size: usize =
            commit.changes.iter().map(|change| if let Write::Put(body) = &change.write { body.len() } else { 0 }).sum();
        for change in &commit.changes {
            if let Expect::Unmatched(query, _) = &change.expect {
                self.answers(query)?;
            }
        }
        let projector = self.options.projector.clone();
        let prepared = if size > LARGE_BYTES {
            let parsing = tokio::task::spawn_blocking(move || prepare(commit, &*projector));
            parsing.await.map_err(|_| StoreError::Fault("parsing panicked"))?
        } else {
            prepare(commit, &*projector)
        }?;
        self.writer().run(move |tx| apply(tx, prepared)).await
    }

    /// The current version, deleted or not; `None` where there is none that may be seen.
    pub async fn read(&self, key: &Key, visibility: &Visibility) -> Result<Option<Stored>, StoreError> {
        let mut query = Statement::new(&format!("SELECT {STORED} FROM resource r JOIN log l ON l.seq = r.seq WHERE "));
        keyed(key, visibility, &mut query);
        self.entries(query).await.map(|mut found| found.pop())
    }

    /// One version, if the current (or last live) one may be seen; by a share alone, none that was
    /// replaced before it began.
    pub async fn read_version(
        &self,
        key: &Key,
        version: u64,
        visibility: &Visibility,
    ) -> Result<Option<Stored>, StoreError> {
        let join = "FROM resource r JOIN log l ON l.type = r.type AND l.id = r.id WHERE l.version = ";
        let mut query = Statement::new(&format!("SELECT {STORED} {join}"));
        query.bind(version).push(" AND r.type = ").bind(&key.resource_type).push(" AND r.id = ").bind(&key.id);
        query.push(" AND ");
        version_condition(visibility, &mut query);
        self.entries(query).await.map(|mut found| found.pop())
    }

    /// The current live versions of these, in their order, without those that are not there.
    pub async fn read_many(&self, keys: &[Key], visibility: &Visibility) -> Result<Vec<Stored>, StoreError> {
        let mut found = std::collections::HashMap::new();
        for some in keys.chunks(KEYS) {
            let mut query = Statement::new(&format!("SELECT {STORED} FROM resource r JOIN log l ON l.seq = r.seq "));
            query.push("WHERE r.deleted = 0 AND (");
            for (at, key) in some.iter().enumerate() {
                query.push(if at == 0 { "r.type = " } else { " OR r.type = " }).bind(&key.resource_type);
                query.push(" AND r.id = ").bind(&key.id);
            }
            query.push(") AND ");
            condition(visibility, "r", &mut query);
            found.extend(self.entries(query).await?.into_iter().map(|entry| (entry.key.clone(), entry)));
        }
        Ok(keys.iter().filter_map(|key| found.get(key).cloned()).collect())
    }

    /// The log after a sequence number, oldest first: no gap, no duplicate; fewer than `limit` also
    /// where entries are large, none only at the end.
    pub async fn changes(&self, after_seq: u64, limit: usize) -> Result<Vec<Stored>, StoreError> {
        let mut query = Statement::new("FROM log l WHERE l.seq > ");
        query.bind(after_seq);
        self.readers().run(move |conn| Ok(log::entries(conn, (&query, " ORDER BY l.seq"), limit)?.0)).await
    }

    /// The end of the log.
    pub async fn head(&self) -> Result<Head, StoreError> {
        self.readers().run(|conn| Tail::load(conn, false).map(Head::from)).await
    }

    /// Returns when the log has gone beyond `seq`; gives the head's sequence number.
    pub async fn wait_beyond(&self, seq: u64) -> Result<u64, StoreError> {
        let mut moved = self.writer().head();
        loop {
            let head = self.head().await?.seq;
            if head > seq {
                return Ok(head);
            }
            // What this process wrote wakes it; what others wrote is found by looking.
            if let Ok(Err(_)) = tokio::time::timeout(LOOK, moved.changed()).await {
                return Err(StoreError::Closed);
            }
        }
    }

    pub(crate) async fn entries(&self, query: Statement) -> Result<Vec<Stored>, StoreError> {
        self.readers().run(move |conn| conn.query(&query)?.iter_mut().map(stored).collect()).await
    }
}

impl Inner {
    fn open(location: &Location, options: &Options) -> Result<Self, StoreError> {
        let (blobs, presence) = match location {
            Location::Directory(folder) => {
                make_folder(folder)?;
                let presence = presence(folder)?;
                presence.lock_shared().map_err(|error| StoreError::file("opening the folder", error))?;
                (folder.join("blobs"), Some(presence))
            }
            // There each connection says so itself.
            Location::Postgres { blobs, .. } => (blobs.clone(), None),
        };
        let opener = Opener::of(location)?;
        let mut conn = opener.writer()?;
        schema::prepare(&mut conn, options.projector.version())?;
        conn.begin(true)?;
        private::sweep(&mut conn, options.clock.now().as_microsecond())?;
        conn.commit()?;
        let seq = Tail::load(&mut conn, false)?.seq;
        let trail = Trail::start(opener.audit())?;
        let writer = Writer::start(conn, opener.clone(), options.clock.clone(), seq)?;
        Ok(Self {
            writer,
            readers: Readers::new(opener),
            trail,
            blobs: Blobs::open(blobs)?,
            presence: Mutex::new(presence),
            reindexing: watch::Sender::new(None),
        })
    }
}

/// The file by whose lock processes know of each other: shared by those that work, whole for a restore.
pub(crate) fn presence(folder: &std::path::Path) -> Result<File, StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = File::options().create(true).append(true).mode(0o600).open(folder.join("tejido.lock"));
    made.map_err(|error| StoreError::file("making the lock file", error))
}

/// Makes a folder that only its owner may enter.
pub(crate) fn make_folder(folder: &std::path::Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| StoreError::file("making the folder", error))
}

fn keyed(key: &Key, visibility: &Visibility, query: &mut Statement) {
    query.push("r.type = ").bind(&key.resource_type).push(" AND r.id = ").bind(&key.id).push(" AND ");
    condition(visibility, "r", query);
}
