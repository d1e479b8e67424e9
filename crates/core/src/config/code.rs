//! The stable codes of configuration diagnostics, explained in `docs/errors.md`.

use std::fmt;

/// A stable code. Its number never changes its meaning; `docs/errors.md` explains every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(&'static str);

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal;)+) => {
        impl Code {
            $($(#[doc = $doc])+ pub const $name: Self = Self($id);)+

            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

codes! {
    /// A configuration file, or a file named by `${file:…}`, cannot be read.
    CANNOT_READ = "C0001";
    /// The scheme of a configuration URI, or of a `${scheme:…}`, is not known.
    UNKNOWN_SCHEME = "C0002";
    /// What follows `env:` is not the name of an environment variable.
    INVALID_ENV_NAME = "C0003";
    /// A configuration could not be fetched over HTTP.
    CANNOT_FETCH = "C0004";
    /// A `--set` argument without `=`.
    SET_WITHOUT_EQUALS = "C0005";
    /// What stands between `${` and `}` is not a URI.
    INVALID_REFERENCE = "C0006";
    /// A value expands to itself, or too deep.
    TOO_MANY_EXPANSIONS = "C0007";
    /// A reference whose URI still has a `$` in it after what stands inside was expanded.
    DOLLAR_IN_REFERENCE = "C0008";
    /// An environment variable is not set and the reference has no default.
    ENV_NOT_SET = "C0009";
    /// An environment variable is set, but empty.
    ENV_EMPTY = "C0010";
    /// A reference stays as it is because an escaped one stands before it in the same string.
    REFERENCE_NOT_EXPANDED = "C0011";
    /// The text is not valid YAML.
    YAML_SYNTAX = "C0050";
    /// A tab is used for indentation.
    YAML_TAB = "C0051";
    /// A key is written twice in one map.
    DUPLICATE_KEY = "C0052";
    /// A key is not a string.
    KEY_NOT_STRING = "C0053";
    /// Aliases (`*name`) expand to more than a configuration can need.
    TOO_MANY_ALIASES = "C0054";
    /// An alias names an anchor that does not exist.
    UNKNOWN_ANCHOR = "C0055";
    /// The configuration is not a map.
    NOT_A_MAP = "C0056";
    /// The text is not valid TOML.
    TOML_SYNTAX = "C0057";
    /// The file holds more than one document; only the first counts.
    MORE_DOCUMENTS = "C0058";
    /// Maps and lists are nested too deep.
    TOO_DEEP = "C0059";
    /// A merge key (`<<`) with something that is not a map.
    INVALID_MERGE_KEY = "C0060";
    /// A value of the wrong type.
    WRONG_TYPE = "C0101";
    /// A number that its key cannot hold.
    OUT_OF_RANGE = "C0102";
    /// A value that is none of those the key accepts, or that cannot be parsed.
    INVALID_VALUE = "C0103";
    /// A key that does not exist here.
    UNKNOWN_FIELD = "C0104";
    /// A text that is not a duration.
    INVALID_DURATION = "C0105";
    /// A name that is given twice in one list.
    DUPLICATE_NAME = "C0106";
    /// A value that the component refuses.
    REFUSED_VALUE = "C0107";
    /// A key that does not exist any more and whose meaning is lost.
    REMOVED_FIELD = "C0108";
    /// A key that does not exist any more and that nobody misses.
    OBSOLETE_FIELD = "C0109";
    /// An old spelling of a key or of a value.
    DEPRECATED = "C0110";
    /// A key that is accepted and has no effect here.
    NO_EFFECT = "C0111";
    /// A setting that works but is likely not what was meant.
    QUESTIONABLE = "C0112";
    /// The configuration is empty.
    EMPTY_CONFIGURATION = "C0201";
    /// No receiver, or no exporter, is configured.
    NO_COMPONENT = "C0202";
    /// No pipeline is configured.
    NO_PIPELINE = "C0203";
    /// The id of a component or pipeline is not well formed.
    INVALID_ID = "C0204";
    /// Two keys mean the same id.
    DUPLICATE_ID = "C0205";
    /// A pipeline without receivers or without exporters.
    INCOMPLETE_PIPELINE = "C0206";
    /// A pipeline or the service names a component that is not configured.
    UNDEFINED_REFERENCE = "C0207";
    /// A pipeline names the same processor twice.
    DUPLICATE_PROCESSOR = "C0208";
    /// A connector has the id of a receiver or of an exporter.
    AMBIGUOUS_ID = "C0209";
    /// The id of a pipeline does not begin with a signal.
    UNKNOWN_SIGNAL = "C0210";
    /// A component is configured and nothing uses it.
    UNUSED_COMPONENT = "C0211";
    /// The signal needs a feature that this program does not have.
    UNSUPPORTED_SIGNAL = "C0212";
    /// This program has no component of that type.
    UNKNOWN_TYPE = "C0301";
    /// An old spelling of a component type.
    DEPRECATED_TYPE = "C0302";
    /// The component does not work with the signal of the pipeline.
    SIGNAL_NOT_SUPPORTED = "C0303";
    /// A connector is used on one side only, or joins signals it cannot join.
    DANGLING_CONNECTOR = "C0304";
    /// Pipelines that connectors join into a circle.
    CYCLE = "C0305";
    /// The component could not be built from its configuration.
    CANNOT_BUILD = "C0306";
}

impl Code {
    /// The code as printed: a letter and four digits.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0] < pair[1], "{} before {}", pair[0], pair[1]);
        }
    }
}
