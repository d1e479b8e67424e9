//! The list: every case of the compliance project's tests for senders, by the names it has there, and
//! the test here that drives it against a receiver that records.
//!
//! `tests/prometheus/compliance/run` runs the real ones against a built distribution.

/// The files whose tests are named below.
const SOURCES: [&str; 5] = [
    include_str!("answers.rs"),
    include_str!("checks.rs"),
    include_str!("config.rs"),
    include_str!("delivery.rs"),
    include_str!("edges.rs"),
];

/// Group, cases, and the test that drives them.
const CASES: [(&str, &str, &str); 58] = [
    (
        "BackoffBehavior",
        "exponential_backoff_on_retries backoff_required backoff_max_delay backoff_with_jitter",
        "backoff_grows_up_to_its_limit",
    ),
    (
        "BatchingBehavior",
        "multiple_series_per_request batch_size_reasonable",
        "batching_behavior",
    ),
    (
        "BatchingBehavior",
        "handles_varying_cardinality efficient_symbol_reuse",
        "batches_of_any_size_keep_their_symbols_to_themselves",
    ),
    ("BatchingBehavior", "metadata_batching", "metadata_encoding"),
    (
        "ConcurrentRequests",
        "concurrent_requests",
        "only_one_batch_is_on_its_way_at_a_time",
    ),
    (
        "RobustnessUnderLoad",
        "robustness_under_load",
        "order_within_a_series_holds_across_batches_and_retries",
    ),
    ("HTTPMethod", "http_method", "protocol_compliance"),
    (
        "ContentTypeNegotiation",
        "content_type_negotiation",
        "protocol_compliance",
    ),
    ("SampleOrdering", "sample_ordering", "sample_ordering"),
    (
        "NoFallbackOn2xx",
        "no_fallback_on_2xx",
        "what_a_backend_of_version_2_has_not_written_is_lost_and_counted",
    ),
    (
        "CombinedFeatures",
        "samples_with_metadata samples_with_exemplars histogram_with_metadata_and_exemplars \
         multiple_metric_types complete_metric_family mixed_labels_and_metadata real_world_scenario",
        "combined_features",
    ),
    (
        "CombinedFeatures",
        "high_cardinality_labels",
        "names_and_labels_of_any_size",
    ),
    ("EdgeCases", "empty_scrape", "empty_scrape"),
    (
        "EdgeCases",
        "huge_label_values very_long_metric_name",
        "names_and_labels_of_any_size",
    ),
    (
        "EdgeCases",
        "unicode_in_labels metric_name_with_colons",
        "label_validation",
    ),
    (
        "EdgeCases",
        "many_timeseries high_cardinality",
        "batching_behavior",
    ),
    (
        "EdgeCases",
        "special_float_combinations future_timestamp",
        "sample_encoding",
    ),
    ("EdgeCases", "zero_timestamp", "times_at_the_edges"),
    ("EdgeCases", "stale_marker", "stale_markers"),
    (
        "EdgeCases",
        "mixed_sample_and_histogram_families",
        "combined_features",
    ),
    (
        "ErrorHandling",
        "handle_connection_refused",
        "a_backend_that_is_down_is_tried_until_it_is_back",
    ),
    (
        "ErrorHandling",
        "handle_timeout",
        "a_backend_that_hangs_is_given_its_timeout",
    ),
    (
        "ErrorHandling",
        "handle_partial_write",
        "what_a_backend_of_version_2_has_not_written_is_lost_and_counted",
    ),
    (
        "ErrorHandling",
        "handle_malformed_response sender_continues_after_errors handle_large_error_response",
        "response_processing_and_recovery",
    ),
    (
        "ErrorHandling",
        "handle_invalid_status_code",
        "statuses_that_nobody_defined_are_survived",
    ),
    (
        "ErrorHandling",
        "handle_empty_response",
        "an_answer_that_never_comes_is_tried_again",
    ),
    (
        "NetworkErrors",
        "dns_resolution_failure",
        "network_errors_do_no_harm",
    ),
    (
        "NetworkErrors",
        "invalid_url_scheme",
        "mistakes_are_reported_where_they_are",
    ),
    (
        "ExemplarEncoding",
        "exemplar_with_trace_id exemplar_with_span_id exemplar_value_valid exemplar_timestamp_valid \
         exemplar_labels_valid_refs exemplar_custom_labels exemplar_on_histogram \
         exemplar_labels_even_length multiple_exemplars_per_series",
        "exemplar_encoding",
    ),
    (
        "FallbackBehavior",
        "fallback_on_415_unsupported_media_type retry_with_different_version \
         fallback_header_changes accept_success_after_fallback persistent_fallback_choice",
        "a_backend_without_version_2_gets_version_1_from_then_on",
    ),
    (
        "HistogramEncoding",
        "native_histogram_structure histogram_count_present histogram_sum_present \
         histogram_buckets_ordered histogram_positive_buckets histogram_negative_buckets \
         histogram_zero_bucket histogram_schema histogram_timestamp histogram_no_mixed_with_samples \
         histogram_large_counts",
        "histogram_encoding",
    ),
    (
        "HistogramEncoding",
        "histogram_empty_buckets",
        "combined_features",
    ),
    (
        "LabelValidation",
        "label_lexicographic_ordering metric_name_label_present metric_name_format_valid \
         label_name_format_valid no_duplicate_label_names label_names_not_empty \
         label_values_may_be_empty unicode_in_label_values special_chars_in_label_values",
        "label_validation",
    ),
    (
        "LabelValidation",
        "reserved_label_prefix very_long_label_names very_long_label_values many_labels_per_series",
        "names_and_labels_of_any_size",
    ),
    (
        "MetadataEncoding",
        "metadata_type_counter metadata_type_gauge metadata_type_histogram metadata_type_summary \
         metadata_help_text metadata_unit metadata_help_with_newlines \
         metadata_help_with_special_chars metadata_help_refs_valid \
         metadata_consistent_across_series metadata_empty_help_allowed",
        "metadata_encoding",
    ),
    (
        "ProtocolCompliance",
        "content_type_protobuf content_type_with_proto_param content_encoding_snappy \
         version_header_present version_header_value user_agent_present snappy_block_format \
         protobuf_parseable",
        "protocol_compliance",
    ),
    (
        "ResponseProcessing",
        "ignore_response_body_on_success handle_200_ok handle_204_no_content",
        "every_2xx_is_a_success_whatever_its_body",
    ),
    (
        "ResponseProcessing",
        "process_written_count_headers handle_partial_write_response \
         handle_missing_written_headers",
        "what_a_backend_of_version_2_has_not_written_is_lost_and_counted",
    ),
    (
        "ResponseProcessing",
        "log_error_messages_verbatim",
        "a_sender_without_queue_learns_how_it_ended",
    ),
    (
        "ResponseProcessing",
        "handle_large_error_body",
        "response_processing_and_recovery",
    ),
    (
        "RetryBehavior",
        "no_retry_on_400 no_retry_on_401 no_retry_on_404 no_retry_on_413",
        "other_client_errors_are_final_and_counted",
    ),
    (
        "RetryBehavior",
        "may_retry_on_429 retry_on_500 retry_on_502 retry_on_503 retry_on_504",
        "server_errors_are_tried_again_and_say_so",
    ),
    ("RetryBehavior", "retry_after", "retry_after_is_kept"),
    (
        "RemoteWrite1Compatibility",
        "rw1_version_header rw1_content_type",
        "protocol_compliance",
    ),
    (
        "RemoteWrite1Compatibility",
        "rw1_samples_encoding",
        "sample_encoding",
    ),
    (
        "RemoteWrite1Compatibility",
        "rw1_labels_encoding",
        "label_validation",
    ),
    (
        "RemoteWrite1Compatibility",
        "rw1_native_histograms",
        "histogram_encoding",
    ),
    (
        "RemoteWrite1Compatibility",
        "rw1_no_start_timestamp",
        "start_timestamps",
    ),
    (
        "RemoteWrite1Compatibility",
        "rw1_metadata_handling",
        "metadata_encoding",
    ),
    (
        "RemoteWrite1Compatibility",
        "rw1_symbol_table_not_used",
        "version_1_has_no_symbols",
    ),
    (
        "SampleEncoding",
        "float_value_encoding integer_value_encoding zero_value_encoding negative_value_encoding \
         positive_infinity_encoding negative_infinity_encoding nan_encoding \
         timestamp_milliseconds_format large_float_values small_float_values scientific_notation \
         precision_preservation multiple_samples_same_series",
        "sample_encoding",
    ),
    (
        "SampleEncoding",
        "job_instance_labels_present",
        "combined_features",
    ),
    (
        "SymbolTable",
        "empty_string_at_index_zero string_deduplication labels_refs_valid_indices \
         labels_refs_even_length",
        "symbol_table",
    ),
    (
        "SymbolTableEfficiency",
        "symbol_table_efficiency",
        "symbol_table",
    ),
    (
        "TimestampEncoding",
        "timestamp_int64_milliseconds timestamp_future_values",
        "sample_encoding",
    ),
    (
        "TimestampEncoding",
        "timestamp_ordering_within_series",
        "sample_ordering",
    ),
    (
        "TimestampEncoding",
        "start_timestamp_for_counters start_timestamp_for_histograms",
        "start_timestamps",
    ),
    (
        "TimestampEncoding",
        "start_timestamp_zero_handling timestamp_precision start_timestamp_before_sample_timestamp",
        "times_at_the_edges",
    ),
];

#[test]
fn every_case_of_the_compliance_tests_is_driven() {
    let mut all = std::collections::BTreeSet::new();
    for (group, cases, test) in CASES {
        let (plain, waiting) = (format!("\nfn {test}("), format!("\nasync fn {test}("));
        let there = SOURCES
            .iter()
            .any(|source| source.contains(&plain) || source.contains(&waiting));
        assert!(there, "{group} is driven by {test}, which is gone");
        for case in cases.split_whitespace() {
            assert!(all.insert((group, case)), "{group}/{case} is listed twice");
        }
    }
    // Those of the project at 67b8327a, where a group without cases counts as one.
    assert!(all.len() >= 129, "{}", all.len());
}
