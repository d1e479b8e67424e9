//! What users write, and what they are told about it.

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_receiver_file_log::{Config, StartAt};

#[test]
fn defaults_are_those_of_the_collector() {
    let (config, _) = decode::<Config>("include: [/var/log/*.log]").unwrap();
    assert_eq!(config.start_at, StartAt::End);
    assert_eq!(config.poll_interval, Duration::from_millis(200));
    assert_eq!(config.force_flush_period, Duration::from_millis(500));
    assert_eq!(
        (config.fingerprint_size.0, config.max_log_size.0),
        (1000, 1 << 20)
    );
    assert_eq!((config.max_concurrent_files, config.max_batches), (1024, 0));
    assert!(config.include_file_name && !config.include_file_path);
}

#[test]
fn mistakes_are_reported_in_upstreams_words() {
    for (yaml, message) in [
        ("{}", "'include' must be specified"),
        ("{include: ['/a/[']}", "parse include glob"),
        ("{include: [/a], start_at: middle}", "start_at"),
        (
            "{include: [/a], fingerprint_size: 15}",
            "'fingerprint_size' must be at least 16 bytes",
        ),
        (
            "{include: [/a], max_log_size: 0}",
            "'max_log_size' must be positive",
        ),
        (
            "{include: [/a], max_concurrent_files: 0}",
            "'max_concurrent_files' must be positive",
        ),
        (
            "{include: [/a], max_batches: -1}",
            "'max_batches' must not be negative",
        ),
        (
            "{include: [/a], encoding: klingon}",
            "unsupported encoding 'klingon'",
        ),
        (
            "{include: [/a], multiline: {line_start_pattern: a, line_end_pattern: b}}",
            "only one of line_start_pattern or line_end_pattern",
        ),
        (
            "{include: [/a], multiline: {line_start_pattern: '('}}",
            "compile regex",
        ),
        (
            "{include: [/a], encoding: nop, multiline: {line_end_pattern: b}}",
            "should not be set when using nop",
        ),
        (
            "{include: [/a], delete_after_read: true}",
            "'delete_after_read' cannot be used",
        ),
        (
            "{include: [/a], header: {pattern: x, metadata_operators: [{type: noop}]}}",
            "'header' cannot be specified",
        ),
        (
            "{include: [/a], start_at: beginning, header: {pattern: x}}",
            "at least one operator",
        ),
        (
            "{include: [/a], operators: [{type: nothing}]}",
            "unsupported type 'nothing'",
        ),
        (
            "{include: [/a], ordering_criteria: {sort_by: [{sort_type: numeric}]}}",
            "'regex' must be specified",
        ),
        ("{include: [/a], attributes: {a: 'EXPR(()'}}", "at byte"),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(errors.contains(message), "{yaml}\n{errors}");
    }
}

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
