//! Calls of converters.

use headwater_core::config::nearest;
use headwater_logs::Layout;

use super::{Compiler, fold};
use crate::ast;
use crate::ast::{ArgumentValue, ValueKind};
use crate::error::OttlError;
use crate::expr::Expr;
use crate::functions::{Argument, Call, Definition, Kind, LATER, Parameter, Patterns, find, names};
use crate::value::Value;

impl Compiler {
    pub(crate) fn call(&mut self, call: &ast::Call) -> Option<Expr> {
        let Some(definition) = find(&call.name) else {
            return self.undefined(call);
        };
        if let Some(context) = definition.context
            && context != self.context
        {
            let message = format!(
                "{} exists in the {} context only",
                call.name,
                context.name()
            );
            return self.error(OttlError::new(call.name_place.clone(), message));
        }
        let arguments = self.arguments(call, definition);
        let keys = self.keys(&call.keys)?;
        let arguments = arguments?;
        self.level = self.level.max(definition.level());
        if let Err(message) = (definition.check)(&arguments) {
            return self.error(OttlError::new(call.place.clone(), message));
        }
        let known = definition.pure && keys.is_empty() && arguments.iter().all(is_known);
        let expr = Expr::Call(Box::new(Call {
            definition,
            arguments,
            keys,
        }));
        Some(if known { fold(expr) } else { expr })
    }

    fn undefined(&mut self, call: &ast::Call) -> Option<Expr> {
        let name = call.name.as_str();
        let error = OttlError::new(
            call.name_place.clone(),
            format!("undefined function \"{name}\""),
        );
        if LATER.contains(&name) {
            let message = format!("the converter {name} is not supported yet");
            return self.error(OttlError::new(call.name_place.clone(), message));
        }
        self.error(error.suggest(nearest(name, names())))
    }

    /// An argument for each parameter.
    fn arguments(&mut self, call: &ast::Call, definition: &Definition) -> Option<Vec<Argument>> {
        let parameters = definition.parameters;
        let mut given: Vec<Option<&ast::Argument>> = vec![None; parameters.len()];
        for (index, argument) in call.arguments.iter().enumerate() {
            let slot = match &argument.name {
                None => index,
                Some((name, place)) => {
                    let slot = parameters.iter().position(|known| known.name == name);
                    let Some(slot) = slot else {
                        let message = format!("no such parameter: {name}");
                        let known = parameters.iter().map(|known| known.name);
                        let error =
                            OttlError::new(place.clone(), message).suggest(nearest(name, known));
                        return self.error(error);
                    };
                    slot
                }
            };
            match given.get_mut(slot) {
                Some(free @ None) => *free = Some(argument),
                Some(Some(_)) => {
                    let message = format!("the argument {} is given twice", parameters[slot].name);
                    return self.error(OttlError::new(argument.value.place().clone(), message));
                }
                None => return self.wrong_number(call, parameters),
            }
        }
        let missing = parameters
            .iter()
            .zip(&given)
            .any(|(parameter, argument)| argument.is_none() && !parameter.optional);
        if missing {
            return self.wrong_number(call, parameters);
        }
        let arguments: Vec<_> = parameters
            .iter()
            .zip(given)
            .map(|(parameter, argument)| match argument {
                None => Some(Argument::None),
                Some(argument) => self.argument(parameter, &argument.value),
            })
            .collect();
        arguments.into_iter().collect()
    }

    fn wrong_number<T>(&mut self, call: &ast::Call, parameters: &[Parameter]) -> Option<T> {
        let message = format!(
            "incorrect number of arguments. Expected: {} Received: {}",
            parameters.len(),
            call.arguments.len()
        );
        let names: Vec<_> = parameters
            .iter()
            .map(|parameter| {
                if parameter.optional {
                    format!("[{}]", parameter.name)
                } else {
                    parameter.name.to_owned()
                }
            })
            .collect();
        let help = format!("it is {}({})", call.name, names.join(", "));
        self.error(OttlError::new(call.place.clone(), message).help(help))
    }

