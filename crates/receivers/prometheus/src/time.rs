//! Times as text.

use std::time::Duration;

use headwater_core::calendar::civil_from_days;

/// A time since 1970 as RFC 3339 has it, in UTC.
pub(crate) fn rfc3339(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil_from_days(days.cast_signed());
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{:09}Z",
        second % 60,
        time.subsec_nanos()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (951_827_696, "2000-02-29T12:34:56.000000000Z"),
            (1_798_761_599, "2026-12-31T23:59:59.000000000Z"),
        ] {
            assert_eq!(rfc3339(Duration::from_secs(seconds)), text);
        }
    }
}
