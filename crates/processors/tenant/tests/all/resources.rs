//! Requests with resources of several tenants.

use std::time::Duration;

use headwater_core::pdata::count_items;
use headwater_core::rpc::Code;
use headwater_core::{Batch, ConsumeError, Signal};
use headwater_testkit::Answer;

use crate::support::{Setup, authenticated, headers, resources};

const FROM: &str = "from: [{resource: tenant}]";

#[tokio::test]
async fn a_request_is_split_by_the_tenants_of_its_resources_and_nothing_of_it_is_lost() {
    for signal in Signal::ALL {
        let setup = Setup::new(&format!("{{{FROM}, default: nobody}}"));
        let sent = resources(
            signal,
            &[
                (Some("a"), 3),
                (Some("a"), 1),
                (Some("b"), 5),
                (None, 2),
                (Some("a"), 4),
            ],
        );
        let bytes = sent.bytes();
        setup.send(sent).await.unwrap();
        let batches = setup.next.batches();
        let seen: Vec<_> = batches
            .iter()
            .map(|batch| (batch.context().tenant().unwrap(), batch.items()))
            .collect();
        assert_eq!(seen, [("a", 8), ("b", 5), ("nobody", 2)]);
        assert_eq!(batches.iter().map(Batch::bytes).sum::<usize>(), bytes);
        for batch in &batches {
            let counted = count_items(signal, &batch.payload().to_contiguous()).unwrap();
            assert_eq!(counted, batch.items());
        }
        setup.assert_balanced();
    }
}

#[tokio::test]
async fn a_request_of_one_tenant_goes_on_as_the_bytes_that_came() {
    let setup = Setup::new(FROM);
    let sent = resources(Signal::Logs, &[(Some("a"), 3), (Some("a"), 1)]);
    let bytes = sent.payload().to_contiguous();
    setup.send(sent).await.unwrap();
    let arrived = setup.next.batches().remove(0);
    assert_eq!(arrived.payload().to_contiguous().as_ptr(), bytes.as_ptr());
    setup.assert_balanced();
}

#[tokio::test]
async fn sources_around_the_resource_are_looked_at_in_their_order() {
    let yaml = "from: [{identity: username}, {resource: tenant}, {header: X-Scope-OrgID}]";
    let setup = Setup::new(yaml);
    let mixed = || resources(Signal::Traces, &[(Some("a"), 1), (None, 1)]);
    let sent = mixed().with_context(headwater_core::Context::new(authenticated(
        headers(&[]),
        &[("username", "ali")],
    )));
    setup.send(sent).await.unwrap();
    let header = headers(&[("X-Scope-OrgID", "h")]);
    let sent = mixed().with_context(headwater_core::Context::new(header));
    setup.send(sent).await.unwrap();
    let names = ["ali", "a", "h"].map(|name| Some(name.to_owned()));
    assert_eq!(setup.tenants(), names);
}

#[tokio::test]
async fn one_resource_without_a_tenant_refuses_the_request_as_a_whole() {
    let setup = Setup::new(FROM);
    let sent = resources(Signal::Traces, &[(Some("a"), 1), (None, 1)]);
    let error = setup.send(sent).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::InvalidArgument));
    assert_eq!(setup.next.calls(), 0);
    setup.assert_balanced();
}

const LIMITED: &str =
    "limits: {requests_per_second: 1}, overrides: {free: {requests_per_second: 0}}";

#[tokio::test(start_paused = true)]
async fn a_request_with_a_tenant_over_its_limit_is_refused_as_a_whole_and_counts_for_nobody() {
    let setup = Setup::new(&format!("{{{FROM}, {LIMITED}}}"));
    setup
        .send(resources(Signal::Traces, &[(Some("a"), 1)]))
        .await
        .unwrap();
    let mixed = || {
        resources(
            Signal::Traces,
            &[(Some("free"), 1), (Some("b"), 1), (Some("a"), 1)],
        )
    };
    let error = setup.send(mixed()).await.unwrap_err();
    assert_eq!(error.after(), Some(Duration::from_secs(1)));
    assert!(
        error.to_string().starts_with("tenant \"a\" is over"),
        "{error}"
    );
    assert_eq!(setup.next.calls(), 1);
    // `b` has not lost its turn.
    setup
        .send(resources(Signal::Traces, &[(Some("b"), 1)]))
        .await
        .unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    setup.send(mixed()).await.unwrap();
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn what_is_over_a_limit_can_be_dropped_and_booked_instead() {
    let setup = Setup::new(&format!("{{{FROM}, {LIMITED}, mixed_over_limit: drop}}"));
    let mixed = || resources(Signal::Traces, &[(Some("free"), 2), (Some("a"), 3)]);
    setup.send(mixed()).await.unwrap();
    setup.send(mixed()).await.unwrap();
    assert_eq!(setup.next.items(), [2, 3, 2]);
    let balances = setup.environment.ledger.balances();
    let balance = balances.values().next().unwrap();
    assert_eq!(balance.dropped["tenant_limit"], 3);
    setup.assert_balanced();
    // If nothing is left it is refused: the sender can wait.
    let alone = resources(Signal::Traces, &[(Some("a"), 3)]);
    assert!(setup.send(alone).await.is_err());
    setup.assert_balanced();
}

#[tokio::test]
async fn what_the_next_consumer_did_not_take_is_named_and_the_rest_is_not_sent_again() {
    let setup = Setup::new(FROM);
    setup.next.answer(Answer::Take);
    let full = ConsumeError::refused("queue is full", None);
    setup.next.answer(Answer::Fail(full));
    let sent = resources(
        Signal::Metrics,
        &[(Some("a"), 2), (Some("b"), 3), (Some("c"), 4)],
    );
    let mut error = setup.send(sent).await.unwrap_err();
    let rest = error.take_undelivered().unwrap();
    assert_eq!((rest.items(), rest.context().tenant()), (3, None));
    assert_eq!(setup.next.items(), [2, 4]);
    setup.assert_balanced();
    setup.send(rest).await.unwrap();
    assert_eq!(setup.tenants().pop().unwrap().as_deref(), Some("b"));
    setup.assert_balanced();
}

#[tokio::test]
async fn a_resource_per_tenant_without_end_is_split_in_one_pass() {
    let setup = Setup::new(&format!(
        "{{{FROM}, max_tenants: 10, max_metrics_tenants: 3}}"
    ));
    let names: Vec<_> = (0..5000).map(|number| format!("t{number}")).collect();
    let parts: Vec<_> = names.iter().map(|name| (Some(name.as_str()), 1)).collect();
    setup.send(resources(Signal::Logs, &parts)).await.unwrap();
    assert_eq!(setup.next.calls(), 5000);
    assert_eq!(setup.tenants().pop().unwrap().as_deref(), Some("t4999"));
    setup.assert_balanced();
}
