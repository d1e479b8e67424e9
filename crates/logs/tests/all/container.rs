//! Lines of container runtimes.

use std::borrow::Cow;

use headwater_logs::{Encoder, Entry, Origin, Value};

use crate::{operators, run_held};

const POD: &str = "/var/log/pods/prod_web-0_0f8a-11/app/3.log";

#[test]
fn a_containerd_line_gives_time_stream_tag_and_the_parts_of_its_path() {
    let operators = operators("operators: [{type: container}]");
    let (entries, _) = run_held(
        &operators,
        POD,
        &["2026-01-02T03:04:05.000000006Z stderr F hello  world"],
    );
    let entry = &entries[0];
    assert_eq!(entry.body, "hello  world".into());
    assert_eq!(entry.timestamp, Some(1_767_323_045_000_000_006));
    let attributes: Vec<_> = entry
        .attributes
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(
        attributes,
        [
            format!("log.file.path={POD}"),
            "logtag=F".to_owned(),
            "log.iostream=stderr".to_owned()
        ]
    );
    let resource: Vec<_> = entry
        .resource
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(
        resource,
        [
            "k8s.container.name=app",
            "k8s.container.restart_count=3",
            "k8s.namespace.name=prod",
            "k8s.pod.name=web-0",
            "k8s.pod.uid=0f8a-11"
        ]
    );
}

#[test]
fn everything_of_a_whole_line_stays_a_slice_of_it() {
    struct Slices;
    impl headwater_logs::Sink for Slices {
        fn take(&mut self, entry: &Entry<'_>) {
            assert!(matches!(entry.body, Value::Str(Cow::Borrowed(_))));
            for (key, value) in entry.attributes.iter().chain(entry.resource.iter()) {
                assert!(matches!(value, Value::Str(Cow::Borrowed(_))), "{key}");
            }
        }
    }
    let operators = operators("operators: [{type: container}]");
    let program = operators.program();
    let mut state = program.state();
    let mut entry = Entry::default();
    entry.reset(
        "2026-01-02T03:04:05Z stdout F x".into(),
        0,
        Origin::default(),
    );
    entry.attributes.push("log.file.path", POD);
    program.run(&mut entry, &mut state, &mut Slices);
    assert_eq!(state.take_faults().count(), 0);
}

#[test]
fn partial_lines_are_joined_and_their_beginning_is_remembered() {
    let operators = operators("operators: [{type: container}]");
    let lines = [
        "2026-01-02T03:04:05.1Z stdout P one ",
        "2026-01-02T03:04:05.2Z stdout P two ",
    ];
    let (entries, state) = run_held(&operators, POD, &lines);
    assert!(entries.is_empty());
    assert_eq!(
        (state.oldest(1), state.oldest(2), state.waiting()),
        (Some(0), None, 2)
    );
    let whole = [lines[0], lines[1], "2026-01-02T03:04:05.3Z stdout F three"];
    let (entries, state) = run_held(&operators, POD, &whole);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].body, "one two three".into());
    // Time and tag are those of the first part.
    assert_eq!(entries[0].timestamp, Some(1_767_323_045_100_000_000));
    assert_eq!(entries[0].attributes.get("logtag"), Some(&"P".into()));
    assert_eq!((state.oldest(1), state.due()), (None, None));
}

#[test]
fn a_line_longer_than_max_log_size_is_sent_in_parts() {
    let operators = operators("operators: [{type: container, max_log_size: 10}]");
    let part = "2026-01-02T03:04:05Z stdout P 12345678";
    let (entries, state) = run_held(&operators, POD, &[part, part, part]);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].body, "1234567812345678".into());
    assert_eq!(state.waiting(), 1);
}

