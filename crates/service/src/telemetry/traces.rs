//! `service::telemetry::traces`: accepted as upstream has it; own spans are not recorded yet.

use headwater_core::config::{Config, Node, Validation};

/// The section `traces`.
#[derive(Debug, Clone, Default, Config)]
#[config(validate = Self::check)]
pub struct TracesConfig {
    /// How much is recorded. Default: basic.
    #[config(ignored = "own spans are not recorded yet")]
    pub level: TracesLevel,
    /// Where spans go.
    pub processors: Vec<Node>,
    /// Which spans are recorded.
    #[config(ignored = "own spans are not recorded yet")]
    pub sampler: Option<Node>,
    /// How large spans may get.
    #[config(ignored = "own spans are not recorded yet")]
    pub limits: Option<Node>,
    /// How the trace context travels in headers.
    #[config(ignored = "own spans are not recorded yet")]
    pub propagators: Vec<Propagator>,
}

impl TracesConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if !self.processors.is_empty() && self.level != TracesLevel::None {
            validation.warning("processors", "own spans are not recorded yet");
        }
    }
}

/// How much is recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
#[config(case_insensitive)]
pub enum TracesLevel {
    /// Nothing.
    None,
    /// The usual.
    #[default]
    #[config(alias = "")]
    Basic,
    /// As basic.
    Normal,
    /// As basic.
    Detailed,
}

/// A form of trace context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum Propagator {
    /// W3C `traceparent`.
    #[default]
    #[config(rename = "tracecontext")]
    TraceContext,
    /// Zipkin's `b3`.
    B3,
}
