//! Measures hubs: OTLP in, three signals at once, each to a backend of its own.

mod backends;
mod slow;
mod table;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::Signal;

use crate::client::Target;
use crate::collector::{Collector, CollectorSpec, fill};
use crate::count::samples;
use crate::encoding::Encoding;
use crate::error::LoadError;
use crate::lineup::Lineup;
use crate::otlp::Protocol;
use crate::payload;
use crate::process;
use crate::report::finish;
use crate::runner::free_ports;
use crate::send::{Plan, Pool, Sent, send};
use crate::{note, print};

use self::backends::Backends;
pub(crate) use self::backends::LogsBy;
use self::table::{Delivery, Sample, table};

/// The configuration for collectors that read otelcol YAML.
const FRAME: &str = include_str!("../scenarios/hub.yaml");

/// Everything the command line decides.
#[derive(Debug)]
pub(crate) struct Hub {
    /// Which collectors, where and how often.
    pub(crate) lineup: Lineup,
    /// How logs travel to Loki.
    pub(crate) logs: LogsBy,
    /// Items per request.
    pub(crate) items: usize,
    /// Items per second of each signal.
    pub(crate) rate: f64,
    /// How long to send.
    pub(crate) duration: Duration,
    /// The signal whose backend is slow.
    pub(crate) slow: Option<Signal>,
    /// What the slow backend takes on a connection. Unit: bytes per second.
    pub(crate) slow_bytes: u32,
    /// How long a collector is left alone between ready and load.
    pub(crate) settle: Duration,
    /// How long nothing must arrive before what is missing counts as lost.
    pub(crate) quiet: Duration,
}

/// One signal of one measurement.
struct Stream<'a> {
    hub: &'a Hub,
    backends: &'a Backends,
    pool: Arc<Pool>,
    address: SocketAddr,
    start: Instant,
}

impl Hub {
    /// Measures every collector and prints the table.
    ///
    /// # Errors
    /// A collector that does not start or dies. What is missing is a figure, not an error.
    pub(crate) async fn run(&self) -> Result<(), LoadError> {
        let folder = self.lineup.begin()?;
        print(format_args!(
            "{:.0} items/s of each signal for {:?}, {} per request, logs by {}; slow: {}",
            self.rate,
            self.duration,
            self.items,
            self.logs.exporter(),
            self.slow.map_or("nobody", Signal::as_str)
        ));
        let measure = async |spec: &CollectorSpec, _| {
            let sample = self.measure(spec, folder.path()).await?;
            note(format_args!("{}: measured", spec.name));
            Ok(sample)
        };
        let rows = self.lineup.measure(&(), measure).await?;
        finish(&table(&rows));
        Ok(())
    }

    /// Starts a collector, loads it with all signals, and stops it.
    async fn measure(&self, spec: &CollectorSpec, folder: &Path) -> Result<Sample, LoadError> {
        let backends = Backends::start(self.logs, self.slow, self.slow_bytes)?;
        let [grpc_in, metrics, ..] = free_ports()?;
        let values = self.values(spec, &backends, (grpc_in, metrics), folder)?;
        let mut collector = Collector::start(spec, &values, &self.lineup.collector_cpus, folder)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, grpc_in));
        collector.ready(address).await?;
        let pid = collector.pid();
        tokio::time::sleep(self.settle).await;
        let idle = process::memory(pid).now;

        let before = process::cpu(pid);
        let start = Instant::now();
        let stream = |signal| -> Result<Stream<'_>, LoadError> {
            let pool = Pool::build(
                Protocol::Grpc,
                signal,
                Encoding::None,
                self.items,
                payload::request,
            )?;
            Ok(Stream {
                hub: self,
                backends: &backends,
                pool: Arc::new(pool),
                address,
                start,
            })
        };
        let [traces, metrics, logs] = Signal::ALL.map(stream);
        let (traces, metrics, logs) = (traces?, metrics?, logs?);
        let (traces, metrics, logs) = tokio::join!(traces.run(), metrics.run(), logs.run());
        collector.alive()?;
        let failed = |error: LoadError| collector.failed(error.to_string());
        let outcomes = [
            traces.map_err(failed)?,
            metrics.map_err(failed)?,
            logs.map_err(failed)?,
        ];
        let cpu = process::cpu(pid) - before;
        let peak = process::memory(pid).peak;
        collector.stop().await;
        if backends.refused() > 0 {
            let count = backends.refused();
            note(format_args!(
                "{}: {count} requests not understood",
                spec.name
            ));
        }
        let accepted: u64 = outcomes.iter().map(|(items, _)| items).sum();
        let millions = accepted.max(1) as f64 / 1e6;
        Ok(Sample {
            cpu: cpu / millions,
            idle: idle as f64,
            peak: peak as f64,
            signals: outcomes.map(|(_, delivery)| delivery),
        })
    }

    /// What the placeholders stand for; writes the configuration.
    fn values(
        &self,
        spec: &CollectorSpec,
        backends: &Backends,
        (grpc_in, metrics): (u16, u16),
        folder: &Path,
    ) -> Result<BTreeMap<&'static str, String>, LoadError> {
        let port = |signal| backends.address(signal).port();
        let values = BTreeMap::from([
            ("grpc_in", grpc_in.to_string()),
            ("metrics", metrics.to_string()),
            ("tempo", port(Signal::Traces).to_string()),
            ("prometheus", port(Signal::Metrics).to_string()),
            ("loki", port(Signal::Logs).to_string()),
            ("logs", self.logs.section(port(Signal::Logs))),
            ("logs_exporter", self.logs.exporter().to_owned()),
        ]);
        let filled = |template: Option<&str>, values: &_| fill(template.unwrap_or(FRAME), values);
        self.lineup
            .configure(spec, "hub.yaml", folder, values, filled)
    }
}

