//! The same OTLP through the Collector's exporter and through this one: the same series.
//!
//! `$PROMCOL_BIN` is a Collector with the `otlp` receiver and the contrib
//! `prometheusremotewrite` exporter, v0.149. Without it the test says so and passes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use headwater_core::Batch;
use headwater_core::pdata::owned::{
    Buckets, ExponentialHistogram, ExponentialHistogramDataPoint, Histogram, HistogramDataPoint,
    InstrumentationScope, KeyValue, Metric, MetricData, MetricsData, Resource, ResourceMetrics,
    ScopeMetrics, Summary, SummaryDataPoint, ValueAtQuantile,
};
use headwater_core::{Signal, pdata};
use headwater_exporter_prometheus_remote_write::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Backend, T, attributes, config, gauge, point, started, sum};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

async fn post(address: SocketAddr, body: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let head = format!(
        "POST /v1/metrics HTTP/1.0\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// What the Collector writes for `body`; `None` if there is none.
async fn collectors(body: &[u8], keys: &str) -> Option<Contents> {
    let Some(program) = std::env::var_os("PROMCOL_BIN") else {
        eprintln!("skipped: PROMCOL_BIN names no Collector");
        return None;
    };
    let backend = Backend::start();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let yaml = format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: '{address}'}}}}}}}}\n\
         exporters:\n  prometheusremotewrite:\n    endpoint: http://{}/api/v1/write\n{keys}\n\
         service:\n  telemetry: {{metrics: {{level: none}}}}\n  pipelines:\n    \
         metrics: {{receivers: [otlp], exporters: [prometheusremotewrite]}}\n",
        backend.address
    );
    let child = Command::new(program)
        .arg(format!("--config=yaml:{yaml}"))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _running = Running(child);
    let answered = async {
        loop {
            match post(address, body).await {
                Some(answer) if answer.contains(" 200 ") => return,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), answered)
        .await
        .unwrap();
    backend.wait_for(1).await;
    // Large batches come in several requests.
    tokio::time::sleep(Duration::from_millis(300)).await;
    Some(contents(&backend))
}

async fn ours(body: &[u8], change: impl FnOnce(&mut Config)) -> Contents {
    let backend = Backend::start();
    let mut config = config(backend.address);
    change(&mut config);
    let setup = started(&config).await;
    let items = pdata::count_items(Signal::Metrics, body).unwrap();
    setup
        .consume(Batch::new(Signal::Metrics, body.to_vec(), items))
        .await;
    setup.done().await;
    setup.stop().await;
    contents(&backend)
}

/// Of each series: samples, exemplars and histograms as text.
type Contents = BTreeMap<String, Vec<String>>;

fn contents(backend: &Backend) -> Contents {
    let mut all = Contents::new();
    for request in backend.received() {
        request.visit(|series| {
            // An empty value is no label, for Prometheus.
            let mut labels: Vec<_> = series
                .labels
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| format!("{name}={value:?}"))
                .collect();
            labels.sort();
            let entry = all.entry(labels.join(",")).or_default();
            for sample in &series.samples {
                // Bit by bit: NaN is not NaN.
                entry.push(format!("{:x}@{}", sample.value.to_bits(), sample.timestamp));
            }
            for exemplar in &series.exemplars {
                entry.push(format!("{exemplar:?}"));
            }
            for histogram in &series.histograms {
                let mut buckets: Vec<_> = Vec::new();
                for (sign, side) in [(-1, &histogram.negative), (1, &histogram.positive)] {
                    let (mut index, mut count, mut deltas) = (0_i64, 0_i64, side.deltas.iter());
                    for span in &side.spans {
                        index += i64::from(span.offset);
                        for _ in 0..span.length {
                            count += deltas.next().unwrap();
                            if count != 0 {
                                buckets.push((sign, index, count));
                            }
                            index += 1;
                        }
                    }
                }
                entry.push(format!(
                    "{:?} {:x} {} {} {:?} {buckets:?} {} {}",
                    histogram.count,
                    histogram.sum.to_bits(),
                    histogram.schema,
                    histogram.zero_threshold,
                    histogram.zero_count,
                    histogram.reset_hint,
                    histogram.timestamp
                ));
            }
        });
    }
    // The Collector writes a series without samples where it has refused the point.
    all.retain(|_, entry| !entry.is_empty());
    for entry in all.values_mut() {
        entry.sort();
        // The same value twice at the same time: names that collide. It is sent once here.
        entry.dedup();
    }
    all
}

