//! Every encoding, in and out, with the codecs' own crates on the other side.

use headwater_e2e::http::Request;
use headwater_e2e::{Binary, Encoding, Items, Launch, Message, Signal, Sink, grpc, samples, yaml};

fn messages() -> Vec<Message> {
    let both = |signal| {
        [
            samples::rich(signal, "packed"),
            samples::numbered(signal, 0, 500),
        ]
    };
    Signal::ALL.into_iter().flat_map(both).collect()
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn every_encoding_comes_in_over_http() {
    let sink = Sink::start().await;
    let collector = Launch::of(&Binary::headwater())
        .config(yaml::OTLP_IN)
        .config(yaml::GRPC_OUT)
        .config(&yaml::pipelines("", "otlp_grpc"))
        .env("SINK", sink.address())
        .start()
        .await;
    let mut sent = Items::default();
    for encoding in [
        Encoding::None,
        Encoding::Gzip,
        Encoding::Zstd,
        Encoding::Snappy,
        Encoding::Deflate,
        Encoding::Lz4,
    ] {
        for message in messages() {
            let request = Request::protobuf(message.signal(), message.to_protobuf());
            let answer = request
                .encoded(encoding)
                .send(collector.http())
                .await
                .unwrap();
            assert_eq!(answer.status, 200, "{encoding:?}: {}", answer.text());
            sent.add(&message);
        }
    }
    collector.stop().await;
    sink.items().assert_is(&sent, "what was packed");
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn every_encoding_goes_out() {
    let names = [
        "none",
        "gzip",
        "zstd",
        "snappy",
        "x-snappy-framed",
        "deflate",
        "zlib",
        "lz4",
    ];
    for (exporter, out, names) in [
        ("otlp_http", yaml::HTTP_OUT, &names[..]),
        ("otlp_grpc", yaml::GRPC_OUT, &names[..4]),
    ] {
        for name in names {
            let sink = Sink::start().await;
            let collector = Launch::of(&Binary::headwater())
                .config(yaml::OTLP_IN)
                .config(out)
                .config(&yaml::pipelines("", exporter))
                .set(&format!("exporters.{exporter}.compression"), name)
                .env("SINK", sink.address())
                .start()
                .await;
            let client = grpc::Client::connect(collector.grpc()).await.unwrap();
            let messages = messages();
            for message in &messages {
                let answer = client.export(message).await.unwrap();
                assert_eq!(
                    answer.code,
                    Some(0),
                    "{exporter} {name}: {}",
                    answer.message
                );
            }
            collector.stop().await;
            sink.items()
                .assert_is(&Items::of(&messages), &format!("{exporter} {name}"));
            let header = if exporter == "otlp_grpc" {
                "grpc-encoding"
            } else {
                "content-encoding"
            };
            // Two names for one format; the one of HTTP's own registry is used.
            let expected = if *name == "zlib" { "deflate" } else { name };
            for request in sink.requests() {
                let said = request.header(header);
                let plain = *name == "none" && matches!(said, "" | "identity");
                assert!(plain || said == expected, "{exporter} {name} said {said:?}");
            }
        }
    }
}
