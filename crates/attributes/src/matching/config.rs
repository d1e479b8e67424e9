//! What the user writes.

use headwater_core::config::{Config, Node, Validation};

/// Which records a processor acts on. Source: Go `filterconfig.MatchConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub struct MatchConfig {
    /// The properties that a record must have to be acted on. Absent: all records are.
    pub include: Option<MatchProperties>,
    /// The properties of records that are not acted on, even if `include` has them.
    pub exclude: Option<MatchProperties>,
}

/// Properties to match. Of a list of texts one must match; all of the keys that are given must.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct MatchProperties {
    /// How texts are compared: `strict` (equal) or `regexp` (found anywhere in the text).
    /// Required.
    pub match_type: String,
    /// A cache for the results of regular expressions.
    #[config(ignored = "regular expressions are fast enough without a cache")]
    pub regexp: Option<RegexpCache>,
    /// Spans: names of services, from the resource attribute `service.name`.
    pub services: Vec<String>,
    /// Spans: names of spans.
    pub span_names: Vec<String>,
    /// Spans: kinds, for example `SPAN_KIND_SERVER`.
    pub span_kinds: Vec<String>,
    /// Logs: bodies as text.
    pub log_bodies: Vec<String>,
    /// Logs: severity texts.
    pub log_severity_texts: Vec<String>,
    /// Logs: the severity number.
    pub log_severity_number: Option<LogSeverityNumber>,
    /// Metrics: names of metrics.
    pub metric_names: Vec<String>,
    /// Spans and logs: attributes of the record. All of them must match.
    pub attributes: Vec<AttributeMatch>,
    /// Spans and logs: attributes of the resource. All of them must match.
    pub resources: Vec<AttributeMatch>,
    /// Spans and logs: the instrumentation scope. All of them must match.
    pub libraries: Vec<Library>,
}

/// The cache that upstream has for regular expressions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct RegexpCache {
    /// Whether results are cached.
    pub cacheenabled: bool,
    /// How many.
    pub cachemaxnumentries: u64,
}

/// An attribute to match.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub struct AttributeMatch {
    /// Its name. Required.
    pub key: String,
    /// Its value: equal in type and content for `strict`, text for `regexp`. Absent: the
    /// attribute must exist.
    pub value: Node,
}

/// An instrumentation scope to match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct Library {
    /// Its name.
    pub name: String,
    /// Its version. Absent: any version, or none; empty: none.
    pub version: Option<String>,
}

/// Severities to match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct LogSeverityNumber {
    /// The lowest severity that matches: 1 (trace) to 24 (fatal 4).
    pub min: i32,
    /// Whether records without a severity match.
    pub match_undefined: bool,
}

impl MatchProperties {
    /// What can be checked without knowing the signal.
    fn check(&self, validation: &mut Validation<'_>) {
        for error in super::matcher::Matcher::check(self) {
            let diagnostic = validation.error(&error.path, error.message);
            if let Some(help) = error.help {
                diagnostic.help(help);
            }
        }
    }
}
