//! Telemetry in, counts out.

use std::sync::Arc;

use async_trait::async_trait;
use headwater_core::ledger::Account;
use headwater_core::pdata::owned::MetricsData;
use headwater_core::pdata::{Payload, count_items};
use headwater_core::{Batch, Component, Connector, ConsumeError, Consumer, Signal};

use crate::walk::{Counting, Failure};

pub(crate) struct CountConnector {
    pub(crate) counting: Counting,
    pub(crate) account: Account,
    pub(crate) next: Arc<dyn Consumer>,
}

impl Component for CountConnector {}
impl Connector for CountConnector {}

#[async_trait]
impl Consumer for CountConnector {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        let counted = self
            .counting
            .count(&batch)
            .map_err(|failure| match failure {
                Failure::Wire(error) => {
                    ConsumeError::permanent("cannot read the batch").with_source(error)
                }
                Failure::Eval(error) => {
                    ConsumeError::permanent("cannot evaluate a condition of what is counted")
                        .with_source(error)
                }
            })?;
        let items = batch.items();
        let mut points = 0;
        if !counted.is_empty() {
            let counts = MetricsData {
                resource_metrics: counted,
                ..MetricsData::default()
            };
            let bytes = counts.encode();
            points = count_items(Signal::Metrics, &bytes).unwrap_or(0);
            let counts = Batch::new(Signal::Metrics, Payload::counted(bytes, points), points)
                .with_context(batch.context().clone());
            drop(batch);
            self.next.consume(counts).await.map_err(|mut error| {
                // A part of the counts is no part of what was counted.
                if error.take_undelivered().is_some() {
                    error.with_partial()
                } else {
                    error
                }
            })?;
        }
        self.account.received(items);
        self.account.filtered(items);
        self.account.created(points);
        self.account.sent(points);
        Ok(())
    }
}
