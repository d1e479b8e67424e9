//! The bounds.

use crate::setup::Collector;

/// What a request may cost that goes into a batch: from the socket to its answer.
const BATCHED: f64 = 16.0;
/// What a request may cost that is forwarded as a call of its own, from the socket to the
/// backend's answer and back. h2 takes and gives header maps by value, two allocations each:
/// request and response headers and trailers of two calls are 12 of them, the path and authority
/// of the outgoing call 2 more. The rest is the request's own: its task, message, context,
/// ticket, two boxed futures, and one buffer to send from.
const FORWARDED: f64 = 23.0;
/// What a span may cost on top: frames are allocated per 16 KiB, spans never.
const PER_SPAN: f64 = 0.1;

async fn check(collector: Collector, bound: f64) {
    let few = collector.per_request(10).await;
    let many = collector.per_request(100).await;
    assert!(few <= bound, "{few} allocations per request of 10 spans");
    let per_span = (many - few) / 90.0;
    assert!(
        per_span < PER_SPAN,
        "{per_span} allocations per span ({few}, {many})"
    );
}

#[tokio::test]
async fn a_batched_request_allocates_at_most_sixteen_times_and_its_spans_never() {
    let batch = headwater_processor_batch::factory();
    let yaml = "{send_batch_size: 1000, timeout: 10s}";
    check(Collector::start(Some((batch, yaml))), BATCHED).await;
}

#[tokio::test]
async fn a_forwarded_request_allocates_for_its_two_calls_and_its_spans_never() {
    check(Collector::start(None), FORWARDED).await;
}
