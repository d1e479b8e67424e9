//! OpenMetrics 1.0 and 0.0.1.

use std::cell::Cell;
use std::ops::Range;

use super::entry::{Entry, Exemplar, Series, Source};
use super::error::{ParseError, Problem, excerpt};
use super::escape::decode;
use super::kind::MetricType;
use super::number::parse_float;
use super::scan::{Piece, Rules, begins_name, metric_name, skip_nuls};
use super::series::{SeriesLabels, raw_text_name};
use super::text::{check_utf8, metadata_name};

/// A parser of OpenMetrics.
#[derive(Debug)]
pub(super) struct OpenMetrics<'a> {
    body: &'a [u8],
    at: usize,
    utf8: bool,
    kind: MetricType,
    /// How long the name in the last line of metadata is.
    family: usize,
    exemplar: Option<ExemplarSpan>,
    skip_created: bool,
    /// The next `_created` line, as far as it has been looked for.
    ahead: Cell<Ahead>,
    /// The `_created` line that the last sample belonged to.
    matched: Cell<Option<Created>>,
}

/// What [`OpenMetrics::advance`] found.
#[derive(Debug)]
pub(super) enum Step {
    Help(Range<usize>, Range<usize>),
    Type(Range<usize>),
    Unit(Range<usize>, Range<usize>),
    Series {
        key: Range<usize>,
        value: f64,
        timestamp: Option<i64>,
        expected: bool,
    },
}

/// A line with a sample.
#[derive(Debug)]
struct Sample {
    key: Range<usize>,
    value: f64,
    timestamp: Option<i64>,
    exemplar: Option<ExemplarSpan>,
    /// Where the next line begins.
    next: usize,
}

#[derive(Debug, Clone)]
struct ExemplarSpan {
    /// From behind the opening brace to behind the closing one.
    labels: Range<usize>,
    value: f64,
    timestamp: Option<i64>,
}

/// The first `_created` line at or behind `from`, before the family ends. `to` is where that line, or
/// the family's end, is.
#[derive(Debug, Clone, Copy, Default)]
struct Ahead {
    from: usize,
    to: usize,
    created: Option<Created>,
}

/// A `_created` line.
#[derive(Debug, Clone, Copy)]
struct Created {
    start: usize,
    end: usize,
    time: i64,
}

type Failure = (usize, Problem);

impl<'a> OpenMetrics<'a> {
    pub(super) fn new(body: &'a [u8], skip_created: bool) -> Self {
        Self {
            body,
            at: 0,
            utf8: std::str::from_utf8(body).is_ok(),
            kind: MetricType::Unknown,
            family: 0,
            exemplar: None,
            skip_created,
            ahead: Cell::default(),
            matched: Cell::default(),
        }
    }

    pub(super) fn advance(&mut self, expected: &[u8]) -> Result<Option<Step>, ParseError> {
        let step = self
            .step(expected)
            .map_err(|(at, what)| ParseError::text(self.body, at, what));
        if step.is_err() {
            // What follows an error is not read; an empty rest would be an error again.
            self.body = b"# EOF";
            self.at = 0;
        }
        step
    }

