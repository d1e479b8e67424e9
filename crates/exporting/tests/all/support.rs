//! A driven backend, and an exporter in front of it.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use headwater_core::config::Optional;
use headwater_core::graph::Environment;
use headwater_core::pdata::json::PartialSuccess;
use headwater_core::{Batch, ComponentError, ComponentKind, ConsumeError, Exporter, Host, Signal};
use headwater_exporting::{
    Exporting, Jitter, Pusher, QueueBatchConfig, RetryConfig, SendingQueueConfig, Sent,
};
use headwater_testkit::{Generator, Shape, environment, host, metric};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

/// How the backend answers one request.
pub(crate) enum Answer {
    Take,
    Partial(i64, &'static str),
    Fail(ConsumeError),
    /// Takes the first items, fails for the rest.
    TakeSome(usize, ConsumeError),
    Hang,
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    /// What requests get beyond the script; `None` takes them.
    otherwise: Option<fn() -> ConsumeError>,
    taken: Vec<Batch>,
    calls: Vec<Instant>,
    offered: Vec<usize>,
    merged: Vec<Vec<usize>>,
    in_flight: usize,
    most_in_flight: usize,
    closed: bool,
}

/// Takes everything unless it is told otherwise.
#[derive(Clone)]
pub(crate) struct Backend {
    script: Arc<Mutex<Script>>,
    called: Arc<Notify>,
    /// Requests wait for a permit.
    gate: Arc<Semaphore>,
}

impl Backend {
    pub(crate) fn new() -> Self {
        Self {
            script: Arc::default(),
            called: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        }
    }

    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.script.lock().unwrap().answers.extend(answers);
    }

    pub(crate) fn always_fail(&self, error: fn() -> ConsumeError) {
        self.script.lock().unwrap().otherwise = Some(error);
    }

    pub(crate) fn recover(&self) {
        self.script.lock().unwrap().otherwise = None;
    }

    /// Lets no request end until `let_through`.
    pub(crate) fn close_gate(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn let_through(&self, requests: usize) {
        self.gate.add_permits(requests);
    }

    /// Items of each request taken, in order.
    pub(crate) fn items(&self) -> Vec<usize> {
        self.taken().iter().map(Batch::items).collect()
    }

    pub(crate) fn taken(&self) -> Vec<Batch> {
        self.script.lock().unwrap().taken.clone()
    }

    /// The bytes of all requests taken, one after the other.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for batch in self.taken() {
            batch.payload().put_into(&mut all);
        }
        all
    }

    /// Items of each request offered, in order.
    pub(crate) fn offered(&self) -> Vec<usize> {
        self.script.lock().unwrap().offered.clone()
    }

    /// The segments of the requests that each merged request was made of, in order.
    pub(crate) fn merged(&self) -> Vec<Vec<usize>> {
        self.script.lock().unwrap().merged.clone()
    }

    pub(crate) fn calls(&self) -> usize {
        self.script.lock().unwrap().calls.len()
    }

    /// When each request came, since the first.
    pub(crate) fn times(&self) -> Vec<Duration> {
        let calls = &self.script.lock().unwrap().calls;
        calls.iter().map(|call| *call - calls[0]).collect()
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.script.lock().unwrap().most_in_flight
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.script.lock().unwrap().closed
    }

    pub(crate) async fn wait_for_calls(&self, calls: usize) {
        loop {
            let called = self.called.notified();
            if self.calls() >= calls {
                return;
            }
            called.await;
        }
    }
}

struct InFlight<'a>(&'a Backend);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.script.lock().unwrap().in_flight -= 1;
    }
}

