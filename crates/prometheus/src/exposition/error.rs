//! Why a body cannot be read.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

/// A body is not what its format says. Prometheus fails the whole scrape then.
///
/// Shown as `line 3, column 14: expected value after metric, got "}"`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: {}", .0.at, .0.what)]
pub struct ParseError(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    at: Position,
    what: Problem,
}

/// A problem and its place in a text: what the parsers of text pass on. Boxed, because results of every
/// step are as large as the error in them.
pub(super) type Failure = Box<(usize, Problem)>;

/// A [`Failure`].
#[cold]
pub(super) fn failure(at: usize, what: Problem) -> Failure {
    Box::new((at, what))
}

/// Where in a body a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// In a text format.
    Text {
        /// The line, from 1.
        line: usize,
        /// The byte in that line, from 1.
        column: usize,
    },
    /// In protobuf.
    Protobuf {
        /// The metric family, from 1.
        family: usize,
        /// The byte at which that family's message begins, from 0.
        offset: usize,
    },
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// Something else should stand there.
    #[error("expected {expected}, got {got}")]
    Expected {
        /// What should stand there.
        expected: Cow<'static, str>,
        /// What does: its first bytes, quoted, or `end of input`.
        got: Box<str>,
    },
    /// A `# TYPE` line has a type that the format does not know.
    #[error("invalid metric type {0:?}")]
    Type(Box<str>),
    /// A value or timestamp is not a number, or too large for one.
    #[error("invalid number {0:?}")]
    Number(Box<str>),
    /// An OpenMetrics timestamp is NaN or infinite.
    #[error("invalid timestamp {0:?}")]
    Timestamp(Box<str>),
    /// A name, a label value or a help text is not UTF-8.
    #[error("{0} is not valid UTF-8: {1:?}")]
    Utf8(&'static str, Box<str>),
    /// There is a metric name before and another inside of the braces.
    #[error("metric name already set")]
    SecondName,
    /// The braces hold no metric name, nor does one stand before them.
    #[error("metric name not set")]
    NoName,
    /// An OpenMetrics family has a unit that its name does not end with.
    #[error("unit {unit:?} not a suffix of metric {metric:?}")]
    Unit {
        /// The unit.
        unit: Box<str>,
        /// The family's name.
        metric: Box<str>,
    },
    /// An OpenMetrics body ends too early.
    #[error("data does not end with # EOF")]
    NoEof,
    /// An OpenMetrics body goes on after its end.
    #[error("unexpected data after # EOF")]
    AfterEof,
    /// The bytes are not a protobuf message of the expected shape.
    #[error("{0}")]
    Wire(headwater_core::pdata::wire::WireError),
    /// A family's message is longer than what is left of the body.
    #[error("message of {length} bytes in {left} bytes")]
    Length {
        /// The length that stands before the message.
        length: u64,
        /// The bytes that are left.
        left: usize,
    },
    /// A protobuf metric family has no name.
    #[error("invalid metric name: \"\"")]
    EmptyName,
    /// A protobuf label has no name.
    #[error("invalid label name: \"\"")]
    EmptyLabelName,
    /// A protobuf metric family has a type that is not in the enumeration.
    #[error("unknown metric type for metric {metric:?}: {found}")]
    UnknownType {
        /// The family's name.
        metric: Box<str>,
        /// The number found.
        found: i32,
    },
    /// The spans of a native histogram do not describe its buckets.
    #[error("histogram {metric:?}: {side} side: spans require {want} buckets, have {have}")]
    Spans {
        /// The family's name.
        metric: Box<str>,
        /// `positive` or `negative`.
        side: &'static str,
        /// The sum of the spans' lengths.
        want: u64,
        /// The buckets there are.
        have: usize,
    },
}

impl ParseError {
    /// A problem in a text, whose place may be one beyond the end.
    #[cold]
    pub(super) fn text(body: &[u8], (at, what): (usize, Problem)) -> Self {
        let before = &body[..at.min(body.len())];
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        Self(Box::new(Details {
            at: Position::Text {
                line,
                column: at - start + 1,
            },
            what,
        }))
    }

    #[cold]
    pub(super) fn protobuf(family: usize, offset: usize, what: Problem) -> Self {
        Self(Box::new(Details {
            at: Position::Protobuf { family, offset },
            what,
        }))
    }

    /// Where the problem is.
    #[must_use]
    pub fn position(&self) -> Position {
        self.0.at
    }

    /// What the problem is.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.0.what
    }
}

impl Problem {
    /// What is expected at byte `at` of `body`, where something else stands.
    #[cold]
    pub(super) fn expected(body: &[u8], at: usize, expected: impl Into<Cow<'static, str>>) -> Self {
        let got = match body.get(at..) {
            None | Some([]) => "end of input".into(),
            Some(rest) => {
                let line = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at.max(1));
                format!("{:?}", excerpt(&rest[..line.min(20)])).into()
            }
        };
        Self::Expected {
            expected: expected.into(),
            got,
        }
    }
}

/// The beginning of something that may be long and need not be text.
pub(super) fn excerpt(bytes: &[u8]) -> Box<str> {
    const LONGEST: usize = 100;
    if bytes.len() <= LONGEST {
        return String::from_utf8_lossy(bytes).into();
    }
    format!("{}…", String::from_utf8_lossy(&bytes[..LONGEST])).into()
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { line, column } => write!(f, "line {line}, column {column}"),
            Self::Protobuf { family, offset } => {
                write!(f, "metric family {family} at byte {offset}")
            }
        }
    }
}
