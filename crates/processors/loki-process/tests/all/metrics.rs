//! What `metrics` counts, and what is counted about dropped lines.

use std::time::Duration;

use headwater_core::telemetry::{OpenFamily, OpenKind, OpenValue};
use headwater_testkit::metric;

use crate::support::{Setup, line};

fn family(setup: &Setup, name: &str) -> Option<OpenFamily> {
    let families = setup.environment.telemetry.open_families();
    families.into_iter().find(|family| family.name == name)
}

fn numbers(setup: &Setup, name: &str) -> Vec<(String, f64)> {
    let Some(family) = family(setup, name) else {
        return Vec::new();
    };
    let number = |(labels, value): &(Vec<(String, String)>, OpenValue)| {
        let labels: Vec<_> = labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
        match value {
            OpenValue::Number(number) => (labels.join(","), *number),
            OpenValue::Histogram { sum, .. } => (labels.join(","), *sum),
        }
    };
    family.series.iter().map(number).collect()
}

const STAGES: &str = r#"
stages:
  - logfmt: {mapping: {n: , took: , level: }}
  - metrics:
      - counter: {name: lines_total, match_all: true, action: inc, description: Lines}
      - counter: {name: bytes_total, match_all: true, count_entry_bytes: true, action: add}
      - counter: {name: errors_total, source: level, value: error, action: inc}
      - counter: {name: sum_total, source: n, action: add, prefix: my_}
      - gauge: {name: n, action: set}
      - gauge: {name: net, source: n, action: sub}
      - metric.histogram: {name: took_seconds, source: took, buckets: [0.1, 1]}
"#;

fn stages() -> String {
    // The list is the value of `metrics::metrics`.
    STAGES
        .replace("  - metrics:\n", "  - metrics:\n      metrics:\n")
        .replace("      - ", "        - ")
}

#[tokio::test]
async fn counters_gauges_and_histograms_are_made_of_lines() {
    let setup = Setup::new(&stages()).await;
    setup
        .send(&[
            line("n=2 took=50ms level=error"),
            line("n=3.5 took=2s"),
            line("n=-1").labels(&[("app", "api"), ("__x", "y")]),
        ])
        .await;
    let of = |name: &str| numbers(&setup, name);
    let two = |api: f64, web: f64| vec![("app=api".to_owned(), api), ("app=web".to_owned(), web)];
    assert_eq!(of("loki_process_custom_lines_total"), two(1.0, 2.0));
    assert_eq!(of("loki_process_custom_bytes_total"), two(4.0, 38.0));
    assert_eq!(of("loki_process_custom_errors_total"), two(0.0, 1.0)[1..]);
    // A counter never goes down.
    assert_eq!(of("my_sum_total"), two(0.0, 5.5)[1..]);
    assert_eq!(of("loki_process_custom_n"), two(-1.0, 3.5));
    assert_eq!(of("loki_process_custom_net"), two(1.0, -5.5));
    let histogram = family(&setup, "loki_process_custom_took_seconds").unwrap();
    assert_eq!(histogram.kind, OpenKind::Histogram);
    let OpenValue::Histogram {
        bounds,
        counts,
        sum,
    } = &histogram.series[0].1
    else {
        panic!("a histogram");
    };
    assert_eq!(
        (&**bounds, &counts[..], *sum),
        (&[0.1, 1.0][..], &[1, 0, 1][..], 2.05)
    );
    let described = family(&setup, "loki_process_custom_lines_total").unwrap();
    assert_eq!(
        (&*described.description, described.kind),
        ("Lines", OpenKind::Counter)
    );
}

#[tokio::test(start_paused = true)]
async fn idle_series_are_shown_once_more_and_forgotten() {
    let stages = "stages: [{metrics: {metrics: [{counter: {name: a, action: inc, match_all: true,
        max_idle_duration: 10s}}]}}]";
    let setup = Setup::new(stages).await;
    setup.send(&[line("x")]).await;
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(numbers(&setup, "loki_process_custom_a").len(), 1);
    assert!(family(&setup, "loki_process_custom_a").is_none());
}

#[tokio::test]
async fn there_are_no_more_series_than_there_may_be() {
    let stages = "{max_series: 3, stages: [{metrics: {metrics: [
        {counter: {name: a, action: inc, match_all: true}}]}}]}";
    let setup = Setup::new(stages).await;
    let given: Vec<_> = (0..10)
        .map(|n| line("x").labels(&[("n", &n.to_string())]))
        .collect();
    setup.send(&given).await;
    assert_eq!(numbers(&setup, "loki_process_custom_a").len(), 3);
}

#[tokio::test]
async fn metrics_end_with_their_processor() {
    let setup = Setup::new(&stages()).await;
    setup.send(&[line("x")]).await;
    let environment = setup.environment.clone();
    drop(setup);
    assert!(environment.telemetry.open_families().is_empty());
}

#[tokio::test]
async fn dropped_lines_are_counted_by_reason() {
    let stages = "stages: [{drop: {expression: a, drop_counter_reason: mine}},
        {match: {selector: '{app=\"web\"} |= \"b\"', action: drop}},
        {limit: {rate: 1, burst: 1, drop: true, by_label_name: app}}]";
    let setup = Setup::new(stages).await;
    setup
        .send(&[line("a"), line("b"), line("c"), line("d")])
        .await;
    let all = metric(&setup.environment, "loki_process_dropped_lines_total");
    assert_eq!((setup.out().len(), all), (1, 3.0));
    let by_label = numbers(&setup, "loki_process_dropped_lines_by_label_total");
    let expected = ("label_name=app,label_value=web".to_owned(), 1.0);
    assert_eq!(by_label, [expected]);
}

#[tokio::test]
async fn labels_of_megabytes_are_not_kept() {
    let stages = "{stages: [
        {metrics: {metrics: [{counter: {name: a, action: inc, match_all: true}}]}},
        {limit: {rate: 1, burst: 1, drop: true, by_label_name: n}}]}";
    let setup = Setup::new(stages).await;
    let long = |n: usize| format!("{}{n}", "x".repeat(1 << 20));
    let given: Vec<_> = (0..5)
        .map(|n| line("x").labels(&[("n", &long(n))]))
        .chain([line("x").labels(&[("n", "short")])])
        .collect();
    setup.send(&given).await;
    assert_eq!(
        numbers(&setup, "loki_process_custom_a"),
        [("n=short".to_owned(), 1.0)]
    );
    // Values that begin alike for so long are one.
    let dropped = numbers(&setup, "loki_process_dropped_lines_by_label_total");
    assert_eq!(dropped.len(), 1);
    assert!(
        dropped[0].0.len() < 4096 && dropped[0].1 == 4.0,
        "{dropped:?}"
    );
}
