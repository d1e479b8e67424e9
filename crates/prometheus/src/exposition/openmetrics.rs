//! OpenMetrics 1.0 and 0.0.1.

use std::cell::Cell;
use std::ops::Range;

use super::entry::{Entry, Exemplar, Series, Source};
use super::error::{Failure, ParseError, Problem, excerpt, failure};
use super::escape::decode;
use super::guess::Guess;
use super::scan::check_utf8;
use super::scan::{self, skip_nuls};
use super::series::SeriesLabels;
use super::text::metadata_name;
use crate::metric_type::MetricType;

mod created;
mod sample;

use created::{Ahead, Created};
use sample::Sample;

/// A parser of OpenMetrics.
#[derive(Debug)]
pub(super) struct OpenMetrics<'a> {
    body: &'a [u8],
    at: usize,
    utf8: bool,
    kind: MetricType,
    /// How long the name in the last line of metadata is.
    family: usize,
    /// The name in a line of metadata.
    name: Range<usize>,
    /// The text of a line of metadata.
    text: Range<usize>,
    sample: Sample,
    /// Whether the key of the sample is the one expected.
    expected: bool,
    skip_created: bool,
    /// The next `_created` line, as far as it has been looked for.
    ahead: Cell<Ahead>,
    /// The `_created` line that the last sample belonged to.
    matched: Cell<Option<Created>>,
}

/// What [`OpenMetrics::advance`] found. Where it is stands in the parser.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Help,
    Type,
    Unit,
    Series,
}

impl<'a> OpenMetrics<'a> {
    pub(super) fn new(body: &'a [u8], skip_created: bool) -> Self {
        Self {
            body,
            at: 0,
            utf8: std::str::from_utf8(body).is_ok(),
            kind: MetricType::Unknown,
            family: 0,
            name: 0..0,
            text: 0..0,
            sample: Sample::default(),
            expected: false,
            skip_created,
            ahead: Cell::default(),
            matched: Cell::default(),
        }
    }

    pub(super) fn advance(&mut self, guess: impl Guess) -> Result<Option<Step>, ParseError> {
        let step = self
            .step(guess)
            .map_err(|failure| ParseError::text(self.body, *failure));
        if step.is_err() {
            // What follows an error is not read; an empty rest would be an error again.
            self.body = b"# EOF";
            self.at = 0;
        }
        step
    }

