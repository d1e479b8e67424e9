//! A rule as it is written.

use std::fmt;

use headwater_core::config::{
    Config, DecodeContext, EncodeContext, Node, Scalar, Schema, Validation,
};
use headwater_regexp::Regex;

use super::{Action, check};
use crate::scrape_config::NameValidation;
use crate::text::{Text, plain_text};

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(validate = Self::validate_utf8)]
pub struct RelabelConfig {
    /// The labels whose values, joined by `separator`, the rule looks at.
    pub source_labels: Vec<Text>,
    /// What stands between the values.
    pub separator: Text,
    /// The label that is set; for `replace` it may contain `$1` and the like.
    pub target_label: Text,
    /// A regular expression in Go's syntax (RE2) that must match the whole text.
    pub regex: Pattern,
    /// What a hash is divided by. Needed by `hashmod`.
    pub modulus: u64,
    /// The new value or, for `labelmap`, name; `$1`, `${1}`, `$name` and `${name}` are groups of the
    /// regular expression.
    pub replacement: Text,
    /// What the rule does.
    pub action: Action,
}

impl Default for RelabelConfig {
    fn default() -> Self {
        Self {
            source_labels: Vec::new(),
            separator: ";".into(),
            target_label: Text::default(),
            regex: Pattern::default(),
            modulus: 0,
            replacement: "$1".into(),
            action: Action::Replace,
        }
    }
}

impl RelabelConfig {
    /// What is wrong with the rule where label names follow `names`.
    #[must_use]
    pub fn problems(&self, names: NameValidation) -> Vec<check::Problem> {
        check::problems(self, names)
    }

    /// What is wrong whichever names are allowed. A name that is valid of old is valid UTF-8, so this
    /// reports nothing that the stricter rule would not.
    fn validate_utf8(&self, validation: &mut Validation<'_>) {
        for problem in self.problems(NameValidation::Utf8) {
            validation.error(problem.key, problem.message);
        }
    }
}

/// A regular expression in Go's syntax, compiled so that it matches whole texts only, with `.` for
/// line breaks as well.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn new(text: &str) -> Result<Self, headwater_regexp::Error> {
        let regex = headwater_regexp::compile(&format!("^(?s:{text})$"))?;
        Ok(Self {
            text: text.to_owned(),
            regex,
        })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) const fn regex(&self) -> &Regex {
        &self.regex
    }
}

impl Default for Pattern {
    /// `(.*)`: anything, as the first group.
    #[expect(
        clippy::expect_used,
        reason = "the pattern is a constant that a test compiles"
    )]
    fn default() -> Self {
        use std::sync::LazyLock;
        static ANY: LazyLock<Pattern> =
            LazyLock::new(|| Pattern::new("(.*)").expect("a valid pattern"));
        ANY.clone()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl Scalar for Pattern {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let text = plain_text(node, cx)?;
        match Self::new(&text) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                cx.invalid_value(node, "a regular expression", &error.to_string());
                None
            }
        }
    }

    fn write(&self, _: EncodeContext) -> Node {
        self.text.as_str().into()
    }

    fn schema() -> Schema {
        Schema::String
    }

    fn takes_text() -> bool {
        true
    }

    fn zero() -> Option<Self> {
        Self::new("").ok()
    }
}
