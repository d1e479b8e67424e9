//! The hub with the configuration of its ConfigMap, while its backends fail one after the other.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use headwater_e2e::{Binary, Collector, Items, Launch, Signal, Sink, binary, grpc, samples, wait};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{JoinHandle, JoinSet};

/// A backend that takes pushes of snappy: Loki, or Prometheus.
struct Push {
    address: SocketAddr,
    /// Finds the numbers of [`samples::numbered`] in a push.
    numbers: fn(&[u8]) -> Vec<usize>,
    taken: Arc<Mutex<Vec<usize>>>,
    server: JoinHandle<()>,
}

impl Push {
    fn start(numbers: fn(&[u8]) -> Vec<usize>) -> Self {
        let taken = Arc::<Mutex<Vec<usize>>>::default();
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0)));
        Self {
            address: listener.local_addr().unwrap(),
            numbers,
            server: tokio::spawn(serve(listener, numbers, Arc::clone(&taken))),
            taken,
        }
    }

    /// Stops listening and cuts every connection.
    async fn stop(&mut self) {
        self.server.abort();
        while !self.server.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    fn restart(&mut self) {
        let listener = listen(self.address);
        self.server = tokio::spawn(serve(listener, self.numbers, Arc::clone(&self.taken)));
    }

    fn taken(&self) -> Vec<usize> {
        let mut taken = self.taken.lock().unwrap().clone();
        taken.sort_unstable();
        taken
    }
}

fn listen(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket.listen(128).unwrap()
}

