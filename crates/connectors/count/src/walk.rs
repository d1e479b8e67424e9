//! The way through a batch: every record is shown to the counters of its resource.

use headwater_core::bytes::Bytes;
use headwater_core::pdata::owned::{InstrumentationScope, Metric, ResourceMetrics, ScopeMetrics};
use headwater_core::pdata::view::{self, MetricData};
use headwater_core::pdata::wire::{WireError, WireType, read_field};
use headwater_core::{Batch, Context, Signal};
use headwater_ottl::{ContextKind, Env, EvalError, Level, Point, Record, Resource, Scope};

use crate::config::CountConfig;
use crate::counter::{Counter, Definitions};

/// The name of the scope that counts come from, which is upstream's.
const SCOPE: &str =
    "github.com/open-telemetry/opentelemetry-collector-contrib/connector/countconnector";

/// What is counted of one signal.
#[derive(Debug)]
pub(crate) struct Counting {
    signal: Signal,
    /// Spans, metrics or log records.
    records: Definitions,
    /// Events of spans, or data points of metrics.
    inner: Option<Definitions>,
    level: Level,
}

/// Why nothing was counted.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What had to be read is no message.
    Wire(WireError),
    /// A condition had no answer.
    Eval(EvalError),
}

impl From<WireError> for Failure {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<EvalError> for Failure {
    fn from(error: EvalError) -> Self {
        Self::Eval(error)
    }
}

impl Counting {
    /// What the configuration says for a signal; `None` if a condition is wrong.
    pub(crate) fn new(config: &CountConfig, signal: Signal) -> Option<Self> {
        let (records, inner) = match signal {
            Signal::Traces => (ContextKind::Span, Some(ContextKind::SpanEvent)),
            Signal::Metrics => (ContextKind::Metric, Some(ContextKind::DataPoint)),
            Signal::Logs => (ContextKind::Log, None),
        };
        let records = Definitions::new(config, records)?;
        let inner = match inner {
            Some(inner) => Some(Definitions::new(config, inner)?),
            None => None,
        };
        let inner_level = inner.as_ref().map(|inner| inner.level);
        Some(Self {
            signal,
            level: inner_level.map_or(records.level, |level| level.max(records.level)),
            records,
            inner,
        })
    }

    /// The counts of a batch, resource by resource.
    ///
    /// # Errors
    /// [`Failure`]; then nothing counts.
    pub(crate) fn count(&self, batch: &Batch) -> Result<Vec<ResourceMetrics>, Failure> {
        let mut counted = Vec::new();
        for segment in batch.payload().segments() {
            let mut pos = 0;
            while let Some(field) = read_field(segment, &mut pos)? {
                if field.number == 1 && field.wire_type == WireType::Len {
                    let entry = segment.slice(field.value..field.end);
                    let metrics = self.entry(&entry, batch.context())?;
                    if !metrics.is_empty() {
                        counted.push(resource_metrics(&entry, metrics)?);
                    }
                }
            }
        }
        Ok(counted)
    }

