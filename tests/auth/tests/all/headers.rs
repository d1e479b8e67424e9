//! Headers that follow the telemetry.

use std::sync::Arc;

use auth_tests::{Extensions, Hub, PROTOCOLS, Sender};
use headwater_core::{Context, ContextParts, Identity, Metadata};

const SETTER: &str = "auth: {authenticator: headers_setter}";

fn context(headers: &[(&str, &str)], user: &str) -> Context {
    let mut metadata = Metadata::default();
    for (name, value) in headers {
        metadata.append(name, value);
    }
    Context::new(ContextParts {
        metadata,
        identity: Some(Identity {
            attributes: vec![("username".into(), user.into())],
        }),
        tenant: Some(Arc::from("tenant-1")),
        ..ContextParts::default()
    })
}

#[tokio::test]
async fn context_identity_tenant_and_configuration_become_headers_over_either_protocol() {
    let keys = "headers: [
        {key: X-Scope-OrgID, from_context: tenant, default_value: nobody},
        {key: X-User, from_attribute: username},
        {key: X-User-Too, from_context: auth.username},
        {key: X-Tenant, from_tenant: true},
        {key: X-Fixed, value: fixed, action: insert},
        {key: X-Old, value: new, action: update},
        {key: X-None, value: new, action: update},
        {key: X-Gone, action: delete},
    ]";
    let host = Extensions::new().with("headers_setter", keys).host().await;
    for protocol in PROTOCOLS {
        let hub = Hub::start(&host, "include_metadata: true").await;
        let keys = format!("{SETTER}, headers: {{X-Old: old, X-Gone: here}}");
        let sender = Sender::start(&host, protocol, &hub, &keys).await;
        let sent = context(&[("tenant", "team-a")], "ali");
        sender.send(1, sent).await.unwrap();
        sender.send(1, Context::default()).await.unwrap();
        sender.stop().await;
        let batches = hub.recorder.batches();
        let header = |batch: usize, name: &str| batches[batch].context().header(name).concat();
        for (name, value) in [
            ("x-scope-orgid", "team-a"),
            ("x-user", "ali"),
            ("x-user-too", "ali"),
            ("x-tenant", "tenant-1"),
            ("x-fixed", "fixed"),
            ("x-old", "new"),
            ("x-none", ""),
            ("x-gone", ""),
        ] {
            assert_eq!(header(0, name), value, "{name}");
        }
        assert_eq!(header(1, "x-scope-orgid"), "nobody");
        hub.stop().await;
    }
}

#[tokio::test]
async fn two_values_of_a_header_fail_the_request_rather_than_choose_one() {
    let keys = "headers: [{key: X-Scope-OrgID, from_context: tenant}]";
    let host = Extensions::new().with("headers_setter", keys).host().await;
    let hub = Hub::start(&host, "").await;
    for protocol in PROTOCOLS {
        let sender = Sender::start(&host, protocol, &hub, SETTER).await;
        let sent = context(&[("tenant", "a"), ("tenant", "b")], "ali");
        let error = sender.send(1, sent).await.unwrap_err();
        assert!(error.chain().contains("2 source keys found"), "{error}");
        sender.stop().await;
    }
    assert_eq!(hub.recorder.calls(), 0);
    hub.stop().await;
}

#[tokio::test]
async fn another_authenticator_signs_what_the_headers_were_set_in() {
    let extensions = Extensions::new()
        .with("basicauth/server", "htpasswd: {inline: 'ali:open sesame'}")
        .with(
            "basicauth/client",
            "client_auth: {username: ali, password: open sesame}",
        )
        .with(
            "headers_setter",
            "{additional_auth: basicauth/client, headers: [{key: X-Scope-OrgID, value: team-a}]}",
        );
    let host = extensions.host().await;
    let server = "include_metadata: true, auth: {authenticator: basicauth/server}";
    let hub = Hub::start(&host, server).await;
    for protocol in PROTOCOLS {
        let sender = Sender::start(&host, protocol, &hub, SETTER).await;
        sender.send(1, Context::default()).await.unwrap();
        sender.stop().await;
    }
    for batch in hub.recorder.batches() {
        assert_eq!(batch.context().header("x-scope-orgid").concat(), "team-a");
        assert_eq!(
            batch.context().identity().unwrap().get("username"),
            Some("ali")
        );
    }
    assert_eq!(hub.recorder.calls(), 2);
    hub.stop().await;
}
