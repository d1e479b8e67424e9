//! Tests only: how often the hot path allocates. See `tests/all`.
