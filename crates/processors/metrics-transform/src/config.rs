//! What the user writes.

use std::collections::BTreeMap;

use headwater_core::config::{Config, Validation};

/// Configuration of the `metrics_transform` processor. Source: Go
/// `metricstransformprocessor.Config`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct MetricsTransformConfig {
    /// The transforms, executed in this order.
    pub transforms: Vec<Transform>,
}

/// Some metrics, and what is done to them.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub struct Transform {
    /// The metrics: a name, or with `match_type: regexp` a pattern that is found in it. Required.
    pub include: String,
    /// How `include` and `experimental_match_labels` match: `strict` (equal) or `regexp`.
    pub match_type: MatchType,
    /// Labels that data points must have, with their values. An empty value matches an absent label.
    pub experimental_match_labels: BTreeMap<String, String>,
    /// `update` (in place), `insert` (a changed copy beside it), `combine` (several into one) or
    /// `group` (to a resource of their own). Required.
    pub action: Action,
    /// The name afterwards; with `regexp`, `$${1}` and `$${name}` are groups of the pattern. Required
    /// for `insert`.
    pub new_name: String,
    /// For `group`: attributes of the new resource. Required there.
    pub group_resource_labels: Option<BTreeMap<String, String>>,
    /// For `combine`: how values of equal labels are aggregated.
    pub aggregation_type: AggregationType,
    /// For `combine`: the case of label values that come from groups of the pattern: `lower` or
    /// `upper`. Absent: as they are.
    pub submatch_case: SubmatchCase,
    /// What is done to each metric afterwards, in this order.
    pub operations: Vec<Operation>,
}

/// How names match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum MatchType {
    /// Equal.
    #[default]
    #[config(alias = "")]
    Strict,
    /// A regular expression, found anywhere.
    Regexp,
}

/// What becomes of the metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum Action {
    /// Not given.
    #[default]
    #[config(rename = "")]
    None,
    /// A changed copy beside it.
    Insert,
    /// Changed in place.
    Update,
    /// Several into one.
    Combine,
    /// To a resource of their own.
    Group,
}

/// How values are aggregated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum AggregationType {
    /// Not given: the first value stays.
    #[default]
    #[config(rename = "")]
    None,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// How many there are.
    Count,
    /// The one in the middle.
    Median,
}

/// The case of label values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum SubmatchCase {
    /// As it is.
    #[default]
    #[config(rename = "")]
    None,
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
}

/// One operation on a metric.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub struct Operation {
    /// `add_label`, `update_label`, `delete_label_value`, `toggle_scalar_data_type`,
    /// `experimental_scale_value`, `aggregate_labels` or `aggregate_label_values`. Required.
    pub action: OperationAction,
    /// The label to act on.
    pub label: String,
    /// For `add_label` the label to add, for `update_label` its new name.
    pub new_label: String,
    /// For `aggregate_labels`: the labels to keep; none: all are aggregated away.
    pub label_set: Vec<String>,
    /// How values are aggregated.
    pub aggregation_type: AggregationType,
    /// For `aggregate_label_values`: the values that become one.
    pub aggregated_values: Vec<String>,
    /// For `add_label` and `aggregate_label_values`: the value. `{{version}}` is the version of this
    /// program.
    pub new_value: String,
    /// For `update_label`: values to replace.
    pub value_actions: Vec<ValueAction>,
    /// For `experimental_scale_value`: the factor. Not 0.
    pub experimental_scale: f64,
    /// For `delete_label_value`: the value whose data points are removed.
    pub label_value: String,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum OperationAction {
    /// Not given.
    #[default]
    #[config(rename = "")]
    None,
    /// Adds a label where it is absent.
    AddLabel,
    /// Renames a label, or its values.
    UpdateLabel,
    /// Removes the data points with a label value.
    DeleteLabelValue,
    /// Makes whole numbers of doubles and the other way round.
    ToggleScalarDataType,
    /// Multiplies by a factor.
    ExperimentalScaleValue,
    /// Aggregates over all labels but some.
    AggregateLabels,
    /// Aggregates over some values of a label.
    AggregateLabelValues,
}

/// A value and what it becomes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct ValueAction {
    /// The value.
    pub value: String,
    /// What it becomes. `{{version}}` is the version of this program.
    pub new_value: String,
}

impl MetricsTransformConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        for (index, transform) in self.transforms.iter().enumerate() {
            transform.check(&format!("transforms::{index}"), validation);
        }
    }
}

impl Transform {
    fn check(&self, path: &str, validation: &mut Validation<'_>) {
        let at = |key: &str| format!("{path}::{key}");
        if self.include.is_empty() {
            validation.error(&at("include"), "missing required field \"include\"");
        }
        if self.match_type == MatchType::Regexp {
            let labels = self
                .experimental_match_labels
                .iter()
                .map(|(label, pattern)| (format!("experimental_match_labels::{label}"), pattern));
            let patterns = std::iter::once(("include".to_owned(), &self.include)).chain(labels);
            for (key, pattern) in patterns {
                if let Err(error) = headwater_regexp::compile(pattern) {
                    validation
                        .error(&at(&key), format!("error parsing regexp: {pattern:?}"))
                        .help(error.to_string());
                }
            }
        }
        let missing = |key: &str, action: &str| {
            format!("missing required field \"{key}\" while \"action\" is {action}")
        };
        match self.action {
            Action::None => {
                validation
                    .error(&at("action"), "missing required field \"action\"")
                    .help("write one of insert, update, combine, group");
            }
            Action::Insert if self.new_name.is_empty() => {
                validation.error(&at("new_name"), missing("new_name", "insert"));
            }
            Action::Combine if self.new_name.is_empty() => {
                validation.warning(&at("new_name"), "the combined metric has no name");
            }
            Action::Group if self.group_resource_labels.is_none() => {
                let message = missing("group_resource_labels", "group");
                validation.error(&at("group_resource_labels"), message);
            }
            _ => {}
        }
        for (index, operation) in self.operations.iter().enumerate() {
            operation.check(index, &at(&format!("operations::{index}")), validation);
        }
    }
}

impl Operation {
    fn check(&self, index: usize, path: &str, validation: &mut Validation<'_>) {
        let action = match self.action {
            OperationAction::None => {
                let message = format!("operation {}: missing required field \"action\"", index + 1);
                validation.error(&format!("{path}::action"), message).help(
                    "write one of add_label, update_label, delete_label_value, \
                     toggle_scalar_data_type, experimental_scale_value, aggregate_labels, \
                     aggregate_label_values",
                );
                return;
            }
            OperationAction::AddLabel => "add_label",
            OperationAction::UpdateLabel => "update_label",
            OperationAction::ExperimentalScaleValue => "experimental_scale_value",
            _ => return,
        };
        let needed = match self.action {
            OperationAction::AddLabel => vec![
                ("new_label", self.new_label.is_empty()),
                ("new_value", self.new_value.is_empty()),
            ],
            OperationAction::UpdateLabel => vec![("label", self.label.is_empty())],
            _ => vec![("experimental_scale", self.experimental_scale == 0.0)],
        };
        for (key, absent) in needed {
            if absent {
                let message = format!(
                    "operation {}: missing required field \"{key}\" while \"action\" is {action}",
                    index + 1
                );
                validation.error(&format!("{path}::{key}"), message);
            }
        }
    }
}
