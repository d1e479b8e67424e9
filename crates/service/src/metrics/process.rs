//! Metrics of the process itself. Source: Go `service/internal/proctelemetry`.

use std::fs;
use std::time::Instant;

use headwater_core::telemetry::{Instrument, InstrumentKind, Level, Observation, Telemetry};

use crate::memory;

/// Clock ticks per second in /proc: fixed for programs, whatever the kernel uses.
const TICKS_PER_SECOND: f64 = 100.0;

const fn instrument(
    name: &'static str,
    description: &'static str,
    unit: &'static str,
    kind: InstrumentKind,
) -> Instrument {
    Instrument {
        name,
        description,
        unit,
        kind,
        level: Level::Basic,
    }
}

const UPTIME: Instrument = instrument(
    "otelcol_process_uptime",
    "Uptime of the process",
    "s",
    InstrumentKind::Counter,
);
const CPU: Instrument = instrument(
    "otelcol_process_cpu_seconds",
    "Total CPU user and system time in seconds",
    "s",
    InstrumentKind::Counter,
);
const RSS: Instrument = instrument(
    "otelcol_process_memory_rss",
    "Total physical memory (resident set size)",
    "By",
    InstrumentKind::Gauge,
);
const HEAP: Instrument = instrument(
    "otelcol_process_runtime_heap_alloc_bytes",
    "Bytes of allocated heap objects",
    "By",
    InstrumentKind::Gauge,
);
const TOTAL: Instrument = instrument(
    "otelcol_process_runtime_total_alloc_bytes",
    "Cumulative bytes allocated for heap objects",
    "By",
    InstrumentKind::Counter,
);
const SYSTEM: Instrument = instrument(
    "otelcol_process_runtime_total_sys_memory_bytes",
    "Total bytes of memory obtained from the OS",
    "By",
    InstrumentKind::Gauge,
);

/// Keeps the series of the process alive.
#[derive(Debug)]
pub(crate) struct ProcessMetrics {
    _series: Vec<Observation>,
}

impl ProcessMetrics {
    /// Registers what this platform can tell. The process counts as started now.
    pub(crate) fn register(telemetry: &Telemetry) -> Self {
        let start = Instant::now();
        let mut series =
            vec![telemetry.observe(UPTIME, Vec::new(), move || start.elapsed().as_secs_f64())];
        if cpu_seconds().is_some() {
            let value = || cpu_seconds().unwrap_or_default();
            series.push(telemetry.observe(CPU, Vec::new(), value));
        }
        if memory::resident().is_some() {
            let value = || memory::resident().unwrap_or_default() as f64;
            series.push(telemetry.observe(RSS, Vec::new(), value));
        }
        if let Some(heap) = memory::heap() {
            let read = || memory::heap().unwrap_or_default();
            series.push(telemetry.observe(HEAP, Vec::new(), move || read().allocated as f64));
            series.push(telemetry.observe(SYSTEM, Vec::new(), move || read().system as f64));
            if heap.total_allocated.is_some() {
                let value = move || read().total_allocated.unwrap_or_default() as f64;
                series.push(telemetry.observe(TOTAL, Vec::new(), value));
            }
        }
        Self { _series: series }
    }
}

/// CPU time of all threads, user and system.
fn cpu_seconds() -> Option<f64> {
    parse_cpu_seconds(&fs::read_to_string("/proc/self/stat").ok()?)
}

fn parse_cpu_seconds(stat: &str) -> Option<f64> {
    // The program's name stands in brackets and may itself hold blanks and brackets.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_program_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 6 7 20 0 1 0 9 10";
        assert_eq!(parse_cpu_seconds(stat), Some(2.0));
        assert_eq!(parse_cpu_seconds("7 (a"), None);
    }

    #[test]
    fn the_series_end_with_their_owner() {
        let telemetry = Telemetry::default();
        let process = ProcessMetrics::register(&telemetry);
        let names = || -> Vec<_> {
            let families = telemetry.snapshot(Level::Basic);
            families
                .iter()
                .map(|family| family.instrument.name)
                .collect()
        };
        assert!(names().contains(&"otelcol_process_uptime"));
        drop(process);
        assert!(names().is_empty());
    }
}
