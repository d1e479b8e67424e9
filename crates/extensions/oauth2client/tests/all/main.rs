//! What users write, and what becomes of it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
