//! HTTP/2 pings to peers that have gone silent.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use h2::{Ping, PingPong};
use tokio::time::{Instant, Sleep, sleep};

use crate::io::Activity;

pub(super) enum Liveness {
    /// Nothing to do until the task is woken again.
    Alive,
    /// A ping has been queued; the connection must be driven to send it.
    Pinged,
    /// A ping was not answered in time.
    Dead,
}

/// Pings after a time without a byte from the peer, at the latest after twice that time: what
/// has arrived is looked at only when the timer fires, which keeps it off the request path.
pub(super) struct KeepAlive {
    interval: Duration,
    timeout: Duration,
    pings: PingPong,
    activity: Activity,
    sleep: Pin<Box<Sleep>>,
    waiting: bool,
}

impl KeepAlive {
    pub(super) fn new(
        interval: Duration,
        timeout: Duration,
        pings: PingPong,
        activity: Activity,
    ) -> Self {
        let sleep = Box::pin(sleep(interval));
        Self {
            interval,
            timeout,
            pings,
            activity,
            sleep,
            waiting: false,
        }
    }

    /// Registers the task for the next step. `wanted` says whether to ping now.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, wanted: bool) -> Liveness {
        if self.waiting && matches!(self.pings.poll_pong(cx), Poll::Ready(Ok(_))) {
            self.waiting = false;
            self.arm(self.interval);
        }
        loop {
            if self.sleep.as_mut().poll(cx).is_pending() {
                return Liveness::Alive;
            }
            if self.waiting {
                return Liveness::Dead;
            }
            let silent = !self.activity.take();
            if silent && wanted && self.pings.send_ping(Ping::opaque()).is_ok() {
                self.waiting = true;
                self.arm(self.timeout);
                return Liveness::Pinged;
            }
            self.arm(self.interval);
        }
    }

    fn arm(&mut self, after: Duration) {
        // A time beyond the clock's end is never.
        let at = Instant::now().checked_add(after);
        let at = at.unwrap_or_else(|| Instant::now() + Duration::from_hours(24 * 365));
        self.sleep.as_mut().reset(at);
    }
}
