//! `global`: what jobs inherit.

use headwater_core::config::{Config, OrderedMap, Validation};

use super::{ByteSize, NameEscaping, NameValidation, PromDuration, ScrapeProtocol};
use crate::text::Text;

/// `global`: what every job has unless it says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct GlobalConfig {
    /// How often targets are scraped. Without it 1m.
    pub scrape_interval: Option<PromDuration>,
    /// How long a scrape may take. Without it 10s, or the interval if that is shorter.
    pub scrape_timeout: Option<PromDuration>,
    /// The formats to ask for, most wanted first.
    pub scrape_protocols: Option<Vec<ScrapeProtocol>>,
    /// How often rules are evaluated. Without it 1m.
    #[config(ignored = "there are no rules here")]
    pub evaluation_interval: Option<PromDuration>,
    /// How far rules look back.
    #[config(ignored = "there are no rules here")]
    pub rule_query_offset: PromDuration,
    /// Where queries are logged.
    #[config(ignored = "there are no queries here")]
    pub query_log_file: Text,
    /// A file to which failed scrapes are logged.
    pub scrape_failure_log_file: Text,
    /// Labels of every series; they replace those that a target has. `$NAME` and `${NAME}` are
    /// environment variables.
    pub external_labels: OrderedMap<Text>,
    /// The longest body, not compressed; a longer one fails the scrape. 0 for any.
    pub body_size_limit: ByteSize,
    /// How many samples a scrape may have after relabelling; more fail it. 0 for any number.
    pub sample_limit: u64,
    /// How many targets a job may have; more fail all of them. 0 for any number.
    pub target_limit: u64,
    /// How many labels a sample may have; more fail the scrape. 0 for any number.
    pub label_limit: u64,
    /// How long the name of a label may be, in bytes; a longer one fails the scrape. 0 for any.
    pub label_name_length_limit: u64,
    /// How long the value of a label may be, in bytes; a longer one fails the scrape. 0 for any.
    pub label_value_length_limit: u64,
    /// How many dropped targets a job shows. 0 for as many as Headwater keeps.
    pub keep_dropped_targets: u64,
    /// Which names metrics and labels may have.
    pub metric_name_validation_scheme: NameValidation,
    /// How targets are asked to write other names; without it as they are, or with underscores where
    /// the names are legacy ones.
    pub metric_name_escaping_scheme: Option<NameEscaping>,
    /// Whether native histograms are wanted.
    pub scrape_native_histograms: bool,
    /// Whether classic histograms become native ones with the same buckets.
    pub convert_classic_histograms_to_nhcb: bool,
    /// Whether classic histograms are kept besides native ones.
    #[config(
        alias = "scrape_classic_histograms",
        deprecated = "write `always_scrape_classic_histograms`"
    )]
    pub always_scrape_classic_histograms: bool,
    /// Whether every scrape reports its limits and the size of its body, too.
    pub extra_scrape_metrics: bool,
}

/// Default of `scrape_interval`.
const SCRAPE_INTERVAL: PromDuration = PromDuration::from_secs(60);
/// Default of `scrape_timeout`.
const SCRAPE_TIMEOUT: PromDuration = PromDuration::from_secs(10);

impl GlobalConfig {
    /// How often targets are scraped.
    #[must_use]
    pub fn interval(&self) -> PromDuration {
        given(self.scrape_interval).unwrap_or(SCRAPE_INTERVAL)
    }

    /// How long a scrape may take.
    #[must_use]
    pub fn timeout(&self) -> PromDuration {
        given(self.scrape_timeout).unwrap_or_else(|| SCRAPE_TIMEOUT.min(self.interval()))
    }

    /// How names are escaped where a job does not say it.
    #[must_use]
    pub fn escaping(&self) -> NameEscaping {
        self.metric_name_escaping_scheme
            .unwrap_or_else(|| default_escaping(self.metric_name_validation_scheme))
    }

    fn check(&self, v: &mut Validation<'_>) {
        if self.timeout() > self.interval() {
            v.error(
                "scrape_timeout",
                "global scrape timeout greater than scrape interval",
            );
        }
        if let Some(protocols) = &self.scrape_protocols {
            check_protocols(protocols, v);
        }
        for (name, _) in self.external_labels.iter() {
            if !self.metric_name_validation_scheme.is_valid_label(name) {
                v.error(
                    "external_labels",
                    format!("{name:?} is not a valid label name"),
                );
            }
        }
    }
}

/// The duration, unless it is zero, which means that it was not given.
pub(super) fn given(duration: Option<PromDuration>) -> Option<PromDuration> {
    duration.filter(|duration| !duration.is_zero())
}

/// The escaping that fits the names.
pub(super) const fn default_escaping(names: NameValidation) -> NameEscaping {
    match names {
        NameValidation::Legacy => NameEscaping::Underscores,
        NameValidation::Utf8 => NameEscaping::AllowUtf8,
    }
}

/// Reports an empty list and formats that are given twice.
pub(super) fn check_protocols(protocols: &[ScrapeProtocol], v: &mut Validation<'_>) {
    if protocols.is_empty() {
        v.error("scrape_protocols", "scrape_protocols cannot be empty");
    }
    for (index, protocol) in protocols.iter().enumerate() {
        if protocols[..index].contains(protocol) {
            v.error(
                &format!("scrape_protocols::{index}"),
                "duplicated protocol in scrape_protocols",
            );
        }
    }
}
