//! From series to OTLP.

mod lone;

use std::collections::HashMap;
use std::sync::Arc;

use headwater_core::bytes::Bytes;
use headwater_core::pdata::owned::{
    Exemplar, ExponentialHistogram, Gauge, Histogram, InstrumentationScope, KeyValue, Metric,
    MetricData, MetricsData, NumberDataPoint, NumberValue, Resource, ResourceMetrics, ScopeMetrics,
    Sum,
};
use headwater_prometheus::remote_write::{
    self, Message, MetricType, ReadError, STALE_NAN, Series, read,
};

use self::lone::Lone;
use crate::known::{Family, Known, Target};
use crate::native::{self, Converted};

/// What a request holds and what of it can go on.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) samples: usize,
    pub(crate) histograms: usize,
    pub(crate) exemplars: usize,
}

/// A request as OTLP.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) body: Bytes,
    /// Data points in it.
    pub(crate) items: usize,
    /// What goes on, and what was learned from (`target_info`).
    pub(crate) written: Counts,
    /// Samples and histograms that do not go on.
    pub(crate) refused: usize,
    /// What is wrong with the first of them.
    pub(crate) problem: Option<String>,
}

/// Converts a request. `own` is the scope of series that name none.
pub(crate) fn convert(
    message: Message,
    body: &[u8],
    known: &mut Known,
    own: (&str, &str),
) -> Result<Request, ReadError> {
    // Everything is learned first: what a target is may stand behind its series.
    let mut families = Vec::new();
    let learn = |series: &Series<'_>| {
        if series.label("__name__") == "target_info" {
            learn_target(known, series);
        }
    };
    read(message, body, learn, |metadata| families.push(*metadata))?;
    for metadata in families {
        let family = Family {
            kind: metadata.kind,
            help: metadata.help.to_owned(),
            unit: metadata.unit.to_owned(),
        };
        known.learn_family(metadata.family, family);
    }
    let mut builder = Builder {
        known,
        own,
        resources: Vec::new(),
        targets: HashMap::new(),
        places: HashMap::new(),
        lone: Vec::new(),
        request: Request::default(),
    };
    read(message, body, |series| builder.add(series), |_| {})?;
    let lone = std::mem::take(&mut builder.lone);
    builder.place_lone(lone);
    Ok(builder.finish())
}

fn target(series: &Series<'_>) -> Target {
    (
        series.label("job").to_owned(),
        series.label("instance").to_owned(),
    )
}

fn learn_target(known: &mut Known, series: &Series<'_>) {
    let attributes = series
        .labels
        .iter()
        .filter(|(name, value)| {
            !matches!(*name, "__name__" | "job" | "instance") && !value.is_empty()
        })
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    known.learn_target(&target(series), attributes);
}

/// Why a series cannot be taken.
fn check(series: &Series<'_>) -> Result<(), String> {
    let labels = || {
        let all: Vec<_> = series
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        format!("{{{}}}", all.join(", "))
    };
    if series.label("__name__").is_empty() {
        return Err(format!("missing metric name in labels {}", labels()));
    }
    if series.labels.iter().any(|(name, _)| name.is_empty()) {
        return Err(format!("empty label name in labels {}", labels()));
    }
    let mut names: Vec<_> = series.labels.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!(
            "duplicate label {:?} in labels {}",
            pair[0],
            labels()
        )),
        None => Ok(()),
    }
}

/// Where a metric is: resource, scope, metric.
type Place = (usize, usize, usize);

struct Builder<'a> {
    known: &'a Known,
    own: (&'a str, &'a str),
    resources: Vec<ResourceMetrics>,
    targets: HashMap<Target, usize>,
    places: HashMap<(usize, Scope, String, Shape), Place>,
    lone: Vec<Lone>,
    request: Request,
}

/// What becomes a scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Scope {
    name: String,
    version: String,
    schema_url: String,
    attributes: Vec<(String, String)>,
}

