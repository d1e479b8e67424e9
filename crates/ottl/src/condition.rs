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

    /// The path and the text, if all that the condition says is that they are equal.
    #[must_use]
    pub fn equality(&self) -> Option<Equality> {
        let Test::Text {
            path,
            text,
            equal: true,
        } = &self.test
        else {
            return None;
        };
        let fixed = path
            .keys
            .iter()
            .all(|key| matches!(key, Key::Name(_) | Key::Index(_)));
        fixed.then(|| Equality {
            path: path.clone(),
            text: text.clone(),
        })
    }
}

/// A path that equals a text, as a row of a lookup table.
#[derive(Debug, Clone)]
pub struct Equality {
    path: Path,
    text: Box<[u8]>,
}

impl Equality {
    /// The text.
    #[must_use]
    pub const fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether both are about the same path.
    #[must_use]
    pub fn same_path(&self, other: &Self) -> bool {
        let keys = |key: &(&Key, &Key)| match key {
            (Key::Name(a), Key::Name(b)) => a == b,
            (Key::Index(a), Key::Index(b)) => a == b,
            _ => false,
        };
        self.path.field == other.path.field
            && self.path.keys.len() == other.path.keys.len()
            && self
                .path
                .keys
                .iter()
                .zip(&other.path.keys)
                .all(|pair| keys(&pair))
    }

    /// Calls `with` with the text that stands at the path; `None` if there is no text.
    ///
    /// # Errors
    /// [`EvalError`] if something on the way cannot be indexed.
    #[inline]
    pub fn lookup<R>(
        &self,
        env: &Env<'_>,
        with: impl FnOnce(Option<&[u8]>) -> R,
    ) -> Result<R, EvalError> {
        Ok(match self.path.eval(env)? {
            Value::String(text) => with(Some(&text)),
            _ => with(None),
        })
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
