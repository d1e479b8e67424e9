//! From the operators to the pipeline.

use headwater_core::Context;
use headwater_core::pdata::Payload;
use headwater_logs::Handover;

use crate::lines::Lines;

/// Hands on the records in hand; waits while the pipeline refuses.
///
/// # Cancel safety
/// What was not taken is booked as dropped by the shutdown.
pub(crate) async fn deliver(handover: &Handover, lines: &mut Lines, context: &Context) {
    lines.report();
    let (filtered, dropped) = (
        std::mem::take(&mut lines.state.filtered) as usize,
        std::mem::take(&mut lines.state.dropped) as usize,
    );
    handover.account.received(filtered + dropped);
    handover.account.filtered(filtered);
    handover.account.dropped(dropped, "operator_failed");
    let (bytes, items) = lines.encoder.finish();
    let payload = Payload::counted(bytes.into(), items);
    handover.hand_on(payload, items, context.clone()).await;
}
