//! Points that count from the last flush.

use headwater_core::ConsumeError;
use headwater_testkit::{Answer, Point, spans_of};

use crate::support::{CALLS, DURATION, flushed, of, span, start};

const DELTA: &str = "aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA";

fn calls(points: &[Point]) -> Vec<&Point> {
    points
        .iter()
        .filter(|point| point.metric == CALLS)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn points_follow_each_other_without_a_gap_and_silence_is_not_sent() {
    let setup = start(DELTA).await;
    let data = spans_of(&[("service.name", "s")], vec![span("a", 1), span("a", 3)]);
    setup.send(&data).await;
    let first = flushed(&setup).await;
    assert!(of(&first, CALLS)[0].ends_with(" 2"), "{first:?}");
    assert!(
        of(&first, DURATION)[0].contains("count=2 sum=4"),
        "{first:?}"
    );
    assert!(first.iter().all(|point| point.temporality == 1));
    setup.send(&data).await;
    let second = flushed(&setup).await;
    assert!(of(&second, CALLS)[0].ends_with(" 2"), "{second:?}");
    assert!(
        second.iter().all(|point| point.start == first[0].time),
        "{second:?}"
    );
    assert!(flushed(&setup).await.is_empty());
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn more_series_than_are_remembered_begin_with_their_first_span() {
    let setup = start(&format!("{DELTA}\nmetric_timestamp_cache_size: 2")).await;
    let data = spans_of(&[("service.name", "s")], vec![span("a", 1), span("b", 3)]);
    setup.send(&data).await;
    let first = flushed(&setup).await;
    setup.send(&data).await;
    let second = flushed(&setup).await;
    // Calls of one name and durations share the series: two are remembered, both.
    assert!(
        calls(&second)
            .iter()
            .all(|point| point.start == first[0].time)
    );
    setup
        .send(&spans_of(
            &[("service.name", "t")],
            vec![span("a", 1), span("b", 3)],
        ))
        .await;
    flushed(&setup).await;
    setup.send(&data).await;
    let fourth = flushed(&setup).await;
    assert!(
        calls(&fourth)
            .iter()
            .all(|point| point.start > second[0].time),
        "{fourth:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_offered_again_until_the_next_flush() {
    let setup = start(DELTA).await;
    for _ in 0..3 {
        setup
            .next
            .answer(Answer::Fail(ConsumeError::refused("full", None)));
    }
    setup
        .send(&spans_of(&[("service.name", "s")], vec![span("a", 1)]))
        .await;
    let points = flushed(&setup).await;
    assert!(points.is_empty());
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let points = headwater_testkit::points(&setup.next.batches());
    assert!(of(&points, CALLS)[0].ends_with(" 1"), "{points:?}");
    setup.assert_balanced();
}
