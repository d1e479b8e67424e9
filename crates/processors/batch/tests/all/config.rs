//! What users write, and what they are told about it.

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_processor_batch::Config;

#[test]
fn defaults_are_those_of_the_collector() {
    let (config, warnings) = decode::<Config>("").unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.timeout, Duration::from_millis(200));
    assert_eq!(
        (config.send_batch_size, config.send_batch_max_size),
        (8192, 0)
    );
    assert_eq!(config.metadata_cardinality_limit, 1000);
    assert!(warnings.is_empty());
}

#[test]
fn every_key_is_read() {
    let (config, _) = decode::<Config>(
        "{timeout: 1s, send_batch_size: 10, send_batch_max_size: 20, metadata_keys: [X-Tenant], \
         metadata_cardinality_limit: 5}",
    )
    .unwrap();
    let expected = Config {
        timeout: Duration::from_secs(1),
        send_batch_size: 10,
        send_batch_max_size: 20,
        metadata_keys: vec!["X-Tenant".to_owned()],
        metadata_cardinality_limit: 5,
    };
    assert_eq!(config, expected);
}

#[test]
fn a_cap_below_the_trigger_and_a_repeated_key_are_both_reported() {
    let errors = decode::<Config>(
        "{send_batch_size: 10, send_batch_max_size: 5, metadata_keys: [tenant, Tenant]}",
    )
    .unwrap_err();
    assert!(errors.contains("send_batch_max_size must be greater or equal to send_batch_size"));
    assert!(errors.contains("duplicate entry in metadata_keys: \"Tenant\" (case-insensitive)"));
}

#[test]
fn a_timeout_without_unit_is_read_as_upstream_does_and_warned_about() {
    let (config, warnings) = decode::<Config>("timeout: 5").unwrap();
    assert_eq!(config.timeout, Duration::from_nanos(5));
    assert!(warnings.contains("write `5s` or `5ms`"), "{warnings}");
}

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
