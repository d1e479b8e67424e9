//! What converters that hash, parse and format give. Sources of expected values: the documentation of
//! Go `pkg/ottl/ottlfuncs`, and of the algorithms.

use headwater_core::pdata::view;
use headwater_ottl::{Condition, ContextKind, Env, Record, Resource, Scope};
use headwater_testkit::otlp::LogRecord;
use proptest::prelude::*;
use prost::Message as _;

use crate::{all_say, request, says, text};

/// Every condition has an error with these words.
#[track_caller]
fn all_fail(conditions: &[(&str, &str)]) {
    for (condition, words) in conditions {
        let error = says(condition).unwrap_err().to_string();
        assert!(error.contains(words), "{condition}: {error}");
    }
}

/// Every condition is refused with these words.
#[track_caller]
fn all_refused(conditions: &[(&str, &str)]) {
    for (condition, words) in conditions {
        let errors = Condition::parse(condition, ContextKind::Log).unwrap_err();
        let said = errors.iter().any(|error| error.message.contains(words));
        assert!(said, "{condition}: {errors:?}");
    }
}

#[test]
fn texts_are_hashed() {
    all_say(
        true,
        &[
            r#"MD5("hello") == "5d41402abc4b2a76b9719d911017c592""#,
            r#"SHA1("hello") == "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d""#,
            r#"HasPrefix(SHA512(""), "cf83e1357eefb8bdf1542850d66d8007") and Len(SHA512("")) == 128"#,
            r#"XXH3("") == "2d06800538d394c2""#,
            r#"XXH128("") == "99aa06d3014798d86001c324468d497f""#,
            r#"MD5(attributes["s"]) == MD5("blue") and MD5(attributes["s"]) != MD5("red")"#,
        ],
    );
    all_fail(&[(
        r#"MD5(attributes["i"]) == """#,
        "expected string but got int",
    )]);
}

#[test]
fn both_ends_of_a_connection_have_one_hash() {
    all_say(
        true,
        &[
            // The specification's own examples.
            r#"CommunityID("128.232.110.120", 34855, "66.35.250.204", 80) == "1:LQU9qZlK+B5F3KDmev6m5PMibrg=""#,
            r#"CommunityID("66.35.250.204", 80, "128.232.110.120", 34855, "TCP") == "1:LQU9qZlK+B5F3KDmev6m5PMibrg=""#,
            r#"CommunityID("192.168.1.52", 54585, "8.8.8.8", 53, "UDP") == "1:d/FP5EW3wiY1vCndhwleRRKHowQ=""#,
            r#"CommunityID("::1", 1, "10.0.0.1", 2) == CommunityID("10.0.0.1", 2, "::1", 1)"#,
            r#"CommunityID("10.0.0.1", 1, "10.0.0.1", 2) == CommunityID("10.0.0.1", 2, "10.0.0.1", 1)"#,
            r#"CommunityID("10.0.0.1", 1, "10.0.0.2", 2, seed = 1) != CommunityID("10.0.0.1", 1, "10.0.0.2", 2)"#,
        ],
    );
    all_fail(&[
        (
            r#"CommunityID("here", 1, "10.0.0.1", 2) == """#,
            "invalid source IP: here",
        ),
        (
            r#"CommunityID("10.0.0.1", 1, "10.0.0.1", 65536) == """#,
            "destination port must be between 0 and 65535, got 65536",
        ),
    ]);
    all_refused(&[(
        r#"CommunityID("10.0.0.1", 1, "10.0.0.1", 2, "HTTP") == """#,
        "unsupported protocol: HTTP",
    )]);
}

