//! Values, paths and arguments.

use super::Parser;
use crate::ast::{Argument, ArgumentValue, Field, Key, Operator, Path, Place, Value, ValueKind};
use crate::error::OttlError;
use crate::lex::Token;

/// Words that are never a name.
const RESERVED: [&str; 6] = ["nil", "not", "and", "or", "true", "false"];

fn is_upper(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && !word.contains(|c: char| c.is_ascii_lowercase())
}

fn is_lower(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && !word.contains(|c: char| c.is_ascii_uppercase())
}

impl Parser<'_> {
    pub(super) fn value(&mut self) -> Result<Value, OttlError> {
        let place = self.place();
        let simple = |this: &mut Self, kind| {
            this.at += 1;
            Ok(Value {
                kind,
                place: place.clone(),
            })
        };
        match self.token().clone() {
            Token::String(text) => simple(self, ValueKind::String(text)),
            Token::Bytes(bytes) => simple(self, ValueKind::Bytes(bytes)),
            Token::Word(word) if word == "nil" => simple(self, ValueKind::Nil),
            Token::Word(word) if word == "true" => simple(self, ValueKind::Bool(true)),
            Token::Word(word) if word == "false" => simple(self, ValueKind::Bool(false)),
            Token::Word(word) if is_upper(&word) && *self.next_token() != Token::Sign('(') => {
                simple(self, ValueKind::Enum(word))
            }
            Token::Sign('{') => self.deeper(Self::map),
            Token::Sign('[') => self.deeper(Self::list),
            _ => self.math(),
        }
    }

    fn map(&mut self) -> Result<Value, OttlError> {
        let begin = self.place().start;
        self.at += 1;
        let mut entries = Vec::new();
        while !self.take_sign('}') {
            let Token::String(key) = self.token().clone() else {
                let found = self.found();
                let message = format!("expected a name in quotes or `}}`, found {found}");
                return Err(OttlError::new(self.place(), message));
            };
            let key = String::from_utf8(key)
                .map_err(|_| OttlError::new(self.place(), "a name in a map must be UTF-8"))?;
            self.at += 1;
            self.expect_sign(':', "behind the name")?;
            entries.push((key, self.value()?));
            self.take_sign(',');
        }
        Ok(self.finish(begin, ValueKind::Map(entries)))
    }

    fn list(&mut self) -> Result<Value, OttlError> {
        let begin = self.place().start;
        self.at += 1;
        let mut values = Vec::new();
        // Upstream's grammar lets the commas between the first ones be left out.
        let mut commas = false;
        while !self.take_sign(']') {
            if self.take_sign(',') {
                commas = true;
            } else if commas {
                let message = format!("expected `,` or `]`, found {}", self.found());
                return Err(OttlError::new(self.place(), message));
            }
            values.push(self.value()?);
        }
        Ok(self.finish(begin, ValueKind::List(values)))
    }

    fn finish(&self, begin: usize, kind: ValueKind) -> Value {
        Value {
            kind,
            place: begin..self.last_end(),
        }
    }

    fn math(&mut self) -> Result<Value, OttlError> {
        let mut left = self.product()?;
        while let Token::Operator(operator @ (Operator::Add | Operator::Subtract)) = *self.token() {
            self.at += 1;
            let right = self.product()?;
            left = combine(left, operator, right);
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Value, OttlError> {
        let mut left = self.operand()?;
        while let Token::Operator(operator @ (Operator::Multiply | Operator::Divide)) =
            *self.token()
        {
            self.at += 1;
            let right = self.operand()?;
            left = combine(left, operator, right);
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Value, OttlError> {
        let begin = self.place().start;
        let negative = match self.token() {
            Token::Operator(Operator::Add) => Some(false),
            Token::Operator(Operator::Subtract) => Some(true),
            _ => None,
        };
        self.at += usize::from(negative.is_some());
        let value = if self.take_sign('(') {
            let mut inner = self.deeper(Self::math)?;
            self.expect_sign(')', "to close the bracket")?;
            inner.place = begin..self.last_end();
            inner
        } else {
            self.literal()?
        };
        if negative != Some(true) {
            return Ok(value);
        }
        let kind = match value.kind {
            ValueKind::Int(value) => ValueKind::Int(value.wrapping_neg()),
            ValueKind::Float(value) => ValueKind::Float(-value),
            kind => ValueKind::Negative(Box::new(Value {
                kind,
                place: value.place,
            })),
        };
        Ok(self.finish(begin, kind))
    }

    /// A number, a path or a converter.
    fn literal(&mut self) -> Result<Value, OttlError> {
        let place = self.place();
        match self.token().clone() {
            Token::Int(value) => {
                self.at += 1;
                Ok(Value {
                    kind: ValueKind::Int(value),
                    place,
                })
            }
            Token::Float(value) => {
                self.at += 1;
                Ok(Value {
                    kind: ValueKind::Float(value),
                    place,
                })
            }
            Token::Word(word) if *self.next_token() == Token::Sign('(') => {
                if RESERVED.contains(&word.as_str()) {
                    return Err(self.no_value());
                }
                if word.starts_with(|c: char| c.is_ascii_lowercase()) {
                    let message = format!(
                        "converter names must start with an uppercase letter but got '{word}'"
                    );
                    return Err(OttlError::new(place, message)
                        .help("an editor changes telemetry; it has no value"));
                }
                let call = self.call()?;
                let place = call.place.clone();
                Ok(Value {
                    kind: ValueKind::Call(call),
                    place,
                })
            }
            Token::Word(word) if is_lower(&word) && !RESERVED.contains(&word.as_str()) => {
                let path = self.path()?;
                let place = path.place.clone();
                Ok(Value {
                    kind: ValueKind::Path(path),
                    place,
                })
            }
            _ => Err(self.no_value()),
        }
    }

    fn no_value(&self) -> OttlError {
        let found = self.found();
        let error = OttlError::new(self.place(), format!("expected a value, found {found}"));
        match self.token() {
            Token::Word(word) if !RESERVED.contains(&word.as_str()) => error.help(format!(
                "paths are in lower case, functions end with `(…)`, and texts stand in double \
                 quotes: \"{word}\""
            )),
            _ => error,
        }
    }

    fn path(&mut self) -> Result<Path, OttlError> {
        let begin = self.place().start;
        let mut fields = vec![self.field()?];
        while self.take_sign('.') {
            fields.push(self.field()?);
        }
        Ok(Path {
            fields,
            place: begin..self.last_end(),
        })
    }

    fn field(&mut self) -> Result<Field, OttlError> {
        let place = self.place();
        match self.token().clone() {
            Token::Word(name) if is_lower(&name) && !RESERVED.contains(&name.as_str()) => {
                self.at += 1;
                let keys = self.keys()?;
                Ok(Field { name, keys, place })
            }
            _ => {
                let message = format!("expected a name of a path, found {}", self.found());
                Err(OttlError::new(place, message).help(
                    "names with dots, dashes or capitals stand in brackets: attributes[\"a.b\"]",
                ))
            }
        }
    }

    pub(super) fn keys(&mut self) -> Result<Vec<Key>, OttlError> {
        let mut keys = Vec::new();
        while self.take_sign('[') {
            let key = match self.token().clone() {
                Token::String(text) => {
                    let place = self.place();
                    self.at += 1;
                    Value {
                        kind: ValueKind::String(text),
                        place,
                    }
                }
                _ => self.deeper(Self::math)?,
            };
            keys.push(Key(key));
            self.expect_sign(']', "behind the key")?;
        }
        Ok(keys)
    }

    pub(super) fn arguments(&mut self) -> Result<Vec<Argument>, OttlError> {
        let mut arguments: Vec<Argument> = Vec::new();
        if *self.token() == Token::Sign(')') {
            return Ok(arguments);
        }
        loop {
            let argument = self.argument()?;
            if argument.name.is_none() && arguments.last().is_some_and(|last| last.name.is_some()) {
                let message = "unnamed argument used after named argument";
                return Err(OttlError::new(argument.value.place().clone(), message)
                    .help("arguments with names come last"));
            }
            arguments.push(argument);
            if !self.take_sign(',') {
                return Ok(arguments);
            }
        }
    }

    fn argument(&mut self) -> Result<Argument, OttlError> {
        let mut name = None;
        if let Token::Word(word) = self.token().clone()
            && *self.next_token() == Token::Sign('=')
        {
            name = Some((word, self.place()));
            self.at += 2;
        }
        let value = match self.token().clone() {
            Token::Word(word)
                if word.starts_with(|c: char| c.is_ascii_uppercase())
                    && !is_upper(&word)
                    && *self.next_token() != Token::Sign('(') =>
            {
                let place = self.place();
                self.at += 1;
                ArgumentValue::Function(word, place)
            }
            _ => ArgumentValue::Value(self.value()?),
        };
        Ok(Argument { name, value })
    }
}

fn combine(left: Value, operator: Operator, right: Value) -> Value {
    let place: Place = left.place.start..right.place.end;
    Value {
        kind: ValueKind::Math(Box::new(left), operator, Box::new(right)),
        place,
    }
}
