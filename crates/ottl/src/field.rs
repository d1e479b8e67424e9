//! The fields that paths lead to, and how each is read.

use std::borrow::Cow;

use headwater_core::pdata::view::{MetricData, NumberValue};

use crate::context::Level;
use crate::env::{Env, Point, Record};
use crate::value::{Id, List, Map, Value};

/// A field of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[rustfmt::skip]
pub(crate) enum Field {
    Header, Tenant, ClientAddress, ClientMetadata, ClientIdentity,
    ResourceAttributes, ResourceDropped, ResourceSchema,
    ScopeName, ScopeVersion, ScopeAttributes, ScopeDropped, ScopeSchema,
    /// Of the record, whatever it is.
    Attributes,
    /// Of the span around an event.
    SpanAttributes,
    SpanTraceId, SpanTraceIdText, SpanId, SpanIdText, SpanParentId, SpanParentIdText,
    SpanTraceState, SpanName, SpanKind, SpanKindText, SpanKindName, SpanStart, SpanStartNano,
    SpanEnd, SpanEndNano, SpanDropped, SpanEvents, SpanDroppedEvents, SpanLinks, SpanDroppedLinks,
    SpanStatus, SpanStatusCode, SpanStatusMessage, SpanFlags,
    EventName, EventTime, EventTimeNano, EventDropped, EventIndex,
    MetricName, MetricDescription, MetricUnit, MetricType, MetricTemporality, MetricMonotonic,
    MetricPoints, MetricMetadata,
    PointStart, PointStartNano, PointTime, PointTimeNano, PointInt, PointDouble, PointExemplars,
    PointFlags, PointCount, PointSum, PointBuckets, PointBounds, PointScale, PointZeroCount,
    PointPositive, PointPositiveOffset, PointPositiveBuckets, PointNegative, PointNegativeOffset,
    PointNegativeBuckets, PointQuantiles,
    LogTime, LogTimeNano, LogObserved, LogObservedNano, LogSeverity, LogSeverityText, LogBody,
    LogBodyText, LogDropped, LogFlags, LogTraceId, LogTraceIdText, LogSpanId, LogSpanIdText,
    LogEventName,
}

const KINDS: [(&str, &str); 6] = [
    ("Unspecified", "SPAN_KIND_UNSPECIFIED"),
    ("Internal", "SPAN_KIND_INTERNAL"),
    ("Server", "SPAN_KIND_SERVER"),
    ("Client", "SPAN_KIND_CLIENT"),
    ("Producer", "SPAN_KIND_PRODUCER"),
    ("Consumer", "SPAN_KIND_CONSUMER"),
];

const fn count(value: u32) -> Value<'static> {
    Value::Int(value as i64)
}

/// As the Collector does it, nanoseconds beyond 2262 wrap around.
const fn nano(value: u64) -> Value<'static> {
    Value::Int(value as i64)
}

const fn time(value: u64) -> Value<'static> {
    Value::Time(value as i64)
}

fn ints<'a>(values: impl Iterator<Item = u64>) -> Value<'a> {
    Value::List(List::Owned(values.map(nano).collect()))
}

impl Field {
    /// How deep in the request it lies.
    #[rustfmt::skip]
    pub(crate) const fn level(self) -> Level {
        match self {
            Self::Header | Self::Tenant | Self::ClientAddress | Self::ClientMetadata
            | Self::ClientIdentity => Level::Request,
            Self::ResourceAttributes | Self::ResourceDropped | Self::ResourceSchema => Level::Resource,
            Self::ScopeName | Self::ScopeVersion | Self::ScopeAttributes | Self::ScopeDropped
            | Self::ScopeSchema => Level::Scope,
            _ => Level::Record,
        }
    }

