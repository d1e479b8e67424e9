//! One batch to several consumers.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Batch, ConsumeError, Consumer};

/// One consumer for `consumers`, of which there is at least one; a single one stays itself.
pub(super) fn fan_out(mut consumers: Vec<Arc<dyn Consumer>>) -> Arc<dyn Consumer> {
    if consumers.len() == 1
        && let Some(only) = consumers.pop()
    {
        return only;
    }
    Arc::new(FanOut { consumers })
}

/// Offers each batch to every consumer in order, also after one has failed. What is cloned is a
/// reference to the bytes.
struct FanOut {
    consumers: Vec<Arc<dyn Consumer>>,
}

#[async_trait]
impl Consumer for FanOut {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        let mut errors = Vec::new();
        if let Some((last, others)) = self.consumers.split_last() {
            for consumer in others {
                errors.extend(consumer.consume(batch.clone()).await.err());
            }
            errors.extend(last.consume(batch).await.err());
        }
        let partial = errors.len() < self.consumers.len();
        match ConsumeError::join(errors) {
            None => Ok(()),
            Some(error) if partial => Err(error.with_partial()),
            Some(error) => Err(error),
        }
    }
}
