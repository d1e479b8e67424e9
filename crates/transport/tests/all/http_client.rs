//! What an HTTP client does with connections, redirects, proxies, cookies and odd servers.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use headwater_core::Context;
use headwater_core::rpc::Code;
use headwater_transport::Status;
use headwater_transport::grpc::Message;
use headwater_transport::http::{
    Answer, Client, ClientOptions, Handler, Proxies, Request, Response, Server, ServerOptions,
    parse_url,
};
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::http::{Echo, post, serve_http};
use crate::support::*;

async fn post_to(client: &Client, url: &str) -> Result<Answer, Status> {
    let url = parse_url("endpoint", url).unwrap();
    let body = Message::from(Bytes::from_static(b"spans"));
    let content_type = HeaderValue::from_static("text/plain");
    within(
        "an answer",
        client.post(&url, content_type, body, &Context::default()),
    )
    .await
}

fn ports(handler: &Echo) -> Vec<u16> {
    let contexts = handler.contexts.lock().unwrap();
    contexts
        .iter()
        .map(|context| context.peer().unwrap().port())
        .collect()
}

#[tokio::test]
async fn connections_are_used_again_unless_that_is_switched_off() {
    for keep_alive in [true, false] {
        let handler = Echo::default();
        let server = serve_http(handler.clone(), ServerOptions::default());
        let client = Client::new(ClientOptions {
            keep_alive,
            ..ClientOptions::default()
        });
        for _ in 0..5 {
            post(&client, &server, b"x").await.unwrap();
        }
        let mut ports = ports(&handler);
        ports.dedup();
        assert_eq!(ports.len(), if keep_alive { 1 } else { 5 });
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_costs_no_request() {
    let handler = Echo::default();
    let options = ServerOptions {
        idle_timeout: Some(Duration::from_millis(20)),
        ..ServerOptions::default()
    };
    let server = serve_http(handler.clone(), options);
    let client = Client::new(ClientOptions::default());
    for _ in 0..3 {
        post(&client, &server, b"x").await.unwrap();
        tokio::time::sleep(Duration::from_millis(80)).await;
    }
    assert_eq!(handler.called.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn connections_idle_for_too_long_are_closed() {
    let handler = Echo::default();
    let server = serve_http(handler.clone(), ServerOptions::default());
    let idle_timeout = Some(Duration::from_millis(30));
    let client = Client::new(ClientOptions {
        idle_timeout,
        ..ClientOptions::default()
    });
    post(&client, &server, b"x").await.unwrap();
    server.stopper.stop_by(std::time::Instant::now() + PATIENCE);
    within("no connection is left", server.task).await.unwrap();
}

#[tokio::test]
async fn a_limit_on_connections_makes_requests_wait() {
    let handler = Echo::default();
    let server = serve_http(handler.clone(), ServerOptions::default());
    let client = Client::new(ClientOptions {
        max_per_host: Some(1),
        ..ClientOptions::default()
    });
    let posts = (0..10).map(|_| post(&client, &server, b"x"));
    for answer in futures_util::future::join_all(posts).await {
        assert_eq!(answer.unwrap().status, 200);
    }
    let ports = ports(&handler);
    assert!(ports.iter().all(|port| *port == ports[0]), "{ports:?}");
}

#[tokio::test]
async fn a_server_that_is_down_slow_or_odd_is_named() {
    let client = Client::new(ClientOptions {
        timeout: Some(Duration::from_millis(100)),
        ..ClientOptions::default()
    });
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let status = post_to(&client, &format!("http://127.0.0.1:{port}/v1"))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let expected = format!("Post \"http://127.0.0.1:{port}/v1\": connect to 127.0.0.1:{port}");
    assert!(status.message().starts_with(&expected), "{status}");

    let server = serve_http(Echo::default(), ServerOptions::default());
    let slow = format!("http://{}/hang", server.address);
    let status = post_to(&client, &slow).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().contains(&slow), "{status}");

    let client = Client::new(ClientOptions::default());
    for answer in [
        &b"rubbish\r\n\r\n"[..],
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    ] {
        let address = answering(answer).await;
        let status = post_to(&client, &format!("http://{address}/"))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert!(status.is_retryable());
    }
}

/// Sends requests on: `/a/<n>` counts down with 307, `/see/<status>` goes to a login page.
#[derive(Clone, Default)]
struct Redirecting {
    seen: std::sync::Arc<std::sync::Mutex<Vec<String>>>,
}

impl Handler for Redirecting {
    async fn call(&self, request: Request) -> Response {
        let path = request.uri.path().to_owned();
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let cookie = request
            .headers
            .get("cookie")
            .map_or("", |value| value.to_str().unwrap());
        let auth = request.headers.contains_key("authorization");
        self.seen
            .lock()
            .unwrap()
            .push(format!("{} {path} {body} {cookie} {auth}", request.method));
        let to = |status, location: String| {
            Response::empty(status).with_header(LOCATION, location.parse().unwrap())
        };
        if let Some(left) = path.strip_prefix("/a/") {
            let left: u32 = left.parse().unwrap();
            let next = if left == 0 {
                "/end".to_owned()
            } else {
                format!("{}", left - 1)
            };
            return to(StatusCode::TEMPORARY_REDIRECT, next);
        }
        match path.as_str() {
            "/see/301" => to(StatusCode::MOVED_PERMANENTLY, "/end?x=1".to_owned()),
            "/see/302" => to(StatusCode::FOUND, "/end?back=http://a/".to_owned()),
            "/see/303" => to(StatusCode::SEE_OTHER, "end?x=1".to_owned()),
            "/for-ever" => to(StatusCode::PERMANENT_REDIRECT, "/for-ever".to_owned()),
            "/away" => {
                let port = request.headers["host"]
                    .to_str()
                    .unwrap()
                    .rsplit_once(':')
                    .unwrap()
                    .1;
                to(
                    StatusCode::TEMPORARY_REDIRECT,
                    format!("http://localhost:{port}/end"),
                )
            }
            "/login" => Response::empty(StatusCode::OK)
                .with_header(SET_COOKIE, HeaderValue::from_static("session=1; Path=/")),
            _ => Response::text(StatusCode::OK, "end"),
        }
    }
}

#[tokio::test]
async fn redirects_that_keep_the_body_are_followed_a_while() {
    let handler = Redirecting::default();
    let server = serve_with(
        Server::new(handler.clone(), ServerOptions::default()),
        listener(),
    );
    let client = Client::new(ClientOptions::default());
    let base = format!("http://{}", server.address);
    assert_eq!(
        post_to(&client, &format!("{base}/a/1")).await.unwrap().body,
        "end"
    );
    let expected = [
        "POST /a/1 spans  false",
        "POST /a/0 spans  false",
        "POST /end spans  false",
    ];
    assert_eq!(std::mem::take(&mut *handler.seen.lock().unwrap()), expected);
    let status = post_to(&client, &format!("{base}/for-ever"))
        .await
        .unwrap_err();
    assert!(
        status.message().contains("stopped after 10 redirects"),
        "{status}"
    );
    assert_eq!(handler.seen.lock().unwrap().len(), 11);
}

#[tokio::test]
async fn a_login_page_does_not_count_as_delivery() {
    let handler = Redirecting::default();
    let server = serve_with(
        Server::new(handler.clone(), ServerOptions::default()),
        listener(),
    );
    let client = Client::new(ClientOptions::default());
    let base = format!("http://{}", server.address);
    for status in ["301", "302", "303"] {
        let url = format!("{base}/see/{status}");
        let lost = post_to(&client, &url).await.unwrap_err();
        assert!(!lost.is_retryable(), "{lost}");
        let end = if status == "303" { "/see/end" } else { "/end" };
        for part in [status, &format!("to {base}{end},"), "as the endpoint", &url] {
            assert!(lost.message().contains(part), "{part}: {lost}");
        }
        assert!(!lost.message().contains('?'), "{lost}");
        // Nothing is lost with a GET.
        let request = headwater_transport::http::ClientRequest {
            method: http::Method::GET,
            url: parse_url("endpoint", &url).unwrap(),
            headers: http::HeaderMap::new(),
            body: Message::default(),
            answer_limit: 100,
        };
        let answer = client.send(request, &Context::default()).await.unwrap();
        assert_eq!(answer.body, "end");
        let seen = std::mem::take(&mut *handler.seen.lock().unwrap());
        assert_eq!(seen.len(), 3);
        assert!(
            seen[1..].iter().all(|line| line.starts_with("GET")),
            "{seen:?}"
        );
    }
    let as_they_are = Client::new(ClientOptions {
        follow_redirects: false,
        ..ClientOptions::default()
    });
    let answer = post_to(&as_they_are, &format!("{base}/see/302")).await;
    assert_eq!(answer.unwrap().status, StatusCode::FOUND);
}

#[tokio::test]
async fn keys_of_the_settings_do_not_follow_to_another_host() {
    let handler = Redirecting::default();
    let server = serve_with(
        Server::new(handler.clone(), ServerOptions::default()),
        listener(),
    );
    let mut options = ClientOptions::default();
    for name in ["authorization", "cookie"] {
        let value = HeaderValue::from_static("key");
        options.headers.insert(name, value);
    }
    let client = Client::new(options);
    let base = format!("http://{}", server.address);
    post_to(&client, &format!("{base}/away")).await.unwrap();
    post_to(&client, &format!("{base}/a/0")).await.unwrap();
    let expected = [
        "POST /away spans key true",
        "POST /end spans  false",
        "POST /a/0 spans key true",
        "POST /end spans key true",
    ];
    assert_eq!(*handler.seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn credentials_of_a_url_do_not_follow_to_another_host() {
    let handler = Redirecting::default();
    let server = serve_with(
        Server::new(handler.clone(), ServerOptions::default()),
        listener(),
    );
    let client = Client::new(ClientOptions::default());
    post_to(
        &client,
        &format!("http://user:secret@{}/away", server.address),
    )
    .await
    .unwrap();
    let expected = ["POST /away spans  true", "POST /end spans  false"];
    assert_eq!(*handler.seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn cookies_are_kept_only_where_asked_for() {
    for cookies in [true, false] {
        let handler = Redirecting::default();
        let server = serve_with(
            Server::new(handler.clone(), ServerOptions::default()),
            listener(),
        );
        let client = Client::new(ClientOptions {
            cookies,
            ..ClientOptions::default()
        });
        for path in ["login", "next"] {
            post_to(&client, &format!("http://{}/{path}", server.address))
                .await
                .unwrap();
        }
        let expected = if cookies {
            "POST /next spans session=1 false"
        } else {
            "POST /next spans  false"
        };
        assert_eq!(handler.seen.lock().unwrap()[1], expected);
    }
}

#[tokio::test]
async fn headers_of_the_settings_win_and_host_names_another_host() {
    let handler = Echo::default();
    let server = serve_http(handler.clone(), ServerOptions::default());
    let mut options = ClientOptions::default();
    options
        .headers
        .insert("content-type", HeaderValue::from_static("x/y"));
    options
        .headers
        .insert("host", HeaderValue::from_static("virtual:1"));
    post(&Client::new(options), &server, b"x").await.unwrap();
    let requests = handler.requests.lock().unwrap();
    let (_, _, headers) = &requests[0];
    assert_eq!(
        (&headers["content-type"], &headers["host"]),
        (&"x/y".parse().unwrap(), &"virtual:1".parse().unwrap())
    );
    assert!(
        headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("headwater/")
    );
}

#[tokio::test]
async fn plain_requests_are_sent_whole_to_the_proxy() {
    // Our own server plays the proxy: it sees the whole URL.
    let handler = Echo::default();
    let proxy = serve_http(handler.clone(), ServerOptions::default());
    let proxies = Proxies::new(&format!("http://user:secret@{}", proxy.address)).unwrap();
    let client = Client::new(ClientOptions {
        proxies,
        ..ClientOptions::default()
    });
    let answer = post_to(&client, "http://backend.invalid:4318/echo/x")
        .await
        .unwrap();
    assert_eq!(answer.body, "spans");
    let requests = handler.requests.lock().unwrap();
    let (_, uri, headers) = &requests[0];
    assert_eq!(uri, "http://backend.invalid:4318/echo/x");
    assert_eq!(headers["host"], "backend.invalid:4318");
    assert_eq!(headers["proxy-authorization"], "Basic dXNlcjpzZWNyZXQ=");
}

/// A proxy that builds one kind of tunnel: all lead to `to`. Tells what it was asked.
pub(crate) async fn tunnelling(
    to: std::net::SocketAddr,
) -> (std::net::SocketAddr, tokio::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, receiver) = tokio::sync::mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let asked = asked.clone();
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    stream.read_line(&mut head).await.unwrap();
                }
                asked.send(head).await.unwrap();
                stream
                    .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    .await
                    .unwrap();
                let mut onward = TcpStream::connect(to).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut stream, &mut onward).await);
            });
        }
    });
    (address, receiver)
}

#[tokio::test]
async fn a_proxy_that_refuses_a_tunnel_is_quoted() {
    let proxy = answering(b"HTTP/1.1 403 Not for you\r\n\r\n").await;
    let proxies = Proxies::new(&format!("http://{proxy}")).unwrap();
    let connector_needs_tls = headwater_transport::config::HttpClientConfig {
        proxy_url: format!("http://{proxy}"),
        ..headwater_transport::config::HttpClientConfig::default()
    };
    drop(proxies);
    let client = connector_needs_tls
        .client(&host(Vec::new()), "test/1")
        .unwrap();
    let status = post_to(&client, "https://backend.invalid:4318/")
        .await
        .unwrap_err();
    assert!(
        status
            .message()
            .contains("the proxy answered HTTP/1.1 403 Not for you"),
        "{status}"
    );
}
