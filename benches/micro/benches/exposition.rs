//! Reading and writing of what targets show: 50,100 samples, four fifths counters with four labels,
//! the rest histograms of eleven buckets.
#![expect(
    clippy::expect_used,
    reason = "a benchmark without its input has nothing to measure"
)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use headwater_prometheus::exposition::{
    BucketPoint, Encoder, Entry, FamilyHead, Format, MetricPoint, MetricType, Parser,
    ParserOptions, PointValue, ResponseFormat,
};
use headwater_prometheus::scrape_config::{NameEscaping, ScrapeProtocol};

const PROTOCOLS: [(&str, ScrapeProtocol); 3] = [
    ("text", ScrapeProtocol::PrometheusText0_0_4),
    ("openmetrics", ScrapeProtocol::OpenMetricsText1_0_0),
    ("protobuf", ScrapeProtocol::PrometheusProto),
];
const COUNTERS: usize = 250;
const COUNTER_SERIES: usize = 150;
const HISTOGRAMS: usize = 50;
const HISTOGRAM_SERIES: usize = 18;
const BOUNDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Of a histogram in text: its buckets, +Inf, the sum and the count.
const SAMPLES: usize =
    COUNTERS * COUNTER_SERIES + HISTOGRAMS * HISTOGRAM_SERIES * (BOUNDS.len() + 3);

fn body(protocol: ScrapeProtocol) -> Vec<u8> {
    let mut encoder = Encoder::new(ResponseFormat {
        protocol,
        escaping: NameEscaping::Underscores,
    });
    let mut out = Vec::new();
    let paths: Vec<String> = (0..COUNTER_SERIES)
        .map(|at| format!("/api/v1/items/{at}"))
        .collect();
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 32
    };
    for family in 0..COUNTERS {
        let name = format!("http_server_requests_{family}_total");
        let head = head(&name, MetricType::Counter);
        let labels: Vec<[(&str, &str); 4]> = paths
            .iter()
            .enumerate()
            .map(|(at, path)| {
                [
                    ("method", ["GET", "POST", "PUT"][at % 3]),
                    ("path", path.as_str()),
                    ("status", ["200", "201", "404", "500"][at % 4]),
                    ("instance", "backend-7f9c6d5b8-x2x9k"),
                ]
            })
            .collect();
        let points = labels.iter().map(|labels| {
            let drawn = next();
            let value = if drawn % 4 == 0 {
                drawn as f64 / 1000.0
            } else {
                (drawn >> 12) as f64
            };
            let exemplar = None;
            point(labels, PointValue::Number { value, exemplar })
        });
        encoder.family(&mut out, &head, points).expect("numbers");
    }
    let buckets: Vec<BucketPoint<'_>> = BOUNDS
        .iter()
        .enumerate()
        .map(|(at, upper_bound)| BucketPoint {
            upper_bound: *upper_bound,
            cumulative_count: at as f64 * 17.0,
            exemplar: None,
        })
        .collect();
    for family in 0..HISTOGRAMS {
        let name = format!("http_server_latency_{family}_seconds");
        let labels: Vec<[(&str, &str); 2]> = paths[..HISTOGRAM_SERIES]
            .iter()
            .map(|path| {
                [
                    ("path", path.as_str()),
                    ("instance", "backend-7f9c6d5b8-x2x9k"),
                ]
            })
            .collect();
        let value = PointValue::Histogram {
            count: 200.0,
            sum: 1234.567,
            buckets: &buckets,
            native: None,
            exemplars: &[],
        };
        let points = labels.iter().map(|labels| point(labels, value));
        encoder
            .family(&mut out, &head(&name, MetricType::Histogram), points)
            .expect("a histogram");
    }
    encoder.finish(&mut out);
    out
}

fn head(name: &str, kind: MetricType) -> FamilyHead<'_> {
    FamilyHead {
        name,
        help: Some("What the server has done so far."),
        kind,
        unit: None,
    }
}

fn point<'a>(labels: &'a [(&'a str, &'a str)], value: PointValue<'a>) -> MetricPoint<'a> {
    MetricPoint {
        labels,
        value,
        timestamp: None,
        created: None,
    }
}

/// Reads a whole body; with `keys` as guesses, and looking at names and labels only if asked to.
fn read(body: &[u8], protocol: ScrapeProtocol, keys: &[Vec<u8>], labels: bool) -> (usize, f64) {
    let mut parser = Parser::new(body, Format::from(protocol), ParserOptions::default());
    let (mut samples, mut sum) = (0, 0.0);
    loop {
        let key = keys.get(samples).map_or(&[][..], |key| key);
        let Some(entry) = parser.next_expecting(key).expect("a valid body") else {
            return (samples, sum);
        };
        if let Entry::Series(series) = entry {
            samples += 1;
            sum += series.value();
            if labels {
                sum += series.name().len() as f64;
                sum += series
                    .labels()
                    .map(|label| label.value.len() as f64)
                    .sum::<f64>();
            }
        }
    }
}

fn keys(body: &[u8], protocol: ScrapeProtocol) -> Vec<Vec<u8>> {
    let mut parser = Parser::new(body, Format::from(protocol), ParserOptions::default());
    let mut keys = Vec::new();
    while let Some(entry) = parser.next_entry().expect("a valid body") {
        if let Entry::Series(series) = entry {
            keys.push(series.key().to_vec());
        }
    }
    keys
}

fn parse(c: &mut Criterion) {
    for (name, protocol) in PROTOCOLS {
        let body = body(protocol);
        let keys = keys(&body, protocol);
        assert_eq!(keys.len(), SAMPLES);
        let mut group = c.benchmark_group("parse");
        group.sample_size(20);
        group.throughput(Throughput::ElementsAndBytes {
            elements: SAMPLES as u64,
            bytes: body.len() as u64,
        });
        group.bench_function(BenchmarkId::new("plain", name), |b| {
            b.iter(|| read(&body, protocol, &[], false));
        });
        group.bench_function(BenchmarkId::new("expected", name), |b| {
            b.iter(|| read(&body, protocol, &keys, false));
        });
        group.bench_function(BenchmarkId::new("labels", name), |b| {
            b.iter(|| read(&body, protocol, &[], true));
        });
        group.finish();
    }
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    group.sample_size(20);
    for (name, protocol) in PROTOCOLS {
        group.throughput(Throughput::ElementsAndBytes {
            elements: SAMPLES as u64,
            bytes: body(protocol).len() as u64,
        });
        group.bench_function(name, |b| b.iter(|| body(protocol)));
    }
    group.finish();
}

criterion_group!(exposition, parse, encode);
criterion_main!(exposition);
