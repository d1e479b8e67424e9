//! What happens to a batch.

use headwater_core::{Batch, Component, ConsumeError, Processor};

use crate::group::Grouping;
use crate::instruments::Instruments;

/// Moves attributes to resources, and joins equal resources.
#[derive(Debug)]
pub(crate) struct GroupByAttrsProcessor {
    pub(crate) keys: Vec<String>,
    pub(crate) instruments: Instruments,
}

impl Component for GroupByAttrsProcessor {}

impl Processor for GroupByAttrsProcessor {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        let mut grouping = Grouping::new(&self.keys, batch.signal());
        for segment in batch.payload().segments() {
            grouping.request(segment).map_err(|error| {
                ConsumeError::permanent("cannot group the batch by attributes").with_source(error)
            })?;
        }
        let groups = grouping.groups.len();
        self.instruments
            .done(grouping.grouped, grouping.not_grouped, groups);
        if groups == 0 {
            // Nothing but resources, scopes and metrics without records.
            return Ok(None);
        }
        if !grouping.is_changed() {
            return Ok(Some(batch));
        }
        let mut out = Vec::with_capacity(batch.bytes());
        for group in &grouping.groups {
            group.put(&mut out);
        }
        let items = batch.items();
        Ok(Some(batch.with_payload(out, items)))
    }
}
