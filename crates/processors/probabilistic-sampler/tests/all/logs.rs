//! Log records.

use headwater_core::Signal;
use headwater_testkit::attribute;
use headwater_testkit::otlp::{LogRecord, Value};

use crate::support::{Setup, log};

fn setup(yaml: &str) -> Setup {
    Setup::new(Signal::Logs, yaml)
}

/// The attributes of a record that is kept, as text.
fn kept(setup: &Setup, record: LogRecord) -> Option<Vec<String>> {
    let record = setup.logs(vec![record]).pop()?;
    let shown = record.attributes.into_iter().map(|pair| {
        let value = match pair.value.unwrap().value.unwrap() {
            Value::StringValue(text) => text,
            other => format!("{other:?}"),
        };
        format!("{}={value}", pair.key)
    });
    Some(shown.collect())
}

#[test]
fn the_decision_is_written_into_attributes() {
    let equalizing = setup("{sampling_percentage: 50, mode: equalizing}");
    assert_eq!(
        kept(&equalizing, log(0x80, vec![])).unwrap(),
        ["sampling.threshold=8"]
    );
    assert_eq!(kept(&equalizing, log(0x7f, vec![])), None);
    let before = vec![attribute("sampling.threshold", "c"), attribute("a", "b")];
    assert_eq!(
        kept(&equalizing, log(0xc0, before)).unwrap(),
        ["sampling.threshold=c", "a=b"]
    );
    let explicit = vec![attribute("sampling.randomness", "90000000000000")];
    assert_eq!(
        kept(&equalizing, log(0, explicit)).unwrap(),
        ["sampling.randomness=90000000000000", "sampling.threshold=8"]
    );
    let hashing = setup("sampling_percentage: 100");
    let shown = kept(&hashing, log(1, vec![])).unwrap();
    assert!(
        shown[0].starts_with("sampling.randomness=") && shown[0].len() == 34,
        "{shown:?}"
    );
    assert_eq!(shown[1], "sampling.threshold=0");
}

#[test]
fn an_attribute_decides_where_there_is_no_trace_id_or_always() {
    let without_id = |value: &str| LogRecord {
        attributes: vec![attribute("id", value)],
        ..LogRecord::default()
    };
    let values: Vec<String> = (0..200).map(|n| format!("value-{n}")).collect();
    let count = |setup: &Setup, make: &dyn Fn(&str) -> LogRecord| {
        let records = values.iter().map(|value| make(value)).collect();
        setup.logs(records).len()
    };
    let fallback = setup("{sampling_percentage: 50, from_attribute: id}");
    let some = count(&fallback, &without_id);
    assert!((60..140).contains(&some), "{some}");
    // The same trace id for all: all or nothing, unless the attribute decides.
    let same_trace = |value: &str| log(3, vec![attribute("id", value)]);
    assert!([0, 200].contains(&count(&fallback, &same_trace)));
    let by_record =
        setup("{sampling_percentage: 50, from_attribute: id, attribute_source: record}");
    assert_eq!(count(&by_record, &same_trace), some);
    assert!(
        setup("sampling_percentage: 100")
            .logs(vec![without_id("x")])
            .is_empty()
    );
}

#[test]
fn a_records_own_percentage_is_used_instead() {
    let setup = setup("{sampling_percentage: 1, mode: equalizing, sampling_priority: p}");
    let with = |value: Value| log(0x90, vec![attribute("p", value)]);
    assert_eq!(kept(&setup, log(0x90, vec![])), None);
    assert!(kept(&setup, with(100_i64.into())).is_some());
    assert!(
        kept(&setup, with(50.0.into()))
            .unwrap()
            .contains(&"sampling.threshold=8".to_owned())
    );
    assert_eq!(kept(&setup, with(25_i64.into())), None);
    // None of these is a percentage.
    for value in [Value::from(0_i64), 101_i64.into(), "100".into()] {
        assert_eq!(kept(&setup, with(value)), None);
    }
}

#[test]
fn broken_attributes_are_an_error() {
    let broken = || log(0xff, vec![attribute("sampling.threshold", "zz")]);
    for mode in ["hash_seed", "equalizing", "proportional"] {
        let closed = setup(&format!("{{sampling_percentage: 99.9, mode: {mode}}}"));
        assert_eq!(kept(&closed, broken()), None, "{mode}");
        let open = setup(&format!(
            "{{sampling_percentage: 1, mode: {mode}, fail_closed: false}}"
        ));
        assert_eq!(
            kept(&open, broken()).unwrap(),
            ["sampling.threshold=zz"],
            "{mode}"
        );
    }
}
