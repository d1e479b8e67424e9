//! Compiled values and tests, and how they are evaluated.

use std::borrow::Cow;

use crate::ast::{Compare, Operator};
use crate::compare::compare;
use crate::env::Env;
use crate::error::EvalError;
use crate::field::Field;
use crate::functions::{Arguments, Call};
use crate::math::{calculate, negate};
use crate::value::{List, Map, Value};

/// A value that is known, or how to find it.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Literal(Value<'static>),
    Path(Path),
    Math(Box<Self>, Operator, Box<Self>),
    Negative(Box<Self>),
    List(Vec<Self>),
    Map(Vec<(Box<[u8]>, Self)>),
    Call(Box<Call>),
}

/// A field and what stands in brackets behind it.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub(crate) field: Field,
    pub(crate) keys: Vec<Key>,
}

#[derive(Debug, Clone)]
pub(crate) enum Key {
    Name(Box<[u8]>),
    Index(i64),
    Expr(Expr),
}

impl Expr {
    pub(crate) fn eval<'a>(&'a self, env: &Env<'a>) -> Result<Value<'a>, EvalError> {
        match self {
            Self::Literal(value) => Ok(value.reborrow()),
            Self::Path(path) => path.eval(env),
            Self::Math(left, operator, right) => {
                calculate(&left.eval(env)?, *operator, &right.eval(env)?)
            }
            Self::Negative(inner) => negate(&inner.eval(env)?),
            Self::List(values) => {
                let values = values.iter().map(|value| value.eval(env));
                Ok(Value::List(List::Owned(values.collect::<Result<_, _>>()?)))
            }
            Self::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| Ok((Cow::Borrowed(&**key), value.eval(env)?)));
                Ok(Value::Map(Map::Owned(entries.collect::<Result<_, _>>()?)))
            }
            Self::Call(call) => {
                let arguments = Arguments { call, env };
                let mut value = (call.definition.call)(&arguments)?;
                for key in &call.keys {
                    value = key.of_result(value, env)?;
                }
                Ok(value)
            }
        }
    }

    pub(crate) const fn literal(&self) -> Option<&Value<'static>> {
        match self {
            Self::Literal(value) => Some(value),
            _ => None,
        }
    }
}

impl Path {
    #[inline]
    pub(crate) fn eval<'a>(&'a self, env: &Env<'a>) -> Result<Value<'a>, EvalError> {
        let Some((first, rest)) = self.keys.split_first() else {
            return Ok(self.field.read(env));
        };
        // An attribute, as nearly always: nothing but a walk over the names.
        let found = match (self.field.attributes(env), first) {
            (Some(attributes), Key::Name(name)) => attributes.get(name).map(Value::of),
            _ => self.first(first, env)?,
        };
        let Some(mut value) = found else {
            return Ok(Value::Nil);
        };
        for key in rest {
            match key.of_field(value, env)? {
                Some(inner) => value = inner,
                None => return Ok(Value::Nil),
            }
        }
        Ok(value)
    }

    /// What the first key finds in a field that is more than attributes.
    fn first<'a>(&'a self, key: &'a Key, env: &Env<'a>) -> Result<Option<Value<'a>>, EvalError> {
        match self.field {
            Field::Header | Field::ClientMetadata => {
                let name = key.name(env)?;
                let values = env.request.header(&String::from_utf8_lossy(&name));
                let mut values = values.iter().map(|value| Value::text(value.as_bytes()));
                if self.field == Field::Header {
                    return Ok(values.next());
                }
                let values: Vec<_> = values.collect();
                Ok((!values.is_empty()).then_some(Value::List(List::Owned(values))))
            }
            Field::ClientIdentity => {
                let name = key.name(env)?;
                let value = env
                    .request
                    .identity()
                    .and_then(|who| who.get(std::str::from_utf8(&name).ok()?));
                Ok(value.map(|value| Value::text(value.as_bytes())))
            }
            Field::SpanTraceState => {
                let name = key.name(env)?;
                let state = env.span().trace_state().as_bytes();
                Ok(Some(Value::text(member(state, &name))))
            }
            field => key.of_field(field.read(env), env),
        }
    }
}

/// The value of a member of a W3C trace state; empty if there is none.
fn member<'s>(state: &'s [u8], name: &[u8]) -> &'s [u8] {
    state
        .split(|byte| *byte == b',')
        .filter_map(|member| {
            let member = member.trim_ascii();
            let at = member.iter().position(|byte| *byte == b'=')?;
            (member[..at] == *name).then(|| &member[at + 1..])
        })
        .next()
        .unwrap_or_default()
}

impl Key {
    fn name<'a>(&'a self, env: &Env<'a>) -> Result<Cow<'a, [u8]>, EvalError> {
        match self {
            Self::Name(name) => Ok(Cow::Borrowed(name)),
            Self::Index(_) => Err(EvalError::new(
                "unable to resolve a string index in map: the key is a number",
            )),
            Self::Expr(expr) => match expr.eval(env)? {
                Value::String(name) => Ok(name),
                other => Err(EvalError::new(format!(
                    "could not resolve key for map/slice, expecting 'string' but got '{}'",
                    other.kind()
                ))),
            },
        }
    }

