//! The operations on one metric.

use std::collections::{HashMap, HashSet};

use headwater_core::pdata::owned::{KeyValue, Metric, Text};

use crate::aggregate::aggregate;
use crate::config::AggregationType;
use crate::filter::{Filter, text_of};
use crate::points::{change_attributes, retain_points};
use crate::scale::{scale, toggle};

/// An operation, ready to be executed.
#[derive(Debug)]
pub(crate) enum Operation {
    AddLabel(Text, Text),
    UpdateLabel {
        label: String,
        new_label: Option<Text>,
        values: HashMap<Vec<u8>, Text>,
    },
    DeleteLabelValue(String, String),
    Toggle,
    Scale(f64),
    AggregateLabels(HashSet<Vec<u8>>, AggregationType),
    AggregateLabelValues {
        label: String,
        values: HashSet<Vec<u8>>,
        new_value: Text,
        by: AggregationType,
    },
}

fn find<'k>(attributes: &'k mut [KeyValue], label: &[u8]) -> Option<&'k mut KeyValue> {
    attributes
        .iter_mut()
        .find(|attribute| attribute.key.as_bytes() == label)
}

impl Operation {
    /// Executes the operation. `whole` says whether every point of the metric is included: some
    /// operations are left out otherwise.
    pub(crate) fn execute(&self, metric: &mut Metric, filter: &Filter, whole: bool) {
        match self {
            Self::UpdateLabel {
                label,
                new_label,
                values,
            } => change_attributes(metric, |attributes| {
                if filter.point(attributes) {
                    update_label(attributes, label, new_label.as_ref(), values);
                }
            }),
            Self::Toggle => toggle(metric, |attributes| filter.point(attributes)),
            Self::Scale(factor) => scale(metric, *factor, |attributes| filter.point(attributes)),
            _ if !whole => {}
            Self::AddLabel(label, value) => change_attributes(metric, |attributes| {
                if find(attributes, label.as_bytes()).is_none() {
                    attributes.push(KeyValue::new(label.clone(), value.clone()));
                }
            }),
            Self::DeleteLabelValue(label, value) => retain_points(metric, |attributes| {
                let attribute = attributes
                    .iter()
                    .find(|attribute| attribute.key.as_bytes() == label.as_bytes());
                attribute.is_none_or(|attribute| text_of(attribute) != value.as_bytes())
            }),
            Self::AggregateLabels(labels, by) => {
                change_attributes(metric, |attributes| {
                    attributes.retain(|attribute| labels.contains(attribute.key.as_bytes()));
                });
                aggregate(metric, *by);
            }
            Self::AggregateLabelValues {
                label,
                values,
                new_value,
                by,
            } => {
                change_attributes(metric, |attributes| {
                    if let Some(attribute) = find(attributes, label.as_bytes())
                        && values.contains(text_of(attribute))
                    {
                        attribute.value = new_value.clone().into();
                    }
                });
                aggregate(metric, *by);
            }
        }
    }
}

fn update_label(
    attributes: &mut Vec<KeyValue>,
    label: &str,
    new_label: Option<&Text>,
    values: &HashMap<Vec<u8>, Text>,
) {
    let of_label = |attribute: &KeyValue| attribute.key.as_bytes() == label.as_bytes();
    let Some(index) = attributes.iter().position(of_label) else {
        return;
    };
    if let Some(value) = values.get(text_of(&attributes[index])) {
        attributes[index].value = value.clone().into();
    }
    let Some(new_label) = new_label.filter(|new| new.as_bytes() != label.as_bytes()) else {
        return;
    };
    // The renamed label takes the place of one of that name, else it comes last.
    let mut renamed = attributes.remove(index);
    renamed.key = new_label.clone();
    match find(attributes, new_label.as_bytes()) {
        Some(existing) => *existing = renamed,
        None => attributes.push(renamed),
    }
}
