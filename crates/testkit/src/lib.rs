//! For tests only: a clock that moves when told, seeded randomness, throw-away stores and servers.
//!
//! Invariant: nothing here reads the wall clock or the system's randomness, so a test that fails
//! fails again.

pub mod outside;
mod place;
mod postgres;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use store::{Clock, Dice, Entropy};

pub use place::{NoFacts, Place, store};
pub use postgres::postgres;
pub use world::{HOSPITAL, IGSS_HOSPITAL, OFFICE, OTHER_POST, POST, World};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// Stands at this instant, such as `2026-11-24T14:00:00Z`.
    ///
    /// # Panics
    /// If the text is not an instant.
    pub fn at(instant: &str) -> Self {
        let time: Timestamp = instant.parse().expect("an instant such as 2026-11-24T14:00:00Z");
        Self(AtomicI64::new(time.as_microsecond()))
    }

    /// Moves forward (or back).
    pub fn advance(&self, by: SignedDuration) {
        let micros = i64::try_from(by.as_micros()).expect("a step within some hundred thousand years");
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).expect("the clock stays in range")
    }
}

/// Randomness from a seed: the same in every run.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<Dice>);

impl SeededEntropy {
    /// Begins at the seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(Dice::new(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut dice = self.0.lock().expect("no test panics while drawing");
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&dice.bits().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |seed| {
            let mut bytes = [0; 20];
            SeededEntropy::new(seed).fill(&mut bytes);
            bytes
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn the_clock_moves_when_told() {
        let clock = FixedClock::at("2026-11-24T14:00:00Z");
        clock.advance(SignedDuration::from_hours(2));
        assert_eq!(clock.now().to_string(), "2026-11-24T16:00:00Z");
    }
}
