//! Several threads at once: nothing lost, nothing twice, work stays where it came in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use headwater_core::config::Optional;
use headwater_core::{
    Batch, Budget, ComponentKind, ConsumeError, Exporter, Host, Runtime, Signal, Task, TaskFuture,
    Worker, worker,
};
use headwater_exporting::{
    Exporting, Pusher, QueueBatchConfig, RetryConfig, SendingQueueConfig, Sent,
};
use headwater_testkit::{Generator, Shape, environment};
use tokio::sync::{mpsc, oneshot};

/// Threads with a runtime each, as the service has them.
struct Workers(Vec<mpsc::Sender<TaskFuture>>);

impl Workers {
    fn start(count: usize) -> Self {
        let start = |index| {
            let (sender, mut tasks) = mpsc::channel::<TaskFuture>(1000);
            std::thread::spawn(move || {
                worker::enter(index);
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build();
                runtime.unwrap().block_on(async {
                    while let Some(task) = tasks.recv().await {
                        tokio::spawn(task);
                    }
                });
            });
            sender
        };
        Self((0..count).map(start).collect())
    }
}

impl Runtime for Workers {
    fn workers(&self) -> usize {
        self.0.len()
    }

    fn spawn(&self, worker: Worker, task: TaskFuture) -> Task {
        let index = match worker {
            Worker::Current => worker::current(),
            Worker::Index(index) => index,
        };
        let (done, ended) = oneshot::channel();
        let abort = Arc::new(tokio::sync::Notify::new());
        let aborted = Arc::clone(&abort);
        let task = Box::pin(async move {
            tokio::select! {
                () = task => {}
                () = aborted.notified() => {}
            }
            done.send(()).ok();
        });
        assert!(self.0[index].try_send(task).is_ok());
        Task::new(move || abort.notify_one(), async move { drop(ended.await) })
    }
}

/// Fails every third call, and keeps what arrived with the thread that sent it.
#[derive(Clone, Default)]
struct Flaky {
    calls: Arc<AtomicUsize>,
    taken: Arc<Mutex<Vec<(usize, Batch)>>>,
    reliable: bool,
}

#[async_trait]
impl Pusher for Flaky {
    async fn push(&self, batch: &Batch, _: Option<Duration>) -> Result<Sent, ConsumeError> {
        tokio::task::yield_now().await;
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if !self.reliable && call.is_multiple_of(3) {
            return Err(ConsumeError::retryable("busy", None));
        }
        let mut taken = self.taken.lock().unwrap();
        taken.push((worker::current(), batch.clone()));
        Ok(Sent::complete())
    }
}

fn quick_retry() -> RetryConfig {
    RetryConfig {
        initial_interval: Duration::from_millis(1),
        max_interval: Duration::from_millis(1),
        ..RetryConfig::default()
    }
}

