use proptest::prelude::*;

use super::super::encode::{
    BucketPoint, Encoder, ExemplarPoint, FamilyHead, MetricPoint, PointValue,
};
use super::super::negotiate::ResponseFormat;
use super::super::{Format, MetricType, ParserOptions};
use super::read;
use crate::scrape_config::{NameEscaping, ScrapeProtocol};

type Labels = Vec<(String, String)>;

/// A metric with values of all kinds, of which a family uses those of its type.
#[derive(Debug, Clone)]
struct Point {
    labels: Labels,
    value: f64,
    sum: f64,
    count: u32,
    parts: Vec<(f64, u32)>,
    exemplar: Option<(Labels, f64, Option<i64>)>,
    timestamp: Option<i64>,
    created: Option<i64>,
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (-1_000_000..1_000_000_i64).prop_map(|n| n as f64),
        (0..100_000_i64).prop_map(|n| n as f64 / 100.0),
    ]
    // Minus zero is shown as zero.
    .prop_map(|n| if n == 0.0 { 0.0 } else { n })
}

fn labels() -> impl Strategy<Value = Labels> {
    let name = "([a-k]([a-z0-9_]{0,4}|[.\u{e4}\"\\\\\n:]))";
    let value = "([a-z]|[\"\\\\\n ,={}#]|\u{e4}|\u{10348}){0,8}";
    proptest::collection::btree_map(name, value, 0..4).prop_map(|map| map.into_iter().collect())
}

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![1..100_000_i64, 1_500_000_000_000..1_900_000_000_000_i64]
}

fn point() -> impl Strategy<Value = Point> {
    (
        labels(),
        number(),
        number(),
        any::<u32>(),
        proptest::collection::btree_map(-100..1000_i32, any::<u32>(), 0..4),
        proptest::option::of((labels(), number(), proptest::option::of(time()))),
        proptest::option::of(time()),
        proptest::option::of(time()),
    )
        .prop_map(
            |(labels, value, sum, count, parts, exemplar, timestamp, created)| Point {
                labels,
                value,
                sum,
                count,
                parts: parts
                    .into_iter()
                    .map(|(bound, count)| (f64::from(bound) / 8.0, count))
                    .collect(),
                exemplar,
                timestamp,
                created,
            },
        )
}

