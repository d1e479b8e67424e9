//! The API server misbehaves, goes away and comes back: what was known stays.

use std::time::Duration;

use headwater_kubernetes::testing::{ApiServer, Fault};
use headwater_kubernetes::{Role, WatchStatus, watches};

use crate::groups::{Reader, eventually, options, pod};

/// The status of a watch, which its namespace tells apart from those of other tests.
fn status(selected: &str) -> Option<WatchStatus> {
    let all = watches();
    all.into_iter().find(|watch| watch.what.contains(selected))
}

/// Waits until a watch fails.
async fn failing(selected: &str) -> WatchStatus {
    let fails = || status(selected).is_some_and(|status| status.error.is_some());
    eventually(fails).await;
    status(selected).expect("a watch")
}

/// Pods of a namespace that only one test uses.
async fn pods_of(namespace: &str) -> (ApiServer, Reader) {
    let server = ApiServer::start().await;
    server.apply(pod(namespace, "one", "10.0.0.1"));
    server.apply(pod(namespace, "two", "10.0.0.2"));
    let mut options = options(&server, Role::Pod);
    options.namespaces = vec![namespace.to_owned()];
    let mut reader = Reader::start(options);
    reader.update().await;
    assert_eq!(reader.groups.len(), 2);
    eventually(|| server.open_watches() == 1).await;
    (server, reader)
}

#[tokio::test]
async fn a_watch_that_ends_goes_on_where_it_was() {
    let (server, mut reader) = pods_of("ending").await;
    server.end_watches();
    server.apply(pod("ending", "three", "10.0.0.3"));
    reader.until(|groups| groups.len() == 3).await;
    assert_eq!(reader.reported, 3);
    let lists = server
        .requests()
        .iter()
        .filter(|it| it.target.contains("limit="))
        .count();
    assert_eq!(lists, 1, "nothing was listed again");
}

#[tokio::test]
async fn a_bookmark_moves_a_watch_on() {
    let (server, mut reader) = pods_of("bookmarked").await;
    // Changes that this watch does not see.
    server.apply(pod("elsewhere", "x", "10.0.0.9"));
    server.apply(pod("elsewhere", "x", "10.0.0.8"));
    server.bookmark();
    server.apply(pod("bookmarked", "two", "10.0.0.4"));
    reader.update().await;
    let asked = server.requests().len();
    server.end_watches();
    eventually(|| server.requests().len() > asked).await;
    let target = &server.requests()[asked].target;
    assert!(target.ends_with("resourceVersion=1005"), "{target}");
}

#[tokio::test]
async fn after_410_everything_is_listed_again_and_no_target_is_dropped() {
    let (server, mut reader) = pods_of("gone").await;
    server.go_away();
    eventually(|| server.open_watches() == 0).await;
    server.delete("Pod", "gone", "two");
    server.apply(pod("gone", "three", "10.0.0.3"));
    server.compact();
    server.come_back();
    reader
        .until_sources(&["pod/gone/one", "pod/gone/three"])
        .await;
    assert_eq!(
        reader.reported, 4,
        "the pod that stayed was not reported again"
    );
    let lists = server
        .requests()
        .iter()
        .filter(|it| it.target.contains("limit="))
        .count();
    assert_eq!(lists, 2);
}

#[tokio::test]
async fn a_watch_may_be_told_410_in_its_middle() {
    let (server, mut reader) = pods_of("compacted").await;
    server.compact();
    eventually(|| {
        server
            .requests()
            .iter()
            .filter(|it| it.target.contains("limit="))
            .count()
            == 2
    })
    .await;
    server.apply(pod("compacted", "three", "10.0.0.3"));
    reader.until(|groups| groups.len() == 3).await;
    assert_eq!(reader.reported, 3);
}

#[tokio::test]
async fn while_the_server_is_away_the_last_list_stays_and_its_age_shows() {
    let (server, mut reader) = pods_of("away").await;
    assert!(status("in away").unwrap().error.is_none());
    server.go_away();
    let failing = failing("in away").await;
    eventually(|| reader.health.status().error.is_some()).await;
    let health = reader.health.status();
    assert!(health.error.unwrap().starts_with("pods: "));
    assert_eq!((health.targets, health.succeeded.is_some()), (2, true));
    assert!(failing.complete);
    assert_eq!(failing.objects, 2);
    assert!(failing.age.is_some() && failing.failing_for.is_some());
    assert!(reader.is_quiet().await, "nothing is reported as gone");
    server.come_back();
    server.apply(pod("away", "three", "10.0.0.3"));
    reader.until(|groups| groups.len() == 3).await;
    eventually(|| status("in away").unwrap().error.is_none()).await;
    let well = || {
        let health = reader.health.status();
        health.error.is_none() && health.targets == 3
    };
    eventually(well).await;
}

#[tokio::test]
async fn garbage_cut_and_slow_answers_are_survived() {
    let server = ApiServer::start().await;
    for number in 0..5 {
        server.apply(pod("rough", &format!("p{number}"), "10.0.0.1"));
    }
    server.fail("/pods?limit", Fault::Garbage, 1);
    server.fail("/pods?limit", Fault::Cut, 1);
    server.fail("/pods?limit", Fault::Status(500), 1);
    // The second page.
    server.fail("continue=", Fault::Status(410), 1);
    server.fail("continue=", Fault::Garbage, 1);
    server.fail("watch=true", Fault::Garbage, 1);
    server.fail("watch=true", Fault::Cut, 1);
    server.fail("watch=true", Fault::Status(503), 2);
    server.fail("watch=true", Fault::Slow(Duration::from_millis(30)), 1);
    let mut reader = Reader::start(options(&server, Role::Pod));
    reader.update().await;
    assert_eq!(
        reader.groups.len(),
        5,
        "nothing is reported before all is listed"
    );
    server.apply(pod("rough", "p5", "10.0.0.2"));
    server.delete("Pod", "rough", "p0");
    reader
        .until(|groups| groups.len() == 5 && groups.contains_key("pod/rough/p5"))
        .await;
    // Garbage, cut, refused twice, slow.
    let watches = || {
        let requests = server.requests();
        requests
            .iter()
            .filter(|it| it.target.contains("watch=true"))
            .count()
    };
    eventually(|| watches() == 5 && server.open_watches() == 1).await;
    server.apply(pod("rough", "p6", "10.0.0.3"));
    reader.until(|groups| groups.len() == 6).await;
}

#[tokio::test]
async fn without_permission_nothing_is_reported_and_the_reason_shows() {
    let server = ApiServer::start().await;
    server.apply(pod("forbidden", "one", "10.0.0.1"));
    server.fail("/pods", Fault::Status(403), 3);
    let mut options = options(&server, Role::Pod);
    options.namespaces = vec!["forbidden".to_owned()];
    let mut reader = Reader::start(options);
    let failing = failing("in forbidden").await;
    assert!(!failing.complete);
    let error = failing.error.unwrap();
    assert!(
        error.contains("403") && error.contains("as the test wants it"),
        "{error}"
    );
    reader.until(|groups| groups.len() == 1).await;
}
