use super::super::{Format, ParserOptions};
use super::{Entry, Parser, read};

const SKIP: ParserOptions = ParserOptions {
    skip_created: true,
    ignore_native_histograms: false,
    keep_classic_histograms: false,
};

fn openmetrics(body: &str) -> Vec<String> {
    read(
        body.as_bytes(),
        Format::OpenMetrics,
        ParserOptions::default(),
    )
}

#[test]
fn every_type_unit_and_exemplar_is_read() {
    let body = "# TYPE a_seconds counter\n\
                # UNIT a_seconds seconds\n\
                # HELP a_seconds Some \\\"text\\\"\\n.\n\
                a_seconds_total 17.0 1520879607.789 # {trace_id=\"Kpa\",b=\"\\\"\"} 5 1520879606\n\
                # TYPE h gaugehistogram\n\
                h_bucket{le=\"1\"} 1 # {} 0.5\n\
                # TYPE i info\n\
                i_info{x=\"y\",} 1\n\
                # TYPE s stateset\n\
                s{s=\"on\"} 1 -1.5\n\
                # TYPE u unknown\n\
                {\"u.x\",l=\"\u{e4}\"} -Inf\n\
                # UNIT u \n\
                # EOF\n";
    assert_eq!(
        openmetrics(body),
        [
            "type a_seconds counter",
            "unit a_seconds seconds",
            r#"help a_seconds "Some \"text\"\n.""#,
            concat!(
                r#""a_seconds_total" {} 17 @1520879607789"#,
                r##" #{trace_id="Kpa",b="\""} 5 @1520879606000"##
            ),
            "type h gaugehistogram",
            r##""h_bucket" {le="1"} 1 #{} 0.5"##,
            "type i info",
            r#""i_info" {x="y"} 1"#,
            "type s stateset",
            r#""s" {s="on"} 1 @-1500"#,
            "type u unknown",
            r#""u.x" {l="ä"} -inf"#,
            "unit u ",
        ]
    );
}

#[test]
fn the_end_has_to_be_marked_and_to_be_the_end() {
    for body in ["# EOF", "# EOF\n", "a 1\n# EOF\n"] {
        assert!(
            !openmetrics(body)
                .iter()
                .any(|line| line.starts_with("error")),
            "{body}"
        );
    }
    for (body, error) in [
        ("", "line 1, column 1: data does not end with # EOF"),
        ("a 1\n", "line 2, column 1: data does not end with # EOF"),
        ("a 1", "line 1, column 4: data does not end with # EOF"),
        ("# EOF\n\n", "line 2, column 1: unexpected data after # EOF"),
        (
            "# EOF\na 1\n",
            "line 2, column 1: unexpected data after # EOF",
        ),
        ("# EOFx", "line 1, column 6: unexpected data after # EOF"),
    ] {
        assert_eq!(
            openmetrics(body).pop(),
            Some(format!("error: {error}")),
            "{body:?}"
        );
    }
}

#[test]
fn openmetrics_is_strict() {
    for (line, error) in [
        (
            "",
            "line 1, column 1: expected a valid start token, got \"\\n\"",
        ),
        (
            " a 1",
            "line 1, column 1: expected a valid start token, got \" a 1\"",
        ),
        (
            "a  1",
            "line 1, column 2: expected value after metric, got \"  1\"",
        ),
        (
            "a\t1",
            "line 1, column 2: expected value after metric, got \"\\t1\"",
        ),
        (
            "a 1 ",
            "line 1, column 4: expected next entry after timestamp, got \" \"",
        ),
        ("a {} 1", "line 1, column 3: invalid number \"{}\""),
        (
            "a{ b=\"c\"} 1",
            "line 1, column 3: expected label name, got \" b=\\\"c\\\"} 1\"",
        ),
        (
            "a{b=\"c\"d=\"e\"} 1",
            "line 1, column 8: expected comma or brace close, got \"d=\\\"e\\\"} 1\"",
        ),
        (
            "a{b=\"c\nd\"} 1",
            "line 1, column 5: expected label value, got \"\\\"c\"",
        ),
        ("a 1 NaN", "line 1, column 5: invalid timestamp \"NaN\""),
        ("a 1 +Inf", "line 1, column 5: invalid timestamp \"+Inf\""),
        ("a 1 x", "line 1, column 5: invalid number \"x\""),
        (
            "a 1 # {a=\"b\"}",
            "line 1, column 14: expected value after exemplar labels, got \"\\n\"",
        ),
        (
            "a 1 # {\"a\"} 1",
            "line 1, column 11: expected equal, got \"} 1\"",
        ),
        (
            "a 1 # {a=\"b\"} 1 Inf",
            "line 1, column 17: invalid timestamp \"Inf\"",
        ),
        (
            "a 1 # {a=\"b\"} 1 1 1",
            "line 1, column 18: expected next entry after timestamp, got \" 1\"",
        ),
        ("a 1 # x", "line 1, column 5: invalid number \"#\""),
        (
            "# comment",
            "line 1, column 1: expected a valid start token, got \"# comment\"",
        ),
        (
            "#",
            "line 1, column 1: expected a valid start token, got \"#\"",
        ),
        (
            "# TYPE a untyped",
            "line 1, column 10: invalid metric type \"untyped\"",
        ),
        (
            "# TYPE a",
            "line 1, column 9: expected text in metadata, got \"\\n\"",
        ),
        (
            "# HELP 1 x",
            "line 1, column 8: expected metric name after HELP, got \"1 x\"",
        ),
        (
            "# UNIT a_s seconds",
            "line 1, column 12: unit \"seconds\" not a suffix of metric \"a_s\"",
        ),
        (
            "# UNIT aseconds seconds",
            "line 1, column 17: unit \"seconds\" not a suffix of metric \"aseconds\"",
        ),
        (
            "# UNIT seconds seconds",
            "line 1, column 16: unit \"seconds\" not a suffix of metric \"seconds\"",
        ),
        ("a 1\r", "line 1, column 3: invalid number \"1\\r\""),
        ("{x=\"y\"} 1", "line 1, column 7: metric name not set"),
    ] {
        let lines = openmetrics(&format!("{line}\n# EOF\n"));
        assert_eq!(lines.last(), Some(&format!("error: {error}")), "{line:?}");
    }
}

