//! Rows about resources and requests.

use headwater_core::Signal;
use headwater_testkit::otlp::{LogRecord, LogsData, Request, Resource, ResourceLogs, ScopeLogs};

use crate::{Routed, attribute, batch, from_tenant};

/// One resource per name, with as many records.
fn logs(tenants: &[&str]) -> Request {
    let entry = |tenant: &&str| ResourceLogs {
        resource: Some(Resource {
            attributes: vec![attribute("tenant", tenant), attribute("x", "y")],
            ..Resource::default()
        }),
        scope_logs: vec![ScopeLogs {
            log_records: vec![
                LogRecord {
                    severity_text: (*tenant).to_owned(),
                    ..LogRecord::default()
                };
                2
            ],
            ..ScopeLogs::default()
        }],
        schema_url: "schema".to_owned(),
        ..ResourceLogs::default()
    };
    Request::Logs(LogsData {
        resource_logs: tenants.iter().map(entry).collect(),
    })
}

const BY_TENANT: &str = r#"
default_pipelines: [logs/rest]
table:
  - {condition: 'attributes["tenant"] == "a"', pipelines: [logs/a]}
  - {condition: 'IsMatch(attributes["tenant"], "^b")', pipelines: [logs/b]}
"#;

#[tokio::test]
async fn each_resource_goes_to_the_first_row_that_matches_or_to_the_default() {
    let routed = Routed::new(Signal::Logs, BY_TENANT, &["a", "b", "rest"]);
    routed
        .send(&logs(&["a", "c", "b1", "a", "a", "b2"]))
        .await
        .unwrap();
    assert_eq!(routed.arrived("a"), logs(&["a", "a", "a"]));
    assert_eq!(routed.arrived("b"), logs(&["b1", "b2"]));
    assert_eq!(routed.arrived("rest"), logs(&["c"]));
    let balance = routed.account.balance();
    assert_eq!(
        (balance.received, balance.sent, balance.imbalance()),
        (12, 12, 0)
    );
}

#[tokio::test]
async fn what_goes_one_way_as_a_whole_is_not_copied() {
    let routed = Routed::new(Signal::Logs, BY_TENANT, &["a", "b", "rest"]);
    for (tenants, pipeline) in [(["a", "a"], "a"), (["b1", "b2"], "b"), (["x", "y"], "rest")] {
        let batch = batch(&logs(&tenants));
        let sent = batch.payload().segments().next().unwrap().as_ptr();
        routed.connector.consume(batch).await.unwrap();
        let arrived = routed.pipelines[pipeline].batches().pop().unwrap();
        assert_eq!(arrived.payload().segments().next().unwrap().as_ptr(), sent);
        assert_eq!(arrived.items(), 4);
    }
}

#[tokio::test]
async fn several_requests_in_one_batch_are_routed_one_by_one() {
    let routed = Routed::new(Signal::Logs, BY_TENANT, &["a", "b", "rest"]);
    let mut both = batch(&logs(&["a", "b"]));
    both.append(batch(&logs(&["c", "a"])));
    routed.connector.consume(both).await.unwrap();
    assert_eq!(routed.arrived("a"), logs(&["a", "a"]));
    assert_eq!(routed.arrived("b"), logs(&["b"]));
    assert_eq!(routed.arrived("rest"), logs(&["c"]));
}

#[tokio::test]
async fn a_copy_leaves_what_it_takes_to_later_rows() {
    let yaml = r#"
default_pipelines: [logs/rest]
table:
  - {condition: "true", action: copy, pipelines: [logs/all]}
  - {condition: 'attributes["tenant"] == "a"', action: copy, pipelines: [logs/a]}
  - {condition: 'attributes["tenant"] == "a"', context: resource, action: move, pipelines: [logs/b]}
  - {condition: 'attributes["tenant"] != "b"', pipelines: [logs/b]}
"#;
    let routed = Routed::new(Signal::Logs, yaml, &["all", "a", "b", "rest"]);
    routed.send(&logs(&["a", "b", "c"])).await.unwrap();
    assert_eq!(routed.arrived("all"), logs(&["a", "b", "c"]));
    assert_eq!(routed.arrived("a"), logs(&["a"]));
    // The third row says the same as the second and has no effect; the fourth takes what is left.
    assert_eq!(routed.arrived("b"), logs(&["a", "c"]));
    assert_eq!(routed.arrived("rest"), logs(&["b"]));
    let balance = routed.account.balance();
    assert_eq!(
        (balance.received, balance.created, balance.sent),
        (6, 8, 14)
    );
    assert_eq!(balance.imbalance(), 0);
}

