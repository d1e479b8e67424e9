//! The formats in which a target shows its metrics: text 0.0.4, OpenMetrics 1.0 and protobuf.
//!
//! [`Parser`] reads a body of any of them as one stream of entries. It borrows everything from the
//! body and from buffers of its own, which it uses again for every entry: nothing is allocated for a
//! sample. Escapes are decoded, and labels taken apart, when they are asked for.
//!
//! ```
//! use headwater_prometheus::exposition::{Entry, Format, Parser, ParserOptions};
//!
//! let body = b"# TYPE up gauge\nup{job=\"node\"} 1\n";
//! let mut parser = Parser::new(body, Format::Text, ParserOptions::default());
//! let mut values = Vec::new();
//! while let Some(entry) = parser.next_entry()? {
//!     if let Entry::Series(series) = entry {
//!         values.push((series.name().into_owned(), series.value()));
//!     }
//! }
//! assert_eq!(values, [("up".to_owned(), 1.0)]);
//! # Ok::<(), headwater_prometheus::exposition::ParseError>(())
//! ```
//!
//! [`choose_format`] tells from a `Content-Type` what a body is in. The other way round,
//! [`ResponseFormat::negotiate`] reads an `Accept` header and [`Encoder`] writes the body.
//!
//! What is accepted is what Prometheus 3.14 accepts, with these differences:
//! * A name in quotes that is not UTF-8 is an error here; there it fails the scrape a step later.
//! * Escapes in the labels of exemplars, and in the names of metadata, are decoded.
//! * A timestamp beyond what 64 bits hold becomes the largest one.
//! * In protobuf each metric of a family may be a classic or a native histogram of its own, with spans
//!   and exemplars of its own; an untyped metric without a value is 0; a label without a name is an
//!   error.

mod encode;
mod entry;
mod error;
mod escape;
mod guess;
mod media_type;
mod names;
mod native;
mod negotiate;
mod number;
mod openmetrics;
mod protobuf;
mod scan;
mod series;
mod text;

pub use crate::metric_type::MetricType;
pub use encode::{
    BucketPoint, EncodeError, Encoder, ExemplarPoint, FamilyHead, MetricPoint, PointValue,
};
pub use entry::{EXEMPLAR_MAX_RUNES, Entry, Exemplar, Histogram, LabelRef, Series};
pub use error::{ParseError, Position, Problem};
pub use guess::{FingerprintGuess, Guess};
pub use names::{
    escape_label_name, escape_metric_name, is_legacy_label_name, is_legacy_metric_name,
};
pub use native::{CUSTOM_BUCKETS, Counts, NativeHistogram, Span};
pub use negotiate::{ContentTypeError, ResponseFormat, choose_format};
pub use number::{NORMAL_NAN, STALE_NAN, is_stale};
pub use series::{Exemplars, SeriesLabels};

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Text 0.0.4 or 1.0.0, `text/plain`.
    Text,
    /// OpenMetrics 0.0.1 or 1.0.0, `application/openmetrics-text`.
    OpenMetrics,
    /// Delimited `io.prometheus.client.MetricFamily` messages, `application/vnd.google.protobuf`.
    Protobuf,
}

/// How a body is read. All are off by default, as in Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ParserOptions {
    /// Leave out the `_created` lines of counters, histograms and summaries (OpenMetrics), which are
    /// series otherwise. [`Series::start_timestamp`] sees them in any case.
    pub skip_created: bool,
    /// Read a histogram that is both native and classic as a classic one (protobuf): what Prometheus
    /// does unless `scrape_native_histograms` is set.
    pub ignore_native_histograms: bool,
    /// Read a histogram that is both as both, the native one first (protobuf):
    /// `always_scrape_classic_histograms`.
    pub keep_classic_histograms: bool,
}

/// Reads a body, entry by entry.
#[derive(Debug)]
pub struct Parser<'a>(Inner<'a>);

#[derive(Debug)]
enum Inner<'a> {
    Text(text::Text<'a>),
    OpenMetrics(openmetrics::OpenMetrics<'a>),
    Protobuf(Box<protobuf::Protobuf<'a>>),
}

impl<'a> Parser<'a> {
    /// A parser at the beginning of a whole, uncompressed body.
    #[must_use]
    pub fn new(body: &'a [u8], format: Format, options: ParserOptions) -> Self {
        Self(match format {
            Format::Text => Inner::Text(text::Text::new(body)),
            Format::OpenMetrics => {
                Inner::OpenMetrics(openmetrics::OpenMetrics::new(body, options.skip_created))
            }
            Format::Protobuf => Inner::Protobuf(Box::new(protobuf::Protobuf::new(
                body,
                protobuf::Histograms {
                    ignore_native: options.ignore_native_histograms,
                    keep_classic: options.keep_classic_histograms,
                },
            ))),
        })
    }

    /// The next entry, or `None` at the end and after an error.
    ///
    /// # Errors
    /// [`ParseError`] where the body breaks the rules of its format. What came before is no better
    /// for it: Prometheus keeps nothing of such a scrape.
    #[inline]
    pub fn next_entry(&mut self) -> Result<Option<Entry<'_>>, ParseError> {
        self.next_expecting(&[][..])
    }

    /// The next entry, with a guess at which series it is.
    ///
    /// Targets list the same series in the same order every time. Where a sample has the key of the
    /// sample that came at this point the last time, comparing the two is all there is to reading it:
    /// [`Series::is_expected`] says so, and spares the caller to look the key up. A wrong guess costs
    /// nothing and changes nothing; an empty one is none.
    ///
    /// The key that is guessed must have come from a body of the same format.
    ///
    /// # Errors
    /// As [`Parser::next_entry`].
    #[inline]
    pub fn next_expecting(&mut self, guess: impl Guess) -> Result<Option<Entry<'_>>, ParseError> {
        Ok(match &mut self.0 {
            Inner::Text(parser) => parser.advance(guess)?.map(|step| parser.entry(step)),
            Inner::OpenMetrics(parser) => parser.advance(guess)?.map(|step| parser.entry(step)),
            Inner::Protobuf(parser) => parser.advance(guess)?.map(|step| parser.entry(step)),
        })
    }
}

#[cfg(test)]
mod tests;
