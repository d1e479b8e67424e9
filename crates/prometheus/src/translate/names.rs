//! Names of metrics and labels. Source: OpenTelemetry specification, "Prometheus and OpenMetrics
//! Compatibility"; the Go module `otlptranslator` v1.0.

use thiserror::Error;

use super::units::{fit, suffixes};

/// How names are translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Strategy {
    /// Whether names become `[a-zA-Z0-9:_]`.
    pub escape: bool,
    /// Whether units and types become suffixes.
    pub suffixes: bool,
}

impl Strategy {
    /// `UnderscoreEscapingWithSuffixes`, the default of everybody.
    pub const ESCAPED_WITH_SUFFIXES: Self = Self {
        escape: true,
        suffixes: true,
    };
    /// `UnderscoreEscapingWithoutSuffixes`.
    pub const ESCAPED: Self = Self {
        escape: true,
        suffixes: false,
    };
    /// `NoUTF8EscapingWithSuffixes`.
    pub const UTF8_WITH_SUFFIXES: Self = Self {
        escape: false,
        suffixes: true,
    };
    /// `NoTranslation`.
    pub const UTF8: Self = Self {
        escape: false,
        suffixes: false,
    };

    /// What becomes of the names of labels.
    #[must_use]
    pub const fn label_rule(self) -> LabelRule {
        if self.escape {
            LabelRule::Escape
        } else {
            LabelRule::Utf8
        }
    }
}

/// What a metric's suffix depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// A monotonic sum: `_total`.
    Counter,
    /// A gauge: `_ratio` if its unit is 1.
    Gauge,
    /// Anything else.
    Other,
}

/// Why something has no name in Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing of the metric's name is left.
    #[error("the name of metric {0:?} has no letter that Prometheus allows")]
    Metric(String),
    /// Nothing of the label's name is left.
    #[error("the label name {0:?} has no letter that Prometheus allows")]
    Label(String),
}

/// Letters, digits and colons; `_` separates.
pub(super) const fn is_name_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == ':'
}

/// The name of a metric.
///
/// # Errors
/// [`NameError::Metric`] if nothing but underscores would be left.
pub fn metric_name(
    strategy: Strategy,
    namespace: &str,
    name: &str,
    unit: &str,
    kind: NameKind,
) -> Result<String, NameError> {
    let built = match (strategy.escape, strategy.suffixes) {
        (true, true) => with_suffixes(namespace, name, unit, kind),
        (true, false) => escaped(namespace, name),
        (false, suffixed) => plain(suffixed, namespace, name, unit, kind),
    };
    let only_underscores = built.bytes().all(|byte| byte == b'_') && built != name;
    if built.is_empty() || only_underscores {
        return Err(NameError::Metric(name.to_owned()));
    }
    Ok(built)
}

fn with_suffixes(namespace: &str, name: &str, unit: &str, kind: NameKind) -> String {
    let mut tokens: Vec<&str> = name
        .split(|letter| !is_name_letter(letter))
        .filter(|token| !token.is_empty())
        .collect();
    let (main, per) = suffixes(unit);
    let (mut main, mut per) = (fit(&main), fit(&per));
    if tokens.contains(&main.as_str()) {
        main.clear();
    }
    if per == "per_" {
        per.clear();
    }
    per.truncate(per.strip_suffix('_').map_or(per.len(), str::len));
    if tokens.contains(&per.as_str()) {
        per.clear();
    }
    if !per.is_empty() {
        main.truncate(main.strip_suffix('_').map_or(main.len(), str::len));
    }
    tokens.extend(
        [main.as_str(), per.as_str()]
            .iter()
            .filter(|t| !t.is_empty()),
    );
    let last = match kind {
        NameKind::Counter => Some("total"),
        NameKind::Gauge if unit == "1" => Some("ratio"),
        NameKind::Gauge | NameKind::Other => None,
    };
    if let Some(last) = last {
        tokens.retain(|token| *token != last);
        tokens.push(last);
    }
    if !namespace.is_empty() {
        tokens.insert(0, namespace);
    }
    not_a_digit_first(tokens.join("_"))
}

