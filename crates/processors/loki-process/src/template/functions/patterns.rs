//! Functions of regular expressions.

use std::sync::{Arc, Mutex, PoisonError};

use headwater_regexp::Regex;

use super::super::value::Val;
use super::{Arguments, Function, Result, function};

/// How many patterns a template keeps compiled. Patterns that are texts of the template, which is
/// what people write, stay; those made of data push each other out.
const KEPT: usize = 32;

/// The compiled patterns of one template.
#[derive(Debug, Default)]
pub(in crate::template) struct Patterns(Mutex<Vec<(String, Arc<Regex>)>>);

impl Patterns {
    fn get(&self, pattern: &str) -> Result<Arc<Regex>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, regex)) = kept.iter().find(|(known, _)| known == pattern) {
            return Ok(Arc::clone(regex));
        }
        let compiled = headwater_regexp::compile(pattern);
        let regex = Arc::new(compiled.map_err(|error| format!("{pattern:?}: {error}"))?);
        if kept.len() == KEPT {
            kept.pop();
        }
        kept.push((pattern.to_owned(), Arc::clone(&regex)));
        Ok(regex)
    }
}

pub(super) const TABLE: &[Function] = &[
    function("regexReplaceAll", 3, 3, |a| replace_all(a, false)),
    function("mustRegexReplaceAll", 3, 3, |a| replace_all(a, false)),
    function("regexReplaceAllLiteral", 3, 3, |a| replace_all(a, true)),
    function("mustRegexReplaceAllLiteral", 3, 3, |a| replace_all(a, true)),
    function("regexMatch", 2, 2, is_match),
    function("mustRegexMatch", 2, 2, is_match),
    function("regexFind", 2, 2, find),
    function("mustRegexFind", 2, 2, find),
    function("regexFindAll", 3, 3, find_all),
    function("mustRegexFindAll", 3, 3, find_all),
    function("regexSplit", 3, 3, split),
    function("mustRegexSplit", 3, 3, split),
    function("regexQuoteMeta", 1, 1, |a| {
        let text = a.text()?;
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if "\\.+*?()|[]{}^$".contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
        Ok(out.into())
    }),
];

fn regex(a: &mut Arguments<'_>) -> Result<Arc<Regex>> {
    let pattern = a.text()?;
    a.patterns.get(&pattern)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Alloy's order of arguments: pattern, text, replacement.
fn replace_all(a: &mut Arguments<'_>, literal: bool) -> Result {
    let (regex, from, with) = (regex(a)?, a.text()?, a.text()?);
    let mut out = Vec::with_capacity(from.len());
    let mut at = 0;
    for captures in regex.captures_iter(from.as_bytes()) {
        let Some(found) = captures.get(0) else {
            continue;
        };
        out.extend_from_slice(&from.as_bytes()[at..found.start()]);
        if literal {
            out.extend_from_slice(with.as_bytes());
        } else {
            // Go's `$name`, `${name}` and `$1` are those of the library.
            captures.expand(with.as_bytes(), &mut out);
        }
        at = found.end();
    }
    out.extend_from_slice(&from.as_bytes()[at..]);
    Ok(text(&out).into())
}

fn is_match(a: &mut Arguments<'_>) -> Result {
    let regex = regex(a)?;
    Ok(Val::Bool(regex.is_match(a.text()?.as_bytes())))
}

fn find(a: &mut Arguments<'_>) -> Result {
    let regex = regex(a)?;
    let from = a.text()?;
    let found = regex.find(from.as_bytes());
    Ok(found
        .map_or_else(String::new, |found| text(found.as_bytes()))
        .into())
}

/// As many as `count` says; all if it is negative.
fn most(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn find_all(a: &mut Arguments<'_>) -> Result {
    let (regex, from, count) = (regex(a)?, a.text()?, a.int()?);
    let found = regex.find_iter(from.as_bytes()).take(most(count));
    Ok(found
        .map(|found| text(found.as_bytes()))
        .collect::<Vec<_>>()
        .into())
}

fn split(a: &mut Arguments<'_>) -> Result {
    let (regex, from, count) = (regex(a)?, a.text()?, a.int()?);
    let parts = regex.splitn(from.as_bytes(), most(count));
    Ok(parts.map(text).collect::<Vec<_>>().into())
}
