//! The keys that every exporter of metrics to Prometheus has.

use headwater_core::config::Config;

use super::{ResourceLabels, Strategy};

/// How names are translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Config)]
pub enum TranslationStrategy {
    /// Names of `[a-zA-Z0-9:_]` with suffixes of unit and type.
    #[default]
    #[config(rename = "UnderscoreEscapingWithSuffixes")]
    UnderscoreEscapingWithSuffixes,
    /// Names of `[a-zA-Z0-9:_]`.
    #[config(rename = "UnderscoreEscapingWithoutSuffixes")]
    UnderscoreEscapingWithoutSuffixes,
    /// Names as they are, with suffixes.
    #[config(rename = "NoUTF8EscapingWithSuffixes")]
    NoUtf8EscapingWithSuffixes,
    /// Names as they are.
    #[config(rename = "NoTranslation")]
    NoTranslation,
}

impl TranslationStrategy {
    /// What `translation_strategy` says, or without it `add_metric_suffixes`.
    #[must_use]
    pub const fn resolve(strategy: Option<Self>, add_metric_suffixes: bool) -> Strategy {
        match strategy {
            None if add_metric_suffixes => Strategy::ESCAPED_WITH_SUFFIXES,
            None => Strategy::ESCAPED,
            Some(Self::UnderscoreEscapingWithSuffixes) => Strategy::ESCAPED_WITH_SUFFIXES,
            Some(Self::UnderscoreEscapingWithoutSuffixes) => Strategy::ESCAPED,
            Some(Self::NoUtf8EscapingWithSuffixes) => Strategy::UTF8_WITH_SUFFIXES,
            Some(Self::NoTranslation) => Strategy::UTF8,
        }
    }
}

/// `resource_to_telemetry_conversion`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct ResourceToTelemetryConfig {
    /// Whether all resource attributes become labels of every series.
    pub enabled: bool,
    /// But `service.name`, `service.namespace` and `service.instance.id`.
    pub exclude_service_attributes: bool,
}

impl ResourceToTelemetryConfig {
    /// What becomes of the resource's attributes.
    #[must_use]
    pub const fn labels(&self) -> ResourceLabels {
        if self.enabled {
            ResourceLabels::All {
                except_service: self.exclude_service_attributes,
            }
        } else {
            ResourceLabels::None
        }
    }
}
