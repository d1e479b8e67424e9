//! How much may come at a time. Source: the generic cell rate algorithm, ITU-T I.371.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A token bucket of one number: the time at which it is full again.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Nanoseconds in which one unit comes back.
    interval: f64,
    /// Nanoseconds in which an empty bucket is full again.
    depth: u64,
    /// When it is full, in nanoseconds of the caller's clock.
    full: AtomicU64,
}

impl Bucket {
    /// A full bucket of `burst` units, of which `rate` come back per second.
    pub(crate) fn new(rate: f64, burst: f64) -> Self {
        let interval = 1e9 / rate;
        Self {
            interval,
            depth: (interval * burst) as u64,
            full: AtomicU64::new(0),
        }
    }

    /// A bucket of another size that lacks as many units as this one does at time `now`; it is
    /// empty if that is more than it holds. To change a limit is no way to get a burst.
    pub(crate) fn changed(&self, rate: f64, burst: f64, now: u64) -> Self {
        let mut changed = Self::new(rate, burst);
        let missing = self.full.load(Ordering::Relaxed).saturating_sub(now);
        let units = missing as f64 / self.interval;
        let missing = ((units * changed.interval) as u64).min(changed.depth);
        changed.full = AtomicU64::new(now.saturating_add(missing));
        changed
    }

    /// Takes `units` out at time `now`. More than the bucket holds is given when it is full.
    ///
    /// # Errors
    /// How long to wait until there are enough; nothing is taken then.
    pub(crate) fn take(&self, units: u64, now: u64) -> Result<(), Duration> {
        let cost = self.cost(units);
        let mut full = self.full.load(Ordering::Relaxed);
        loop {
            let after = full.max(now).saturating_add(cost);
            let missing = after.saturating_sub(now).saturating_sub(self.depth);
            if missing > 0 && full > now {
                // It cannot be fuller than full.
                let wait = missing.min(full - now);
                return Err(Duration::from_nanos(wait));
            }
            let taken =
                self.full
                    .compare_exchange_weak(full, after, Ordering::Relaxed, Ordering::Relaxed);
            match taken {
                Ok(_) => return Ok(()),
                Err(other) => full = other,
            }
        }
    }

    /// Puts back what was taken and not used.
    pub(crate) fn give_back(&self, units: u64) {
        let cost = self.cost(units);
        let less = |full: u64| Some(full.saturating_sub(cost));
        self.full
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .ok();
    }

    fn cost(&self, units: u64) -> u64 {
        (self.interval * units as f64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_burst_is_given_at_once_and_the_rest_at_the_rate() {
        let bucket = Bucket::new(10.0, 3.0);
        for _ in 0..3 {
            bucket.take(1, SECOND).unwrap();
        }
        assert_eq!(bucket.take(1, SECOND), Err(Duration::from_millis(100)));
        assert!(bucket.take(1, SECOND + 100_000_000).is_ok());
        assert!(bucket.take(1, SECOND + 100_000_000).is_err());
        // In a long time no more than a burst comes together.
        for _ in 0..3 {
            bucket.take(1, 100 * SECOND).unwrap();
        }
        assert!(bucket.take(1, 100 * SECOND).is_err());
    }

    #[test]
    fn what_is_larger_than_the_bucket_is_given_when_it_is_full_and_then_paid_for() {
        let bucket = Bucket::new(100.0, 100.0);
        bucket.take(1000, SECOND).unwrap();
        let wait = bucket.take(1, SECOND).unwrap_err();
        // 900 units of debt, and one.
        assert_eq!(wait, Duration::from_millis(9010));
        assert!(bucket.take(1, SECOND + 9_010_000_000).is_ok());
        let wait = bucket.take(1000, 11 * SECOND).unwrap_err();
        assert!(
            bucket
                .take(1000, 11 * SECOND + wait.as_nanos() as u64)
                .is_ok()
        );
    }

    #[test]
    fn a_bucket_of_another_size_lacks_what_was_taken() {
        let bucket = Bucket::new(1.0, 4.0);
        bucket.take(3, SECOND).unwrap();
        let larger = bucket.changed(10.0, 5.0, SECOND);
        larger.take(2, SECOND).unwrap();
        assert_eq!(larger.take(1, SECOND), Err(Duration::from_millis(100)));
        let smaller = bucket.changed(2.0, 2.0, SECOND);
        assert_eq!(smaller.take(1, SECOND), Err(Duration::from_millis(500)));
        let full = bucket.changed(1.0, 2.0, 10 * SECOND);
        full.take(2, 10 * SECOND).unwrap();
    }

    #[test]
    fn what_was_given_back_can_be_taken_again() {
        let bucket = Bucket::new(1.0, 1.0);
        bucket.take(1, SECOND).unwrap();
        bucket.give_back(1);
        assert!(bucket.take(1, SECOND).is_ok());
    }
}
