//! Every converter there is. Source: Go `pkg/ottl/ottlfuncs`, `internal/filter/filterottl`.

use super::{
    Argument, Arguments, Definition, Kind, Parameter, cases, encodings, flows, format, hashes, ids,
    layouts, lists, parsers, reshape, severity, texts, times, types, url, xml,
};
use crate::context::ContextKind;
use crate::error::EvalError;
use crate::value::Value;

/// The converter called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|known| known.name == name)
}

/// Their names, for suggestions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    DEFINITIONS.iter().map(|known| known.name)
}

/// Converters that upstream has, and that do not exist here: those that change XML by XPath, those
/// that need a library of patterns, random ids, and hashes that no crate in the tree has.
#[rustfmt::skip]
pub(crate) const LATER: &[&str] = &[
    "ConvertAttributesToElementsXML", "ConvertTextToElementsXML", "ExtractGrokPatterns", "GetXML",
    "InsertXML", "Murmur3Hash", "Murmur3Hash128", "RemoveXML", "UUID", "UUIDv7", "UserAgent",
];

type Function = for<'a> fn(&Arguments<'a, '_>) -> Result<Value<'a>, EvalError>;

const fn required(name: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        kind,
        optional: false,
    }
}

const fn optional(name: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        kind,
        optional: true,
    }
}

const fn converter(
    name: &'static str,
    parameters: &'static [Parameter],
    call: Function,
) -> Definition {
    Definition {
        name,
        parameters,
        context: None,
        pure: true,
        check: |_| Ok(()),
        call,
    }
}

/// A converter that looks at what is written out before it is called.
const fn checked(
    mut definition: Definition,
    check: fn(&[Argument]) -> Result<(), String>,
) -> Definition {
    definition.check = check;
    definition
}

const fn only_in(context: ContextKind, mut definition: Definition) -> Definition {
    definition.context = Some(context);
    definition.pure = false;
    definition
}

const ANY: &[Parameter] = &[required("target", Kind::Any)];
const STRING: &[Parameter] = &[required("target", Kind::String)];
const MAP: &[Parameter] = &[required("target", Kind::Map)];
const TIME: &[Parameter] = &[required("time", Kind::Time)];
const DURATION: &[Parameter] = &[required("duration", Kind::Duration)];
const PATTERN: &[Parameter] = &[
    required("target", Kind::Any),
    required("pattern", Kind::Regex),
];
const TEXT_PATTERN: &[Parameter] = &[
    required("target", Kind::String),
    required("pattern", Kind::Regex),
];
const PREFIX: &[Parameter] = &[
    required("target", Kind::String),
    required("prefix", Kind::String),
];
const SUFFIX: &[Parameter] = &[
    required("target", Kind::String),
    required("suffix", Kind::String),
];

