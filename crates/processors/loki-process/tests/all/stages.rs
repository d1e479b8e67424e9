//! What each stage does. Source of the expectations: Alloy's reference of `loki.process`, checked
//! against its source.

use crate::support::{Entry, line, pairs, run, run_line};

#[tokio::test]
async fn cri_reads_lines_of_container_runtimes_and_passes_others() {
    let stages = "[{cri: {}}, {labels: {values: {flags: '', stream: ''}}}]";
    let out = run_line(stages, "2026-11-29T08:45:12.5Z stderr F  hello world ").await;
    assert_eq!(out.line, " hello world ");
    assert_eq!(out.timestamp, 1_795_941_912_500_000_000);
    let labels = [("app", "web"), ("flags", "F"), ("stream", "stderr")];
    assert_eq!(out.labels, pairs(&labels));
    for (given, expected) in [
        ("2026-11-29T08:45:12Z stdout F", ""),
        ("2026-11-29T08:45:12Z stdout no flag", "no flag"),
        ("sometime stdout F kept", "kept"),
        (
            "2026-11-29T08:45:12Z stdin F x",
            "2026-11-29T08:45:12Z stdin F x",
        ),
        ("stdout F x", "stdout F x"),
        ("", ""),
    ] {
        assert_eq!(run_line(stages, given).await.line, expected, "{given}");
    }
}

#[tokio::test]
async fn cri_joins_partial_lines_of_one_stream() {
    let given = [
        line("2026-11-29T08:45:12Z stdout P one "),
        line("2026-11-29T08:45:12Z stderr P other "),
        line("2026-11-29T08:45:13Z stdout P two "),
        line("2026-11-29T08:45:14Z stdout F three"),
        line("2026-11-29T08:45:14Z stdout F alone"),
        line("2026-11-29T08:45:15Z stderr F end"),
    ];
    let out = run("[cri]", &given).await;
    let lines: Vec<_> = out.iter().map(|entry| entry.line.as_str()).collect();
    assert_eq!(lines, ["one two three", "alone", "other end"]);
    assert_eq!(out[0].timestamp, 1_795_941_914_000_000_000);
    // What has no end goes on at the end.
    let out = run("[cri]", &given[..3]).await;
    let mut lines: Vec<_> = out.iter().map(|entry| entry.line.as_str()).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["one two ", "other "]);
}

#[tokio::test]
async fn cri_bounds_what_it_joins() {
    let stages = "[{cri: {max_partial_lines: 1}}]";
    let given = [
        line("2026-11-29T08:45:12Z stdout P one "),
        line("2026-11-29T08:45:12Z stderr P other "),
        line("2026-11-29T08:45:14Z stdout F three"),
        line("2026-11-29T08:45:14Z stderr F end"),
    ];
    let out = run(stages, &given).await;
    let lines: Vec<_> = out.iter().map(|entry| entry.line.as_str()).collect();
    assert_eq!(lines, ["one ", "three", "other end"]);
    let stages = "[{cri: {max_partial_line_size: 5, max_partial_line_size_truncate: true}}]";
    let given = [
        line("2026-11-29T08:45:12Z stdout P abcd"),
        line("2026-11-29T08:45:14Z stdout F efgh"),
        line("2026-11-29T08:45:14Z stdout F a full line is not cut"),
    ];
    let out = run(stages, &given).await;
    assert_eq!(
        (&*out[0].line, &*out[1].line),
        ("abcde", "a full line is not cut")
    );
}

#[tokio::test]
async fn docker_reads_its_lines_and_passes_others() {
    let given = r#"{"log":"say \"hi\"\n","stream":"stderr","time":"2026-11-29T08:45:12.25Z"}"#;
    let out = run_line("[docker]", given).await;
    assert_eq!(out.line, "say \"hi\"\n");
    assert_eq!(out.labels, pairs(&[("app", "web"), ("stream", "stderr")]));
    assert_eq!(out.timestamp, 1_795_941_912_250_000_000);
    for given in ["plain", r#"{"log":""}"#, r#"{"log":1}"#, "[1]"] {
        assert_eq!(run_line("[docker]", given).await, line(given));
    }
}

