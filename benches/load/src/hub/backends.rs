//! The three backends of a hub, and what has arrived in them.

use std::net::{Ipv4Addr, SocketAddr};

use clap::ValueEnum;
use headwater_core::Signal;

use crate::error::LoadError;
use crate::logs::loki;
use crate::scrape::sink as prometheus;
use crate::sink;

use super::slow::Slow;

/// How logs travel to Loki.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogsBy {
    /// OTLP/HTTP to `/otlp`, which every collector has.
    Otlp,
    /// Loki's own push API, by the exporter `loki`.
    Loki,
}

impl LogsBy {
    /// The exporter's name.
    pub(super) const fn exporter(self) -> &'static str {
        match self {
            Self::Otlp => "otlp_http",
            Self::Loki => "loki",
        }
    }

    /// The exporter's section.
    pub(super) fn section(self, port: u16) -> String {
        let queue = "    sending_queue:\n      sizer: bytes\n      queue_size: 10000000";
        match self {
            Self::Otlp => format!(
                "  otlp_http:\n    logs_endpoint: http://127.0.0.1:{port}/v1/logs\n    \
                 compression: none\n{queue}"
            ),
            Self::Loki => {
                format!("  loki:\n    endpoint: http://127.0.0.1:{port}/loki/api/v1/push\n{queue}")
            }
        }
    }
}

/// Something that counts log records.
enum Logs {
    Otlp(sink::Sink),
    Loki(loki::Sink),
}

/// The backends; gone when dropped.
pub(super) struct Backends {
    tempo: sink::Sink,
    prometheus: prometheus::Sink,
    logs: Logs,
    /// In front of the slow one, if there is one.
    slow: Option<(Signal, Slow)>,
}

impl Backends {
    /// Starts all three on free ports; the one for `slow` takes no more than `bytes_per_second`.
    ///
    /// # Errors
    /// No port, no thread.
    pub(super) fn start(
        logs: LogsBy,
        slow: Option<Signal>,
        bytes_per_second: u32,
    ) -> Result<Self, LoadError> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut backends = Self {
            tempo: sink::Sink::start(any, any, 16_384)?,
            prometheus: prometheus::Sink::start()?,
            logs: match logs {
                LogsBy::Otlp => Logs::Otlp(sink::Sink::start(any, any, 16_384)?),
                LogsBy::Loki => Logs::Loki(loki::Sink::start(any)?),
            },
            slow: None,
        };
        if let Some(signal) = slow {
            let proxy = Slow::start(backends.address(signal), bytes_per_second)?;
            backends.slow = Some((signal, proxy));
        }
        Ok(backends)
    }

    /// Where the backend of a signal is reached.
    pub(super) fn address(&self, signal: Signal) -> SocketAddr {
        match (&self.slow, signal) {
            (Some((slow, proxy)), _) if *slow == signal => proxy.address,
            (_, Signal::Traces) => self.tempo.grpc,
            (_, Signal::Metrics) => self.prometheus.address(),
            (_, Signal::Logs) => match &self.logs {
                Logs::Otlp(sink) => sink.http,
                Logs::Loki(sink) => sink.address(),
            },
        }
    }

    /// Spans, samples or log records that have arrived.
    pub(super) fn arrived(&self, signal: Signal) -> u64 {
        match signal {
            Signal::Traces => self.tempo.totals.items(Signal::Traces),
            Signal::Metrics => self.prometheus.totals().samples,
            Signal::Logs => match &self.logs {
                Logs::Otlp(sink) => sink.totals.items(Signal::Logs),
                Logs::Loki(sink) => sink.arrived().records,
            },
        }
    }

    /// Requests that a backend could not read.
    pub(super) fn refused(&self) -> u64 {
        let logs = match &self.logs {
            Logs::Otlp(sink) => sink.totals.refused(),
            Logs::Loki(sink) => sink.arrived().refused,
        };
        self.tempo.totals.refused() + self.prometheus.totals().refused + logs
    }
}
