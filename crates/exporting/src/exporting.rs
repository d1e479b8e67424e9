//! [`Exporting`]: composes an exporter from a [`Pusher`] and its configuration.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use headwater_core::config::Optional;
use headwater_core::telemetry::{Attributes, Observation};
use headwater_core::{
    Batch, Component, ComponentError, ConsumeError, Consumer, Exporter, Host, Settings, Signal,
    Task, Worker,
};

use crate::Pusher;
use crate::backoff::Jitter;
use crate::books::{Books, InHand};
use crate::claim::Claims;
use crate::config::{RetryConfig, SendingQueueConfig};
use crate::delivery::{Delivery, GivenUp};
use crate::health::Health;
use crate::instruments::{Instruments, Sizes, observe_queue};
use crate::queue::{Parcel, Queue, Taken};
use crate::stop::StopSignal;

/// Builds an exporter: `Exporting::new(settings, pusher).queue(…).retry(…).timeout(…).build()`.
///
/// Without these calls there is no queue, no retry and no timeout.
pub struct Exporting {
    settings: Settings,
    pusher: Arc<dyn Pusher>,
    queue: Option<SendingQueueConfig>,
    retry: RetryConfig,
    timeout: Option<Duration>,
    destination: Attributes,
    jitter: Jitter,
}

impl fmt::Debug for Exporting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporting")
            .field("id", &self.settings.id)
            .field("queue", &self.queue)
            .field("retry", &self.retry)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Exporting {
    /// An exporter that sends with `pusher`.
    #[must_use]
    pub fn new(settings: Settings, pusher: impl Pusher) -> Self {
        Self {
            settings,
            pusher: Arc::new(pusher),
            queue: None,
            retry: RetryConfig {
                enabled: false,
                ..RetryConfig::default()
            },
            timeout: None,
            destination: Attributes::new(),
            jitter: Jitter::default(),
        }
    }

    /// Puts a queue before it, if the section is on.
    #[must_use]
    pub fn queue(mut self, config: &Optional<SendingQueueConfig>) -> Self {
        self.queue = config.as_ref().cloned();
        self
    }

    /// Sends again what failed, if that is enabled.
    #[must_use]
    pub fn retry(mut self, config: &RetryConfig) -> Self {
        self.retry = config.clone();
        self
    }

    /// Bounds each attempt; zero does not.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = if timeout.is_zero() {
            None
        } else {
            Some(timeout)
        };
        self
    }

    /// Says where it sends, for its counters: `server.address`, `server.port`, `url.path`.
    #[must_use]
    pub fn destination(mut self, attributes: Attributes) -> Self {
        self.destination = attributes;
        self
    }

    /// Replaces the randomness of the waits between attempts.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Builds the exporter.
    ///
    /// # Errors
    /// [`ComponentError`] if the queue is to be kept by a storage extension.
    pub fn build(self) -> Result<Arc<dyn Exporter>, ComponentError> {
        let settings = self.settings;
        // An exporter is built for one signal; only a broken graph forgets to say which.
        let signal = settings
            .signal
            .ok_or_else(|| ComponentError::new("an exporter needs a signal"))?;
        if let Some(storage) = self.queue.as_ref().and_then(|queue| queue.storage.as_ref()) {
            return Err(ComponentError::new(format!(
                "no storage client extension found: `sending_queue::storage` names {storage}, \
                 and this version keeps queues in memory only"
            )));
        }
        let waits = self.queue.as_ref().is_none_or(|q| q.wait_for_result);
        let instruments = Instruments::new(&settings, signal, &self.destination);
        let books = Books::new(settings.account.clone(), instruments, waits);
        let queue = self
            .queue
            .map(|config| SendingQueue::new(&config, &settings, signal));
        let mut advice = Vec::new();
        if queue.is_none() {
            advice.push("enable sending_queue to survive temporary failures");
        }
        if !self.retry.enabled {
            advice.push("enable retry_on_failure to retry on retryable errors");
        }
        let delivery = Delivery {
            pusher: self.pusher,
            retry: self.retry,
            timeout: self.timeout,
            jitter: self.jitter,
            stop: StopSignal::default(),
            health: Health::new(settings.status.clone()),
            span: settings.span,
        };
        Ok(Arc::new(Composed(Arc::new(Inner {
            queue,
            books,
            delivery,
            advice: advice.join("; "),
            tasks: Mutex::default(),
            abandoned: StopSignal::default(),
        }))))
    }
}

/// A queue with what surrounds it.
struct SendingQueue {
    queue: Queue,
    consumers: usize,
    enqueued: Sizes,
    merged: Option<Sizes>,
    _observations: [Observation; 2],
}

impl SendingQueue {
    fn new(config: &SendingQueueConfig, settings: &Settings, signal: Signal) -> Self {
        let queue = Queue::new(config, settings.span.clone());
        Self {
            consumers: config.num_consumers as usize,
            enqueued: Sizes::enqueued(settings),
            merged: queue.is_batching().then(|| Sizes::merged(settings)),
            _observations: observe_queue(settings, signal, queue.capacity()),
            queue,
        }
    }
}

struct Inner {
    queue: Option<SendingQueue>,
    books: Books,
    delivery: Delivery,
    /// What would have helped when data is lost; empty if nothing.
    advice: String,
    tasks: Mutex<Tasks>,
    /// On: what has not been sent by now never will be.
    abandoned: StopSignal,
}

