//! The processor: what callers and the graph see.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::pdata::validate::{Level, validate};
use headwater_core::rpc::Code;
use headwater_core::{
    Batch, BufferingProcessor, Component, ComponentError, ConsumeError, Consumer, Host, Settings,
    Task, Worker,
};

use crate::batcher::Batcher;
use crate::config::BatchConfig;

pub(crate) struct BatchProcessor {
    batcher: Arc<Batcher>,
    next: Arc<dyn Consumer>,
    account: headwater_core::ledger::Account,
    sends_at_once: bool,
    max: usize,
    timer: Mutex<Option<Task>>,
}

impl BatchProcessor {
    pub(crate) fn new(settings: Settings, config: &BatchConfig, next: Arc<dyn Consumer>) -> Self {
        Self {
            sends_at_once: config.sends_at_once(),
            max: config.send_batch_max_size as usize,
            account: settings.account.clone(),
            batcher: Arc::new(Batcher::new(settings, config, Arc::clone(&next))),
            next,
            timer: Mutex::default(),
        }
    }

    /// Without waiting there is nothing to merge: the answer of the next consumer is the answer.
    async fn pass_on(&self, mut rest: Batch) -> Result<(), ConsumeError> {
        loop {
            let max = if self.max == 0 { usize::MAX } else { self.max };
            let part = rest.take_front(max).map_err(malformed)?;
            let items = part.items();
            if let Err(mut error) = self.next.consume(part.clone()).await {
                let mut undelivered = error.take_undelivered().unwrap_or(part);
                let taken = items - undelivered.items().min(items);
                self.account.received(taken);
                self.account.sent(taken);
                undelivered.append(rest);
                return Err(error.with_undelivered(undelivered));
            }
            self.account.received(items);
            self.account.sent(items);
            if rest.items() == 0 {
                return Ok(());
            }
        }
    }
}

fn malformed(error: headwater_core::pdata::wire::WireError) -> ConsumeError {
    ConsumeError::permanent("request is not valid OTLP")
        .with_code(Code::InvalidArgument)
        .with_source(error)
}

#[async_trait]
impl Consumer for BatchProcessor {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        if self.sends_at_once {
            return self.pass_on(batch).await;
        }
        for segment in batch.payload().segments() {
            validate(batch.signal(), segment, Level::Structure).map_err(malformed)?;
        }
        self.batcher.add(batch).await
    }
}

#[async_trait]
impl Component for BatchProcessor {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        if !self.sends_at_once {
            let task = host.spawn(Worker::Current, Arc::clone(&self.batcher).run());
            *self.timer.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        }
        Ok(())
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let timer = self
            .timer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(timer) = timer {
            // A send that is cut off may have arrived all the same, and would be sent again.
            let _paused = self.batcher.pause(deadline.into()).await;
            timer.abort();
            timer.join().await;
        }
        self.batcher.finish(deadline.into()).await;
        Ok(())
    }
}

impl BufferingProcessor for BatchProcessor {}
