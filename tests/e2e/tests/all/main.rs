//! End-to-end tests. Plain `cargo test` only compiles them; `tests/e2e/run` runs them.
