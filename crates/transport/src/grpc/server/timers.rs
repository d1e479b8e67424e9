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
