use super::*;
use crate::pdata::wire::put_len_field;

/// The JSON that comes back after a detour through protobuf.
fn normal(message: Message, json: &str) -> String {
    let bytes = message_from_json(message, json.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    let mut out = Vec::new();
    message_to_json(message, &bytes, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn problem(message: Message, json: &str) -> JsonProblem {
    message_from_json(message, json.as_bytes())
        .unwrap_err()
        .problem
}

#[test]
fn a_request_in_canonical_form_comes_back_as_it_is() {
    let traces = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a\"b\n"}}]},"scopeSpans":[{"scope":{"name":"lib","version":"1"},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","parentSpanId":"eee19b7ec3c1b173","flags":257,"name":"I'm","kind":2,"startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000","attributes":[{"key":"i","value":{"intValue":"-5"}},{"key":"d","value":{"doubleValue":0.5}},{"key":"b","value":{"boolValue":true}},{"key":"n","value":{}},{"key":"y","value":{"bytesValue":"AAEC/w=="}},{"key":"l","value":{"arrayValue":{"values":[{"stringValue":""},{"kvlistValue":{"values":[{"key":"k","value":{"intValue":"0"}}]}}]}}}],"droppedAttributesCount":1,"events":[{"timeUnixNano":"1","name":"e"}],"links":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","flags":1}],"status":{"message":"m","code":2}}],"schemaUrl":"u"}]}]}"#;
    assert_eq!(normal(Message::ExportTraceServiceRequest, traces), traces);
    let metrics = r#"{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{},"metrics":[{"name":"g","unit":"1","gauge":{"dataPoints":[{"timeUnixNano":"3","asInt":"0"}]},"metadata":[{"key":"m","value":{"stringValue":"x"}}]},{"name":"s","sum":{"dataPoints":[{"asDouble":-1.25,"exemplars":[{"timeUnixNano":"4","asDouble":1,"spanId":"eee19b7ec3c1b174"}],"flags":1}],"aggregationTemporality":2,"isMonotonic":true}},{"histogram":{"dataPoints":[{"count":"3","sum":0,"bucketCounts":["1","2"],"explicitBounds":[0.5,"Infinity"],"min":0,"max":"NaN"}],"aggregationTemporality":1}},{"exponentialHistogram":{"dataPoints":[{"scale":-3,"zeroCount":"9","positive":{"offset":-1,"bucketCounts":["1","300"]},"negative":{},"zeroThreshold":0.1}]}},{"summary":{"dataPoints":[{"count":"1","sum":2,"quantileValues":[{"quantile":0.99,"value":2}]}]}}]}]}]}"#;
    assert_eq!(
        normal(Message::ExportMetricsServiceRequest, metrics),
        metrics
    );
    let logs = r#"{"resourceLogs":[{"resource":{"entityRefs":[{"schemaUrl":"s","type":"service","idKeys":["a","b"]}]},"scopeLogs":[{"scope":{},"logRecords":[{"timeUnixNano":"1","observedTimeUnixNano":"2","severityNumber":9,"severityText":"INFO","body":{"stringValue":"hi"},"flags":1,"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","eventName":"e"}]}]}]}"#;
    assert_eq!(normal(Message::ExportLogsServiceRequest, logs), logs);
}

#[test]
fn messages_that_are_always_written_appear_even_if_absent() {
    for (message, json) in [
        (Message::ResourceSpans, r#"{"resource":{}}"#),
        (Message::ScopeLogs, r#"{"scope":{}}"#),
        (Message::Span, r#"{"status":{}}"#),
        (Message::LogRecord, r#"{"body":{}}"#),
        (Message::KeyValue, r#"{"value":{}}"#),
        (
            Message::ExponentialHistogramDataPoint,
            r#"{"positive":{},"negative":{}}"#,
        ),
        (Message::Metric, "{}"),
    ] {
        assert_eq!(normal(message, "{}"), json);
    }
}

#[test]
fn snake_case_names_are_understood_and_unknown_ones_skipped() {
    let json =
        r#"{"new":{"a":[1,"x",{}]},"start_time_unix_nano":5,"trace_id":"","x":null,"Name":"n"}"#;
    assert_eq!(
        normal(Message::Span, json),
        r#"{"startTimeUnixNano":"5","status":{}}"#
    );
}

#[test]
fn numbers_may_be_strings_and_enums_names() {
    let json = r#"{"kind":"SPAN_KIND_CLIENT","startTimeUnixNano":"7","endTimeUnixNano":8,
        "droppedLinksCount":"9","flags":"1"}"#;
    let expected = r#"{"flags":1,"kind":3,"startTimeUnixNano":"7","endTimeUnixNano":"8","droppedLinksCount":9,"status":{}}"#;
    assert_eq!(normal(Message::Span, json), expected);
    let json = r#"{"doubleValue":"1.5"}"#;
    assert_eq!(normal(Message::AnyValue, json), r#"{"doubleValue":1.5}"#);
    for word in ["NaN", "Infinity", "-Infinity"] {
        let json = format!(r#"{{"doubleValue":"{word}"}}"#);
        assert_eq!(normal(Message::AnyValue, &json), json);
    }
}

#[test]
fn ids_are_hex_of_either_case_and_of_their_length() {
    let json = r#"{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19b7ec3c1b174"}"#;
    let lower = r#"{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"}"#;
    assert!(normal(Message::Span, json).starts_with(lower.trim_end_matches('}')));
    assert_eq!(
        problem(Message::Span, r#"{"traceId":"5b"}"#),
        JsonProblem::Id(16)
    );
    assert_eq!(
        problem(Message::Span, r#"{"spanId":"eee19b7ec3c1b17"}"#),
        JsonProblem::Id(8)
    );
    assert_eq!(
        problem(Message::Span, r#"{"spanId":"eee19b7ec3c1b17g"}"#),
        JsonProblem::Id(8)
    );
    let zeros = format!(r#"{{"traceId":"{}"}}"#, "0".repeat(32));
    assert_eq!(normal(Message::Span, &zeros), r#"{"status":{}}"#);
}

#[test]
fn the_last_member_of_a_oneof_wins_and_null_is_none() {
    let json = r#"{"stringValue":"a","intValue":1,"arrayValue":{"values":[{}]}}"#;
    assert_eq!(
        normal(Message::AnyValue, json),
        r#"{"arrayValue":{"values":[{}]}}"#
    );
    let json = r#"{"arrayValue":{"values":[{"intValue":1}]},"arrayValue":{},"stringValue":null}"#;
    assert_eq!(normal(Message::AnyValue, json), r#"{"arrayValue":{}}"#);
    let json = r#"{"gauge":{"dataPoints":[{}]},"name":"m","sum":{},"unit":"u"}"#;
    assert_eq!(
        normal(Message::Metric, json),
        r#"{"name":"m","unit":"u","sum":{}}"#
    );
}

#[test]
fn the_last_of_equal_fields_wins_and_messages_merge() {
    let json =
        r#"{"name":"a","name":"","kind":2,"kind":0,"status":{"code":1},"status":{"message":"m"}}"#;
    assert_eq!(
        normal(Message::Span, json),
        r#"{"status":{"message":"m","code":1}}"#
    );
}

#[test]
fn zero_values_matter_only_where_absence_differs() {
    let json = r#"{"startTimeUnixNano":0,"count":"0","sum":0,"min":0,"flags":0,"bucketCounts":[]}"#;
    assert_eq!(
        normal(Message::HistogramDataPoint, json),
        r#"{"sum":0,"min":0}"#
    );
    assert_eq!(
        normal(Message::AnyValue, r#"{"boolValue":false}"#),
        r#"{"boolValue":false}"#
    );
    assert_eq!(
        normal(Message::AnyValue, r#"{"stringValue":""}"#),
        r#"{"stringValue":""}"#
    );
    let canonical = message_from_json(Message::Span, br#"{"kind":0,"name":"","flags":0}"#);
    assert_eq!(canonical, Ok(Vec::new()));
}

#[test]
fn empty_documents_are_empty_requests_and_no_bytes_an_error() {
    for json in [
        "{}",
        " null ",
        "{\"resourceSpans\":null}",
        "{\"resourceSpans\":[]}\n",
    ] {
        assert_eq!(from_json(Signal::Traces, json.as_bytes()), Ok(Bytes::new()));
    }
    let error = from_json(Signal::Traces, b"").unwrap_err();
    assert_eq!((error.offset, error.problem), (0, JsonProblem::End));
    assert_eq!(problem(Message::Span, "{} {}"), JsonProblem::Trailing);
    assert_eq!(
        problem(Message::Span, "[]"),
        JsonProblem::Expected("an object")
    );
}

#[test]
fn wrong_types_are_refused() {
    for json in [
        r#"{"name":1}"#,
        r#"{"attributes":{}}"#,
        r#"{"status":[]}"#,
        r#"{"kind":"CLIENT"}"#,
        r#"{"kind":1.5}"#,
        r#"{"startTimeUnixNano":-1}"#,
        r#"{"startTimeUnixNano":true}"#,
        r#"{"droppedLinksCount":4294967296}"#,
        r#"{"name":"a" "kind":1}"#,
        r#"{"name":"a",}"#,
        r#"{name:"a"}"#,
    ] {
        assert!(
            message_from_json(Message::Span, json.as_bytes()).is_err(),
            "{json}"
        );
    }
    for json in [
        r#"{"boolValue":"true"}"#,
        r#"{"boolValue":1}"#,
        r#"{"bytesValue":"*"}"#,
        r#"{"doubleValue":"x"}"#,
        r#"{"intValue":"9223372036854775808"}"#,
    ] {
        assert!(
            message_from_json(Message::AnyValue, json.as_bytes()).is_err(),
            "{json}"
        );
    }
}

#[test]
fn errors_say_where_and_in_which_field() {
    let json = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"abc"}]}]}]}"#;
    let error = from_json(Signal::Logs, json).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected 16 bytes in hex at byte 62, in field `traceId`"
    );
}

#[test]
fn base64_is_read_in_both_alphabets_with_or_without_padding() {
    for text in ["+/8=", "-_8=", "+/8", "-_8"] {
        let json = format!(r#"{{"bytesValue":"{text}"}}"#);
        assert_eq!(normal(Message::AnyValue, &json), r#"{"bytesValue":"+/8="}"#);
    }
}

#[test]
fn instrumentation_library_fields_become_scope_fields() {
    let json =
        r#"{"instrumentationLibrarySpans":[{"instrumentationLibrary":{"name":"l"},"spans":[{}]}]}"#;
    let scopes = r#"{"resource":{},"scopeSpans":[{"scope":{"name":"l"},"spans":[{"status":{}}]}]}"#;
    assert_eq!(normal(Message::ResourceSpans, json), scopes);
    let mut bytes = Vec::new();
    put_len_field(&mut bytes, 1000, &[]);
    let mut out = Vec::new();
    message_to_json(Message::ResourceLogs, &bytes, &mut out).unwrap();
    assert_eq!(out, br#"{"resource":{},"scopeLogs":[{"scope":{}}]}"#);
}

#[test]
fn lengths_of_any_width_are_written_right() {
    for size in [
        0, 1, 125, 126, 127, 128, 129, 16_000, 16_384, 20_000, 2_100_000,
    ] {
        let text = "x".repeat(size);
        let json = format!(
            r#"{{"resourceLogs":[{{"resource":{{}},"scopeLogs":[{{"scope":{{}},"logRecords":[{{"body":{{"stringValue":"{text}"}}}}]}}]}}]}}"#
        );
        assert_eq!(
            normal(Message::ExportLogsServiceRequest, &json),
            json,
            "{size}"
        );
    }
}

#[test]
fn values_nest_only_so_deep() {
    let nested = |levels: usize| {
        let open = r#"{"arrayValue":{"values":["#.repeat(levels);
        message_from_json(
            Message::AnyValue,
            format!("{open}{}", "]}}".repeat(levels)).as_bytes(),
        )
    };
    assert!(nested(49).is_ok());
    assert_eq!(nested(51).unwrap_err().problem, JsonProblem::TooDeep);
}

#[test]
fn fields_in_any_order_packed_or_not_are_written_in_table_order() {
    let mut point = Vec::new();
    point.extend([0x31, 1, 0, 0, 0, 0, 0, 0, 0]);
    point.extend([0x21, 9, 0, 0, 0, 0, 0, 0, 0]);
    put_len_field(
        &mut point,
        6,
        &[2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0],
    );
    let mut out = Vec::new();
    message_to_json(Message::HistogramDataPoint, &point, &mut out).unwrap();
    assert_eq!(out, br#"{"count":"9","bucketCounts":["1","2","3"]}"#);
}

#[test]
fn text_that_is_not_utf8_is_repaired_both_ways() {
    let mut json = br#"{"stringValue":"a"#.to_vec();
    json.extend(b"\xff\"}");
    let bytes = message_from_json(Message::AnyValue, &json).unwrap();
    assert_eq!(bytes, b"\x0a\x04a\xef\xbf\xbd");
    let mut out = Vec::new();
    message_to_json(Message::AnyValue, b"\x0a\x02a\xff", &mut out).unwrap();
    assert_eq!(out, "{\"stringValue\":\"a\u{fffd}\"}".as_bytes());
}

#[test]
fn a_malformed_message_has_no_json() {
    for bytes in [[0x0a, 5].as_slice(), &[0x08, 1], &[0x0a, 2, 0x08, 1]] {
        let request = Message::ExportLogsServiceRequest;
        assert!(message_to_json(request, bytes, &mut Vec::new()).is_err());
    }
}
