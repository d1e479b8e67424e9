//! JMESPath, the language of the `json` stage's expressions.
//!
//! The whole language as go-jmespath has it. What most people write, names with dots between
//! them, is found without evaluating anything.

mod eval;
mod functions;
mod lex;
mod parse;

use std::borrow::Cow;

use headwater_logs::Value;
use thiserror::Error;

/// Why a text is no expression, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message} at byte {at}")]
pub(crate) struct SyntaxError {
    at: usize,
    message: String,
}

/// A part of an expression.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Current,
    Field(String),
    /// The right side of what the left side gives.
    Then(Box<Node>, Box<Node>),
    Index(i64),
    Slice([Option<i64>; 3]),
    /// The right side of each item of the list.
    Project(Box<Node>, Box<Node>),
    /// The right side of each value of the map.
    ProjectValues(Box<Node>, Box<Node>),
    /// The right side of each item for which the condition holds.
    Filter {
        of: Box<Node>,
        condition: Box<Node>,
        each: Box<Node>,
    },
    Flatten(Box<Node>),
    List(Vec<Node>),
    Hash(Vec<(String, Node)>),
    Literal(Value<'static>),
    Compare(Comparison, Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Call(&'static functions::Function, Vec<Node>),
    /// `&expression`, for the functions that take one.
    Reference(Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    node: Node,
    /// The names of an expression that is nothing but them.
    path: Option<Vec<String>>,
}

impl Expression {
    /// Compiles an expression.
    pub(crate) fn compile(text: &str) -> Result<Self, SyntaxError> {
        let node = parse::parse(text)?;
        let mut path = Vec::new();
        let path = collect_path(&node, &mut path).then_some(path);
        Ok(Self { node, path })
    }

    /// What the expression finds; null if there is nothing. The error says which function was
    /// given what it cannot take.
    pub(crate) fn search<'v, 't>(
        &'v self,
        value: &'v Value<'t>,
    ) -> Result<Cow<'v, Value<'t>>, String> {
        let Some(path) = &self.path else {
            return eval::eval(&self.node, value);
        };
        let mut found = value;
        for name in path {
            match found.as_map().and_then(|map| map.get(name)) {
                Some(inner) => found = inner,
                None => return Ok(Cow::Owned(Value::Null)),
            }
        }
        Ok(Cow::Borrowed(found))
    }
}

fn collect_path(node: &Node, path: &mut Vec<String>) -> bool {
    match node {
        Node::Field(name) => {
            path.push(name.clone());
            true
        }
        Node::Then(left, right) => collect_path(left, path) && collect_path(right, path),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
