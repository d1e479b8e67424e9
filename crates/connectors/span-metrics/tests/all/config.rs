//! What is accepted.

use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_connector_span_metrics::{Config, factory};
use headwater_core::Signal;

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
    let (config, warnings) = decode::<Config>(
        "namespace: ''
dimensions: [{name: http.method, default: GET}, {name: http.status_code}]
calls_dimensions: [{name: http.url, default: /}]
exclude_dimensions: [status.code]
dimensions_cache_size: 500
resource_metrics_cache_size: 10
resource_metrics_key_attributes: [service.name]
aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA
histogram: {disable: false, unit: S, explicit: {buckets: [2ms, 6ms, 1s]}, dimensions: [{name: a}]}
metrics_flush_interval: 15s
metrics_expiration: 5m
series_expiration: 5m
metric_timestamp_cache_size: 10
exemplars: {enabled: true, max_per_data_point: 2}
events: {enabled: true, dimensions: [{name: exception.type}]}
include_instrumentation_scope: [express]
aggregation_cardinality_limit: 100
add_resource_attributes: true
enable_metrics_sampling_method: true",
    )
    .unwrap();
    assert!(warnings.contains("dimensions_cache_size"), "{warnings}");
    assert_eq!(config.histogram.explicit.as_ref().unwrap().buckets.len(), 3);
    decode::<Config>("histogram: {exponential: {max_size: 80}}").unwrap();
    decode::<Config>("histogram: {explicit:}").unwrap();
}

#[test]
fn what_cannot_work_is_refused_with_a_reason() {
    for (yaml, reason) in [
        (
            "dimensions: [{name: a}, {name: a}]",
            "duplicate dimension name a",
        ),
        (
            "dimensions: [{name: span.kind}]",
            "duplicate dimension name span.kind",
        ),
        ("dimensions: [{}]", "needs a `name`"),
        ("dimensions: [{glob: 'a*', name: a}]", "goes with neither"),
        (
            "events: {enabled: true}",
            "no dimensions configured for events",
        ),
        (
            "histogram: {explicit: {buckets: [1s]}, exponential: {}}",
            "use either",
        ),
        ("histogram: {explicit: {buckets: [2s, 1s]}}", "ascending"),
        ("histogram: {unit: m}", "one of: ms, s"),
        ("metrics_flush_interval: 0s", "must be positive"),
        ("resource_metrics_cache_size: 0", "must be positive"),
        ("aggregation_cardinality_limit: -1", "must not be negative"),
        (
            "exemplars: {enabled: true, max_per_data_point: -1}",
            "must not be negative",
        ),
        ("naming: alloy", "one of: contrib, tempo"),
        (
            "aggregation_temporality: delta",
            "AGGREGATION_TEMPORALITY_DELTA",
        ),
        (
            "aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA\nmetric_timestamp_cache_size: 0",
            "must be positive",
        ),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(errors.contains(reason), "{yaml}: {errors}");
    }
}

#[test]
fn it_makes_metrics_of_traces_and_nothing_else() {
    let factory = factory();
    for from in Signal::ALL {
        for to in Signal::ALL {
            let made = factory.connector_stability(from, to).is_some();
            assert_eq!(made, (from, to) == (Signal::Traces, Signal::Metrics));
        }
    }
    assert_eq!(factory.aliases(), ["spanmetrics"]);
}