    /// The attributes or other map that the field is, if it is one that lies in telemetry.
    #[inline]
    pub(crate) fn attributes<'a>(
        self,
        env: &Env<'a>,
    ) -> Option<headwater_core::pdata::view::Attributes<'a>> {
        Some(match self {
            Self::ResourceAttributes => env.resource.resource.attributes(),
            Self::ScopeAttributes => env.scope.scope.attributes(),
            Self::Attributes => env.attributes(),
            Self::SpanAttributes => env.span().attributes(),
            Self::MetricMetadata => env.metric().metadata(),
            _ => return None,
        })
    }

    /// Reads the field.
    #[rustfmt::skip]
    pub(crate) fn read<'a>(self, env: &Env<'a>) -> Value<'a> {
        if let Some(attributes) = self.attributes(env) {
            return Value::Map(Map::View(attributes));
        }
        match self {
            Self::Header | Self::Tenant | Self::ClientAddress | Self::ClientMetadata
            | Self::ClientIdentity => self.read_request(env),
            Self::ResourceDropped => count(env.resource.resource.dropped_attributes_count()),
            Self::ResourceSchema => Value::borrowed(env.resource.schema_url),
            Self::ScopeName => Value::borrowed(env.scope.scope.name()),
            Self::ScopeVersion => Value::borrowed(env.scope.scope.version()),
            Self::ScopeDropped => count(env.scope.scope.dropped_attributes_count()),
            Self::ScopeSchema => Value::borrowed(env.scope.schema_url),
            Self::EventName => Value::borrowed(env.event().0.name()),
            Self::EventTime => time(env.event().0.time_unix_nano()),
            Self::EventTimeNano => nano(env.event().0.time_unix_nano()),
            Self::EventDropped => count(env.event().0.dropped_attributes_count()),
            Self::EventIndex => Value::Int(env.event().1 as i64),
            Self::MetricName => Value::borrowed(env.metric().name()),
            Self::MetricDescription => Value::borrowed(env.metric().description()),
            Self::MetricUnit => Value::borrowed(env.metric().unit()),
            Self::MetricType | Self::MetricTemporality | Self::MetricMonotonic
            | Self::MetricPoints => self.read_metric(env),
            Self::LogTime | Self::LogTimeNano | Self::LogObserved | Self::LogObservedNano
            | Self::LogSeverity | Self::LogSeverityText | Self::LogBody | Self::LogBodyText
            | Self::LogDropped | Self::LogFlags | Self::LogTraceId | Self::LogTraceIdText
            | Self::LogSpanId | Self::LogSpanIdText | Self::LogEventName => self.read_log(env),
            _ => match env.record {
                Record::Point(_, point) => self.read_point(&point),
                _ => self.read_span(env),
            },
        }
    }

    fn read_request<'a>(self, env: &Env<'a>) -> Value<'a> {
        let request = env.request;
        let text = |text: &'a str| Value::text(text.as_bytes());
        match self {
            Self::Tenant => request.tenant().map_or(Value::Nil, text),
            Self::ClientAddress => request.peer().map_or(Value::Nil, |peer| {
                Value::text(peer.to_string().into_bytes())
            }),
            Self::ClientIdentity => {
                let attributes = request.identity().map_or(&[][..], |who| &who.attributes);
                let entries = attributes
                    .iter()
                    .map(|(key, value)| (Cow::Borrowed(key.as_bytes()), text(value)));
                Value::Map(Map::Owned(entries.collect()))
            }
            _ => {
                let entries = request.metadata().into_iter().flat_map(|all| all.iter());
                let entries = entries.map(|(key, values)| {
                    let values = values.iter().map(|value| text(value)).collect();
                    (
                        Cow::Borrowed(key.as_bytes()),
                        Value::List(List::Owned(values)),
                    )
                });
                Value::Map(Map::Owned(entries.collect()))
            }
        }
    }

    #[rustfmt::skip]
    fn read_span<'a>(self, env: &Env<'a>) -> Value<'a> {
        let span = env.span();
        match self {
            Self::SpanTraceId => Value::Id(Id::trace(span.trace_id())),
            Self::SpanTraceIdText => Value::text(Id::trace(span.trace_id()).hex()),
            Self::SpanId => Value::Id(Id::span(span.span_id())),
            Self::SpanIdText => Value::text(Id::span(span.span_id()).hex()),
            Self::SpanParentId => Value::Id(Id::span(span.parent_span_id())),
            Self::SpanParentIdText => Value::text(Id::span(span.parent_span_id()).hex()),
            Self::SpanTraceState => Value::borrowed(span.trace_state()),
            Self::SpanName => Value::borrowed(span.name()),
            Self::SpanKind => Value::Int(i64::from(span.kind())),
            Self::SpanKindText => kind(span.kind(), |(text, _)| text),
            Self::SpanKindName => kind(span.kind(), |(_, name)| name),
            Self::SpanStart => time(span.start_time_unix_nano()),
            Self::SpanStartNano => nano(span.start_time_unix_nano()),
            Self::SpanEnd => time(span.end_time_unix_nano()),
            Self::SpanEndNano => nano(span.end_time_unix_nano()),
            Self::SpanDropped => count(span.dropped_attributes_count()),
            Self::SpanEvents => parts(span.events().count(), "events"),
            Self::SpanDroppedEvents => count(span.dropped_events_count()),
            Self::SpanLinks => parts(span.links().count(), "links"),
            Self::SpanDroppedLinks => count(span.dropped_links_count()),
            Self::SpanStatus => parts(1, "status"),
            Self::SpanStatusCode => Value::Int(i64::from(span.status().code())),
            Self::SpanStatusMessage => Value::borrowed(span.status().message()),
            Self::SpanFlags => count(span.flags()),
            _ => Value::Nil,
        }
    }

    #[rustfmt::skip]
    fn read_log<'a>(self, env: &Env<'a>) -> Value<'a> {
        let log = env.log();
        match self {
            Self::LogTime => time(log.time_unix_nano()),
            Self::LogTimeNano => nano(log.time_unix_nano()),
            Self::LogObserved => time(log.observed_time_unix_nano()),
            Self::LogObservedNano => nano(log.observed_time_unix_nano()),
            Self::LogSeverity => Value::Int(i64::from(log.severity_number())),
            Self::LogSeverityText => Value::borrowed(log.severity_text()),
            Self::LogBody => Value::of(log.body()),
            Self::LogBodyText => Value::String(log.body().to_text()),
            Self::LogDropped => count(log.dropped_attributes_count()),
            Self::LogFlags => count(log.flags()),
            Self::LogTraceId => Value::Id(Id::trace(log.trace_id())),
            Self::LogTraceIdText => Value::text(Id::trace(log.trace_id()).hex()),
            Self::LogSpanId => Value::Id(Id::span(log.span_id())),
            Self::LogSpanIdText => Value::text(Id::span(log.span_id()).hex()),
            Self::LogEventName => Value::borrowed(log.event_name()),
            _ => Value::Nil,
        }
    }

    fn read_metric<'a>(self, env: &Env<'a>) -> Value<'a> {
        let data = env.metric().data();
        let (kind, points, temporality, monotonic) = match data {
            None => (0, 0, None, None),
            Some(MetricData::Gauge(data)) => (1, data.data_points().count(), None, None),
            Some(MetricData::Sum(data)) => (
                2,
                data.data_points().count(),
                Some(data.aggregation_temporality()),
                Some(data.is_monotonic()),
            ),
            Some(MetricData::Histogram(data)) => {
                let temporality = data.aggregation_temporality();
                (3, data.data_points().count(), Some(temporality), None)
            }
            Some(MetricData::ExponentialHistogram(data)) => {
                let temporality = data.aggregation_temporality();
                (4, data.data_points().count(), Some(temporality), None)
            }
            Some(MetricData::Summary(data)) => (5, data.data_points().count(), None, None),
        };
        match self {
            Self::MetricType => Value::Int(kind),
            Self::MetricTemporality => {
                temporality.map_or(Value::Nil, |value| Value::Int(i64::from(value)))
            }
            Self::MetricMonotonic => monotonic.map_or(Value::Nil, Value::Bool),
            _ => parts(points, "data points"),
        }
    }

    #[rustfmt::skip]
    fn read_point<'a>(self, point: &Point<'a>) -> Value<'a> {
        match (self, point) {
            (Self::PointTime, _) => time(point.time_unix_nano()),
            (Self::PointTimeNano, _) => nano(point.time_unix_nano()),
            (Self::PointStart, _) => time(start(point)),
            (Self::PointStartNano, _) => nano(start(point)),
            (Self::PointFlags, Point::Number(p)) => count(p.flags()),
            (Self::PointFlags, Point::Histogram(p)) => count(p.flags()),
            (Self::PointFlags, Point::ExponentialHistogram(p)) => count(p.flags()),
            (Self::PointFlags, Point::Summary(p)) => count(p.flags()),
            // The other one is 0, as upstream.
            (Self::PointInt, Point::Number(p)) => Value::Int(match p.value() {
                Some(NumberValue::Int(value)) => value,
                _ => 0,
            }),
            (Self::PointDouble, Point::Number(p)) => Value::Double(match p.value() {
                Some(NumberValue::Double(value)) => value,
                _ => 0.0,
            }),
            (Self::PointExemplars, Point::Number(p)) => parts(p.exemplars().count(), "exemplars"),
            (Self::PointExemplars, Point::Histogram(p)) => parts(p.exemplars().count(), "exemplars"),
            (Self::PointExemplars, Point::ExponentialHistogram(p)) => {
                parts(p.exemplars().count(), "exemplars")
            }
            (Self::PointCount, Point::Histogram(p)) => nano(p.count()),
            (Self::PointCount, Point::ExponentialHistogram(p)) => nano(p.count()),
            (Self::PointCount, Point::Summary(p)) => nano(p.count()),
            (Self::PointSum, Point::Histogram(p)) => Value::Double(p.sum().unwrap_or(0.0)),
            (Self::PointSum, Point::ExponentialHistogram(p)) => Value::Double(p.sum().unwrap_or(0.0)),
            (Self::PointSum, Point::Summary(p)) => Value::Double(p.sum()),
            (Self::PointBuckets, Point::Histogram(p)) => ints(p.bucket_counts()),
            (Self::PointBounds, Point::Histogram(p)) => {
                Value::List(List::Owned(p.explicit_bounds().map(Value::Double).collect()))
            }
            (Self::PointScale, Point::ExponentialHistogram(p)) => Value::Int(i64::from(p.scale())),
            (Self::PointZeroCount, Point::ExponentialHistogram(p)) => nano(p.zero_count()),
            (Self::PointPositive | Self::PointNegative, Point::ExponentialHistogram(_)) => {
                parts(1, "buckets")
            }
            (Self::PointPositiveOffset, Point::ExponentialHistogram(p)) => {
                Value::Int(i64::from(p.positive().offset()))
            }
            (Self::PointPositiveBuckets, Point::ExponentialHistogram(p)) => {
                ints(p.positive().bucket_counts())
            }
            (Self::PointNegativeOffset, Point::ExponentialHistogram(p)) => {
                Value::Int(i64::from(p.negative().offset()))
            }
            (Self::PointNegativeBuckets, Point::ExponentialHistogram(p)) => {
                ints(p.negative().bucket_counts())
            }
            (Self::PointQuantiles, Point::Summary(p)) => {
                parts(p.quantile_values().count(), "quantiles")
            }
            _ => Value::Nil,
        }
    }
}

fn start(point: &Point<'_>) -> u64 {
    match point {
        Point::Number(point) => point.start_time_unix_nano(),
        Point::Histogram(point) => point.start_time_unix_nano(),
        Point::ExponentialHistogram(point) => point.start_time_unix_nano(),
        Point::Summary(point) => point.start_time_unix_nano(),
    }
}

fn kind<'a>(kind: i32, which: impl Fn((&'static str, &'static str)) -> &'static str) -> Value<'a> {
    let names = usize::try_from(kind).ok().and_then(|kind| KINDS.get(kind));
    Value::text(names.map_or("", |names| which(*names)).as_bytes())
}

const fn parts<'a>(count: usize, what: &'static str) -> Value<'a> {
    Value::Parts { count, what }
}