fn borrowed(labels: &Labels) -> Vec<(&str, &str)> {
    labels
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// A body of families with one name, and the lines that are to be read from it.
fn written(
    protocol: ScrapeProtocol,
    name: &str,
    kind: MetricType,
    points: &[Point],
) -> (Vec<u8>, Vec<String>) {
    let mut encoder = Encoder::new(ResponseFormat {
        protocol,
        escaping: NameEscaping::AllowUtf8,
    });
    let name = match kind {
        MetricType::Counter => format!("{name}_total"),
        _ => name.to_owned(),
    };
    let help = "a \\ b \" c\nd";
    let head = FamilyHead {
        name: &name,
        help: Some(help),
        kind,
        unit: None,
    };
    let mut body = Vec::new();
    let mut lines = Vec::new();
    let openmetrics = protocol == ScrapeProtocol::OpenMetricsText1_0_0;
    let text = protocol == ScrapeProtocol::PrometheusText0_0_4;
    let family = match name.strip_suffix("_total") {
        Some(stem) if openmetrics => stem,
        _ => &name,
    };
    let mut seen = Vec::new();
    let points: Vec<&Point> = points
        .iter()
        .filter(|point| {
            // Each metric once, or start times would be ambiguous.
            let new = !seen.contains(&&point.labels);
            seen.push(&point.labels);
            new
        })
        .collect();
    for point in points {
        let labels = borrowed(&point.labels);
        let exemplar_labels = point.exemplar.as_ref().map(|(labels, ..)| borrowed(labels));
        let exemplar = point.exemplar.as_ref().zip(exemplar_labels.as_ref()).map(
            |((_, value, timestamp), labels)| ExemplarPoint {
                labels,
                value: *value,
                timestamp: *timestamp,
            },
        );
        let buckets: Vec<BucketPoint<'_>> = point
            .parts
            .iter()
            .map(|&(upper_bound, count)| BucketPoint {
                upper_bound,
                cumulative_count: count.into(),
                exemplar,
            })
            .collect();
        let quantiles: Vec<(f64, f64)> = point
            .parts
            .iter()
            .map(|&(rank, value)| (rank, value.into()))
            .collect();
        let value = match kind {
            MetricType::Summary => PointValue::Summary {
                count: point.count.into(),
                sum: point.sum,
                quantiles: &quantiles,
            },
            MetricType::Histogram => PointValue::Histogram {
                count: point.count.into(),
                sum: point.sum,
                buckets: &buckets,
                native: None,
                exemplars: &[],
            },
            _ => PointValue::Number {
                value: point.value,
                exemplar,
            },
        };
        let metric = MetricPoint {
            labels: &labels,
            value,
            timestamp: point.timestamp,
            created: point.created,
        };
        // Each metric is a family of its own here.
        lines.push(format!("help {family} {help:?}"));
        lines.push(format!("type {family} {kind}"));
        lines.extend(expected(point, &name, kind, text, openmetrics));
        encoder.family(&mut body, &head, [metric]).unwrap();
    }
    encoder.finish(&mut body);
    (body, lines)
}

/// The lines of one metric, sorted as in protobuf: count, sum, parts.
fn expected(
    point: &Point,
    name: &str,
    kind: MetricType,
    text: bool,
    openmetrics: bool,
) -> Vec<String> {
    let show = |suffix: &str, bound: Option<(&str, f64)>, value: f64, exemplar: bool| {
        let mut labels: Vec<String> = point
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        if let Some((name, bound)) = bound {
            let bound = if bound.is_infinite() {
                "+Inf".to_owned()
            } else if bound.fract() == 0.0 {
                format!("{bound:.1}")
            } else {
                bound.to_string()
            };
            labels.push(format!("{name}={bound:?}"));
        }
        let mut line = format!(
            "{:?} {{{}}} {value}",
            format!("{name}{suffix}"),
            labels.join(",")
        );
        if let Some(timestamp) = point.timestamp {
            line += &format!(" @{timestamp}");
        }
        if let Some(created) = point.created
            && !text
            && kind.has_start()
        {
            line += &format!(" from {created}");
        }
        if let Some((labels, value, timestamp)) = &point.exemplar
            && exemplar
            && !text
            && !(openmetrics && labels.is_empty())
        {
            let labels: Vec<String> = labels
                .iter()
                .map(|(name, value)| format!("{name}={value:?}"))
                .collect();
            line += &format!(" #{{{}}} {value}", labels.join(","));
            if let Some(timestamp) = timestamp {
                line += &format!(" @{timestamp}");
            }
        }
        line
    };
    let number = kind == MetricType::Counter || kind == MetricType::Gauge;
    if number {
        return vec![show("", None, point.value, kind == MetricType::Counter)];
    }
    let mut lines = vec![
        show("_count", None, point.count.into(), false),
        show("_sum", None, point.sum, false),
    ];
    let histogram = kind == MetricType::Histogram;
    for &(bound, value) in &point.parts {
        lines.push(if histogram {
            show("_bucket", Some(("le", bound)), value.into(), true)
        } else {
            show("", Some(("quantile", bound)), value.into(), false)
        });
    }
    if histogram {
        lines.push(show(
            "_bucket",
            Some(("le", f64::INFINITY)),
            point.count.into(),
            false,
        ));
    }
    lines
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        name in "[a-z]([a-z0-9:_]{0,5}|[.\u{e4}\"\\\\\n ])",
        kind in prop_oneof![
            Just(MetricType::Counter),
            Just(MetricType::Gauge),
            Just(MetricType::Summary),
            Just(MetricType::Histogram),
        ],
        points in proptest::collection::vec(point(), 1..4),
    ) {
        for protocol in [
            ScrapeProtocol::PrometheusText0_0_4,
            ScrapeProtocol::OpenMetricsText1_0_0,
            ScrapeProtocol::PrometheusProto,
        ] {
            let (body, mut lines) = written(protocol, &name, kind, &points);
            let options = ParserOptions {
                skip_created: true,
                ..ParserOptions::default()
            };
            let mut found = read(&body, Format::from(protocol), options);
            // The parts of a metric come in another order.
            lines.sort();
            found.sort();
            prop_assert_eq!(found, lines, "{}", String::from_utf8_lossy(&body));
        }
    }
}
