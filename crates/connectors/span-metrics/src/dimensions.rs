//! The attributes that tell series apart, compiled from the configuration.

use headwater_aggregation::point::tempo_label;
use headwater_core::pdata::edit::EncodedValue;
use headwater_core::pdata::view::{AnyValue, Attributes, KeyValue};

use crate::config::{DimensionConfig, Naming, SpanMetricsConfig};

/// Every dimension of the configuration, each once, and which metric has which.
#[derive(Debug)]
pub(crate) struct Dimensions {
    named: Vec<Named>,
    globs: Vec<Glob>,
    pub(crate) calls: Family,
    pub(crate) durations: Family,
    pub(crate) events: Family,
}

#[derive(Debug)]
struct Named {
    /// Of the attribute to look for.
    name: Box<str>,
    /// Of the attribute in the metric.
    label: Box<str>,
    default: Option<EncodedValue>,
}

#[derive(Debug, PartialEq, Eq)]
struct Glob(Box<[u8]>);

/// The dimensions of one metric, by index.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Family {
    named: Vec<usize>,
    globs: Vec<usize>,
}

impl Family {
    /// Whether it takes attributes by pattern.
    pub(crate) fn has_patterns(&self) -> bool {
        !self.globs.is_empty()
    }
}

/// The values that one set of attributes has for the dimensions.
#[derive(Debug, Default)]
pub(crate) struct Values<'a> {
    named: Vec<Option<AnyValue<'a>>>,
    /// Attributes that a glob matches.
    globbed: Vec<(&'a [u8], AnyValue<'a>)>,
}

impl<'a> Values<'a> {
    pub(crate) fn reset(&mut self, dimensions: &Dimensions) {
        self.named.clear();
        self.named.resize(dimensions.named.len(), None);
        self.globbed.clear();
    }

    /// Keeps `attribute` if it is one of the dimensions; of a name that occurs twice the first
    /// one counts.
    #[inline]
    pub(crate) fn offer(&mut self, dimensions: &Dimensions, attribute: &KeyValue<'a>) {
        let key = attribute.key().as_bytes();
        for (named, value) in dimensions.named.iter().zip(&mut self.named) {
            if named.name.as_bytes() == key && value.is_none() {
                *value = Some(attribute.value());
            }
        }
        if !dimensions.globs.is_empty() && dimensions.globs.iter().any(|glob| glob.matches(key)) {
            self.globbed.push((key, attribute.value()));
        }
    }

    pub(crate) fn offer_all(&mut self, dimensions: &Dimensions, attributes: Attributes<'a>) {
        for attribute in attributes {
            self.offer(dimensions, &attribute);
        }
    }
}

impl Dimensions {
    pub(crate) fn new(config: &SpanMetricsConfig) -> Self {
        let mut dimensions = Self {
            named: Vec::new(),
            globs: Vec::new(),
            calls: Family::default(),
            durations: Family::default(),
            events: Family::default(),
        };
        let naming = config.naming;
        let mut family = |more: &[DimensionConfig]| {
            let mut family = Family::default();
            for dimension in config.dimensions.iter().chain(more) {
                dimensions.add(&mut family, dimension, naming);
            }
            family
        };
        let calls = family(&config.calls_dimensions);
        let durations = family(&config.histogram.dimensions);
        let events = if config.events.enabled {
            family(&config.events.dimensions)
        } else {
            Family::default()
        };
        (dimensions.calls, dimensions.durations, dimensions.events) = (calls, durations, events);
        dimensions
    }

    fn add(&mut self, family: &mut Family, dimension: &DimensionConfig, naming: Naming) {
        if !dimension.glob.is_empty() {
            let glob = Glob(dimension.glob.as_bytes().into());
            let index = self.globs.iter().position(|known| *known == glob);
            let index = index.unwrap_or_else(|| {
                self.globs.push(glob);
                self.globs.len() - 1
            });
            if !family.globs.contains(&index) {
                family.globs.push(index);
            }
            return;
        }
        let default = dimension.default.as_deref().map(EncodedValue::new);
        let same = |known: &Named| *known.name == dimension.name && known.default == default;
        let index = self.named.iter().position(same).unwrap_or_else(|| {
            self.named.push(Named {
                name: dimension.name.as_str().into(),
                label: label(&dimension.name, naming),
                default,
            });
            self.named.len() - 1
        });
        let name = &self.named[index].name;
        if family
            .named
            .iter()
            .all(|known| self.named[*known].name != *name)
        {
            family.named.push(index);
        }
    }

