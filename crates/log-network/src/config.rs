//! What users write.

use headwater_core::ComponentId;
use headwater_core::config::{Config, Optional, Validation};
use headwater_logs::{
    ByteSize, Decoration, Encoding, MultilineConfig, Operators, RetryConfig, Splitter, TooLong,
};
use headwater_transport::config::TlsServerConfig;

use crate::Framing;

/// The least that `max_log_size` may be. Source: Go `stanza/operator/input/tcp`.
const MIN_LOG_SIZE: i64 = 64 * 1024;

/// What `max_log_size: 0` means.
const DEFAULT_LOG_SIZE: usize = 1024 * 1024;

/// The longest datagram.
pub(crate) const MAX_DATAGRAM: usize = 64 * 1024;

/// Lines over TCP. Source: Go `stanza/operator/input/tcp`.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
pub struct TcpConfig {
    /// Where to listen: host and port. Required.
    pub listen_address: String,
    /// How long an entry may be; at least 64 KiB. 0 means 1 MiB. The rest of a longer one is the
    /// next entry.
    pub max_log_size: ByteSize,
    /// How many connections there may be at a time; others are closed at once.
    pub max_connections: usize,
    /// Encrypts connections.
    pub tls: Optional<TlsServerConfig>,
    /// Adds attributes that say who has sent an entry: `net.transport`, `net.peer.ip`,
    /// `net.peer.port`, `net.peer.name`, `net.host.ip`, `net.host.port`, `net.host.name`.
    pub add_attributes: bool,
    /// Makes one entry of all that a connection brings.
    pub one_log_per_packet: bool,
    /// How the text is encoded: `utf-8`, `utf-8-raw`, `utf-16le`, `utf-16be`, `ascii`, a name of
    /// the WHATWG or IANA registry such as `gbk` or `iso-8859-1`, or `nop` for bytes.
    pub encoding: Encoding,
    /// How entries of several lines are told apart.
    pub multiline: MultilineConfig,
    /// Keeps spaces, tabs and line ends at the beginning of an entry.
    pub preserve_leading_whitespaces: bool,
    /// Keeps spaces, tabs and line ends at the end of an entry.
    pub preserve_trailing_whitespaces: bool,
}

/// Lines over UDP. Source: Go `stanza/operator/input/udp`.
#[derive(Debug, Clone, Default, Config)]
#[config(validate = Self::check)]
pub struct UdpConfig {
    /// Where to listen: host and port. Required.
    pub listen_address: String,
    /// Adds attributes that say who has sent an entry, as for TCP.
    pub add_attributes: bool,
    /// Makes one entry of each datagram, with the white space around it.
    pub one_log_per_packet: bool,
    /// How the text is encoded.
    pub encoding: Encoding,
    /// How the entries of a datagram are told apart; without it there is one.
    pub multiline: MultilineConfig,
    /// Keeps spaces, tabs and line ends at the beginning of an entry.
    pub preserve_leading_whitespaces: bool,
    /// Keeps spaces, tabs and line ends at the end of an entry.
    pub preserve_trailing_whitespaces: bool,
    /// Goes on receiving while the pipeline takes what came before.
    pub r#async: Optional<AsyncConfig>,
}

/// Receiving apart from processing.
#[derive(Debug, Clone, Config)]
pub struct AsyncConfig {
    /// How many tasks receive.
    #[config(ignored = "one task receives as fast as the kernel gives")]
    pub readers: i64,
    /// How many tasks process.
    #[config(ignored = "one task processes, so that entries stay in order")]
    pub processors: i64,
    /// How many datagrams may wait; what comes then waits in the kernel as long as there is room.
    pub max_queue_length: i64,
}

