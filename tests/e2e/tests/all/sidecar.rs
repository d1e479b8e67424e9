//! The sidecar example: what it promises, measured.

use std::fs;
use std::time::Duration;

use headwater_e2e::{Binary, Items, Launch, Signal, Sink, grpc, http, samples, wait};
use tokio::net::TcpStream;

const MIB: u64 = 1 << 20;

/// Unit: bytes. The design's budgets: the program, and its resident memory before any request.
const SIZE: u64 = 10 * MIB;
const IDLE: u64 = 8 * MIB;

/// As it is shipped: its own configuration, built in, and the environment of its Deployment.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn the_sidecar_is_small_and_forwards() {
    let binary = Binary::sidecar();
    let size = fs::metadata(&binary.path).unwrap().len();
    let sink = Sink::start().await;
    let launch = Launch::of(&binary);
    let (grpc, http) = (launch.grpc(), launch.http());
    let mut sidecar = launch
        .env("SIDECAR_GRPC", grpc)
        .env("SIDECAR_HTTP", http)
        .env("GATEWAY", sink.address())
        .env("POD_NAME", "shop-0")
        .env("POD_NAMESPACE", "store")
        .env("HEADWATER_WORKERS", 1)
        .spawn();
    // It logs warnings only, so a connection tells that it is up.
    for address in [grpc, http] {
        wait::within("the sidecar's start", async {
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
    let idle = sidecar.resident_memory();

    let traces = samples::rich(Signal::Traces, "shop");
    let client = grpc::Client::connect(grpc).await.unwrap();
    assert_eq!(client.export(&traces).await.unwrap().code, Some(0));
    let logs = samples::rich(Signal::Logs, "shop");
    assert_eq!(http::export(http, &logs).await.status, 200);
    let sent = Items::of([&traces, &logs]);
    let arrived = sink.wait_for(sent.len()).await;
    for name in ["shop-0", "store"] {
        assert_eq!(arrived.mentioning(name), sent.len(), "{name}");
    }
    let peak = sidecar.peak_memory();
    drop(client);
    sidecar.terminate();
    let finished = sidecar.end().await;
    assert_eq!(finished.code, Some(0), "{}", finished.log);
    // In a container it says that localhost is for its pod alone; that is meant here.
    let complaint = finished
        .log
        .lines()
        .find(|line| line.contains("Z\t") && !line.contains("127.0.0.1"));
    assert_eq!(complaint, None);

    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / MIB as f64);
    println!(
        "sidecar: program {}, resident {} idle, {} at the peak",
        mib(size),
        mib(idle),
        mib(peak)
    );
    assert!(size < SIZE, "the program has {size} bytes");
    assert!(idle < IDLE, "{idle} bytes resident when idle");
}
