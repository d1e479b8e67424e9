//! Windows. Source: RFC 9113, section 5.2.

use super::Fault;
use super::frame::{DEFAULT_WINDOW, LARGEST_WINDOW};

/// What the peer lets us send. Goes below zero when the peer makes its settings smaller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SendWindow(i64);

impl SendWindow {
    pub(crate) const fn new(size: u32) -> Self {
        Self(size as i64)
    }

    /// How much may be sent.
    pub(super) fn room(self) -> usize {
        usize::try_from(self.0).unwrap_or(0)
    }

    pub(super) const fn sent(&mut self, bytes: usize) {
        self.0 -= bytes as i64;
    }

    /// Adds what the peer gave, or takes what it took back; `None` beyond the largest window.
    pub(crate) fn change(&mut self, by: i64) -> Option<()> {
        self.0 += by;
        (self.0 <= LARGEST_WINDOW).then_some(())
    }
}

/// What we let the peer send. It is told of more when half of it is used up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReceiveWindow {
    size: u32,
    /// How much the peer may still send.
    left: u32,
    /// What was used and is not given back yet.
    used: u32,
}

impl ReceiveWindow {
    pub(crate) const fn new(size: u32) -> Self {
        Self {
            size,
            left: size,
            used: 0,
        }
    }

    /// The connection's, and what has to be announced to make it so large.
    pub(super) const fn connection(size: u32) -> (Self, u32) {
        (Self::new(size), size.saturating_sub(DEFAULT_WINDOW))
    }

    /// The peer has sent `bytes`.
    pub(crate) fn received(&mut self, bytes: u32) -> Result<(), Fault> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or(Fault::flow("more data than the window allows"))?;
        Ok(())
    }

    /// `bytes` of it are used; returns what to announce, if it is time.
    pub(super) const fn used(&mut self, bytes: u32) -> Option<u32> {
        self.used += bytes;
        if self.used < self.size / 2 {
            return None;
        }
        let announce = self.used;
        self.used = 0;
        self.left += announce;
        Some(announce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peer_is_told_of_more_when_half_is_used() {
        let mut window = ReceiveWindow::new(100);
        window.received(60).unwrap();
        assert_eq!(window.used(49), None);
        assert_eq!(window.used(11), Some(60));
        window.received(100).unwrap();
        assert!(window.received(1).is_err());
    }

    #[test]
    fn a_smaller_setting_makes_a_window_negative_and_a_larger_one_is_refused() {
        let mut window = SendWindow::new(10);
        window.sent(8);
        window.change(-10).unwrap();
        assert_eq!(window.room(), 0);
        window.change(9).unwrap();
        assert_eq!(window.room(), 1);
        assert!(window.change(LARGEST_WINDOW).is_none());
    }
}
