//! How much work for nothing a peer may cause.
//!
//! Every attack on HTTP/2 that keeps inside its rules is a flood of frames that are cheap to send
//! and not to handle: pings, settings, empty data, resets of requests that were just opened. They
//! are counted per second. What useful traffic brings along is allowed on top: Go pings once per
//! round trip while data flows, to measure the connection, which on a fast one is thousands of
//! times per second; and requests that were answered may have been reset meanwhile.
//!
//! Source: CVE-2019-9512 (ping), 9514 and CVE-2023-44487 (reset), 9515 (settings), 9518 (empty
//! frames), 9513 (priority), CVE-2024-27316 (continuation), CVE-2025-8671 (resets provoked).

use tokio::time::{Duration, Instant};

use super::Fault;

/// Frames per second that need no excuse, of either kind. Harmless: that many cost a few percent
/// of a CPU.
const FREE: u32 = 4000;
/// Frames that come with each frame of data, in either direction.
const PER_DATA: u32 = 4;
/// Work for nothing between two looks at the clock.
const UNWATCHED: u32 = 256;
const SECOND: Duration = Duration::from_secs(1);

/// The accounts of one connection.
#[derive(Debug)]
pub(super) struct Flood {
    since: Instant,
    /// Counted since the clock was last looked at.
    unwatched: u32,
    idle: u32,
    data: u32,
    resets: u32,
    answered: u32,
}

impl Flood {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            unwatched: 0,
            idle: 0,
            data: 0,
            resets: 0,
            answered: 0,
        }
    }

    /// A frame with data has come or gone.
    pub(super) const fn data(&mut self) {
        self.data = self.data.saturating_add(1);
    }

    /// A request has been answered.
    pub(super) const fn answered(&mut self) {
        self.answered = self.answered.saturating_add(1);
    }

    /// `cost` frames have come that are of no use by themselves.
    pub(super) fn idle(&mut self, cost: u32) -> Result<(), Fault> {
        self.watch(cost);
        self.idle = self.idle.saturating_add(cost);
        let most = FREE.saturating_add(self.data.saturating_mul(PER_DATA));
        if self.idle > most {
            return Err(Fault::calm("too many frames without use"));
        }
        Ok(())
    }

    /// A request came to nothing, by the peer's doing.
    pub(super) fn reset(&mut self) -> Result<(), Fault> {
        self.watch(1);
        self.resets = self.resets.saturating_add(1);
        if self.resets > FREE.saturating_add(self.answered) {
            return Err(Fault::calm("too many requests that come to nothing"));
        }
        Ok(())
    }

    /// Begins a new second when it is time. What was earned in the last one is lost: a day of
    /// data is no excuse for a flood.
    fn watch(&mut self, cost: u32) {
        self.unwatched = self.unwatched.saturating_add(cost);
        if self.unwatched < UNWATCHED {
            return;
        }
        self.unwatched = 0;
        let now = Instant::now();
        if now.duration_since(self.since) >= SECOND {
            self.since = now;
            (self.idle, self.data) = (0, 0);
            (self.resets, self.answered) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_cut_off_and_the_next_second_is_another() {
        let mut flood = Flood::new();
        assert!((0..FREE).all(|_| flood.idle(1).is_ok()));
        assert!(flood.idle(1).is_err());
        let mut flood = Flood::new();
        for _ in 0..10 {
            assert!((0..FREE - UNWATCHED).all(|_| flood.idle(1).is_ok()));
            tokio::time::advance(SECOND).await;
        }
        assert!((0..FREE).all(|_| flood.reset().is_ok()));
    }

    #[tokio::test(start_paused = true)]
    async fn data_allows_pings_and_answers_allow_resets_but_not_the_other_way_round() {
        let mut flood = Flood::new();
        let pinging = |flood: &mut Flood| {
            flood.data();
            flood.answered();
            flood.idle(1).is_ok()
        };
        assert!((0..20 * FREE).all(|_| pinging(&mut flood)));
        assert!((0..21 * FREE).all(|_| flood.reset().is_ok()));
        assert!(flood.reset().is_err());
        let mut flood = Flood::new();
        let resetting = |flood: &mut Flood| {
            flood.data();
            flood.reset().is_ok()
        };
        assert!(!(0..FREE + 1).all(|_| resetting(&mut flood)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_earned_long_ago_excuses_nothing() {
        let mut flood = Flood::new();
        (0..1000 * FREE).for_each(|_| flood.data());
        tokio::time::advance(SECOND).await;
        assert!(!(0..FREE + UNWATCHED).all(|_| flood.idle(1).is_ok()));
    }
}
