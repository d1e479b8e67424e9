//! Bad input: nothing panics, nothing grows without bound, and the books balance.

use std::time::Duration;

use headwater_core::bytes::Bytes;
use headwater_core::{Batch, Signal};
use proptest::prelude::*;

use crate::support::{Setup, line};

/// Every stage, in an order in which each has something to do.
const ALL: &str = r#"
max_held_bytes: 100KB
max_held_streams: 4
max_series: 10
stages:
  - cri: {max_partial_lines: 3}
  - docker
  - decolorize
  - split_json
  - json: {expressions: {level: , deep: "a[*].b | [0]"}, regex: "^k"}
  - logfmt: {mapping: {msg: }, regex: "."}
  - regex: {expression: "(?P<word>\\w+)[^a](?P<rest>.*)$"}
  - pattern: {pattern: "<first> <second>=<third>"}
  - replace: {expression: "(\\d+)|(?P<q>\"[^\"]*\")", replace: "{{ .Value | upper }}"}
  - template: {source: made, template: "{{ .Entry | trunc 10 }}{{ .word }}{{ range splitList \" \" .Entry }}{{ . | title }}{{ end }}"}
  - luhn: {delimiters: "- ", min_length: 2, skip_regex: "x.*y"}
  - truncate: {rules: [{limit: 50, suffix: "~"}, {limit: 5, source_type: extracted}]}
  - timestamp: {source: first, format: Unix, fallback_formats: ["Jan _2 15:04:05", RFC3339]}
  - labels: {values: {level: , word: , first: }}
  - metrics: {metrics: [{counter: {name: a, match_all: true, action: inc}}]}
  - multiline: {firstline: "^[a-m]", max_lines: 3}
  - eventlogmessage: {source: msg}
  - windowsevent: {source: rest}
  - structured_metadata: {regex: "^(k|m)"}
  - limit: {rate: 1000000, burst: 1000000, drop: true, by_label_name: first}
  - match: {selector: '{app=~".+"} |~ "[x-z]"', stages: [{pack: {labels: [word, level]}}]}
"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_line_breaks_a_stage(lines in proptest::collection::vec(any_line(), 1..20)) {
        block_on(async {
            let setup = Setup::new(ALL).await;
            let given: Vec<_> = lines.iter().map(|text| line(text)).collect();
            setup.send(&given).await;
            setup.stop(Duration::from_secs(1)).await;
            let balance = setup.balance();
            assert_eq!(balance.received, given.len() as u64);
            assert_eq!((balance.held, setup.environment.budget.held()), (0, held_by(&setup)));
        });
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        block_on(async {
            let setup = Setup::new("stages: [cri]").await;
            let batch = Batch::new(Signal::Logs, Bytes::from(bytes), 0);
            setup.send_batch(batch).await.ok();
            setup.stop(Duration::from_secs(1)).await;
        });
    }
}

/// The bytes of what came out, which the recorder keeps.
fn held_by(setup: &Setup) -> usize {
    setup.next.batches().iter().map(Batch::bytes).sum()
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(future);
}

fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,60}",
        "[ -~\\r\\n\\t]{0,200}",
        "2026-11-29T08:45:12Z std(out|err) [PF] [a-z \\[\\]{}\":,=0-9]{0,60}",
        "\\{\"(level|k1|log)\":(\"[a-z ]{0,9}\"|[0-9]{1,20}|null|\\[1,2\\])\\}",
        "([a-z]{1,3}=\"?[a-z0-9 ]{0,9}\"? ?){0,9}",
        "[0-9 -]{0,80}",
    ]
}

#[tokio::test]
async fn lines_of_any_length_and_depth_are_survived() {
    let setup = Setup::new(ALL).await;
    let long = "x1=".repeat(200_000);
    let deep = "[".repeat(100_000);
    let object = r#"{"a":"#.repeat(50_000);
    let given: Vec<_> = [long, deep, object].iter().map(|text| line(text)).collect();
    setup.send(&given).await;
    setup.stop(Duration::from_secs(5)).await;
    setup.balance();
}

#[tokio::test]
async fn partial_lines_without_end_stay_below_the_bound() {
    let setup = Setup::new("{max_held_bytes: 100KB, stages: [cri]}").await;
    let part = format!("2026-11-29T08:45:12Z stdout P {}", "x".repeat(1000));
    for _ in 0..500 {
        setup.send(&[line(&part)]).await;
        let held = setup.environment.budget.held() - held_by(&setup);
        assert!(held < 110_000, "{held}");
    }
    setup.stop(Duration::from_secs(1)).await;
    assert_eq!(setup.balance().received, 500);
    let text: usize = setup.out().iter().map(|entry| entry.line.len()).sum();
    assert_eq!(text, 500_000);
}
