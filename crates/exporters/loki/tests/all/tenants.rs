//! Whose lines they are.

use headwater_core::pdata::owned::KeyValue;
use headwater_core::{Batch, Context, ContextParts, Metadata};
use headwater_exporter_loki::{TenantConfig, TenantSource};

use super::support::{Backend, answer, attributes, batch, config, record, resource, started};

/// Tenants of the pushes that came, sorted.
fn tenants(backend: &Backend) -> Vec<String> {
    let received = backend.received();
    let mut tenants: Vec<_> = received
        .iter()
        .map(|push| push.header("x-scope-orgid").to_owned())
        .collect();
    tenants.sort();
    tenants
}

fn plain() -> Batch {
    batch(vec![resource(Vec::new(), vec![record(0, "x")])])
}

fn with_header(value: &str, tenant: Option<&str>) -> Batch {
    let mut metadata = Metadata::default();
    metadata.append("X-Scope-OrgID", value);
    plain().with_context(Context::new(ContextParts {
        metadata,
        tenant: tenant.map(Into::into),
        ..ContextParts::default()
    }))
}

#[tokio::test]
async fn the_tenant_comes_from_context_header_or_configuration_in_this_order() {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.tenant_id = "fixed".into();
    let setup = started(&config).await;
    setup.consume(plain()).await;
    setup.consume(with_header("sent", None)).await;
    setup.consume(with_header("sent", Some("derived"))).await;
    setup.finish().await;
    assert_eq!(tenants(&backend), ["derived", "fixed", "sent"]);
}

#[tokio::test]
async fn a_header_survives_batching() {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.batch_size = 1 << 20;
    config.batch_wait = std::time::Duration::from_millis(5);
    let setup = started(&config).await;
    for tenant in ["a", "b", "a"] {
        setup.consume(with_header(tenant, None)).await;
    }
    assert_eq!(setup.finish().await.sent, 3);
    let mut found = tenants(&backend);
    found.dedup();
    assert_eq!(found, ["a", "b"]);
}

#[tokio::test]
async fn hints_name_the_attribute_that_holds_the_tenant() {
    let backend = Backend::start();
    let setup = started(&config(backend.address)).await;
    let hinted = attributes(&[("loki.tenant", "team"), ("team", "t1")]);
    let mut of_record = record(0, "y");
    of_record.attributes = attributes(&[("loki.tenant", "team"), ("team", "t2")]);
    let mut stream = attributes(&[("a", "b"), ("__tenant_id__", "t3")]);
    stream.push(KeyValue::new("loki.stream", true));
    setup
        .consume(batch(vec![
            resource(hinted, vec![record(0, "x")]),
            resource(Vec::new(), vec![of_record]),
            resource(stream, vec![record(0, "z")]),
            resource(Vec::new(), vec![record(0, "w")]),
        ]))
        .await;
    assert_eq!(setup.finish().await.sent, 4);
    assert_eq!(tenants(&backend), ["", "t1", "t2", "t3"]);
    let labels: Vec<_> = backend
        .received()
        .iter()
        .map(|push| push.streams[0].0.clone())
        .collect();
    assert!(
        labels.contains(&r#"{exporter="OTLP", team="t1"}"#.to_owned()),
        "{labels:?}"
    );
    assert!(labels.contains(&r#"{a="b"}"#.to_owned()), "{labels:?}");
}

#[tokio::test]
async fn a_tenant_that_is_refused_leaves_the_others_alone() {
    let backend = Backend::start();
    backend.judge(|push| (push.header("x-scope-orgid") == "bad").then(|| answer(403, "not you")));
    let mut config = config(backend.address);
    config.tenant = headwater_core::config::Optional::Some(TenantConfig {
        source: TenantSource::Attributes,
        value: "team".into(),
    });
    let setup = started(&config).await;
    let of = |team: &str| resource(attributes(&[("team", team)]), vec![record(0, "x")]);
    setup
        .consume(batch(vec![of("good"), of("bad"), of("other")]))
        .await;
    let ledger = setup.finish().await;
    assert_eq!((ledger.sent, ledger.dropped["http_403"]), (2, 1));
    assert_eq!(tenants(&backend), ["bad", "good", "other"]);
}

#[tokio::test]
async fn a_tenant_that_no_header_can_hold_is_not_sent_and_counted() {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.max_retries = 1;
    let setup = started(&config).await;
    let mut stream = attributes(&[("a", "b"), ("__tenant_id__", "x\ny")]);
    stream.push(KeyValue::new("loki.stream", true));
    setup
        .consume(batch(vec![resource(stream, vec![record(0, "z")])]))
        .await;
    assert_eq!(setup.finish().await.dropped.values().sum::<u64>(), 1);
    assert!(backend.received().is_empty());
}
