//! Ports that nobody else takes.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which the kernel takes the ports of outgoing connections, so that none of
/// those can get in between.
const FIRST: u16 = 20_000;
const LAST: u16 = 31_999;

/// A loopback address with a port that is free, and that no later call returns.
///
/// # Panics
/// If 1,000 ports in a row are taken.
#[must_use]
pub fn free() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = LAST - FIRST + 1;
    // Two runs at a time begin at different places.
    let offset = u16::try_from(std::process::id() % u32::from(span)).unwrap_or(0);
    for _ in 0..1_000 {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (u32::from(offset) + u32::from(step)) as u16 % span;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no free port between {FIRST} and {LAST}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let ports: std::collections::BTreeSet<_> = (0..50).map(|_| free()).collect();
        assert_eq!(ports.len(), 50);
    }
}
