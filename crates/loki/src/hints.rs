//! Attributes by which records say how they want to be written.

use headwater_core::pdata::view::AnyValue;

/// Attribute of a resource: it is a stream, see the crate. Any value but `false`.
pub const STREAM: &str = "loki.stream";
/// Attribute of a resource with [`STREAM`], and Alloy's reserved label: the tenant. Source: Alloy
/// `client.ReservedLabelTenantID`.
pub const TENANT_LABEL: &str = "__tenant_id__";

/// Attribute of a record or resource: the names of record attributes that become labels.
pub const ATTRIBUTE_LABELS: &str = "loki.attribute.labels";
/// Attribute of a record or resource: the names of resource attributes that become labels.
pub const RESOURCE_LABELS: &str = "loki.resource.labels";
/// Attribute of a record or resource: the name of the attribute that holds the tenant.
pub const TENANT: &str = "loki.tenant";
/// Attribute of a record or resource: `json`, `logfmt` or `raw`.
pub const FORMAT: &str = "loki.format";
/// Attribute of a record or resource: the names of record attributes that become structured
/// metadata. Headwater's own.
pub const ATTRIBUTE_METADATA: &str = "loki.attribute.structured_metadata";
/// Attribute of a record or resource: the names of resource attributes that become structured
/// metadata. Headwater's own.
pub const RESOURCE_METADATA: &str = "loki.resource.structured_metadata";

/// Whether an attribute is one of these: it says something about the line and is no part of it.
#[must_use]
pub fn is_hint(name: &[u8]) -> bool {
    name.starts_with(b"loki.")
        && [
            STREAM,
            ATTRIBUTE_LABELS,
            RESOURCE_LABELS,
            TENANT,
            FORMAT,
            ATTRIBUTE_METADATA,
            RESOURCE_METADATA,
        ]
        .iter()
        .any(|hint| hint.as_bytes() == name)
}

/// Calls `each` with the names in a list: a string with commas, or an array.
pub fn names<'a>(list: &AnyValue<'a>, mut each: impl FnMut(&[u8])) {
    match list {
        AnyValue::Array(values) => {
            for value in values.iter() {
                each(value.to_text().trim_ascii());
            }
        }
        other => {
            let text = other.to_text();
            for name in text.split(|byte| *byte == b',') {
                each(name.trim_ascii());
            }
        }
    }
}

/// Whether the value of [`STREAM`] says yes.
#[must_use]
pub fn is_stream(value: &AnyValue<'_>) -> bool {
    match value {
        AnyValue::Bool(yes) => *yes,
        AnyValue::String(text) => !text.as_bytes().eq_ignore_ascii_case(b"false"),
        AnyValue::Empty => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::pdata::edit::EncodedValue;

    use super::*;

    fn listed(value: &EncodedValue) -> Vec<String> {
        let mut found = Vec::new();
        names(&value.view(), |name| {
            found.push(String::from_utf8_lossy(name).into_owned());
        });
        found
    }

    #[test]
    fn a_list_is_a_string_with_commas_or_an_array() {
        assert_eq!(listed(&EncodedValue::new("a, b.c ,d")), ["a", "b.c", "d"]);
        let (a, b) = (EncodedValue::new("a,b"), EncodedValue::new(&1_i64));
        assert_eq!(listed(&EncodedValue::array([&a, &b])), ["a,b", "1"]);
    }

    #[test]
    fn only_the_hints_are_hints() {
        assert!(is_hint(b"loki.format") && is_hint(b"loki.stream"));
        assert!(!is_hint(b"loki.other") && !is_hint(b"format"));
    }

    #[test]
    fn false_in_any_form_is_no_stream() {
        for (value, stream) in [
            (EncodedValue::new(&true), true),
            (EncodedValue::new(&false), false),
            (EncodedValue::new("False"), false),
            (EncodedValue::new("yes"), true),
        ] {
            assert_eq!(is_stream(&value.view()), stream);
        }
    }
}
