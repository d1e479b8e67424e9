//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_processor_loki_process::Config;

#[test]
fn stages_are_written_with_or_without_alloys_prefix() {
    for yaml in [
        "stages: [cri, docker, {decolorize: {}}, {decolorize: }]",
        "stage: [{stage.cri: {}}, stage.docker]",
        "stages: [{stage.match: {selector: '{a=\"b\"}', stages: [{stage.label_drop: {values: [a]}}]}}]",
        "{}",
    ] {
        let (_, warnings) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(warnings, "", "{yaml}");
    }
}

/// Stages and what is wrong with them.
const MISTAKES: &[(&str, &str)] = &[
    ("{lables: {values: {a: }}}", "did you mean `labels`?"),
    ("{cri: {}, docker: {}}", "begin a new item: `- docker:`"),
    ("{}", "the map is empty"),
    ("12", "expected a map with one key"),
    (
        "{cri: {max_partial_lines: 0}}",
        "max_partial_lines must be greater than 0",
    ),
    ("{cri: {max_lines: 1}}", "max_lines"),
    (
        "{drop: {}}",
        "must contain at least one of `source`, `expression`",
    ),
    ("{drop: {value: a}}", "`value` needs a `source`"),
    (
        "{drop: {source: a, value: a, expression: b}}",
        "cannot both be defined",
    ),
    ("{drop: {expression: '('}}", "unclosed group"),
    ("{drop: {longer_than: 1 apple}}", "is not a size"),
    (
        "{geoip: {source: ip, db_type: city}}",
        "missing required argument \"db\"",
    ),
    (
        "{geoip: {db: x, db_type: city}}",
        "missing required argument \"source\"",
    ),
    (
        "{geoip: {db: x, source: ip}}",
        "`db_type` or `custom_lookups` need to be set",
    ),
    ("{geoip: {db: x, source: ip, db_type: fake}}", "db_type"),
    (
        "{geoip: {db: x, source: ip, custom_lookups: {a: '.-b'}}}",
        "could not compile JMES expression",
    ),
    ("{json: {}}", "JMES expressions or regex is required"),
    (
        "{json: {expressions: {a: 'b['}}}",
        "could not compile JMES expression",
    ),
    ("{json: {expressions: {a: }, source: ''}}", "empty source"),
    ("{labels: {}}", "label stage config cannot be empty"),
    (
        "{labels: {values: {a: }, source_type: line}}",
        "source_type",
    ),
    ("{label_drop: {}}", "the list of labels cannot be empty"),
    ("{limit: {rate: 1}}", "burst must be greater than 0"),
    (
        "{limit: {rate: 1, burst: 1, by_label_name: a}}",
        "drop must be true",
    ),
    ("{logfmt: {}}", "logfmt mapping or regex is required"),
    (
        "{match: {selector: '{a=\"b\"}'}}",
        "requires at least one additional stage",
    ),
    (
        "{match: {selector: '{a=b}', stages: [cri]}}",
        "expected text in double quotes at byte 3",
    ),
    (
        "{match: {selector: '{a=\"b\"}', action: drop, stages: [cri]}}",
        "configured to drop entries cannot contain stages",
    ),
    (
        "{match: {selector: '{a=\"b\"}', stages: [{label_drop: {}}]}}",
        "stages::0::match::stages::0::label_drop::values",
    ),
    (
        "{metrics: {metrics: [{counter: {name: a}}]}}",
        "either 'inc' or 'add'",
    ),
    (
        "{metrics: {metrics: [{gauge: {name: a}}]}}",
        "[set, inc, dec, add, sub]",
    ),
    (
        "{metrics: {metrics: [{histogram: {name: a}}]}}",
        "missing required argument \"buckets\"",
    ),
    (
        "{metrics: {metrics: [{count: {name: a}}]}}",
        "did you mean `counter`?",
    ),
    (
        "{metrics: {metrics: [{counter: {name: a, action: inc, count_entry_bytes: true}}]}}",
        "must be specified along with match_all",
    ),
    ("{multiline: {}}", "missing required argument \"firstline\""),
    (
        "{multiline: {firstline: a, max_wait_time: 0s}}",
        "max_wait_time must be greater than 0",
    ),
    ("{output: {}}", "missing required argument \"source\""),
    ("{pattern: {pattern: abc}}", "at least one named capture"),
    (
        "{regex: {expression: '(?P<a'}}",
        "could not compile regular expression",
    ),
    ("{replace: {}}", "missing required argument \"expression\""),
    ("{sampling: {rate: 2}}", "must be between 0.0 and 1.0"),
    ("{sampling: {}}", "must be between 0.0 and 1.0"),
    (
        "{static_labels: {}}",
        "static_labels stage config cannot be empty",
    ),
    (
        "{template: {source: a, template: '{{ .a '}}",
        "unclosed action",
    ),
    (
        "{template: {source: a, template: '{{ Uper .a }}'}}",
        "not defined",
    ),
    ("{tenant: {}}", "label, source or value config are required"),
    ("{tenant: {value: a, label: b}}", "mutually exclusive"),
    (
        "{timestamp: {source: a}}",
        "missing required argument \"format\"",
    ),
    (
        "{timestamp: {source: a, format: Unix, location: Mars/Base}}",
        "there is no time zone",
    ),
    (
        "{timestamp: {source: a, format: Unix, action_on_failure: cry}}",
        "action_on_failure",
    ),
    ("{truncate: {}}", "requires at least one rule"),
    (
        "{truncate: {rules: [{}]}}",
        "limit must be greater than zero",
    ),
    (
        "{truncate: {rules: [{limit: 2, suffix: ...}]}}",
        "suffix length cannot be greater",
    ),
    (
        "{truncate: {rules: [{limit: 2, sources: [a]}]}}",
        "sources cannot be set",
    ),
    ("{windowsevent: {source: 'a b'}}", "invalid label name: a b"),
];

#[test]
fn mistakes_are_reported_with_their_place() {
    for (stage, message) in MISTAKES {
        let yaml = format!("stages: [{stage}]");
        let errors = decode::<Config>(&yaml).expect_err(stage);
        assert!(errors.contains(message), "{stage}\n{errors}");
    }
}

#[test]
fn bounds_are_needed() {
    for key in ["max_held_bytes", "max_held_streams", "max_series"] {
        let errors = decode::<Config>(&format!("{key}: 0")).unwrap_err();
        assert!(errors.contains("must be greater than 0"), "{errors}");
    }
}

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
