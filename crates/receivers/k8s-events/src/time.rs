//! Times of events. Nanoseconds since 1970.

use headwater_core::calendar::civil_from_days;
use headwater_kubernetes::objects::Event;
use headwater_logs::rfc3339;

/// A second.
pub(crate) const SECOND: i64 = 1_000_000_000;

/// The first of some times that there is. One that cannot be read is none.
fn first_of<'a>(times: impl IntoIterator<Item = &'a String>) -> Option<i64> {
    times.into_iter().find_map(|text| rfc3339(text.as_bytes()))
}

/// When an event has happened. Source: contrib `k8sinventory.GetEventTimestamp`.
pub(crate) fn of_event(event: &Event) -> Option<i64> {
    first_of([
        &event.event_time,
        &event.last_timestamp,
        &event.first_timestamp,
    ])
}

/// The same as Alloy has it. Source: `kubernetes_events.eventTimestamp`; where that gives none, what
/// [`of_event`] does.
pub(crate) fn of_line(event: &Event) -> Option<i64> {
    first_of([
        &event.last_timestamp,
        &event.event_time,
        &event.first_timestamp,
    ])
}

/// A time as Go's `time.Time.String` writes it, in UTC: `2006-01-02 15:04:05 +0000 UTC`. Without a
/// time, that of Go's zero.
pub(crate) fn go_string(text: &str) -> String {
    let Some(nanos) = rfc3339(text.as_bytes()) else {
        return "0001-01-01 00:00:00 +0000 UTC".to_owned();
    };
    let seconds = nanos.div_euclid(SECOND);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    // `metav1.Time` has whole seconds.
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} +0000 UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(event_time: &str, last: &str, first: &str) -> Event {
        Event {
            event_time: event_time.to_owned(),
            last_timestamp: last.to_owned(),
            first_timestamp: first.to_owned(),
            ..Event::default()
        }
    }

    #[test]
    fn the_first_time_that_there_is_counts() {
        let (one, two, three) = (
            "1970-01-01T00:00:01.000002Z",
            "1970-01-01T00:00:02Z",
            "1970-01-01T00:00:03Z",
        );
        let all = event(one, two, three);
        assert_eq!(of_event(&all), Some(SECOND + 2_000));
        assert_eq!(of_line(&all), Some(2 * SECOND));
        assert_eq!(of_event(&event("", two, three)), Some(2 * SECOND));
        assert_eq!(of_line(&event(one, "", three)), Some(SECOND + 2_000));
        assert_eq!(of_event(&event("", "soon", three)), Some(3 * SECOND));
        assert_eq!(of_event(&event("", "", "")), None);
    }

    #[test]
    fn times_are_written_as_go_does() {
        assert_eq!(
            go_string("2026-11-29T08:45:12Z"),
            "2026-11-29 08:45:12 +0000 UTC"
        );
        assert_eq!(go_string(""), "0001-01-01 00:00:00 +0000 UTC");
    }
}
