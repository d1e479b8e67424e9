//! Keys with `::`, and how a later configuration changes an earlier one.

use headwater_core::config::{Key, Map, Node, Value};

use crate::yaml::MAX_DEPTH;

/// Splits keys at `::`, so that `a::b: 1` is `a: {b: 1}`. Maps inside lists stay as they are, and
/// so do keys that would nest deeper than a configuration may.
pub(crate) fn split_keys(node: Node) -> Node {
    split_below(node, 0)
}

fn split_below(node: Node, depth: usize) -> Node {
    let Value::Map(map) = node.value else {
        return node;
    };
    let mut split = Map::new();
    for (key, value) in map {
        let more = key.name.matches("::").count();
        if depth + more >= MAX_DEPTH {
            split.insert(key, value);
            continue;
        }
        let mut value = split_below(value, depth + 1 + more);
        let mut segments: Vec<&str> = key.name.split("::").collect();
        let first = Key::new(segments.remove(0), key.origin.clone());
        for segment in segments.into_iter().rev() {
            let inner = (Key::new(segment, key.origin.clone()), value);
            let map = [inner].into_iter().collect();
            value = Node::new(Value::Map(map), key.origin.clone());
        }
        put(&mut split, first, value, Lists::Replace);
    }
    Node {
        value: Value::Map(split),
        ..node
    }
}

/// What becomes of a list that both configurations have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lists {
    /// The later one replaces it.
    Replace,
    /// Receivers, exporters and extensions that the earlier one lacks are added to it.
    Append,
}

/// Changes `earlier` as `later` says: maps are merged, anything else replaces. A later null
/// erases, an empty map changes nothing. With `append`, lists of components below `service` are
/// joined instead.
pub(crate) fn merge(earlier: &mut Node, later: Node, append: bool) {
    match (&mut earlier.value, later.value) {
        (Value::Map(earlier), Value::Map(later)) => {
            for (key, value) in later {
                let lists = if append && key.name == "service" {
                    Lists::Append
                } else {
                    Lists::Replace
                };
                put(earlier, key, value, lists);
            }
        }
        (_, value) => *earlier = Node { value, ..later },
    }
}

fn put(map: &mut Map, key: Key, value: Node, lists: Lists) {
    let Some(known) = map.get_mut(&key.name) else {
        map.insert(key, value);
        return;
    };
    match (&mut known.value, value.value) {
        (Value::Map(known), Value::Map(later)) => {
            for (key, value) in later {
                put(known, key, value, lists);
            }
        }
        (Value::Seq(known), Value::Seq(later))
            if lists == Lists::Append && is_joined(&key.name) =>
        {
            for item in later {
                if !known.iter().any(|known| known.value == item.value) {
                    known.push(item);
                }
            }
        }
        (_, later) => map.insert(
            key,
            Node {
                value: later,
                ..value
            },
        ),
    }
}

fn is_joined(key: &str) -> bool {
    matches!(key, "receivers" | "exporters" | "extensions")
}

#[cfg(test)]
mod tests {
    use headwater_core::config::Diagnostics;

    use super::*;

    fn yaml(text: &str) -> Node {
        let source = headwater_core::config::Source::new(
            headwater_core::config::SourceKind::Inline,
            "t",
            text,
        );
        let mut diagnostics = Diagnostics::new();
        split_keys(crate::yaml::parse_source(&source, &mut diagnostics).unwrap())
    }

    fn merged(earlier: &str, later: &str, append: bool) -> String {
        let mut node = yaml(earlier);
        merge(&mut node, yaml(later), append);
        node.to_string()
    }

    #[test]
    fn two_colons_in_a_key_separate_levels() {
        assert_eq!(yaml("a::b: 1").to_string(), "{a: {b: 1}}");
        assert_eq!(yaml("a: {b: 1}\na::c: 2").to_string(), "{a: {b: 1, c: 2}}");
        assert_eq!(
            yaml("x: {a::b::c: 1, a::d: 2}").to_string(),
            "{x: {a: {b: {c: 1}, d: 2}}}"
        );
        assert_eq!(yaml("x: [{a::b: 1}]").to_string(), "{x: [{a::b: 1}]}");
    }

    #[test]
    fn a_key_cannot_nest_without_end() {
        let key = format!("{}b", "a::".repeat(50_000));
        let node = yaml(&format!("? {key}\n: 1\n"));
        assert_eq!(node.to_string(), format!("{{{key}: 1}}"));
        let deep = "x: {".repeat(100) + &format!("{}y: 1", "a::".repeat(100)) + &"}".repeat(100);
        assert!(yaml(&deep).to_string().contains("a::a"));
    }

    #[test]
    fn maps_merge_and_the_rest_is_replaced() {
        for (earlier, later, result) in [
            (
                "a: {b: 1, c: 2}",
                "a: {c: 3, d: 4}",
                "{a: {b: 1, c: 3, d: 4}}",
            ),
            ("a: [1, 2]", "a: [3]", "{a: [3]}"),
            ("a: 1", "a: x", "{a: x}"),
            ("a: {b: 1}", "a: 5", "{a: 5}"),
            ("a: 5", "a: {b: 1}", "{a: {b: 1}}"),
            ("a: {b: 1}\nc: 1", "a:", "{a: null, c: 1}"),
            ("a: {b: 1}", "a: {}", "{a: {b: 1}}"),
            (
                "service: {extensions: [a]}",
                "service: {extensions: [b]}",
                "{service: {extensions: [b]}}",
            ),
        ] {
            assert_eq!(
                merged(earlier, later, false),
                result,
                "{earlier} <- {later}"
            );
        }
    }

    #[test]
    fn lists_of_components_can_be_joined() {
        let earlier = "service: {extensions: [a], pipelines: {traces: {receivers: [r], processors: [p], exporters: [e]}}}";
        let later = "service: {extensions: [a, b], pipelines: {traces: {receivers: [s], processors: [q], exporters: [e]}}}";
        assert_eq!(
            merged(earlier, later, true),
            "{service: {extensions: [a, b], pipelines: {traces: {receivers: [r, s], processors: [q], exporters: [e]}}}}"
        );
        assert_eq!(
            merged("x: {receivers: [a]}", "x: {receivers: [b]}", true),
            "{x: {receivers: [b]}}"
        );
    }
}
