//! The one writer: a thread that drains what waits, gives each piece of work its own savepoint,
//! and answers all of it after one fsync. Sequence and hash are assigned here, under the database's
//! write lock, so that several processes may share a store.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot, watch};

use crate::conn::{Conn, Opener};
use crate::log::Tail;
use crate::{Clock, StoreError};

/// At most so many pieces of work share a transaction.
const GROUP: usize = 256;
/// At most so many wait; then callers wait to hand theirs in.
const QUEUE: usize = 1024;

/// What a piece of work writes with.
pub(crate) struct Tx<'a> {
    pub(crate) conn: &'a mut Conn,
    /// The end of the log; whoever appends moves it.
    pub(crate) tail: Tail,
    /// The time, microseconds.
    pub(crate) now_us: i64,
}

trait Work: Send {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError>;
    fn durable(&self) -> bool;
    fn answer(self: Box<Self>, failed: Option<&StoreError>);
}

struct Task<T, F> {
    durable: bool,
    work: Option<F>,
    result: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send> Work for Task<T, F> {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Err(StoreError::Fault("work runs once")) };
        let result = catch_unwind(AssertUnwindSafe(|| work(tx)));
        self.result = result.unwrap_or(Err(StoreError::Fault("a write panicked")));
        self.result.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn durable(&self) -> bool {
        self.durable
    }

    fn answer(self: Box<Self>, failed: Option<&StoreError>) {
        // Whoever asked may have gone away; the write stands all the same.
        let _ = self.reply.send(failed.map_or(self.result, |error| Err(error.clone())));
    }
}

/// Hands work to the writer's thread.
pub(crate) struct Writer {
    queue: mpsc::Sender<Option<Box<dyn Work>>>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
    head: watch::Receiver<u64>,
}

