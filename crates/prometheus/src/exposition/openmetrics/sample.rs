//! Lines with samples.

use std::ops::Range;

use super::OpenMetrics;
use crate::exposition::error::{Failure, Problem, excerpt, failure};
use crate::exposition::number::parse_float;
use crate::exposition::scan::{
    OPENMETRICS_VALUE, Piece, Rules, begins_name, check_utf8, end_of, metric_name,
};

/// A line with a sample.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub key: Range<usize>,
    pub value: f64,
    pub timestamp: Option<i64>,
    pub exemplar: Option<ExemplarSpan>,
    /// Where the next line begins.
    pub next: usize,
}

#[derive(Debug, Clone)]
pub(super) struct ExemplarSpan {
    /// From behind the opening brace to behind the closing one.
    pub labels: Range<usize>,
    pub value: f64,
    pub timestamp: Option<i64>,
}

impl OpenMetrics<'_> {
    /// The end of the series that begins at `start`.
    #[inline]
    pub(super) fn series_end(&self, start: usize) -> Result<usize, Failure> {
        match self.body.get(start) {
            Some(b'{') => Rules::OpenMetrics.label_set(self.body, start + 1, false, self.utf8),
            Some(&byte) if begins_name(byte) => {
                let name = metric_name(self.body, start);
                if self.body.get(name) == Some(&b'{') {
                    Rules::OpenMetrics.label_set(self.body, name + 1, true, self.utf8)
                } else {
                    Ok(name)
                }
            }
            _ => Err(self.expected(start, "a valid start token")),
        }
    }

    /// Reads what follows a series that spans from `start` to `end`.
    #[inline]
    pub(super) fn read_sample(&self, start: usize, end: usize) -> Result<Sample, Failure> {
        let Some((value, mut at)) = self.number(end)? else {
            return Err(self.expected(end, "value after metric"));
        };
        let mut sample = Sample {
            key: start..end,
            value,
            timestamp: None,
            exemplar: None,
            next: 0,
        };
        if !self.exemplar_follows(at)
            && let Some((timestamp, behind)) = self.timestamp(at)?
        {
            sample.timestamp = Some(timestamp);
            at = behind;
        }
        if self.exemplar_follows(at) {
            let (exemplar, behind) = self.read_exemplar(at + 4)?;
            sample.exemplar = Some(exemplar);
            at = behind;
        }
        match self.body.get(at) {
            Some(b'\n') => sample.next = at + 1,
            None => return Err(failure(at, Problem::NoEof)),
            Some(_) => return Err(self.expected(at, "next entry after timestamp")),
        }
        Ok(sample)
    }

    fn exemplar_follows(&self, at: usize) -> bool {
        self.body[at..].starts_with(b" # {")
    }

    /// The labels, value and time of an exemplar from behind its opening brace.
    fn read_exemplar(&self, start: usize) -> Result<(ExemplarSpan, usize), Failure> {
        let mut at = start;
        while let Piece::Label { name, value, .. } = Rules::Exemplar.piece(self.body, &mut at)? {
            if !self.utf8 {
                check_utf8(self.body, "label value", value)?;
                check_utf8(self.body, "label name", name)?;
            }
        }
        let labels = start..at;
        let Some((value, mut at)) = self.number(at)? else {
            return Err(self.expected(at, "value after exemplar labels"));
        };
        let mut timestamp = None;
        if let Some((time, behind)) = self.timestamp(at)? {
            timestamp = Some(time);
            at = behind;
        }
        Ok((
            ExemplarSpan {
                labels,
                value,
                timestamp,
            },
            at,
        ))
    }

    /// A blank and what stands up to the next blank or line break; `None` if that is not there.
    #[inline]
    fn word(&self, at: usize) -> Option<Range<usize>> {
        if self.body.get(at) != Some(&b' ') {
            return None;
        }
        let from = at + 1;
        let end = end_of(OPENMETRICS_VALUE, self.body, from);
        (end > from).then_some(from..end)
    }

    #[inline]
    fn number(&self, at: usize) -> Result<Option<(f64, usize)>, Failure> {
        let Some(word) = self.word(at) else {
            return Ok(None);
        };
        let text = &self.body[word.clone()];
        match parse_float(text) {
            Some(value) => Ok(Some((value, word.end))),
            None => Err(failure(word.start, Problem::Number(excerpt(text)))),
        }
    }

    /// A time in seconds, as milliseconds.
    #[inline]
    fn timestamp(&self, at: usize) -> Result<Option<(i64, usize)>, Failure> {
        let Some((seconds, end)) = self.number(at)? else {
            return Ok(None);
        };
        if !seconds.is_finite() {
            return Err(failure(
                at + 1,
                Problem::Timestamp(excerpt(&self.body[at + 1..end])),
            ));
        }
        Ok(Some(((seconds * 1000.0) as i64, end)))
    }
}
