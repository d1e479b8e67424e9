//! Tenants, limits, sizes.

use std::collections::BTreeMap;
use std::time::Duration;

use headwater_core::config::Optional;
use headwater_core::rpc::Code;
use headwater_core::{Context, ContextParts, Metadata};
use headwater_transport::Status;

use super::support::{Backend, batch, config, over_http, resource, span, started};

/// Names of spans by tenant, sorted.
fn by_tenant(backend: &Backend) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::<String, Vec<String>>::new();
    for (tenant, names) in backend.received() {
        all.entry(tenant).or_default().extend(names);
    }
    for names in all.values_mut() {
        names.sort();
    }
    all
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn each_tenant_gets_its_own_spans_over_grpc_and_http() {
    for grpc in [true, false] {
        let backend = if grpc {
            Backend::grpc()
        } else {
            Backend::http()
        };
        let mut config = if grpc {
            config(&backend)
        } else {
            over_http(&backend)
        };
        config.tenant_attribute = "team".into();
        config.tenant_id = "rest".into();
        let setup = started(&config).await;
        setup
            .consume(batch(vec![
                resource("a", vec![span(1, "a1"), span(2, "a2")]),
                resource("b", vec![span(1, "b1")]),
                resource("", vec![span(3, "r")]),
                resource("a", vec![span(3, "a3")]),
            ]))
            .await;
        assert_eq!(setup.finish().await.sent, 5);
        let expected = BTreeMap::from([
            ("a".to_owned(), names(&["a1", "a2", "a3"])),
            ("b".to_owned(), names(&["b1"])),
            ("rest".to_owned(), names(&["r"])),
        ]);
        assert_eq!(by_tenant(&backend), expected);
        assert!(grpc || backend.paths().iter().all(|path| path == "/v1/traces"));
    }
}

#[tokio::test]
async fn the_tenant_comes_from_context_header_or_configuration_in_this_order() {
    let backend = Backend::grpc();
    let mut config = config(&backend);
    config.tenant_id = "fixed".into();
    let setup = started(&config).await;
    let mut metadata = Metadata::default();
    metadata.append("X-Scope-OrgID", "sent");
    let parts = ContextParts {
        metadata,
        ..ContextParts::default()
    };
    let one = |name| batch(vec![resource("x", vec![span(1, name)])]);
    setup.consume(one("1")).await;
    setup
        .consume(one("2").with_context(Context::new(parts.clone())))
        .await;
    let derived = Context::new(ContextParts {
        tenant: Some("derived".into()),
        ..parts
    });
    setup.consume(one("3").with_context(derived)).await;
    setup.finish().await;
    let expected = [("derived", "3"), ("fixed", "1"), ("sent", "2")]
        .map(|(tenant, name)| (tenant.to_owned(), names(&[name])));
    assert_eq!(by_tenant(&backend), BTreeMap::from(expected));
}

#[tokio::test]
async fn batches_of_different_tenants_are_never_merged() {
    let backend = Backend::grpc();
    let mut config = config(&backend);
    let queue = config.sending_queue.as_mut().unwrap();
    queue.batch = Optional::Some(headwater_exporting::QueueBatchConfig {
        flush_timeout: Duration::from_millis(20),
        ..headwater_exporting::QueueBatchConfig::default()
    });
    let setup = started(&config).await;
    for tenant in ["a", "b", "a"] {
        let mut metadata = Metadata::default();
        metadata.append("x-scope-orgid", tenant);
        let context = Context::new(ContextParts {
            metadata,
            ..ContextParts::default()
        });
        setup
            .consume(batch(vec![resource("x", vec![span(1, tenant)])]).with_context(context))
            .await;
    }
    assert_eq!(setup.finish().await.sent, 3);
    let expected = [("a", names(&["a", "a"])), ("b", names(&["b"]))]
        .map(|(tenant, names)| (tenant.to_owned(), names));
    assert_eq!(by_tenant(&backend), BTreeMap::from(expected));
}

