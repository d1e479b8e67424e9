//! JMESPath's functions.

use std::cmp::Ordering;

use headwater_core::config::nearest;
use headwater_logs::{Map, Value};

use super::Node;
use super::eval::eval;
use crate::go_json;

/// A function.
#[derive(Debug)]
pub(super) struct Function {
    name: &'static str,
    /// How many arguments it takes at least and at most.
    arguments: (usize, usize),
    run: Run,
}

#[derive(Debug)]
enum Run {
    /// Of values.
    Values(for<'t> fn(&mut Vec<Value<'t>>) -> Option<Value<'t>>),
    /// Of a list and an expression.
    ByExpression(for<'t> fn(Vec<(Value<'t>, Value<'t>)>) -> Option<Value<'t>>),
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

const ANY: usize = usize::MAX;

macro_rules! functions {
    ($($name:literal $least:tt to $most:tt $kind:ident $run:expr;)+) => {
        static TABLE: &[Function] = &[$(Function {
            name: $name,
            arguments: ($least, $most),
            run: Run::$kind($run),
        }),+];
    };
}

functions! {
    "abs" 1 to 1 Values |a| Some(Value::Float(number(a, 0)?.abs()));
    "avg" 1 to 1 Values |a| {
        let numbers = numbers(a)?;
        if numbers.is_empty() {
            return Some(Value::Null);
        }
        #[expect(clippy::cast_precision_loss, reason = "a list is not that long")]
        let count = numbers.len() as f64;
        Some(Value::Float(numbers.iter().sum::<f64>() / count))
    };
    "ceil" 1 to 1 Values |a| Some(Value::Float(number(a, 0)?.ceil()));
    "contains" 2 to 2 Values |a| contains(a);
    "ends_with" 2 to 2 Values |a| Some(Value::Bool(text(a, 0)?.ends_with(text(a, 1)?)));
    "floor" 1 to 1 Values |a| Some(Value::Float(number(a, 0)?.floor()));
    "join" 2 to 2 Values |a| {
        let Value::List(items) = &a[1] else {
            return None;
        };
        let texts: Option<Vec<_>> = items.iter().map(Value::as_str).collect();
        Some(Value::from(texts?.join(text(a, 0)?)))
    };
    "keys" 1 to 1 Values |a| {
        let map = a[0].as_map()?;
        Some(Value::List(map.iter().map(|(key, _)| Value::from(key.to_owned())).collect()))
    };
    "length" 1 to 1 Values |a| length(a);
    "map" 2 to 2 ByExpression |pairs| {
        Some(Value::List(pairs.into_iter().map(|(_, result)| result).collect()))
    };
    "max" 1 to 1 Values |a| extreme(a, Ordering::Greater);
    "max_by" 2 to 2 ByExpression |pairs| extreme_by(pairs, Ordering::Greater);
    "merge" 1 to ANY Values |a| {
        let mut merged = Map::new();
        for value in a.drain(..) {
            let Value::Map(map) = value else {
                return None;
            };
            for (key, value) in map {
                merged.insert(key, value);
            }
        }
        Some(Value::Map(merged))
    };
    "min" 1 to 1 Values |a| extreme(a, Ordering::Less);
    "min_by" 2 to 2 ByExpression |pairs| extreme_by(pairs, Ordering::Less);
    "not_null" 1 to ANY Values |a| {
        Some(a.drain(..).find(|value| *value != Value::Null).unwrap_or(Value::Null))
    };
    "reverse" 1 to 1 Values |a| match a.remove(0) {
        Value::List(mut items) => {
            items.reverse();
            Some(Value::List(items))
        }
        Value::Str(text) => Some(Value::from(text.chars().rev().collect::<String>())),
        _ => None,
    };
    "sort" 1 to 1 Values |a| match a.remove(0) {
        Value::List(mut items) => {
            check_order(items.iter())?;
            items.sort_by(order);
            Some(Value::List(items))
        }
        _ => None,
    };
    "sort_by" 2 to 2 ByExpression |mut pairs| {
        check_order(pairs.iter().map(|(_, key)| key))?;
        pairs.sort_by(|a, b| order(&a.1, &b.1));
        Some(Value::List(pairs.into_iter().map(|(item, _)| item).collect()))
    };
    "starts_with" 2 to 2 Values |a| Some(Value::Bool(text(a, 0)?.starts_with(text(a, 1)?)));
    "sum" 1 to 1 Values |a| Some(Value::Float(numbers(a)?.iter().sum()));
    "to_array" 1 to 1 Values |a| match a.remove(0) {
        list @ Value::List(_) => Some(list),
        other => Some(Value::List(vec![other])),
    };
    "to_number" 1 to 1 Values |a| match a.remove(0) {
        number @ Value::Float(_) => Some(number),
        Value::Str(text) => Some(text.parse().map_or(Value::Null, Value::Float)),
        _ => Some(Value::Null),
    };
    "to_string" 1 to 1 Values |a| match a.remove(0) {
        text @ Value::Str(_) => Some(text),
        other => {
            let mut out = String::new();
            go_json::put_value(&mut out, &other);
            Some(Value::from(out))
        }
    };
    "type" 1 to 1 Values |a| Some(Value::from(kind(&a[0])));
    "values" 1 to 1 Values |a| match a.remove(0) {
        Value::Map(map) => Some(Value::List(map.into_iter().map(|(_, value)| value).collect())),
        _ => None,
    };
}

/// The function of a name, or what is wrong with the call.
pub(super) fn find(name: &str, given: usize) -> Result<&'static Function, String> {
    let Some(function) = TABLE.iter().find(|function| function.name == name) else {
        let near = nearest(name, TABLE.iter().map(|function| function.name));
        let hint = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
        return Err(format!("unknown function `{name}`{hint}"));
    };
    let (least, most) = function.arguments;
    if given < least || given > most {
        return Err(format!("`{name}` takes {least} arguments, not {given}"));
    }
    Ok(function)
}

