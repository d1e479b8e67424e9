//! Times as text. Source: Go `internal/coreinternal/timeutils`.

use headwater_logs::{Zone, now};

use super::{Argument, Arguments};
use crate::error::EvalError;
use crate::value::Value;

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

/// Names of months and days are read in English only.
pub(super) fn check(arguments: &[Argument]) -> std::result::Result<(), String> {
    if let Some(name) = arguments.get(2).and_then(Argument::literal) {
        Zone::named(&name).map_err(|error| error.to_string())?;
    }
    match arguments.get(3).and_then(Argument::literal) {
        Some(locale) if !locale.is_empty() && !is_english(&locale) => Err(format!(
            "the locale {locale} is not supported yet: months and days are read in English"
        )),
        _ => Ok(()),
    }
}

fn is_english(locale: &str) -> bool {
    let language = locale.split(['-', '_']).next().unwrap_or_default();
    language.eq_ignore_ascii_case("en")
}

/// A text by its layout; without a zone in it, in the one that is given, else in that of the host.
pub(super) fn time<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.text(0)?;
    if text.is_empty() {
        return Err(EvalError::new("time cannot be nil"));
    }
    let layout = arguments.layout(1)?;
    let zone = match arguments.optional_text(2)?.as_deref() {
        Some(name) if !name.is_empty() => {
            Zone::named(name).map_err(|error| EvalError::new(error.to_string()))?
        }
        _ if layout.is_zulu() => Zone::utc(),
        _ => Zone::local(),
    };
    let time = layout
        .parse(&text, &zone, now())
        .map_err(|error| EvalError::new(error.to_string()))?;
    Ok(Value::Time(time))
}

/// A time in UTC.
pub(super) fn format_time<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let time = arguments.value(0)?.time()?;
    let text = arguments.layout(1)?.format(time);
    Ok(Value::text(text.into_bytes()))
}
