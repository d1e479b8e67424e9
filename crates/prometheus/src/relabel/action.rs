//! What a rule does.

use headwater_core::config::Config;

/// What a rule does. Upper and lower case are the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Config)]
#[config(case_insensitive)]
pub enum Action {
    /// Sets `target_label` to the expanded `replacement` where the regular expression matches.
    #[default]
    Replace,
    /// Drops what the regular expression does not match.
    Keep,
    /// Drops what the regular expression matches.
    Drop,
    /// Drops that whose sources are not equal to `target_label`.
    #[config(rename = "keepequal")]
    KeepEqual,
    /// Drops that whose sources are equal to `target_label`.
    #[config(rename = "dropequal")]
    DropEqual,
    /// Sets `target_label` to a hash of the sources, modulo `modulus`.
    #[config(rename = "hashmod")]
    HashMod,
    /// Copies labels whose name matches to the name that `replacement` expands to.
    #[config(rename = "labelmap")]
    LabelMap,
    /// Removes labels whose name matches.
    #[config(rename = "labeldrop")]
    LabelDrop,
    /// Removes labels whose name does not match.
    #[config(rename = "labelkeep")]
    LabelKeep,
    /// Sets `target_label` to the sources in lower case.
    Lowercase,
    /// Sets `target_label` to the sources in upper case.
    Uppercase,
}

impl Action {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::KeepEqual => "keepequal",
            Self::DropEqual => "dropequal",
            Self::HashMod => "hashmod",
            Self::LabelMap => "labelmap",
            Self::LabelDrop => "labeldrop",
            Self::LabelKeep => "labelkeep",
            Self::Lowercase => "lowercase",
            Self::Uppercase => "uppercase",
        }
    }
}
