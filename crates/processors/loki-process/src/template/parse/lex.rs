//! From the text to pieces of text and actions, and an action's words.

use super::ParseError;

/// A piece of a template.
pub(super) enum Piece<'t> {
    Text(&'t str),
    Action(Lexer<'t>),
}

/// A word of an action.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// `.`, with fields behind it or not.
    Dot,
    /// `(`
    Open,
    Str(String),
    Int(i64),
    Float(f64),
    /// With its `$`.
    Variable(String),
    Word(&'t str),
}

/// Words with a meaning of their own.
const KEYWORDS: &[&str] = &[
    "if", "else", "end", "range", "with", "define", "block", "template", "break", "continue",
];

/// Splits a template.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, ParseError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut line = 1;
    let mut trim = false;
    loop {
        let open = rest.find("{{");
        let mut literal = &rest[..open.unwrap_or(rest.len())];
        let lines = literal.matches('\n').count();
        if trim {
            literal = literal.trim_start_matches([' ', '\t', '\r', '\n']);
        }
        let Some(open) = open else {
            if !literal.is_empty() {
                pieces.push(Piece::Text(literal));
            }
            return Ok(pieces);
        };
        line += lines;
        let mut action = &rest[open + 2..];
        let trims = action
            .strip_prefix('-')
            .filter(|inner| inner.starts_with([' ', '\t', '\r', '\n']));
        if let Some(inner) = trims {
            action = inner;
            literal = literal.trim_end_matches([' ', '\t', '\r', '\n']);
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        let (inner, after, trim_after) = close(action, line)?;
        trim = trim_after;
        let is_comment = inner.trim_start().starts_with("/*");
        if !is_comment {
            pieces.push(Piece::Action(Lexer { rest: inner, line }));
        }
        line += action[..action.len() - after.len()].matches('\n').count();
        rest = after;
    }
}

/// The inside of an action, what follows it, and whether space there is left out.
fn close(action: &str, line: usize) -> Result<(&str, &str, bool), ParseError> {
    let error = |message: &str| ParseError {
        line,
        message: message.to_owned(),
    };
    let bytes = action.as_bytes();
    if action.trim_start().starts_with("/*") {
        let end = action.find("*/").ok_or_else(|| error("unclosed comment"))?;
        let behind = action[end + 2..].trim_start();
        let trims = behind.len() < action.len() - end - 2;
        if let Some(after) = behind.strip_prefix("-}}").filter(|_| trims) {
            return Ok((&action[..end + 2], after, true));
        }
        let after = action[end + 2..].strip_prefix("}}");
        let after = after.ok_or_else(|| error("comment ends before closing delimiter"))?;
        return Ok((&action[..end + 2], after, false));
    }
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' | b'\'' => {
                let quote = bytes[at];
                at += 1;
                while bytes.get(at).is_some_and(|byte| *byte != quote) {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                if at >= bytes.len() {
                    return Err(error("unterminated quoted string"));
                }
            }
            b'`' => {
                let end = action[at + 1..].find('`');
                at += 1 + end.ok_or_else(|| error("unterminated raw quoted string"))?;
            }
            b'}' if bytes.get(at + 1) == Some(&b'}') => {
                let after = &action[at + 2..];
                let inner = &action[..at];
                let trimmed = inner
                    .strip_suffix('-')
                    .filter(|rest| rest.ends_with([' ', '\t', '\r', '\n']));
                return Ok(match trimmed {
                    Some(inner) => (inner, after, true),
                    None => (inner, after, false),
                });
            }
            _ => {}
        }
        at += 1;
    }
    Err(error("unclosed action"))
}

