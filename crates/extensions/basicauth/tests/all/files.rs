//! A file of users that changes and vanishes. The clock is paused: a look is due when the test says
//! so.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headwater_config::testing::decode;
use headwater_core::auth::{AuthError, ClientRequest, ServerAuthenticator};
use headwater_core::{ComponentKind, Context, Extension};
use headwater_credentials::{LOOK_INTERVAL, basic};
use headwater_extension_basicauth::{Config, factory};
use headwater_testkit::{environment, host};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Uri};
use tempfile::TempDir;

/// `open sesame`.
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy";

struct File {
    _folder: TempDir,
    path: PathBuf,
}

impl File {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, text).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

async fn started(keys: &str) -> Arc<dyn Extension> {
    let (config, _) = decode::<Config>(keys).unwrap();
    let settings = environment().settings(ComponentKind::Extension, &"basicauth".parse().unwrap());
    let extension = factory().build_extension(settings, &config).unwrap();
    extension.start(&host()).await.unwrap();
    extension
}

async fn server(file: &File, inline: &str) -> Arc<dyn ServerAuthenticator> {
    let keys = format!("htpasswd: {{file: {}, inline: '{inline}'}}", file.path());
    started(&keys).await.server_authenticator().unwrap()
}

async fn is_let_in(
    server: &Arc<dyn ServerAuthenticator>,
    user: &str,
    password: &str,
) -> Result<(), AuthError> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, basic(user, password).parse().unwrap());
    server.authenticate(&headers).await.map(drop)
}

async fn due() {
    tokio::time::advance(LOOK_INTERVAL).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_password_counts_and_the_old_one_does_no_more() {
    let file = File::new(&format!("ali:{BCRYPT}\ncara:plain\n"));
    let server = server(&file, "").await;
    for _ in 0..3 {
        is_let_in(&server, "ali", "open sesame").await.unwrap();
        is_let_in(&server, "ali", "wrong").await.unwrap_err();
    }
    is_let_in(&server, "cara", "plain").await.unwrap();
    fs::write(&file.path, "ali:wrong\n").unwrap();
    due().await;
    is_let_in(&server, "ali", "wrong").await.unwrap();
    is_let_in(&server, "ali", "open sesame").await.unwrap_err();
    is_let_in(&server, "cara", "plain").await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_file_that_vanishes_leaves_everybody_in() {
    let file = File::new(&format!("ali:{BCRYPT}\n"));
    let server = server(&file, "").await;
    fs::remove_file(&file.path).unwrap();
    for _ in 0..3 {
        due().await;
        is_let_in(&server, "ali", "open sesame").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn inline_users_win_over_those_of_the_file() {
    let file = File::new("ali:file\ncara:file");
    let server = server(&file, "ali:inline").await;
    is_let_in(&server, "ali", "inline").await.unwrap();
    is_let_in(&server, "ali", "file").await.unwrap_err();
    is_let_in(&server, "cara", "file").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_line_that_cannot_be_used_shuts_out_its_user_only() {
    let file = File::new("no colon\n\nali:$2b$04$damaged\ncara:x\n{SHA}:{SHA}!\n");
    let server = server(&file, "").await;
    is_let_in(&server, "ali", "$2b$04$damaged")
        .await
        .unwrap_err();
    is_let_in(&server, "cara", "x").await.unwrap();
}

#[tokio::test]
async fn messages_are_those_of_the_collector() {
    let server = started("htpasswd: {inline: 'ali:x'}").await;
    let server = server.server_authenticator().unwrap();
    for (header, message) in [
        (None, "no basic auth provided"),
        (Some("Bearer x"), "invalid authorization scheme prefix"),
        (Some("Basic invalid"), "invalid authorization format"),
        (Some("Basic eDp4"), "invalid credentials"),
    ] {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header.parse().unwrap());
        }
        let error = server.authenticate(&headers).await.unwrap_err();
        assert_eq!(error.message, message);
        assert!(error.challenge().unwrap().starts_with("Basic realm="));
    }
}

async fn signed(extension: &Arc<dyn Extension>) -> String {
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
async fn a_client_follows_its_files() {
    let (name, password) = (File::new("ali\n"), File::new("one\n"));
    let keys = format!(
        "client_auth: {{username: x, password: y, username_file: {}, password_file: {}}}",
        name.path(),
        password.path()
    );
    let extension = started(&keys).await;
    assert_eq!(signed(&extension).await, basic("ali", "one"));
    fs::write(&password.path, "two\n").unwrap();
    fs::remove_file(&name.path).unwrap();
    due().await;
    assert_eq!(signed(&extension).await, basic("ali", "two"));
    assert!(extension.server_authenticator().is_none());
}

#[tokio::test]
async fn a_file_that_is_missing_at_the_start_stops_it() {
    let missing = Path::new("/nonexistent/users");
    for keys in [
        format!("htpasswd: {{file: {}}}", missing.display()),
        format!(
            "client_auth: {{username: a, password_file: {}}}",
            missing.display()
        ),
    ] {
        let (config, _) = decode::<Config>(&keys).unwrap();
        let settings =
            environment().settings(ComponentKind::Extension, &"basicauth".parse().unwrap());
        let extension = factory().build_extension(settings, &config).unwrap();
        let error = extension.start(&host()).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("/nonexistent/users"), "{cause}");
    }
}