    /// Shows every dimension of `family` with its value, the most specific of `sources`, which
    /// come first; always in the same order for the same values.
    #[inline]
    pub(crate) fn each<'a>(
        &self,
        family: &Family,
        sources: &[&Values<'a>],
        mut show: impl FnMut(&[u8], Option<AnyValue<'_>>),
    ) {
        for index in &family.named {
            let named = &self.named[*index];
            let found = sources.iter().find_map(|source| source.named[*index]);
            let value = found.or_else(|| named.default.as_ref().map(EncodedValue::view));
            show(named.label.as_bytes(), value);
        }
        if family.has_patterns() {
            self.each_globbed(family, sources, &mut show);
        }
    }

    #[cold]
    fn each_globbed(
        &self,
        family: &Family,
        sources: &[&Values<'_>],
        show: &mut dyn FnMut(&[u8], Option<AnyValue<'_>>),
    ) {
        let is_named = |key: &[u8]| {
            let mut named = family.named.iter().map(|index| &self.named[*index]);
            named.any(|named| named.name.as_bytes() == key || named.label.as_bytes() == key)
        };
        let matches = |key: &[u8]| {
            family
                .globs
                .iter()
                .any(|index| self.globs[*index].matches(key))
        };
        let mut found: Vec<(&[u8], AnyValue<'_>)> = Vec::new();
        for (key, value) in sources.iter().flat_map(|source| &source.globbed) {
            let is_new = found.iter().all(|(known, _)| known != key);
            if is_new && matches(key) && !is_named(key) {
                found.push((key, *value));
            }
        }
        found.sort_by_key(|(key, _)| *key);
        for (key, value) in found {
            show(key, Some(value));
        }
    }
}

/// The name of the attribute in the metric: as it is, or as Tempo makes a label of it.
fn label(name: &str, naming: Naming) -> Box<str> {
    if naming == Naming::Contrib {
        return name.into();
    }
    let label = tempo_label(name);
    let taken = [
        "service",
        "span_name",
        "span_kind",
        "status_code",
        "status_message",
    ];
    if taken.contains(&&*label) {
        format!("__{label}").into()
    } else {
        label.into()
    }
}

impl Glob {
    /// Whether all of `text` matches.
    fn matches(&self, text: &[u8]) -> bool {
        let pattern = &self.0;
        let (mut p, mut t) = (0, 0);
        // Where the last `*` stands, and how far it reaches so far.
        let mut star = None;
        while t < text.len() {
            match pattern.get(p) {
                Some(b'*') => {
                    star = Some((p, t));
                    p += 1;
                }
                Some(byte) if *byte == b'?' || *byte == text[t] => {
                    p += 1;
                    t += 1;
                }
                _ => {
                    let Some((at, reach)) = star else {
                        return false;
                    };
                    star = Some((at, reach + 1));
                    (p, t) = (at + 1, reach + 1);
                }
            }
        }
        pattern[p..].iter().all(|byte| *byte == b'*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_the_whole_name() {
        for (pattern, text, matches) in [
            ("http.*", "http.method", true),
            ("http.*", "xhttp.method", false),
            ("*.id", "a.id.id", true),
            ("*.id", "a.id.ix", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
        ] {
            let glob = Glob(pattern.as_bytes().into());
            assert_eq!(glob.matches(text.as_bytes()), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_that_calls_and_durations_share_makes_one_series_of_both() {
        let glob = DimensionConfig {
            glob: "http.*".into(),
            ..DimensionConfig::default()
        };
        let mut config = SpanMetricsConfig {
            dimensions: vec![glob.clone(), glob.clone()],
            ..SpanMetricsConfig::default()
        };
        let dimensions = Dimensions::new(&config);
        assert_eq!(dimensions.globs.len(), 1);
        assert_eq!(dimensions.calls, dimensions.durations);

        config.calls_dimensions = vec![DimensionConfig {
            glob: "rpc.*".into(),
            ..glob
        }];
        let dimensions = Dimensions::new(&config);
        assert_eq!(dimensions.calls.globs, [0, 1]);
        assert_eq!(dimensions.durations.globs, [0]);
    }

    #[test]
    fn labels_are_those_of_tempo() {
        assert_eq!(&*label("http.method", Naming::Tempo), "http_method");
        assert_eq!(&*label("span.name", Naming::Tempo), "__span_name");
        assert_eq!(&*label("http.method", Naming::Contrib), "http.method");
    }
}
