//! The bounds.

use crate::setup::Collector;

/// What a request may cost from the socket to the backend's answer, whatever it holds.
const PER_REQUEST: f64 = 16.0;
/// What a span may cost on top: frames are allocated per 16 KiB, spans never.
const PER_SPAN: f64 = 0.1;

#[tokio::test]
async fn a_request_that_passes_through_allocates_at_most_sixteen_times() {
    let collector = Collector::start(None);
    let few = collector.per_request(10).await;
    let many = collector.per_request(100).await;
    assert!(
        few <= PER_REQUEST,
        "{few} allocations per request of 10 spans"
    );
    let per_span = (many - few) / 90.0;
    assert!(
        per_span < PER_SPAN,
        "{per_span} allocations per span ({few}, {many})"
    );
}

#[tokio::test]
async fn a_request_that_is_batched_allocates_less_than_one_that_passes_through() {
    let batch = headwater_processor_batch::factory();
    let collector = Collector::start(Some((batch, "{send_batch_size: 1000, timeout: 10s}")));
    let few = collector.per_request(10).await;
    let many = collector.per_request(100).await;
    assert!(
        few <= PER_REQUEST,
        "{few} allocations per request of 10 spans"
    );
    let per_span = (many - few) / 90.0;
    assert!(
        per_span < PER_SPAN,
        "{per_span} allocations per span ({few}, {many})"
    );
}
