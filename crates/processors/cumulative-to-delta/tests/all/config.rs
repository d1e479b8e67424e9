//! What is accepted.

use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_core::Signal;
use headwater_processor_cumulative_to_delta::{Config, InitialValue, MetricType, factory};

#[test]
fn the_readme_lists_every_key() {
    let table = keys_table::<Config>();
    assert!(
        include_str!("../../README.md").contains(&table),
        "the table should be\n{table}"
    );
}

#[test]
fn every_key_of_the_collector_is_accepted() {
    let (config, _) = decode::<Config>(
        "include:
  metrics: [a, b]
  match_type: regexp
  regexp: {cacheenabled: true, cachemaxnumentries: 10}
  metric_types: [Sum, HISTOGRAM, exponentialhistogram]
exclude: {metrics: [c], match_type: strict, metric_types: [sum]}
max_staleness: 24h
initial_value: drop",
    )
    .unwrap();
    assert_eq!(config.initial_value, InitialValue::Drop);
    assert_eq!(config.include.metric_types[1], MetricType::Histogram);
    let (config, _) = decode::<Config>("{}").unwrap();
    assert_eq!(config.max_staleness.as_secs(), 3600);
    assert_eq!(factory().aliases(), ["cumulativetodelta"]);
    assert!(factory().stability(Signal::Metrics).is_some());
    assert!(factory().stability(Signal::Traces).is_none());
}

#[test]
fn what_cannot_work_is_refused_with_a_reason() {
    for (yaml, reason) in [
        (
            "include: {metrics: [a]}",
            "match_type must be set if metrics are supplied",
        ),
        (
            "exclude: {match_type: strict}",
            "metrics must be supplied if match_type is set",
        ),
        (
            "include: {metrics: ['('], match_type: regexp}",
            "is not a regular expression",
        ),
        (
            "include: {metric_types: [gauge]}",
            "one of: sum, histogram, exponentialhistogram",
        ),
        ("initial_value: first", "one of: auto, keep, drop"),
        ("max_streams: 0", "must be positive"),
        ("metrics: [a]", "metrics"),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(errors.contains(reason), "{yaml}: {errors}");
    }
}
