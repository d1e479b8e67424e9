//! What users write, and what they are told about it.

use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_core::Signal;
use headwater_processor_metrics_transform::{Config, factory};

/// The processors of the seed's gateway: New Relic's names, one aggregation.
const GATEWAY: &str = "
transforms:
  - include: kubernetes_build_info
    action: update
    new_name: k8s.cluster.info
  - include: 'kube_pod_container_status_waiting'
    match_type: strict
    action: update
    new_name: 'kube_pod_container_status_phase'
    operations:
    - action: add_label
      new_label: container_phase
      new_value: waiting
  - include: system.cpu.utilization
    action: update
    operations:
      - action: aggregate_labels
        label_set:
        # Only exclude cpu attribute
        - state
        - job_label
        aggregation_type: mean
  - include: system.paging.operations
    action: update
    operations:
      - action: aggregate_labels
        label_set: [ direction ]
        aggregation_type: sum
";

#[test]
fn the_gateway_of_the_seed_loads_unchanged() {
    let (config, warnings) = decode::<Config>(GATEWAY).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.transforms.len(), 4);
    assert!(warnings.is_empty(), "{warnings}");
}

#[test]
fn mistakes_are_reported_with_upstreams_words_at_their_place() {
    for (transform, parts) in [
        (
            "{action: update}",
            &[
                "missing required field \"include\"",
                "transforms::0::include",
            ][..],
        ),
        (
            "{include: a}",
            &[
                "missing required field \"action\"",
                "insert, update, combine, group",
            ],
        ),
        ("{include: a, action: updat}", &["updat", "action"]),
        (
            "{include: a, action: insert}",
            &["missing required field \"new_name\" while \"action\" is insert"],
        ),
        (
            "{include: a, action: group}",
            &["missing required field \"group_resource_labels\" while \"action\" is group"],
        ),
        (
            "{include: '(', match_type: regexp, action: update}",
            &["error parsing regexp: \"(\"", "unclosed group"],
        ),
        (
            "{include: a, match_type: glob, action: update}",
            &["match_type"],
        ),
        (
            "{include: a, action: combine, new_name: b, aggregation_type: avg}",
            &["aggregation_type"],
        ),
        (
            "{include: a, action: update, operations: [{}]}",
            &[
                "operation 1: missing required field \"action\"",
                "aggregate_label_values",
            ],
        ),
        (
            "{include: a, action: update, operations: [{action: add_label}]}",
            &[
                "operation 1: missing required field \"new_label\" while \"action\" is add_label",
                "\"new_value\"",
            ],
        ),
        (
            "{include: a, action: update, operations: [{action: update_label}]}",
            &["missing required field \"label\""],
        ),
        (
            "{include: a, action: update, operations: [{action: experimental_scale_value}]}",
            &["missing required field \"experimental_scale\""],
        ),
        (
            "{include: a, action: update, operation: []}",
            &["did you mean `operations`?"],
        ),
    ] {
        let errors = decode::<Config>(&format!("transforms: [{transform}]")).unwrap_err();
        for part in parts {
            assert!(
                errors.contains(part),
                "{transform}\nwants: {part}\n{errors}"
            );
        }
    }
}

#[test]
fn only_metrics_are_transformed_under_both_spellings() {
    let factory = factory();
    for signal in Signal::ALL {
        assert_eq!(
            factory.stability(signal).is_some(),
            signal == Signal::Metrics
        );
    }
    assert_eq!(factory.component_type(), "metrics_transform");
    assert_eq!(factory.aliases(), ["metricstransform"]);
}

#[test]
fn the_readme_lists_every_key() {
    let table = keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