#[derive(Default)]
struct Tasks {
    consumers: Vec<Task>,
    timer: Option<Task>,
}

struct Composed(Arc<Inner>);

#[async_trait]
impl Consumer for Composed {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        let items = batch.items();
        let result = match &self.0.queue {
            Some(queue) => self.0.enqueue(queue, batch).await,
            None => self.0.send_now(batch).await,
        };
        if let Err(error) = &result {
            let inner = &self.0;
            tracing::error!(
                parent: &inner.delivery.span,
                error = %error.chain(),
                rejected_items = items,
                help = inner.advice(),
                "Exporting failed. Rejecting data."
            );
        }
        result
    }
}

impl Inner {
    fn advice(&self) -> Option<&str> {
        Some(&*self.advice).filter(|advice| !advice.is_empty())
    }

    async fn enqueue(&self, sending: &SendingQueue, batch: Batch) -> Result<(), ConsumeError> {
        let items = batch.items();
        let bytes = batch.bytes();
        let taken = || {
            self.books.taken(items);
            sending.enqueued.record(items, bytes);
        };
        match sending.queue.offer(batch, taken).await {
            Ok(Taken::Queued | Taken::Empty) => Ok(()),
            // A dropped sender can only be that of a process without shutdown.
            Ok(Taken::Waiting(answer)) => answer
                .await
                .unwrap_or_else(|_| Err(crate::capacity::stopped())),
            Err(error) => {
                self.books.refused(items);
                Err(error)
            }
        }
    }

    /// Sends on the caller's task.
    async fn send_now(&self, batch: Batch) -> Result<(), ConsumeError> {
        let mut hand = InHand::new(&self.books, batch, Claims::default());
        let Err(GivenUp { error, reason }) = self.delivery.deliver(&mut hand).await else {
            return Ok(());
        };
        match hand.give_up(&error, reason) {
            Some((rest, true)) => Err(error.with_undelivered(rest)),
            _ => Err(error),
        }
    }

    /// One of the tasks that send what is in the queue.
    async fn run_consumer(self: Arc<Self>, worker: usize) {
        let Some(sending) = &self.queue else { return };
        let work = async {
            while let Some(parcel) = sending.queue.next(worker).await {
                self.send(sending, parcel).await;
            }
        };
        tokio::select! {
            biased;
            () = work => {}
            () = self.abandoned.stopped() => {}
        }
    }

    async fn send(&self, sending: &SendingQueue, parcel: Parcel) {
        let Parcel { batch, claims } = parcel;
        if let Some(merged) = &sending.merged {
            merged.record(batch.items(), batch.bytes());
        }
        let mut hand = InHand::new(&self.books, batch, claims);
        let Err(GivenUp { error, reason }) = self.delivery.deliver(&mut hand).await else {
            return;
        };
        if let Some((rest, _)) = hand.give_up(&error, reason)
            && !self.books.senders_wait()
        {
            self.log_dropped(rest.items(), &error.chain());
        }
    }

    fn log_dropped(&self, items: usize, error: &str) {
        tracing::error!(
            parent: &self.delivery.span,
            error,
            dropped_items = items,
            help = self.advice(),
            "Exporting failed. Dropping data."
        );
    }

    async fn run_timer(self: Arc<Self>) {
        if let Some(sending) = &self.queue {
            sending.queue.run_timer().await;
        }
    }

    /// Lets the consumers empty the queue, trying every request once; what they have not sent by
    /// `deadline` is lost.
    async fn drain(&self, sending: &SendingQueue, deadline: Instant) {
        sending.queue.stop();
        let Tasks { consumers, timer } = self.take_tasks();
        if let Some(timer) = timer {
            timer.abort();
            timer.join().await;
        }
        let mut drained = std::pin::pin!(async {
            for consumer in consumers {
                consumer.join().await;
            }
        });
        let in_time = tokio::time::timeout_at(deadline.into(), &mut drained).await;
        if in_time.is_ok() {
            return;
        }
        self.abandoned.stop();
        drained.await;
        for Parcel { batch, claims } in sending.queue.clear() {
            drop(InHand::new(&self.books, batch, claims));
        }
        let lost = self.books.abandoned();
        if lost > 0 && !self.books.senders_wait() {
            self.log_dropped(lost, "the deadline of the shutdown has passed");
        }
    }

    fn take_tasks(&self) -> Tasks {
        std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Component for Composed {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let inner = &self.0;
        inner.delivery.pusher.start(host).await?;
        let Some(sending) = &inner.queue else {
            return Ok(());
        };
        let workers = host.workers();
        sending.queue.open(workers);
        let consumer = |index: usize| {
            let worker = index % workers;
            host.spawn(
                Worker::Index(worker),
                Arc::clone(inner).run_consumer(worker),
            )
        };
        let tasks = Tasks {
            consumers: (0..sending.consumers).map(consumer).collect(),
            timer: sending
                .queue
                .is_batching()
                .then(|| host.spawn(Worker::Current, Arc::clone(inner).run_timer())),
        };
        *inner.tasks.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
        Ok(())
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let inner = &self.0;
        inner.delivery.stop.stop();
        if let Some(sending) = &inner.queue {
            inner.drain(sending, deadline).await;
        }
        inner.delivery.pusher.shutdown(deadline).await
    }
}

impl Exporter for Composed {}
