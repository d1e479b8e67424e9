//! From a receiver that cannot read again to the pipeline: each batch is offered until it is taken or
//! cannot be.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::ledger::Account;
use headwater_core::pdata::Payload;
use headwater_core::telemetry::ReceiverInstruments;
use headwater_core::{Batch, Budget, Consumer, Context, Signal, Ticket};

use crate::RetryConfig;

/// How long to wait for room in the budget before looking again.
const ROOM: Duration = Duration::from_millis(50);

/// Hands log records to the pipeline. Whoever sent them waits while it refuses.
#[derive(Clone)]
pub struct Handover {
    /// The pipeline.
    pub output: Arc<dyn Consumer>,
    /// How often, and for how long, what was refused is offered again.
    pub retry: RetryConfig,
    /// What the receiver counts.
    pub instruments: ReceiverInstruments,
    /// The receiver's books.
    pub account: Account,
    /// What may be held; a batch waits for room.
    pub budget: Budget,
    /// Names the receiver in the log.
    pub span: tracing::Span,
    /// What is logged, once for a batch, when it has to wait.
    pub waits: &'static str,
    /// What is logged when records are dropped.
    pub drops: &'static str,
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handover").finish_non_exhaustive()
    }
}

/// Records on their way: dropping it books what was not taken.
struct InHand<'h> {
    handover: &'h Handover,
    items: usize,
    reason: &'static str,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        if self.items > 0 {
            self.handover.account.received(self.items);
            self.handover.account.dropped(self.items, self.reason);
            self.handover.instruments.refused(Signal::Logs, self.items);
        }
    }
}

impl Handover {
    /// Hands on `items` records; waits while the pipeline refuses. Nothing happens without any.
    ///
    /// # Cancel safety
    /// What was not taken is booked as dropped by the shutdown.
    pub async fn hand_on(&self, payload: Payload, items: usize, context: Context) {
        if items == 0 {
            return;
        }
        let mut hand = InHand {
            handover: self,
            items,
            reason: "shutdown",
        };
        let ticket = self.room(payload.len()).await;
        let batch = Batch::new(Signal::Logs, payload, items)
            .with_context(context)
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
                    parent: &self.span,
                    error = %error.chain(),
                    dropped_items = hand.items,
                    "{}",
                    self.drops
                );
                return;
            }
            if !warned {
                warned = true;
                tracing::warn!(
                    parent: &self.span,
                    error = %error.chain(),
                    "{}",
                    self.waits
                );
            }
            tokio::time::sleep(error.after().unwrap_or(wait).min(self.retry.max_interval)).await;
            wait = (wait * 3 / 2).min(self.retry.max_interval);
        }
    }
}
