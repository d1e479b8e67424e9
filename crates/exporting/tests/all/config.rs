//! Keys, defaults and mistakes, as a user meets them.

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_core::config::{Config, Optional};
use headwater_exporting::{RetryConfig, SendingQueueConfig, Sizer, TimeoutConfig};

/// An exporter's configuration, as the OTLP exporters have it.
#[derive(Debug, Clone, Config)]
struct Whole {
    sending_queue: Optional<SendingQueueConfig>,
    retry_on_failure: RetryConfig,
    #[config(squash)]
    timeout: TimeoutConfig,
}

impl Default for Whole {
    fn default() -> Self {
        Self {
            sending_queue: Optional::Some(SendingQueueConfig::default()),
            retry_on_failure: RetryConfig::default(),
            timeout: TimeoutConfig::default(),
        }
    }
}

fn queue(yaml: &str) -> (Option<SendingQueueConfig>, String) {
    let yaml = format!("sending_queue: {{{yaml}}}");
    let (config, warnings) = decode::<Whole>(&yaml).unwrap();
    (config.sending_queue.into_option(), warnings)
}

fn mistake(yaml: &str) -> String {
    decode::<Whole>(yaml).unwrap_err()
}

#[test]
fn defaults_are_those_of_the_collector() {
    let (config, warnings) = decode::<Whole>("{}").unwrap();
    let queue = config.sending_queue.as_ref().unwrap();
    assert_eq!((queue.queue_size, queue.num_consumers), (1000, 10));
    assert_eq!(queue.sizer, Sizer::Requests);
    assert!(!queue.block_on_overflow && !queue.wait_for_result);
    assert!(queue.storage.is_none() && !queue.batch.is_some());
    let retry = &config.retry_on_failure;
    assert!(retry.enabled);
    assert_eq!(retry.max_elapsed_time, Duration::from_secs(300));
    assert_eq!(config.timeout.timeout, Duration::from_secs(5));
    assert_eq!(warnings, "");
}

#[test]
fn every_key_is_read() {
    let yaml = "
timeout: 10s
sending_queue:
  enabled: true
  queue_size: 9000000
  num_consumers: 4
  sizer: bytes
  block_on_overflow: true
  wait_for_result: true
  batch:
    flush_timeout: 1s
    min_size: 10
    max_size: 20
    sizer: items
    partition:
      metadata_keys: [x-tenant, x-region]
retry_on_failure:
  enabled: true
  initial_interval: 1s
  randomization_factor: 0.1
  multiplier: 2
  max_interval: 10s
  max_elapsed_time: 0";
    let (config, warnings) = decode::<Whole>(yaml).unwrap();
    assert_eq!(warnings, "");
    let queue = config.sending_queue.into_option().unwrap();
    let batch = queue.batch.as_ref().unwrap();
    assert_eq!((batch.min_size, batch.max_size), (10, 20));
    assert_eq!((queue.sizer, batch.sizer), (Sizer::Bytes, Sizer::Items));
    assert_eq!(batch.partition.metadata_keys, ["x-tenant", "x-region"]);
    assert_eq!(config.retry_on_failure.max_elapsed_time, Duration::ZERO);
    assert_eq!(config.timeout.timeout, Duration::from_secs(10));
}

#[test]
fn the_queue_can_be_switched_off_and_its_batching_on() {
    assert_eq!(queue("enabled: false").0, None);
    for yaml in ["batch:", "batch: {}", "batch: {enabled: true}"] {
        let (config, _) = queue(yaml);
        let batch = config.unwrap().batch.into_option().unwrap();
        assert_eq!(
            (batch.min_size, batch.sizer),
            (8192, Sizer::Items),
            "{yaml}"
        );
    }
}

