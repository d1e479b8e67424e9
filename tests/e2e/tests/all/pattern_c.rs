//! pattern-c: out of the box, and with the configuration of its ConfigMap.

use std::fs;

use headwater_e2e::{Binary, Collector, Launch, Signal, binary, grpc, http, ports, samples};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A target that always shows this page.
async fn target(page: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.unwrap_or(0) > 0
            {
            }
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
            stream.write_all(answer.as_bytes()).await.ok();
        }
    });
    address
}

/// As it is shipped, but for its ports.
async fn out_of_the_box(launch: Launch) -> Collector {
    let (grpc, http) = (launch.grpc(), launch.http());
    launch
        .set("receivers.otlp.protocols.grpc.endpoint", grpc)
        .set("receivers.otlp.protocols.http.endpoint", http)
        .set("extensions.health_check.endpoint", ports::free())
        .start()
        .await
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn it_scrapes_a_local_target_and_takes_otlp() {
    let target = target("# TYPE orders counter\norders_total{shop=\"a\"} 7\n").await;
    let launch = Launch::of(&Binary::pattern_c()).env("SCRAPE_TARGET", target);
    let collector = out_of_the_box(launch).await;

    let traces = samples::rich(Signal::Traces, "from-ebpf");
    let client = grpc::Client::connect(collector.grpc()).await.unwrap();
    assert_eq!(client.export(&traces).await.unwrap().code, Some(0));
    let metrics = samples::rich(Signal::Metrics, "from-ebpf");
    assert_eq!(http::export(collector.http(), &metrics).await.status, 200);

    for text in ["orders_total", "shop=a", "up{"] {
        collector.wait_for(text).await;
    }
    let scraped = r#"receiver="prometheus""#;
    for (name, receiver) in [
        ("otelcol_receiver_accepted_metric_points", scraped),
        (
            "otelcol_receiver_accepted_metric_points",
            r#"receiver="otlp""#,
        ),
        ("otelcol_receiver_accepted_spans", r#"receiver="otlp""#),
    ] {
        collector
            .wait_for_metric(name, &[receiver], |sum| sum > 0.0)
            .await;
    }
    // There are no logs in this pattern.
    let logs = samples::rich(Signal::Logs, "from-ebpf");
    assert_eq!(http::export(collector.http(), &logs).await.status, 404);
    collector.stop().await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn the_configuration_of_its_config_map_is_valid() {
    let path = binary::root().join("distributions/pattern-c/k8s/configmap.yaml");
    let manifest = fs::read_to_string(path).unwrap();
    let (_, block) = manifest.split_once("  config.yaml: |\n").unwrap();
    let lines = block
        .lines()
        .map(|line| line.strip_prefix("    ").unwrap_or(line));
    let text = lines.collect::<Vec<_>>().join("\n");
    let finished = Launch::of(&Binary::pattern_c())
        .arg("validate")
        .config(&text)
        .env("MY_POD_IP", "127.0.0.1")
        .run()
        .await;
    assert_eq!(finished.code, Some(0), "{}{}", finished.out, finished.log);
    assert_eq!(finished.log.trim(), "", "no warnings");
}
