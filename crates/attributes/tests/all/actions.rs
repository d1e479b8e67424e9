use std::net::SocketAddr;

use headwater_attributes::{Actions, Bound};
use headwater_core::pdata::edit::{Rewrite, SpanEditor, Verdict};
use headwater_core::{Context, ContextParts, Identity, Metadata, Signal};
use headwater_testkit::otlp::{KeyValue, Span};
use prost::Message;

use crate::{
    attributes, boolean, bytes, double, edited, int, list, map, request, section, span_attributes,
    text,
};

struct Apply<'a>(Bound<'a>);

impl Rewrite for Apply<'_> {
    fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
        self.0.apply(&mut span.attributes());
        Verdict::Keep
    }
}

fn applied_with(context: &Context, yaml: &str, before: Vec<KeyValue>) -> Vec<KeyValue> {
    let section = section(yaml);
    let actions = Actions::compile(&section.actions).unwrap();
    let span = Span {
        attributes: before,
        ..Span::default()
    };
    let request = request(Vec::new(), ("", ""), span).encode_to_vec();
    span_attributes(&edited(
        Signal::Traces,
        request,
        &mut Apply(actions.bind(context)),
    ))
}

fn applied(yaml: &str, before: Vec<KeyValue>) -> Vec<KeyValue> {
    applied_with(&Context::default(), yaml, before)
}

#[test]
fn insert_adds_what_is_absent() {
    let yaml = "actions: [{key: a, value: 1, action: insert}, {key: b, value: x, action: insert}]";
    let after = applied(yaml, attributes([("a", text("old"))]));
    assert_eq!(after, attributes([("a", text("old")), ("b", text("x"))]));
}

#[test]
fn update_changes_what_is_there() {
    let yaml = "actions: [{key: a, value: 1, action: update}, {key: b, value: x, action: update}]";
    let after = applied(yaml, attributes([("z", int(0)), ("a", text("old"))]));
    assert_eq!(after, attributes([("z", int(0)), ("a", int(1))]));
}

#[test]
fn upsert_does_both_in_any_case() {
    let yaml = "actions: [{key: a, value: 1, action: UPSERT}, {key: b, value: x, action: Upsert}]";
    let after = applied(yaml, attributes([("a", text("old"))]));
    assert_eq!(after, attributes([("a", int(1)), ("b", text("x"))]));
}

#[test]
fn of_a_name_that_occurs_twice_the_first_is_meant() {
    let before = || attributes([("a", int(1)), ("a", int(2))]);
    let after = applied("actions: [{key: a, value: 3, action: upsert}]", before());
    assert_eq!(after, attributes([("a", int(3)), ("a", int(2))]));
    let after = applied("actions: [{key: a, action: delete}]", before());
    assert_eq!(after, attributes([("a", int(2))]));
}

#[test]
fn values_have_the_type_that_yaml_gives_them() {
    for (yaml, expected) in [
        ("true", boolean(true)),
        ("'true'", text("true")),
        ("1", int(1)),
        ("'1'", text("1")),
        ("1.0", double(1.0)),
        ("-5", int(-5)),
        ("18446744073709551615", int(-1)),
        ("1e3", double(1000.0)),
        ("plain text", text("plain text")),
        ("''", text("")),
        (
            "[1, a, [true], 1.5]",
            list([int(1), text("a"), list([boolean(true)]), double(1.5)]),
        ),
        (
            "{a: 1, b: {c: x}}",
            map([("a", int(1)), ("b", map([("c", text("x"))]))]),
        ),
    ] {
        let yaml = format!("actions: [{{key: k, value: {yaml}, action: insert}}]");
        assert_eq!(
            applied(&yaml, Vec::new()),
            attributes([("k", expected)]),
            "{yaml}"
        );
    }
}

#[test]
fn values_come_from_other_attributes_with_their_type() {
    let yaml = "actions:
      - {key: new, from_attribute: a, action: insert}
      - {key: b, from_attribute: a, action: update}
      - {key: c, from_attribute: absent, action: upsert}
      - {key: d, from_attribute: new, action: upsert}
      - {key: a, from_attribute: a, action: upsert}";
    let nested = || map([("x", list([int(1), bytes(b"\xff")]))]);
    let after = applied(
        yaml,
        attributes([("a", nested()), ("b", int(2)), ("c", int(3))]),
    );
    let expected = attributes([
        ("a", nested()),
        ("b", nested()),
        ("c", int(3)),
        ("new", nested()),
        ("d", nested()),
    ]);
    assert_eq!(after, expected);
}

