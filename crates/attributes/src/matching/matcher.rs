//! One set of properties, compiled.

use headwater_core::Signal;
use headwater_core::config::Value;
use headwater_core::pdata::edit::{
    AttributeEditor, EncodedValue, LogEditor, MetricEditor, SpanEditor,
};
use headwater_core::pdata::view::{AnyValue, Text};
use headwater_regexp::Regex;
use thiserror::Error;

use super::config::{AttributeMatch, MatchProperties};
use crate::encode;

/// Why properties cannot be matched, in upstream's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct MatchError {
    /// The key, as a path joined by `::`.
    pub path: String,
    /// Upstream's message.
    pub message: String,
    /// What to write instead, or why, where upstream's message does not say so.
    pub help: Option<String>,
}

impl MatchError {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
            help: None,
        }
    }
}

/// Texts of which one must match.
#[derive(Debug, Clone)]
pub(super) enum Texts {
    Strict(Vec<String>),
    Regexp(Vec<Regex>),
}

impl Texts {
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Strict(texts) => texts.iter().any(|known| known.as_bytes() == text),
            Self::Regexp(patterns) => patterns.iter().any(|pattern| pattern.is_match(text)),
        }
    }
}

/// An attribute that must match.
#[derive(Debug, Clone)]
pub(super) struct AttributeMatcher {
    key: String,
    value: ValueMatcher,
}

#[derive(Debug, Clone)]
enum ValueMatcher {
    Any,
    Equal(EncodedValue),
    Text(Texts),
}

impl AttributeMatcher {
    pub(super) fn matches(&self, attributes: &AttributeEditor<'_>) -> bool {
        let Some(value) = attributes.get(&self.key) else {
            return false;
        };
        match (&self.value, value) {
            (ValueMatcher::Any, _) => true,
            (ValueMatcher::Equal(expected), value) => expected.view() == value,
            (ValueMatcher::Text(texts), AnyValue::String(text)) => texts.matches(text.as_bytes()),
            // Never with an exponent, other than where a double is shown as text.
            (ValueMatcher::Text(texts), AnyValue::Double(value)) => {
                texts.matches(shown(value).as_bytes())
            }
            (ValueMatcher::Text(texts), value @ (AnyValue::Bool(_) | AnyValue::Int(_))) => {
                texts.matches(value.to_string().as_bytes())
            }
            (ValueMatcher::Text(_), _) => false,
        }
    }
}

fn shown(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 {
            "+Inf".to_owned()
        } else {
            "-Inf".to_owned()
        }
    } else {
        value.to_string()
    }
}

#[derive(Debug, Clone)]
pub(super) struct LibraryMatcher {
    name: Texts,
    version: Option<Texts>,
}

impl LibraryMatcher {
    pub(super) fn matches(&self, name: Text<'_>, version: Text<'_>) -> bool {
        self.name.matches(name.as_bytes())
            && self
                .version
                .as_ref()
                .is_none_or(|texts| texts.matches(version.as_bytes()))
    }
}

/// Properties of one signal. What is absent matches everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Matcher {
    pub(super) services: Option<Texts>,
    pub(super) resources: Vec<AttributeMatcher>,
    pub(super) libraries: Vec<LibraryMatcher>,
    pub(super) names: Option<Texts>,
    pub(super) kinds: Option<Texts>,
    pub(super) bodies: Option<Texts>,
    pub(super) severity_texts: Option<Texts>,
    pub(super) severity: Option<(i32, bool)>,
    pub(super) attributes: Vec<AttributeMatcher>,
}

impl Matcher {
    /// What is wrong with properties, whatever the signal.
    pub(super) fn check(properties: &MatchProperties) -> Vec<MatchError> {
        let mut compiler = Compiler {
            properties,
            errors: Vec::new(),
        };
        compiler.all();
        compiler.errors
    }

    /// Compiles the properties that `signal` has. `None` if they select everything.
    pub(super) fn compile(
        signal: Signal,
        properties: &MatchProperties,
    ) -> Result<Option<Self>, MatchError> {
        check_fields(signal, properties)?;
        let mut compiler = Compiler {
            properties,
            errors: Vec::new(),
        };
        let mut matcher = compiler.all();
        if let Some(error) = compiler.errors.into_iter().next() {
            return Err(error);
        }
        if signal == Signal::Metrics {
            // Upstream reads `resources` here and does nothing with it.
            if properties.metric_names.is_empty() {
                return Ok(None);
            }
            matcher = Self {
                names: matcher.names,
                ..Self::default()
            };
        }
        Ok(Some(matcher))
    }
}

/// Whether a text matches, where there is something to match.
fn matches(texts: Option<&Texts>, text: &[u8]) -> bool {
    texts.is_none_or(|texts| texts.matches(text))
}

impl Matcher {
    /// Whether anything of the records themselves is looked at.
    pub(super) fn reads_records(&self) -> bool {
        self.names.is_some()
            || self.kinds.is_some()
            || self.bodies.is_some()
            || self.severity_texts.is_some()
            || self.severity.is_some()
            || !self.attributes.is_empty()
    }