    pub(super) fn entry(&self, step: Step) -> Entry<'_> {
        match step {
            Step::Help(name, text) => Entry::Help {
                name: decode(&self.body[name]),
                text: decode(&self.body[text]),
            },
            Step::Type(name) => Entry::Type {
                name: decode(&self.body[name]),
                kind: self.kind,
            },
            Step::Unit(name, unit) => Entry::Unit {
                name: decode(&self.body[name]),
                unit: String::from_utf8_lossy(&self.body[unit]),
            },
            Step::Series {
                key,
                value,
                timestamp,
                expected,
            } => Entry::Series(Series {
                key: &self.body[key],
                value,
                timestamp,
                expected,
                source: Source::OpenMetrics(self),
            }),
        }
    }

    /// The type of the last `# TYPE` line.
    pub(super) const fn kind(&self) -> MetricType {
        self.kind
    }

    pub(super) fn exemplar(&self) -> Option<Exemplar<'_>> {
        let span = self.exemplar.as_ref()?;
        Some(Exemplar {
            labels: SeriesLabels::of_exemplar(&self.body[span.labels.clone()]),
            value: span.value,
            timestamp: span.timestamp,
        })
    }

    #[inline]
    fn step(&mut self, expected: &[u8]) -> Result<Option<Step>, Failure> {
        loop {
            self.exemplar = None;
            let start = self.at;
            let known = self.expected_end(expected);
            let end = match (known, self.body.get(start)) {
                (Some(end), _) => end,
                (None, Some(b'#')) => return self.hash(start),
                (None, Some(_)) => self.series_end(start)?,
                (None, None) => return Err((start, Problem::NoEof)),
            };
            let sample = self.sample(start, end)?;
            self.at = sample.next;
            if self.skip_created && self.kind.has_start() && self.is_created(&sample.key) {
                continue;
            }
            self.exemplar = sample.exemplar;
            return Ok(Some(Step::Series {
                key: sample.key,
                value: sample.value,
                timestamp: sample.timestamp,
                expected: known.is_some(),
            }));
        }
    }

    fn is_created(&self, key: &Range<usize>) -> bool {
        let key = &self.body[key.clone()];
        // Looked for in the whole text first, because nearly no series has it.
        memchr::memmem::find(key, b"_created").is_some()
            && raw_text_name(key, Rules::OpenMetrics).ends_with(b"_created")
    }

    /// As in text 0.0.4.
    #[inline]
    fn expected_end(&self, expected: &[u8]) -> Option<usize> {
        let rest = self.body.get(self.at..)?.strip_prefix(expected)?;
        let fits = expected.last()? == &b'}' || rest.first() == Some(&b' ');
        fits.then_some(self.at + expected.len())
    }

    /// The end of the series that begins at `start`.
    #[inline]
    fn series_end(&self, start: usize) -> Result<usize, Failure> {
        match self.body.get(start) {
            Some(b'{') => self.braces(start + 1, false),
            Some(&byte) if begins_name(byte) => {
                let name = metric_name(self.body, start);
                if self.body.get(name) == Some(&b'{') {
                    self.braces(name + 1, true)
                } else {
                    Ok(name)
                }
            }
            _ => Err(self.expected(start, "a valid start token")),
        }
    }

    #[inline]
    fn braces(&self, mut at: usize, mut named: bool) -> Result<usize, Failure> {
        loop {
            let start = at;
            match Rules::OpenMetrics.piece(self.body, &mut at)? {
                Piece::Label {
                    name,
                    quoted,
                    value,
                } => {
                    if !self.utf8 {
                        check_utf8(self.body, "label value", value)?;
                        if quoted {
                            check_utf8(self.body, "label name", name)?;
                        }
                    }
                }
                Piece::MetricName(name) => {
                    if named {
                        return Err((name.start, Problem::SecondName));
                    }
                    if !self.utf8 {
                        check_utf8(self.body, "metric name", name)?;
                    }
                    named = true;
                }
                Piece::End if named => return Ok(at),
                Piece::End => return Err((start, Problem::NoName)),
            }
        }
    }

    /// Reads what follows a series that spans from `start` to `end`.
    #[inline]
    fn sample(&self, start: usize, end: usize) -> Result<Sample, Failure> {
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
            None => return Err((at, Problem::NoEof)),
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
        loop {
            match Rules::Exemplar.piece(self.body, &mut at)? {
                Piece::Label { name, value, .. } => {
                    if !self.utf8 {
                        check_utf8(self.body, "label value", value)?;
                        check_utf8(self.body, "label name", name)?;
                    }
                }
                Piece::End | Piece::MetricName(_) => break,
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
        let mut end = from;
        while let Some(&byte) = self.body.get(end)
            && !matches!(byte, b' ' | b'\n' | 0)
        {
            end += 1;
        }
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
            None => Err((word.start, Problem::Number(excerpt(text)))),
        }
    }

    /// A time in seconds, as milliseconds.
    #[inline]
    fn timestamp(&self, at: usize) -> Result<Option<(i64, usize)>, Failure> {
        let Some((seconds, end)) = self.number(at)? else {
            return Ok(None);
        };
        if !seconds.is_finite() {
            return Err((at + 1, Problem::Timestamp(excerpt(&self.body[at + 1..end]))));
        }
        Ok(Some(((seconds * 1000.0) as i64, end)))
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
                Some(_) => Err((behind, Problem::AfterEof)),
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
            return self.metadata(which, name, text).map(Some);
        }
        Err(self.expected(start, "a valid start token"))
    }

    fn metadata(
        &mut self,
        which: usize,
        name: Range<usize>,
        text: Range<usize>,
    ) -> Result<Step, Failure> {
        let bytes = &self.body[text.clone()];
        match which {
            0 => {
                if !self.utf8 {
                    check_utf8(self.body, "help text", text.clone())?;
                }
                Ok(Step::Help(name, text))
            }
            1 => {
                self.kind = MetricType::from_openmetrics(bytes)
                    .ok_or_else(|| (text.start, Problem::Type(excerpt(bytes))))?;
                Ok(Step::Type(name))
            }
            _ => {
                let family = &self.body[name.clone()];
                let fits = family
                    .strip_suffix(bytes)
                    .is_some_and(|rest| bytes.is_empty() || rest.ends_with(b"_"));
                if fits {
                    return Ok(Step::Unit(name, text));
                }
                Err((
                    text.start,
                    Problem::Unit {
                        unit: excerpt(bytes),
                        metric: excerpt(family),
                    },
                ))
            }
        }
    }

    /// When the sample with this key, at which the parser is, began.
    pub(super) fn start_timestamp(&self, key: &[u8]) -> Option<i64> {
        if !self.kind.has_start() {
            self.matched.set(None);
            return None;
        }
        if let Some(created) = self.matched.get()
            && self.belongs(key, created)
        {
            return Some(created.time);
        }
        let mut ahead = self.ahead.get();
        if !(ahead.from..=ahead.to).contains(&self.at) || ahead.to == 0 {
            ahead = self.look_ahead();
            self.ahead.set(ahead);
        }
        let created = ahead
            .created
            .filter(|created| created.time != 0 && self.belongs(key, *created));
        self.matched.set(created);
        created.map(|created| created.time)
    }

    /// Looks for the next `_created` line of this family.
    fn look_ahead(&self) -> Ahead {
        let mut ahead = Ahead {
            from: self.at,
            to: self.at,
            created: None,
        };
        while self.body.get(ahead.to).is_some_and(|byte| *byte != b'#') {
            let sample = self
                .series_end(ahead.to)
                .and_then(|end| self.sample(ahead.to, end));
            let Ok(sample) = sample else {
                break;
            };
            if self.is_created(&sample.key) {
                ahead.created = Some(Created {
                    start: sample.key.start,
                    end: sample.key.end,
                    time: (sample.value * 1000.0) as i64,
                });
                break;
            }
            ahead.to = sample.next;
        }
        ahead
    }

    /// Whether a `_created` line is about the metric of this sample.
    fn belongs(&self, key: &[u8], created: Created) -> bool {
        let created = &self.body[created.start..created.end];
        let name = raw_text_name(key, Rules::OpenMetrics);
        let family = raw_text_name(created, Rules::OpenMetrics);
        let family = family.strip_suffix(b"_created").unwrap_or(family);
        name.get(..self.family) == Some(family) && self.own_labels(key).eq(self.own_labels(created))
    }

    /// The labels of a series, raw, without those that tell the parts of one metric apart.
    fn own_labels<'k>(
        &self,
        key: &'k [u8],
    ) -> impl Iterator<Item = (&'k [u8], &'k [u8])> + use<'k> {
        let part: &[u8] = match self.kind {
            MetricType::Histogram => b"le",
            MetricType::Summary => b"quantile",
            _ => b"",
        };
        let mut at = memchr::memchr(b'{', key).map_or(key.len(), |brace| brace + 1);
        std::iter::from_fn(move || {
            while at < key.len() {
                match Rules::OpenMetrics.piece(key, &mut at) {
                    Ok(Piece::Label { name, value, .. }) if &key[name.clone()] != part => {
                        return Some((&key[name], &key[value]));
                    }
                    Ok(Piece::Label { .. } | Piece::MetricName(_)) => {}
                    Ok(Piece::End) | Err(_) => at = key.len(),
                }
            }
            None
        })
    }

    #[cold]
    fn expected(&self, at: usize, what: &'static str) -> Failure {
        (at, Problem::expected(self.body, at, what))
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