/// Keys of every receiver of lines.
#[derive(Debug, Clone, Default, Config)]
pub struct CommonConfig {
    /// Attributes of every record; `EXPR(…)` is evaluated.
    pub attributes: Decoration,
    /// Attributes of every resource; `EXPR(…)` is evaluated.
    pub resource: Decoration,
    /// What is done with each entry.
    pub operators: Operators,
    /// How often what was refused is offered again.
    pub retry_on_failure: RetryConfig,
    /// A storage extension.
    #[config(ignored = "there is nothing to keep")]
    pub storage: Option<ComponentId>,
    /// Kept for old configurations.
    #[config(ignored = "the receiver's id says it")]
    pub id: String,
}

impl Default for TcpConfig {
    fn default() -> Self {
        Self {
            listen_address: String::new(),
            max_log_size: ByteSize(0),
            max_connections: 1024,
            tls: Optional::None,
            add_attributes: false,
            one_log_per_packet: false,
            encoding: Encoding::default(),
            multiline: MultilineConfig::default(),
            preserve_leading_whitespaces: false,
            preserve_trailing_whitespaces: false,
        }
    }
}

impl Default for AsyncConfig {
    fn default() -> Self {
        Self {
            readers: 1,
            processors: 1,
            max_queue_length: 100,
        }
    }
}

fn check_address(address: &str, validation: &mut Validation<'_>) {
    if address.is_empty() {
        validation
            .error(
                "listen_address",
                "missing required parameter 'listen_address'",
            )
            .help("write host:port, for example 0.0.0.0:54525");
    }
}

impl TcpConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_address(&self.listen_address, validation);
        if self.max_log_size.0 != 0 && self.max_log_size.0 < MIN_LOG_SIZE {
            validation.error(
                "max_log_size",
                "invalid value for parameter 'max_log_size', must be equal to or greater than \
                 65536 bytes",
            );
        }
        if self.max_log_size.0 > 1 << 30 {
            validation.error("max_log_size", "'max_log_size' must be at most 1GiB");
        }
        if self.max_connections == 0 {
            validation.error("max_connections", "'max_connections' must be positive");
        }
        self.multiline.check(&self.encoding, validation);
    }

    /// How long an entry may be.
    pub(crate) fn max(&self) -> usize {
        match self.max_log_size.get() {
            0 => DEFAULT_LOG_SIZE,
            size => size,
        }
    }

    /// How connections are taken apart.
    pub(crate) fn framing(&self) -> Framing {
        Framing::Split(Splitter {
            separator: self.multiline.separator(&self.encoding),
            max: self.max(),
            too_long: TooLong::Split,
            trim_start: !self.preserve_leading_whitespaces && !self.encoding.is_nop(),
            trim_end: !self.preserve_trailing_whitespaces && !self.encoding.is_nop(),
            utf8: self.encoding.is_utf8(),
        })
    }
}

impl UdpConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_address(&self.listen_address, validation);
        self.multiline.check(&self.encoding, validation);
        if let Some(queue) = self.r#async.as_ref()
            && queue.max_queue_length > 1_000_000
        {
            validation.error(
                "async::max_queue_length",
                "'max_queue_length' must be at most 1000000",
            );
        }
    }

    /// How datagrams are taken apart.
    pub(crate) fn framing(&self) -> Framing {
        let multiline = &self.multiline;
        let whole =
            multiline.line_start_pattern.is_empty() && multiline.line_end_pattern.is_empty();
        let separator = if whole {
            headwater_logs::Separator::None
        } else {
            multiline.separator(&self.encoding)
        };
        Framing::Split(Splitter {
            separator,
            max: MAX_DATAGRAM,
            too_long: TooLong::Split,
            trim_start: !self.preserve_leading_whitespaces && !self.encoding.is_nop(),
            trim_end: !self.preserve_trailing_whitespaces && !self.encoding.is_nop(),
            utf8: self.encoding.is_utf8(),
        })
    }
}

impl AsyncConfig {
    pub(crate) fn length(&self) -> usize {
        match usize::try_from(self.max_queue_length) {
            Ok(length) if length > 0 => length,
            // As upstream.
            _ => 100,
        }
    }
}
