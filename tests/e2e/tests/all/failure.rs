//! A backend that is down, slow, throttles, refuses or answers garbage: nothing that was accepted
//! is lost without being counted, and nothing arrives twice.

use std::collections::BTreeMap;
use std::time::Duration;

use headwater_e2e::{
    Answer, Binary, Collector, Items, Launch, Message, Signal, Sink, grpc, http, samples, wait,
    yaml,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The two exporters, each with a queue and quick retries.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Exporter {
    Grpc,
    Http,
}

impl Exporter {
    const BOTH: [Self; 2] = [Self::Grpc, Self::Http];

    const fn id(self) -> &'static str {
        match self {
            Self::Grpc => "otlp_grpc",
            Self::Http => "otlp_http",
        }
    }

    fn config(self) -> String {
        let (endpoint, tls) = match self {
            Self::Grpc => ("${env:SINK}", "    tls:\n      insecure: true\n"),
            Self::Http => ("http://${env:SINK}", ""),
        };
        let id = self.id();
        format!(
            "exporters:\n  {id}:\n    endpoint: {endpoint}\n    timeout: 2s\n{tls}    \
             retry_on_failure:\n      initial_interval: 50ms\n      max_interval: 200ms\n      \
             max_elapsed_time: 0s\n"
        )
    }

    fn launch(self, sink: &Sink) -> Launch {
        Launch::of(&Binary::headwater())
            .config(yaml::OTLP_IN)
            .config(&self.config())
            .config(&yaml::pipelines("", self.id()))
            .env("SINK", sink.address())
    }
}

