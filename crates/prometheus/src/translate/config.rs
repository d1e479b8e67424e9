//! The keys that every exporter of metrics to Prometheus has.

use headwater_core::config::{Config, Validation};

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
    /// As if it were not written.
    #[config(rename = "")]
    Unset,
}

impl TranslationStrategy {
    /// Whether `translation_strategy` says anything.
    #[must_use]
    pub const fn is_given(strategy: Option<Self>) -> bool {
        !matches!(strategy, None | Some(Self::Unset))
    }

    /// What `translation_strategy` says, or without it `add_metric_suffixes`.
    #[must_use]
    pub const fn resolve(strategy: Option<Self>, add_metric_suffixes: bool) -> Strategy {
        match strategy {
            None | Some(Self::Unset) if add_metric_suffixes => Strategy::ESCAPED_WITH_SUFFIXES,
            None | Some(Self::Unset) => Strategy::ESCAPED,
            Some(Self::UnderscoreEscapingWithSuffixes) => Strategy::ESCAPED_WITH_SUFFIXES,
            Some(Self::UnderscoreEscapingWithoutSuffixes) => Strategy::ESCAPED,
            Some(Self::NoUtf8EscapingWithSuffixes) => Strategy::UTF8_WITH_SUFFIXES,
            Some(Self::NoTranslation) => Strategy::UTF8,
        }
    }
}

/// `resource_to_telemetry_conversion`. Source: Go `resourcetotelemetry.Settings`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct ResourceToTelemetryConfig {
    /// Whether all resource attributes become labels of every series.
    pub enabled: bool,
    /// But `service.name`, `service.namespace` and `service.instance.id`.
    pub exclude_service_attributes: bool,
    /// Names of attributes that become labels; `*` and `?` stand for any letters. Not together with the
    /// keys above.
    pub included: Vec<String>,
    /// Names of attributes that do not, even if they are included; without any that are, all others
    /// become labels.
    pub excluded: Vec<String>,
}

impl ResourceToTelemetryConfig {
    /// What becomes of the resource's attributes.
    #[must_use]
    pub fn labels(&self) -> ResourceLabels {
        if self.has_patterns() {
            ResourceLabels::matching(&self.included, &self.excluded)
        } else if self.enabled {
            ResourceLabels::All {
                except_service: self.exclude_service_attributes,
            }
        } else {
            ResourceLabels::None
        }
    }

    /// Whether anything is written here.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !self.enabled && !self.exclude_service_attributes && !self.has_patterns()
    }

    const fn has_patterns(&self) -> bool {
        !self.included.is_empty() || !self.excluded.is_empty()
    }

    fn check(&self, v: &mut Validation<'_>) {
        if (self.enabled || self.exclude_service_attributes) && self.has_patterns() {
            v.error(
                "",
                "cannot configure both `enabled` or `exclude_service_attributes` and `included` or \
                 `excluded`",
            )
            .help("write `included: [\"*\"]` for all attributes");
        }
    }
}
