//! What users write, and what they are told about it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_processor_memory_limiter::Config;

#[test]
fn every_key_of_the_collector_is_read() {
    let yaml = "{check_interval: 1s, limit_mib: 100, spike_limit_mib: 20, limit_percentage: 80, \
                spike_limit_percentage: 10, min_gc_interval_when_soft_limited: 1s, \
                min_gc_interval_when_hard_limited: 1s, max_gc_interval_when_soft_limited: 1s, \
                max_gc_interval_when_hard_limited: 1s}";
    let (config, _) = decode::<Config>(yaml).unwrap();
    assert_eq!(config.check_interval, Duration::from_secs(1));
    assert_eq!((config.limit_mib, config.spike_limit_mib), (100, 20));
}

#[test]
fn mistakes_are_reported_in_upstreams_words() {
    let table = [
        ("limit_mib: 1", "'check_interval' must be greater than zero"),
        (
            "check_interval: 1s",
            "'limit_mib' or 'limit_percentage' must be greater than zero",
        ),
        (
            "{check_interval: 1s, limit_mib: 1, spike_limit_mib: 1}",
            "'spike_limit_mib' must be smaller than 'limit_mib'",
        ),
        (
            "{check_interval: 1s, limit_percentage: 101}",
            "must be greater than zero and less than or equal to hundred",
        ),
        (
            "{check_interval: 1s, limit_percentage: 50, spike_limit_percentage: 60}",
            "'spike_limit_percentage' must be smaller than 'limit_percentage'",
        ),
    ];
    for (yaml, expected) in table {
        let error = decode::<Config>(yaml).unwrap_err();
        assert!(error.contains(expected), "{yaml}: {error}");
    }
}

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
