//! What the user writes.

use std::collections::BTreeMap;
use std::time::Duration;

use headwater_core::config::{Config, Optional};
use headwater_exporting::{RetryConfig, SendingQueueConfig};
use headwater_transport::config::HttpClientConfig;

/// Configuration of the `loki` exporter. Sources: contrib `lokiexporter.Config` of all its
/// versions, and Alloy's `loki.write`, whose defaults count.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
pub struct LokiConfig {
    /// The keys of every HTTP client: `endpoint` (required, with its path, as
    /// `http://loki:3100/loki/api/v1/push`), `tls`, `headers`, `auth`, `timeout` (10s by default),
    /// … `compression` can only be `snappy`.
    #[config(squash)]
    pub client: HttpClientConfig,
    /// The queue before sending. On by default. More than one consumer sends faster, but then lines
    /// of a stream may overtake each other.
    pub sending_queue: Optional<SendingQueueConfig>,
    /// What happens to pushes that fail. On by default: first after 500ms, then after twice the
    /// time before, at most 5m.
    pub retry_on_failure: RetryConfig,
    /// How often a push is sent again at most; 0 for as long as
    /// `retry_on_failure::max_elapsed_time` says.
    #[config(alias = "max_backoff_retries")]
    pub max_retries: u32,
    /// Alloy's name of `retry_on_failure::initial_interval`.
    pub min_backoff_period: Option<Duration>,
    /// Alloy's name of `retry_on_failure::max_interval`.
    pub max_backoff_period: Option<Duration>,
    /// Whether a push is sent again that was refused because of a limit on the rate (429). Off: it
    /// is dropped, and other tenants need not wait for it.
    pub retry_on_http_429: bool,
    /// How long records wait for more at most. 0: not at all. Has no effect together with
    /// `sending_queue::batch`.
    pub batch_wait: Duration,
    /// How many bytes of records make a push. 0: each batch is sent at once. A push whose lines are
    /// more than twice as long is split. Unit: bytes.
    pub batch_size: u64,
    /// How many streams a push holds at most; more become several. 0: no limit.
    pub max_streams: u32,
    /// `protobuf` or `json`.
    pub encoding: Encoding,
    /// How lines are written: `json`, `logfmt`, `raw`. The attribute `loki.format` of a record or
    /// its resource comes first.
    pub format: Format,
    /// The name of the trace id in lines; without it `traceid` in JSON and `traceID` in logfmt. The
    /// derived field of most Grafana data sources looks for `traceID`.
    pub trace_id_key: String,
    /// Labels that records have without being asked for.
    pub default_labels_enabled: DefaultLabelsConfig,
    /// What else becomes a label.
    pub labels: LabelsConfig,
    /// Labels of every stream that does not have them.
    pub external_labels: BTreeMap<String, String>,
    /// What becomes structured metadata.
    pub structured_metadata: StructuredMetadataConfig,
    /// The header in which the tenant goes out: the one that a record or its resource names, else
    /// the one that a component has derived, else the header of this name that the client sent
    /// (its receiver needs `include_metadata: true`), else `tenant_id`. Empty: none.
    pub tenant_header: String,
    /// The tenant of everything that has none.
    pub tenant_id: String,
    /// Where the tenant comes from, as older versions have it.
    pub tenant: Optional<TenantConfig>,
    /// Warns of labels with too many values.
    pub cardinality: CardinalityConfig,
}

/// How pushes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Config)]
pub enum Encoding {
    /// Protobuf, compressed with snappy.
    #[default]
    Protobuf,
    /// JSON.
    Json,
}

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Config)]
pub enum Format {
    /// An object with everything that the record and its resource say.
    #[default]
    Json,
    /// The same as `key=value` pairs.
    Logfmt,
    /// The body.
    #[config(alias = "body")]
    Raw,
}

/// `default_labels_enabled`. Source: contrib `lokiexporter.Config`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct DefaultLabelsConfig {
    /// `exporter="OTLP"`.
    pub exporter: bool,
    /// `job`: the resource's `service.namespace/service.name`.
    pub job: bool,
    /// `instance`: the resource's `service.instance.id`.
    pub instance: bool,
    /// `level`: the record's attribute `level`, else its severity.
    pub level: bool,
}

impl Default for DefaultLabelsConfig {
    fn default() -> Self {
        Self {
            exporter: true,
            job: true,
            instance: true,
            level: true,
        }
    }
}

/// `labels`: attributes with the names of the labels that they become; the same if empty. Source:
/// contrib `lokiexporter.LabelsConfig` before v0.57.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct LabelsConfig {
    /// Attributes of resources.
    pub resource: BTreeMap<String, String>,
    /// Attributes of records.
    pub attributes: BTreeMap<String, String>,
    /// What else a record has.
    pub record: RecordLabelsConfig,
}

