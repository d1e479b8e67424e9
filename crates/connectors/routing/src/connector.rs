//! Hands over what was decided, and keeps the books.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use headwater_core::ledger::Account;
use headwater_core::{Batch, Component, Connector, ConsumeError, Consumer, Settings, Signal};
use headwater_ottl::EvalError;

use crate::config::ErrorMode;
use crate::decide::{Decider, Decision, Failure};
use crate::editors;
use crate::table::{Slot, Table};

pub(crate) struct RoutingConnector {
    table: Table,
    signal: Signal,
    error_mode: ErrorMode,
    account: Account,
    span: tracing::Span,
    warned: AtomicBool,
}

impl RoutingConnector {
    pub(crate) fn new(
        settings: Settings,
        signal: Signal,
        table: Table,
        error_mode: ErrorMode,
    ) -> Self {
        Self {
            table,
            signal,
            error_mode,
            account: settings.account,
            span: settings.span,
            warned: AtomicBool::new(false),
        }
    }

    /// The error back if it refuses the batch.
    fn on_error(&self, error: EvalError) -> Option<EvalError> {
        match self.error_mode {
            ErrorMode::Propagate => return Some(error),
            ErrorMode::Silent => {}
            ErrorMode::Ignore => {
                // The same condition fails on every record of its kind: once is loud enough.
                if self.warned.swap(true, Ordering::Relaxed) {
                    tracing::debug!(parent: &self.span, %error, "condition not evaluated");
                } else {
                    tracing::warn!(
                        parent: &self.span,
                        %error,
                        "condition not evaluated, taken as no match; from now on at debug level"
                    );
                }
            }
        }
        None
    }

    fn decide(&self, batch: &Batch) -> Result<Decision, ConsumeError> {
        let decider = Decider {
            table: &self.table,
            signal: self.signal,
            on_error: &|error| self.on_error(error),
        };
        decider.decide(batch).map_err(|failure| match failure {
            Failure::Wire(error) => {
                ConsumeError::permanent("cannot route the batch").with_source(error)
            }
            Failure::Eval(error) => {
                ConsumeError::permanent("cannot evaluate a routing condition").with_source(error)
            }
        })
    }

    /// The batches of a decision, each with its slot.
    fn batches(
        &self,
        batch: Batch,
        decision: Decision,
    ) -> Result<Vec<(usize, Batch)>, ConsumeError> {
        let broken = |error| ConsumeError::permanent("cannot route the batch").with_source(error);
        let outputs = match decision {
            Decision::Whole(slot) => vec![(slot, batch)],
            Decision::Split(outputs) => {
                let mut batches = Vec::new();
                for (slot, output) in outputs.into_iter().enumerate() {
                    if output.is_empty() {
                        continue;
                    }
                    let (payload, items) = output.finish(self.signal).map_err(broken)?;
                    let part = Batch::new(self.signal, payload, items)
                        .with_context(batch.context().clone())
                        .with_ticket(batch.ticket().clone());
                    batches.push((slot, part));
                }
                batches
            }
        };
        outputs
            .into_iter()
            .map(|(slot, batch)| {
                let editor = &self.table.slots[slot].editor;
                Ok((slot, editors::apply(editor, batch).map_err(broken)?))
            })
            .collect()
    }

    fn book(&self, slot: &Slot, items: usize) {
        if slot.copies {
            self.account.created(items);
            self.account.sent(items);
        } else if slot.to.is_empty() {
            self.account.received(items);
            self.account.filtered(items);
        } else {
            self.account.received(items);
            self.account.sent(items);
        }
    }
}

impl Component for RoutingConnector {}
impl Connector for RoutingConnector {}

#[async_trait]
impl Consumer for RoutingConnector {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        let decision = self.decide(&batch)?;
        let whole = matches!(decision, Decision::Whole(_));
        let mut batches = self.batches(batch, decision)?;
        if whole
            && let [(slot, _)] = &*batches
            && let [to] = &*self.table.slots[*slot].to
            && let Some((slot, batch)) = batches.pop()
        {
            return self.pass(&self.table.slots[slot], &**to, batch).await;
        }
        let mut errors = Vec::new();
        let mut unrouted = 0;
        let mut taken = false;
        for (slot, batch) in batches {
            let slot = &self.table.slots[slot];
            if slot.to.is_empty() {
                unrouted += batch.items();
                continue;
            }
            let items = batch.items();
            let before = errors.len();
            for to in &slot.to {
                errors.extend(to.consume(batch.clone()).await.err());
            }
            let refused = errors.len() - before;
            if refused < slot.to.len() {
                taken = true;
            }
            if refused == 0 {
                self.book(slot, items);
            }
        }
        let error = ConsumeError::join(errors);
        if error.is_none() || taken {
            self.account.received(unrouted);
            self.account.filtered(unrouted);
        }
        match error {
            None => Ok(()),
            Some(error) if taken => Err(error.with_partial()),
            Some(error) => Err(error),
        }
    }
}

impl RoutingConnector {
    /// Hands a whole batch to the only pipeline it goes to.
    async fn pass(&self, slot: &Slot, to: &dyn Consumer, batch: Batch) -> Result<(), ConsumeError> {
        let items = batch.items();
        match to.consume(batch).await {
            Ok(()) => {
                self.book(slot, items);
                Ok(())
            }
            Err(mut error) => {
                // What was changed here must not come back as what was sent.
                let unchanged = matches!(slot.editor, headwater_ottl::Editor::Route);
                if let Some(rest) = error.take_undelivered() {
                    self.book(slot, items.saturating_sub(rest.items()));
                    error = if unchanged {
                        error.with_undelivered(rest)
                    } else {
                        error.with_partial()
                    };
                }
                Err(error)
            }
        }
    }
}