#[test]
fn created_lines_are_series_unless_they_are_left_out() {
    let body = "# TYPE c counter\nc_total 1\nc_created 1520430000.123\n\
                # TYPE g gauge\ng 1\ng_created 5\n# EOF\n";
    let all = openmetrics(body);
    assert_eq!(all[1], r#""c_total" {} 1 from 1520430000123"#);
    assert!(all[2].starts_with("\"c_created\""));
    let few = read(body.as_bytes(), Format::OpenMetrics, SKIP);
    assert_eq!(
        few,
        [
            "type c counter",
            r#""c_total" {} 1 from 1520430000123"#,
            "type g gauge",
            r#""g" {} 1"#,
            r#""g_created" {} 5"#,
        ]
    );
}

#[test]
fn a_start_time_belongs_to_one_metric_of_a_family() {
    let body = "# TYPE h histogram\n\
                h_bucket{a=\"1\",le=\"1\"} 1\n\
                h_bucket{a=\"1\",le=\"+Inf\"} 1\n\
                h_count{a=\"1\"} 1\n\
                h_created{a=\"1\"} 10\n\
                h_sum{a=\"1\"} 1\n\
                h_count{a=\"2\"} 1\n\
                h_sum{a=\"2\"} 1\n\
                h_count{a=\"3\"} 1\n\
                h_created{a=\"3\"} 30\n\
                # TYPE s summary\n\
                s{quantile=\"0.5\"} 1\n\
                s_count 1\n\
                s_created 40\n\
                # TYPE \"q.c\" counter\n\
                {\"q.c_total\",b=\"1\"} 1\n\
                {\"q.c_created\",b=\"1\"} 50\n\
                # TYPE z counter\n\
                z_total 1\n\
                z_created 0\n\
                # EOF\n";
    let starts: Vec<String> = read(body.as_bytes(), Format::OpenMetrics, SKIP)
        .iter()
        .filter(|line| !line.starts_with("type"))
        .map(|line| line.split(" from ").nth(1).unwrap_or("none").to_owned())
        .collect();
    assert_eq!(
        starts,
        [
            "10000", "10000", "10000", "10000", "none", "none", "30000", "40000", "40000", "50000",
            "none"
        ]
    );
}

#[test]
fn looking_ahead_reads_a_family_once() {
    // A family without `_created` lines, long enough that looking through it for every series would
    // take minutes.
    let mut body = String::from("# TYPE c counter\n");
    for at in 0..100_000 {
        body.push_str(&format!("c_total{{a=\"{at}\"}} 1\n"));
    }
    body.push_str("# EOF\n");
    let mut parser = Parser::new(body.as_bytes(), Format::OpenMetrics, SKIP);
    let mut samples = 0;
    while let Some(entry) = parser.next_entry().unwrap() {
        if let Entry::Series(series) = entry {
            assert_eq!(series.start_timestamp(), None);
            samples += 1;
        }
    }
    assert_eq!(samples, 100_000);
}

#[test]
fn exemplars_of_more_than_128_characters_do_not_fit() {
    for (length, want) in [(120, true), (121, false)] {
        let body = format!(
            "a 1 # {{trace_id=\"{}\"}} 1\n# EOF\n",
            "\u{e4}".repeat(length)
        );
        let mut parser = Parser::new(body.as_bytes(), Format::OpenMetrics, SKIP);
        let Some(Entry::Series(series)) = parser.next_entry().unwrap() else {
            panic!("there is a sample");
        };
        assert_eq!(series.exemplars().next().unwrap().fits(), want);
    }
}