fn escaped(namespace: &str, name: &str) -> String {
    let escape = |text: &str| {
        text.split(|letter| !is_name_letter(letter) && letter != '_')
            .filter(|token| !token.is_empty())
            .collect::<Vec<_>>()
            .join("_")
    };
    if namespace.is_empty() {
        not_a_digit_first(escape(name))
    } else {
        format!("{}_{}", escape(namespace), escape(name))
    }
}

fn not_a_digit_first(mut name: String) -> String {
    if name.starts_with(|letter: char| letter.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

fn plain(suffixed: bool, namespace: &str, name: &str, unit: &str, kind: NameKind) -> String {
    let mut built = if namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}_{name}")
    };
    if !suffixed {
        return built;
    }
    // What comes last is taken off first, so that it can move to the end.
    let mut last = Vec::new();
    if unit == "1" && kind == NameKind::Gauge {
        take_suffix(&mut built, "ratio");
        last.push("ratio");
    }
    if kind == NameKind::Counter {
        take_suffix(&mut built, "total");
        last.push("total");
    }
    let (main, per) = suffixes(unit);
    if !per.is_empty() {
        take_suffix(&mut built, &per);
        last.push(&per);
    }
    if !main.is_empty() && !built.ends_with(&main) {
        built.push('_');
        built.push_str(&main);
    }
    for suffix in last.iter().rev() {
        built.push('_');
        built.push_str(suffix);
    }
    built
}

/// Takes `suffix` and the delimiter before it off, if something is left then.
fn take_suffix(name: &mut String, suffix: &str) {
    if name.len() > suffix.len() + 1 && name.ends_with(suffix) {
        name.truncate(name.len() - suffix.len());
        name.pop();
    }
}

/// What a label's name may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelRule {
    /// Anything: UTF-8 names.
    Utf8,
    /// Runs of what is not allowed become one `_`; a single `_` in front becomes `key_`.
    Escape,
    /// Each letter that is not allowed becomes `_`, as in the labels of `target_info`.
    EscapeEach,
}

/// The name of a label. A digit in front gets `key_` before it; names like `__name__` stay.
///
/// # Errors
/// [`NameError::Label`] if there is nothing, or nothing but underscores.
pub fn label_name(rule: LabelRule, name: &str) -> Result<String, NameError> {
    let mut built = match rule {
        LabelRule::Utf8 => name.to_owned(),
        LabelRule::EscapeEach => name
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '_'
                }
            })
            .collect(),
        LabelRule::Escape => escape_label(name),
    };
    if rule != LabelRule::Utf8 {
        if built.starts_with(|letter: char| letter.is_ascii_digit()) {
            built.insert_str(0, "key_");
        } else if rule == LabelRule::Escape && built.starts_with('_') && !built.starts_with("__") {
            built.insert_str(0, "key");
        }
    }
    if built.bytes().all(|byte| byte == b'_') {
        return Err(NameError::Label(name.to_owned()));
    }
    Ok(built)
}

