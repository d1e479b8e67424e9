//! How two values compare. Source: Go `pkg/ottl/compare.go`.

use std::cmp::Ordering;

use crate::ast::Compare;
use crate::value::Value;

impl Compare {
    /// Whether it holds for values of this order.
    const fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => matches!(ordering, Ordering::Equal),
            Self::NotEqual => !matches!(ordering, Ordering::Equal),
            Self::Less => matches!(ordering, Ordering::Less),
            Self::LessOrEqual => !matches!(ordering, Ordering::Greater),
            Self::Greater => matches!(ordering, Ordering::Greater),
            Self::GreaterOrEqual => !matches!(ordering, Ordering::Less),
        }
    }

    /// Whether it holds for values without an order.
    const fn holds_unordered(self, equal: bool) -> bool {
        match self {
            Self::Equal => equal,
            Self::NotEqual => !equal,
            _ => false,
        }
    }
}

/// Whether the comparison holds. Values of different types are not equal, and have no order; nil
/// is equal to nil.
#[inline]
pub(crate) fn compare(left: &Value<'_>, operator: Compare, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::String(a), Value::String(b)) => match operator {
            // Where lengths differ there is nothing to look at.
            Compare::Equal => a == b,
            Compare::NotEqual => a != b,
            _ => operator.holds(a.cmp(b)),
        },
        (Value::Int(a), Value::Int(b)) => operator.holds(a.cmp(b)),
        (Value::Nil, Value::Nil) => operator.holds(Ordering::Equal),
        _ => compare_any(left, operator, right),
    }
}

fn compare_any(left: &Value<'_>, operator: Compare, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Double(a), Value::Double(b)) => doubles(*a, operator, *b),
        (Value::Int(a), Value::Double(b)) => doubles(*a as f64, operator, *b),
        (Value::Double(a), Value::Int(b)) => doubles(*a, operator, *b as f64),
        (Value::Bool(a), Value::Bool(b)) => operator.holds(a.cmp(b)),
        (Value::Bytes(a), Value::Bytes(b)) => operator.holds(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) | (Value::Duration(a), Value::Duration(b)) => {
            operator.holds(a.cmp(b))
        }
        (Value::Id(_), Value::Id(_))
        | (Value::List(_), Value::List(_))
        | (Value::Map(_), Value::Map(_)) => operator.holds_unordered(same(left, right)),
        _ => operator.holds_unordered(false),
    }
}

/// A NaN is not even equal to itself, and has no order.
fn doubles(a: f64, operator: Compare, b: f64) -> bool {
    match a.partial_cmp(&b) {
        Some(ordering) => operator.holds(ordering),
        None => operator == Compare::NotEqual,
    }
}

/// Whether two values are of the same type and equal, all the way down.
pub(crate) fn same(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Double(a), Value::Double(b)) => a == b,
        (Value::Int(a), Value::Int(b))
        | (Value::Time(a), Value::Time(b))
        | (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::String(a), Value::String(b)) | (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Id(a), Value::Id(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            let (mut a, mut b) = (a.iter(), b.iter());
            loop {
                match (a.next(), b.next()) {
                    (None, None) => return true,
                    (Some(a), Some(b)) if same(&a, &b) => {}
                    _ => return false,
                }
            }
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.get(&key).is_some_and(|other| same(&value, &other)))
        }
        _ => false,
    }
}