#[test]
fn docker_lines_keep_their_line_feed_and_other_members() {
    let operators = operators("operators: [{type: container}]");
    let line =
        r#"{"log":"hi\n","stream":"stdout","time":"2026-01-02T03:04:05.5Z","attrs":{"a":"b"}}"#;
    let (entries, _) = run_held(&operators, POD, &[line]);
    assert_eq!(entries[0].body, "hi\n".into());
    assert_eq!(
        entries[0].attributes.get("log.iostream"),
        Some(&"stdout".into())
    );
    assert!(entries[0].attributes.get("attrs").is_some());
    assert!(entries[0].attributes.get("time").is_none());
    assert!(entries[0].attributes.get("log").is_none());
}

#[test]
fn crio_lines_have_an_offset() {
    let operators = operators("operators: [{type: container, format: crio}]");
    let line = "2026-01-02T03:04:05.5+01:00 stdout F text";
    let (entries, _) = run_held(&operators, POD, &[line]);
    assert_eq!(entries[0].timestamp, Some(1_767_319_445_500_000_000));
}

#[test]
fn what_is_no_line_of_a_runtime_goes_on_as_it_is_and_is_counted() {
    let operators = operators("operators: [{type: container}]");
    let lines = [
        "plain text",
        "2026-01-02T03:04:05Z stdxxx F text",
        "{\"log\":1}",
        "{",
    ];
    let (entries, mut state) = run_held(&operators, POD, &lines);
    assert_eq!(entries.len(), 4);
    assert_eq!(entries[0].body, "plain text".into());
    let faults: Vec<_> = state.take_faults().collect();
    assert_eq!(
        (faults.len(), faults[0].count, faults[0].dropped),
        (1, 4, false)
    );
    assert_eq!(state.take_faults().count(), 0);
}

#[test]
fn a_line_without_text_has_an_empty_body() {
    let operators = operators("operators: [{type: container}]");
    let lines = [
        "2026-01-02T03:04:05Z stdout F",
        "2026-01-02T03:04:05Z stdout F ",
    ];
    let (entries, _) = run_held(&operators, POD, &lines);
    assert!(entries.iter().all(|entry| entry.body == "".into()));
    let partial = [
        "2026-01-02T03:04:05Z stdout P",
        "2026-01-02T03:04:05Z stdout F x",
    ];
    let (entries, _) = run_held(&operators, POD, &partial);
    assert_eq!(entries[0].body, "x".into());
}

#[test]
fn a_path_that_is_no_pods_is_said_once_and_metadata_can_be_left_out() {
    let line = "2026-01-02T03:04:05Z stdout F text";
    let with = operators("operators: [{type: container}]");
    let (_, mut state) = run_held(&with, "/var/log/x.log", &[line]);
    let fault = state.take_faults().next().unwrap();
    assert!(
        fault
            .message
            .to_string()
            .contains("failed to detect a valid log path")
    );
    let without = operators("operators: [{type: container, add_metadata_from_filepath: false}]");
    let (entries, mut state) = run_held(&without, "/var/log/x.log", &[line]);
    assert_eq!(
        (entries[0].resource.len(), state.take_faults().count()),
        (0, 0)
    );
}

#[test]
fn embedded_steps_see_the_parsed_parts() {
    let operators = operators(
        "operators: [{type: container, severity: {parse_from: attributes.stream, mapping: \
         {error: stderr, info: stdout}}}]",
    );
    let (entries, _) = run_held(&operators, POD, &["2026-01-02T03:04:05Z stderr F text"]);
    assert_eq!(
        (entries[0].severity, entries[0].body.clone()),
        (17, "text".into())
    );
}

#[test]
fn the_encoder_makes_one_group_of_one_pod() {
    let operators = operators("operators: [{type: container}]");
    let program = operators.program();
    let (mut state, mut encoder) = (program.state(), Encoder::new());
    let mut entry = Entry::default();
    for _ in 0..3 {
        entry.reset(
            "2026-01-02T03:04:05Z stdout F text".into(),
            1,
            Origin::default(),
        );
        entry.attributes.push("log.file.path", POD);
        program.run(&mut entry, &mut state, &mut encoder);
    }
    let (bytes, items) = encoder.finish();
    let data = headwater_core::pdata::owned::LogsData::decode(&bytes.into()).unwrap();
    assert_eq!((items, data.resource_logs.len()), (3, 1));
}
