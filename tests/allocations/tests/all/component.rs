//! A component by itself, in front of a consumer that takes everything and allocates nothing but its future.

use std::sync::atomic::{AtomicUsize, Ordering};

use headwater_core::{Batch, ConsumeError, Consumer};

use crate::counting::allocations;

/// Takes everything, and counts the items.
#[derive(Default)]
pub(crate) struct Taker(AtomicUsize);

impl Taker {
    /// The items so far.
    pub(crate) fn items(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[async_trait::async_trait]
impl Consumer for Taker {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        self.0.fetch_add(batch.items(), Ordering::Relaxed);
        Ok(())
    }
}

/// How many calls are counted, after as many that are not.
const CALLS: u32 = 50;
/// How many batches a component gets from [`per_batch`].
pub(crate) const BATCHES: usize = 2 * CALLS as usize;

/// The allocations of a call with `batch`, once the component is warm.
pub(crate) async fn per_batch(component: &dyn Consumer, batch: &Batch) -> f64 {
    let mut before = 0;
    for round in 0..2 * CALLS {
        if round == CALLS {
            before = allocations();
        }
        component.consume(batch.clone()).await.unwrap();
    }
    let count = u32::try_from(allocations() - before).unwrap();
    f64::from(count) / f64::from(CALLS)
}
