//! A job with everything settled.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::global::{default_escaping, given};
use super::{
    DiscoveryConfigs, GlobalConfig, HttpClientConfig, NameEscaping, NameValidation, PromDuration,
    ScrapeConfig, ScrapeProtocol,
};
use crate::relabel::{RelabelError, Rules};

/// A scrape configuration with what it inherits. Two jobs are equal if nothing about them differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its name: the default of the `job` label.
    pub name: Arc<str>,
    /// How often targets are scraped.
    pub scrape_interval: PromDuration,
    /// How long a scrape may take; at most the interval.
    pub scrape_timeout: PromDuration,
    /// The formats to ask for, most wanted first.
    pub scrape_protocols: Vec<ScrapeProtocol>,
    /// The format of answers that do not say it.
    pub fallback_scrape_protocol: Option<ScrapeProtocol>,
    /// Whether labels that a target shows win over those of the target.
    pub honor_labels: bool,
    /// Whether the timestamps that a target shows are used.
    pub honor_timestamps: bool,
    /// Whether series with timestamps become stale when they are gone.
    pub track_timestamps_staleness: bool,
    /// Parameters of the query.
    pub params: Vec<(String, Vec<String>)>,
    /// The path to ask for.
    pub metrics_path: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Whether bodies may be compressed with gzip.
    pub enable_compression: bool,
    /// What fails a scrape.
    pub limits: Limits,
    /// How many dropped targets are shown; 0 for as many as are kept.
    pub keep_dropped_targets: u64,
    /// Whether native histograms are wanted.
    pub scrape_native_histograms: bool,
    /// Whether classic histograms are kept besides native ones.
    pub always_scrape_classic_histograms: bool,
    /// Whether classic histograms become native ones with the same buckets.
    pub convert_classic_histograms_to_nhcb: bool,
    /// Whether every scrape reports its limits and the size of its body, too.
    pub extra_scrape_metrics: bool,
    /// Which names metrics and labels may have.
    pub name_validation: NameValidation,
    /// How targets are asked to write other names.
    pub name_escaping: NameEscaping,
    /// A file to which failed scrapes are logged; empty for none.
    pub scrape_failure_log_file: String,
    /// Where targets come from.
    pub discovery: DiscoveryConfigs,
    /// How requests are made and signed.
    pub http: HttpClientConfig,
    /// Rules for the labels of targets.
    pub relabel: Rules,
    /// Rules for the labels of samples.
    pub metric_relabel: Rules,
}

/// What fails a scrape as a whole. 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Bytes of the body, not compressed.
    pub body_size: u64,
    /// Samples after relabelling.
    pub samples: u64,
    /// Targets of the job.
    pub targets: u64,
    /// Labels of a sample.
    pub labels: u64,
    /// Bytes of a label's name.
    pub label_name_length: u64,
    /// Bytes of a label's value.
    pub label_value_length: u64,
    /// Buckets of a native histogram; one with more is made coarser first.
    pub native_histogram_buckets: u64,
    /// The least factor between buckets of a native histogram.
    pub native_histogram_min_bucket_factor: f64,
}

/// Why a scrape configuration is no job. None of these comes up for one that was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JobError {
    /// The timeout is longer than the interval.
    #[error("scrape timeout greater than scrape interval for scrape config with job name {job:?}")]
    Timeout {
        /// The job.
        job: String,
    },
    /// A rule cannot be used.
    #[error("relabelling of scrape config with job name {job:?}: {error}")]
    Relabel {
        /// The job.
        job: String,
        /// What is wrong.
        error: RelabelError,
    },
    /// Names are to be sent as they are, but may not be.
    #[error("utf8 metric names requested but validation scheme is not set to UTF8")]
    Escaping,
}

