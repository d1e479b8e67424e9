//! What is accepted.

use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_core::Signal;
use headwater_processor_probabilistic_sampler::{AttributeSource, Config, Mode, factory};

#[test]
fn the_readme_lists_every_key() {
    let table = keys_table::<Config>();
    assert!(
        include_str!("../../README.md").contains(&table),
        "the table should be\n{table}"
    );
}

#[test]
fn every_key_of_the_collector_is_accepted() {
    let (config, warnings) = decode::<Config>(
        "sampling_percentage: 15.3
hash_seed: 22
mode: proportional
fail_closed: false
sampling_precision: 6
attribute_source: record
from_attribute: foo
sampling_priority: bar",
    )
    .unwrap();
    assert!(warnings.is_empty(), "{warnings}");
    assert_eq!(config.mode, Mode::Proportional);
    let (config, _) = decode::<Config>("{mode: '', attribute_source: ''}").unwrap();
    assert_eq!(config.mode, Mode::HashSeed);
    assert_eq!(config.attribute_source, AttributeSource::Record);
    decode::<Config>("sampling_percentage: 150").unwrap();
}

#[test]
fn what_cannot_work_is_refused_with_a_reason() {
    for (yaml, reason) in [
        ("sampling_percentage: -1", "sampling rate is negative: -1%"),
        ("sampling_percentage: 1e-16", "sampling rate is too small"),
        ("sampling_percentage: .inf", "sampling rate is invalid"),
        ("sampling_precision: 0", "must be from 1 to 14"),
        ("sampling_precision: 15", "must be from 1 to 14"),
        ("mode: proportion", "did you mean `proportional`"),
        ("attribute_source: trace", "one of: traceID, record"),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(errors.contains(reason), "{yaml}: {errors}");
    }
    assert!(factory().stability(Signal::Metrics).is_none());
}
