//! The thread that writes the audit chain. What waits shares a transaction; one that nobody waits
//! for on the disk is carried there by a later one, at most [`FLUSH`] after it was answered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::codec;
use crate::conn::{Conn, Opener};
use crate::log::time;
use crate::readers::Readers;
use crate::sql::{Dialect, Row, Sql, Statement, params};
use crate::{AuditAction, AuditRecord, StoreError};

/// Half of the promised 50 ms: the rest is for the disk.
const FLUSH: Duration = Duration::from_millis(25);
const GROUP: usize = 512;

struct Item {
    /// None: only whether the chain can be written is asked.
    record: Option<AuditRecord>,
    durable: bool,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

/// Hands records to the thread.
pub(crate) struct Trail {
    queue: Mutex<Option<Sender<Item>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    readers: Readers,
    /// The last write failed.
    failing: Arc<AtomicBool>,
}

impl Trail {
    pub(crate) fn start(opener: Opener) -> Result<Self, StoreError> {
        let mut conn = opener.writer()?;
        crate::schema::prepare_audit(&mut conn)?;
        let (queue, waiting) = channel();
        let failing = Arc::new(AtomicBool::new(false));
        let serving = Serving { conn: Some(conn), opener: opener.clone(), unsynced: None, failing: failing.clone() };
        let thread = std::thread::Builder::new().name("tejido-audit".to_owned());
        let thread = thread
            .spawn(move || serving.serve(&waiting))
            .map_err(|error| StoreError::file("starting the audit writer", error))?;
        let (queue, thread) = (Mutex::new(Some(queue)), Mutex::new(Some(thread)));
        Ok(Self { queue, thread, readers: Readers::new(opener), failing })
    }

    pub(crate) async fn write(&self, record: AuditRecord, durable: bool) -> Result<(), StoreError> {
        self.send(Some(record), durable).await
    }

    /// Whether the chain can be written: what was told last, or, when that was a fault, a new try.
    pub(crate) async fn works(&self) -> Result<(), StoreError> {
        if self.failing.load(Ordering::Relaxed) { self.send(None, true).await } else { Ok(()) }
    }

    async fn send(&self, record: Option<AuditRecord>, durable: bool) -> Result<(), StoreError> {
        let closed = || StoreError::AuditUnavailable("the store is closed".to_owned());
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.lock().ok().and_then(|queue| queue.clone()).ok_or_else(closed)?;
        queue.send(Item { record, durable, reply }).map_err(|_| closed())?;
        drop(queue);
        answer.await.map_err(|_| closed())?
    }

    pub(crate) fn readers(&self) -> &Readers {
        &self.readers
    }

    /// Brings what waits to the disk and ends the thread.
    pub(crate) async fn stop(&self) {
        if let Ok(mut queue) = self.queue.lock() {
            queue.take();
        }
        let thread = self.thread.lock().ok().and_then(|mut slot| slot.take());
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        self.readers.stop();
    }
}

struct Serving {
    conn: Option<Conn>,
    opener: Opener,
    /// Since when something is written that the disk may not have.
    unsynced: Option<Instant>,
    failing: Arc<AtomicBool>,
}

impl Serving {
    fn serve(mut self, waiting: &Receiver<Item>) {
        loop {
            let next = match self.unsynced {
                None => waiting.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(since) => waiting.recv_timeout(FLUSH.saturating_sub(since.elapsed())),
            };
            let ending = matches!(next, Err(RecvTimeoutError::Disconnected));
            let mut group: Vec<Item> = next.into_iter().collect();
            while let Some(item) = (group.len() < GROUP).then(|| waiting.try_recv().ok()).flatten() {
                group.push(item);
            }
            let due = self.unsynced.is_some_and(|since| since.elapsed() >= FLUSH);
            let durable = due || (ending && self.unsynced.is_some()) || group.iter().any(|item| item.durable);
            if durable || !group.is_empty() {
                self.write(group, durable);
            }
            if ending {
                return;
            }
        }
    }

    fn write(&mut self, group: Vec<Item>, durable: bool) {
        let done = self.transaction(&group, durable);
        self.failing.store(done.is_err(), Ordering::Relaxed);
        let answer = match done {
            Ok(()) if durable => {
                self.unsynced = None;
                Ok(())
            }
            Ok(()) => {
                self.unsynced.get_or_insert_with(Instant::now);
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, records = group.len(), "the audit chain can't be written");
                if self.conn.as_mut().is_none_or(|conn| conn.rollback().is_err() || conn.is_broken()) {
                    self.conn = None;
                }
                // Tried again soon, but not in a tight loop.
                self.unsynced = self.unsynced.map(|_| Instant::now());
                Err(StoreError::AuditUnavailable(error.to_string()))
            }
        };
        for item in group {
            let _ = item.reply.send(answer.clone());
        }
    }

    fn transaction(&mut self, group: &[Item], durable: bool) -> Result<(), StoreError> {
        let conn = match self.conn.take() {
            Some(conn) => self.conn.insert(conn),
            None => self.conn.insert(self.opener.writer()?),
        };
        conn.begin(durable)?;
        let (mut seq, mut hash) = head(conn, true)?;
        let mut statements = Vec::with_capacity(group.len() * 2 + 1);
        for record in group.iter().filter_map(|item| item.record.as_ref()) {
            seq += 1;
            hash = append(&mut statements, record, seq, hash);
        }
        // A durable group without records still writes, so that the disk gets what came before.
        let mut moved = Statement::new("UPDATE audit_head SET synced = synced + 1, seq = ");
        moved.bind(seq).push(", hash = ").bind(hash.to_vec());
        statements.push(moved);
        conn.exec_all(&statements)?;
        conn.commit()
    }
}

