//! A composed exporter at work: taking requests, sending them, starting and stopping.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::telemetry::Observation;
use headwater_core::{
    Batch, Component, ComponentError, ConsumeError, Consumer, ErrorKind, Exporter, Host, Settings,
    Signal, Task, Worker,
};

use crate::backlog::{Backlog, Losses};
use crate::books::{Books, InHand, QUEUE_FULL};
use crate::claim::Claims;
use crate::config::SendingQueueConfig;
use crate::delivery::{Delivery, GivenUp};
use crate::instruments::{Sizes, observe_queue};
use crate::queue::{Parcel, Queue, Taken};
use crate::stop::StopSignal;

/// A queue with what surrounds it.
pub(crate) struct SendingQueue {
    queue: Queue,
    consumers: usize,
    enqueued: Sizes,
    merged: Option<Sizes>,
    /// What was dropped to make room, if that is how room is made.
    losses: Option<Losses>,
    _observations: [Observation; 2],
}

impl SendingQueue {
    pub(crate) fn new(
        config: &SendingQueueConfig,
        backlog: Option<Backlog>,
        settings: &Settings,
        signal: Signal,
    ) -> Self {
        let queue = Queue::new(config, backlog, settings.span.clone());
        Self {
            consumers: config.num_consumers as usize,
            enqueued: Sizes::enqueued(settings),
            merged: (queue.is_batching() || backlog.is_some()).then(|| Sizes::merged(settings)),
            losses: backlog.map(|_| Losses::default()),
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

/// The exporter that the graph sees.
pub(crate) struct Composed(Arc<Inner>);

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

impl Composed {
    pub(crate) fn new(queue: Option<SendingQueue>, books: Books, delivery: Delivery) -> Self {
        let mut advice = Vec::new();
        if queue.is_none() {
            advice.push("enable sending_queue to survive temporary failures");
        }
        if !delivery.retry.enabled {
            advice.push("enable retry_on_failure to retry on retryable errors");
        }
        Self(Arc::new(Inner {
            queue,
            books,
            delivery,
            advice: advice.join("; "),
            tasks: Mutex::default(),
            abandoned: StopSignal::default(),
        }))
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
        let offered = if sending.losses.is_some() {
            self.offer_with_room(sending, batch, taken).await
        } else {
            sending.queue.offer(batch, taken).await
        };
        match offered {
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

    /// Offers a request to a queue where the oldest makes room.
    async fn offer_with_room(
        &self,
        sending: &SendingQueue,
        batch: Batch,
        taken: impl FnOnce() + Copy,
    ) -> Result<Taken, ConsumeError> {
        let offered = loop {
            match sending.queue.offer(batch.clone(), taken).await {
                Err(error) if matches!(error.kind(), ErrorKind::Refused { .. }) => {
                    // All of the room may be that of what is being sent.
                    let Some(oldest) = sending.queue.take_oldest() else {
                        break Err(error);
                    };
                    self.make_room(sending, oldest);
                }
                offered => break offered,
            }
        };
        while let Some(oldest) = sending.queue.take_excess() {
            self.make_room(sending, oldest);
        }
        offered
    }

    /// Drops what has waited longest.
    fn make_room(&self, sending: &SendingQueue, oldest: Parcel) {
        let error = ConsumeError::permanent("sending queue is full: the oldest data was dropped");
        let items = oldest.batch.items();
        InHand::new(&self.books, oldest).give_up(&error, QUEUE_FULL);
        self.delivery.health.degraded(|| error.chain());
        if let Some(items) = sending.losses.as_ref().and_then(|losses| losses.add(items)) {
            tracing::error!(
                parent: &self.delivery.span,
                dropped_items = items,
                reason = QUEUE_FULL,
                help = "the backend takes less than what comes, or nothing; a larger queue bridges \
                        a longer time",
                "Sending queue is full. Dropping the oldest data."
            );
        }
    }

    /// Sends on the caller's task.
    async fn send_now(&self, batch: Batch) -> Result<(), ConsumeError> {
        let parcel = Parcel {
            batch,
            claims: Claims::default(),
            merged: Vec::new(),
        };
        let mut hand = InHand::new(&self.books, parcel);
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
                let began = tokio::time::Instant::now();
                self.send(sending, parcel).await;
                sending.queue.pace(began).await;
            }
        };
        tokio::select! {
            biased;
            () = work => {}
            () = self.abandoned.stopped() => {}
        }
    }

    async fn send(&self, sending: &SendingQueue, parcel: Parcel) {
        if let Some(merged) = &sending.merged {
            merged.record(parcel.batch.items(), parcel.batch.bytes());
        }
        let mut hand = InHand::new(&self.books, parcel);
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
        for parcel in sending.queue.clear() {
            drop(InHand::new(&self.books, parcel));
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
        inner.delivery.pusher.stop();
        if let Some(sending) = &inner.queue {
            inner.drain(sending, deadline).await;
        }
        inner.delivery.pusher.shutdown(deadline).await
    }
}

impl Exporter for Composed {}
