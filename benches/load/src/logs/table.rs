//! The table.

use crate::process::Cpu;
use crate::report::{self, Column, MIB};

/// One measurement of one collector.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// Records that arrived per second.
    pub(crate) rate: f64,
    /// CPU seconds per million records, from the start of the process on.
    pub(crate) cpu: Cpu,
    /// Megabytes of log files per CPU second.
    pub(crate) megabytes: f64,
    /// The most resident memory. Unit: bytes.
    pub(crate) peak: f64,
    /// The most resident memory while the backend was not there. Unit: bytes.
    pub(crate) down_peak: f64,
    /// The share of a CPU when there is nothing to do.
    pub(crate) idle_cpu: f64,
    /// Resident memory when there is nothing to do. Unit: bytes.
    pub(crate) idle_memory: f64,
    /// Body bytes per record that arrived.
    pub(crate) out: f64,
    /// Lines that never arrived; negative where some came twice.
    pub(crate) missing: i64,
    /// Requests that the sink could not read.
    pub(crate) refused: u64,
}

/// What the measurements of a row are of.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Lines and files in words.
    pub(crate) shape: String,
    /// What lines look like, and where they go.
    pub(crate) kind: String,
}

/// All measurements of one collector in one case.
pub(crate) type Row = report::Row<Case, Sample>;

const COLUMNS: &[Column<Case, Sample>] = &[
    ("lines", |line| line.row.case.shape.clone()),
    ("kind", |line| line.row.case.kind.clone()),
    ("collector", |line| line.collector()),
    ("lines/s", |line| line.median(0, |s| s.rate)),
    ("CPU-s/M", |line| line.median(3, |s| s.cpu.total())),
    ("user", |line| line.median(3, |s| s.cpu.user)),
    ("system", |line| line.median(3, |s| s.cpu.system)),
    ("ratio", |line| line.ratio(3, |s| s.cpu.total())),
    ("MB/CPU-s", |line| line.median(0, |s| s.megabytes)),
    ("peak MiB", |line| line.median(1, |s| s.peak / MIB)),
    ("peak MiB, backend down", |line| {
        line.median(1, |s| s.down_peak / MIB)
    }),
    ("idle CPU %", |line| line.median(3, |s| s.idle_cpu * 100.0)),
    ("idle MiB", |line| line.median(1, |s| s.idle_memory / MIB)),
    ("out B/line", |line| line.median(1, |s| s.out)),
    ("missing", |line| line.sum(|s| s.missing)),
    ("refused", |line| line.sum(|s| s.refused.cast_signed())),
];

/// The table as Markdown: medians, and how many times the CPU time of the first collector with the
/// same lines each needs.
pub(crate) fn table(rows: &[Row]) -> String {
    report::table(COLUMNS, rows, |row| {
        rows.iter().find(|first| first.case.kind == row.case.kind)
    })
}

impl Sample {
    /// One line for whoever waits for the table.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{:.0} lines/s, {:.3} CPU-s/M ({:.3} user), {:.0} MB/CPU-s, {:.1} MiB peak ({:.1} down), \
             idle {:.3} % and {:.1} MiB, {} missing, {} refused",
            self.rate,
            self.cpu.total(),
            self.cpu.user,
            self.megabytes,
            self.peak / MIB,
            self.down_peak / MIB,
            self.idle_cpu * 100.0,
            self.idle_memory / MIB,
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
    fn a_row_is_compared_with_the_first_one_of_its_kind() {
        let row = |kind: &str, collector: &str, user: f64| Row {
            case: Case {
                shape: "2000000 in 10 files".to_owned(),
                kind: kind.to_owned(),
            },
            collector: collector.to_owned(),
            samples: vec![
                Sample {
                    cpu: Cpu { user, system: 0.0 },
                    missing: -1,
                    ..Sample::default()
                };
                2
            ],
        };
        let rows = [
            row("a", "go", 8.0),
            row("a", "x", 2.0),
            row("b", "go", 16.0),
            row("b", "x", 2.0),
        ];
        let table = table(&rows);
        let cells = cells(&table);
        assert_eq!(
            (cells[1][7], cells[3][7], cells[3][14]),
            ("0.250", "0.125", "-2")
        );
    }
}
