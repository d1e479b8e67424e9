//! The words of an expression.

use headwater_logs::Value;

use super::SyntaxError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Quoted(String),
    Number(i64),
    Literal(Value<'static>),
    /// `[?`
    FilterOpen,
    /// `[]`
    Flatten,
    Equal,
    NotEqual,
    LessOrEqual,
    GreaterOrEqual,
    And,
    Or,
    /// One of the letters that mean something alone.
    Letter(char),
    End,
}

/// Splits an expression into words, each with its place.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, SyntaxError> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let begin = at;
        let next = bytes.get(at + 1).copied();
        let (token, length) = match (byte, next) {
            (b' ' | b'\t' | b'\n' | b'\r', _) => {
                at += 1;
                continue;
            }
            (b'[', Some(b'?')) => (Token::FilterOpen, 2),
            (b'[', Some(b']')) => (Token::Flatten, 2),
            (b'=', Some(b'=')) => (Token::Equal, 2),
            (b'!', Some(b'=')) => (Token::NotEqual, 2),
            (b'<', Some(b'=')) => (Token::LessOrEqual, 2),
            (b'>', Some(b'=')) => (Token::GreaterOrEqual, 2),
            (b'&', Some(b'&')) => (Token::And, 2),
            (b'|', Some(b'|')) => (Token::Or, 2),
            (
                b'.' | b'*' | b'[' | b']' | b'{' | b'}' | b'(' | b')' | b',' | b':' | b'@' | b'&'
                | b'|' | b'!' | b'<' | b'>',
                _,
            ) => (Token::Letter(char::from(byte)), 1),
            (b'"', _) => quoted(text, at)?,
            (b'\'', _) => raw(text, at)?,
            (b'`', _) => literal(text, at)?,
            (b'-' | b'0'..=b'9', _) => {
                let digits = text[at + 1..]
                    .bytes()
                    .take_while(u8::is_ascii_digit)
                    .count();
                let number = text[at..=at + digits].parse();
                let number = number.map_err(|_| error(at, "invalid number"))?;
                (Token::Number(number), digits + 1)
            }
            (b'a'..=b'z' | b'A'..=b'Z' | b'_', _) => {
                let letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
                let length = text[at..].bytes().take_while(letter).count();
                (Token::Name(text[at..at + length].to_owned()), length)
            }
            _ => {
                let c = text[at..].chars().next().unwrap_or(' ');
                let hint = "; a name with other letters is written in double quotes";
                return Err(error(at, &format!("unexpected {c:?}{hint}")));
            }
        };
        tokens.push((token, begin));
        at += length;
    }
    tokens.push((Token::End, text.len()));
    Ok(tokens)
}

pub(super) fn error(at: usize, message: &str) -> SyntaxError {
    SyntaxError {
        at,
        message: message.to_owned(),
    }
}

/// Where the text ends that `quote` began at `at`.
fn end(text: &str, at: usize, quote: u8) -> Result<usize, SyntaxError> {
    let bytes = text.as_bytes();
    let mut end = at + 1;
    loop {
        match bytes.get(end) {
            None => return Err(error(at, &format!("unclosed {}", char::from(quote)))),
            Some(byte) if *byte == quote => return Ok(end),
            Some(b'\\') => end += 2,
            Some(_) => end += 1,
        }
    }
}

fn quoted(text: &str, at: usize) -> Result<(Token, usize), SyntaxError> {
    let end = end(text, at, b'"')?;
    match headwater_logs::parse_json(&text[at..=end], false) {
        Ok(Value::Str(name)) => Ok((Token::Quoted(name.into_owned()), end + 1 - at)),
        _ => Err(error(at, "invalid quoted name")),
    }
}

fn raw(text: &str, at: usize) -> Result<(Token, usize), SyntaxError> {
    let end = end(text, at, b'\'')?;
    let value = text[at + 1..end].replace("\\'", "'");
    Ok((Token::Literal(Value::from(value)), end + 1 - at))
}

fn literal(text: &str, at: usize) -> Result<(Token, usize), SyntaxError> {
    let end = end(text, at, b'`')?;
    let inner = text[at + 1..end].trim_start().replace("\\`", "`");
    // A literal that is no JSON is a string without quotes.
    let value = headwater_logs::parse_json(&inner, false)
        .map(Value::into_owned)
        .or_else(|_| {
            let quoted = format!("\"{inner}\"");
            headwater_logs::parse_json(&quoted, false).map(Value::into_owned)
        });
    match value {
        Ok(value) => Ok((Token::Literal(value), end + 1 - at)),
        Err(_) => Err(error(at, "invalid literal")),
    }
}
