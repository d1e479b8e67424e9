//! Targets that a server lists.

use std::sync::{Arc, Mutex};

use headwater_discovery::HttpDiscovery;
use headwater_prometheus::scrape_config::HttpSdConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::config;
use crate::running::Running;

/// A server whose answer can be changed.
struct Server {
    url: String,
    answer: Arc<Mutex<String>>,
    seen: Arc<Mutex<String>>,
}

impl Server {
    async fn start(answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("http://{}/sd", listener.local_addr().unwrap()),
            answer: Arc::new(Mutex::new(answer)),
            seen: Arc::default(),
        };
        let (answer, seen) = (Arc::clone(&server.answer), Arc::clone(&server.seen));
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(socket.read_u8().await.unwrap());
                }
                *seen.lock().unwrap() = String::from_utf8(head).unwrap().to_lowercase();
                let answer = answer.lock().unwrap().clone();
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        server
    }

    fn set(&self, answer: String) {
        *self.answer.lock().unwrap() = answer;
    }

    fn discover(&self, keys: &str) -> Running {
        let config = config::<HttpSdConfig>(&format!(
            "{{url: '{}', refresh_interval: 20ms{keys}}}",
            self.url
        ));
        Running::start(HttpDiscovery::new(&config, "agent/1").unwrap())
    }
}

fn answer(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

fn list(body: &str) -> String {
    answer("200 OK", "application/json; charset=utf-8", body)
}

#[tokio::test]
async fn the_list_is_asked_for_again_and_again() {
    let server = Server::start(list(
        r#"[{"targets": ["a:1"], "labels": {"env": "x"}}, {"targets": ["b:1"]}]"#,
    ))
    .await;
    let mut running = server.discover(", authorization: {credentials: abc}");
    running.until(&["a:1", "b:1"]).await;
    let group = running.group(&format!("{}:0", server.url));
    assert_eq!(group.labels.get("__meta_url"), server.url);
    assert_eq!(group.labels.get("env"), "x");
    let seen = server.seen.lock().unwrap().clone();
    for line in [
        "get /sd http/1.1",
        "accept: application/json",
        "x-prometheus-refresh-interval-seconds: 0.02",
        "authorization: bearer abc",
        "user-agent: agent/1",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
    server.set(list(r#"[{"targets": ["c:1"]}]"#));
    running.until(&["c:1"]).await;
    server.set(list("[]"));
    running.until(&[]).await;
    running.leave().await;
}

#[tokio::test]
async fn garbage_keeps_the_last_good_list() {
    let good = list(r#"[{"targets": ["a:1"]}]"#);
    for (bad, words) in [
        (
            answer("500 Internal Server Error", "application/json", "[]"),
            "server returned HTTP status 500",
        ),
        (
            answer("200 OK", "text/html", "[]"),
            "unsupported content type \"text/html\"",
        ),
        (list("[{\"targets\": "), "EOF"),
        (list("{}"), "expected a sequence"),
        ("garbage\r\n\r\n".to_owned(), "/sd"),
    ] {
        let server = Server::start(good.clone()).await;
        let mut running = server.discover("");
        running.until(&["a:1"]).await;
        server.set(bad);
        let error = running.error().await;
        assert!(error.contains(words), "{words}: {error}");
        running.assert_silent();
        assert_eq!(running.health.as_ref().unwrap().status().targets, 1);
        server.set(list(r#"[{"targets": ["a:2"]}]"#));
        running.until(&["a:2"]).await;
        running.leave().await;
    }
}

#[tokio::test]
async fn a_password_in_the_url_is_neither_a_label_nor_a_name() {
    let server = Server::start(list(r#"[{"targets": ["a:1"]}]"#)).await;
    let url = server.url.replace("http://", "http://me:hunter2@");
    let config = config::<HttpSdConfig>(&format!("{{url: '{url}'}}"));
    let mut running = Running::start(HttpDiscovery::new(&config, "agent/1").unwrap());
    let groups = running.update().await;
    assert_eq!(groups[0].labels.get("__meta_url"), server.url);
    let health = running.health.as_ref().unwrap().status();
    assert_eq!(health.name, format!("http_sd {}", server.url));
    running.leave().await;
}