#[tokio::test]
async fn a_limit_is_waited_for_and_counted_by_tenant() {
    let backend = Backend::grpc();
    let limited = || {
        Status::new(
            Code::ResourceExhausted,
            "RATE_LIMITED: ingestion rate limit",
        )
    };
    backend.say([limited(), limited()]);
    let mut config = config(&backend);
    config.tenant_id = "a".into();
    let setup = started(&config).await;
    setup
        .consume(batch(vec![resource("x", vec![span(1, "s"), span(2, "t")])]))
        .await;
    assert_eq!(setup.finish().await.sent, 2);
    assert_eq!(
        (
            setup.metric("tempo_delayed_spans"),
            setup.metric("tempo_dropped_spans")
        ),
        (4.0, 0.0)
    );
    backend.say([limited()]);
    config.retry_on_limit = false;
    let setup = started(&config).await;
    setup
        .consume(batch(vec![resource("x", vec![span(1, "s")])]))
        .await;
    assert_eq!(setup.finish().await.dropped["rate_limited"], 1);
    assert_eq!(setup.metric("tempo_dropped_spans"), 1.0);
}

#[tokio::test]
async fn a_tenant_over_its_limit_does_not_hold_up_the_others() {
    let backend = Backend::grpc();
    backend.judge(|(tenant, _), _| {
        let text = "LIVE_TRACES_EXCEEDED: max live traces exceeded for tenant bad";
        (tenant == "bad").then(|| Status::new(Code::FailedPrecondition, text))
    });
    let mut config = config(&backend);
    config.tenant_attribute = "team".into();
    config.retry_on_failure.max_elapsed_time = Duration::from_millis(50);
    let setup = started(&config).await;
    setup
        .consume(batch(vec![
            resource("bad", vec![span(1, "x")]),
            resource("good", vec![span(2, "y")]),
        ]))
        .await;
    let ledger = setup.finish().await;
    assert_eq!(
        (ledger.sent, ledger.dropped["live_traces_exceeded"]),
        (1, 1)
    );
    assert_eq!(by_tenant(&backend)["good"], names(&["y"]));
}

#[tokio::test]
async fn a_trace_that_is_too_large_leaves_the_others_alone() {
    let backend = Backend::grpc();
    let text = "TRACE_TOO_LARGE: max size of trace (5) exceeded while adding 1 bytes to trace \
                07070707070707070707070707070707 for tenant single-tenant";
    backend.judge(move |(_, names), _| {
        let large = names.iter().any(|name| name.starts_with("large"));
        large.then(|| Status::new(Code::FailedPrecondition, text))
    });
    let setup = started(&config(&backend)).await;
    let spans = vec![
        span(7, "large1"),
        span(1, "a"),
        span(7, "large2"),
        span(2, "b"),
    ];
    setup.consume(batch(vec![resource("x", spans)])).await;
    let ledger = setup.finish().await;
    assert_eq!((ledger.sent, ledger.dropped["trace_too_large"]), (2, 2));
    assert_eq!(backend.received().pop().unwrap().1, ["a", "b"]);
}

#[tokio::test]
async fn spans_without_ids_do_not_cost_the_others() {
    let backend = Backend::grpc();
    backend.judge(|(_, names), _| {
        let bad = names.iter().any(|name| name.starts_with("bad"));
        let text = "span ids must be 64 bit and not all zero, received 64 bits";
        bad.then(|| Status::new(Code::InvalidArgument, text))
    });
    let setup = started(&config(&backend)).await;
    let mut zero = span(1, "bad zero");
    zero.span_id = vec![0; 8].into();
    let mut none = span(1, "bad none");
    none.trace_id = Vec::new().into();
    setup
        .consume(batch(vec![resource(
            "x",
            vec![span(1, "a"), zero, none, span(2, "b")],
        )]))
        .await;
    let ledger = setup.finish().await;
    assert_eq!((ledger.sent, ledger.dropped["invalid_id"]), (2, 2));
}

#[tokio::test]
async fn requests_are_split_before_tempo_refuses_them() {
    let backend = Backend::grpc();
    let mut config = config(&backend);
    config.max_request_size = 2000;
    let setup = started(&config).await;
    let spans = (0..100).map(|n| span(n, &format!("{n:03}"))).collect();
    setup.consume(batch(vec![resource("x", spans)])).await;
    assert_eq!(setup.finish().await.sent, 100);
    let received = backend.received();
    assert!(received.len() >= 2, "{}", received.len());
    let all: Vec<_> = received.into_iter().flat_map(|(_, names)| names).collect();
    let expected: Vec<_> = (0..100).map(|n: u32| format!("{n:03}")).collect();
    assert_eq!(all, expected);
}

