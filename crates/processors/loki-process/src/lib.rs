//! The `loki_process` processor: the log stages of Grafana Alloy's `loki.process`.
//!
//! A list of stages is compiled once. A record becomes an entry whose line, labels and metadata are
//! slices of the request until a stage has to make something new, and is written as OTLP at once
//! behind the last stage: one resource for each set of labels, as `headwater_loki` says.

mod build;
mod config;
mod custom;
mod entry;
mod factory;
mod generations;
mod go_json;
mod holding;
mod inline;
mod jmespath;
mod keccak;
mod label;
mod logfmt;
mod logql;
mod machine;
mod pattern;
mod pipeline;
mod size;
mod stages;
mod template;
mod time;
mod travel;
mod unquote;
mod value;

pub use config::LokiProcessConfig as Config;
pub use factory::factory;

headwater_core::register!(factory);
