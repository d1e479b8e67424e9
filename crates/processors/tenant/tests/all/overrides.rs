//! A file of overrides that changes. The clock is paused: a look is due when the test says so.

use std::fs;
use std::path::PathBuf;

use headwater_core::Signal;
use headwater_credentials::LOOK_INTERVAL;
use tempfile::TempDir;

use crate::log::Lines;
use crate::support::{Setup, of, resources};

struct File {
    _folder: TempDir,
    path: PathBuf,
}

impl File {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("overrides.yaml");
        fs::write(&path, text).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    /// Writes it anew; the next look is due.
    async fn change(&self, text: &str) {
        fs::write(&self.path, text).unwrap();
        tokio::time::advance(LOOK_INTERVAL).await;
    }

    /// A processor that follows the file. A unit comes back in a thousand seconds.
    async fn setup(&self, keys: &str) -> Setup {
        let setup = Setup::new(&format!(
            "{{limits: {{requests_per_second: 0.001, request_burst: 1}}, \
              overrides_file: {}, {keys}}}",
            self.path.display()
        ));
        setup.start().await.unwrap();
        setup
    }
}

const FROM: &str = "from: [{header: X-Scope-OrgID}]";

/// How many requests are taken at once.
async fn taken(setup: &Setup, tenant: &str) -> usize {
    let mut taken = 0;
    while taken < 20 && setup.send(of(tenant, 1)).await.is_ok() {
        taken += 1;
    }
    taken
}

