//! What users are told.

use headwater_config::testing::decode;

use crate::{Section, errors};

#[test]
fn mistakes_of_every_kind_are_reported_at_their_place() {
    for (yaml, message) in [
        ("{type: nothing}", "unsupported type 'nothing'"),
        ("{id: x}", "missing required field 'type'"),
        ("{type: regex_parser, regex: '('}", "compiling regex"),
        (
            "{type: regex_parser, regex: 'x'}",
            "no named capture groups in regex pattern",
        ),
        ("{type: move, from: a, to: body}", "unrecognized prefix"),
        (
            "{type: filter, expr: 'body =='}",
            "failed to compile expression",
        ),
        ("{type: filter}", "missing required field 'expr'"),
        ("{type: noop, if: '('}", "failed to compile expression"),
        (
            "{type: noop, on_error: explode}",
            "invalid `on_error` field",
        ),
        (
            "{type: noop, output: nowhere}",
            "there is no operator `nowhere`",
        ),
        ("{type: noop, id: a, output: a}", "lead back to it"),
        (
            "{type: time_parser, parse_from: body, layout: '%Q'}",
            "there is no directive `%Q`",
        ),
        (
            "{type: time_parser, parse_from: body, layout: '%Y', location: Nowhere/Land}",
            "no time zone",
        ),
        (
            "{type: time_parser, parse_from: body, layout_type: epoch, layout: h}",
            "invalid `layout`",
        ),
        (
            "{type: time_parser, layout: '%Y'}",
            "missing required field 'parse_from'",
        ),
        (
            "{type: json_parser, parse_to: body, body: body.x}",
            "not allowed when `body`",
        ),
        (
            "{type: severity_parser, parse_from: body, mapping: {loud: x}}",
            "`loud` is no severity",
        ),
        (
            "{type: container, format: podman}",
            "invalid `format` field",
        ),
        (
            "{type: recombine, combine_field: body}",
            "one of is_first_entry and is_last_entry",
        ),
        (
            "{type: router, routes: [{expr: 'true'}]}",
            "missing required field 'output'",
        ),
        ("{type: retain, fields: []}", "'fields' is empty"),
        ("{type: add, field: body}", "missing required field 'value'"),
    ] {
        let found = errors(&format!("operators: [{yaml}]"));
        assert!(found.contains(message), "{yaml}\n{found}");
    }
}

#[test]
fn two_mistakes_are_reported_together() {
    let found = errors("operators: [{type: nothing}, {type: filter, expr: '('}]");
    assert!(
        found.contains("unsupported type") && found.contains("failed to compile"),
        "{found}"
    );
}

#[test]
fn an_unknown_key_is_ignored_as_upstream_does_but_warned_about() {
    let (_, warnings) =
        decode::<Section>("operators: [{type: json_parser, prase_to: body}]").unwrap();
    assert!(warnings.contains("unknown field `prase_to`"), "{warnings}");
    assert!(warnings.contains("did you mean `parse_to`?"), "{warnings}");
}

#[test]
fn ids_are_numbered_and_an_id_written_twice_is_refused() {
    let (section, _) = decode::<Section>("operators: [{type: noop}, {type: noop}]").unwrap();
    assert_eq!(format!("{:?}", section.operators), r#"["noop", "noop1"]"#);
    assert!(
        errors("operators: [{type: noop, id: a}, {type: noop, id: a}]").contains("have the id `a`")
    );
}
