//! Keepalive, idle and age limits and the deadlines of streams: one timer, set for whichever is
//! next.

use std::future::Future as _;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::ServerOptions;
use crate::http2::Traffic;
use crate::io::Activity;

/// How far ages are spread, so that clients that came together do not reconnect together.
const AGE_SPREAD: f64 = 0.1;
/// How long a client that was asked to go away may take to say that it has heard.
const HEARING: Duration = Duration::from_secs(1);

/// What is to be done.
pub(super) enum Due {
    /// Streams have run out of time.
    Streams(Instant),
    /// The client has been silent.
    Ping,
    /// The client is to reconnect.
    GoAway(&'static str),
    /// A client that was asked to go away must have heard it by now.
    Told,
    /// The connection is over.
    Close(&'static str),
}

pub(super) struct Timers {
    interval: Duration,
    timeout: Duration,
    idle: Option<Duration>,
    /// When the client's settings must have come.
    settle: Option<Instant>,
    grace: Option<Duration>,
    activity: Activity,
    /// When to look whether the client has been silent, or has answered.
    keepalive: Option<Instant>,
    pinged: bool,
    age_ends: Option<Instant>,
    asked: Option<Instant>,
    was_asked: bool,
    sleep: Pin<Box<Sleep>>,
    /// What `sleep` is set to.
    armed: Instant,
}

impl Timers {
    pub(super) fn new(options: &ServerOptions, activity: Activity) -> Self {
        let now = Instant::now();
        let age_ends = options
            .max_connection_age
            .and_then(|age| now.checked_add(age.mul_f64(crate::jitter::around_one(AGE_SPREAD))));
        Self {
            interval: options.keepalive_time,
            timeout: options.keepalive_timeout,
            idle: options.max_connection_idle,
            settle: now.checked_add(options.handshake_timeout),
            grace: options.max_connection_age_grace,
            activity,
            keepalive: now.checked_add(options.keepalive_time),
            pinged: false,
            age_ends,
            asked: None,
            was_asked: false,
            sleep: Box::pin(sleep_until(now)),
            armed: now,
        }
    }

    /// The client has been asked to go away: its age is of no matter now, the grace is.
    pub(super) fn asked(&mut self, now: Instant) {
        self.was_asked = true;
        self.idle = None;
        self.age_ends = self.grace.and_then(|grace| now.checked_add(grace));
        self.asked = now.checked_add(HEARING);
    }

    /// What is due; the task is woken when the next thing will be. `idle_since`: since when
    /// there have been no requests; `alarm`: when streams run out of time.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        idle_since: Option<Instant>,
        alarm: Option<Instant>,
        traffic: &mut Traffic,
    ) -> Option<Due> {
        if let Some(alarm) = alarm
            && alarm < self.armed
        {
            self.arm(alarm);
        }
        loop {
            if self.sleep.as_mut().poll(cx).is_pending() {
                return None;
            }
            let now = Instant::now();
            // While there are requests, it takes at least as long from now on.
            let idle_ends = self
                .idle
                .and_then(|idle| idle_since.unwrap_or(now).checked_add(idle));
            if let Some(due) = self.due(now, idle_ends, alarm, traffic) {
                return Some(due);
            }
            let next = [
                alarm,
                self.keepalive,
                idle_ends,
                self.settle,
                self.age_ends,
                self.asked,
            ];
            let next = next.into_iter().flatten().min();
            // Nothing at all is due for a day.
            self.arm(next.unwrap_or_else(|| now + Duration::from_hours(24)));
        }
    }

    fn arm(&mut self, at: Instant) {
        self.armed = at;
        self.sleep.as_mut().reset(at);
    }

    fn due(
        &mut self,
        now: Instant,
        idle_ends: Option<Instant>,
        alarm: Option<Instant>,
        traffic: &mut Traffic,
    ) -> Option<Due> {
        let is_over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_over(alarm) {
            return Some(Due::Streams(now));
        }
        if is_over(self.asked) {
            self.asked = None;
            return Some(Due::Told);
        }
        if is_over(self.age_ends) {
            self.age_ends = None;
            return Some(if self.was_asked {
                Due::Close("max_connection_age_grace")
            } else {
                Due::GoAway("max_connection_age")
            });
        }
        if is_over(self.settle) {
            self.settle = None;
            if !traffic.is_settled() {
                return Some(Due::Close("the client has sent no settings"));
            }
        }
        if is_over(idle_ends) {
            self.idle = None;
            return Some(Due::GoAway("max_connection_idle"));
        }
        if is_over(self.keepalive) {
            return self.keepalive(now, traffic);
        }
        None
    }

    /// Looks whether the client is alive. What has arrived is looked at only now, which keeps it
    /// off the request path: a ping comes at the latest after twice the interval of silence.
    fn keepalive(&mut self, now: Instant, traffic: &mut Traffic) -> Option<Due> {
        let alive = self.activity.take() | traffic.take_answer();
        if self.pinged && !alive {
            return Some(Due::Close("a keepalive ping was not answered"));
        }
        self.pinged = !alive;
        let wait = if alive { self.interval } else { self.timeout };
        self.keepalive = now.checked_add(wait);
        (!alive).then_some(Due::Ping)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;
    use crate::http2::Limits;

    const HOUR: u64 = 3600;

    fn traffic() -> Traffic {
        Traffic::new(Limits {
            server: true,
            stream_window: 1000,
            window: 1000,
            max_frame: 16 << 10,
            max_headers: 1000,
            max_streams: 0,
        })
    }

    fn options() -> ServerOptions {
        ServerOptions {
            // Not what these tests are about.
            handshake_timeout: Duration::MAX,
            ..ServerOptions::default()
        }
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// What is due next, and after how many seconds.
    async fn next(
        timers: &mut Timers,
        idle_since: Option<Instant>,
        alarm: Option<Instant>,
    ) -> (&'static str, u64) {
        let since = Instant::now();
        let mut traffic = traffic();
        let due =
            std::future::poll_fn(
                |cx| match timers.poll(cx, idle_since, alarm, &mut traffic) {
                    Some(due) => Poll::Ready(due),
                    None => Poll::Pending,
                },
            );
        let due = match tokio::time::timeout(seconds(10 * HOUR), due).await {
            Ok(Due::Streams(_)) => "streams",
            Ok(Due::Ping) => "ping",
            Ok(Due::Told) => "told",
            Ok(Due::GoAway(reason) | Due::Close(reason)) => reason,
            Err(_) => "nothing",
        };
        (due, since.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_is_pinged_and_given_up() {
        let mut timers = Timers::new(&options(), Activity::default());
        assert_eq!(next(&mut timers, None, None).await, ("ping", 2 * HOUR));
        let end = ("a keepalive ping was not answered", 20);
        assert_eq!(next(&mut timers, None, None).await, end);
    }

    #[tokio::test(start_paused = true)]
    async fn idleness_is_counted_from_the_end_of_the_last_request() {
        let options = ServerOptions {
            max_connection_idle: Some(seconds(60)),
            ..options()
        };
        let mut timers = Timers::new(&options, Activity::default());
        let start = Instant::now();
        // A request that ended after 50 s.
        let ended = start + seconds(50);
        let idle = next(&mut timers, Some(ended), None).await;
        assert_eq!(idle, ("max_connection_idle", 110));
        // While there is one, it does not count.
        let mut timers = Timers::new(&options, Activity::default());
        assert_eq!(next(&mut timers, None, None).await, ("ping", 2 * HOUR));
    }

    #[tokio::test(start_paused = true)]
    async fn age_asks_the_client_to_leave_and_grace_ends_the_patience() {
        let options = ServerOptions {
            max_connection_age: Some(seconds(100)),
            max_connection_age_grace: Some(seconds(30)),
            ..options()
        };
        let mut timers = Timers::new(&options, Activity::default());
        let (due, after) = next(&mut timers, None, None).await;
        assert_eq!(due, "max_connection_age");
        assert!((90..=110).contains(&after), "{after}");
        timers.asked(Instant::now());
        assert_eq!(next(&mut timers, None, None).await, ("told", 1));
        let end = ("max_connection_age_grace", 29);
        assert_eq!(next(&mut timers, None, None).await, end);
    }

    #[tokio::test(start_paused = true)]
    async fn settings_must_come_in_time_and_streams_have_an_alarm() {
        let options = ServerOptions {
            handshake_timeout: seconds(20),
            ..options()
        };
        let mut timers = Timers::new(&options, Activity::default());
        let alarm = Instant::now() + seconds(5);
        assert_eq!(next(&mut timers, None, Some(alarm)).await, ("streams", 5));
        let end = ("the client has sent no settings", 15);
        assert_eq!(next(&mut timers, None, None).await, end);
    }
}