#[tokio::test]
async fn decolorize_takes_escape_sequences_away() {
    let out = run_line(
        "[decolorize]",
        "\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}plain \u{e4}",
    )
    .await;
    assert_eq!(out.line, "red plain \u{e4}");
    assert_eq!(
        run_line("[decolorize]", "no \u{c2} color").await.line,
        "no \u{c2} color"
    );
}

#[tokio::test]
async fn json_extracts_what_expressions_find() {
    let stages = r#"[
        {json: {expressions: {level: , user: "context.user", n: "context.list[1]", all: context,
            no: missing}}},
        {labels: {values: {level: , user: , n: , no: }}},
        {structured_metadata: {values: {all: }}}]"#;
    let given = r#"{"level":"warn","context":{"user":"bob","list":[1,2.5]}}"#;
    let out = run_line(stages, given).await;
    let labels = [
        ("app", "web"),
        ("level", "warn"),
        ("n", "2.5"),
        ("user", "bob"),
    ];
    assert_eq!(out.labels, pairs(&labels));
    let all = r#"{"list":[1,2.5],"user":"bob"}"#;
    assert_eq!(out.metadata, pairs(&[("all", all)]));
    assert_eq!(out.line, given);
    assert_eq!(run_line(stages, "no json").await, line("no json"));
}

#[tokio::test]
async fn json_reads_an_extracted_value_keys_by_pattern_and_drops_what_is_malformed() {
    let stages = r#"[
        {json: {expressions: {inner: log}, drop_malformed: true}},
        {json: {source: inner, regex: "^k"}},
        {labels: {values: {k1: , k2: , other: }}}]"#;
    let given = [
        line(r#"{"log":"{\"k1\":\"a\",\"k2\":true,\"other\":1}"}"#),
        line("nonsense"),
        line("[1]"),
        line(r#"{"log":"not inner"}"#),
    ];
    let out = run(stages, &given).await;
    assert_eq!(out.len(), 2);
    let labels = [("app", "web"), ("k1", "a"), ("k2", "true")];
    assert_eq!(out[0].labels, pairs(&labels));
    assert_eq!(out[1].labels, pairs(&[("app", "web")]));
}

#[tokio::test]
async fn logfmt_extracts_mapped_keys_and_keys_by_pattern() {
    let stages = r#"[
        {logfmt: {mapping: {lvl: level, msg: }, regex: "^dur"}},
        {labels: {values: {lvl: , msg: , duration: }}}]"#;
    let out = run_line(stages, r#"level=info msg="it \"works\"" duration=1s rest"#).await;
    let labels = [
        ("app", "web"),
        ("duration", "1s"),
        ("lvl", "info"),
        ("msg", "it \"works\""),
    ];
    assert_eq!(out.labels, pairs(&labels));
}

#[tokio::test]
async fn regex_extracts_named_groups_and_makes_labels_of_them() {
    let stages = r#"[
        {regex: {expression: "^(?P<ip>\\S+) (?P<status>\\d+)(?P<more> .*)?$"}},
        {labels: {values: {ip: , code: status, more: }}}]"#;
    let out = run_line(stages, "10.0.0.1 404").await;
    let labels = [
        ("app", "web"),
        ("code", "404"),
        ("ip", "10.0.0.1"),
        ("more", ""),
    ];
    assert_eq!(out.labels, pairs(&labels));
    assert_eq!(run_line(stages, "nothing").await, line("nothing"));
    let stages = r#"[{regex: {expression: "(?P<app>\\w+)", labels_from_groups: true}}]"#;
    assert_eq!(
        run_line(stages, "api x").await.labels,
        pairs(&[("app", "api")])
    );
    let stages = r#"[
        {regex: {expression: "(?P<w>\\w+)$"}},
        {regex: {source: w, expression: "(?P<c>.)$"}},
        {labels: {values: {c: }}}]"#;
    assert_eq!(run_line(stages, "a bc").await.labels["c"], "c");
}

