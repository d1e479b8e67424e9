//! The converters: what they are called, what they take and what they do.

mod cases;
mod encodings;
mod flows;
mod format;
mod hashes;
mod ids;
mod layouts;
mod lists;
mod parsers;
mod patterns;
mod reshape;
mod severity;
mod table;
mod texts;
mod times;
mod types;
mod url;
mod xml;

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use headwater_logs::Layout;
use headwater_regexp::Regex;

use crate::context::{ContextKind, Level};
use crate::env::Env;
use crate::error::EvalError;
use crate::expr::{Expr, Key};
use crate::value::Value;

pub(crate) use patterns::Patterns;
pub(crate) use table::{LATER, find, names};

/// A converter.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    /// The only context in which it exists.
    pub(crate) context: Option<ContextKind>,
    /// Whether the same arguments always give the same value.
    pub(crate) pure: bool,
    /// What is wrong with the arguments that are written out.
    pub(crate) check: fn(&[Argument]) -> Result<(), String>,
    pub(crate) call: for<'a> fn(&Arguments<'a, '_>) -> Result<Value<'a>, EvalError>,
}

impl Definition {
    /// How deep it looks by itself.
    pub(crate) const fn level(&self) -> Level {
        match self.context {
            Some(context) => context.level(),
            None => Level::Request,
        }
    }
}

/// A parameter of a converter.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) optional: bool,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any value.
    Any,
    /// A text.
    String,
    /// A whole number.
    Int,
    /// A map.
    Map,
    /// A list.
    List,
    /// A time.
    Time,
    /// A duration.
    Duration,
    /// A regular expression; one that is a literal is compiled at the start, another one is kept
    /// while few others come, see [`Patterns`].
    Regex,
    /// A text that stands there as a literal.
    Literal,
    /// `true` or `false`.
    Bool,
    /// A layout of strptime's directives that stands there as a literal.
    Layout,
    /// Values between square brackets, written out.
    Values,
}

/// A converter with its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) definition: &'static Definition,
    /// One for each parameter.
    pub(crate) arguments: Vec<Argument>,
    pub(crate) keys: Vec<Key>,
}

#[derive(Debug, Clone)]
pub(crate) enum Argument {
    None,
    Expr(Expr),
    Regex(Regex),
    /// A pattern that is not written out.
    Pattern(Expr, Patterns),
    Values(Vec<Expr>),
    Layout(Layout),
}

impl Argument {
    /// The text that stands there.
    fn literal(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Expr(expr) => expr.text().map(String::from_utf8_lossy),
            _ => None,
        }
    }
}

/// The arguments of a call that is being evaluated.
#[derive(Debug)]
pub(crate) struct Arguments<'a, 'e> {
    pub(crate) call: &'a Call,
    pub(crate) env: &'e Env<'a>,
}

impl<'a> Arguments<'a, '_> {
    fn value(&self, index: usize) -> Result<Value<'a>, EvalError> {
        match self.call.arguments.get(index) {
            Some(Argument::Expr(expr)) => expr.eval(self.env),
            _ => Ok(Value::Nil),
        }
    }

    fn string(&self, index: usize) -> Result<Cow<'a, [u8]>, EvalError> {
        self.value(index)?.string()
    }

    /// The text of an argument that may be left out.
    fn optional_string(&self, index: usize) -> Result<Option<Cow<'a, [u8]>>, EvalError> {
        match self.call.arguments.get(index) {
            Some(Argument::Expr(expr)) => expr.eval(self.env)?.string().map(Some),
            _ => Ok(None),
        }
    }

    /// The text of an argument, U+FFFD where it is no UTF-8.
    fn text(&self, index: usize) -> Result<Cow<'a, str>, EvalError> {
        self.string(index).map(lossy)
    }

    /// As [`Self::text`], of an argument that may be left out.
    fn optional_text(&self, index: usize) -> Result<Option<Cow<'a, str>>, EvalError> {
        Ok(self.optional_string(index)?.map(lossy))
    }

    fn layout(&self, index: usize) -> Result<&'a Layout, EvalError> {
        match self.call.arguments.get(index) {
            Some(Argument::Layout(layout)) => Ok(layout),
            _ => Err(EvalError::expected("string", "nil")),
        }
    }

    fn is_given(&self, index: usize) -> bool {
        !matches!(self.call.arguments.get(index), None | Some(Argument::None))
    }

    fn int(&self, index: usize) -> Result<i64, EvalError> {
        self.value(index)?.int()
    }

    fn values(&self, index: usize) -> &'a [Expr] {
        match self.call.arguments.get(index) {
            Some(Argument::Values(values)) => values,
            _ => &[],
        }
    }

    fn regex(&self, index: usize) -> Result<Pattern<'a>, EvalError> {
        let (pattern, patterns) = match self.call.arguments.get(index) {
            Some(Argument::Regex(regex)) => return Ok(Pattern::Literal(regex)),
            Some(Argument::Pattern(expr, patterns)) => (expr, patterns),
            _ => return Err(EvalError::expected("string", "nil")),
        };
        let pattern = pattern.eval(self.env)?.string()?;
        match patterns.get(&String::from_utf8_lossy(&pattern)) {
            Ok(regex) => Ok(Pattern::Known(regex)),
            Err(error) => Err(EvalError::new(format!(
                "the regex pattern provided to {} is not a valid pattern: {error}",
                self.call.definition.name
            ))),
        }
    }
}

fn lossy(text: Cow<'_, [u8]>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => String::from_utf8_lossy(text),
        Cow::Owned(text) => Cow::Owned(
            String::from_utf8(text)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        ),
    }
}

/// A compiled pattern.
enum Pattern<'a> {
    Literal(&'a Regex),
    Known(Arc<Regex>),
}

impl Deref for Pattern<'_> {
    type Target = Regex;

    fn deref(&self) -> &Regex {
        match self {
            Self::Literal(regex) => regex,
            Self::Known(regex) => regex,
        }
    }
}
