//! What the user writes.

use std::collections::BTreeMap;
use std::time::Duration;

use headwater_core::config::{Config, Node, Optional, Validation};
use headwater_exporting::{Backlog, RetryConfig, SendingQueueConfig, Sizer};
use headwater_prometheus::remote_write::Message;
use headwater_prometheus::translate::{
    ExplicitHistograms, NameError, Options, ResourceLabels, ResourceToTelemetryConfig, Strategy,
    TranslationStrategy, label_name,
};
use headwater_transport::config::{CompressionType, HttpClientConfig};
use http::HeaderName;

/// Configuration of the `prometheus_remote_write` exporter. Source: Go
/// `prometheusremotewriteexporter.Config`.
#[derive(Debug, Clone, Config)]
#[config(
    validate = Self::check,
    decoded = Self::settle,
    removed(
        key = "export_created_metric",
        help = "starts of counters are part of remote write 2.0: write `protobuf_message: io.prometheus.write.v2.Request`"
    )
)]
pub struct PrometheusRemoteWriteConfig {
    /// The keys of every HTTP client: `endpoint` (required), `tls`, `headers`, `auth`, `timeout`
    /// (5s by default), … `compression` can only be `snappy`.
    #[config(squash)]
    pub client: HttpClientConfig,
    /// The same keys in a section of their own, as newer versions have them. With it the others have no
    /// effect.
    pub http: Optional<HttpClientConfig>,
    /// What happens to requests that fail. On by default, first after 50ms.
    pub retry_on_failure: RetryConfig,
    /// What every metric's name begins with; a `_` follows.
    pub namespace: String,
    /// Labels of every series that does not have them.
    pub external_labels: BTreeMap<String, String>,
    /// The queue before translating and sending.
    pub remote_write_queue: RemoteWriteQueueConfig,
    /// How long a request may be before it is compressed; 0 for the default. Unit: bytes.
    pub max_batch_size_bytes: u64,
    /// How many requests of a batch are sent at the same time. Without it
    /// `remote_write_queue::num_consumers`.
    pub max_batch_request_parallelism: Option<u32>,
    /// Whether units and types become suffixes of names. No effect with `translation_strategy`.
    pub add_metric_suffixes: bool,
    /// How names are translated: `UnderscoreEscapingWithSuffixes`,
    /// `UnderscoreEscapingWithoutSuffixes`, `NoUTF8EscapingWithSuffixes` or `NoTranslation`. The
    /// last two need remote write 2.0.
    pub translation_strategy: Option<TranslationStrategy>,
    /// Makes labels of resource attributes.
    pub resource_to_telemetry_conversion: ResourceToTelemetryConfig,
    /// Which resource attributes become labels of every series.
    pub resource_constant_labels: ResourceConstantLabelsConfig,
    /// The metric `target_info`, which holds the resource's attributes.
    pub target_info: TargetInfoConfig,
    /// Leaves out the labels `otel_scope_name`, `otel_scope_version` and those of the scope's
    /// attributes.
    pub disable_scope_info: bool,
    /// Whether requests of 1.0 carry metadata; those of 2.0 always do.
    pub send_metadata: bool,
    /// `prometheus.WriteRequest` (remote write 1.0) or `io.prometheus.write.v2.Request` (2.0).
    pub protobuf_message: ProtobufMessage,
    /// Whether histograms with explicit bounds become native ones with custom buckets.
    pub convert_explicit_histograms_to_nhcb: bool,
    /// Whether they are then sent in the classic form, too. No effect without the key above.
    pub keep_classic_histograms: bool,
    /// Headers of the clients' requests that are sent on with what came with them; their receivers need
    /// `include_metadata: true`.
    pub include_metadata_keys: Vec<String>,
    /// The write-ahead log. There is none: what waits is in memory, which a warning says.
    pub wal: Optional<WalConfig>,
    /// The header in which the tenant of a batch goes out, for example `X-Scope-OrgID`: the
    /// tenant that a component has derived, else the header of this name that the client sent
    /// (its receiver needs `include_metadata: true`). Empty: none. Headwater's own key.
    pub tenant_header: String,
    /// How many series are remembered with their encoded labels; what goes beyond is forgotten
    /// and only costs time. Headwater's own key.
    pub series_cache_size: u32,
}

