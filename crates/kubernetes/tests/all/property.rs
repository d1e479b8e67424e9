//! Whatever happens, in the end the groups are those of a full list.

use std::time::Duration;

use headwater_kubernetes::testing::{ApiServer, Fault};
use headwater_kubernetes::{Attach, Options, Role};
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use crate::groups::{Reader, labelled, options, pod};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Debug, Clone)]
enum Step {
    Pod {
        name: usize,
        ip: u8,
        node: usize,
        owner: usize,
    },
    Endpoints {
        name: usize,
        pods: Vec<usize>,
    },
    Slice {
        name: usize,
        service: usize,
        pods: Vec<usize>,
    },
    Labelled {
        kind: usize,
        name: usize,
        value: u8,
    },
    Delete {
        kind: usize,
        name: usize,
    },
    EndWatches,
    Bookmark,
    Compact,
    Fail {
        watch: bool,
        status: bool,
    },
    Away,
    Wait,
}

/// Kinds that only give labels.
const LABELLED: [&str; 4] = ["Service", "Namespace", "Node", "ReplicaSet"];
const DELETED: [&str; 7] = [
    "Pod",
    "Endpoints",
    "EndpointSlice",
    "Service",
    "Namespace",
    "Node",
    "ReplicaSet",
];

fn step() -> impl Strategy<Value = Step> {
    let name = 0..NAMES.len();
    let pods = || prop::collection::vec(0..NAMES.len(), 0..3);
    prop_oneof![
        6 => (name.clone(), 0..4_u8, 0..2_usize, name.clone())
            .prop_map(|(name, ip, node, owner)| Step::Pod { name, ip, node, owner }),
        3 => (name.clone(), pods()).prop_map(|(name, pods)| Step::Endpoints { name, pods }),
        3 => (name.clone(), name.clone(), pods())
            .prop_map(|(name, service, pods)| Step::Slice { name, service, pods }),
        4 => (0..LABELLED.len(), name.clone(), 0..3_u8)
            .prop_map(|(kind, name, value)| Step::Labelled { kind, name, value }),
        4 => (0..DELETED.len(), name).prop_map(|(kind, name)| Step::Delete { kind, name }),
        1 => Just(Step::EndWatches),
        1 => Just(Step::Bookmark),
        1 => Just(Step::Compact),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(watch, status)| Step::Fail { watch, status }),
        1 => Just(Step::Away),
        2 => Just(Step::Wait),
    ]
}

fn references(pods: &[usize]) -> Vec<Value> {
    let reference = |pod: &usize| {
        json!({"ip": "10.0.0.1", "addresses": ["10.0.0.1"], "nodeName": NAMES[*pod],
               "targetRef": {"kind": "Pod", "namespace": "n", "name": NAMES[*pod]}})
    };
    pods.iter().map(reference).collect()
}

async fn take(server: &ApiServer, step: &Step) {
    match step {
        Step::Pod {
            name,
            ip,
            node,
            owner,
        } => {
            // A pod without an address is no target.
            let ip = if *ip == 0 {
                String::new()
            } else {
                format!("10.0.0.{ip}")
            };
            let mut pod = pod("n", NAMES[*name], &ip);
            pod["spec"]["nodeName"] = json!(NAMES[*node]);
            pod["metadata"]["ownerReferences"] =
                json!([{"kind": "ReplicaSet", "name": NAMES[*owner], "controller": true}]);
            server.apply(pod);
        }
        Step::Endpoints { name, pods } => server.apply(json!({
            "kind": "Endpoints", "metadata": {"name": NAMES[*name], "namespace": "n"},
            "subsets": [{"addresses": references(pods), "ports": [{"port": 80}]}],
        })),
        Step::Slice {
            name,
            service,
            pods,
        } => server.apply(json!({
            "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": NAMES[*name], "namespace": "n",
                         "labels": {"kubernetes.io/service-name": NAMES[*service]}},
            "endpoints": references(pods), "ports": [{"port": 80}],
        })),
        Step::Labelled { kind, name, value } => {
            let kind = LABELLED[*kind];
            let namespace = if matches!(kind, "Namespace" | "Node") {
                ""
            } else {
                "n"
            };
            // The namespace that everything is in must be hit.
            let name = if kind == "Namespace" {
                "n"
            } else {
                NAMES[*name]
            };
            let mut object = labelled(kind, namespace, name, ("value", &value.to_string()));
            object["metadata"]["ownerReferences"] =
                json!([{"kind": "Deployment", "name": value.to_string(), "controller": true}]);
            server.apply(object);
        }
        Step::Delete { kind, name } => {
            let kind = DELETED[*kind];
            match kind {
                "Namespace" => server.delete(kind, "", "n"),
                "Node" => server.delete(kind, "", NAMES[*name]),
                _ => server.delete(kind, "n", NAMES[*name]),
            }
        }
        Step::EndWatches => server.end_watches(),
        Step::Bookmark => server.bookmark(),
        Step::Compact => server.compact(),
        Step::Fail { watch, status } => {
            let fault = if *status {
                Fault::Status(500)
            } else {
                Fault::Cut
            };
            server.fail(if *watch { "watch=true" } else { "limit=" }, fault, 1);
        }
        Step::Away => {
            server.go_away();
            tokio::time::sleep(Duration::from_millis(2)).await;
            server.come_back();
        }
        Step::Wait => tokio::time::sleep(Duration::from_millis(4)).await,
    }
}

fn all_attached(server: &ApiServer, role: Role) -> Options {
    Options {
        attach: Attach {
            node: true,
            namespace: true,
            deployment: true,
            job: true,
            cronjob: true,
        },
        ..options(server, role)
    }
}

async fn groups_end_as_a_full_list(role: Role, steps: &[Step]) {
    let server = ApiServer::start().await;
    let mut reader = Reader::start(all_attached(&server, role));
    for step in steps {
        take(&server, step).await;
    }
    // Another pace is another watch, which lists everything now.
    let mut fresh = all_attached(&server, role);
    fresh.pace.page += 100;
    let mut fresh = Reader::start(fresh);
    fresh.update().await;
    let same = reader.until_settled(|groups| *groups == fresh.groups).await;
    assert!(same, "{:#?}\nis not\n{:#?}", reader.groups, fresh.groups);
}

fn check(role: Role) {
    let config = Config {
        cases: 24,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..40))| {
        runtime().block_on(groups_end_as_a_full_list(role, &steps));
    });
}

#[test]
fn pods_end_as_a_full_list() {
    check(Role::Pod);
}

#[test]
fn endpoints_end_as_a_full_list() {
    check(Role::Endpoints);
}

#[test]
fn slices_end_as_a_full_list() {
    check(Role::EndpointSlice);
}
