//! Pings of a client to a server that has gone silent.

use std::future::Future as _;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::client::ClientKeepAlive;
use crate::io::Activity;

/// The most often a client may ping. Source: grpc-go, `keepalive.ClientParameters.Time`.
const SHORTEST: Duration = Duration::from_secs(10);

pub(super) enum Due {
    /// A ping.
    Ping,
    /// The end: the last ping was not answered.
    Close,
}

/// Pings after a time without a byte from the server, at the latest after twice that time: what
/// has arrived is looked at only when the timer fires, which keeps it off the request path.
pub(super) struct KeepAlive {
    settings: ClientKeepAlive,
    activity: Activity,
    sleep: Pin<Box<Sleep>>,
    pinged: bool,
}

impl KeepAlive {
    pub(super) fn new(mut settings: ClientKeepAlive, activity: Activity) -> Self {
        settings.time = settings.time.max(SHORTEST);
        let sleep = Box::pin(sleep(settings.time));
        Self {
            settings,
            activity,
            sleep,
            pinged: false,
        }
    }

    /// What is due; otherwise the task is woken when something is.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, busy: bool) -> Option<Due> {
        while self.sleep.as_mut().poll(cx).is_ready() {
            let silent = !self.activity.take();
            if self.pinged && silent {
                return Some(Due::Close);
            }
            self.pinged = silent && (busy || self.settings.permit_without_stream);
            let wait = if self.pinged {
                self.settings.timeout
            } else {
                self.settings.time
            };
            // A time beyond the clock's end is never.
            let year = Duration::from_hours(24 * 365);
            self.sleep.as_mut().reset(Instant::now() + wait.min(year));
            if self.pinged {
                return Some(Due::Ping);
            }
        }
        None
    }
}