impl Writer {
    /// Starts the thread on a connection.
    pub(crate) fn start(conn: Conn, opener: Opener, clock: Arc<dyn Clock>, seq: u64) -> Result<Self, StoreError> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (moved, head) = watch::channel(seq);
        let serving = Serving { conn: Some(conn), opener, clock, moved };
        let thread = std::thread::Builder::new().name("tejido-writer".to_owned());
        let thread = thread
            .spawn(move || serving.serve(waiting))
            .map_err(|error| StoreError::file("starting the writer", error))?;
        Ok(Self { queue, thread: std::sync::Mutex::new(Some(thread)), head })
    }

    /// Runs `work` in the serialised transaction; answers when it is durable.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.hand_in(true, work).await
    }

    /// As [`Writer::run`], but the answer does not wait for the disk.
    pub(crate) async fn run_relaxed<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.hand_in(false, work).await
    }

    async fn hand_in<T, F>(&self, durable: bool, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Task { durable, work: Some(work), result: Err(StoreError::Closed), reply };
        self.queue.send(Some(Box::new(task))).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Moves with the end of the log, as far as this process writes it.
    pub(crate) fn head(&self) -> watch::Receiver<u64> {
        self.head.clone()
    }

    /// Finishes what waits and ends the thread.
    pub(crate) async fn stop(&self) {
        let _ = self.queue.send(None).await;
        let thread = self.thread.lock().ok().and_then(|mut slot| slot.take());
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

struct Serving {
    conn: Option<Conn>,
    opener: Opener,
    clock: Arc<dyn Clock>,
    moved: watch::Sender<u64>,
}

impl Serving {
    fn serve(mut self, mut waiting: mpsc::Receiver<Option<Box<dyn Work>>>) {
        while let Some(Some(first)) = waiting.blocking_recv() {
            let mut group = vec![first];
            let mut ending = false;
            while group.len() < GROUP && !ending {
                match waiting.try_recv() {
                    Ok(Some(next)) => group.push(next),
                    Ok(None) => ending = true,
                    Err(_) => break,
                }
            }
            self.write(group);
            if ending {
                return;
            }
        }
    }

    fn write(&mut self, mut group: Vec<Box<dyn Work>>) {
        let failed = self.transaction(&mut group).err();
        if let Some(error) = &failed {
            tracing::error!(%error, writes = group.len(), "a group of writes failed");
            let undone = self.conn.as_mut().is_none_or(|conn| conn.rollback().is_err() || conn.is_broken());
            if undone {
                self.conn = None;
            }
        }
        for work in group {
            work.answer(failed.as_ref());
        }
    }

    fn transaction(&mut self, group: &mut [Box<dyn Work>]) -> Result<(), StoreError> {
        let durable = group.iter().any(|work| work.durable());
        let conn = begun(&mut self.conn, &self.opener, durable)?;
        let before = Tail::load(conn, true)?;
        let mut tail = before;
        let alone = group.len() == 1;
        for work in group.iter_mut() {
            if !alone {
                conn.batch("SAVEPOINT one")?;
            }
            let now_us = self.clock.now().as_microsecond();
            let mut tx = Tx { conn: &mut *conn, tail, now_us };
            let done = work.run(&mut tx);
            let reached = tx.tail;
            match done {
                Ok(()) => tail = reached,
                Err(_) if alone => return conn.rollback(),
                Err(_) => conn.batch("ROLLBACK TO SAVEPOINT one")?,
            }
            if !alone {
                conn.batch("RELEASE SAVEPOINT one")?;
            }
        }
        if tail != before {
            tail.save(conn)?;
        }
        conn.commit()?;
        if tail.seq > before.seq {
            self.moved.send_replace(tail.seq);
        }
        Ok(())
    }
}

/// A connection in a transaction; a dead connection is replaced once.
fn begun<'a>(slot: &'a mut Option<Conn>, opener: &Opener, durable: bool) -> Result<&'a mut Conn, StoreError> {
    let mut conn = match slot.take().filter(|conn| !conn.is_broken()) {
        Some(conn) => conn,
        None => opener.writer()?,
    };
    if let Err(error) = conn.begin(durable) {
        if !conn.is_broken() {
            *slot = Some(conn);
            return Err(error);
        }
        conn = opener.writer()?;
        conn.begin(durable)?;
    }
    Ok(slot.insert(conn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::params;
    use crate::{Location, SystemClock, schema};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_waits_shares_one_commit() {
        let folder = tempfile::tempdir().unwrap();
        let opener = Opener::of(&Location::Directory(folder.path().to_owned())).unwrap();
        let mut conn = opener.writer().unwrap();
        schema::prepare(&mut conn, 1).unwrap();
        let writer = Arc::new(Writer::start(conn, opener.clone(), Arc::new(SystemClock), 0).unwrap());
        // The first holds the writer until the others wait.
        let (go, held) = std::sync::mpsc::channel::<()>();
        let (started, running) = oneshot::channel();
        let first = writer.clone();
        let first = tokio::spawn(async move {
            first
                .run(move |_| {
                    let _ = (started.send(()), held.recv());
                    Ok(())
                })
                .await
        });
        running.await.unwrap();
        let mut others = Vec::new();
        for at in 0..50_u64 {
            let (writer, opener) = (writer.clone(), opener.clone());
            others.push(tokio::spawn(async move {
                let work = move |tx: &mut Tx<'_>| {
                    schema::put_meta(tx.conn, &format!("k{at}"), "")?;
                    let count = "SELECT count(*) FROM meta WHERE key LIKE ?";
                    opener.reader()?.row(count, &params!["k%"])?.unwrap().int(0)
                };
                writer.run(work).await.unwrap()
            }));
        }
        while writer.queue.capacity() > QUEUE - 50 {
            tokio::task::yield_now().await;
        }
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        for other in others {
            assert_eq!(other.await.unwrap(), 0, "nobody outside sees a part of the group");
        }
    }

    #[tokio::test]
    async fn a_panic_refuses_its_own_work_only() {
        let folder = tempfile::tempdir().unwrap();
        let opener = Opener::of(&Location::Directory(folder.path().to_owned())).unwrap();
        let mut conn = opener.writer().unwrap();
        schema::prepare(&mut conn, 1).unwrap();
        let writer = Writer::start(conn, opener, Arc::new(SystemClock), 0).unwrap();
        let bad = writer.run::<(), _>(|tx| {
            schema::put_meta(tx.conn, "bad", "")?;
            panic!("a bug")
        });
        assert_eq!(bad.await, Err(StoreError::Fault("a write panicked")));
        assert_eq!(writer.run(|tx| schema::meta(tx.conn, "bad")).await, Ok(None));
    }
}
