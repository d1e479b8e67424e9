//! `split_json`: each item of a JSON array becomes an entry.

use headwater_core::config::{Config, Validation};

use super::source;
use crate::build::check_source;
use crate::entry::{Entry, Text, part};

/// Arguments of `split_json`. Source: Alloy `stages.SplitJSONConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct SplitJsonConfig {
    /// The extracted value that holds the array; without it, the line.
    pub(crate) source: Option<String>,
}

impl SplitJsonConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_source(validation, self.source.as_deref());
    }
}

/// Makes several entries of one.
#[derive(Debug)]
pub(crate) struct SplitJson(pub(crate) Option<String>);

impl SplitJson {
    /// The lines of the entries; none if there is no array.
    pub(crate) fn split<'a>(&self, entry: &Entry<'a>) -> Option<Vec<Text<'a>>> {
        let text = source(entry, self.0.as_deref())?;
        if !text.trim_start().starts_with('[') {
            return None;
        }
        headwater_logs::parse_json(&text, false).ok()?;
        Some(
            items(&text)
                .into_iter()
                .map(|item| part(&text, item))
                .collect(),
        )
    }
}

/// Where the items of a valid array stand.
fn items(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut items = Vec::new();
    let (mut depth, mut begin) = (0_usize, 0);
    let mut quoted = false;
    let mut bytes = text.bytes().enumerate();
    let mut push = |from: usize, to: usize| {
        let item = text[from..to].trim();
        let at = item.as_ptr() as usize - text.as_ptr() as usize;
        if !item.is_empty() {
            items.push(at..at + item.len());
        }
    };
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if quoted => {
                bytes.next();
            }
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                depth += 1;
                if depth == 1 {
                    begin = at + 1;
                }
            }
            b']' | b'}' => {
                if depth == 1 {
                    push(begin, at);
                }
                depth -= 1;
            }
            b',' if depth == 1 => {
                push(begin, at);
                begin = at + 1;
            }
            _ => {}
        }
    }
    items
}
