//! Which metrics are converted.

use headwater_aggregation::metric::MetricParts;
use headwater_aggregation::point::Kind;
use headwater_core::ComponentError;
use headwater_regexp::Regex;

use crate::config::{CumulativeToDeltaConfig, MatchConfig, MatchType, MetricType};

/// `include` and `exclude`, compiled.
#[derive(Debug)]
pub(crate) struct Selection {
    include: Matching,
    exclude: Matching,
}

#[derive(Debug)]
struct Matching {
    names: Names,
    /// None means any.
    kinds: Vec<Kind>,
}

#[derive(Debug)]
enum Names {
    Any,
    Strict(Vec<String>),
    Patterns(Vec<Regex>),
}

impl Selection {
    pub(crate) fn new(config: &CumulativeToDeltaConfig) -> Result<Self, ComponentError> {
        Ok(Self {
            include: Matching::new(&config.include)?,
            exclude: Matching::new(&config.exclude)?,
        })
    }

    pub(crate) fn wants(&self, parts: &MetricParts<'_>) -> bool {
        let name = parts.metric.name().as_bytes();
        let (include, exclude) = (&self.include, &self.exclude);
        include.names.matches(name).unwrap_or(true)
            && !exclude.names.matches(name).unwrap_or(false)
            && (include.kinds.is_empty() || include.kinds.contains(&parts.kind))
            && !exclude.kinds.contains(&parts.kind)
    }
}

impl Matching {
    fn new(config: &MatchConfig) -> Result<Self, ComponentError> {
        let names = match config.match_type {
            _ if config.metrics.is_empty() => Names::Any,
            Some(MatchType::Regexp) => {
                let patterns = config.metrics.iter().map(|pattern| {
                    headwater_regexp::compile(pattern).map_err(|error| {
                        let message = format!("cannot use the pattern {pattern:?}");
                        ComponentError::with_source(message, error)
                    })
                });
                Names::Patterns(patterns.collect::<Result<_, _>>()?)
            }
            _ => Names::Strict(config.metrics.clone()),
        };
        let kinds = config.metric_types.iter().map(|kind| match kind {
            MetricType::Sum => Kind::Sum,
            MetricType::Histogram => Kind::Histogram,
            MetricType::ExponentialHistogram => Kind::ExponentialHistogram,
        });
        Ok(Self {
            names,
            kinds: kinds.collect(),
        })
    }
}

impl Names {
    /// `None` if no names were written.
    fn matches(&self, name: &[u8]) -> Option<bool> {
        match self {
            Self::Any => None,
            Self::Strict(names) => Some(names.iter().any(|known| known.as_bytes() == name)),
            Self::Patterns(patterns) => Some(patterns.iter().any(|pattern| pattern.is_match(name))),
        }
    }
}
