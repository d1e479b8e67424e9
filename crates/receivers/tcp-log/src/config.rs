//! What the user writes.

use headwater_core::config::Config as ConfigTrait;
use headwater_log_network::{CommonConfig, TcpConfig};

/// Configuration of the `tcp_log` receiver. Source: Go `tcplogreceiver`.
#[derive(Debug, Clone, Default, ConfigTrait)]
#[config(removed(key = "type", help = "the receiver's id says it"))]
#[config(removed(key = "output", help = "list the pipelines under `service`"))]
#[config(removed(key = "write_to", help = "use a `move` operator"))]
pub struct Config {
    /// The socket, and how its bytes become entries.
    #[config(squash)]
    pub tcp: TcpConfig,
    /// What every receiver of lines has.
    #[config(squash)]
    pub common: CommonConfig,
}