#[tokio::test]
async fn traces_stay_together_where_that_is_wanted() {
    let backend = Backend::grpc();
    let mut config = config(&backend);
    config.max_request_size = 2000;
    config.group_by_trace = true;
    let setup = started(&config).await;
    // The spans of ten traces, mixed.
    let spans = (0..100)
        .map(|n| span(n % 10, &format!("{}-{n:03}", n % 10)))
        .collect();
    setup.consume(batch(vec![resource("x", spans)])).await;
    assert_eq!(setup.finish().await.sent, 100);
    let mut places = BTreeMap::<String, Vec<usize>>::new();
    for (request, (_, names)) in backend.received().into_iter().enumerate() {
        for name in names {
            let trace = name.split('-').next().unwrap().to_owned();
            places.entry(trace).or_default().push(request);
        }
    }
    assert_eq!(places.len(), 10);
    for (trace, mut requests) in places {
        assert_eq!(requests.len(), 10);
        requests.dedup();
        assert_eq!(requests.len(), 1, "trace {trace} is in {requests:?}");
    }
    assert!(backend.received().len() >= 2);
}

#[tokio::test]
async fn what_is_too_large_for_tempo_is_split_as_it_asks() {
    for text in [
        "grpc: received message larger than max (9999 vs. 1000)",
        "RATE_LIMITED: batch size (9999 bytes) exceeds ingestion limit (local: 100 bytes/s, \
         global: 0 bytes/s, burst: 1000 bytes) while adding 9999 bytes for user a.",
    ] {
        let backend = Backend::grpc();
        backend.judge(move |_, bytes| {
            (bytes > 1000).then(|| Status::new(Code::ResourceExhausted, text))
        });
        let setup = started(&config(&backend)).await;
        let mut spans: Vec<_> = (0..60).map(|n| span(n, "s")).collect();
        spans.push(span(99, &"huge".repeat(500)));
        setup.consume(batch(vec![resource("x", spans)])).await;
        let ledger = setup.finish().await;
        assert_eq!((ledger.sent, ledger.dropped.values().sum::<u64>()), (60, 1));
    }
}

#[tokio::test]
async fn refusals_that_are_for_good_are_not_repeated() {
    for (code, text, reason) in [
        (Code::Unauthenticated, "no org id", "no_tenant"),
        (Code::PermissionDenied, "x", "permission_denied"),
        (
            Code::InvalidArgument,
            "tenant ID is too long",
            "unknown_tenant",
        ),
    ] {
        let backend = Backend::grpc();
        backend.say([Status::new(code, text)]);
        let setup = started(&config(&backend)).await;
        setup
            .consume(batch(vec![resource("x", vec![span(1, "s")])]))
            .await;
        assert_eq!(setup.finish().await.dropped[reason], 1);
        assert_eq!(backend.received().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_over_http_means_the_same() {
    let backend = Backend::http();
    backend.say([
        Status::new(Code::Unavailable, "later"),
        Status::new(
            Code::ResourceExhausted,
            "RATE_LIMITED: ingestion rate limit",
        ),
    ]);
    let setup = started(&over_http(&backend)).await;
    setup
        .consume(batch(vec![resource("x", vec![span(1, "s")])]))
        .await;
    assert_eq!(setup.finish().await.sent, 1);
    assert_eq!(backend.received().len(), 3);
}

#[tokio::test]
async fn without_a_queue_the_sender_learns_how_it_ended() {
    let backend = Backend::grpc();
    backend.say([Status::new(Code::Unauthenticated, "no org id")]);
    let mut config = config(&backend);
    config.sending_queue = Optional::None;
    let setup = started(&config).await;
    let one = || batch(vec![resource("x", vec![span(1, "s")])]);
    let error = setup.exporter.consume(one()).await.unwrap_err();
    assert!(error.chain().contains("no org id"), "{}", error.chain());
    setup.exporter.consume(one()).await.unwrap();
}
