//! A header from a file. The clock is paused: a look is due when the test says so.

use std::fs;

use headwater_config::testing::decode;
use headwater_core::auth::ClientRequest;
use headwater_core::{ComponentKind, Context};
use headwater_credentials::LOOK_INTERVAL;
use headwater_extension_headers_setter::{Config, factory};
use headwater_testkit::{environment, host};
use http::{HeaderMap, Method, Uri};

#[tokio::test(start_paused = true)]
async fn a_value_follows_its_file_also_when_that_vanishes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    fs::write(&path, "one\n").unwrap();
    let keys = format!("headers: [{{key: X-Key, value_file: {}}}]", path.display());
    let (config, _) = decode::<Config>(&keys).unwrap();
    let id = "headers_setter".parse().unwrap();
    let settings = environment().settings(ComponentKind::Extension, &id);
    let extension = factory().build_extension(settings, &config).unwrap();
    extension.start(&host()).await.unwrap();
    let client = extension.client_authenticator().unwrap();
    for (text, expected) in [(Some("one"), "one"), (Some("two\n"), "two"), (None, "two")] {
        match text {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        tokio::time::advance(LOOK_INTERVAL).await;
        let mut headers = HeaderMap::new();
        let mut request = ClientRequest {
            method: &Method::POST,
            uri: &Uri::from_static("http://x/"),
            headers: &mut headers,
            body: b"",
            context: &Context::default(),
        };
        client.authorize(&mut request).await.unwrap();
        assert_eq!(headers["x-key"], expected);
    }
}
