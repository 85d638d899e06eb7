//! A clock that is moved: the demonstration's past is written at the times when it happened.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use store::Clock;

/// The time of the story being told.
#[derive(Debug)]
pub struct StoryClock(AtomicI64);

impl StoryClock {
    /// Begins at this time.
    pub fn at(time: Timestamp) -> Self {
        Self(AtomicI64::new(time.as_microsecond()))
    }

    /// Moves forward to this time; never back.
    pub fn forward(&self, time: Timestamp) {
        self.0.fetch_max(time.as_microsecond(), Ordering::SeqCst);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}
