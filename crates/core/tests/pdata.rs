//! Guarantees of the wire level, checked against an independent implementation of OTLP.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests may panic, too"
)]

#[path = "pdata/edit.rs"]
mod edit;
#[path = "pdata/edit_cases.rs"]
mod edit_cases;
#[path = "pdata/flat.rs"]
mod flat;
#[path = "pdata/json.rs"]
mod json;
#[path = "pdata/owned.rs"]
mod owned;
#[path = "pdata/rope.rs"]
mod rope;
#[path = "pdata/split.rs"]
mod split;
#[path = "pdata/validate.rs"]
mod validate;
#[path = "pdata/view.rs"]
mod view;

use headwater_core::Signal;
use headwater_core::pdata::schema::Message;
use headwater_testkit::{Entropy, arbitrary};
use proptest::prelude::*;

/// A signal and the decisions for a message.
fn seeds() -> impl Strategy<Value = (Signal, Vec<u8>)> {
    (signals(), prop::collection::vec(any::<u8>(), 0..600))
}

fn signals() -> impl Strategy<Value = Signal> {
    prop::sample::select(Signal::ALL.to_vec())
}

/// A valid request of any shape.
fn requests() -> impl Strategy<Value = (Signal, Vec<u8>)> {
    seeds().prop_map(|(signal, seed)| {
        (
            signal,
            arbitrary(Message::request(signal), &mut Entropy::new(&seed)),
        )
    })
}