/// `remote_write_queue`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct RemoteWriteQueueConfig {
    /// Whether there is a queue. Without it senders wait for the answer.
    pub enabled: bool,
    /// How many batches it holds. When one more comes, the oldest is dropped (`queue_full`).
    pub queue_size: i64,
    /// How many bytes it holds, as OTLP, besides what is being sent. When more come, the oldest are
    /// dropped. Headwater's own key.
    pub max_bytes: u64,
    /// How soon a request may follow the one before as long as less than 256 KiB wait: what comes
    /// meanwhile goes with it. The first after a pause is sent at once. 0: never wait, but merge what
    /// waits anyway. Headwater's own key.
    pub merge_interval: Duration,
    /// How many requests of a batch are sent at the same time, unless
    /// `max_batch_request_parallelism` says it. Batches are always sent one after the other.
    pub num_consumers: i64,
}

impl Default for RemoteWriteQueueConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            queue_size: 10_000,
            max_bytes: 256 << 20,
            merge_interval: Duration::from_millis(100),
            num_consumers: 5,
        }
    }
}

/// `wal`: where the Collector keeps what waits on disk. Source: Go `prometheusremotewriteexporter.WALConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct WalConfig {
    /// The folder.
    pub directory: String,
    /// How many requests are read from it at once.
    pub buffer_size: i64,
    /// How often what was sent is removed.
    pub truncate_frequency: Duration,
    /// How often its lag is measured.
    pub lag_record_frequency: Duration,
}

impl Default for WalConfig {
    fn default() -> Self {
        Self {
            directory: String::new(),
            buffer_size: 300,
            truncate_frequency: Duration::from_secs(60),
            lag_record_frequency: Duration::from_secs(15),
        }
    }
}

/// `resource_constant_labels`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct ResourceConstantLabelsConfig {
    /// Names of attributes that become labels; `*` and `?` stand for any letters.
    pub included: Vec<String>,
    /// Names of attributes that do not, even if they are included; without any that are, all others
    /// become labels.
    pub excluded: Vec<String>,
}

impl ResourceConstantLabelsConfig {
    const fn is_empty(&self) -> bool {
        self.included.is_empty() && self.excluded.is_empty()
    }
}

/// `target_info`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct TargetInfoConfig {
    /// Whether it is sent.
    pub enabled: bool,
}

impl Default for TargetInfoConfig {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// Which message requests are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Config)]
pub enum ProtobufMessage {
    /// Remote write 1.0.
    #[default]
    #[config(rename = "prometheus.WriteRequest")]
    V1,
    /// Remote write 2.0.
    #[config(rename = "io.prometheus.write.v2.Request")]
    V2,
}

/// Source: Go `prometheusremotewriteexporter`; it means "nobody has written one".
const PLACEHOLDER: &str = "http://some.url:9411/api/prom/push";
/// Headers that the protocol, or the connection, decides about.
const RESERVED: [&str; 8] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "user-agent",
    "x-prometheus-remote-write-version",
];
const MAX_BATCH_SIZE: u64 = 3_000_000;
/// Up to which size batches that wait are sent together, as OTLP: some 1,500 samples, as much as a
/// scrape is handed on at once. More saves little and needs larger buffers.
const MERGE_BYTES: usize = 256 << 10;

fn default_client() -> HttpClientConfig {
    HttpClientConfig {
        endpoint: PLACEHOLDER.to_owned(),
        timeout: Duration::from_secs(5),
        write_buffer_size: 512 * 1024,
        ..HttpClientConfig::default()
    }
}