#[test]
fn a_batch_that_says_something_takes_the_unit_of_the_queue() {
    let unit = |yaml: &str| {
        let batch = queue(yaml).0.unwrap().batch.into_option();
        batch.unwrap().sizer
    };
    let large = "queue_size: 90000000";
    let bytes = |batch: &str| unit(&format!("{large}, sizer: bytes, batch: {batch}"));
    assert_eq!(bytes("{min_size: 10}"), Sizer::Bytes);
    assert_eq!(bytes("{min_size: 10, sizer: items}"), Sizer::Items);
    assert_eq!(bytes("{}"), Sizer::Items);
    assert_eq!(bytes("{enabled: true}"), Sizer::Items);
    assert_eq!(unit("batch: {min_size: 10}"), Sizer::Items);
    let error = mistake("sending_queue: {sizer: requests, batch: {min_size: 10}}");
    assert!(
        error.contains("`batch` supports only `items` or `bytes` sizer"),
        "{error}"
    );
}

#[test]
fn mistakes_are_reported_in_the_words_of_the_collector() {
    let cases = [
        (
            "sending_queue: {num_consumers: 0}",
            "`num_consumers` must be positive",
        ),
        (
            "sending_queue: {queue_size: 0}",
            "`queue_size` must be positive",
        ),
        (
            "sending_queue: {storage: file_storage, wait_for_result: true}",
            "`wait_for_result` is not supported with a persistent queue configured with `storage`",
        ),
        (
            "sending_queue: {sizer: items, queue_size: 10000, batch: {min_size: 10001}}",
            "`min_size` must be less than or equal to `queue_size`",
        ),
        (
            "sending_queue: {batch: {flush_timeout: 0s}}",
            "`flush_timeout` must be positive",
        ),
        (
            "sending_queue: {batch: {min_size: 10, max_size: 9}}",
            "`max_size` must be greater or equal to `min_size`",
        ),
        (
            "sending_queue: {batch: {partition: {metadata_keys: [a, A]}}}",
            "duplicate entry in metadata_keys: \"A\" (case-insensitive)",
        ),
        (
            "retry_on_failure: {randomization_factor: 1.5}",
            "'randomization_factor' must be within [0, 1]",
        ),
        (
            "retry_on_failure: {multiplier: -1}",
            "'multiplier' must be non-negative",
        ),
        (
            "retry_on_failure: {max_elapsed_time: 10s}",
            "'max_elapsed_time' must not be less than 'max_interval'",
        ),
        (
            "retry_on_failure: {max_elapsed_time: 1s}",
            "'max_elapsed_time' must not be less than 'initial_interval'",
        ),
        ("retry_on_failure: {initial_interval: -1s}", "negative"),
        ("timeout: -1s", "negative"),
        (
            "sending_queue: {sizer: request}",
            "did you mean `requests`?",
        ),
    ];
    for (yaml, expected) in cases {
        let error = mistake(yaml);
        assert!(error.contains(expected), "{yaml}\n{error}");
    }
}

#[test]
fn what_is_switched_off_is_not_checked() {
    decode::<Whole>("retry_on_failure: {enabled: false, multiplier: -1}").unwrap();
    decode::<Whole>("sending_queue: {enabled: false, queue_size: 0}").unwrap();
}

#[test]
fn the_old_name_of_block_on_overflow_still_works() {
    let (config, warnings) = queue("blocking: true");
    assert!(config.unwrap().block_on_overflow);
    assert!(warnings.contains("write `block_on_overflow`"), "{warnings}");
}

#[test]
fn a_size_that_was_meant_as_requests_is_noticed() {
    let (_, warnings) = queue("sizer: bytes");
    assert!(
        warnings.contains("the queue holds 1000 bytes"),
        "{warnings}"
    );
    let (_, warnings) = queue("sizer: items, queue_size: 5000");
    assert!(
        warnings.contains("the queue holds 5000 items"),
        "{warnings}"
    );
    let (_, warnings) = queue("sizer: bytes, queue_size: 100000000");
    assert_eq!(warnings, "");
}

#[test]
fn every_key_has_a_description() {
    let queue = SendingQueueConfig::type_schema().rows();
    let rows = queue.into_iter().chain(RetryConfig::type_schema().rows());
    for row in rows.chain(TimeoutConfig::type_schema().rows()) {
        assert!(!row.doc.is_empty(), "{row:?}");
    }
}
