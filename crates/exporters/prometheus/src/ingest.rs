//! From OTLP into the store.

use std::collections::BTreeMap;
use std::time::Instant;

use headwater_core::pdata::Payload;
use headwater_core::pdata::view::{
    Attributes, Exemplar as View, ExponentialHistogramDataPoint, HistogramDataPoint, Messages,
    Metric, MetricData, MetricsData, NumberDataPoint, NumberValue, ResourceMetrics, ScopeMetrics,
    SummaryDataPoint,
};
use headwater_prometheus::exposition::MetricType;
use headwater_prometheus::translate::{
    Kind, Options, attribute_text, metric_name, metric_type, milliseconds, native_histogram,
    series_labels, target_info_labels, unit_name,
};

use crate::store::{Exemplar, Head, Point, Refusal, SeriesKey, Store, Value};

/// The labels of a scope that are there even if they are empty.
const SCOPE: [&str; 3] = [
    "otel_scope_name",
    "otel_scope_schema_url",
    "otel_scope_version",
];

/// Points that were not kept, by reason, and what was wrong with one of them.
#[derive(Debug, Default)]
pub(crate) struct Refused(pub(crate) BTreeMap<Refusal, (usize, String)>);

impl Refused {
    fn add(&mut self, reason: Refusal, metric: Metric<'_>, detail: &str) {
        let entry = self.0.entry(reason).or_insert_with(|| {
            let name = metric.name().to_lossy();
            (0, format!("metric {name:?}: {detail}"))
        });
        entry.0 += 1;
    }
}

/// Puts points into the store.
pub(crate) struct Ingest<'a> {
    pub(crate) options: &'a Options,
    pub(crate) store: &'a mut Store,
    pub(crate) now: Instant,
    pub(crate) refused: Refused,
}

/// Where a metric comes from.
#[derive(Clone, Copy)]
struct Origin<'a> {
    resource: &'a ResourceMetrics<'a>,
    scope: &'a ScopeMetrics<'a>,
    metric: Metric<'a>,
}