/// Sends numbered requests of every signal, ten items each, and returns what was sent.
async fn send(collector: &Collector, requests: usize) -> Items {
    let client = grpc::Client::connect(collector.grpc()).await.unwrap();
    let mut sent = Items::default();
    for number in 0..requests {
        for signal in Signal::ALL {
            let message = samples::numbered(signal, number * 10, 10);
            let answer = client.export(&message).await.unwrap();
            assert_eq!(answer.code, Some(0), "{}", answer.message);
            sent.add(&message);
        }
    }
    sent
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_backend_that_is_down_gets_everything_once_it_is_up() {
    for exporter in Exporter::BOTH {
        let mut sink = Sink::start().await;
        sink.stop().await;
        let collector = exporter.launch(&sink).start().await;
        let sent = send(&collector, 20).await;
        let failures = |count| count >= 1.0;
        // It is known to be down before it comes up.
        collector.wait_for("Exporting failed. Will retry").await;
        sink.restart();
        sink.wait_for(sent.len()).await;
        collector
            .wait_for_metric("otelcol_exporter_sent_spans", &[], failures)
            .await;
        collector.stop().await;
        sink.items().assert_is(&sent, exporter.id());
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_backend_that_restarts_in_the_middle_gets_everything() {
    for exporter in Exporter::BOTH {
        let mut sink = Sink::start().await;
        let collector = exporter.launch(&sink).start().await;
        let first = send(&collector, 10).await;
        sink.wait_for(1).await;
        sink.stop().await;
        let client = grpc::Client::connect(collector.grpc()).await.unwrap();
        let late: Vec<Message> = (100..120)
            .map(|n| samples::numbered(Signal::Logs, n * 10, 10))
            .collect();
        for message in &late {
            assert_eq!(client.export(message).await.unwrap().code, Some(0));
        }
        sink.restart();
        let mut sent = first;
        late.iter().for_each(|message| sent.add(message));
        wait::until("everything", || {
            sent.without(&sink.items()).is_empty().then_some(())
        })
        .await;
        collector.stop().await;
        // What the backend took but could not acknowledge comes again: at least once.
        assert!(
            sink.items().without(&sent).len() <= sent.len(),
            "more than twice"
        );
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn what_is_refused_for_now_is_sent_again() {
    for exporter in Exporter::BOTH {
        let sink = Sink::start().await;
        let busy = [
            Answer::refuse(503, 14),
            Answer::refuse(502, 10),
            Answer::refuse(504, 4),
            Answer::refuse(429, 8).after(Duration::from_millis(1)),
        ];
        sink.next(busy.iter().cycle().take(12).cloned());
        let collector = exporter.launch(&sink).start().await;
        let sent = send(&collector, 3).await;
        sink.wait_for(sent.len()).await;
        collector.stop().await;
        sink.items().assert_is(&sent, exporter.id());
        assert_eq!(sink.requests().iter().filter(|one| !one.taken).count(), 12);
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_backend_that_throttles_is_left_alone_for_as_long_as_it_says() {
    for exporter in Exporter::BOTH {
        let sink = Sink::start().await;
        // Whole seconds, which HTTP wants.
        let delay = Duration::from_secs(2);
        sink.next([Answer::refuse(429, 8).after(delay)]);
        let collector = exporter.launch(&sink).start().await;
        let message = samples::rich(Signal::Traces, "throttled");
        assert_eq!(http::export(collector.http(), &message).await.status, 200);
        let requests = sink.wait_for_requests(2).await;
        let waited = requests[1].at - requests[0].at;
        assert!(waited >= delay, "{}: {waited:?}", exporter.id());
        collector.stop().await;
        sink.items()
            .assert_is(&Items::of([&message]), exporter.id());
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn what_is_refused_for_good_is_dropped_once_counted_and_logged() {
    for (exporter, refusal) in [
        (Exporter::Grpc, Answer::refuse(0, 3)),
        // Without a delay, being exhausted is for good.
        (Exporter::Grpc, Answer::refuse(0, 8)),
        (Exporter::Http, Answer::refuse(400, 0)),
        (Exporter::Http, Answer::refuse(500, 0)),
    ] {
        let sink = Sink::start().await;
        sink.next([refusal.clone()]);
        let collector = exporter.launch(&sink).start().await;
        let bad = samples::numbered(Signal::Traces, 0, 7);
        let good = samples::numbered(Signal::Traces, 100, 5);
        assert_eq!(http::export(collector.http(), &bad).await.status, 200);
        collector.wait_for("Exporting failed. Dropping data.").await;
        assert_eq!(http::export(collector.http(), &good).await.status, 200);
        sink.wait_for(5).await;
        let is = |wanted| move |value: f64| value == wanted;
        collector
            .wait_for_metric("otelcol_exporter_sent_spans", &[], is(5.0))
            .await;
        collector
            .wait_for_metric("otelcol_exporter_send_failed_spans", &[], is(7.0))
            .await;
        collector
            .wait_for_metric("otelcol_ledger_dropped_items", &[], is(7.0))
            .await;
        collector.stop().await;
        sink.items()
            .assert_is(&Items::of([&good]), &format!("{exporter:?} {refusal:?}"));
        assert_eq!(
            sink.requests().len(),
            2,
            "{exporter:?} {refusal:?}: tried again"
        );
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_backend_that_answers_garbage_does_no_harm() {
    for exporter in Exporter::BOTH {
        let sink = Sink::start().await;
        sink.next([Answer::Garbage]);
        let collector = exporter.launch(&sink).start().await;
        let garbled = samples::numbered(Signal::Logs, 0, 3);
        assert_eq!(http::export(collector.http(), &garbled).await.status, 200);
        sink.wait_for_requests(1).await;
        let good = samples::numbered(Signal::Logs, 100, 4);
        assert_eq!(http::export(collector.http(), &good).await.status, 200);
        sink.wait_for(4).await;
        collector.stop().await;
        sink.items().assert_is(&Items::of([&good]), exporter.id());
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_backend_that_never_answers_is_asked_again_after_the_timeout() {
    for exporter in Exporter::BOTH {
        let sink = Sink::start().await;
        sink.next([Answer::Never]);
        let collector = exporter.launch(&sink).start().await;
        let message = samples::numbered(Signal::Metrics, 0, 9);
        assert_eq!(http::export(collector.http(), &message).await.status, 200);
        sink.wait_for(9).await;
        collector.stop().await;
        sink.items()
            .assert_is(&Items::of([&message]), exporter.id());
        assert_eq!(sink.requests().len(), 2);
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_slow_backend_gets_everything() {
    for exporter in Exporter::BOTH {
        let sink = Sink::start().await;
        sink.always(Answer::Slowly(Duration::from_millis(100)));
        let collector = exporter.launch(&sink).start().await;
        let sent = send(&collector, 20).await;
        // Most of it is still queued: the shutdown waits for it.
        collector.stop().await;
        sink.items().assert_is(&sent, exporter.id());
    }
}

/// What listens does not speak HTTP: says something wrong, or closes at once.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_backend_of_another_kind_is_survived_and_what_is_lost_at_shutdown_is_counted() {
    for exporter in Exporter::BOTH {
        let sink = Sink::start().await;
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = other.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            for turn in 0.. {
                let (mut stream, _) = other.accept().await.unwrap();
                if turn % 2 == 0 {
                    stream
                        .write_all(b"220 mail.example.com ESMTP\r\n")
                        .await
                        .unwrap_or_default();
                    let mut buffer = [0; 1024];
                    _ = stream.read(&mut buffer).await;
                }
            }
        });
        let collector = exporter.launch(&sink).env("SINK", address).start().await;
        let message = samples::numbered(Signal::Traces, 0, 6);
        assert_eq!(http::export(collector.http(), &message).await.status, 200);
        collector.wait_for("Exporting failed. Will retry").await;
        let finished = collector.stop().await;
        // One last try at shutdown, then the books say what was lost.
        assert!(
            finished.log.contains("Exporting failed. Dropping data."),
            "{}",
            exporter.id()
        );
        let books = finished.log.lines().filter(|line| line.contains("Balance"));
        let id = format!("\"{}\"", exporter.id());
        let mut books = books.filter(|line| line.contains(&id) && line.contains("traces"));
        let balance = books.next().expect("a balance of the exporter");
        assert!(balance.contains("\"received\": 6"), "{balance}");
        assert!(balance.contains("\"dropped\": 6"), "{balance}");
        assert!(balance.contains("shutdown: 6"), "{balance}");
        serving.abort();
    }
}

/// What a client hears, for each thing that the backend says, when nothing is queued in between.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn without_a_queue_the_client_hears_what_the_backend_said() {
    let sink = Sink::start().await;
    let collector = Launch::of(&Binary::headwater())
        .config(yaml::OTLP_IN)
        .config(yaml::GRPC_OUT)
        .config("exporters:\n  otlp_grpc:\n    retry_on_failure:\n      enabled: false\n")
        .config(&yaml::pipelines("", "otlp_grpc"))
        .env("SINK", sink.address())
        .start()
        .await;
    let message = samples::numbered(Signal::Traces, 0, 1);
    let client = grpc::Client::connect(collector.grpc()).await.unwrap();
    let delay = Duration::from_secs(3);
    for (answer, code, status, retry) in [
        (Answer::Take, 0, 200, None),
        (Answer::refuse(0, 14), 14, 503, None),
        (Answer::refuse(0, 14).after(delay), 14, 503, Some(delay)),
        (Answer::refuse(0, 8).after(delay), 8, 429, Some(delay)),
        (Answer::refuse(0, 3), 3, 400, None),
        (Answer::refuse(0, 7), 7, 403, None),
        (Answer::refuse(0, 16), 16, 401, None),
        (Answer::refuse(0, 13), 13, 500, None),
    ] {
        sink.next([answer.clone(), answer.clone()]);
        let over_grpc = client.export(&message).await.unwrap();
        let over_http = http::export(collector.http(), &message).await;
        assert_eq!(over_grpc.code, Some(code), "{answer:?}");
        assert_eq!(over_grpc.retry_delay, retry, "{answer:?}");
        assert_eq!(over_http.status, status, "{answer:?}");
        let after = retry
            .map(|delay| delay.as_secs().to_string())
            .unwrap_or_default();
        assert_eq!(over_http.header("retry-after"), after, "{answer:?}");
    }
    collector.stop().await;
}

/// A full queue refuses, over both protocols, with a delay; what was accepted arrives exactly once,
/// what was refused does not.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_full_queue_says_so_and_keeps_what_it_took() {
    for exporter in Exporter::BOTH {
        let sink = Sink::start().await;
        sink.always(Answer::Never);
        let collector = exporter
            .launch(&sink)
            .set(
                &format!("exporters.{}.sending_queue.queue_size", exporter.id()),
                5,
            )
            .set(
                &format!("exporters.{}.sending_queue.num_consumers", exporter.id()),
                1,
            )
            .start()
            .await;
        let client = grpc::Client::connect(collector.grpc()).await.unwrap();
        let mut accepted = Items::default();
        let mut answers = BTreeMap::<String, usize>::new();
        for number in 0..20 {
            let message = samples::numbered(Signal::Traces, number * 2, 1);
            let answer = client.export(&message).await.unwrap();
            let delay = answer
                .retry_delay
                .is_some_and(|delay| delay > Duration::ZERO);
            *answers
                .entry(format!("{:?} {delay}", answer.code))
                .or_default() += 1;
            if answer.code == Some(0) {
                accepted.add(&message);
            }
            let message = samples::numbered(Signal::Traces, number * 2 + 1, 1);
            let answer = http::export(collector.http(), &message).await;
            let delay = !answer.header("retry-after").is_empty();
            *answers
                .entry(format!("{} {delay}", answer.status))
                .or_default() += 1;
            if answer.status == 200 {
                accepted.add(&message);
            }
        }
        assert!(
            answers.contains_key("Some(8) true"),
            "over gRPC: {answers:?}"
        );
        assert!(answers.contains_key("429 true"), "over HTTP: {answers:?}");
        assert_eq!(answers.len(), 4, "other answers: {answers:?}");
        assert!(
            (5..=7).contains(&accepted.len()),
            "accepted {}",
            accepted.len()
        );
        sink.always(Answer::Take);
        sink.wait_for(accepted.len()).await;
        collector.stop().await;
        sink.items().assert_is(&accepted, exporter.id());
    }
}
