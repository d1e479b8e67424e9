//! A file of tokens that changes and vanishes. The clock is paused: a look is due when the test
//! says so.

use std::fs;
use std::sync::Arc;

use headwater_config::testing::decode;
use headwater_core::auth::ClientRequest;
use headwater_core::{ComponentKind, Context, Extension};
use headwater_credentials::LOOK_INTERVAL;
use headwater_extension_bearertokenauth::{Config, factory};
use headwater_testkit::{environment, host};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Uri};

fn built(keys: &str) -> Arc<dyn Extension> {
    let (config, _) = decode::<Config>(keys).unwrap();
    let id = "bearertokenauth".parse().unwrap();
    let settings = environment().settings(ComponentKind::Extension, &id);
    factory().build_extension(settings, &config).unwrap()
}

async fn is_let_in(extension: &Arc<dyn Extension>, token: &str) -> bool {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, token.parse().unwrap());
    let server = extension.server_authenticator().unwrap();
    server.authenticate(&headers).await.is_ok()
}

async fn sent(extension: &Arc<dyn Extension>) -> String {
    let mut headers = HeaderMap::new();
    let mut request = ClientRequest {
        method: &Method::POST,
        uri: &Uri::from_static("http://x/"),
        headers: &mut headers,
        body: b"",
        context: &Context::default(),
    };
    let client = extension.client_authenticator().unwrap();
    client.authorize(&mut request).await.unwrap();
    headers[AUTHORIZATION].to_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_file_counts_and_is_followed_also_when_it_vanishes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    fs::write(&path, " one \n\ntwo\n").unwrap();
    let extension = built(&format!("{{token: inline, filename: {}}}", path.display()));
    extension.start(&host()).await.unwrap();
    assert_eq!(sent(&extension).await, "Bearer one");
    for (token, taken) in [
        ("Bearer one", true),
        ("Bearer two", true),
        ("Bearer inline", false),
        // The empty lines are no tokens.
        ("Bearer ", false),
        ("one", false),
    ] {
        assert_eq!(is_let_in(&extension, token).await, taken, "{token}");
    }
    fs::remove_file(&path).unwrap();
    tokio::time::advance(LOOK_INTERVAL).await;
    assert!(is_let_in(&extension, "Bearer one").await);
    fs::write(&path, "three").unwrap();
    tokio::time::advance(LOOK_INTERVAL).await;
    assert_eq!(sent(&extension).await, "Bearer three");
    assert!(!is_let_in(&extension, "Bearer one").await);
}

#[tokio::test]
async fn a_file_without_tokens_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    fs::write(&path, "\n \n").unwrap();
    let extension = built(&format!("filename: {}", path.display()));
    let error = extension.start(&host()).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("the file is empty"), "{cause}");
}
