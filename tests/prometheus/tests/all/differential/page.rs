//! The same OTLP through the `prometheus` exporters of the Go collector and of ours: the same page.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use headwater_core::pdata::owned::{
    Gauge, Histogram, HistogramDataPoint, Metric, MetricData, NumberDataPoint, NumberValue, Sum,
};
use headwater_core::{Batch, ComponentKind, Signal};
use headwater_exporter_prometheus as exporter;
use headwater_testkit::{environment, host};
use prometheus_tests::{free_port, get_as};

use super::{collector, started};
use crate::alike::wait;
use crate::samples::{batch_of, counter, gauge, histogram, now, summary};

fn number(at: u64, value: f64, pairs: &[(&str, &str)]) -> NumberDataPoint {
    NumberDataPoint {
        attributes: crate::samples::attributes(pairs),
        start_time_unix_nano: (at - 60_000) * 1_000_000,
        time_unix_nano: at * 1_000_000,
        value: Some(NumberValue::Double(value)),
        ..NumberDataPoint::default()
    }
}

/// Names, units, labels and types of all kinds.
fn metrics(at: u64) -> Vec<Metric> {
    let named = |name: &str, unit: &str, data: MetricData| Metric {
        name: name.into(),
        unit: unit.into(),
        description: format!("About {name}:\n\"quoted\\\"").into(),
        data: Some(data),
        ..Metric::default()
    };
    let shown = |points: Vec<NumberDataPoint>| {
        MetricData::Gauge(Gauge {
            data_points: points,
            ..Gauge::default()
        })
    };
    let sum = |temporality: i32, monotonic: bool, value: f64| {
        MetricData::Sum(Sum {
            data_points: vec![number(at, value, &[("path", "/")])],
            aggregation_temporality: temporality,
            is_monotonic: monotonic,
            ..Sum::default()
        })
    };
    let mut all = vec![
        gauge(at, 21.5),
        counter(at, 20.0),
        histogram(at),
        summary(at),
    ];
    let names = [
        "with.dots",
        "_leading",
        "9digit",
        "total.x",
        "größe",
        "a:b",
        "a-b/c",
    ];
    let units = [
        "",
        "1",
        "s",
        "By",
        "By/s",
        "{request}",
        "%",
        "foo_bar",
        "1/mo",
    ];
    for (at_name, name) in names.iter().enumerate() {
        for (at_unit, unit) in units.iter().enumerate() {
            let name = format!("{name}.n{at_name}u{at_unit}");
            let data = if (at_name + at_unit) % 2 == 0 {
                shown(vec![number(at, 1.5, &[("a", "1")])])
            } else {
                sum(2, true, 3.0)
            };
            all.push(named(&name, unit, data));
        }
    }
    all.push(named("up_and_down", "", sum(2, false, -4.0)));
    all.push(named("delta", "", sum(1, true, 5.0)));
    all.push(named("delta.that.shrinks", "", sum(1, false, 5.0)));
    let labels = [
        ("a.b", "1"),
        ("x..y", "3"),
        ("_u", "4"),
        ("9", "6"),
        ("text", "7\n\"\\"),
    ];
    all.push(named(
        "labels",
        "",
        shown(vec![number(at, f64::NAN, &labels)]),
    ));
    // A label of which nothing would be left.
    all.push(named(
        "nameless",
        "",
        shown(vec![number(at, 1.0, &[("ü", "1")])]),
    ));
    let values = [
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        1e21,
        1e-7,
        123_456_789.0,
    ];
    let points = values
        .iter()
        .enumerate()
        .map(|(n, value)| number(at, *value, &[("n", &n.to_string())]));
    all.push(named("values", "", shown(points.collect())));
    let mut gone = number(at, 1.0, &[("gone", "1")]);
    gone.flags = 1;
    all.push(named("gone", "", shown(vec![gone])));
    let point = |bounds: Vec<f64>, counts: Vec<u64>, sum: Option<f64>| HistogramDataPoint {
        time_unix_nano: at * 1_000_000,
        count: counts.iter().sum(),
        sum,
        bucket_counts: counts,
        explicit_bounds: bounds,
        ..HistogramDataPoint::default()
    };
    for (name, point) in [
        (
            "hist.bounds",
            point(vec![0.005, 1.0, 1e6, 1e22], vec![1, 2, 3, 4, 5], Some(2.5)),
        ),
        ("hist.no.bounds", point(Vec::new(), vec![7], Some(1.0))),
    ] {
        let data = Histogram {
            data_points: vec![point],
            aggregation_temporality: 2,
            ..Histogram::default()
        };
        all.push(named(name, "s", MetricData::Histogram(data)));
    }
    all
}

