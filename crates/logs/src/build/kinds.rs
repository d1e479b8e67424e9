//! The types of operators and their keys.

use std::time::Duration;

use super::{Builder, Built, RouteDraft, steps};
use crate::args::Args;
use crate::expr::{Expr, Template};
use crate::operator::Transform;
use crate::operator::container::{Container, Format};
use crate::operator::delimited::{CsvParser, Header, JsonArrayParser, KeyValueParser};
use crate::operator::edits::{
    Add, AddValue, AssignKeys, Copy, Flatten, Move, RegexReplace, Remove, Retain, SanitizeUtf8,
    ScopeName, Unquote,
};
use crate::operator::parser::{Embedded, Parse, Parser};
use crate::operator::parsers::{JsonParser, RegexParser};
use crate::operator::recombine::{Edge, Recombine};
use crate::operator::syslog::{Framing, Protocol, SyslogParser};
use crate::operator::uri::UriParser;
use crate::program::Action;
use crate::time::{Layout, Zone};
use crate::{ByteSize, Field, Value};

/// The bytes of a line, or of joined ones, where nothing else is written.
const MAX_LOG_SIZE: i64 = 1024 * 1024;

/// Every type there is.
const TYPES: &[&str] = &[
    "add",
    "assign_keys",
    "container",
    "copy",
    "csv_parser",
    "filter",
    "flatten",
    "json_array_parser",
    "json_parser",
    "key_value_parser",
    "move",
    "noop",
    "recombine",
    "regex_parser",
    "regex_replace",
    "remove",
    "retain",
    "router",
    "sanitize_utf8",
    "scope_name_parser",
    "severity_parser",
    "syslog_parser",
    "time_parser",
    "trace_parser",
    "unquote",
    "uri_parser",
];

/// Builds the operator of that type; `None` after an error.
pub(super) fn action(
    kind: &str,
    args: &mut Args<'_, '_, '_>,
    builder: &mut Builder,
) -> Option<Built> {
    let action = match kind {
        "noop" => Action::Noop,
        "add" => transform(add(args)?),
        "copy" => transform(Copy {
            from: args.field("from")?,
            to: args.field("to")?,
        }),
        "move" => transform(Move {
            from: args.field("from")?,
            to: args.field("to")?,
        }),
        "remove" => transform(Remove {
            field: args.field("field")?,
        }),
        "retain" => {
            let fields: Vec<Field> = args.required("fields")?;
            if fields.is_empty() {
                args.refuse("fields", "retain: 'fields' is empty");
            }
            transform(Retain { fields })
        }
        "flatten" => transform(flatten(args)?),
        "assign_keys" => transform(AssignKeys {
            field: args.field("field")?,
            keys: args.required("keys")?,
        }),
        "unquote" => transform(Unquote {
            field: args.or("field", Field::body()),
        }),
        "sanitize_utf8" => transform(SanitizeUtf8 {
            field: args.or("field", Field::body()),
        }),
        "regex_replace" => transform(regex_replace(args)?),
        "regex_parser" => regex_parser(args, builder)?,
        "json_parser" => {
            let parse_ints = args.or("parse_ints", false);
            parser(args, JsonParser { parse_ints })?
        }
        "json_array_parser" => {
            let header = args
                .get::<String>("header")
                .filter(|header| !header.is_empty());
            let header = header.map(|header| header.split(',').map(str::to_owned).collect());
            parser(args, JsonArrayParser { header })?
        }
        "key_value_parser" => key_value_parser(args)?,
        "csv_parser" => csv_parser(args)?,
        "syslog_parser" => syslog_parser(args)?,
        "uri_parser" => parser(args, UriParser)?,
        "time_parser" => transform(steps::time(args)?),
        "severity_parser" => transform(steps::severity(args)?),
        "trace_parser" => transform(steps::trace(args)?),
        "scope_name_parser" => transform(ScopeName {
            parse_from: args.or("parse_from", Field::body()),
        }),
        "filter" => filter(args)?,
        "router" => return router(args),
        "recombine" => Action::Recombine(Box::new(recombine(args, builder)?)),
        "container" => Action::Container(Box::new(container(args, builder)?)),
        other => {
            let known = TYPES.join(", ");
            args.refuse(
                "type",
                format!("unsupported type '{other}': there are {known}"),
            );
            return None;
        }
    };
    Some(Built::Action(action))
}

fn transform(transform: impl Transform + 'static) -> Action {
    Action::Transform(Box::new(transform))
}

