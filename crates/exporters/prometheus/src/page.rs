//! Writing the page.

use headwater_prometheus::exposition::{
    BucketPoint, Counts, Encoder, ExemplarPoint, FamilyHead, MetricPoint, MetricType,
    NativeHistogram, PointValue, ResponseFormat, Span,
};
use headwater_prometheus::remote_write::{BucketSpan, Count};
use headwater_prometheus::translate::milliseconds;

use crate::store::{Exemplar, Family, Series, SeriesKey, Store, Value};

/// What is in the store, in `format`.
pub(crate) fn write(store: &Store, format: ResponseFormat, timestamps: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(format);
    for (name, family) in &store.families {
        let head = FamilyHead {
            name,
            help: Some(&*family.help).filter(|help| !help.is_empty()),
            kind: family.kind,
            unit: Some(&*family.unit).filter(|unit| !unit.is_empty()),
        };
        // What a point borrows has to be there for as long as the encoder looks at it.
        let shown: Vec<Shown<'_>> = family.series.iter().map(Shown::new).collect();
        let parts: Vec<Parts<'_>> = shown.iter().map(Parts::new).collect();
        let points = shown
            .iter()
            .zip(&parts)
            .map(|(shown, parts)| point(family, shown, parts, timestamps));
        // Values of another type never get into a family.
        encoder.family(&mut out, &head, points).ok();
    }
    encoder.finish(&mut out);
    out
}

/// A series in the form in which the encoder takes it.
struct Shown<'a> {
    series: &'a Series,
    labels: Vec<(&'a str, &'a str)>,
    buckets: Vec<(f64, f64, Option<usize>)>,
    exemplar_labels: Vec<Vec<(&'a str, &'a str)>>,
    exemplars: &'a [Exemplar],
    spans: [Vec<Span>; 2],
}

impl<'a> Shown<'a> {
    fn new((key, series): (&'a SeriesKey, &'a Series)) -> Self {
        fn pairs(of: &[(String, String)]) -> Vec<(&str, &str)> {
            of.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect()
        }
        let mut this = Self {
            series,
            labels: pairs(key),
            buckets: Vec::new(),
            exemplar_labels: Vec::new(),
            exemplars: &[],
            spans: [Vec::new(), Vec::new()],
        };
        match &series.point.value {
            Value::Number(_, exemplar) => this.exemplars = exemplar.as_slice(),
            Value::Histogram {
                bounds,
                counts,
                exemplars,
                count,
                ..
            } => {
                this.exemplars = exemplars;
                let mut cumulative = 0_u64;
                for (bound, in_bucket) in bounds.iter().zip(counts) {
                    cumulative = cumulative.saturating_add(*in_bucket);
                    this.buckets.push((*bound, cumulative as f64, None));
                }
                this.buckets.push((f64::INFINITY, *count as f64, None));
                for (at, exemplar) in exemplars.iter().enumerate() {
                    let fits = |bucket: &&mut (f64, f64, Option<usize>)| exemplar.value <= bucket.0;
                    if let Some(bucket) = this.buckets.iter_mut().find(fits) {
                        bucket.2 = Some(at);
                    }
                }
            }
            Value::Native(native, exemplars) => {
                this.exemplars = exemplars;
                let spans = |spans: &[BucketSpan]| -> Vec<Span> {
                    spans
                        .iter()
                        .map(|span| Span {
                            offset: span.offset,
                            length: span.length,
                        })
                        .collect()
                };
                this.spans = [spans(&native.positive.spans), spans(&native.negative.spans)];
            }
            Value::Summary { .. } => {}
        }
        this.exemplar_labels = this.exemplars.iter().map(|e| pairs(&e.labels)).collect();
        this
    }

    fn exemplar(&self, at: usize) -> Option<ExemplarPoint<'_>> {
        let exemplar = self.exemplars.get(at)?;
        Some(ExemplarPoint {
            labels: self.exemplar_labels.get(at)?,
            value: exemplar.value,
            timestamp: Some(exemplar.timestamp).filter(|time| *time != 0),
        })
    }
}

/// Buckets and exemplars as the encoder takes them.
struct Parts<'a> {
    buckets: Vec<BucketPoint<'a>>,
    exemplars: Vec<ExemplarPoint<'a>>,
}

impl<'a> Parts<'a> {
    fn new(shown: &'a Shown<'_>) -> Self {
        let buckets = shown
            .buckets
            .iter()
            .map(|(bound, count, exemplar)| BucketPoint {
                upper_bound: *bound,
                cumulative_count: *count,
                exemplar: exemplar.and_then(|at| shown.exemplar(at)),
            });
        Self {
            buckets: buckets.collect(),
            exemplars: (0..shown.exemplars.len())
                .filter_map(|at| shown.exemplar(at))
                .collect(),
        }
    }
}

fn point<'a>(
    family: &Family,
    shown: &'a Shown<'_>,
    parts: &'a Parts<'_>,
    timestamps: bool,
) -> MetricPoint<'a> {
    let from = &shown.series.point;
    let value = match &from.value {
        Value::Number(value, _) => PointValue::Number {
            value: *value,
            exemplar: (family.kind == MetricType::Counter)
                .then(|| parts.exemplars.first().copied())
                .flatten(),
        },
        Value::Histogram { count, sum, .. } => PointValue::Histogram {
            count: *count as f64,
            sum: *sum,
            buckets: &parts.buckets,
            native: None,
            exemplars: &[],
        },
        Value::Native(native, _) => PointValue::Histogram {
            count: native.count.as_f64(),
            sum: native.sum,
            buckets: &[],
            native: Some(NativeHistogram {
                gauge: false,
                schema: native.schema,
                zero_threshold: native.zero_threshold,
                sum: native.sum,
                positive_spans: &shown.spans[0],
                negative_spans: &shown.spans[1],
                counts: Counts::Integer {
                    count: whole(native.count),
                    zero_count: whole(native.zero_count),
                    positive: &native.positive.deltas,
                    negative: &native.negative.deltas,
                },
                custom_bounds: &[],
            }),
            exemplars: &parts.exemplars,
        },
        Value::Summary {
            count,
            sum,
            quantiles,
        } => PointValue::Summary {
            count: *count,
            sum: *sum,
            quantiles,
        },
    };
    let created = milliseconds(from.start);
    MetricPoint {
        labels: &shown.labels,
        value,
        timestamp: timestamps.then(|| milliseconds(from.time)),
        created: Some(created).filter(|created| *created != 0),
    }
}

const fn whole(count: Count) -> u64 {
    match count {
        Count::Int(count) => count,
        Count::Float(count) => count as u64,
    }
}
