//! From the text to the tree.

mod lex;

use std::fmt;

use super::functions::{self, Function};
use lex::{Lexer, Piece, Token};

/// How deep actions and parentheses may nest.
const MAX_DEPTH: usize = 50;

/// What is wrong with a template, and in which line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParseError {
    line: usize,
    message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

/// A part of a template.
#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    /// Shown unless it sets a variable.
    Action(Pipe),
    If {
        condition: Pipe,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    With {
        value: Pipe,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Range {
        list: Pipe,
        each: Vec<Node>,
        otherwise: Vec<Node>,
    },
    /// Another template by name.
    Call {
        name: String,
        with: Option<Pipe>,
    },
    Break,
    Continue,
}

/// Commands, each with the value of the one before as its last argument.
#[derive(Debug)]
pub(super) struct Pipe {
    /// Variables that are set: one, or two of `range`.
    pub(super) variables: Vec<String>,
    /// Whether they are new.
    pub(super) declares: bool,
    pub(super) commands: Vec<Vec<Operand>>,
}

/// A word of a command.
#[derive(Debug)]
pub(super) enum Operand {
    Dot,
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    Function(&'static Function),
    Variable(String),
    Pipe(Box<Pipe>),
    /// Fields of what stands before.
    Fields(Box<Operand>, Vec<String>),
}

/// A keyword and its line.
type Word = (&'static str, usize);

/// The body and the templates that it defines.
pub(super) type Parsed = (Vec<Node>, Vec<(String, Vec<Node>)>);

pub(super) fn parse(text: &str) -> Result<Parsed, ParseError> {
    let mut parser = Parser {
        pieces: lex::pieces(text)?.into_iter(),
        named: Vec::new(),
        scopes: vec!["$".to_owned()],
        depth: 0,
        loops: 0,
    };
    let (body, end) = parser.nodes()?;
    if let Some((word, line)) = end {
        return Err(ParseError {
            line,
            message: format!("unexpected {{{{{word}}}}}"),
        });
    }
    Ok((body, parser.named))
}

struct Parser<'t> {
    pieces: std::vec::IntoIter<Piece<'t>>,
    named: Vec<(String, Vec<Node>)>,
    /// Variables that are known here.
    scopes: Vec<String>,
    depth: usize,
    loops: usize,
}

/// The `end`, `else` or `else if` that ended a list of nodes.
struct Ending<'t> {
    nodes: Vec<Node>,
    word: &'static str,
    rest: Option<Lexer<'t>>,
}

impl<'t> Parser<'t> {
    /// Nodes up to the end of the text, or to a word that ends them.
    fn nodes(&mut self) -> Result<(Vec<Node>, Option<Word>), ParseError> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            match piece {
                Piece::Text(text) => nodes.push(Node::Text(text.to_owned())),
                Piece::Action(mut lexer) => {
                    let line = lexer.line();
                    if let Some(word @ ("end" | "else")) = lexer.keyword() {
                        return Ok((nodes, Some((word, line))));
                    }
                    self.action(lexer, &mut nodes)?;
                }
            }
        }
        Ok((nodes, None))
    }

    /// The body of a block: nodes up to `end` or `else`.
    fn block(&mut self, of: &Lexer<'t>) -> Result<Ending<'t>, ParseError> {
        let known = self.scopes.len();
        let mut nodes = Vec::new();
        let ending = loop {
            match self.pieces.next() {
                None => return Err(of.error("unexpected EOF: `{{end}}` is missing")),
                Some(Piece::Text(text)) => nodes.push(Node::Text(text.to_owned())),
                Some(Piece::Action(mut lexer)) => match lexer.keyword() {
                    Some("end") => break ("end", None),
                    Some("else") => {
                        lexer.skip_word("else");
                        break ("else", Some(lexer));
                    }
                    _ => self.action(lexer, &mut nodes)?,
                },
            }
        };
        self.scopes.truncate(known);
        Ok(Ending {
            nodes,
            word: ending.0,
            rest: ending.1,
        })
    }

    fn action(&mut self, mut lexer: Lexer<'t>, nodes: &mut Vec<Node>) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(lexer.error("nested too deep"));
        }
        match lexer.keyword() {
            Some(word @ ("if" | "with" | "range")) => {
                lexer.skip_word(word);
                let node = self.branch(word, lexer)?;
                nodes.push(node);
            }
            Some(word @ ("break" | "continue")) => {
                if self.loops == 0 {
                    return Err(lexer.error(format!("{{{{{word}}}}} outside {{{{range}}}}")));
                }
                nodes.push(if word == "break" {
                    Node::Break
                } else {
                    Node::Continue
                });
            }
            Some(word @ ("define" | "block")) => {
                lexer.skip_word(word);
                let name = lexer.string()?;
                let with = match word {
                    "block" => Some(self.pipe(&mut lexer)?),
                    _ => None,
                };
                lexer.end()?;
                let outer = std::mem::replace(&mut self.scopes, vec!["$".to_owned()]);
                let body = self.block(&lexer)?;
                self.scopes = outer;
                if body.word != "end" {
                    return Err(lexer.error("unexpected {{else}} in define"));
                }
                self.named.retain(|(known, _)| *known != name);
                self.named.push((name.clone(), body.nodes));
                if with.is_some() {
                    nodes.push(Node::Call { name, with });
                }
            }
            Some("template") => {
                lexer.skip_word("template");
                let name = lexer.string()?;
                let with = match lexer.is_done() {
                    true => None,
                    false => Some(self.pipe(&mut lexer)?),
                };
                lexer.end()?;
                nodes.push(Node::Call { name, with });
            }
            _ => {
                let pipe = self.pipe(&mut lexer)?;
                lexer.end()?;
                if !pipe.variables.is_empty() && pipe.declares {
                    self.scopes.extend(pipe.variables.iter().cloned());
                }
                nodes.push(Node::Action(pipe));
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn branch(&mut self, word: &'static str, mut lexer: Lexer<'t>) -> Result<Node, ParseError> {
        let known = self.scopes.len();
        let pipe = self.pipe(&mut lexer)?;
        lexer.end()?;
        if pipe.declares {
            self.scopes.extend(pipe.variables.iter().cloned());
        }
        if word == "range" {
            self.loops += 1;
        }
        let body = self.block(&lexer)?;
        if word == "range" {
            self.loops -= 1;
        }
        let mut otherwise = Vec::new();
        if let Some(mut rest) = body.rest {
            match rest.keyword() {
                // `{{else if}}` has no `{{end}}` of its own.
                Some(inner @ ("if" | "with")) if inner == word => {
                    rest.skip_word(inner);
                    otherwise.push(self.branch(inner, rest)?);
                }
                _ => {
                    rest.end()?;
                    let other = self.block(&lexer)?;
                    if other.word != "end" {
                        return Err(lexer.error("expected end; found {{else}}"));
                    }
                    otherwise = other.nodes;
                }
            }
        }
        self.scopes.truncate(known);
        let then = body.nodes;
        Ok(match word {
            "if" => Node::If {
                condition: pipe,
                then,
                otherwise,
            },
            "with" => Node::With {
                value: pipe,
                then,
                otherwise,
            },
            _ => Node::Range {
                list: pipe,
                each: then,
                otherwise,
            },
        })
    }

    fn pipe(&mut self, lexer: &mut Lexer<'t>) -> Result<Pipe, ParseError> {
        let (variables, declares) = lexer.assignment();
        let mut commands = Vec::new();
        loop {
            let command = self.command(lexer)?;
            if command.is_empty() {
                return Err(lexer.error("missing value for command"));
            }
            if matches!(command[0], Operand::Nil) {
                return Err(lexer.error("nil is not a command"));
            }
            if !commands.is_empty() && !matches!(command[0], Operand::Function(_)) {
                return Err(lexer.error("non executable command in pipeline"));
            }
            if command.len() > 1 && !matches!(command[0], Operand::Function(_)) {
                return Err(lexer.error("can't give argument to non-function"));
            }
            commands.push(command);
            if !lexer.take('|') {
                break;
            }
        }
        if !declares {
            for name in &variables {
                if !self.scopes.contains(name) {
                    return Err(lexer.error(format!("undefined variable \"{name}\"")));
                }
            }
        }
        Ok(Pipe {
            variables,
            declares,
            commands,
        })
    }

    fn command(&mut self, lexer: &mut Lexer<'t>) -> Result<Vec<Operand>, ParseError> {
        let mut operands = Vec::new();
        while !lexer.is_done() && !lexer.at('|') && !lexer.at(')') {
            operands.push(self.operand(lexer)?);
        }
        Ok(operands)
    }

    fn operand(&mut self, lexer: &mut Lexer<'t>) -> Result<Operand, ParseError> {
        let operand = match lexer.token()? {
            Token::Dot => Operand::Dot,
            Token::Open => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(lexer.error("nested too deep"));
                }
                let pipe = self.pipe(lexer)?;
                if !lexer.take(')') {
                    return Err(lexer.error("unclosed left paren"));
                }
                self.depth -= 1;
                Operand::Pipe(Box::new(pipe))
            }
            Token::Str(text) => Operand::Str(text),
            Token::Int(value) => Operand::Int(value),
            Token::Float(value) => Operand::Float(value),
            Token::Variable(name) => {
                if !self.scopes.contains(&name) {
                    return Err(lexer.error(format!("undefined variable \"{name}\"")));
                }
                Operand::Variable(name)
            }
            Token::Word("nil") => Operand::Nil,
            Token::Word("true") => Operand::Bool(true),
            Token::Word("false") => Operand::Bool(false),
            Token::Word(name) => match functions::find(name) {
                Ok(function) => Operand::Function(function),
                Err(message) => return Err(lexer.error(message)),
            },
        };
        let fields = lexer.fields();
        if fields.is_empty() {
            return Ok(operand);
        }
        match operand {
            Operand::Dot | Operand::Variable(_) | Operand::Pipe(_) => {
                Ok(Operand::Fields(Box::new(operand), fields))
            }
            _ => Err(lexer.error("unexpected . after term")),
        }
    }
}
