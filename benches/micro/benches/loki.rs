//! Log records to push messages: the `loki` exporter's encoder.
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use headwater_core::Signal;
use headwater_core::bytes::Bytes;
use headwater_core::pdata::Payload;
use headwater_core::pdata::owned::{
    KeyValue, LogRecord, LogsData, Resource, ResourceLogs, ScopeLogs,
};
use headwater_exporter_loki::{Config, Format, bench::Bench};
use headwater_testkit::{Generator, Shape};

/// Lines in a request.
const LINES: usize = 2000;

/// Pod log lines: a resource that is a stream for each of ten pods.
fn streams() -> Payload {
    let resource = |pod: usize| {
        let labels = [
            ("namespace", "shop".to_owned()),
            ("pod", format!("checkout-{pod}")),
            ("container", "app".to_owned()),
            ("stream", "stdout".to_owned()),
        ];
        let mut attributes: Vec<_> = labels
            .into_iter()
            .map(|(name, value)| KeyValue::new(name, value))
            .collect();
        attributes.push(KeyValue::new("loki.stream", true));
        let lines = (0..LINES / 10).map(|at| LogRecord {
            time_unix_nano: 1_700_000_000_000_000_000 + at as u64,
            body: format!("order of user {at:05} accepted, payment authorised by the provider")
                .into(),
            ..LogRecord::default()
        });
        ResourceLogs {
            resource: Some(Resource {
                attributes,
                ..Resource::default()
            }),
            scope_logs: vec![ScopeLogs {
                log_records: lines.collect(),
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }
    };
    let data = LogsData {
        resource_logs: (0..10).map(resource).collect(),
        ..LogsData::default()
    };
    Payload::counted(data.encode(), LINES)
}

fn encode(c: &mut Criterion) {
    let otlp = Generator::new(1).request(Signal::Logs, Shape::of(LINES));
    let otlp = Payload::counted(Bytes::from(otlp), LINES);
    let mut group = c.benchmark_group("loki");
    group.throughput(Throughput::Elements(LINES as u64));
    let cases = [
        ("streams", streams(), Format::Raw),
        ("otlp raw", otlp.clone(), Format::Raw),
        ("otlp json", otlp.clone(), Format::Json),
        ("otlp logfmt", otlp, Format::Logfmt),
    ];
    for (name, payload, format) in cases {
        for compress in [false, true] {
            let mut bench = Bench::new(&Config {
                format,
                ..Config::default()
            });
            let what = if compress { "with snappy" } else { "encode" };
            group.bench_with_input(BenchmarkId::new(name, what), &payload, |b, payload| {
                b.iter(|| {
                    let lengths = bench.encode(payload, compress);
                    assert!(lengths.0 > 0);
                    lengths
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