/// A parser with the keys that all of them have.
pub(super) fn parser(args: &mut Args<'_, '_, '_>, parse: impl Parse + 'static) -> Option<Action> {
    let parse_from = args.or("parse_from", Field::body());
    let parse_to = args.or("parse_to", Field::attributes());
    let embedded = steps::embedded(args);
    check_body(args, &parse_to, &embedded);
    Some(transform(Parser {
        parse,
        parse_from,
        parse_to,
        embedded,
    }))
}

fn check_body(args: &mut Args<'_, '_, '_>, parse_to: &Field, embedded: &Embedded) {
    if embedded.body.is_some() && *parse_to == Field::body() {
        args.refuse(
            "body",
            "`parse_to: body` not allowed when `body` is configured",
        );
    }
}

fn add(args: &mut Args<'_, '_, '_>) -> Option<Add> {
    let field = args.field("field")?;
    let Some(value) = args.value("value") else {
        args.refuse("", "add: missing required field 'value'");
        return None;
    };
    let inner = match &value {
        Value::Str(text) => text
            .strip_prefix("EXPR(")
            .and_then(|text| text.strip_suffix(')')),
        _ => None,
    };
    let value = match inner.map(Expr::compile) {
        Some(Ok(expr)) => AddValue::Expr(expr),
        Some(Err(error)) => {
            args.refuse("value", format!("failed to compile expression: {error}"));
            return None;
        }
        None => AddValue::Constant(value),
    };
    Some(Add { field, value })
}

fn flatten(args: &mut Args<'_, '_, '_>) -> Option<Flatten> {
    let field = args.field("field")?;
    let Some((_, parents)) = field.keys().split_last() else {
        args.refuse("field", "flatten: cannot flatten the whole of it");
        return None;
    };
    let parent = Field::new(field.root(), parents.to_vec());
    Some(Flatten { field, parent })
}

/// Compiles a pattern; `None` after an error.
fn pattern(
    args: &mut Args<'_, '_, '_>,
    key: &'static str,
    text: &str,
) -> Option<headwater_regexp::Regex> {
    match headwater_regexp::compile(text) {
        Ok(regex) => Some(regex),
        Err(error) => {
            args.refuse(key, format!("compiling regex: {error}"));
            None
        }
    }
}

fn regex_replace(args: &mut Args<'_, '_, '_>) -> Option<RegexReplace> {
    let name = args.or("regex_name", String::new());
    let text = args.or("regex", String::new());
    let field = args.or("field", Field::body());
    let replace_with = args.or("replace_with", String::new());
    if name.is_empty() == text.is_empty() {
        args.refuse("", "either regex or regex_name must be set");
        return None;
    }
    let text = match name.as_str() {
        "" => text,
        // Source: ECMA-48, "Control sequences".
        "ansi_control_sequences" => r"\x1B\[[\x30-\x3F]*[\x20-\x2F]*[\x40-\x7E]".to_owned(),
        _ => {
            args.refuse("regex_name", format!("regex_name {name} is unknown"));
            return None;
        }
    };
    Some(RegexReplace {
        field,
        regex: pattern(args, "regex", &text)?,
        replace_with,
    })
}

fn regex_parser(args: &mut Args<'_, '_, '_>, builder: &mut Builder) -> Option<Action> {
    let text: String = args.required("regex")?;
    // Results are not worth remembering: the engine is fast enough without.
    args.section("cache", |args| {
        args.get::<u64>("size");
        Some(())
    });
    let regex = pattern(args, "regex", &text)?;
    let groups: Vec<_> = regex
        .capture_names()
        .enumerate()
        .filter_map(|(index, name)| name.map(|name| (index, name.to_owned())))
        .collect();
    if groups.is_empty() {
        args.refuse(
            "regex",
            "no named capture groups in regex pattern: use named capture groups like \
             '^(?P<my_key>.*)$' to specify the key name for the parsed field",
        );
        return None;
    }
    let slot = builder.program.captures.len();
    builder.program.captures.push(regex.clone());
    parser(
        args,
        RegexParser {
            regex,
            groups,
            slot,
        },
    )
}

fn key_value_parser(args: &mut Args<'_, '_, '_>) -> Option<Action> {
    let default = |text: String, default: &str| {
        if text.is_empty() {
            default.to_owned()
        } else {
            text
        }
    };
    let delimiter = default(args.or("delimiter", String::new()), "=");
    let pair_delimiter = default(args.or("pair_delimiter", String::new()), " ");
    if delimiter == pair_delimiter {
        args.refuse("", "delimiter and pair_delimiter cannot be the same value");
    }
    parser(
        args,
        KeyValueParser {
            delimiter,
            pair_delimiter,
        },
    )
}

