//! Errors of conditions and of pipelines, and what the books say then.

use headwater_core::{ConsumeError, Signal};
use headwater_testkit::Answer;
use headwater_testkit::otlp::{Request, ResourceSpans, ScopeSpans, Span, TracesData};

use crate::Routed;

fn spans(names: &[&str]) -> Request {
    let entry = |name: &&str| ResourceSpans {
        scope_spans: vec![ScopeSpans {
            spans: vec![Span {
                name: (*name).to_owned(),
                ..Span::default()
            }],
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    };
    Request::Traces(TracesData {
        resource_spans: names.iter().map(entry).collect(),
    })
}

const FAILS: &str = r#"
default_pipelines: [traces/rest]
table:
  - {context: span, condition: 'Substring(name, 0, 2) == "aa"', pipelines: [traces/a]}
"#;

#[tokio::test]
async fn an_error_refuses_the_batch_by_default_and_nothing_is_sent() {
    let routed = Routed::new(Signal::Traces, FAILS, &["a", "rest"]);
    let error = routed.send(&spans(&["aab", "x"])).await.unwrap_err();
    assert!(error.is_permanent());
    assert!(
        error.chain().contains("cannot be greater than the length"),
        "{}",
        error.chain()
    );
    assert_eq!(
        routed.pipelines["a"].calls() + routed.pipelines["rest"].calls(),
        0
    );
    let balance = routed.account.balance();
    assert_eq!((balance.received, balance.imbalance()), (0, 0));
}

#[tokio::test]
async fn an_error_is_no_match_where_it_is_ignored() {
    for mode in ["ignore", "silent"] {
        let yaml = format!("error_mode: {mode}\n{FAILS}");
        let routed = Routed::new(Signal::Traces, &yaml, &["a", "rest"]);
        routed.send(&spans(&["aab", "x", "abc"])).await.unwrap();
        assert_eq!(routed.arrived("a"), spans(&["aab"]));
        assert_eq!(routed.arrived("rest"), spans(&["x", "abc"]));
    }
}

const TWO: &str = r#"
table:
  - {context: span, condition: 'name == "a"', pipelines: [traces/a]}
  - {context: span, condition: 'name == "b"', pipelines: [traces/b]}
"#;

#[tokio::test]
async fn what_is_left_out_is_filtered() {
    let routed = Routed::new(Signal::Traces, TWO, &["a", "b"]);
    routed.send(&spans(&["a", "x", "x"])).await.unwrap();
    routed.send(&spans(&["x"])).await.unwrap();
    let balance = routed.account.balance();
    assert_eq!(
        (balance.received, balance.sent, balance.filtered),
        (4, 1, 3)
    );
    assert_eq!(balance.imbalance(), 0);
}

#[tokio::test]
async fn a_refusal_by_the_only_pipeline_goes_back_as_it_is() {
    let routed = Routed::new(Signal::Traces, TWO, &["a", "b"]);
    let refusal = ConsumeError::refused("full", None);
    routed.pipelines["a"].answer(Answer::Fail(refusal));
    let error = routed.send(&spans(&["a", "a"])).await.unwrap_err();
    assert!(!error.is_permanent() && !error.is_partial());
    assert_eq!(routed.account.balance().received, 0);
    assert_eq!(routed.account.balance().imbalance(), 0);
}

#[tokio::test]
async fn a_refusal_by_one_of_several_says_that_others_took_their_part() {
    let routed = Routed::new(Signal::Traces, TWO, &["a", "b"]);
    let refusal = ConsumeError::retryable("down", None);
    routed.pipelines["a"].answer(Answer::Fail(refusal));
    let error = routed.send(&spans(&["a", "b", "x"])).await.unwrap_err();
    assert!(error.is_partial());
    assert_eq!(routed.arrived("b"), spans(&["b"]));
    let balance = routed.account.balance();
    assert_eq!(
        (balance.received, balance.sent, balance.filtered),
        (2, 1, 1)
    );
    assert_eq!(balance.imbalance(), 0);
}

#[tokio::test]
async fn broken_bytes_are_refused() {
    let routed = Routed::new(Signal::Traces, TWO, &["a", "b"]);
    let bytes = headwater_core::bytes::Bytes::from_static(&[0x0a, 4, 0x12, 9, 1, 1]);
    let batch = headwater_core::Batch::new(Signal::Traces, bytes, 1);
    let error = routed.connector.consume(batch).await.unwrap_err();
    assert!(error.is_permanent());
}
