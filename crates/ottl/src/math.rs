//! Arithmetic, and the calendar. Source: Go `pkg/ottl/math.go`.

use headwater_core::calendar::civil_from_days;

use crate::ast::Operator;
use crate::error::EvalError;
use crate::value::Value;

/// Nanoseconds of a second.
pub(crate) const SECOND: i64 = 1_000_000_000;

/// Whole numbers stay whole and wrap around; a whole number and a double give a double.
pub(crate) fn calculate(
    left: &Value<'_>,
    operator: Operator,
    right: &Value<'_>,
) -> Result<Value<'static>, EvalError> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => ints(*a, operator, *b).map(Value::Int),
        (Value::Int(a), Value::Double(b)) => doubles(*a as f64, operator, *b).map(Value::Double),
        (Value::Double(a), Value::Int(b)) => doubles(*a, operator, *b as f64).map(Value::Double),
        (Value::Double(a), Value::Double(b)) => doubles(*a, operator, *b).map(Value::Double),
        _ => times(left, operator, right),
    }
}

/// What times and durations allow.
fn times(
    left: &Value<'_>,
    operator: Operator,
    right: &Value<'_>,
) -> Result<Value<'static>, EvalError> {
    let timed = |value: &Value<'_>| matches!(value, Value::Time(_) | Value::Duration(_));
    match (left, operator, right) {
        (Value::Time(a), Operator::Subtract, Value::Time(b)) => {
            Ok(Value::Duration(a.saturating_sub(*b)))
        }
        (Value::Time(a), Operator::Add, Value::Duration(b))
        | (Value::Duration(b), Operator::Add, Value::Time(a)) => {
            Ok(Value::Time(a.saturating_add(*b)))
        }
        (Value::Time(a), Operator::Subtract, Value::Duration(b)) => {
            Ok(Value::Time(a.saturating_sub(*b)))
        }
        (Value::Duration(a), Operator::Add, Value::Duration(b)) => {
            Ok(Value::Duration(a.wrapping_add(*b)))
        }
        (Value::Duration(a), Operator::Subtract, Value::Duration(b)) => {
            Ok(Value::Duration(a.wrapping_sub(*b)))
        }
        (_, Operator::Multiply | Operator::Divide, _) if timed(left) => Err(EvalError::new(
            "only addition and subtraction supported for time.Time and time.Duration",
        )),
        _ => Err(EvalError::new(format!(
            "cannot calculate {} {operator} {}",
            left.kind(),
            right.kind()
        ))),
    }
}

fn ints(a: i64, operator: Operator, b: i64) -> Result<i64, EvalError> {
    Ok(match operator {
        Operator::Add => a.wrapping_add(b),
        Operator::Subtract => a.wrapping_sub(b),
        Operator::Multiply => a.wrapping_mul(b),
        Operator::Divide if b == 0 => return Err(EvalError::new("attempted to divide by 0")),
        Operator::Divide => a.wrapping_div(b),
    })
}

fn doubles(a: f64, operator: Operator, b: f64) -> Result<f64, EvalError> {
    Ok(match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide if b == 0.0 => return Err(EvalError::new("attempted to divide by 0")),
        Operator::Divide => a / b,
    })
}

pub(crate) fn negate(value: &Value<'_>) -> Result<Value<'static>, EvalError> {
    match value {
        Value::Int(value) => Ok(Value::Int(value.wrapping_neg())),
        Value::Double(value) => Ok(Value::Double(-value)),
        other => Err(EvalError::new(format!(
            "unsupported unary minus operation on type {}",
            other.kind()
        ))),
    }
}

/// Year, month and day of a time, in UTC.
pub(crate) const fn date(time: i64) -> (i64, u32, u32) {
    civil_from_days(time.div_euclid(86_400 * SECOND))
}

/// Nanoseconds since midnight, in UTC.
pub(crate) const fn time_of_day(time: i64) -> i64 {
    time.rem_euclid(86_400 * SECOND)
}

/// The time as RFC 3339 has it, in UTC, as fine as it is.
pub(crate) fn rfc3339(time: i64) -> String {
    let (year, month, day) = date(time);
    let of_day = time_of_day(time);
    let seconds = of_day / SECOND;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let nanoseconds = of_day % SECOND;
    let fraction = if nanoseconds == 0 {
        String::new()
    } else {
        format!(".{nanoseconds:09}")
            .trim_end_matches('0')
            .to_owned()
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}
