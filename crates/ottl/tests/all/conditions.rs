//! Comparisons and what joins them.

use headwater_core::Context;
use headwater_ottl::{Condition, ContextKind, Env, Level};

use crate::{all_say, parsed, request, says};

#[test]
fn values_of_the_same_type_are_compared() {
    all_say(
        true,
        &[
            r#"attributes["s"] == "blue""#,
            r#""blue" == attributes["s"]"#,
            r#"attributes["s"] < "blues""#,
            r#"attributes["i"] == 7 and attributes["i"] >= 7 and attributes["i"] < 8"#,
            r#"attributes["d"] == 2.5"#,
            r#"attributes["t"] == true and attributes["t"] > false"#,
            r#"attributes["b"] == 0x01ff and attributes["b"] > 0x01"#,
            r#"attributes["l"] == ["a", 2]"#,
            r#"attributes["m"] == {"y": {"z": "deep"}, "x": 1}"#,
            r#"attributes["m"] != {"x": 1}"#,
            r#"trace_id == TraceID(0x0102030405060708090a0b0c0d0e0f10)"#,
            r#"trace_id == TraceID("0102030405060708090a0b0c0d0e0f10")"#,
            r#"span_id == SpanID(0x0000000000000000)"#,
            r#"trace_id.string == "0102030405060708090a0b0c0d0e0f10""#,
            "time < Now() and Now() - time > Duration(\"1s\")",
        ],
    );
}

#[test]
fn whole_numbers_and_doubles_compare_as_numbers() {
    all_say(
        true,
        &[
            r#"attributes["i"] == 7.0"#,
            r#"7.5 > attributes["i"]"#,
            r#"attributes["d"] > 2"#,
            r#"attributes["d"] * 2 == 5"#,
            r#"attributes["i"] / 2 == 3"#,
            r#"attributes["i"] / 2.0 == 3.5"#,
            "1 + 2 * 3 == 7 and (1 + 2) * 3 == 9 and 10 - 4 - 3 == 3",
            "-(attributes[\"i\"]) == -7 and -attributes[\"d\"] == -2.5",
        ],
    );
}

