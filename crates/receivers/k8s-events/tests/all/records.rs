//! What becomes of an event.

use serde_json::{Value, json};

use crate::support::{Setup, event, now, pairs, rfc3339};

/// An event with everything that one can have.
fn whole(seconds: i64) -> Value {
    json!({
        "kind": "Event",
        "metadata": {"name": "web-1.17a", "namespace": "shop", "uid": "e-1",
                     "creationTimestamp": "2026-11-29T08:45:12Z"},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "p-1",
                           "apiVersion": "v1", "resourceVersion": "77",
                           "fieldPath": "spec.containers{web}"},
        "reason": "BackOff", "message": "Back-off \"web\"\n& more", "type": "Warning",
        "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": "2026-11-29T08:45:12Z", "lastTimestamp": rfc3339(seconds),
        "eventTime": null, "count": 3, "action": "Pulling",
        "reportingComponent": "kubelet", "reportingInstance": "node-1",
    })
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_that_of_contrib() {
    let mut setup = Setup::running("").await;
    let second = now() + 60;
    setup.server.apply(whole(second));
    setup.reported(&["Back-off \"web\"\n& more"]).await;
    let logs = &setup.records()[0];
    let resource = logs.resource.as_ref().unwrap();
    assert_eq!(
        pairs(&resource.attributes),
        owned(&[
            ("k8s.node.name", "node-1"),
            ("k8s.object.kind", "Pod"),
            ("k8s.object.name", "web-1"),
            ("k8s.object.uid", "p-1"),
            ("k8s.object.fieldpath", "spec.containers{web}"),
            ("k8s.object.api_version", "v1"),
            ("k8s.object.resource_version", "77"),
        ])
    );
    let scope = logs.scope_logs[0].scope.as_ref().unwrap();
    assert!(
        scope
            .name
            .to_string()
            .ends_with("/receiver/k8seventsreceiver")
    );
    assert_eq!(scope.version.to_string(), "0.0.0");
    let record = &logs.scope_logs[0].log_records[0];
    assert_eq!(
        pairs(&record.attributes),
        owned(&[
            ("k8s.event.reason", "BackOff"),
            ("k8s.event.action", "Pulling"),
            ("k8s.event.start_time", "2026-11-29 08:45:12 +0000 UTC"),
            ("k8s.event.name", "web-1.17a"),
            ("k8s.event.uid", "e-1"),
            ("k8s.namespace.name", "shop"),
            ("k8s.event.reporting_controller", "kubelet"),
            ("k8s.event.reporting_instance", "node-1"),
            ("k8s.event.count", "Int(3)"),
        ])
    );
    assert_eq!(record.severity_number, 13);
    assert_eq!(record.severity_text.to_string(), "Warning");
    let nanos = u64::try_from(second).unwrap() * 1_000_000_000;
    assert_eq!(record.time_unix_nano, nanos);
    assert_eq!(record.observed_time_unix_nano, 0);
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_empty_text() {
    let mut setup = Setup::running("").await;
    let time = rfc3339(now() + 60);
    setup.server.apply(json!({
        "kind": "Event", "metadata": {"name": "e", "namespace": "shop", "creationTimestamp": null},
        "eventTime": time.replace('Z', ".000001Z"), "type": "Odd",
    }));
    setup.reported(&[""]).await;
    let logs = &setup.records()[0];
    let resource = pairs(&logs.resource.as_ref().unwrap().attributes);
    assert_eq!(resource.len(), 7);
    assert!(resource.iter().all(|(_, text)| text.is_empty()));
    let record = &logs.scope_logs[0].log_records[0];
    let attributes = pairs(&record.attributes);
    assert_eq!(attributes.len(), 8, "no count: {attributes:?}");
    let start = ("k8s.event.start_time", "0001-01-01 00:00:00 +0000 UTC");
    assert!(attributes.contains(&owned(&[start])[0]), "{attributes:?}");
    // A type that nobody knows says nothing of severity.
    assert_eq!(record.severity_number, 0);
    assert_eq!(record.severity_text.to_string(), "");
    assert_eq!(record.time_unix_nano % 1_000_000_000, 1_000);
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn types_are_severities() {
    let mut setup = Setup::running("").await;
    let known = [
        ("Normal", 9),
        ("WARNING", 13),
        ("error", 17),
        ("Critical", 21),
    ];
    for (kind, _) in known {
        let mut event = event(kind, kind);
        event["type"] = json!(kind);
        setup.server.apply(event);
    }
    setup.reported(&known.map(|(kind, _)| kind)).await;
    for (logs, (kind, number)) in setup.records().iter().zip(known) {
        let record = &logs.scope_logs[0].log_records[0];
        assert_eq!(record.severity_number, number);
        assert_eq!(record.severity_text.to_string(), kind);
    }
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_that_of_alloy() {
    let yaml = "stream: {job: integrations/kubernetes/eventhandler}";
    let mut setup = Setup::running(yaml).await;
    let second = now() + 60;
    setup.server.apply(whole(second));
    let version = setup.server.objects("Event")[0]["metadata"]["resourceVersion"].clone();
    let line = format!(
        "name=web-1 kind=Pod action=Pulling objectAPIversion=v1 objectRV=77 eventRV={} \
         reportinginstance=node-1 reportingcontroller=kubelet sourcecomponent=kubelet \
         sourcehost=node-1 reason=BackOff type=Warning count=3 \
         msg=\"Back-off \\\"web\\\"\\n& more\" ",
        version.as_str().unwrap()
    );
    setup.reported(&[&line]).await;
    let logs = &setup.records()[0];
    assert_eq!(
        pairs(&logs.resource.as_ref().unwrap().attributes),
        owned(&[
            ("loki.stream", "true"),
            ("namespace", "shop"),
            ("job", "integrations/kubernetes/eventhandler"),
            ("instance", "k8s_events"),
        ])
    );
    let record = &logs.scope_logs[0].log_records[0];
    assert!(record.attributes.is_empty());
    let nanos = u64::try_from(second).unwrap() * 1_000_000_000;
    assert_eq!(record.time_unix_nano, nanos);
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_json_is_ordered_by_name_as_go_does_it() {
    let mut setup = Setup::running("stream: {format: json, instance: i}").await;
    let mut node = event("node", "Node <is> ready");
    node["involvedObject"] = json!({"kind": "Node", "name": "node-1"});
    setup.server.apply(node);
    // Alloy makes no line of what concerns nothing.
    let mut nothing = event("nothing", "nothing");
    nothing["involvedObject"] = json!({});
    setup.server.apply(nothing);
    setup.server.apply(event("pod", "pod"));
    let versions = setup.server.objects("Event");
    let version = |name: &str| {
        let found = versions.iter().find(|it| it["metadata"]["name"] == name);
        found.unwrap()["metadata"]["resourceVersion"].clone()
    };
    let (node, pod) = (version("node"), version("pod"));
    let node = format!(
        r#"{{"count":1,"eventRV":{node},"kind":"Node","msg":"Node \u003cis\u003e ready","name":"node-1","reason":"Started","type":"Normal"}}"#
    );
    let pod = format!(
        r#"{{"count":1,"eventRV":{pod},"kind":"Pod","msg":"pod","name":"web-1","reason":"Started","type":"Normal"}}"#
    );
    setup.reported(&[&node, &pod]).await;
    let logs = &setup.records()[0];
    // A node is in no namespace, and Loki knows no empty labels.
    assert_eq!(
        pairs(&logs.resource.as_ref().unwrap().attributes),
        owned(&[
            ("loki.stream", "true"),
            ("job", "loki.source.kubernetes_events"),
            ("instance", "i"),
        ])
    );
    assert_eq!(setup.metric("failed_log_records"), 1.0);
    setup.stop().await;
}
