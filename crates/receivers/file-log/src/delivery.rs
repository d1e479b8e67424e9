//! From the reader to the pipeline: offers each parcel until it is taken or cannot be.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use headwater_core::ledger::Account;
use headwater_core::pdata::Payload;
use headwater_core::telemetry::ReceiverInstruments;
use headwater_core::{Batch, ConsumeError, Consumer, Signal, Ticket};
use headwater_logs::RetryConfig;
use tokio::sync::mpsc;

use crate::watch::Waker;

/// How far a file has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) file: u64,
    pub(crate) offset: u64,
    pub(crate) records: u64,
}

/// Records and the positions behind them.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) bytes: Vec<u8>,
    pub(crate) items: usize,
    pub(crate) ticket: Ticket,
    pub(crate) positions: Vec<Position>,
}

/// What reader and delivery tell each other.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) waker: Waker,
    /// The reader is to end.
    pub(crate) stop: AtomicBool,
    /// Nothing will be delivered any more.
    delivered: AtomicBool,
    taken: Mutex<Vec<Position>>,
}

impl Shared {
    pub(crate) fn new(waker: Waker) -> Self {
        Self {
            waker,
            stop: AtomicBool::new(false),
            delivered: AtomicBool::new(false),
            taken: Mutex::default(),
        }
    }

    /// Whether the reader is to end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Whether every parcel has had its answer.
    pub(crate) fn is_delivered(&self) -> bool {
        self.delivered.load(Ordering::Acquire)
    }

    /// The positions that were taken since this was last asked, in order.
    pub(crate) fn take(&self) -> Vec<Position> {
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, positions: Vec<Position>) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.extend(positions);
        drop(taken);
        self.waker.wake();
    }
}

/// Hands parcels to the pipeline.
pub(crate) struct Delivery {
    pub(crate) output: Arc<dyn Consumer>,
    pub(crate) retry: RetryConfig,
    pub(crate) instruments: ReceiverInstruments,
    pub(crate) account: Account,
    pub(crate) shared: Arc<Shared>,
    pub(crate) span: tracing::Span,
}

/// Tells the reader that delivery has ended, however it ended.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.delivered.store(true, Ordering::Release);
        self.0.waker.wake();
    }
}

impl Delivery {
    /// Delivers until the reader has ended.
    pub(crate) async fn run(self, mut parcels: mpsc::Receiver<Parcel>) {
        let _ended = Ended(Arc::clone(&self.shared));
        while let Some(parcel) = parcels.recv().await {
            let positions = parcel.positions;
            if parcel.items > 0 {
                let payload = Payload::counted(parcel.bytes.into(), parcel.items);
                let batch = Batch::new(Signal::Logs, payload, parcel.items);
                self.deliver(batch.with_ticket(parcel.ticket)).await;
            }
            self.shared.add(positions);
        }
    }

    /// Offers the batch until it was taken, or cannot be.
    async fn deliver(&self, mut batch: Batch) {
        let begin = Instant::now();
        let mut wait = self.retry.initial_interval.max(Duration::from_millis(10));
        let mut warned = false;
        loop {
            let items = batch.items();
            let mut error = match self.output.consume(batch.clone()).await {
                Ok(()) => return self.instruments.accepted(Signal::Logs, items),
                Err(error) => error,
            };
            if let Some(rest) = error.take_undelivered().filter(|rest| rest.items() < items) {
                self.instruments
                    .accepted(Signal::Logs, items - rest.items());
                batch = rest;
            }
            let limit = self.retry.max_elapsed_time;
            let late = self.retry.enabled && !limit.is_zero() && begin.elapsed() >= limit;
            if error.is_permanent() || error.is_partial() || late {
                return self.give_up(batch.items(), &error, late);
            }
            if !warned {
                warned = true;
                tracing::warn!(
                    parent: &self.span,
                    error = %error.chain(),
                    "The pipeline refuses log records: reading waits until it takes them"
                );
            }
            tokio::time::sleep(error.after().unwrap_or(wait).min(self.retry.max_interval)).await;
            wait = (wait * 3 / 2).min(self.retry.max_interval);
        }
    }

    fn give_up(&self, items: usize, error: &ConsumeError, late: bool) {
        let reason = match (late, error.is_partial()) {
            (true, _) => "retries_exhausted",
            (false, true) => "partly_refused",
            (false, false) => "permanent_error",
        };
        self.account.received(items);
        self.account.dropped(items, reason);
        self.instruments.refused(Signal::Logs, items);
        tracing::error!(
            parent: &self.span,
            error = %error.chain(),
            dropped_items = items,
            "The pipeline refuses log records for good: they are dropped"
        );
    }
}
