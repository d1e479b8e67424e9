//! Groups follow the objects.

use headwater_kubernetes::testing::ApiServer;
use headwater_kubernetes::{Attach, Options, Role, Selector};
use serde_json::json;

use crate::groups::{Reader, eventually, labelled, options, pod};

#[tokio::test]
async fn what_comes_changes_and_goes_is_reported() {
    let server = ApiServer::start().await;
    for number in 0..8 {
        server.apply(pod(
            "shop",
            &format!("p{number}"),
            &format!("10.0.0.{number}"),
        ));
    }
    let mut reader = Reader::start(options(&server, Role::Pod));
    reader.update().await;
    assert_eq!(reader.groups.len(), 8, "the first update has all");
    let pages = server
        .requests()
        .iter()
        .filter(|it| it.target.contains("limit=3"))
        .count();
    assert_eq!(pages, 3);

    server.apply(pod("shop", "new", "10.0.1.1"));
    reader
        .until(|groups| groups.contains_key("pod/shop/new"))
        .await;
    server.apply(pod("shop", "new", "10.0.1.2"));
    reader
        .until(|groups| groups["pod/shop/new"].targets[0].get("__address__") == "10.0.1.2:80")
        .await;
    server.delete("Pod", "shop", "new");
    reader
        .until(|groups| !groups.contains_key("pod/shop/new"))
        .await;
    assert_eq!(reader.groups.len(), 8);
    assert_eq!(reader.reported, 8 + 3, "nothing else was reported");
}

#[tokio::test]
async fn a_change_that_shows_in_no_label_is_not_reported() {
    let server = ApiServer::start().await;
    let mut one = pod("shop", "one", "10.0.0.1");
    server.apply(one.clone());
    let mut reader = Reader::start(options(&server, Role::Pod));
    reader.update().await;
    eventually(|| server.open_watches() == 1).await;
    one["status"]["startTime"] = json!("2026-01-01T00:00:00Z");
    one["metadata"]["generation"] = json!(7);
    server.apply(one);
    assert!(reader.is_quiet().await);
}

#[tokio::test]
async fn an_empty_cluster_is_reported_as_empty() {
    let server = ApiServer::start().await;
    let mut reader = Reader::start(options(&server, Role::Ingress));
    reader.update().await;
    assert!(reader.groups.is_empty());
}

#[tokio::test]
async fn a_pod_that_loses_its_address_is_no_target() {
    let server = ApiServer::start().await;
    server.apply(pod("shop", "one", "10.0.0.1"));
    server.apply(pod("shop", "pending", ""));
    let mut reader = Reader::start(options(&server, Role::Pod));
    reader.until_sources(&["pod/shop/one"]).await;
    server.apply(pod("shop", "one", ""));
    reader.until_sources(&[]).await;
    assert_eq!(reader.reported, 2);
}

#[tokio::test]
async fn attached_objects_change_the_groups_that_use_them() {
    let server = ApiServer::start().await;
    server.apply(pod("shop", "one", "10.0.0.1"));
    server.apply(pod("ops", "two", "10.0.0.2"));
    server.apply(labelled("Node", "", "node-1", ("zone", "a")));
    let mut reader = Reader::start(Options {
        attach: Attach {
            node: true,
            namespace: true,
            ..Attach::default()
        },
        ..options(&server, Role::Pod)
    });
    let zone = "__meta_kubernetes_node_label_zone";
    let team = "__meta_kubernetes_namespace_label_team";
    reader.until_sources(&["pod/ops/two", "pod/shop/one"]).await;
    server.apply(labelled("Node", "", "node-1", ("zone", "b")));
    reader
        .until(|groups| groups.values().all(|group| group.labels.get(zone) == "b"))
        .await;

    // The namespace was not known when the groups were made.
    server.apply(labelled("Namespace", "", "shop", ("team", "x")));
    reader
        .until(|groups| groups["pod/shop/one"].labels.get(team) == "x")
        .await;
    assert!(!reader.groups["pod/ops/two"].labels.contains(team));

    // Without its node a pod is no target: that is how nodes are selected.
    server.delete("Node", "", "node-1");
    reader.until_sources(&[]).await;

    let metadata_only = server.requests().into_iter().filter(|request| {
        request.target.contains("/nodes?") || request.target.contains("/namespaces?")
    });
    for request in metadata_only {
        assert!(
            request.accept.contains("as=PartialObjectMetadata"),
            "{request:?}"
        );
    }
}

#[tokio::test]
async fn endpoints_follow_pods_and_services() {
    let server = ApiServer::start().await;
    server.apply(json!({
        "kind": "Endpoints", "metadata": {"name": "web", "namespace": "shop"},
        "subsets": [{"addresses": [{"ip": "10.0.0.1", "targetRef":
            {"kind": "Pod", "namespace": "shop", "name": "one"}}], "ports": [{"port": 80}]}],
    }));
    let mut reader = Reader::start(options(&server, Role::Endpoints));
    reader.until_sources(&["endpoints/shop/web"]).await;
    let group = "endpoints/shop/web";
    let phase = "__meta_kubernetes_pod_phase";

    server.apply(pod("shop", "one", "10.0.0.1"));
    reader
        .until(|groups| groups[group].targets[0].get(phase) == "Running")
        .await;
    let mut done = pod("shop", "one", "10.0.0.1");
    done["status"]["phase"] = json!("Succeeded");
    server.apply(done);
    reader
        .until(|groups| groups[group].targets[0].get(phase) == "Succeeded")
        .await;
    server.delete("Pod", "shop", "one");
    reader
        .until(|groups| !groups[group].targets[0].contains(phase))
        .await;

    let name = "__meta_kubernetes_service_name";
    server.apply(labelled("Service", "shop", "web", ("a", "b")));
    reader
        .until(|groups| groups[group].labels.get(name) == "web")
        .await;
    server.delete("Service", "shop", "web");
    reader
        .until(|groups| !groups[group].labels.contains(name))
        .await;
}

#[tokio::test]
async fn what_is_no_longer_selected_goes() {
    let server = ApiServer::start().await;
    for (name, ip) in [("web", "10.0.0.1"), ("db", "10.0.0.2")] {
        server.apply(pod("shop", name, ip));
    }
    server.apply(pod("ops", "web", "10.0.0.3"));
    let selector = Selector {
        label: "app=web".to_owned(),
        field: String::new(),
    };
    let mut reader = Reader::start(Options {
        namespaces: vec!["shop".to_owned()],
        selectors: vec![(Role::Pod, selector)],
        ..options(&server, Role::Pod)
    });
    reader.until_sources(&["pod/shop/web"]).await;
    let mut other = pod("shop", "web", "10.0.0.1");
    other["metadata"]["labels"]["app"] = json!("other");
    server.apply(other);
    reader.until_sources(&[]).await;
}