#[tokio::test]
async fn requests_are_routed_by_header_and_by_tenant() {
    for condition in [r#"request["X-Tenant"] == "NAME""#, r#"tenant == "NAME""#] {
        let mut yaml = "default_pipelines: [logs/rest]\ntable:\n".to_owned();
        for name in ["acme", "ecorp"] {
            let condition = condition.replace("NAME", name);
            yaml += &format!(
                "  - {{context: request, condition: '{condition}', pipelines: [logs/{name}]}}\n"
            );
        }
        let routed = Routed::new(Signal::Logs, &yaml, &["acme", "ecorp", "rest"]);
        for (tenant, pipeline) in [("ecorp", "ecorp"), ("acme", "acme"), ("other", "rest")] {
            let batch = batch(&logs(&["a", "b"])).with_context(from_tenant(tenant));
            routed.connector.consume(batch).await.unwrap();
            assert_eq!(
                routed.arrived(pipeline),
                logs(&["a", "b"]),
                "{condition} {tenant}"
            );
            let arrived = routed.pipelines[pipeline].batches().pop().unwrap();
            assert_eq!(arrived.context().tenant(), Some(tenant));
        }
        routed.send(&logs(&["a"])).await.unwrap();
        assert_eq!(routed.items("rest"), 6);
    }
}

#[tokio::test]
async fn three_hundred_tenants_find_their_pipelines() {
    let names: Vec<String> = (0..300).map(|n| format!("t{n}")).collect();
    let mut yaml = "default_pipelines: [logs/rest]\ntable:\n".to_owned();
    for name in &names {
        yaml += &format!(
            "  - {{condition: 'attributes[\"tenant\"] == \"{name}\"', pipelines: [logs/{name}]}}\n"
        );
    }
    let pipelines: Vec<&str> = names.iter().map(String::as_str).chain(["rest"]).collect();
    let routed = Routed::new(Signal::Logs, &yaml, &pipelines);
    let sent: Vec<&str> = pipelines.iter().rev().copied().collect();
    routed.send(&logs(&sent)).await.unwrap();
    for name in pipelines {
        assert_eq!(routed.arrived(name), logs(&[name]), "{name}");
    }
}

#[tokio::test]
async fn rows_of_a_lookup_keep_their_place_among_the_others() {
    let yaml = r#"
table:
  - {condition: 'attributes["tenant"] == "a"', pipelines: [logs/one]}
  - {condition: 'attributes["x"] == "y"', pipelines: [logs/two]}
  - {condition: 'attributes["tenant"] == "b"', pipelines: [logs/three]}
"#;
    let routed = Routed::new(Signal::Logs, yaml, &["one", "two", "three"]);
    routed.send(&logs(&["a", "b"])).await.unwrap();
    assert_eq!(routed.arrived("one"), logs(&["a"]));
    assert_eq!(routed.arrived("two"), logs(&["b"]));
    assert_eq!(routed.pipelines["three"].calls(), 0);
}

#[tokio::test]
async fn deprecated_statements_remove_attributes_of_what_matches() {
    let yaml = r#"
default_pipelines: [logs/rest]
table:
  - {statement: 'delete_key(attributes, "tenant") where attributes["tenant"] == "a"', pipelines: [logs/a]}
  - {statement: 'delete_matching_keys(attributes, "^te") where attributes["tenant"] == "b"', pipelines: [logs/b]}
  - {statement: 'route() where attributes["tenant"] == "c"', pipelines: [logs/c]}
"#;
    let routed = Routed::new(Signal::Logs, yaml, &["a", "b", "c", "rest"]);
    routed.send(&logs(&["a", "b", "c", "d"])).await.unwrap();
    for (pipeline, tenant, removed) in [
        ("a", "a", true),
        ("b", "b", true),
        ("c", "c", false),
        ("rest", "d", false),
    ] {
        let mut expected = logs(&[tenant]);
        let Request::Logs(data) = &mut expected else {
            unreachable!()
        };
        if removed {
            data.resource_logs[0]
                .resource
                .as_mut()
                .unwrap()
                .attributes
                .remove(0);
        }
        assert_eq!(routed.arrived(pipeline), expected, "{pipeline}");
    }
}

#[tokio::test]
async fn several_pipelines_share_what_goes_to_them() {
    let yaml = "table: [{condition: 'true', pipelines: [logs/a, logs/b, logs/a]}]";
    let routed = Routed::new(Signal::Logs, yaml, &["a", "b"]);
    let batch = batch(&logs(&["x"]));
    let sent = batch.payload().segments().next().unwrap().as_ptr();
    routed.connector.consume(batch).await.unwrap();
    for name in ["a", "b"] {
        assert_eq!(routed.pipelines[name].calls(), 1);
        let arrived = routed.pipelines[name].batches().pop().unwrap();
        assert_eq!(arrived.payload().segments().next().unwrap().as_ptr(), sent);
    }
}
