//! The Go collector as a peer: its exporters into our receiver, and ours into its.
//!
//! Needs the Go collector: `just peers`, then `tests/e2e/run peers`.

use headwater_e2e::{Binary, Items, Launch, Message, Signal, Sink, grpc, http, samples, yaml};

const OVER_GRPC: [&str; 4] = ["none", "gzip", "zstd", "snappy"];
const OVER_HTTP: [&str; 8] = [
    "none",
    "gzip",
    "zstd",
    "snappy",
    "x-snappy-framed",
    "deflate",
    "zlib",
    "lz4",
];

/// An exporter for each protocol and encoding, all to one peer, and their names.
fn exporters() -> (String, String) {
    let mut yaml = String::from("exporters:\n");
    let mut names = Vec::new();
    let queue = "    sending_queue:\n      enabled: false\n";
    for encoding in OVER_GRPC {
        let name = format!("otlp_grpc/{encoding}");
        yaml += &format!(
            "  {name}:\n    endpoint: ${{env:PEER_GRPC}}\n    compression: {encoding}\n    tls:\n      \
             insecure: true\n{queue}"
        );
        names.push(name);
    }
    for encoding in OVER_HTTP {
        let name = format!("otlp_http/{encoding}");
        yaml += &format!(
            "  {name}:\n    endpoint: http://${{env:PEER_HTTP}}\n    compression: {encoding}\n{queue}"
        );
        names.push(name);
    }
    (yaml, names.join(", "))
}

/// Sends everything from `from` to `to`, once per protocol and encoding, and on to a sink.
async fn every_way(from: &Binary, to: &Binary) {
    let sink = Sink::start().await;
    let to = Launch::of(to)
        .config(yaml::OTLP_IN)
        .config(yaml::HTTP_OUT)
        .config(&yaml::pipelines("", "otlp_http"))
        .env("SINK", sink.address())
        .start()
        .await;
    let (exporters, names) = exporters();
    let from = Launch::of(from)
        .config(yaml::OTLP_IN)
        .config(&exporters)
        .config(&yaml::pipelines("", &names))
        .env("PEER_GRPC", to.grpc())
        .env("PEER_HTTP", to.http())
        .start()
        .await;

    let messages: Vec<Message> = Signal::ALL
        .into_iter()
        .flat_map(|signal| {
            [
                samples::rich(signal, "peer"),
                samples::numbered(signal, 0, 1_000),
            ]
        })
        .collect();
    let client = grpc::Client::connect(from.grpc()).await.unwrap();
    for message in &messages {
        let answer = client.export(message).await.unwrap();
        assert_eq!(answer.code, Some(0), "over gRPC: {}", answer.message);
        let answer = http::export(from.http(), message).await;
        assert_eq!(answer.status, 200, "over HTTP: {}", answer.text());
    }
    from.stop().await;
    let over = async |transport| {
        let labels = [&*format!("transport=\"{transport}\"")];
        to.metrics()
            .await
            .sum("otelcol_receiver_accepted_spans", &labels)
    };
    let (over_grpc, over_http) = (over("grpc").await.unwrap(), over("http").await.unwrap());
    let ways = (OVER_GRPC.len() as f64, OVER_HTTP.len() as f64);
    assert_eq!(
        over_grpc * ways.1,
        over_http * ways.0,
        "every exporter has sent the same"
    );
    to.stop().await;
    let times = 2 * (OVER_GRPC.len() + OVER_HTTP.len());
    let expected = Items::of(std::iter::repeat_n(&messages, times).flatten());
    sink.items().assert_is(&expected, "everything once per way");
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn their_exporters_into_our_receiver() {
    every_way(&Binary::otelcol(), &Binary::headwater()).await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn our_exporters_into_their_receiver() {
    every_way(&Binary::headwater(), &Binary::otelcol()).await;
}