/// `labels::record`: the labels that fields of a record become; none without it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct RecordLabelsConfig {
    /// The trace id. Every trace is then a stream of its own: far too many for Loki.
    #[config(rename = "traceID")]
    pub trace_id: Option<String>,
    /// The span id. The same.
    #[config(rename = "spanID")]
    pub span_id: Option<String>,
    /// The severity as text.
    pub severity: Option<String>,
    /// The severity as a number.
    #[config(rename = "severityN")]
    pub severity_number: Option<String>,
}

/// `structured_metadata`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct StructuredMetadataConfig {
    /// What of the record itself: `trace_id`, `span_id`, `severity_text`, `severity_number`,
    /// `flags`, `observed_timestamp`, `scope_name`, `scope_version`, `event_name`.
    pub fields: Vec<MetadataField>,
    /// Which attributes of records, `*` for all that are not labels. They are then no part of the
    /// line.
    pub attributes: Vec<String>,
    /// Which attributes of resources, the same.
    pub resource: Vec<String>,
}

impl Default for StructuredMetadataConfig {
    fn default() -> Self {
        Self {
            fields: vec![MetadataField::TraceId, MetadataField::SpanId],
            attributes: Vec::new(),
            resource: Vec::new(),
        }
    }
}

/// What of a record itself can become structured metadata, under these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub enum MetadataField {
    /// The trace id.
    TraceId,
    /// The span id.
    SpanId,
    /// The severity as text.
    SeverityText,
    /// The severity as a number.
    SeverityNumber,
    /// The flags.
    Flags,
    /// When it was seen first. Unit: nanoseconds since 1970.
    ObservedTimestamp,
    /// The name of the scope.
    ScopeName,
    /// The version of the scope.
    ScopeVersion,
    /// The name of the event.
    EventName,
}

impl MetadataField {
    /// Its name in Loki.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::TraceId => "trace_id",
            Self::SpanId => "span_id",
            Self::SeverityText => "severity_text",
            Self::SeverityNumber => "severity_number",
            Self::Flags => "flags",
            Self::ObservedTimestamp => "observed_timestamp",
            Self::ScopeName => "scope_name",
            Self::ScopeVersion => "scope_version",
            Self::EventName => "event_name",
        }
    }
}

/// `tenant`. Source: contrib `lokiexporter.Tenant` before v0.57.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct TenantConfig {
    /// `static`: `value` is the tenant. `context`: `value` is the header that the client sends.
    /// `attributes`: `value` is an attribute of the resource.
    pub source: TenantSource,
    /// See `source`.
    pub value: String,
}

/// Where a tenant comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Config)]
pub enum TenantSource {
    /// The configuration.
    #[default]
    Static,
    /// A request header.
    Context,
    /// A resource attribute.
    #[config(alias = "attribute")]
    Attributes,
}

/// `cardinality`: when to warn. Loki takes 5,000 streams of a tenant by default.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct CardinalityConfig {
    /// From how many values of one label on, within `window`. 0: never.
    pub warn_label_values: u32,
    /// From how many streams on, within `window`. 0: never.
    pub warn_streams: u32,
    /// After what time counting begins anew.
    pub window: Duration,
}

impl Default for CardinalityConfig {
    fn default() -> Self {
        Self {
            warn_label_values: 1000,
            warn_streams: 4000,
            window: Duration::from_secs(3600),
        }
    }
}

impl Default for LokiConfig {
    fn default() -> Self {
        Self {
            client: HttpClientConfig {
                timeout: Duration::from_secs(10),
                write_buffer_size: 512 * 1024,
                ..HttpClientConfig::default()
            },
            sending_queue: Optional::Some(SendingQueueConfig {
                num_consumers: 1,
                ..SendingQueueConfig::default()
            }),
            retry_on_failure: RetryConfig {
                initial_interval: Duration::from_millis(500),
                multiplier: 2.0,
                max_interval: Duration::from_secs(300),
                max_elapsed_time: Duration::ZERO,
                ..RetryConfig::default()
            },
            max_retries: 10,
            min_backoff_period: None,
            max_backoff_period: None,
            retry_on_http_429: true,
            batch_wait: Duration::from_secs(1),
            batch_size: 1 << 20,
            max_streams: 0,
            encoding: Encoding::default(),
            format: Format::default(),
            trace_id_key: String::new(),
            default_labels_enabled: DefaultLabelsConfig::default(),
            labels: LabelsConfig::default(),
            external_labels: BTreeMap::new(),
            structured_metadata: StructuredMetadataConfig::default(),
            tenant_header: "X-Scope-OrgID".to_owned(),
            tenant_id: String::new(),
            tenant: Optional::Default(TenantConfig::default()),
            cardinality: CardinalityConfig::default(),
        }
    }
}
