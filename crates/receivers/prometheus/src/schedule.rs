//! When targets are scraped: spread over the interval by a hash, on a grid that does not drift.

use std::time::Duration;

/// The most by which a scrape's time is moved onto the grid. Source: Prometheus
/// `scrape.ScrapeTimestampTolerance`.
const TOLERANCE: Duration = Duration::from_millis(2);

/// FNV-1a, 64 bits: what Prometheus hashes a target with.
pub(crate) fn fnv(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().copied().flatten() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

/// How long to wait at `now` (since 1970) until the first scrape of the target with that `hash`. The
/// answer leads to the same moment of each interval whenever it is asked for.
///
/// Source: Prometheus `scrape.Target.offset`.
pub(crate) fn offset(hash: u64, seed: u64, interval: Duration, now: Duration) -> Duration {
    let interval = interval.as_nanos().max(1);
    let place = u128::from(hash ^ seed) % interval;
    let base = interval - now.as_nanos() % interval;
    let wait = base + place;
    let wait = if wait > interval {
        wait - interval
    } else {
        wait
    };
    Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
}

/// The grid of a target's scrapes, which begins with the first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    interval: Duration,
    last: Duration,
}

impl Grid {
    /// A grid through `first`, a time since 1970.
    pub(crate) const fn new(interval: Duration, first: Duration) -> Self {
        Self {
            interval,
            last: first,
        }
    }

    /// The time that the samples of a scrape at `now` get: that of the grid if it is near.
    pub(crate) fn snap(&mut self, now: Duration) -> Duration {
        let Some(behind) = now.checked_sub(self.last) else {
            // The clock was set back.
            self.last = now;
            return now;
        };
        let interval = self.interval.as_nanos().max(1);
        let steps = behind.as_nanos() / interval;
        let step = u64::try_from(steps * interval).unwrap_or(u64::MAX);
        self.last += Duration::from_nanos(step);
        let tolerance = TOLERANCE.min(self.interval / 100);
        if now.saturating_sub(self.last) <= tolerance {
            self.last
        } else {
            now
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(fnv(&[]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(&[b"a"]), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv(&[b"foo", b"bar"]), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn the_first_scrape_is_at_the_same_moment_of_each_interval() {
        let interval = 10 * SECOND;
        for seed in [0, 7, u64::MAX] {
            let hash = fnv(&[b"target"]);
            let moment = |now: Duration| {
                let wait = offset(hash, seed, interval, now);
                assert!(wait <= interval);
                (now + wait).as_nanos() % interval.as_nanos()
            };
            let expected = u128::from(hash ^ seed) % interval.as_nanos();
            for now in [0, 1, 9_999, 123_456_789] {
                assert_eq!(moment(Duration::from_millis(now)), expected);
            }
        }
    }

    #[test]
    fn targets_are_spread_over_the_interval() {
        let mut buckets = [0_u32; 10];
        for target in 0..1000 {
            let hash = fnv(&[format!("host-{target}:9100").as_bytes()]);
            let wait = offset(hash, 0, 10 * SECOND, Duration::ZERO);
            buckets[wait.as_secs().min(9) as usize] += 1;
        }
        assert!(
            buckets.iter().all(|targets| (50..200).contains(targets)),
            "{buckets:?}"
        );
    }

    #[test]
    fn small_jitter_is_taken_out_and_large_jitter_shown() {
        let start = 100 * SECOND;
        let mut grid = Grid::new(SECOND, start);
        let late = |millis| Duration::from_millis(millis);
        assert_eq!(grid.snap(start), start);
        assert_eq!(grid.snap(start + SECOND + late(2)), start + SECOND);
        assert_eq!(
            grid.snap(start + 2 * SECOND + late(3)),
            start + 2 * SECOND + late(3)
        );
        // Scrapes that were left out do not shift the grid.
        assert_eq!(grid.snap(start + 7 * SECOND + late(1)), start + 7 * SECOND);
        // At short intervals one percent is less than two milliseconds.
        let mut grid = Grid::new(SECOND / 10, start);
        assert_eq!(grid.snap(start + late(102)), start + late(102));
        assert_eq!(grid.snap(start + late(201)), start + late(200));
        // A clock that is set back begins a new grid.
        assert_eq!(grid.snap(start - SECOND), start - SECOND);
    }
}
