//! How much is taken. The clock is paused.

use std::time::Duration;

use headwater_core::{Budget, ErrorKind, Signal};
use headwater_processor_tenant::factory;
use headwater_testkit::environment;

use crate::support::{Setup, of};

const FROM: &str = "from: [{header: X-Scope-OrgID}]";

async fn wait_of(setup: &Setup, tenant: &str) -> Duration {
    let error = setup.send(of(tenant, 2)).await.unwrap_err();
    match error.kind() {
        ErrorKind::Refused { after } => after.unwrap(),
        kind => panic!("{kind:?}: {error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_over_its_rate_is_told_when_to_come_back_and_the_others_are_not_affected() {
    let setup = Setup::new(&format!(
        "{{{FROM}, limits: {{requests_per_second: 10, request_burst: 2}}}}"
    ));
    for _ in 0..2 {
        setup.send(of("loud", 2)).await.unwrap();
    }
    for _ in 0..50 {
        assert_eq!(wait_of(&setup, "loud").await, Duration::from_millis(100));
    }
    for _ in 0..2 {
        setup.send(of("quiet", 2)).await.unwrap();
    }
    tokio::time::advance(Duration::from_millis(100)).await;
    setup.send(of("loud", 2)).await.unwrap();
    let loud = ("tenant", "loud");
    let refused = [loud, ("reason", "requests")];
    assert_eq!(
        setup.metric("otelcol_tenant_refused_items", &refused),
        100.0
    );
    let accepted = [loud, ("signal", "traces")];
    assert_eq!(
        setup.metric("otelcol_tenant_accepted_items", &accepted),
        6.0
    );
    let quiet = [("tenant", "quiet")];
    assert_eq!(setup.metric("otelcol_tenant_refused_items", &quiet), 0.0);
    assert_eq!(setup.metric("otelcol_tenant_active", &[]), 2.0);
}

#[tokio::test(start_paused = true)]
async fn bytes_are_limited_over_all_pipelines_that_share_the_processor() {
    let bytes = of("a", 2).bytes();
    let yaml = format!("{{{FROM}, limits: {{bytes_per_second: {bytes}}}}}");
    let (factory, environment) = (factory(), environment());
    let traces = Setup::of(&factory, &environment, "traces", &yaml);
    let logs = Setup::of(&factory, &environment, "logs", &yaml);
    traces.send(of("a", 2)).await.unwrap();
    assert_eq!(wait_of(&logs, "a").await, Duration::from_secs(1));
    tokio::time::advance(Duration::from_secs(1)).await;
    logs.send(of("a", 2)).await.unwrap();
    assert_eq!(wait_of(&traces, "a").await, Duration::from_secs(1));
    // A request that was refused for its bytes has not used up one of the requests.
    let counted = traces.metric("otelcol_tenant_accepted_bytes", &[("tenant", "a")]);
    assert_eq!(counted, 2.0 * bytes as f64);
}

#[tokio::test(start_paused = true)]
async fn bytes_in_flight_come_back_when_the_telemetry_has_gone_on() {
    let bytes = of("a", 2).bytes();
    let limit = bytes * 5 / 2;
    let setup = Setup::new(&format!(
        "{{{FROM}, limits: {{max_in_flight_bytes: {limit}}}}}"
    ));
    let budget = Budget::default();
    for _ in 0..2 {
        let sent = of("a", 2).with_ticket(budget.charge(bytes));
        setup.send(sent).await.unwrap();
    }
    assert_eq!(wait_of(&setup, "a").await, Duration::from_secs(1));
    setup.send(of("b", 2)).await.unwrap();
    let held = |tenant| setup.metric("otelcol_tenant_in_flight", &[("tenant", tenant)]);
    assert_eq!((held("a"), held("b")), (2.0 * bytes as f64, bytes as f64));
    assert_eq!(budget.held(), 2 * bytes, "the share is no second charge");
    let held_by_next = setup.next.batches();
    assert_eq!(held_by_next[0].ticket().bytes(), bytes);
    drop(held_by_next);
    // What the recorder holds goes with it.
    let Setup {
        next,
        processor,
        environment,
    } = setup;
    drop(next);
    assert_eq!(budget.held(), 0);
    let setup = Setup {
        next: headwater_testkit::Recorder::new(),
        processor,
        environment,
    };
    setup.send(of("a", 2)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_tenant_may_send_can_differ_from_the_others() {
    let setup = Setup::new(&format!(
        "{{{FROM}, limits: {{requests_per_second: 1, request_burst: 1}}, \
          overrides: {{big: {{request_burst: 3}}, free: {{requests_per_second: 0}}}}}}"
    ));
    for (tenant, taken) in [("small", 1), ("big", 3)] {
        for _ in 0..taken {
            setup.send(of(tenant, 2)).await.unwrap();
        }
        assert_eq!(wait_of(&setup, tenant).await, Duration::from_secs(1));
    }
    for _ in 0..100 {
        setup.send(of("free", 2)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn leaving_the_name_out_does_not_get_around_the_limits() {
    let setup = Setup::new(&format!(
        "{{{FROM}, required: false, limits: {{requests_per_second: 1}}}}"
    ));
    let nameless = || crate::support::batch(Signal::Traces, 1, crate::support::headers(&[]));
    setup.send(nameless()).await.unwrap();
    assert!(setup.send(nameless()).await.is_err());
}
