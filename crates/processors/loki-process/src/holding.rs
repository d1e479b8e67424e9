//! The processor of stages that hold lines, make several entries of one, or let the caller wait.
//!
//! As long as a call neither adds to what is held nor takes from it, the answer of the next consumer
//! is the answer. Otherwise lines of others, who were told that they were taken, are among what goes
//! on: if the next consumer refuses that for now, it is kept, and no more is taken until it is gone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use headwater_core::ledger::Account;
use headwater_core::{
    Batch, BufferingProcessor, Component, ComponentError, ConsumeError, Consumer, Host, Settings,
    Task, Worker,
};
use tokio::sync::Notify;
use tokio::time::Instant as Time;

use crate::machine::{Output, batch, flush, process};
use crate::pipeline::{Flush, Pipeline};

/// How long to wait before what was refused is offered again, if the refusal does not say it.
const RETRY: Duration = Duration::from_secs(1);

/// Shared by the callers and the timer.
struct Shared {
    pipeline: Pipeline,
    settings: Settings,
    account: Account,
    next: Arc<dyn Consumer>,
    /// What the next consumer has refused for now, oldest first: what one call has made, or one
    /// look at what was due.
    pending: Mutex<VecDeque<Batch>>,
    /// Held while pending batches are offered, so that they stay in order.
    sending: tokio::sync::Mutex<()>,
    wake: Notify,
    stop: Notify,
}

pub(crate) struct HoldingProcessor {
    shared: Arc<Shared>,
    timer: Mutex<Option<Task>>,
}

impl HoldingProcessor {
    pub(crate) fn new(pipeline: Pipeline, settings: Settings, next: Arc<dyn Consumer>) -> Self {
        Self {
            shared: Arc::new(Shared {
                pipeline,
                account: settings.account.clone(),
                settings,
                next,
                pending: Mutex::default(),
                sending: tokio::sync::Mutex::default(),
                wake: Notify::new(),
                stop: Notify::new(),
            }),
            timer: Mutex::default(),
        }
    }
}

impl Shared {
    fn pending(&self) -> MutexGuard<'_, VecDeque<Batch>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Books what stages did besides giving on.
    fn book(&self, output: &Output) {
        self.account.created(output.tally.created);
        self.account.filtered(output.tally.filtered);
        self.account.held(output.tally.held);
    }

    /// Puts what has to go on behind what waits already. From here on this processor holds it.
    fn keep(&self, output: Output) {
        let mut pending = self.pending();
        for (context, bytes, items) in output.batches {
            self.account.held(items.cast_signed());
            pending.push_back(batch(context, bytes, items, &self.settings.budget));
        }
    }

    /// Offers what waits to the next consumer. The error is why it does not take it for now.
    async fn send_pending(&self) -> Result<(), ConsumeError> {
        if self.pending().is_empty() {
            return Ok(());
        }
        let _sending = self.sending.lock().await;
        loop {
            let Some(first) = self.pending().front().cloned() else {
                return Ok(());
            };
            let items = first.items();
            let result = self.next.consume(first).await;
            let Err(mut error) = result else {
                self.pending().pop_front();
                self.account.sent(items);
                self.account.held(-items.cast_signed());
                continue;
            };
            let rest = error.take_undelivered();
            let left = rest.as_ref().map_or(items, |rest| rest.items().min(items));
            self.account.sent(items - left);
            self.account.held(-(items - left).cast_signed());
            let mut pending = self.pending();
            if error.is_permanent() || error.is_partial() {
                pending.pop_front();
                self.account.dropped(left, "permanent_error");
                self.account.held(-left.cast_signed());
                tracing::error!(
                    parent: &self.settings.span,
                    error = %error.chain(),
                    dropped_items = left,
                    "Next consumer refused lines for good"
                );
                continue;
            }
            if let (Some(rest), Some(front)) = (rest, pending.front_mut()) {
                *front = rest;
            }
            return Err(error);
        }
    }

