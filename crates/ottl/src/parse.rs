//! Text to tree. Source: the grammar of Go `pkg/ottl/grammar.go`.

mod values;

use crate::ast::{Call, Comparison, Condition, Place, Statement, Value, ValueKind};
use crate::error::OttlError;
use crate::lex::{Token, lex};

/// How deep brackets may nest.
const MAX_DEPTH: usize = 64;

/// Parses a condition: `attributes["a"] == "b" and IsMatch(name, "^GET ")`.
///
/// # Errors
/// The first thing that does not belong where it stands.
pub fn parse_condition(text: &str) -> Result<Condition, OttlError> {
    let mut parser = Parser::new(text)?;
    let condition = parser.condition()?;
    parser.end()?;
    Ok(condition)
}

/// Parses a statement: `set(attributes["a"], "b") where name == "c"`.
///
/// # Errors
/// The first thing that does not belong where it stands.
pub fn parse_statement(text: &str) -> Result<Statement, OttlError> {
    let mut parser = Parser::new(text)?;
    let (word, place) = parser.peek_word().ok_or_else(|| {
        let found = parser.found();
        OttlError::new(parser.place(), format!("expected an editor, found {found}"))
            .help("a statement is an editor, for example `set(attributes[\"a\"], \"b\")`")
    })?;
    if word.starts_with(|c: char| c.is_ascii_uppercase()) {
        let message = format!("editor names must start with a lowercase letter but got '{word}'");
        return Err(OttlError::new(place, message)
            .help("a converter gives a value; a statement begins with an editor"));
    }
    let editor = parser.call()?;
    if let Some(key) = editor.keys.first() {
        let message = format!(
            "only paths and converters may be indexed, not editors, but got {}{key}",
            editor.name
        );
        return Err(OttlError::new(key.0.place.clone(), message));
    }
    let condition = if parser.take_word("where") {
        Some(parser.condition()?)
    } else {
        None
    };
    parser.end()?;
    Ok(Statement { editor, condition })
}

