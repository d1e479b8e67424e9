//! Conditions, compiled.

use crate::ast;
use crate::compile::Compiler;
use crate::context::{ContextKind, Level};
use crate::env::Env;
use crate::error::{EvalError, OttlError};
use crate::expr::{Expr, Key, Path, Test};
use crate::parse::parse_condition;
use crate::value::Value;

/// A condition, ready to be evaluated for one context.
#[derive(Debug, Clone)]
pub struct Condition {
    test: Test,
    level: Level,
}

impl Condition {
    /// Parses and compiles a condition.
    ///
    /// # Errors
    /// The mistake in the grammar, or all mistakes in names and types.
    pub fn parse(text: &str, context: ContextKind) -> Result<Self, Vec<OttlError>> {
        let tree = parse_condition(text).map_err(|error| vec![error])?;
        Self::compile(&tree, context)
    }

    /// Compiles a condition.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn compile(tree: &ast::Condition, context: ContextKind) -> Result<Self, Vec<OttlError>> {
        let mut compiler = Compiler::new(context);
        let test = compiler.test(tree);
        let level = compiler.level;
        compiler.finish(test).map(|test| Self { test, level })
    }

    /// The condition that always holds.
    #[must_use]
    pub const fn always() -> Self {
        Self {
            test: Test::Const(true),
            level: Level::Request,
        }
    }

    /// Whether the condition holds.
    ///
    /// # Errors
    /// [`EvalError`] if a value is not of the type that is needed.
    #[inline]
    pub fn eval(&self, env: &Env<'_>) -> Result<bool, EvalError> {
        self.test.eval(env)
    }

    /// What the condition says whatever the telemetry.
    #[must_use]
    pub const fn constant(&self) -> Option<bool> {
        match self.test {
            Test::Const(value) => Some(value),
            _ => None,
        }
    }

    /// How deep it looks: what lies deeper in [`Env`] may be left out.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The place and the text, if all that the condition says is that they are equal.
    #[must_use]
    pub fn equality(&self) -> Option<Equality> {
        match &self.test {
            Test::Text {
                path,
                text,
                equal: true,
            } => {
                let fixed = path
                    .keys
                    .iter()
                    .all(|key| matches!(key, Key::Name(_) | Key::Index(_)));
                fixed.then(|| Equality {
                    place: Place::Path(path.clone()),
                    text: text.clone(),
                })
            }
            Test::Header {
                name,
                text,
                equal: true,
            } => Some(Equality {
                place: Place::Header(name.to_ascii_lowercase()),
                text: text.as_bytes().into(),
            }),
            _ => None,
        }
    }
}

/// A place that equals a text, as a row of a lookup table.
#[derive(Debug, Clone)]
pub struct Equality {
    place: Place,
    text: Box<[u8]>,
}

#[derive(Debug, Clone)]
enum Place {
    Path(Path),
    /// A request header, one of whose values must do.
    Header(String),
}

impl Equality {
    /// The text.
    #[must_use]
    pub const fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether both are about the same place.
    #[must_use]
    pub fn same_place(&self, other: &Self) -> bool {
        let same_key = |(a, b): (&Key, &Key)| match (a, b) {
            (Key::Name(a), Key::Name(b)) => a == b,
            (Key::Index(a), Key::Index(b)) => a == b,
            _ => false,
        };
        match (&self.place, &other.place) {
            (Place::Path(a), Place::Path(b)) => {
                a.field == b.field
                    && a.keys.len() == b.keys.len()
                    && a.keys.iter().zip(&b.keys).all(same_key)
            }
            (Place::Header(a), Place::Header(b)) => a == b,
            _ => false,
        }
    }

    /// The least row that `row` gives for the texts that stand at the place.
    ///
    /// # Errors
    /// [`EvalError`] if something on the way cannot be indexed.
    #[inline]
    pub fn find(
        &self,
        env: &Env<'_>,
        row: impl Fn(&[u8]) -> Option<usize>,
    ) -> Result<Option<usize>, EvalError> {
        match &self.place {
            Place::Path(path) => Ok(match path.eval(env)? {
                Value::String(text) => row(&text),
                _ => None,
            }),
            Place::Header(name) => {
                let values = env.request.header(name).iter();
                Ok(values.filter_map(|value| row(value.as_bytes())).min())
            }
        }
    }
}

/// Conditions of which one must hold; without any, everything does.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    conditions: Vec<Condition>,
}

impl Conditions {
    /// All of them together.
    #[must_use]
    pub fn new(conditions: Vec<Condition>) -> Self {
        Self { conditions }
    }

    /// Whether one holds.
    ///
    /// # Errors
    /// That of the first condition that has one, if none before it holds.
    pub fn eval(&self, env: &Env<'_>) -> Result<bool, EvalError> {
        if self.conditions.is_empty() {
            return Ok(true);
        }
        for condition in &self.conditions {
            if condition.eval(env)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How deep they look.
    #[must_use]
    pub fn level(&self) -> Level {
        let levels = self.conditions.iter().map(Condition::level);
        levels.max().unwrap_or(Level::Request)
    }
}

impl Expr {
    /// The text that is known to be the value.
    pub(crate) fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Literal(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}
