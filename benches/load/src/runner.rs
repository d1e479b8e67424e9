//! Measures collectors side by side.

mod table;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::Signal;

use crate::client::Target;
use crate::collector::{Collector, CollectorSpec};
use crate::error::LoadError;
use crate::lineup::Lineup;
use crate::note;
use crate::otlp::Protocol;
use crate::process::{self, Cpu};
use crate::report::finish;
use crate::scenario::Scenario;
use crate::send::{Plan, Pool, Sent, send};
use crate::sink::Sink;

use self::table::{Row, Sample, table};

/// Everything the command line decides about a comparison.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// Which collectors, where and how often.
    pub(crate) lineup: Lineup,
    /// The scenarios.
    pub(crate) scenarios: Vec<&'static Scenario>,
    /// The signals.
    pub(crate) signals: Vec<Signal>,
    /// The sizes of requests. Unit: items.
    pub(crate) items: Vec<usize>,
    /// Items per measurement.
    pub(crate) volume: u64,
    /// Requests per measurement at most, so that small requests do not take all day.
    pub(crate) max_requests: u64,
    /// In and out.
    pub(crate) protocol: Protocol,
    /// See [`Plan::connections`].
    pub(crate) connections: usize,
    /// See [`Plan::in_flight`].
    pub(crate) in_flight: usize,
    /// See [`Plan::rate`].
    pub(crate) rate: Option<f64>,
    /// How long a collector is left alone between ready and load.
    pub(crate) settle: Duration,
    /// How long one measurement may take.
    pub(crate) timeout: Duration,
    /// How long nothing must arrive before what is missing counts as lost.
    pub(crate) quiet: Duration,
    /// The HTTP/2 frame size that the sink offers.
    pub(crate) max_frame: u32,
}

/// One line of the table before it is measured.
struct Case<'a> {
    scenario: &'static Scenario,
    items: usize,
    pool: &'a Arc<Pool>,
}

impl Comparison {
    /// Measures every case on every collector and prints the table; its ratios refer to the
    /// collector `baseline`.
    ///
    /// # Errors
    /// A collector that does not start or dies. Loss is a figure, not an error.
    pub(crate) async fn run(&self, baseline: &str) -> Result<(), LoadError> {
        let folder = self.lineup.begin()?;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let sink = Sink::start(any, any, self.max_frame)?;
        let mut rows = Vec::new();
        for &scenario in &self.scenarios {
            for &signal in &self.signals {
                for &items in &self.items {
                    let pool = Pool::build(
                        self.protocol,
                        signal,
                        scenario.encoding,
                        items,
                        scenario.requests(),
                    )?;
                    let case = Case {
                        scenario,
                        items,
                        pool: &Arc::new(pool),
                    };
                    rows.extend(self.case(&case, &sink, folder.path()).await?);
                }
            }
        }
        finish(&table(&rows, baseline));
        Ok(())
    }

    async fn case(
        &self,
        case: &Case<'_>,
        sink: &Sink,
        folder: &Path,
    ) -> Result<Vec<Row>, LoadError> {
        let protocol = if self.protocol == Protocol::Http {
            " (HTTP)"
        } else {
            ""
        };
        let shown = table::Case {
            scenario: format!("{}{protocol}", case.scenario.name),
            signal: case.pool.signal.as_str(),
            items: case.items,
        };
        let measure = async |spec: &CollectorSpec, _| {
            let sample = self.measure(case, spec, sink, folder).await?;
            note(format_args!(
                "{} {} x {}, {}: {}",
                shown.scenario,
                shown.signal,
                shown.items,
                spec.name,
                sample.summary()
            ));
            Ok(sample)
        };
        self.lineup.measure(&shown, measure).await
    }