#[tokio::test(start_paused = true)]
async fn entries_of_the_file_win_over_those_of_the_configuration() {
    let file = File::new("a: {request_burst: 3}\nc:\n  requests_per_second: 0\n");
    let keys = format!("{FROM}, overrides: {{a: {{request_burst: 2}}, b: {{request_burst: 4}}}}");
    let setup = file.setup(&keys).await;
    assert_eq!(taken(&setup, "a").await, 3);
    assert_eq!(taken(&setup, "b").await, 4);
    assert_eq!(taken(&setup, "c").await, 20);
    assert_eq!(taken(&setup, "d").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_change_counts_for_known_tenants_and_gives_nobody_a_burst() {
    let file = File::new("a: {request_burst: 3}");
    let setup = file.setup(FROM).await;
    assert_eq!(taken(&setup, "a").await, 3);
    assert_eq!(taken(&setup, "b").await, 1);
    file.change("a: {request_burst: 5}\nb: {request_burst: 3}\nc: {request_burst: 2}")
        .await;
    assert_eq!(taken(&setup, "a").await, 2);
    assert_eq!(taken(&setup, "b").await, 2);
    assert_eq!(taken(&setup, "c").await, 2);
    // The same again is no change.
    file.change("a: {request_burst: 5}\nb: {request_burst: 3}\n\nc: {request_burst: 2}")
        .await;
    assert_eq!(taken(&setup, "a").await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_still_counts_when_its_limit_changes() {
    let bytes = of("a", 1).bytes();
    let most = |requests: usize| {
        let most = bytes * requests;
        format!("a: {{requests_per_second: 0, max_in_flight_bytes: {most}}}")
    };
    let file = File::new(&most(2));
    let setup = file.setup(FROM).await;
    assert_eq!(taken(&setup, "a").await, 2);
    file.change(&most(5)).await;
    assert_eq!(taken(&setup, "a").await, 3);
    file.change(&most(1)).await;
    assert_eq!(taken(&setup, "a").await, 0);
}

#[tokio::test(start_paused = true)]
async fn without_its_entry_a_tenant_is_one_of_the_others() {
    let file = File::new("a: {request_burst: 5}\nb: {request_burst: 5}");
    let keys = format!("{FROM}, overrides: {{b: {{request_burst: 3}}}}");
    let setup = file.setup(&keys).await;
    setup.send(of("a", 1)).await.unwrap();
    setup.send(of("b", 1)).await.unwrap();
    file.change("").await;
    assert_eq!(taken(&setup, "a").await, 0);
    assert_eq!(taken(&setup, "b").await, 2);
    assert_eq!(taken(&setup, "c").await, 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_used_leaves_the_limits_as_they_are() {
    let file = File::new("a: {request_burst: 2}\nb: {request_burst: 2}");
    let setup = file.setup(FROM).await;
    assert_eq!(taken(&setup, "a").await, 2);
    let long = format!("b: {{request_burst: 9}}\n#{}", "x".repeat(1 << 20));
    for bad in [
        "b: {request_burst: 9}\na: {requests: 1}",
        "a: {request_burst: 9",
        "[a]",
        "b: {request_burst: 9}\na: {bytes_per_second: -1}",
        &long,
    ] {
        file.change(bad).await;
        assert_eq!(taken(&setup, "a").await, 0, "{bad:.40}");
    }
    assert_eq!(taken(&setup, "b").await, 2);
    fs::remove_file(&file.path).unwrap();
    tokio::time::advance(LOOK_INTERVAL).await;
    assert_eq!(taken(&setup, "a").await, 0);
    file.change("a: {request_burst: 4}").await;
    assert_eq!(taken(&setup, "a").await, 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_used_is_logged_once_with_its_place() {
    let lines = Lines::default();
    let _logging = tracing::subscriber::set_default(lines.clone());
    let file = File::new("a: {request_burst: 2}");
    let setup = file.setup(FROM).await;
    lines.take();
    for _ in 0..3 {
        file.change("a:\n  request_burst: 2\n  requests: 1\n").await;
        taken(&setup, "a").await;
    }
    let logged = lines.take();
    let [line] = &logged[..] else {
        panic!("{logged:?}");
    };
    assert!(line.starts_with("ERROR"), "{line}");
    for words in [
        "overrides.yaml:3:3",
        "`requests`",
        "overrides::a",
        "What the file held before stays in use",
    ] {
        assert!(line.contains(words), "{words}: {line}");
    }
    file.change("a: {request_burst: 3}").await;
    taken(&setup, "a").await;
    let logged = lines.take();
    assert!(logged[0].starts_with("INFO"), "{logged:?}");
    assert!(logged[0].contains("read again"), "{logged:?}");
}

#[tokio::test(start_paused = true)]
async fn resources_have_the_limits_of_the_file_too() {
    let file = File::new("a: {request_burst: 3}");
    let setup = file.setup("from: [{resource: tenant}]").await;
    let both = || resources(Signal::Traces, &[(Some("a"), 1), (Some("b"), 1)]);
    setup.send(both()).await.unwrap();
    setup.send(both()).await.unwrap_err();
    file.change("{a: {request_burst: 3}, b: {request_burst: 3}}")
        .await;
    setup.send(both()).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_missing_or_wrong_at_the_start_stops_it_with_its_place() {
    let wrong = |text: &str| File::new(text);
    let missing = wrong("");
    fs::remove_file(&missing.path).unwrap();
    for (file, words) in [
        (missing, vec!["cannot read the overrides of tenants"]),
        (
            wrong("a:\n  request_burst: 1\n  requests: 1\n"),
            vec!["overrides.yaml:3:3", "`requests`", "overrides::a"],
        ),
        (
            wrong("a: {request_burst: 1}\nb:\n  bytes_per_second: -1\n"),
            vec![
                "overrides.yaml:3:",
                "overrides::b::bytes_per_second",
                "negative",
            ],
        ),
    ] {
        let setup = Setup::new(&format!(
            "{{default: a, overrides_file: {}}}",
            file.path.display()
        ));
        let error = setup.start().await.unwrap_err();
        assert!(error.to_string().contains("overrides_file"), "{error}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        for word in words {
            assert!(cause.contains(word), "{word}: {cause}");
        }
    }
}
