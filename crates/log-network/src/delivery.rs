//! To the pipeline: offers each batch until it is taken or cannot be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::ledger::Account;
use headwater_core::pdata::Payload;
use headwater_core::telemetry::ReceiverInstruments;
use headwater_core::{Batch, Budget, Consumer, Context, Signal, Ticket};
use headwater_logs::RetryConfig;

use crate::lines::Lines;

/// How long to wait for room in the budget before looking again.
const ROOM: Duration = Duration::from_millis(50);

/// Hands records to the pipeline.
pub(crate) struct Delivery {
    pub(crate) output: Arc<dyn Consumer>,
    pub(crate) retry: RetryConfig,
    pub(crate) instruments: ReceiverInstruments,
    pub(crate) account: Account,
    pub(crate) budget: Budget,
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
    /// Hands on the records in hand; waits while the pipeline refuses.
    ///
    /// # Cancel safety
    /// What was not taken is booked as dropped by the shutdown.
    pub(crate) async fn deliver(&self, lines: &mut Lines, context: &Context) {
        lines.report();
        let (filtered, dropped) = (
            std::mem::take(&mut lines.state.filtered) as usize,
            std::mem::take(&mut lines.state.dropped) as usize,
        );
        self.account.received(filtered + dropped);
        self.account.filtered(filtered);
        self.account.dropped(dropped, "operator_failed");
        let (bytes, items) = lines.encoder.finish();
        if items == 0 {
            return;
        }
        let mut hand = InHand {
            delivery: self,
            items,
            reason: "shutdown",
        };
        let ticket = self.room(bytes.len()).await;
        let payload = Payload::counted(bytes.into(), items);
        let batch = Batch::new(Signal::Logs, payload, items)
            .with_context(context.clone())
            .with_ticket(ticket);
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
        let begin = Instant::now();
        let mut wait = self.retry.initial_interval.max(Duration::from_millis(10));
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
                let taken = hand.items - rest.items();
                self.instruments.accepted(Signal::Logs, taken);
                hand.items = rest.items();
                batch = rest;
            }
            let limit = self.retry.max_elapsed_time;
            let late = self.retry.enabled && !limit.is_zero() && begin.elapsed() >= limit;
            if error.is_permanent() || error.is_partial() || late {
                hand.reason = match (late, error.is_partial()) {
                    (true, _) => "retries_exhausted",
                    (false, true) => "partly_refused",
                    (false, false) => "permanent_error",
                };
                tracing::error!(
                    error = %error.chain(),
                    dropped_items = hand.items,
                    "The pipeline refuses log records for good: they are dropped"
                );
                return;
            }
            if !warned {
                warned = true;
                tracing::warn!(
                    error = %error.chain(),
                    "The pipeline refuses log records: the sender waits until it takes them"
                );
            }
            tokio::time::sleep(error.after().unwrap_or(wait).min(self.retry.max_interval)).await;
            wait = (wait * 3 / 2).min(self.retry.max_interval);
        }
    }
}
