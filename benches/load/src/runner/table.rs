//! The table.

use crate::process::Cpu;
use crate::report::{self, Column, MIB};

/// One measurement of one collector.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// Items that arrived per second of wall-clock time.
    pub(crate) rate: f64,
    /// CPU seconds per million items that arrived.
    pub(crate) cpu: Cpu,
    /// Resident memory before the load. Unit: bytes.
    pub(crate) idle: f64,
    /// The most resident memory so far. Unit: bytes.
    pub(crate) peak: f64,
    /// Share of one CPU while idle. Unit: percent.
    pub(crate) idle_cpu: f64,
    /// From start to the first accepted connection. Unit: milliseconds.
    pub(crate) start: f64,
    /// The median and the 99th percentile of the time to an answer. Unit: milliseconds.
    pub(crate) latency: (f64, f64),
    /// Body bytes per item that left.
    pub(crate) out: f64,
    /// Accepted items that never arrived; negative if some arrived twice.
    pub(crate) lost: i64,
    /// Requests that were sent again, and that were refused.
    pub(crate) again: (u64, u64),
    /// What the generator and the sink themselves cost per million items.
    pub(crate) harness: (f64, f64),
}

/// What the measurements of a row are of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Case {
    /// The scenario's name, with the protocol if it is not gRPC.
    pub(crate) scenario: String,
    /// The signal's name.
    pub(crate) signal: &'static str,
    /// Items per request.
    pub(crate) items: usize,
}

/// All measurements of one collector in one case.
pub(crate) type Row = report::Row<Case, Sample>;

const COLUMNS: &[Column<Case, Sample>] = &[
    ("scenario", |line| match &line.row.case {
        Case {
            scenario,
            signal: "traces",
            ..
        } => scenario.clone(),
        Case {
            scenario, signal, ..
        } => format!("{scenario}, {signal}"),
    }),
    ("items/request", |line| line.row.case.items.to_string()),
    ("collector", |line| line.collector()),
    ("items/s", |line| line.median(0, |s| s.rate)),
    ("CPU-s/M", |line| line.median(3, |s| s.cpu.total())),
    ("min-max", |line| line.range(3, |s| s.cpu.total())),
    ("user", |line| line.median(3, |s| s.cpu.user)),
    ("system", |line| line.median(3, |s| s.cpu.system)),
    ("ratio", |line| line.ratio(2, |s| s.cpu.total())),
    ("idle MiB", |line| line.median(1, |s| s.idle / MIB)),
    ("peak MiB", |line| line.median(1, |s| s.peak / MIB)),
    ("idle CPU %", |line| line.median(2, |s| s.idle_cpu)),
    ("start ms", |line| line.median(0, |s| s.start)),
    ("ack ms p50/p99", |line| {
        let [median, worst] = [
            line.median(1, |s| s.latency.0),
            line.median(1, |s| s.latency.1),
        ];
        format!("{median}/{worst}")
    }),
    ("out B/item", |line| line.median(0, |s| s.out)),
    ("lost", |line| line.sum(|s| s.lost)),
    ("retried", |line| line.sum(|s| s.again.0.cast_signed())),
    ("refused", |line| line.sum(|s| s.again.1.cast_signed())),
];

/// The table as Markdown: the median of every figure, and how many times the CPU time of
/// `baseline` in the same case each collector needs.
pub(crate) fn table(rows: &[Row], baseline: &str) -> String {
    report::table(COLUMNS, rows, |row| {
        let mut same = rows.iter().filter(|other| other.case == row.case);
        same.find(|other| other.collector == baseline)
    })
}

impl Sample {
    /// One line for whoever waits for the table.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{:.0} items/s, {:.3} CPU-s/M ({:.3} user), {:.1} MiB idle, {:.1} MiB peak, ready in \
             {:.0} ms, {} lost; generator {:.3}, sink {:.3} CPU-s/M",
            self.rate,
            self.cpu.total(),
            self.cpu.user,
            self.idle / MIB,
            self.peak / MIB,
            self.start,
            self.lost,
            self.harness.0,
            self.harness.1,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::cells;

    fn row(collector: &str, items: usize, seconds: &[f64]) -> Row {
        let sample = |&user| Sample {
            cpu: Cpu { user, system: 0.0 },
            lost: 2,
            ..Sample::default()
        };
        Row {
            case: Case {
                scenario: "batch".to_owned(),
                signal: "traces",
                items,
            },
            collector: collector.to_owned(),
            samples: seconds.iter().map(sample).collect(),
        }
    }

    #[test]
    fn figures_are_medians_losses_are_sums_and_ratios_are_within_a_case() {
        let rows = [
            row("go", 10, &[9.0, 7.0, 8.0]),
            row("x", 10, &[2.0]),
            row("go", 1, &[90.0]),
        ];
        let table = table(&rows, "go");
        let cells = cells(&table);
        assert_eq!(cells[0][4..6], ["8.000", "7.000-9.000"]);
        assert_eq!(cells[0][15], "6");
        assert_eq!(
            [cells[0][8], cells[1][8], cells[2][8]],
            ["1.00", "0.25", "1.00"]
        );
    }
}
