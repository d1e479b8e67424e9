//! Tokens of an authorization server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_tests::{Extensions, Hub, PROTOCOLS, Protocol, Sender};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use headwater_core::Context;
use headwater_transport::signing::{Hash, sign_rsa};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const CLIENT: &str = "auth: {authenticator: oauth2client}";

/// An authorization server: grants `t0`, `t1`, … as long as it is willing.
#[derive(Clone, Default)]
struct Grants {
    asked: Arc<Mutex<Vec<String>>>,
    unwilling: Arc<AtomicUsize>,
}

impl Grants {
    async fn start(lasts: u32) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let grants = Self::default();
        let running = grants.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let grants = running.clone();
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    let mut chunk = [0; 4096];
                    loop {
                        let length = stream.read(&mut chunk).await.unwrap_or(0);
                        request.extend_from_slice(&chunk[..length]);
                        let text = String::from_utf8_lossy(&request).into_owned();
                        if length == 0 {
                            return;
                        }
                        if let Some((head, body)) = text.split_once("\r\n\r\n") {
                            let head = head.to_ascii_lowercase();
                            let wanted = head.split("content-length: ").nth(1).unwrap();
                            let wanted: usize =
                                wanted.split("\r\n").next().unwrap().parse().unwrap();
                            if body.len() >= wanted {
                                break;
                            }
                        }
                    }
                    let number = {
                        let mut asked = grants.asked.lock().unwrap();
                        asked.push(String::from_utf8_lossy(&request).into_owned());
                        asked.len() - 1
                    };
                    let answer = if grants.unwilling.load(Ordering::SeqCst) > 0 {
                        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
                    } else {
                        let body = format!(
                            r#"{{"access_token":"t{number}","token_type":"bearer","expires_in":{lasts}}}"#
                        );
                        format!(
                            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                            body.len()
                        )
                    };
                    drop(stream.write_all(answer.as_bytes()).await);
                });
            }
        });
        (grants, url)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn extension(url: &str, keys: &str) -> Extensions {
    let keys = format!("{{client_id: me, token_url: '{url}', {keys}}}");
    Extensions::new().with("oauth2client", &keys)
}

fn tokens(hub: &Hub) -> Vec<String> {
    let batches = hub.recorder.batches();
    let header = |batch: &headwater_core::Batch| batch.context().header("authorization").concat();
    batches.iter().map(header).collect()
}

#[tokio::test]
async fn twenty_requests_at_once_fetch_one_token_and_all_send_it() {
    for protocol in PROTOCOLS {
        let (grants, url) = Grants::start(3600).await;
        let keys = "client_secret: hunter2, scopes: [a, b], endpoint_params: {audience: x y}";
        let host = extension(&url, keys).host().await;
        let hub = Hub::start(&host, "include_metadata: true").await;
        let sender = Sender::start(&host, protocol, &hub, CLIENT).await;
        let sent = join_all((0..20).map(|_| sender.send(1, Context::default()))).await;
        assert!(sent.iter().all(Result::is_ok));
        sender.stop().await;
        assert_eq!(tokens(&hub), vec!["Bearer t0"; 20]);
        let asked = grants.asked();
        assert_eq!(asked.len(), 1);
        let body = "grant_type=client_credentials&scope=a+b&audience=x+y";
        assert!(asked[0].ends_with(body), "{}", asked[0]);
        hub.stop().await;
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_next_request_asks_again() {
    let (grants, url) = Grants::start(3600).await;
    let host = extension(&url, "client_secret: hunter2").host().await;
    let hub = Hub::start(&host, "include_metadata: true").await;
    let sender = Sender::start(&host, Protocol::Http, &hub, CLIENT).await;
    grants.unwilling.store(1, Ordering::SeqCst);
    let error = sender.send(1, Context::default()).await.unwrap_err();
    assert!(!error.is_permanent(), "it may come right: {error}");
    let text = error.chain();
    assert!(text.contains("503") && !text.contains("hunter2"), "{text}");
    assert_eq!(hub.recorder.calls(), 0);
    grants.unwilling.store(0, Ordering::SeqCst);
    sender.send(1, Context::default()).await.unwrap();
    sender.stop().await;
    assert_eq!(tokens(&hub).len(), 1);
    hub.stop().await;
}

#[tokio::test]
async fn a_token_that_should_be_renewed_is_used_while_no_other_can_be_had() {
    // It should be renewed from half of its life on: after half an hour.
    let (grants, url) = Grants::start(3600).await;
    let host = extension(&url, "client_secret: s, expiry_buffer: 1h")
        .host()
        .await;
    let hub = Hub::start(&host, "include_metadata: true").await;
    let sender = Sender::start(&host, Protocol::Http, &hub, CLIENT).await;
    sender.send(1, Context::default()).await.unwrap();
    grants.unwilling.store(1, Ordering::SeqCst);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2000)).await;
    tokio::time::resume();
    sender.send(1, Context::default()).await.unwrap();
    sender.stop().await;
    assert_eq!(tokens(&hub), ["Bearer t0", "Bearer t0"]);
    assert!(grants.asked().len() >= 2, "another one was asked for");
    hub.stop().await;
}

#[tokio::test]
async fn an_assertion_is_signed_and_says_what_was_configured() {
    let (grants, url) = Grants::start(3600).await;
    let key = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../crates/transport/testdata/rsa-of-tests.pem"
    );
    let keys = format!(
        "grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', client_certificate_key_file: {key}, \
         client_certificate_key_id: k1, signature_algorithm: RS512, claims: {{team: [a, 1, true]}}"
    );
    let host = extension(&url, &keys).host().await;
    let hub = Hub::start(&host, "include_metadata: true").await;
    let sender = Sender::start(&host, Protocol::Grpc, &hub, CLIENT).await;
    sender.send(1, Context::default()).await.unwrap();
    sender.stop().await;
    assert_eq!(tokens(&hub), ["Bearer t0"]);
    let asked = grants.asked();
    let (_, body) = asked[0].split_once("\r\n\r\n").unwrap();
    let prefix = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    let assertion = body.strip_prefix(prefix).unwrap();
    let parts: Vec<_> = assertion.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("{assertion}")
    };
    let read = |part: &str| -> serde_json::Value {
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    assert_eq!(
        read(header),
        serde_json::json!({"alg": "RS512", "typ": "JWT", "kid": "k1"})
    );
    let said = read(claims);
    assert_eq!(
        (&said["iss"], &said["sub"], &said["aud"]),
        (&"me".into(), &"me".into(), &url.into())
    );
    assert_eq!(said["team"], serde_json::json!(["a", 1, true]));
    assert!(said["exp"].as_u64() > said["iat"].as_u64());
    let pem = std::fs::read_to_string(key).unwrap();
    let signed = format!("{header}.{claims}");
    let expected = sign_rsa(&pem, Hash::Sha512, signed.as_bytes()).unwrap();
    assert_eq!(signature, URL_SAFE_NO_PAD.encode(expected));
    hub.stop().await;
}
