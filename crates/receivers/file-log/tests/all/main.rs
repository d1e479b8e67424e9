//! The receiver on real files.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod denied;
mod hostile;
mod kill;
mod listed;
mod reading;
mod restart;
mod rotation;
mod support;
mod trouble;
