//! What makes a span belong to a series, as bytes to look it up by, and as attributes.

use std::io::Write as _;

use headwater_aggregation::point::AttributeList;
use headwater_aggregation::span::SpanParts;
use headwater_core::pdata::view::{AnyValue, Text};
use headwater_core::pdata::wire::put_varint;

use crate::config::{INTRINSIC, Naming, SpanMetricsConfig};
use crate::dimensions::{Dimensions, Family, Values};

const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

const STATUSES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

/// Which attributes every series has, and what they are called.
#[derive(Debug)]
pub(crate) struct Intrinsic {
    /// None for those that are left out.
    service: Option<&'static str>,
    name: Option<&'static str>,
    kind: Option<&'static str>,
    status: Option<&'static str>,
    instance: Option<(&'static str, String)>,
    sampling_method: bool,
    scopes: Vec<String>,
}

/// What a span is counted by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a, 's> {
    pub(crate) service: &'a [u8],
    pub(crate) span: &'s SpanParts<'a>,
    pub(crate) extrapolated: bool,
    /// Name and version, if they are wanted.
    pub(crate) scope: Option<(Text<'a>, Text<'a>)>,
    /// The values of the dimensions, the most specific ones first.
    pub(crate) values: &'s [&'s Values<'a>],
}

impl Intrinsic {
    pub(crate) fn new(config: &SpanMetricsConfig, instance: String) -> Self {
        let tempo = ["service", "span_name", "span_kind", "status_code", ""];
        let [service, name, kind, status, id] = std::array::from_fn(|index| {
            let label = match config.naming {
                Naming::Contrib => INTRINSIC[index],
                Naming::Tempo => tempo[index],
            };
            let names = [INTRINSIC[index], label];
            let excluded = config
                .exclude_dimensions
                .iter()
                .any(|name| names.contains(&&**name));
            (!excluded && !label.is_empty()).then_some(label)
        });
        Self {
            service,
            name,
            kind,
            status,
            instance: id.map(|id| (id, instance)),
            sampling_method: config.enable_metrics_sampling_method,
            scopes: config.include_instrumentation_scope.clone(),
        }
    }

    /// Whether spans of this scope carry its name.
    pub(crate) fn wants_scope(&self, name: Text<'_>) -> bool {
        !name.is_empty() && self.scopes.iter().any(|wanted| name == wanted.as_str())
    }

    /// Appends what tells the subject's series apart from the others of its resource.
    #[inline]
    pub(crate) fn key(
        &self,
        out: &mut Vec<u8>,
        dimensions: &Dimensions,
        family: &Family,
        subject: &Subject<'_, '_>,
    ) {
        out.clear();
        if self.service.is_some() {
            put(out, subject.service);
        }
        if self.name.is_some() {
            put(out, subject.span.name);
        }
        if self.kind.is_some() {
            out.push(known(subject.span.kind, KINDS.len()));
        }
        if self.status.is_some() {
            out.push(known(subject.span.status, STATUSES.len()));
        }
        if self.sampling_method {
            out.push(u8::from(subject.extrapolated));
        }
        if let Some((name, version)) = subject.scope {
            put(out, name.as_bytes());
            put(out, version.as_bytes());
        }
        let with_names = family.has_patterns();
        dimensions.each(family, subject.values, |label, value| match value {
            None => out.push(0),
            Some(value) => {
                out.push(1);
                // Only what is taken by pattern needs its name: the others have their place.
                if with_names {
                    put(out, label);
                }
                put_value(out, &value);
            }
        });
    }

    /// The attributes of the subject's series.
    pub(crate) fn attributes(
        &self,
        dimensions: &Dimensions,
        family: &Family,
        subject: &Subject<'_, '_>,
    ) -> Box<[u8]> {
        let mut list = AttributeList::default();
        let mut push = |key: Option<&str>, value: &[u8]| {
            if let Some(key) = key {
                list.push(key.as_bytes(), &Text::new(value));
            }
        };
        push(self.service, subject.service);
        push(self.name, subject.span.name);
        push(self.kind, word(&KINDS, subject.span.kind));
        push(self.status, word(&STATUSES, subject.span.status));
        if let Some((key, instance)) = &self.instance {
            push(Some(key), instance.as_bytes());
        }
        if let Some((name, version)) = subject.scope {
            push(Some("span.instrumentation.scope.name"), name.as_bytes());
            if !version.is_empty() {
                push(
                    Some("span.instrumentation.scope.version"),
                    version.as_bytes(),
                );
            }
        }
        if self.sampling_method {
            let method: &[u8] = if subject.extrapolated {
                b"extrapolated"
            } else {
                b"counted"
            };
            push(Some("sampling.method"), method);
        }
        dimensions.each(family, subject.values, |label, value| {
            if let Some(value) = value {
                list.push(label, &value);
            }
        });
        list.into_boxed()
    }
}

fn word(words: &[&'static str], index: i32) -> &'static [u8] {
    let word = usize::try_from(index)
        .ok()
        .and_then(|index| words.get(index));
    word.map_or(b"", |word| word.as_bytes())
}

/// All numbers that have no word count as the same.
fn known(number: i32, words: usize) -> u8 {
    u8::try_from(number)
        .ok()
        .filter(|number| usize::from(*number) < words)
        .unwrap_or(u8::MAX)
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Values count as what they are shown as, so that `1` and `"1"` are the same.
fn put_value(out: &mut Vec<u8>, value: &AnyValue<'_>) {
    if let AnyValue::String(text) = value {
        return put(out, text.as_bytes());
    }
    let at = out.len();
    // Writing to a vector does not fail.
    let _written = write!(out, "{value}");
    let length = out.len() - at;
    put_varint(out, length as u64);
    let behind = out.len() - at - length;
    out[at..].rotate_right(behind);
}
