//! Whose telemetry it is.

use headwater_core::rpc::Code;
use headwater_core::{ContextParts, Signal};

use crate::support::{Setup, authenticated, batch, headers, of};

const IDENTITY_FIRST: &str = "from: [{identity: username}, {header: X-Scope-OrgID}]";

async fn tenant(setup: &Setup, context: ContextParts) -> Option<String> {
    setup.send(batch(Signal::Logs, 2, context)).await.unwrap();
    setup.tenants().pop().unwrap()
}

#[tokio::test]
async fn the_first_source_that_has_a_name_counts() {
    let setup = Setup::new("{from: [{header: X-A}, {header: x-b}], default: c}");
    for (given, expected) in [
        (vec![("X-B", "b"), ("X-A", "a")], "a"),
        (vec![("X-B", " b ")], "b"),
        (vec![("X-A", " "), ("X-B", "b")], "b"),
        (vec![], "c"),
    ] {
        let found = tenant(&setup, headers(&given)).await;
        assert_eq!(found.as_deref(), Some(expected), "{given:?}");
    }
}

#[tokio::test]
async fn who_authenticated_cannot_be_somebody_else_by_writing_a_header() {
    let setup = Setup::new(IDENTITY_FIRST);
    let forged = headers(&[("X-Scope-OrgID", "victim")]);
    let found = tenant(
        &setup,
        authenticated(forged.clone(), &[("username", "ali")]),
    )
    .await;
    assert_eq!(found.as_deref(), Some("ali"));
    assert_eq!(setup.metric("otelcol_tenant_forged_headers", &[]), 1.0);
    // Nor if the identity has no such attribute: the header is not looked at.
    let nameless = batch(Signal::Logs, 2, authenticated(forged, &[]));
    let error = setup.send(nameless).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::InvalidArgument));
    assert_eq!(setup.next.calls(), 1);
    // The same name twice is no forgery.
    let same = headers(&[("X-Scope-OrgID", "ali")]);
    tenant(&setup, authenticated(same, &[("username", "ali")])).await;
    assert_eq!(setup.metric("otelcol_tenant_forged_headers", &[]), 1.0);
}

#[tokio::test]
async fn telemetry_without_a_tenant_is_refused_for_good_and_told_where_one_was_looked_for() {
    let setup = Setup::new(IDENTITY_FIRST);
    let error = setup
        .send(batch(Signal::Traces, 3, headers(&[])))
        .await
        .unwrap_err();
    assert!(error.is_permanent());
    assert_eq!(error.code(), Some(Code::InvalidArgument));
    assert_eq!(
        error.to_string(),
        "the telemetry has no tenant: it is neither in the identity attribute \"username\" nor in \
         the header \"X-Scope-OrgID\""
    );
    // Every request has headers: a receiver that shows none keeps none.
    let mut without = headers(&[]);
    without.metadata = headwater_core::Metadata::default();
    let error = setup
        .send(batch(Signal::Traces, 3, without))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("`include_metadata: true`"),
        "{error}"
    );
    let missing = [("reason", "missing")];
    assert_eq!(
        setup.metric("otelcol_tenant_unassigned_items", &missing),
        6.0
    );
    assert_eq!(setup.next.calls(), 0);
}

#[tokio::test]
async fn what_need_not_have_a_tenant_goes_on_without_one() {
    let setup = Setup::new("{from: [{header: X-Scope-OrgID}], required: false}");
    assert_eq!(tenant(&setup, headers(&[])).await, None);
}

#[tokio::test]
async fn names_that_are_not_allowed_too_long_ambiguous_or_unprintable_are_refused() {
    let setup = Setup::new(
        "{from: [{header: X-Scope-OrgID}], allowed: [a, b], max_name_length: 10, default: a}",
    );
    let long = "x".repeat(11);
    for (given, code) in [
        (vec![("X-Scope-OrgID", "c")], Code::PermissionDenied),
        (vec![("X-Scope-OrgID", "A")], Code::PermissionDenied),
        (
            vec![("X-Scope-OrgID", long.as_str())],
            Code::InvalidArgument,
        ),
        (vec![("X-Scope-OrgID", "a\tb")], Code::InvalidArgument),
        (
            vec![("X-Scope-OrgID", "a"), ("X-Scope-OrgID", "b")],
            Code::InvalidArgument,
        ),
    ] {
        let sent = batch(Signal::Traces, 1, headers(&given));
        let error = setup.send(sent).await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{given:?}: {error}");
        assert!(error.is_permanent());
    }
    assert_eq!(setup.next.calls(), 0);
    let not_allowed = [("reason", "not_allowed")];
    assert_eq!(
        setup.metric("otelcol_tenant_unassigned_items", &not_allowed),
        2.0
    );
    setup.send(of("b", 1)).await.unwrap();
    assert_eq!(setup.tenants(), [Some("b".to_owned())]);
}

#[tokio::test]
async fn the_rest_of_the_context_stays() {
    let setup = Setup::new("from: [{header: X-Scope-OrgID}]");
    let sent = headers(&[("X-Scope-OrgID", "a"), ("other", "x")]);
    setup.send(batch(Signal::Metrics, 1, sent)).await.unwrap();
    let arrived = setup.next.batches().remove(0);
    assert_eq!(arrived.context().header("other").concat(), "x");
    assert!(arrived.context().peer().is_some());
}