#[async_trait]
impl Pusher for Backend {
    async fn push(&self, batch: &Batch, _: Option<Duration>) -> Result<Sent, ConsumeError> {
        {
            let mut script = self.script.lock().unwrap();
            script.calls.push(Instant::now());
            script.offered.push(batch.items());
            script.in_flight += 1;
            script.most_in_flight = script.most_in_flight.max(script.in_flight);
        }
        let _in_flight = InFlight(self);
        self.called.notify_waiters();
        self.gate.acquire().await.unwrap().forget();
        let answer = {
            let mut script = self.script.lock().unwrap();
            let otherwise = script.otherwise;
            let answer = script.answers.pop_front();
            answer.unwrap_or_else(|| otherwise.map_or(Answer::Take, |error| Answer::Fail(error())))
        };
        let take = |batch: Batch| self.script.lock().unwrap().taken.push(batch);
        match answer {
            Answer::Take => {
                take(batch.clone());
                Ok(Sent::complete())
            }
            Answer::Partial(rejected, message) => {
                take(batch.clone());
                let message = message.to_owned();
                Ok(Sent {
                    partial: Some(PartialSuccess { rejected, message }),
                    ..Sent::complete()
                })
            }
            Answer::Fail(error) => Err(error),
            Answer::TakeSome(items, error) => {
                let mut rest = batch.clone();
                take(rest.take_front(items).unwrap());
                Err(error.with_undelivered(rest))
            }
            Answer::Hang => std::future::pending().await,
        }
    }

    async fn push_merged(
        &self,
        batch: &Batch,
        segments: &[usize],
        timeout: Option<Duration>,
    ) -> Result<Sent, ConsumeError> {
        self.script.lock().unwrap().merged.push(segments.to_vec());
        self.push(batch, timeout).await
    }

    async fn shutdown(&self, _: std::time::Instant) -> Result<(), ComponentError> {
        self.script.lock().unwrap().closed = true;
        Ok(())
    }
}

pub(crate) fn unavailable() -> ConsumeError {
    ConsumeError::retryable("backend is down", None)
}

pub(crate) fn permanent() -> ConsumeError {
    ConsumeError::permanent("bad data")
}

/// A queue with one consumer, so that the order is known.
pub(crate) fn queue(queue_size: u64) -> SendingQueueConfig {
    SendingQueueConfig {
        queue_size,
        num_consumers: 1,
        ..SendingQueueConfig::default()
    }
}

pub(crate) fn batching(min_size: u64, max_size: u64) -> SendingQueueConfig {
    SendingQueueConfig {
        batch: Optional::Some(QueueBatchConfig {
            min_size,
            max_size,
            ..QueueBatchConfig::default()
        }),
        ..queue(1000)
    }
}

pub(crate) fn no_retry() -> RetryConfig {
    RetryConfig {
        enabled: false,
        ..RetryConfig::default()
    }
}

/// A started exporter in front of a backend. Waits between attempts are not randomised.
pub(crate) struct Setup {
    pub(crate) environment: Environment,
    pub(crate) exporter: Arc<dyn Exporter>,
    pub(crate) backend: Backend,
    generator: Generator,
    /// What the exporter took, in order.
    accepted: Vec<u8>,
}

impl Setup {
    pub(crate) async fn new(queue: Option<SendingQueueConfig>, retry: RetryConfig) -> Self {
        Self::with(queue, |exporting| exporting.retry(&retry), host()).await
    }

    pub(crate) async fn with(
        queue: Option<SendingQueueConfig>,
        compose: impl FnOnce(Exporting) -> Exporting,
        host: Host,
    ) -> Self {
        let environment = environment();
        let backend = Backend::new();
        let id = "otlp".parse().unwrap();
        let settings = environment.signal_settings(ComponentKind::Exporter, &id, Signal::Traces);
        settings
            .status
            .report(headwater_core::status::Status::Starting);
        let exporting = Exporting::new(settings, backend.clone())
            .queue(&queue.map_or(Optional::None, Optional::Some))
            .jitter(Jitter::new(|| 0.5));
        let exporter = compose(exporting).build().unwrap();
        exporter.start(&host).await.unwrap();
        Self {
            environment,
            exporter,
            backend,
            generator: Generator::new(7),
            accepted: Vec::new(),
        }
    }

