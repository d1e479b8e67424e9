//! What is built, how data flows through it and in which order it starts and stops.

use std::time::{Duration, Instant};

use headwater_core::status::Status;
use headwater_core::{ComponentKind, ConsumeError, Signal};
use headwater_testkit::{Answer, host, metric};

use crate::components::Case;

#[tokio::test]
async fn a_batch_reaches_every_exporter_of_every_pipeline_that_names_the_receiver() {
    let case = Case::new(&["traces: in -> out, out/b", "traces/2: in -> step -> out/b"]);
    let _graph = case.build().unwrap();
    case.send("in", Signal::Traces, 3).await.unwrap();
    assert_eq!(case.taken("exporter out traces"), [3]);
    assert_eq!(case.taken("exporter out/b traces"), [3, 3]);
}

#[tokio::test]
async fn components_start_from_the_far_end_and_stop_from_the_near_one() {
    let case = Case::new(&["traces: in -> step, step/2 -> join", "metrics: join -> out"]);
    let graph = case.build().unwrap();
    graph.start(&host()).await.unwrap();
    let started = [
        "start exporter out metrics",
        "start connector join traces",
        "start processor step/2 traces",
        "start processor step traces",
        "start receiver in",
    ];
    assert_eq!(case.events(), started);
    assert!(
        graph
            .shutdown(Instant::now() + Duration::from_secs(1))
            .await
            .is_empty()
    );
    let stopped: Vec<_> = started
        .iter()
        .rev()
        .map(|event| event.replacen("start", "stop", 1))
        .collect();
    assert_eq!(case.events(), stopped);
}

#[tokio::test]
async fn a_receiver_cannot_use_up_the_time_of_those_behind_it() {
    let case = Case::new(&["traces: in -> step, step/2 -> join", "metrics: join -> out"]);
    let graph = case.build().unwrap();
    graph.start(&host()).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(40);
    graph.shutdown(deadline).await;
    let limits = case.log.deadlines.lock().unwrap().clone();
    let [receiver, step, second, connector, exporter] = limits[..] else {
        panic!("{limits:?}")
    };
    assert!(receiver <= Instant::now() + Duration::from_secs(10));
    assert!(receiver < step && step == second && second == connector);
    assert!(connector <= Instant::now() + Duration::from_secs(20));
    assert_eq!(exporter, deadline);
}

#[tokio::test]
async fn a_component_that_cannot_start_is_named_and_what_ran_is_stopped() {
    let case = Case::new(&["traces: in/fails -> out"]);
    let graph = case.build().unwrap();
    let error = graph.start(&host()).await.unwrap_err();
    assert_eq!(error.to_string(), "failed to start \"in/fails\" receiver");
    case.events();
    graph.shutdown(Instant::now()).await;
    assert_eq!(
        case.events(),
        ["stop receiver in/fails", "stop exporter out traces"]
    );
    let states = case.environment.statuses.snapshot();
    assert!(
        states.values().all(|event| event.status == Status::Stopped),
        "{states:?}"
    );
}

#[tokio::test]
async fn one_receiver_and_one_exporter_serve_all_pipelines_that_name_them() {
    let case = Case::new(&[
        "traces: in -> out",
        "traces/2: in -> step -> out",
        "metrics: in -> out",
    ]);
    let graph = case.build().unwrap();
    assert_eq!(graph.count(ComponentKind::Receiver), 1);
    assert_eq!(graph.count(ComponentKind::Exporter), 2, "one per signal");
    assert_eq!(graph.topology().edges.len(), 4);
}

#[tokio::test]
async fn a_connector_leads_into_every_pipeline_that_names_it_as_a_receiver() {
    let case = Case::new(&[
        "traces: in -> join",
        "traces/2: join -> out",
        "metrics: join -> out/b",
        "metrics/2: join -> out/c",
    ]);
    let _graph = case.build().unwrap();
    case.send("in", Signal::Traces, 2).await.unwrap();
    for name in [
        "exporter out traces",
        "exporter out/b metrics",
        "exporter out/c metrics",
    ] {
        assert_eq!(case.taken(name), [2], "{name}");
    }
}

#[tokio::test]
async fn the_books_of_fused_processors_balance_whatever_happens() {
    let case = Case::new(&[
        "traces: in -> step, step/drop -> out",
        "logs: in -> step/2 -> join",
        "metrics: join -> out",
    ]);
    let _graph = case.build().unwrap();
    case.send("in", Signal::Traces, 5).await.unwrap();
    let out = case.recorder("exporter out metrics");
    out.answer(Answer::Fail(ConsumeError::refused("queue is full", None)));
    assert!(case.send("in", Signal::Logs, 4).await.is_err());
    case.send("in", Signal::Logs, 3).await.unwrap();
    let balances = case.environment.ledger.balances();
    let of = |id: &str| {
        balances
            .iter()
            .find(|(instance, _)| instance.id.to_string() == id)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!((of("step").received, of("step").sent), (5, 5));
    assert_eq!((of("step/drop").received, of("step/drop").filtered), (5, 5));
    assert_eq!(
        (of("step/2").received, of("step/2").sent),
        (3, 3),
        "refused is not received"
    );
    assert_eq!(case.environment.ledger.imbalance(), 0);
    assert_eq!(
        metric(&case.environment, "otelcol_processor_incoming_items"),
        17.0
    );
}

#[tokio::test]
async fn a_failed_exporter_does_not_keep_the_batch_from_the_others() {
    let case = Case::new(&["traces: in -> out, out/b"]);
    let _graph = case.build().unwrap();
    case.recorder("exporter out traces")
        .answer(Answer::Fail(ConsumeError::permanent("no")));
    let error = case.send("in", Signal::Traces, 1).await.unwrap_err();
    assert!(error.is_permanent() && error.is_partial());
    assert_eq!(case.taken("exporter out/b traces"), [1]);
}

#[tokio::test]
async fn a_refusal_goes_back_to_the_sender_and_nothing_is_sent() {
    let case = Case::new(&["traces: in -> step, step/refuse -> out"]);
    let _graph = case.build().unwrap();
    assert!(case.send("in", Signal::Traces, 1).await.is_err());
    assert!(case.taken("exporter out traces").is_empty());
    assert_eq!(case.environment.ledger.imbalance(), 0);
}
