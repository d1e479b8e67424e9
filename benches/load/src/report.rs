//! The table.

use crate::process::Cpu;

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

/// All measurements of one collector in one case.
#[derive(Debug)]
pub(crate) struct Row {
    /// The scenario's name, with the protocol if it is not gRPC.
    pub(crate) scenario: String,
    /// The signal's name.
    pub(crate) signal: &'static str,
    /// Items per request.
    pub(crate) items: usize,
    /// The collector's name.
    pub(crate) collector: String,
    /// One per repetition.
    pub(crate) samples: Vec<Sample>,
}

const HEADER: &str = "\
| scenario | items/request | collector | items/s | CPU-s/M | min-max | user | system | ratio \
| idle MiB | peak MiB | idle CPU % | start ms | ack ms p50/p99 | out B/item | lost | retried \
| refused |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// The table as Markdown: the median of every figure, and how many times the CPU time of
/// `baseline` in the same case each collector needs.
pub(crate) fn table(rows: &[Row], baseline: &str) -> String {
    let mut table = HEADER.to_owned();
    for row in rows.iter().filter(|row| !row.samples.is_empty()) {
        let same = |other: &&Row| {
            (&other.scenario, other.signal, other.items) == (&row.scenario, row.signal, row.items)
        };
        let base = rows
            .iter()
            .filter(same)
            .find(|other| other.collector == baseline);
        let ratio = base.filter(|base| !base.samples.is_empty()).map_or_else(
            || "-".to_owned(),
            |base| {
                format!(
                    "{:.2}",
                    row.median(|s| s.cpu.total()) / base.median(|s| s.cpu.total())
                )
            },
        );
        table.push_str(&row.line(&ratio));
    }
    table
}

impl Row {
    fn line(&self, ratio: &str) -> String {
        let total = |sample: &Sample| sample.cpu.total();
        let totals = self.samples.iter().map(total);
        let (least, most) = totals.fold((f64::MAX, 0.0_f64), |(a, b), x| (a.min(x), b.max(x)));
        let scenario = match self.signal {
            "traces" => self.scenario.clone(),
            signal => format!("{}, {signal}", self.scenario),
        };
        let sum = |value: fn(&Sample) -> i64| self.samples.iter().map(value).sum::<i64>();
        let cells = [
            scenario,
            self.items.to_string(),
            self.collector.clone(),
            format!("{:.0}", self.median(|s| s.rate)),
            format!("{:.3}", self.median(total)),
            format!("{least:.3}-{most:.3}"),
            format!("{:.3}", self.median(|s| s.cpu.user)),
            format!("{:.3}", self.median(|s| s.cpu.system)),
            ratio.to_owned(),
            format!("{:.1}", self.median(|s| s.idle) / MIB),
            format!("{:.1}", self.median(|s| s.peak) / MIB),
            format!("{:.2}", self.median(|s| s.idle_cpu)),
            format!("{:.0}", self.median(|s| s.start)),
            format!(
                "{:.1}/{:.1}",
                self.median(|s| s.latency.0),
                self.median(|s| s.latency.1)
            ),
            format!("{:.0}", self.median(|s| s.out)),
            sum(|s| s.lost).to_string(),
            sum(|s| s.again.0.cast_signed()).to_string(),
            sum(|s| s.again.1.cast_signed()).to_string(),
        ];
        format!("| {} |\n", cells.join(" | "))
    }

    fn median(&self, value: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(value))
    }
}

/// The median of what several repetitions measured; the lower one of two, 0 without any.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values
        .get(values.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(0.0)
}

/// Bytes of a mebibyte.
pub(crate) const MIB: f64 = 1_048_576.0;

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

    fn row(collector: &str, items: usize, seconds: &[f64]) -> Row {
        let sample = |&user| Sample {
            cpu: Cpu { user, system: 0.0 },
            lost: 2,
            ..Sample::default()
        };
        Row {
            scenario: "batch".to_owned(),
            signal: "traces",
            items,
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
        let cells: Vec<Vec<&str>> = table
            .lines()
            .skip(2)
            .map(|line| line.split(" | ").collect())
            .collect();
        assert_eq!(cells[0][4..6], ["8.000", "7.000-9.000"]);
        assert_eq!(cells[0][15], "6");
        assert_eq!(
            [cells[0][8], cells[1][8], cells[2][8]],
            ["1.00", "0.25", "1.00"]
        );
        let columns = |line: &str| line.matches('|').count();
        assert!(
            table
                .lines()
                .all(|line| columns(line) == columns(HEADER.lines().next().unwrap()))
        );
    }
}
