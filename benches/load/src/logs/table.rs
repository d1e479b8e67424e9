//! The table.

use crate::process::Cpu;
use crate::report::{MIB, median};

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

/// All measurements of one collector.
#[derive(Debug)]
pub(crate) struct Row {
    /// Lines and files in words.
    pub(crate) shape: String,
    /// What lines look like, and where they go.
    pub(crate) kind: String,
    /// The collector's name.
    pub(crate) collector: String,
    /// One per repetition.
    pub(crate) samples: Vec<Sample>,
}

const HEADER: &str = "\
| lines | kind | collector | lines/s | CPU-s/M | user | system | ratio | MB/CPU-s | peak MiB \
| peak MiB, backend down | idle CPU % | idle MiB | out B/line | missing | refused |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// The table as Markdown: medians, and how many times the CPU time of the first collector with the
/// same lines each needs.
pub(crate) fn table(rows: &[Row]) -> String {
    let base = |row: &Row| {
        let first = rows.iter().find(|first| first.kind == row.kind);
        first.map_or(0.0, |row| row.median(|s| s.cpu.total()))
    };
    rows.iter().fold(HEADER.to_owned(), |table, row| {
        table + &row.line(row.median(|s| s.cpu.total()) / base(row))
    })
}

impl Row {
    fn line(&self, ratio: f64) -> String {
        let cells = [
            self.shape.clone(),
            self.kind.clone(),
            self.collector.clone(),
            format!("{:.0}", self.median(|s| s.rate)),
            format!("{:.3}", self.median(|s| s.cpu.total())),
            format!("{:.3}", self.median(|s| s.cpu.user)),
            format!("{:.3}", self.median(|s| s.cpu.system)),
            format!("{ratio:.3}"),
            format!("{:.0}", self.median(|s| s.megabytes)),
            format!("{:.1}", self.median(|s| s.peak) / MIB),
            format!("{:.1}", self.median(|s| s.down_peak) / MIB),
            format!("{:.3}", self.median(|s| s.idle_cpu) * 100.0),
            format!("{:.1}", self.median(|s| s.idle_memory) / MIB),
            format!("{:.1}", self.median(|s| s.out)),
            self.samples
                .iter()
                .map(|s| s.missing)
                .sum::<i64>()
                .to_string(),
            self.samples
                .iter()
                .map(|s| s.refused)
                .sum::<u64>()
                .to_string(),
        ];
        format!("| {} |\n", cells.join(" | "))
    }

    fn median(&self, value: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(value))
    }
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

    #[test]
    fn a_row_is_compared_with_the_first_one_of_its_kind() {
        let row = |kind: &str, collector: &str, user: f64| Row {
            shape: "2000000 in 10 files".to_owned(),
            kind: kind.to_owned(),
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
        let cells: Vec<Vec<&str>> = table
            .lines()
            .skip(2)
            .map(|line| line.split(" | ").collect())
            .collect();
        assert_eq!(
            (cells[1][7], cells[3][7], cells[3][14]),
            ("0.250", "0.125", "-2")
        );
        let columns = |line: &str| line.matches('|').count();
        let header = columns(HEADER.lines().next().unwrap());
        assert!(table.lines().all(|line| columns(line) == header));
    }
}