impl Job {
    /// Settles what `config` inherits from `global`.
    ///
    /// # Errors
    /// [`JobError`] if they do not fit together.
    pub fn new(config: &ScrapeConfig, global: &GlobalConfig) -> Result<Self, JobError> {
        let job = || config.job_name.to_string();
        let scrape_interval = given(config.scrape_interval).unwrap_or_else(|| global.interval());
        let scrape_timeout =
            given(config.scrape_timeout).unwrap_or_else(|| global.timeout().min(scrape_interval));
        if scrape_timeout > scrape_interval {
            return Err(JobError::Timeout { job: job() });
        }
        let (names, escaping) = naming(config, global);
        if escaping == NameEscaping::AllowUtf8 && names == NameValidation::Legacy {
            return Err(JobError::Escaping);
        }
        let native = config
            .scrape_native_histograms
            .unwrap_or(global.scrape_native_histograms);
        let protocols = config
            .scrape_protocols
            .as_ref()
            .or(global.scrape_protocols.as_ref());
        let scrape_protocols = match protocols {
            Some(protocols) => protocols.clone(),
            None if native => ScrapeProtocol::PROTO_FIRST.to_vec(),
            None => ScrapeProtocol::DEFAULT.to_vec(),
        };
        let relabel = |rules: &[_]| {
            Rules::new(rules, names).map_err(|error| JobError::Relabel { job: job(), error })
        };
        let params = config.params.iter().map(|(name, values)| {
            let values = values.iter().map(ToString::to_string).collect();
            (name.to_owned(), values)
        });
        let log_file = [
            &config.scrape_failure_log_file,
            &global.scrape_failure_log_file,
        ];
        let log_file = log_file.into_iter().find(|file| !file.is_empty());
        Ok(Self {
            name: config.job_name.as_str().into(),
            scrape_interval,
            scrape_timeout,
            scrape_protocols,
            fallback_scrape_protocol: config.fallback_scrape_protocol,
            honor_labels: config.honor_labels,
            honor_timestamps: config.honor_timestamps,
            track_timestamps_staleness: config.track_timestamps_staleness,
            params: params.collect(),
            metrics_path: config.metrics_path.to_string(),
            scheme: config.scheme.to_string(),
            enable_compression: config.enable_compression,
            limits: Limits::new(config, global),
            keep_dropped_targets: inherit(config.keep_dropped_targets, global.keep_dropped_targets),
            scrape_native_histograms: native,
            always_scrape_classic_histograms: config
                .always_scrape_classic_histograms
                .unwrap_or(global.always_scrape_classic_histograms),
            convert_classic_histograms_to_nhcb: config
                .convert_classic_histograms_to_nhcb
                .unwrap_or(global.convert_classic_histograms_to_nhcb),
            extra_scrape_metrics: config
                .extra_scrape_metrics
                .unwrap_or(global.extra_scrape_metrics),
            name_validation: names,
            name_escaping: escaping,
            scrape_failure_log_file: log_file.map(ToString::to_string).unwrap_or_default(),
            discovery: config.discovery.clone(),
            http: config.http.clone(),
            relabel: relabel(&config.relabel_configs)?,
            metric_relabel: relabel(&config.metric_relabel_configs)?,
        })
    }

    /// How often targets are scraped.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.scrape_interval.get()
    }

    /// How long a scrape may take.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.scrape_timeout.get()
    }

    /// The `Accept` header of its scrapes.
    #[must_use]
    pub fn accept(&self) -> String {
        ScrapeProtocol::accept(&self.scrape_protocols, self.name_escaping)
    }
}

impl Limits {
    fn new(config: &ScrapeConfig, global: &GlobalConfig) -> Self {
        Self {
            body_size: inherit(config.body_size_limit.0, global.body_size_limit.0),
            samples: inherit(config.sample_limit, global.sample_limit),
            targets: inherit(config.target_limit, global.target_limit),
            labels: inherit(config.label_limit, global.label_limit),
            label_name_length: inherit(
                config.label_name_length_limit,
                global.label_name_length_limit,
            ),
            label_value_length: inherit(
                config.label_value_length_limit,
                global.label_value_length_limit,
            ),
            native_histogram_buckets: config.native_histogram_bucket_limit,
            native_histogram_min_bucket_factor: config.native_histogram_min_bucket_factor,
        }
    }
}

const fn inherit(own: u64, global: u64) -> u64 {
    if own == 0 { global } else { own }
}

/// Which names a job has, and how others are escaped. Escaping follows the names where they are the
/// job's own, and `global` otherwise.
fn naming(config: &ScrapeConfig, global: &GlobalConfig) -> (NameValidation, NameEscaping) {
    let own = config.metric_name_validation_scheme;
    let names = own.unwrap_or(global.metric_name_validation_scheme);
    let escaping = config.metric_name_escaping_scheme.unwrap_or(match own {
        None => global.escaping(),
        Some(own) => default_escaping(own),
    });
    (names, escaping)
}
