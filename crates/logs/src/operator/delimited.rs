//! Parsers of separated values: `key_value_parser`, `csv_parser`, `json_array_parser`.

use std::borrow::Cow;

use crate::operator::Failure;
use crate::operator::parser::{Parse, parse_text, text_of};
use crate::program::Scratch;
use crate::{Entry, Map, Str, Value, json};

/// `key_value_parser`: pairs such as `a=1 b="x y"`.
#[derive(Debug)]
pub(crate) struct KeyValueParser {
    pub(crate) delimiter: String,
    pub(crate) pair_delimiter: String,
}

impl Parse for KeyValueParser {
    fn parse<'a>(
        &'a self,
        value: &Value<'a>,
        _: &Entry<'a>,
        _: &mut Scratch,
    ) -> Result<Value<'a>, Failure> {
        parse_text(value, "key value pairs", |text| {
            if text.is_empty() {
                return Err(Failure::new("the field to parse is empty"));
            }
            let mut entries = Vec::new();
            for pair in split_quoted(text, &self.pair_delimiter)? {
                let (key, value) = split_once(&pair, &self.delimiter).ok_or_else(|| {
                    Failure::from(format!("cannot split {pair:?} into 2 items, got 1 item(s)"))
                })?;
                entries.push((key, Value::Str(value)));
            }
            Ok(Value::Map(Map::from_entries(entries)))
        })
    }
}

fn split_once<'a>(pair: &Str<'a>, delimiter: &str) -> Option<(Str<'a>, Str<'a>)> {
    match pair {
        Cow::Borrowed(pair) => {
            let (key, value) = pair.split_once(delimiter)?;
            Some((Cow::Borrowed(key.trim()), Cow::Borrowed(value.trim())))
        }
        Cow::Owned(pair) => {
            let (key, value) = pair.split_once(delimiter)?;
            let own = |text: &str| Cow::Owned(text.trim().to_owned());
            Some((own(key), own(value)))
        }
    }
}

/// Splits at a delimiter that stands outside of quotes. Quotes come off; a backslash before one
/// keeps it from being one. Empty parts are left out.
///
/// # Errors
/// [`Failure`] if a quote is not closed.
pub fn split_quoted<'t>(text: &'t str, delimiter: &str) -> Result<Vec<Str<'t>>, Failure> {
    let mut parts: Vec<Str<'t>> = Vec::new();
    let mut made = String::new();
    // The part as a slice of the text, as long as no quote was left out of it.
    let mut begin = 0;
    let mut quoted = false;
    let mut quote = None;
    let mut escaped = false;
    let mut at = 0;
    let mut finish = |made: &mut String, quoted: bool, slice: &'t str| {
        let part = if quoted {
            Cow::Owned(std::mem::take(made))
        } else {
            made.clear();
            Cow::Borrowed(slice)
        };
        if !part.is_empty() {
            parts.push(part);
        }
    };
    while at < text.len() {
        let rest = &text[at..];
        if quote.is_none() && rest.starts_with(delimiter) {
            finish(&mut made, quoted, &text[begin..at]);
            at += delimiter.len();
            begin = at;
            quoted = false;
            continue;
        }
        let Some(c) = rest.chars().next() else {
            break;
        };
        if escaped {
            escaped = false;
        } else if (quote.is_none() && matches!(c, '"' | '\'')) || quote == Some(c) {
            quote = if quote.is_none() { Some(c) } else { None };
            if !quoted {
                quoted = true;
                made.clear();
                made.push_str(&text[begin..at]);
            }
            at += 1;
            continue;
        } else {
            escaped = c == '\\';
        }
        if quoted {
            made.push(c);
        }
        at += c.len_utf8();
    }
    if quote.is_some() {
        return Err(Failure::new("never reached the end of a quoted value"));
    }
    finish(&mut made, quoted, &text[begin..]);
    Ok(parts)
}

/// Where the names of the columns come from.
#[derive(Debug)]
pub(crate) enum Header {
    /// From the configuration.
    Names(Vec<String>),
    /// From that attribute of each entry, separated so.
    Attribute(String, char),
}

/// `csv_parser`.
#[derive(Debug)]
pub(crate) struct CsvParser {
    pub(crate) header: Header,
    pub(crate) delimiter: char,
    pub(crate) lazy_quotes: bool,
    pub(crate) ignore_quotes: bool,
}

