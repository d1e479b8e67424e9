//! What is no Zipkin is answered, counted and survived.

use headwater_testkit::metric;

use crate::support::{JSON, PROTOBUF, Setup, THRIFT};
use crate::v1::thrift;

#[tokio::test]
async fn what_cannot_be_read_is_400_with_a_word_and_counted() {
    let setup = Setup::new("").await;
    let ids = "\"traceId\":\"1\",\"id\":\"2\"";
    let v2 = [
        ("", "no Zipkin v2 JSON"),
        ("{}", "no Zipkin v2 JSON"),
        ("[{]", "no Zipkin v2 JSON"),
        ("[] x", "no Zipkin v2 JSON"),
        ("[1]", "no Zipkin v2 JSON"),
        ("[{\"traceId\":\"1\"}]", "valid span id required"),
        (
            "[{\"traceId\":\"1\",\"id\":\"0\"}]",
            "valid span id required",
        ),
        ("[{\"traceId\":\"xyz\",\"id\":\"1\"}]", "traceId \"xyz\""),
        ("[{\"traceId\":\"\",\"id\":\"1\"}]", "traceId \"\""),
        (
            "[{\"traceId\":\"1\",\"id\":\"123456789012345678\"}]",
            "id \"1234",
        ),
        ("[{IDS,\"timestamp\":-1}]", "no Zipkin v2 JSON"),
        ("[{IDS,\"timestamp\":1.5}]", "no Zipkin v2 JSON"),
        ("[{IDS,\"tags\":{\"a\":1}}]", "no Zipkin v2 JSON"),
        ("[{IDS,\"tags\":[]}]", "no Zipkin v2 JSON"),
        (
            "[{IDS,\"localEndpoint\":{\"ipv4\":\"1.2.3\"}}]",
            "invalid IP address",
        ),
        (
            "[{IDS,\"localEndpoint\":{\"port\":65536}}]",
            "no Zipkin v2 JSON",
        ),
        (
            "[{IDS,\"annotations\":[{\"value\":\"x\"}]}]",
            "valid annotation timestamp required",
        ),
        (
            "[{IDS,\"annotations\":[{\"timestamp\":1,\"value\":\"x|y|z\"}]}]",
            "annotation or link",
        ),
        (
            "[{IDS,\"tags\":{\"otlp.link.0\":\"a|b|c|{}|0\"}}]",
            "is no id",
        ),
    ];
    for (body, word) in v2 {
        let body = body.replace("IDS", ids);
        let answer = setup
            .send("POST /api/v2/spans", JSON, body.as_bytes())
            .await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(
            answer.text().contains(word) && answer.text().ends_with('\n'),
            "{body}: {}",
            answer.text()
        );
    }
    let v1 = [
        ("[{}]", "hex traceId span has wrong length"),
        ("[{\"traceId\":\"0000000000000000\"}]", "traceId is zero"),
        (
            "[{\"traceId\":\"5af7183fb1d4cf5f\",\"id\":\"1\"}]",
            "hex Id has wrong length",
        ),
        ("[null]", "a span is null"),
        (
            "[{\"binaryAnnotations\":[{\"value\":true}]}]",
            "no Zipkin v1 JSON",
        ),
    ];
    for (body, word) in v1 {
        let answer = setup
            .send("POST /api/v1/spans", JSON, body.as_bytes())
            .await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.text().contains(word), "{body}: {}", answer.text());
    }
    let protobuf: [&[u8]; 5] = [
        b"\xff",
        &[0x0a, 5],
        &[0x0a, 0],
        &[0x0a, 2, 0x0a, 0],
        b"[{}]",
    ];
    for body in protobuf {
        let answer = setup.send("POST /api/v2/spans", PROTOBUF, body).await;
        assert_eq!(answer.status, 400, "{body:?}");
    }
    let whole = thrift();
    let mut damaged = vec![
        Vec::new(),
        b"[{}]".to_vec(),
        vec![12, 0x7f, 0xff, 0xff, 0xff],
    ];
    for length in 1..whole.len() {
        damaged.push(whole[..length].to_vec());
    }
    for body in &damaged {
        let answer = setup.send("POST /api/v1/spans", THRIFT, body).await;
        assert_eq!(answer.status, 400, "{body:?}");
    }
    let refused = v2.len() + v1.len() + protobuf.len() + damaged.len();
    let counted = metric(
        &setup.environment,
        "otelcol_receiver_zipkin_malformed_requests",
    );
    assert_eq!(counted, refused as f64);
    assert_eq!(setup.recorder.calls(), 0);
    assert_eq!(
        metric(&setup.environment, "otelcol_receiver_accepted_spans"),
        0.0
    );
    setup.stop().await;
}

#[tokio::test]
async fn any_bytes_in_any_format_are_answered() {
    let setup = Setup::new("").await;
    let mut random = 1_u64;
    for round in 0..60 {
        let mut body = if round % 2 == 0 { thrift() } else { Vec::new() };
        for _ in 0..(round % 7 + 1) {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let at = (random >> 33) as usize % (body.len() + 1);
            body.insert(at, (random >> 17) as u8);
        }
        for (path, headers) in [
            ("/api/v1/spans", THRIFT),
            ("/api/v1/spans", JSON),
            ("/api/v2/spans", PROTOBUF),
            ("/", JSON),
        ] {
            let answer = setup.send(&format!("POST {path}"), headers, &body).await;
            assert!(matches!(answer.status, 202 | 400), "{body:?}");
        }
    }
    setup.stop().await;
}

#[tokio::test]
async fn a_list_that_is_broken_in_its_middle_is_refused_as_a_whole() {
    let setup = Setup::new("").await;
    let body = "[{\"traceId\":\"1\",\"id\":\"2\"},{\"traceId\":\"1\",\"id\":\"0\"}]";
    let answer = setup
        .send("POST /api/v2/spans", JSON, body.as_bytes())
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(setup.recorder.calls(), 0);
    setup.stop().await;
}
