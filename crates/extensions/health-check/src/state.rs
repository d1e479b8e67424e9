//! Whether the collector is ready, and the answer that says so.

use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use headwater_core::config::format_duration;

/// Since when the collector is ready, if it is.
#[derive(Debug, Default)]
pub(crate) struct State(Mutex<Option<(SystemTime, Instant)>>);

impl State {
    pub(crate) fn set_ready(&self, ready: bool) {
        let since = ready.then(|| (SystemTime::now(), Instant::now()));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.get().is_some()
    }

    fn get(&self) -> Option<(SystemTime, Instant)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer as JSON.
    pub(crate) fn json(&self) -> String {
        match self.get() {
            Some((since, started)) => format!(
                "{{\"status\":\"Server available\",\"upSince\":\"{}\",\"uptime\":\"{}\"}}",
                timestamp(since),
                format_duration(started.elapsed())
            ),
            None => "{\"status\":\"Server not available\",\"upSince\":\"0001-01-01T00:00:00Z\",\
                     \"uptime\":\"\"}"
                .to_owned(),
        }
    }
}

/// RFC 3339 with as many digits of the second as are not zero, in UTC.
fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let fraction = match since.subsec_nanos() {
        0 => String::new(),
        nanos => format!(".{nanos:09}").trim_end_matches('0').to_owned(),
    };
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}{fraction}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// The date of a day counted from 1970-01-01, walking over years and months: this is asked once
/// in a while.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    loop {
        let length = 365 + u64::from(leap(year));
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn timestamps_have_no_more_digits_than_they_need() {
        for (nanos, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_500_000_000, "2000-02-29T00:00:00.5Z"),
            (1_704_067_199_000_000_001, "2023-12-31T23:59:59.000000001Z"),
        ] {
            assert_eq!(
                timestamp(UNIX_EPOCH + Duration::from_nanos(nanos)),
                expected
            );
        }
    }

    #[test]
    fn a_collector_that_is_not_ready_has_no_uptime() {
        let state = State::default();
        state.set_ready(true);
        assert!(
            state
                .json()
                .starts_with("{\"status\":\"Server available\",\"upSince\":\"20")
        );
        state.set_ready(false);
        assert_eq!(
            state.json(),
            "{\"status\":\"Server not available\",\"upSince\":\"0001-01-01T00:00:00Z\",\"uptime\":\"\"}"
        );
    }
}
