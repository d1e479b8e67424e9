//! Spans.

use headwater_core::Signal;
use headwater_core::telemetry::{Level, SeriesValue};
use headwater_testkit::attribute;
use headwater_testkit::otlp::Span;

use crate::support::{Setup, span};

fn setup(yaml: &str) -> Setup {
    Setup::new(Signal::Traces, yaml)
}

/// What becomes of the trace state of one span; none if it is dropped.
fn state(setup: &Setup, span: Span) -> Option<String> {
    setup.spans(vec![span]).pop().map(|span| span.trace_state)
}

/// FNV-1a of a seed and a trace id, below 2^14.
fn bucket(seed: u32, id: &[u8]) -> u32 {
    let bytes = seed.to_le_bytes();
    let hash = bytes.iter().chain(id).fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    hash & 0x3fff
}

#[test]
fn a_hash_of_the_trace_id_decides_and_is_written_down() {
    let setup = setup("{sampling_percentage: 15.3, hash_seed: 22}");
    let spans: Vec<Span> = (0..=255).map(|random| span(random, "a=1")).collect();
    let expected: Vec<_> = spans
        .iter()
        .filter(|span| bucket(22, &span.trace_id) < 2506)
        .map(|span| span.trace_id.clone())
        .collect();
    let kept = setup.spans(spans);
    assert!(kept.iter().map(|span| &span.trace_id).eq(&expected));
    assert!(expected.len() > 20);
    for span in kept {
        // 16384 - 2506, in the highest 14 of 56 bits.
        let (otel, rest) = span.trace_state.split_once(',').unwrap();
        assert!(
            otel.starts_with("ot=rv:") && otel.ends_with(";th:d8d8"),
            "{otel}"
        );
        assert_eq!(rest, "a=1");
    }
}

#[test]
fn all_are_kept_from_a_hundred_percent_on_and_none_at_zero() {
    let spans = || (0..50).map(|random| span(random, "")).collect::<Vec<_>>();
    for percentage in ["100", "150"] {
        let kept = setup(&format!("sampling_percentage: {percentage}")).spans(spans());
        assert_eq!(kept.len(), 50);
        assert!(kept[0].trace_state.ends_with(";th:0"));
    }
    assert!(setup("{}").spans(spans()).is_empty());
    assert!(
        setup("sampling_percentage: 0.001")
            .spans(spans())
            .is_empty()
    );
}

#[test]
fn equalizing_keeps_the_stricter_threshold() {
    let setup = setup("{sampling_percentage: 50, mode: equalizing}");
    assert_eq!(state(&setup, span(0x80, "")).unwrap(), "ot=th:8");
    assert_eq!(state(&setup, span(0x7f, "")), None);
    assert_eq!(state(&setup, span(0xc0, "ot=th:c")).unwrap(), "ot=th:c");
    assert_eq!(
        state(&setup, span(0x90, "ot=th:4,b=2")).unwrap(),
        "ot=th:8,b=2"
    );
    // The randomness in the trace state wins over the trace id's.
    let explicit = "ot=rv:90000000000000";
    assert_eq!(
        state(&setup, span(0, explicit)).unwrap(),
        "ot=rv:90000000000000;th:8"
    );
}

#[test]
fn proportional_multiplies() {
    let setup = setup("{sampling_percentage: 25, mode: proportional}");
    assert_eq!(state(&setup, span(0xc0, "")).unwrap(), "ot=th:c");
    assert_eq!(state(&setup, span(0xc0, "ot=th:8")), None);
    assert_eq!(state(&setup, span(0xe0, "ot=th:8")).unwrap(), "ot=th:e");
}

#[test]
fn what_cannot_be_decided_upon_is_dropped_unless_it_may_pass() {
    for mode in ["hash_seed", "equalizing", "proportional"] {
        let closed = setup(&format!("{{sampling_percentage: 99.9, mode: {mode}}}"));
        let open = setup(&format!(
            "{{sampling_percentage: 1, mode: {mode}, fail_closed: false}}"
        ));
        let missing = Span::default();
        let zero = Span {
            trace_id: vec![0; 16],
            ..Span::default()
        };
        let broken = span(0xff, "not a trace state");
        for odd in [missing, zero, broken.clone()] {
            assert_eq!(state(&closed, odd.clone()), None, "{mode}");
            assert!(state(&open, odd).is_some(), "{mode}");
        }
        assert_eq!(state(&open, broken).unwrap(), "not a trace state");
    }
    // A span that its threshold should not have let pass: the threshold is a lie.
    let open = setup("{sampling_percentage: 1, mode: equalizing, fail_closed: false}");
    assert_eq!(state(&open, span(0x10, "ot=th:c")).unwrap(), "ot=th:0");
    // Hashing does not go together with what others do.
    let open = setup("{sampling_percentage: 1, fail_closed: false}");
    for used in ["ot=th:0", "ot=rv:ffffffffffffff"] {
        assert_eq!(state(&open, span(0x10, used)).unwrap(), used);
    }
}

#[test]
fn a_priority_keeps_or_drops_whatever_the_hash_says() {
    let with = |value: headwater_testkit::otlp::Value| Span {
        attributes: vec![attribute("sampling.priority", value)],
        ..span(1, "")
    };
    let (none, all) = (setup("{}"), setup("sampling_percentage: 100"));
    for keeps in [with(1_i64.into()), with(0.5.into()), with("2".into())] {
        assert_eq!(none.spans(vec![keeps]).len(), 1);
    }
    for drops in [with(0_i64.into()), with(0.0.into()), with("0".into())] {
        assert!(all.spans(vec![drops]).is_empty());
    }
    for neither in [with((-1_i64).into()), with("x".into()), with(true.into())] {
        assert_eq!(all.spans(vec![neither.clone()]).len(), 1);
        assert!(none.spans(vec![neither]).is_empty());
    }
}

#[test]
fn decisions_are_counted_by_policy() {
    let setup = setup("{sampling_percentage: 50, mode: equalizing}");
    let priority = Span {
        attributes: vec![attribute("sampling.priority", 1_i64)],
        ..span(1, "")
    };
    setup.spans(vec![
        span(0x80, ""),
        span(0x90, ""),
        span(1, ""),
        priority,
        Span::default(),
    ]);
    let families = setup.environment.telemetry.snapshot(Level::Detailed);
    let family = families
        .iter()
        .find(|family| {
            family.instrument.name == "otelcol_processor_probabilistic_sampler_count_traces_sampled"
        })
        .unwrap();
    let counts: Vec<_> = family
        .series
        .iter()
        .map(|(labels, value)| {
            let SeriesValue::Number(value) = value else {
                panic!("not a counter")
            };
            (format!("{} {}", labels[0].1, labels[1].1), *value)
        })
        .collect();
    let expected = [
        ("missing_randomness false", 1.0),
        ("sampling_priority true", 1.0),
        ("trace_id_w3c false", 1.0),
        ("trace_id_w3c true", 2.0),
    ];
    assert_eq!(
        counts,
        expected.map(|(labels, value)| (labels.to_owned(), value))
    );
}