/// What a metric's points are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Gauge,
    Sum { monotonic: bool },
    Histogram,
    Exponential,
}

impl Builder<'_> {
    fn refuse(&mut self, points: usize, problem: String) {
        self.request.refused += points;
        self.request.problem.get_or_insert(problem);
    }

    fn add(&mut self, series: &Series<'_>) {
        let points = series.samples.len() + series.histograms.len();
        if let Err(problem) = check(series) {
            return self.refuse(points, problem);
        }
        let written = &mut self.request.written;
        if series.label("__name__") == "target_info" {
            // Learned already.
            written.samples += series.samples.len();
            return;
        }
        let family = self.family(series);
        let (scope, attributes) = self.labels(series);
        if points == 0 && !series.exemplars.is_empty() {
            self.lone.push(Lone::new(series, scope, attributes));
            return;
        }
        if !series.samples.is_empty() {
            let shape = shape(series.label("__name__"), family.kind);
            self.samples(series, &family, &scope, &attributes, shape);
        }
        for histogram in &series.histograms {
            match native::convert(histogram) {
                Ok(converted) => self.histogram(series, &family, &scope, &attributes, converted),
                Err(problem) => {
                    let name = series.label("__name__");
                    self.refuse(1, format!("metric {name:?}: {problem}"));
                }
            }
        }
    }

    fn family(&self, series: &Series<'_>) -> Arc<Family> {
        if let Some(metadata) = series.metadata {
            return Arc::new(Family {
                kind: metadata.kind,
                help: metadata.help.to_owned(),
                unit: metadata.unit.to_owned(),
            });
        }
        let known = self.known.family(series.label("__name__"));
        known.map(Arc::clone).unwrap_or_default()
    }

    /// What labels belong to the scope, and what to the points.
    fn labels(&self, series: &Series<'_>) -> (Scope, Vec<KeyValue>) {
        let (mut scope, mut attributes) = (Scope::default(), Vec::new());
        for (name, value) in &series.labels {
            match *name {
                _ if value.is_empty() => {}
                "__name__" | "job" | "instance" => {}
                "otel_scope_name" => scope.name = (*value).to_owned(),
                "otel_scope_version" => scope.version = (*value).to_owned(),
                "otel_scope_schema_url" => scope.schema_url = (*value).to_owned(),
                other => match other.strip_prefix("otel_scope_") {
                    Some(name) => scope
                        .attributes
                        .push((name.to_owned(), (*value).to_owned())),
                    None => attributes.push(KeyValue::new(other, *value)),
                },
            }
        }
        if scope == Scope::default() {
            scope.name = self.own.0.to_owned();
            scope.version = self.own.1.to_owned();
        }
        (scope, attributes)
    }

    fn resource(&mut self, target: Target) -> usize {
        if let Some(at) = self.targets.get(&target) {
            return *at;
        }
        let (job, instance) = &target;
        let mut attributes = Vec::new();
        if !job.is_empty() {
            match job.split_once('/') {
                Some((namespace, name)) if !name.is_empty() && !namespace.is_empty() => {
                    attributes.push(KeyValue::new("service.namespace", namespace));
                    attributes.push(KeyValue::new("service.name", name));
                }
                _ => attributes.push(KeyValue::new("service.name", job.as_str())),
            }
        }
        if !instance.is_empty() {
            attributes.push(KeyValue::new("service.instance.id", instance.as_str()));
        }
        if let Some(more) = self.known.target(&target) {
            let more = more.iter();
            attributes.extend(more.map(|(key, value)| KeyValue::new(key.as_str(), value.as_str())));
        }
        let entry = ResourceMetrics {
            resource: Some(Resource {
                attributes,
                ..Resource::default()
            }),
            ..ResourceMetrics::default()
        };
        self.resources.push(entry);
        let at = self.resources.len() - 1;
        self.targets.insert(target, at);
        at
    }

    /// The metric of a series.
    fn metric(
        &mut self,
        series: &Series<'_>,
        family: &Family,
        scope: &Scope,
        shape: Shape,
    ) -> Option<&mut Metric> {
        let resource = self.resource(target(series));
        let name = series.label("__name__");
        let key = (resource, scope.clone(), name.to_owned(), shape);
        let scopes = &mut self.resources[resource].scope_metrics;
        let (_, scope_at, metric_at) = match self.places.get(&key) {
            Some(place) => *place,
            None => {
                let found = scopes.iter().position(|known| is_scope(known, scope));
                let at = found.unwrap_or_else(|| {
                    scopes.push(scope_metrics(scope));
                    scopes.len() - 1
                });
                let metrics = &mut scopes[at].metrics;
                metrics.push(new_metric(name, family, shape));
                let place = (resource, at, metrics.len() - 1);
                self.places.insert(key, place);
                place
            }
        };
        scopes.get_mut(scope_at)?.metrics.get_mut(metric_at)
    }

    fn samples(
        &mut self,
        series: &Series<'_>,
        family: &Family,
        scope: &Scope,
        attributes: &[KeyValue],
        shape: Shape,
    ) {
        let mut points: Vec<NumberDataPoint> = series
            .samples
            .iter()
            .map(|sample| point(sample, attributes))
            .collect();
        for exemplar in &series.exemplars {
            // It belongs to the first sample that was taken after it.
            let at = series
                .samples
                .iter()
                .position(|sample| sample.timestamp >= exemplar.timestamp);
            let at = at.unwrap_or(points.len() - 1);
            points[at].exemplars.push(self::exemplar(exemplar));
        }
        let written = &mut self.request.written;
        written.samples += points.len();
        written.exemplars += series.exemplars.len();
        self.request.items += points.len();
        let Some(metric) = self.metric(series, family, scope, shape) else {
            return;
        };
        match &mut metric.data {
            Some(MetricData::Gauge(gauge)) => gauge.data_points.append(&mut points),
            Some(MetricData::Sum(sum)) => sum.data_points.append(&mut points),
            _ => {}
        }
    }

    fn histogram(
        &mut self,
        series: &Series<'_>,
        family: &Family,
        scope: &Scope,
        attributes: &[KeyValue],
        converted: Converted,
    ) {
        // Exemplars belong to one point; with several nobody knows to which.
        let mut exemplars: Vec<Exemplar> = Vec::new();
        if series.samples.is_empty() && series.histograms.len() == 1 {
            exemplars.extend(series.exemplars.iter().map(exemplar));
        }
        let written = &mut self.request.written;
        written.histograms += 1;
        written.exemplars += exemplars.len();
        self.request.items += 1;
        let shape = match converted {
            Converted::Exponential(_) => Shape::Exponential,
            Converted::Explicit(_) => Shape::Histogram,
        };
        let Some(metric) = self.metric(series, family, scope, shape) else {
            return;
        };
        match (&mut metric.data, converted) {
            (Some(MetricData::ExponentialHistogram(to)), Converted::Exponential(mut point)) => {
                point.attributes = attributes.to_vec();
                point.exemplars = exemplars;
                to.data_points.push(point);
            }
            (Some(MetricData::Histogram(to)), Converted::Explicit(mut point)) => {
                point.attributes = attributes.to_vec();
                point.exemplars = exemplars;
                to.data_points.push(point);
            }
            _ => {}
        }
    }

    fn finish(self) -> Request {
        let data = MetricsData {
            resource_metrics: self.resources,
            ..MetricsData::default()
        };
        Request {
            body: data.encode(),
            ..self.request
        }
    }
}

