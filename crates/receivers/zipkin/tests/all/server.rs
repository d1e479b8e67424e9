//! Paths, encodings, and what the pipeline's answers become.

use std::io::Write as _;
use std::time::Duration;

use headwater_core::ConsumeError;
use headwater_testkit::{Answer, metric};

use crate::support::{JSON, Setup};

const SPAN: &str = "[{\"traceId\":\"1\",\"id\":\"2\",\"timestamp\":1}]";

#[tokio::test]
async fn any_path_and_type_is_v2_json_unless_it_says_otherwise() {
    let setup = Setup::new("").await;
    for (path, headers) in [
        ("/api/v2/spans", JSON),
        ("/", JSON),
        ("/", ""),
        ("/anything", "Content-Type: text/plain\r\n"),
        ("/prefix/api/v2/spans?x=y", JSON),
    ] {
        setup.taken(path, headers, SPAN.as_bytes()).await;
    }
    // v1 wants whole ids.
    let answer = setup
        .send("POST /prefix/api/v1/spans/", JSON, SPAN.as_bytes())
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        metric(&setup.environment, "otelcol_receiver_accepted_spans"),
        5.0
    );
    setup.stop().await;
}

#[tokio::test]
async fn compressed_requests_are_read_and_those_that_are_not_what_they_say_are_400() {
    let setup = Setup::new("").await;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(SPAN.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    setup
        .taken("/api/v2/spans", "Content-Encoding: gzip\r\n", &gzip)
        .await;
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(SPAN.as_bytes()).unwrap();
    let zlib = zlib.finish().unwrap();
    for encoding in ["deflate", "zlib"] {
        let header = format!("Content-Encoding: {encoding}\r\n");
        setup.taken("/api/v2/spans", &header, &zlib).await;
    }
    let broken = setup
        .send(
            "POST /api/v2/spans",
            "Content-Encoding: gzip\r\n",
            SPAN.as_bytes(),
        )
        .await;
    assert_eq!(broken.status, 400);
    setup.stop().await;
}

#[tokio::test]
async fn what_the_pipeline_says_is_told_in_the_collectors_words_and_backpressure_as_429() {
    let setup = Setup::new("").await;
    let after = Some(Duration::from_secs(7));
    for (error, status, words) in [
        (ConsumeError::permanent("no"), 400, "\"Bad Request\""),
        (
            ConsumeError::retryable("later", None),
            500,
            "\"Internal Server Error\"",
        ),
        (
            ConsumeError::refused("full", after),
            429,
            "\"Too Many Requests\"",
        ),
    ] {
        setup.recorder.answer(Answer::Fail(error));
        let answer = setup
            .send("POST /api/v2/spans", JSON, SPAN.as_bytes())
            .await;
        assert_eq!((answer.status, answer.text()), (status, words));
        assert_eq!(answer.head.contains("retry-after: 7"), status == 429);
    }
    assert_eq!(
        metric(&setup.environment, "otelcol_receiver_refused_spans"),
        3.0
    );
    assert_eq!(
        metric(&setup.environment, "otelcol_receiver_accepted_spans"),
        0.0
    );
    setup.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_long_and_a_full_budget_are_answered_unread() {
    let setup = Setup::new(", max_request_body_size: 100").await;
    let long = format!("[{}]", " ".repeat(200));
    let answer = setup
        .send("POST /api/v2/spans", JSON, long.as_bytes())
        .await;
    assert_eq!(answer.status, 400);
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; 5000]).unwrap();
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 100);
    let answer = setup
        .send("POST /api/v2/spans", "Content-Encoding: gzip\r\n", &bomb)
        .await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("limit of 100 bytes"), "{answer:?}");
    let held = setup.environment.budget.charge(1 << 30);
    let answer = setup
        .send("POST /api/v2/spans", JSON, SPAN.as_bytes())
        .await;
    assert_eq!(answer.status, 429);
    assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
    drop(held);
    setup.taken("/api/v2/spans", JSON, SPAN.as_bytes()).await;
    setup.stop().await;
}

#[tokio::test]
async fn headers_and_peer_travel_with_the_spans() {
    let setup = Setup::new(", include_metadata: true").await;
    setup
        .taken("/", "X-Scope-OrgID: team-a\r\n", SPAN.as_bytes())
        .await;
    let batch = setup.recorder.batches().remove(0);
    assert_eq!(batch.context().header("x-scope-orgid").concat(), "team-a");
    assert!(batch.context().peer().is_some());
    drop(batch);
    setup.stop().await;
}