#[tokio::test]
async fn pattern_captures_between_texts() {
    let stages = r#"[
        {pattern: {pattern: "<ip> - <_> \"<verb> <path>\" <rest>", labels_from_groups: true}}]"#;
    let out = run_line(stages, "::1 - bob \"GET /x\" 200").await;
    let labels = [
        ("app", "web"),
        ("ip", "::1"),
        ("path", "/x"),
        ("rest", "200"),
        ("verb", "GET"),
    ];
    assert_eq!(out.labels, pairs(&labels));
}

#[tokio::test]
async fn labels_are_set_kept_and_dropped() {
    let given = [line("x")
        .labels(&[("a", "1"), ("b", "2"), ("c", "3")])
        .metadata(&[("m", "5")])];
    for (stages, labels) in [
        (
            "[{label_drop: {values: [a, z]}}]",
            &[("b", "2"), ("c", "3")][..],
        ),
        ("[{label_keep: {values: [a, z]}}]", &[("a", "1")]),
        (
            "[{label_keep: {values: [a]}}, {static_labels: {values: {s: fixed, a: new, e: ''}}}]",
            &[("a", "new"), ("s", "fixed")],
        ),
        (
            "[{labels: {values: {n: m}, source_type: structured_metadata}}]",
            &[("a", "1"), ("b", "2"), ("c", "3"), ("n", "5")],
        ),
        // The extracted map begins with the labels and keeps them.
        (
            "[{label_drop: {values: [a, b, c]}}, {labels: {values: {again: b}}}]",
            &[("again", "2")],
        ),
    ] {
        assert_eq!(
            run(stages, &given).await[0].labels,
            pairs(labels),
            "{stages}"
        );
    }
}

#[tokio::test]
async fn structured_metadata_takes_extracted_values_and_moves_labels() {
    let given = [line("level=warn x_a=1").labels(&[("pod", "p"), ("x_b", "2"), ("app", "a")])];
    let stages = r#"[
        {logfmt: {mapping: {level: , x_a: }}},
        {structured_metadata: {values: {lvl: level, pod: }, regex: "^x_"}}]"#;
    let out = run(stages, &given).await.remove(0);
    assert_eq!(out.labels, pairs(&[("app", "a")]));
    let metadata = [("lvl", "warn"), ("pod", "p"), ("x_a", "1"), ("x_b", "2")];
    assert_eq!(out.metadata, pairs(&metadata));
    let stages = "[{structured_metadata_drop: {values: [m]}}]";
    let given = [line("x").metadata(&[("m", "1"), ("n", "2")])];
    assert_eq!(run(stages, &given).await[0].metadata, pairs(&[("n", "2")]));
}

#[tokio::test]
async fn match_runs_its_stages_on_what_it_selects() {
    let stages = r#"[
        {match: {selector: '{app="web"} |= "error"', stages: [
            {static_labels: {values: {level: error}}},
            {match: {selector: '{level="error"} !~ "again"', stages: [
                {labels: {values: {first: level}}}]}}]}},
        {match: {selector: '{app="web"} |~ "de.ug"', action: drop}}]"#;
    let given = [
        line("an error"),
        line("error again"),
        line("debug"),
        line("fine"),
    ];
    let out = run(stages, &given).await;
    let error = [("app", "web"), ("level", "error")];
    assert_eq!(
        out,
        [
            line("an error").labels(&[error[0], ("first", "error"), error[1]]),
            line("error again").labels(&error),
            line("fine"),
        ]
    );
}

