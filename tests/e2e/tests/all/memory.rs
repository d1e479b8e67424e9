//! The memory limiter: refuses in time, and what it let in arrives.

use std::collections::BTreeMap;
use std::time::Duration;

use headwater_e2e::{
    Answer, Binary, Items, Launch, Message, Sink, grpc, http, samples, wait, yaml,
};

/// Unit: MiB.
const LIMIT: u64 = 40;

const CONFIG: &str = "
processors:
  memory_limiter:
    check_interval: 10ms
    limit_mib: 40
    spike_limit_mib: 10
  batch:
    send_batch_size: 200
    timeout: 100ms
exporters:
  otlp_grpc:
    endpoint: ${env:SINK}
    compression: none
    timeout: 2s
    tls:
      insecure: true
    sending_queue:
      queue_size: 1000000
    retry_on_failure:
      initial_interval: 50ms
      max_interval: 100ms
      max_elapsed_time: 0s
";

/// Ten times the limit against a backend that does not answer: refused with a delay over both
/// protocols once the limit is near, with memory bounded; when the backend is back, everything that
/// was accepted arrives, exactly once.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_flood_is_refused_before_it_drowns_the_collector() {
    let sink = Sink::start().await;
    sink.always(Answer::refuse(503, 14));
    let collector = Launch::of(&Binary::headwater())
        .config(yaml::OTLP_IN)
        .config(CONFIG)
        .config(&yaml::pipelines("memory_limiter, batch", "otlp_grpc"))
        .env("SINK", sink.address())
        .start()
        .await;
    let client = grpc::Client::connect(collector.grpc()).await.unwrap();
    let mut accepted = Vec::<Message>::new();
    let mut answers = BTreeMap::<String, usize>::new();
    const REQUEST: usize = 25 * 16_000;
    for number in 0..10 * (LIMIT << 20) as usize / REQUEST {
        let message = samples::large(number * 25, 25, 16_000);
        let answer = if number % 2 == 0 {
            let answer = client.export(&message).await.unwrap();
            let delay = answer
                .retry_delay
                .is_some_and(|delay| delay > Duration::ZERO);
            format!("gRPC {} {delay}", answer.code.unwrap())
        } else {
            let answer = http::export(collector.http(), &message).await;
            format!(
                "HTTP {} {}",
                answer.status,
                !answer.header("retry-after").is_empty()
            )
        };
        if answer.starts_with("gRPC 0") || answer.starts_with("HTTP 200") {
            accepted.push(message);
        }
        *answers.entry(answer).or_default() += 1;
    }
    println!("{answers:?}");
    assert!(
        answers.get("gRPC 8 true").is_some_and(|count| *count > 10),
        "{answers:?}"
    );
    assert!(
        answers
            .get("HTTP 429 true")
            .is_some_and(|count| *count > 10),
        "{answers:?}"
    );
    assert_eq!(answers.len(), 4, "other answers: {answers:?}");
    let accepted_bytes: usize = accepted
        .iter()
        .map(|message| message.to_protobuf().len())
        .sum();
    assert!(
        accepted_bytes > 5 << 20,
        "hardly anything was let in: {accepted_bytes} bytes"
    );
    let peak = collector.peak_memory() >> 20;
    println!(
        "{peak} MiB at the peak, {} MiB accepted",
        accepted_bytes >> 20
    );
    assert!(
        peak < 3 * LIMIT,
        "{peak} MiB at the peak with a limit of {LIMIT}"
    );

    // The backend is back.
    sink.always(Answer::Take);
    let expected = Items::of(&accepted);
    sink.wait_for(expected.len()).await;
    // And so is room.
    let again = samples::large(1_000_000, 5, 10);
    wait::within("room", async {
        while http::export(collector.http(), &again).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    collector.stop().await;
    let mut expected = expected;
    expected.add(&again);
    sink.items().assert_is(&expected, "what was accepted");
}
