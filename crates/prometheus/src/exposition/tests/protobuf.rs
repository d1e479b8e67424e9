use headwater_core::pdata::wire::put_varint;

use super::super::encode::{
    BucketPoint, Encoder, ExemplarPoint, FamilyHead, MetricPoint, PointValue,
};
use super::super::native::NativeHistogram;
use super::super::negotiate::ResponseFormat;
use super::super::{Counts, Format, MetricType, ParserOptions, Span};
use super::read;
use crate::scrape_config::{NameEscaping, ScrapeProtocol};

const KEEP: ParserOptions = ParserOptions {
    skip_created: false,
    ignore_native_histograms: false,
    keep_classic_histograms: true,
};

fn protobuf(body: &[u8]) -> Vec<String> {
    read(body, Format::Protobuf, ParserOptions::default())
}

fn family(kind: MetricType, values: &[PointValue<'_>]) -> Vec<u8> {
    let head = FamilyHead {
        name: "a.b",
        help: Some("h\"\\n"),
        kind,
        unit: Some("seconds"),
    };
    let mut out = Vec::new();
    let mut encoder = Encoder::new(ResponseFormat {
        protocol: ScrapeProtocol::PrometheusProto,
        escaping: NameEscaping::AllowUtf8,
    });
    let points = values.iter().map(|value| MetricPoint {
        labels: &[("z", "1"), ("b", "\u{e4}")],
        value: *value,
        timestamp: Some(5),
        created: Some(1234),
    });
    encoder.family(&mut out, &head, points).unwrap();
    encoder.finish(&mut out);
    out
}

const EXEMPLARS: [ExemplarPoint<'_>; 2] = [
    ExemplarPoint {
        labels: &[("trace_id", "t")],
        value: 0.5,
        timestamp: None,
    },
    ExemplarPoint {
        labels: &[],
        value: 1.5,
        timestamp: Some(-1),
    },
];

const BUCKETS: [BucketPoint<'_>; 2] = [
    BucketPoint {
        upper_bound: 1.0,
        cumulative_count: 2.0,
        exemplar: Some(EXEMPLARS[0]),
    },
    BucketPoint {
        upper_bound: 1e6,
        cumulative_count: 3.0,
        exemplar: Some(EXEMPLARS[1]),
    },
];

const NATIVE: NativeHistogram<'_> = NativeHistogram {
    gauge: false,
    schema: -2,
    zero_threshold: 0.25,
    sum: 7.5,
    positive_spans: &[
        Span {
            offset: -3,
            length: 2,
        },
        Span {
            offset: 2,
            length: 1,
        },
    ],
    negative_spans: &[Span {
        offset: 0,
        length: 1,
    }],
    counts: Counts::Integer {
        count: 9,
        zero_count: 1,
        positive: &[2, -2, 3],
        negative: &[3],
    },
    custom_bounds: &[],
};

