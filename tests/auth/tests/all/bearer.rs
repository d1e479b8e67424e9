//! Tokens.

use auth_tests::{Extensions, Hub, PROTOCOLS, Sender, batch};
use futures_util::future::join_all;
use headwater_core::Context;
use headwater_core::rpc::Code;

const SERVER: &str = "auth: {authenticator: bearertokenauth/server}";
const CLIENT: &str = "auth: {authenticator: bearertokenauth/client}";

#[tokio::test]
async fn any_of_a_servers_tokens_is_taken_and_a_client_sends_its_first() {
    for protocol in PROTOCOLS {
        let extensions = Extensions::new()
            .with(
                "bearertokenauth/server",
                "{tokens: [one, two], header: X-Key, scheme: ''}",
            )
            .with(
                "bearertokenauth/client",
                "{tokens: [two, three], header: X-Key, scheme: ''}",
            );
        let host = extensions.host().await;
        let hub = Hub::start(&host, SERVER).await;
        let sender = Sender::start(&host, protocol, &hub, CLIENT).await;
        sender.send(1, Context::default()).await.unwrap();
        sender.stop().await;
        assert_eq!(hub.recorder.calls(), 1);
        hub.stop().await;
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused_with_a_challenge_and_nothing_is_taken() {
    let extensions = Extensions::new()
        .with("bearertokenauth/server", "token: one")
        .with("bearertokenauth/client", "token: two");
    let host = extensions.host().await;
    let hub = Hub::start(&host, SERVER).await;
    for protocol in PROTOCOLS {
        let sender = Sender::start(&host, protocol, &hub, CLIENT).await;
        let error = sender.send(1, Context::default()).await.unwrap_err();
        assert_eq!(error.code(), Some(Code::Unauthenticated), "{error}");
        sender.stop().await;
    }
    for token in [
        "",
        "Authorization: Bearer \r\n",
        "Authorization: bearer one\r\n",
    ] {
        let (status, head) = hub
            .post(&format!("{token}Content-Length: 9\r\n"), b"")
            .await;
        assert_eq!(status, 401, "{token}");
        assert!(head.contains("www-authenticate: bearer"), "{head}");
    }
    assert_eq!(hub.recorder.calls(), 0);
    hub.stop().await;
}

#[tokio::test]
async fn a_token_with_a_name_says_who_sends() {
    let extensions = Extensions::new().with(
        "bearertokenauth/server",
        "subjects: {team-a: aaa, team-b: bbb}",
    );
    let host = extensions.host().await;
    let hub = Hub::start(&host, SERVER).await;
    let body = batch(1).payload().to_contiguous();
    let (status, _) = hub.post("Authorization: Bearer bbb\r\n", &body).await;
    assert_eq!(status, 200);
    let batches = hub.recorder.batches();
    let identity = batches[0].context().identity().unwrap();
    assert_eq!(identity.get("subject"), Some("team-b"));
    hub.stop().await;
}

#[tokio::test]
async fn wrong_tokens_at_full_rate_are_all_refused_and_the_right_one_is_let_in() {
    let tokens: Vec<_> = (0..100).map(|number| format!("token-{number}")).collect();
    let extensions = Extensions::new()
        .with("bearertokenauth/server", &format!("tokens: {tokens:?}"))
        .with("bearertokenauth/client", "token: token-99");
    let host = extensions.host().await;
    let hub = Hub::start(&host, SERVER).await;
    let body = batch(1).payload().to_contiguous();
    let guesses: Vec<_> = (0..400)
        .map(|number| format!("Authorization: Bearer token-{}-{number}\r\n", number % 100))
        .collect();
    let attack = join_all(guesses.iter().map(|header| hub.post(header, &body)));
    let right = async {
        for protocol in PROTOCOLS {
            let sender = Sender::start(&host, protocol, &hub, CLIENT).await;
            for _ in 0..10 {
                sender.send(1, Context::default()).await.unwrap();
            }
            sender.stop().await;
        }
    };
    let (answers, ()) = tokio::join!(attack, right);
    for (status, head) in answers {
        assert_eq!(status, 401, "{head}");
    }
    assert_eq!(hub.recorder.calls(), 20);
    hub.stop().await;
}
