//! The processor of stages that hold nothing.

use headwater_core::pdata::Payload;
use headwater_core::{Batch, Budget, Component, ConsumeError, Processor};

use crate::machine::process;
use crate::pipeline::Pipeline;

/// Runs the stages as a plain function.
pub(crate) struct InlineProcessor {
    pub(crate) pipeline: Pipeline,
    pub(crate) budget: Budget,
}

impl Component for InlineProcessor {}

impl Processor for InlineProcessor {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        let output = process(
            &self.pipeline,
            batch.payload(),
            batch.context(),
            &self.budget,
        );
        // Nothing is held, so that all there is came with this batch.
        let Some((_, bytes, items)) = output.batches.into_iter().next() else {
            return Ok(None);
        };
        let payload = Payload::counted(bytes.into(), items);
        Ok(Some(batch.with_payload(payload, items)))
    }
}
