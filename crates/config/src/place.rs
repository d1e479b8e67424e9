//! Where a text that is being read stands.

use std::sync::Arc;

use headwater_core::config::{Origin, Source};

/// Gives each value of a text its origin.
#[derive(Debug)]
pub(crate) enum Place<'a> {
    /// The text is a source of its own.
    Source(&'a Arc<Source>),
    /// All values come from one place: the reference to an environment variable.
    Fixed(&'a Origin),
}

impl Place<'_> {
    /// The origin of the bytes `start..end`.
    pub(crate) fn origin(&self, start: usize, end: usize) -> Origin {
        match self {
            Self::Source(source) => Origin::text(source, start, end),
            Self::Fixed(origin) => (*origin).clone(),
        }
    }
}
