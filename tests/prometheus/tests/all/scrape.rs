//! The `prometheus` receiver scrapes, the `prometheus_remote_write` exporter writes, PromQL answers;
//! a Prometheus that scrapes the same target itself says what the answer has to be.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::graph::Environment;
use headwater_core::{ComponentKind, Exporter, Outputs, Receiver, Signal};
use headwater_exporter_prometheus_remote_write as exporter;
use headwater_receiver_prometheus as receiver;
use headwater_testkit::{environment, host};
use prometheus_tests::{PATIENCE, Prometheus, free_port};

use crate::samples::now;

/// Every type that the text format has, labels that need escapes, special values.
const BODY: &str = r#"# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{path="/a \"b\" \\ ü",code="200"} 1027
http_requests_total{path="/",code="500"} 3
# TYPE queue_length gauge
queue_length -7.5
# TYPE infinite gauge
infinite +Inf
# TYPE latency_seconds histogram
latency_seconds_bucket{le="0.1"} 5
latency_seconds_bucket{le="1"} 8
latency_seconds_bucket{le="+Inf"} 9
latency_seconds_sum 3.25
latency_seconds_count 9
# TYPE gc_seconds summary
gc_seconds{quantile="0.5"} 0.125
gc_seconds{quantile="0.99"} 2
gc_seconds_sum 17
gc_seconds_count 40
without_a_type{a="b"} 12
"#;

/// A target whose page can change.
struct Target {
    address: SocketAddr,
    body: Arc<Mutex<String>>,
}

impl Target {
    fn new(body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let body = Arc::new(Mutex::new(body.to_owned()));
        let served = Arc::clone(&body);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.extend(byte);
                }
                let body = served.lock().unwrap().clone();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\
                     Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).ok();
            }
        });
        Self { address, body }
    }
}

/// The receiver and the exporter behind it.
struct Pipeline {
    environment: Environment,
    receiver: Arc<dyn Receiver>,
    exporter: Arc<dyn Exporter>,
}

impl Pipeline {
    /// Scrapes `target` every second as job `ours` and writes to `prometheus`.
    async fn start(target: SocketAddr, prometheus: &Prometheus) -> Self {
        let environment = environment();
        let host = host();

        let mut config = exporter::Config::default();
        config.client.endpoint = prometheus.write_url();
        let id = "prometheus_remote_write".parse().unwrap();
        let settings = environment.signal_settings(ComponentKind::Exporter, &id, Signal::Metrics);
        let exporter = exporter::factory()
            .build_exporter(settings, &config)
            .unwrap();
        exporter.start(&host).await.unwrap();

        let yaml = format!(
            "config:\n  scrape_configs:\n  - job_name: ours\n    scrape_interval: 1s\n    \
             scrape_timeout: 1s\n    static_configs: [{{targets: ['{target}']}}]\n"
        );
        let (config, _) = decode::<receiver::Config>(&yaml).unwrap();
        let settings =
            environment.settings(ComponentKind::Receiver, &"prometheus".parse().unwrap());
        let outputs = Outputs::new().with(Signal::Metrics, exporter.clone());
        let receiver = receiver::factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        receiver.start(&host).await.unwrap();
        Self {
            environment,
            receiver,
            exporter,
        }
    }

    async fn stop(self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        self.receiver.shutdown(deadline).await.unwrap();
        self.exporter.shutdown(deadline).await.unwrap();
        assert_eq!(self.environment.ledger.imbalance(), 0);
    }
}

/// A Prometheus that scrapes `target` itself, every second as job `direct`.
fn prometheus(target: SocketAddr) -> Option<Prometheus> {
    Prometheus::start(&format!(
        "scrape_configs: [{{job_name: direct, scrape_interval: 1s, scrape_timeout: 1s, \
         static_configs: [{{targets: ['{target}']}}]}}]\n"
    ))
}

/// The series of a job without job and scope, and their values now.
fn series(prometheus: &Prometheus, job: &str) -> BTreeMap<BTreeMap<String, String>, f64> {
    prometheus
        .query_at(&format!("{{job=\"{job}\"}}"), now())
        .into_iter()
        .map(|sample| {
            let mut labels = sample.labels;
            labels.remove("job");
            // As contrib's exporter, ours names the scope that a point came with: the receiver.
            labels.retain(|name, _| !name.starts_with("otel_scope_"));
            // Over protobuf, which Prometheus 2 asks for, it writes the bound 1 as 1.0.
            for bound in ["quantile", "le"] {
                if let Some(value) = labels.get_mut(bound) {
                    *value = value.trim_end_matches(".0").to_owned();
                }
            }
            (labels, sample.value)
        })
        .collect()
}

