//! The table.

use crate::process::Cpu;
use crate::report::{self, Column, MIB};

/// One measurement of one collector.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// Samples that arrived per second.
    pub(crate) rate: f64,
    /// CPU seconds per million samples that arrived.
    pub(crate) cpu: Cpu,
    /// Resident memory after the warm-up and at the end. Unit: bytes.
    pub(crate) resident: (f64, f64),
    /// The most resident memory. Unit: bytes.
    pub(crate) peak: f64,
    /// Resident memory at the end for each series. Unit: bytes.
    pub(crate) per_series: f64,
    /// Open sockets after the warm-up and at the end.
    pub(crate) sockets: (usize, usize),
    /// How late scrapes came: median, 99th percentile, worst. Unit: milliseconds.
    pub(crate) lateness: [f64; 3],
    /// Body bytes per sample that left.
    pub(crate) bytes: f64,
    /// Samples that were scraped and never arrived.
    pub(crate) missing: u64,
    /// Requests that the sink could not read.
    pub(crate) refused: u64,
}

/// All measurements of one collector; the case says targets, series and interval in words.
pub(crate) type Row = report::Row<String, Sample>;

const COLUMNS: &[Column<String, Sample>] = &[
    ("targets x series", |line| line.row.case.clone()),
    ("collector", |line| line.collector()),
    ("samples/s", |line| line.median(0, |s| s.rate)),
    ("CPU-s/M", |line| line.median(3, |s| s.cpu.total())),
    ("user", |line| line.median(3, |s| s.cpu.user)),
    ("system", |line| line.median(3, |s| s.cpu.system)),
    ("ratio", |line| line.ratio(2, |s| s.cpu.total())),
    ("MiB early/late", |line| {
        let early = line.median(1, |s| s.resident.0 / MIB);
        format!("{early}/{}", line.median(1, |s| s.resident.1 / MIB))
    }),
    ("peak MiB", |line| line.median(1, |s| s.peak / MIB)),
    ("B/series", |line| line.median(0, |s| s.per_series)),
    ("sockets early/late", |line| {
        let early = line.median(0, |s| s.sockets.0 as f64);
        format!("{early}/{}", line.median(0, |s| s.sockets.1 as f64))
    }),
    ("late ms p50/p99/max", |line| {
        [0, 1, 2]
            .map(|n| line.median(1, |s| s.lateness[n]))
            .join("/")
    }),
    ("out B/sample", |line| line.median(1, |s| s.bytes)),
    ("missing", |line| line.sum(|s| s.missing.cast_signed())),
    ("refused", |line| line.sum(|s| s.refused.cast_signed())),
];

/// The table as Markdown: medians, and how many times the CPU time of the first collector each
/// needs.
pub(crate) fn table(rows: &[Row]) -> String {
    report::table(COLUMNS, rows, |_| rows.first())
}

impl Sample {
    /// One line for whoever waits for the table.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{:.0} samples/s, {:.3} CPU-s/M ({:.3} user), {:.1} MiB peak, {:.0} B/series, late \
             {:.1} ms at the 99th percentile, {} missing, {} refused",
            self.rate,
            self.cpu.total(),
            self.cpu.user,
            self.peak / MIB,
            self.per_series,
            self.lateness[1],
            self.missing,
            self.refused,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::cells;

    #[test]
    fn figures_are_medians_and_what_is_missing_is_a_sum() {
        let sample = |&user: &f64| Sample {
            cpu: Cpu { user, system: 0.0 },
            missing: 2,
            lateness: [0.25, 1.0, 10.0],
            ..Sample::default()
        };
        let row = |collector: &str, seconds: &[f64]| Row {
            case: "1 x 50000".to_owned(),
            collector: collector.to_owned(),
            samples: seconds.iter().map(sample).collect(),
        };
        let table = table(&[row("go", &[9.0, 7.0, 8.0]), row("x", &[2.0])]);
        let cells = cells(&table);
        assert_eq!(
            (cells[0][3], cells[0][6], cells[0][13]),
            ("8.000", "1.00", "6")
        );
        assert_eq!(
            (cells[1][3], cells[1][6], cells[1][13]),
            ("2.000", "0.25", "2")
        );
        assert_eq!((cells[1][7], cells[1][11]), ("0.0/0.0", "0.2/1.0/10.0"));
    }
}
