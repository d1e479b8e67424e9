//! Actions on attributes, and the properties that select what they apply to: the blocks that the
//! `attributes` and `resource` processors share with others.
//!
//! [`ActionConfig`] is what a user writes, [`Actions`] what it is compiled to;
//! [`MatchConfig`] and [`Selection`] are the same for `include` and `exclude`.

mod actions;
mod matching;
mod value;

pub use actions::{ActionConfig, ActionError, Actions, Bound};
pub use matching::{
    AttributeMatch, Library, LogSeverityNumber, MatchConfig, MatchError, MatchProperties,
    RegexpCache, Selected, Selection,
};
pub use value::encode;
