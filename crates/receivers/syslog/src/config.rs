//! What the user writes.

use headwater_core::config::{Config as ConfigTrait, Key, Map, Node, Optional, Origin, Validation};
use headwater_log_network::{CommonConfig, TcpConfig, UdpConfig};
use headwater_logs::Operators;

/// Configuration of the `syslog` receiver. Source: Go `syslogreceiver`.
#[derive(Debug, Clone, Default, ConfigTrait)]
#[config(validate = Self::check)]
#[config(removed(key = "type", help = "the receiver's id says it"))]
#[config(removed(key = "output", help = "list the pipelines under `service`"))]
#[config(removed(key = "write_to", help = "use a `move` operator"))]
pub struct Config {
    /// Messages over TCP. One of `tcp` and `udp` is needed.
    pub tcp: Optional<TcpConfig>,
    /// Messages over UDP.
    pub udp: Optional<UdpConfig>,
    /// `rfc3164` or `rfc5424`. Required.
    pub protocol: String,
    /// The time zone of times without one; empty means UTC.
    pub location: String,
    /// Each message has its length before it (RFC 6587, 3.4.1); for `rfc5424` over TCP.
    pub enable_octet_counting: bool,
    /// Takes messages without a priority.
    pub allow_skip_pri_header: bool,
    /// What a message ends with (RFC 6587, 3.4.2), `LF` or `NUL`; for `rfc5424` over TCP.
    pub non_transparent_framing_trailer: Option<String>,
    /// The longest message with octet counting. 0 means 8192.
    pub max_octets: i64,
    /// What happens to a message that is none: `send` passes the text on, `drop` does not,
    /// `send_quiet` and `drop_quiet` do so without a word. Empty means `send`.
    pub on_error: String,
    /// What every receiver of lines has.
    #[config(squash)]
    pub common: CommonConfig,
}

impl Config {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.protocol.is_empty() {
            validation
                .error("protocol", "missing field 'protocol'")
                .help("write `rfc5424` or `rfc3164`");
        } else if let Err(message) = self.operators() {
            validation.error("", message);
        }
        match (self.tcp.as_ref(), self.udp.as_ref()) {
            (None, None) => {
                validation
                    .error("", "need tcp config or udp config")
                    .help("write `tcp: {listen_address: \"0.0.0.0:54526\"}`");
            }
            (Some(_), Some(_)) => {
                validation
                    .error("udp", "only one of tcp and udp can be set")
                    .help("make a second receiver, for example `syslog/udp`");
            }
            (None, Some(_))
                if self.enable_octet_counting || self.non_transparent_framing_trailer.is_some() =>
            {
                validation.error(
                    "udp",
                    "octet_counting and non_transparent_framing is not compatible with UDP",
                );
            }
            _ => {}
        }
    }

    /// The operators with the parser in front of them; the error is a phrase.
    pub(crate) fn operators(&self) -> Result<Operators, String> {
        let mut parser = Map::new();
        let mut put = |name: &str, value: Node| {
            parser.insert(Key::new(name, Origin::Default), value);
        };
        put("type", "syslog_parser".into());
        put("id", "syslog_input_internal_parser".into());
        put("protocol", self.protocol.as_str().into());
        if !self.location.is_empty() {
            put("location", self.location.as_str().into());
        }
        put("enable_octet_counting", self.enable_octet_counting.into());
        put("allow_skip_pri_header", self.allow_skip_pri_header.into());
        if let Some(trailer) = &self.non_transparent_framing_trailer {
            put("non_transparent_framing_trailer", trailer.as_str().into());
        }
        if self.max_octets > 0 {
            put("max_octets", self.max_octets.into());
        }
        if !self.on_error.is_empty() {
            put("on_error", self.on_error.as_str().into());
        }
        self.common.operators.behind(parser.into())
    }
}