fn escape_label(name: &str) -> String {
    let reserved = (name.len() >= 4)
        .then(|| name.strip_prefix("__")?.strip_suffix("__"))
        .flatten();
    let mut built = String::with_capacity(name.len());
    for letter in reserved.unwrap_or(name).chars() {
        if letter.is_ascii_alphanumeric() {
            built.push(letter);
        } else if !built.ends_with('_') {
            built.push('_');
        }
    }
    match reserved {
        Some(_) => format!("__{built}__"),
        None => built,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(strategy: Strategy, name: &str, unit: &str, kind: NameKind) -> String {
        metric_name(strategy, "", name, unit, kind).unwrap()
    }

    #[test]
    fn names_get_units_and_types_as_suffixes() {
        let with = |n, unit, kind| name(Strategy::ESCAPED_WITH_SUFFIXES, n, unit, kind);
        assert_eq!(
            with("http.server.duration", "s", NameKind::Other),
            "http_server_duration_seconds"
        );
        assert_eq!(with("requests", "1", NameKind::Counter), "requests_total");
        assert_eq!(
            with("total.requests", "", NameKind::Counter),
            "requests_total"
        );
        assert_eq!(
            with("cpu.utilization", "1", NameKind::Gauge),
            "cpu_utilization_ratio"
        );
        assert_eq!(with("io", "By/s", NameKind::Gauge), "io_bytes_per_second");
        assert_eq!(with("io.bytes", "By", NameKind::Counter), "io_bytes_total");
        assert_eq!(
            with("queue__length..x", "{item}", NameKind::Gauge),
            "queue_length_x"
        );
        assert_eq!(with("2xx", "", NameKind::Gauge), "_2xx");
        assert_eq!(with("system:load", "", NameKind::Gauge), "system:load");
        assert_eq!(with("größe", "", NameKind::Gauge), "gr_e");
    }

    #[test]
    fn without_suffixes_only_letters_change() {
        let without = |n| name(Strategy::ESCAPED, n, "s", NameKind::Counter);
        assert_eq!(without("a.b__c"), "a_b__c");
        assert_eq!(without("1a"), "_1a");
        let named = metric_name(Strategy::ESCAPED, "my.app", "1a", "", NameKind::Other);
        assert_eq!(named.unwrap(), "my_app_1a");
    }

    #[test]
    fn utf8_names_keep_their_letters() {
        let utf8 = |n, unit, kind| name(Strategy::UTF8_WITH_SUFFIXES, n, unit, kind);
        assert_eq!(
            utf8("http.requests", "1", NameKind::Counter),
            "http.requests_total"
        );
        assert_eq!(utf8("größe", "By", NameKind::Gauge), "größe_bytes");
        assert_eq!(utf8("a.total", "By", NameKind::Counter), "a_bytes_total");
        assert_eq!(utf8("a", "By/s", NameKind::Gauge), "a_bytes_per_second");
        assert_eq!(name(Strategy::UTF8, "a.b", "s", NameKind::Counter), "a.b");
    }

    #[test]
    fn the_namespace_comes_first() {
        let build = |strategy| metric_name(strategy, "app", "up", "s", NameKind::Gauge).unwrap();
        assert_eq!(build(Strategy::ESCAPED_WITH_SUFFIXES), "app_up_seconds");
        assert_eq!(build(Strategy::UTF8), "app_up");
    }

    #[test]
    fn what_leaves_no_letter_is_refused() {
        let strategy = Strategy::ESCAPED_WITH_SUFFIXES;
        assert!(metric_name(strategy, "", "", "", NameKind::Other).is_err());
        assert!(metric_name(strategy, "", "…", "", NameKind::Other).is_err());
        assert!(metric_name(Strategy::ESCAPED, "", "..._", "", NameKind::Other).is_err());
        assert!(label_name(LabelRule::EscapeEach, "…").is_err());
        assert!(label_name(LabelRule::Utf8, "").is_err());
    }

    #[test]
    fn labels_are_escaped() {
        let label = |rule, name| label_name(rule, name).unwrap();
        assert_eq!(label(LabelRule::Escape, "http.method"), "http_method");
        assert_eq!(label(LabelRule::Escape, "a..b"), "a_b");
        assert_eq!(label(LabelRule::EscapeEach, "a..b"), "a__b");
        assert_eq!(label(LabelRule::Escape, "1st"), "key_1st");
        assert_eq!(label(LabelRule::Escape, "_x"), "key_x");
        assert_eq!(label(LabelRule::EscapeEach, "_x"), "_x");
        assert_eq!(label(LabelRule::Escape, "__name__"), "__name__");
        assert_eq!(label(LabelRule::Utf8, "http.method"), "http.method");
    }
}