#[test]
fn defaults_stand_in_for_sources_that_are_absent() {
    let yaml = "actions:
      - {key: a, from_attribute: absent, default_value: 1, action: upsert}
      - {key: b, from_context: metadata.absent, default_value: two, action: insert}
      - {key: c, default_value: [3], action: upsert}
      - {key: d, from_attribute: a, default_value: 9, action: upsert}
      - {key: e, value: false, default_value: true, action: upsert}";
    let expected = attributes([
        ("a", int(1)),
        ("b", text("two")),
        ("c", list([int(3)])),
        ("d", int(1)),
        ("e", boolean(false)),
    ]);
    assert_eq!(applied(yaml, Vec::new()), expected);
}

fn context() -> Context {
    let mut metadata = Metadata::default();
    metadata.append("X-Tenant", "one");
    metadata.append("x-tenant", "two");
    let attributes = vec![("subject".into(), "alice".into())];
    let peer: SocketAddr = "[::ffff:10.1.2.3]:4567".parse().unwrap();
    Context::new(ContextParts {
        metadata,
        identity: Some(Identity { attributes }),
        peer: Some(peer),
        ..ContextParts::default()
    })
}

#[test]
fn values_come_from_headers_identity_and_address() {
    let yaml = "actions:
      - {key: bare, from_context: X-tenant, action: insert}
      - {key: header, from_context: metadata.x-TENANT, action: insert}
      - {key: absent, from_context: metadata.absent, action: insert}
      - {key: auth, from_context: auth.subject, action: insert}
      - {key: no auth, from_context: auth.roles, action: insert}
      - {key: address, from_context: client.address, action: insert}";
    let expected = attributes([
        ("bare", text("one;two")),
        ("header", text("one;two")),
        ("auth", text("alice")),
        ("address", text("10.1.2.3")),
    ]);
    assert_eq!(applied_with(&context(), yaml, Vec::new()), expected);
    // As upstream: without a client the address is there and empty.
    assert_eq!(
        applied(yaml, Vec::new()),
        attributes([("address", text(""))])
    );
}

#[test]
fn delete_takes_a_name_and_a_pattern() {
    let before = || attributes([("a", int(1)), ("http.url", int(2)), ("x.http.y", int(3))]);
    for (action, left) in [
        ("{key: a, action: delete}", &["http.url", "x.http.y"][..]),
        ("{pattern: '^http', action: delete}", &["a", "x.http.y"]),
        ("{key: a, pattern: http, action: delete}", &[]),
        (
            "{key: absent, action: delete}",
            &["a", "http.url", "x.http.y"],
        ),
    ] {
        let after = applied(&format!("actions: [{action}]"), before());
        let names: Vec<_> = after
            .iter()
            .map(|attribute| attribute.key.as_str())
            .collect();
        assert_eq!(names, left, "{action}");
    }
}

#[test]
fn hash_is_sha256_of_the_bytes_of_the_value() {
    // The expected values come from `sha256sum`.
    let cases = [
        (
            text("hello"),
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        ),
        (
            boolean(true),
            "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a",
        ),
        (
            boolean(false),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        ),
        (
            int(1),
            "7c9fa136d4413fa6173637e883b6998d32e1d675f88cddff9dcbcf331820f4b8",
        ),
        (
            double(1.0),
            "6c3c396ed6b5c36dcae172271f462051b1266b851e92df3deea8ac65478fd712",
        ),
        (bytes(b"x"), ""),
        (list([int(1)]), ""),
        (map([]), ""),
    ];
    for (value, expected) in cases {
        let after = applied(
            "actions: [{key: k, action: hash}]",
            attributes([("k", value)]),
        );
        assert_eq!(after, attributes([("k", text(expected))]));
    }
}

