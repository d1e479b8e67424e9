//! Every converter there is. Source: Go `pkg/ottl/ottlfuncs`, `internal/filter/filterottl`.

use super::{Arguments, Definition, Kind, Parameter, ids, lists, texts, times, types};
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

/// Converters that upstream has, and that do not exist here yet.
#[rustfmt::skip]
pub(crate) const LATER: &[&str] = &[
    "Base64Decode", "Base64Encode", "CommunityID", "ConvertAttributesToElementsXML",
    "ConvertTextToElementsXML", "Decode", "ExtractGrokPatterns", "Format", "FormatTime", "GetXML",
    "InsertXML", "MD5", "Murmur3Hash", "Murmur3Hash128", "ParseCSV", "ParseJSON", "ParseKeyValue",
    "ParseSeverity", "ParseSimplifiedXML", "ParseXML", "ProfileID", "RemoveXML", "SHA1", "SHA512",
    "SliceToMap", "Sort", "Time", "ToCamelCase", "ToKeyValueString", "ToSnakeCase", "URL", "UUID",
    "UUIDv7", "UserAgent", "XXH128", "XXH3",
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
        call,
    }
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
    converter("ConvertCase", &[
        required("target", Kind::String), required("to_case", Kind::Literal),
    ], texts::convert_case),
    converter("ToLowerCase", STRING, texts::to_lower_case),
    converter("ToUpperCase", STRING, texts::to_upper_case),
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
    converter("FNV", STRING, ids::fnv),
    converter("SHA256", STRING, ids::sha256),
    converter("Log", ANY, types::log),
];
