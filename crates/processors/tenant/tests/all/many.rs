//! More tenants than there should be.

use std::time::Duration;

use headwater_core::memory::heap_in_use;
use headwater_core::{Batch, Context};

use crate::support::{Setup, headers, of};

const FROM: &str = "from: [{header: X-Scope-OrgID}]";

/// The same bytes of another tenant.
fn named(template: &Batch, tenant: &str) -> Batch {
    let context = Context::new(headers(&[("X-Scope-OrgID", tenant)]));
    template.clone().with_context(context)
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_tenants_are_bounded_in_memory_limits_and_metrics() {
    let setup = Setup::new(&format!(
        "{{{FROM}, max_tenants: 1000, max_metrics_tenants: 20, limits: {{requests_per_second: 1000}}}}"
    ));
    let template = of("", 1);
    let mut series = 0;
    for number in 0..100_000 {
        // What there is no room for shares one rate, and is refused when that is used up.
        let batch = named(&template, &format!("tenant-{number}"));
        drop(setup.send(batch).await);
        if number == 2100 {
            series = setup.series();
        }
    }
    assert_eq!(setup.metric("otelcol_tenant_active", &[]), 1000.0);
    assert_eq!(
        setup.series(),
        series,
        "no series beyond those of the first twenty and the rest"
    );
    let taken = setup.next.calls();
    assert_eq!(
        taken, 2000,
        "each of a thousand has one, all others together have a thousand"
    );
    let rest = [("tenant", "_overflow"), ("reason", "requests")];
    assert_eq!(
        setup.metric("otelcol_tenant_refused_items", &rest),
        98_000.0
    );
    // Those that sent first are not affected.
    setup.send(of("tenant-7", 1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn idle_tenants_make_room_and_take_their_metrics_with_them() {
    let setup = Setup::new(&format!(
        "{{{FROM}, max_tenants: 3, max_metrics_tenants: 3, idle_timeout: 60s}}"
    ));
    for name in ["a", "b", "c", "d"] {
        setup.send(of(name, 1)).await.unwrap();
    }
    let accepted = |name| setup.metric("otelcol_tenant_accepted_items", &[("tenant", name)]);
    assert_eq!(
        (accepted("a"), accepted("d"), accepted("_overflow")),
        (1.0, 0.0, 1.0)
    );
    // Nothing of them may be held any more.
    let held = setup.next.batches();
    drop(held);
    let Setup {
        next,
        processor,
        environment,
    } = setup;
    drop(next);
    let setup = Setup {
        next: headwater_testkit::Recorder::new(),
        processor,
        environment,
    };
    tokio::time::advance(Duration::from_secs(30)).await;
    setup.send(of("b", 1)).await.unwrap();
    tokio::time::advance(Duration::from_secs(31)).await;
    setup.send(of("d", 1)).await.unwrap();
    let accepted = |name| setup.metric("otelcol_tenant_accepted_items", &[("tenant", name)]);
    assert_eq!(
        (accepted("a"), accepted("b"), accepted("d")),
        (0.0, 2.0, 1.0)
    );
    assert_eq!(setup.metric("otelcol_tenant_active", &[]), 2.0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_tenant_costs_little() {
    const TENANTS: u64 = 20_000;
    let setup = Setup::new(&format!(
        "{{{FROM}, max_tenants: {TENANTS}, max_metrics_tenants: {TENANTS}, \
          limits: {{requests_per_second: 10, bytes_per_second: 1000000, max_in_flight_bytes: 1000000}}}}"
    ));
    let template = of("", 1);
    let before = heap_in_use().unwrap().bytes();
    for number in 0..TENANTS {
        let Ok(Some(batch)) = (match &setup.processor {
            headwater_core::BuiltProcessor::Inline(processor) => {
                processor.process(named(&template, &format!("tenant-{number:06}")))
            }
            headwater_core::BuiltProcessor::Buffering(_) => panic!("no resource is a source"),
        }) else {
            panic!("a first request is taken")
        };
        drop(batch);
    }
    assert_eq!(setup.metric("otelcol_tenant_active", &[]), TENANTS as f64);
    let each = (heap_in_use().unwrap().bytes() - before) / TENANTS;
    println!("a tenant with metrics costs {each} bytes");
    assert!(each < 4096, "a tenant costs {each} bytes");
}