#[rustfmt::skip]
const DEFINITIONS: &[Definition] = &[
    converter("IsBool", ANY, types::is_bool),
    converter("IsDouble", ANY, types::is_double),
    converter("IsInt", ANY, types::is_int),
    converter("IsString", ANY, types::is_string),
    converter("IsMap", ANY, types::is_map),
    converter("IsList", ANY, types::is_list),
    converter("IsMatch", PATTERN, texts::is_match),
    only_in(ContextKind::Span, converter("IsRootSpan", &[], ids::is_root_span)),
    only_in(ContextKind::Metric, converter("HasAttrOnDatapoint", &[
        required("key", Kind::Literal), required("expected_val", Kind::Literal),
    ], lists::has_attribute_on_point)),
    only_in(ContextKind::Metric, converter("HasAttrKeyOnDatapoint", &[
        required("key", Kind::Literal),
    ], lists::has_attribute_on_point)),
    converter("IsInCIDR", &[
        required("target", Kind::String), required("networks", Kind::Values),
    ], ids::is_in_cidr),
    converter("IsValidLuhn", ANY, texts::is_valid_luhn),
    converter("HasPrefix", PREFIX, texts::has_prefix),
    converter("HasSuffix", SUFFIX, texts::has_suffix),
    converter("ContainsValue", &[
        required("target", Kind::List), required("item", Kind::Any),
    ], lists::contains_value),
    converter("Bool", ANY, types::to_bool),
    converter("Int", ANY, types::to_int),
    converter("Double", ANY, types::to_double),
    converter("String", ANY, types::to_string),
    converter("Hex", ANY, ids::to_hex),
    converter("ParseInt", &[
        required("target", Kind::String), required("base", Kind::Int),
    ], texts::parse_int),
    converter("TraceID", ANY, ids::trace_id),
    converter("SpanID", ANY, ids::span_id),
    converter("ProfileID", ANY, ids::profile_id),
    converter("Concat", &[
        required("vals", Kind::Values), required("delimiter", Kind::String),
    ], texts::concat),
    converter("Split", &[
        required("target", Kind::String), required("delimiter", Kind::String),
    ], texts::split),
    converter("Substring", &[
        required("target", Kind::String), required("start", Kind::Int), required("length", Kind::Int),
    ], texts::substring),
    converter("Trim", &[
        required("target", Kind::String), optional("replacement", Kind::Literal),
    ], texts::trim),
    converter("TrimPrefix", PREFIX, texts::trim_prefix),
    converter("TrimSuffix", SUFFIX, texts::trim_suffix),
    checked(converter("ConvertCase", &[
        required("target", Kind::String), required("to_case", Kind::Literal),
    ], cases::convert), cases::check),
    converter("ToLowerCase", STRING, cases::to_lower_case),
    converter("ToUpperCase", STRING, cases::to_upper_case),
    converter("ToSnakeCase", STRING, cases::to_snake_case),
    converter("ToCamelCase", STRING, cases::to_camel_case),
    converter("Format", &[
        required("format", Kind::Literal), required("vals", Kind::Values),
    ], format::format),
    converter("Base64Decode", STRING, encodings::base64_decode),
    checked(converter("Base64Encode", &[
        required("target", Kind::String), optional("variant", Kind::String),
    ], encodings::base64_encode), encodings::check_variant),
    checked(converter("Decode", &[
        required("target", Kind::Any), required("encoding", Kind::String),
    ], encodings::decode), encodings::check_encoding),
    converter("ParseJSON", STRING, parsers::json),
    checked(converter("ParseKeyValue", &[
        required("target", Kind::String), optional("delimiter", Kind::Literal),
        optional("pair_delimiter", Kind::Literal),
    ], parsers::key_value), parsers::check_delimiters),
    checked(converter("ToKeyValueString", &[
        required("target", Kind::Map), optional("delimiter", Kind::Literal),
        optional("pair_delimiter", Kind::Literal), optional("sort_output", Kind::Bool),
    ], parsers::to_key_value), parsers::check_written_delimiters),
    checked(converter("ParseCSV", &[
        required("target", Kind::String), required("header", Kind::String),
        optional("delimiter", Kind::Literal), optional("header_delimiter", Kind::Literal),
        optional("mode", Kind::Literal),
    ], parsers::csv), parsers::check_csv),
    converter("ParseSeverity", &[
        required("target", Kind::Any), required("mapping", Kind::Map),
    ], severity::parse),
    converter("ParseXML", STRING, xml::parse),
    converter("ParseSimplifiedXML", STRING, xml::parse_simplified),
    converter("URL", &[required("uri", Kind::String)], url::url),
    checked(converter("CommunityID", &[
        required("source_ip", Kind::String), required("source_port", Kind::Int),
        required("destination_ip", Kind::String), required("destination_port", Kind::Int),
        optional("protocol", Kind::String), optional("seed", Kind::Int),
    ], flows::community_id), flows::check),
    checked(converter("Sort", &[
        required("target", Kind::Any), optional("order", Kind::Literal),
    ], reshape::sort), reshape::check_order),
    converter("SliceToMap", &[
        required("target", Kind::List), optional("key_path", Kind::Values),
        optional("value_path", Kind::Values),
    ], reshape::slice_to_map),
    checked(Definition { pure: false, ..converter("Time", &[
        required("time", Kind::String), required("format", Kind::Layout),
        optional("location", Kind::String), optional("locale", Kind::Literal),
    ], layouts::time) }, layouts::check),
    converter("FormatTime", &[
        required("time", Kind::Time), required("format", Kind::Layout),
    ], layouts::format_time),
    converter("ExtractPatterns", TEXT_PATTERN, texts::extract_patterns),
    converter("Len", ANY, lists::len),
    converter("Index", &[
        required("target", Kind::Any), required("value", Kind::Any),
    ], lists::index),
    converter("Keys", MAP, lists::keys),
    converter("Values", MAP, lists::values),
    converter("Coalesce", &[required("values", Kind::Values)], lists::coalesce),
    Definition { pure: false, ..converter("Now", &[], times::now) },
    converter("TruncateTime", &[
        required("time", Kind::Time), required("duration", Kind::Duration),
    ], times::truncate),
    converter("Unix", &[
        required("seconds", Kind::Int), optional("nanoseconds", Kind::Int),
    ], times::unix),
    converter("UnixSeconds", TIME, |arguments| times::since_1970(arguments, 1_000_000_000)),
    converter("UnixMilli", TIME, |arguments| times::since_1970(arguments, 1_000_000)),
    converter("UnixMicro", TIME, |arguments| times::since_1970(arguments, 1_000)),
    converter("UnixNano", TIME, |arguments| times::since_1970(arguments, 1)),
    converter("Year", TIME, times::year),
    converter("Month", TIME, times::month),
    converter("Day", TIME, times::day),
    converter("Hour", TIME, |arguments| times::of_day(arguments, 3600, 24)),
    converter("Minute", TIME, |arguments| times::of_day(arguments, 60, 60)),
    converter("Second", TIME, |arguments| times::of_day(arguments, 1, 60)),
    converter("Nanosecond", TIME, times::nanosecond),
    converter("Weekday", TIME, times::weekday),
    converter("Duration", &[required("duration", Kind::String)], times::duration),
    converter("Hours", DURATION, |arguments| times::as_double(arguments, 3600.0)),
    converter("Minutes", DURATION, |arguments| times::as_double(arguments, 60.0)),
    converter("Seconds", DURATION, |arguments| times::as_double(arguments, 1.0)),
    converter("Milliseconds", DURATION, |arguments| times::as_int(arguments, 1_000_000)),
    converter("Microseconds", DURATION, |arguments| times::as_int(arguments, 1_000)),
    converter("Nanoseconds", DURATION, |arguments| times::as_int(arguments, 1)),
    converter("FNV", STRING, hashes::fnv),
    converter("MD5", STRING, hashes::md5),
    converter("SHA1", STRING, hashes::sha1),
    converter("SHA256", STRING, hashes::sha256),
    converter("SHA512", STRING, hashes::sha512),
    converter("XXH3", STRING, hashes::xxh3),
    converter("XXH128", STRING, hashes::xxh128),
    converter("Log", ANY, types::log),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_what_does_not_exist() {
        let readme = include_str!("../../README.md");
        let (_, list) = readme
            .split_once("## Converters that do not exist")
            .unwrap();
        let (list, _) = list.split_once("\n## ").unwrap();
        for name in LATER {
            assert!(list.contains(&format!("`{name}`")), "{name}");
            assert!(find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn no_converter_is_there_twice() {
        let mut all: Vec<_> = names().collect();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
