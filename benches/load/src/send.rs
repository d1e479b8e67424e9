//! The load: a fixed number of pre-encoded requests over some connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use headwater_core::Signal;
use tokio::task::JoinSet;

use crate::client::{Client, Reply, Target};
use crate::encoding::Encoding;
use crate::error::LoadError;
use crate::otlp::{self, Protocol};

/// Different items in a pool: two batches of the usual 8,192, so that a compressor never finds a
/// whole request again in the batch it works on.
const POOL_ITEMS: usize = 16_384;
/// The fewest different requests in a pool.
const POOL_REQUESTS: usize = 4;

/// Requests that are encoded once and sent in turn; the ids of one differ from those of the next.
#[derive(Debug)]
pub(crate) struct Pool {
    /// The signal of every request.
    pub(crate) signal: Signal,
    /// How the bodies are encoded.
    pub(crate) encoding: Encoding,
    /// Items in each request.
    pub(crate) items: u64,
    bodies: Vec<Bytes>,
}

impl Pool {
    /// Requests of `items` items each that `request` makes, compressed and framed.
    ///
    /// # Errors
    /// A compressor that fails.
    pub(crate) fn build(
        protocol: Protocol,
        signal: Signal,
        encoding: Encoding,
        items: usize,
        request: fn(Signal, usize, u64) -> Vec<u8>,
    ) -> Result<Self, LoadError> {
        let count = POOL_ITEMS.div_ceil(items.max(1)).max(POOL_REQUESTS);
        let mut bodies = Vec::with_capacity(count);
        for seed in 0..count {
            let request = request(signal, items, seed as u64);
            let request = encoding
                .compress(request)
                .map_err(LoadError::io("compress requests"))?;
            bodies.push(Bytes::from(match protocol {
                Protocol::Grpc => otlp::frame(&request, encoding != Encoding::None),
                Protocol::Http => request,
            }));
        }
        Ok(Self {
            signal,
            encoding,
            items: items as u64,
            bodies,
        })
    }

    /// The body of request number `index`.
    fn body(&self, index: u64) -> Bytes {
        self.bodies[index as usize % self.bodies.len()].clone()
    }

    /// The mean size of a body. Unit: bytes.
    pub(crate) fn mean_size(&self) -> usize {
        self.bodies.iter().map(Bytes::len).sum::<usize>() / self.bodies.len().max(1)
    }
}

/// How a pool is sent.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Requests in all.
    pub(crate) requests: u64,
    /// Connections, each opened once.
    pub(crate) connections: usize,
    /// Requests without an answer per connection (over HTTP/1.1 this many connections instead).
    pub(crate) in_flight: usize,
    /// Items per second at most; closed loop without.
    pub(crate) rate: Option<f64>,
    /// When to give up on requests that a collector keeps asking to be sent again.
    pub(crate) deadline: Instant,
}

/// What became of the requests of a [`Plan`].
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// Requests that were accepted.
    pub(crate) accepted: u64,
    /// Requests that were refused or given up on.
    pub(crate) refused: u64,
    /// How often a collector asked to be sent something again.
    pub(crate) retries: u64,
    /// What the first refusal said.
    pub(crate) refusal: Option<String>,
    /// From sending to the answer, for accepted requests, sorted. Unit: microseconds.
    pub(crate) latencies: Vec<u32>,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
}

impl Sent {
    /// The latency that `share` (0 to 1) of the accepted requests stayed below. Unit: milliseconds.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        f64::from(self.latencies.get(at).copied().unwrap_or(0)) / 1_000.0
    }

    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.retries += other.retries;
        self.refusal = self.refusal.take().or(other.refusal);
        self.latencies.extend(other.latencies);
    }
}

/// Sends what `plan` says to `target`. Refused requests are counted, not sent again; after 100 of
/// them a worker stops.
///
/// # Errors
/// A connection that cannot be opened or breaks.
pub(crate) async fn send(
    target: &Target,
    address: std::net::SocketAddr,
    pool: &Arc<Pool>,
    plan: &Plan,
) -> Result<Sent, LoadError> {
    let mut clients = Vec::new();
    for _ in 0..plan.connections.max(1) {
        let first = Client::connect(target.protocol, address).await?;
        for _ in 1..plan.in_flight.max(1) {
            clients.push(match first.share() {
                Some(client) => client,
                None => Client::connect(target.protocol, address).await?,
            });
        }
        clients.push(first);
    }
    let next = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for client in clients {
        let worker = Worker {
            target: target.clone(),
            pool: Arc::clone(pool),
            plan: plan.clone(),
            next: Arc::clone(&next),
            start,
            sent: Sent::default(),
        };
        workers.spawn(worker.run(client));
    }
    let mut total = Sent::default();
    while let Some(worker) = workers.join_next().await {
        let stopped = |error| LoadError::io("wait for a sender")(std::io::Error::other(error));
        total.add(worker.map_err(stopped)??);
    }
    total.elapsed = start.elapsed();
    total.latencies.sort_unstable();
    Ok(total)
}

