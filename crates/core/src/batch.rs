//! [`Batch`]: one signal's telemetry with what it came with.

use crate::pdata::Payload;
use crate::pdata::split::take_items;
use crate::pdata::wire::WireError;
use crate::{Context, Signal, Ticket};

/// One signal's telemetry as it travels through a pipeline.
///
/// The payload stays the bytes that arrived until a component edits it. A clone shares the
/// bytes and the ticket: fan-out copies references, never data.
#[derive(Debug, Clone)]
pub struct Batch {
    signal: Signal,
    payload: Payload,
    items: usize,
    context: Context,
    ticket: Ticket,
}

impl Batch {
    /// A batch of `items` spans, data points or log records, without context and ticket.
    ///
    /// `items` must be what [`crate::pdata::count_items`] finds in `payload`: queue sizes,
    /// metrics and the ledger rely on it.
    #[must_use]
    pub fn new(signal: Signal, payload: impl Into<Payload>, items: usize) -> Self {
        Self {
            signal,
            payload: payload.into(),
            items,
            context: Context::default(),
            ticket: Ticket::default(),
        }
    }

    /// The same batch with `context`.
    #[must_use]
    pub fn with_context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// The same batch, its bytes charged to `ticket`.
    #[must_use]
    pub fn with_ticket(mut self, ticket: Ticket) -> Self {
        self.ticket = ticket;
        self
    }

    /// The kind of telemetry.
    #[must_use]
    pub const fn signal(&self) -> Signal {
        self.signal
    }

    /// The serialized telemetry.
    #[must_use]
    pub const fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Spans, data points or log records.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.items
    }

    /// Serialized size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.payload.len()
    }

    /// What the batch came with.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// The bytes charged for it.
    #[must_use]
    pub const fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Replaces the telemetry by an edited form of it and corrects the ticket.
    #[must_use]
    pub fn with_payload(mut self, payload: impl Into<Payload>, items: usize) -> Self {
        self.payload = payload.into();
        self.items = items;
        self.ticket.resize(self.payload.len());
        self
    }

    /// The payload, the context and the ticket.
    #[must_use]
    pub fn into_parts(self) -> (Payload, Context, Ticket) {
        (self.payload, self.context, self.ticket)
    }

    /// Takes the first `n` items out and leaves the rest; everything if there are no more. Both
    /// parts share the ticket, whose bytes come back when both are gone.
    ///
    /// # Errors
    /// [`WireError`] if the framing is wrong; then the batch is as it was.
    pub fn take_front(&mut self, n: usize) -> Result<Self, WireError> {
        let (payload, items) = take_items(self.signal, &mut self.payload, n)?;
        self.items -= items.min(self.items);
        Ok(Self {
            signal: self.signal,
            payload,
            items,
            context: self.context.clone(),
            ticket: self.ticket.clone(),
        })
    }

    /// Appends the telemetry of `other`, which must be of the same signal; the context stays
    /// that of `self`. Costs no copy of data.
    pub fn append(&mut self, other: Self) {
        debug_assert_eq!(
            self.signal, other.signal,
            "batches of different signals never merge"
        );
        self.items += other.items;
        self.payload.append(other.payload);
        self.ticket.merge(other.ticket);
    }
}
