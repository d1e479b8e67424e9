//! The grammar, whole, whether or not there is something behind the names.

use headwater_ottl::ast::ValueKind;
use headwater_ottl::{parse_condition, parse_statement, parse_value};

#[test]
fn statements_of_the_reference_are_read() {
    for text in [
        r#"set(attributes["a"], "b")"#,
        r#"set(resource.attributes["a"], Concat([body, "x"], ", ")) where severity_number < SEVERITY_NUMBER_WARN"#,
        r#"replace_pattern(attributes["m"], "\\d+", "*", function = SHA256, format = "%s")"#,
        r#"replace_all_patterns(attributes, "key", "a", "b", SHA256)"#,
        r#"merge_maps(cache, ParseJSON(body), "upsert") where IsMatch(body, "^\\{")"#,
        r#"append(attributes["tags"], values = ["a", 1, 2.5, nil, true, 0xff, {"x": [1]}])"#,
        r#"keep_keys(attributes, ["a", "b"]) where not (IsRootSpan() or kind == SPAN_KIND_SERVER)"#,
        "route()",
        "route() where true",
        "limit(attributes, 100, [])",
        "set(span.status.code, STATUS_CODE_ERROR) where (end_time - start_time) > Duration(\"5s\")",
        "set(attributes[\"a\"], -1) where attributes[\"b\"] == -1.5e-3",
        "set ( body , Split ( body , \"\\n\" ) [ 0 ] )",
        "set(\n  body,\n  \"x\"\n)\nwhere\n  true",
    ] {
        let tree = parse_statement(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let printed = tree.to_string();
        let again =
            parse_statement(&printed).unwrap_or_else(|error| panic!("{printed}: {error:?}"));
        assert_eq!(again.to_string(), printed);
    }
}

#[test]
fn literals_have_gos_forms() {
    let kind = |text: &str| parse_value(text).map(|value| value.kind);
    for (text, expected) in [
        ("12", ValueKind::Int(12)),
        ("-12", ValueKind::Int(-12)),
        ("+12", ValueKind::Int(12)),
        ("010", ValueKind::Int(8)),
        ("0", ValueKind::Int(0)),
        ("1.", ValueKind::Float(1.0)),
        (".5", ValueKind::Float(0.5)),
        ("1.5e-3", ValueKind::Float(0.0015)),
        ("-1.0E+2", ValueKind::Float(-100.0)),
        ("0xDEad", ValueKind::Bytes(vec![0xde, 0xad])),
        ("nil", ValueKind::Nil),
        ("true", ValueKind::Bool(true)),
        (
            "SPAN_KIND_SERVER",
            ValueKind::Enum("SPAN_KIND_SERVER".to_owned()),
        ),
        (
            r#""a\"\\\n\t\u00e9\x41\101ü""#,
            ValueKind::String("a\"\\\n\t\u{e9}AA\u{fc}".into()),
        ),
        (r#""\xff""#, ValueKind::String(vec![255])),
        ("[]", ValueKind::List(Vec::new())),
        ("{}", ValueKind::Map(Vec::new())),
    ] {
        assert_eq!(kind(text).unwrap(), expected, "{text}");
    }
    for text in [
        "09",
        "0xf",
        "9223372036854775808",
        r#""\q""#,
        r#""\u12""#,
        r#""\ud800""#,
        r#""\400""#,
        "\"open",
        "1e5",
        "[1, 2",
        "[1, 2 3]",
        "{1: 2}",
        "{\"a\" 2}",
        "attributes[]",
        "attributes[1",
        "a.B",
        "Abc",
        "-\"a\"",
        "(\"a\")",
        "a.",
        ".a",
        "",
        "not",
        "f(1)",
        "F(a = 1, 2)",
        "F(,)",
    ] {
        assert!(parse_value(text).is_err(), "{text}");
    }
}

#[test]
fn arithmetic_groups_to_the_left_and_products_first() {
    for (text, printed) in [
        ("1 - 2 - 3", "1 - 2 - 3"),
        ("1 - (2 - 3)", "1 - (2 - 3)"),
        ("(1 + 2) * 3 / 4", "(1 + 2) * 3 / 4"),
        ("1 + (2 * 3)", "1 + 2 * 3"),
        ("8 / (4 / 2)", "8 / (4 / 2)"),
        ("-(a + 1) * -b", "-(a + 1) * -b"),
        ("+a", "a"),
    ] {
        assert_eq!(parse_value(text).unwrap().to_string(), printed);
    }
}

#[test]
fn conditions_group_as_they_are_written() {
    for (text, printed) in [
        ("a == 1 or b == 2 and c == 3", "a == 1 or b == 2 and c == 3"),
        (
            "(a == 1 or b == 2) and c == 3",
            "(a == 1 or b == 2) and c == 3",
        ),
        ("((a == (1 + 2) * 3))", "a == (1 + 2) * 3"),
        ("not (not (true))", "not (not true)"),
        ("not IsMatch(a, \"b\")", "not IsMatch(a, \"b\")"),
        ("true == a", "true == a"),
        ("(1 + 2) == a", "1 + 2 == a"),
        ("(IsInt(a))", "IsInt(a)"),
        ("IsInt(a) == true", "IsInt(a) == true"),
    ] {
        assert_eq!(
            parse_condition(text).unwrap().to_string(),
            printed,
            "{text}"
        );
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = |n: usize| format!("{}1{} == 1", "(".repeat(n), ")".repeat(n));
    assert!(parse_condition(&deep(30)).is_ok());
    for text in [
        deep(100_000),
        format!("{}true{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("a == {}", "[".repeat(100_000)),
        format!("a{} == 1", "[a".repeat(100_000)),
        format!("{} == 1", "F(".repeat(100_000)),
    ] {
        let error = parse_condition(&text).unwrap_err();
        assert!(error.message.contains("nested deeper than 64"), "{error:?}");
    }
    // Not nested, only long.
    let long = vec!["a == 1"; 50_000].join(" or ");
    assert!(parse_condition(&long).is_ok());
}

#[test]
fn everything_knows_where_it_stands() {
    let text = r#"set(attributes["ä"], Concat([a.b], "x")) where not x == 1.5"#;
    let tree = parse_statement(text).unwrap();
    let target = tree.editor.arguments[0].value.place();
    assert_eq!(&text[target.clone()], "attributes[\"ä\"]");
    let call = tree.editor.arguments[1].value.place();
    assert_eq!(&text[call.clone()], "Concat([a.b], \"x\")");
    assert_eq!(
        &text[tree.editor.place.clone()],
        &text[..text.find(" where").unwrap()]
    );
}