/// The series of classic histograms and summaries come one by one, and in several requests: each
/// stays what it is, a number.
fn shape(name: &str, kind: MetricType) -> Shape {
    let part = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    match kind {
        MetricType::Counter if !part(&["_created"]) => Shape::Sum { monotonic: true },
        MetricType::Info | MetricType::Stateset => Shape::Sum { monotonic: false },
        _ => Shape::Gauge,
    }
}

fn new_metric(name: &str, family: &Family, shape: Shape) -> Metric {
    const CUMULATIVE: i32 = 2;
    let data = match shape {
        Shape::Gauge => MetricData::Gauge(Gauge::default()),
        Shape::Sum { monotonic } => MetricData::Sum(Sum {
            aggregation_temporality: CUMULATIVE,
            is_monotonic: monotonic,
            ..Sum::default()
        }),
        Shape::Histogram => MetricData::Histogram(Histogram {
            aggregation_temporality: CUMULATIVE,
            ..Histogram::default()
        }),
        Shape::Exponential => MetricData::ExponentialHistogram(ExponentialHistogram {
            aggregation_temporality: CUMULATIVE,
            ..ExponentialHistogram::default()
        }),
    };
    Metric {
        name: name.into(),
        description: family.help.as_str().into(),
        unit: family.unit.as_str().into(),
        data: Some(data),
        metadata: vec![KeyValue::new("prometheus.type", family.kind.as_str())],
        ..Metric::default()
    }
}

