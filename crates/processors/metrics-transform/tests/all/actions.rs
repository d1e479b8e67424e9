//! Update, insert, combine and group.

use headwater_testkit::otlp::Data;

use crate::{
    batch, double, gauge, int, label, points, processor, request, shown, sum, transformed,
};

#[test]
fn metrics_are_renamed_in_place_and_the_rest_stays_as_it_is() {
    let yaml = "transforms: [{include: a, action: update, new_name: b}]";
    let sent = request(vec![
        gauge("x", vec![int("", 1)]),
        gauge("a", vec![int("", 2)]),
        sum("y", vec![]),
    ]);
    let mut expected = sent.clone();
    expected.resource_metrics[0].scope_metrics[0].metrics[1].name = "b".to_owned();
    assert_eq!(transformed(yaml, &sent), expected);
}

#[test]
fn what_no_transform_includes_is_not_copied() {
    let batch = batch(&request(vec![gauge("x", vec![int("", 1)])]));
    let before = batch.payload().segments().next().unwrap().as_ptr();
    let yaml = "transforms: [{include: '^a', match_type: regexp, action: update, new_name: b}]";
    let after = processor(yaml).process(batch).unwrap().unwrap();
    assert_eq!(after.payload().segments().next().unwrap().as_ptr(), before);
}

#[test]
fn groups_of_a_pattern_are_filled_into_the_name() {
    let yaml = "transforms: [{include: '^host\\.(?P<what>[a-z]+)\\.(.*)$', match_type: regexp, \
                action: update, new_name: 'system.$${what}_$${2}'}]";
    assert_eq!(
        points(
            yaml,
            vec![
                gauge("host.cpu.time", vec![int("", 1)]),
                gauge("other", vec![int("", 2)])
            ]
        ),
        ["system.cpu_time{} 1", "other{} 2"]
    );
}

#[test]
fn a_changed_copy_is_inserted_behind_the_others() {
    let yaml = "transforms: [{include: a, action: insert, new_name: b, operations: [{action: \
                add_label, new_label: k, new_value: 'v {{version}}'}]}]";
    assert_eq!(
        points(
            yaml,
            vec![
                gauge("a", vec![int("k=own", 1), int("", 2)]),
                gauge("c", vec![int("", 3)])
            ]
        ),
        [
            "a{k=own} 1",
            "a{} 2",
            "c{} 3",
            "b{k=own} 1",
            "b{k=v 0.0.0} 2"
        ]
    );
}

#[test]
fn labels_of_points_narrow_what_is_included() {
    let metrics = || vec![gauge("a", vec![int("s=x", 1), int("s=y", 2), int("", 3)])];
    // In place: renaming needs all points, changing labels does not.
    let update = "transforms: [{include: a, experimental_match_labels: {s: x}, action: update, \
                  new_name: b, operations: [{action: update_label, label: s, new_label: t}, {action: \
                  add_label, new_label: k, new_value: v}]}]";
    assert_eq!(points(update, metrics()), ["a{t=x} 1", "a{s=y} 2", "a{} 3"]);
    let insert = "transforms: [{include: a, match_type: regexp, experimental_match_labels: {s: \
                  '^(x|)$'}, action: insert, new_name: b}]";
    assert_eq!(
        points(insert, metrics()),
        ["a{s=x} 1", "a{s=y} 2", "a{} 3", "b{s=x} 1", "b{} 3"]
    );
    // An empty value matches an absent label.
    let absent = "transforms: [{include: a, experimental_match_labels: {s: ''}, action: insert, \
                  new_name: b}]";
    assert_eq!(points(absent, metrics())[3..], ["b{} 3"]);
    let none = "transforms: [{include: a, experimental_match_labels: {s: z}, action: insert, \
                new_name: b}]";
    assert_eq!(points(none, metrics()).len(), 3);
}

#[test]
fn several_metrics_are_combined_and_their_names_become_labels() {
    let yaml = "transforms: [{include: '^web_(?P<kind>.*)_(.)$', match_type: regexp, action: combine, \
                new_name: web, aggregation_type: sum, submatch_case: upper}]";
    let metrics = vec![
        sum("web_in_a", vec![int("p=1", 1)]),
        sum("other", vec![int("", 5)]),
        sum("web_out_a", vec![int("p=1", 2), int("p=2", 3)]),
        sum("web_in_b", vec![int("p=1", 4)]),
    ];
    assert_eq!(
        points(yaml, metrics),
        [
            "other{} 5",
            "web{p=1,kind=IN,$2=A} 1",
            "web{p=1,kind=OUT,$2=A} 2",
            "web{p=2,kind=OUT,$2=A} 3",
            "web{p=1,kind=IN,$2=B} 4",
        ]
    );
    let merged = "transforms: [{include: '^m.$', match_type: regexp, action: combine, new_name: m, \
                  aggregation_type: max}]";
    let metrics = vec![
        gauge("m1", vec![int("p=1", 1)]),
        gauge("m2", vec![int("p=1", 7), int("p=2", 3)]),
    ];
    assert_eq!(points(merged, metrics), ["m{p=1} 7", "m{p=2} 3"]);
}

