//! `truncate`: cuts what is too long.

use std::borrow::Cow;

use headwater_core::config::{Config, Validation};
use headwater_core::telemetry::Counter;

use crate::build::Builder;
use crate::entry::{Entry, Text};
use crate::pipeline::{Edit, Run, Verdict};
use crate::size::Size;
use crate::value::Value;

/// What is cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Config)]
pub(crate) enum What {
    /// Extracted values.
    Extracted,
    /// Labels.
    Label,
    /// The line.
    #[default]
    Line,
    /// Structured metadata.
    StructuredMetadata,
}

impl What {
    const ALL: [Self; 4] = [
        Self::Extracted,
        Self::Label,
        Self::Line,
        Self::StructuredMetadata,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Extracted => "extracted",
            Self::Label => "label",
            Self::Line => "line",
            Self::StructuredMetadata => "structured_metadata",
        }
    }
}

/// A rule of `truncate`. Source: Alloy `stages.RuleConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct RuleConfig {
    /// How many bytes there are at most, the suffix among them. Required.
    pub(crate) limit: Size,
    /// What stands at the end of what was cut.
    pub(crate) suffix: String,
    /// Which labels, values or metadata; without it, all. Not for lines.
    pub(crate) sources: Vec<String>,
    /// What is cut: `line`, `label`, `structured_metadata` or `extracted`.
    pub(crate) source_type: What,
}

impl RuleConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.limit == Size(0) {
            validation.error("limit", "limit must be greater than zero");
        } else if self.suffix.len() >= self.limit.get() {
            let message = "suffix length cannot be greater than or equal to limit";
            validation.error("suffix", message);
        }
        if self.source_type == What::Line && !self.sources.is_empty() {
            let message = "sources cannot be set when source_type is 'line'";
            validation.error("sources", message);
        }
    }
}

/// Arguments of `truncate`. Source: Alloy `stages.TruncateConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct TruncateConfig {
    /// What is cut, one rule after the other. Required.
    #[config(alias = "rule")]
    pub(crate) rules: Vec<RuleConfig>,
}

impl TruncateConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.rules.is_empty() {
            validation.error("rules", "truncate stage requires at least one rule");
        }
    }
}

/// Cuts what is too long.
#[derive(Debug)]
pub(crate) struct Truncate {
    rules: Vec<RuleConfig>,
    /// By [`What`].
    counters: [Counter; 4],
}

impl Truncate {
    pub(crate) fn new(config: &TruncateConfig, builder: &Builder<'_>) -> Self {
        let counter = |what: What| {
            builder.counter(
                "loki_process_truncated_fields_total",
                "A count of all log lines, labels, extracted values, or structured_metadata \
                 truncated as a result of a pipeline stage",
                Some(("field", what.word())),
            )
        };
        Self {
            rules: config.rules.clone(),
            counters: What::ALL.map(counter),
        }
    }

    /// Cuts by one rule; says how much was cut.
    fn apply(rule: &RuleConfig, entry: &mut Entry<'_>) -> u64 {
        let limit = rule.limit.get() - rule.suffix.len();
        let wanted = |name: &str| rule.sources.is_empty() || rule.sources.iter().any(|s| s == name);
        let cut = |text: &str| {
            (text.len() > limit).then(|| {
                let end = text.floor_char_boundary(limit);
                format!("{}{}", &text[..end], rule.suffix)
            })
        };
        let mut count = 0;
        match rule.source_type {
            What::Line => {
                if let Some(line) = cut(&entry.line) {
                    entry.line = Cow::Owned(line);
                    count += 1;
                }
            }
            What::Label => entry.change_labels(|name, value| {
                let changed = if wanted(name) { cut(value) } else { None };
                count += u64::from(changed.is_some());
                changed
            }),
            What::StructuredMetadata => {
                for (name, value) in &mut entry.metadata {
                    if wanted(name)
                        && let Some(changed) = cut(value)
                    {
                        *value = Cow::Owned(changed);
                        count += 1;
                    }
                }
            }
            What::Extracted => {
                let changed: Vec<_> = entry
                    .all_extracted()
                    .filter(|(name, _)| wanted(name))
                    .filter_map(|(name, value)| match value {
                        Value::Str(text) => Some((name.clone(), cut(&text)?)),
                        _ => None,
                    })
                    .collect();
                for (name, value) in changed {
                    entry.extract(name, value);
                    count += 1;
                }
            }
        }
        count
    }
}

impl Edit for Truncate {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        let mut cut = [false; 4];
        for rule in &self.rules {
            let count = Self::apply(rule, entry);
            if count > 0 {
                cut[rule.source_type as usize] = true;
                self.counters[rule.source_type as usize].add(count);
            }
        }
        if cut != [false; 4] {
            let before = entry.extracted_text("truncated").map(Text::into_owned);
            let before = before.unwrap_or_default();
            let mut words: Vec<&str> = before.split(',').filter(|word| !word.is_empty()).collect();
            for what in What::ALL.into_iter().filter(|what| cut[*what as usize]) {
                words.push(what.word());
            }
            words.sort_unstable();
            words.dedup();
            let joined: String = words.join(",");
            entry.extract("truncated", joined);
        }
        Verdict::Keep
    }
}
