//! Timestamps as ISO 8601 with milliseconds, in UTC.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use headwater_core::calendar::civil_from_days;

/// Writes `2026-11-21T03:04:05.678Z`.
pub(super) fn write_timestamp(line: &mut String, at: SystemTime) {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (since.as_secs() as i64, since.subsec_millis());
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    write!(
        line,
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{millis:03}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
    .ok();
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn timestamps_are_right_around_leap_days() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_200_001, "2024-03-01T00:00:00.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            let mut line = String::new();
            write_timestamp(&mut line, UNIX_EPOCH + Duration::from_millis(millis));
            assert_eq!(line, expected);
        }
    }
}
