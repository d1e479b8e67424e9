//! Configuration to what is executed.

use std::collections::{BTreeMap, HashMap};

use headwater_core::ComponentError;
use headwater_core::pdata::owned::Text;
use headwater_regexp::Regex;

use crate::config;
use crate::config::{Action, AggregationType, MatchType, OperationAction, SubmatchCase};
use crate::filter;
use crate::filter::{Filter, Name};
use crate::operate::Operation;

/// A transform, ready to be executed.
#[derive(Debug)]
pub(crate) struct Transform {
    pub(crate) filter: Filter,
    pub(crate) action: Action,
    pub(crate) new_name: String,
    pub(crate) group_labels: BTreeMap<String, String>,
    pub(crate) by: AggregationType,
    pub(crate) case: SubmatchCase,
    pub(crate) operations: Vec<Operation>,
}

impl Transform {
    /// # Errors
    /// A pattern that is no regular expression.
    pub(crate) fn new(config: &config::Transform, version: &str) -> Result<Self, ComponentError> {
        let labels = config
            .experimental_match_labels
            .iter()
            .map(|(label, value)| {
                let text = match config.match_type {
                    MatchType::Strict => filter::Text::Strict(value.clone()),
                    MatchType::Regexp => filter::Text::Regexp(pattern(value)?),
                };
                Ok((label.clone(), text))
            })
            .collect::<Result<_, ComponentError>>()?;
        let name = match config.match_type {
            MatchType::Strict => Name::Strict(config.include.clone()),
            MatchType::Regexp => Name::Regexp(pattern(&config.include)?),
        };
        Ok(Self {
            filter: Filter::new(name, labels),
            action: config.action,
            new_name: config.new_name.clone(),
            group_labels: config.group_resource_labels.clone().unwrap_or_default(),
            by: config.aggregation_type,
            case: config.submatch_case,
            operations: config
                .operations
                .iter()
                .filter_map(|operation| compile(operation, version))
                .collect(),
        })
    }
}

fn pattern(text: &str) -> Result<Regex, ComponentError> {
    headwater_regexp::compile(text).map_err(|error| {
        ComponentError::with_source(format!("cannot compile the pattern {text:?}"), error)
    })
}

fn compile(config: &config::Operation, version: &str) -> Option<Operation> {
    let text = |text: &str| Text::from(text.replace("{{version}}", version));
    let set = |values: &[String]| {
        let bytes = values.iter().map(|value| value.as_bytes().to_vec());
        bytes.collect()
    };
    Some(match config.action {
        OperationAction::None => return None,
        OperationAction::AddLabel => {
            Operation::AddLabel(config.new_label.as_str().into(), text(&config.new_value))
        }
        OperationAction::UpdateLabel => Operation::UpdateLabel {
            label: config.label.clone(),
            new_label: (!config.new_label.is_empty()).then(|| config.new_label.as_str().into()),
            values: config
                .value_actions
                .iter()
                .map(|action| (action.value.as_bytes().to_vec(), text(&action.new_value)))
                .collect::<HashMap<_, _>>(),
        },
        OperationAction::DeleteLabelValue => {
            Operation::DeleteLabelValue(config.label.clone(), config.label_value.clone())
        }
        OperationAction::ToggleScalarDataType => Operation::Toggle,
        OperationAction::ExperimentalScaleValue => Operation::Scale(config.experimental_scale),
        OperationAction::AggregateLabels => {
            Operation::AggregateLabels(set(&config.label_set), config.aggregation_type)
        }
        OperationAction::AggregateLabelValues => Operation::AggregateLabelValues {
            label: config.label.clone(),
            values: set(&config.aggregated_values),
            new_value: text(&config.new_value),
            by: config.aggregation_type,
        },
    })
}
