//! The time that points carry.

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970; 0 before.
#[must_use]
pub fn now_unix_nano() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| {
            u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
        })
}
