//! The table.

use headwater_core::Signal;

use crate::process::Cpu;
use crate::report::{MIB, median};

/// What became of one signal in one measurement.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Delivery {
    /// Spans, samples or records that arrived per second, from the first request to the last arrival.
    pub(super) rate: f64,
    /// The 99th percentile of the time to an answer. Unit: milliseconds.
    pub(super) ack: f64,
    /// What was accepted and never arrived.
    pub(super) missing: i64,
    /// Requests that were refused or given up on.
    pub(super) refused: u64,
}

/// One measurement of one collector.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    /// CPU seconds per million items that were accepted.
    pub(super) cpu: Cpu,
    /// Resident memory before the load. Unit: bytes.
    pub(super) idle: f64,
    /// The most resident memory. Unit: bytes.
    pub(super) peak: f64,
    /// By signal, in the order of [`Signal::ALL`].
    pub(super) signals: [Delivery; 3],
}

/// All measurements of one collector.
#[derive(Debug)]
pub(super) struct Row {
    /// The collector's name.
    pub(super) collector: String,
    /// One per repetition.
    pub(super) samples: Vec<Sample>,
}

const HEADER: &str = "\
| collector | CPU-s/M | user | system | ratio | idle MiB | peak MiB | ratio \
| spans, samples, records /s | ack p99 ms | missing | refused |
|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// The table as Markdown: medians and, for what is missing, sums. Ratios are to the first collector.
pub(super) fn table(rows: &[Row]) -> String {
    rows.iter()
        .fold(HEADER.to_owned(), |table, row| table + &row.line(&rows[0]))
}

impl Row {
    fn line(&self, first: &Self) -> String {
        let ratio = |of: fn(&Sample) -> f64| self.median(of) / first.median(of);
        let each = |cell: &dyn Fn(usize) -> String| {
            let cells = Signal::ALL.map(|signal| cell(signal.index()));
            cells.join(", ")
        };
        let cells = [
            self.collector.clone(),
            format!("{:.3}", self.median(|s| s.cpu.total())),
            format!("{:.3}", self.median(|s| s.cpu.user)),
            format!("{:.3}", self.median(|s| s.cpu.system)),
            format!("{:.3}", ratio(|s| s.cpu.total())),
            format!("{:.1}", self.median(|s| s.idle) / MIB),
            format!("{:.1}", self.median(|s| s.peak) / MIB),
            format!("{:.3}", ratio(|s| s.peak)),
            each(&|n| format!("{:.0}", self.median(|s| s.signals[n].rate))),
            each(&|n| format!("{:.1}", self.median(|s| s.signals[n].ack))),
            each(&|n| {
                let missing = self.samples.iter().map(|s| s.signals[n].missing);
                missing.sum::<i64>().to_string()
            }),
            each(&|n| {
                let refused = self.samples.iter().map(|s| s.signals[n].refused);
                refused.sum::<u64>().to_string()
            }),
        ];
        format!("| {} |\n", cells.join(" | "))
    }

    fn median(&self, value: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_refer_to_the_first_collector_and_losses_add_up() {
        let row = |collector: &str, user: f64| {
            let mut sample = Sample {
                cpu: Cpu { user, system: 0.0 },
                peak: user * MIB,
                ..Sample::default()
            };
            sample.signals[Signal::Metrics.index()].missing = 3;
            Row {
                collector: collector.to_owned(),
                samples: vec![sample; 2],
            }
        };
        let table = table(&[row("go", 8.0), row("x", 2.0)]);
        let cells: Vec<Vec<&str>> = table
            .lines()
            .skip(2)
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        assert_eq!((cells[0][4], cells[1][4]), ("1.000", "0.250"));
        assert_eq!((cells[1][6], cells[1][7]), ("2.0", "0.250"));
        assert_eq!(cells[1][10], "0, 6, 0");
        let columns = |line: &str| line.matches('|').count();
        let header = columns(HEADER.lines().next().unwrap());
        assert!(table.lines().all(|line| columns(line) == header));
    }
}
