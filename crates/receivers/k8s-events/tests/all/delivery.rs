//! What happens when the pipeline does not take events.

use std::time::Duration;

use headwater_core::ConsumeError;
use headwater_testkit::Answer;

use crate::support::{Setup, event};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_now_is_offered_again_in_order() {
    let mut setup = Setup::running("").await;
    let busy = || ConsumeError::refused("busy", Some(Duration::from_millis(20)));
    setup.recorder.answer(Answer::Fail(busy()));
    setup.recorder.answer(Answer::Fail(busy()));
    let names: Vec<_> = (0..200).map(|number| format!("e{number:03}")).collect();
    for name in &names {
        setup.server.apply(event(name, name));
    }
    let expected: Vec<_> = names.iter().map(String::as_str).collect();
    setup.reported(&expected).await;
    assert_eq!(setup.metric("accepted_log_records"), 200.0);
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_booked_as_dropped() {
    let mut setup = Setup::running("").await;
    let never = ConsumeError::permanent("never");
    setup.recorder.answer(Answer::Fail(never));
    setup.server.apply(event("a", "lost"));
    setup.recorder.wait_for_calls(1).await;
    setup.server.apply(event("b", "kept"));
    setup.reported(&["kept"]).await;
    assert_eq!(setup.metric("refused_log_records"), 1.0);
    setup.stop().await;
    let (_, balance) = setup.environment.ledger.balances().pop_first().unwrap();
    assert_eq!(balance.dropped.values().sum::<u64>(), 1, "{balance:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_that_hangs_does_not_hold_up_the_shutdown() {
    let mut setup = Setup::running("").await;
    setup.recorder.answer(Answer::Hang);
    setup.server.apply(event("a", "stuck"));
    setup.recorder.wait_for_calls(1).await;
    setup.stop_within(Duration::from_millis(200)).await;
    let (_, balance) = setup.environment.ledger.balances().pop_first().unwrap();
    assert_eq!(balance.dropped.values().sum::<u64>(), 1, "{balance:?}");
}