#[expect(clippy::too_many_lines, reason = "a list of odd things")]
fn odd() -> Vec<u8> {
    let named = |name: &str, unit: &str, monotonic: bool| {
        let points = vec![point(T, 1.5, &[("a", "1")])];
        let mut metric = if monotonic {
            sum(name, 2, points)
        } else {
            gauge(name, points)
        };
        metric.unit = unit.into();
        metric
    };
    let mut metrics = Vec::new();
    let names = [
        "plain",
        "with.dots",
        "with..dots",
        "_leading",
        "__two",
        "trailing_",
        "9digit",
        "total.x",
        "x.total",
        "x_ratio",
        "größe",
        "bytes.in",
        "a:b",
        "per_second",
        "x.seconds.y",
        "-",
        "a-b/c",
        "ratio.total",
        "x__y",
    ];
    let units = [
        "",
        "1",
        "s",
        "ms",
        "By",
        "By/s",
        "{request}",
        "{request}/s",
        "%",
        "m",
        "KiBy",
        "Cel",
        "Hz",
        "foo",
        "foo_bar",
        "m/m",
        "1/mo",
        "/s",
        "s/",
        "USD",
        "km-h",
        " s ",
        "{a}/{b}",
        "per",
        "_",
        "1/{x}",
    ];
    for (at, name) in names.iter().enumerate() {
        for (unit_at, unit) in units.iter().enumerate() {
            // Names must differ: what collides is joined in an order that nobody promises.
            let name = format!("{name}.n{at}u{unit_at}");
            metrics.push(named(&name, unit, (at + unit_at) % 2 == 0));
        }
        metrics.push(named(name, "", false));
        metrics.push(named(&format!("c{name}"), "1", true));
    }
    let labels = [
        ("a.b", "1"),
        ("a_b", "2"),
        ("a-b", "2"),
        ("x..y", "3"),
        ("_u", "4"),
        ("__r__", "5"),
        ("__q", "5b"),
        ("9", "6"),
        ("ü", "7"),
        ("empty", ""),
        ("job", "own"),
        ("le", "own"),
        ("__name__", "own"),
        ("otel_scope_name", "own"),
        ("dc", "point"),
        ("cluster.name", "8"),
        ("___", "9x"),
    ];
    metrics.push(gauge(
        "labels",
        vec![point(T, f64::NAN, &labels[..labels.len() - 1])],
    ));
    metrics.push(gauge(
        "bad.label",
        vec![point(T, 2.0, &labels), point(T, 3.0, &[])],
    ));
    let mut values = vec![
        KeyValue::new("bool", true),
        KeyValue::new("int", -5_i64),
        KeyValue::new("double", 0.1),
        KeyValue::new("large", 1e21),
    ];
    values.push(KeyValue::new("text", "a\"b\\c\nd"));
    let mut typed = point(T, 3.0, &[]);
    typed.attributes = values;
    metrics.push(gauge("typed", vec![typed]));
    let mut stale = point(T, 3.0, &[("stale", "1")]);
    stale.flags = 1;
    metrics.push(gauge("stale", vec![stale]));
    metrics.push(sum("delta", 1, vec![point(T, 1.0, &[])]));
    metrics.push(sum("unspecified", 0, vec![point(T, 1.0, &[])]));
    let points = [3, 1, 2].map(|n| point(T + n, n as f64, &[])).to_vec();
    metrics.push(sum("several", 2, points));
    metrics.extend(distributions());
    let scope = InstrumentationScope {
        name: "lib".into(),
        version: "2".into(),
        attributes: attributes(&[("k.l", "v"), ("dc", "scope")]),
        ..InstrumentationScope::default()
    };
    let resource = |pairs: &[(&str, &str)], metrics: Vec<Metric>| ResourceMetrics {
        resource: Some(Resource {
            attributes: attributes(pairs),
            ..Resource::default()
        }),
        scope_metrics: vec![ScopeMetrics {
            scope: Some(scope.clone()),
            metrics,
            ..ScopeMetrics::default()
        }],
        ..ResourceMetrics::default()
    };
    let one = |n: u64| vec![gauge("up", vec![point(T + n, 1.0, &[])])];
    let all = [
        ("service.name", "api"),
        ("service.namespace", "shop"),
        ("service.instance.id", "i"),
        ("host.name", "h"),
        ("a..b", "1"),
        ("_x", "2"),
        ("9z", "3"),
    ];
    MetricsData {
        resource_metrics: vec![
            resource(&all, metrics),
            resource(&[("service.name", "b")], one(1)),
            resource(&[("service.instance.id", "c"), ("x", "y")], one(2)),
            resource(&[("x", "y")], one(3)),
            resource(&[], one(4)),
        ],
        ..MetricsData::default()
    }
    .encode()
    .to_vec()
}

