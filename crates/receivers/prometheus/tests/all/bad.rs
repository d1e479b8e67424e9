//! Targets that misbehave: the scrape fails as a whole, says why, and the next one works.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::setup::Setup;
use crate::target::{Reply, Target};

/// Scrapes a good body, then `bad`, then a good one again.
async fn recovers_from(bad: Reply, keys: &str) {
    let target = Target::new(Reply::text("a 1\n")).await;
    let mut setup = Setup::job(&target.address, keys).await;
    assert_eq!(setup.scrape(true).await[0], "gauge a{} 1");
    target.set(bad.clone());
    let failed = setup.scrape(false).await;
    assert_eq!(failed[0], "gauge a{} stale", "{bad:?}");
    assert_eq!(failed.len(), 6, "a marker and the report: {failed:?}");
    target.set(Reply::text("a 2\n"));
    assert_eq!(setup.scrape(true).await[0], "gauge a{} 2");
    setup.stop().await;
}

#[tokio::test]
async fn half_lines_and_nonsense() {
    for body in [
        "a 1\nb{x=\"y",
        "a 1\nb",
        "a 1\n}{\n",
        "a one\n",
        "a{x=\"1\"x=\"2\"} 1\n",
    ] {
        recovers_from(Reply::text(body), "").await;
    }
    recovers_from(Reply::openmetrics("a 1\n"), "").await;
    recovers_from(
        Reply::typed("application/vnd.google.protobuf", b"\x05hello"),
        "",
    )
    .await;
}

#[tokio::test]
async fn statuses_that_are_no_success() {
    for status in [204, 404, 500] {
        recovers_from(Reply::Answer(status, Vec::new(), b"a 5\n".to_vec()), "").await;
    }
}

#[tokio::test]
async fn connections_that_break_and_hang() {
    recovers_from(Reply::Close, "").await;
    recovers_from(Reply::HangAfterHeaders, "").await;
    recovers_from(Reply::Trickle, "").await;
}

#[tokio::test]
async fn bodies_without_an_end() {
    let lines = "a 1\n".repeat(1000).into_bytes();
    recovers_from(Reply::Endless(lines), "body_size_limit: 64KB").await;
}

#[tokio::test]
async fn a_redirect_in_circles() {
    let location = "/metrics?again".to_owned();
    let circle = Reply::Answer(302, vec![("Location", location)], Vec::new());
    recovers_from(circle.clone(), "").await;
    recovers_from(circle, "follow_redirects: false").await;
}

fn gzip(body: &[u8]) -> Reply {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoded(encoder.finish().unwrap())
}

fn encoded(body: Vec<u8>) -> Reply {
    let headers = vec![
        ("Content-Type", "text/plain".to_owned()),
        ("Content-Encoding", "gzip".to_owned()),
    ];
    Reply::Answer(200, headers, body)
}

#[tokio::test]
async fn what_is_no_gzip() {
    recovers_from(encoded(b"a 1\n".to_vec()), "").await;
}

#[tokio::test]
async fn a_bomb_of_gzip() {
    let bomb = "a 1\n".repeat(5 << 20);
    recovers_from(gzip(bomb.as_bytes()), "body_size_limit: 1MB").await;
}

#[tokio::test]
async fn gzip_is_read() {
    let target = Target::new(gzip(b"a 1\n")).await;
    let mut setup = Setup::job(&target.address, "").await;
    assert_eq!(setup.scrape(true).await[0], "gauge a{} 1");
    setup.stop().await;
    let target = Target::new(Reply::text("a 1\n")).await;
    let mut setup = Setup::job(&target.address, "enable_compression: false").await;
    setup.scrape(true).await;
    let request = target.requests()[0].to_lowercase();
    assert!(request.contains("accept-encoding: identity"), "{request}");
    setup.stop().await;
}

#[tokio::test]
async fn limits_that_are_broken() {
    for (body, keys) in [
        ("a 1\nb 1\nc 1\n", "sample_limit: 2"),
        ("a{x=\"1\",y=\"2\",z=\"3\"} 1\n", "label_limit: 5"),
        (
            "a{a_long_label_name=\"1\"} 1\n",
            "label_name_length_limit: 12",
        ),
        (
            "a{x=\"a value that is longer than it may be by far\"} 1\n",
            "label_value_length_limit: 40",
        ),
        ("a{x=\"1\",x=\"2\"} 1\n", ""),
        ("{x=\"1\"} 1\n", ""),
    ] {
        recovers_from(Reply::text(body), keys).await;
    }
}

#[tokio::test]
async fn a_label_value_of_ten_megabytes_is_carried() {
    let value = "x".repeat(10 << 20);
    let target = Target::new(Reply::text(&format!("a{{v=\"{value}\"}} 1\nb 2\n"))).await;
    let mut setup = Setup::job_every("2s", &target.address, "").await;
    let lines = setup
        .next(|batch| crate::setup::lines(batch).len() > 1)
        .await;
    assert!(crate::setup::lines(&lines).contains(&"gauge b{} 2".to_owned()));
    setup.stop().await;
}

#[tokio::test]
async fn timestamps_out_of_order_and_numbers_that_are_none_cost_no_scrape() {
    let target = Target::new(Reply::text(
        "a 1 1700000001000\na 2 1700000000000\nb NaN\nc +Inf\n",
    ))
    .await;
    let mut setup = Setup::job(&target.address, "").await;
    let lines = setup.scrape(true).await;
    let samples = [
        "gauge a{} 1",
        "gauge a{} 2",
        "gauge b{} NaN",
        "gauge c{} inf",
    ];
    assert_eq!(lines[..4], samples);
    // Earlier than what came before, too: whether that can be stored is for the backend to say.
    target.set(Reply::text("a 3 1600000000000\nb -Inf\nc -0\n"));
    let lines = setup
        .next(|batch| crate::setup::lines(batch).contains(&"gauge a{} 3".to_owned()))
        .await;
    assert_eq!(
        crate::setup::lines(&lines)[1..3],
        ["gauge b{} -inf", "gauge c{} -0"]
    );
    assert!(crate::setup::lines(&lines).contains(&"gauge up{} 1".to_owned()));
    setup.stop().await;
}

#[tokio::test]
async fn an_answer_of_an_unknown_kind_is_read_as_text() {
    let target = Target::new(Reply::typed("text/html", b"a 1\n")).await;
    let mut setup = Setup::job(&target.address, "").await;
    assert_eq!(setup.scrape(true).await[0], "gauge a{} 1");
    setup.stop().await;
}

#[tokio::test]
async fn a_certificate_that_nobody_signed() {
    let target = Target::self_signed(Reply::text("a 1\n")).await;
    let mut setup = Setup::job_every("1s", &target.address, "scheme: https").await;
    let lines = setup.scrape(false).await;
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert!(target.requests().is_empty(), "nothing was asked of it");
    setup.stop().await;
    let careless = "scheme: https\ntls_config: {insecure_skip_verify: true}";
    let mut setup = Setup::job_every("1s", &target.address, careless).await;
    assert_eq!(setup.scrape(true).await[0], "gauge a{} 1");
    setup.stop().await;
}

#[tokio::test]
async fn https_to_a_target_without_tls() {
    let target = Target::new(Reply::text("a 1\n")).await;
    let mut setup = Setup::job(&target.address, "scheme: https").await;
    let lines = setup.scrape(false).await;
    assert_eq!(lines.len(), 5, "{lines:?}");
    setup.stop().await;
}
