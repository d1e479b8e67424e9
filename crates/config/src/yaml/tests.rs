//! The dialect of go-yaml v3.

use headwater_core::config::{Severity, SourceKind};

use super::*;

fn read(text: &str) -> (Option<Node>, Diagnostics) {
    let source = Source::new(SourceKind::File, "t.yaml", text);
    let mut diagnostics = Diagnostics::new();
    let node = parse_source(&source, &mut diagnostics);
    (node, diagnostics)
}

fn good(text: &str) -> Node {
    let (node, diagnostics) = read(text);
    assert!(diagnostics.is_empty(), "{text:?}: {diagnostics:?}");
    node.unwrap()
}

/// Code and places of everything that was reported.
fn mistakes(text: &str) -> Vec<String> {
    let (_, diagnostics) = read(text);
    diagnostics
        .iter()
        .map(|item| {
            let mut said = item.code.to_string();
            for label in item.primary.iter().chain(&item.secondary) {
                let (line, column) = label.origin.span().unwrap().position();
                said.push_str(&format!(" {line}:{column}"));
            }
            said
        })
        .collect()
}

#[test]
fn plain_scalars_mean_what_they_mean_in_go() {
    let string = |text: &str| Value::String(text.to_owned());
    for (text, value) in [
        ("true", Value::Bool(true)),
        ("True", Value::Bool(true)),
        ("FALSE", Value::Bool(false)),
        ("tRUE", string("tRUE")),
        ("yes", string("yes")),
        ("on", string("on")),
        ("n", string("n")),
        ("~", Value::Null),
        ("null", Value::Null),
        ("Null", Value::Null),
        ("nULL", string("nULL")),
        ("0", Value::Int(0)),
        ("-12", Value::Int(-12)),
        ("+12", Value::Int(12)),
        ("0123", Value::Int(83)),
        ("0o17", Value::Int(15)),
        ("-0o17", Value::Int(-15)),
        ("0xFf", Value::Int(255)),
        ("-0x10", Value::Int(-16)),
        ("0b101", Value::Int(5)),
        ("1_000", Value::Int(1000)),
        ("0128", Value::Float(128.0)),
        ("9223372036854775807", Value::Int(i64::MAX)),
        ("-9223372036854775808", Value::Int(i64::MIN)),
        ("9223372036854775808", Value::UInt(1 << 63)),
        (
            "18446744073709551616",
            Value::Float(18_446_744_073_709_551_616.0),
        ),
        ("1.5", Value::Float(1.5)),
        ("1.", Value::Float(1.0)),
        (".5", Value::Float(0.5)),
        ("-.5e-3", Value::Float(-0.0005)),
        ("1e3", Value::Float(1000.0)),
        ("1_0.5", Value::Float(10.5)),
        (".inf", Value::Float(f64::INFINITY)),
        ("-.Inf", Value::Float(f64::NEG_INFINITY)),
        (".", string(".")),
        ("-", string("-")),
        ("1e", string("1e")),
        ("1.2.3", string("1.2.3")),
        ("0x", string("0x")),
        ("0x-5", string("0x-5")),
        ("1e999", string("1e999")),
        ("5s", string("5s")),
        ("1:30", string("1:30")),
        ("2001-01-01", string("2001-01-01")),
        ("localhost:4317", string("localhost:4317")),
        ("${env:X}", string("${env:X}")),
    ] {
        assert_eq!(resolve(text), value, "{text}");
    }
    assert!(matches!(resolve(".nan"), Value::Float(value) if value.is_nan()));
    assert_eq!(good("'5'").value, string("5"));
    assert_eq!(good("\"a\\tb\"").value, string("a\tb"));
    assert_eq!(good("|\n  a\n  b\n").value, string("a\nb\n"));
    assert_eq!(good(">-\n  a\n  b\n").value, string("a b"));
}

#[test]
fn tags_decide() {
    assert_eq!(good("!!str 5").value, Value::String("5".to_owned()));
    assert_eq!(good("!!int '5'").value, Value::Int(5));
    assert_eq!(good("!!float 5").value, Value::Float(5.0));
    assert_eq!(good("!mine 5").value, Value::String("5".to_owned()));
    assert_eq!(good("! 5").value, Value::String("5".to_owned()));
    assert_eq!(good("!!binary aGk=").value, Value::String("hi".to_owned()));
    assert_eq!(mistakes("!!binary x"), ["C0050 1:10"]);
    assert_eq!(mistakes("!!int x"), ["C0050 1:7"]);
}

#[test]
fn nothing_is_null() {
    for text in ["", "# only a comment\n", "---\n", "\u{feff}"] {
        assert!(good(text).is_null(), "{text:?}");
    }
    assert_eq!(good("a:\nb: ''\n").to_string(), "{a: null, b: \"\"}");
}

#[test]
fn only_the_first_document_counts() {
    assert_eq!(good("a: 1\n...\n").to_string(), "{a: 1}");
    let (node, diagnostics) = read("a: 1\n---\nb: 2\n");
    assert_eq!(node.unwrap().to_string(), "{a: 1}");
    let severities: Vec<_> = diagnostics
        .iter()
        .map(|item| (item.severity, item.code))
        .collect();
    assert_eq!(severities, [(Severity::Warning, Code::MORE_DOCUMENTS)]);
}

