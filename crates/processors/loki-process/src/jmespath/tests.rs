//! Expressions and what they find. Source: the specification's examples.

use super::*;

fn search(expression: &str, json: &str) -> String {
    let value = headwater_logs::parse_json(json, false).unwrap();
    let expression = Expression::compile(expression).unwrap_or_else(|error| panic!("{error}"));
    let mut out = String::new();
    match expression.search(&value) {
        Ok(found) => crate::go_json::put_value(&mut out, &found),
        Err(error) => return error,
    }
    out
}

#[test]
fn expressions_find_what_the_specification_says() {
    let people = r#"{"people":[{"name":"b","age":30,"tags":["x"]},{"name":"a","age":50},
        {"name":"c","age":40,"tags":["y","z"]}],"a":{"b c":{"d":[0,1,2,3,4,5]}},"s":"text"}"#;
    for (expression, expected) in [
        ("s", r#""text""#),
        ("a.\"b c\".d[0]", "0"),
        ("a.\"b c\".d[-1]", "5"),
        ("a.\"b c\".d[1:3]", "[1,2]"),
        ("a.\"b c\".d[::-2]", "[5,3,1]"),
        ("a.\"b c\".d[:2]", "[0,1]"),
        ("missing.deep", "null"),
        ("s.deep", "null"),
        ("people[*].name", r#"["b","a","c"]"#),
        ("people[].tags[]", r#"["x","y","z"]"#),
        ("people[?age > `35`].name", r#"["a","c"]"#),
        ("people[?age > `35` && name != 'a'].name | [0]", r#""c""#),
        ("people[?!tags].name", r#"["a"]"#),
        ("people[0].{n: name, t: tags[0]}", r#"{"n":"b","t":"x"}"#),
        ("people[0].[name, age]", r#"["b",30]"#),
        ("a.*.d[]", "[0,1,2,3,4,5]"),
        ("sort_by(people, &age)[-1].name", r#""a""#),
        ("max_by(people, &age).name", r#""a""#),
        ("min_by(people, &age).name", r#""b""#),
        ("map(&name, people)", r#"["b","a","c"]"#),
        ("sort(people[*].name)", r#"["a","b","c"]"#),
        ("join('-', people[*].name)", r#""b-a-c""#),
        ("length(people)", "3"),
        ("sum(people[*].age)", "120"),
        ("avg(people[*].age)", "40"),
        ("contains(s, 'ex')", "true"),
        ("keys(a)", r#"["b c"]"#),
        ("to_string(a)", r#""{\"b c\":{\"d\":[0,1,2,3,4,5]}}""#),
        ("to_number('3.5')", "3.5"),
        ("type(people)", r#""array""#),
        ("not_null(missing, s)", r#""text""#),
        ("missing || s", r#""text""#),
        ("s && people[0].name", r#""b""#),
        ("`{\"x\": [1]}`.x[0]", "1"),
        ("`plain`", r#""plain""#),
        ("reverse(people[*].age)", "[40,50,30]"),
        ("@.s", r#""text""#),
        ("(missing || a).\"b c\".d[1]", "1"),
        ("merge(`{\"x\":1}`, `{\"x\":2}`).x", "2"),
        ("abs(`-2`)", "2"),
        ("starts_with(s, 'te')", "true"),
        ("age < `1`", "null"),
        ("abs(s)", "`abs` cannot take what it was given"),
    ] {
        assert_eq!(search(expression, people), expected, "{expression}");
    }
}

#[test]
fn mistakes_are_found_with_their_place() {
    for (expression, message) in [
        ("", "unexpected end at byte 0"),
        ("a.", "unexpected end at byte 2"),
        ("a-b", "invalid number at byte 1"),
        ("a[", "unexpected end, expected `*` at byte 2"),
        (
            "lenght(a)",
            "unknown function `lenght`, did you mean `length`? at byte 6",
        ),
        ("length()", "`length` takes 1 arguments, not 0 at byte 6"),
        ("a[::0]", "the step of a slice cannot be 0 at byte 6"),
        ("'open", "unclosed ' at byte 0"),
        ("a b", "unexpected `b` at byte 2"),
    ] {
        let error = Expression::compile(expression).unwrap_err().to_string();
        assert!(error.starts_with(message), "{expression}: {error}");
    }
    let deep = "(".repeat(100_000);
    let error = Expression::compile(&deep).unwrap_err().to_string();
    assert!(error.starts_with("nested too deep"), "{error}");
}
