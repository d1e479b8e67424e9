//! What a comparison prints.

use crate::{print, process};

/// All measurements of one collector in one case.
#[derive(Debug)]
pub(crate) struct Row<C, S> {
    /// What was measured.
    pub(crate) case: C,
    /// The collector's name.
    pub(crate) collector: String,
    /// One per repetition.
    pub(crate) samples: Vec<S>,
}

/// A row beside the one that its ratios refer to.
#[derive(Debug)]
pub(crate) struct Line<'r, C, S> {
    /// The row.
    pub(crate) row: &'r Row<C, S>,
    base: Option<&'r Row<C, S>>,
}

/// A column of a table: its title and what its cells say.
pub(crate) type Column<C, S> = (&'static str, fn(&Line<'_, C, S>) -> String);

/// Bytes of a mebibyte.
pub(crate) const MIB: f64 = 1_048_576.0;

/// The table as Markdown. `base` finds the row that the ratios of another refer to; a row without
/// measurements is left out.
pub(crate) fn table<'r, C, S>(
    columns: &[Column<C, S>],
    rows: &'r [Row<C, S>],
    base: impl Fn(&Row<C, S>) -> Option<&'r Row<C, S>>,
) -> String {
    let titles: Vec<&str> = columns.iter().map(|(title, _)| *title).collect();
    let mut table = format!(
        "| {} |\n|{}\n",
        titles.join(" | "),
        "---|".repeat(columns.len())
    );
    for row in rows.iter().filter(|row| !row.samples.is_empty()) {
        let base = base(row).filter(|base| !base.samples.is_empty());
        let line = Line { row, base };
        let cells: Vec<String> = columns.iter().map(|(_, cell)| cell(&line)).collect();
        table.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    table
}

/// Prints what else the machine had to do, and the table.
pub(crate) fn finish(table: &str) {
    print(format_args!("{}\n\n{table}", process::load()));
}

impl<C, S> Row<C, S> {
    /// The median of what the repetitions measured; the lower one of two, 0 without any.
    fn median(&self, value: impl Fn(&S) -> f64) -> f64 {
        let mut values: Vec<f64> = self.samples.iter().map(value).collect();
        values.sort_unstable_by(f64::total_cmp);
        let middle = values.len().saturating_sub(1) / 2;
        values.get(middle).copied().unwrap_or(0.0)
    }
}

impl<C, S> Line<'_, C, S> {
    /// The collector's name.
    pub(crate) fn collector(&self) -> String {
        self.row.collector.clone()
    }

    /// The median, with so many digits behind the point.
    pub(crate) fn median(&self, digits: usize, value: impl Fn(&S) -> f64) -> String {
        format!("{:.digits$}", self.row.median(value))
    }

    /// How many times as much as in the row that ratios refer to; `-` if there is none.
    pub(crate) fn ratio(&self, digits: usize, value: impl Fn(&S) -> f64) -> String {
        self.base.map_or_else(
            || "-".to_owned(),
            |base| format!("{:.digits$}", self.row.median(&value) / base.median(&value)),
        )
    }

    /// The least and the most.
    pub(crate) fn range(&self, digits: usize, value: impl Fn(&S) -> f64) -> String {
        let values = self.row.samples.iter().map(value);
        let (least, most) = values.fold((f64::MAX, 0.0_f64), |(a, b), x| (a.min(x), b.max(x)));
        format!("{least:.digits$}-{most:.digits$}")
    }

    /// What the repetitions add up to.
    pub(crate) fn sum(&self, value: impl Fn(&S) -> i64) -> String {
        self.row.samples.iter().map(value).sum::<i64>().to_string()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The cells of a table's rows.
    pub(crate) fn cells(table: &str) -> Vec<Vec<&str>> {
        let rows = table.lines().skip(2).map(|row| row.trim_matches('|'));
        rows.map(|row| row.split('|').map(str::trim).collect())
            .collect()
    }

    #[test]
    fn a_table_has_a_cell_for_each_column_of_each_row_that_was_measured() {
        let row = |collector: &str, samples: &[f64]| Row {
            case: "case",
            collector: collector.to_owned(),
            samples: samples.to_vec(),
        };
        let rows = [
            row("go", &[9.0, 7.0, 8.0]),
            row("none", &[]),
            row("x", &[2.0, 1.0]),
        ];
        let columns: &[Column<&str, f64>] = &[
            ("case", |line| line.row.case.to_owned()),
            ("collector", |line| line.collector()),
            ("median", |line| line.median(1, |x| *x)),
            ("min-max", |line| line.range(0, |x| *x)),
            ("ratio", |line| line.ratio(3, |x| *x)),
            ("sum", |line| line.sum(|x| *x as i64)),
        ];
        let expected = "\
            | case | collector | median | min-max | ratio | sum |\n\
            |---|---|---|---|---|---|\n\
            | case | go | 8.0 | 7-9 | 1.000 | 24 |\n\
            | case | x | 1.0 | 1-2 | 0.125 | 3 |\n";
        assert_eq!(table(columns, &rows, |_| rows.first()), expected);
        let without = table(columns, &rows, |_| rows.get(1));
        assert_eq!(cells(&without)[0][4], "-");
    }
}
