//! An entry of `scrape_configs`.

use headwater_core::config::{Config, OrderedMap, Validation};

use super::global::check_protocols;
use super::keys::OtherKeys;
use super::{
    ByteSize, DiscoveryConfigs, HttpClientConfig, NameEscaping, NameValidation, PromDuration,
    ScrapeProtocol,
};
use crate::relabel::RelabelConfig;
use crate::text::Text;

/// A job: where its targets come from and how they are scraped.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct ScrapeConfig {
    /// The `job` label of its targets. Required, and unique.
    pub job_name: Text,
    /// Whether labels that a target shows win over those of the target; otherwise they are renamed to
    /// `exported_<name>`.
    pub honor_labels: bool,
    /// Whether the timestamps that a target shows are used.
    pub honor_timestamps: bool,
    /// Whether series with timestamps become stale when they are gone.
    pub track_timestamps_staleness: bool,
    /// Parameters of the query.
    pub params: OrderedMap<Vec<Text>>,
    /// How often targets are scraped. Without it that of `global`.
    pub scrape_interval: Option<PromDuration>,
    /// How long a scrape may take. Without it that of `global`, or the interval if that is shorter.
    pub scrape_timeout: Option<PromDuration>,
    /// The formats to ask for, most wanted first. Without it those of `global`.
    pub scrape_protocols: Option<Vec<ScrapeProtocol>>,
    /// The format of answers that do not say it. The receiver takes PrometheusText0.0.4 if none is
    /// given.
    pub fallback_scrape_protocol: Option<ScrapeProtocol>,
    /// Whether native histograms are wanted. Without it as `global` says.
    pub scrape_native_histograms: Option<bool>,
    /// Whether classic histograms are kept besides native ones. Without it as `global` says.
    #[config(
        alias = "scrape_classic_histograms",
        deprecated = "write `always_scrape_classic_histograms`"
    )]
    pub always_scrape_classic_histograms: Option<bool>,
    /// Whether classic histograms become native ones with the same buckets. Without it as `global`
    /// says.
    pub convert_classic_histograms_to_nhcb: Option<bool>,
    /// A file to which failed scrapes are logged. Without it that of `global`.
    pub scrape_failure_log_file: Text,
    /// The path to ask for.
    pub metrics_path: Text,
    /// `http` or `https`.
    pub scheme: Text,
    /// Whether bodies may be compressed with gzip.
    pub enable_compression: bool,
    /// The longest body, not compressed; a longer one fails the scrape. 0 for that of `global`.
    pub body_size_limit: ByteSize,
    /// How many samples a scrape may have after relabelling; more fail it. 0 for that of `global`.
    pub sample_limit: u64,
    /// How many targets there may be; more fail all of them. 0 for that of `global`.
    pub target_limit: u64,
    /// How many labels a sample may have; more fail the scrape. 0 for that of `global`.
    pub label_limit: u64,
    /// How long the name of a label may be, in bytes; a longer one fails the scrape. 0 for that of
    /// `global`.
    pub label_name_length_limit: u64,
    /// How long the value of a label may be, in bytes; a longer one fails the scrape. 0 for that of
    /// `global`.
    pub label_value_length_limit: u64,
    /// How many buckets a native histogram may have; one with more gets a lower resolution, and if
    /// that does not help, the scrape fails. 0 for any number.
    pub native_histogram_bucket_limit: u64,
    /// The least factor from one bucket of a native histogram to the next; histograms with a smaller
    /// one get a lower resolution.
    pub native_histogram_min_bucket_factor: f64,
    /// How many dropped targets are shown. 0 for that of `global`.
    pub keep_dropped_targets: u64,
    /// Which names metrics and labels may have. Without it as `global` says.
    pub metric_name_validation_scheme: Option<NameValidation>,
    /// How targets are asked to write other names. Without it as `global` says.
    pub metric_name_escaping_scheme: Option<NameEscaping>,
    /// Whether every scrape reports its limits and the size of its body, too. Without it as `global`
    /// says.
    pub extra_scrape_metrics: Option<bool>,
    /// Where targets come from.
    #[config(squash)]
    pub discovery: DiscoveryConfigs,
    /// How requests are made and signed.
    #[config(squash)]
    pub http: HttpClientConfig,
    /// Rules for the labels of targets.
    pub relabel_configs: Vec<RelabelConfig>,
    /// Rules for the labels of samples.
    pub metric_relabel_configs: Vec<RelabelConfig>,
    /// Takes the keys that do not exist, which are mistakes.
    #[config(rest)]
    pub others: OtherKeys,
}

impl Default for ScrapeConfig {
    fn default() -> Self {
        Self {
            job_name: Text::default(),
            honor_labels: false,
            honor_timestamps: true,
            track_timestamps_staleness: false,
            params: OrderedMap::new(),
            scrape_interval: None,
            scrape_timeout: None,
            scrape_protocols: None,
            fallback_scrape_protocol: None,
            scrape_native_histograms: None,
            always_scrape_classic_histograms: None,
            convert_classic_histograms_to_nhcb: None,
            scrape_failure_log_file: Text::default(),
            metrics_path: "/metrics".into(),
            scheme: "http".into(),
            enable_compression: true,
            body_size_limit: ByteSize(0),
            sample_limit: 0,
            target_limit: 0,
            label_limit: 0,
            label_name_length_limit: 0,
            label_value_length_limit: 0,
            native_histogram_bucket_limit: 0,
            native_histogram_min_bucket_factor: 0.0,
            keep_dropped_targets: 0,
            metric_name_validation_scheme: None,
            metric_name_escaping_scheme: None,
            extra_scrape_metrics: None,
            discovery: DiscoveryConfigs::default(),
            http: HttpClientConfig::default(),
            relabel_configs: Vec::new(),
            metric_relabel_configs: Vec::new(),
            others: OtherKeys,
        }
    }
}

impl ScrapeConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.job_name.is_empty() {
            v.error("job_name", "job_name is empty");
        }
        if let Some(protocols) = &self.scrape_protocols {
            check_protocols(protocols, v);
        }
        // Without rules that could make an address of it, a URL cannot be a target.
        if self.relabel_configs.is_empty() {
            for (index, group) in self.discovery.static_configs.iter().enumerate() {
                for (target, address) in group.targets.iter().enumerate() {
                    if address.contains('/') {
                        let at = format!("static_configs::{index}::targets::{target}");
                        v.error(
                            &at,
                            format!("{:?} is not a valid hostname", address.as_str()),
                        )
                        .help("write `host:port`; the path is `metrics_path`");
                    }
                }
            }
        }
    }
}
