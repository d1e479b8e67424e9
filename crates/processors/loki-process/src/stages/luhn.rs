//! `luhn`: hides numbers of credit cards and the like.

use std::borrow::Cow;

use headwater_core::ComponentError;
use headwater_core::config::{Config, Validation};
use headwater_regexp::Regex;

use crate::build::{check_regex, check_source, optional_regex};
use crate::entry::Entry;
use crate::pipeline::{Edit, Run, Verdict};
use crate::value::Value;

/// Arguments of `luhn`. Source: Alloy `stages.LuhnFilterConfig`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct LuhnConfig {
    /// What stands in the place of a number.
    pub(crate) replacement: String,
    /// The extracted text to look at, which becomes the line; without it, the line.
    pub(crate) source: Option<String>,
    /// How many digits a number has at least.
    pub(crate) min_length: i64,
    /// Letters that may stand between the digits of a number.
    pub(crate) delimiters: String,
    /// Numbers inside of what this matches stay.
    pub(crate) skip_regex: String,
}

impl Default for LuhnConfig {
    fn default() -> Self {
        Self {
            replacement: "**REDACTED**".to_owned(),
            source: None,
            min_length: 13,
            delimiters: String::new(),
            skip_regex: String::new(),
        }
    }
}

impl LuhnConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_source(validation, self.source.as_deref());
        check_regex(validation, "skip_regex", &self.skip_regex);
    }
}

/// Hides numbers with a valid check digit.
#[derive(Debug)]
pub(crate) struct Luhn {
    replacement: String,
    source: Option<String>,
    least: usize,
    delimiters: String,
    skip: Option<Regex>,
}

/// A number in the text, with the delimiters between and behind its digits.
#[derive(Debug, Default)]
struct Number {
    digits: String,
    begin: usize,
    /// Behind the last digit.
    end: usize,
    /// Behind the last delimiter.
    text_end: usize,
}

impl Luhn {
    pub(crate) fn new(config: &LuhnConfig) -> Result<Self, ComponentError> {
        let LuhnConfig {
            replacement,
            min_length,
            ..
        } = config;
        let replacement = match replacement.as_str() {
            "" => "**REDACTED**",
            replacement => replacement,
        };
        Ok(Self {
            replacement: replacement.to_owned(),
            source: config.source.clone(),
            least: usize::try_from(*min_length)
                .ok()
                .filter(|n| *n > 0)
                .unwrap_or(13),
            delimiters: config.delimiters.clone(),
            skip: optional_regex(&config.skip_regex)?,
        })
    }

    /// The text without its numbers; none if there are none.
    fn hide(&self, text: &str) -> Option<String> {
        let mut out: Option<String> = None;
        let mut copied = 0;
        let mut number = Number::default();
        let mut flush = |number: &mut Number| {
            if number.digits.len() >= self.least
                && is_valid(&number.digits)
                && !self.is_skipped(text, number)
            {
                let out = out.get_or_insert_default();
                out.push_str(&text[copied..number.begin]);
                out.push_str(&self.replacement);
                // Of the delimiters behind it the last one stays.
                let behind = &text[number.end..number.text_end];
                out.extend(behind.chars().next_back());
                copied = number.text_end;
            }
            number.digits.clear();
        };
        for (at, c) in text.char_indices() {
            if c.is_ascii_digit() {
                if number.digits.is_empty() {
                    number.begin = at;
                }
                number.digits.push(c);
                number.end = at + 1;
                number.text_end = at + 1;
            } else if number.digits.is_empty() {
                continue;
            } else if self.delimiters.contains(c) {
                number.text_end = at + c.len_utf8();
            } else {
                flush(&mut number);
            }
        }
        flush(&mut number);
        out.map(|mut out| {
            out.push_str(&text[copied..]);
            out
        })
    }

    fn is_skipped(&self, text: &str, number: &Number) -> bool {
        self.skip.as_ref().is_some_and(|skip| {
            skip.find_iter(text.as_bytes())
                .take_while(|found| found.start() <= number.begin)
                .any(|found| number.end <= found.end())
        })
    }
}

/// Whether the last digit is the check digit of the others. Numbers that upstream cannot hold in
/// 64 bits are none.
fn is_valid(digits: &str) -> bool {
    if digits.parse::<i64>().is_err() {
        return false;
    }
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte - b'0');
            match (at % 2, digit) {
                (0, digit) => digit,
                (_, 5..) => digit * 2 - 9,
                (_, digit) => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

impl Edit for Luhn {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        match &self.source {
            None => {
                if let Some(hidden) = self.hide(&entry.line) {
                    entry.line = Cow::Owned(hidden);
                }
            }
            Some(name) => {
                if let Some(Value::Str(text)) = entry.extracted(name) {
                    entry.line = self.hide(&text).map_or(text, Cow::Owned);
                }
            }
        }
        Verdict::Keep
    }
}
