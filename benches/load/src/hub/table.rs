//! The table.

use headwater_core::Signal;

use crate::process::Cpu;
use crate::report::{self, Column, MIB};

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
pub(super) type Row = report::Row<(), Sample>;

const COLUMNS: &[Column<(), Sample>] = &[
    ("collector", |line| line.collector()),
    ("CPU-s/M", |line| line.median(3, |s| s.cpu.total())),
    ("user", |line| line.median(3, |s| s.cpu.user)),
    ("system", |line| line.median(3, |s| s.cpu.system)),
    ("ratio", |line| line.ratio(3, |s| s.cpu.total())),
    ("idle MiB", |line| line.median(1, |s| s.idle / MIB)),
    ("peak MiB", |line| line.median(1, |s| s.peak / MIB)),
    ("ratio", |line| line.ratio(3, |s| s.peak)),
    ("spans, samples, records /s", |line| {
        each(|n| line.median(0, |s| s.signals[n].rate))
    }),
    ("ack p99 ms", |line| {
        each(|n| line.median(1, |s| s.signals[n].ack))
    }),
    ("missing", |line| {
        each(|n| line.sum(|s| s.signals[n].missing))
    }),
    ("refused", |line| {
        each(|n| line.sum(|s| s.signals[n].refused.cast_signed()))
    }),
];

/// The cells of the signals as one.
fn each(cell: impl Fn(usize) -> String) -> String {
    Signal::ALL.map(|signal| cell(signal.index())).join(", ")
}

/// The table as Markdown: medians and, for what is missing, sums. Ratios are to the first collector.
pub(super) fn table(rows: &[Row]) -> String {
    report::table(COLUMNS, rows, |_| rows.first())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::cells;

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
                case: (),
                collector: collector.to_owned(),
                samples: vec![sample; 2],
            }
        };
        let table = table(&[row("go", 8.0), row("x", 2.0)]);
        let cells = cells(&table);
        assert_eq!((cells[0][4], cells[1][4]), ("1.000", "0.250"));
        assert_eq!((cells[1][6], cells[1][7]), ("2.0", "0.250"));
        assert_eq!(cells[1][10], "0, 6, 0");
    }
}