/// Waits until `done` says yes.
async fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Both jobs have the same series; what we add is `target_info`.
async fn same_series(prometheus: &Prometheus, least: usize) {
    let names = |job| -> Vec<BTreeMap<String, String>> {
        series(prometheus, job)
            .into_keys()
            .filter(|labels| labels["__name__"] != "target_info")
            .collect()
    };
    wait("both jobs have been scraped", || {
        names("direct").len() >= least && names("ours").len() >= least
    })
    .await;
    let (ours, direct) = (names("ours"), names("direct"));
    let odd = |some: &[BTreeMap<String, String>], others: &[BTreeMap<String, String>]| {
        let odd = some.iter().filter(|series| !others.contains(series));
        odd.cloned().collect::<Vec<_>>()
    };
    assert_eq!(odd(&ours, &direct), [], "only ours");
    assert_eq!(odd(&direct, &ours), [], "only those of Prometheus");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_target_has_the_series_that_prometheus_gives_it() {
    let target = Target::new(BODY);
    let Some(prometheus) = prometheus(target.address) else {
        return;
    };
    let pipeline = Pipeline::start(target.address, &prometheus).await;
    // 14 of the page and the five that a scrape adds.
    same_series(&prometheus, 19).await;
    let (ours, direct) = (series(&prometheus, "ours"), series(&prometheus, "direct"));
    for (labels, value) in &direct {
        // How long it took is not the same.
        if labels["__name__"] != "scrape_duration_seconds"
            && labels["__name__"] != "scrape_series_added"
        {
            assert_eq!(ours.get(labels), Some(value), "{labels:?}");
        }
    }
    pipeline.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_gone_is_gone_at_once() {
    let target = Target::new("a_metric 1\nanother 2\n");
    let Some(prometheus) = prometheus(target.address) else {
        return;
    };
    let pipeline = Pipeline::start(target.address, &prometheus).await;
    let has = |name: &str| {
        let expression = format!("{name}{{job=\"ours\"}}");
        prometheus.value_at(&expression, now())
    };
    wait("both are there", || {
        has("a_metric") == Some(1.0) && has("another") == Some(2.0)
    })
    .await;
    "a_metric 1\n".clone_into(&mut target.body.lock().unwrap());
    // Without a marker it would stay for five minutes.
    wait("one is gone", || has("another").is_none()).await;
    assert_eq!(has("a_metric"), Some(1.0));

    "not a metric at all {\n".clone_into(&mut target.body.lock().unwrap());
    wait("a scrape that fails ends all", || {
        has("a_metric").is_none() && has("up") == Some(0.0)
    })
    .await;
    pipeline.stop().await;
}

/// A running node_exporter: `$NODE_EXPORTER_BIN`, else Debian's.
struct NodeExporter(Child);

impl Drop for NodeExporter {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_node_exporter_has_the_series_that_prometheus_gives_it() {
    let program = std::env::var("NODE_EXPORTER_BIN")
        .unwrap_or_else(|_| "/usr/bin/prometheus-node-exporter".to_owned());
    let address = free_port();
    // What does not change from one scrape to the next.
    let collectors = ["loadavg", "meminfo", "cpu", "uname", "vmstat", "stat"];
    let mut command = Command::new(&program);
    command
        .arg(format!("--web.listen-address={address}"))
        .arg("--collector.disable-defaults")
        .args(collectors.map(|name| format!("--collector.{name}")))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let Some(prometheus) = prometheus(address) else {
        return;
    };
    let Ok(child) = command.spawn() else {
        assert!(
            std::env::var_os("PROMETHEUS_REQUIRED").is_none(),
            "{program} is missing"
        );
        return;
    };
    let node = NodeExporter(child);
    let pipeline = Pipeline::start(address, &prometheus).await;
    same_series(&prometheus, 100).await;
    pipeline.stop().await;
    drop(node);
}
