//! Trees written as YAML and JSON.

use headwater_config::{Resolver, to_annotated_yaml, to_json, to_yaml};
use headwater_core::config::{Key, Map, Node, Origin, Value};

fn tree(yaml: &str) -> Node {
    let resolved = Resolver::new().uri(format!("yaml:{yaml}")).resolve();
    assert!(
        resolved.diagnostics.is_empty(),
        "{:?}",
        resolved.diagnostics
    );
    resolved.root
}

const EXAMPLE: &str = "
receivers:
  otlp: {protocols: {grpc: {endpoint: 'localhost:4317'}, http: }}
processors:
  attributes: {actions: [{key: a, value: 5}, {key: 'b: c', value: [1, [2, {x: y}]]}]}
text: {empty: '', yes: 'yes', number: '0123', dash: '- x', lines: \"a\\nb\", star: '*'}
numbers: [1.0, -0.5, .inf, 18446744073709551615, true, ~]
nothing: [{}, []]
";

#[test]
fn yaml_is_in_block_style() {
    insta::assert_snapshot!(to_yaml(&tree(EXAMPLE)), @r#"
    receivers:
        otlp:
            protocols:
                grpc:
                    endpoint: localhost:4317
                http: null
    processors:
        attributes:
            actions:
                - key: a
                  value: 5
                - key: "b: c"
                  value:
                    - 1
                    -
                      - 2
                      - x: "y"
    text:
        empty: ""
        "yes": "yes"
        number: "0123"
        dash: "- x"
        lines: "a\nb"
        star: "*"
    numbers:
        - 1.0
        - -0.5
        - .inf
        - 18446744073709551615
        - true
        - null
    nothing:
        - {}
        - []
    "#);
}

#[test]
fn json_has_two_blanks_per_level() {
    insta::assert_snapshot!(to_json(&tree("{a: {b: [1, {c: 'x\"y'}], d: {}}, e: .nan, f: []}")), @r#"
    {
      "a": {
        "b": [
          1,
          {
            "c": "x\"y"
          }
        ],
        "d": {}
      },
      "e": ".nan",
      "f": []
    }
    "#);
}

#[test]
fn comments_say_where_values_come_from() {
    let root = tree("a: 1\nb: {c: [x]}\n");
    let annotated = to_annotated_yaml(&root, |path, node| Some(format!("{path} {}", node.origin)));
    insta::assert_snapshot!(annotated, @r#"
    a: 1 # a yaml:1:4
    b:
        c:
            - x # b::c::0 yaml:2:9
    "#);
}

/// The values alone.
fn bare(node: &Node) -> Node {
    let value = match &node.value {
        Value::Seq(items) => Value::Seq(items.iter().map(bare).collect()),
        Value::Map(map) => {
            let entries = map
                .iter()
                .map(|(key, node)| (Key::new(key.name.as_str(), Origin::Default), bare(node)));
            Value::Map(entries.collect::<Map>())
        }
        value => value.clone(),
    };
    Node::new(value, Origin::Default)
}

#[test]
fn what_is_written_reads_back_the_same() {
    let root = tree(EXAMPLE);
    let written = to_yaml(&root);
    assert_eq!(bare(&tree(&written)), bare(&root), "{written}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(500))]

    #[test]
    fn any_text_reads_back_the_same(text in "\\PC{0,12}|[-?:,\\[\\]{}#&*!|>'\"%@` a0~.\\n\\t]{0,8}") {
        let map: Map =
            [(Key::new(format!("k{text}"), Origin::Default), Node::from(vec![text.as_str().into()]))]
                .into_iter()
                .collect();
        let node = Node::from(map);
        let written = to_yaml(&node).replace('$', "$$");
        let expected = bare(&node).to_string();
        proptest::prop_assume!(!text.contains("::") && !text.contains('$'));
        let resolved = Resolver::new().uri(format!("yaml:{written}")).resolve();
        proptest::prop_assert_eq!(bare(&resolved.root).to_string(), expected, "{}", written);
    }
}
