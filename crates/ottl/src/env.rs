//! What a text is evaluated on: the telemetry in hand and what is around it.

use headwater_core::Context;
use headwater_core::pdata::view;
use headwater_core::pdata::view::{Attributes, Text};

/// One piece of telemetry with its surroundings.
#[derive(Debug, Clone, Copy)]
pub struct Env<'a> {
    /// What the batch came with.
    pub request: &'a Context,
    /// The resource.
    pub resource: Resource<'a>,
    /// The instrumentation scope.
    pub scope: Scope<'a>,
    /// The record.
    pub record: Record<'a>,
}

/// A resource. Made once, it is asked for every record below it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Resource<'a> {
    /// The resource itself.
    pub resource: view::Resource<'a>,
    /// Its schema.
    pub schema_url: Text<'a>,
}

impl<'a> Resource<'a> {
    /// The resource of an entry: a `ResourceSpans`, `ResourceMetrics` or `ResourceLogs`.
    #[must_use]
    pub fn of(entry: &'a [u8]) -> Self {
        // The three have the same numbers.
        let entry = view::ResourceSpans::new(entry);
        Self {
            resource: entry.resource(),
            schema_url: entry.schema_url(),
        }
    }
}

/// An instrumentation scope.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// The scope itself.
    pub scope: view::InstrumentationScope<'a>,
    /// The schema of its telemetry.
    pub schema_url: Text<'a>,
}

impl<'a> Scope<'a> {
    /// The scope of an entry: a `ScopeSpans`, `ScopeMetrics` or `ScopeLogs`. Takes a look at the
    /// length of every record.
    #[must_use]
    pub fn of(entry: &'a [u8]) -> Self {
        let entry = view::ScopeSpans::new(entry);
        Self {
            scope: entry.scope(),
            schema_url: entry.schema_url(),
        }
    }
}

/// A record, if there is one.
#[derive(Debug, Clone, Copy)]
pub enum Record<'a> {
    /// None: the text is about the resource, the scope or the request.
    None,
    /// A span.
    Span(view::Span<'a>),
    /// An event of a span.
    SpanEvent {
        /// The span.
        span: view::Span<'a>,
        /// The event.
        event: view::Event<'a>,
        /// Which of the span's events it is, from 0.
        index: usize,
    },
    /// A metric.
    Metric(view::Metric<'a>),
    /// A data point of a metric.
    Point(view::Metric<'a>, Point<'a>),
    /// A log record.
    Log(view::LogRecord<'a>),
}

/// A data point of any kind.
#[derive(Debug, Clone, Copy)]
pub enum Point<'a> {
    /// Of a gauge or sum.
    Number(view::NumberDataPoint<'a>),
    /// Of a histogram.
    Histogram(view::HistogramDataPoint<'a>),
    /// Of an exponential histogram.
    ExponentialHistogram(view::ExponentialHistogramDataPoint<'a>),
    /// Of a summary.
    Summary(view::SummaryDataPoint<'a>),
}

impl<'a> Point<'a> {
    /// The point whose encoding is `bytes`, of a metric whose data stands in field `number`: 5
    /// gauge, 7 sum, 9 histogram, 10 exponential histogram, 11 summary.
    #[must_use]
    pub const fn of(number: u32, bytes: &'a [u8]) -> Self {
        match number {
            9 => Self::Histogram(view::HistogramDataPoint::new(bytes)),
            10 => Self::ExponentialHistogram(view::ExponentialHistogramDataPoint::new(bytes)),
            11 => Self::Summary(view::SummaryDataPoint::new(bytes)),
            _ => Self::Number(view::NumberDataPoint::new(bytes)),
        }
    }

    /// The attributes.
    #[must_use]
    pub fn attributes(&self) -> Attributes<'a> {
        match self {
            Self::Number(point) => point.attributes(),
            Self::Histogram(point) => point.attributes(),
            Self::ExponentialHistogram(point) => point.attributes(),
            Self::Summary(point) => point.attributes(),
        }
    }

    /// When it was made. Unit: nanoseconds since 1970.
    #[must_use]
    pub fn time_unix_nano(&self) -> u64 {
        match self {
            Self::Number(point) => point.time_unix_nano(),
            Self::Histogram(point) => point.time_unix_nano(),
            Self::ExponentialHistogram(point) => point.time_unix_nano(),
            Self::Summary(point) => point.time_unix_nano(),
        }
    }
}

impl<'a> Env<'a> {
    /// Surroundings of which only the request is known.
    #[must_use]
    pub fn of_request(request: &'a Context) -> Self {
        Self {
            request,
            resource: Resource::default(),
            scope: Scope::default(),
            record: Record::None,
        }
    }

    /// The attributes of the record.
    #[must_use]
    pub fn attributes(&self) -> Attributes<'a> {
        match self.record {
            Record::Span(span) => span.attributes(),
            Record::SpanEvent { event, .. } => event.attributes(),
            Record::Log(log) => log.attributes(),
            Record::Point(_, point) => point.attributes(),
            Record::None | Record::Metric(_) => Attributes::default(),
        }
    }

    pub(crate) const fn span(&self) -> view::Span<'a> {
        match self.record {
            Record::Span(span) | Record::SpanEvent { span, .. } => span,
            _ => view::Span::new(&[]),
        }
    }

    pub(crate) const fn event(&self) -> (view::Event<'a>, usize) {
        match self.record {
            Record::SpanEvent { event, index, .. } => (event, index),
            _ => (view::Event::new(&[]), 0),
        }
    }

    pub(crate) const fn metric(&self) -> view::Metric<'a> {
        match self.record {
            Record::Metric(metric) | Record::Point(metric, _) => metric,
            _ => view::Metric::new(&[]),
        }
    }

    pub(crate) const fn log(&self) -> view::LogRecord<'a> {
        match self.record {
            Record::Log(log) => log,
            _ => view::LogRecord::new(&[]),
        }
    }
}