/// The words of one action.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Lexer<'t> {
    pub(super) const fn line(&self) -> usize {
        self.line
    }

    pub(super) fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError {
            line: self.line,
            message: message.into(),
        }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    /// The keyword that comes next.
    pub(super) fn keyword(&mut self) -> Option<&'static str> {
        self.skip_space();
        let word = word(self.rest);
        KEYWORDS.iter().find(|keyword| **keyword == word).copied()
    }

    pub(super) fn skip_word(&mut self, word: &str) {
        self.skip_space();
        self.rest = self.rest.strip_prefix(word).unwrap_or(self.rest);
    }

    pub(super) fn is_done(&mut self) -> bool {
        self.skip_space();
        self.rest.is_empty()
    }

    pub(super) fn end(&mut self) -> Result<(), ParseError> {
        if self.is_done() {
            return Ok(());
        }
        Err(self.error(format!("unexpected {:?} in action", self.rest)))
    }

    pub(super) fn at(&mut self, c: char) -> bool {
        self.skip_space();
        self.rest.starts_with(c)
    }

    pub(super) fn take(&mut self, c: char) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// The variables that the pipeline is assigned to, and whether they are new.
    pub(super) fn assignment(&mut self) -> (Vec<String>, bool) {
        let mut ahead = self.clone();
        let mut names = Vec::new();
        loop {
            ahead.skip_space();
            let Some(inner) = ahead.rest.strip_prefix('$') else {
                return (Vec::new(), false);
            };
            let name = word(inner);
            names.push(format!("${name}"));
            ahead.rest = &inner[name.len()..];
            ahead.skip_space();
            if let Some(rest) = ahead.rest.strip_prefix(":=") {
                self.rest = rest;
                return (names, true);
            }
            if let Some(rest) = ahead.rest.strip_prefix('=') {
                self.rest = rest;
                return (names, false);
            }
            match ahead.rest.strip_prefix(',') {
                Some(rest) if names.len() < 2 => ahead.rest = rest,
                _ => return (Vec::new(), false),
            }
        }
    }

    /// A string, which must come.
    pub(super) fn string(&mut self) -> Result<String, ParseError> {
        match self.token()? {
            Token::Str(text) => Ok(text),
            _ => Err(self.error("expected the name of a template in quotes")),
        }
    }

    /// The next word.
    pub(super) fn token(&mut self) -> Result<Token<'t>, ParseError> {
        self.skip_space();
        let rest = self.rest;
        let Some(c) = rest.chars().next() else {
            return Err(self.error("unexpected end of action"));
        };
        match c {
            '(' => {
                self.rest = &rest[1..];
                Ok(Token::Open)
            }
            '"' => self.quoted(),
            '\'' => self.character(),
            '`' => {
                let end = rest[1..].find('`').map_or(rest.len(), |end| end + 1);
                self.rest = rest.get(end + 1..).unwrap_or("");
                Ok(Token::Str(rest[1..end].to_owned()))
            }
            '$' => {
                let name = word(&rest[1..]);
                self.rest = &rest[1 + name.len()..];
                Ok(Token::Variable(format!("${name}")))
            }
            '.' if !rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                // Fields follow without a space.
                if rest[1..].starts_with(is_letter) {
                    return Ok(Token::Dot);
                }
                self.rest = &rest[1..];
                Ok(Token::Dot)
            }
            '0'..='9' | '+' | '-' | '.' => self.number(),
            c if is_letter(c) => {
                let word = word(rest);
                self.rest = &rest[word.len()..];
                Ok(Token::Word(word))
            }
            c => Err(self.error(format!("unexpected {c:?} in operand"))),
        }
    }

    /// `.a.b` directly behind a word.
    pub(super) fn fields(&mut self) -> Vec<String> {
        let mut fields = Vec::new();
        while let Some(inner) = self.rest.strip_prefix('.') {
            let name = word(inner);
            if name.is_empty() {
                break;
            }
            fields.push(name.to_owned());
            self.rest = &inner[name.len()..];
        }
        fields
    }

    fn quoted(&mut self) -> Result<Token<'t>, ParseError> {
        let bytes = self.rest.as_bytes();
        let mut end = 1;
        while bytes.get(end).is_some_and(|byte| *byte != b'"') {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let text = crate::unquote::unquote(self.rest.get(1..end).unwrap_or(""));
        self.rest = self.rest.get(end + 1..).unwrap_or("");
        match text {
            Some(text) => Ok(Token::Str(text)),
            None => Err(self.error("invalid escape in string")),
        }
    }

    fn character(&mut self) -> Result<Token<'t>, ParseError> {
        let inner = &self.rest[1..];
        let skip = if inner.starts_with('\\') { 2 } else { 1 };
        let end = inner.char_indices().skip(skip).find(|(_, c)| *c == '\'');
        let Some((end, _)) = end else {
            return Err(self.error("malformed character constant"));
        };
        let text = crate::unquote::unquote(&inner[..end]);
        self.rest = &inner[end + 1..];
        let mut letters = text.as_deref().unwrap_or("").chars();
        match (letters.next(), letters.next()) {
            (Some(c), None) => Ok(Token::Int(i64::from(u32::from(c)))),
            _ => Err(self.error("malformed character constant")),
        }
    }

    fn number(&mut self) -> Result<Token<'t>, ParseError> {
        let end = self
            .rest
            .char_indices()
            .position(|(at, c)| {
                let sign =
                    matches!(c, '+' | '-') && (at == 0 || self.rest[..at].ends_with(['e', 'E']));
                !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || sign)
            })
            .unwrap_or(self.rest.len());
        let text = &self.rest[..end];
        self.rest = &self.rest[end..];
        let plain = text.replace('_', "");
        let digits = plain.trim_start_matches(['+', '-']);
        let radix = |prefix: &str, radix| {
            let digits = digits.strip_prefix(prefix)?;
            i64::from_str_radix(digits, radix).ok()
        };
        let whole = radix("0x", 16)
            .or_else(|| radix("0X", 16))
            .or_else(|| radix("0b", 2))
            .or_else(|| radix("0o", 8))
            .map(|value| {
                if plain.starts_with('-') {
                    -value
                } else {
                    value
                }
            })
            .or_else(|| plain.parse().ok());
        if let Some(value) = whole {
            return Ok(Token::Int(value));
        }
        match plain.parse() {
            Ok(value) if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
                Ok(Token::Float(value))
            }
            _ => Err(self.error(format!("bad number syntax: {text:?}"))),
        }
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// The letters, digits and underscores that a text begins with.
fn word(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    &text[..end]
}
