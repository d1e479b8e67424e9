//! Rules as the reference describes them.

use headwater_config::testing::decode;
use headwater_core::config::{Config, OrderedMap};

use super::{Pattern, RelabelConfig, Rules, case};
use crate::Labels;
use crate::scrape_config::NameValidation;

/// Rules in a section, as configurations have them.
#[derive(Debug, Default, Config)]
struct Section {
    /// Rules.
    relabel_configs: Vec<RelabelConfig>,
    /// Not used.
    labels: OrderedMap<String>,
}

fn rules(yaml: &str) -> Vec<RelabelConfig> {
    let yaml = yaml.replace('$', "$$");
    let section = decode::<Section>(&format!("relabel_configs: [{yaml}]"));
    section.unwrap().0.relabel_configs
}

fn labels(text: &str) -> Labels {
    text.split_whitespace()
        .filter_map(|label| label.split_once('='))
        .collect()
}

/// The labels after the rules, or `None` if they are dropped.
fn apply(yaml: &str, names: NameValidation, before: &str) -> Option<Labels> {
    let rules = Rules::new(&rules(yaml), names).unwrap();
    let mut labels = labels(before);
    rules.apply(&mut labels).then_some(labels)
}

#[test]
fn every_action_does_what_the_reference_says() {
    const BEFORE: &str = "a=foo b=bar c=baz";
    let cases = [
        (
            "{source_labels: [a], regex: f(.*), target_label: d, replacement: 'ch${1}-ch${1}'}",
            Some("a=foo b=bar c=baz d=choo-choo"),
        ),
        (
            "{source_labels: [a, b], regex: f(.*);(.*)r, target_label: a, replacement: 'b${1}${2}m'}",
            Some("a=boobam b=bar c=baz"),
        ),
        (
            "{source_labels: [a], regex: no, target_label: d, replacement: x}",
            Some(BEFORE),
        ),
        (
            "{source_labels: [a], regex: oo, target_label: d, replacement: x}",
            Some(BEFORE),
        ),
        (
            "{source_labels: [a], target_label: d}",
            Some("a=foo b=bar c=baz d=foo"),
        ),
        (
            "{source_labels: [none], target_label: a}",
            Some("b=bar c=baz"),
        ),
        (
            "{target_label: d, replacement: fixed}",
            Some("a=foo b=bar c=baz d=fixed"),
        ),
        (
            "{source_labels: [a], target_label: '${1}', replacement: x}",
            Some("a=foo b=bar c=baz foo=x"),
        ),
        (
            "{source_labels: [a], regex: '(?P<first>f)(.*)', target_label: '${first}_$2', replacement: $first$$$2}",
            Some("a=foo b=bar c=baz f_oo=f$oo"),
        ),
        (
            "{source_labels: [a], target_label: d, replacement: $1x}",
            Some(BEFORE),
        ),
        (
            "{source_labels: [a], target_label: d, replacement: '${1}x'}",
            Some("a=foo b=bar c=baz d=foox"),
        ),
        (
            "{source_labels: [a], target_label: d, replacement: '$-${-'}",
            Some("a=foo b=bar c=baz d=$-${-"),
        ),
        (
            "{source_labels: [a], action: keep, regex: foo}",
            Some(BEFORE),
        ),
        ("{source_labels: [a], action: keep, regex: fo}", None),
        (
            "{source_labels: [a], action: KEEP, regex: bar|foo}",
            Some(BEFORE),
        ),
        ("{source_labels: [a], action: drop, regex: f.*}", None),
        ("{source_labels: [a], action: drop, regex: f}", Some(BEFORE)),
        (
            "{source_labels: [a], action: keepequal, target_label: b}",
            None,
        ),
        (
            "{source_labels: [none], action: keepequal, target_label: none2}",
            Some(BEFORE),
        ),
        (
            "{source_labels: [a], action: dropequal, target_label: b}",
            Some(BEFORE),
        ),
        (
            "{source_labels: [a], action: dropequal, target_label: a}",
            None,
        ),
        (
            "{source_labels: [c], action: hashmod, target_label: d, modulus: 1000}",
            Some("a=foo b=bar c=baz d=976"),
        ),
        (
            "{action: labelmap, regex: (a|b), replacement: new_$1}",
            Some("a=foo b=bar c=baz new_a=foo new_b=bar"),
        ),
        ("{action: labelmap, regex: (b.*)}", Some(BEFORE)),
        ("{action: labeldrop, regex: (a|c)}", Some("b=bar")),
        ("{action: labelkeep, regex: a|c}", Some("a=foo c=baz")),
        (
            "{source_labels: [a, b], action: uppercase, target_label: d, separator: '-'}",
            Some("a=foo b=bar c=baz d=FOO-BAR"),
        ),
        (
            "{source_labels: [none], action: lowercase, target_label: a}",
            Some("b=bar c=baz"),
        ),
    ];
    for (rule, after) in cases {
        let expected = after.map(labels);
        assert_eq!(
            apply(rule, NameValidation::Utf8, BEFORE),
            expected,
            "{rule}"
        );
    }
}

