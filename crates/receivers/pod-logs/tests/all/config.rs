//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_receiver_pod_logs::Config;

#[test]
fn mistakes_are_reported() {
    for (yaml, message) in [
        ("{}", "no way to find targets is configured"),
        (
            "{kubernetes_sd_configs: [{role: pod}]}",
            "no rule sets the label `__path__`: no file would be read",
        ),
        (
            "{static_configs: [{targets: [a], labels: {app: x}}]}",
            "no rule sets the label `__path__`",
        ),
        (
            "{static_configs: [{targets: [a], labels: {__path__: /x}}], fingerprint_size: 1}",
            "'fingerprint_size' must be at least 16 bytes",
        ),
        (
            "{static_configs: [{targets: [a], labels: {__path__: /x}}], max_targets: 0}",
            "max_targets must be greater than 0",
        ),
        (
            "{static_configs: [{targets: [a], labels: {__path__: /x}}],
              relabel_configs: [{action: kepe}]}",
            "did you mean `keep`?",
        ),
        (
            "{static_configs: [{targets: [a], labels: {__path__: /x}}],
              operators: [{type: nothing}]}",
            "unsupported type 'nothing'",
        ),
        (
            "{file_sd_configs: [{files: [/a.txt]}]}",
            "is not valid for file discovery",
        ),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(errors.contains(message), "{yaml}\n{errors}");
    }
}

#[test]
fn targets_from_elsewhere_may_bring_their_path() {
    decode::<Config>("{file_sd_configs: [{files: [/a.json]}]}").unwrap();
}

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
