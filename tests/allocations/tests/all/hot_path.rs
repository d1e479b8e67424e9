//! The bounds.

use crate::setup::Collector;

/// What a request may cost that goes into a batch: from the socket to its answer.
const BATCHED: f64 = 16.0;
/// What a request may cost that is forwarded as a call of its own, from the socket to the
/// backend's answer and back. Measured: 6, which are its ticket, message,
/// context, two boxed futures and a count of references to the message.
const FORWARDED: f64 = 16.0;
/// What a span may cost on top: nothing, but the more there are, the sooner a batch is full.
const PER_SPAN: f64 = 0.05;

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
