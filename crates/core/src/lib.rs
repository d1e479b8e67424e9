//! Headwater's contracts.

pub mod pdata;
mod signal;

pub use signal::Signal;
