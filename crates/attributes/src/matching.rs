//! `include` and `exclude`: properties that select records.

mod config;
mod matcher;
mod selection;

pub use config::{
    AttributeMatch, Library, LogSeverityNumber, MatchConfig, MatchProperties, RegexpCache,
};
pub use matcher::MatchError;
pub use selection::{Selected, Selection};
