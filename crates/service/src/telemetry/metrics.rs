//! `service::telemetry::metrics`.

use headwater_core::config::{Config, NameValues, Node, Opaque, Validation};
use headwater_core::telemetry::Level;

/// Where a reader listens if nothing else is said.
const DEFAULT_HOST: &str = "localhost";
const DEFAULT_PORT: u16 = 8888;

/// The section `metrics`.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
pub struct MetricsConfig {
    /// How much is shown; `none` also closes the endpoint. Default: normal.
    pub level: MetricsLevel,
    /// Where metrics can be had. Default: one Prometheus endpoint on localhost:8888. A given
    /// list replaces it.
    pub readers: Vec<ReaderConfig>,
    /// Changes of names, buckets and attributes.
    #[config(ignored = "the built-in views stay")]
    pub views: Vec<Node>,
    /// Where the only reader listens, as `host:port`.
    #[config(
        alias = "metrics_address",
        deprecated = "write `readers` with a pull exporter"
    )]
    pub address: Option<String>,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            level: MetricsLevel::default(),
            readers: vec![ReaderConfig::prometheus(DEFAULT_HOST, DEFAULT_PORT)],
            views: Vec::new(),
            address: None,
        }
    }
}

impl MetricsConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.level == MetricsLevel::None {
            return;
        }
        if self.readers.is_empty() {
            validation.error(
                "readers",
                "collector telemetry metrics reader should exist when metric level is not none",
            );
        }
        if !self.views.is_empty() && self.level != MetricsLevel::Detailed {
            validation.error("views", "views can only be set when level is `detailed`");
        }
        if let Some(address) = &self.address {
            let warning = if parse_address(address).is_none() {
                validation.error("address", "expected `host:port`")
            } else if validation.is_set("readers") {
                validation.error("address", "cannot be set together with `readers`")
            } else {
                validation.warning("address", "`address` is an old spelling")
            };
            warning.help(
                "write `readers: [{pull: {exporter: {prometheus: {host: localhost, port: 8888}}}}]`",
            );
        }
    }

    /// The readers that are wanted; those of an old `address` included.
    pub(crate) fn effective_readers(&self) -> Vec<ReaderConfig> {
        if self.level == MetricsLevel::None {
            return Vec::new();
        }
        match self.address.as_deref().and_then(parse_address) {
            Some((host, port)) => vec![ReaderConfig::prometheus(host, port)],
            None => self.readers.clone(),
        }
    }
}

/// `:8888` means every address.
fn parse_address(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((
        if host.is_empty() { "0.0.0.0" } else { host },
        port.parse().ok()?,
    ))
}

/// How much is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
#[config(case_insensitive)]
pub enum MetricsLevel {
    /// Nothing.
    None,
    /// What every deployment needs.
    Basic,
    /// The usual.
    #[default]
    #[config(alias = "")]
    Normal,
    /// Everything.
    Detailed,
}

impl From<MetricsLevel> for Level {
    fn from(level: MetricsLevel) -> Self {
        match level {
            MetricsLevel::None => Self::None,
            MetricsLevel::Basic => Self::Basic,
            MetricsLevel::Normal => Self::Normal,
            MetricsLevel::Detailed => Self::Detailed,
        }
    }
}

/// One reader: `pull` or `periodic`.
#[derive(Debug, Clone, Default, Config)]
#[config(validate = Self::check)]
pub struct ReaderConfig {
    /// An endpoint that others read from.
    pub pull: Option<PullConfig>,
    /// Sends at an interval.
    pub periodic: Option<PeriodicConfig>,
}

impl ReaderConfig {
    fn prometheus(host: &str, port: u16) -> Self {
        let prometheus = PrometheusConfig {
            host: Some(host.to_owned()),
            port: Some(port),
            ..PrometheusConfig::default()
        };
        Self {
            pull: Some(PullConfig {
                exporter: PullExporter {
                    prometheus: Some(prometheus),
                },
            }),
            periodic: None,
        }
    }

