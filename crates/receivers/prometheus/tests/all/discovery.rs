//! Targets that come and go.

use std::time::Duration;

use crate::setup::{Setup, lines};
use crate::target::{Reply, Target};

#[tokio::test]
async fn a_file_adds_and_removes_targets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("targets.json");
    let (one, two) = (
        Target::new(Reply::text("a 1\n")).await,
        Target::new(Reply::text("a 2\n")).await,
    );
    let write = |addresses: &[&str]| {
        let text = serde_json::json!([{ "targets": addresses }]).to_string();
        let fresh = folder.path().join("fresh");
        std::fs::write(&fresh, text).unwrap();
        std::fs::rename(&fresh, &file).unwrap();
    };
    write(&[&one.address]);
    let yaml = format!(
        "config: {{scrape_configs: [{{job_name: j, scrape_interval: 100ms, \
         file_sd_configs: [{{files: ['{}']}}]}}]}}",
        file.display()
    );
    let mut setup = Setup::new(&yaml).await;
    assert_eq!(setup.scrape(true).await[0], "gauge a{} 1");
    write(&[&one.address, &two.address]);
    setup
        .next(|batch| lines(batch).contains(&"gauge a{} 2".to_owned()))
        .await;
    write(&[&two.address]);
    let gone = setup
        .next(|batch| lines(batch).contains(&"gauge up{} stale".to_owned()))
        .await;
    assert_eq!(lines(&gone)[0], "gauge a{} stale");
    assert_eq!(setup.scrape(true).await[0], "gauge a{} 2");
    let asked = one.requests().len();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(one.requests().len(), asked);
    setup.stop().await;
}

#[tokio::test]
async fn the_end_of_the_process_marks_nothing_and_may_scrape_once_more() {
    let target = Target::new(Reply::text("a 1\n")).await;
    let yaml = format!(
        "scrape_on_shutdown: true\nconfig: {{scrape_configs: [{{job_name: j, scrape_interval: 300ms, \
         static_configs: [{{targets: ['{}']}}]}}]}}",
        target.address
    );
    let mut setup = Setup::new(&yaml).await;
    setup.scrape(true).await;
    let (recorder, before) = (setup.recorder.clone(), target.requests().len());
    setup.shutdown().await;
    assert_eq!(target.requests().len(), before + 1);
    for batch in recorder.batches() {
        assert!(
            !crate::setup::lines_of_batch(&batch)
                .iter()
                .any(|line| line.contains("stale"))
        );
    }
}

#[tokio::test]
async fn failed_scrapes_are_logged_to_a_file_if_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("failures.log");
    let target = Target::new(Reply::Answer(500, Vec::new(), Vec::new())).await;
    let keys = format!("scrape_failure_log_file: '{}'", file.display());
    let mut setup = Setup::job(&target.address, &keys).await;
    setup.scrape(false).await;
    let text = std::fs::read_to_string(&file).unwrap();
    let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(line["job_name"], "j");
    assert!(line["msg"].as_str().unwrap().contains("500"), "{line}");
    setup.stop().await;
}