    #[inline]
    pub(super) fn entry(&self, step: Step) -> Entry<'_> {
        let name = || decode(&self.body[self.name.clone()]);
        let text = &self.body[self.text.clone()];
        match step {
            Step::Help => Entry::Help {
                name: name(),
                text: decode(text),
            },
            Step::Type => Entry::Type {
                name: name(),
                kind: self.kind,
            },
            Step::Unit => Entry::Unit {
                name: name(),
                unit: String::from_utf8_lossy(text),
            },
            Step::Series => Entry::Series(Series {
                key: &self.body[self.sample.key.clone()],
                value: self.sample.value,
                timestamp: self.sample.timestamp,
                expected: self.expected,
                source: Source::OpenMetrics(self),
            }),
        }
    }

    /// The type of the last `# TYPE` line.
    pub(super) const fn kind(&self) -> MetricType {
        self.kind
    }

    pub(super) fn exemplar(&self) -> Option<Exemplar<'_>> {
        let span = self.sample.exemplar.as_ref()?;
        Some(Exemplar {
            labels: SeriesLabels::of_exemplar(&self.body[span.labels.clone()]),
            value: span.value,
            timestamp: span.timestamp,
        })
    }

    #[inline]
    fn step(&mut self, guess: impl Guess) -> Result<Option<Step>, Failure> {
        loop {
            let start = self.at;
            let known = self.expected_end(guess);
            let end = match (known, self.body.get(start)) {
                (Some(end), _) => end,
                (None, Some(b'#')) => return self.hash(start),
                (None, Some(_)) => self.series_end(start)?,
                (None, None) => return Err(failure(start, Problem::NoEof)),
            };
            self.sample = self.read_sample(start, end)?;
            self.at = self.sample.next;
            if self.skip_created && self.kind.has_start() && self.is_created(&self.sample.key) {
                continue;
            }
            self.expected = known.is_some();
            return Ok(Some(Step::Series));
        }
    }

    /// As in text 0.0.4.
    #[inline]
    fn expected_end(&self, guess: impl Guess) -> Option<usize> {
        let end = self.at + guess.length();
        let key = self.body.get(self.at..end)?;
        let fits = key.last()? == &b'}' || self.body.get(end) == Some(&b' ');
        (fits && guess.is(key)).then_some(end)
    }

    /// Reads the line of metadata, or the end, whose `#` is at `start`.
    fn hash(&mut self, start: usize) -> Result<Option<Step>, Failure> {
        let body = self.body;
        if body.get(start + 1) != Some(&b' ') {
            return Err(self.expected(start, "a valid start token"));
        }
        let at = start + 2;
        if let Some(behind) = keyword(body, at, b"EOF") {
            let behind = match body.get(behind) {
                Some(b'\n') => skip_nuls(body, behind + 1),
                _ => behind,
            };
            return match body.get(behind) {
                None => {
                    self.at = start;
                    Ok(None)
                }
                Some(_) => Err(failure(behind, Problem::AfterEof)),
            };
        }
        let words: [(&[u8], &'static str); 3] = [
            (b"HELP", "metric name after HELP"),
            (b"TYPE", "metric name after TYPE"),
            (b"UNIT", "metric name after UNIT"),
        ];
        for (which, (word, missing)) in words.into_iter().enumerate() {
            let Some(blank) = keyword(body, at, word) else {
                continue;
            };
            if body.get(blank) != Some(&b' ') {
                break;
            }
            let at = skip_nuls(body, blank + 1);
            let (name, behind) =
                metadata_name(body, at).ok_or_else(|| self.expected(at, missing))?;
            let end = match body.get(behind) {
                Some(b' ') => memchr::memchr(b'\n', &body[behind..]),
                _ => None,
            };
            let Some(end) = end else {
                return Err(self.expected(behind, "text in metadata"));
            };
            // NULs behind the line are part of the token, which loses its last byte as the break.
            let next = skip_nuls(body, behind + end + 1);
            let text = behind + 1..next - 1;
            self.at = next;
            self.family = name.len();
            (self.name, self.text) = (name, text);
            return self.metadata(which).map(Some);
        }
        Err(self.expected(start, "a valid start token"))
    }

    /// Checks the line of metadata that has been read.
    fn metadata(&mut self, which: usize) -> Result<Step, Failure> {
        let text = &self.body[self.text.clone()];
        match which {
            0 => {
                if !self.utf8 {
                    check_utf8(self.body, "help text", self.text.clone())?;
                }
                Ok(Step::Help)
            }
            1 => {
                self.kind = MetricType::from_openmetrics(text)
                    .ok_or_else(|| failure(self.text.start, Problem::Type(excerpt(text))))?;
                Ok(Step::Type)
            }
            _ => {
                let family = &self.body[self.name.clone()];
                let fits = family
                    .strip_suffix(text)
                    .is_some_and(|rest| text.is_empty() || rest.ends_with(b"_"));
                if fits {
                    return Ok(Step::Unit);
                }
                let problem = Problem::Unit {
                    unit: excerpt(text),
                    metric: excerpt(family),
                };
                Err(failure(self.text.start, problem))
            }
        }
    }

    #[cold]
    fn expected(&self, at: usize, what: &'static str) -> Failure {
        scan::expected(self.body, at, what)
    }
}

/// The place behind a keyword. NULs in between and behind do not count.
fn keyword(body: &[u8], mut at: usize, word: &[u8]) -> Option<usize> {
    for byte in word {
        if body.get(at) != Some(byte) {
            return None;
        }
        at = skip_nuls(body, at + 1);
    }
    Some(at)
}
