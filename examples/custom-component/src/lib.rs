//! A processor of one's own: drops the spans that health probes leave behind.
//!
//! Everything a component needs is in this file: its configuration, its factory, its work. A
//! larger one has a file for each.

use std::sync::Arc;

use headwater_core::config::{Config, Validation};
use headwater_core::pdata::edit::{self, Rewrite, SpanEditor, Verdict};
use headwater_core::pdata::view::AnyValue;
use headwater_core::{
    Batch, BuiltProcessor, Component, ComponentError, ConsumeError, Consumer, Factory, Processor,
    ProcessorFactory, Settings, Signal, Stability,
};

/// What the user writes.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct DropProbesConfig {
    /// The paths that probes ask for; a span whose path is one of them is dropped.
    pub paths: Vec<String>,
    /// The span attributes that hold the path; the first that is there decides.
    pub attributes: Vec<String>,
}

impl Default for DropProbesConfig {
    fn default() -> Self {
        let strings = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
        Self {
            paths: strings(&["/healthz", "/livez", "/readyz"]),
            attributes: strings(&["url.path", "http.target"]),
        }
    }
}

impl DropProbesConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        for path in &self.paths {
            if !path.starts_with('/') {
                validation
                    .error(
                        "paths",
                        format!("path {path:?} does not begin with a slash"),
                    )
                    .help(format!("write \"/{path}\""));
            }
        }
    }
}

struct DropProbesFactory;

/// The factory of the `drop_probes` processor.
#[must_use]
pub fn factory() -> Factory {
    Factory::processor(DropProbesFactory)
}

headwater_core::register!(factory);

impl ProcessorFactory for DropProbesFactory {
    type Config = DropProbesConfig;
    const TYPE: &'static str = "drop_probes";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Traces).then_some(Stability::Development)
    }

    fn build(
        &self,
        _: Settings,
        config: DropProbesConfig,
        _: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        Ok(BuiltProcessor::Inline(Arc::new(DropProbes { config })))
    }
}

struct DropProbes {
    config: DropProbesConfig,
}

impl Component for DropProbes {}

impl Processor for DropProbes {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        edit::edit(batch, &mut Probes(&self.config)).map_err(|error| {
            ConsumeError::permanent("request is not valid OTLP").with_source(error)
        })
    }
}

/// The walk over one batch: looks at spans only, and only at their attributes.
struct Probes<'a>(&'a DropProbesConfig);

impl Rewrite for Probes<'_> {
    fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
        let attributes = span.attributes();
        let path = self.0.attributes.iter().find_map(|key| attributes.get(key));
        match path {
            Some(AnyValue::String(path)) if self.is_probe(path.to_str()) => Verdict::Drop,
            _ => Verdict::Keep,
        }
    }
}

impl Probes<'_> {
    fn is_probe(&self, path: Option<&str>) -> bool {
        path.is_some_and(|path| self.0.paths.iter().any(|probe| probe == path))
    }
}
