//! Several discoveries of the same objects share a watch.

use headwater_kubernetes::testing::ApiServer;
use headwater_kubernetes::{Attach, Options, Role, watches};

use crate::groups::{PATIENCE, Reader, eventually, options, pod};

fn pods_of(server: &ApiServer, namespace: &str) -> Options {
    Options {
        namespaces: vec![namespace.to_owned()],
        ..options(server, Role::Pod)
    }
}

fn lists(server: &ApiServer) -> usize {
    let requests = server.requests();
    requests
        .iter()
        .filter(|it| it.target.contains("limit="))
        .count()
}

#[tokio::test]
async fn the_same_objects_are_watched_once() {
    let server = ApiServer::start().await;
    server.apply(pod("together", "one", "10.0.0.1"));
    let mut first = Reader::start(pods_of(&server, "together"));
    first.until(|groups| groups.len() == 1).await;
    let mut second = Reader::start(pods_of(&server, "together"));
    second.until(|groups| groups.len() == 1).await;
    eventually(|| server.open_watches() == 1).await;
    assert_eq!(lists(&server), 1);
    let shared = watches()
        .into_iter()
        .find(|it| it.what.contains("together"));
    assert_eq!(shared.unwrap().readers, 2);

    // The one that remains goes on.
    drop(first);
    server.apply(pod("together", "two", "10.0.0.2"));
    second.until(|groups| groups.len() == 2).await;

    drop(second);
    eventually(|| server.open_watches() == 0).await;
    assert!(!watches().iter().any(|it| it.what.contains("together")));
}

#[tokio::test]
async fn other_roles_share_what_they_have_in_common() {
    let server = ApiServer::start().await;
    server.apply(pod("common", "one", "10.0.0.1"));
    let mut pods = Reader::start(pods_of(&server, "common"));
    pods.update().await;
    let mut endpoints = Reader::start(Options {
        role: Role::Endpoints,
        ..pods_of(&server, "common")
    });
    endpoints.update().await;
    let requests = server.requests();
    let pods = requests
        .iter()
        .filter(|it| it.target.contains("/pods?limit"));
    assert_eq!(pods.count(), 1);
    assert_eq!(lists(&server), 3, "pods, endpoints, services");
}

#[tokio::test]
async fn different_objects_are_watched_apart() {
    let server = ApiServer::start().await;
    let mut one = Reader::start(pods_of(&server, "apart"));
    one.update().await;
    let attach = Attach {
        node: true,
        ..Attach::default()
    };
    let mut other = Reader::start(Options {
        attach,
        ..pods_of(&server, "other")
    });
    other.update().await;
    assert_eq!(lists(&server), 3, "pods of both namespaces, and nodes");
}

#[test]
fn a_watch_outlives_the_runtime_it_was_started_on() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let serving = runtime();
    let server = serving.block_on(ApiServer::start());
    server.apply(pod("moved", "one", "10.0.0.1"));
    std::thread::scope(|scope| {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        scope.spawn(|| {
            serving.block_on(async {
                tokio::time::timeout(PATIENCE, stopped).await.ok();
            });
        });
        let first = runtime();
        let mut one = first.block_on(async { Reader::start(pods_of(&server, "moved")) });
        first.block_on(one.update());
        let second = runtime();
        let mut two = second.block_on(async { Reader::start(pods_of(&server, "moved")) });
        // The watch runs on the first runtime, so both have to.
        std::thread::scope(|inner| {
            let first = &first;
            let (done, wait) = tokio::sync::oneshot::channel::<()>();
            inner.spawn(move || first.block_on(wait));
            second.block_on(two.update());
            drop(done);
        });
        assert_eq!(lists(&server), 1);
        drop(first);
        server.apply(pod("moved", "two", "10.0.0.2"));
        second.block_on(two.until(|groups| groups.len() == 2));
        assert_eq!(lists(&server), 2, "another watch has taken over");
        drop(two);
        stop.send(()).ok();
    });
}
