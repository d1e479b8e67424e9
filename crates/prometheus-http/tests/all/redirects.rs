//! Targets that send elsewhere.

use headwater_prometheus_http::FetchError;

use crate::server::{Server, status, text};
use crate::{client, get};

#[tokio::test]
async fn redirects_are_followed_unless_switched_off() {
    let server = Server::start(|request| {
        if request.line.contains("/old") {
            status("302 Found", "Location: /new\r\n")
        } else {
            text("here")
        }
    })
    .await;
    let answer = get(&client(""), &server.url("/old")).await.unwrap();
    assert_eq!(&*answer.body, b"here");
    let answer = get(&client("follow_redirects: false"), &server.url("/old"))
        .await
        .unwrap();
    assert_eq!(answer.status_text(), "302 Found");
}

#[tokio::test]
async fn a_circle_of_redirects_is_left() {
    let server = Server::start(|_| status("301 Moved Permanently", "Location: /\r\n")).await;
    let error = get(&client(""), &server.url("/")).await.unwrap_err();
    assert!(matches!(&error, FetchError::Transport(_)));
    assert!(
        error.to_string().contains("stopped after 10 redirects"),
        "{error}"
    );
    assert!(server.requests().len() <= 11);
}

#[tokio::test]
async fn credentials_do_not_go_to_another_host() {
    let other = Server::start(|_| text("")).await;
    // The same address by another name is another host.
    let location = format!("Location: http://localhost:{}/\r\n", other.address.port());
    let server = Server::start(move |_| status("302 Found", &location)).await;
    let client = client("bearer_token: secret");
    get(&client, &server.url("/")).await.unwrap();
    assert_eq!(server.last().header("authorization"), "Bearer secret");
    assert_eq!(other.last().header("authorization"), "");
}
