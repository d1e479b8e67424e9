//! What is held, what is refused, and that the books balance.

use std::time::Duration;

use headwater_core::ConsumeError;
use headwater_testkit::Answer;
use headwater_testkit::otlp::{AnyValue, LogRecord, Resource, ResourceLogs, ScopeLogs, Value};

use crate::support::{Setup, attribute, batch, batch_of, line, pairs, records, run, text};

const MULTILINE: &str =
    "stages: [{multiline: {firstline: '^\\d', max_wait_time: 3s, max_lines: 3}}]";

#[tokio::test(start_paused = true)]
async fn multiline_joins_blocks_and_gives_on_what_waits_too_long() {
    let setup = Setup::new(MULTILINE).await;
    setup
        .send(&[
            line("before"),
            line("1 first\r\n"),
            line("  more"),
            line("2 next"),
        ])
        .await;
    let lines = || -> Vec<String> { setup.out().into_iter().map(|entry| entry.line).collect() };
    assert_eq!(lines(), ["before", "1 first\n  more"]);
    assert_eq!(setup.balance().held, 1);
    tokio::time::sleep(Duration::from_millis(2900)).await;
    assert_eq!(lines().len(), 2);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(lines()[2], "2 next");
    // A block that is full goes on; its next lines belong to the same first line.
    setup
        .send(&[line("3 a"), line("b"), line("c"), line("d"), line("4 e")])
        .await;
    assert_eq!(lines()[3..], ["3 a\nb\nc", "d"]);
    setup.stop(Duration::from_secs(1)).await;
    assert_eq!(lines()[5..], ["4 e"]);
    let balance = setup.balance();
    assert_eq!((balance.received, balance.sent, balance.held), (9, 6, 0));
    assert_eq!(balance.filtered, 3);
}