/// Parses a value: a literal, a path, a converter, arithmetic.
///
/// # Errors
/// The first thing that does not belong where it stands.
pub fn parse_value(text: &str) -> Result<Value, OttlError> {
    let mut parser = Parser::new(text)?;
    let value = parser.value()?;
    parser.end()?;
    Ok(value)
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, Place)>,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Result<Self, OttlError> {
        Ok(Self {
            text,
            tokens: lex(text)?,
            at: 0,
            depth: 0,
        })
    }

    fn token(&self) -> &Token {
        // The last one is `End`, which is never taken.
        self.tokens
            .get(self.at)
            .map_or(&Token::End, |(token, _)| token)
    }

    fn next_token(&self) -> &Token {
        let next = self.tokens.get(self.at + 1);
        next.map_or(&Token::End, |(token, _)| token)
    }

    fn place(&self) -> Place {
        let end = self.text.len();
        self.tokens
            .get(self.at)
            .map_or(end..end, |(_, place)| place.clone())
    }

    fn found(&self) -> String {
        self.token().shown(&self.text[self.place()])
    }

    /// Where the last token that was taken ends.
    fn last_end(&self) -> usize {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(0, |(_, place)| place.end)
    }

    fn take_sign(&mut self, sign: char) -> bool {
        let found = *self.token() == Token::Sign(sign);
        self.at += usize::from(found);
        found
    }

    fn expect_sign(&mut self, sign: char, what: &str) -> Result<(), OttlError> {
        if self.take_sign(sign) {
            return Ok(());
        }
        let found = self.found();
        Err(OttlError::new(
            self.place(),
            format!("expected `{sign}` {what}, found {found}"),
        ))
    }

    fn peek_word(&self) -> Option<(&str, Place)> {
        match self.token() {
            Token::Word(word) => Some((word, self.place())),
            _ => None,
        }
    }

    fn is_word(&self, wanted: &str) -> bool {
        matches!(self.token(), Token::Word(word) if word == wanted)
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = self.is_word(wanted);
        self.at += usize::from(found);
        found
    }

    fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, OttlError>,
    ) -> Result<T, OttlError> {
        if self.depth >= MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(OttlError::new(self.place(), message));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn end(&self) -> Result<(), OttlError> {
        if *self.token() == Token::End {
            return Ok(());
        }
        let message = format!("unexpected {}", self.found());
        let error = OttlError::new(self.place(), message);
        Err(match self.token() {
            Token::Sign('=') => error.help("two values are compared with `==`"),
            Token::Word(word) if word.eq_ignore_ascii_case("and") => error.help("write `and`"),
            Token::Word(word) if word.eq_ignore_ascii_case("or") => error.help("write `or`"),
            Token::Word(word) if word == "where" => {
                error.help("this is a condition already: leave `where` out")
            }
            _ => error,
        })
    }

    fn condition(&mut self) -> Result<Condition, OttlError> {
        self.joined("or", Self::term, Condition::Or)
    }

    fn term(&mut self) -> Result<Condition, OttlError> {
        self.joined("and", Self::unit, Condition::And)
    }

    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Condition, OttlError>,
        join: fn(Vec<Condition>) -> Condition,
    ) -> Result<Condition, OttlError> {
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.take_word(word) {
            all.push(part(self)?);
        }
        Ok(join(all))
    }

    fn unit(&mut self) -> Result<Condition, OttlError> {
        let place = self.place();
        if self.take_word("not") {
            let inner = self.plain_unit()?;
            return Ok(Condition::Not(Box::new(inner), place));
        }
        self.plain_unit()
    }

    /// A comparison if it is one; else a literal, a converter or something in brackets.
    fn plain_unit(&mut self) -> Result<Condition, OttlError> {
        let begin = self.at;
        let compared = self.comparison();
        let not_compared = match compared {
            Ok(comparison) => return Ok(Condition::Compare(comparison)),
            Err(error) => error,
        };
        self.at = begin;
        let place = self.place();
        let other = if self.take_word("true") {
            Ok(Condition::Literal(true, place))
        } else if self.take_word("false") {
            Ok(Condition::Literal(false, place))
        } else if self.take_sign('(') {
            self.deeper(Self::condition).and_then(|inner| {
                self.expect_sign(')', "to close the bracket")?;
                Ok(inner)
            })
        } else if self.is_converter() {
            self.call().map(Condition::Call)
        } else {
            return Err(not_compared);
        };
        match other {
            Ok(condition) if !self.is_comparison_next() => Ok(condition),
            // Whoever got further knows better.
            Err(error) if error.range.start > not_compared.range.start => Err(error),
            _ => Err(not_compared),
        }
    }

    fn is_comparison_next(&self) -> bool {
        matches!(
            self.token(),
            Token::Compare(_) | Token::Operator(_) | Token::Sign('=')
        )
    }

    fn comparison(&mut self) -> Result<Comparison, OttlError> {
        let left = self.value()?;
        let Token::Compare(operator) = *self.token() else {
            return Err(self.not_a_comparison(&left));
        };
        self.at += 1;
        let right = self.value()?;
        Ok(Comparison {
            left,
            operator,
            right,
        })
    }

    fn not_a_comparison(&self, left: &Value) -> OttlError {
        let found = self.found();
        if *self.token() == Token::Sign('=') {
            return OttlError::new(self.place(), "`=` does not compare")
                .help("two values are compared with `==`");
        }
        let at_end = *self.token() == Token::End
            || matches!(self.token(), Token::Sign(')'))
            || self.is_word("and")
            || self.is_word("or");
        if at_end && let ValueKind::Path(path) = &left.kind {
            return OttlError::new(left.place.clone(), "a path alone is not a condition").help(
                format!("compare it: `{path} == true`, or `{path} != nil` if it is to exist"),
            );
        }
        if at_end {
            return OttlError::new(left.place.clone(), "a value alone is not a condition")
                .help("compare it with another one, for example with `==`");
        }
        OttlError::new(
            self.place(),
            format!("expected one of == != < <= > >=, found {found}"),
        )
    }

    fn is_converter(&self) -> bool {
        matches!(self.token(), Token::Word(word) if word.starts_with(|c: char| c.is_ascii_uppercase()))
            && *self.next_token() == Token::Sign('(')
    }

    /// A function call; its name is the next token.
    fn call(&mut self) -> Result<Call, OttlError> {
        let name_place = self.place();
        let Token::Word(name) = self.token().clone() else {
            let message = format!("expected a function, found {}", self.found());
            return Err(OttlError::new(self.place(), message));
        };
        self.at += 1;
        self.expect_sign('(', &format!("behind `{name}`"))?;
        let arguments = self.deeper(Self::arguments)?;
        self.expect_sign(')', "or `,` behind an argument")?;
        let keys = self.keys()?;
        let place = name_place.start..self.last_end();
        Ok(Call {
            name,
            name_place,
            arguments,
            keys,
            place,
        })
    }
}
