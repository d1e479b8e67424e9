//! The list of targets.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::setup::{Setup, free_port};
use crate::target::{Reply, Target};

async fn get(port: u16, path: &str) -> (String, Value) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap().to_owned();
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn targets_are_listed_in_the_shape_of_prometheus() {
    let up = Target::new(Reply::text("a 1\n")).await;
    let down = Target::new(Reply::Close).await;
    let port = free_port();
    let yaml = format!(
        "api_server: {{enabled: true, server_config: {{endpoint: '127.0.0.1:{port}'}}}}\n\
         config: {{scrape_configs: [\n\
         {{job_name: one, scrape_interval: 100ms, static_configs: [{{targets: ['{}', 'dropped:1'], labels: {{env: prod}}}}],\n\
         relabel_configs: [{{action: drop, source_labels: [__address__], regex: 'dropped:1'}}]}},\n\
         {{job_name: two, scrape_interval: 100ms, static_configs: [{{targets: ['{}']}}]}}]}}",
        up.address, down.address
    );
    let mut setup = Setup::new(&yaml).await;
    setup.scrape(true).await;
    setup.scrape(false).await;
    let (status, answer) = get(port, "/api/v1/targets").await;
    assert!(status.contains("200"), "{status}");
    assert_eq!(answer["status"], "success");
    let targets = answer["data"]["activeTargets"].as_array().unwrap();
    assert_eq!(targets.len(), 2);
    let one = &targets[0];
    assert_eq!(one["scrapePool"], "one");
    assert_eq!(one["scrapeUrl"], format!("http://{}/metrics", up.address));
    assert_eq!(one["labels"]["env"], "prod");
    assert_eq!(one["labels"]["instance"], up.address);
    assert_eq!(one["discoveredLabels"]["__address__"], up.address);
    assert_eq!(one["health"], "up");
    assert_eq!(one["scrapeInterval"], "100ms");
    assert!(one["lastScrape"].as_str().unwrap().starts_with("20"));
    let two = &targets[1];
    assert_eq!(two["health"], "down");
    assert_ne!(two["lastError"], "");
    assert_eq!(answer["data"]["droppedTargetCounts"]["one"], 1);
    let dropped = &answer["data"]["droppedTargets"][0]["discoveredLabels"];
    assert_eq!(dropped["__address__"], "dropped:1");

    let (_, answer) = get(port, "/api/v1/targets?state=dropped&scrapePool=one").await;
    assert_eq!(answer["data"]["activeTargets"].as_array().unwrap().len(), 0);
    assert_eq!(
        answer["data"]["droppedTargets"].as_array().unwrap().len(),
        1
    );
    let (_, answer) = get(port, "/api/v1/scrape_pools").await;
    assert_eq!(
        answer["data"]["scrapePools"],
        serde_json::json!(["one", "two"])
    );
    assert!(get(port, "/api/v1/query").await.0.contains("404"));
    setup.stop().await;
}

