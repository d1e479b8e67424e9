//! Events, one after the other.

use std::time::Duration;

use headwater_kubernetes::testing::{ApiServer, Fault};
use headwater_kubernetes::{EventNews, FollowEvents, follow_events};
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, Receiver};

use crate::groups::eventually;

fn event(name: &str, message: &str) -> Value {
    json!({"kind": "Event", "metadata": {"name": name, "namespace": "shop", "uid": name},
           "involvedObject": {"kind": "Pod", "name": "web"}, "message": message})
}

fn follow(server: &ApiServer, namespace: Option<&str>, room: usize) -> Receiver<EventNews> {
    follow_from(server, namespace, None, room)
}

fn follow_from(
    server: &ApiServer,
    namespace: Option<&str>,
    from: Option<&str>,
    room: usize,
) -> Receiver<EventNews> {
    let (to, news) = mpsc::channel(room);
    let follow = FollowEvents {
        cluster: server.cluster(),
        namespace: namespace.map(str::to_owned),
        from: from.map(str::to_owned),
        pace: ApiServer::pace(),
    };
    tokio::spawn(follow_events(follow, to));
    news
}

/// The next news, in short.
async fn next(news: &mut Receiver<EventNews>) -> String {
    let next = tokio::time::timeout(Duration::from_secs(20), news.recv()).await;
    match next.unwrap().unwrap() {
        EventNews::Listed(event) => format!("listed {}", event.message),
        EventNews::Complete(_) => "complete".to_owned(),
        EventNews::Added(event) => format!("added {}", event.message),
        EventNews::Modified(event) => format!("modified {}", event.message),
        EventNews::Unreadable(reason) => format!("unreadable {reason}"),
        EventNews::Failing { what, error, hint } => format!("{what}: {error} ({hint})"),
        EventNews::Back { what, .. } => format!("{what}: back"),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn every_change_is_reported_also_those_that_follow_each_other_closely() {
    let server = ApiServer::start().await;
    server.apply(event("a", "before"));
    let mut news = follow(&server, None, 1);
    assert_eq!(next(&mut news).await, "listed before");
    assert_eq!(next(&mut news).await, "complete");
    eventually(|| server.open_watches() == 1).await;
    for count in 0..50 {
        server.apply(event("b", &count.to_string()));
    }
    server.delete("Event", "shop", "b");
    server.apply(event("c", "last"));
    assert_eq!(next(&mut news).await, "added 0");
    for count in 1..50 {
        assert_eq!(next(&mut news).await, format!("modified {count}"));
    }
    assert_eq!(next(&mut news).await, "added last");
}

#[tokio::test]
async fn a_watch_that_ends_goes_on_where_it_was() {
    let server = ApiServer::start().await;
    let mut news = follow(&server, Some("shop"), 8);
    assert_eq!(next(&mut news).await, "complete");
    eventually(|| server.open_watches() == 1).await;
    server.apply(event("a", "one"));
    assert_eq!(next(&mut news).await, "added one");
    server.bookmark();
    server.end_watches();
    server.apply(event("b", "two"));
    assert_eq!(next(&mut news).await, "added two");
    server.go_away();
    let failing = next(&mut news).await;
    assert!(failing.starts_with("events in shop: "), "{failing}");
    server.apply(event("c", "three"));
    server.come_back();
    // Each new reason is news.
    loop {
        match next(&mut news).await.as_str() {
            "events in shop: back" => break,
            other => assert!(other.starts_with("events in shop: "), "{other}"),
        }
    }
    assert_eq!(next(&mut news).await, "added three");
}

#[tokio::test]
async fn a_version_that_is_known_needs_no_list() {
    let server = ApiServer::start().await;
    server.apply(event("a", "one"));
    let mut news = follow(&server, None, 8);
    assert_eq!(next(&mut news).await, "listed one");
    let Some(EventNews::Complete(version)) = news.recv().await else {
        panic!("the list ends");
    };
    drop(news);
    server.apply(event("b", "two"));
    let mut news = follow_from(&server, None, Some(&version), 8);
    assert_eq!(next(&mut news).await, "added two");
    drop(news);
    // One that the server has forgotten does.
    server.compact();
    let mut news = follow_from(&server, None, Some(&version), 8);
    assert_eq!(next(&mut news).await, "listed one");
    assert_eq!(next(&mut news).await, "listed two");
}

#[tokio::test]
async fn after_410_everything_is_listed_in_pages() {
    let server = ApiServer::start().await;
    let mut news = follow(&server, None, 2);
    assert_eq!(next(&mut news).await, "complete");
    eventually(|| server.open_watches() == 1).await;
    for name in ["a", "b", "c", "d", "e"] {
        server.apply(event(name, name));
        assert_eq!(next(&mut news).await, format!("added {name}"));
    }
    server.compact();
    for name in ["a", "b", "c", "d", "e"] {
        assert_eq!(next(&mut news).await, format!("listed {name}"));
    }
    assert_eq!(next(&mut news).await, "complete");
    let pages = |part: &str| {
        let requests = server.requests();
        requests
            .iter()
            .filter(|it| it.target.contains(part))
            .count()
    };
    assert_eq!(pages("continue="), 1);
}

#[tokio::test]
async fn what_is_no_event_is_passed_over_in_lists_and_in_watches() {
    let server = ApiServer::start().await;
    let mut broken = event("broken", "x");
    broken["count"] = json!("many");
    server.apply(broken.clone());
    server.apply(event("good", "good"));
    let mut news = follow(&server, None, 8);
    let unreadable = next(&mut news).await;
    assert!(unreadable.starts_with("unreadable "), "{unreadable}");
    assert_eq!(next(&mut news).await, "listed good");
    assert_eq!(next(&mut news).await, "complete");
    eventually(|| server.open_watches() == 1).await;
    broken["involvedObject"] = json!([]);
    server.apply(broken);
    server.apply(event("good", "again"));
    let unreadable = next(&mut news).await;
    assert!(unreadable.starts_with("unreadable "), "{unreadable}");
    assert_eq!(next(&mut news).await, "modified again");
    let lists = server.requests();
    let lists = lists.iter().filter(|it| !it.target.contains("watch="));
    assert_eq!(lists.count(), 1, "the watch went on");
}

#[tokio::test]
async fn who_is_forbidden_learns_which_rule_is_missing() {
    let server = ApiServer::start().await;
    server.fail("/events", Fault::Status(403), 2);
    let mut news = follow(&server, Some("shop"), 8);
    let failing = next(&mut news).await;
    assert!(failing.contains("403"), "{failing}");
    assert!(
        failing.contains("a Role in shop with the rule `apiGroups: [\"\"], resources: [events]"),
        "{failing}"
    );
    assert_eq!(next(&mut news).await, "events in shop: back");
}
