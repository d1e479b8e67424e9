//! Pushes over HTTP.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use headwater_core::pdata::validate::{Level, validate};
use headwater_core::{ConsumeError, Signal};
use headwater_loki::snappy::Compressor;
use headwater_prometheus::relabel::{Action, Pattern, RelabelConfig};
use headwater_testkit::Answer as Said;

use super::support::{Setup, snappy};

const PUSH: &str = r#"{"streams":[{"stream":{"app":"a","__x":"y"},"values":[["1700000000000000000","one"],["1700000000000000001","two",{"trace":"t"}]]},{"stream":{"app":"b"},"values":[["1700000000000000002","three"]]}]}"#;
const RECORDS: [&str; 3] = [
    r#"{} {"app":"a"} one 0"#,
    r#"{} {"app":"a","trace":"t"} two 0"#,
    r#"{} {"app":"b"} three 0"#,
];

#[tokio::test]
async fn labels_and_metadata_become_attributes_as_in_the_collector() {
    let setup = Setup::new(|_| {}).await;
    let answer = setup.push(PUSH).await;
    assert_eq!((answer.status, answer.text()), (204, ""));
    assert_eq!(setup.records(), RECORDS);
    assert_eq!(setup.metric("accepted_log_records"), 3.0);
    assert_eq!(setup.ledger().sent, 3);
    setup.stop().await;
}

#[tokio::test]
async fn every_path_and_encoding_says_the_same() {
    let setup = Setup::new(|_| {}).await;
    let json = "Content-Type: application/json\r\n";
    let proto = "Content-Type: application/x-protobuf\r\n";
    let compressed = |encoder: &dyn Fn(&[u8]) -> Vec<u8>| encoder(PUSH.as_bytes());
    let gzip = compressed(&|plain| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    });
    let deflate = compressed(&|plain| {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    });
    let zlib = compressed(&|plain| {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    });
    let requests: Vec<(&str, String, Vec<u8>)> = vec![
        ("/loki/api/v1/push", json.to_owned(), PUSH.into()),
        ("/api/v1/push", json.to_owned(), PUSH.into()),
        ("/api/prom/push", json.to_owned(), PUSH.into()),
        ("/loki/api/v1/push", proto.to_owned(), snappy(PUSH)),
        (
            "/api/prom/push",
            format!("{proto}Content-Encoding: snappy\r\n"),
            snappy(PUSH),
        ),
        (
            "/loki/api/v1/push",
            format!("{json}Content-Encoding: gzip\r\n"),
            gzip,
        ),
        (
            "/loki/api/v1/push",
            format!("{json}Content-Encoding: deflate\r\n"),
            deflate,
        ),
        (
            "/loki/api/v1/push",
            format!("{json}Content-Encoding: deflate\r\n"),
            zlib,
        ),
    ];
    let count = requests.len();
    for (path, headers, body) in requests {
        let answer = setup
            .request(&format!("POST {path}\r\n{headers}"), &body)
            .await;
        assert_eq!(answer.status, 204, "{path} {headers} {answer:?}");
    }
    assert_eq!(setup.records(), RECORDS.repeat(count));
}

#[tokio::test]
async fn times_are_kept_where_that_is_wanted() {
    let setup = Setup::new(|config| config.use_incoming_timestamp = true).await;
    assert_eq!(setup.push(PUSH).await.status, 204);
    let times: Vec<_> = setup
        .records()
        .iter()
        .map(|r| r[r.len() - 3..].to_owned())
        .collect();
    assert_eq!(times, ["000", "001", "002"]);
}

#[tokio::test]
async fn streams_are_resources_where_that_is_wanted() {
    let setup = Setup::new(|config| config.as_streams = true).await;
    assert_eq!(setup.push(PUSH).await.status, 204);
    assert_eq!(
        setup.records(),
        [
            r#"{"app":"a","loki.stream":true} {} one 0"#,
            r#"{"app":"a","loki.stream":true} {"trace":"t"} two 0"#,
            r#"{"app":"b","loki.stream":true} {} three 0"#,
        ]
    );
}

