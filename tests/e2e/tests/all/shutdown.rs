//! SIGTERM and SIGHUP under load: whatever was acknowledged arrives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headwater_e2e::{
    Answer, Binary, Collector, Items, Launch, Signal, Sink, grpc, http, samples, wait, yaml,
};
use tokio::task::JoinHandle;

/// Holds back everything until it has 100,000 items or a minute has passed.
const BATCH: &str = "
processors:
  batch:
    send_batch_size: 100000
    timeout: 1m
";

const OUT: &str = "
exporters:
  otlp_grpc:
    endpoint: ${env:SINK}
    tls:
      insecure: true
";

fn launch(sink: &Sink, processors: &str) -> Launch {
    Launch::of(&Binary::headwater())
        .config(yaml::OTLP_IN)
        .config(OUT)
        .config(&yaml::pipelines(processors, "otlp_grpc"))
        .env("SINK", sink.address())
}

/// A client that sends one request after the other until it is told to stop, and connects again
/// when it is cut off. It knows what was acknowledged.
struct Load {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Sent>,
}

#[derive(Default)]
struct Sent {
    acknowledged: Items,
    /// Sent without an answer: may have arrived or not.
    unclear: Items,
    /// Refused, or not even connected.
    refused: usize,
}

impl Load {
    fn start(collector: &Collector, first: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let address = collector.grpc();
        let task = tokio::spawn(async move {
            let mut sent = Sent::default();
            let mut connection = None;
            for number in 0.. {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let message = samples::numbered(Signal::Traces, first + number * 5, 5);
                let client = match connection.take() {
                    Some(client) => client,
                    None => match grpc::Client::connect(address).await {
                        Ok(client) => client,
                        Err(_) => {
                            sent.refused += 1;
                            tokio::time::sleep(Duration::from_millis(5)).await;
                            continue;
                        }
                    },
                };
                match client.export(&message).await {
                    Ok(answer) if answer.code == Some(0) => {
                        sent.acknowledged.add(&message);
                        connection = Some(client);
                    }
                    Ok(answer) if answer.code.is_some() => {
                        sent.refused += 1;
                        connection = Some(client);
                    }
                    _ => sent.unclear.add(&message),
                }
            }
            sent
        });
        Self { stop, task }
    }

    async fn finish(self) -> Sent {
        self.stop.store(true, Ordering::Relaxed);
        wait::within("the load to end", self.task).await.unwrap()
    }
}