#[test]
fn hash_by_pattern_hashes_every_match_and_a_name_that_matches_both_twice() {
    let once = |value: &str| {
        applied(
            "actions: [{key: k, action: hash}]",
            attributes([("k", text(value))]),
        )
    };
    let hash = |value: &str| match once(value).remove(0).value.and_then(|value| value.value) {
        Some(headwater_testkit::otlp::Value::StringValue(hash)) => hash,
        other => panic!("{other:?}"),
    };
    let yaml = "actions: [{key: user.name, pattern: '^user', action: hash}]";
    let before = attributes([
        ("user.id", text("1")),
        ("other", text("2")),
        ("user.name", text("3")),
    ]);
    let expected = attributes([
        ("user.id", text(&hash("1"))),
        ("other", text("2")),
        ("user.name", text(&hash(&hash("3")))),
    ]);
    assert_eq!(applied(yaml, before), expected);
}

#[test]
fn extract_makes_attributes_of_named_groups() {
    let yaml = r"actions:
      - key: http.url
        pattern: ^(?P<http_protocol>.*):\/\/(?P<http_domain>.*)\/(?P<http_path>[^?]*)(?:\?(?P<query>.*))?
        action: extract";
    let url = "http://example.com/path";
    let after = applied(
        yaml,
        attributes([("http_domain", int(1)), ("http.url", text(url))]),
    );
    let expected = attributes([
        ("http_domain", text("example.com")),
        ("http.url", text(url)),
        ("http_protocol", text("http")),
        ("http_path", text("path")),
        // A group that took no part.
        ("query", text("")),
    ]);
    assert_eq!(after, expected);
    for value in [text("no url"), int(5)] {
        let before = attributes([("http.url", value)]);
        assert_eq!(applied(yaml, before.clone()), before);
    }
}

#[test]
fn convert_changes_the_type_where_it_can() {
    let untouched = |value: headwater_testkit::otlp::AnyValue| (value.clone(), value);
    let cases = [
        ("int", (text("123"), int(123))),
        ("int", (text("-5"), int(-5))),
        ("int", (text("+5"), int(5))),
        ("int", untouched(text("1.5"))),
        ("int", untouched(text(" 1"))),
        ("int", untouched(text("9223372036854775808"))),
        ("int", (double(1.9), int(1))),
        ("int", (double(-1.9), int(-1))),
        ("int", (double(1e300), int(i64::MIN))),
        ("int", (boolean(true), int(1))),
        ("int", untouched(int(7))),
        ("int", untouched(list([int(1)]))),
        ("double", (text("1.5"), double(1.5))),
        ("double", (text("5"), double(5.0))),
        ("double", (text("1e3"), double(1000.0))),
        ("double", (text("-Infinity"), double(f64::NEG_INFINITY))),
        ("double", (text("inf"), double(f64::INFINITY))),
        ("double", untouched(text("1e999"))),
        ("double", untouched(text("+nan"))),
        ("double", untouched(text("x"))),
        ("double", (int(3), double(3.0))),
        ("double", (boolean(false), double(0.0))),
        ("double", untouched(bytes(b"1"))),
        ("string", (int(-3), text("-3"))),
        ("string", (double(1.0), text("1"))),
        ("string", (double(1e21), text("1e+21"))),
        ("string", (boolean(true), text("true"))),
        ("string", (bytes(b"\x01"), text("AQ=="))),
        (
            "string",
            (list([int(1), text("<")]), text(r#"[1,"\u003c"]"#)),
        ),
        (
            "string",
            (
                map([("b", int(1)), ("a", int(2))]),
                text(r#"{"a":2,"b":1}"#),
            ),
        ),
        ("string", untouched(text("x"))),
    ];
    for (target, (before, after)) in cases {
        let yaml = format!("actions: [{{key: k, converted_type: {target}, action: convert}}]");
        let result = applied(&yaml, attributes([("k", before.clone())]));
        assert_eq!(result, attributes([("k", after)]), "{before:?} to {target}");
    }
}

#[test]
fn actions_see_what_the_actions_before_them_did() {
    let yaml = "actions:
      - {key: a, value: '5', action: insert}
      - {key: a, converted_type: int, action: convert}
      - {key: b, from_attribute: a, action: upsert}
      - {key: a, action: delete}
      - {key: a, value: again, action: insert}";
    let after = applied(yaml, attributes([("z", int(0))]));
    assert_eq!(
        after,
        attributes([("z", int(0)), ("b", int(5)), ("a", text("again"))])
    );
}
