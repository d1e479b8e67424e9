//! The client against servers that are written by hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bodies;
mod credentials;
mod oauth2;
mod proxies;
mod redirects;
mod server;
mod tls;

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_prometheus::scrape_config::HttpClientConfig;
use headwater_prometheus_http::{Answer, FetchError, HttpClient, Request, parse_url};
use http::HeaderMap;

/// A client with these keys.
fn client(keys: &str) -> HttpClient {
    let (config, _) = decode::<HttpClientConfig>(keys).unwrap();
    HttpClient::new(&config, "agent/1").unwrap()
}

/// Asks with a limit that no test but those of bodies reaches.
async fn get(client: &HttpClient, url: &str) -> Result<Answer, FetchError> {
    limited(client, url, 1 << 20, Duration::from_secs(20)).await
}

async fn limited(
    client: &HttpClient,
    url: &str,
    body_limit: u64,
    timeout: Duration,
) -> Result<Answer, FetchError> {
    let headers = HeaderMap::new();
    let url = parse_url(url).unwrap();
    let request = Request {
        url: &url,
        headers: &headers,
        compression: true,
        body_limit,
        timeout,
    };
    client.get(request).await
}
