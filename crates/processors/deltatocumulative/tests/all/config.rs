//! What is accepted.

use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_core::Signal;
use headwater_processor_deltatocumulative::{Config, factory};

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
    let (config, warnings) = decode::<Config>("{max_stale: 10m, max_streams: 0}").unwrap();
    assert!(warnings.is_empty(), "{warnings}");
    assert_eq!((config.max_stale.as_secs(), config.max_streams), (600, 0));
    decode::<Config>("max_streams: 9223372036854775807").unwrap();
    assert!(factory().stability(Signal::Metrics).is_some());
    assert!(factory().stability(Signal::Logs).is_none());
}

#[test]
fn what_cannot_work_is_refused_with_a_reason() {
    for (yaml, reason) in [
        ("max_stale: 0s", "max_stale must be a positive duration"),
        ("max_streams: -1", "max_streams"),
        ("max_stream: 1", "did you mean `max_streams`"),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(errors.contains(reason), "{yaml}: {errors}");
    }
}
