//! How finished a component is for a signal.

use std::fmt;

/// Upstream's stability levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stability {
    /// No longer looked after.
    Unmaintained,
    /// To be removed.
    Deprecated,
    /// Not all parts are in place.
    Development,
    /// Usable; the configuration may still change.
    Alpha,
    /// The configuration only changes with notice.
    Beta,
    /// The configuration stays.
    Stable,
}

impl Stability {
    /// The word that `components` prints.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unmaintained => "Unmaintained",
            Self::Deprecated => "Deprecated",
            Self::Development => "Development",
            Self::Alpha => "Alpha",
            Self::Beta => "Beta",
            Self::Stable => "Stable",
        }
    }
}

impl fmt::Display for Stability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