    pub(super) fn resource(&self, attributes: &AttributeEditor<'_>) -> bool {
        let service = || match attributes.get("service.name") {
            Some(name) => name.to_text().into_owned(),
            None => b"<nil-service-name>".to_vec(),
        };
        self.services
            .as_ref()
            .is_none_or(|texts| texts.matches(&service()))
            && self
                .resources
                .iter()
                .all(|resource| resource.matches(attributes))
    }

    pub(super) fn scope(&self, name: Text<'_>, version: Text<'_>) -> bool {
        self.libraries
            .iter()
            .all(|library| library.matches(name, version))
    }

    pub(super) fn span(&self, span: &mut SpanEditor<'_>) -> bool {
        let kind = || {
            let kind = usize::try_from(span.kind()).ok();
            kind.and_then(|kind| SPAN_KINDS.get(kind))
                .copied()
                .unwrap_or_default()
        };
        matches(self.names.as_ref(), span.name().as_bytes())
            && self
                .kinds
                .as_ref()
                .is_none_or(|texts| texts.matches(kind().as_bytes()))
            && self.attributes(|| span.attributes())
    }

    pub(super) fn log(&self, log: &mut LogEditor<'_>) -> bool {
        self.bodies
            .as_ref()
            .is_none_or(|texts| texts.matches(&log.body().to_text()))
            && matches(self.severity_texts.as_ref(), log.severity_text().as_bytes())
            && self
                .severity
                .is_none_or(|(least, undefined)| match log.severity_number() {
                    0 => undefined,
                    number => number >= least,
                })
            && self.attributes(|| log.attributes())
    }

    pub(super) fn metric(&self, metric: &MetricEditor<'_>) -> bool {
        matches(self.names.as_ref(), metric.name().as_bytes())
    }

    fn attributes<'e>(&self, attributes: impl FnOnce() -> AttributeEditor<'e>) -> bool {
        self.attributes.is_empty() || {
            let attributes = attributes();
            self.attributes
                .iter()
                .all(|attribute| attribute.matches(&attributes))
        }
    }
}

struct Compiler<'a> {
    properties: &'a MatchProperties,
    errors: Vec<MatchError>,
}

impl Compiler<'_> {
    fn all(&mut self) -> Matcher {
        let properties = self.properties;
        let names = if properties.metric_names.is_empty() {
            self.list("span_names", &properties.span_names)
        } else {
            self.list("metric_names", &properties.metric_names)
        };
        let mut libraries = Vec::with_capacity(properties.libraries.len());
        for (index, library) in properties.libraries.iter().enumerate() {
            let name = self.texts(
                &format!("libraries::{index}::name"),
                std::slice::from_ref(&library.name),
            );
            let version = library.version.as_ref().map(|version| {
                self.texts(
                    &format!("libraries::{index}::version"),
                    std::slice::from_ref(version),
                )
            });
            if let Some(name) = name {
                libraries.push(LibraryMatcher {
                    name,
                    version: version.flatten(),
                });
            }
        }
        Matcher {
            services: self.list("services", &properties.services),
            resources: self.attributes("resources", &properties.resources),
            libraries,
            names,
            kinds: self.list("span_kinds", &properties.span_kinds),
            bodies: self.list("log_bodies", &properties.log_bodies),
            severity_texts: self.list("log_severity_texts", &properties.log_severity_texts),
            severity: properties
                .log_severity_number
                .as_ref()
                .map(|severity| (severity.min, severity.match_undefined)),
            attributes: self.attributes("attributes", &properties.attributes),
        }
    }

    fn list(&mut self, key: &str, texts: &[String]) -> Option<Texts> {
        if texts.is_empty() {
            None
        } else {
            self.texts(key, texts)
        }
    }

    fn texts(&mut self, path: &str, texts: &[String]) -> Option<Texts> {
        match self.properties.match_type.as_str() {
            "strict" => Some(Texts::Strict(texts.to_vec())),
            "regexp" => {
                let mut patterns = Vec::with_capacity(texts.len());
                for text in texts {
                    match headwater_regexp::compile(text) {
                        Ok(pattern) => patterns.push(pattern),
                        Err(error) => {
                            let message = format!("error parsing regexp: {text:?}");
                            let mut error_at = MatchError::new(path, message);
                            error_at.help = Some(error.to_string());
                            self.errors.push(error_at);
                        }
                    }
                }
                (patterns.len() == texts.len()).then_some(Texts::Regexp(patterns))
            }
            _ => {
                self.unknown_match_type();
                None
            }
        }
    }

    fn unknown_match_type(&mut self) {
        let known = self.errors.iter().any(|error| error.path == "match_type");
        if !known {
            let message = format!(
                "unrecognized match_type: '{}', valid types are: [regexp strict]",
                self.properties.match_type
            );
            self.errors.push(MatchError::new("match_type", message));
        }
    }

    fn attributes(&mut self, key: &str, attributes: &[AttributeMatch]) -> Vec<AttributeMatcher> {
        let mut matchers = Vec::with_capacity(attributes.len());
        for (index, attribute) in attributes.iter().enumerate() {
            let path = |key_of_item| format!("{key}::{index}::{key_of_item}");
            if attribute.key.is_empty() {
                let message = "can't have empty key in the list of attributes";
                self.errors.push(MatchError::new(path("key"), message));
            }
            let value = match (&attribute.value.value, self.properties.match_type.as_str()) {
                (Value::Null, _) => Some(ValueMatcher::Any),
                (_, "strict") => Some(ValueMatcher::Equal(encode(&attribute.value))),
                (Value::String(text), "regexp") => self
                    .texts(&path("value"), std::slice::from_ref(text))
                    .map(ValueMatcher::Text),
                (_, "regexp") => {
                    let found = encode(&attribute.value);
                    let message = format!(
                        "match_type=regexp for {:?} only supports Str, but found {}",
                        attribute.key,
                        found.view().kind()
                    );
                    let mut error = MatchError::new(path("value"), message);
                    error.help = Some("write the value in quotes".to_owned());
                    self.errors.push(error);
                    None
                }
                _ => {
                    self.unknown_match_type();
                    None
                }
            };
            matchers.extend(value.map(|value| AttributeMatcher {
                key: attribute.key.clone(),
                value,
            }));
        }
        matchers
    }
}

