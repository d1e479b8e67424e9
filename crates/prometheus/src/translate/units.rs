//! Units: from UCUM to the words in Prometheus's names.

/// The word for a unit: `s` is `seconds`. Units that have none stay as they are.
fn word(unit: &str) -> &str {
    match unit {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "TiBy" => "tibibytes",
        "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "TBy" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "1" => "",
        "%" => "percent",
        other => other,
    }
}

/// The word for what a unit is divided by: `s` is `second`.
fn word_per(unit: &str) -> &str {
    match unit {
        "s" => "second",
        "m" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "mo" => "month",
        "y" => "year",
        other => other,
    }
}

/// A unit as the parts of a name: `By/s` is `bytes` and `per_second`. Annotations in braces
/// have no word.
pub(super) fn suffixes(unit: &str) -> (String, String) {
    let (main, per) = match unit.split_once('/') {
        Some((main, per)) => (main.trim(), per.trim()),
        None => (unit.trim(), ""),
    };
    let annotated = |unit: &str| unit.contains(['{', '}']);
    let main = if annotated(main) { "" } else { word(main) };
    let per = if per.is_empty() || annotated(per) {
        String::new()
    } else {
        format!("per_{}", word_per(per))
    };
    (main.to_owned(), per)
}

/// Makes a word fit into a name: what is no letter, digit or colon becomes `_`, several of these
/// become one, and one in front goes away.
pub(super) fn fit(word: &str) -> String {
    let mut fitting = String::with_capacity(word.len());
    for letter in word.chars() {
        if super::names::is_name_letter(letter) {
            fitting.push(letter);
        } else if !fitting.ends_with('_') {
            fitting.push('_');
        }
    }
    if fitting.starts_with('_') {
        fitting.remove(0);
    }
    fitting
}

/// The unit as metadata has it: `By/s` is `bytes_per_second`.
#[must_use]
pub fn unit_name(unit: &str) -> String {
    let (main, per) = suffixes(unit);
    let (main, per) = (fit(&main), fit(&per));
    let mut name = match (main.is_empty(), per.is_empty()) {
        (false, false) => format!("{main}_{per}"),
        (false, true) => main,
        (true, _) => per,
    };
    if name.starts_with('_') {
        name.remove(0);
    }
    if name.ends_with('_') {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_become_words() {
        for (unit, name) in [
            ("s", "seconds"),
            ("By/s", "bytes_per_second"),
            ("1", ""),
            ("{request}", ""),
            ("{request}/s", "per_second"),
            ("%", "percent"),
            ("m/m", "meters_per_minute"),
            ("km-h", "km_h"),
            (" s ", "seconds"),
            ("1/mo", "per_month"),
            ("", ""),
        ] {
            assert_eq!(unit_name(unit), name, "{unit}");
        }
    }
}
