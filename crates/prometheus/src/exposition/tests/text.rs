use super::super::{Format, ParserOptions, Position};
use super::{Parser, read};

fn text(body: &str) -> Vec<String> {
    read(body.as_bytes(), Format::Text, ParserOptions::default())
}

#[test]
fn metadata_samples_and_comments_come_in_order() {
    let body = "# HELP go_gc Pauses \\\\ of\\nthe \\\"GC\\\".\n\
                # TYPE go_gc summary\n\
                go_gc{quantile=\"0\"} 4.9351e-05\n\
                go_gc{quantile=\"1\", b=\"x\",} +Inf 123\n\
                \n\
                # just a comment\n\
                #another\n\
                go_gc_count 99\n\
                \tother\t{a=\"b\"c=\"\"}\t-1\t4  \n\
                no_end nan";
    assert_eq!(
        text(body),
        [
            r#"help go_gc "Pauses \\ of\nthe \\\"GC\\\".""#,
            "type go_gc summary",
            r#""go_gc" {quantile="0.0"} 0.000049351"#,
            r#""go_gc" {quantile="1.0",b="x"} inf @123"#,
            r##"comment "# just a comment""##,
            r##"comment "#another""##,
            r#""go_gc_count" {} 99"#,
            r#""\tother" {a="b",c=""} -1 @4"#,
            r#""no_end" {} NaN"#,
        ]
    );
}

#[test]
fn utf8_names_stand_in_quotes() {
    let body = "# TYPE \"http.status\" histogram\n\
                {\"http.status\",q=\"0.9\",\"le\"=\"1\"} 8\n\
                {\"a.b\"=\"c\", \"\u{e4}\\\"\\\\\\n\"} 1\n\
                {\"only\"}2\n\
                {\"\"} 3\n";
    assert_eq!(
        text(body),
        [
            "type http.status histogram",
            r#""http.status" {q="0.9",le="1.0"} 8"#,
            r#""ä\"\\\n" {a.b="c"} 1"#,
            r#""only" {} 2"#,
            r#""" {} 3"#,
        ]
    );
}

#[test]
fn odd_lines_are_read_as_prometheus_reads_them() {
    for (body, lines) in [
        ("", &[][..]),
        ("\n\n \n\t", &[]),
        ("#", &["comment \"#\""]),
        ("# HELP", &["comment \"# HELP\""]),
        ("# HELPx y", &["comment \"# HELPx y\""]),
        ("# HELP a", &["help a \"\""]),
        ("#\tHELP  a   \n", &["help a \"\""]),
        ("# HELP a  b ", &["help a \" b \""]),
        ("# TYPE a-gauge", &["type a gauge"]),
        ("a-1", &["\"a\" {} -1"]),
        ("a{}1", &["\"a\" {} 1"]),
        ("a { } 1", &["\"a\" {} 1"]),
        ("a{b=\"1\n2\"} 1", &["\"a\" {b=\"1\\n2\"} 1"]),
        ("a{b=\"\\x\\\"\"} 1", &["\"a\" {b=\"\\\\x\\\"\"} 1"]),
        ("a{b=\"c\",b=\"d\"} 1", &["\"a\" {b=\"c\",b=\"d\"} 1"]),
        ("a{b=\"\0\"} 1", &["\"a\" {b=\"\\0\"} 1"]),
        // Without a family the type is that of the last line, whatever its name.
        (
            "# TYPE x histogram\na{le=\"1_0\"} 1",
            &["type x histogram", "\"a\" {le=\"10.0\"} 1"],
        ),
        (
            "# TYPE x gauge\na{le=\"1\"} 1",
            &["type x gauge", "\"a\" {le=\"1\"} 1"],
        ),
        // A NUL at the beginning of a line ends everything.
        ("a 1\n\0b nonsense", &["\"a\" {} 1"]),
        ("a 1\n#x\0b nonsense", &["\"a\" {} 1"]),
    ] {
        assert_eq!(text(body), lines, "{body:?}");
    }
}

