//! Names, labels and exemplars of the sample at which a parser is.

use std::borrow::Cow;
use std::ops::Range;

use super::entry::{Exemplar, LabelRef, Source};
use super::escape::{decode, text};
use super::number::{parse_go_float, put_openmetrics_float};
use super::scan::{Piece, Rules, metric_name, skip_blanks};
use crate::metric_type::MetricType;

/// The labels of a series or an exemplar, in the order of the body.
#[derive(Debug, Clone, Copy)]
pub struct SeriesLabels<'p>(Inner<'p>);

#[derive(Debug, Clone, Copy)]
enum Inner<'p> {
    Text {
        text: &'p [u8],
        /// Behind the opening brace or a piece; the length of the text if there is no more.
        at: usize,
        rules: Rules,
        kind: MetricType,
    },
    Protobuf {
        body: &'p [u8],
        spans: &'p [LabelSpan],
        /// What the format has no label for: `le` or `quantile`.
        extra: Option<(&'static str, &'p [u8])>,
    },
}

/// A label in a protobuf body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LabelSpan {
    /// Where its name is.
    pub name: Range<usize>,
    /// Where its value is.
    pub value: Range<usize>,
}

impl<'p> SeriesLabels<'p> {
    /// The labels in the text of a series.
    pub(super) fn of_text(text: &'p [u8], rules: Rules, kind: MetricType) -> Self {
        let name = metric_name(text, skip_blanks(text, 0));
        let brace = skip_blanks(text, name);
        Self(Inner::Text {
            text,
            at: (brace + 1).min(text.len()),
            rules,
            kind,
        })
    }

    /// The labels of an exemplar, from behind its brace.
    pub(super) const fn of_exemplar(text: &'p [u8]) -> Self {
        Self(Inner::Text {
            text,
            at: 0,
            rules: Rules::Exemplar,
            kind: MetricType::Unknown,
        })
    }

    pub(super) const fn of_protobuf(
        body: &'p [u8],
        spans: &'p [LabelSpan],
        extra: Option<(&'static str, &'p [u8])>,
    ) -> Self {
        Self(Inner::Protobuf { body, spans, extra })
    }
}

impl<'p> Iterator for SeriesLabels<'p> {
    type Item = LabelRef<'p>;

    fn next(&mut self) -> Option<LabelRef<'p>> {
        match &mut self.0 {
            Inner::Text {
                text,
                at,
                rules,
                kind,
            } => loop {
                if *at >= text.len() {
                    return None;
                }
                // The parser has been here before, so an error cannot come.
                match rules.piece(text, at).unwrap_or(Piece::End) {
                    Piece::End => *at = text.len(),
                    Piece::MetricName(_) => {}
                    Piece::Label { name, value, .. } => {
                        let name = decode(&text[name]);
                        let value = openmetrics_form(*kind, &name, decode(&text[value]));
                        return Some(LabelRef { name, value });
                    }
                }
            },
            Inner::Protobuf { body, spans, extra } => {
                if let Some((first, rest)) = spans.split_first() {
                    *spans = rest;
                    return Some(LabelRef {
                        name: text(&body[first.name.clone()]),
                        value: text(&body[first.value.clone()]),
                    });
                }
                let (name, value) = extra.take()?;
                Some(LabelRef {
                    name: Cow::Borrowed(name),
                    value: text(value),
                })
            }
        }
    }
}

/// The bounds of buckets and the ranks of quantiles in one form, so that `1` and `1.0` are one series.
fn openmetrics_form<'p>(kind: MetricType, name: &str, value: Cow<'p, str>) -> Cow<'p, str> {
    let number = match (kind, name) {
        (MetricType::Histogram, "le") | (MetricType::Summary, "quantile") => parse_go_float(&value),
        _ => None,
    };
    let Some(number) = number else {
        return value;
    };
    let mut form = Vec::new();
    put_openmetrics_float(&mut form, number);
    if form == value.as_bytes() {
        return value;
    }
    Cow::Owned(String::from_utf8_lossy(&form).into_owned())
}

/// The exemplars of a sample.
#[derive(Debug, Clone)]
pub struct Exemplars<'p>(pub(super) ExemplarSource<'p>);

#[derive(Debug, Clone)]
pub(super) enum ExemplarSource<'p> {
    /// At most one.
    One(Option<Exemplar<'p>>),
    /// Those of a protobuf message.
    Protobuf(super::protobuf::ExemplarWalk<'p>),
}

impl<'p> Iterator for Exemplars<'p> {
    type Item = Exemplar<'p>;

    fn next(&mut self) -> Option<Exemplar<'p>> {
        match &mut self.0 {
            ExemplarSource::One(one) => one.take(),
            ExemplarSource::Protobuf(walk) => walk.next(),
        }
    }
}

impl<'p> Source<'p> {
    pub(super) fn name(self, key: &'p [u8]) -> Cow<'p, str> {
        match self {
            Self::Text(_) => text_name(key, Rules::Text),
            Self::OpenMetrics(_) => text_name(key, Rules::OpenMetrics),
            Self::Protobuf(parser) => parser.sample_name(),
        }
    }

    pub(super) fn labels(self, key: &'p [u8]) -> SeriesLabels<'p> {
        match self {
            Self::Text(kind) => SeriesLabels::of_text(key, Rules::Text, kind),
            Self::OpenMetrics(parser) => {
                SeriesLabels::of_text(key, Rules::OpenMetrics, parser.kind())
            }
            Self::Protobuf(parser) => parser.sample_labels(),
        }
    }

    pub(super) fn exemplars(self) -> Exemplars<'p> {
        Exemplars(match self {
            Self::Text(_) => ExemplarSource::One(None),
            Self::OpenMetrics(parser) => ExemplarSource::One(parser.exemplar()),
            Self::Protobuf(parser) => ExemplarSource::Protobuf(parser.exemplars()),
        })
    }

    pub(super) fn start_timestamp(self, key: &'p [u8]) -> Option<i64> {
        match self {
            Self::Text(_) => None,
            Self::OpenMetrics(parser) => parser.start_timestamp(key),
            Self::Protobuf(parser) => parser.start_timestamp(),
        }
    }
}

/// The name of the metric in the text of a series, raw.
pub(super) fn raw_text_name(key: &[u8], rules: Rules) -> &[u8] {
    let start = skip_blanks(key, 0);
    if key.get(start) != Some(&b'{') {
        // Prometheus takes the blanks before a name for a part of it.
        return &key[..metric_name(key, start)];
    }
    let mut at = start + 1;
    loop {
        match rules.piece(key, &mut at) {
            Ok(Piece::MetricName(name)) => return &key[name],
            Ok(Piece::Label { .. }) => {}
            Ok(Piece::End) | Err(_) => return &[],
        }
    }
}

fn text_name(key: &[u8], rules: Rules) -> Cow<'_, str> {
    decode(raw_text_name(key, rules))
}