impl Parse for CsvParser {
    fn parse<'a>(
        &'a self,
        value: &Value<'a>,
        entry: &Entry<'a>,
        _: &mut Scratch,
    ) -> Result<Value<'a>, Failure> {
        let fields = match value {
            Value::Str(Cow::Borrowed(text)) => self.fields(text)?,
            other => {
                let fields = self.fields(text_of(other, "csv")?)?.into_iter();
                fields.map(|field| Cow::Owned(field.into_owned())).collect()
            }
        };
        let names: Vec<Str<'a>> = match &self.header {
            Header::Names(names) => names
                .iter()
                .map(|name| Cow::Borrowed(name.as_str()))
                .collect(),
            Header::Attribute(key, delimiter) => {
                let header = entry.attributes.get(key).ok_or_else(|| {
                    Failure::from(format!("failed to read dynamic header attribute {key}"))
                })?;
                let header = header.as_str().ok_or_else(|| {
                    let kind = header.kind();
                    Failure::from(format!("header is expected to be a string but is {kind}"))
                })?;
                let names = header.split(*delimiter);
                names.map(|name| Cow::Owned(name.to_owned())).collect()
            }
        };
        if names.len() != fields.len() {
            return Err(Failure::from(format!(
                "wrong number of fields: expected {}, found {}",
                names.len(),
                fields.len()
            )));
        }
        let entries = names.into_iter().zip(fields.into_iter().map(Value::Str));
        Ok(Value::Map(Map::from_entries(entries.collect())))
    }
}

impl CsvParser {
    fn fields<'t>(&self, text: &'t str) -> Result<Vec<Str<'t>>, Failure> {
        if self.ignore_quotes {
            return Ok(text.split(self.delimiter).map(Cow::Borrowed).collect());
        }
        let row = CsvRow {
            delimiter: self.delimiter,
            lazy_quotes: self.lazy_quotes,
        };
        row.fields(text)
    }
}

/// How a row of separated values is read.
#[derive(Debug, Clone, Copy)]
pub struct CsvRow {
    /// What stands between two fields.
    pub delimiter: char,
    /// Whether a quote may stand alone, or in a field that does not begin with one.
    pub lazy_quotes: bool,
}

impl CsvRow {
    /// The fields of a row. Line feeds in it belong to them.
    ///
    /// # Errors
    /// [`Failure`] if the row is empty, or its quotes are not as they should be.
    pub fn fields<'t>(&self, text: &'t str) -> Result<Vec<Str<'t>>, Failure> {
        if text.is_empty() {
            return Err(Failure::new("no csv lines found"));
        }
        let mut fields = Vec::new();
        let mut rest = text;
        loop {
            let (field, left) = if let Some(inner) = rest.strip_prefix('"') {
                self.quoted(inner)?
            } else {
                let end = rest.find(self.delimiter).unwrap_or(rest.len());
                let field = &rest[..end];
                if field.contains('"') && !self.lazy_quotes {
                    return Err(Failure::new("read csv line: bare \" in non-quoted field"));
                }
                (Cow::Borrowed(field), &rest[end..])
            };
            fields.push(field);
            match left.strip_prefix(self.delimiter) {
                Some(left) => rest = left,
                None => return Ok(fields),
            }
        }
    }

    /// A field behind its opening quote, and what stands behind it.
    fn quoted<'t>(&self, text: &'t str) -> Result<(Str<'t>, &'t str), Failure> {
        let mut made: Option<String> = None;
        let mut from = 0;
        let mut search = 0;
        while let Some(found) = text[search..].find('"') {
            let at = search + found;
            let after = &text[at + 1..];
            if after.is_empty() || after.starts_with(self.delimiter) {
                let tail = &text[from..at];
                return Ok(match made {
                    Some(made) => (Cow::Owned(made + tail), after),
                    None => (Cow::Borrowed(tail), after),
                });
            }
            let doubled = after.starts_with('"');
            if !doubled && !self.lazy_quotes {
                return Err(Failure::new(
                    "read csv line: extraneous or missing \" in quoted-field",
                ));
            }
            // One quote stays of two; lazily, a lone one stays.
            made.get_or_insert_default().push_str(&text[from..=at]);
            search = at + if doubled { 2 } else { 1 };
            from = search;
        }
        if self.lazy_quotes {
            let tail = &text[from..];
            let field = match made {
                Some(made) => Cow::Owned(made + tail),
                None => Cow::Borrowed(tail),
            };
            return Ok((field, ""));
        }
        Err(Failure::new(
            "read csv line: extraneous or missing \" in quoted-field",
        ))
    }
}

/// `json_array_parser`.
#[derive(Debug)]
pub(crate) struct JsonArrayParser {
    /// Names for the values; without them the list stays a list.
    pub(crate) header: Option<Vec<String>>,
}

impl Parse for JsonArrayParser {
    fn parse<'a>(
        &'a self,
        value: &Value<'a>,
        _: &Entry<'a>,
        _: &mut Scratch,
    ) -> Result<Value<'a>, Failure> {
        let parsed = parse_text(value, "json array", |text| json::parse(text, true))?;
        let Value::List(list) = parsed else {
            return Err(Failure::new("failed to parse entry: not a JSON array"));
        };
        let Some(header) = &self.header else {
            return Ok(Value::List(list));
        };
        if header.len() != list.len() {
            return Err(Failure::from(format!(
                "wrong number of fields: expected {}, found {}",
                header.len(),
                list.len()
            )));
        }
        let names = header.iter().map(|name| Cow::Borrowed(name.as_str()));
        Ok(Value::Map(Map::from_entries(names.zip(list).collect())))
    }
}
