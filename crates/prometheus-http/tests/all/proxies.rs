//! Proxies.

use crate::server::{Server, status, text};
use crate::{client, get};

#[tokio::test]
async fn plain_requests_are_handed_to_the_proxy_whole() {
    let proxy = Server::start(|_| text("by proxy")).await;
    let client = client(&format!("proxy_url: 'http://me:pw@{}'", proxy.address));
    let answer = get(&client, "http://target.invalid:9/metrics")
        .await
        .unwrap();
    assert_eq!(&*answer.body, b"by proxy");
    let seen = proxy.last();
    assert_eq!(seen.line, "GET http://target.invalid:9/metrics HTTP/1.1");
    assert_eq!(seen.header("proxy-authorization"), "Basic bWU6cHc=");
}

#[tokio::test]
async fn some_hosts_need_no_proxy() {
    let proxy = Server::start(|_| text("by proxy")).await;
    let target = Server::start(|_| text("direct")).await;
    let keys = format!(
        "proxy_url: 'http://{}', no_proxy: 127.0.0.0/8",
        proxy.address
    );
    let client = client(&keys.replace(", no_proxy", "\nno_proxy"));
    assert_eq!(
        &*get(&client, &target.url("/")).await.unwrap().body,
        b"direct"
    );
    let far = get(&client, "http://far.invalid/").await.unwrap();
    assert_eq!(&*far.body, b"by proxy");
}

#[tokio::test]
async fn a_tunnel_is_asked_for_with_headers() {
    let proxy = Server::start(|_| status("407 Proxy Authentication Required", "")).await;
    let client = client(&format!(
        "{{proxy_url: 'http://{}', proxy_connect_header: {{X-Key: [one, two]}}}}",
        proxy.address
    ));
    let error = get(&client, "https://target.invalid/")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("407 Proxy Authentication Required"),
        "{error}"
    );
    let seen = proxy.last();
    assert_eq!(seen.line, "CONNECT target.invalid:443 HTTP/1.1");
    assert_eq!(seen.all("x-key"), ["one", "two"]);
}
