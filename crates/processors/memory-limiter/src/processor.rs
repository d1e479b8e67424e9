//! One pipeline's end of a shared limiter.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::{
    Batch, Component, ComponentError, ConsumeError, Host, Processor, Settings, Task, Worker,
};

use crate::instruments::Instruments;
use crate::limiter::Limiter;

pub(crate) struct MemoryLimiterProcessor {
    settings: Settings,
    limiter: Arc<Limiter>,
    /// Whether the limiter was made for this instance, which then says how it is configured.
    first: bool,
    instruments: Instruments,
    task: Mutex<Option<Task>>,
}

impl MemoryLimiterProcessor {
    pub(crate) fn new(settings: Settings, limiter: Arc<Limiter>, first: bool) -> Self {
        let instruments = Instruments::new(&settings);
        Self {
            settings,
            limiter,
            first,
            instruments,
            task: Mutex::default(),
        }
    }
}

impl Processor for MemoryLimiterProcessor {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        if self.limiter.refuses() {
            self.instruments.refused.add(batch.items() as u64);
            return Err(ConsumeError::refused(
                "data refused due to high memory usage",
                Some(self.limiter.check_interval),
            ));
        }
        self.instruments.accepted.add(batch.items() as u64);
        Ok(Some(batch))
    }
}

#[async_trait]
impl Component for MemoryLimiterProcessor {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        self.limiter.limit_budget();
        if self.first {
            let mib = |bytes: u64| bytes / (1024 * 1024);
            let limits = self.limiter.limits;
            tracing::info!(
                parent: &self.settings.span,
                limit_mib = mib(limits.hard),
                spike_limit_mib = mib(limits.hard - limits.soft),
                check_interval = self.limiter.check_interval.as_secs_f64(),
                "Memory limiter configured"
            );
        }
        // Every instance has a timer, because any of them may be shut down first (a reload);
        // the limiter sees to it that there is one check per interval.
        let limiter = Arc::clone(&self.limiter);
        let (span, status) = (self.settings.span.clone(), self.settings.status.clone());
        let task = host.spawn(Worker::Current, async move {
            let mut ticks = tokio::time::interval(limiter.check_interval);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                limiter.check_on_tick(&span, &status);
            }
        });
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(())
    }

    async fn shutdown(&self, _: Instant) -> Result<(), ComponentError> {
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            task.abort();
            task.join().await;
        }
        Ok(())
    }
}
