//! `include` and `exclude`: properties that select records.

mod compile;
mod config;
mod fields;
mod matcher;
mod selection;

pub use compile::MatchError;
pub use config::{
    AttributeMatch, Library, LogSeverityNumber, MatchConfig, MatchProperties, RegexpCache,
};

pub use selection::{Selected, Selection};
