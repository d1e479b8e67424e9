//! `${…}`, row by row of the Collector's rules.

use headwater_config::{Resolved, Resolver};
use headwater_core::config::{Code, Config, Diagnostics, Node, Origin, Value, load};

const VARIABLES: [(&str, &str); 17] = [
    ("A", "1"),
    ("B", "two"),
    ("EMPTY", ""),
    ("OCTAL", "0123"),
    ("QUOTED", "\"quoted\" # no comment"),
    ("LIST", "[1, \"2\", x]"),
    ("MAP", "{k: v, n: 1}"),
    ("BROKEN", "{a: [}"),
    ("PREFIX", "OCT"),
    ("INDIRECT", "${env:B}"),
    ("MIXED", "x${env:A}"),
    ("LOOP", "${env:LOOP}"),
    ("GROW", "x${env:GROW}"),
    ("DOUBLE", "${env:DOUBLE}${env:DOUBLE}"),
    ("DOLLARS", "a$$b"),
    (
        "NESTED_MAP",
        "{a: \"${env:A}\", l: [\"${env:B}\"], x::y: 1}",
    ),
    ("TREE", "[\"${env:TREE}\", \"${env:TREE}\"]"),
];

fn resolve(yaml: &str) -> Resolved {
    let environment = |name: &str| {
        VARIABLES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    Resolver::new()
        .environment(environment)
        .uri(format!("yaml:{yaml}"))
        .resolve()
}

/// The value under `v` without complaints.
fn value(text: &str) -> Node {
    let resolved = resolve(&format!("v: {text}"));
    assert!(
        !resolved.diagnostics.has_errors(),
        "{text}: {:?}",
        resolved.diagnostics
    );
    resolved.root.lookup("v").unwrap().clone()
}

fn codes(text: &str) -> Vec<&'static str> {
    let resolved = resolve(&format!("v: {text}"));
    resolved
        .diagnostics
        .iter()
        .map(|item| item.code.as_str())
        .collect()
}

#[test]
fn references_become_values() {
    for (text, result) in [
        ("${env:A}", "1"),
        ("${A}", "1"),
        ("$A", "$A"),
        ("$A ${A}", "$A 1"),
        ("x${env:A}y${B}", "x1ytwo"),
        ("${env:NONE:-d}", "d"),
        ("${env:NONE:-}", "\"\""),
        ("x${env:NONE:-}y", "xy"),
        ("${env:NONE:-a:-b}", "a:-b"),
        ("${env:EMPTY:-d}", "null"),
        ("${env:A:-d}", "1"),
        ("${env:${PREFIX}AL}", "83"),
        ("${env:NONE:-${env:B}}", "two"),
        ("${env:NONE:-${env:ALSO:-deep}}", "deep"),
        ("${env:INDIRECT}", "two"),
        ("${env:MIXED}", "x1"),
        ("${env:LIST}", "[1, 2, x]"),
        ("'${env:LIST}!'", "[1, \"2\", x]!"),
        ("${env:MAP}", "{k: v, n: 1}"),
        ("${env:NESTED_MAP}", "{a: 1, l: [two], x::y: 1}"),
        ("['${env:NESTED_MAP}']", "[{a: 1, l: [two], x::y: 1}]"),
        ("${env:BROKEN}", "{a: [}"),
        ("${yaml:[1, 2]}", "[1, 2]"),
        ("'${yaml:{a: 1}}'", "{a: 1}"),
        ("'${yaml:a}}'", "a}"),
        ("['${A}', {k: '${B}'}]", "[1, {k: two}]"),
        ("${env:DOLLARS}", "a$b"),
    ] {
        assert_eq!(value(text).to_string(), result, "{text}");
    }
}

#[test]
fn dollars_escape() {
    for (text, result) in [
        ("$$", "$"),
        ("a$$b", "a$b"),
        ("$$$", "$$"),
        ("$${A}", "${A}"),
        ("$$${A}", "$1"),
        ("$$$${A}", "$${A}"),
        ("$${1}", "${1}"),
        ("$$1", "$1"),
        ("$1", "$1"),
        ("$${A} ${B}", "${A} ${B}"),
    ] {
        assert_eq!(value(text).to_string(), result, "{text}");
    }
    assert_eq!(
        codes("$${A} ${B}"),
        ["C0011"],
        "the search stops at the first escaped one"
    );
    assert_eq!(codes("$${A} $${B}"), [""; 0]);
    assert_eq!(codes("/x/$${1}/y"), [""; 0]);
}

#[test]
fn unbalanced_braces_stay() {
    for text in ["${A", "A}", "${", "}", "'{${A'", "'}${A'"] {
        let plain = text.trim_matches('\'');
        assert_eq!(value(&format!("'{plain}'")).to_string(), plain);
    }
    assert_eq!(
        value("'} ${A}'").to_string(),
        "} 1",
        "the search goes on behind a brace"
    );
}

#[test]
fn keys_are_never_expanded() {
    let resolved = resolve("'${env:B}': 1");
    assert_eq!(resolved.root.to_string(), "{${env:B}: 1}");
}

