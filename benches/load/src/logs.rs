//! Measures collectors that read the log files of pods.

mod lines;
pub(crate) mod loki;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use headwater_core::Signal;

use crate::collector::{Collector, CollectorSpec, fill};
use crate::error::LoadError;
use crate::lineup::Lineup;
use crate::process;
use crate::report::finish;
use crate::runner::free_ports;
use crate::{note, sink};

use self::lines::Kind;
pub(crate) use self::lines::Kind as LineKind;
use self::table::{Case, Row, Sample, table};

/// The configuration for collectors that read otelcol YAML.
const FRAME: &str = include_str!("../scenarios/pod-logs.yaml");

/// Where records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// OTLP/gRPC.
    Otlp,
    /// Loki's push API, by the exporter `loki`.
    Loki,
}

impl Backend {
    const fn exporter(self) -> &'static str {
        match self {
            Self::Otlp => "otlp_grpc",
            Self::Loki => "loki",
        }
    }

    /// The `exporters` section.
    fn section(self, port: u16) -> String {
        // Bounded in bytes: memory shows what a collector needs, not how far its halves drift apart.
        let queue = "    sending_queue:\n      block_on_overflow: true\n      sizer: bytes\n      \
                     queue_size: 10000000\n";
        match self {
            Self::Otlp => format!(
                "  otlp_grpc:\n    endpoint: 127.0.0.1:{port}\n    compression: none\n    \
                 tls:\n      insecure: true\n    retry_on_failure:\n      max_elapsed_time: 0\n{queue}"
            ),
            Self::Loki => {
                format!("  loki:\n    endpoint: http://127.0.0.1:{port}/loki/api/v1/push\n{queue}")
            }
        }
    }
}

/// What counts arrivals.
enum Counter {
    Otlp(sink::Sink),
    Loki(loki::Sink),
}

/// What has arrived: records, body bytes, requests that could not be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) refused: u64,
}

impl Counter {
    fn start(backend: Backend, port: u16) -> Result<Self, LoadError> {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(match backend {
            Backend::Otlp => Self::Otlp(sink::Sink::start(local(port), local(0), 16_384)?),
            Backend::Loki => Self::Loki(loki::Sink::start(local(port))?),
        })
    }

    fn arrived(&self) -> Arrived {
        match self {
            Self::Otlp(sink) => Arrived {
                records: sink.totals.items(Signal::Logs),
                bytes: sink.totals.bytes(),
                refused: sink.totals.refused(),
            },
            Self::Loki(sink) => sink.arrived(),
        }
    }
}

/// Everything the command line decides.
#[derive(Debug)]
pub(crate) struct Logs {
    /// Which collectors, where and how often.
    pub(crate) lineup: Lineup,
    /// What lines look like, and what is done with them.
    pub(crate) kinds: Vec<Kind>,
    /// Where records go.
    pub(crate) backend: Backend,
    /// How many files there are.
    pub(crate) files: usize,
    /// Lines in all files together.
    pub(crate) lines: u64,
    /// How long the backend is not there at first.
    pub(crate) down: Duration,
    /// How long to watch a collector that has nothing to do.
    pub(crate) idle: Duration,
    /// How long one measurement may take.
    pub(crate) timeout: Duration,
    /// How long to wait for what is missing.
    pub(crate) quiet: Duration,
}

impl Logs {
    /// Measures every collector and prints the table.
    ///
    /// # Errors
    /// A collector that does not start or dies. What is missing is a figure, not an error.
    pub(crate) async fn run(&self) -> Result<(), LoadError> {
        let folder = self.lineup.begin()?;
        let mut rows = Vec::new();
        for kind in &self.kinds {
            let logs = folder.path().join(kind.name());
            let bytes = lines::write(&logs, *kind, self.files, self.lines)?;
            note(format_args!(
                "{}: {} lines, {bytes} bytes",
                kind.name(),
                self.lines
            ));
            rows.extend(self.case(*kind, &logs, bytes, folder.path()).await?);
            fs::remove_dir_all(&logs).map_err(LoadError::io("remove the log files"))?;
        }
        finish(&table(&rows));
        Ok(())
    }