#[test]
fn rules_see_what_those_before_them_did() {
    let chain = "{source_labels: [a], target_label: __tmp, replacement: '${1}-x'}, \
                 {source_labels: [__tmp], regex: (.*)-x, target_label: b}, \
                 {action: labeldrop, regex: __tmp}";
    assert_eq!(
        apply(chain, NameValidation::Utf8, "a=1 b=2"),
        Some(labels("a=1 b=1"))
    );
}

#[test]
fn a_dot_matches_line_breaks_and_classes_are_ascii() {
    let matches = |pattern: &str, text: &str| {
        Pattern::new(pattern)
            .unwrap()
            .regex()
            .is_match(text.as_bytes())
    };
    assert!(matches("a.b", "a\nb"));
    assert!(matches("a|b", "b"));
    assert!(!matches("a|b", "ab"));
    assert!(!matches(r"\d", "\u{663}"));
    assert!(!matches(r"\w", "ä"));
    assert!(matches(".", "ä"));
    assert!(Pattern::new("(").is_err());
}

#[test]
fn a_name_that_is_not_valid_is_not_set() {
    let rule = "{source_labels: [a], target_label: '${1}', replacement: x}";
    assert_eq!(
        apply(rule, NameValidation::Legacy, "a=with.dot"),
        Some(labels("a=with.dot"))
    );
    assert_eq!(
        apply(rule, NameValidation::Utf8, "a=with.dot"),
        Some(labels("a=with.dot with.dot=x"))
    );
}

#[test]
fn what_prometheus_refuses_is_refused_with_its_words() {
    let cases = [
        (
            "{action: hashmod, target_label: a}",
            "requires non-zero modulus",
        ),
        (
            "{action: replace}",
            "relabel configuration for replace action requires 'target_label' value",
        ),
        (
            "{action: lowercase, target_label: a, replacement: x}",
            "'replacement' can not be set for lowercase action",
        ),
        (
            "{action: labeldrop, source_labels: [a]}",
            "labeldrop action requires only 'regex', and no other fields",
        ),
        (
            "{action: keepequal, target_label: a, separator: x}",
            "keepequal action requires only 'source_labels' and `target_label`, and no other fields",
        ),
        (
            "{action: labelmap, replacement: ''}",
            r#""" is invalid 'replacement' for labelmap action"#,
        ),
        (
            "{source_labels: [''], target_label: a}",
            r#""" is not a valid label name"#,
        ),
        ("{action: dropp}", "did you mean `drop`?"),
        ("{target_label: a, regx: a}", "did you mean `regex`?"),
        (
            "{target_label: a, regex: '(a'}",
            "is not a regular expression: unclosed group",
        ),
    ];
    for (rule, words) in cases {
        let error = decode::<Section>(&format!("relabel_configs: [{rule}]")).unwrap_err();
        assert!(error.contains(words), "{rule}: {error}");
    }
}

#[test]
fn legacy_names_may_have_variables_in_them() {
    let problems = |label: &str| {
        let rule = RelabelConfig {
            target_label: label.into(),
            ..RelabelConfig::default()
        };
        (
            rule.problems(NameValidation::Legacy).len(),
            rule.problems(NameValidation::Utf8).len(),
        )
    };
    for label in ["a", "_", "${1}", "$1_x", "a_${1}_b", "${foo}$bar"] {
        assert_eq!(problems(label), (0, 0), "{label}");
    }
    for label in ["a.b", "1a", "${", "${}", "a-$1", "$", "ä"] {
        assert_eq!(problems(label), (1, 0), "{label}");
    }
}

#[test]
fn plain_words_are_text_without_quotes() {
    let rule = &rules("{source_labels: [a], regex: true, target_label: b, replacement: 9090}")[0];
    assert_eq!(rule.regex.as_str(), "true");
    assert_eq!(rule.replacement, "9090");
    let rule = &rules("{source_labels: [a], regex: , target_label: b}")[0];
    assert_eq!(rule.regex.as_str(), "", "null is the empty pattern");
}

#[test]
fn letters_change_one_by_one() {
    for (text, lower, upper) in [
        ("Straße", "straße", "STRAßE"),
        ("ΌΣΟΣ", "όσοσ", "ΌΣΟΣ"),
        ("İ", "i", "İ"),
        ("ᾀ", "ᾀ", "ᾈ"),
        ("ﬀ", "ﬀ", "ﬀ"),
    ] {
        assert_eq!(
            (case::lower(text), case::upper(text)),
            (lower.into(), upper.into())
        );
    }
}