/// Whether the properties are such as records of `signal` have.
fn check_fields(signal: Signal, properties: &MatchProperties) -> Result<(), MatchError> {
    let error = |path: &str, message: &str| Err(MatchError::new(path, message));
    let given: Vec<&str> = [
        ("services", properties.services.is_empty()),
        ("span_names", properties.span_names.is_empty()),
        ("span_kinds", properties.span_kinds.is_empty()),
        ("log_bodies", properties.log_bodies.is_empty()),
        (
            "log_severity_texts",
            properties.log_severity_texts.is_empty(),
        ),
        (
            "log_severity_number",
            properties.log_severity_number.is_none(),
        ),
        ("metric_names", properties.metric_names.is_empty()),
        ("attributes", properties.attributes.is_empty()),
        ("resources", properties.resources.is_empty()),
        ("libraries", properties.libraries.is_empty()),
    ]
    .into_iter()
    .filter_map(|(key, absent)| (!absent).then_some(key))
    .collect();
    let foreign = |keys: &[&str]| given.iter().find(|key| keys.contains(key)).copied();
    match signal {
        Signal::Traces => {
            const LOGS: &[&str] = &[
                "log_bodies",
                "log_severity_texts",
                "log_severity_number",
                "metric_names",
            ];
            if let Some(key) = foreign(LOGS) {
                return error(
                    key,
                    &format!("{key} should not be specified for trace spans"),
                );
            }
            if given.is_empty() {
                let message = "at least one of \"attributes\", \"libraries\",  or \"resources\" \
                               field must be specified";
                return error("", message);
            }
            check_kinds(properties)
        }
        Signal::Logs => {
            if let Some(key) = foreign(&["services", "span_names", "span_kinds", "metric_names"]) {
                let message = "services, span_names, span_kinds and metric_names are not valid \
                               for log records";
                return error(key, message);
            }
            if given.is_empty() {
                let message = "at least one of \"attributes\", \"libraries\", \"span_kinds\", \
                               \"resources\", \"log_bodies\", \"log_severity_texts\" or \
                               \"log_severity_number\" field must be specified";
                return error("", message);
            }
            Ok(())
        }
        Signal::Metrics => {
            let other = given
                .iter()
                .find(|key| !matches!(**key, "metric_names" | "resources"));
            if let Some(key) = other {
                let message = "\"span_names\", \"span_kinds\", \"log_bodies\", \
                               \"log_severity_texts\", \"log_severity_number\", \"services\", \
                               \"attributes\" and \"libraries\" are not valid for metrics";
                return error(key, message);
            }
            if given.is_empty() {
                let message =
                    "at least one of \"metric_names\" or \"resources\" field must be specified";
                return error("", message);
            }
            Ok(())
        }
    }
}

/// The names of the span kinds, by their number.
pub(super) const SPAN_KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

fn check_kinds(properties: &MatchProperties) -> Result<(), MatchError> {
    let wrong = |kind: &String| !SPAN_KINDS[1..].contains(&kind.as_str());
    if properties.match_type == "strict" && properties.span_kinds.iter().any(wrong) {
        let mut kinds = SPAN_KINDS[1..].to_vec();
        kinds.sort_unstable();
        let message = format!(
            "span_kinds string must match one of the standard span kinds when match_type=strict: \
             [{}]",
            kinds.join(" ")
        );
        return Err(MatchError::new("span_kinds", message));
    }
    Ok(())
}