impl Ingest<'_> {
    pub(crate) fn payload(&mut self, payload: &Payload) {
        for segment in payload.segments() {
            for resource in MetricsData::new(segment).resource_metrics() {
                let mut newest = 0;
                for scope in resource.scope_metrics() {
                    for metric in scope.metrics() {
                        let origin = Origin {
                            resource: &resource,
                            scope: &scope,
                            metric,
                        };
                        newest = newest.max(self.metric(origin));
                    }
                }
                self.target_info(&resource, newest);
            }
        }
    }

    fn target_info(&mut self, entry: &ResourceMetrics<'_>, newest: u64) {
        let resource = entry.resource();
        let has = |name: &str| resource.attributes().get(name).is_some();
        if newest == 0 || !has("service.name") || !has("service.instance.id") {
            return;
        }
        let Ok(Some(mut labels)) = target_info_labels(self.options, resource) else {
            return;
        };
        // With the namespace before it.
        let name = labels.get("__name__").to_owned();
        labels.remove("__name__");
        let key = labels
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let head = Head {
            name: &name,
            kind: MetricType::Gauge,
            help: "Target metadata",
            unit: "",
        };
        let point = Point {
            value: Value::Number(1.0, None),
            start: 0,
            time: newest,
            delta: false,
        };
        // An older one, or one series too many: the points themselves are counted.
        self.store.put(head, key, point, self.now).ok();
    }

    /// Returns the newest time of its points.
    fn metric(&mut self, origin: Origin<'_>) -> u64 {
        let Some(data) = origin.metric.data() else {
            return 0;
        };
        let mut newest = 0;
        let mut keep = |this: &mut Self,
                        kind: Kind,
                        attributes,
                        flags: u32,
                        point: Result<Point, (Refusal, String)>| {
            let done = point.and_then(|point| {
                newest = newest.max(point.time);
                this.point(origin, kind, attributes, flags & 1 != 0, point)
            });
            if let Err((reason, detail)) = done {
                this.refused.add(reason, origin.metric, &detail);
            }
        };
        match data {
            MetricData::Gauge(gauge) => {
                for point in gauge.data_points() {
                    let number = number(&point, false);
                    keep(
                        self,
                        Kind::Gauge,
                        point.attributes(),
                        point.flags(),
                        Ok(number),
                    );
                }
            }
            MetricData::Sum(sum) => {
                let (monotonic, delta) = (sum.is_monotonic(), sum.aggregation_temporality() == 1);
                for point in sum.data_points() {
                    let made = match sum.aggregation_temporality() {
                        1 if !monotonic => Err(refuse(
                            "delta_temporality",
                            "delta values of a sum that may shrink cannot be added up: put the \
                             `deltatocumulative` processor before this exporter",
                        )),
                        1 | 2 => Ok(number(&point, delta)),
                        _ => Err(unspecified()),
                    };
                    keep(
                        self,
                        Kind::Sum { monotonic },
                        point.attributes(),
                        point.flags(),
                        made,
                    );
                }
            }
            MetricData::Histogram(histogram) => {
                let temporality = histogram.aggregation_temporality();
                for point in histogram.data_points() {
                    let made = histogram_point(&point, temporality);
                    keep(
                        self,
                        Kind::Histogram,
                        point.attributes(),
                        point.flags(),
                        made,
                    );
                }
            }
            MetricData::ExponentialHistogram(histogram) => {
                let temporality = histogram.aggregation_temporality();
                for point in histogram.data_points() {
                    let made = exponential_point(&point, temporality);
                    let kind = Kind::ExponentialHistogram;
                    keep(self, kind, point.attributes(), point.flags(), made);
                }
            }
            MetricData::Summary(summary) => {
                for point in summary.data_points() {
                    let made = summary_point(&point);
                    keep(
                        self,
                        Kind::Summary,
                        point.attributes(),
                        point.flags(),
                        Ok(made),
                    );
                }
            }
        }
        newest
    }

    fn point(
        &mut self,
        origin: Origin<'_>,
        kind: Kind,
        attributes: Attributes<'_>,
        ended: bool,
        point: Point,
    ) -> Result<(), (Refusal, String)> {
        let metric = origin.metric;
        let unit = metric.unit().to_lossy();
        let name = metric_name(
            self.options.strategy,
            &self.options.namespace,
            &metric.name().to_lossy(),
            &unit,
            kind.name_kind(),
        )
        .map_err(|error| ("invalid_name", error.to_string()))?;
        let key = self
            .key(origin, attributes)
            .map_err(|error| ("invalid_name", error.to_string()))?;
        if ended {
            self.store.remove(&name, &key);
            return Ok(());
        }
        let head = Head {
            name: &name,
            kind: shown_as(metric_type(kind, metric.metadata())),
            help: &metric.description().to_lossy(),
            unit: &unit_name(&unit),
        };
        self.store
            .put(head, key, point, self.now)
            .map_err(|reason| refuse(reason, explain(reason)))
    }

    fn key(
        &self,
        origin: Origin<'_>,
        attributes: Attributes<'_>,
    ) -> Result<SeriesKey, headwater_prometheus::translate::NameError> {
        let scope = origin.scope.scope();
        let resource = origin.resource.resource();
        let mut labels = series_labels(self.options, resource, scope, attributes)?;
        // A label of that name cannot be told from the metric's.
        labels.remove("__name__");
        if self.options.scope_labels {
            labels.set(
                "otel_scope_schema_url",
                &origin.scope.schema_url().to_lossy(),
            );
        }
        let mut key: SeriesKey = labels
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        if self.options.scope_labels {
            for name in SCOPE {
                if let Err(at) = key.binary_search_by(|(known, _)| known.as_str().cmp(name)) {
                    key.insert(at, (name.to_owned(), String::new()));
                }
            }
        }
        Ok(key)
    }
}

fn refuse(reason: Refusal, detail: &str) -> (Refusal, String) {
    (reason, detail.to_owned())
}

