//! Prometheus's words for units and suffixes, and what OTLP has in their place.

use std::borrow::Cow;

use crate::cache::Kind;

/// The UCUM code of a unit as OpenMetrics writes it: `seconds` is `s`, `bytes_per_second` is `By/s`.
/// What is not known stays as it is. Source: Go `translator/prometheus.UnitWordToUCUM`.
pub(crate) fn ucum(word: &str) -> Cow<'_, str> {
    match word.split_once("_per_") {
        None => Cow::Borrowed(code(word).unwrap_or(word)),
        Some((main, per)) => Cow::Owned(format!(
            "{}/{}",
            code(main).unwrap_or(main),
            per_code(per).unwrap_or(per)
        )),
    }
}

fn code(word: &str) -> Option<&'static str> {
    Some(match word {
        "days" => "d",
        "hours" => "h",
        "minutes" => "min",
        "seconds" => "s",
        "milliseconds" => "ms",
        "microseconds" => "us",
        "nanoseconds" => "ns",
        "bytes" => "By",
        "kibibytes" => "KiBy",
        "mebibytes" => "MiBy",
        "gibibytes" => "GiBy",
        "tibibytes" | "tebibytes" => "TiBy",
        "kilobytes" => "KBy",
        "megabytes" => "MBy",
        "gigabytes" => "GBy",
        "terabytes" => "TBy",
        "meters" => "m",
        "volts" => "V",
        "amperes" => "A",
        "joules" => "J",
        "watts" => "W",
        "grams" => "g",
        "celsius" => "Cel",
        "hertz" => "Hz",
        "ratio" => "1",
        "percent" => "%",
        _ => return None,
    })
}

fn per_code(word: &str) -> Option<&'static str> {
    Some(match word {
        "second" => "s",
        "minute" => "m",
        "hour" => "h",
        "day" => "d",
        "week" => "w",
        "month" => "mo",
        "year" => "y",
        _ => return None,
    })
}

/// A metric's name without the suffix `_total` of sums and without its unit.
/// Source: Go `translator/prometheus.TrimPromSuffixes`.
pub(crate) fn trim_suffixes<'a>(name: &'a str, kind: Kind, unit: &str) -> &'a str {
    let name = match kind {
        Kind::Sum { .. } => shortened(name, "total"),
        _ => name,
    };
    if unit.is_empty() {
        return name;
    }
    shortened(name, unit)
}

/// The name without the last words, if something is left before them.
fn shortened<'a>(name: &'a str, words: &str) -> &'a str {
    name.strip_suffix(words)
        .and_then(|rest| rest.strip_suffix('_'))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_become_codes() {
        for (word, code) in [
            ("seconds", "s"),
            ("bytes_per_second", "By/s"),
            ("ratio", "1"),
            ("apples", "apples"),
            ("apples_per_tree", "apples/tree"),
            ("", ""),
        ] {
            assert_eq!(ucum(word), code);
        }
    }

    #[test]
    fn suffixes_are_trimmed_where_they_are_suffixes() {
        let sum = Kind::Sum { monotonic: true };
        for (name, kind, unit, trimmed) in [
            ("http_requests_total", sum, "", "http_requests"),
            (
                "http_duration_seconds_total",
                sum,
                "seconds",
                "http_duration",
            ),
            (
                "http_requests_total",
                Kind::Gauge,
                "",
                "http_requests_total",
            ),
            ("seconds", Kind::Gauge, "seconds", "seconds"),
            (
                "wait_milliseconds",
                Kind::Histogram,
                "seconds",
                "wait_milliseconds",
            ),
            ("total", sum, "", "total"),
        ] {
            assert_eq!(trim_suffixes(name, kind, unit), trimmed);
        }
    }
}
