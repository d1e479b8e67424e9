//! The table.

use crate::process::Cpu;
use crate::report::{MIB, median};

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

/// All measurements of one collector.
#[derive(Debug)]
pub(crate) struct Row {
    /// Targets, series and interval in words.
    pub(crate) shape: String,
    /// The collector's name.
    pub(crate) collector: String,
    /// One per repetition.
    pub(crate) samples: Vec<Sample>,
}

const HEADER: &str = "\
| targets x series | collector | samples/s | CPU-s/M | user | system | ratio | MiB early/late \
| peak MiB | B/series | sockets early/late | late ms p50/p99/max | out B/sample | missing | refused |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// The table as Markdown: medians, and how many times the CPU time of the first collector each
/// needs.
pub(crate) fn table(rows: &[Row]) -> String {
    let base = rows
        .first()
        .map_or(0.0, |row| row.median(|s| s.cpu.total()));
    rows.iter().fold(HEADER.to_owned(), |table, row| {
        table + &row.line(row.median(|s| s.cpu.total()) / base)
    })
}

impl Row {
    fn line(&self, ratio: f64) -> String {
        let sum = |value: fn(&Sample) -> u64| self.samples.iter().map(value).sum::<u64>();
        let cells = [
            self.shape.clone(),
            self.collector.clone(),
            format!("{:.0}", self.median(|s| s.rate)),
            format!("{:.3}", self.median(|s| s.cpu.total())),
            format!("{:.3}", self.median(|s| s.cpu.user)),
            format!("{:.3}", self.median(|s| s.cpu.system)),
            format!("{ratio:.2}"),
            format!(
                "{:.1}/{:.1}",
                self.median(|s| s.resident.0) / MIB,
                self.median(|s| s.resident.1) / MIB
            ),
            format!("{:.1}", self.median(|s| s.peak) / MIB),
            format!("{:.0}", self.median(|s| s.per_series)),
            format!(
                "{:.0}/{:.0}",
                self.median(|s| s.sockets.0 as f64),
                self.median(|s| s.sockets.1 as f64)
            ),
            format!(
                "{:.1}/{:.1}/{:.1}",
                self.median(|s| s.lateness[0]),
                self.median(|s| s.lateness[1]),
                self.median(|s| s.lateness[2])
            ),
            format!("{:.1}", self.median(|s| s.bytes)),
            sum(|s| s.missing).to_string(),
            sum(|s| s.refused).to_string(),
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

    #[test]
    fn figures_are_medians_and_what_is_missing_is_a_sum() {
        let sample = |&user: &f64| Sample {
            cpu: Cpu { user, system: 0.0 },
            missing: 2,
            ..Sample::default()
        };
        let row = |collector: &str, seconds: &[f64]| Row {
            shape: "1 x 50000".to_owned(),
            collector: collector.to_owned(),
            samples: seconds.iter().map(sample).collect(),
        };
        let table = table(&[row("go", &[9.0, 7.0, 8.0]), row("x", &[2.0])]);
        let cells: Vec<Vec<&str>> = table
            .lines()
            .skip(2)
            .map(|line| line.split(" | ").collect())
            .collect();
        assert_eq!(
            (cells[0][3], cells[0][6], cells[0][13]),
            ("8.000", "1.00", "6")
        );
        assert_eq!(
            (cells[1][3], cells[1][6], cells[1][13]),
            ("2.000", "0.25", "2")
        );
        let columns = |line: &str| line.matches('|').count();
        let header = columns(HEADER.lines().next().unwrap());
        assert!(table.lines().all(|line| columns(line) == header));
    }
}