    fn index(&self, env: &Env<'_>) -> Result<i64, EvalError> {
        match self {
            Self::Index(index) => Ok(*index),
            Self::Name(_) => Err(EvalError::new(
                "unable to resolve an integer index in slice: the key is a text",
            )),
            Self::Expr(expr) => match expr.eval(env)? {
                Value::Int(index) => Ok(index),
                other => Err(EvalError::new(format!(
                    "could not resolve key for map/slice, expecting 'int64' but got '{}'",
                    other.kind()
                ))),
            },
        }
    }

    /// What the key finds in telemetry; a name that is not there finds nothing.
    fn of_field<'a>(
        &'a self,
        value: Value<'a>,
        env: &Env<'a>,
    ) -> Result<Option<Value<'a>>, EvalError> {
        match value {
            Value::Map(map) => Ok(map.get(&self.name(env)?)),
            Value::List(list) => at(&list, self.index(env)?).map(Some),
            Value::Nil => Err(EvalError::new(
                "type Empty does not support string indexing",
            )),
            other => Err(EvalError::new(format!(
                "type {} does not support string indexing",
                other.kind()
            ))),
        }
    }

    /// What the key finds in the result of a converter, where it must be there.
    fn of_result<'a>(&'a self, value: Value<'a>, env: &Env<'a>) -> Result<Value<'a>, EvalError> {
        match value {
            Value::Map(map) => map
                .get(&self.name(env)?)
                .ok_or_else(|| EvalError::new("key not found in map")),
            Value::List(list) => at(&list, self.index(env)?),
            Value::Bytes(bytes) => {
                let index = self.index(env)?;
                let byte = usize::try_from(index).ok().and_then(|at| bytes.get(at));
                byte.map(|byte| Value::Int(i64::from(*byte)))
                    .ok_or_else(|| EvalError::new(format!("index {index} out of bounds")))
            }
            other => Err(EvalError::new(format!(
                "type, {}, does not support indexing",
                other.kind()
            ))),
        }
    }
}

fn at<'a>(list: &List<'a>, index: i64) -> Result<Value<'a>, EvalError> {
    usize::try_from(index)
        .ok()
        .and_then(|index| list.get(index))
        .ok_or_else(|| EvalError::new(format!("index {index} out of bounds")))
}

/// Something true or false.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Const(bool),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Compare(Expr, Compare, Expr),
    /// A path equals a text, or does not.
    Text {
        path: Path,
        text: Box<[u8]>,
        equal: bool,
    },
    /// One of the values of a request header equals a text, or one does not.
    Header {
        name: String,
        text: Box<str>,
        equal: bool,
    },
    Call(Expr),
}

impl Test {
    pub(crate) fn eval(&self, env: &Env<'_>) -> Result<bool, EvalError> {
        match self {
            Self::Const(value) => Ok(*value),
            Self::And(all) => {
                for test in all {
                    if !test.eval(env)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(all) => {
                for test in all {
                    if test.eval(env)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(inner) => inner.eval(env).map(|value| !value),
            Self::Compare(left, operator, right) => {
                Ok(compare(&left.eval(env)?, *operator, &right.eval(env)?))
            }
            Self::Text { path, text, equal } => {
                let same = match path.eval(env)? {
                    Value::String(found) => *found == **text,
                    _ => false,
                };
                Ok(same == *equal)
            }
            Self::Header { name, text, equal } => {
                let values = env.request.header(name);
                Ok(values.iter().any(|value| (*value == *text) == *equal))
            }
            Self::Call(expr) => match expr.eval(env)? {
                Value::Bool(value) => Ok(value),
                other => Err(not_bool(other.kind())),
            },
        }
    }

    /// All of several, those that are known left out.
    pub(crate) fn all(tests: Vec<Self>) -> Self {
        Self::join(tests, true, Self::And)
    }

    /// One of several, those that are known left out.
    pub(crate) fn any(tests: Vec<Self>) -> Self {
        Self::join(tests, false, Self::Or)
    }

    /// `neutral` does not matter; its opposite decides.
    fn join(mut tests: Vec<Self>, neutral: bool, join: fn(Vec<Self>) -> Self) -> Self {
        if tests
            .iter()
            .any(|test| matches!(test, Self::Const(value) if *value != neutral))
        {
            return Self::Const(!neutral);
        }
        tests.retain(|test| !matches!(test, Self::Const(_)));
        match tests.len() {
            0 => Self::Const(neutral),
            1 => tests.remove(0),
            _ => join(tests),
        }
    }
}

pub(crate) fn not_bool(kind: &str) -> EvalError {
    EvalError::new(format!(
        "value returned from Converter in constant expression must be bool but got {kind}"
    ))
}
