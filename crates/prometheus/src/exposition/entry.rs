//! What a body consists of.

use std::borrow::Cow;

use super::native::NativeHistogram;
use super::openmetrics::OpenMetrics;
use super::protobuf::Protobuf;
use super::series::{Exemplars, SeriesLabels};
use crate::metric_type::MetricType;

/// One entry of a body. It borrows from the parser until the next one is read.
#[derive(Debug, Clone)]
pub enum Entry<'p> {
    /// The help text of a family.
    Help {
        /// The family's name.
        name: Cow<'p, str>,
        /// The text, escapes decoded.
        text: Cow<'p, str>,
    },
    /// The type of a family. It also says how the series up to the next type are to be read.
    Type {
        /// The family's name. In OpenMetrics without `_total`.
        name: Cow<'p, str>,
        /// The type.
        kind: MetricType,
    },
    /// The unit of a family (OpenMetrics and protobuf).
    Unit {
        /// The family's name.
        name: Cow<'p, str>,
        /// The unit, for example `seconds`; empty if the line says so.
        unit: Cow<'p, str>,
    },
    /// A comment of text 0.0.4, from its `#` on. Holds nothing that anybody needs.
    Comment(&'p [u8]),
    /// A sample of a series.
    Series(Series<'p>),
    /// A native histogram.
    Histogram(Histogram<'p>),
}

/// A sample of a series: a number.
#[derive(Debug, Clone, Copy)]
pub struct Series<'p> {
    pub(super) key: &'p [u8],
    pub(super) value: f64,
    pub(super) timestamp: Option<i64>,
    pub(super) expected: bool,
    pub(super) source: Source<'p>,
}

/// A sample of a series: a native histogram.
#[derive(Debug, Clone, Copy)]
pub struct Histogram<'p> {
    pub(super) key: &'p [u8],
    pub(super) timestamp: Option<i64>,
    pub(super) expected: bool,
    pub(super) parser: &'p Protobuf<'p>,
}

/// Where the rest of a sample is found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'p> {
    /// In the key; the type is that of the last `# TYPE` line.
    Text(MetricType),
    /// In the key and behind the value.
    OpenMetrics(&'p OpenMetrics<'p>),
    /// In the message at which the parser is.
    Protobuf(&'p Protobuf<'p>),
}

macro_rules! sample {
    ($sample:ident) => {
        impl<'p> $sample<'p> {
            /// Bytes that name the series: the same bytes, the same series, within one format (and
            /// under the same types). In the text formats all that stands before the value.
            ///
            /// Two keys may name one series, where a target changes how it writes labels.
            #[must_use]
            pub const fn key(&self) -> &'p [u8] {
                self.key
            }

            /// The time of the sample in milliseconds since 1970, if the target gives one.
            #[must_use]
            pub const fn timestamp(&self) -> Option<i64> {
                self.timestamp
            }

            /// Whether the key is the one that was expected, see
            /// [`Parser::next_expecting`](super::Parser::next_expecting).
            #[must_use]
            pub const fn is_expected(&self) -> bool {
                self.expected
            }

            /// The metric's name, with `_bucket`, `_sum`, `_count` and the like. May be empty or break the rules of
            /// names, which fails the scrape in Prometheus; always UTF-8.
            #[must_use]
            pub fn name(&self) -> Cow<'p, str> {
                self.source().name(self.key)
            }

            /// The labels without the metric's name, in the target's order. Nothing is checked: a name
            /// may stand there twice, which fails the scrape in Prometheus, and a value may be empty,
            /// which is the same as no label.
            ///
            /// The values of `le` on a histogram and of `quantile` on a summary come in the form of
            /// OpenMetrics, `1.0` for `1`.
            #[must_use]
            pub fn labels(&self) -> SeriesLabels<'p> {
                self.source().labels(self.key)
            }

            /// The exemplars: at most one, but any number on a native histogram.
            #[must_use]
            pub fn exemplars(&self) -> Exemplars<'p> {
                self.source().exemplars()
            }

            /// When the series began, in milliseconds since 1970: of a counter, histogram or summary
            /// that has a `_created` line (OpenMetrics) or a start timestamp (protobuf).
            ///
            /// In OpenMetrics this looks ahead, up to the end of the family once for all its series.
            #[must_use]
            pub fn start_timestamp(&self) -> Option<i64> {
                self.source().start_timestamp(self.key)
            }
        }
    };
}

sample!(Series);
sample!(Histogram);

impl<'p> Series<'p> {
    /// The value. In text, every NaN is [`NORMAL_NAN`](super::NORMAL_NAN).
    #[must_use]
    pub const fn value(&self) -> f64 {
        self.value
    }

    const fn source(&self) -> Source<'p> {
        self.source
    }
}

impl<'p> Histogram<'p> {
    /// The histogram, without empty buckets.
    #[must_use]
    pub fn value(&self) -> NativeHistogram<'p> {
        self.parser.native()
    }

    const fn source(&self) -> Source<'p> {
        Source::Protobuf(self.parser)
    }
}

/// A label as it stands in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelRef<'p> {
    /// The name, escapes decoded.
    pub name: Cow<'p, str>,
    /// The value, escapes decoded; may be empty.
    pub value: Cow<'p, str>,
}

/// An exemplar: one observation, usually with a trace id.
#[derive(Debug, Clone, Copy)]
pub struct Exemplar<'p> {
    pub(super) labels: SeriesLabels<'p>,
    pub(super) value: f64,
    pub(super) timestamp: Option<i64>,
}

impl<'p> Exemplar<'p> {
    /// The labels, in the target's order.
    #[must_use]
    pub const fn labels(&self) -> SeriesLabels<'p> {
        self.labels
    }

    /// The value observed.
    #[must_use]
    pub const fn value(&self) -> f64 {
        self.value
    }

    /// When, in milliseconds since 1970.
    #[must_use]
    pub const fn timestamp(&self) -> Option<i64> {
        self.timestamp
    }

    /// Whether names and values of the labels are at most [`EXEMPLAR_MAX_RUNES`] characters long, all
    /// together. Prometheus does not store longer ones.
    #[must_use]
    pub fn fits(&self) -> bool {
        let runes = |text: &str| text.chars().count();
        let length: usize = self
            .labels
            .map(|label| runes(&label.name) + runes(&label.value))
            .sum();
        length <= EXEMPLAR_MAX_RUNES
    }
}

/// How long the labels of an exemplar may be, in characters. Source: OpenMetrics 1.0, "Exemplars".
pub const EXEMPLAR_MAX_RUNES: usize = 128;