#[test]
fn an_error_says_where_and_what() {
    for (body, error) in [
        (
            "a",
            "line 1, column 2: expected value after metric, got end of input",
        ),
        (
            "a 1\nb{c=\"d\"} \n",
            "line 2, column 10: expected value after metric, got \"\\n\"",
        ),
        (
            "a{b='c'} 1\n",
            "line 1, column 5: expected label value, got \"'c'} 1\"",
        ),
        (
            "a{b=\"c} 1\n",
            "line 1, column 5: expected label value, got \"\\\"c} 1\"",
        ),
        (
            "a{b\"c\"} 1\n",
            "line 1, column 4: expected equal, got \"\\\"c\\\"} 1\"",
        ),
        (
            "a{,} 1",
            "line 1, column 3: expected label name, got \",} 1\"",
        ),
        (
            "a{b=\"c\",,} 1",
            "line 1, column 9: expected label name, got \",} 1\"",
        ),
        (
            "a{b=\"c\"",
            "line 1, column 8: expected label name, got end of input",
        ),
        (
            "a{1=\"c\"} 1",
            "line 1, column 3: expected label name, got \"1=\\\"c\\\"} 1\"",
        ),
        ("a{\"b\"} 1", "line 1, column 4: metric name already set"),
        (
            "{\"a\",\"b\"} 1",
            "line 1, column 7: metric name already set",
        ),
        ("{a=\"b\"} 1", "line 1, column 7: metric name not set"),
        ("{} 1", "line 1, column 2: metric name not set"),
        (
            "1a 1",
            "line 1, column 1: expected a valid start token, got \"1a 1\"",
        ),
        (
            "a 1 -5",
            "line 1, column 5: expected timestamp or new record, got \"-5\"",
        ),
        (
            "a 1 5 x",
            "line 1, column 7: expected next entry after timestamp, got \"x\"",
        ),
        (
            "a 1 9223372036854775808",
            "line 1, column 5: invalid number \"9223372036854775808\"",
        ),
        (
            "a 1{",
            "line 1, column 4: expected timestamp or new record, got \"{\"",
        ),
        ("a 1\r\nb 2", "line 1, column 3: invalid number \"1\\r\""),
        ("a 1\rb 2", "line 1, column 3: invalid number \"1\\rb\""),
        ("a 0x1p3", "line 1, column 3: invalid number \"0x1p3\""),
        ("a 1_0", "line 1, column 3: invalid number \"1_0\""),
        ("a 1e999", "line 1, column 3: invalid number \"1e999\""),
        (
            "a 1\0",
            "line 1, column 4: expected timestamp or new record, got \"\\0\"",
        ),
        (
            "# TYPE a Gauge",
            "line 1, column 10: invalid metric type \"Gauge\"",
        ),
        (
            "# TYPE a gauge ",
            "line 1, column 10: invalid metric type \"gauge \"",
        ),
        (
            "# TYPE a info",
            "line 1, column 10: invalid metric type \"info\"",
        ),
        ("# TYPE a", "line 1, column 9: invalid metric type \"\""),
        (
            "# TYPE 1 gauge",
            "line 1, column 8: expected metric name after TYPE, got \"1 gauge\"",
        ),
        (
            "# HELP \n",
            "line 1, column 8: expected metric name after HELP, got \"\\n\"",
        ),
        (
            "# HELP \"a b",
            "line 1, column 8: expected metric name after HELP, got \"\\\"a b\"",
        ),
    ] {
        assert_eq!(
            text(body).pop(),
            Some(format!("error: {error}")),
            "{body:?}"
        );
    }
}

#[test]
fn what_is_not_utf8_is_refused_where_it_is_shown() {
    for (body, error) in [
        (
            &b"a{b=\"x\xff\"} 1"[..],
            "line 1, column 7: label value is not valid UTF-8: \"x\u{fffd}\"",
        ),
        (
            b"{\"\xff\"} 1",
            "line 1, column 3: metric name is not valid UTF-8: \"\u{fffd}\"",
        ),
        (
            b"a{\"\xff\"=\"b\"} 1",
            "line 1, column 4: label name is not valid UTF-8: \"\u{fffd}\"",
        ),
        (
            b"# HELP a \xff",
            "line 1, column 10: help text is not valid UTF-8: \"\u{fffd}\"",
        ),
        (
            "# HELP a\u{e9}".as_bytes(),
            "line 1, column 10: help text is not valid UTF-8: \"\u{fffd}\"",
        ),
        (b"a\xff 1", "line 1, column 2: invalid number \"\u{fffd}\""),
    ] {
        let lines = read(body, Format::Text, ParserOptions::default());
        assert_eq!(lines, [format!("error: {error}")]);
    }
    let lines = read(b"# \xff\na 1", Format::Text, ParserOptions::default());
    assert_eq!(lines.len(), 2, "a comment may be anything");
}

#[test]
fn a_nan_is_never_a_staleness_marker() {
    let mut parser = Parser::new(b"a NaN\n", Format::Text, ParserOptions::default());
    let Some(super::Entry::Series(series)) = parser.next_entry().unwrap() else {
        panic!("there is a sample");
    };
    assert_eq!(series.value().to_bits(), 0x7ff8_0000_0000_0001);
    assert!(!super::super::is_stale(series.value()));
}

#[test]
fn a_position_counts_lines_and_bytes_from_one() {
    let mut parser = Parser::new(b"a 1\n\n  ?", Format::Text, ParserOptions::default());
    parser.next_entry().unwrap();
    let error = parser.next_entry().unwrap_err();
    assert_eq!(error.position(), Position::Text { line: 3, column: 3 });
}