#[tokio::test]
async fn drop_drops_when_all_conditions_hold() {
    let long = "x".repeat(2000);
    let json = "{json: {expressions: {level: , n: }}}";
    for (drop, given, dropped) in [
        ("{expression: 'de.ug'}", "a debug line", true),
        ("{expression: 'de.ug'}", "fine", false),
        ("{longer_than: 1KB}", long.as_str(), true),
        ("{longer_than: 2KiB}", long.as_str(), false),
        ("{older_than: 24h}", "old", true),
        ("{older_than: 1000000h}", "old", false),
        ("{source: level}", r#"{"level":"x"}"#, true),
        ("{source: none}", r#"{"level":"x"}"#, false),
        ("{source: 'level,none'}", r#"{"level":"x"}"#, false),
        ("{source: level, value: x}", r#"{"level":"x"}"#, true),
        ("{source: level, value: x}", r#"{"level":"xx"}"#, false),
        (
            "{source: level, expression: '^x'}",
            r#"{"level":"xx"}"#,
            true,
        ),
        (
            "{source: 'level,n', expression: '^a;1$'}",
            r#"{"level":"a","n":1}"#,
            true,
        ),
        (
            "{source: 'level,n', separator: '-', value: 'a-1'}",
            r#"{"level":"a","n":1}"#,
            true,
        ),
        ("{expression: debug, longer_than: 1KB}", "debug", false),
        ("{source: level, expression: ''}", r#"{"level":null}"#, true),
        ("{source: level, value: x}", r#"{"level":null}"#, false),
    ] {
        let stages = format!("[{json}, {{drop: {drop}}}]");
        let out = run(&stages, &[line(given)]).await;
        assert_eq!(out.is_empty(), dropped, "{drop} {given}");
    }
}

#[tokio::test]
async fn templates_make_values_and_output_makes_the_line() {
    let stages = r#"[
        {json: {expressions: {level: , msg: }}},
        {template: {source: level, template: '{{ ToUpper .Value }}'}},
        {template: {source: out, template: '{{ .level }} {{ .msg }} {{ .app }} {{ len .Entry }}'}},
        {template: {source: msg, template: '{{ if eq .Value "secret" }}{{ end }}'}},
        {labels: {values: {level: , msg: }}},
        {output: {source: out}}]"#;
    let out = run_line(stages, r#"{"level":"info","msg":"secret"}"#).await;
    assert_eq!(out.line, "INFO secret web 31");
    assert_eq!(out.labels, pairs(&[("app", "web"), ("level", "INFO")]));
    // What cannot be made changes nothing.
    let stages = "[{template: {source: app, template: '{{ ToUpper .none }}'}},
        {output: {source: app}}]";
    assert_eq!(run_line(stages, "x").await.line, "web");
}

#[tokio::test]
async fn replace_replaces_what_groups_capture() {
    for (stages, given, expected) in [
        (
            r#"[{replace: {expression: "password (\\S+)", replace: "****"}}]"#,
            "the password abc was password xyz",
            "the password **** was password ****",
        ),
        (
            r#"[{replace: {expression: "(?P<ip>\\d+\\.\\d+)", replace: "{{ Sha2Hash \"s\" .Value | trunc 4 }}"}}]"#,
            "from 10.1 on",
            "from 83e3 on",
        ),
        (
            r#"[{replace: {expression: "(a)(b)?", replace: ""}}]"#,
            "ab a",
            " ",
        ),
        (
            r#"[{replace: {expression: "no group", replace: "x"}}]"#,
            "no group",
            "no group",
        ),
        (
            r#"[{regex: {expression: "(?P<user>\\w+)$"}},
                {replace: {source: user, expression: "^(.).*$", replace: "{{ ToUpper .Value }}"}},
                {output: {source: user}}]"#,
            "by bob",
            "Bob",
        ),
        (
            r#"[{replace: {expression: "id=(?P<id>\\d+)", replace: "<{{ .Value }}>"}},
                {template: {source: out, template: "{{ .id }} {{ .Entry }}"}},
                {output: {source: out}}]"#,
            "id=7 id=8",
            "<7> id=<7> id=<8>",
        ),
    ] {
        let out = run_line(stages, given).await;
        if expected.contains("83e3") {
            assert_eq!(out.line.len(), expected.len(), "{out:?}");
            continue;
        }
        assert_eq!(out.line, expected, "{stages}");
    }
}

#[tokio::test]
async fn luhn_hides_numbers_with_a_valid_check_digit() {
    for (luhn, given, expected) in [
        ("{}", "card 4032032513548443 end", "card **REDACTED** end"),
        (
            "{}",
            "card 4032032513548444 end",
            "card 4032032513548444 end",
        ),
        ("{}", "short 79927398713", "short 79927398713"),
        (
            "{min_length: 11}",
            "short 79927398713",
            "short **REDACTED**",
        ),
        (
            "{delimiters: '- ', replacement: X}",
            "card 4032-0325-1354-8443 end",
            "card X end",
        ),
        (
            "{delimiters: '-'}",
            "a 4032-0325-1354-8444 b",
            "a 4032-0325-1354-8444 b",
        ),
        (
            "{skip_regex: 'id=\\d+'}",
            "id=4032032513548443 c=4032032513548443",
            "id=4032032513548443 c=**REDACTED**",
        ),
        ("{}", "nothing \u{e4} here", "nothing \u{e4} here"),
    ] {
        let out = run_line(&format!("[{{luhn: {luhn}}}]"), given).await;
        assert_eq!(out.line, expected, "{luhn}");
    }
}

#[tokio::test]
async fn pack_puts_labels_into_the_line() {
    let given = [line("say <\"hi\">").labels(&[("pod", "p"), ("app", "web"), ("z", "1")])];
    let stages = "[{pack: {labels: [pod, z, none], ingest_timestamp: false}}]";
    let out = run(stages, &given).await.remove(0);
    let expected = "{\"pod\":\"p\",\"z\":\"1\",\"_entry\":\"say \\u003c\\\"hi\\\"\\u003e\"}";
    assert_eq!(out.line, expected);
    assert_eq!(out.labels, pairs(&[("app", "web")]));
    assert_eq!(out.timestamp, 1_000_000_000);
    let out = run("[{pack: {labels: []}}]", &given).await.remove(0);
    assert!(out.timestamp > 1_000_000_000_000_000_000);
}

#[tokio::test]
async fn tenant_comes_from_a_value_a_label_or_an_extracted_value() {
    for (stages, tenant) in [
        ("[{tenant: {value: t}}]", Some("t")),
        ("[{tenant: {label: app}}]", Some("web")),
        ("[{tenant: {label: none}}]", None),
        (
            "[{logfmt: {mapping: {who: }}}, {tenant: {source: who}}]",
            Some("bob"),
        ),
        ("[{tenant: {source: none}}]", None),
    ] {
        let out = run_line(stages, "who=bob").await;
        assert_eq!(
            out.labels.get("__tenant_id__").map(String::as_str),
            tenant,
            "{stages}"
        );
    }
}

#[tokio::test]
async fn timestamp_sets_the_time_and_moves_what_has_the_same() {
    let stages = "[{logfmt: {mapping: {ts: }}}, {timestamp: {source: ts, format: RFC3339}}]";
    let given = [
        line("ts=2026-11-29T08:45:12Z"),
        line("ts=2026-11-29T08:45:12Z"),
        line("ts=broken"),
        line("ts=2026-11-29T08:45:13Z"),
        line("ts=broken").labels(&[("app", "other")]),
    ];
    let second = 1_795_941_912_000_000_000;
    let times = |out: Vec<Entry>| {
        out.into_iter()
            .map(|entry| entry.timestamp)
            .collect::<Vec<_>>()
    };
    let out = times(run(stages, &given).await);
    assert_eq!(
        out,
        [
            second,
            second + 1,
            second + 2,
            second + 1_000_000_000,
            1_000_000_000
        ]
    );
    let stages = "[{logfmt: {mapping: {ts: }}}, {timestamp: {source: ts, format: RFC3339,
        action_on_failure: skip, action_on_duplicate_timestamp: keep}}]";
    let out = times(run(stages, &given[..3]).await);
    assert_eq!(out, [second, second, 1_000_000_000]);
    let stages = "[{logfmt: {mapping: {ts: }}}, {timestamp: {source: ts,
        format: '2006-01-02 15:04', fallback_formats: [UnixMs, '02/01/2006 15:04'],
        location: Europe/Berlin}}]";
    let given = [
        line("ts=\"2026-11-29 09:45\""),
        line("ts=1795941912000"),
        line("ts=\"29/11/2026 09:45\" x"),
    ];
    let out = times(run(stages, &given).await);
    assert_eq!(
        out,
        [second - 12_000_000_000, second, second - 12_000_000_000]
    );
}

