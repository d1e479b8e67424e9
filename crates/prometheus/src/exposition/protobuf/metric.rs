//! The message `Metric`.

use std::ops::Range;

use super::histogram::HistogramMessage;
use super::message::{Fields, timestamp};
use crate::exposition::error::{Problem, excerpt};
use crate::exposition::series::LabelSpan;

/// A metric, decoded into buffers that the next one reuses.
#[derive(Debug, Default)]
pub(super) struct Metric {
    pub labels: Vec<LabelSpan>,
    pub timestamp: i64,
    pub gauge: f64,
    pub untyped: f64,
    pub counter: Counter,
    pub summary: Summary,
    pub histogram: HistogramMessage,
    /// All exemplars of the metric.
    pub exemplars: Vec<ExemplarSpan>,
    pub exemplar_labels: Vec<LabelSpan>,
}

#[derive(Debug, Default)]
pub(super) struct Counter {
    pub value: f64,
    /// Milliseconds; 0 if there is none.
    pub start: i64,
    /// Its place in [`Metric::exemplars`].
    pub exemplar: Option<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Summary {
    pub count: u64,
    pub sum: f64,
    /// Milliseconds; 0 if there is none.
    pub start: i64,
    /// Ranks and values.
    pub quantiles: Vec<(f64, f64)>,
}

/// An exemplar; its labels are a range of [`Metric::exemplar_labels`].
#[derive(Debug, Default)]
pub(super) struct ExemplarSpan {
    pub labels: Range<usize>,
    pub value: f64,
    pub timestamp: Option<i64>,
}

/// Where exemplars are collected.
pub(super) struct ExemplarsOut<'m> {
    pub exemplars: &'m mut Vec<ExemplarSpan>,
    pub labels: &'m mut Vec<LabelSpan>,
}

impl Metric {
    /// Reads the message at `range` in place of the one before.
    pub(super) fn read(&mut self, body: &[u8], range: Range<usize>) -> Result<(), Problem> {
        self.clear();
        let mut out = ExemplarsOut {
            exemplars: &mut self.exemplars,
            labels: &mut self.exemplar_labels,
        };
        let mut fields = Fields::new(body, range, "Metric");
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => {
                    let label = label(body, field.range()?)?;
                    // Looked at here, so that a message of nothing but such labels takes no memory.
                    if label.name.is_empty() {
                        return Err(Problem::EmptyLabelName);
                    }
                    self.labels.push(label);
                }
                2 => number_message(body, field.range()?, "Gauge", &mut self.gauge)?,
                3 => self.counter.read(body, field.range()?, &mut out)?,
                4 => self.summary.read(body, field.range()?)?,
                5 => number_message(body, field.range()?, "Untyped", &mut self.untyped)?,
                6 => self.timestamp = field.varint()? as i64,
                7 => self.histogram.read(body, field.range()?, &mut out)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.labels.clear();
        self.timestamp = 0;
        self.gauge = 0.0;
        self.untyped = 0.0;
        self.counter = Counter::default();
        self.summary.count = 0;
        self.summary.sum = 0.0;
        self.summary.start = 0;
        self.summary.quantiles.clear();
        self.histogram.clear();
        self.exemplars.clear();
        self.exemplar_labels.clear();
    }

    /// Names and values have to be UTF-8.
    pub(super) fn check_labels(&self, body: &[u8]) -> Result<(), Problem> {
        let (Some(first), Some(last)) = (self.labels.first(), self.labels.last()) else {
            return Ok(());
        };
        // They stand one behind the other; with what is between them they are nearly always ASCII.
        let start = first.name.start.min(first.value.start);
        let end = last.name.end.max(last.value.end);
        if body[start..end].is_ascii() {
            return Ok(());
        }
        for label in &self.labels {
            for (what, text) in [("label name", &label.name), ("label value", &label.value)] {
                let text = &body[text.clone()];
                if std::str::from_utf8(text).is_err() {
                    return Err(Problem::Utf8(what, excerpt(text)));
                }
            }
        }
        Ok(())
    }
}

impl Counter {
    fn read(
        &mut self,
        body: &[u8],
        range: Range<usize>,
        out: &mut ExemplarsOut<'_>,
    ) -> Result<(), Problem> {
        let mut fields = Fields::new(body, range, "Counter");
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => self.value = field.double()?,
                2 => self.exemplar = Some(exemplar(body, field.range()?, out)?),
                3 => self.start = timestamp(body, field.range()?)?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Summary {
    fn read(&mut self, body: &[u8], range: Range<usize>) -> Result<(), Problem> {
        let mut fields = Fields::new(body, range, "Summary");
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => self.count = field.varint()?,
                2 => self.sum = field.double()?,
                3 => self.quantiles.push(quantile(body, field.range()?)?),
                4 => self.start = timestamp(body, field.range()?)?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn quantile(body: &[u8], range: Range<usize>) -> Result<(f64, f64), Problem> {
    let mut quantile = (0.0, 0.0);
    let mut fields = Fields::new(body, range, "Quantile");
    while let Some((number, field)) = fields.next()? {
        match number {
            1 => quantile.0 = field.double()?,
            2 => quantile.1 = field.double()?,
            _ => {}
        }
    }
    Ok(quantile)
}

/// `Gauge` and `Untyped`: one number.
fn number_message(
    body: &[u8],
    range: Range<usize>,
    name: &'static str,
    value: &mut f64,
) -> Result<(), Problem> {
    let mut fields = Fields::new(body, range, name);
    while let Some((number, field)) = fields.next()? {
        if number == 1 {
            *value = field.double()?;
        }
    }
    Ok(())
}

fn label(body: &[u8], range: Range<usize>) -> Result<LabelSpan, Problem> {
    let nothing = range.start..range.start;
    let mut label = LabelSpan {
        name: nothing.clone(),
        value: nothing,
    };
    let mut fields = Fields::new(body, range, "LabelPair");
    while let Some((number, field)) = fields.next()? {
        match number {
            1 => label.name = field.range()?,
            2 => label.value = field.range()?,
            _ => {}
        }
    }
    Ok(label)
}

/// Reads an exemplar and answers with its place among the others.
pub(super) fn exemplar(
    body: &[u8],
    range: Range<usize>,
    out: &mut ExemplarsOut<'_>,
) -> Result<usize, Problem> {
    let first = out.labels.len();
    let mut span = ExemplarSpan::default();
    let mut fields = Fields::new(body, range, "Exemplar");
    while let Some((number, field)) = fields.next()? {
        match number {
            1 => out.labels.push(label(body, field.range()?)?),
            2 => span.value = field.double()?,
            3 => span.timestamp = Some(timestamp(body, field.range()?)?),
            _ => {}
        }
    }
    span.labels = first..out.labels.len();
    out.exemplars.push(span);
    Ok(out.exemplars.len() - 1)
}
