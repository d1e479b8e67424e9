//! How many messages of the same text are written.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A count begins anew when it is this old.
const WINDOW: Duration = Duration::from_secs(1);

/// Counts of more texts than this are not kept beyond their window.
const MAX_TEXTS: usize = 1024;

/// Lets the first messages of each second with the same text pass, and some of the others.
/// Source: Go `zapcore.NewSamplerWithOptions`.
#[derive(Debug)]
pub(crate) struct Sampler {
    initial: i64,
    thereafter: i64,
    hasher: RandomState,
    counts: Mutex<HashMap<u64, (Instant, i64)>>,
}

impl Sampler {
    pub(crate) fn new(initial: i64, thereafter: i64) -> Self {
        Self {
            initial,
            thereafter,
            hasher: RandomState::new(),
            counts: Mutex::default(),
        }
    }

    /// Whether a message is written that came in at `now`.
    pub(crate) fn passes(&self, text: &str, now: Instant) -> bool {
        if self.thereafter == 1 {
            return true;
        }
        let key = self.hasher.hash_one(text);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MAX_TEXTS {
            counts.retain(|_, (begin, _)| now.duration_since(*begin) < WINDOW);
        }
        let (begin, count) = counts.entry(key).or_insert((now, 0));
        if now.duration_since(*begin) >= WINDOW {
            (*begin, *count) = (now, 0);
        }
        *count += 1;
        let beyond = *count - self.initial;
        beyond <= 0 || (self.thereafter != 0 && beyond % self.thereafter == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(sampler: &Sampler, text: &str, now: Instant, times: usize) -> Vec<usize> {
        (1..=times).filter(|_| sampler.passes(text, now)).collect()
    }

    #[test]
    fn the_first_pass_and_then_each_nth() {
        let sampler = Sampler::new(2, 3);
        assert_eq!(passed(&sampler, "a", Instant::now(), 9), [1, 2, 5, 8]);
    }

    #[test]
    fn zero_lets_none_beyond_the_first_pass_and_one_lets_all() {
        let now = Instant::now();
        assert_eq!(passed(&Sampler::new(2, 0), "a", now, 9), [1, 2]);
        assert_eq!(passed(&Sampler::new(0, 1), "a", now, 3), [1, 2, 3]);
        assert_eq!(passed(&Sampler::new(0, 2), "a", now, 5), [2, 4]);
    }

    #[test]
    fn each_text_and_each_second_has_its_own_count() {
        let sampler = Sampler::new(1, 0);
        let now = Instant::now();
        assert!(sampler.passes("a", now) && !sampler.passes("a", now));
        assert!(sampler.passes("b", now));
        assert!(!sampler.passes("a", now + Duration::from_millis(999)));
        assert!(sampler.passes("a", now + WINDOW) && !sampler.passes("a", now + WINDOW));
    }

    #[test]
    fn counts_of_texts_that_come_once_are_forgotten() {
        let sampler = Sampler::new(1, 0);
        let now = Instant::now();
        for text in 0..MAX_TEXTS {
            sampler.passes(&text.to_string(), now);
        }
        sampler.passes("new", now + WINDOW);
        assert_eq!(sampler.counts.lock().unwrap().len(), 1);
    }
}
