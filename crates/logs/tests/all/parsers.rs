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

#[test]
fn pairs_become_attributes_and_quotes_come_off() {
    let yaml = "operators: [{type: key_value_parser}]";
    let attributes = |line: &str| shown(yaml, line).split_off(line.len() + 1);
    assert_eq!(
        attributes(r#"level=info msg="it's fine" empty= path='/a b'"#),
        "map[level:info msg:it's fine empty: path:/a b]"
    );
    // What is no pair leaves the entry as it was.
    for line in ["a=1 b", "a=\"open"] {
        assert_eq!(attributes(line), "map[]");
    }
    assert_eq!(
        shown(
            "operators: [{type: key_value_parser, delimiter: ':', pair_delimiter: ', '}]",
            "a: 1, b:2"
        ),
        "a: 1, b:2 map[a:1 b:2]"
    );
}

#[test]
fn separated_values_become_columns() {
    let yaml = "operators: [{type: csv_parser, header: 'a,b,c'}]";
    let attributes = |line: &str| shown(yaml, line).split_off(line.len() + 1);
    assert_eq!(attributes(r#"1,"x, ""y""",3"#), r#"map[a:1 b:x, "y" c:3]"#);
    assert_eq!(attributes(",,"), "map[a: b: c:]");
    for line in ["1,2", "1,x\"y,3", "1,\"x,3", "1,\"x\"y,3"] {
        assert_eq!(attributes(line), "map[]", "{line}");
    }
    let lazy = "operators: [{type: csv_parser, header: 'a,b', lazy_quotes: true}]";
    assert_eq!(shown(lazy, r#"x"y,"p"q""#), r#"x"y,"p"q" map[a:x"y b:p"q]"#);
    let dynamic = "operators: [{type: add, field: attributes.h, value: 'x;y'}, {type: csv_parser, header_attribute: h, \
                   header_delimiter: ';', delimiter: '|', ignore_quotes: true}]";
    assert_eq!(shown(dynamic, "\"1|2"), "\"1|2 map[h:x;y x:\"1 y:2]");
}

#[test]
fn json_arrays_become_lists_or_columns() {
    assert_eq!(
        shown(
            "operators: [{type: json_array_parser, parse_to: body}]",
            r#"[1,"a",null,true]"#
        ),
        "[1 a <nil> true] map[]"
    );
    assert_eq!(
        shown(
            "operators: [{type: json_array_parser, header: 'a,b'}]",
            "[1,2]"
        ),
        "[1,2] map[a:1 b:2]"
    );
    assert_eq!(
        shown("operators: [{type: json_array_parser, header: a}]", "[1,2]"),
        "[1,2] map[]"
    );
}

#[test]
fn uris_are_taken_apart() {
    let yaml = "operators: [{type: uri_parser, parse_to: body}]";
    for (line, expected) in [
        (
            "https://u:p@example.com:8443/a%20b?x=1&x=2&y=%26+c",
            "map[scheme:https user:u host:example.com port:8443 path:/a%20b query:map[x:[1 2] y:[& c]]]",
        ),
        (
            "http://[::1]:80/",
            "map[scheme:http host:::1 port:80 path:/]",
        ),
        ("/only/path?q", "map[path:/only/path query:map[q:[]]]"),
        ("?a=b", "map[query:map[a:[b]]]"),
        ("mailto:x", "map[scheme:mailto]"),
    ] {
        assert_eq!(shown(yaml, line), format!("{expected} map[]"));
    }
    for line in [
        "relative/path",
        "http://host:port/",
        "/bad%zz",
        "http://[::1/",
    ] {
        assert_eq!(shown(yaml, line), format!("{line} map[]"));
    }
}

#[test]
fn syslog_of_both_kinds_is_read() {
    let old = "operators: [{type: syslog_parser, protocol: rfc3164}]";
    let shown_of = |yaml: &str, line: &str| shown(yaml, line).split_off(line.len() + 1);
    assert_eq!(
        shown_of(
            old,
            "<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed"
        ),
        "map[priority:34 facility:4 facility_text:auth hostname:mymachine appname:su proc_id:12 message:'su root' failed] 18:crit @1791756855000000000"
    );
    let new = "operators: [{type: syslog_parser, protocol: rfc5424}]";
    assert_eq!(
        shown_of(
            new,
            r#"<165>1 2003-10-11T22:14:15.003Z host evnt 7 ID47 [a@1 x="1" y="q\"\]"][b] hello"#
        ),
        r#"map[priority:165 facility:20 facility_text:local4 version:1 hostname:host appname:evnt proc_id:7 msg_id:ID47 structured_data:map[a@1:map[x:1 y:q"]] b:map[]] message:hello] 10:notice @1065910455003000000"#
    );
    assert_eq!(
        shown_of(new, "<0>1 - - - - - -"),
        "map[priority:0 facility:0 facility_text:kern version:1] 21:emerg"
    );
    for (yaml, line) in [
        (old, "no priority"),
        (old, "<192>Oct 11 22:14:15 h m"),
        (old, "<034>Oct 11 22:14:15 h m"),
        (old, "<34>Oct 99 22:14:15 h m"),
        (new, "<34>0 - - - - - -"),
        (new, "<34>1 yesterday - - - - -"),
        (new, "<34>1 - - - - - [a"),
        (new, "<34>1 - - - - - [a x=1]"),
        (new, "<34>1 - - - - - -message"),
    ] {
        assert_eq!(shown_of(yaml, line), "map[]", "{line}");
    }
    let counted =
        "operators: [{type: syslog_parser, protocol: rfc5424, enable_octet_counting: true}]";
    assert!(shown_of(counted, "18 <0>1 - - - - - - x").contains("message:x"));
    let skipped =
        "operators: [{type: syslog_parser, protocol: rfc3164, allow_skip_pri_header: true}]";
    assert_eq!(
        shown_of(skipped, "Oct 11 22:14:15 h text"),
        "map[hostname:h message:text] @1791756855000000000"
    );
}

proptest::proptest! {
    #[test]
    fn no_line_makes_a_parser_panic(line in "[<>0-9A-Za-z \\[\\]=\"'\\\\:;,%?&/@{}.-]{0,60}") {
        for yaml in [
            "operators: [{type: key_value_parser, on_error: send_quiet}, {type: csv_parser, header: a}, {type: uri_parser}]",
            "operators: [{type: syslog_parser, protocol: rfc3164}, {type: syslog_parser, protocol: rfc5424}]",
            "operators: [{type: json_array_parser}, {type: unquote}, {type: container}]",
        ] {
            proptest::prop_assert_eq!(crate::run(yaml, &[&line]).len(), 1);
        }
    }
}
