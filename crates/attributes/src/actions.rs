//! Actions on attributes.

mod apply;
mod compile;
mod config;
mod convert;
mod hash;

pub use apply::Bound;
pub use compile::{ActionError, Actions};
pub use config::ActionConfig;
