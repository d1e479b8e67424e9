//! The pipeline graph from the outside: what is built, what is refused, in which order it starts.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;
mod components;
mod refuse;
