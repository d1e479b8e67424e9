//! Passwords, tokens and headers.

use std::fs;

use crate::server::{Server, text};
use crate::{client, get};

#[tokio::test]
async fn a_user_is_sent_with_a_password_from_a_file_that_may_change() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    let server = Server::start(|_| text("")).await;
    let client = client(&format!(
        "basic_auth: {{username: me, password_file: {}}}",
        file.display()
    ));
    let error = get(&client, &server.url("/"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("unable to read basic auth password file"),
        "{error}"
    );
    for (password, expected) in [("one\n", "Basic bWU6b25l"), ("two", "Basic bWU6dHdv")] {
        fs::write(&file, password).unwrap();
        get(&client, &server.url("/")).await.unwrap();
        assert_eq!(server.last().header("authorization"), expected);
    }
}

#[tokio::test]
async fn a_token_file_is_read_for_every_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let server = Server::start(|_| text("")).await;
    let path = file.display();
    for keys in [
        format!("bearer_token_file: {path}"),
        format!("authorization: {{credentials_file: {path}}}"),
    ] {
        let client = client(&keys);
        for token in ["first", "second"] {
            fs::write(&file, format!("{token}\n")).unwrap();
            get(&client, &server.url("/")).await.unwrap();
            assert_eq!(
                server.last().header("authorization"),
                format!("Bearer {token}")
            );
        }
    }
}

#[tokio::test]
async fn the_word_before_a_token_may_be_another() {
    let server = Server::start(|_| text("")).await;
    let client = client("authorization: {type: Token, credentials: abc}");
    get(&client, &server.url("/")).await.unwrap();
    assert_eq!(server.last().header("authorization"), "Token abc");
}

#[tokio::test]
async fn headers_are_sent_once_for_each_value() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("header");
    fs::write(&file, "three\n").unwrap();
    let server = Server::start(|_| text("")).await;
    let client = client(&format!(
        "http_headers: {{X-Tenant: {{values: [one], secrets: [two], files: [{}]}}, X-B: {{values: [b]}}}}",
        file.display()
    ));
    get(&client, &server.url("/")).await.unwrap();
    let last = server.last();
    assert_eq!(last.all("x-tenant"), ["one", "two", "three"]);
    assert_eq!(last.header("x-b"), "b");
}

#[tokio::test]
async fn a_secret_that_cannot_be_sent_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "hunter2\nhunter3").unwrap();
    let client = client(&format!("bearer_token_file: {}", file.display()));
    let error = get(&client, "http://127.0.0.1:1/").await.unwrap_err();
    assert!(!error.to_string().contains("hunter"), "{error}");
    assert!(
        error.to_string().contains("cannot be sent in a header"),
        "{error}"
    );
}
