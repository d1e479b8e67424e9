//! The same configuration and the same requests through ours and the Go collector: what comes
//! out must be the same, order aside.
//!
//! Needs the Go collector: `just peers`, then `tests/e2e/run peers`.

mod actions;
mod bad_requests;
mod batches;
mod json;
mod varied;

use headwater_e2e::{Binary, Collector, Launch, Sink};

/// Ours and theirs, each with a sink of its own.
struct Pair {
    ours: Side,
    theirs: Side,
}

struct Side {
    collector: Collector,
    sink: Sink,
}

impl Pair {
    /// Starts both on the same files.
    async fn start(configs: &[&str]) -> Self {
        Self {
            ours: Side::start(&Binary::headwater(), configs).await,
            theirs: Side::start(&Binary::otelcol(), configs).await,
        }
    }

    fn sides(&self) -> [&Side; 2] {
        [&self.ours, &self.theirs]
    }

    /// Stops both, which makes them hand over what they hold.
    async fn stop(self) -> (Sink, Sink) {
        self.ours.collector.stop().await;
        self.theirs.collector.stop().await;
        (self.ours.sink, self.theirs.sink)
    }
}

impl Side {
    async fn start(binary: &Binary, configs: &[&str]) -> Self {
        let sink = Sink::start().await;
        let launch = configs
            .iter()
            .fold(Launch::of(binary), |launch, yaml| launch.config(yaml));
        let collector = launch.env("SINK", sink.address()).start().await;
        Self { collector, sink }
    }
}