fn scope_metrics(scope: &Scope) -> ScopeMetrics {
    ScopeMetrics {
        scope: Some(InstrumentationScope {
            name: scope.name.as_str().into(),
            version: scope.version.as_str().into(),
            attributes: scope
                .attributes
                .iter()
                .map(|(key, value)| KeyValue::new(key.as_str(), value.as_str()))
                .collect(),
            ..InstrumentationScope::default()
        }),
        schema_url: scope.schema_url.as_str().into(),
        ..ScopeMetrics::default()
    }
}

fn is_scope(known: &ScopeMetrics, scope: &Scope) -> bool {
    let wanted = scope_metrics(scope);
    known.scope == wanted.scope && known.schema_url == wanted.schema_url
}

const fn nanoseconds(milliseconds: i64) -> u64 {
    (if milliseconds < 0 {
        0
    } else {
        milliseconds as u64
    })
    .saturating_mul(1_000_000)
}

fn point(sample: &remote_write::Sample, attributes: &[KeyValue]) -> NumberDataPoint {
    let stale = sample.value.to_bits() == STALE_NAN;
    NumberDataPoint {
        attributes: attributes.to_vec(),
        start_time_unix_nano: nanoseconds(sample.start),
        time_unix_nano: nanoseconds(sample.timestamp),
        value: (!stale).then_some(NumberValue::Double(sample.value)),
        flags: u32::from(stale),
        ..NumberDataPoint::default()
    }
}

/// `trace_id` and `span_id` become ids if they are some.
fn exemplar(from: &remote_write::Exemplar<'_>) -> Exemplar {
    let mut to = Exemplar {
        time_unix_nano: nanoseconds(from.timestamp),
        value: Some(NumberValue::Double(from.value)),
        ..Exemplar::default()
    };
    for (name, value) in &from.labels {
        let id = |wanted: &str, bytes: usize| {
            Some(value)
                .filter(|_| name.eq_ignore_ascii_case(wanted))
                .and_then(|value| id(value, bytes))
        };
        if let Some(trace) = id("trace_id", 16) {
            to.trace_id = trace;
        } else if let Some(span) = id("span_id", 8) {
            to.span_id = span;
        } else {
            to.filtered_attributes.push(KeyValue::new(*name, *value));
        }
    }
    to
}

/// The bytes of an id in hexadecimal digits, unless they are all 0.
fn id(text: &str, bytes: usize) -> Option<Bytes> {
    if text.len() != 2 * bytes {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    let id: Option<Vec<u8>> = pairs
        .iter()
        .map(|[high, low]| Some((digit(*high)? * 16 + digit(*low)?) as u8))
        .collect();
    id.filter(|id| id.iter().any(|byte| *byte != 0))
        .map(Bytes::from)
}
