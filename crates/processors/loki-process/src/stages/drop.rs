//! `drop`: drops lines for which all conditions hold.

use std::time::Duration;

use headwater_core::ComponentError;
use headwater_core::config::{Config, Validation};
use headwater_core::telemetry::Counter;
use headwater_regexp::Regex;

use crate::build::{Builder, check_regex, optional_regex};
use crate::entry::Entry;
use crate::pipeline::{Edit, Run, Verdict};
use crate::size::Size;

/// Arguments of `drop`. Source: Alloy `stages.DropConfig`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct DropConfig {
    /// The reason under which dropped lines are counted.
    pub(crate) drop_counter_reason: String,
    /// The extracted value to look at, or several with commas; without it, the line.
    pub(crate) source: String,
    /// The text that the source must be.
    pub(crate) value: String,
    /// What stands between several sources when they are looked at.
    pub(crate) separator: String,
    /// What the source, or the line, must match.
    pub(crate) expression: String,
    /// How old the entry must be.
    pub(crate) older_than: Duration,
    /// How long the line must be.
    pub(crate) longer_than: Size,
}

impl Default for DropConfig {
    fn default() -> Self {
        Self {
            drop_counter_reason: "drop_stage".to_owned(),
            source: String::new(),
            value: String::new(),
            separator: ";".to_owned(),
            expression: String::new(),
            older_than: Duration::ZERO,
            longer_than: Size(0),
        }
    }
}

impl DropConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        let nothing = self.source.is_empty()
            && self.expression.is_empty()
            && self.older_than.is_zero()
            && self.longer_than == Size(0);
        if nothing {
            validation.error(
                "",
                "drop stage config must contain at least one of `source`, `expression`, \
                 `older_than` or `longer_than`",
            );
        }
        if !self.value.is_empty() && !self.expression.is_empty() {
            validation.error(
                "value",
                "`value` and `expression` cannot both be defined at the same time",
            );
        }
        if !self.value.is_empty() && self.source.is_empty() {
            validation.error("value", "`value` needs a `source`");
        }
        check_regex(validation, "expression", &self.expression);
    }
}

#[derive(Debug)]
enum Test {
    Is(String),
    Matches(Regex),
}

/// Drops lines.
#[derive(Debug)]
pub(crate) struct Drop {
    sources: Vec<String>,
    separator: String,
    test: Option<Test>,
    older_than: i64,
    longer_than: usize,
    dropped: Counter,
}

impl Drop {
    pub(crate) fn new(config: &DropConfig, builder: &Builder<'_>) -> Result<Self, ComponentError> {
        let or = |text: &str, default: &str| match text {
            "" => default.to_owned(),
            text => text.to_owned(),
        };
        let test = if config.value.is_empty() {
            optional_regex(&config.expression)?.map(Test::Matches)
        } else {
            Some(Test::Is(config.value.clone()))
        };
        let sources = config
            .source
            .split(',')
            .filter(|_| !config.source.is_empty());
        Ok(Self {
            sources: sources.map(str::to_owned).collect(),
            separator: or(&config.separator, ";"),
            test,
            older_than: i64::try_from(config.older_than.as_nanos()).unwrap_or(i64::MAX),
            longer_than: config.longer_than.get(),
            dropped: builder.dropped(&or(&config.drop_counter_reason, "drop_stage")),
        })
    }

    fn holds(&self, entry: &Entry<'_>, run: &mut Run) -> bool {
        if self.longer_than > 0 && entry.line.len() <= self.longer_than {
            return false;
        }
        if self.older_than > 0 && entry.timestamp >= run.clock().saturating_sub(self.older_than) {
            return false;
        }
        let Some(test) = &self.test else {
            return self.sources.iter().all(|name| entry.has_extracted(name));
        };
        if self.sources.is_empty() {
            return test.holds(&entry.line);
        }
        if let [name] = &self.sources[..] {
            return match entry.extracted(name) {
                // What is not there is an empty text.
                None => test.holds(""),
                Some(value) => value.text().is_some_and(|text| test.holds(&text)),
            };
        }
        let mut texts = Vec::with_capacity(self.sources.len());
        for name in &self.sources {
            if let Some(value) = entry.extracted(name) {
                let Some(text) = value.text() else {
                    return false;
                };
                texts.push(text);
            }
        }
        test.holds(&texts.join(&self.separator))
    }
}

impl Test {
    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Is(value) => value == text,
            Self::Matches(regex) => regex.is_match(text.as_bytes()),
        }
    }
}

impl Edit for Drop {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, run: &mut Run) -> Verdict {
        if self.holds(entry, run) {
            self.dropped.add(1);
            return Verdict::Drop;
        }
        Verdict::Keep
    }
}
