//! The batch processor: the same items, in batches of the same sizes.

use std::collections::BTreeMap;

use headwater_e2e::{Items, Message, Signal, Sink, grpc, samples, yaml};

use super::Pair;

/// `send_batch_size`, `send_batch_max_size`, `timeout`. A long timeout leaves it to the sizes and
/// the shutdown.
const CASES: [(usize, usize, &str); 12] = [
    (10, 0, "1m"),
    (10, 10, "1m"),
    (10, 13, "1m"),
    (7, 7, "1m"),
    (7, 11, "1m"),
    (1, 1, "1m"),
    (2, 3, "1m"),
    (50, 51, "1m"),
    (8192, 0, "1m"),
    (0, 0, "1m"),
    (0, 7, "1m"),
    (10, 13, "0s"),
];

/// How many items each request has.
const REQUESTS: [usize; 12] = [1, 3, 25, 7, 100, 2, 10, 13, 1, 1, 64, 5];

fn config() -> String {
    let mut processors = String::from("processors:\n");
    let mut exporters = String::from("exporters:\n");
    let mut pipelines = String::from("service:\n  pipelines:\n");
    for (number, (size, max, timeout)) in CASES.into_iter().enumerate() {
        processors += &format!(
            "  batch/{number}:\n    send_batch_size: {size}\n    send_batch_max_size: {max}\n    \
             timeout: {timeout}\n"
        );
        exporters += &format!(
            "  otlp_http/{number}:\n    endpoint: http://${{env:SINK}}\n    compression: none\n    \
             headers:\n      case: \"{number}\"\n    sending_queue:\n      enabled: false\n"
        );
        for signal in Signal::ALL {
            pipelines += &format!(
                "    {}/{number}:\n      receivers: [otlp]\n      processors: [batch/{number}]\n      \
                 exporters: [otlp_http/{number}]\n",
                signal.name()
            );
        }
    }
    processors + &exporters + &pipelines
}

/// Items and batch sizes in order of size, by case and signal.
fn batches(sink: &Sink) -> BTreeMap<(usize, Signal), (Items, Vec<usize>)> {
    let mut cases = BTreeMap::<_, (Items, Vec<usize>)>::new();
    for request in sink.requests() {
        let case = request.header("case").parse().unwrap();
        let (items, sizes) = cases.entry((case, request.message.signal())).or_default();
        items.add(&request.message);
        sizes.push(request.items());
    }
    for (_, sizes) in cases.values_mut() {
        sizes.sort_unstable();
    }
    cases
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn batches_have_the_same_items_and_sizes() {
    let mut messages = Vec::<Message>::new();
    for signal in Signal::ALL {
        messages.push(samples::rich(signal, "batch"));
        let mut first = 0;
        for count in REQUESTS {
            messages.push(samples::numbered(signal, first, count));
            first += count;
        }
    }
    let pair = Pair::start(&[yaml::OTLP_IN, &config()]).await;
    for side in pair.sides() {
        let client = grpc::Client::connect(side.collector.grpc()).await.unwrap();
        for message in &messages {
            let answer = client.export(message).await.unwrap();
            assert_eq!(answer.code, Some(0), "{}", answer.message);
        }
    }
    let (ours, theirs) = pair.stop().await;
    let (ours, theirs) = (batches(&ours), batches(&theirs));
    let mut different = Vec::new();
    for (case, (size, max, timeout)) in CASES.into_iter().enumerate() {
        for signal in Signal::ALL {
            let sent = Items::of(messages.iter().filter(|message| message.signal() == signal));
            let (ours, theirs) = (&ours[&(case, signal)], &theirs[&(case, signal)]);
            let what = format!("{signal:?} with size {size}, at most {max}, {timeout}");
            // Theirs loses the `metadata` of a metric that it splits, ours keeps it.
            assert_eq!(theirs.0.len(), sent.len(), "theirs: {what}");
            ours.0.assert_is(&sent, &format!("ours: {what}"));
            if ours.1 != theirs.1 {
                different.push(format!(
                    "{what}:\n  theirs {:?}\n  ours   {:?}",
                    theirs.1, ours.1
                ));
            }
        }
    }
    assert!(
        different.is_empty(),
        "batch sizes differ:\n{}",
        different.join("\n")
    );
}

/// With `metadata_keys`, clients are kept apart, and a client beyond the limit is refused.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn batches_are_kept_apart_by_metadata() {
    let config = "
receivers:
  otlp:
    protocols:
      grpc:
        include_metadata: true
processors:
  batch:
    send_batch_size: 10
    send_batch_max_size: 10
    timeout: 1m
    metadata_keys: [X-Tenant, x-region]
    metadata_cardinality_limit: 4
";
    let pipelines = yaml::pipelines("batch", "otlp_http");
    let pair = Pair::start(&[yaml::OTLP_IN, yaml::HTTP_OUT, config, &pipelines]).await;
    let clients: [&[(&str, &str)]; 5] = [
        &[("x-tenant", "blue"), ("x-region", "eu")],
        &[("x-tenant", "red"), ("x-region", "eu")],
        &[("x-tenant", "blue")],
        &[("x-other", "x")],
        &[("x-tenant", "one too many")],
    ];
    let mut answers = Vec::new();
    for side in pair.sides() {
        let client = grpc::Client::connect(side.collector.grpc()).await.unwrap();
        let mut codes = Vec::new();
        // Four rounds: something is held for each client throughout. Ours would make room for the fifth
        // as soon as nothing is held for one of the others.
        for number in 0..20 {
            let which = number % clients.len();
            let message = samples::numbered(Signal::Traces, number * 4, 4);
            let body = grpc::frame(false, &message.to_protobuf());
            let call = client.call(Signal::Traces.method(), clients[which], body);
            codes.push((which, call.await.unwrap().code.unwrap()));
        }
        answers.push(codes);
    }
    assert_eq!(answers[0], answers[1], "ours and theirs");
    let refused = answers[0].iter().filter(|(_, code)| *code != 0);
    assert_eq!(refused.count(), 4, "{:?}", answers[0]);
    let (ours, theirs) = pair.stop().await;
    ours.items().assert_is(&theirs.items(), "items");
    let batches = |sink: &Sink| -> Vec<Items> {
        sink.requests()
            .iter()
            .map(|one| Items::of([&one.message]))
            .collect()
    };
    let (mut ours, theirs) = (batches(&ours), batches(&theirs));
    // Four clients with five requests of four items each, ten at a time.
    assert_eq!((ours.len(), theirs.len()), (8, 8));
    for batch in theirs {
        let same = ours.iter().position(|ours| *ours == batch);
        ours.swap_remove(same.expect("each of their batches is one of ours"));
    }
}