    fn check(&self, validation: &mut Validation<'_>) {
        match (&self.pull, &self.periodic) {
            (Some(_), Some(_)) => {
                validation.error("", "a reader is either `pull` or `periodic`, not both");
            }
            (None, None) => {
                validation.error("", "a reader needs `pull` or `periodic`");
            }
            (Some(pull), None) if pull.exporter.prometheus.is_none() => {
                validation.error(
                    "pull",
                    "no valid exporter: write `exporter: {prometheus: …}`",
                );
            }
            (None, Some(periodic)) => match &periodic.exporter {
                PeriodicExporter {
                    otlp: None,
                    console: None,
                } => {
                    validation.error("periodic", "no valid exporter: write `exporter: {otlp: …}`");
                }
                _ => {
                    validation
                        .warning("periodic", "periodic readers do not send yet")
                        .help("scrape the Prometheus endpoint instead");
                }
            },
            _ => {}
        }
    }
}

/// An endpoint that others read from.
#[derive(Debug, Clone, Default, Config)]
pub struct PullConfig {
    /// What speaks there.
    pub exporter: PullExporter,
}

/// What speaks at a pull endpoint.
#[derive(Debug, Clone, Default, Config)]
pub struct PullExporter {
    /// Prometheus text under `/metrics`.
    pub prometheus: Option<PrometheusConfig>,
}

/// A Prometheus endpoint.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
pub struct PrometheusConfig {
    /// The name or address to listen on. Required.
    pub host: Option<String>,
    /// The port. Required; 0 takes a free one.
    pub port: Option<u16>,
    /// Leaves the labels `otel_scope_…` out. Default: true.
    pub without_scope_info: bool,
    /// Leaves `_total` out of the names of counters. Default: true. Setting this or
    /// `without_units` to false brings both kinds of suffixes back, as upstream.
    pub without_type_suffix: bool,
    /// Leaves units out of the names. Default: true.
    pub without_units: bool,
    /// Which attributes of the resource every series carries as labels. Default: none.
    pub with_resource_constant_labels: Option<ConstantLabels>,
}

impl Default for PrometheusConfig {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            without_scope_info: true,
            without_type_suffix: true,
            without_units: true,
            with_resource_constant_labels: None,
        }
    }
}

impl PrometheusConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        for (key, set) in [("host", self.host.is_some()), ("port", self.port.is_some())] {
            if !set {
                validation.error("", format!("`{key}` must be specified"));
            }
        }
    }

    /// Whether names carry suffixes.
    pub(crate) const fn suffixes(&self) -> bool {
        !(self.without_type_suffix && self.without_units)
    }
}

/// A choice of resource attributes; `*` in a name stands for any letters.
#[derive(Debug, Clone, Default, Config)]
pub struct ConstantLabels {
    /// Attributes to take; none means all.
    pub included: Vec<String>,
    /// Attributes not to take.
    pub excluded: Vec<String>,
}

/// A reader that sends at an interval.
#[derive(Debug, Clone, Default, Config)]
pub struct PeriodicConfig {
    /// Milliseconds between two sends. Default: 60000.
    pub interval: Option<u64>,
    /// Milliseconds that a send may take. Default: 30000.
    pub timeout: Option<u64>,
    /// Where it sends.
    pub exporter: PeriodicExporter,
}

/// Where a periodic reader sends.
#[derive(Debug, Clone, Default, Config)]
pub struct PeriodicExporter {
    /// An OTLP backend.
    pub otlp: Option<OtlpReaderConfig>,
    /// The standard output.
    pub console: Option<Node>,
}

/// An OTLP backend of own telemetry.
#[derive(Debug, Clone, Default, Config)]
pub struct OtlpReaderConfig {
    /// `http/protobuf` or `grpc`.
    pub protocol: Option<String>,
    /// Where it is.
    pub endpoint: Option<String>,
    /// Without TLS.
    pub insecure: Option<bool>,
    /// Headers to send, as a list of `{name, value}` or as a map.
    pub headers: NameValues,
    /// Headers as one string, `a=1,b=2`.
    pub headers_list: Option<Opaque>,
    /// The file of the authority that signed the backend's certificate.
    pub certificate: Option<String>,
    /// The file of the own certificate.
    pub client_certificate: Option<String>,
    /// The file of its key.
    pub client_key: Option<String>,
    /// `gzip` or `none`.
    pub compression: Option<String>,
    /// Milliseconds that a request may take.
    pub timeout: Option<u64>,
    /// `cumulative`, `delta` or `lowmemory`.
    pub temporality_preference: Option<String>,
    /// `explicit_bucket_histogram` or `base2_exponential_bucket_histogram`.
    pub default_histogram_aggregation: Option<String>,
}
