//! Stops and starts, with and without a storage extension.

use crate::support::{Setup, event, event_at, now, storage_host};

#[tokio::test(flavor = "multi_thread")]
async fn with_storage_reading_goes_on_where_it_was() {
    let mut setup = Setup::new().await;
    let folder = tempfile::tempdir().unwrap();
    let host = storage_host(folder.path()).await;
    let yaml = "storage: file_storage";
    setup.start_on(yaml, &host).await;
    setup.watching(1).await;
    setup.server.apply(event_at("a", "before", now()));
    setup.reported(&["before"]).await;
    setup.stop().await;
    // Older than the next start, and nobody has seen it.
    setup.server.apply(event_at("b", "meanwhile", now() - 10));
    setup.start_on(yaml, &host).await;
    setup.reported(&["before", "meanwhile"]).await;
    setup.stop().await;
    // The server has forgotten where reading was: the list has everything once more.
    setup.server.apply(event_at("c", "in between", now() - 10));
    setup.server.compact();
    setup.start_on(yaml, &host).await;
    setup.reported(&["before", "meanwhile", "in between"]).await;
    setup.watching(1).await;
    setup.server.apply(event_at("d", "after", now()));
    setup
        .reported(&["before", "meanwhile", "in between", "after"])
        .await;
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_storage_a_start_begins_with_its_time() {
    let mut setup = Setup::running("").await;
    setup.server.apply(event_at("a", "before", now()));
    setup.reported(&["before"]).await;
    setup.stop().await;
    setup.server.apply(event_at("b", "meanwhile", now() - 10));
    setup.start("").await;
    setup.watching(1).await;
    setup.server.apply(event("c", "after"));
    setup.reported(&["before", "after"]).await;
    setup.stop().await;
}
