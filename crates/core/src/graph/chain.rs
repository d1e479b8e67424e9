//! Consecutive inline processors, fused into one consumer.

use std::sync::Arc;

use async_trait::async_trait;
use smallvec::SmallVec;

use crate::ledger::Account;
use crate::telemetry::{Attributes, Counter, Instrument, InstrumentKind, Level};
use crate::{Batch, ConsumeError, Consumer, Processor, Settings, Signal};

const INCOMING: Instrument = Instrument {
    name: "otelcol_processor_incoming_items",
    description: "Number of items passed to the processor.",
    unit: "{item}",
    kind: InstrumentKind::Counter,
    level: Level::Basic,
};
const OUTGOING: Instrument = Instrument {
    name: "otelcol_processor_outgoing_items",
    description: "Number of items emitted from the processor.",
    unit: "{item}",
    kind: InstrumentKind::Counter,
    level: Level::Basic,
};

/// One processor of a chain with its instruments.
#[derive(Clone)]
pub(super) struct Step {
    processor: Arc<dyn Processor>,
    account: Account,
    incoming: Counter,
    outgoing: Counter,
}

impl Step {
    pub(super) fn new(processor: Arc<dyn Processor>, settings: &Settings) -> Self {
        let signal = settings.signal.map_or("", Signal::as_str);
        let attributes: Attributes = vec![
            ("processor", settings.id.to_string()),
            ("otel.signal", signal.to_owned()),
        ];
        Self {
            processor,
            account: settings.account.clone(),
            incoming: settings.telemetry.counter(INCOMING, attributes.clone()),
            outgoing: settings.telemetry.counter(OUTGOING, attributes),
        }
    }

    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        self.incoming.add(batch.items() as u64);
        let result = self.processor.process(batch);
        if let Ok(Some(batch)) = &result {
            self.outgoing.add(batch.items() as u64);
        }
        result
    }
}

/// The consumer that runs `steps` and hands what is left to `next`; `next` itself without steps.
pub(super) fn chain(steps: &[Step], next: &Arc<dyn Consumer>) -> Arc<dyn Consumer> {
    if steps.is_empty() {
        return Arc::clone(next);
    }
    Arc::new(Chain {
        steps: steps.into(),
        next: Arc::clone(next),
    })
}

struct Chain {
    steps: Box<[Step]>,
    next: Arc<dyn Consumer>,
}

#[async_trait]
impl Consumer for Chain {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        // Items before each step and behind the last. They are booked when it is clear who is
        // responsible: a batch that is refused further down goes back to its sender.
        let mut items: SmallVec<[usize; 8]> = SmallVec::new();
        items.push(batch.items());
        let mut batch = batch;
        for step in &self.steps {
            match step.process(batch)? {
                Some(next) => {
                    items.push(next.items());
                    batch = next;
                }
                None => {
                    items.push(0);
                    self.book(&items, 0);
                    return Ok(());
                }
            }
        }
        let passed = batch.items();
        match self.next.consume(batch).await {
            Ok(()) => {
                self.book(&items, 0);
                Ok(())
            }
            Err(mut error) => {
                if let Some(rest) = error.take_undelivered() {
                    self.book(&items, rest.items().min(passed));
                    error = error.with_undelivered(rest);
                }
                Err(error)
            }
        }
    }
}

impl Chain {
    /// Books one batch: `items[i]` came to step `i`, of which `returned` went back to the sender.
    fn book(&self, items: &[usize], returned: usize) {
        for (step, counts) in self.steps.iter().zip(items.windows(2)) {
            let (came, left) = (counts[0], counts[1]);
            let returned = returned.min(left);
            step.account
                .received(came.max(left) - returned - left.saturating_sub(came));
            step.account.created(left.saturating_sub(came));
            step.account.filtered(came.saturating_sub(left));
            step.account.sent(left - returned);
        }
    }
}
