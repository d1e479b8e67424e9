//! One set of properties, compiled.

use headwater_core::pdata::edit::{
    AttributeEditor, EncodedValue, LogEditor, MetricEditor, SpanEditor,
};
use headwater_core::pdata::view::{AnyValue, Text};
use headwater_regexp::Regex;

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
    pub(super) key: String,
    pub(super) value: ValueMatcher,
}

#[derive(Debug, Clone)]
pub(super) enum ValueMatcher {
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
    pub(super) name: Texts,
    pub(super) version: Option<Texts>,
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

/// The names of the span kinds, by their number.
pub(super) const SPAN_KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];
