//! Text 0.0.4 (and 1.0.0, which differs in its name only).

use std::ops::Range;

use crate::metric_type::MetricType;

use super::entry::{Entry, Series, Source};
use super::error::{Failure, ParseError, Problem, excerpt, failure};
use super::escape::{decode, decode_help};
use super::guess::Guess;
use super::number::parse_float;
use super::scan::{
    self, Quoted, Rules, TEXT_VALUE, begins_name, check_utf8, end_of, metric_name, skip_blanks,
    skip_nuls,
};

/// A parser of text 0.0.4. The end of the body counts as a line break.
#[derive(Debug)]
pub(super) struct Text<'a> {
    body: &'a [u8],
    at: usize,
    /// Whether the whole body is UTF-8, which spares looking at each value.
    utf8: bool,
    kind: MetricType,
    /// The name in a line of metadata.
    name: Range<usize>,
    /// The text of a line of metadata or a comment.
    text: Range<usize>,
    /// A series and what it says.
    key: Range<usize>,
    value: f64,
    timestamp: Option<i64>,
    expected: bool,
}

/// What [`Text::advance`] found. Where it is stands in the parser: results that are small are cheap to
/// hand on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Help,
    Type,
    Comment,
    Series,
}

impl<'a> Text<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self {
            body,
            at: 0,
            utf8: std::str::from_utf8(body).is_ok(),
            kind: MetricType::Unknown,
            name: 0..0,
            text: 0..0,
            key: 0..0,
            value: 0.0,
            timestamp: None,
            expected: false,
        }
    }

    pub(super) fn advance(&mut self, guess: impl Guess) -> Result<Option<Step>, ParseError> {
        let step = self
            .step(guess)
            .map_err(|failure| ParseError::text(self.body, *failure));
        if !matches!(step, Ok(Some(_))) {
            self.at = self.body.len();
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
                text: decode_help(text),
            },
            Step::Type => Entry::Type {
                name: name(),
                kind: self.kind,
            },
            Step::Comment => Entry::Comment(text),
            Step::Series => Entry::Series(Series {
                key: &self.body[self.key.clone()],
                value: self.value,
                timestamp: self.timestamp,
                expected: self.expected,
                source: Source::Text(self.kind),
            }),
        }
    }

    #[inline]
    fn step(&mut self, guess: impl Guess) -> Result<Option<Step>, Failure> {
        if let Some(end) = self.expected_end(guess) {
            return self.sample(self.at, end, true).map(Some);
        }
        loop {
            let start = self.at;
            let at = skip_blanks(self.body, start);
            return match self.body.get(at) {
                None | Some(0) => Ok(None),
                Some(b'\n') => {
                    self.at = at + 1;
                    continue;
                }
                Some(b'#') => self.comment(at),
                Some(b'{') => {
                    let end = Rules::Text.label_set(self.body, at + 1, false, self.utf8)?;
                    self.sample(start, end, false).map(Some)
                }
                Some(&byte) if begins_name(byte) => {
                    let name = metric_name(self.body, at);
                    let brace = skip_blanks(self.body, name);
                    let end = if self.body.get(brace) == Some(&b'{') {
                        Rules::Text.label_set(self.body, brace + 1, true, self.utf8)?
                    } else {
                        name
                    };
                    self.sample(start, end, false).map(Some)
                }
                Some(_) => Err(self.expected(at, "a valid start token")),
            };
        }
    }

    /// The end of the series at this place, if it is the one expected: what was read once need not
    /// be looked at again.
    #[inline]
    fn expected_end(&self, guess: impl Guess) -> Option<usize> {
        let end = self.at + guess.length();
        let key = self.body.get(self.at..end)?;
        let fits = match (key.last()?, &self.body[end..]) {
            (b'}', _) => true,
            // Without braces the name has to end here, and no braces may follow.
            (_, [b' ' | b'\t', next, ..]) => !matches!(next, b' ' | b'\t' | b'{'),
            _ => false,
        };
        (fits && guess.is(key)).then_some(end)
    }

    /// Reads what follows a series that spans from `start` to `end`.
    #[inline]
    fn sample(&mut self, start: usize, end: usize, expected: bool) -> Result<Step, Failure> {
        let body = self.body;
        let from = skip_blanks(body, end);
        let mut at = end_of(TEXT_VALUE, body, from);
        if at == from {
            return Err(self.expected(at, "value after metric"));
        }
        let Some(value) = parse_float(&body[from..at]) else {
            return Err(failure(from, Problem::Number(excerpt(&body[from..at]))));
        };
        at = skip_blanks(body, at);
        let mut timestamp = None;
        if let Some(b'0'..=b'9') = body.get(at) {
            let from = at;
            while let Some(b'0'..=b'9') = body.get(at) {
                at += 1;
            }
            timestamp = Some(
                parse_digits(&body[from..at])
                    .ok_or_else(|| failure(from, Problem::Number(excerpt(&body[from..at]))))?,
            );
            at = skip_blanks(body, at);
        }
        match body.get(at) {
            None | Some(b'\n') => self.at = at + 1,
            Some(_) if timestamp.is_some() => {
                return Err(self.expected(at, "next entry after timestamp"));
            }
            Some(_) => return Err(self.expected(at, "timestamp or new record")),
        }
        self.key = start..end;
        self.value = value;
        self.timestamp = timestamp;
        self.expected = expected;
        Ok(Step::Series)
    }

    /// Reads the line whose `#` is at `hash`.
    fn comment(&mut self, hash: usize) -> Result<Option<Step>, Failure> {
        let body = self.body;
        let mut at = skip_blanks(body, hash + 1);
        let line_end =
            |from: usize| memchr::memchr(b'\n', &body[from..]).map_or(body.len(), |end| from + end);
        if at == hash + 1 {
            // Not `# `: a NUL ends the input, as it does at the beginning of a line.
            let end = line_end(at);
            if memchr::memchr(0, &body[at..end]).is_some() {
                return Ok(None);
            }
            self.at = end + 1;
            self.text = hash..end;
            return Ok(Some(Step::Comment));
        }
        if body.get(at) == Some(&0) {
            return Ok(None);
        }
        let (help, behind) = match (keyword(body, at, b"HELP"), keyword(body, at, b"TYPE")) {
            (Some(behind), _) => (true, behind),
            (None, Some(behind)) => (false, behind),
            (None, None) => {
                let end = line_end(at);
                self.at = end + 1;
                self.text = hash..end;
                return Ok(Some(Step::Comment));
            }
        };
        at = behind;
        let (name, behind) = metadata_name(body, at).ok_or_else(|| {
            let what = if help {
                "metric name after HELP"
            } else {
                "metric name after TYPE"
            };
            self.expected(at, what)
        })?;
        at = behind;
        if body.get(at) == Some(&0) {
            return Err(self.expected(at, "linebreak after metadata"));
        }
        let start = at;
        if let Some(b' ' | b'\t') = body.get(at) {
            while let Some(b' ' | b'\t' | 0) = body.get(at) {
                at += 1;
            }
        }
        let text = if matches!(body.get(at), None | Some(b'\n')) {
            at..at
        } else {
            // One byte stands between name and text, whatever it is.
            at = line_end(at);
            start + 1..at
        };
        self.at = at + 1;
        if help {
            // The byte left out may be the first of a longer character.
            if !self.utf8 || body.get(start).is_some_and(|byte| !byte.is_ascii()) {
                check_utf8(body, "help text", text.clone())?;
            }
            (self.name, self.text) = (name, text);
            return Ok(Some(Step::Help));
        }
        self.kind = MetricType::from_text(&body[text.clone()])
            .ok_or_else(|| failure(text.start, Problem::Type(excerpt(&body[text.clone()]))))?;
        (self.name, self.text) = (name, text);
        Ok(Some(Step::Type))
    }

    #[cold]
    fn expected(&self, at: usize, what: &'static str) -> Failure {
        scan::expected(self.body, at, what)
    }
}

/// The place behind a keyword and the blanks that have to follow it. NULs in between do not count.
fn keyword(body: &[u8], mut at: usize, word: &[u8]) -> Option<usize> {
    for byte in word {
        if body.get(at) != Some(byte) {
            return None;
        }
        at = skip_nuls(body, at + 1);
    }
    if !matches!(body.get(at), Some(b' ' | b'\t')) {
        return None;
    }
    while let Some(b' ' | b'\t' | 0) = body.get(at) {
        at += 1;
    }
    Some(at)
}

/// The name in a line of metadata, without quotes, and the place behind it.
pub(super) fn metadata_name(body: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    match *body.get(at)? {
        b'"' => {
            let rules = Quoted {
                newline: true,
                nul: false,
            };
            let end = rules.end(body, at)?;
            Some((at + 1..end, end + 1))
        }
        byte if begins_name(byte) => {
            let end = metric_name(body, at);
            Some((at..end, end))
        }
        _ => None,
    }
}

/// Digits as a number; `None` above the largest.
fn parse_digits(digits: &[u8]) -> Option<i64> {
    let mut value = 0_i64;
    for digit in digits {
        value = value
            .checked_mul(10)?
            .checked_add(i64::from(digit - b'0'))?;
    }
    Some(value)
}
