//! Buffers that scrapes use one after the other.

use std::sync::{Arc, Mutex, PoisonError};

use crate::encode::Encoder;
use crate::samples::Samples;

/// How many sets of buffers are kept for the next scrapes; targets that are scraped at the same time
/// beyond that allocate their own.
const MOST_KEPT: usize = 4;
/// The most bytes that a set may hold to be kept.
const MOST_BYTES: usize = 64 << 20;

/// What one scrape needs.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) samples: Samples,
    pub(crate) encoder: Encoder,
}

impl Scratch {
    fn capacity(&self) -> usize {
        self.samples.capacity() + self.encoder.capacity()
    }
}

/// Sets of buffers that nobody uses right now. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool(Arc<Mutex<Vec<Scratch>>>);

impl Pool {
    /// Buffers, the largest first. They come back when the guard is dropped.
    pub(crate) fn take(&self) -> Guard {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = kept.pop().unwrap_or_default();
        Guard {
            scratch,
            pool: self.clone(),
        }
    }
}

/// Buffers in use.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) scratch: Scratch,
    pool: Pool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.samples.clear();
        if scratch.capacity() > MOST_BYTES {
            return;
        }
        let mut kept = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(scratch);
        kept.sort_by_key(Scratch::capacity);
        if kept.len() > MOST_KEPT {
            kept.remove(0);
        }
    }
}
