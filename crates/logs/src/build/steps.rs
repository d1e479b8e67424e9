//! The keys of the steps inside a parser: time, severity, trace, scope name.

use std::collections::HashMap;

use headwater_core::config::{Node, Value as NodeValue};

use crate::Field;
use crate::args::Args;
use crate::operator::parser::{Embedded, TraceParser};
use crate::severity::{Preset, SeverityParser, number};
use crate::time::{Layout, SECOND, TimeFormat, TimeParser, Zone};

/// The steps inside a parser.
pub(crate) fn embedded(args: &mut Args<'_, '_, '_>) -> Embedded {
    Embedded {
        body: args.get("body"),
        time: args.section("timestamp", time),
        severity: args.section("severity", severity),
        trace: args.section("trace", trace),
        scope_name: args.section("scope_name", |args| args.field("parse_from")),
    }
}

/// `time_parser`, or `timestamp:` in a parser.
pub(crate) fn time(args: &mut Args<'_, '_, '_>) -> Option<TimeParser> {
    let parse_from = args.field("parse_from");
    let kind = args.or("layout_type", "strptime".to_owned());
    let location = args.get::<String>("location");
    let layout: String = args.required("layout")?;
    let format = match kind.as_str() {
        "" | "strptime" | "gotime" => {
            let compiled = if kind == "gotime" {
                Layout::gotime(&layout)
            } else {
                Layout::strptime(&layout)
            };
            let compiled = match compiled {
                Ok(compiled) => compiled,
                Err(error) => {
                    let kind = if kind == "gotime" {
                        "gotime"
                    } else {
                        "strptime"
                    };
                    args.refuse("layout", format!("invalid {kind} layout: {error}"));
                    return None;
                }
            };
            let zone = match location.as_deref() {
                Some(name) if !name.is_empty() => Zone::named(name),
                _ if compiled.is_zulu() => Ok(Zone::utc()),
                _ => Ok(Zone::local()),
            };
            match zone {
                Ok(zone) => TimeFormat::Layout(compiled, zone),
                Err(error) => {
                    args.refuse("location", format!("invalid 'location': {error}"));
                    return None;
                }
            }
        }
        "epoch" => match layout.as_str() {
            "s" => TimeFormat::Epoch(SECOND),
            "ms" => TimeFormat::Epoch(1_000_000),
            "us" => TimeFormat::Epoch(1_000),
            "ns" => TimeFormat::Epoch(1),
            "s.ms" => TimeFormat::EpochParts(1_000_000),
            "s.us" => TimeFormat::EpochParts(1_000),
            "s.ns" => TimeFormat::EpochParts(1),
            _ => {
                args.refuse(
                    "layout",
                    "invalid `layout` for `epoch` type: write one of 's', 'ms', 'us', 'ns', \
                     's.ms', 's.us', 's.ns'",
                );
                return None;
            }
        },
        other => {
            let message = format!(
                "unsupported layout_type {other}: valid values are 'strptime', 'gotime', and 'epoch'"
            );
            args.refuse("layout_type", message);
            return None;
        }
    };
    Some(TimeParser {
        parse_from: parse_from?,
        format,
    })
}

/// `severity_parser`, or `severity:` in a parser.
pub(crate) fn severity(args: &mut Args<'_, '_, '_>) -> Option<SeverityParser> {
    let parse_from = args.field("parse_from");
    let preset = match args.or("preset", String::new()).as_str() {
        "none" => Preset::None,
        "otel" | "aliases" => Preset::Otel,
        _ => Preset::Default,
    };
    let overwrite_text = args.or("overwrite_text", false);
    let mut mapping = HashMap::new();
    if let Some(node) = args.node("mapping") {
        let Some(map) = node.as_map() else {
            args.refuse("mapping", "expected a map");
            return None;
        };
        for (key, values) in map {
            // As upstream, a level that does not exist maps to no severity.
            let level = number(&key.name).unwrap_or(0);
            if level == 0 {
                args.refuse("mapping", format!("`{}` is no severity", key.name));
            }
            let one = std::slice::from_ref(values);
            for value in values.as_seq().unwrap_or(one) {
                match words(value) {
                    Some(words) => mapping.extend(words.into_iter().map(|word| (word, level))),
                    None => args.refuse(
                        "mapping",
                        format!("{} cannot be parsed as a severity", value.shown()),
                    ),
                }
            }
        }
    }
    Some(SeverityParser {
        parse_from: parse_from?,
        preset,
        mapping,
        overwrite_text,
    })
}

/// The texts that one value of the mapping stands for.
fn words(value: &Node) -> Option<Vec<String>> {
    let range = |min: i64, max: i64| {
        let (min, max) = (min.min(max), min.max(max));
        (max - min <= 100_000).then(|| (min..=max).map(|n| n.to_string()).collect())
    };
    match &value.value {
        NodeValue::Int(number) => Some(vec![number.to_string()]),
        NodeValue::Map(map) => match (&map.get("min")?.value, &map.get("max")?.value) {
            (NodeValue::Int(min), NodeValue::Int(max)) => range(*min, *max),
            _ => None,
        },
        _ => match value.as_text()? {
            "2xx" => range(200, 299),
            "3xx" => range(300, 399),
            "4xx" => range(400, 499),
            "5xx" => range(500, 599),
            text => Some(vec![text.to_lowercase()]),
        },
    }
}

/// `trace_parser`, or `trace:` in a parser.
pub(crate) fn trace(args: &mut Args<'_, '_, '_>) -> Option<TraceParser> {
    let mut field = |key: &'static str| {
        let written = args.section(key, |args| Some(args.get::<Field>("parse_from")));
        let default = || Field::new(crate::field::Root::Body, vec![key.to_owned()]);
        written.flatten().unwrap_or_else(default)
    };
    Some(TraceParser {
        trace_id: field("trace_id"),
        span_id: field("span_id"),
        trace_flags: field("trace_flags"),
    })
}
