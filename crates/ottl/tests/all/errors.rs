//! Mistakes, as a user sees them.

use headwater_config::testing::decode;
use headwater_core::config::{Config, Validation};
use headwater_ottl::{Condition, ContextKind, report};

/// A section with a condition on spans.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
struct Section {
    /// The condition.
    condition: String,
}

impl Section {
    fn check(&self, validation: &mut Validation<'_>) {
        if let Err(errors) = Condition::parse(&self.condition, ContextKind::Span) {
            report(validation, "condition", "condition", &errors);
        }
    }
}

/// What a user reads for a condition between single quotes.
fn errors(condition: &str) -> String {
    decode::<Section>(&format!("condition: '{condition}'")).unwrap_err()
}

/// The text that the caret marks.
fn marked(rendered: &str) -> String {
    let mut lines = rendered.lines();
    let line = lines
        .find(|line| line.starts_with("1 |") || line.contains(" | "))
        .unwrap();
    let carets = lines.next().unwrap();
    let from = carets.find('^').unwrap();
    let count = carets.chars().filter(|c| *c == '^').count();
    line.chars().skip(from).take(count).collect()
}

/// Conditions with what the caret marks and parts of what is said.
const MISTAKES: &[(&str, &str, &[&str])] = &[
    (
        r#"atributes["a"] == "b""#,
        "atributes",
        &["did you mean `attributes`?", "of the span context"],
    ),
    (
        r#"status.cod == 1"#,
        "status.cod",
        &["did you mean `status.code`?"],
    ),
    (
        r#"name == "a" and IsMach(name, "b")"#,
        "IsMach",
        &["undefined function \"IsMach\"", "did you mean `IsMatch`?"],
    ),
    (
        r#"kind == SPAN_KIND_SERVR"#,
        "SPAN_KIND_SERVR",
        &[
            "enum symbol, SPAN_KIND_SERVR, not found",
            "`SPAN_KIND_SERVER`",
        ],
    ),
    (
        r#"IsMatch(name, "(")"#,
        "\"(\"",
        &["not a regular expression"],
    ),
    (
        r#"IsMatch(name)"#,
        "IsMatch(name)",
        &[
            "incorrect number of arguments. Expected: 2 Received: 1",
            "IsMatch(target, pattern)",
        ],
    ),
    (
        r#"IsMatch(name, patern = "b")"#,
        "patern",
        &["no such parameter: patern", "did you mean `pattern`?"],
    ),
    (
        r#"HasPrefix(name, 1)"#,
        "1",
        &["invalid argument prefix: expected string but got int"],
    ),
    (r#"name = "a""#, "=", &["compared with `==`"]),
    (r#"name == "a" && kind == 1"#, "&&", &["write `and`"]),
    (r#"name == "a" || kind == 1"#, "||", &["write `or`"]),
    (r#"!IsRootSpan()"#, "!", &["write `not`"]),
    (r#"name == ""a"#, "a", &["unexpected `a`"]),
    (
        r#"attributes["a"]"#,
        "attributes[\"a\"]",
        &["a path alone is not a condition", "!= nil"],
    ),
    (
        r#"name == foo.bar"#,
        "foo.bar",
        &["attributes[\"foo.bar\"]"],
    ),
    (
        r#"service.name == "a""#,
        "service.name",
        &["resource.attributes[\"service.name\"]"],
    ),
    (
        r#"log.body == "a""#,
        "log",
        &["the log cannot be reached from a span", "scope, resource"],
    ),
    (
        r#"schema_url == "a""#,
        "schema_url",
        &["did you mean `scope.schema_url`?"],
    ),
    (
        r#"cache["a"] == "a""#,
        "cache",
        &["a condition has no cache"],
    ),
    (
        r#"name["a"] == "a""#,
        "\"a\"",
        &["`name` cannot be indexed"],
    ),
    (r#"attributes[0] == "a""#, "0", &["indexed with a text"]),
    (
        r#"GetXML(name, "/a") == nil"#,
        "GetXML",
        &["not supported yet"],
    ),
    (
        r#"HasAttrKeyOnDatapoint("a")"#,
        "HasAttrKeyOnDatapoint",
        &["exists in the metric context only"],
    ),
    (
        r#"Len("abc")"#,
        "Len(\"abc\")",
        &["must be bool but got int"],
    ),
    (
        r#"ConvertCase(name, "loud") == "a""#,
        "ConvertCase(name, \"loud\")",
        &["allowed cases are: lower, upper"],
    ),
    (
        r#"route() == 1"#,
        "route",
        &["converter names must start with an uppercase letter"],
    ),
    (r#"name == "a" where true"#, "where", &["leave `where` out"]),
    (r#"(name == "a""#, "", &["expected `)`"]),
];

#[test]
fn mistakes_are_marked_inside_of_the_string_with_what_to_write_instead() {
    for (condition, mark, parts) in MISTAKES {
        let rendered = errors(condition);
        for part in *parts {
            assert!(
                rendered.contains(part),
                "{condition}\nwants: {part}\n{rendered}"
            );
        }
        assert!(rendered.contains("invalid condition: "), "{rendered}");
        if !mark.is_empty() {
            assert_eq!(marked(&rendered), *mark, "{condition}\n{rendered}");
        }
    }
}

#[test]
fn single_quotes_are_explained() {
    let rendered = decode::<Section>("condition: \"name == 'a'\"").unwrap_err();
    assert!(
        rendered.contains("texts stand in double quotes"),
        "{rendered}"
    );
    assert_eq!(marked(&rendered), "'");
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let rendered =
        errors(r#"nme == "a" and IsMatch(name, "(") and kind == SPAN_KIND_X and Foo(1)"#);
    assert_eq!(rendered.matches("error[").count(), 4, "{rendered}");
}

#[test]
fn the_place_is_found_in_every_style_of_yaml() {
    for (yaml, position) in [
        ("condition: nme == 1", ":1:12"),
        ("condition: 'nme == 1'", ":1:13"),
        ("condition: 'name == \"it''s\" and nme == 1'", ":1:33"),
        (
            "condition: \"name == \\\"a\\\\n\\\" and nme == 1\"",
            ":1:34",
        ),
        ("condition: name == \"$$a\" and nme == 1", ":1:30"),
        ("condition: |\n  name == \"a\"\n    and nme == 1", ":3:9"),
        ("condition: >-\n  name == \"a\"\n  and\n  nme == 1", ":4:3"),
        ("condition: name == 1\n  and\n  nme == 1", ":3:3"),
    ] {
        let rendered = decode::<Section>(yaml).unwrap_err();
        assert!(
            rendered.contains(position),
            "{yaml}\nwants {position}\n{rendered}"
        );
    }
}
