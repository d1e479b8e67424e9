//! Drops repetitions: of lines with the same level and message, the first few in each tick pass,
//! then one in so many. Source: zap's sampler.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tracing::Level;

use crate::telemetry::LogSamplingConfig;

/// Messages that fall into one slot share a count, as in zap, which has 4096 per level.
const SLOTS: usize = 1024;

pub(super) struct Sampler {
    start: Instant,
    tick: Duration,
    initial: u64,
    thereafter: u64,
    slots: Box<[Slot]>,
}

#[derive(Default)]
struct Slot {
    /// When the current tick of this slot ends, in nanoseconds after `start`.
    ends: AtomicU64,
    count: AtomicU64,
}

impl Sampler {
    /// `None` if sampling is off.
    pub(super) fn new(config: &LogSamplingConfig) -> Option<Self> {
        config.enabled.then(|| Self {
            start: Instant::now(),
            tick: config.tick,
            initial: config.initial,
            thereafter: config.thereafter,
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
        })
    }

    /// Whether this line is shown.
    pub(super) fn admits(&self, level: Level, message: &str) -> bool {
        self.admits_at(self.start.elapsed(), level, message)
    }

    fn admits_at(&self, now: Duration, level: Level, message: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        (level, message).hash(&mut hasher);
        let slot = &self.slots[hasher.finish() as usize % SLOTS];
        let now = now.as_nanos() as u64;
        let ends = slot.ends.load(Ordering::Relaxed);
        let fresh = now >= ends;
        if fresh {
            let next = now + self.tick.as_nanos() as u64;
            slot.ends.store(next, Ordering::Relaxed);
            slot.count.store(0, Ordering::Relaxed);
        }
        let count = slot.count.fetch_add(1, Ordering::Relaxed) + 1;
        count <= self.initial
            || (self.thereafter > 0 && (count - self.initial).is_multiple_of(self.thereafter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(initial: u64, thereafter: u64) -> Sampler {
        Sampler::new(&LogSamplingConfig {
            enabled: true,
            tick: Duration::from_secs(10),
            initial,
            thereafter,
        })
        .unwrap()
    }

    fn shown(sampler: &Sampler, at: Duration, lines: usize) -> usize {
        (0..lines)
            .filter(|_| sampler.admits_at(at, Level::INFO, "same"))
            .count()
    }

    #[test]
    fn the_first_ten_pass_then_every_hundredth() {
        let sampler = sampler(10, 100);
        assert_eq!(shown(&sampler, Duration::ZERO, 10), 10);
        assert_eq!(shown(&sampler, Duration::from_secs(1), 99), 0);
        assert_eq!(shown(&sampler, Duration::from_secs(2), 1), 1);
        assert_eq!(shown(&sampler, Duration::from_secs(3), 200), 2);
    }

    #[test]
    fn a_new_tick_starts_afresh() {
        let sampler = sampler(1, 0);
        assert_eq!(shown(&sampler, Duration::ZERO, 50), 1);
        assert_eq!(shown(&sampler, Duration::from_secs(10), 50), 1);
    }

    #[test]
    fn levels_and_messages_are_counted_apart() {
        let sampler = sampler(1, 0);
        assert!(sampler.admits(Level::INFO, "a"));
        assert!(sampler.admits(Level::WARN, "a"));
        assert!(sampler.admits(Level::INFO, "b"));
        assert!(!sampler.admits(Level::INFO, "a"));
    }
}