#[tokio::test]
async fn truncate_cuts_lines_labels_metadata_and_values() {
    let given = [line("0123456789")
        .labels(&[("a", "aaaaaa"), ("b", "bbbbbb")])
        .metadata(&[("m", "mmmmmm")])];
    let stages = r#"[
        {truncate: {rules: [
            {limit: 8, suffix: "..."},
            {limit: 4, source_type: label, sources: [a]},
            {limit: 5B, source_type: structured_metadata}]}},
        {labels: {values: {truncated: }}}]"#;
    let out = run(stages, &given).await.remove(0);
    assert_eq!(out.line, "01234...");
    let labels = [
        ("a", "aaaa"),
        ("b", "bbbbbb"),
        ("truncated", "label,line,structured_metadata"),
    ];
    assert_eq!(out.labels, pairs(&labels));
    assert_eq!(out.metadata, pairs(&[("m", "mmmmm")]));
    let stages = r#"[{logfmt: {mapping: {v: }}},
        {truncate: {rule: [{limit: 3, source_type: extracted, sources: [v]}]}},
        {output: {source: v}}]"#;
    assert_eq!(
        run_line(stages, "v=\u{e4}\u{e4}\u{e4}").await.line,
        "\u{e4}"
    );
}

#[tokio::test]
async fn sampling_keeps_a_share() {
    let given: Vec<_> = (0..2000).map(|n| line(&n.to_string())).collect();
    for (rate, from, to) in [("0", 0, 0), ("1", 2000, 2000), ("0.25", 300, 700)] {
        let kept = run(&format!("[{{sampling: {{rate: {rate}}}}}]"), &given)
            .await
            .len();
        assert!((from..=to).contains(&kept), "{rate}: {kept}");
    }
}