#[test]
fn counters_gauges_and_the_unknown_are_one_series() {
    let value = PointValue::Number {
        value: 2.5,
        exemplar: Some(EXEMPLARS[0]),
    };
    let head = [r#"help a.b "h\"\\n""#, "unit a.b seconds"];
    for (kind, line) in [
        (
            MetricType::Counter,
            r##""a.b" {z="1",b="ä"} 2.5 @5 from 1234 #{trace_id="t"} 0.5"##,
        ),
        (MetricType::Gauge, r#""a.b" {z="1",b="ä"} 2.5 @5"#),
        (MetricType::Unknown, r#""a.b" {z="1",b="ä"} 2.5 @5"#),
    ] {
        let lines = protobuf(&family(kind, &[value]));
        assert_eq!(lines, [head[0], head[1], &format!("type a.b {kind}"), line]);
    }
}

#[test]
fn summaries_are_taken_apart() {
    let value = |quantiles| PointValue::Summary {
        count: 3,
        sum: 4.5,
        quantiles,
    };
    let body = family(
        MetricType::Summary,
        &[value(&[(0.5, 1.0), (1.0, 2.0)]), value(&[])],
    );
    assert_eq!(
        protobuf(&body)[3..],
        [
            r#""a.b_count" {z="1",b="ä"} 3 @5 from 1234"#,
            r#""a.b_sum" {z="1",b="ä"} 4.5 @5 from 1234"#,
            r#""a.b" {z="1",b="ä",quantile="0.5"} 1 @5 from 1234"#,
            r#""a.b" {z="1",b="ä",quantile="1.0"} 2 @5 from 1234"#,
            r#""a.b_count" {z="1",b="ä"} 3 @5 from 1234"#,
            r#""a.b_sum" {z="1",b="ä"} 4.5 @5 from 1234"#,
        ]
    );
}

#[test]
fn classic_histograms_get_the_bucket_that_is_missing() {
    let value = PointValue::Histogram {
        count: 4.0,
        sum: 4.5,
        buckets: &BUCKETS,
        native: None,
        exemplars: &[],
    };
    let lines = protobuf(&family(MetricType::Histogram, &[value]));
    assert_eq!(
        lines[3..],
        [
            r#""a.b_count" {z="1",b="ä"} 4 @5 from 1234"#,
            r#""a.b_sum" {z="1",b="ä"} 4.5 @5 from 1234"#,
            r##""a.b_bucket" {z="1",b="ä",le="1.0"} 2 @5 from 1234 #{trace_id="t"} 0.5"##,
            r##""a.b_bucket" {z="1",b="ä",le="1e+06"} 3 @5 from 1234 #{} 1.5 @-1"##,
            r#""a.b_bucket" {z="1",b="ä",le="+Inf"} 4 @5 from 1234"#,
        ]
    );
}

#[test]
fn a_histogram_that_is_both_is_native_classic_or_both() {
    let value = |exemplars| PointValue::Histogram {
        count: 9.0,
        sum: 7.5,
        buckets: &BUCKETS,
        native: Some(NATIVE),
        exemplars,
    };
    // The empty bucket in the middle is gone, and only exemplars with a time count.
    let native = concat!(
        r#""a.b" {z="1",b="ä"} native schema -2 zero 0.25 sum 7.5 -3+1 3+1 / 0+1 / 9 1 [2, 1] [3]"#,
        " @5 from 1234 #{} 1.5 @-1"
    );
    for exemplars in [&EXEMPLARS[..], &[]] {
        let body = family(MetricType::Histogram, &[value(exemplars)]);
        assert_eq!(protobuf(&body)[3..], [native]);
        let both = read(&body, Format::Protobuf, KEEP);
        assert_eq!((both.len(), both[3].as_str()), (9, native));
        assert!(both[4].starts_with("\"a.b_count\""), "{both:?}");
        let options = ParserOptions {
            ignore_native_histograms: true,
            ..ParserOptions::default()
        };
        assert_eq!(read(&body, Format::Protobuf, options)[3..], both[4..]);
    }
}

#[test]
fn every_metric_of_a_family_is_its_own_kind_of_histogram() {
    let classic = PointValue::Histogram {
        count: 4.0,
        sum: 4.5,
        buckets: &[],
        native: None,
        exemplars: &[],
    };
    let native = PointValue::Histogram {
        count: 0.0,
        sum: 0.0,
        buckets: &[],
        native: Some(NativeHistogram {
            gauge: true,
            zero_threshold: 0.0,
            positive_spans: &[],
            negative_spans: &[],
            counts: Counts::Float {
                count: 1.5,
                zero_count: 0.0,
                positive: &[],
                negative: &[],
            },
            ..NATIVE
        }),
        exemplars: &[],
    };
    let lines = protobuf(&family(
        MetricType::GaugeHistogram,
        &[native, classic, native],
    ));
    let native = r#""a.b" {z="1",b="ä"} native gauge schema -2 zero 0 sum 7.5 / / float 1.5 0 [] [] @5 from 1234"#;
    assert_eq!(lines.len(), 8);
    assert_eq!((lines[3].as_str(), lines[7].as_str()), (native, native));
    assert!(lines[6].starts_with(r#""a.b_bucket" {z="1",b="ä",le="+Inf"} 4"#));
}

#[test]
fn a_stale_value_stays_what_it_is() {
    let stale = PointValue::Number {
        value: super::super::STALE_NAN,
        exemplar: None,
    };
    let body = family(MetricType::Gauge, &[stale]);
    let mut parser = super::Parser::new(&body, Format::Protobuf, ParserOptions::default());
    let mut found = 0;
    while let Some(entry) = parser.next_entry().unwrap() {
        if let super::Entry::Series(series) = entry {
            assert!(super::super::is_stale(series.value()));
            found += 1;
        }
    }
    assert_eq!(found, 1);
}

/// One family of these fields, behind its length.
fn delimited(fields: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    put_varint(&mut body, fields.len() as u64);
    body.extend_from_slice(fields);
    body
}

#[test]
fn a_broken_message_is_refused() {
    let metric = b"\x22\x00";
    for (body, error) in [
        (delimited(metric), "invalid metric name: \"\""),
        (
            delimited(b"\x0a\x01\xff\x22\x00"),
            "metric name is not valid UTF-8: \"\u{fffd}\"",
        ),
        (
            delimited(b"\x0a\x01a\x12\x01\xff\x22\x00"),
            "help text is not valid UTF-8: \"\u{fffd}\"",
        ),
        (
            delimited(b"\x0a\x01a\x18\x09\x22\x00"),
            "unknown metric type for metric \"a\": 9",
        ),
        (
            delimited(b"\x0a\x01a\x22\x02\x0a\x00"),
            "invalid label name: \"\"",
        ),
        (
            delimited(b"\x0a\x01a\x22\x08\x0a\x06\x0a\x01b\x12\x01\xff"),
            "label value is not valid UTF-8: \"\u{fffd}\"",
        ),
        (
            delimited(b"\x08\x01"),
            "field 1 of MetricFamily has wire type 0",
        ),
        (delimited(b"\x0a\x05a"), "message is truncated"),
        (b"\x05\x0a\x01a".to_vec(), "message of 5 bytes in 3 bytes"),
        (
            b"\xff\xff\xff\xff\x0f".to_vec(),
            "message of 4294967295 bytes in 0 bytes",
        ),
        (
            b"\xff\xff\xff\xff\xff\xff\x01".to_vec(),
            "varint is too long",
        ),
        (b"\xff".to_vec(), "message is truncated"),
        (
            delimited(b"\x0a\x01a\x18\x04\x22\x06\x3a\x04\x62\x02\x10\x05"),
            "histogram \"a\": positive side: spans require 5 buckets, have 0",
        ),
    ] {
        let last = protobuf(&body).pop();
        assert_eq!(
            last,
            Some(format!("error: metric family 1 at byte 0: {error}")),
            "{body:?}"
        );
    }
}

#[test]
fn spans_that_claim_billions_of_buckets_cost_nothing() {
    let mut spans = Vec::new();
    for _ in 0..1000 {
        spans.extend_from_slice(b"\x62\x06\x10\xff\xff\xff\xff\x0f");
    }
    let mut histogram = b"\x3a".to_vec();
    put_varint(&mut histogram, spans.len() as u64);
    histogram.extend_from_slice(&spans);
    let mut fields = b"\x0a\x01a\x18\x04\x22".to_vec();
    put_varint(&mut fields, histogram.len() as u64);
    fields.extend_from_slice(&histogram);
    let error = protobuf(&delimited(&fields)).pop().unwrap();
    assert!(
        error.ends_with("spans require 4294967295000 buckets, have 0"),
        "{error}"
    );
}

#[test]
fn families_without_metrics_are_left_out() {
    let mut body = delimited(b"\x0a\x01\xff");
    body.extend_from_slice(&delimited(b""));
    assert!(protobuf(&body).is_empty());
    assert!(protobuf(b"").is_empty());
}