/// One request at a time until all are sent.
struct Worker {
    target: Target,
    pool: Arc<Pool>,
    plan: Plan,
    next: Arc<AtomicU64>,
    start: Instant,
    sent: Sent,
}

impl Worker {
    async fn run(mut self, mut client: Client) -> Result<Sent, LoadError> {
        while self.sent.refused < 100 {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.plan.requests {
                break;
            }
            if let Some(rate) = self.plan.rate {
                let due = Duration::from_secs_f64((index * self.pool.items) as f64 / rate);
                tokio::time::sleep_until((self.start + due).into()).await;
            }
            self.request(&mut client, index).await?;
        }
        Ok(self.sent)
    }

    /// Sends request `index` until it is accepted, refused, or the deadline has passed.
    async fn request(&mut self, client: &mut Client, index: u64) -> Result<(), LoadError> {
        let mut pause = Duration::from_millis(5);
        loop {
            let start = Instant::now();
            match client.send(&self.target, self.pool.body(index)).await? {
                Reply::Accepted => {
                    self.sent.accepted += 1;
                    let micros = start.elapsed().as_micros();
                    self.sent
                        .latencies
                        .push(u32::try_from(micros).unwrap_or(u32::MAX));
                    return Ok(());
                }
                Reply::Refused(why) => {
                    self.sent.refused += 1;
                    self.sent.refusal.get_or_insert(why);
                    return Ok(());
                }
                Reply::Retry(_) if Instant::now() >= self.plan.deadline => {
                    self.sent.refused += 1;
                    self.sent
                        .refusal
                        .get_or_insert("asked to retry until the deadline".into());
                    return Ok(());
                }
                Reply::Retry(after) => {
                    self.sent.retries += 1;
                    tokio::time::sleep(after.unwrap_or(pause)).await;
                    pause = (pause * 2).min(Duration::from_millis(100));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload;
    use crate::sink::Sink;

    #[tokio::test]
    async fn the_sink_counts_what_was_sent_for_every_signal_protocol_and_encoding() {
        let any = ([127, 0, 0, 1], 0).into();
        let sink = Sink::start(any, any, 16_384).unwrap();
        let mut sent_items = [0; 3];
        for signal in Signal::ALL {
            for protocol in [Protocol::Grpc, Protocol::Http] {
                for encoding in [Encoding::None, Encoding::Gzip, Encoding::Zstd] {
                    let address = if protocol == Protocol::Grpc {
                        sink.grpc
                    } else {
                        sink.http
                    };
                    let pool = Arc::new(
                        Pool::build(protocol, signal, encoding, 60, payload::request).unwrap(),
                    );
                    let target = Target::try_new(protocol, address, signal, encoding).unwrap();
                    let plan = Plan {
                        requests: 20,
                        connections: 2,
                        in_flight: 3,
                        rate: None,
                        deadline: Instant::now() + Duration::from_secs(20),
                    };
                    let sent = send(&target, address, &pool, &plan).await.unwrap();
                    assert_eq!((sent.accepted, sent.refused), (20, 0), "{:?}", sent.refusal);
                    assert_eq!(sent.latencies.len(), 20);
                    sent_items[signal.index()] += 20 * 60;
                    assert_eq!(sink.totals.items(signal), sent_items[signal.index()]);
                }
            }
        }
        assert_eq!(sink.totals.refused(), 0);
    }

    #[tokio::test]
    async fn a_request_that_is_not_otlp_is_refused_and_says_why() {
        let any = ([127, 0, 0, 1], 0).into();
        let sink = Sink::start(any, any, 16_384).unwrap();
        for (protocol, address) in [(Protocol::Grpc, sink.grpc), (Protocol::Http, sink.http)] {
            let target =
                Target::try_new(protocol, address, Signal::Traces, Encoding::None).unwrap();
            let mut client = Client::connect(protocol, address).await.unwrap();
            let reply = client
                .send(&target, Bytes::from_static(b"\x0a\x05no"))
                .await
                .unwrap();
            assert!(
                matches!(&reply, Reply::Refused(why) if why.starts_with("HTTP")),
                "{reply:?}"
            );
        }
        assert_eq!(sink.totals.refused(), 2);
        assert_eq!(sink.totals.requests(), 0);
    }

    #[tokio::test]
    async fn a_rate_holds_the_load_back() {
        let any = ([127, 0, 0, 1], 0).into();
        let sink = Sink::start(any, any, 16_384).unwrap();
        let pool = Pool::build(
            Protocol::Grpc,
            Signal::Logs,
            Encoding::None,
            10,
            payload::request,
        )
        .unwrap();
        let target =
            Target::try_new(Protocol::Grpc, sink.grpc, Signal::Logs, Encoding::None).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let plan = Plan {
            requests: 5,
            connections: 1,
            in_flight: 2,
            rate: Some(100.0),
            deadline,
        };
        let sent = send(&target, sink.grpc, &Arc::new(pool), &plan)
            .await
            .unwrap();
        assert_eq!(sent.accepted, 5);
        // Requests are due at 0, 100, 200, 300 and 400 ms.
        assert!(
            sent.elapsed >= Duration::from_millis(400),
            "{:?}",
            sent.elapsed
        );
    }
}
