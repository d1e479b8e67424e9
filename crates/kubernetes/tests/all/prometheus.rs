//! The groups are those of Prometheus.
//!
//! `testdata/prometheus.json` holds what `discovery/kubernetes` of Prometheus 3.14 reported for
//! `testdata/cluster.json`, served by the same API server: labels without a value left out, targets
//! sorted.

use std::collections::BTreeMap;

use headwater_config::testing::decode;
use headwater_kubernetes::testing::ApiServer;
use headwater_kubernetes::{ClusterConfig, Options};
use headwater_prometheus::Labels;
use headwater_prometheus::scrape_config::KubernetesSdConfig;
use serde::Deserialize;

use crate::groups::Reader;

#[derive(Deserialize)]
struct Case {
    name: String,
    config: String,
    groups: BTreeMap<String, Group>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Group {
    labels: BTreeMap<String, String>,
    targets: Vec<BTreeMap<String, String>>,
}

fn plain(labels: &Labels) -> BTreeMap<String, String> {
    let pairs = labels.iter();
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[tokio::test]
async fn every_role_has_the_groups_of_prometheus() {
    let server = ApiServer::start().await;
    let objects = include_str!("../../testdata/cluster.json");
    let objects: Vec<serde_json::Value> = serde_json::from_str(objects).unwrap();
    for object in objects {
        server.apply(object);
    }
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../testdata/prometheus.json")).unwrap();
    assert!(cases.len() >= 20);
    for case in cases {
        let (config, warnings) = decode::<KubernetesSdConfig>(&case.config).unwrap();
        assert!(warnings.is_empty(), "{}: {warnings:?}", case.name);
        let mut options = Options::try_from(&config).unwrap();
        assert_eq!(options.cluster, ClusterConfig::InCluster);
        options.cluster = server.cluster();
        options.pace = ApiServer::pace();
        let mut reader = Reader::start(options);
        // The first update has all groups: there are fewer than fit into one.
        reader.update().await;
        let groups: BTreeMap<_, _> = std::mem::take(&mut reader.groups)
            .into_iter()
            .map(|(source, group)| {
                let mut targets: Vec<_> = group.targets.iter().map(plain).collect();
                targets.sort_by_key(|target| serde_json::to_string(target).unwrap());
                let labels = plain(&group.labels);
                (source, Group { labels, targets })
            })
            .collect();
        let ours: Vec<_> = groups.keys().collect();
        assert_eq!(
            ours,
            case.groups.keys().collect::<Vec<_>>(),
            "{}",
            case.name
        );
        for (source, group) in groups {
            let theirs = &case.groups[&source];
            similar_asserts(&case.name, &source, &group, theirs);
        }
    }
}

fn similar_asserts(case: &str, source: &str, ours: &Group, theirs: &Group) {
    assert_eq!(ours.labels, theirs.labels, "labels of {source}, {case}");
    let count = (ours.targets.len(), theirs.targets.len());
    assert_eq!(count.0, count.1, "targets of {source}, {case}");
    for (ours, theirs) in ours.targets.iter().zip(&theirs.targets) {
        assert_eq!(ours, theirs, "a target of {source}, {case}");
    }
}
