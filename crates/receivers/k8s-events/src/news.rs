//! Which events are new.

use std::time::Instant;

use headwater_kubernetes::objects::Event;

use crate::config::DedupInterval;
use crate::seen::Seen;
use crate::time::{SECOND, of_event};

/// Where an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A list: it may be old, and known.
    List,
    /// A watch: it was not there.
    Added,
    /// A watch: it has happened again.
    Modified,
}

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is reported.
    New,
    /// It is older than the start, or was looked at before.
    Old,
    /// It has happened again too soon, by `dedup_interval`.
    TooSoon,
}

/// Since when events are new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// A time. Unit: nanoseconds since 1970.
    Time(i64),
    /// A version that was kept, where reading goes on.
    Version(u64),
}

/// Tells new events from old ones.
#[derive(Debug)]
pub(crate) struct News {
    since: Since,
    dedup: DedupInterval,
    seen: Seen,
}

impl News {
    pub(crate) fn new(since: Since, dedup: DedupInterval) -> Self {
        Self {
            since,
            dedup,
            seen: Seen::default(),
        }
    }

    /// What becomes of an event at `now`. It is remembered.
    pub(crate) fn judge(&mut self, event: &Event, origin: Origin, now: Instant) -> Verdict {
        if !self.is_recent(event, origin) {
            return Verdict::Old;
        }
        let (known, same) = self.seen.get(event);
        if same {
            return Verdict::Old;
        }
        let reported = known.and_then(|known| known.reported);
        // In a list nobody says what is new; who is known has happened again.
        let again = origin == Origin::Modified || known.is_some();
        let too_soon = again
            && match self.dedup {
                DedupInterval::Always => false,
                DedupInterval::Never => true,
                DedupInterval::After(length) => reported
                    .is_some_and(|reported| now.saturating_duration_since(reported) < length),
            };
        let reported = if too_soon { reported } else { Some(now) };
        self.seen.put(event, reported);
        if too_soon {
            Verdict::TooSoon
        } else {
            Verdict::New
        }
    }

    fn is_recent(&self, event: &Event, origin: Origin) -> bool {
        match self.since {
            Since::Time(start) => {
                // Most events have times of whole seconds: one that is watched is not older than the
                // start because of that. One that is listed may well be.
                let start = if origin == Origin::List {
                    start
                } else {
                    start - start.rem_euclid(SECOND)
                };
                of_event(event).is_some_and(|time| time >= start)
            }
            // A watch goes on where it was. Versions of one kind are numbers that grow
            // (Kubernetes KEP-5504); where they are none, everything that is listed is new.
            Since::Version(known) => {
                let version = event.metadata.resource_version.parse::<u64>();
                origin != Origin::List || version.map_or(true, |version| version > known)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START: i64 = 1_800_000_000 * SECOND + SECOND / 2;

    fn event(uid: &str, version: &str, time: &str) -> Event {
        let mut event = Event {
            last_timestamp: time.to_owned(),
            ..Event::default()
        };
        uid.clone_into(&mut event.metadata.uid);
        version.clone_into(&mut event.metadata.resource_version);
        event
    }

    fn news(dedup: DedupInterval) -> News {
        News::new(Since::Time(START), dedup)
    }

    /// 2027-01-15T08:00:00Z is the whole second of the start.
    const SAME: &str = "2027-01-15T08:00:00Z";
    const BEFORE: &str = "2027-01-15T07:59:59Z";
    const AFTER: &str = "2027-01-15T08:00:01Z";

    #[test]
    fn only_what_is_not_older_than_the_start_is_new() {
        let now = Instant::now();
        for (time, from, verdict) in [
            (BEFORE, Origin::Added, Verdict::Old),
            (BEFORE, Origin::List, Verdict::Old),
            ("", Origin::Added, Verdict::Old),
            (SAME, Origin::Added, Verdict::New),
            (SAME, Origin::Modified, Verdict::New),
            (SAME, Origin::List, Verdict::Old),
            (AFTER, Origin::List, Verdict::New),
        ] {
            let judged = news(DedupInterval::Always).judge(&event("a", "1", time), from, now);
            assert_eq!(judged, verdict, "{time} {from:?}");
        }
    }

    #[test]
    fn what_is_listed_again_is_not_new() {
        let (mut news, now) = (news(DedupInterval::Always), Instant::now());
        let mut judge = |version, from| news.judge(&event("a", version, AFTER), from, now);
        assert_eq!(judge("7", Origin::Added), Verdict::New);
        assert_eq!(judge("7", Origin::List), Verdict::Old);
        assert_eq!(judge("8", Origin::List), Verdict::New);
        assert_eq!(judge("8", Origin::Modified), Verdict::Old);
        assert_eq!(judge("9", Origin::Modified), Verdict::New);
    }

    #[test]
    fn dedup_interval_keeps_repetitions_back() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut after = news(DedupInterval::After(Duration::from_secs(10)));
        let mut judge = |uid, version, from, seconds| {
            after.judge(&event(uid, version, AFTER), from, at(seconds))
        };
        assert_eq!(judge("a", "1", Origin::Added, 0), Verdict::New);
        assert_eq!(judge("a", "2", Origin::Modified, 9), Verdict::TooSoon);
        assert_eq!(judge("a", "2", Origin::List, 9), Verdict::Old);
        // The time of the last report counts, not that of what was kept back.
        assert_eq!(judge("a", "3", Origin::Modified, 10), Verdict::New);
        assert_eq!(judge("a", "4", Origin::List, 11), Verdict::TooSoon);
        assert_eq!(judge("b", "5", Origin::Modified, 11), Verdict::New);
        let mut never = news(DedupInterval::Never);
        let mut judge = |uid, version, from| never.judge(&event(uid, version, AFTER), from, begin);
        assert_eq!(judge("a", "1", Origin::Added), Verdict::New);
        assert_eq!(judge("a", "2", Origin::Modified), Verdict::TooSoon);
        assert_eq!(judge("b", "3", Origin::Modified), Verdict::TooSoon);
        assert_eq!(judge("c", "4", Origin::List), Verdict::New);
    }

    #[test]
    fn after_a_kept_version_the_time_does_not_count() {
        let (mut news, now) = (
            News::new(Since::Version(10), DedupInterval::Always),
            Instant::now(),
        );
        let mut judge = |version, from| news.judge(&event(version, version, BEFORE), from, now);
        assert_eq!(judge("11", Origin::Added), Verdict::New);
        assert_eq!(judge("10", Origin::List), Verdict::Old);
        assert_eq!(judge("12", Origin::List), Verdict::New);
        assert_eq!(judge("x", Origin::List), Verdict::New);
    }
}
