use proptest::prelude::*;

use super::*;
use crate::Map;

fn entry() -> Entry<'static> {
    let mut body = Map::new();
    body.insert("level", "error");
    body.insert("status", Value::Float(503.0));
    body.insert("tags", Value::List(vec!["a".into(), "b".into()]));
    let mut entry = Entry {
        body: Value::Map(body),
        severity: 17,
        severity_text: "error".into(),
        ..Entry::default()
    };
    entry.attributes.insert("log.file.name", "app.log");
    entry.attributes.insert("n", Value::Int(7));
    entry.resource.insert("host", "node-1");
    entry
}

fn eval(text: &str) -> Result<Value<'static>, Failure> {
    let entry = entry();
    let expr = Expr::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    expr.eval(&entry)
        .map(|value| value.into_owned().into_owned())
}

#[test]
fn what_configurations_write_is_answered_as_upstream_answers_it() {
    for (text, expected) in [
        (r#"body.level == "error""#, true),
        (r#"$.level == 'error'"#, true),
        (r#"body["level"] in ["warn", "error"]"#, true),
        (r#"body.level not in ["warn", "info"]"#, true),
        (r#"attributes["log.file.name"] matches "^app\\.log$""#, true),
        (r#"not (attributes["log.file.name"] matches "^x")"#, true),
        (r#"attributes["log.file.name"] not matches "^x""#, true),
        ("body.status >= 500 and body.status < 600", true),
        ("body.status == 503", true),
        ("attributes.missing == nil", true),
        (
            "attributes.missing != nil && attributes.missing.deeper == 1",
            false,
        ),
        ("attributes.missing?.deeper == nil", true),
        (
            r#"resource.host startsWith "node" && resource.host endsWith "-1""#,
            true,
        ),
        (r#"body.level contains "rr" or false"#, true),
        (r#"(attributes.missing ?? "x") == "x""#, true),
        ("attributes.n % 2 == 1 ? true : false", true),
        ("attributes.n + 1 * 2 == 9", true),
        ("2 ** 3 ** 2 == 512", true),
        ("-attributes.n == -7", true),
        (r#"len(body.tags) == 2 && body.tags[-1] == "b""#, true),
        (r#""level" in body"#, true),
        (r#"upper(body.level) == "ERROR""#, true),
        (r#"body.level | upper() == "ERROR""#, true),
        (r#"body.level[0:3] == "err""#, true),
        (r#"env("A_NAME_THAT_IS_NOT_SET_ANYWHERE") == """#, true),
        ("nobody_knows_this == nil", true),
        (r#"severity == 17 && severity_text == "error""#, true),
        ("{a: 1}.a == 1", true),
        (
            "attributes.missing matches 'x' or attributes.missing contains 'x'",
            false,
        ),
    ] {
        // A pipe binds looser than a comparison.
        if text.contains(" | ") {
            assert!(Expr::compile(text).is_err(), "{text}");
            continue;
        }
        assert_eq!(eval(text), Ok(Value::Bool(expected)), "{text}");
    }
}

#[test]
fn types_that_do_not_fit_fail_and_do_not_panic() {
    for text in [
        "attributes.missing.deeper == 1",
        "body.level > 3",
        "body.level + 1",
        "attributes.n % 0 == 1",
        "body.tags[9] == 1",
        "attributes.n contains 'x'",
        "int('x') == 1",
    ] {
        assert!(eval(text).is_err(), "{text}");
    }
    let expr = Expr::compile("body.level").unwrap();
    assert!(expr.is_true(&entry()).is_err());
}

#[test]
fn what_is_no_expression_is_refused() {
    for text in [
        "",
        "body.",
        "body ==",
        "(body",
        "body.level == \"",
        "nothing(1)",
        "len()",
        "a matches '('",
        "timestamp == nil",
        "[1",
        "1 2",
        "body.level.lower()",
    ] {
        assert!(Expr::compile(text).is_err(), "{text}");
    }
    let deep = format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(Expr::compile(&deep).is_err());
    assert!(Expr::compile(&"!".repeat(10_000)).is_err());
    assert!(Expr::compile(&vec!["1"; 6_000].join("+")).is_err());
}

#[test]
fn templates_mix_text_and_expressions() {
    let render = |text: &str| Template::compile(text).unwrap().render(&entry());
    assert_eq!(render("plain"), Ok("plain".to_owned()));
    assert_eq!(
        render("EXPR(resource.host)/EXPR(upper(body.level))!"),
        Ok("node-1/ERROR!".to_owned())
    );
    assert!(render("EXPR(body.status)").is_err());
    assert_eq!(render("EXPR(open"), Ok("EXPR(open".to_owned()));
}

proptest! {
    #[test]
    fn any_text_compiles_or_is_refused(text in "[a-z0-9 .\\[\\]()'\"<>=!&|?:+*%{},-]{0,60}") {
        if let Ok(expr) = Expr::compile(&text) {
            // Whatever the answer is, there is one.
            let _answer = expr.eval(&entry()).map(|value| value.to_string());
        }
    }
}