impl Function {
    pub(super) fn run<'t>(
        &self,
        arguments: &[Node],
        value: &Value<'t>,
    ) -> Result<Value<'t>, String> {
        let wrong = || format!("`{}` cannot take what it was given", self.name);
        match self.run {
            Run::Values(run) => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(eval(argument, value)?.into_owned());
                }
                run(&mut values).ok_or_else(wrong)
            }
            Run::ByExpression(run) => {
                // `map` names the expression first, the others name the list first.
                let (list, by) = match arguments {
                    [Node::Reference(by), list] | [list, Node::Reference(by)] => (list, by),
                    _ => return Err(wrong()),
                };
                let Value::List(items) = eval(list, value)?.into_owned() else {
                    return Err(wrong());
                };
                let mut pairs = Vec::with_capacity(items.len());
                for item in items {
                    let result = eval(by, &item)?.into_owned();
                    pairs.push((item, result));
                }
                run(pairs).ok_or_else(wrong)
            }
        }
    }
}

fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) | Value::Float(_) => "number",
        Value::Str(_) | Value::Bytes(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    }
}

fn number(arguments: &[Value<'_>], at: usize) -> Option<f64> {
    match arguments.get(at)? {
        Value::Float(value) => Some(*value),
        _ => None,
    }
}

fn text<'v>(arguments: &'v [Value<'_>], at: usize) -> Option<&'v str> {
    arguments.get(at)?.as_str()
}

fn numbers(arguments: &[Value<'_>]) -> Option<Vec<f64>> {
    let Value::List(items) = arguments.first()? else {
        return None;
    };
    (0..items.len()).map(|at| number(items, at)).collect()
}

fn contains<'t>(arguments: &[Value<'t>]) -> Option<Value<'t>> {
    let found = match (&arguments[0], &arguments[1]) {
        (Value::Str(text), Value::Str(part)) => text.contains(&**part),
        (Value::Str(_), _) => false,
        (Value::List(items), item) => items.iter().any(|other| super::eval::equal(other, item)),
        _ => return None,
    };
    Some(Value::Bool(found))
}

#[expect(clippy::cast_precision_loss, reason = "nothing is that long")]
fn length<'t>(arguments: &[Value<'t>]) -> Option<Value<'t>> {
    let length = match &arguments[0] {
        Value::Str(text) => text.chars().count(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        _ => return None,
    };
    Some(Value::Float(length as f64))
}

/// Whether all are numbers, or all are texts.
fn check_order<'i, 't: 'i>(items: impl Iterator<Item = &'i Value<'t>> + Clone) -> Option<()> {
    let mut kinds = items.map(kind);
    match kinds.next() {
        None => Some(()),
        Some(first @ ("number" | "string")) => kinds.all(|kind| kind == first).then_some(()),
        Some(_) => None,
    }
}

fn order(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::Str(a), Value::Str(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

fn extreme<'t>(arguments: &mut Vec<Value<'t>>, wanted: Ordering) -> Option<Value<'t>> {
    let Value::List(items) = arguments.remove(0) else {
        return None;
    };
    let pairs = items.into_iter().map(|item| (item.clone(), item)).collect();
    extreme_by(pairs, wanted)
}

fn extreme_by<'t>(pairs: Vec<(Value<'t>, Value<'t>)>, wanted: Ordering) -> Option<Value<'t>> {
    check_order(pairs.iter().map(|(_, key)| key))?;
    let best = pairs.into_iter().reduce(|best, other| {
        if order(&other.1, &best.1) == wanted {
            other
        } else {
            best
        }
    });
    Some(best.map_or(Value::Null, |(item, _)| item))
}