#[tokio::test]
async fn a_scrape_that_failed_says_why() {
    let location = vec![("Location", "/again".to_owned())];
    let bomb = {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&[b'\n'; 1 << 20]).unwrap();
        encoder.finish().unwrap()
    };
    let gzip = |body| Reply::Answer(200, vec![("Content-Encoding", "gzip".to_owned())], body);
    for (reply, keys, words) in [
        (Reply::text("a 1\nb{x=\"y"), "", "line 2"),
        (
            Reply::Answer(503, Vec::new(), Vec::new()),
            "",
            "HTTP status 503",
        ),
        (Reply::Answer(302, location, Vec::new()), "", "redirect"),
        (Reply::HangAfterHeaders, "", "deadline exceeded"),
        (Reply::Trickle, "", "deadline exceeded"),
        (
            Reply::Endless(b"a 1\n".repeat(100)),
            "body_size_limit: 1KB",
            "body size limit",
        ),
        (gzip(bomb), "body_size_limit: 10KB", "body size limit"),
        (gzip(b"a 1\n".to_vec()), "", "gzip"),
        (Reply::text("a 1\nb 2\n"), "sample_limit: 1", "sample limit"),
        (
            Reply::text("a{b=\"c\"} 1\n"),
            "label_limit: 3",
            "label_limit",
        ),
        (
            Reply::text("a{bcdefghijklmn=\"n\"} 1\n"),
            "label_name_length_limit: 12",
            "bcdefghijklm",
        ),
        (
            Reply::text("a{b=\"a value of some length\"} 1\n"),
            "label_value_length_limit: 20",
            "label_value_length_limit",
        ),
    ] {
        let shown = format!("{reply:?} {keys}");
        let target = Target::new(reply).await;
        let port = free_port();
        let yaml = format!(
            "api_server: {{enabled: true, server_config: {{endpoint: '127.0.0.1:{port}'}}}}\n\
             config: {{scrape_configs: [{{job_name: one, scrape_interval: 100ms, {keys}{comma} \
             static_configs: [{{targets: ['{}']}}]}}]}}",
            target.address,
            comma = if keys.is_empty() { "" } else { "," },
        );
        let mut setup = Setup::new(&yaml).await;
        setup.scrape(false).await;
        let (_, answer) = get(port, "/api/v1/targets").await;
        let listed = &answer["data"]["activeTargets"][0];
        let error = listed["lastError"].as_str().unwrap();
        assert!(error.contains(words), "{shown}: {error}");
        assert_eq!(listed["health"], "down");
        setup.stop().await;
    }
}

#[tokio::test]
async fn a_discovery_that_flaps_keeps_its_targets_and_shows_how_old_they_are() {
    let target = Target::new(Reply::text("a 1\n")).await;
    let list = format!("[{{\"targets\": [\"{}\"]}}]", target.address);
    let good = Reply::typed("application/json", list.as_bytes());
    let discovery = Target::new(good.clone()).await;
    let port = free_port();
    let yaml = format!(
        "api_server: {{enabled: true, server_config: {{endpoint: '127.0.0.1:{port}'}}}}\n\
         config: {{scrape_configs: [{{job_name: one, scrape_interval: 100ms, http_sd_configs: \
         [{{url: 'http://{}/sd', refresh_interval: 20ms}}]}}]}}",
        discovery.address
    );
    let mut setup = Setup::new(&yaml).await;
    setup.scrape(true).await;
    for bad in [
        Reply::Answer(503, Vec::new(), Vec::new()),
        Reply::typed("application/json", b"[{]"),
        Reply::Close,
    ] {
        discovery.set(bad);
        let shown = until(port, |shown| shown["lastError"] != "").await;
        assert_eq!(
            (&shown["targets"], &shown["scrapePool"]),
            (&1.into(), &"one".into())
        );
        assert!(shown["ageSeconds"].is_u64(), "{shown}");
        // Another scrape, of a target that nobody knows any more.
        let lines = setup.scrape(true).await;
        assert_eq!(lines[0], "gauge a{} 1");
        discovery.set(good.clone());
        until(port, |shown| shown["lastError"] == "").await;
    }
    let stale = |batch| {
        crate::setup::lines_of_batch(batch)
            .iter()
            .any(|line| line.contains("stale"))
    };
    assert!(!setup.recorder.batches().iter().any(stale));
    setup.stop().await;
}

/// Waits until the list says this of its one discovery.
async fn until(port: u16, is_so: impl Fn(&Value) -> bool) -> Value {
    let waiting = async {
        loop {
            let (_, answer) = get(port, "/api/v1/targets").await;
            let shown = &answer["data"]["discoveries"][0];
            if is_so(shown) {
                return shown.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, waiting).await.unwrap()
}

#[tokio::test]
async fn too_many_targets_fail_all_of_them() {
    let target = Target::new(Reply::text("a 1\n")).await;
    let yaml = format!(
        "config: {{scrape_configs: [{{job_name: one, scrape_interval: 100ms, target_limit: 1, \
         static_configs: [{{targets: ['{}', 'other:1']}}]}}]}}",
        target.address
    );
    let mut setup = Setup::new(&yaml).await;
    setup.scrape(false).await;
    assert!(target.requests().is_empty(), "nobody is asked");
    setup.stop().await;
}
