//! Names and passwords.

use auth_tests::{Extensions, Hub, PROTOCOLS, Protocol, Sender, batch};
use futures_util::future::join_all;
use headwater_core::Context;
use headwater_core::rpc::Code;
use headwater_credentials::basic;

const SERVER: &str = "auth: {authenticator: basicauth/server}";
const CLIENT: &str = "auth: {authenticator: basicauth/client}";
/// `ali:open sesame`.
const ALI: &str = "Authorization: Basic YWxpOm9wZW4gc2VzYW1l\r\n";

fn header(user: &str, password: &str) -> String {
    format!("Authorization: {}\r\n", basic(user, password))
}

#[tokio::test]
async fn who_has_the_password_is_let_in_over_either_protocol_and_is_known_by_name() {
    let extensions = Extensions::new()
        .with("basicauth/server", "htpasswd: {inline: 'ali:open sesame'}")
        .with(
            "basicauth/client",
            "client_auth: {username: ali, password: open sesame}",
        );
    let host = extensions.host().await;
    let hub = Hub::start(&host, SERVER).await;
    for protocol in PROTOCOLS {
        let sender = Sender::start(&host, protocol, &hub, CLIENT).await;
        sender.send(3, Context::default()).await.unwrap();
        sender.stop().await;
    }
    let batches = hub.recorder.batches();
    assert_eq!(batches.len(), 2);
    for batch in batches {
        let identity = batch.context().identity().unwrap();
        assert_eq!(identity.get("username"), Some("ali"));
        assert_eq!(identity.get("raw"), Some("YWxpOm9wZW4gc2VzYW1l"));
    }
    hub.stop().await;
}

#[tokio::test]
async fn who_has_it_not_is_refused_for_good_and_nothing_is_taken() {
    let extensions = Extensions::new()
        .with("basicauth/server", "htpasswd: {inline: 'ali:open sesame'}")
        .with(
            "basicauth/client",
            "client_auth: {username: ali, password: open barley}",
        );
    let host = extensions.host().await;
    let hub = Hub::start(&host, SERVER).await;
    for protocol in PROTOCOLS {
        for keys in [CLIENT, ""] {
            let sender = Sender::start(&host, protocol, &hub, keys).await;
            let error = sender.send(3, Context::default()).await.unwrap_err();
            assert_eq!(error.code(), Some(Code::Unauthenticated), "{error}");
            assert!(error.is_permanent());
            sender.stop().await;
        }
    }
    assert_eq!(hub.recorder.calls(), 0);
    assert_eq!(hub.metric("otelcol_receiver_accepted_spans"), 0.0);
    hub.stop().await;
}

#[tokio::test]
async fn a_request_without_credentials_is_answered_before_its_body_is_read() {
    let extensions =
        Extensions::new().with("basicauth/server", "htpasswd: {inline: 'ali:open sesame'}");
    let host = extensions.host().await;
    let hub = Hub::start(&host, SERVER).await;
    // The body never comes.
    let (status, head) = hub.post("Content-Length: 1000000\r\n", b"").await;
    assert_eq!(status, 401);
    assert!(
        head.contains("www-authenticate: basic realm=\"headwater\""),
        "{head}"
    );
    let wrong = header("ali", "open barley") + "Content-Length: 1000000\r\n";
    assert_eq!(hub.post(&wrong, b"").await.0, 401);
    let body = batch(1).payload().to_contiguous();
    assert_eq!(hub.post(ALI, &body).await.0, 200);
    hub.stop().await;
}

#[tokio::test]
async fn a_slow_hash_of_one_client_does_not_hold_up_the_others() {
    // Without optimisation the check of cara's password takes seconds.
    let users = "htpasswd: {inline: \"ali:open sesame\\ncara:$$2b$$12$$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy\"}";
    let extensions = Extensions::new().with("basicauth/server", users);
    let host = extensions.host().await;
    let hub = Hub::start(&host, SERVER).await;
    let body = batch(1).payload().to_contiguous();
    let cara = header("cara", "x");
    let mut slow = Box::pin(hub.post(&cara, &body));
    let mut answered = 0;
    for _ in 0..20 {
        tokio::select! {
            biased;
            (status, _) = hub.post(ALI, &body) => {
                assert_eq!(status, 200);
                answered += 1;
            }
            _ = &mut slow => panic!("the slow check came first"),
        }
    }
    assert_eq!(answered, 20);
    assert_eq!(slow.await.0, 401);
    hub.stop().await;
}

#[tokio::test]
async fn wrong_credentials_at_full_rate_are_refused_or_sent_away_and_right_ones_are_let_in() {
    let users = "htpasswd: {max_waiting_checks: 2, inline: 'ali:$$2b$$04$$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy'}";
    let extensions = Extensions::new().with("basicauth/server", users);
    let host = extensions.host().await;
    let hub = Hub::start(&host, SERVER).await;
    let body = batch(1).payload().to_contiguous();
    // Known from now on.
    assert_eq!(hub.post(ALI, &body).await.0, 200);
    let wrong: Vec<_> = (0..60)
        .map(|number| header("ali", &format!("guess {number}")))
        .collect();
    let attack = join_all(wrong.iter().map(|header| hub.post(header, &body)));
    let right = async {
        for _ in 0..20 {
            assert_eq!(hub.post(ALI, &body).await.0, 200);
        }
    };
    let (answers, ()) = tokio::join!(attack, right);
    let mut sent_away = 0;
    for (status, head) in answers {
        match status {
            401 => {}
            429 => {
                assert!(head.contains("retry-after: 1"), "{head}");
                sent_away += 1;
            }
            other => panic!("{other}: {head}"),
        }
    }
    assert!(sent_away > 0, "no more than two wait at a time");
    assert_eq!(hub.recorder.calls(), 21);
    hub.stop().await;
}

#[tokio::test]
async fn a_client_cannot_use_an_authenticator_that_is_none() {
    let extensions =
        Extensions::new().with("basicauth/server", "htpasswd: {inline: 'ali:open sesame'}");
    let host = extensions.host().await;
    let hub = Hub::start(&host, "").await;
    let environment = headwater_testkit::environment();
    let id = "otlp".parse().unwrap();
    let kind = headwater_core::ComponentKind::Exporter;
    let settings = environment.signal_settings(kind, &id, headwater_core::Signal::Traces);
    let yaml = format!(
        "{{endpoint: 'http://{}', {SERVER}}}",
        hub.address(Protocol::Http)
    );
    let (config, _) =
        headwater_config::testing::decode::<headwater_exporter_otlp_http::Config>(&yaml).unwrap();
    let exporter = headwater_exporter_otlp_http::factory()
        .build_exporter(settings, &config)
        .unwrap();
    let error = exporter.start(&host).await.unwrap_err();
    let text = std::error::Error::source(&error).unwrap().to_string();
    assert!(text.contains("not a client authenticator"), "{text}");
    hub.stop().await;
}