    pub(crate) fn request(&mut self, items: usize) -> Batch {
        let bytes = self.generator.request(Signal::Traces, Shape::of(items));
        let ticket = self.environment.budget.charge(bytes.len());
        let bytes = headwater_core::bytes::Bytes::from(bytes);
        Batch::new(Signal::Traces, bytes, items).with_ticket(ticket)
    }

    pub(crate) async fn send(&mut self, items: usize) -> Result<(), ConsumeError> {
        let batch = self.request(items);
        let mut bytes = batch.payload().to_contiguous().to_vec();
        let result = self.exporter.consume(batch).await;
        if result.is_ok() {
            self.accepted.append(&mut bytes);
        }
        result
    }

    /// Lets every task that can go on go on, without moving the clock.
    pub(crate) async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn stop(&self) {
        self.stop_within(Duration::from_secs(5)).await;
    }

    pub(crate) async fn stop_within(&self, time: Duration) {
        let deadline = Instant::now() + time;
        self.exporter.shutdown(deadline.into_std()).await.unwrap();
    }

    pub(crate) fn metric(&self, name: &str) -> f64 {
        metric(&self.environment, &format!("otelcol_exporter_{name}"))
    }

    pub(crate) fn ledger(&self) -> headwater_core::ledger::Balance {
        let mut balances = self.environment.ledger.balances();
        balances.pop_first().unwrap().1
    }

    pub(crate) fn status(&self) -> headwater_core::status::Status {
        let statuses = self.environment.statuses.snapshot();
        statuses.values().next().unwrap().status
    }

    pub(crate) fn assert_balanced(&self) {
        assert_eq!(self.ledger().imbalance(), 0, "{:?}", self.ledger());
    }

    /// Everything that was taken has arrived, in order, once, and nothing is held any more.
    pub(crate) fn assert_delivered(&self) {
        assert!(self.backend.bytes() == self.accepted, "lost or reordered");
        self.assert_empty();
    }

    /// Nothing is held, in the books, in the queue, or of the budget by the exporter.
    pub(crate) fn assert_empty(&self) {
        self.assert_balanced();
        assert_eq!(self.ledger().held, 0);
        assert_eq!(self.metric("in_flight_requests"), 0.0);
        assert_eq!(self.metric("queue_size"), 0.0);
        let kept: usize = self
            .backend
            .taken()
            .iter()
            .map(|b| b.ticket().bytes())
            .sum();
        assert!(self.environment.budget.held() <= kept, "a ticket leaks");
    }
}

/// Log lines of the calling thread: `LEVEL message key=value …`.
#[derive(Clone, Default)]
pub(crate) struct Logs(Arc<Mutex<Vec<String>>>);

impl Logs {
    /// Records until the guard is dropped.
    pub(crate) fn record() -> (Self, tracing::subscriber::DefaultGuard) {
        let logs = Self::default();
        let recording = Recording {
            logs: logs.clone(),
            spans: AtomicUsize::new(0),
        };
        (logs, tracing::subscriber::set_default(recording))
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

struct Recording {
    logs: Logs,
    spans: AtomicUsize,
}

struct Line {
    message: String,
    fields: String,
}

impl tracing::field::Visit for Line {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            write!(self.fields, " {}={value:?}", field.name()).unwrap();
        }
    }
}

impl tracing::Subscriber for Recording {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("headwater_exporting")
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        let id = self.spans.fetch_add(1, Ordering::Relaxed) as u64 + 1;
        tracing::span::Id::from_u64(id)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line {
            message: String::new(),
            fields: String::new(),
        };
        event.record(&mut line);
        let level = event.metadata().level();
        let line = format!("{level} {}{}", line.message, line.fields);
        self.logs.0.lock().unwrap().push(line);
    }
}
