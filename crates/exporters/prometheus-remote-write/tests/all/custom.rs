//! `convert_explicit_histograms_to_nhcb`.

use headwater_core::pdata::owned::{
    Exemplar, Histogram, HistogramDataPoint, Metric, MetricData, NumberValue,
};
use headwater_exporter_prometheus_remote_write::{Config, ProtobufMessage};
use headwater_prometheus::remote_write::{Buckets, Count, STALE_NAN};

use crate::support::{Backend, Received, T, attributes, batch, config, started};

const NANO: u64 = 1_000_000;

fn point(at: u64) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(&[("path", "/")]),
        start_time_unix_nano: (T - 1000) * NANO,
        time_unix_nano: at * NANO,
        count: 10,
        sum: Some(42.5),
        explicit_bounds: vec![0.5, 1.0, 2.5],
        bucket_counts: vec![1, 2, 3, 4],
        exemplars: vec![Exemplar {
            time_unix_nano: at * NANO,
            trace_id: vec![1; 16].into(),
            value: Some(NumberValue::Double(0.7)),
            ..Exemplar::default()
        }],
        ..HistogramDataPoint::default()
    }
}

fn metric(points: Vec<HistogramDataPoint>) -> Metric {
    Metric {
        name: "wait".into(),
        unit: "s".into(),
        data: Some(MetricData::Histogram(Histogram {
            data_points: points,
            aggregation_temporality: 2,
            ..Histogram::default()
        })),
        ..Metric::default()
    }
}

/// A line for each series: its name, and what is in it.
fn shape(received: &[Received]) -> Vec<String> {
    let mut lines = Vec::new();
    for request in received {
        request.visit(|series| {
            let label = |wanted: &str| {
                let found = series.labels.iter().find(|(name, _)| *name == wanted);
                found.map_or("", |(_, value)| value).to_owned()
            };
            lines.push(format!(
                "{} {} {}/{}/{}",
                label("__name__"),
                label("le"),
                series.samples.len(),
                series.histograms.len(),
                series.exemplars.len()
            ));
        });
    }
    lines.sort();
    lines
}

async fn sent(
    config: &Config,
    backend: &Backend,
    points: Vec<HistogramDataPoint>,
) -> Vec<Received> {
    let setup = started(config).await;
    let items = points.len();
    setup.consume(batch(items, vec![metric(points)])).await;
    assert_eq!(setup.stop().await.sent as usize, items);
    backend.received()
}

#[tokio::test]
async fn a_histogram_is_written_as_one_native_histogram_with_its_bounds() {
    for message in [ProtobufMessage::V1, ProtobufMessage::V2] {
        let backend = Backend::start();
        let mut config = config(backend.address);
        config.protobuf_message = message;
        config.convert_explicit_histograms_to_nhcb = true;
        let mut stale = point(T + 1);
        stale.flags = 1;
        stale.exemplars.clear();
        let received = sent(&config, &backend, vec![point(T), stale]).await;
        assert_eq!(shape(&received), ["wait_seconds  0/2/1"]);
        let v2 = message == ProtobufMessage::V2;
        received[0].visit(|series| {
            let labels: Vec<_> = series
                .labels
                .iter()
                .map(|(n, v)| format!("{n}={v}"))
                .collect();
            assert_eq!(labels, ["__name__=wait_seconds", "job=api", "path=/"]);
            let [histogram, marker] = &series.histograms[..] else {
                panic!("{series:?}");
            };
            assert_eq!(histogram.schema, -53);
            assert_eq!((histogram.count, histogram.sum), (Count::Int(10), 42.5));
            assert_eq!(histogram.custom_values, [0.5, 1.0, 2.5]);
            assert_eq!(histogram.positive.spans[0].length, 4);
            assert_eq!(histogram.positive.deltas, [1, 1, 1, 1]);
            assert_eq!(histogram.negative, Buckets::default());
            assert_eq!(histogram.timestamp, T as i64);
            assert_eq!(histogram.start, if v2 { T as i64 - 1000 } else { 0 });
            assert_eq!(marker.sum.to_bits(), STALE_NAN);
            assert_eq!(series.exemplars[0].value, 0.7);
        });
    }
}

#[tokio::test]
async fn the_classic_form_can_be_kept_and_each_point_counts_once() {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.convert_explicit_histograms_to_nhcb = true;
    config.keep_classic_histograms = true;
    let received = sent(&config, &backend, vec![point(T)]).await;
    assert_eq!(
        shape(&received),
        [
            "wait_seconds  0/1/1",
            "wait_seconds_bucket +Inf 1/0/0",
            "wait_seconds_bucket 0.5 1/0/0",
            "wait_seconds_bucket 1 1/0/1",
            "wait_seconds_bucket 2.5 1/0/0",
            "wait_seconds_count  1/0/0",
            "wait_seconds_sum  1/0/0",
        ]
    );
    // Alone it has no effect.
    let backend = Backend::start();
    let mut config = crate::support::config(backend.address);
    config.keep_classic_histograms = true;
    let received = sent(&config, &backend, vec![point(T)]).await;
    assert_eq!(shape(&received).len(), 6);
}

#[tokio::test]
async fn bounds_that_have_no_native_form_are_refused_unless_the_classic_form_is_kept() {
    let mut wrong = point(T);
    wrong.explicit_bounds = vec![1.0, f64::NAN, 3.0];
    for (keep, sent, series) in [(false, 1, 1), (true, 2, 13)] {
        let backend = Backend::start();
        let mut config = config(backend.address);
        config.convert_explicit_histograms_to_nhcb = true;
        config.keep_classic_histograms = keep;
        let setup = started(&config).await;
        let mut right = point(T);
        right.attributes = attributes(&[("path", "/other")]);
        setup
            .consume(batch(2, vec![metric(vec![wrong.clone(), right])]))
            .await;
        let ledger = setup.stop().await;
        assert_eq!(ledger.sent, sent, "{ledger:?}");
        let refused = ledger.dropped.get("unsupported_histogram");
        assert_eq!(refused.copied().unwrap_or(0), 2 - sent);
        let failed = setup.metric("prometheusremotewrite_failed_translations");
        assert_eq!(failed, 1.0);
        assert_eq!(shape(&backend.received()).len(), series);
    }
}
