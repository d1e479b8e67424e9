//! Which events are reported, whatever the API server does.

use std::time::Duration;

use headwater_core::status::Status;
use headwater_kubernetes::testing::Fault;
use headwater_testkit::metric;
use serde_json::json;

use crate::support::{Setup, event, event_at, eventually, now};

/// What the receiver says of itself.
fn status(setup: &Setup) -> (Status, String) {
    let all = setup.environment.statuses.snapshot();
    let (_, event) = all.first_key_value().unwrap();
    (event.status, event.message.clone().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_events_since_the_start_are_reported() {
    let mut setup = Setup::new().await;
    setup.server.apply(event_at("old", "old", now() - 60));
    setup.start("").await;
    setup.watching(1).await;
    setup.server.apply(event_at("late", "late", now() - 60));
    setup.server.apply(event_at("now", "now", now()));
    setup.server.apply(event_at("old", "again", now()));
    setup.reported(&["now", "again"]).await;
    // What nobody asks for is nothing that was received.
    assert_eq!(setup.metric("accepted_log_records"), 2.0);
    assert_eq!(setup.metric("refused_log_records"), 0.0);
    setup.server.delete("Event", "shop", "now");
    setup.server.apply(event("last", "last"));
    setup.reported(&["now", "again", "last"]).await;
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_reported_twice_when_everything_is_listed_again() {
    let mut setup = Setup::running("").await;
    setup.server.apply(event("a", "a1"));
    setup.server.apply(event("b", "b1"));
    setup.reported(&["a1", "b1"]).await;
    setup.server.end_watches();
    eventually(|| setup.server.requests().len() >= 3).await;
    setup.watching(1).await;
    setup.server.apply(event("a", "a2"));
    setup.reported(&["a1", "b1", "a2"]).await;
    // Forgotten: a list follows, in which everything is there once more.
    let before = setup.server.requests().len();
    setup.server.compact();
    eventually(|| setup.server.requests().len() >= before + 2).await;
    setup.watching(1).await;
    setup.server.apply(event("c", "c1"));
    setup.reported(&["a1", "b1", "a2", "c1"]).await;
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_breaks_off_is_begun_again_without_repetition() {
    let mut setup = Setup::new().await;
    for number in 0..600 {
        let name = format!("e{number:03}");
        setup.server.apply(event(&name, &name));
    }
    setup.server.fail("continue=", Fault::Cut, 1);
    setup.start("").await;
    let expected: Vec<_> = (0..600).map(|number| format!("e{number:03}")).collect();
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    setup.reported(&expected).await;
    setup.watching(1).await;
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_at_the_start_is_waited_for() {
    let mut setup = Setup::new().await;
    setup.server.go_away();
    setup.start("").await;
    eventually(|| status(&setup).0 == Status::RecoverableError).await;
    let (_, message) = status(&setup);
    assert!(message.starts_with("events: "), "{message}");
    // It happens after the start, although nobody could watch.
    setup.server.apply(event("a", "meanwhile"));
    setup.server.come_back();
    setup.reported(&["meanwhile"]).await;
    eventually(|| status(&setup).0 == Status::Ok).await;
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_while_a_slow_server_lists_is_reported_once() {
    let mut setup = Setup::new().await;
    let slow = Fault::Slow(Duration::from_millis(300));
    setup.server.fail("limit=", slow, 1);
    setup.start("").await;
    eventually(|| !setup.server.requests().is_empty()).await;
    setup.server.apply(event("a", "meanwhile"));
    setup.watching(1).await;
    setup.server.apply(event("b", "after"));
    setup.reported(&["meanwhile", "after"]).await;
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_forbidden_is_told_which_rule_is_missing() {
    let mut setup = Setup::new().await;
    setup.server.fail("/events", Fault::Status(403), 1);
    setup.start("namespaces: [shop]").await;
    eventually(|| status(&setup).0 == Status::RecoverableError).await;
    let (_, message) = status(&setup);
    for part in [
        "events in shop: the API server answered 403",
        "a Role in shop with the rule `apiGroups: [\"\"], resources: [events], verbs: [list, watch]`",
    ] {
        assert!(message.contains(part), "{message}");
    }
    setup.watching(1).await;
    eventually(|| status(&setup).0 == Status::Ok).await;
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_are_no_events_are_passed_over_and_counted() {
    let mut setup = Setup::new().await;
    let mut broken = event("broken", "x");
    broken["count"] = json!("many");
    setup.server.apply(broken.clone());
    setup.start("").await;
    setup.watching(1).await;
    broken["message"] = json!({"no": "text"});
    setup.server.apply(broken);
    setup.server.apply(event("good", "good"));
    setup.reported(&["good"]).await;
    assert_eq!(setup.metric("failed_log_records"), 2.0);
    // An answer that is no JSON at all is asked for again.
    setup.server.fail("watch=", Fault::Garbage, 1);
    setup.server.end_watches();
    eventually(|| status(&setup).0 == Status::RecoverableError).await;
    setup.watching(1).await;
    setup.server.apply(event("better", "better"));
    setup.reported(&["good", "better"]).await;
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_namespaces_that_are_named_count_each_of_them_once() {
    let mut setup = Setup::new().await;
    setup.start("namespaces: [shop, pay, shop]").await;
    setup.watching(2).await;
    let mut other = event("other", "other");
    other["metadata"]["namespace"] = json!("kube-system");
    setup.server.apply(other);
    let mut pay = event("pay", "pay");
    pay["metadata"]["namespace"] = json!("pay");
    setup.server.apply(pay);
    setup.reported(&["pay"]).await;
    setup.server.apply(event("shop", "shop"));
    setup.reported(&["pay", "shop"]).await;
    let lists = setup.server.requests();
    let lists = lists.iter().filter(|it| !it.target.contains("watch="));
    assert_eq!(lists.count(), 2);
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repetitions_are_kept_back_and_counted() {
    let mut setup = Setup::running("dedup_interval: 1h").await;
    setup.server.apply(event("a", "first"));
    setup.server.apply(event("a", "second"));
    setup.server.apply(event("a", "third"));
    setup.server.apply(event("b", "other"));
    setup.reported(&["first", "other"]).await;
    let kept = metric(&setup.environment, "otelcol_k8s_events_modified_filtered");
    assert_eq!(kept, 2.0);
    setup.stop().await;
}
