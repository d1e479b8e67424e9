//! From words to a tree, by binding powers as in the reference implementation.

use super::functions;
use super::lex::{Token, error, tokens};
use super::{Comparison, Node, SyntaxError};

/// How deep expressions may nest.
const MAX_DEPTH: usize = 64;

const FLATTEN: u8 = 9;
const STAR: u8 = 20;
const FILTER: u8 = 21;
const DOT: u8 = 40;
const NOT: u8 = 45;
const REFERENCE: u8 = 60;

/// Words that bind weaker than this end what is done to each item of a list.
const PROJECTION_STOP: u8 = 10;

pub(super) fn parse(text: &str) -> Result<Node, SyntaxError> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let node = parser.expression(0)?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => Err(parser.unexpected()),
    }
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
}

fn power(token: &Token) -> u8 {
    match token {
        Token::Letter('|') => 1,
        Token::Or => 2,
        Token::And => 3,
        Token::Equal
        | Token::NotEqual
        | Token::LessOrEqual
        | Token::GreaterOrEqual
        | Token::Letter('<' | '>') => 5,
        Token::Flatten => FLATTEN,
        Token::Letter('*') => STAR,
        Token::FilterOpen => FILTER,
        Token::Letter('.') => DOT,
        Token::Letter('!') => NOT,
        Token::Letter('{') => 50,
        Token::Letter('[') => 55,
        Token::Letter('(') => 60,
        _ => 0,
    }
}

fn boxed(node: Node) -> Box<Node> {
    Box::new(node)
}