#[test]
fn metrics_that_differ_in_kind_are_not_combined() {
    let yaml = "transforms: [{include: '^m', match_type: regexp, action: combine, new_name: m}]";
    let mut unit = gauge("m2", vec![int("a=1", 2)]);
    unit.unit = "s".to_owned();
    let mut delta = sum("m2", vec![int("a=1", 2)]);
    let Some(Data::Sum(data)) = &mut delta.data else {
        panic!()
    };
    data.aggregation_temporality = 1;
    for (first, second) in [
        (
            gauge("m1", vec![int("a=1", 1)]),
            sum("m2", vec![int("a=1", 2)]),
        ),
        (gauge("m1", vec![int("a=1", 1)]), unit),
        (
            gauge("m1", vec![int("a=1", 1)]),
            gauge("m2", vec![int("b=1", 2)]),
        ),
        (sum("m1", vec![int("a=1", 1)]), delta),
    ] {
        let sent = request(vec![first, second]);
        assert_eq!(transformed(yaml, &sent), sent);
    }
}

#[test]
fn included_metrics_are_grouped_under_a_resource_of_their_own() {
    let yaml = "transforms: [{include: '^k8s', match_type: regexp, action: group, \
                group_resource_labels: {cluster: c, host: other}}]";
    let sent = request(vec![
        gauge("k8s.a", vec![int("", 1)]),
        gauge("b", vec![int("", 2)]),
        gauge("k8s.c", vec![int("", 3)]),
    ]);
    let data = transformed(yaml, &sent);
    assert_eq!(shown(&data), ["b{} 2", "k8s.a{} 1", "k8s.c{} 3"]);
    let attributes = |index: usize| {
        data.resource_metrics[index]
            .resource
            .as_ref()
            .unwrap()
            .attributes
            .clone()
    };
    assert_eq!(attributes(0), [label("host", "h")]);
    assert_eq!(
        attributes(1),
        [label("host", "other"), label("cluster", "c")]
    );
    assert_eq!(
        data.resource_metrics[1].scope_metrics[0].schema_url,
        "schema"
    );
    assert_eq!(data.resource_metrics[1].schema_url, "resource schema");
}

#[test]
fn transforms_see_what_those_before_them_did() {
    let yaml = "transforms:
      - {include: a, action: update, new_name: b}
      - {include: b, action: insert, new_name: c}
      - {include: c, action: update, operations: [{action: toggle_scalar_data_type}]}";
    assert_eq!(
        points(yaml, vec![gauge("a", vec![double("", 1.5)])]),
        ["b{} 1.5", "c{} 1"]
    );
}

#[test]
fn emptied_scopes_and_resources_are_removed() {
    let yaml = "transforms: [{include: a, action: update, operations: [{action: delete_label_value, \
                label: s, label_value: x}]}]";
    let mut sent = request(vec![gauge("a", vec![int("s=x", 1)])]);
    assert!(transformed(yaml, &sent).resource_metrics.is_empty());
    sent.resource_metrics
        .extend(request(vec![gauge("a", vec![int("s=x", 1), int("s=y", 2)])]).resource_metrics);
    let data = transformed(yaml, &sent);
    assert_eq!(
        (data.resource_metrics.len(), shown(&data)),
        (1, vec!["a{s=y} 2".to_owned()])
    );
}

#[test]
fn broken_metrics_are_refused() {
    // A metric called `a` whose data is cut short.
    let metric = [0x0a, 1, b'a', 0x2a, 9, 1];
    let scope = [&[0x12, metric.len() as u8][..], &metric].concat();
    let entry = [&[0x12, scope.len() as u8][..], &scope].concat();
    let bytes = [&[0x0a, entry.len() as u8][..], &entry].concat();
    let batch = headwater_core::Batch::new(headwater_core::Signal::Metrics, bytes, 1);
    let yaml = "transforms: [{include: a, action: update, new_name: b}]";
    assert!(processor(yaml).process(batch).unwrap_err().is_permanent());
}
