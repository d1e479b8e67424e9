//! Inputs that the micro-benchmarks share.

use bytes::Bytes;
use headwater_core::Signal;
use headwater_testkit::{Generator, Shape};

/// Items of a request, as SDKs and collectors send them.
pub const ITEMS: usize = 200;

/// A realistic request of [`ITEMS`] items: one resource, one scope.
#[must_use]
pub fn request(signal: Signal) -> Bytes {
    Generator::new(1).request(signal, Shape::of(ITEMS)).into()
}
