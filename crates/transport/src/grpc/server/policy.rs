//! How often a client may ping.
//!
//! Source: grpc-go, `keepalive.EnforcementPolicy` and `http2Server.handlePing`.

use tokio::time::{Duration, Instant};

use super::ServerOptions;

/// Pings that come too early before the connection is closed.
const MOST_STRIKES: u32 = 2;
/// The shortest time between pings while there is nothing to ping about.
const WITHOUT_STREAM: Duration = Duration::from_hours(2);

/// What is known about the pings of a connection.
#[derive(Debug)]
pub(super) struct PingPolicy {
    min_time: Duration,
    permit_without_stream: bool,
    last: Option<Instant>,
    strikes: u32,
}

impl PingPolicy {
    pub(super) const fn new(options: &ServerOptions) -> Self {
        Self {
            min_time: options.ping_min_time,
            permit_without_stream: options.ping_without_stream,
            last: None,
            strikes: 0,
        }
    }

    /// The client pings; says whether it may. `answered`: headers or data have been sent since
    /// the last ping, which excuses it, as clients measure connections that way. `busy`:
    /// requests are open.
    pub(super) fn allows(&mut self, answered: bool, busy: bool) -> bool {
        let now = Instant::now();
        let last = self.last.replace(now);
        if answered {
            self.strikes = 0;
            return true;
        }
        let shortest = if busy || self.permit_without_stream {
            self.min_time
        } else {
            WITHOUT_STREAM
        };
        if last.is_some_and(|last| now.duration_since(last) < shortest) {
            self.strikes += 1;
        }
        self.strikes <= MOST_STRIKES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(min_time: u64, ping_without_stream: bool) -> PingPolicy {
        PingPolicy::new(&ServerOptions {
            ping_min_time: Duration::from_secs(min_time),
            ping_without_stream,
            ..ServerOptions::default()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn the_fourth_ping_in_a_hurry_is_one_too_many() {
        let mut policy = policy(10, true);
        let allowed = [(); 4].map(|()| policy.allows(false, true));
        assert_eq!(allowed, [true, true, true, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_and_answers_excuse_pings() {
        let mut policy = policy(10, true);
        for _ in 0..20 {
            tokio::time::advance(Duration::from_secs(10)).await;
            assert!(policy.allows(false, false));
        }
        for _ in 0..20 {
            assert!(policy.allows(false, true));
            assert!(policy.allows(false, true));
            assert!(policy.allows(true, true));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_requests_pings_are_not_wanted_unless_permitted() {
        for (permitted, most) in [(false, 3), (true, 20)] {
            let mut policy = policy(10, permitted);
            let mut allowed = 0;
            while allowed < 20 && policy.allows(false, false) {
                tokio::time::advance(Duration::from_secs(60)).await;
                allowed += 1;
            }
            assert_eq!(allowed, most);
        }
    }
}