    /// Starts a collector, loads it, and stops it.
    async fn measure(
        &self,
        case: &Case<'_>,
        spec: &CollectorSpec,
        sink: &Sink,
        folder: &Path,
    ) -> Result<Sample, LoadError> {
        let ports = free_ports()?;
        let values = self.values(case, spec, sink, ports, folder)?;
        let mut collector = Collector::start(spec, &values, &self.lineup.collector_cpus, folder)?;
        let port = if self.protocol == Protocol::Grpc {
            ports[0]
        } else {
            ports[1]
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let ready = collector.ready(address).await?;
        let pid = collector.pid();

        tokio::time::sleep(self.settle / 2).await;
        let before = (process::exact_cpu(pid), Instant::now());
        tokio::time::sleep(self.settle / 2).await;
        let idle_cpu = process::exact_cpu(pid) - before.0;
        let idle_cpu = idle_cpu / before.1.elapsed().as_secs_f64().max(1e-3) * 100.0;
        let idle = process::memory(pid).now;

        let requests = (self.volume / case.items as u64).clamp(1, self.max_requests.max(1));
        let load = Load {
            case,
            sink,
            protocol: self.protocol,
            address,
        };
        // Connections, heap and code are warm when the clock starts.
        load.run(self, &mut collector, requests.div_ceil(20))
            .await?;
        let loaded = load.run(self, &mut collector, requests).await?;
        let peak = process::memory(pid).peak;
        collector.stop().await;

        let Loaded {
            sent,
            arrived,
            elapsed,
            cpu,
            bytes,
            harness,
        } = loaded;
        if let Some(refusal) = &sent.refusal {
            note(format_args!(
                "{}: {} requests refused: {refusal}",
                spec.name, sent.refused
            ));
        }
        let millions = arrived.max(1) as f64 / 1e6;
        Ok(Sample {
            rate: arrived as f64 / elapsed.as_secs_f64(),
            cpu: cpu / millions,
            idle: idle as f64,
            peak: peak as f64,
            idle_cpu,
            start: ready.as_secs_f64() * 1e3,
            latency: (sent.percentile(0.5), sent.percentile(0.99)),
            out: bytes as f64 / arrived.max(1) as f64,
            lost: (sent.accepted * case.pool.items).cast_signed() - arrived.cast_signed(),
            again: (sent.retries, sent.refused),
            harness: (harness.0 / millions, harness.1 / millions),
        })
    }

    /// What the placeholders of commands and configurations stand for; writes the configuration.
    fn values(
        &self,
        case: &Case<'_>,
        spec: &CollectorSpec,
        sink: &Sink,
        [grpc_in, http_in, metrics, admin]: [u16; 4],
        folder: &Path,
    ) -> Result<BTreeMap<&'static str, String>, LoadError> {
        let exporter = if self.protocol == Protocol::Grpc {
            "otlp_grpc"
        } else {
            "otlp_http"
        };
        let values = BTreeMap::from([
            ("grpc_in", grpc_in.to_string()),
            ("http_in", http_in.to_string()),
            ("metrics", metrics.to_string()),
            ("admin", admin.to_string()),
            ("grpc_out", sink.grpc.port().to_string()),
            ("http_out", sink.http.port().to_string()),
            ("exporter", exporter.to_owned()),
        ]);
        let file = format!("{}.yaml", case.scenario.name);
        let filled = |template: Option<&str>, values: &_| case.scenario.config(template, values);
        self.lineup.configure(spec, &file, folder, values, filled)
    }
}

/// Where a load goes and where it is counted.
struct Load<'a> {
    case: &'a Case<'a>,
    sink: &'a Sink,
    protocol: Protocol,
    address: SocketAddr,
}

/// What one load did.
struct Loaded {
    sent: Sent,
    arrived: u64,
    elapsed: Duration,
    cpu: Cpu,
    bytes: u64,
    harness: (f64, f64),
}

impl Load<'_> {
    /// Sends `requests` requests and waits until their items have arrived, or nothing more does.
    async fn run(
        &self,
        comparison: &Comparison,
        collector: &mut Collector,
        requests: u64,
    ) -> Result<Loaded, LoadError> {
        let pool = self.case.pool;
        let totals = &self.sink.totals;
        let start = Instant::now();
        let deadline = start + comparison.timeout;
        let plan = Plan {
            requests,
            connections: comparison.connections,
            in_flight: comparison.in_flight,
            rate: comparison.rate,
            deadline,
        };
        let target = Target::try_new(self.protocol, self.address, pool.signal, pool.encoding)?;
        let (items, bytes) = (totals.items(pool.signal), totals.bytes());
        let main = process::this_thread();
        let harness = || [main, self.sink.thread].map(|thread| process::thread_cpu(thread).total());
        let (cpu_before, harness_before) = (process::cpu(collector.pid()), harness());

        let sending = send(&target, self.address, pool, &plan);
        let sent = match tokio::time::timeout(comparison.timeout, sending).await {
            Ok(Ok(sent)) => sent,
            Ok(Err(error)) => return Err(collector.failed(error.to_string())),
            Err(_) => return Err(collector.failed("does not take the load in time".to_owned())),
        };
        let want = sent.accepted * pool.items;
        let mut arrived = totals.items(pool.signal) - items;
        let mut last = Instant::now();
        while arrived < want && last.elapsed() < comparison.quiet && Instant::now() < deadline {
            collector.alive()?;
            tokio::time::sleep(Duration::from_millis(2)).await;
            let now = totals.items(pool.signal) - items;
            if now != arrived {
                (arrived, last) = (now, Instant::now());
            }
        }
        let cpu = process::cpu(collector.pid()) - cpu_before;
        let after = harness();
        Ok(Loaded {
            elapsed: last.max(start + sent.elapsed) - start,
            sent,
            arrived,
            cpu,
            bytes: totals.bytes() - bytes,
            harness: (after[0] - harness_before[0], after[1] - harness_before[1]),
        })
    }
}

/// Ports that nobody listens on: gRPC, HTTP, own metrics, and one for whatever else.
///
/// # Errors
/// No more ports.
pub(crate) fn free_ports() -> Result<[u16; 4], LoadError> {
    let bind = || {
        let listeners = [(); 4].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let mut ports = [0; 4];
        // All are held until all are known, or two could be the same.
        for (port, listener) in ports.iter_mut().zip(&listeners) {
            let listener = listener
                .as_ref()
                .map_err(|error| std::io::Error::from(error.kind()))?;
            *port = listener.local_addr()?.port();
        }
        Ok(ports)
    };
    bind().map_err(LoadError::io("find free ports"))
}
