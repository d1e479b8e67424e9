//! What health probes see.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_core::{ComponentKind, Extension};
use headwater_extension_health_check::{Config, factory};
use headwater_testkit::{environment, host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The extension on a free port, with these settings besides.
async fn start(yaml: &str) -> (Arc<dyn Extension>, SocketAddr) {
    // A port that was free a moment ago: the extension does not tell which one it got.
    let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = probe.local_addr().unwrap();
    drop(probe);
    let (config, _) = decode::<Config>(&format!("endpoint: {address}\n{yaml}")).unwrap();
    let settings =
        environment().settings(ComponentKind::Extension, &"health_check".parse().unwrap());
    let extension = factory().build_extension(settings, &config).unwrap();
    extension.start(&host()).await.unwrap();
    (extension, address)
}

/// The status and the body of a GET, and the content type.
async fn get(address: SocketAddr, path: &str) -> (u16, String, String) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let kind = head
        .lines()
        .find_map(|line| line.strip_prefix("content-type: "))
        .unwrap_or_default();
    (status, body.to_owned(), kind.to_owned())
}

async fn stop(extension: Arc<dyn Extension>) {
    let deadline = Instant::now() + Duration::from_secs(5);
    extension.shutdown(deadline).await.unwrap();
}

#[tokio::test]
async fn the_answer_follows_the_pipelines() {
    let (extension, address) = start("").await;
    let unavailable =
        r#"{"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""}"#;
    let (status, body, kind) = get(address, "/").await;
    assert_eq!(
        (status, body.as_str(), kind.as_str()),
        (503, unavailable, "application/json")
    );
    extension.ready();
    let (status, body, _) = get(address, "/any/path").await;
    assert_eq!(status, 200);
    assert!(
        body.starts_with(r#"{"status":"Server available","upSince":"20"#),
        "{body}"
    );
    assert!(body.ends_with("s\"}"), "{body}");
    extension.not_ready();
    assert_eq!(get(address, "/").await.0, 503);
    stop(extension).await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn path_and_body_can_be_set() {
    let yaml = "path: /health\nresponse_body: {healthy: fine, unhealthy: not yet}";
    let (extension, address) = start(yaml).await;
    assert_eq!(get(address, "/health").await.1, "not yet");
    extension.ready();
    let (status, body, kind) = get(address, "/health").await;
    assert_eq!((status, body.as_str()), (200, "fine"));
    assert!(kind.starts_with("text/plain"), "{kind}");
    assert_eq!(get(address, "/").await.0, 404);
    stop(extension).await;
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (config, _) = decode::<Config>(&format!("endpoint: {address}")).unwrap();
    let settings =
        environment().settings(ComponentKind::Extension, &"health_check".parse().unwrap());
    let extension = factory().build_extension(settings, &config).unwrap();
    let error = extension.start(&host()).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains(&address.to_string()), "{cause}");
    stop(extension).await;
}

#[test]
fn the_defaults_are_upstreams() {
    let (config, warnings) = decode::<Config>("check_collector_pipeline: {enabled: true}").unwrap();
    assert_eq!(config.server.address.endpoint, "localhost:13133");
    assert_eq!((config.path.as_str(), warnings.as_str()), ("/", ""));
    assert!(
        decode::<Config>("path: health")
            .unwrap_err()
            .contains("must start with /")
    );
    assert!(
        decode::<Config>("endpoint: ''")
            .unwrap_err()
            .contains("must be specified")
    );
    assert!(decode::<Config>("prot: 1").is_err());
}

#[test]
fn the_readme_has_the_keys_that_are_its_own() {
    let table = keys_table::<Config>();
    let own: Vec<&str> = table
        .lines()
        .skip_while(|row| !row.starts_with("| `path`"))
        .collect();
    assert!(own.len() > 4, "{table}");
    for row in own {
        assert!(include_str!("../README.md").contains(row), "{row}");
    }
}