fn batch(at: u64) -> Batch {
    let resource = [
        ("service.namespace", "shop"),
        ("service.name", "api"),
        ("service.instance.id", "pod-1"),
        ("host.name", "h"),
        ("a..b", "1"),
    ];
    batch_of(&resource, metrics(at))
}

fn post(address: SocketAddr, body: &[u8]) -> Option<bool> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(
        stream,
        "POST /v1/metrics HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/x-protobuf\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    )
    .ok()?;
    stream.write_all(body).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.contains(" 200 "))
}

/// Comments and samples; the order of a page is nobody's promise. Left out is what only ours has: in
/// OpenMetrics units and times of creation, and on `target_info` constant labels and its time.
fn lines(page: &str) -> BTreeSet<String> {
    let only_ours = |line: &str| {
        line.starts_with("# UNIT ") || line.contains("_created{") || line.contains("target_info{")
    };
    let lines = page.lines().filter(|line| !only_ours(line));
    lines.map(str::to_owned).collect()
}

async fn same(keys: &str, accept: &str, change: impl FnOnce(&mut exporter::Config)) {
    let Some(program) = collector() else {
        return;
    };
    let (otlp, theirs, ours) = (free_port(), free_port(), free_port());
    let _theirs = started(
        program,
        &format!(
            "{{receivers: {{otlp: {{protocols: {{http: {{endpoint: '{otlp}'}}}}}}}}, \
             exporters: {{prometheus: {{endpoint: '{theirs}'{keys}}}}}, \
             service: {{telemetry: {{metrics: {{level: none}}}}, pipelines: {{metrics: \
             {{receivers: [otlp], exporters: [prometheus]}}}}}}}}"
        ),
    );
    let mut config = exporter::Config::default();
    config.server.address.endpoint = ours.to_string();
    change(&mut config);
    let environment = environment();
    let id = "prometheus".parse().unwrap();
    let settings = environment.signal_settings(ComponentKind::Exporter, &id, Signal::Metrics);
    let exporter = exporter::factory()
        .build_exporter(settings, &config)
        .unwrap();
    exporter.start(&host()).await.unwrap();

    let sent = batch(now());
    let body = sent.payload().to_contiguous();
    wait("the collector takes it", || post(otlp, &body) == Some(true)).await;
    exporter.consume(sent).await.unwrap();
    let page = |address| {
        let (status, page) = get_as(address, "/metrics", accept).unwrap();
        assert_eq!(status, 200, "{page}");
        lines(&page)
    };
    wait("both show something", || {
        page(theirs).len() > 100 && page(ours).len() > 100
    })
    .await;
    let (theirs, ours) = (page(theirs), page(ours));
    let only = |some: &BTreeSet<String>, other: &BTreeSet<String>| -> Vec<String> {
        some.difference(other).cloned().collect()
    };
    let (missing, more) = (only(&theirs, &ours), only(&ours, &theirs));
    assert!(
        missing.is_empty() && more.is_empty(),
        "missing: {missing:#?}\nmore: {more:#?}"
    );
    exporter
        .shutdown(Instant::now() + Duration::from_secs(5))
        .await
        .unwrap();
}

const TEXT: &str = "text/plain;version=0.0.4";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_defaults_show_the_same_page() {
    same("", TEXT, |_| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn options_change_the_same_page() {
    let keys = ", namespace: my_app, const_labels: {dc: eu, cluster: c}, send_timestamps: true, \
                resource_to_telemetry_conversion: {enabled: true}, without_scope_info: true";
    same(keys, TEXT, |config| {
        config.namespace = "my_app".to_owned();
        config.const_labels = [("dc", "eu"), ("cluster", "c")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        config.send_timestamps = true;
        config.resource_to_telemetry_conversion.enabled = true;
        config.without_scope_info = true;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn openmetrics_is_the_same_page() {
    let accept = "application/openmetrics-text;version=1.0.0";
    same(", enable_open_metrics: true", accept, |config| {
        config.enable_open_metrics = true;
    })
    .await;
}
