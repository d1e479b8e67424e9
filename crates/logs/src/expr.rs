//! The expression language of `if`, `expr` and `EXPR(…)`: the part of expr-lang that is used
//! there. Compiled once; each evaluation takes time linear in the expression and the values.

mod eval;
mod functions;
mod lex;
mod parse;
mod text;

pub use text::Template;

use std::borrow::Cow;
use std::sync::Arc;

use headwater_regexp::Regex;
use thiserror::Error;

use crate::operator::Failure;
use crate::{Entry, Field, Value};

/// Why a text is no expression, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message} at byte {at}")]
pub struct ExprError {
    message: String,
    at: usize,
}

impl ExprError {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at,
        }
    }
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Expr(Arc<Node>);

/// What an operator of two operands does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binary {
    Or,
    And,
    Coalesce,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

#[derive(Debug)]
enum Node {
    Literal(Value<'static>),
    /// A path of constant keys below a root.
    Field(Field),
    Severity,
    SeverityText,
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    /// A constant pattern, compiled.
    Matches(Box<Node>, Regex),
    Choice(Box<Node>, Box<Node>, Box<Node>),
    /// An index; `?.` gives nil below nil.
    Index {
        of: Box<Node>,
        key: Box<Node>,
        lenient: bool,
    },
    Slice {
        of: Box<Node>,
        from: Option<Box<Node>>,
        to: Option<Box<Node>>,
    },
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    Call(functions::Function, Vec<Node>),
}

impl Expr {
    /// Compiles an expression.
    ///
    /// # Errors
    /// [`ExprError`] for what is no expression or not part of the language here.
    pub fn compile(text: &str) -> Result<Self, ExprError> {
        parse::parse(text).map(|node| Self(Arc::new(node)))
    }

    /// The value for an entry.
    ///
    /// # Errors
    /// [`Failure`] where types do not fit.
    pub fn eval<'e>(&'e self, entry: &'e Entry<'_>) -> Result<Cow<'e, Value<'e>>, Failure> {
        self.0.eval(entry)
    }

    /// The value for an entry, which must be true or false.
    ///
    /// # Errors
    /// [`Failure`] where types do not fit.
    pub fn is_true(&self, entry: &Entry<'_>) -> Result<bool, Failure> {
        self.0.boolean(entry)
    }

    /// The value that it always has, if it is a constant.
    #[must_use]
    pub fn constant(&self) -> Option<&Value<'static>> {
        match &*self.0 {
            Node::Literal(value) => Some(value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