/// Sends `requests` from every worker and waits until the senders are done.
async fn send_from_all(host: &Host, exporter: &Arc<dyn Exporter>, requests: usize, signal: Signal) {
    let senders = (0..host.workers()).map(|worker| {
        let exporter = Arc::clone(exporter);
        host.spawn(Worker::Index(worker), async move {
            let mut generator = Generator::new(worker as u64);
            for index in 0..requests {
                let items = index % 7 + 1;
                let bytes = generator.request(signal, Shape::of(items));
                let batch = Batch::new(signal, bytes, items);
                exporter.consume(batch).await.unwrap();
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.join().await;
    }
}

/// How often each record is in the requests of `signal`.
fn records(signal: Signal, batches: impl IntoIterator<Item = Batch>) -> BTreeMap<Vec<u8>, usize> {
    let mut found = BTreeMap::new();
    for batch in batches {
        let pieces = headwater_core::pdata::split_items(signal, batch.payload().clone(), 1);
        for piece in pieces.unwrap() {
            *found
                .entry(piece.payload.into_contiguous().to_vec())
                .or_default() += 1;
        }
    }
    found
}

async fn nothing_is_lost_or_sent_twice(config: SendingQueueConfig) {
    const REQUESTS: usize = 300;
    let signal = Signal::Traces;
    let host = Host::new(
        Arc::new(Workers::start(3)),
        BTreeMap::new(),
        Budget::default(),
        |reason| panic!("{reason}"),
    );
    let environment = environment();
    let id = "otlp".parse().unwrap();
    let settings = environment.signal_settings(ComponentKind::Exporter, &id, signal);
    let backend = Flaky::default();
    let exporter = Exporting::new(settings, backend.clone())
        .queue(&Optional::Some(config))
        .retry(&quick_retry())
        .build()
        .unwrap();
    exporter.start(&host).await.unwrap();
    send_from_all(&host, &exporter, REQUESTS, signal).await;
    // Whatever still waits for a retry when shutdown comes would be given up.
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while environment
        .ledger
        .balances()
        .values()
        .any(|books| books.held != 0)
    {
        assert!(
            std::time::Instant::now() < deadline,
            "{:?}",
            environment.ledger
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    exporter.shutdown(deadline).await.unwrap();

    let sent = (0..3_u64).flat_map(|worker| {
        let mut generator = Generator::new(worker);
        (0..REQUESTS)
            .map(|index| {
                let items = index % 7 + 1;
                Batch::new(signal, generator.request(signal, Shape::of(items)), items)
            })
            .collect::<Vec<_>>()
    });
    let taken = backend.taken.lock().unwrap().clone();
    let arrived = records(signal, taken.into_iter().map(|(_, batch)| batch));
    assert!(
        arrived == records(signal, sent),
        "records were lost or doubled"
    );
    let books = environment.ledger.balances().pop_first().unwrap().1;
    assert_eq!((books.imbalance(), books.held), (0, 0));
    assert_eq!(books.sent, books.received);
}

#[tokio::test]
async fn requests_arrive_once() {
    nothing_is_lost_or_sent_twice(SendingQueueConfig {
        queue_size: 20,
        block_on_overflow: true,
        num_consumers: 7,
        ..SendingQueueConfig::default()
    })
    .await;
}

#[tokio::test]
async fn merged_and_split_requests_arrive_once() {
    nothing_is_lost_or_sent_twice(SendingQueueConfig {
        queue_size: 50,
        block_on_overflow: true,
        batch: Optional::Some(QueueBatchConfig {
            min_size: 11,
            max_size: 13,
            flush_timeout: Duration::from_millis(2),
            ..QueueBatchConfig::default()
        }),
        ..SendingQueueConfig::default()
    })
    .await;
}

#[tokio::test]
async fn a_request_is_sent_by_the_worker_that_received_it() {
    let host = Host::new(
        Arc::new(Workers::start(2)),
        BTreeMap::new(),
        Budget::default(),
        |reason| panic!("{reason}"),
    );
    let environment = environment();
    let id = "otlp".parse().unwrap();
    let settings = environment.signal_settings(ComponentKind::Exporter, &id, Signal::Logs);
    let backend = Flaky {
        reliable: true,
        ..Flaky::default()
    };
    let exporter = Exporting::new(settings, backend.clone())
        .queue(&Optional::Some(SendingQueueConfig::default()))
        .build()
        .unwrap();
    exporter.start(&host).await.unwrap();
    for worker in [1, 0, 1, 1, 0] {
        let sender = Arc::clone(&exporter);
        let send = async move {
            let batch = Batch::new(Signal::Logs, vec![10, 0], worker);
            sender.consume(batch).await.unwrap();
        };
        // Every consumer waits again; one that is just done may take what another was woken for.
        for worker in 0..host.workers() {
            host.spawn(Worker::Index(worker), async {}).join().await;
        }
        let before = backend.taken.lock().unwrap().len();
        host.spawn(Worker::Index(worker), send).join().await;
        while backend.taken.lock().unwrap().len() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    exporter.shutdown(deadline).await.unwrap();
    for (worker, batch) in backend.taken.lock().unwrap().iter() {
        assert_eq!(*worker, batch.items());
    }
}