#[test]
fn anchors_aliases_and_merge_keys_work() {
    assert_eq!(
        good("a: &x [1, 2]\nb: *x\n").to_string(),
        "{a: [1, 2], b: [1, 2]}"
    );
    assert_eq!(good("&k a: 1\nb: *k\n").to_string(), "{a: 1, b: a}");
    let merged = "base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\nall: {<<: [*b, *o], x: 9}\n";
    assert_eq!(
        good(merged).lookup("all").unwrap().to_string(),
        "{x: 9, y: 2, z: 4}",
        "own keys win, then the maps in order"
    );
    assert_eq!(good("a: {\"<<\": 1}").to_string(), "{a: {<<: 1}}");
    assert_eq!(mistakes("a: {<<: 1}"), ["C0060 1:5"]);
    assert_eq!(mistakes("a: {<<: [{}, 1]}"), ["C0060 1:5"]);
    assert_eq!(mistakes("a: *nobody\nb: 1\n"), ["C0055 1:4"]);
    assert_eq!(mistakes("a: &x [*x]"), ["C0054 1:8"]);
}

#[test]
fn aliases_cannot_blow_up() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        let alias = format!("*a{}", level - 1);
        let aliases = [alias.as_str(); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let (node, diagnostics) = read(&text);
    assert!(node.is_none());
    let codes: Vec<_> = diagnostics.iter().map(|item| item.code).collect();
    assert_eq!(codes, [Code::TOO_MANY_ALIASES]);
}

#[test]
fn aliases_cannot_nest_without_end() {
    let mut text = String::from("a0: &a0 x\n");
    for level in 1..200 {
        text.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    let codes: Vec<_> = read(&text).1.iter().map(|item| item.code).collect();
    assert_eq!(codes, [Code::TOO_DEEP]);
}

#[test]
fn a_key_written_twice_shows_both_places() {
    assert_eq!(
        mistakes("a: 1\nb: 2\na: 3\nb: 4\n"),
        ["C0052 3:1 1:1", "C0052 4:1 2:1"]
    );
    assert_eq!(read("a: 1\na: 2\n").0.unwrap().to_string(), "{a: 1}");
}

#[test]
fn keys_are_text() {
    for (text, place) in [
        ("1: a", "C0053 1:1"),
        ("true: a", "C0053 1:1"),
        ("x: {~: a}", "C0053 1:5"),
        ("~: a", "C0053 1:1"),
        ("x:\n  ? [a]\n  : b\n", "C0053 2:5"),
    ] {
        assert_eq!(mistakes(text), [place], "{text}");
    }
    assert_eq!(good("'1': a\nyes: b\n").to_string(), "{1: a, yes: b}");
    assert_eq!(
        good("x: {200: a, 0x10: b, TRUE: c, 1.0: d, 1e30: e, 0.1: f, .inf: g, 1e-5: h}")
            .to_string(),
        "{x: {200: a, 16: b, true: c, 1: d, 1e+30: e, 0.1: f, +Inf: g, 1e-05: h}}"
    );
    assert_eq!(mistakes("x: {1: a, '1': b}"), ["C0052 1:11 1:5"]);
}

#[test]
fn a_tab_that_indents_is_named() {
    assert_eq!(mistakes("a:\n\tb: 1\n"), ["C0051 2:1"]);
    assert_eq!(mistakes("a:\n  b: 1\n  \tc: 1\n"), ["C0051 3:3"]);
    assert_eq!(
        good("a:\t1\n").to_string(),
        "{a: 1}",
        "a tab between key and value is fine"
    );
}

#[test]
fn mistakes_have_a_place_and_a_hint() {
    for text in [
        "a: b: c",
        "a: [1, 2",
        "a: \"x",
        "a: @x",
        "a:\n  b: 1\n c: 2\n",
        "{a: 1",
        "a: 'it's'",
        "- a\nb: 1\n",
    ] {
        let (node, diagnostics) = read(text);
        assert!(node.is_none(), "{text:?} is {node:?}");
        let item = diagnostics.iter().next().unwrap();
        assert_eq!(item.code, Code::YAML_SYNTAX, "{text:?}");
        assert!(item.span().is_some() && item.help.is_some(), "{text:?}");
    }
}

#[test]
fn depth_is_bounded() {
    for text in ["[".repeat(5000), "a: {".repeat(5000), "- ".repeat(5000)] {
        let (node, diagnostics) = read(&text);
        assert!(node.is_none());
        let codes: Vec<_> = diagnostics.iter().map(|item| item.code).collect();
        assert_eq!(codes, [Code::TOO_DEEP]);
    }
}

#[test]
fn values_and_keys_know_their_place() {
    let text = "\u{feff}a:\n  bü: 'x y'\n  c:\n    - 1\n    - {d: 2}\nlong: |\n  one\n  two\n";
    let node = good(text);
    let covered = |origin: &Origin| {
        let span = origin.span().unwrap();
        span.source.text[span.start..span.end].to_owned()
    };
    let inner = node.lookup("a").unwrap().as_map().unwrap();
    let (key, value) = inner.entry("bü").unwrap();
    assert_eq!(
        (covered(&key.origin), covered(&value.origin)),
        ("bü".into(), "'x y'".into())
    );
    assert_eq!(covered(&node.lookup("a::c::0").unwrap().origin), "1");
    assert_eq!(covered(&node.lookup("a::c::1").unwrap().origin), "{d: 2}");
    assert_eq!(
        covered(&node.lookup("a::c").unwrap().origin),
        "- 1\n    - {d: 2}"
    );
    assert_eq!(
        covered(&node.lookup("a").unwrap().origin).lines().count(),
        4
    );
    assert!(covered(&node.lookup("long").unwrap().origin).contains("two"));
}
