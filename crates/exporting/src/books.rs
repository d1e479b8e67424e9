//! Who answers for which items: the ledger and the counters of what is being sent.

use std::sync::atomic::{AtomicUsize, Ordering};

use headwater_core::ledger::Account;
use headwater_core::{Batch, ConsumeError};

use crate::claim::Claims;
use crate::instruments::Instruments;
use crate::queue::Parcel;

/// The reason for losses that come with a shutdown.
pub(crate) const SHUTDOWN: &str = "shutdown";
/// The reason for losses that make room for newer data.
pub(crate) const QUEUE_FULL: &str = "queue_full";

/// What becomes of items when they are taken, delivered and lost.
#[derive(Debug)]
pub(crate) struct Books {
    account: Account,
    instruments: Instruments,
    /// Whether senders stay responsible until delivery: without a queue, and with one whose
    /// senders wait for the result. Then nothing is held here, and nothing is lost here.
    senders_wait: bool,
    abandoned: AtomicUsize,
}

impl Books {
    pub(crate) const fn new(
        account: Account,
        instruments: Instruments,
        senders_wait: bool,
    ) -> Self {
        Self {
            account,
            instruments,
            senders_wait,
            abandoned: AtomicUsize::new(0),
        }
    }

    /// Whether senders stay responsible until delivery.
    pub(crate) const fn senders_wait(&self) -> bool {
        self.senders_wait
    }

    /// Items that were taken and let go of half-way.
    pub(crate) fn abandoned(&self) -> usize {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// A queue has taken `items`.
    pub(crate) fn taken(&self, items: usize) {
        if !self.senders_wait {
            self.account.received(items);
            self.account.held(items.cast_signed());
        }
    }

    /// A queue has refused `items`.
    pub(crate) fn refused(&self, items: usize) {
        self.instruments.enqueue_failed.add(items as u64);
    }

    /// The backend has taken `items`, of which it threw `rejected` away.
    fn delivered(&self, items: usize, rejected: usize, dropped: &[(&'static str, usize)]) {
        let mut left = items;
        for (reason, lost) in dropped {
            let lost = (*lost).min(left);
            left -= lost;
            self.account.dropped(lost, reason);
        }
        let rejected = rejected.min(left);
        if self.senders_wait {
            self.account.received(items);
        } else {
            self.account.held(-items.cast_signed());
        }
        self.account.sent(left - rejected);
        self.account.dropped(rejected, "rejected_by_backend");
        // As upstream, which does not count what a backend rejects.
        self.instruments.sent.add(left as u64);
        if left < items {
            let error = ConsumeError::permanent("given up");
            self.instruments.send_failed(items - left, &error, false);
        }
    }

    /// `items` will not be sent.
    fn given_up(&self, items: usize, error: &ConsumeError, reason: &'static str) {
        if !self.senders_wait {
            self.account.held(-items.cast_signed());
            self.account.dropped(items, reason);
        }
        self.instruments
            .send_failed(items, error, reason == SHUTDOWN);
    }
}

/// A request that is being sent. If it is dropped half-way, what was not delivered is lost to
/// the shutdown that dropped it.
#[derive(Debug)]
pub(crate) struct InHand<'a> {
    books: &'a Books,
    /// What is not delivered yet; `None` once nothing is.
    batch: Option<Batch>,
    claims: Claims,
    /// See [`Parcel`].
    merged: Vec<usize>,
    delivered: usize,
}

impl<'a> InHand<'a> {
    pub(crate) fn new(books: &'a Books, parcel: Parcel) -> Self {
        books.instruments.in_flight.add(1);
        Self {
            books,
            batch: Some(parcel.batch),
            claims: parcel.claims,
            merged: parcel.merged,
            delivered: 0,
        }
    }

    /// What is not delivered yet.
    pub(crate) const fn batch(&self) -> Option<&Batch> {
        self.batch.as_ref()
    }

    /// How many segments each of the requests has that it was merged of; empty if it is one.
    pub(crate) fn merged(&self) -> &[usize] {
        &self.merged
    }

    /// Everything has been delivered.
    pub(crate) fn deliver(&mut self, rejected: usize, dropped: &[(&'static str, usize)]) {
        if let Some(batch) = self.batch.take() {
            self.delivered += batch.items();
            self.books.delivered(batch.items(), rejected, dropped);
            self.claims.delivered();
        }
    }

    /// Everything but `rest` has been delivered.
    pub(crate) fn keep(&mut self, rest: Batch) {
        if let Some(batch) = self.batch.take() {
            let delivered = batch.items().saturating_sub(rest.items());
            self.delivered += delivered;
            self.books.delivered(delivered, 0, &[]);
            if delivered > 0 {
                self.claims.delivered();
            }
        }
        self.batch = Some(rest);
        self.merged.clear();
    }

    /// What is left will not be sent. Returns it, and whether some was delivered before.
    pub(crate) fn give_up(
        &mut self,
        error: &ConsumeError,
        reason: &'static str,
    ) -> Option<(Batch, bool)> {
        let rest = self.batch.take()?;
        self.books.given_up(rest.items(), error, reason);
        self.claims.failed(error);
        Some((rest, self.delivered > 0))
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        if self.batch.is_some() {
            let error = ConsumeError::retryable("interrupted due to shutdown", None);
            let lost = self.give_up(&error, SHUTDOWN);
            let items = lost.map_or(0, |(batch, _)| batch.items());
            self.books.abandoned.fetch_add(items, Ordering::Relaxed);
        }
        self.books.instruments.in_flight.add(-1);
    }
}
