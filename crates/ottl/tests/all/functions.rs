//! What converters give.

use crate::{all_say, says};

#[test]
fn types_are_told_apart() {
    all_say(
        true,
        &[
            r#"IsString(attributes["s"]) and not IsString(attributes["i"])"#,
            r#"IsInt(attributes["i"]) and not IsInt(attributes["d"])"#,
            r#"IsDouble(attributes["d"]) and not IsDouble(attributes["absent"])"#,
            r#"IsBool(attributes["t"]) and not IsBool(attributes["s"])"#,
            r#"IsMap(attributes["m"]) and IsMap(attributes) and not IsMap(attributes["l"])"#,
            r#"IsList(attributes["l"]) and not IsList(attributes["m"])"#,
            r#"IsString("a") and IsInt(1) and IsDouble(1.0) and IsMap({}) and IsList([])"#,
        ],
    );
}

#[test]
fn patterns_are_found_anywhere_in_whatever_can_be_text() {
    all_say(
        true,
        &[
            r#"IsMatch(attributes["s"], "lu")"#,
            r#"IsMatch(attributes["i"], "^7$")"#,
            r#"IsMatch(attributes["d"], "^2\\.5$")"#,
            r#"IsMatch(attributes["t"], "true")"#,
            r#"IsMatch(attributes["b"], "^01ff$")"#,
            r#"IsMatch(attributes["m"], "\"z\":\"deep\"")"#,
            r#"IsMatch(attributes["s"], Concat(["^", "b"], ""))"#,
            r#"IsMatch(trace_id, "^0102")"#,
            r#"ExtractPatterns("GET /a", "^(?P<method>[A-Z]+) (?P<path>.*)")["path"] == "/a""#,
        ],
    );
    all_say(
        false,
        &[
            r#"IsMatch(attributes["absent"], "")"#,
            r#"IsMatch(attributes["s"], "^lu")"#,
        ],
    );
    let error = says(r#"IsMatch("a", Concat(["(", attributes["s"]], ""))"#).unwrap_err();
    assert!(
        error.to_string().contains("IsMatch is not a valid pattern"),
        "{error}"
    );
}

#[test]
fn texts_are_taken_apart_and_put_together() {
    all_say(
        true,
        &[
            r#"HasPrefix(attributes["s"], "bl") and not HasSuffix(attributes["s"], "bl")"#,
            r#"TrimPrefix("abc", "a") == "bc" and TrimPrefix("abc", "x") == "abc""#,
            r#"TrimSuffix("abc", "bc") == "a" and Trim("  a b ") == "a b""#,
            r#"Trim("__ü_", "_") == "ü""#,
            r#"Substring(attributes["s"], 1, 2) == "lu""#,
            r#"Concat([attributes["s"], attributes["i"], nil, 2.5, true], "-") == "blue-7-<nil>-2.5-true""#,
            r#"Split("a,b,,c", ",") == ["a", "b", "", "c"] and Split("ab", "") == ["a", "b"]"#,
            r#"Split("abc", "x") == ["abc"] and Len(Split("", ",")) == 1"#,
            r#"ToUpperCase(attributes["s"]) == "BLUE" and ToLowerCase("ÄB") == "äb""#,
            r#"ConvertCase("aB", "lower") == "ab" and ConvertCase("aB", "upper") == "AB""#,
            r#"Index("hello", "l") == 2 and Index("hello", "z") == -1 and Index([1, 2], 2) == 1"#,
            r#"IsValidLuhn("4539 1488 0343 6467") and not IsValidLuhn("8273 1232 7352 0569")"#,
        ],
    );
    for (condition, message) in [
        (r#"Substring("abc", -1, 1) == """#, "cannot be negative"),
        (
            r#"Substring("abc", 0, 0) == """#,
            "cannot be negative or zero",
        ),
        (
            r#"Substring("abc", 2, 9223372036854775807) == """#,
            "cannot be greater than the length",
        ),
        (
            r#"HasPrefix(attributes["i"], "a")"#,
            "expected string but got int",
        ),
        (r#"Index("a", 1) == 0"#, "value must be a string"),
    ] {
        let error = says(condition).unwrap_err().to_string();
        assert!(error.contains(message), "{condition}: {error}");
    }
}

#[test]
fn values_are_converted() {
    all_say(
        true,
        &[
            r#"Int("12") == 12 and Int(2.9) == 2 and Int(true) == 1 and Int("x") == nil and Int(nil) == nil"#,
            r#"Double("1.5") == 1.5 and Double(attributes["i"]) == 7.0"#,
            r#"String(attributes["i"]) == "7" and String(true) == "true" and String(nil) == nil"#,
            r#"Bool("T") and not Bool(0) and Bool(1.5)"#,
            r#"ParseInt("ff", 16) == 255 and ParseInt("-11", 2) == -3"#,
            r#"Hex(attributes["b"]) == "01ff" and Hex(1) == "0000000000000001""#,
            r#"FNV("test") == -439409999022904539 or FNV("test") == 2271358237066212092"#,
            r#"SHA256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855""#,
            r#"Log(1) == 0.0 and Coalesce([nil, attributes["absent"], 3]) == 3"#,
        ],
    );
    for condition in [
        r#"Double("x") == 1"#,
        r#"Bool("x")"#,
        r#"ParseInt("z", 2) == 1"#,
        "Log(0) == 1",
    ] {
        assert!(says(condition).is_err(), "{condition}");
    }
}

#[test]
fn lists_and_maps_are_asked() {
    all_say(
        true,
        &[
            r#"Len(attributes["s"]) == 4 and Len(attributes["l"]) == 2 and Len(attributes) == 9"#,
            r#"ContainsValue(attributes["l"], "a") and not ContainsValue(attributes["l"], "z")"#,
            r#"ContainsValue(["x", attributes["s"]], "blue")"#,
            r#"Keys(attributes["m"]) == ["x", "y"] and Values({"a": 1}) == [1]"#,
        ],
    );
    assert!(says(r#"Len(attributes["i"]) == 1"#).is_err());
    assert!(says(r#"ContainsValue(attributes["s"], "a")"#).is_err());
}

#[test]
fn times_have_parts_and_durations_units() {
    all_say(
        true,
        &[
            "time == Unix(1700000000, 1) and time_unix_nano == 1700000000000000001",
            "Year(time) == 2023 and Month(time) == 11 and Day(time) == 14",
            "Hour(time) == 22 and Minute(time) == 13 and Second(time) == 20 and Nanosecond(time) == 1",
            "Weekday(time) == 2 and UnixSeconds(time) == 1700000000 and UnixMilli(time) == 1700000000000",
            "UnixMicro(time) == 1700000000000000 and UnixNano(time) == 1700000000000000001",
            r#"TruncateTime(time, Duration("1h")) == Unix(1699999200)"#,
            r#"Hours(Duration("90m")) == 1.5 and Minutes(Duration("90s")) == 1.5"#,
            r#"Seconds(Duration("1500ms")) == 1.5 and Milliseconds(Duration("1.5s")) == 1500"#,
            r#"Microseconds(Duration("-1ms")) == -1000 and Nanoseconds(Duration("1us")) == 1000"#,
            r#"time + Duration("1h") - time == Duration("60m")"#,
            r#"Duration("1h") + Duration("1m") > Duration("1h")"#,
        ],
    );
    assert!(says(r#"time * 2 == time"#).is_err());
    assert!(says(r#"Duration("soon") == Duration("1s")"#).is_err());
}

#[test]
fn addresses_lie_in_networks() {
    all_say(
        true,
        &[
            r#"IsInCIDR("10.1.2.3", ["192.168.0.0/16", "10.0.0.0/8"])"#,
            r#"IsInCIDR("fd00::1", ["fd00::/8"]) and IsInCIDR("1.2.3.4", ["0.0.0.0/0"])"#,
            r#"not IsInCIDR("11.1.2.3", ["10.0.0.0/8"]) and not IsInCIDR("10.0.0.1", ["10.0.0.0/32"])"#,
        ],
    );
    assert!(says(r#"IsInCIDR("here", ["10.0.0.0/8"])"#).is_err());
    assert!(says(r#"IsInCIDR("10.0.0.1", ["10.0.0.0/33"])"#).is_err());
}
