//! Statements of the routing connector.

use headwater_ottl::{ContextKind, Editor, Statement, Target};

fn parse(text: &str) -> Result<Statement, String> {
    Statement::parse(text, ContextKind::Log).map_err(|errors| {
        let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
        messages.join("; ")
    })
}

#[test]
fn routes_and_deletions_are_understood() {
    let statement = parse("route() where severity_number > 9").unwrap();
    assert!(matches!(statement.editor, Editor::Route));
    assert_eq!(statement.condition.constant(), None);
    assert_eq!(parse("route()").unwrap().condition.constant(), Some(true));
    let statement = parse(r#"delete_key(resource.attributes, "a") where true"#).unwrap();
    assert!(matches!(statement.editor, Editor::DeleteKey(Target::Resource, key) if *key == *b"a"));
    let statement = parse(r#"delete_matching_keys(attributes, "^a")"#).unwrap();
    assert!(matches!(
        statement.editor,
        Editor::DeleteMatchingKeys(Target::Record, _)
    ));
}

#[test]
fn other_editors_are_refused_with_the_reason() {
    for (text, message) in [
        (r#"set(body, "a")"#, "the editor set does not exist here"),
        (r#"rout() where true"#, "undefined function \"rout\""),
        (
            r#"Route() where true"#,
            "editor names must start with a lowercase letter",
        ),
        (r#"route(1)"#, "Expected: 0 Received: 1"),
        (r#"delete_key(attributes)"#, "Expected: 2 Received: 1"),
        (
            r#"delete_key(body, "a")"#,
            "only `attributes` and `resource.attributes`",
        ),
        (
            r#"delete_key(attributes["x"], "a")"#,
            "only `attributes` and `resource.attributes`",
        ),
        (r#"delete_key("x", "a")"#, "named by a path"),
        (r#"delete_key(attributes, body)"#, "a text in quotes"),
        (
            r#"delete_matching_keys(attributes, "(")"#,
            "not a regular expression",
        ),
        (r#"route() where nope == 1"#, "`nope` is not a path"),
        (
            r#"route()["a"]"#,
            "only paths and converters may be indexed",
        ),
        ("", "expected an editor"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(message), "{text}: {error}");
    }
}
