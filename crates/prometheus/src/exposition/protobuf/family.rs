//! The message `MetricFamily`, but for its metrics.

use std::ops::Range;

use super::message::Fields;
use crate::exposition::error::{Problem, excerpt};
use crate::metric_type::MetricType;

/// A metric family. All ranges are places in the body.
#[derive(Debug, Default)]
pub(super) struct Family {
    pub name: Range<usize>,
    pub help: Range<usize>,
    pub unit: Range<usize>,
    pub kind: MetricType,
    kind_number: i32,
    /// From the metric that comes next to the end of the message.
    rest: Range<usize>,
}

impl Family {
    /// Reads the message at `range`, but not its metrics, in place of the one before, and says whether
    /// there are any.
    pub(super) fn read(&mut self, body: &[u8], range: Range<usize>) -> Result<bool, Problem> {
        let nothing = range.start..range.start;
        self.name = nothing.clone();
        self.help = nothing.clone();
        self.unit = nothing;
        self.kind_number = 0;
        self.rest = range.clone();
        let mut any = false;
        let mut fields = Fields::new(body, range, "MetricFamily");
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => self.name = field.range()?,
                2 => self.help = field.range()?,
                3 => self.kind_number = field.varint()? as i32,
                4 => {
                    field.range()?;
                    any = true;
                }
                5 => self.unit = field.range()?,
                _ => {}
            }
        }
        Ok(any)
    }

    /// Where the next metric is.
    pub(super) fn next_metric(&mut self, body: &[u8]) -> Result<Option<Range<usize>>, Problem> {
        let mut fields = Fields::new(body, self.rest.clone(), "MetricFamily");
        while let Some((number, field)) = fields.next()? {
            if number == 4 {
                let metric = field.range()?;
                self.rest.start = metric.end;
                return Ok(Some(metric));
            }
        }
        Ok(None)
    }

    /// Checks what Prometheus checks, and sets the type.
    pub(super) fn check(&mut self, body: &[u8]) -> Result<(), Problem> {
        let name = &body[self.name.clone()];
        if name.is_empty() {
            return Err(Problem::EmptyName);
        }
        if std::str::from_utf8(name).is_err() {
            return Err(Problem::Utf8("metric name", excerpt(name)));
        }
        let help = &body[self.help.clone()];
        if std::str::from_utf8(help).is_err() {
            return Err(Problem::Utf8("help text", excerpt(help)));
        }
        self.kind = match self.kind_number {
            0 => MetricType::Counter,
            1 => MetricType::Gauge,
            2 => MetricType::Summary,
            3 => MetricType::Unknown,
            4 => MetricType::Histogram,
            5 => MetricType::GaugeHistogram,
            found => {
                return Err(Problem::UnknownType {
                    metric: excerpt(name),
                    found,
                });
            }
        };
        Ok(())
    }
}