#[test]
fn references_that_cannot_be_are_errors() {
    for (text, code) in [
        ("${1}", "C0003"),
        ("${foo.bar}", "C0003"),
        ("${env:}", "C0003"),
        ("${}", "C0003"),
        ("${a:b}", "C0006"),
        ("${foo:b}", "C0002"),
        ("${B:-x}", "C0006"),
        ("${PREFIX:-x}", "C0002"),
        ("${env:NONE:-$}", "C0008"),
        ("${file:/nonexistent}", "C0001"),
        ("${env:LOOP}", "C0007"),
        ("${env:GROW}", "C0007"),
        ("${env:DOUBLE}", "C0007"),
    ] {
        assert_eq!(codes(text), [code], "{text}");
    }
    let all = codes("${env:TREE}");
    assert!(
        all.contains(&"C0007") || all.contains(&"C0059"),
        "{}",
        all.len()
    );
}

#[test]
fn variables_that_are_missing_or_empty_are_told_apart() {
    assert_eq!(codes("${env:NONE}"), ["C0009"]);
    assert_eq!(codes("${env:EMPTY}"), ["C0010"]);
    assert_eq!(codes("${env:NONE:-}"), [""; 0]);
    let resolved = resolve("a: {v: 'x${NONE}'}");
    let warning = resolved.diagnostics.warnings().next().unwrap();
    assert_eq!(warning.path, "a::v");
    assert_eq!(
        warning.span().unwrap().position(),
        (1, 10),
        "the caret is at the reference"
    );
}

#[derive(Debug, Clone, PartialEq, Config)]
struct Typed {
    string: String,
    number: u64,
    float: f64,
    flag: bool,
    strings: Vec<String>,
    option: Option<String>,
    any: Node,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            string: "default".to_owned(),
            number: 9,
            float: 9.0,
            flag: true,
            strings: vec!["default".to_owned()],
            option: Some("default".to_owned()),
            any: Node::default(),
        }
    }
}

fn typed(yaml: &str) -> Result<Typed, Vec<&'static str>> {
    let resolved = resolve(yaml);
    let mut diagnostics = Diagnostics::new();
    load("t", &Origin::Default, &resolved.root, &mut diagnostics).ok_or_else(|| {
        diagnostics
            .errors()
            .map(|item| item.code.as_str())
            .collect()
    })
}

#[test]
fn a_string_takes_the_text_and_the_rest_takes_the_value() {
    let octal = typed("{string: '${OCTAL}', number: '${OCTAL}', any: '${OCTAL}'}").unwrap();
    assert_eq!((octal.string.as_str(), octal.number), ("0123", 83));
    assert_eq!(octal.any.value, Value::Int(83));
    let quoted = typed("{string: '${QUOTED}', any: '${QUOTED}'}").unwrap();
    assert_eq!(quoted.string, "\"quoted\" # no comment");
    assert_eq!(quoted.any.as_text(), Some("\"quoted\" # no comment"));
    let list = typed("{string: '${LIST}', strings: '${LIST}', any: '${LIST}'}").unwrap_err();
    assert_eq!(
        list,
        ["C0101"],
        "1 is no string, not even in a list that was expanded"
    );
    assert_eq!(typed("string: '${LIST}'").unwrap().string, "[1, \"2\", x]");
    let elements = typed("{strings: ['${A}', '${B}'], any: ['${A}']}").unwrap();
    assert_eq!(elements.strings, ["1", "two"]);
    assert_eq!(elements.any.to_string(), "[1]");
    assert_eq!(
        typed("string: '${NESTED_MAP}'").unwrap().string,
        "{a: \"1\", l: [\"two\"], x::y: 1}",
        "the text is expanded as well"
    );
}

#[test]
fn inside_a_string_everything_is_text() {
    assert_eq!(typed("number: '1${A}'"), Err(vec!["C0101"]));
    assert_eq!(
        typed("number: ${env:NONE:-}"),
        Err(vec!["C0101"]),
        "an empty default is text"
    );
    assert_eq!(typed("string: '1${A}'").unwrap().string, "11");
}

#[test]
fn what_is_not_set_is_the_zero_value_of_a_scalar() {
    let zero = typed(
        "{string: '${NONE}', number: '${NONE}', float: '${EMPTY}', flag: '${NONE}', \
         strings: '${NONE}', option: '${NONE}'}",
    )
    .unwrap();
    assert_eq!(
        (zero.string.as_str(), zero.number, zero.float, zero.flag),
        ("", 0, 0.0, false)
    );
    assert_eq!(zero.strings, ["default"], "a list keeps the default");
    assert_eq!(zero.option.as_deref(), Some("default"));
    let null = typed("{string: , number: , strings: , option: }").unwrap();
    assert_eq!(
        (null.string.as_str(), null.number),
        ("", 0),
        "and so is a null that was written"
    );
    assert_eq!(null.strings, ["default"]);
}

#[test]
fn files_can_stand_for_any_value() {
    let path = format!("{}/tests/testdata", env!("CARGO_MANIFEST_DIR"));
    let resolved = resolve(&format!("receivers: ${{file:{path}/included.yaml}}"));
    assert!(
        resolved.diagnostics.is_empty(),
        "{:?}",
        resolved.diagnostics
    );
    assert_eq!(
        resolved.root.to_string(),
        "{receivers: {otlp: {number: 1, word: two}}}"
    );
    let origin = &resolved
        .root
        .lookup("receivers::otlp::number")
        .unwrap()
        .origin;
    assert!(origin.to_string().starts_with("env:A ("), "{origin}");
    assert!(
        origin.to_string().ends_with("included.yaml:2:11)"),
        "{origin}"
    );

    let resolved = resolve(&format!("a: ${{file:{path}/broken.yaml}}"));
    let error = resolved.diagnostics.errors().next().unwrap();
    assert_eq!(error.code, Code::YAML_SYNTAX);
    assert!(error.span().unwrap().source.name.ends_with("broken.yaml"));
}
