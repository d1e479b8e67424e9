//! The `prometheus` receiver with the `prometheus_remote_write` exporter behind it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::graph::Environment;
use headwater_core::{ComponentKind, Exporter, Outputs, Receiver, Signal};
use headwater_exporter_prometheus_remote_write as exporter;
use headwater_receiver_prometheus as receiver;
use headwater_testkit::{environment, host};
use prometheus_tests::Prometheus;

/// A job that scrapes `target` every second, for Prometheus and for the receiver; `keys` are more
/// keys of the job, each with a comma before it.
pub(crate) fn job(name: &str, target: SocketAddr, keys: &str) -> String {
    format!(
        "{{job_name: {name}, scrape_interval: 1s, scrape_timeout: 1s, \
         static_configs: [{{targets: ['{target}']}}]{keys}}}"
    )
}

/// A started receiver and the exporter behind it.
pub(crate) struct Pipeline {
    environment: Environment,
    receiver: Arc<dyn Receiver>,
    exporter: Arc<dyn Exporter>,
}

impl Pipeline {
    /// With this job, to `prometheus`.
    pub(crate) async fn start(job: &str, prometheus: &Prometheus) -> Self {
        Self::changed(job, prometheus, |_| {}).await
    }

    /// The same with another configuration of the exporter.
    pub(crate) async fn changed(
        job: &str,
        prometheus: &Prometheus,
        change: impl FnOnce(&mut exporter::Config),
    ) -> Self {
        let yaml = format!("config: {{scrape_configs: [{job}]}}");
        let (config, _) = decode::<receiver::Config>(&yaml).unwrap();
        let mut written = exporter::Config::default();
        written.client.endpoint = prometheus.write_url();
        change(&mut written);
        Self::of(&config, &written).await
    }

    /// With these configurations.
    pub(crate) async fn of(config: &receiver::Config, written: &exporter::Config) -> Self {
        let environment = environment();
        let host = host();
        let id = "prometheus_remote_write".parse().unwrap();
        let settings = environment.signal_settings(ComponentKind::Exporter, &id, Signal::Metrics);
        let exporter = exporter::factory()
            .build_exporter(settings, written)
            .unwrap();
        exporter.start(&host).await.unwrap();

        let settings =
            environment.settings(ComponentKind::Receiver, &"prometheus".parse().unwrap());
        let outputs = Outputs::new().with(Signal::Metrics, exporter.clone());
        let receiver = receiver::factory()
            .build_receiver(settings, config, outputs)
            .unwrap();
        receiver.start(&host).await.unwrap();
        Self {
            environment,
            receiver,
            exporter,
        }
    }

    pub(crate) async fn stop(self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        self.receiver.shutdown(deadline).await.unwrap();
        self.exporter.shutdown(deadline).await.unwrap();
        assert_eq!(self.environment.ledger.imbalance(), 0);
        for (component, balance) in self.environment.ledger.balances() {
            assert_eq!(
                balance.dropped.values().sum::<u64>(),
                0,
                "{component:?}: {balance:?}"
            );
        }
    }
}
