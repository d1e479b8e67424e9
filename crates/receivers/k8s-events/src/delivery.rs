//! To the pipeline: offers each batch until it is taken or cannot be.

use std::sync::Arc;
use std::time::Duration;

use headwater_core::ledger::Account;
use headwater_core::pdata::Payload;
use headwater_core::pdata::owned::{LogsData, ResourceLogs};
use headwater_core::telemetry::ReceiverInstruments;
use headwater_core::{Batch, Budget, Consumer, Signal, Ticket};

/// How long to wait for room in the budget before looking again.
const ROOM: Duration = Duration::from_millis(50);
/// The first pause after a refusal.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause; each is half as long again as the one before.
const LONGEST: Duration = Duration::from_secs(30);

/// Hands records to the pipeline.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) output: Arc<dyn Consumer>,
    pub(crate) instruments: ReceiverInstruments,
    pub(crate) account: Account,
    pub(crate) budget: Budget,
    pub(crate) span: tracing::Span,
}

/// Records on their way: dropping it books what was not taken.
struct InHand<'d> {
    delivery: &'d Delivery,
    items: usize,
    reason: &'static str,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        if self.items > 0 {
            self.delivery.account.received(self.items);
            self.delivery.account.dropped(self.items, self.reason);
            self.delivery.instruments.refused(Signal::Logs, self.items);
        }
    }
}

impl Delivery {
    /// Hands on records, of which each resource has one or more; waits while the pipeline refuses.
    ///
    /// # Cancel safety
    /// What was not taken is booked as dropped by the shutdown.
    pub(crate) async fn deliver(&self, resource_logs: Vec<ResourceLogs>) {
        let scopes = resource_logs.iter().flat_map(|logs| &logs.scope_logs);
        let items = scopes.map(|logs| logs.log_records.len()).sum();
        if items == 0 {
            return;
        }
        let mut hand = InHand {
            delivery: self,
            items,
            reason: "shutdown",
        };
        let data = LogsData {
            resource_logs,
            ..LogsData::default()
        };
        let bytes = data.encode();
        drop(data);
        let ticket = self.room(bytes.len()).await;
        let payload = Payload::counted(bytes, items);
        let batch = Batch::new(Signal::Logs, payload, items).with_ticket(ticket);
        self.offer(batch, &mut hand).await;
    }

    async fn room(&self, bytes: usize) -> Ticket {
        loop {
            if let Ok(ticket) = self.budget.try_charge(bytes) {
                return ticket;
            }
            tokio::time::sleep(ROOM).await;
        }
    }

    async fn offer(&self, mut batch: Batch, hand: &mut InHand<'_>) {
        let mut wait = FIRST;
        let mut warned = false;
        loop {
            let mut error = match self.output.consume(batch.clone()).await {
                Ok(()) => {
                    self.instruments.accepted(Signal::Logs, hand.items);
                    hand.items = 0;
                    return;
                }
                Err(error) => error,
            };
            let rest = error.take_undelivered();
            if let Some(rest) = rest.filter(|rest| rest.items() < hand.items) {
                self.instruments
                    .accepted(Signal::Logs, hand.items - rest.items());
                hand.items = rest.items();
                batch = rest;
            }
            if error.is_permanent() || error.is_partial() {
                hand.reason = if error.is_partial() {
                    "partly_refused"
                } else {
                    "permanent_error"
                };
                tracing::error!(
                    parent: &self.span,
                    error = %error.chain(),
                    dropped_items = hand.items,
                    "The pipeline refuses events for good: they are dropped"
                );
                return;
            }
            if !warned {
                warned = true;
                tracing::warn!(
                    parent: &self.span,
                    error = %error.chain(),
                    "The pipeline refuses events: they wait until it takes them"
                );
            }
            tokio::time::sleep(error.after().unwrap_or(wait).min(LONGEST)).await;
            wait = (wait * 3 / 2).min(LONGEST);
        }
    }
}