/// The end of the chain.
pub(crate) fn head(conn: &mut Conn, lock: bool) -> Result<(u64, [u8; 32]), StoreError> {
    const DAMAGED: StoreError = StoreError::Damaged("the head of the audit chain can't be read");
    let query = match conn.dialect() {
        Dialect::Postgres if lock => "SELECT seq, hash FROM audit_head FOR UPDATE",
        _ => "SELECT seq, hash FROM audit_head",
    };
    let mut row = conn.row(query, &[])?.ok_or(DAMAGED)?;
    let hash = row.bytes(1)?.as_ref().try_into().map_err(|_| DAMAGED)?;
    Ok((row.count(0)?, hash))
}

/// Adds the rows of a record; gives its hash.
pub(crate) fn append(into: &mut Vec<Statement>, record: &AuditRecord, seq: u64, previous: [u8; 32]) -> [u8; 32] {
    let (columns, patients) = (columns(record), patients(record));
    let hash = link(previous, seq, &columns, &patients);
    let mut row = Statement::new(
        "INSERT INTO audit (seq, time_us, actor, facility, action, target, query, reason, request, address, hash) \
         VALUES ",
    );
    row.bind_list(std::iter::once(Sql::from(seq)).chain(columns).chain([hash.to_vec().into()]));
    into.push(row);
    for patient in patients {
        let mut row = Statement::new("INSERT INTO audit_patient (patient, seq) VALUES ");
        row.bind_list(params![patient, seq]);
        into.push(row);
    }
    hash
}

/// A text as the chain hashes and keeps it: PostgreSQL holds no NUL.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn columns(record: &AuditRecord) -> [Sql; 9] {
    let text = |text: &Option<String>| Sql::from(text.as_deref().map(plain));
    [
        record.time.as_microsecond().into(),
        plain(&record.actor).into(),
        text(&record.facility),
        record.action.name().into(),
        text(&record.target),
        text(&record.query),
        text(&record.reason),
        plain(&record.request).into(),
        text(&record.address),
    ]
}

fn patients(record: &AuditRecord) -> Vec<String> {
    let mut patients: Vec<String> = record.patients.iter().map(|one| plain(one)).collect();
    patients.sort();
    patients.dedup();
    patients
}

fn link(previous: [u8; 32], seq: u64, columns: &[Sql], patients: &[String]) -> [u8; 32] {
    let mut bytes = previous.to_vec();
    codec::put(&mut bytes, &seq.into());
    columns.iter().for_each(|column| codec::put(&mut bytes, column));
    patients.iter().for_each(|patient| codec::put(&mut bytes, &patient.as_str().into()));
    Sha256::digest(bytes).into()
}

/// A record in its chain.
pub(crate) struct Linked {
    pub(crate) seq: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) record: AuditRecord,
}

impl Linked {
    /// Whether it is what was written after `previous`.
    pub(crate) fn follows(&self, previous: [u8; 32]) -> bool {
        link(previous, self.seq, &columns(&self.record), &patients(&self.record)) == self.hash
    }
}

/// The query for records `a` that satisfy what is asked (with its order and limit).
pub(crate) fn selected(asked: &Statement) -> Statement {
    let columns = "a.seq, a.time_us, a.actor, a.facility, a.action, a.target, a.query, a.reason, a.request, \
                   a.address, a.hash";
    Statement { text: format!("SELECT {columns} FROM audit a WHERE {}", asked.text), params: asked.params.clone() }
}

/// Runs a [`selected`] query and adds each record's patients.
pub(crate) fn records(conn: &mut Conn, query: &Statement) -> Result<Vec<Linked>, StoreError> {
    let mut found: Vec<Linked> = conn.query(query)?.iter_mut().map(linked).collect::<Result<_, _>>()?;
    let (low, high) = (found.iter().map(|one| one.seq).min(), found.iter().map(|one| one.seq).max());
    let (Some(low), Some(high)) = (low, high) else { return Ok(found) };
    let dense = high - low < 4 * found.len() as u64 + 64;
    let mut whose = Statement::new("SELECT seq, patient FROM audit_patient WHERE seq ");
    if dense {
        whose.push("BETWEEN ").bind(low).push(" AND ").bind(high);
    } else {
        whose.push("IN ").bind_list(found.iter().map(|one| one.seq));
    }
    whose.push(" ORDER BY seq, patient");
    let mut patients = std::collections::HashMap::<u64, Vec<String>>::new();
    for mut row in conn.query(&whose)? {
        patients.entry(row.count(0)?).or_default().push(row.text(1)?);
    }
    for one in &mut found {
        one.record.patients = patients.remove(&one.seq).unwrap_or_default();
    }
    Ok(found)
}

fn linked(row: &mut Row) -> Result<Linked, StoreError> {
    const DAMAGED: StoreError = StoreError::Damaged("a record of the audit chain can't be read");
    Ok(Linked {
        seq: row.count(0)?,
        hash: row.bytes(10)?.as_ref().try_into().map_err(|_| DAMAGED)?,
        record: AuditRecord {
            time: time(row.int(1)?)?,
            actor: row.text(2)?,
            facility: row.opt_text(3)?,
            action: AuditAction::from_name(&row.text(4)?).ok_or(DAMAGED)?,
            patients: Vec::new(),
            target: row.opt_text(5)?,
            query: row.opt_text(6)?,
            reason: row.opt_text(7)?,
            request: row.text(8)?,
            address: row.opt_text(9)?,
        },
    })
}
