//! What is accepted.

use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_connector_service_graph::{Config, factory};
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
        "latency_histogram_buckets: [100us, 1ms, 2ms]
dimensions: [cluster, namespace]
store: {ttl: 1s, max_items: 10}
cache_loop: 2m
store_expiration_loop: 10s
virtual_node_peer_attributes: [db.name, rpc.service]
virtual_node_extra_label: true
metrics_flush_interval: 30s
metrics_timestamp_offset: 5s
database_name_attributes: [db.name]",
    )
    .unwrap();
    assert!(warnings.is_empty(), "{warnings}");
    assert_eq!(config.store.max_items, 10);
    let (config, _) = decode::<Config>("{cache_loop: 0s, store_expiration_loop: 0s}").unwrap();
    assert_eq!(config.cache_loop.as_secs(), 60);
    assert_eq!(config.store_expiration_loop.as_secs(), 2);
    assert_eq!(factory().aliases(), ["servicegraph"]);
    let stability = factory().connector_stability(Signal::Traces, Signal::Metrics);
    assert!(stability.is_some());
}

#[test]
fn tempos_defaults_hold_with_tempos_names() {
    let (config, _) = decode::<Config>("naming: tempo").unwrap();
    assert_eq!(
        (config.store.max_items, config.store.ttl.as_secs()),
        (10_000, 10)
    );
    assert_eq!(config.database_name_attributes[0], "db.namespace");
    let (config, _) =
        decode::<Config>("{naming: tempo, virtual_node_peer_attributes: [a], store: {}}").unwrap();
    assert_eq!(config.virtual_node_peer_attributes, ["a"]);
    assert_eq!(config.store.max_items, 1000);
}

#[test]
fn what_cannot_work_is_refused_with_a_reason() {
    for (yaml, reason) in [
        (
            "{latency_histogram_buckets: [1s], exponential_histogram_max_size: 2}",
            "use either",
        ),
        ("latency_histogram_buckets: [2s, 1s]", "ascending"),
        ("exponential_histogram_max_size: -1", "must not be negative"),
        ("max_series: 0", "must be positive"),
        ("max_tenants: 0", "must be positive"),
        ("naming: alloy", "one of: contrib, tempo"),
        ("stores: {}", "did you mean `store`"),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(errors.contains(reason), "{yaml}: {errors}");
    }
}