#[test]
fn values_of_different_types_are_not_equal_and_have_no_order() {
    for (left, right) in [
        (r#"attributes["s"]"#, "7"),
        (r#"attributes["i"]"#, "\"7\""),
        (r#"attributes["t"]"#, "1"),
        (r#"attributes["b"]"#, "\"\""),
        (r#"attributes["l"]"#, "\"a\""),
        ("trace_id", "0x0102030405060708090a0b0c0d0e0f10"),
    ] {
        all_say(true, &[&format!("{left} != {right}")]);
        for operator in ["==", "<", "<=", ">", ">="] {
            all_say(false, &[&format!("{left} {operator} {right}")]);
        }
    }
}

#[test]
fn nil_is_equal_to_nil_only() {
    all_say(
        true,
        &[
            r#"attributes["absent"] == nil"#,
            r#"attributes["n"] == nil"#,
            "nil == nil and nil <= nil and nil >= nil",
            r#"attributes["absent"] == attributes["n"]"#,
            r#"attributes["s"] != nil"#,
            r#"attributes["absent"] != "x""#,
            r#"attributes["m"]["absent"]["deeper"] == nil"#,
        ],
    );
    all_say(
        false,
        &[
            "nil < nil",
            r#"attributes["absent"] == """#,
            r#"attributes["absent"] < 1"#,
            r#"attributes["empty"] == nil"#,
        ],
    );
}

#[test]
fn not_binds_tighter_than_and_and_and_than_or() {
    all_say(
        true,
        &[
            "true or false and false",
            "not false and true",
            "not (true and false)",
            "(true or false) and not (false or false)",
            "true or 1 / 0 == 1",
        ],
    );
    all_say(
        false,
        &[
            "not true or false",
            "(true or false) and false",
            "false and 1 / 0 == 1",
        ],
    );
}

#[test]
fn keys_go_into_lists_and_maps() {
    all_say(
        true,
        &[
            r#"attributes["l"][0] == "a" and attributes["l"][1] == 2"#,
            r#"attributes["m"]["y"]["z"] == "deep""#,
            r#"body["y"]["z"] == "deep""#,
            r#"attributes["l"][attributes["m"]["x"]] == 2"#,
            r#"attributes[Concat(["", "s"], "")] == "blue""#,
            r#"attributes["l"][2 - 1] == 2"#,
            r#"Split("a,b", ",")[1] == "b""#,
        ],
    );
    for (condition, message) in [
        (r#"attributes["l"][2] == 1"#, "index 2 out of bounds"),
        (
            r#"attributes["s"]["x"] == 1"#,
            "type string does not support string indexing",
        ),
        (
            r#"attributes["m"][attributes["i"]] == 1"#,
            "expecting 'string' but got 'int'",
        ),
        (
            r#"attributes["m"]["x"][0] == 1"#,
            "type int does not support string indexing",
        ),
        (
            r#"ExtractPatterns("a", "(?P<x>b)")["x"] == 1"#,
            "key not found in map",
        ),
        (
            r#"attributes["s"] + 1 == 2"#,
            "cannot calculate string + int",
        ),
        (
            r#"attributes["i"] / (attributes["i"] - 7) == 2"#,
            "attempted to divide by 0",
        ),
        (r#"attributes["d"] / 0 == 2"#, "attempted to divide by 0"),
    ] {
        let error = says(condition).unwrap_err().to_string();
        assert!(error.contains(message), "{condition}: {error}");
    }
}

#[test]
fn contexts_above_are_reached_by_their_names() {
    all_say(
        true,
        &[
            r#"resource.attributes["service.name"] == "shop""#,
            r#"log.attributes["s"] == "blue" and resource.attributes["s"] == "red""#,
            r#"scope.name == "lib" and instrumentation_scope.version == "1.2""#,
            r#"scope.attributes["k"] == "v""#,
            r#"resource.schema_url == "http://schema" and resource.dropped_attributes_count == 3"#,
            "severity_number >= SEVERITY_NUMBER_ERROR and severity_text == \"Error\"",
        ],
    );
}

#[test]
fn the_request_is_reached_from_everywhere() {
    all_say(
        true,
        &[
            r#"otelcol.client.metadata["x-tenant"][1] == "second""#,
            r#"otelcol.client.metadata["absent"] == nil"#,
            r#"otelcol.grpc.metadata["X-Tenant"] == ["acme", "second"]"#,
            r#"otelcol.client.addr == "10.1.2.3:4317""#,
            r#"otelcol.client.auth.attributes["subject"] == "ann""#,
            r#"otelcol.tenant == "blue""#,
        ],
    );
}

#[test]
fn one_of_the_values_of_a_header_is_enough() {
    let request = request();
    let env = Env::of_request(&request);
    let says = |text: &str| parsed(text, ContextKind::Request).eval(&env).unwrap();
    assert!(says(r#"request["x-tenant"] == "acme""#));
    assert!(says(r#"request["X-Tenant"] == "second""#));
    assert!(!says(r#"request["X-Tenant"] == "third""#));
    // As upstream: there is a value that differs.
    assert!(says(r#"request["X-Tenant"] != "acme""#));
    assert!(!says(r#"request["empty"] != """#));
    // And there is none that could differ.
    assert!(!says(r#"request["absent"] != "acme""#));
    assert!(says(r#"request["absent"] == nil and tenant == "blue""#));
    assert!(says(
        r#"IsMatch(request["X-Tenant"], "^ac") and not (tenant == "red")"#
    ));
}

#[test]
fn what_is_known_is_calculated_once() {
    for (text, known) in [
        ("true", Some(true)),
        ("1 + 1 == 2 and \"a\" < \"b\"", Some(true)),
        ("not true", Some(false)),
        (r#"IsMatch("abc", "b")"#, Some(true)),
        (r#"Duration("1m") == Duration("60s")"#, Some(true)),
        (r#"true or name == "x""#, Some(true)),
        (r#"false or name == "x""#, None),
        ("Now() > Unix(0)", None),
    ] {
        let condition = parsed(text, ContextKind::Span);
        assert_eq!(condition.constant(), known, "{text}");
    }
}

#[test]
fn a_condition_knows_how_deep_it_looks() {
    for (text, level) in [
        ("true", Level::Request),
        (r#"otelcol.tenant == "a""#, Level::Request),
        (
            r#"resource.attributes["a"] == "b" and otelcol.tenant == "a""#,
            Level::Resource,
        ),
        (
            r#"resource.attributes["a"] == "b" or scope.name == "a""#,
            Level::Scope,
        ),
        (
            r#"resource.attributes["a"] == "b" or name == "a""#,
            Level::Record,
        ),
        ("IsRootSpan()", Level::Record),
    ] {
        assert_eq!(parsed(text, ContextKind::Span).level(), level, "{text}");
    }
}

#[test]
fn equality_with_a_text_is_a_row_of_a_table() {
    let row = |text: &str| parsed(text, ContextKind::Resource).equality();
    let first = row(r#"attributes["tenant"] == "a""#).unwrap();
    let second = row(r#""b" == resource.attributes["tenant"]"#).unwrap();
    let other = row(r#"attributes["other"] == "a""#).unwrap();
    assert!(first.same_place(&second) && !first.same_place(&other));
    assert_eq!(second.text(), b"b");
    for text in [
        r#"attributes["tenant"] != "a""#,
        r#"attributes["tenant"] == 1"#,
        r#"attributes[attributes["x"]] == "a""#,
        r#"attributes["tenant"] == "a" and true == attributes["x"]"#,
    ] {
        assert!(row(text).is_none(), "{text}");
    }
}

#[test]
fn a_row_is_found_by_the_text_at_its_place_and_the_first_of_several_counts() {
    let request = request();
    let env = Env::of_request(&request);
    let row = |text: &[u8]| match text {
        b"second" => Some(3),
        b"acme" => Some(5),
        b"blue" => Some(7),
        _ => None,
    };
    let find = |text: &str| {
        let equality = parsed(text, ContextKind::Request).equality().unwrap();
        equality.find(&env, row).unwrap()
    };
    assert_eq!(find(r#"request["x-tenant"] == "acme""#), Some(3));
    assert_eq!(find(r#"request["absent"] == "acme""#), None);
    assert_eq!(find(r#"tenant == "blue""#), Some(7));
}

#[test]
fn evaluation_ends_with_the_first_error() {
    let context = Context::default();
    let env = Env::of_request(&context);
    let condition = Condition::parse(
        "1 / 0 == 1 or true == (false == false)",
        ContextKind::Resource,
    );
    assert!(condition.is_err(), "a condition in brackets is no value");
    let condition = parsed("1 / 0 == 1 or name == nil", ContextKind::Scope);
    assert_eq!(
        condition.eval(&env).unwrap_err().to_string(),
        "attempted to divide by 0"
    );
}
