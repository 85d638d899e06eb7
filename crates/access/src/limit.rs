//! Rate limits: a token bucket for each action and actor, in memory. Time comes with the question.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;

use jiff::Timestamp;

use crate::AccessError;

/// At most so many buckets are kept; full ones are forgotten first.
const MAX_BUCKETS: usize = 50_000;

/// How often something may be done.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// Seconds until one more is allowed.
    pub every_s: u32,
}

impl Rate {
    /// Searches of the person index.
    pub const INDEX: Self = Self { burst: 60, every_s: 1 };
    /// Codes of printed papers that led to nothing the caller may see.
    pub const PRINTED_CODE: Self = Self { burst: 20, every_s: 30 };
    /// Records opened by break-glass.
    pub const BREAK_GLASS: Self = Self { burst: 5, every_s: 900 };
    /// Tries to log in from one address.
    pub const LOGIN: Self = Self { burst: 30, every_s: 6 };
    /// Tries to log in to one account, whatever the address (besides the account's own lock-out).
    pub const PASSWORD: Self = Self { burst: 10, every_s: 30 };
}

#[derive(Clone, Copy)]
struct Bucket {
    /// When the bucket is full again, microseconds.
    full_at: i64,
}

/// The buckets.
#[derive(Default)]
pub(crate) struct Limits(Mutex<HashMap<(&'static str, String), Bucket>>);

impl Limits {
    /// Takes one from the bucket.
    pub(crate) fn take(
        &self,
        action: &'static str,
        actor: &str,
        rate: Rate,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let now = now.as_microsecond();
        let step = i64::from(rate.every_s) * 1_000_000;
        let mut buckets = self.0.lock().expect("no thread panics with the limits");
        if buckets.len() >= MAX_BUCKETS {
            buckets.retain(|_, bucket| bucket.full_at > now);
        }
        let bucket = buckets.entry((action, actor.to_owned())).or_insert(Bucket { full_at: now });
        let next = bucket.full_at.max(now) + step;
        let over = next - now - step * i64::from(rate.burst);
        if over > 0 {
            let seconds = u64::try_from(over.div_euclid(1_000_000) + 1).unwrap_or(1);
            return Err(AccessError::TooMany { seconds });
        }
        bucket.full_at = next;
        Ok(())
    }

    /// Puts one back: what was taken turned out to be no try.
    pub(crate) fn give_back(&self, action: &'static str, actor: &str, rate: Rate) {
        let mut buckets = self.0.lock().expect("no thread panics with the limits");
        if let Some(bucket) = buckets.get_mut(&(action, actor.to_owned())) {
            bucket.full_at -= i64::from(rate.every_s) * 1_000_000;
        }
    }
}

/// What counts as one address: a household or site is given a whole /64 of IPv6.
pub(crate) fn network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => Ipv6Addr::from(u128::from(address) >> 64 << 64).to_string(),
        Ok(address) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_the_pace() {
        let limits = Limits::default();
        let rate = Rate { burst: 3, every_s: 10 };
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for _ in 0..3 {
            limits.take("index", "a", rate, at(100)).unwrap();
        }
        assert!(matches!(limits.take("index", "a", rate, at(100)), Err(AccessError::TooMany { seconds: 1..=11 })));
        limits.take("index", "b", rate, at(100)).unwrap();
        limits.take("index", "a", rate, at(110)).unwrap();
        assert!(limits.take("index", "a", rate, at(111)).is_err());
        limits.give_back("index", "a", rate);
        limits.take("index", "a", rate, at(111)).unwrap();
    }

    #[test]
    fn a_site_is_one_address() {
        assert_eq!(network("2001:db8:1:2:aaaa::1"), network("2001:db8:1:2:bbbb::2"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:10.0.0.7"), "10.0.0.7");
    }
}