async fn serve(
    listener: TcpListener,
    numbers: fn(&[u8]) -> Vec<usize>,
    taken: Arc<Mutex<Vec<usize>>>,
) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let taken = Arc::clone(&taken);
        let service = service_fn(move |request: Request<Incoming>| {
            let taken = Arc::clone(&taken);
            async move {
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let plain = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
                taken.lock().unwrap().extend(numbers(&plain));
                let mut answer = Response::new(Empty::<Bytes>::new());
                *answer.status_mut() = StatusCode::NO_CONTENT;
                Ok::<_, Infallible>(answer)
            }
        });
        connections.spawn(async move {
            let http = hyper::server::conn::http1::Builder::new();
            drop(http.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

/// The numbers that stand behind each `marker`, after `skip` bytes.
fn behind(push: &[u8], marker: &[u8], skip: usize) -> Vec<usize> {
    let starts = (0..push.len()).filter(|at| push[*at..].starts_with(marker));
    starts
        .map(|at| {
            let rest = push[at + marker.len() + skip..].iter();
            let digits: Vec<u8> = rest.copied().take_while(u8::is_ascii_digit).collect();
            String::from_utf8(digits).unwrap().parse().unwrap()
        })
        .collect()
}

/// Lines of logs say their number.
fn of_lines(push: &[u8]) -> Vec<usize> {
    behind(push, b"line ", 0)
}

/// A label's message: its name, then its value behind a tag and a length.
fn of_series(push: &[u8]) -> Vec<usize> {
    behind(push, b"\x0a\x06number\x12", 1)
}

/// The hub and all its backends.
struct Setup {
    hub: Collector,
    client: grpc::Client,
    tempo: Sink,
    loki: Push,
    prometheus: Push,
    spans: Items,
    sent: usize,
}

impl Setup {
    async fn start() -> Self {
        let path = binary::root().join("distributions/hub/k8s/configmap.yaml");
        let manifest = std::fs::read_to_string(path).unwrap();
        let (_, block) = manifest.split_once("  config.yaml: |\n").unwrap();
        let lines: Vec<_> = block
            .lines()
            .map_while(|line| match line.strip_prefix("    ") {
                None if line.is_empty() => Some(""),
                inner => inner,
            })
            .collect();
        let tempo = Sink::start().await;
        let (loki, prometheus) = (Push::start(of_lines), Push::start(of_series));
        let launch = Launch::of(&Binary::hub())
            .config(&lines.join("\n"))
            .env("MY_POD_IP", "127.0.0.1")
            .env("TEMPO_ENDPOINT", tempo.address())
            .env("LOKI_ENDPOINT", format!("http://{}/push", loki.address))
            .env(
                "PROMETHEUS_ENDPOINT",
                format!("http://{}/write", prometheus.address),
            )
            // There is no cluster.
            .set(
                "receivers.prometheus.config.scrape_configs",
                "[{job_name: none}]",
            );
        let (grpc, http) = (launch.grpc(), launch.http());
        let quick = ["tempo", "loki", "prometheus_remote_write"];
        let launch = quick.iter().fold(launch, |launch, exporter| {
            let retry = format!("exporters.{exporter}.retry_on_failure");
            launch
                .set(&format!("{retry}.initial_interval"), "50ms")
                .set(&format!("{retry}.max_interval"), "200ms")
        });
        let hub = launch
            .set("receivers.otlp.protocols.grpc.endpoint", grpc)
            .set("receivers.otlp.protocols.http.endpoint", http)
            .set(
                "extensions.health_check.endpoint",
                headwater_e2e::ports::free(),
            )
            .start()
            .await;
        Self {
            client: grpc::Client::connect(hub.grpc()).await.unwrap(),
            hub,
            tempo,
            loki,
            prometheus,
            spans: Items::default(),
            sent: 0,
        }
    }

    /// Sends more of every signal; the hub takes it whatever its backends do.
    async fn send(&mut self) {
        for _ in 0..10 {
            for signal in Signal::ALL {
                let message = samples::numbered(signal, self.sent, 10);
                let answer = self.client.export(&message).await.unwrap();
                assert_eq!(answer.code, Some(0), "{}", answer.message);
                if signal == Signal::Traces {
                    self.spans.add(&message);
                }
            }
            self.sent += 10;
        }
    }

    async fn has_all_spans(&self) {
        self.tempo
            .wait_for(self.sent)
            .await
            .assert_is(&self.spans, "Tempo");
    }

    async fn has_all(&self, backend: &Push, name: &str) {
        wait::until(format!("everything at {name}"), || {
            (backend.taken().len() >= self.sent).then_some(())
        })
        .await;
        let all: Vec<usize> = (0..self.sent).collect();
        assert_eq!(backend.taken(), all, "each once at {name}");
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn backends_that_fail_one_after_the_other_do_not_touch_each_other_and_nothing_is_lost() {
    let mut setup = Setup::start().await;
    setup.send().await;
    setup.has_all_spans().await;
    setup.has_all(&setup.loki, "Loki").await;
    setup.has_all(&setup.prometheus, "Prometheus").await;

    let without_spans = setup.tempo.taken();
    setup.tempo.stop().await;
    setup.send().await;
    setup.has_all(&setup.loki, "Loki").await;
    setup.has_all(&setup.prometheus, "Prometheus").await;
    assert_eq!(setup.tempo.taken(), without_spans);

    let without_logs = setup.loki.taken().len();
    setup.loki.stop().await;
    setup.send().await;
    setup.has_all(&setup.prometheus, "Prometheus").await;
    assert_eq!(setup.loki.taken().len(), without_logs);

    setup.prometheus.stop().await;
    setup.send().await;
    // All of it waits now.
    let failures = |sum| sum >= 1.0;
    for exporter in ["tempo", "loki", "prometheus_remote_write"] {
        let label = format!("exporter=\"{exporter}\"");
        let queue = "otelcol_exporter_queue_size";
        setup.hub.wait_for_metric(queue, &[&label], failures).await;
    }

    setup.prometheus.restart();
    setup.has_all(&setup.prometheus, "Prometheus").await;
    setup.tempo.restart();
    setup.has_all_spans().await;
    setup.loki.restart();
    setup.has_all(&setup.loki, "Loki").await;

    setup.send().await;
    setup.has_all_spans().await;
    setup.has_all(&setup.loki, "Loki").await;
    setup.has_all(&setup.prometheus, "Prometheus").await;
    setup.hub.stop().await;
}
