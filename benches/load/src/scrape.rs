//! Measures collectors that scrape Prometheus targets and write what they find by remote write.

mod exposition;
mod received;
mod server;
pub(crate) mod sink;
mod table;
mod target;

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use crate::collector::{Collector, CollectorSpec, fill};
use crate::error::LoadError;
use crate::lineup::Lineup;
use crate::note;
use crate::process::{self, Cpu};
use crate::report::finish;
use crate::runner::free_ports;

pub(crate) use self::server::{Server, on_a_thread};
use self::sink::Sink;
use self::table::{Sample, table};
use self::target::Targets;

/// The configuration for collectors that read otelcol YAML.
const FRAME: &str = include_str!("../scenarios/scrape.yaml");

/// Everything the command line decides.
#[derive(Debug)]
pub(crate) struct Scrape {
    /// Which collectors, where and how often.
    pub(crate) lineup: Lineup,
    /// How many targets there are.
    pub(crate) targets: usize,
    /// Series of each target.
    pub(crate) series: usize,
    /// The scrape interval.
    pub(crate) interval: Duration,
    /// How long to scrape before the clock starts.
    pub(crate) warm_up: Duration,
    /// How long to measure.
    pub(crate) duration: Duration,
}

impl Scrape {
    /// Measures every collector and prints the table.
    ///
    /// # Errors
    /// A collector that does not start or dies. What is missing is a figure, not an error.
    pub(crate) async fn run(&self) -> Result<(), LoadError> {
        let folder = self.lineup.begin()?;
        let shape = format!(
            "{} x {} every {} s",
            self.targets,
            self.series,
            self.interval.as_secs_f64()
        );
        let measure = async |spec: &CollectorSpec, before: usize| {
            let place = folder.path().join(before.to_string());
            fs::create_dir(&place).map_err(LoadError::io("create a folder"))?;
            let sample = self.measure(spec, &place).await?;
            note(format_args!("{}: {}", spec.name, sample.summary()));
            Ok(sample)
        };
        let rows = self.lineup.measure(&shape, measure).await?;
        finish(&table(&rows));
        Ok(())
    }

    /// Starts a collector, lets it scrape, and stops it.
    async fn measure(&self, spec: &CollectorSpec, folder: &Path) -> Result<Sample, LoadError> {
        // Fresh ones, so that nothing of the collector before is counted.
        let targets = Targets::start(self.targets, self.series)?;
        let sink = Sink::start()?;
        let [metrics, ..] = free_ports()?;
        let values = self.values(spec, &targets, &sink, metrics, folder)?;
        let mut collector = Collector::start(spec, &values, &self.lineup.collector_cpus, folder)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, metrics));
        collector.ready(address).await?;
        let pid = collector.pid();

        tokio::time::sleep(self.warm_up).await;
        let early = Snapshot::take(pid, &targets, &sink);
        targets.forget_times();
        tokio::time::sleep(self.duration).await;
        collector.alive()?;
        let late = Snapshot::take(pid, &targets, &sink);
        let lateness = targets.lateness(self.interval);
        // What was scraped last may still be on its way.
        let patience = self.interval.max(Duration::from_secs(6));
        let scrapes = late.scrapes;
        let want = scrapes * self.series as u64;
        let waited = tokio::time::Instant::now();
        while sink.totals().samples < want && waited.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let arrived = sink.totals();
        // The targets go on being scraped while we wait; nothing of that is missing.
        let missing = want.saturating_sub(arrived.samples);
        collector.stop().await;

        let samples = late.arrived - early.arrived;
        let millions = samples.max(1) as f64 / 1e6;
        let cpu = late.cpu - early.cpu;
        Ok(Sample {
            rate: samples as f64 / self.duration.as_secs_f64(),
            cpu: cpu / millions,
            resident: (early.memory.now as f64, late.memory.now as f64),
            peak: late.memory.peak as f64,
            per_series: late.memory.now as f64 / (self.targets * self.series) as f64,
            sockets: (early.sockets, late.sockets),
            lateness,
            bytes: (late.bytes - early.bytes) as f64 / samples.max(1) as f64,
            missing,
            refused: arrived.refused,
        })
    }

    /// What the placeholders stand for; writes the configuration.
    fn values(
        &self,
        spec: &CollectorSpec,
        targets: &Targets,
        sink: &Sink,
        metrics: u16,
        folder: &Path,
    ) -> Result<BTreeMap<&'static str, String>, LoadError> {
        let names: Vec<String> = (0..self.targets).map(|n| format!("\"t{n}:80\"")).collect();
        let values = BTreeMap::from([
            ("interval", format!("{}ms", self.interval.as_millis())),
            ("targets", format!("[{}]", names.join(", "))),
            ("target_port", targets.address().port().to_string()),
            ("sink_port", sink.address().port().to_string()),
            ("metrics", metrics.to_string()),
            ("folder", folder.display().to_string()),
        ]);
        let filled = |template: Option<&str>, values: &_| fill(template.unwrap_or(FRAME), values);
        self.lineup
            .configure(spec, "scrape.yaml", folder, values, filled)
    }
}

/// The state of everything at one moment.
struct Snapshot {
    cpu: Cpu,
    memory: process::Memory,
    sockets: usize,
    scrapes: u64,
    arrived: u64,
    bytes: u64,
}

impl Snapshot {
    fn take(pid: u32, targets: &Targets, sink: &Sink) -> Self {
        let totals = sink.totals();
        Self {
            cpu: process::cpu(pid),
            memory: process::memory(pid),
            sockets: process::sockets(pid),
            scrapes: targets.scrapes(),
            arrived: totals.samples,
            bytes: totals.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_placeholder_is_left_in_a_configuration() {
        let names = ["interval", "targets", "target_port", "sink_port", "metrics"];
        let values = names.map(|name| (name, "1".to_owned())).into();
        for template in [FRAME, include_str!("../scenarios/prometheus/scrape.yaml")] {
            let config = fill(template, &values);
            assert!(!config.contains("{{"), "{config}");
        }
    }
}
