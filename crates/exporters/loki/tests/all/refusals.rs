//! What Loki refuses, and what becomes of the rest.

use super::support::{Backend, T, answer, config, started, stream_batch};

const GOOD: &[(&str, &str)] = &[("app", "good")];
const BAD: &[(&str, &str)] = &[("app", "bad")];
const BAD_STREAM: &str = r#"{app="bad", service_name="bad"}"#;

#[tokio::test]
async fn the_others_are_sent_again_without_a_refused_stream() {
    let backend = Backend::start();
    let text = format!("entry for stream '{BAD_STREAM}' has 20 label names; limit 15");
    backend.judge(move |push| {
        let bad = push
            .streams
            .iter()
            .any(|(labels, _)| labels.contains("bad"));
        bad.then(|| answer(400, &text))
    });
    let setup = started(&config(backend.address)).await;
    setup
        .consume(stream_batch(&[
            (GOOD, &["a", "b"]),
            (BAD, &["c"]),
            (GOOD, &["d"]),
        ]))
        .await;
    let ledger = setup.finish().await;
    assert_eq!(
        (ledger.sent, ledger.dropped["max_label_names_per_series"]),
        (3, 1)
    );
    let last = backend.received().pop().unwrap();
    assert_eq!(
        last.lines(),
        [(r#"{app="good"}"#.to_owned(), "a b d".to_owned())]
    );
    assert_eq!(backend.received().len(), 2);
    assert_eq!(setup.metric("loki_dropped_log_records"), 1.0);
}

#[tokio::test]
async fn only_the_entries_go_that_are_too_old_or_too_long() {
    let backend = Backend::start();
    // The second entry is one nanosecond later; the limit is written in whole seconds.
    let old = format!(
        "2 errors like: entry for stream '{BAD_STREAM}' has timestamp too old: \
         2023-11-14T22:13:18Z, oldest acceptable timestamp is: 2023-11-14T22:13:19Z; 1 errors \
         like: max entry size '4' bytes exceeded for stream '{{app=\"good\"}}' while adding an \
         entry with length '5' bytes"
    );
    backend.say([answer(400, &old)]);
    let setup = started(&config(backend.address)).await;
    let batch = stream_batch(&[(GOOD, &["1234", "12345"]), (BAD, &["x", "y"])]);
    assert_eq!(T / 1_000_000_000, 1_700_000_000);
    setup.consume(batch).await;
    let ledger = setup.finish().await;
    assert_eq!((ledger.sent, ledger.dropped["line_too_long"]), (3, 1));
    assert!(!ledger.dropped.contains_key("greater_than_max_sample_age"));
    let last = backend.received().pop().unwrap();
    assert_eq!(last.lines()[0].1, "1234");
    assert_eq!(last.lines()[1].1, "x y");
}

#[tokio::test]
async fn what_loki_has_stored_of_a_stream_is_not_lost() {
    let backend = Backend::start();
    let text = format!(
        "entry with timestamp 2023-11-14 22:13:20 +0000 UTC ignored, reason: 'entry too far \
         behind, entry timestamp is: 2023-11-14T22:13:20Z, oldest acceptable timestamp is: \
         2023-11-15T00:00:00Z',\nuser 'fake', total ignored: 2 out of 3 for stream: {BAD_STREAM}"
    );
    backend.say([answer(400, &text)]);
    let setup = started(&config(backend.address)).await;
    setup
        .consume(stream_batch(&[(BAD, &["a", "b", "c"]), (GOOD, &["d"])]))
        .await;
    let ledger = setup.finish().await;
    assert_eq!((ledger.sent, ledger.dropped["too_far_behind"]), (2, 2));
    let last = backend.received().pop().unwrap();
    assert_eq!(
        last.lines(),
        [(r#"{app="good"}"#.to_owned(), "d".to_owned())]
    );
}

#[tokio::test]
async fn a_refusal_without_a_reason_is_narrowed_down() {
    let backend = Backend::start();
    backend.judge(|push| {
        let bad = push.lines().iter().any(|(_, lines)| lines.contains("odd"));
        bad.then(|| answer(400, "couldn't parse push request"))
    });
    let setup = started(&config(backend.address)).await;
    setup
        .consume(stream_batch(&[
            (&[("a", "1")], &["x", "y", "z"]),
            (&[("a", "2")], &["v", "odd", "w"]),
            (&[("a", "3")], &["u"]),
            (&[("a", "4")], &["t"]),
        ]))
        .await;
    let ledger = setup.finish().await;
    assert_eq!((ledger.sent, ledger.dropped["http_400"]), (7, 1));
}

#[tokio::test]
async fn a_server_that_refuses_everything_is_not_asked_for_ever() {
    let backend = Backend::start();
    backend.judge(|_| Some(answer(400, "no")));
    let setup = started(&config(backend.address)).await;
    let lines: Vec<_> = (0..1000).map(|n| n.to_string()).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    setup.consume(stream_batch(&[(GOOD, &lines)])).await;
    assert_eq!(setup.finish().await.dropped["http_400"], 1000);
    assert!(
        backend.received().len() <= 129,
        "{}",
        backend.received().len()
    );
}

#[tokio::test]
async fn lines_go_without_structured_metadata_where_it_is_not_allowed() {
    let backend = Backend::start();
    backend.judge(|push| {
        let with = push.streams.iter().flat_map(|(_, entries)| entries);
        with.clone()
            .any(|(_, _, metadata)| !metadata.is_empty())
            .then(|| {
                answer(
                    400,
                    "stream '{app=\"good\"}' includes structured metadata, but this feature is \
                 disallowed. Please see",
                )
            })
    });
    let setup = started(&config(backend.address)).await;
    let mut labels = super::support::attributes(GOOD);
    labels.push(headwater_core::pdata::owned::KeyValue::new(
        "loki.stream",
        true,
    ));
    let mut line = super::support::record(0, "x");
    line.attributes = super::support::attributes(&[("m", "v")]);
    setup
        .consume(super::support::batch(vec![super::support::resource(
            labels,
            vec![line],
        )]))
        .await;
    assert_eq!(setup.finish().await.sent, 1);
    let last = backend.received().pop().unwrap();
    assert_eq!(last.lines()[0].1, "x");
}

#[tokio::test]
async fn what_is_no_fault_of_the_data_is_dropped_with_its_status() {
    for (status, text, reason) in [
        (401, "no org id", "http_401"),
        (404, "404 page not found", "http_404"),
        (260, "", "blocked_ingestion"),
        (
            400,
            "ingestion blocked for user 'x' until '2030' with status code '400'",
            "blocked_ingestion",
        ),
    ] {
        let backend = Backend::start();
        backend.say([answer(status, text)]);
        let setup = started(&config(backend.address)).await;
        setup.consume(stream_batch(&[(GOOD, &["a", "b"])])).await;
        let ledger = setup.finish().await;
        assert_eq!((ledger.sent, ledger.dropped[reason]), (0, 2), "{status}");
        assert_eq!(backend.received().len(), 1);
    }
}