    /// Gives on what has waited long enough, again and again.
    async fn run(self: Arc<Self>) {
        let mut retry: Option<Duration> = None;
        loop {
            let due = self.pipeline.due();
            let again = retry.map(|wait| Time::now() + wait);
            let woken = self.wake.notified();
            match due.into_iter().chain(again).min() {
                None => woken.await,
                Some(due) => drop(tokio::time::timeout_at(due, woken).await),
            }
            let output = flush(
                &self.pipeline,
                Flush::Due(Time::now()),
                &self.settings.budget,
            );
            self.book(&output);
            self.keep(output);
            retry = match self.send_pending().await {
                Ok(()) => None,
                Err(error) => Some(error.after().unwrap_or(RETRY)),
            };
        }
    }

    /// Everything goes on that is held; what cannot until `deadline` is dropped and booked.
    async fn finish(&self, deadline: Time) {
        let output = flush(&self.pipeline, Flush::All, &self.settings.budget);
        self.book(&output);
        self.keep(output);
        let send = async {
            while let Err(error) = self.send_pending().await {
                let wait = error.after().unwrap_or(RETRY / 10);
                tokio::time::sleep(wait).await;
            }
        };
        drop(tokio::time::timeout_at(deadline, send).await);
        for left in self.pending().drain(..) {
            self.account.dropped(left.items(), "shutdown");
            self.account.held(-left.items().cast_signed());
            tracing::warn!(
                parent: &self.settings.span,
                dropped_items = left.items(),
                "Next consumer did not take lines before the deadline"
            );
        }
    }

    /// Lets the caller wait. Told to stop, nobody waits any longer.
    async fn wait(&self, delay: Duration) {
        if !delay.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = self.stop.notified() => self.stop.notify_one(),
            }
        }
    }

    /// The answer of the next consumer is the answer: nothing held has to do with this call.
    async fn pass_on(&self, items: usize, output: Output) -> Result<(), ConsumeError> {
        let mut refused = None;
        let (mut sent, mut left) = (0, 0);
        for (context, bytes, count) in output.batches {
            let batch = batch(context, bytes, count, &self.settings.budget);
            if let Err(mut error) = self.next.consume(batch.clone()).await {
                let rest = error.take_undelivered();
                left += rest.as_ref().map_or(count, |rest| rest.items().min(count));
                refused = Some(match rest {
                    Some(rest) => error.with_undelivered(rest),
                    None => error,
                });
                sent += count - left;
                break;
            }
            sent += count;
        }
        match refused {
            Some(error) if sent == 0 => Err(error),
            refused => {
                // What came back was not received, however many entries were made of a line.
                let made = output.tally.created.min(left);
                self.account.received(items.saturating_sub(left - made));
                self.account.created(output.tally.created - made);
                self.account.filtered(output.tally.filtered);
                self.account.sent(sent);
                refused.map_or(Ok(()), Err)
            }
        }
    }
}

#[async_trait]
impl Consumer for HoldingProcessor {
    async fn consume(&self, incoming: Batch) -> Result<(), ConsumeError> {
        let shared = &self.shared;
        shared.send_pending().await?;
        let items = incoming.items();
        let output = process(
            &shared.pipeline,
            incoming.payload(),
            incoming.context(),
            &shared.settings.budget,
        );
        drop(incoming);
        let (delay, touched, goes_on) = (output.delay, output.tally.touched, output.items() > 0);
        if !touched {
            shared.wait(delay).await;
            return shared.pass_on(items, output).await;
        }
        // Before anything is awaited: a caller that goes away takes nothing with it.
        shared.account.received(items);
        shared.book(&output);
        shared.keep(output);
        shared.wake.notify_one();
        shared.wait(delay).await;
        if goes_on {
            // What is refused for now waits here; the lines of this call were taken.
            shared.send_pending().await.ok();
        }
        Ok(())
    }
}

#[async_trait]
impl Component for HoldingProcessor {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let task = host.spawn(Worker::Current, Arc::clone(&self.shared).run());
        *self.timer.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(())
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        self.shared.stop.notify_one();
        let timer = self
            .timer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(timer) = timer {
            // A send that is cut off may have arrived all the same, and would be sent again.
            let paused = self.shared.sending.lock();
            let _paused = tokio::time::timeout_at(deadline.into(), paused).await;
            timer.abort();
            timer.join().await;
        }
        self.shared.finish(deadline.into()).await;
        Ok(())
    }
}

impl BufferingProcessor for HoldingProcessor {}