    fn argument(&mut self, parameter: &Parameter, value: &ArgumentValue) -> Option<Argument> {
        let value = match value {
            ArgumentValue::Value(value) => value,
            ArgumentValue::Function(name, place) => {
                let message = format!("`{name}` is a function, not a value");
                let help = format!("call it: {name}(…)");
                return self.error(OttlError::new(place.clone(), message).help(help));
            }
        };
        if parameter.kind == Kind::Values {
            let ValueKind::List(values) = &value.kind else {
                let message = format!("{} must be a list in square brackets", parameter.name);
                return self.error(OttlError::new(value.place.clone(), message));
            };
            let values: Vec<_> = values.iter().map(|value| self.value(value)).collect();
            return values
                .into_iter()
                .collect::<Option<_>>()
                .map(Argument::Values);
        }
        let expr = self.value(value)?;
        let Some(literal) = expr.literal() else {
            if matches!(parameter.kind, Kind::Literal | Kind::Layout) {
                let message = format!("{} must be a text in quotes", parameter.name);
                return self.error(OttlError::new(value.place.clone(), message));
            }
            return Some(match parameter.kind {
                Kind::Regex => Argument::Pattern(expr, Patterns::default()),
                _ => Argument::Expr(expr),
            });
        };
        if let Some(expected) = mismatch(parameter.kind, literal) {
            let message = format!(
                "invalid argument {}: expected {expected} but got {}",
                parameter.name,
                literal.kind()
            );
            return self.error(OttlError::new(value.place.clone(), message));
        }
        match (parameter.kind, literal) {
            (Kind::Regex, Value::String(pattern)) => {
                let pattern = String::from_utf8_lossy(pattern);
                match headwater_regexp::compile(&pattern) {
                    Ok(regex) => Some(Argument::Regex(regex)),
                    Err(error) => {
                        let message = format!("the pattern is not a regular expression: {error}");
                        self.error(OttlError::new(value.place.clone(), message))
                    }
                }
            }
            (Kind::Layout, Value::String(layout)) => {
                match Layout::strptime(&String::from_utf8_lossy(layout)) {
                    Ok(layout) => Some(Argument::Layout(layout)),
                    Err(error) => {
                        let message = format!("invalid {}: {error}", parameter.name);
                        self.error(OttlError::new(value.place.clone(), message))
                    }
                }
            }
            _ => Some(Argument::Expr(expr)),
        }
    }
}

const fn is_known(argument: &Argument) -> bool {
    match argument {
        Argument::None | Argument::Regex(_) | Argument::Layout(_) => true,
        Argument::Expr(expr) => expr.literal().is_some(),
        Argument::Pattern(..) | Argument::Values(_) => false,
    }
}

/// What a parameter takes, if that is not what a literal is.
const fn mismatch(kind: Kind, literal: &Value<'_>) -> Option<&'static str> {
    match (kind, literal) {
        (Kind::Any | Kind::Values, _)
        | (Kind::String | Kind::Literal | Kind::Regex | Kind::Layout, Value::String(_))
        | (Kind::Bool, Value::Bool(_))
        | (Kind::Int, Value::Int(_))
        | (Kind::Map, Value::Map(_))
        | (Kind::List, Value::List(_))
        | (Kind::Time, Value::Time(_))
        | (Kind::Duration, Value::Duration(_)) => None,
        (Kind::String | Kind::Literal | Kind::Regex | Kind::Layout, _) => Some("string"),
        (Kind::Bool, _) => Some("bool"),
        (Kind::Int, _) => Some("int"),
        (Kind::Map, _) => Some("map"),
        (Kind::List, _) => Some("list"),
        (Kind::Time, _) => Some("time"),
        (Kind::Duration, _) => Some("duration"),
    }
}