impl Parser {
    fn peek(&self) -> &Token {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> &Token {
        self.tokens
            .get(self.at + ahead)
            .map_or(&Token::End, |(token, _)| token)
    }

    fn place(&self) -> usize {
        let last = self.tokens.len().saturating_sub(1);
        self.tokens.get(self.at.min(last)).map_or(0, |(_, at)| *at)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn unexpected(&self) -> SyntaxError {
        let message = match self.peek() {
            Token::End => "unexpected end".to_owned(),
            Token::Name(name) => format!("unexpected `{name}`"),
            Token::Letter(c) => format!("unexpected `{c}`"),
            _ => "unexpected token".to_owned(),
        };
        error(self.place(), &message)
    }

    fn expect(&mut self, c: char) -> Result<(), SyntaxError> {
        if *self.peek() == Token::Letter(c) {
            self.at += 1;
            return Ok(());
        }
        let found = self.unexpected();
        Err(error(
            found.at,
            &format!("{}, expected `{c}`", found.message),
        ))
    }

    fn take(&mut self, c: char) -> bool {
        let taken = *self.peek() == Token::Letter(c);
        self.at += usize::from(taken);
        taken
    }

    fn expression(&mut self, binds: u8) -> Result<Node, SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(error(self.place(), "nested too deep"));
        }
        let mut left = self.begin()?;
        while binds < power(self.peek()) {
            left = self.go_on(left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// What an expression begins with.
    fn begin(&mut self) -> Result<Node, SyntaxError> {
        let unexpected = self.unexpected();
        Ok(match self.next() {
            Token::Literal(value) => Node::Literal(value),
            Token::Name(name) => Node::Field(name),
            Token::Quoted(name) => {
                if *self.peek() == Token::Letter('(') {
                    return Err(error(self.place(), "a function's name is not quoted"));
                }
                Node::Field(name)
            }
            Token::Letter('*') => {
                let each = match self.peek() {
                    Token::Letter(']') => Node::Current,
                    _ => self.projected(STAR)?,
                };
                Node::ProjectValues(boxed(Node::Current), boxed(each))
            }
            Token::FilterOpen => self.filter(Node::Current)?,
            Token::Letter('{') => self.hash()?,
            Token::Letter('(') => {
                let inner = self.expression(0)?;
                self.expect(')')?;
                inner
            }
            Token::Flatten => {
                let each = self.projected(FLATTEN)?;
                Node::Project(boxed(Node::Flatten(boxed(Node::Current))), boxed(each))
            }
            Token::Letter('!') => Node::Not(boxed(self.expression(NOT)?)),
            Token::Letter('[') => match (self.peek(), self.peek_at(1)) {
                (Token::Number(_) | Token::Letter(':'), _) => self.index(Node::Current)?,
                (Token::Letter('*'), Token::Letter(']')) => {
                    self.at += 2;
                    Node::Project(boxed(Node::Current), boxed(self.projected(STAR)?))
                }
                _ => self.list()?,
            },
            Token::Letter('@') => Node::Current,
            Token::Letter('&') => Node::Reference(boxed(self.expression(REFERENCE)?)),
            _ => return Err(unexpected),
        })
    }

    /// What follows `left`.
    fn go_on(&mut self, left: Node) -> Result<Node, SyntaxError> {
        let unexpected = self.unexpected();
        let place = self.place();
        let token = self.next();
        let binds = power(&token);
        Ok(match token {
            Token::Letter('.') => {
                if self.take('*') {
                    let each = self.projected(STAR)?;
                    Node::ProjectValues(boxed(left), boxed(each))
                } else {
                    Node::Then(boxed(left), boxed(self.behind_dot(DOT)?))
                }
            }
            Token::Letter('|') => Node::Then(boxed(left), boxed(self.expression(binds)?)),
            Token::Or => Node::Or(boxed(left), boxed(self.expression(binds)?)),
            Token::And => Node::And(boxed(left), boxed(self.expression(binds)?)),
            Token::Letter('(') => self.call(left, place)?,
            Token::FilterOpen => self.filter(left)?,
            Token::Equal => self.compare(Comparison::Equal, left, binds)?,
            Token::NotEqual => self.compare(Comparison::NotEqual, left, binds)?,
            Token::LessOrEqual => self.compare(Comparison::LessOrEqual, left, binds)?,
            Token::GreaterOrEqual => self.compare(Comparison::GreaterOrEqual, left, binds)?,
            Token::Letter('<') => self.compare(Comparison::Less, left, binds)?,
            Token::Letter('>') => self.compare(Comparison::Greater, left, binds)?,
            Token::Flatten => {
                let each = self.projected(FLATTEN)?;
                Node::Project(boxed(Node::Flatten(boxed(left))), boxed(each))
            }
            Token::Letter('[') => match self.peek() {
                Token::Number(_) | Token::Letter(':') => self.index(left)?,
                _ => {
                    self.expect('*')?;
                    self.expect(']')?;
                    Node::Project(boxed(left), boxed(self.projected(STAR)?))
                }
            },
            _ => return Err(unexpected),
        })
    }

    fn compare(&mut self, how: Comparison, left: Node, binds: u8) -> Result<Node, SyntaxError> {
        let right = self.expression(binds)?;
        Ok(Node::Compare(how, boxed(left), boxed(right)))
    }

    /// What is done to each item of a projection.
    fn projected(&mut self, binds: u8) -> Result<Node, SyntaxError> {
        if power(self.peek()) < PROJECTION_STOP {
            return Ok(Node::Current);
        }
        match self.peek() {
            Token::Letter('[') | Token::FilterOpen => self.expression(binds),
            Token::Letter('.') => {
                self.at += 1;
                self.behind_dot(binds)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn behind_dot(&mut self, binds: u8) -> Result<Node, SyntaxError> {
        match self.peek() {
            Token::Name(_) | Token::Quoted(_) | Token::Letter('*') => self.expression(binds),
            Token::Letter('[') => {
                self.at += 1;
                self.list()
            }
            Token::Letter('{') => {
                self.at += 1;
                self.hash()
            }
            _ => Err(self.unexpected()),
        }
    }

    fn filter(&mut self, of: Node) -> Result<Node, SyntaxError> {
        let condition = self.expression(0)?;
        self.expect(']')?;
        let each = match self.peek() {
            Token::Flatten => Node::Current,
            _ => self.projected(FILTER)?,
        };
        Ok(Node::Filter {
            of: boxed(of),
            condition: boxed(condition),
            each: boxed(each),
        })
    }

    /// `[1]` or `[1:2:3]`, behind the bracket.
    fn index(&mut self, left: Node) -> Result<Node, SyntaxError> {
        let mut bounds = [None; 3];
        let mut part = 0;
        loop {
            match self.next() {
                Token::Number(number) if bounds[part].is_none() => bounds[part] = Some(number),
                Token::Letter(':') if part < 2 => part += 1,
                Token::Letter(']') => break,
                _ => {
                    self.at -= 1;
                    return Err(self.unexpected());
                }
            }
        }
        if let (0, Some(index)) = (part, bounds[0]) {
            return Ok(Node::Then(boxed(left), boxed(Node::Index(index))));
        }
        if bounds[2] == Some(0) {
            return Err(error(self.place(), "the step of a slice cannot be 0"));
        }
        let slice = Node::Then(boxed(left), boxed(Node::Slice(bounds)));
        Ok(Node::Project(boxed(slice), boxed(self.projected(STAR)?)))
    }

    fn list(&mut self) -> Result<Node, SyntaxError> {
        let mut items = Vec::new();
        loop {
            items.push(self.expression(0)?);
            if !self.take(',') {
                break;
            }
        }
        self.expect(']')?;
        Ok(Node::List(items))
    }

    fn hash(&mut self) -> Result<Node, SyntaxError> {
        let mut entries = Vec::new();
        loop {
            let unexpected = self.unexpected();
            let (Token::Name(key) | Token::Quoted(key)) = self.next() else {
                return Err(unexpected);
            };
            self.expect(':')?;
            entries.push((key, self.expression(0)?));
            if !self.take(',') {
                break;
            }
        }
        self.expect('}')?;
        Ok(Node::Hash(entries))
    }

    fn call(&mut self, left: Node, place: usize) -> Result<Node, SyntaxError> {
        let Node::Field(name) = left else {
            return Err(error(place, "unexpected `(`"));
        };
        let mut arguments = Vec::new();
        if !self.take(')') {
            loop {
                arguments.push(self.expression(0)?);
                if !self.take(',') {
                    break;
                }
            }
            self.expect(')')?;
        }
        let function = functions::find(&name, arguments.len());
        let function = function.map_err(|message| error(place, &message))?;
        Ok(Node::Call(function, arguments))
    }
}
