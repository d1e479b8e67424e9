//! Which names metrics and labels may have.

use headwater_core::config::Config;

/// `metric_name_validation_scheme`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Config)]
pub enum NameValidation {
    /// Any UTF-8 text but the empty one.
    #[default]
    Utf8,
    /// Letters, digits and underscores (and colons in metrics) that do not begin with a digit.
    Legacy,
}

impl NameValidation {
    /// Whether a label may have that name.
    #[must_use]
    pub fn is_valid_label(self, name: &str) -> bool {
        match self {
            Self::Utf8 => !name.is_empty(),
            Self::Legacy => is_legacy(name, false),
        }
    }

    /// Whether a metric may have that name.
    #[must_use]
    pub fn is_valid_metric(self, name: &str) -> bool {
        match self {
            Self::Utf8 => !name.is_empty(),
            Self::Legacy => is_legacy(name, true),
        }
    }
}

fn is_legacy(name: &str, colons: bool) -> bool {
    !name.is_empty()
        && !name.as_bytes()[0].is_ascii_digit()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || (colons && byte == b':'))
}

/// `metric_name_escaping_scheme`: how a target is asked to write names that are not letters, digits
/// and underscores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Config)]
pub enum NameEscaping {
    /// As they are.
    #[default]
    #[config(rename = "allow-utf-8")]
    AllowUtf8,
    /// Underscores for everything else.
    Underscores,
    /// `_dot_` for dots and `__` for underscores.
    Dots,
    /// `U__` before, and the number of each other character.
    Values,
}

impl NameEscaping {
    /// The word for it in `Accept` and `Content-Type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }
}