/// A delimiter of one character.
fn delimiter(args: &mut Args<'_, '_, '_>, key: &'static str, default: char) -> char {
    let text = args.or(key, String::new());
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (None, _) => default,
        (Some(c), None) => c,
        _ => {
            args.refuse(
                key,
                format!("invalid '{key}': '{text}' is more than one character"),
            );
            default
        }
    }
}

fn csv_parser(args: &mut Args<'_, '_, '_>) -> Option<Action> {
    let field = delimiter(args, "delimiter", ',');
    let header_delimiter = delimiter(args, "header_delimiter", field);
    let names = args.or("header", String::new());
    let attribute = args.or("header_attribute", String::new());
    let header = match (names.is_empty(), attribute.is_empty()) {
        (false, true) => {
            let names: Vec<_> = names.split(header_delimiter).map(str::to_owned).collect();
            Header::Names(names)
        }
        (true, false) => Header::Attribute(attribute, header_delimiter),
        (true, true) => {
            args.refuse("", "missing required field 'header' or 'header_attribute'");
            return None;
        }
        (false, false) => {
            args.refuse(
                "",
                "only one header parameter can be set: 'header' or 'header_attribute'",
            );
            return None;
        }
    };
    let (lazy_quotes, ignore_quotes) = (
        args.or("lazy_quotes", false),
        args.or("ignore_quotes", false),
    );
    if lazy_quotes && ignore_quotes {
        args.refuse(
            "ignore_quotes",
            "only one of 'ignore_quotes' or 'lazy_quotes' can be true",
        );
    }
    parser(
        args,
        CsvParser {
            header,
            delimiter: field,
            lazy_quotes,
            ignore_quotes,
        },
    )
}

fn syslog_parser(args: &mut Args<'_, '_, '_>) -> Option<Action> {
    let protocol = match args.required::<String>("protocol")?.to_lowercase().as_str() {
        "rfc3164" => Protocol::Rfc3164,
        "rfc5424" => Protocol::Rfc5424,
        other => {
            args.refuse("protocol", format!("unsupported protocol version: {other}"));
            return None;
        }
    };
    let location = args.or("location", "UTC".to_owned());
    let zone = match Zone::named(&location) {
        Ok(zone) => zone,
        Err(error) => {
            args.refuse("location", format!("failed to load location: {error}"));
            return None;
        }
    };
    let counted = args.or("enable_octet_counting", false);
    let trailer = args.get::<String>("non_transparent_framing_trailer");
    let framing = match (counted, trailer.as_deref()) {
        (false, None) => Framing::None,
        (true, None) => Framing::OctetCounting,
        (false, Some("LF")) => Framing::LineFeed,
        (false, Some("NUL")) => Framing::Nul,
        (false, Some(other)) => {
            let message = format!(
                "invalid non_transparent_framing_trailer '{other}'. Must be either 'LF' or 'NUL'"
            );
            args.refuse("non_transparent_framing_trailer", message);
            Framing::None
        }
        (true, Some(_)) => {
            args.refuse(
                "",
                "only one of octet_counting or non_transparent_framing can be enabled",
            );
            Framing::None
        }
    };
    if framing != Framing::None && protocol == Protocol::Rfc3164 {
        args.refuse(
            "",
            "octet_counting and non_transparent_framing are only compatible with protocol rfc5424",
        );
    }
    let layout = Layout::gotime("Jan _2 15:04:05").ok()?;
    let syslog = SyslogParser {
        protocol,
        zone,
        framing,
        allow_skip_pri: args.or("allow_skip_pri_header", false),
        max_octets: args.or("max_octets", 8192),
        layout,
    };
    parser(args, syslog)
}

fn filter(args: &mut Args<'_, '_, '_>) -> Option<Action> {
    if !args.has("expr") {
        args.refuse("", "missing required field 'expr'");
    }
    let expr = args.expr("expr");
    let ratio = args.or("drop_ratio", 1.0_f64);
    if !(0.0..=1.0).contains(&ratio) {
        args.refuse("drop_ratio", "drop_ratio must be a number between 0 and 1");
    }
    Some(Action::Filter {
        expr: expr?,
        drop: (ratio * 1000.0) as u16,
    })
}

