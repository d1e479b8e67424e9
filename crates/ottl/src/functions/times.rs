//! Functions of times and durations.

use std::time::{SystemTime, UNIX_EPOCH};

use headwater_core::config::parse_duration;

use super::{Argument, Arguments};
use crate::error::EvalError;
use crate::math::{SECOND, date, time_of_day};
use crate::value::Value;

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

/// Nanoseconds of a day.
const DAY: i64 = 86_400 * SECOND;

fn time(arguments: &Arguments<'_, '_>) -> std::result::Result<i64, EvalError> {
    arguments.value(0)?.time()
}

pub(super) fn now<'a>(_: &Arguments<'a, '_>) -> Result<'a> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Ok(Value::Time(
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
    ))
}

pub(super) fn unix<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let seconds = arguments.int(0)?;
    let nanoseconds = match arguments.call.arguments.get(1) {
        Some(Argument::Expr(_)) => arguments.int(1)?,
        _ => 0,
    };
    let whole = seconds.saturating_mul(SECOND);
    Ok(Value::Time(whole.saturating_add(nanoseconds)))
}

pub(super) fn since_1970<'a>(arguments: &Arguments<'a, '_>, unit: i64) -> Result<'a> {
    Ok(Value::Int(time(arguments)?.div_euclid(unit)))
}

/// Down to a multiple of the duration since the year 1, as Go counts.
pub(super) fn truncate<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    /// Nanoseconds from the year 1 to 1970.
    const BEFORE_1970: i128 = 62_135_596_800 * SECOND as i128;
    let time = time(arguments)?;
    let step = arguments.value(1)?.duration()?;
    if step <= 0 {
        return Ok(Value::Time(time));
    }
    let over = (i128::from(time) + BEFORE_1970).rem_euclid(i128::from(step));
    Ok(Value::Time(time.saturating_sub(over as i64)))
}

pub(super) fn year<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::Int(date(time(arguments)?).0))
}

pub(super) fn month<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::Int(i64::from(date(time(arguments)?).1)))
}

pub(super) fn day<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::Int(i64::from(date(time(arguments)?).2)))
}

/// How often `seconds` have passed since midnight, counted up to `limit`.
pub(super) fn of_day<'a>(arguments: &Arguments<'a, '_>, seconds: i64, limit: i64) -> Result<'a> {
    let of_day = time_of_day(time(arguments)?);
    Ok(Value::Int(of_day / SECOND / seconds % limit))
}

pub(super) fn nanosecond<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::Int(time(arguments)?.rem_euclid(SECOND)))
}

/// From 0, Sunday.
pub(super) fn weekday<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    // The first of January 1970 was a Thursday.
    Ok(Value::Int(
        (time(arguments)?.div_euclid(DAY) + 4).rem_euclid(7),
    ))
}

pub(super) fn duration<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.string(0)?;
    let text = String::from_utf8_lossy(&text);
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(rest) if !rest.starts_with('-') => (-1, rest),
        _ => (1, &*text),
    };
    let duration = parse_duration(magnitude)
        .map_err(|reason| EvalError::new(format!("{text:?} is not a duration: {reason}")))?;
    let nanoseconds = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    Ok(Value::Duration(sign * nanoseconds))
}

pub(super) fn as_double<'a>(arguments: &Arguments<'a, '_>, seconds: f64) -> Result<'a> {
    let duration = arguments.value(0)?.duration()?;
    Ok(Value::Double(duration as f64 / (seconds * SECOND as f64)))
}

pub(super) fn as_int<'a>(arguments: &Arguments<'a, '_>, unit: i64) -> Result<'a> {
    Ok(Value::Int(arguments.value(0)?.duration()? / unit))
}
