//! TOML of the same shape as the YAML.

use headwater_core::config::{Code, Diagnostics, Key, Map, Node, Origin, Source, Value};
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads a document, reporting every mistake in it; `None` if there was one.
pub(crate) fn parse(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Option<Node> {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let shift = source.text.len() - text.len();
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let origin = Origin::text(source, span.start + shift, span.end + shift);
        let message = format!("not valid TOML: {}", error.message());
        diagnostics.error(Code::TOML_SYNTAX, message).at(&origin);
    }
    if !errors.is_empty() {
        return None;
    }
    let reader = Reader { source, shift };
    let origin = reader.origin(&document);
    Some(Node::new(
        Value::Map(reader.table(document.get_ref())),
        origin,
    ))
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    shift: usize,
}

impl Reader<'_> {
    fn origin<T>(&self, spanned: &Spanned<T>) -> Origin {
        let span = spanned.span();
        Origin::text(self.source, span.start + self.shift, span.end + self.shift)
    }

    /// A table, its keys in the order of the file.
    fn table(&self, table: &DeTable<'_>) -> Map {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
            .into_iter()
            .map(|(key, value)| {
                (
                    Key::new(key.get_ref().as_ref(), self.origin(key)),
                    self.value(value),
                )
            })
            .collect()
    }

    fn value(&self, spanned: &Spanned<DeValue<'_>>) -> Node {
        let value = match spanned.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(value) => Value::Int(value),
                    Err(_) => u64::from_str_radix(number.as_str(), number.radix())
                        .map_or_else(|_| Value::String(number.as_str().to_owned()), Value::UInt),
                }
            }
            DeValue::Float(number) => number
                .as_str()
                .parse()
                .map_or_else(|_| Value::String(number.as_str().to_owned()), Value::Float),
            DeValue::Datetime(datetime) => Value::String(datetime.to_string()),
            DeValue::Array(items) => {
                Value::Seq(items.iter().map(|item| self.value(item)).collect())
            }
            DeValue::Table(table) => Value::Map(self.table(table)),
        };
        Node::new(value, self.origin(spanned))
    }
}