    /// Measures every collector on one set of files.
    async fn case(
        &self,
        kind: Kind,
        logs: &Path,
        bytes: u64,
        folder: &Path,
    ) -> Result<Vec<Row>, LoadError> {
        let case = Case {
            shape: format!("{} in {} files", self.lines, self.files),
            kind: format!("{} to {}", kind.name(), self.backend.exporter()),
        };
        let measure = async |spec: &CollectorSpec, before: usize| {
            let place = folder.join(format!("{}-{before}", kind.name()));
            fs::create_dir(&place).map_err(LoadError::io("create a folder"))?;
            let sample = self.measure(spec, kind, logs, bytes, &place).await?;
            note(format_args!("{}: {}", spec.name, sample.summary()));
            Ok(sample)
        };
        self.lineup.measure(&case, measure).await
    }

    /// Starts a collector, lets it read everything, and stops it.
    async fn measure(
        &self,
        spec: &CollectorSpec,
        kind: Kind,
        logs: &Path,
        bytes: u64,
        place: &Path,
    ) -> Result<Sample, LoadError> {
        let [metrics, port, ..] = free_ports()?;
        let values = self.values(spec, kind, logs, (metrics, port), place)?;
        let early = if self.down.is_zero() {
            Some(Counter::start(self.backend, port)?)
        } else {
            None
        };
        let mut collector = Collector::start(spec, &values, &self.lineup.collector_cpus, place)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, metrics));
        collector.ready(address).await?;
        let pid = collector.pid();
        let counter = match early {
            Some(counter) => counter,
            None => {
                tokio::time::sleep(self.down).await;
                Counter::start(self.backend, port)?
            }
        };
        let down_peak = process::memory(pid).peak;
        let begin = Instant::now();
        let mut last = (begin, 0);
        loop {
            collector.alive()?;
            let records = counter.arrived().records;
            if records != last.1 {
                last = (Instant::now(), records);
            }
            let over = records >= self.lines || last.0.elapsed() >= self.quiet;
            if over || begin.elapsed() >= self.timeout {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let (cpu, memory) = (process::cpu(pid), process::memory(pid));
        let (seconds, records) = ((last.0 - begin).as_secs_f64(), last.1);
        let (idle_cpu, idle_memory) = self.idle(pid).await;
        collector.alive()?;
        let arrived = counter.arrived();
        collector.stop().await;
        let millions = records.max(1) as f64 / 1e6;
        Ok(Sample {
            rate: records as f64 / seconds.max(0.001),
            cpu: cpu / millions,
            megabytes: bytes as f64 / 1e6 / cpu.total().max(0.01),
            peak: memory.peak as f64,
            down_peak: if self.down.is_zero() {
                0.0
            } else {
                down_peak as f64
            },
            idle_cpu,
            idle_memory,
            out: arrived.bytes as f64 / arrived.records.max(1) as f64,
            missing: self.lines.cast_signed() - arrived.records.cast_signed(),
            refused: arrived.refused,
        })
    }

    /// The share of a CPU and the memory of a collector that has nothing to do.
    async fn idle(&self, pid: u32) -> (f64, f64) {
        if self.idle.is_zero() {
            return (0.0, 0.0);
        }
        // What has just been read is still being closed and written down.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let before = process::exact_cpu(pid);
        let begin = Instant::now();
        tokio::time::sleep(self.idle).await;
        let used = process::exact_cpu(pid) - before;
        let memory = process::memory(pid).now as f64;
        (used / begin.elapsed().as_secs_f64(), memory)
    }

    /// What the placeholders stand for; writes the configuration.
    fn values(
        &self,
        spec: &CollectorSpec,
        kind: Kind,
        logs: &Path,
        (metrics, port): (u16, u16),
        place: &Path,
    ) -> Result<BTreeMap<&'static str, String>, LoadError> {
        let values = BTreeMap::from([
            ("logs", logs.display().to_string()),
            ("operators", kind.operators().to_owned()),
            ("exporter", self.backend.exporter().to_owned()),
            ("exporters", self.backend.section(port)),
            ("metrics", metrics.to_string()),
            ("sink_port", port.to_string()),
            ("folder", place.display().to_string()),
        ]);
        let filled = |template: Option<&str>, values: &_| fill(template.unwrap_or(FRAME), values);
        self.lineup
            .configure(spec, "pod-logs.yaml", place, values, filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_placeholder_is_left_in_a_configuration() {
        let names = [
            "logs",
            "operators",
            "exporter",
            "exporters",
            "metrics",
            "folder",
        ];
        let config = fill(FRAME, &names.map(|name| (name, "1".to_owned())).into());
        assert!(!config.contains("{{"), "{config}");
    }
}
