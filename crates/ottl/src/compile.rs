//! Tree to what is evaluated: names are resolved, literals checked, what is known calculated.

mod calls;
mod places;

use headwater_core::config::nearest;

use crate::ast;
use crate::ast::{Compare, ValueKind};
use crate::compare::compare;
use crate::context::{ContextKind, Level, enum_names, enum_value};
use crate::env::Env;
use crate::error::OttlError;
use crate::expr::{Expr, Key, Path, Test, not_bool};
use crate::field::Field;
use crate::value::Value;

/// Compiles for one context, and collects what is wrong.
pub(crate) struct Compiler {
    pub(crate) context: ContextKind,
    pub(crate) errors: Vec<OttlError>,
    /// How deep what was compiled looks.
    pub(crate) level: Level,
}

impl Compiler {
    pub(crate) const fn new(context: ContextKind) -> Self {
        Self {
            context,
            errors: Vec::new(),
            level: Level::Request,
        }
    }

    fn error<T>(&mut self, error: OttlError) -> Option<T> {
        self.errors.push(error);
        None
    }

    /// The result, or all that is wrong.
    pub(crate) fn finish<T>(self, result: Option<T>) -> Result<T, Vec<OttlError>> {
        match result {
            Some(result) if self.errors.is_empty() => Ok(result),
            _ => Err(self.errors),
        }
    }

    pub(crate) fn test(&mut self, condition: &ast::Condition) -> Option<Test> {
        match condition {
            ast::Condition::Literal(value, _) => Some(Test::Const(*value)),
            ast::Condition::And(all) => self.tests(all).map(Test::all),
            ast::Condition::Or(all) => self.tests(all).map(Test::any),
            ast::Condition::Not(inner, _) => Some(match self.test(inner)? {
                Test::Const(value) => Test::Const(!value),
                test => Test::Not(Box::new(test)),
            }),
            ast::Condition::Compare(comparison) => self.comparison(comparison),
            ast::Condition::Call(call) => match self.call(call)? {
                Expr::Literal(Value::Bool(value)) => Some(Test::Const(value)),
                Expr::Literal(other) => {
                    let message = not_bool(other.kind()).to_string();
                    self.error(OttlError::new(call.place.clone(), message))
                }
                expr => Some(Test::Call(expr)),
            },
        }
    }

    /// All of them are looked at, even if one is wrong.
    fn tests(&mut self, conditions: &[ast::Condition]) -> Option<Vec<Test>> {
        let tests: Vec<_> = conditions
            .iter()
            .map(|condition| self.test(condition))
            .collect();
        tests.into_iter().collect()
    }

    fn comparison(&mut self, comparison: &ast::Comparison) -> Option<Test> {
        let left = self.value(&comparison.left);
        let right = self.value(&comparison.right);
        let operator = comparison.operator;
        let (left, right) = (left?, right?);
        let equal = match operator {
            Compare::Equal => Some(true),
            Compare::NotEqual => Some(false),
            _ => None,
        };
        Some(match (left, right, equal) {
            (Expr::Literal(left), Expr::Literal(right), _) => {
                Test::Const(compare(&left, operator, &right))
            }
            (Expr::Path(path), Expr::Literal(Value::String(text)), Some(equal))
            | (Expr::Literal(Value::String(text)), Expr::Path(path), Some(equal)) => {
                text_test(path, text.into_owned(), equal)
            }
            (left, right, _) => Test::Compare(left, operator, right),
        })
    }

    pub(crate) fn value(&mut self, value: &ast::Value) -> Option<Expr> {
        Some(match &value.kind {
            ValueKind::Nil => Expr::Literal(Value::Nil),
            ValueKind::Bool(value) => Expr::Literal(Value::Bool(*value)),
            ValueKind::Int(value) => Expr::Literal(Value::Int(*value)),
            ValueKind::Float(value) => Expr::Literal(Value::Double(*value)),
            ValueKind::String(text) => Expr::Literal(Value::String(text.clone().into())),
            ValueKind::Bytes(bytes) => Expr::Literal(Value::Bytes(bytes.clone().into())),
            ValueKind::Enum(name) => match enum_value(name) {
                Some(value) => Expr::Literal(Value::Int(value)),
                None => {
                    let message = format!("enum symbol, {name}, not found");
                    let error = OttlError::new(value.place.clone(), message)
                        .suggest(nearest(name, enum_names()));
                    return self.error(error);
                }
            },
            ValueKind::List(values) => {
                let values: Vec<_> = values.iter().map(|value| self.value(value)).collect();
                fold(Expr::List(values.into_iter().collect::<Option<_>>()?))
            }
            ValueKind::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| Some((key.as_bytes().into(), self.value(value)?)))
                    .collect();
                fold(Expr::Map(entries.into_iter().collect::<Option<_>>()?))
            }
            ValueKind::Path(path) => Expr::Path(self.path(path)?),
            ValueKind::Call(call) => self.call(call)?,
            ValueKind::Math(left, operator, right) => {
                let (left, right) = (self.value(left), self.value(right));
                fold(Expr::Math(Box::new(left?), *operator, Box::new(right?)))
            }
            ValueKind::Negative(inner) => fold(Expr::Negative(Box::new(self.value(inner)?))),
        })
    }

    fn keys(&mut self, keys: &[ast::Key]) -> Option<Vec<Key>> {
        let keys: Vec<_> = keys.iter().map(|key| self.key(key)).collect();
        keys.into_iter().collect()
    }

    fn key(&mut self, key: &ast::Key) -> Option<Key> {
        match self.value(&key.0)? {
            Expr::Literal(Value::String(name)) => Some(Key::Name(name.into_owned().into())),
            Expr::Literal(Value::Int(index)) => Some(Key::Index(index)),
            Expr::Literal(other) => {
                let message = format!(
                    "a key is a text in quotes or a whole number, not a {}",
                    other.kind()
                );
                self.error(OttlError::new(key.0.place.clone(), message))
            }
            expr => Some(Key::Expr(expr)),
        }
    }
}

/// A header has several values, of which one must do; anything else is simply compared.
fn text_test(path: Path, text: Vec<u8>, equal: bool) -> Test {
    if path.field == Field::Header
        && let [Key::Name(name)] = &*path.keys
        && let (Ok(name), Ok(text)) = (str::from_utf8(name), str::from_utf8(&text))
    {
        return Test::Header {
            name: name.to_owned(),
            text: text.into(),
            equal,
        };
    }
    Test::Text {
        path,
        text: text.into(),
        equal,
    }
}

/// The value of an expression of which everything is known. What fails, fails when it is
/// evaluated, as upstream.
fn fold(expr: Expr) -> Expr {
    let known = match &expr {
        Expr::List(values) => values.iter().all(|value| value.literal().is_some()),
        Expr::Map(entries) => entries.iter().all(|(_, value)| value.literal().is_some()),
        Expr::Math(left, _, right) => left.literal().is_some() && right.literal().is_some(),
        Expr::Negative(inner) => inner.literal().is_some(),
        Expr::Call(_) => true,
        Expr::Literal(_) | Expr::Path(_) => false,
    };
    if !known {
        return expr;
    }
    let request = headwater_core::Context::default();
    let value = expr.eval(&Env::of_request(&request)).map(Value::into_owned);
    value.map_or(expr, Expr::Literal)
}
