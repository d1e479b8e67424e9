//! What Prometheus refuses in a rule.

use super::{Action, RelabelConfig};
use crate::scrape_config::NameValidation;

/// Something wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key.
    pub key: &'static str,
    /// What is wrong with it.
    pub message: String,
}

pub(super) fn problems(rule: &RelabelConfig, names: NameValidation) -> Vec<Problem> {
    use Action::{
        DropEqual, HashMod, KeepEqual, LabelDrop, LabelKeep, LabelMap, Lowercase, Replace,
        Uppercase,
    };
    let mut problems = Vec::new();
    let mut add = |key, message| problems.push(Problem { key, message });
    let action = rule.action.as_str();
    if rule.source_labels.iter().any(|name| name.is_empty()) {
        add("source_labels", "\"\" is not a valid label name".to_owned());
    }
    if rule.action == HashMod && rule.modulus == 0 {
        let message = "relabel configuration for hashmod requires non-zero modulus";
        add("modulus", message.to_owned());
    }
    let target = &*rule.target_label;
    match rule.action {
        Replace | HashMod | Lowercase | Uppercase | KeepEqual | DropEqual if target.is_empty() => {
            let message =
                format!("relabel configuration for {action} action requires 'target_label' value");
            add("target_label", message);
        }
        Replace if !is_valid_template(target, names) => {
            let message = format!("{target:?} is invalid 'target_label' for {action} action");
            add("target_label", message);
        }
        HashMod | Lowercase | Uppercase | KeepEqual | DropEqual
            if !names.is_valid_label(target) =>
        {
            let message = format!("{target:?} is invalid 'target_label' for {action} action");
            add("target_label", message);
        }
        _ => {}
    }
    let default = RelabelConfig::default();
    if matches!(rule.action, Lowercase | Uppercase) && rule.replacement != default.replacement {
        let message = format!("'replacement' can not be set for {action} action");
        add("replacement", message);
    }
    if rule.action == LabelMap && !is_valid_template(&rule.replacement, names) {
        let message = format!(
            "{:?} is invalid 'replacement' for {action} action",
            &*rule.replacement
        );
        add("replacement", message);
    }
    let others = [
        ("source_labels", !rule.source_labels.is_empty()),
        ("target_label", !target.is_empty()),
        ("regex", rule.regex != default.regex),
        ("modulus", rule.modulus != 0),
        ("separator", rule.separator != default.separator),
        ("replacement", rule.replacement != default.replacement),
    ];
    let (allowed, phrase): (&[&str], _) = match rule.action {
        KeepEqual | DropEqual => (
            &["source_labels", "target_label"],
            "'source_labels' and `target_label`",
        ),
        LabelDrop | LabelKeep => (&["regex"], "'regex'"),
        _ => return problems,
    };
    for (key, set) in others {
        if set && !allowed.contains(&key) {
            let message = format!("{action} action requires only {phrase}, and no other fields");
            add(key, message);
        }
    }
    problems
}

/// Whether a label name with `$1` and the like in it can become a valid name.
fn is_valid_template(text: &str, names: NameValidation) -> bool {
    match names {
        NameValidation::Utf8 => names.is_valid_label(text),
        NameValidation::Legacy if text.contains('$') => is_legacy_template(text),
        NameValidation::Legacy => names.is_valid_label(text),
    }
}

/// `^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$`: a name that begins with a letter or a variable.
fn is_legacy_template(text: &str) -> bool {
    let mut rest = text;
    let mut first = true;
    while let Some(next) = rest.chars().next() {
        let word = |text: &str| {
            text.bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
                .count()
        };
        let taken = if next == '$' {
            match rest[1..].strip_prefix('{') {
                Some(braced) => {
                    let length = word(braced);
                    if length == 0 || !braced[length..].starts_with('}') {
                        return false;
                    }
                    length + 3
                }
                None => match word(&rest[1..]) {
                    0 => return false,
                    length => length + 1,
                },
            }
        } else if next.is_ascii_alphabetic() || next == '_' || (next.is_ascii_digit() && !first) {
            1
        } else {
            return false;
        };
        first = false;
        rest = &rest[taken..];
    }
    !first
}
