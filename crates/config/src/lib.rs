//! Reads the configuration of a collector.
//!
//! [`Resolver`] reads `--config` URIs and `--set` arguments, merges them and expands `${…}`, as
//! the OpenTelemetry Collector does. The result is a tree in which every value knows where it
//! came from. [`Document`] splits it into components, service and pipelines and checks that they
//! fit together. [`render_human`] and [`render_json`] show what is wrong; `docs/errors.md`
//! explains every code.
//!
//! The typed configuration of components, and the diagnostics themselves, are in
//! [`headwater_core::config`].

mod docs;
mod document;
mod expand;
mod fetch;
mod merge;
mod place;
mod render;
mod resolver;
mod retrieve;
pub mod testing;
mod toml_text;
mod uri;
mod write;
mod yaml;

pub use docs::keys_table;
pub use document::{Document, Entry, Options, Pipeline, Reference, Service};
pub use fetch::{Fetch, PlainHttp};
pub use render::{render_human, render_json};
pub use resolver::{Resolved, Resolver};
pub use write::{to_annotated_yaml, to_json, to_yaml};
pub use yaml::parse_source as parse_yaml;

/// The largest text that is read, and the longest a value may become.
const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;
