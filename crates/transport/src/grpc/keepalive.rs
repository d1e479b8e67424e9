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

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(permit_without_stream: bool) -> ClientKeepAlive {
        ClientKeepAlive {
            time: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            permit_without_stream,
        }
    }

    async fn due(keepalive: &mut KeepAlive, busy: bool, within: u64) -> Option<Due> {
        let next = std::future::poll_fn(|cx| match keepalive.poll(cx, busy) {
            Some(due) => std::task::Poll::Ready(due),
            None => std::task::Poll::Pending,
        });
        tokio::time::timeout(Duration::from_secs(within), next)
            .await
            .ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_is_pinged_and_given_up_when_it_stays_silent() {
        let mut keepalive = KeepAlive::new(settings(false), Activity::default());
        assert!(due(&mut keepalive, true, 29).await.is_none());
        assert!(matches!(
            due(&mut keepalive, true, 2).await,
            Some(Due::Ping)
        ));
        assert!(due(&mut keepalive, true, 4).await.is_none());
        assert!(matches!(
            due(&mut keepalive, true, 2).await,
            Some(Due::Close)
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_answers_or_sends_anything_is_kept() {
        let activity = Activity::default();
        let mut keepalive = KeepAlive::new(settings(false), activity.clone());
        for _ in 0..10 {
            assert!(matches!(
                due(&mut keepalive, true, 31).await,
                Some(Due::Ping)
            ));
            activity.mark();
            // Heard of at the end of the timeout; another wait begins.
            assert!(due(&mut keepalive, true, 6).await.is_none());
        }
        for _ in 0..10 {
            activity.mark();
            assert!(due(&mut keepalive, true, 30).await.is_none());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_requests_nobody_is_pinged_unless_permitted() {
        let mut keepalive = KeepAlive::new(settings(false), Activity::default());
        assert!(due(&mut keepalive, false, 3600).await.is_none());
        let mut keepalive = KeepAlive::new(settings(true), Activity::default());
        assert!(matches!(
            due(&mut keepalive, false, 31).await,
            Some(Due::Ping)
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_pinged_more_often_than_every_ten_seconds() {
        let mut hasty = settings(true);
        hasty.time = Duration::from_millis(1);
        let mut keepalive = KeepAlive::new(hasty, Activity::default());
        assert!(due(&mut keepalive, true, 9).await.is_none());
        assert!(matches!(
            due(&mut keepalive, true, 2).await,
            Some(Due::Ping)
        ));
    }
}