#[tokio::test]
async fn split_json_makes_an_entry_of_each_item() {
    let given = [
        line(r#" [{"a":"x,]"}, "two" , 3,[4 ,5]] "#),
        line("[]"),
        line("[1"),
        line("none"),
    ];
    let out = run("[split_json]", &given).await;
    let lines: Vec<_> = out.iter().map(|entry| entry.line.as_str()).collect();
    assert_eq!(
        lines,
        [r#"{"a":"x,]"}"#, "\"two\"", "3", "[4 ,5]", "[1", "none"]
    );
    let stages = "[{json: {expressions: {records: }}}, {split_json: {source: records}}]";
    let out = run(stages, &[line(r#"{"records":[{"b":1},{"b":2}]}"#)]).await;
    assert_eq!(out.len(), 2);
    assert_eq!(out[1].line, r#"{"b":2}"#);
}

#[tokio::test]
async fn messages_of_windows_events_become_values() {
    let message = "Overview text\\r\\n\\r\\nSubject:\\r\\n\\tSecurity ID:\\t\\tS-1\\r\\n\\tAccount \
                   Name:\\tbob\\r\\n\\r\\nProcess: 4\\r\\nMore: a\\r\\nb\\r\\n";
    let given = format!("{{\"message\":\"{message}\"}}");
    let stages = r#"[
        {json: {expressions: {message: }}},
        {windowsevent: {}},
        {labels: {values: {Description: , Subject_SecurityID: , Subject_AccountName: , Process: ,
            More: }}}]"#;
    let out = run_line(stages, &given).await;
    let labels = [
        ("Description", "Overview text"),
        ("More", "a,b"),
        ("Process", "4"),
        ("Subject_AccountName", "bob"),
        ("Subject_SecurityID", "S-1"),
        ("app", "web"),
    ];
    assert_eq!(out.labels, pairs(&labels));
    let stages = r#"[
        {json: {expressions: {message: }}},
        {eventlogmessage: {}},
        {labels: {values: {_Security_ID: , Process: , app_extracted: }}}]"#;
    let given = r#"{"message":"\tSecurity ID: S-1\r\nProcess: 4\r\napp: mine\r\nnone"}"#;
    let out = run_line(stages, given).await;
    let labels = [
        ("Process", "4"),
        ("_Security_ID", "S-1"),
        ("app", "web"),
        ("app_extracted", "mine"),
    ];
    assert_eq!(out.labels, pairs(&labels));
}
