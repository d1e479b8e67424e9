//! Log lines from TCP and UDP: what the receivers `tcp_log`, `udp_log` and `syslog` share.
//!
//! A connection is taken apart into entries as it comes, entries run through the operators and
//! leave as one batch for what was read at a time. A client waits (TCP) while the pipeline refuses;
//! what ends up dropped is booked. Connections, lines and queues have bounds.

mod config;
mod delivery;
mod framing;
mod input;
mod lines;
mod tcp;
mod udp;

pub use config::{AsyncConfig, CommonConfig, TcpConfig, UdpConfig};
pub use framing::Framing;
pub use input::Input;
