//! Readers: a few connections, used on the runtime's blocking threads. They never block the writer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::StoreError;
use crate::conn::{Conn, Opener};

/// How many read at the same time.
const READERS: usize = 8;
/// How long a question may take: there are few readers, and logging in needs one too.
const QUESTION: Duration = Duration::from_secs(20);

/// The pool; clones share it.
#[derive(Clone)]
pub(crate) struct Readers {
    opener: Opener,
    idle: Arc<Mutex<Vec<Conn>>>,
    free: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(opener: Opener) -> Self {
        Self { opener, idle: Arc::default(), free: Arc::new(Semaphore::new(READERS)) }
    }

    /// Runs `read` with a connection, on a thread that may block.
    pub(crate) async fn run<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = self.free.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let pool = self.clone();
        let work = move || {
            let _permit = permit;
            let mut conn = pool.take()?;
            let answer = read(&mut conn);
            if answer.as_ref().err().is_none_or(|error| !error.is_fault()) {
                pool.idle.lock().map_err(|_| StoreError::Closed)?.push(conn);
            }
            answer
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Fault("a read panicked"))?
    }

    /// Answers a question from one state of the database, within the time that a question has.
    pub(crate) async fn ask<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    {
        self.run(move |conn| conn.snapshot(|conn| conn.limited(QUESTION, read))).await
    }

    fn take(&self) -> Result<Conn, StoreError> {
        loop {
            let idle = self.idle.lock().map_err(|_| StoreError::Closed)?.pop();
            match idle {
                Some(conn) if conn.is_broken() => {}
                Some(conn) => return Ok(conn),
                None => return self.opener.reader(),
            }
        }
    }

    /// Lets no new reader begin, and closes idle connections.
    pub(crate) fn stop(&self) {
        self.free.close();
        if let Ok(mut idle) = self.idle.lock() {
            idle.clear();
        }
    }
}