#[test]
fn encodings_are_made_and_undone() {
    all_say(
        true,
        &[
            r#"Base64Encode("test string") == "dGVzdCBzdHJpbmc=""#,
            r#"Base64Encode("test string", "base64-raw") == "dGVzdCBzdHJpbmc""#,
            r#"Base64Encode("<<???>>", "base64-url") == "PDw_Pz8-Pg==""#,
            r#"Base64Encode("<<???>>", variant = "base64-raw-url") == "PDw_Pz8-Pg""#,
            r#"Base64Decode("aGVsbG8gd29ybGQ=") == "hello world""#,
            r#"Decode("aGVsbG8gd29ybGQ=", "base64") == "hello world""#,
            r#"Decode(" aGVsbG8g\nd29ybGQ= ", "base64") == "hello world""#,
            r#"Decode("PDw_Pz8-Pg", "base64-raw-url") == "<<???>>""#,
            r#"Decode(0xe4, "ISO-8859-1") == "ä" and Decode(0xe400, "utf-16le") == "ä""#,
            r#"Decode("plain", "us-ascii") == "plain" and Decode(7, "utf-8") == "7""#,
            r#"Decode(attributes["b"], "nop") == Decode(0x01ff, "nop")"#,
        ],
    );
    all_fail(&[
        (r#"Decode("a", "base64") == """#, "could not decode"),
        (r#"Decode(nil, "base64") == """#, "unsupported type"),
        (
            r#"Decode("a", attributes["s"]) == """#,
            "unsupported encoding 'blue'",
        ),
    ]);
    all_refused(&[
        (
            r#"Decode("a", "klingon") == """#,
            "unsupported encoding 'klingon'",
        ),
        (
            r#"Base64Encode("a", "base32") == """#,
            "unsupported base64 variant: base32",
        ),
    ]);
}

#[test]
fn names_change_their_case() {
    all_say(
        true,
        &[
            r#"ToSnakeCase("MyMetricName") == "my_metric_name" and ToCamelCase("my_metric_name") == "MyMetricName""#,
            r#"ConvertCase("myMetric", "snake") == "my_metric" and ConvertCase("my_metric", "camel") == "MyMetric""#,
        ],
    );
}

#[test]
fn json_becomes_maps_and_lists_with_doubles() {
    all_say(
        true,
        &[
            r#"ParseJSON("{\"attr\":true}") == {"attr": true}"#,
            r#"ParseJSON("[\"attr1\",\"attr2\"]") == ["attr1", "attr2"]"#,
            r#"ParseJSON("{\"a\":{\"b\":[1,null]}}")["a"]["b"][0] == 1.0"#,
            r#"IsDouble(ParseJSON("[1]")[0])"#,
        ],
    );
    all_fail(&[
        (r#"ParseJSON("1") == nil"#, "neither an object nor a list"),
        (r#"ParseJSON("{") == nil"#, "JSON"),
        (r#"ParseJSON(attributes["i"]) == nil"#, "expected string"),
    ]);
}

#[test]
fn pairs_are_read_and_written() {
    all_say(
        true,
        &[
            r#"ParseKeyValue("k1=v1 k2=v2 k3=v3") == {"k1": "v1", "k2": "v2", "k3": "v3"}"#,
            r#"ParseKeyValue("k1!v1_k2!v2_k3!v3", "!", "_") == {"k1": "v1", "k2": "v2", "k3": "v3"}"#,
            r#"ParseKeyValue("a=\"x y\" a=b=c") == {"a": "b=c"}"#,
            r#"ToKeyValueString({"k1": "v1", "k2": "v2"}) == "k1=v1 k2=v2""#,
            r#"ToKeyValueString({"b": 1, "a": true}, ":", ",", true) == "a:true,b:1""#,
            r#"ToKeyValueString({"k1": "v=2", "k2": "\"v=3\""}) == "k1=\"v=2\" k2=\"\\\"v=3\\\"\"""#,
            r#"ToKeyValueString({"k2": {"k3": "v3", "k4": ["v4", "v5"]}}) == "k2={\\\"k3\\\":\\\"v3\\\",\\\"k4\\\":[\\\"v4\\\",\\\"v5\\\"]}""#,
        ],
    );
    all_fail(&[
        (r#"ParseKeyValue("") == nil"#, "empty target"),
        (r#"ParseKeyValue("a") == nil"#, "into 2 items, got 1"),
        (r#"ParseKeyValue("a='b") == nil"#, "end of a quoted value"),
    ]);
    all_refused(&[
        (
            r#"ParseKeyValue("a", "=", "=") == nil"#,
            "cannot be equal to delimiter",
        ),
        (
            r#"ToKeyValueString({}, "") == """#,
            "delimiter cannot be set to an empty string",
        ),
        (
            r#"ToKeyValueString({}, sort_output = "a") == """#,
            "expected bool but got string",
        ),
    ]);
}

#[test]
fn rows_are_read_by_their_header() {
    all_say(
        true,
        &[
            r#"ParseCSV("999-999-9999,Joe Smith,joe.smith@example.com", "phone,name,email") == {"phone": "999-999-9999", "name": "Joe Smith", "email": "joe.smith@example.com"}"#,
            r#"ParseCSV("1|2", "a|b", delimiter="|") == {"a": "1", "b": "2"}"#,
            r#"ParseCSV("1|\"x|\"\"y\"\n", "a,b", "|", ",") == {"a": "1", "b": "x|\"y"}"#,
            r#"ParseCSV("x \"y\" z,2", "a,b", mode="lazyQuotes") == {"a": "x \"y\" z", "b": "2"}"#,
            r#"ParseCSV("\"555-555-5556,Joe Smith\",joe.smith@example.com", "phone,name,email", mode="ignoreQuotes")["phone"] == "\"555-555-5556""#,
        ],
    );
    all_fail(&[
        (r#"ParseCSV("1,2", "a") == nil"#, "expected 1, found 2"),
        (r#"ParseCSV("1", "") == nil"#, "headers must not be"),
        (r#"ParseCSV("x \"y", "a") == nil"#, "bare \""),
    ]);
    all_refused(&[
        (
            r#"ParseCSV("1", "a", ",,") == nil"#,
            "delimiter must be a single character",
        ),
        (
            r#"ParseCSV("1", "a", mode="lax") == nil"#,
            "unknown mode: lax",
        ),
    ]);
}

#[test]
fn severities_are_mapped() {
    let mapping = r#"{"info": [{"equals": ["inf"]}, {"range": {"min": 200, "max": 299}}], "warn": [{"range": "4xx"}]}"#;
    for (target, level) in [
        (r#""inf""#, "info"),
        ("200", "info"),
        ("299", "info"),
        ("404", "warn"),
    ] {
        let condition = format!("ParseSeverity({target}, {mapping}) == \"{level}\"");
        assert_eq!(says(&condition), Ok(true), "{condition}");
    }
    let unknown = format!("ParseSeverity(500, {mapping}) == nil");
    let wrong = format!("ParseSeverity(1.5, {mapping}) == nil");
    all_fail(&[
        (&unknown, "no matching log level found for value '500'"),
        (&wrong, "must be either string or int64"),
        (
            r#"ParseSeverity(1, {"info": [{"range": "9xx"}]}) == nil"#,
            "invalid severity mapping",
        ),
        (r#"ParseSeverity(1, {"info": "x"}) == nil"#, "are a list"),
    ]);
}

#[test]
fn xml_becomes_maps() {
    all_say(
        true,
        &[
            r#"ParseXML("<?xml version=\"1.0\"?><Log><!-- c --><User><ID>00001</ID><Name type=\"first\"> Joe </Name></User><Text/></Log>\n") == {"tag": "Log", "children": [{"tag": "User", "children": [{"tag": "ID", "content": "00001"}, {"tag": "Name", "content": "Joe", "attributes": {"type": "first"}}]}, {"tag": "Text"}]}"#,
            r#"ParseXML("<HostInfo hostname=\"example.com\" zone='east-1' />") == {"tag": "HostInfo", "attributes": {"hostname": "example.com", "zone": "east-1"}}"#,
            r#"ParseXML("<n:a x:b=\"&lt;&#65;&#x42;&gt;\">&amp;<![CDATA[<c>]]></n:a>") == {"tag": "a", "attributes": {"b": "<AB>"}, "content": "&<c>"}"#,
            r#"ParseXML("<!DOCTYPE a [<!ELEMENT a \">\">]><a/>") == {"tag": "a"}"#,
            r#"ParseSimplifiedXML("<event><id>1</id><details><cause>unknown</cause></details></event>") == {"event": {"id": "1", "details": {"cause": "unknown"}}}"#,
            r#"ParseSimplifiedXML("<a><b>1</b><c>2</c><b><![CDATA[2]]></b></a>") == {"a": {"b": ["1", "2"], "c": "2"}}"#,
            r#"ParseSimplifiedXML("<a x=\"1\">text<b>1</b><b/></a>") == {"a": {"b": ["1"]}}"#,
            r#"ParseSimplifiedXML("<a/>") == {}"#,
        ],
    );
    for bad in [
        "",
        "a",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a>&x;</a>",
        "<a>&lt</a>",
        "<a b></a>",
        "<a b=c></a>",
        "<a b='c></a>",
        "<1/>",
        "</a>",
        "<a><!-- </a>",
        "<!DOCTYPE a",
    ] {
        let condition = format!("ParseXML(\"{bad}\") == nil");
        assert!(says(&condition).is_err(), "{bad}");
    }
    let deep = |depth: usize| {
        let (open, close) = ("<a>".repeat(depth), "</a>".repeat(depth));
        says(&format!("ParseXML(\"{open}{close}\") != nil"))
    };
    assert_eq!(deep(20), Ok(true));
    assert!(deep(21).unwrap_err().to_string().contains("deeper than 20"));
}

#[test]
fn urls_have_parts() {
    all_say(
        true,
        &[
            r#"URL("http://www.example.com") == {"url.original": "http://www.example.com", "url.scheme": "http", "url.domain": "www.example.com", "url.path": ""}"#,
            r#"URL("http://myusername:mypassword@www.example.com:80/foo.gif?key1=val1&key2=val2#fragment") == {"url.path": "/foo.gif", "url.fragment": "fragment", "url.extension": "gif", "url.password": "mypassword", "url.original": "http://myusername:mypassword@www.example.com:80/foo.gif?key1=val1&key2=val2#fragment", "url.scheme": "http", "url.port": 80, "url.user_info": "myusername:mypassword", "url.domain": "www.example.com", "url.query": "key1=val1&key2=val2", "url.username": "myusername"}"#,
            r#"URL("HTTPS://[::1]:8080/a%20b")["url.domain"] == "::1" and URL("HTTPS://[::1]:8080/a%20b")["url.path"] == "/a b""#,
            r#"URL("HTTPS://x")["url.scheme"] == "https" and URL("/a/b.c.d")["url.extension"] == "d""#,
            r#"URL("//host/p")["url.domain"] == "host" and URL("mailto:a@b")["url.path"] == """#,
            r#"URL("?a=1&a=2&b=x+y") == {"query": {"a": ["1", "2"], "b": ["x y"]}}"#,
        ],
    );
    all_fail(&[
        (r#"URL("") == nil"#, "url cannot be empty"),
        (r#"URL("http://a:b") == nil"#, "invalid port after host"),
        (r#"URL("http://[::1") == nil"#, "missing ']'"),
        (r#"URL("http://a/%zz") == nil"#, "invalid URL escape"),
        (r#"URL("1:2") == nil"#, "cannot contain colon"),
        (r#"URL(":a") == nil"#, "missing protocol scheme"),
        (r#"URL("http://a\n/") == nil"#, "control character"),
        (r#"URL("http://a b@c/") == nil"#, "invalid userinfo"),
    ]);
}

#[test]
fn lists_are_sorted_and_made_maps() {
    all_say(
        true,
        &[
            r#"Sort([3, 1, 2]) == [1, 2, 3] and Sort([3, 1, 2], "desc") == [3, 2, 1]"#,
            r#"Sort([1.5, 1, 0.5]) == [0.5, 1, 1.5] and Sort(["b", "a", "C"]) == ["C", "a", "b"]"#,
            r#"Sort([true, 10, "a", 9]) == [10, 9, "a", true] and Sort([]) == []"#,
            r#"Sort([[2], 1]) == [[2], 1] and Sort("ba") == "ba""#,
            r#"SliceToMap([{"name": "foo", "value": 2}, {"name": "bar", "value": 5}], ["name"], ["value"]) == {"foo": 2, "bar": 5}"#,
            r#"SliceToMap([{"name": "foo", "value": 2}], ["name"]) == {"foo": {"name": "foo", "value": 2}}"#,
            r#"SliceToMap([{"a": 1}, {"a": 2}]) == {"0": {"a": 1}, "1": {"a": 2}}"#,
            r#"SliceToMap([{"a": {"b": "x"}, "v": 1}, {"a": 1}, "y", {"a": {"b": "x"}, "v": 2}], ["a", "b"], ["v"]) == {"x": 2}"#,
        ],
    );
    all_fail(&[
        (r#"SliceToMap(attributes["s"]) == nil"#, "expected list"),
        (r#"SliceToMap([], []) == nil"#, "at least one path item"),
    ]);
    all_refused(&[(
        r#"Sort([1], "up") == nil"#,
        "Order should be either \"asc\" or \"desc\"",
    )]);
}

#[test]
fn values_are_put_into_formats() {
    all_say(
        true,
        &[
            r#"Format("%02d", [attributes["i"]]) == "07""#,
            r#"Format("%04d-%02d-%02d", [Year(time), Month(time), Day(time)]) == "2023-11-14""#,
            r#"Format("%s/%v/%t", [attributes["s"], attributes["m"], attributes["t"]]) == "blue/{\"x\":1,\"y\":{\"z\":\"deep\"}}/true""#,
            r#"Format("%d", [attributes["s"]]) == "%!d(string=blue)""#,
        ],
    );
    all_refused(&[(r#"Format(name, [1]) == """#, "")]);
}

#[test]
fn times_are_read_and_written() {
    all_say(
        true,
        &[
            r#"Time("02/04/2023", "%m/%d/%Y", "UTC") == Unix(1675468800)"#,
            r#"Time("Feb 15, 2023 12:00", "%b %d, %Y %H:%M", "America/New_York") == Unix(1676480400)"#,
            r#"Time("2012-11-01T22:08:41+0000", "%Y-%m-%dT%H:%M:%S%z") == Unix(1351807721)"#,
            r#"Time("2023-05-26 12:34:56.789Z", "%Y-%m-%d %H:%M:%S.%LZ") == Unix(1685104496, 789000000)"#,
            r#"Time("2023-05-26", "%Y-%m-%d", "UTC", "en-GB") < time"#,
            r#"FormatTime(time, "%A %h %e %Y %H:%M:%S.%s") == "Tuesday Nov 14 2023 22:13:20.000000001""#,
            r#"FormatTime(Time("02/04/2023", "%m/%d/%Y", "UTC"), "%F") == "2023-02-04""#,
        ],
    );
    all_fail(&[
        (r#"Time("soon", "%Y") == time"#, "soon"),
        (r#"Time("", "%Y") == time"#, "cannot be nil"),
        (
            r#"Time("2023", "%Y", attributes["s"]) == time"#,
            "no time zone `blue`",
        ),
        (
            r#"FormatTime(attributes["s"], "%Y") == """#,
            "expected time",
        ),
    ]);
    all_refused(&[
        (r#"Time("1", "%!") == time"#, "invalid format"),
        (r#"FormatTime(time, "2006") == """#, "decimals"),
        (
            r#"FormatTime(time, attributes["s"]) == """#,
            "text in quotes",
        ),
        (r#"Time("1", "%Y", "Moon") == time"#, "no time zone `Moon`"),
        (r#"Time("1", "%Y", "", "it") == time"#, "the locale it"),
    ]);
}

#[test]
fn what_does_not_exist_is_refused_by_name() {
    all_refused(&[
        ("UUID() == nil", "the converter UUID is not supported yet"),
        (r#"UserAgent("x") == nil"#, "UserAgent is not supported yet"),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_parsed_or_refused(any in "\\PC{0,60}", marks in r#"[<>/a'"=&;#!\[\]{}:,?@%. -]{0,40}"#) {
        for body in [any, marks] {
            let log = LogRecord { body: Some(text(&body)), ..Default::default() }.encode_to_vec();
            let request = request();
            let env = Env {
                request: &request,
                resource: Resource::default(),
                scope: Scope::default(),
                record: Record::Log(view::LogRecord::new(&log)),
            };
            for call in [
                "ParseJSON(body)", "ParseXML(body)", "ParseSimplifiedXML(body)", "URL(body)",
                "ParseKeyValue(body)", "ParseCSV(body, body, mode = \"lazyQuotes\")", "ToSnakeCase(body)",
                "ToCamelCase(body)", "Decode(body, \"base64\")", "Decode(body, \"utf-16le\")",
                "Time(body, \"%Y-%m-%d %H:%M\")", "Format(\"%q %x %5s\", [body, body, body])",
                "Sort([body, 1])", "SliceToMap([{\"a\": body}], [\"a\"])", "MD5(body)",
            ] {
                let condition = Condition::parse(&format!("{call} != nil"), ContextKind::Log).unwrap();
                if let Ok(said) = condition.eval(&env) {
                    prop_assert!(said, "{}", call);
                }
            }
        }
    }
}
