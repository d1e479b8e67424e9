//! What the user writes.

use std::collections::BTreeMap;
use std::time::Duration;

use headwater_core::config::{Config, Optional, Validation};
use headwater_exporting::SendingQueueConfig;
use headwater_prometheus::translate::{
    NameError, Options, ResourceToTelemetryConfig, Strategy, TranslationStrategy, label_name,
};
use headwater_transport::config::HttpServerConfig;

/// Configuration of the `prometheus` exporter. Source: Go `prometheusexporter.Config`.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
pub struct PrometheusConfig {
    /// The keys of every HTTP server. `endpoint` is required; the page is `/metrics`.
    #[config(squash)]
    pub server: HttpServerConfig,
    /// What every metric's name begins with; a `_` follows.
    pub namespace: String,
    /// Labels of every series.
    pub const_labels: BTreeMap<String, String>,
    /// Whether samples carry the time of their point.
    pub send_timestamps: bool,
    /// How long a series is shown after its last point.
    pub metric_expiration: Duration,
    /// Makes labels of resource attributes.
    pub resource_to_telemetry_conversion: ResourceToTelemetryConfig,
    /// Whether OpenMetrics is offered; exemplars and starts are shown there only (and in
    /// protobuf).
    pub enable_open_metrics: bool,
    /// Leaves out the labels of the scope.
    pub without_scope_info: bool,
    /// Whether units and types become suffixes of names. No effect with `translation_strategy`.
    pub add_metric_suffixes: bool,
    /// How names are translated: `UnderscoreEscapingWithSuffixes`,
    /// `UnderscoreEscapingWithoutSuffixes`, `NoUTF8EscapingWithSuffixes` or `NoTranslation`.
    pub translation_strategy: Option<TranslationStrategy>,
    /// A queue before it, which nothing here needs. Off by default.
    pub sending_queue: Optional<SendingQueueConfig>,
    /// How many series are shown at most; points of further ones are dropped. Headwater's own
    /// key.
    pub max_series: u32,
}

impl Default for PrometheusConfig {
    fn default() -> Self {
        Self {
            server: HttpServerConfig::new(""),
            namespace: String::new(),
            const_labels: BTreeMap::new(),
            send_timestamps: false,
            metric_expiration: Duration::from_secs(300),
            resource_to_telemetry_conversion: ResourceToTelemetryConfig::default(),
            enable_open_metrics: false,
            without_scope_info: false,
            add_metric_suffixes: true,
            translation_strategy: None,
            sending_queue: Optional::Default(SendingQueueConfig::default()),
            max_series: 1_000_000,
        }
    }
}

impl PrometheusConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.server.address.endpoint.is_empty() {
            v.error(
                "endpoint",
                "expecting a non-blank address to run the Prometheus metrics handler",
            )
            .help("write `endpoint: 0.0.0.0:8889`");
        }
        if let Err(error) = self.const_labels() {
            v.error("const_labels", error.to_string());
        }
        if TranslationStrategy::is_given(self.translation_strategy) && !self.add_metric_suffixes {
            v.warning(
                "add_metric_suffixes",
                "has no effect: `translation_strategy` says how names are written",
            );
        }
        if self.max_series == 0 {
            v.error("max_series", "must be positive");
        }
    }

    fn strategy(&self) -> Strategy {
        TranslationStrategy::resolve(self.translation_strategy, self.add_metric_suffixes)
    }

    fn const_labels(&self) -> Result<Vec<(String, String)>, NameError> {
        let rule = Options {
            strategy: self.strategy(),
            each_underscore: true,
            ..Options::default()
        }
        .label_rule();
        self.const_labels
            .iter()
            .map(|(name, value)| Ok((label_name(rule, name)?, value.clone())))
            .collect()
    }

    /// What the translation does.
    pub(crate) fn options(&self) -> Options {
        Options {
            namespace: self.namespace.clone(),
            strategy: self.strategy(),
            each_underscore: true,
            // Names that cannot be used have been reported.
            external_labels: self.const_labels().unwrap_or_default(),
            scope_labels: !self.without_scope_info,
            resource_labels: self.resource_to_telemetry_conversion.labels(),
            ..Options::default()
        }
    }
}
