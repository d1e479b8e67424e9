//! Tokens by client credentials.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::server::{Reply, Seen, Server, status, text};
use crate::{client, get};

fn granted(token: &str, lasts: u32) -> Reply {
    text(&format!(
        r#"{{"access_token": "{token}", "token_type": "bearer", "expires_in": {lasts}}}"#
    ))
}

/// A server that counts the tokens it grants.
async fn grants(lasts: u32) -> Server {
    let count = Arc::new(AtomicUsize::new(0));
    Server::start(move |_| granted(&format!("t{}", count.fetch_add(1, Ordering::SeqCst)), lasts))
        .await
}

#[tokio::test]
async fn a_token_is_fetched_once_and_sent() {
    let (tokens, target) = (grants(3600).await, Server::start(|_| text("")).await);
    let client = client(&format!(
        "oauth2: {{client_id: 'me:x', client_secret: 'p w', token_url: '{}', scopes: [a, b], endpoint_params: {{audience: 'c&d'}}}}",
        tokens.url("/token")
    ));
    for _ in 0..3 {
        get(&client, &target.url("/")).await.unwrap();
        assert_eq!(target.last().header("authorization"), "Bearer t0");
    }
    let asked = tokens.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].line, "POST /token HTTP/1.1");
    assert_eq!(
        asked[0].body,
        "grant_type=client_credentials&scope=a+b&audience=c%26d"
    );
    // The name and the secret are encoded before they are joined: `me%3Ax:p+w`.
    assert_eq!(asked[0].header("authorization"), "Basic bWUlM0F4OnArdw==");
}

#[tokio::test]
async fn an_old_token_is_fetched_anew() {
    // Used up as soon as it is there: it is not used in its last ten seconds.
    let (tokens, target) = (grants(10).await, Server::start(|_| text("")).await);
    let client = client(&format!(
        "oauth2: {{client_id: a, client_secret: b, token_url: '{}'}}",
        tokens.url("/")
    ));
    for token in ["Bearer t0", "Bearer t1"] {
        get(&client, &target.url("/")).await.unwrap();
        assert_eq!(target.last().header("authorization"), token);
    }
}

#[tokio::test]
async fn a_new_secret_fetches_a_new_token() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let (tokens, target) = (grants(3600).await, Server::start(|_| text("")).await);
    let client = client(&format!(
        "oauth2: {{client_id: a, client_secret_file: {}, token_url: '{}'}}",
        file.display(),
        tokens.url("/")
    ));
    for (secret, token) in [("x", "Bearer t0"), ("x", "Bearer t0"), ("y", "Bearer t1")] {
        fs::write(&file, secret).unwrap();
        get(&client, &target.url("/")).await.unwrap();
        assert_eq!(target.last().header("authorization"), token);
    }
}

#[tokio::test]
async fn a_server_that_wants_the_client_in_the_form_gets_it_there() {
    let tokens = Server::start(|request: &Seen| {
        if request.body.contains("client_id=a&client_secret=b") {
            granted("t", 3600)
        } else {
            status("401 Unauthorized", "")
        }
    })
    .await;
    let target = Server::start(|_| text("")).await;
    let client = client(&format!(
        "oauth2: {{client_id: a, client_secret: b, token_url: '{}'}}",
        tokens.url("/")
    ));
    get(&client, &target.url("/")).await.unwrap();
    assert_eq!(target.last().header("authorization"), "Bearer t");
}

#[tokio::test]
async fn without_a_token_nothing_is_asked() {
    let body = br#"{"error": "invalid_client", "error_description": "who are you?"}"#;
    for (reply, words) in [
        (
            Reply::Whole("400 Bad Request", String::new(), body.to_vec()),
            "oauth2: cannot fetch token: 400 Bad Request: invalid_client who are you?",
        ),
        (
            text("{}"),
            "oauth2: cannot fetch token: server response missing access_token",
        ),
        (
            text("<html>"),
            "oauth2: cannot fetch token: the answer is no JSON object",
        ),
    ] {
        let tokens = Server::start(move |_| reply.clone()).await;
        let target = Server::start(|_| text("")).await;
        let client = client(&format!(
            "oauth2: {{client_id: a, client_secret: hunter2, token_url: '{}'}}",
            tokens.url("/")
        ));
        let error = get(&client, &target.url("/"))
            .await
            .unwrap_err()
            .to_string();
        assert_eq!(error, words);
        assert!(target.requests().is_empty());
    }
}
