//! Functions of lists and maps.

use headwater_core::pdata::view::{AnyValue, Attributes, MetricData};

use super::{Argument, Arguments};
use crate::ast::Compare;
use crate::compare::compare;
use crate::error::EvalError;
use crate::value::{List, Value};

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

pub(super) fn len<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let length = match arguments.value(0)? {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        Value::Parts { count, what } if !matches!(what, "status" | "buckets") => count,
        other => {
            return Err(EvalError::new(format!(
                "Len: unsupported target type {}. target arg must be of type string, []any, \
                 map[string]any, pcommon.Map, pcommon.Slice, or pcommon.Value (of type String, \
                 Map, Slice)",
                other.kind()
            )));
        }
    };
    Ok(Value::Int(length as i64))
}

pub(super) fn contains_value<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let list = arguments.value(0)?.list()?;
    let item = arguments.value(1)?;
    let found = list
        .iter()
        .any(|value| compare(&value, Compare::Equal, &item));
    Ok(Value::Bool(found))
}

/// Where a text stands in a text, or a value in a list; -1 if nowhere.
pub(super) fn index<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let wanted = arguments.value(1)?;
    let found = match arguments.value(0)? {
        Value::String(text) => {
            let Value::String(wanted) = wanted else {
                return Err(EvalError::new(
                    "invalid value type for Index function, value must be a string",
                ));
            };
            if wanted.is_empty() {
                Some(0)
            } else {
                text.windows(wanted.len()).position(|part| *part == *wanted)
            }
        }
        other => other
            .list()?
            .iter()
            .position(|value| compare(&value, Compare::Equal, &wanted)),
    };
    Ok(Value::Int(found.map_or(-1, |at| at as i64)))
}

pub(super) fn keys<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let map = arguments.value(0)?.map()?;
    let keys = map.iter().map(|(key, _)| Value::String(key)).collect();
    Ok(Value::List(List::Owned(keys)))
}

pub(super) fn values<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let map = arguments.value(0)?.map()?;
    let values = map.iter().map(|(_, value)| value).collect();
    Ok(Value::List(List::Owned(values)))
}

/// The first value that is not nil.
pub(super) fn coalesce<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    for value in arguments.values(0) {
        let value = value.eval(arguments.env)?;
        if !value.is_nil() {
            return Ok(value);
        }
    }
    Ok(Value::Nil)
}

/// Whether a point of the metric has an attribute and, with a second argument, whether the first
/// one that has it has that value.
pub(super) fn has_attribute_on_point<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let key = arguments.string(0)?;
    let wanted = match arguments.call.arguments.get(1) {
        Some(Argument::Expr(_)) => Some(arguments.string(1)?),
        _ => None,
    };
    let matches = |attributes: Attributes<'_>| {
        let value = attributes.get(&*key)?;
        Some(wanted.as_ref().is_none_or(|wanted| match value {
            AnyValue::String(text) => *text.as_bytes() == **wanted,
            _ => wanted.is_empty(),
        }))
    };
    let found = match arguments.env.metric().data() {
        None => return Err(EvalError::new("unknown metric type")),
        Some(MetricData::Gauge(data)) => data
            .data_points()
            .find_map(|point| matches(point.attributes())),
        Some(MetricData::Sum(data)) => data
            .data_points()
            .find_map(|point| matches(point.attributes())),
        Some(MetricData::Histogram(data)) => data
            .data_points()
            .find_map(|point| matches(point.attributes())),
        Some(MetricData::ExponentialHistogram(data)) => data
            .data_points()
            .find_map(|point| matches(point.attributes())),
        Some(MetricData::Summary(data)) => data
            .data_points()
            .find_map(|point| matches(point.attributes())),
    };
    Ok(Value::Bool(found.unwrap_or(false)))
}