impl Stream<'_> {
    /// Sends the signal and waits until it has arrived, or nothing more does; with what was accepted.
    async fn run(&self) -> Result<(u64, Delivery), LoadError> {
        let signal = self.pool.signal;
        let seconds = self.hub.duration.as_secs_f64();
        let requests = (self.hub.rate * seconds / self.pool.items as f64).ceil();
        let plan = Plan {
            requests: requests as u64,
            connections: 2,
            in_flight: 8,
            rate: Some(self.hub.rate),
            deadline: self.start + self.hub.duration,
        };
        let target = Target::try_new(Protocol::Grpc, self.address, signal, Encoding::None)?;
        // A request may be held back until the collector gives up on its own queue.
        let limit = self.hub.duration * 2 + self.hub.quiet;
        let sending = send(&target, self.address, &self.pool, &plan);
        let Ok(sent) = tokio::time::timeout(limit, sending).await else {
            return Err(LoadError::Usage(format!(
                "does not take the {} in time",
                signal.as_str()
            )));
        };
        let sent = sent?;
        let want = sent.accepted * arrivals(signal, self.hub.items)?;
        let (mut arrived, mut last) = (self.backends.arrived(signal), Instant::now());
        while arrived < want && last.elapsed() < self.hub.quiet && self.hub.slow != Some(signal) {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let now = self.backends.arrived(signal);
            if now != arrived {
                (arrived, last) = (now, Instant::now());
            }
        }
        if let Some(refusal) = &sent.refusal {
            let refused = sent.refused;
            note(format_args!(
                "{}: {refused} refused: {refusal}",
                signal.as_str()
            ));
        }
        let elapsed = last.max(self.start + sent.elapsed) - self.start;
        Ok((
            sent.accepted * self.pool.items,
            delivery(&sent, arrived, want, elapsed),
        ))
    }
}

/// How much a backend counts for one request: spans, records, or the samples that points become.
fn arrivals(signal: Signal, items: usize) -> Result<u64, LoadError> {
    if signal != Signal::Metrics {
        return Ok(items as u64);
    }
    let broken = |error| LoadError::Usage(format!("count the samples of a request: {error}"));
    samples(&payload::request(signal, items, 0)).map_err(broken)
}

fn delivery(sent: &Sent, arrived: u64, want: u64, elapsed: Duration) -> Delivery {
    Delivery {
        rate: arrived as f64 / elapsed.as_secs_f64().max(1e-3),
        ack: sent.percentile(0.99),
        missing: want.cast_signed() - arrived.cast_signed(),
        refused: sent.refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_placeholder_is_left_in_a_configuration() {
        for logs in [LogsBy::Otlp, LogsBy::Loki] {
            let mut values: BTreeMap<_, _> = ["grpc_in", "metrics", "tempo", "prometheus"]
                .map(|name| (name, "1".to_owned()))
                .into();
            values.insert("logs", logs.section(3100));
            values.insert("logs_exporter", logs.exporter().to_owned());
            let config = fill(FRAME, &values);
            assert!(!config.contains("{{"), "{config}");
        }
    }
}
