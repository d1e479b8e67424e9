//! Parsers and edits, one line in, one entry out.

use crate::shown;

#[test]
fn regex_parser_makes_attributes_of_named_groups() {
    let yaml = "operators: [{type: regex_parser, regex: '^(?P<time>\\S+) (?P<level>[A-Z]+)( \\[(?P<thread>\\w+)\\])? (?P<msg>.*)$', \
                timestamp: {parse_from: attributes.time, layout: '%Y-%m-%dT%H:%M:%S', location: UTC}, \
                severity: {parse_from: attributes.level}}]";
    assert_eq!(
        shown(yaml, "1970-01-01T00:00:02 WARN [main] it is late"),
        "1970-01-01T00:00:02 WARN [main] it is late map[time:1970-01-01T00:00:02 level:WARN thread:main msg:it is late] 13:WARN @2000000000"
    );
    // A group that took no part in the match is empty, as in Go.
    assert!(shown(yaml, "1970-01-01T00:00:02 INFO x").contains("thread: msg:x"));
}

#[test]
fn json_parser_writes_where_it_is_told_and_may_replace_the_body() {
    assert_eq!(
        shown(
            "operators: [{type: json_parser}]",
            r#"{"a":1,"b":{"c":[true,null]}}"#
        ),
        r#"{"a":1,"b":{"c":[true,null]}} map[a:1 b:map[c:[true <nil>]]]"#
    );
    assert_eq!(
        shown(
            "operators: [{type: json_parser, parse_to: body}]",
            r#"{"a":1.5}"#
        ),
        "map[a:1.5] map[]"
    );
    assert_eq!(
        shown(
            "operators: [{type: json_parser, parse_to: attributes.j, body: attributes.j.msg, parse_ints: true, \
             severity: {parse_from: attributes.j.level}, trace: {trace_id: {parse_from: attributes.j.t}}}]",
            r#"{"msg":"hi","level":"err","n":3,"t":"0102030405060708090a0b0c0d0e0f10"}"#
        ),
        "hi map[j:map[msg:hi level:err n:3 t:0102030405060708090a0b0c0d0e0f10]] 17:err"
    );
}

#[test]
fn a_value_that_does_not_parse_leaves_the_entry_as_it_was() {
    for yaml in [
        "operators: [{type: json_parser}]",
        "operators: [{type: regex_parser, regex: '^(?P<x>never)$'}]",
        "operators: [{type: time_parser, parse_from: body, layout_type: gotime, layout: '2006'}]",
        "operators: [{type: json_parser, parse_from: attributes.missing}]",
        "operators: [{type: move, from: attributes.missing, to: body}]",
        "operators: [{type: remove, field: body.x}]",
        "operators: [{type: flatten, field: attributes.x}]",
        "operators: [{type: assign_keys, field: body, keys: [a]}]",
        "operators: [{type: unquote}]",
    ] {
        assert_eq!(shown(yaml, "plain"), "plain map[]", "{yaml}");
    }
}

#[test]
fn edits_move_copy_add_remove_and_prune() {
    let json = |rest: &str| format!("operators: [{{type: json_parser}}, {rest}]");
    let line = r#"{"a":{"x":"1","y":"2"},"l":["p","q"],"k":"v"}"#;
    for (operator, expected) in [
        (
            "{type: move, from: attributes.k, to: body}",
            "v map[a:map[x:1 y:2] l:[p q]]",
        ),
        (
            "{type: copy, from: attributes.k, to: 'resource[\"r.k\"]'}, {type: retain, fields: [attributes.k]}, {type: remove, field: body}",
            "<nil> map[k:v] map[r.k:v]",
        ),
        (
            "{type: retain, fields: [attributes.a.x, body]}, {type: remove, field: body}",
            "<nil> map[a:map[x:1]]",
        ),
        (
            "{type: remove, field: attributes}, {type: add, field: body, value: 'EXPR(\"n\" + \"m\")'}",
            "nm map[]",
        ),
        (
            "{type: flatten, field: attributes.a}, {type: retain, fields: [attributes.x, attributes.a, attributes.y]}, {type: remove, field: body}",
            "<nil> map[x:1 y:2]",
        ),
        (
            "{type: assign_keys, field: attributes.l, keys: [one, two]}, {type: retain, fields: [attributes.l]}, {type: remove, field: body}",
            "<nil> map[l:map[one:p two:q]]",
        ),
        (
            "{type: add, field: attributes.k, value: {n: [1, x]}}, {type: retain, fields: [attributes.k]}, {type: remove, field: body}",
            "<nil> map[k:map[n:[1 x]]]",
        ),
        (
            "{type: move, from: attributes.a, to: body}, {type: remove, field: attributes}",
            "map[x:1 y:2] map[]",
        ),
    ] {
        assert_eq!(shown(&json(operator), line), expected, "{operator}");
    }
}

#[test]
fn texts_are_unquoted_and_replaced() {
    assert_eq!(
        shown("operators: [{type: unquote}]", r#""a\tb""#),
        "a\tb map[]"
    );
    assert_eq!(
        shown(
            "operators: [{type: regex_replace, regex: '(\\w+)=(\\w+)', replace_with: '$${2}:$${1}'}]",
            "a=1 b=2"
        ),
        "1:a 2:b map[]"
    );
    assert_eq!(
        shown(
            "operators: [{type: regex_replace, regex_name: ansi_control_sequences}]",
            "\u{1b}[31mred\u{1b}[0m"
        ),
        "red map[]"
    );
}

#[test]
fn severity_time_trace_and_scope_have_operators_of_their_own() {
    assert_eq!(
        shown(
            "operators: [{type: severity_parser, parse_from: body, mapping: {fatal: [boom, 4xx], warn2: {min: 1, max: 5}}, overwrite_text: true}]",
            "404"
        ),
        "404 map[] 21:FATAL"
    );
    assert_eq!(
        shown(
            "operators: [{type: time_parser, parse_from: body, layout_type: epoch, layout: ms}]",
            "1500"
        ),
        "1500 map[] @1500000000"
    );
    let entries = crate::run("operators: [{type: scope_name_parser}]", &["my.scope"]);
    assert_eq!(entries[0].scope_name, "my.scope");
    let entries = crate::run(
        "operators: [{type: trace_parser, span_id: {parse_from: body}, trace_id: {parse_from: body}}]",
        &["0102030405060708"],
    );
    assert_eq!(entries[0].span_id, [1, 2, 3, 4, 5, 6, 7, 8]);
}