impl Default for PrometheusRemoteWriteConfig {
    fn default() -> Self {
        Self {
            client: default_client(),
            http: Optional::Default(default_client()),
            retry_on_failure: RetryConfig {
                initial_interval: Duration::from_millis(50),
                ..RetryConfig::default()
            },
            namespace: String::new(),
            external_labels: BTreeMap::new(),
            remote_write_queue: RemoteWriteQueueConfig::default(),
            max_batch_size_bytes: MAX_BATCH_SIZE,
            max_batch_request_parallelism: None,
            add_metric_suffixes: true,
            translation_strategy: None,
            resource_to_telemetry_conversion: ResourceToTelemetryConfig::default(),
            resource_constant_labels: ResourceConstantLabelsConfig::default(),
            target_info: TargetInfoConfig::default(),
            disable_scope_info: false,
            send_metadata: false,
            protobuf_message: ProtobufMessage::default(),
            convert_explicit_histograms_to_nhcb: false,
            keep_classic_histograms: false,
            include_metadata_keys: Vec::new(),
            wal: Optional::Default(WalConfig::default()),
            tenant_header: String::new(),
            series_cache_size: 1_000_000,
        }
    }
}

impl PrometheusRemoteWriteConfig {
    fn settle(&mut self, _: &Node) {
        if self.max_batch_size_bytes == 0 {
            self.max_batch_size_bytes = MAX_BATCH_SIZE;
        }
    }

    /// The client's keys, wherever they were written.
    pub(crate) fn http_client(&self) -> &HttpClientConfig {
        self.http.as_ref().unwrap_or(&self.client)
    }

    fn check(&self, v: &mut Validation<'_>) {
        self.check_client(v);
        let queue = &self.remote_write_queue;
        if queue.queue_size < 0 {
            v.error(
                "remote_write_queue::queue_size",
                "remote write queue size can't be negative",
            );
        } else if queue.enabled && queue.queue_size == 0 {
            v.error(
                "remote_write_queue::queue_size",
                "a 0 size queue will drop all the data",
            );
        }
        if queue.num_consumers < 0 {
            v.error(
                "remote_write_queue::num_consumers",
                "remote write consumer number can't be negative",
            );
        }
        if self.max_batch_request_parallelism == Some(0) {
            v.error(
                "max_batch_request_parallelism",
                "max_batch_request_parallelism can't be set to below 1",
            );
        }
        for (name, value) in &self.external_labels {
            if name.is_empty() || value.is_empty() {
                v.error(
                    "external_labels",
                    "external labels configuration contains an empty key or value",
                );
            }
        }
        if let Err(error) = self.external_labels() {
            v.error("external_labels", error.to_string());
        }
        self.check_names(v);
        if self.wal.is_some() {
            v.warning(
                "wal",
                "there is no write-ahead log: what waits for the backend is in memory, and is lost \
                 when the process ends without its time to shut down",
            )
            .help(
                "leave it out; `remote_write_queue::max_bytes` says how much waits while the backend \
                 is away, then the oldest is dropped and counted",
            );
        }
        if queue.enabled && queue.max_bytes == 0 {
            v.error(
                "remote_write_queue::max_bytes",
                "a queue without room for a byte would drop all the data",
            );
        }
        self.check_headers(v);
        if !self.resource_to_telemetry_conversion.is_empty()
            && !self.resource_constant_labels.is_empty()
        {
            v.error(
                "resource_constant_labels",
                "cannot configure both resource_to_telemetry_conversion and resource_constant_labels",
            )
            .help("leave out `resource_to_telemetry_conversion`, which is the older of the two");
        }
        if self.series_cache_size == 0 {
            v.error("series_cache_size", "must be positive");
        }
    }

    fn check_client(&self, v: &mut Validation<'_>) {
        let (section, client) = match self.http.as_ref() {
            Some(http) => ("http::", http),
            None => ("", &self.client),
        };
        if self.http.is_some() && self.client.endpoint != PLACEHOLDER {
            v.warning("endpoint", "has no effect: the keys of `http` count")
                .help("write all of the client's keys into `http`");
        }
        if client.endpoint.is_empty() || client.endpoint == PLACEHOLDER {
            v.error(
                &format!("{section}endpoint"),
                "requires a non-empty \"endpoint\"",
            )
            .help("write `endpoint: http://host:9090/api/v1/write`");
        }
        if !matches!(
            client.compression,
            CompressionType::None | CompressionType::Snappy
        ) {
            v.error(
                &format!("{section}compression"),
                "compression type must be snappy",
            );
        }
    }

