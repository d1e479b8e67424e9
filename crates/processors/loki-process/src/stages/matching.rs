//! `match`: other stages for some entries, or none of them.

use headwater_core::ComponentError;
use headwater_core::config::{Config, Validation};
use headwater_core::telemetry::Counter;

use crate::build::{Builder, check_required};
use crate::config::StageConfig;
use crate::entry::Entry;
use crate::logql::Selector;
use crate::pipeline::Pipeline;

/// What happens to entries that are selected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub(crate) enum Action {
    /// The stages run.
    #[default]
    Keep,
    /// They are dropped.
    Drop,
}

/// Arguments of `match`. Source: Alloy `stages.MatchConfig`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct MatchConfig {
    /// Which entries: a LogQL selector with line filters. Required.
    pub(crate) selector: String,
    /// What is done with them.
    #[config(recursive)]
    pub(crate) stages: Vec<StageConfig>,
    /// What happens to them: `keep` runs the stages, `drop` drops them.
    pub(crate) action: Action,
    /// A name of the nested pipeline.
    #[config(ignored = "nothing shows it")]
    pub(crate) pipeline_name: String,
    /// The reason under which dropped lines are counted.
    pub(crate) drop_counter_reason: String,
}

impl Default for MatchConfig {
    fn default() -> Self {
        Self {
            selector: String::new(),
            stages: Vec::new(),
            action: Action::Keep,
            pipeline_name: String::new(),
            drop_counter_reason: "match_stage".to_owned(),
        }
    }
}

impl MatchConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_required(validation, "selector", &self.selector);
        match (self.action, self.stages.is_empty()) {
            (Action::Keep, true) => {
                validation.error(
                    "stages",
                    "match stage requires at least one additional stage",
                );
            }
            (Action::Drop, false) => {
                let message = "match stage configured to drop entries cannot contain stages";
                validation.error("stages", message);
            }
            _ => {}
        }
        if !self.selector.is_empty()
            && let Err(error) = Selector::compile(&self.selector)
        {
            let message = format!("invalid selector syntax for match stage: {error}");
            validation.error("selector", message);
        }
    }
}

/// Selects entries.
#[derive(Debug)]
pub(crate) struct Match {
    selector: Selector,
    inner: Option<Pipeline>,
    dropped: Counter,
}

impl Match {
    pub(crate) fn new(config: &MatchConfig, builder: &Builder<'_>) -> Result<Self, ComponentError> {
        let selector = Selector::compile(&config.selector)
            .map_err(|error| ComponentError::with_source("compile the selector", error))?;
        let inner = match config.action {
            Action::Drop => None,
            Action::Keep => Some(crate::config::pipeline(&config.stages, builder)?),
        };
        let reason = match config.drop_counter_reason.as_str() {
            "" => "match_stage",
            reason => reason,
        };
        Ok(Self {
            selector,
            inner,
            dropped: builder.dropped(reason),
        })
    }

    /// Whether an entry is selected. One that is to be dropped is counted.
    pub(crate) fn matches(&self, entry: &Entry<'_>) -> bool {
        let selected = self.selector.matches(entry);
        if selected && self.inner.is_none() {
            self.dropped.add(1);
        }
        selected
    }

    /// The stages for entries that are selected; none if they are dropped.
    pub(crate) const fn inner(&self) -> Option<&Pipeline> {
        self.inner.as_ref()
    }
}