#[tokio::test]
async fn labels_are_added_and_changed_as_in_alloy() {
    let setup = Setup::new(|config| {
        config.labels = [("cluster", "c"), ("app", "mine")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        config.relabel_rules = vec![RelabelConfig {
            source_labels: vec!["__x".into()],
            regex: Pattern::new("y").unwrap(),
            action: Action::Keep,
            ..RelabelConfig::default()
        }];
    })
    .await;
    assert_eq!(setup.push(PUSH).await.status, 204);
    let first = r#"{} {"app":"mine","cluster":"c"} one 0"#;
    assert_eq!(setup.records()[0], first);
    assert_eq!((setup.ledger().sent, setup.ledger().filtered), (2, 1));
    setup.stop().await;
}

#[tokio::test]
async fn plain_lines_are_taken_too() {
    let setup = Setup::new(|config| {
        config.labels.insert("app".to_owned(), "x".to_owned());
    })
    .await;
    let answer = setup
        .request("POST /loki/api/v1/raw", b"one\r\n\ntwo")
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(
        setup.records(),
        [r#"{} {"app":"x"} one 0"#, r#"{} {"app":"x"} two 0"#]
    );
    assert_eq!(setup.request("GET /ready", b"").await.status, 200);
}

#[tokio::test]
async fn a_stream_that_is_wrong_is_named_and_the_others_are_taken() {
    let setup = Setup::new(|_| {}).await;
    let push = r#"{"streams":[{"stream":{"app":"a"},"values":[["1","x"]]},{"labels":"{app=","entries":[{"ts":"2023-01-01T00:00:00Z","line":"y"}]}]}"#;
    let answer = setup.push(push).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer
            .text()
            .starts_with("error parsing labels '{app=' with error: "),
        "{answer:?}"
    );
    assert_eq!(setup.records(), [r#"{} {"app":"a"} x 0"#]);
    assert_eq!(setup.metric("accepted_log_records"), 1.0);
    assert_eq!(setup.metric("failed_log_records"), 1.0);
}

#[tokio::test]
async fn long_labels_are_not_repeated_in_any_number_of_records() {
    let entries = vec![r#"["1",""]"#; 2000].join(",");
    let long = "x".repeat(20_000);
    let push = format!(
        r#"{{"streams":[{{"stream":{{"app":"{long}"}},"values":[{entries}]}},{{"stream":{{"app":"b"}},"values":[{entries}]}}]}}"#
    );
    let setup = Setup::new(|_| {}).await;
    let answer = setup.push(&push).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("too long for so many small entries"));
    assert_eq!(setup.metric("accepted_log_records"), 2000.0);
    assert_eq!(setup.metric("failed_log_records"), 2000.0);
    // A stream has its labels once.
    let setup = Setup::new(|config| config.as_streams = true).await;
    assert_eq!(setup.push(&push).await.status, 204);
}

#[tokio::test]
async fn what_is_no_utf_8_is_replaced() {
    let setup = Setup::new(|_| {}).await;
    let line = setup.request("POST /loki/api/v1/raw\r\n", b"\xe4b\n").await;
    assert_eq!(line.status, 204);
    // An entry with a line and structured metadata, all of it `\xe4`.
    let entry = b"\x0a\x00\x12\x01\xe4\x1a\x06\x0a\x01\xe4\x12\x01\xe4";
    let stream = [b"\x0a\x07{a=\"b\"}\x12\x0d".as_slice(), entry].concat();
    let push = [b"\x0a\x18".as_slice(), &stream].concat();
    let head = "POST /loki/api/v1/push\r\nContent-Type: application/x-protobuf\r\n";
    let compressed = Compressor::default().compress(&push).unwrap();
    assert_eq!(setup.request(head, &compressed).await.status, 204);
    assert_eq!(
        setup.records(),
        [
            "{} {} \u{fffd}b 0",
            "{} {\"a\":\"b\",\"\u{fffd}\":\"\u{fffd}\"} \u{fffd} 0"
        ]
    );
    for batch in setup.recorder.batches() {
        let request = batch.payload().to_contiguous();
        validate(Signal::Logs, &request, Level::Strict).unwrap();
    }
}

#[tokio::test]
async fn the_tenant_is_part_of_the_context() {
    let setup = Setup::new(|_| {}).await;
    let head = "POST /loki/api/v1/push\r\nContent-Type: application/json\r\n";
    for tenant in ["X-Scope-OrgID: team\r\n", ""] {
        let head = format!("{head}{tenant}X-Other: y\r\n");
        assert_eq!(setup.request(&head, PUSH.as_bytes()).await.status, 204);
    }
    let batches = setup.recorder.batches();
    let tenants: Vec<_> = batches.iter().map(|b| b.context().tenant()).collect();
    assert_eq!(tenants, [Some("team"), None]);
    assert!(batches[0].context().header("x-other").is_empty());
    assert!(batches[0].context().peer().is_some());
}

#[tokio::test]
async fn the_answer_is_what_the_pipeline_said() {
    let setup = Setup::new(|_| {}).await;
    let after = Some(Duration::from_secs(7));
    for (error, status, wait) in [
        (ConsumeError::permanent("never"), 400, ""),
        (ConsumeError::refused("full", after), 429, "7"),
        (ConsumeError::retryable("later", after), 503, "7"),
    ] {
        let text = error.to_string();
        setup.recorder.answer(Said::Fail(error));
        let answer = setup.push(PUSH).await;
        assert_eq!(answer.status, status);
        assert!(answer.text().contains(&text), "{answer:?}");
        assert_eq!(answer.header("retry-after"), wait);
    }
    assert_eq!(setup.metric("refused_log_records"), 9.0);
    assert_eq!(setup.ledger().received, 0);
}

#[tokio::test]
async fn what_is_no_push_is_refused_as_loki_refuses_it() {
    let setup = Setup::new(|config| {
        config
            .protocols
            .http
            .as_mut()
            .unwrap()
            .max_request_body_size = 1000;
    })
    .await;
    let json = "Content-Type: application/json\r\n";
    let proto = "Content-Type: application/x-protobuf\r\n";
    let big = vec![b' '; 2000];
    let mut gzip_bomb = GzEncoder::new(Vec::new(), Compression::best());
    gzip_bomb.write_all(&[b' '; 5000]).unwrap();
    let gzip_bomb = gzip_bomb.finish().unwrap();
    let snappy_bomb = Compressor::default().compress(&vec![0; 5000]).unwrap();
    assert!(gzip_bomb.len().max(snappy_bomb.len()) < 1000);
    for (head, body, status, text) in [
        (
            "POST /loki/api/v1/push\r\n",
            &b"{}"[..],
            415,
            "unsupported media type",
        ),
        ("GET /loki/api/v1/push\r\n", b"", 405, "not allowed"),
        ("POST /elsewhere\r\n", b"", 404, "404"),
        (
            &format!("POST /loki/api/v1/push\r\n{json}"),
            b"[",
            400,
            "couldn't parse push request",
        ),
        (
            &format!("POST /loki/api/v1/push\r\n{proto}"),
            b"\xff\xff",
            400,
            "snappy",
        ),
        (
            &format!("POST /loki/api/v1/push\r\n{proto}"),
            &snappy(PUSH)[..9],
            400,
            "snappy",
        ),
        (
            &format!("POST /loki/api/v1/push\r\n{json}Content-Encoding: br\r\n"),
            b"{}",
            400,
            "br",
        ),
        (
            &format!("POST /loki/api/v1/push\r\n{json}"),
            &big,
            413,
            "1000 bytes",
        ),
        (
            &format!("POST /loki/api/v1/push\r\n{json}Content-Encoding: gzip\r\n"),
            &gzip_bomb,
            400,
            "1000 bytes",
        ),
        (
            &format!("POST /loki/api/v1/push\r\n{proto}"),
            &snappy_bomb,
            400,
            "5000 bytes",
        ),
    ] {
        let answer = setup.request(head, body).await;
        assert_eq!(answer.status, status, "{head} {answer:?}");
        assert!(answer.text().contains(text), "{head} {answer:?}");
    }
    assert!(setup.recorder.batches().is_empty());
    let nothing = setup.push(r#"{"streams":[]}"#).await;
    assert_eq!(nothing.status, 204);
}