#[tokio::test(start_paused = true)]
async fn blocks_of_streams_and_tenants_are_kept_apart() {
    let setup = Setup::new(MULTILINE).await;
    let other = |text: &str| line(text).labels(&[("app", "api")]);
    setup
        .send_as(
            "a",
            &[line("1 web"), other("1 api"), line("w2"), other("a2")],
        )
        .await;
    setup.send_as("b", &[line("1 b"), line("b2")]).await;
    assert!(setup.out().is_empty());
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut found: Vec<(String, String)> = Vec::new();
    for batch in setup.next.batches() {
        let tenant = batch.context().tenant().unwrap_or("").to_owned();
        for entry in crate::support::entries(&batch) {
            found.push((tenant.clone(), entry.line));
        }
    }
    found.sort();
    let expected = [("a", "1 api\na2"), ("a", "1 web\nw2"), ("b", "1 b\nb2")];
    let expected = expected.map(|(tenant, line)| (tenant.to_owned(), line.to_owned()));
    assert_eq!(found, expected);
    setup.stop(Duration::from_secs(1)).await;
    setup.balance();
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_is_kept_while_the_next_consumer_refuses() {
    let setup = Setup::new(MULTILINE).await;
    let refuse = || Answer::Fail(ConsumeError::retryable("busy", None));
    setup.send(&[line("1 a")]).await;
    setup.next.answer(refuse());
    // The first block goes on with this call, and its lines were taken before.
    setup.send(&[line("2 b")]).await;
    assert_eq!(setup.balance().held, 2);
    // Nothing more is taken until it is gone.
    setup.next.answer(refuse());
    let error = setup.send_batch(batch(&[line("3 c")])).await.unwrap_err();
    assert!(!error.is_permanent());
    assert_eq!(setup.balance().received, 2);
    setup.send(&[line("3 c")]).await;
    let lines: Vec<_> = setup.out().into_iter().map(|entry| entry.line).collect();
    assert_eq!(lines, ["1 a", "2 b"]);
    setup
        .next
        .answer(Answer::Fail(ConsumeError::permanent("no")));
    setup.stop(Duration::from_secs(1)).await;
    let balance = setup.balance();
    assert_eq!((balance.sent, balance.held), (2, 0));
    assert_eq!(balance.dropped["permanent_error"], 1);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_until_the_deadline_is_dropped_and_booked() {
    let setup = Setup::new("stages: [cri]").await;
    setup
        .send(&[line("2026-11-29T08:45:12Z stdout P half")])
        .await;
    setup.next.answer(Answer::Hang);
    setup.stop(Duration::from_millis(100)).await;
    let balance = setup.balance();
    assert_eq!((balance.received, balance.held), (1, 0));
    assert_eq!(balance.dropped["shutdown"], 1);
}

#[tokio::test]
async fn the_answer_is_the_next_consumers_as_long_as_nothing_is_held() {
    let setup = Setup::new("stages: [cri]").await;
    setup
        .next
        .answer(Answer::Fail(ConsumeError::retryable("busy", None)));
    let full = || batch(&[line("2026-11-29T08:45:12Z stdout F full")]);
    assert!(setup.send_batch(full()).await.is_err());
    assert_eq!(setup.balance().received, 0);
    setup
        .next
        .answer(Answer::Fail(ConsumeError::permanent("no")));
    assert!(setup.send_batch(full()).await.unwrap_err().is_permanent());
    setup.send_batch(full()).await.unwrap();
    let balance = setup.balance();
    assert_eq!((balance.received, balance.sent), (1, 1));
    setup.stop(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn limit_drops_or_slows_down() {
    let given: Vec<_> = (0..10).map(|n| line(&n.to_string())).collect();
    let kept = run("[{limit: {rate: 1, burst: 3, drop: true}}]", &given).await;
    assert_eq!(kept.len(), 3);
    let setup = Setup::new("stages: [{limit: {rate: 2, burst: 4}}]").await;
    assert!(setup.holds());
    let begin = tokio::time::Instant::now();
    setup.send(&given).await;
    assert_eq!(begin.elapsed().as_secs(), 3, "6 lines at 2 a second");
    assert_eq!(setup.out().len(), 10);
    setup.stop(Duration::from_secs(1)).await;
    setup.balance();
}

#[tokio::test(start_paused = true)]
async fn limit_by_label_gives_each_value_its_own() {
    let mut given = Vec::new();
    for app in ["a", "b"] {
        given.extend((0..5).map(|n| line(&n.to_string()).labels(&[("app", app)])));
    }
    given.push(line("free").labels(&[("x", "y")]));
    let stages = "[{limit: {rate: 1, burst: 2, drop: true, by_label_name: app}}]";
    assert_eq!(run(stages, &given).await.len(), 5);
}

#[tokio::test]
async fn stages_that_hold_nothing_make_a_plain_function() {
    for (stages, holds) in [
        ("[{label_drop: {values: [a]}}]", false),
        (
            "[{match: {selector: '{a=\"b\"}', stages: [{label_drop: {values: [a]}}]}}]",
            false,
        ),
        ("[{match: {selector: '{a=\"b\"}', stages: [cri]}}]", true),
        ("[cri]", true),
        ("[{limit: {rate: 1, burst: 1, drop: true}}]", false),
        ("[split_json]", true),
        ("[]", false),
    ] {
        let setup = Setup::new(&format!("stages: {stages}")).await;
        assert_eq!(setup.holds(), holds, "{stages}");
        setup.stop(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn records_of_other_resources_become_entries() {
    let resource = |extra: &[(&str, Value)]| {
        let mut attributes = vec![
            attribute("service.name", text("shop")),
            attribute("replica", Value::IntValue(3)),
        ];
        attributes.extend(
            extra
                .iter()
                .map(|(name, value)| attribute(name, value.clone())),
        );
        Some(Resource {
            attributes,
            ..Resource::default()
        })
    };
    let record = LogRecord {
        observed_time_unix_nano: 9,
        severity_number: 9,
        body: Some(AnyValue {
            value: Some(text("hello")),
        }),
        attributes: vec![
            attribute("log.file.path", text("/x")),
            attribute("level", text("info")),
        ],
        trace_id: vec![0xab; 16],
        ..LogRecord::default()
    };
    let logs = |extra: &[(&str, Value)]| ResourceLogs {
        resource: resource(extra),
        scope_logs: vec![ScopeLogs {
            log_records: vec![record.clone()],
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    };
    let setup = Setup::new("stages: []").await;
    let hints = [
        ("loki.resource.labels", text("service.name")),
        ("loki.attribute.labels", text("level, none")),
    ];
    let given = batch_of(vec![logs(&[]), logs(&hints)]);
    setup.send_batch(given).await.unwrap();
    let out = setup.out();
    let id = "ab".repeat(16);
    assert_eq!(
        out[0].labels,
        pairs(&[("replica", "3"), ("service_name", "shop")])
    );
    let metadata = [
        ("level", "info"),
        ("log_file_path", "/x"),
        ("trace_id", &*id),
    ];
    assert_eq!(out[0].metadata, pairs(&metadata));
    assert_eq!((&*out[0].line, out[0].timestamp), ("hello", 9));
    assert_eq!(
        out[1].labels,
        pairs(&[("level", "info"), ("service_name", "shop")])
    );
    let metadata = [
        ("log_file_path", "/x"),
        ("replica", "3"),
        ("trace_id", &*id),
    ];
    assert_eq!(out[1].metadata, pairs(&metadata));
    // What stages do not see stays in the record.
    let records = records(&setup.next.batches()[0]);
    let kept = &records.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!((kept.severity_number, kept.observed_time_unix_nano), (9, 9));
    assert_eq!(kept.trace_id, record.trace_id);
}

#[tokio::test]
async fn one_set_of_labels_is_one_resource() {
    let setup = Setup::new("stages: []").await;
    let other = |text: &str| line(text).labels(&[("app", "api")]);
    setup
        .send(&[line("1"), other("2"), line("3"), other("4")])
        .await;
    let records = records(&setup.next.batches()[0]);
    assert_eq!(records.resource_logs.len(), 2);
    let lines: Vec<_> = setup.out().into_iter().map(|entry| entry.line).collect();
    assert_eq!(lines, ["1", "3", "2", "4"]);
}