    fn check_names(&self, v: &mut Validation<'_>) {
        if !TranslationStrategy::is_given(self.translation_strategy) {
            return;
        }
        if !self.add_metric_suffixes {
            v.warning(
                "add_metric_suffixes",
                "has no effect: `translation_strategy` says how names are written",
            );
        }
        if !self.strategy().escape && self.protobuf_message == ProtobufMessage::V1 {
            v.error(
                "translation_strategy",
                "names that are not escaped need remote write 2.0",
            )
            .help("write `protobuf_message: io.prometheus.write.v2.Request`");
        }
    }

    fn strategy(&self) -> Strategy {
        TranslationStrategy::resolve(self.translation_strategy, self.add_metric_suffixes)
    }

    fn external_labels(&self) -> Result<Vec<(String, String)>, NameError> {
        let rule = self.strategy().label_rule();
        self.external_labels
            .iter()
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, value)| Ok((label_name(rule, name)?, value.clone())))
            .collect()
    }

    fn resource_labels(&self) -> ResourceLabels {
        if self.resource_constant_labels.is_empty() {
            return self.resource_to_telemetry_conversion.labels();
        }
        let ResourceConstantLabelsConfig { included, excluded } = &self.resource_constant_labels;
        ResourceLabels::matching(included, excluded)
    }

    fn check_headers(&self, v: &mut Validation<'_>) {
        if !self.tenant_header.is_empty() && self.tenant_header.parse::<HeaderName>().is_err() {
            v.error("tenant_header", "is not the name of a header");
        }
        for (index, key) in self.include_metadata_keys.iter().enumerate() {
            let at = format!("include_metadata_keys::{index}");
            match key.parse::<HeaderName>() {
                Err(_) => {
                    v.error(&at, "is not the name of a header");
                }
                Ok(name) if RESERVED.contains(&name.as_str()) => {
                    let message = format!("{key:?} collides with a header of every request");
                    v.error(&at, message);
                }
                Ok(_) => {}
            }
        }
    }

    /// What the translation does.
    pub(crate) fn options(&self) -> Options {
        Options {
            namespace: self.namespace.clone(),
            strategy: self.strategy(),
            each_underscore: false,
            // Names that cannot be used have been reported.
            external_labels: self.external_labels().unwrap_or_default(),
            scope_labels: !self.disable_scope_info,
            target_info: self.target_info.enabled,
            resource_labels: self.resource_labels(),
            explicit_histograms: match (
                self.convert_explicit_histograms_to_nhcb,
                self.keep_classic_histograms,
            ) {
                (false, _) => ExplicitHistograms::Classic,
                (true, false) => ExplicitHistograms::Native,
                (true, true) => ExplicitHistograms::Both,
            },
            metadata: self.send_metadata,
            series_cache_size: self.series_cache_size as usize,
        }
    }

    /// Which message it begins with.
    pub(crate) const fn message(&self) -> Message {
        match self.protobuf_message {
            ProtobufMessage::V1 => Message::V1,
            ProtobufMessage::V2 => Message::V2,
        }
    }

    /// How many requests of a batch are sent at the same time.
    pub(crate) fn parallelism(&self) -> usize {
        let requests = match self.max_batch_request_parallelism {
            Some(requests) => requests as usize,
            None => usize::try_from(self.remote_write_queue.num_consumers).unwrap_or(1),
        };
        requests.max(1)
    }

    /// The queue; its one consumer keeps the order.
    pub(crate) fn queue(&self) -> Optional<SendingQueueConfig> {
        let queue = &self.remote_write_queue;
        let config = SendingQueueConfig {
            queue_size: u64::try_from(queue.queue_size).unwrap_or(1),
            num_consumers: 1,
            sizer: Sizer::Requests,
            ..SendingQueueConfig::default()
        };
        if queue.enabled {
            Optional::Some(config)
        } else {
            Optional::None
        }
    }

    /// How the queue treats what waits.
    pub(crate) fn backlog(&self) -> Backlog {
        let queue = &self.remote_write_queue;
        Backlog {
            max_bytes: usize::try_from(queue.max_bytes).unwrap_or(usize::MAX),
            merge_bytes: MERGE_BYTES,
            merge_interval: queue.merge_interval,
        }
    }
}