fn unspecified() -> (Refusal, String) {
    refuse(
        "invalid_temporality",
        "it does not say whether it is cumulative",
    )
}

fn explain(reason: Refusal) -> &'static str {
    match reason {
        "type_conflict" => "another metric of this name has another type",
        "too_many_series" => "`max_series` has been reached",
        "labels_too_long" => "name and labels have more than 16 KiB",
        "older_timestamp" => "a later point has been shown already",
        "misaligned_delta" => "the point overlaps with the one before it",
        _ => "it cannot be shown",
    }
}

const fn shown_as(kind: MetricType) -> MetricType {
    match kind {
        MetricType::Counter | MetricType::Histogram | MetricType::Summary | MetricType::Unknown => {
            kind
        }
        // The others have rules about names and values that nobody has checked.
        _ => MetricType::Gauge,
    }
}

fn number(point: &NumberDataPoint<'_>, delta: bool) -> Point {
    let value = match point.value() {
        Some(NumberValue::Double(value)) => value,
        Some(NumberValue::Int(value)) => value as f64,
        None => 0.0,
    };
    Point {
        value: Value::Number(value, exemplars(point.exemplars()).pop()),
        start: point.start_time_unix_nano(),
        time: point.time_unix_nano(),
        delta,
    }
}

fn histogram_point(
    point: &HistogramDataPoint<'_>,
    temporality: i32,
) -> Result<Point, (Refusal, String)> {
    if !matches!(temporality, 1 | 2) {
        return Err(unspecified());
    }
    Ok(Point {
        value: Value::Histogram {
            count: point.count(),
            sum: point.sum().unwrap_or_default(),
            bounds: point.explicit_bounds().collect(),
            counts: point.bucket_counts().collect(),
            exemplars: exemplars(point.exemplars()),
        },
        start: point.start_time_unix_nano(),
        time: point.time_unix_nano(),
        delta: temporality == 1,
    })
}

fn exponential_point(
    point: &ExponentialHistogramDataPoint<'_>,
    temporality: i32,
) -> Result<Point, (Refusal, String)> {
    match temporality {
        1 => Err(refuse(
            "delta_temporality",
            "delta values of exponential histograms are not added up here: put the \
             `deltatocumulative` processor before this exporter",
        )),
        2 => native_histogram(point)
            .map_err(|error| ("unsupported_histogram", error.to_string()))
            .map(|native| Point {
                value: Value::Native(Box::new(native), exemplars(point.exemplars())),
                start: point.start_time_unix_nano(),
                time: point.time_unix_nano(),
                delta: false,
            }),
        _ => Err(unspecified()),
    }
}

fn summary_point(point: &SummaryDataPoint<'_>) -> Point {
    Point {
        value: Value::Summary {
            count: point.count(),
            sum: point.sum(),
            quantiles: point
                .quantile_values()
                .map(|at| (at.quantile(), at.value()))
                .collect(),
        },
        start: point.start_time_unix_nano(),
        time: point.time_unix_nano(),
        delta: false,
    }
}

fn exemplars<'v>(from: Messages<'v, View<'v>>) -> Vec<Exemplar> {
    from.map(|exemplar| {
        let mut labels = Vec::new();
        for (name, id) in [
            ("trace_id", exemplar.trace_id()),
            ("span_id", exemplar.span_id()),
        ] {
            if id.iter().any(|byte| *byte != 0) {
                let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
                labels.push((name.to_owned(), hex));
            }
        }
        labels.extend(exemplar.filtered_attributes().iter().map(|entry| {
            let name = entry.key().to_lossy().into_owned();
            (name, attribute_text(&entry.value()))
        }));
        let value = match exemplar.value() {
            Some(NumberValue::Double(value)) => value,
            Some(NumberValue::Int(value)) => value as f64,
            None => 0.0,
        };
        Exemplar {
            labels,
            value,
            timestamp: milliseconds(exemplar.time_unix_nano()),
        }
    })
    .collect()
}
