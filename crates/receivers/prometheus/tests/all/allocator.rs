//! Jobs and targets from a target allocator.

use std::time::Duration;

use crate::setup::{Setup, lines};
use crate::target::{Reply, Target};

fn json(text: &str) -> Reply {
    Reply::typed("application/json", text.as_bytes())
}

fn job(name: &str, extra: &str) -> String {
    format!(
        "\"{name}\": {{\"job_name\": \"{name}\", \"scrape_interval\": \"100ms\", \"scrape_timeout\": \"100ms\", \
         \"metrics_path\": \"/metrics\", \"scheme\": \"http\"{extra}}}"
    )
}

fn targets(addresses: &[&str]) -> Reply {
    let one = |address: &&str| {
        format!("{{\"targets\": [\"{address}\"], \"labels\": {{\"pod\": \"p\"}}}}")
    };
    json(&format!(
        "[{}]",
        addresses.iter().map(one).collect::<Vec<_>>().join(",")
    ))
}

async fn allocator(addresses: &[&str]) -> Target {
    let allocator = Target::new(Reply::Answer(404, Vec::new(), Vec::new())).await;
    allocator.set_path("/scrape_configs", json(&format!("{{{}}}", job("a/b", ""))));
    allocator.set_path("/jobs/a%2Fb/targets?collector_id=me", targets(addresses));
    allocator
}

fn config(allocator: &Target) -> String {
    format!(
        "target_allocator: {{endpoint: 'http://{}', interval: 200ms, collector_id: me, \
         http_sd_config: {{refresh_interval: 200ms}}}}",
        allocator.address
    )
}

#[tokio::test]
async fn jobs_and_targets_come_from_the_allocator() {
    let target = Target::new(Reply::text("a 1\n")).await;
    let allocator = allocator(&[&target.address]).await;
    let mut setup = Setup::new(&config(&allocator)).await;
    let lines = setup.scrape(true).await;
    assert_eq!(lines[0], "gauge a{pod=p} 1");
    setup.stop().await;
}

#[tokio::test]
async fn a_target_that_moves_to_another_collector_is_left_alone_and_marked_later() {
    let target = Target::new(Reply::text("a 1\n")).await;
    let allocator = allocator(&[&target.address]).await;
    let mut setup = Setup::new(&config(&allocator)).await;
    setup.scrape(true).await;
    allocator.set_path("/jobs/a%2Fb/targets?collector_id=me", targets(&[]));
    let marked = |batch: &[_]| lines(batch).contains(&"gauge up{pod=p} stale".to_owned());
    let last = setup.next(marked).await;
    assert_eq!(lines(&last)[0], "gauge a{pod=p} stale");
    let asked = target.requests().len();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(target.requests().len(), asked, "nobody asks it any more");
    setup.stop().await;
}

#[tokio::test]
async fn a_job_that_changes_neither_stops_nor_marks_its_targets() {
    let target = Target::new(Reply::text("a 1\nb 2\n")).await;
    let allocator = allocator(&[&target.address]).await;
    let mut setup = Setup::new(&config(&allocator)).await;
    setup.scrape(true).await;
    let rule = ", \"metric_relabel_configs\": [{\"action\": \"drop\", \"source_labels\": [\"__name__\"], \"regex\": \"b\"}]";
    allocator.set_path(
        "/scrape_configs",
        json(&format!("{{{}}}", job("a/b", rule))),
    );
    let changed = |batch: &[_]| lines(batch).contains(&"gauge b{pod=p} stale".to_owned());
    let first = setup.next(changed).await;
    assert!(
        lines(&first).contains(&"gauge a{pod=p} 1".to_owned()),
        "{first:?}"
    );
    let next = setup.scrape(true).await;
    assert_eq!(next[0], "gauge a{pod=p} 1");
    assert!(
        !next
            .iter()
            .any(|line| line.contains(" b{") || line.contains("stale")),
        "{next:?}"
    );
    let marked = setup.recorder.batches().iter().any(|batch| {
        let lines = crate::setup::lines_of_batch(batch);
        lines.contains(&"gauge a{pod=p} stale".to_owned())
    });
    assert!(!marked, "a series that goes on is never marked");
    setup.stop().await;
}

#[tokio::test]
async fn an_allocator_that_is_away_for_a_while_takes_nothing_away() {
    let target = Target::new(Reply::text("a 1\n")).await;
    let allocator = Target::new(Reply::Answer(503, Vec::new(), Vec::new())).await;
    let mut setup = Setup::new(&config(&allocator)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    allocator.set_path("/scrape_configs", json(&format!("{{{}}}", job("a/b", ""))));
    allocator.set_path(
        "/jobs/a%2Fb/targets?collector_id=me",
        targets(&[&target.address]),
    );
    setup.scrape(true).await;
    allocator.set_path("/scrape_configs", Reply::Close);
    allocator.set_path("/jobs/a%2Fb/targets?collector_id=me", json("nonsense"));
    for _ in 0..8 {
        assert_eq!(setup.scrape(true).await[0], "gauge a{pod=p} 1");
    }
    setup.stop().await;
}

#[tokio::test]
async fn the_certificate_of_an_allocator_is_checked() {
    let target = Target::new(Reply::text("a 1\n")).await;
    let allocator = Target::self_signed(Reply::Answer(404, Vec::new(), Vec::new())).await;
    allocator.set_path("/scrape_configs", json(&format!("{{{}}}", job("a/b", ""))));
    let of_mine = "/jobs/a%2Fb/targets?collector_id=me";
    allocator.set_path(of_mine, targets(&[&target.address]));
    let config = config(&allocator).replace("http://", "https://");
    let setup = Setup::new(&config).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(allocator.requests().is_empty() && target.requests().is_empty());
    setup.stop().await;
    let careless = config.replace(
        "collector_id:",
        "tls: {insecure_skip_verify: true}, collector_id:",
    );
    let mut setup = Setup::new(&careless).await;
    assert_eq!(setup.scrape(true).await[0], "gauge a{pod=p} 1");
    setup.stop().await;
}