    fn entry(&self, entry: &[u8], context: &Context) -> Result<Vec<Metric>, EvalError> {
        let mut env = Env::of_request(context);
        if self.level >= Level::Resource {
            env.resource = Resource::of(entry);
        }
        let mut walk = Walk {
            env,
            scopes: self.level >= Level::Scope,
            records: self.records.start(),
            inner: self.inner.as_ref().map(Definitions::start),
        };
        match self.signal {
            Signal::Traces => walk.traces(view::ResourceSpans::new(entry))?,
            Signal::Metrics => walk.metrics(view::ResourceMetrics::new(entry))?,
            Signal::Logs => walk.logs(view::ResourceLogs::new(entry))?,
        }
        let mut metrics = Vec::new();
        walk.records.finish(&mut metrics);
        if let Some(inner) = walk.inner {
            inner.finish(&mut metrics);
        }
        Ok(metrics)
    }
}

/// Counts under the attributes of the resource of an entry.
fn resource_metrics(entry: &Bytes, metrics: Vec<Metric>) -> Result<ResourceMetrics, WireError> {
    use headwater_core::pdata::owned::Resource;

    let mut resource = Resource::default();
    let mut pos = 0;
    while let Some(field) = read_field(entry, &mut pos)? {
        if field.number == 1 && field.wire_type == WireType::Len {
            // Several are one.
            let piece = Resource::decode(&entry.slice(field.value..field.end))?;
            resource.attributes.extend(piece.attributes);
        }
    }
    Ok(ResourceMetrics {
        resource: Some(resource),
        scope_metrics: vec![ScopeMetrics {
            scope: Some(InstrumentationScope {
                name: SCOPE.into(),
                ..InstrumentationScope::default()
            }),
            metrics,
            ..ScopeMetrics::default()
        }],
        ..ResourceMetrics::default()
    })
}

struct Walk<'a, 'd> {
    env: Env<'a>,
    scopes: bool,
    records: Counter<'d>,
    inner: Option<Counter<'d>>,
}

impl<'a> Walk<'a, '_> {
    fn scope(&mut self, scope: impl FnOnce() -> (view::InstrumentationScope<'a>, view::Text<'a>)) {
        if self.scopes {
            let (scope, schema_url) = scope();
            self.env.scope = Scope { scope, schema_url };
        }
    }

    fn traces(&mut self, entry: view::ResourceSpans<'a>) -> Result<(), EvalError> {
        for scope in entry.scope_spans() {
            self.scope(|| (scope.scope(), scope.schema_url()));
            for span in scope.spans() {
                self.env.record = Record::Span(span);
                self.records.saw(span.start_time_unix_nano());
                self.records.saw(span.end_time_unix_nano());
                self.records.count(&self.env)?;
                let Some(inner) = &mut self.inner else {
                    continue;
                };
                for (index, event) in span.events().enumerate() {
                    self.env.record = Record::SpanEvent { span, event, index };
                    inner.saw(event.time_unix_nano());
                    inner.count(&self.env)?;
                }
            }
        }
        Ok(())
    }

    fn metrics(&mut self, entry: view::ResourceMetrics<'a>) -> Result<(), EvalError> {
        for scope in entry.scope_metrics() {
            self.scope(|| (scope.scope(), scope.schema_url()));
            for metric in scope.metrics() {
                self.env.record = Record::Metric(metric);
                self.records.count(&self.env)?;
                match metric.data() {
                    None => {}
                    Some(MetricData::Gauge(data)) => {
                        self.points(metric, data.data_points().map(Point::Number))?;
                    }
                    Some(MetricData::Sum(data)) => {
                        self.points(metric, data.data_points().map(Point::Number))?;
                    }
                    Some(MetricData::Histogram(data)) => {
                        self.points(metric, data.data_points().map(Point::Histogram))?;
                    }
                    Some(MetricData::ExponentialHistogram(data)) => {
                        self.points(metric, data.data_points().map(Point::ExponentialHistogram))?;
                    }
                    Some(MetricData::Summary(data)) => {
                        self.points(metric, data.data_points().map(Point::Summary))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn points(
        &mut self,
        metric: view::Metric<'a>,
        points: impl Iterator<Item = Point<'a>>,
    ) -> Result<(), EvalError> {
        let Some(inner) = &mut self.inner else {
            return Ok(());
        };
        for point in points {
            self.env.record = Record::Point(metric, point);
            inner.saw(point.time_unix_nano());
            inner.count(&self.env)?;
        }
        Ok(())
    }

    fn logs(&mut self, entry: view::ResourceLogs<'a>) -> Result<(), EvalError> {
        for scope in entry.scope_logs() {
            self.scope(|| (scope.scope(), scope.schema_url()));
            for log in scope.log_records() {
                self.env.record = Record::Log(log);
                self.records.saw(log.time_unix_nano());
                self.records.count(&self.env)?;
            }
        }
        Ok(())
    }
}
