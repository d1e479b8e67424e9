//! What cannot be built, and what is said about it.

use crate::components::Case;

#[test]
fn a_signal_that_a_component_does_not_do_is_an_error() {
    let case = Case::new(&["logs: in -> out"]);
    assert_eq!(
        case.errors(),
        [
            "failed to create \"out\" exporter for data type \"logs\": telemetry type is not supported"
        ]
    );
    assert_eq!(
        case.build().unwrap_err()[0].path(),
        "service::pipelines::logs"
    );
}

#[test]
fn a_connector_with_one_end_is_an_error() {
    let exporter_only = Case::new(&["traces: in -> join"]);
    assert_eq!(
        exporter_only.errors(),
        [
            "connector \"join\" used as exporter in [traces] pipeline but not used in any supported receiver pipeline"
        ]
    );
    let receiver_only = Case::new(&["traces: join -> out"]);
    assert_eq!(
        receiver_only.errors(),
        [
            "connector \"join\" used as receiver in [traces] pipeline but not used in any supported exporter pipeline"
        ]
    );
}

#[test]
fn a_pair_of_signals_that_a_connector_does_not_do_is_an_error_at_both_ends() {
    let case = Case::new(&["metrics: in -> join", "traces: join -> out"]);
    assert_eq!(case.errors().len(), 2);
}

#[test]
fn a_cycle_is_shown_from_connector_to_connector() {
    let case = Case::new(&[
        "traces: in, join/b -> step -> join/a",
        "traces/2: join/a -> step/2 -> join/b",
    ]);
    assert_eq!(
        case.errors(),
        [
            "cycle detected: connector \"join/b\" (traces to traces) -> processor \"step\" in \
          pipeline \"traces\" -> connector \"join/a\" (traces to traces) -> processor \"step/2\" \
          in pipeline \"traces/2\" -> connector \"join/b\" (traces to traces)"
        ]
    );
}

#[test]
fn everything_that_is_wrong_is_reported_at_once() {
    let case = Case::new(&[
        "logs: in -> out",
        "logs/2: in -> out/b",
        "traces: in -> join",
    ]);
    assert_eq!(case.errors().len(), 3);
    let case = Case::new(&[
        "traces: in -> out/unbuildable",
        "metrics: in -> out/unbuildable",
    ]);
    let errors = case.build().unwrap_err();
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[0].path(), "exporters::out/unbuildable");
}