/// Everything acknowledged arrived, once, and nothing that nobody sent.
fn check(sink: &Sink, all: &[Sent]) {
    let arrived = sink.items();
    let mut acknowledged = Items::default();
    let mut unclear = Items::default();
    for sent in all {
        acknowledged.merge(&sent.acknowledged);
        unclear.merge(&sent.unclear);
    }
    assert!(
        acknowledged.len() > 100,
        "hardly any load: {acknowledged:?}"
    );
    let lost = acknowledged.without(&arrived);
    assert!(
        lost.is_empty(),
        "acknowledged and lost: {lost:?} of {acknowledged:?}"
    );
    let extra = arrived.without(&acknowledged).without(&unclear);
    assert!(extra.is_empty(), "arrived twice, or never sent: {extra:?}");
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn sigterm_hands_over_what_is_held() {
    let sink = Sink::start().await;
    let collector = launch(&sink, "batch").config(BATCH).start().await;
    let mut sent = Items::default();
    for signal in Signal::ALL {
        for message in [
            samples::numbered(signal, 0, 1_000),
            samples::rich(signal, "held"),
        ] {
            assert_eq!(http::export(collector.http(), &message).await.status, 200);
            sent.add(&message);
        }
    }
    assert_eq!(sink.taken(), 0, "the batch did not wait");
    let held = sent.len() as f64;
    collector
        .wait_for_metric("otelcol_ledger_held_items", &[], |sum| sum == held)
        .await;
    let finished = collector.stop().await;
    assert!(
        finished.log.contains("Shutdown complete."),
        "{}",
        finished.log
    );
    sink.items().assert_is(&sent, "what was held");
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn sigterm_under_load_loses_nothing_that_was_acknowledged() {
    let sink = Sink::start().await;
    sink.always(Answer::Slowly(Duration::from_millis(20)));
    let batch = "processors:\n  batch:\n    timeout: 50ms\n";
    let mut collector = launch(&sink, "batch").config(batch).start().await;
    let loads: Vec<_> = (0..4)
        .map(|n| Load::start(&collector, n * 10_000_000))
        .collect();
    sink.wait_for(500).await;
    collector.terminate();
    let finished = collector.end().await;
    assert_eq!(finished.code, Some(0), "{}", finished.log);
    let mut all = Vec::new();
    for load in loads {
        all.push(load.finish().await);
    }
    check(&sink, &all);
}

const WITH_COLOR: &str = "
processors:
  attributes:
    actions:
      - {key: color, value: COLOR, action: insert}
";

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn sighup_swaps_the_pipelines_without_losing_anything() {
    let sink = Sink::start().await;
    let collector = launch(&sink, "attributes")
        .config(&WITH_COLOR.replace("COLOR", "red"))
        .start()
        .await;
    let loads: Vec<_> = (0..3)
        .map(|n| Load::start(&collector, n * 10_000_000))
        .collect();
    sink.wait_for(200).await;
    for color in ["green", "blue"] {
        collector.rewrite(3, &WITH_COLOR.replace("COLOR", color));
        collector.reload();
        let arrived = || (sink.items().mentioning(&format!("\"{color}\"")) > 100).then_some(());
        wait::until(format!("something {color}"), arrived).await;
    }
    let mut all = Vec::new();
    for load in loads {
        all.push(load.finish().await);
    }
    collector.stop().await;
    let plain = sink.without_attribute("color");
    let lost: usize = all
        .iter()
        .map(|sent| sent.acknowledged.without(&plain).len())
        .sum();
    assert_eq!(lost, 0, "acknowledged and lost");
    let sent: usize = all
        .iter()
        .map(|sent| sent.acknowledged.len() + sent.unclear.len())
        .sum();
    assert!(plain.len() <= sent, "{} arrived of {sent}", plain.len());
    assert!(sink.items().mentioning("\"red\"") > 100);
}

/// Every request on a connection of its own; the result is what went wrong.
fn newcomers(
    collector: &Collector,
    http: bool,
    stop: Arc<AtomicBool>,
    first: usize,
) -> JoinHandle<(Items, Vec<String>)> {
    let (grpc, http_address) = (collector.grpc(), collector.http());
    tokio::spawn(async move {
        let (mut sent, mut failures) = (Items::default(), Vec::new());
        let mut number = first;
        while !stop.load(Ordering::Relaxed) {
            let message = samples::numbered(Signal::Traces, number, 5);
            number += 5;
            let failure = if http {
                let status = http::export(http_address, &message).await.status;
                (status != 200).then(|| format!("HTTP {status}"))
            } else {
                match grpc::Client::connect(grpc).await {
                    Ok(client) => match client.export(&message).await {
                        Ok(answer) if answer.code == Some(0) => None,
                        other => Some(format!("{other:?}")),
                    },
                    Err(error) => Some(format!("connect: {error}")),
                }
            };
            match failure {
                None => sent.add(&message),
                Some(failure) => failures.push(failure),
            }
        }
        (sent, failures)
    })
}

/// The listening sockets are handed over: whoever connects meanwhile notices nothing.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn ten_reloads_lose_no_client_that_connects_meanwhile() {
    const DONE: &str = "Configuration reloaded";
    let sink = Sink::start().await;
    let collector = launch(&sink, "attributes")
        .config(&WITH_COLOR.replace("COLOR", "0"))
        .start()
        .await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    for number in 0..4 {
        let first = number * 10_000_000;
        clients.push(newcomers(
            &collector,
            number % 2 == 0,
            Arc::clone(&stop),
            first,
        ));
    }
    for number in 1..=10 {
        let before = sink.taken();
        sink.wait_for(before + 50).await;
        collector.rewrite(3, &WITH_COLOR.replace("COLOR", &number.to_string()));
        collector.reload();
        let reloaded = || (collector.written().matches(DONE).count() == number).then_some(());
        wait::until(format!("reload {number}"), reloaded).await;
    }
    let before = sink.taken();
    sink.wait_for(before + 50).await;
    stop.store(true, Ordering::Relaxed);
    let mut sent = Items::default();
    for client in clients {
        let (acknowledged, failures) = wait::within("a client", client).await.unwrap();
        assert_eq!(failures, Vec::<String>::new());
        sent.merge(&acknowledged);
    }
    let stopping = "stopping those first";
    assert!(!collector.has(stopping), "{}", collector.written());
    collector.stop().await;
    let arrived = sink.without_attribute("color");
    arrived.assert_is(&sent, "what was acknowledged");
}

/// The reload waits for a slow backend. SIGTERM does not wait for the reload, and what the
/// old pipelines hold is sent all the same.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn sigterm_during_a_reload_ends_old_and_new_pipelines() {
    let sink = Sink::start().await;
    sink.always(Answer::Slowly(Duration::from_secs(2)));
    let mut collector = launch(&sink, "attributes")
        .config(&WITH_COLOR.replace("COLOR", "red"))
        .start()
        .await;
    let old = samples::numbered(Signal::Traces, 0, 10);
    assert_eq!(http::export(collector.http(), &old).await.status, 200);
    collector.reload();
    let started =
        || (collector.written().matches("Starting HTTP server").count() == 2).then_some(());
    wait::until("the new pipelines", started).await;
    let new = samples::numbered(Signal::Traces, 10, 10);
    wait::within("the new pipelines to take over", async {
        while http::export(collector.http(), &new).await.status != 200 {}
    })
    .await;
    collector.terminate();
    collector
        .wait_for("Received signal from OS during a reload")
        .await;
    collector.wait_for("Starting shutdown...").await;
    let finished = collector.end().await;
    assert_eq!(finished.code, Some(0), "{}", finished.log);
    sink.without_attribute("color")
        .assert_is(&Items::of([&old, &new]), "what was acknowledged");
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn sighup_with_a_broken_configuration_changes_nothing_and_says_why() {
    let sink = Sink::start().await;
    let good = WITH_COLOR.replace("COLOR", "red");
    let collector = launch(&sink, "attributes").config(&good).start().await;
    let load = Load::start(&collector, 0);
    sink.wait_for(100).await;
    for (broken, words) in [
        (
            "processors:\n  attributes:\n    actoins: []\n",
            "unknown field `actoins`",
        ),
        ("processors: [", "not valid YAML"),
    ] {
        collector.rewrite(3, broken);
        collector.reload();
        collector.wait_for(words).await;
        let before = sink.taken();
        sink.wait_for(before + 100).await;
    }
    // And what is mended works again.
    collector.rewrite(3, &WITH_COLOR.replace("COLOR", "green"));
    collector.reload();
    let arrived = || (sink.items().mentioning("\"green\"") > 10).then_some(());
    wait::until("something green", arrived).await;
    let sent = load.finish().await;
    collector.stop().await;
    let plain = sink.without_attribute("color");
    assert!(
        sent.acknowledged.without(&plain).is_empty(),
        "acknowledged and lost"
    );
}