fn distributions() -> Vec<Metric> {
    let metric = |name: &str, unit: &str, data| Metric {
        name: name.into(),
        unit: unit.into(),
        data: Some(data),
        ..Metric::default()
    };
    let bounds = [0.005, 0.1, 1.0, 2.5, 1e6, 1e22];
    let histogram = |sum: Option<f64>, flags: u32, bounds: &[f64]| {
        let counts: Vec<u64> = (0..=bounds.len() as u64).collect();
        MetricData::Histogram(Histogram {
            data_points: vec![HistogramDataPoint {
                time_unix_nano: T * 1_000_000,
                count: counts.iter().sum(),
                sum,
                flags,
                bucket_counts: counts,
                explicit_bounds: bounds.to_vec(),
                ..HistogramDataPoint::default()
            }],
            aggregation_temporality: 2,
            ..Histogram::default()
        })
    };
    let exponential = |scale: i32, offset: i32, counts: &[u64], flags: u32| {
        MetricData::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![ExponentialHistogramDataPoint {
                time_unix_nano: T * 1_000_000,
                count: counts.iter().sum::<u64>() + 1,
                sum: Some(5.5),
                scale,
                zero_count: 1,
                flags,
                positive: Some(Buckets {
                    offset,
                    bucket_counts: counts.to_vec(),
                    ..Buckets::default()
                }),
                negative: Some(Buckets {
                    offset: -offset,
                    bucket_counts: counts.to_vec(),
                    ..Buckets::default()
                }),
                ..ExponentialHistogramDataPoint::default()
            }],
            aggregation_temporality: 2,
            ..ExponentialHistogram::default()
        })
    };
    let quantile = |quantile: f64| ValueAtQuantile {
        quantile,
        value: quantile * 10.0,
        ..Default::default()
    };
    vec![
        metric("hist", "s", histogram(Some(2.5), 0, &bounds)),
        metric("hist.nosum", "", histogram(None, 0, &bounds)),
        metric("hist.stale", "", histogram(Some(1.0), 1, &bounds)),
        metric("hist.nobounds", "", histogram(Some(1.0), 0, &[])),
        metric("exp", "By", exponential(3, -4, &[1, 0, 0, 0, 5, 6], 0)),
        metric(
            "exp.fine",
            "",
            exponential(11, 5, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0),
        ),
        metric("exp.coarse", "", exponential(-5, 0, &[1], 0)),
        metric("exp.stale", "", exponential(0, 0, &[1], 1)),
        metric("exp.empty", "", exponential(0, 0, &[], 0)),
        metric(
            "summary",
            "s",
            MetricData::Summary(Summary {
                data_points: vec![SummaryDataPoint {
                    time_unix_nano: T * 1_000_000,
                    count: 4,
                    sum: 9.0,
                    quantile_values: [0.0, 0.5, 0.999, 1.0].map(quantile).to_vec(),
                    ..SummaryDataPoint::default()
                }],
                ..Summary::default()
            }),
        ),
    ]
}

async fn same(keys: &str, change: impl FnOnce(&mut Config)) {
    let body = odd();
    let Some(theirs) = collectors(&body, keys).await else {
        return;
    };
    let ours = ours(&body, change).await;
    let only = |a: &Contents, b: &Contents| -> Vec<String> {
        a.iter()
            .filter(|(labels, _)| !b.contains_key(*labels))
            .map(|(labels, _)| labels.clone())
            .collect()
    };
    assert!(theirs.len() > 400, "{}", theirs.len());
    let (missing, more) = (only(&theirs, &ours), only(&ours, &theirs));
    assert!(
        missing.is_empty() && more.is_empty(),
        "missing: {missing:#?}\nmore: {more:#?}"
    );
    for (labels, content) in &theirs {
        assert_eq!(&ours[labels], content, "{labels}");
    }
}

#[tokio::test]
async fn the_defaults_write_the_same_series() {
    same("", |_| {}).await;
}

#[tokio::test]
async fn options_change_the_same_series() {
    let keys = "    namespace: my_app\n    external_labels: {dc: eu, cluster.name: c, new: n}\n    \
                resource_to_telemetry_conversion: {enabled: true, exclude_service_attributes: true}\n    \
                disable_scope_info: true\n";
    same(keys, |config| {
        config.namespace = "my_app".to_owned();
        config.external_labels = [("dc", "eu"), ("cluster.name", "c"), ("new", "n")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        config.resource_to_telemetry_conversion.enabled = true;
        config
            .resource_to_telemetry_conversion
            .exclude_service_attributes = true;
        config.disable_scope_info = true;
    })
    .await;
    same(
        "    add_metric_suffixes: false\n    target_info: {enabled: false}\n",
        |config| {
            config.add_metric_suffixes = false;
            config.target_info.enabled = false;
        },
    )
    .await;
}
