//! From words to the tree.

use super::functions::Function;
use super::lex::{Token, lex};
use super::{Binary, ExprError, Node};
use crate::field::Root;
use crate::{Field, Value};

/// How deep an expression may nest.
const MAX_DEPTH: usize = 100;

/// How many words an expression may have.
const MAX_WORDS: usize = 10_000;

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
}

pub(super) fn parse(text: &str) -> Result<Node, ExprError> {
    let tokens = lex(text)?;
    if tokens.len() > MAX_WORDS {
        return Err(ExprError::new(0, "expression is too long"));
    }
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
    };
    let node = parser.expression(0)?;
    match parser.peek() {
        Token::End => Ok(node),
        other => Err(parser.error(format!("unexpected {}", shown(other)))),
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("`{name}`"),
        Token::Text(text) => format!("text {text:?}"),
        Token::Int(number) => format!("number {number}"),
        Token::Float(number) => format!("number {number}"),
        Token::Sign(sign) => format!("`{sign}`"),
        Token::End => "end".to_owned(),
    }
}

/// Precedence and meaning of an operator of two operands; `None` for what is none.
fn binary(word: &str) -> Option<(u8, Binary)> {
    Some(match word {
        "or" | "||" => (10, Binary::Or),
        "and" | "&&" => (15, Binary::And),
        "==" => (20, Binary::Equal),
        "!=" => (20, Binary::NotEqual),
        "<" => (20, Binary::Less),
        "<=" => (20, Binary::LessOrEqual),
        ">" => (20, Binary::Greater),
        ">=" => (20, Binary::GreaterOrEqual),
        "in" => (20, Binary::In),
        "contains" => (20, Binary::Contains),
        "startsWith" => (20, Binary::StartsWith),
        "endsWith" => (20, Binary::EndsWith),
        "matches" => (20, Binary::Matches),
        "+" => (30, Binary::Add),
        "-" => (30, Binary::Subtract),
        "*" => (60, Binary::Multiply),
        "/" => (60, Binary::Divide),
        "%" => (60, Binary::Remainder),
        "**" | "^" => (100, Binary::Power),
        "??" => (110, Binary::Coalesce),
        _ => return None,
    })
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn error(&self, message: impl Into<String>) -> ExprError {
        ExprError::new(self.tokens[self.at].1, message)
    }

    fn next(&mut self) -> Token {
        let token = self.tokens[self.at].0.clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), ExprError> {
        if self.takes(sign) {
            return Ok(());
        }
        Err(self.error(format!("expected `{sign}`, found {}", shown(self.peek()))))
    }

    fn word(&self) -> &str {
        match self.peek() {
            Token::Name(name) => name,
            Token::Sign(sign) => sign,
            _ => "",
        }
    }

    fn expression(&mut self, floor: u8) -> Result<Node, ExprError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("expression is nested too deep"));
        }
        let node = self.operators(floor);
        self.depth -= 1;
        node
    }

    fn operators(&mut self, floor: u8) -> Result<Node, ExprError> {
        let mut left = self.unary()?;
        // A chain of operators becomes a tree as deep as it is long.
        let mut chain = 0;
        loop {
            let negated = self.word() == "not";
            let back = self.at;
            if negated {
                self.at += 1;
            }
            let Some((level, operator)) = binary(self.word()).filter(|(level, _)| *level >= floor)
            else {
                self.at = back;
                break;
            };
            chain += 1;
            if chain > MAX_DEPTH * 5 {
                return Err(self.error("expression is too long"));
            }
            let place = self.tokens[self.at].1;
            self.at += 1;
            let above = if operator == Binary::Power {
                level
            } else {
                level + 1
            };
            let right = self.expression(above)?;
            left = combine(operator, left, right, place)?;
            if negated {
                left = Node::Not(Box::new(left));
            }
        }
        if floor == 0 {
            if self.takes("?") {
                let yes = self.expression(0)?;
                self.expect(":")?;
                let no = self.expression(0)?;
                left = Node::Choice(Box::new(left), Box::new(yes), Box::new(no));
            }
            while self.takes("|") {
                let name = self.next();
                let Token::Name(name) = name else {
                    return Err(self.error("expected a function after `|`"));
                };
                left = self.call(&name, vec![left])?;
            }
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, ExprError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("expression is nested too deep"));
        }
        let node = match self.word() {
            "not" => {
                self.at += 1;
                Node::Not(Box::new(self.expression(50)?))
            }
            "!" => {
                self.at += 1;
                Node::Not(Box::new(self.expression(90)?))
            }
            "-" => {
                self.at += 1;
                match self.expression(90)? {
                    Node::Literal(Value::Int(number)) => {
                        Node::Literal(Value::Int(number.wrapping_neg()))
                    }
                    Node::Literal(Value::Float(number)) => Node::Literal(Value::Float(-number)),
                    node => Node::Negate(Box::new(node)),
                }
            }
            "+" => {
                self.at += 1;
                self.expression(90)?
            }
            _ => {
                let node = self.primary()?;
                self.postfix(node)?
            }
        };
        self.depth -= 1;
        Ok(node)
    }

    fn primary(&mut self) -> Result<Node, ExprError> {
        let place = self.at;
        let node = match self.next() {
            Token::Int(number) => Node::Literal(Value::Int(number)),
            Token::Float(number) => Node::Literal(Value::Float(number)),
            Token::Text(text) => Node::Literal(Value::from(text)),
            Token::Sign("(") => {
                let node = self.expression(0)?;
                self.expect(")")?;
                node
            }
            Token::Sign("[") => Node::List(self.items("]")?),
            Token::Sign("{") => self.map()?,
            Token::Name(name) => return self.name(&name, place),
            other => {
                self.at = place;
                return Err(self.error(format!("unexpected {}", shown(&other))));
            }
        };
        Ok(node)
    }

    fn name(&mut self, name: &str, place: usize) -> Result<Node, ExprError> {
        Ok(match name {
            "true" => Node::Literal(Value::Bool(true)),
            "false" => Node::Literal(Value::Bool(false)),
            "nil" | "null" => Node::Literal(Value::Null),
            "body" | "$" => Node::Field(Field::body()),
            "attributes" => Node::Field(Field::attributes()),
            "resource" => Node::Field(Field::new(Root::Resource, Vec::new())),
            "severity" => Node::Severity,
            "severity_text" => Node::SeverityText,
            "timestamp" => {
                self.at = place;
                return Err(self.error("`timestamp` is not available in expressions here"));
            }
            _ if self.word() == "(" => self.call(name, Vec::new())?,
            // As upstream: what nobody knows is nil.
            _ => Node::Literal(Value::Null),
        })
    }

    fn call(&mut self, name: &str, mut arguments: Vec<Node>) -> Result<Node, ExprError> {
        let place = self.tokens[self.at.saturating_sub(1)].1;
        self.expect("(")?;
        arguments.extend(self.items(")")?);
        let function = Function::named(name).ok_or_else(|| {
            let known = Function::names().join(", ");
            ExprError::new(
                place,
                format!("there is no function `{name}` here; there are {known}"),
            )
        })?;
        if !function.takes(arguments.len()) {
            let count = arguments.len();
            return Err(ExprError::new(
                place,
                format!("`{name}` does not take {count} arguments"),
            ));
        }
        Ok(function.node(arguments))
    }

    fn items(&mut self, end: &str) -> Result<Vec<Node>, ExprError> {
        let mut items = Vec::new();
        while !self.takes(end) {
            items.push(self.expression(0)?);
            if !self.takes(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(items)
    }

    fn map(&mut self) -> Result<Node, ExprError> {
        let mut entries = Vec::new();
        while !self.takes("}") {
            let key = match self.next() {
                Token::Name(name) | Token::Text(name) => name,
                Token::Int(number) => number.to_string(),
                other => return Err(self.error(format!("{} is no key", shown(&other)))),
            };
            self.expect(":")?;
            entries.push((key, self.expression(0)?));
            if !self.takes(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Node::Map(entries))
    }

    fn postfix(&mut self, mut node: Node) -> Result<Node, ExprError> {
        let mut steps = 0;
        loop {
            steps += 1;
            if steps > MAX_DEPTH {
                return Err(self.error("expression is nested too deep"));
            }
            let lenient = self.takes("?.");
            if lenient && self.takes("[") {
                let key = self.expression(0)?;
                self.expect("]")?;
                node = index(node, key, true);
            } else if lenient || self.takes(".") {
                let Token::Name(name) = self.next() else {
                    self.at -= 1;
                    return Err(self.error("expected a name after `.`"));
                };
                if self.word() == "(" {
                    return Err(self.error(format!("there is no method `{name}` here")));
                }
                node = index(node, Node::Literal(Value::from(name)), lenient);
            } else if self.takes("[") {
                node = self.index_or_slice(node)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn index_or_slice(&mut self, node: Node) -> Result<Node, ExprError> {
        let from = if self.word() == ":" {
            None
        } else {
            Some(self.expression(0)?)
        };
        if self.takes(":") {
            let to = if self.word() == "]" {
                None
            } else {
                Some(Box::new(self.expression(0)?))
            };
            self.expect("]")?;
            return Ok(Node::Slice {
                of: Box::new(node),
                from: from.map(Box::new),
                to,
            });
        }
        self.expect("]")?;
        match from {
            Some(key) => Ok(index(node, key, false)),
            None => Err(self.error("expected an index")),
        }
    }
}

/// An index; below a root, constant keys become part of the field.
fn index(of: Node, key: Node, lenient: bool) -> Node {
    match (of, key) {
        // Nil below the root itself is no error: the root is always a map. The body is only one
        // if it was parsed.
        (Node::Field(field), Node::Literal(Value::Str(key)))
            if field.keys().is_empty() && field.root() != Root::Body =>
        {
            Node::Field(Field::new(field.root(), vec![key.into_owned()]))
        }
        (of, key) => Node::Index {
            of: Box::new(of),
            key: Box::new(key),
            lenient,
        },
    }
}

fn combine(operator: Binary, left: Node, right: Node, at: usize) -> Result<Node, ExprError> {
    if operator == Binary::Matches
        && let Node::Literal(Value::Str(pattern)) = &right
    {
        let regex = headwater_regexp::compile(pattern)
            .map_err(|error| ExprError::new(at, format!("invalid pattern {pattern:?}: {error}")))?;
        return Ok(Node::Matches(Box::new(left), regex));
    }
    Ok(Node::Binary(operator, Box::new(left), Box::new(right)))
}