/// One id or a list of them.
fn ids(args: &mut Args<'_, '_, '_>, key: &'static str) -> Vec<String> {
    match args.node(key) {
        Some(node) if node.as_seq().is_some() => args.get(key).unwrap_or_default(),
        Some(_) => args.get::<String>(key).into_iter().collect(),
        None => Vec::new(),
    }
}

fn router(args: &mut Args<'_, '_, '_>) -> Option<Built> {
    let routes = args.each("routes", |args| {
        if !args.has("expr") {
            args.refuse("", "missing required field 'expr'");
        }
        let expr = args.expr("expr");
        let outputs = ids(args, "output");
        if outputs.is_empty() {
            args.refuse("", "missing required field 'output'");
        }
        let mut attributes = Vec::new();
        if let Some(map) = args.node("attributes").and_then(|node| node.as_map()) {
            for (key, value) in map {
                let text = value.as_text().unwrap_or_default();
                match Template::compile(text) {
                    Ok(template) => attributes.push((key.name.clone(), template)),
                    Err(error) => args.refuse("attributes", error.to_string()),
                }
            }
        }
        Some(RouteDraft {
            expr: expr?,
            outputs,
            attributes,
        })
    });
    let default = ids(args, "default");
    if !args.has("routes") {
        args.refuse("", "missing required field 'routes'");
    }
    Some(Built::Router { routes, default })
}

fn recombine(args: &mut Args<'_, '_, '_>, builder: &mut Builder) -> Option<Recombine> {
    let edge = match (args.has("is_first_entry"), args.has("is_last_entry")) {
        (true, true) => {
            args.refuse(
                "is_last_entry",
                "only one of is_first_entry and is_last_entry can be set",
            );
            return None;
        }
        (false, false) => {
            args.refuse("", "one of is_first_entry and is_last_entry must be set");
            return None;
        }
        (true, false) => Edge::First(args.expr("is_first_entry")?),
        (false, true) => Edge::Last(args.expr("is_last_entry")?),
    };
    let overwrite_with_newest = match args.or("overwrite_with", "oldest".to_owned()).as_str() {
        "newest" => true,
        "" | "oldest" => false,
        other => {
            args.refuse(
                "overwrite_with",
                format!("invalid value '{other}' for parameter 'overwrite_with'"),
            );
            false
        }
    };
    let recombine = Recombine {
        edge,
        combine_field: args.field("combine_field")?,
        combine_with: args.or("combine_with", "\n".to_owned()),
        source: args.or("source_identifier", Field::attribute("log.file.path")),
        max_batch_size: args.or("max_batch_size", 1000),
        max_unmatched_batch_size: args.or("max_unmatched_batch_size", 100),
        overwrite_with_newest,
        force_flush_period: args.or("force_flush_period", Duration::from_secs(5)),
        max_sources: args.or("max_sources", 1000),
        max_log_size: args.or("max_log_size", ByteSize(0)).get(),
        slot: builder.program.pending,
    };
    builder.program.pending += 1;
    Some(recombine)
}

fn container(args: &mut Args<'_, '_, '_>, builder: &mut Builder) -> Option<Container> {
    let format = match args.or("format", String::new()).as_str() {
        "" => None,
        "docker" => Some(Format::Docker),
        "crio" => Some(Format::Crio),
        "containerd" => Some(Format::Containerd),
        _ => {
            args.refuse(
                "format",
                "operator config has an invalid `format` field: ensure that it is set to one of \
                 `docker`, `crio`, `containerd`",
            );
            None
        }
    };
    let parse_to = args.or("parse_to", Field::attributes());
    let embedded = steps::embedded(args);
    check_body(args, &parse_to, &embedded);
    let recombine = Recombine {
        edge: Edge::LogTag,
        combine_field: Field::body(),
        combine_with: String::new(),
        source: Field::attribute("log.file.path"),
        max_batch_size: 0,
        max_unmatched_batch_size: 0,
        overwrite_with_newest: false,
        force_flush_period: Duration::from_secs(5),
        max_sources: 1000,
        max_log_size: args.or("max_log_size", ByteSize(MAX_LOG_SIZE)).get(),
        slot: builder.program.pending,
    };
    builder.program.pending += 1;
    let parse_from = args.or("parse_from", Field::body());
    Some(Container {
        format,
        add_metadata: args.or("add_metadata_from_filepath", true),
        plain: embedded.is_empty()
            && parse_from == Field::body()
            && parse_to == Field::attributes(),
        parse_from,
        parse_to,
        embedded,
        recombine,
    })
}
