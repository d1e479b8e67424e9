//! Trees as text.

use std::fmt::{self, Display, Formatter, Write as _};

use super::{
    Argument, ArgumentValue, Call, Compare, Comparison, Condition, Field, Key, Operator, Path,
    Statement, Value, ValueKind,
};

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.editor.fmt(f)?;
        match &self.condition {
            Some(condition) => write!(f, " where {condition}"),
            None => Ok(()),
        }
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(all) => write_joined(f, all, " or ", |_| false),
            Self::And(all) => write_joined(f, all, " and ", |part| matches!(part, Self::Or(_))),
            Self::Not(inner, _) => match **inner {
                Self::Or(_) | Self::And(_) | Self::Not(..) => write!(f, "not ({inner})"),
                _ => write!(f, "not {inner}"),
            },
            Self::Compare(comparison) => comparison.fmt(f),
            Self::Literal(value, _) => value.fmt(f),
            Self::Call(call) => call.fmt(f),
        }
    }
}

fn write_joined(
    f: &mut Formatter<'_>,
    all: &[Condition],
    between: &str,
    in_brackets: impl Fn(&Condition) -> bool,
) -> fmt::Result {
    for (index, part) in all.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        if in_brackets(part) {
            write!(f, "({part})")?;
        } else {
            part.fmt(f)?;
        }
    }
    Ok(())
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, self.operator, self.right)
    }
}

impl Display for Compare {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char(match self {
            Self::Add => '+',
            Self::Subtract => '-',
            Self::Multiply => '*',
            Self::Divide => '/',
        })
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ValueKind::Nil => f.write_str("nil"),
            ValueKind::Bool(value) => value.fmt(f),
            ValueKind::Int(value) => value.fmt(f),
            ValueKind::Float(value) => write_float(f, *value),
            ValueKind::String(text) => write_text(f, text),
            ValueKind::Bytes(bytes) => {
                f.write_str("0x")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            ValueKind::Enum(name) => f.write_str(name),
            ValueKind::Map(entries) => {
                f.write_char('{')?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    write_text(f, key.as_bytes())?;
                    write!(f, ": {value}")?;
                }
                f.write_char('}')
            }
            ValueKind::List(values) => {
                f.write_char('[')?;
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    value.fmt(f)?;
                }
                f.write_char(']')
            }
            ValueKind::Path(path) => path.fmt(f),
            ValueKind::Call(call) => call.fmt(f),
            ValueKind::Math(left, operator, right) => {
                write_operand(f, left, *operator, false)?;
                write!(f, " {operator} ")?;
                write_operand(f, right, *operator, true)
            }
            ValueKind::Negative(inner) => match inner.kind {
                ValueKind::Path(_) | ValueKind::Call(_) => write!(f, "-{inner}"),
                _ => write!(f, "-({inner})"),
            },
        }
    }
}

fn write_operand(
    f: &mut Formatter<'_>,
    operand: &Value,
    outer: Operator,
    right: bool,
) -> fmt::Result {
    let binds = |operator| matches!(operator, Operator::Multiply | Operator::Divide);
    let in_brackets = match operand.kind {
        ValueKind::Math(_, inner, _) => {
            (binds(outer) && !binds(inner)) || (right && binds(outer) == binds(inner))
        }
        _ => false,
    };
    if in_brackets {
        write!(f, "({operand})")
    } else {
        operand.fmt(f)
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, field) in self.fields.iter().enumerate() {
            if index > 0 {
                f.write_char('.')?;
            }
            field.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.keys.iter().try_for_each(|key| key.fmt(f))
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.0)
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (index, argument) in self.arguments.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            argument.fmt(f)?;
        }
        f.write_char(')')?;
        self.keys.iter().try_for_each(|key| key.fmt(f))
    }
}

impl Display for Argument {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = &self.name {
            write!(f, "{name} = ")?;
        }
        match &self.value {
            ArgumentValue::Value(value) => value.fmt(f),
            ArgumentValue::Function(name, _) => f.write_str(name),
        }
    }
}

/// Always with a point, which tells it from a whole number, and with the exponent behind it.
fn write_float(f: &mut Formatter<'_>, value: f64) -> fmt::Result {
    let text = format!("{value:?}");
    match text.split_once('e') {
        Some((digits, exponent)) if !digits.contains('.') => write!(f, "{digits}.0e{exponent}"),
        _ => f.write_str(&text),
    }
}

/// A text in quotes, with Go's escapes.
fn write_text(f: &mut Formatter<'_>, text: &[u8]) -> fmt::Result {
    f.write_char('"')?;
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                other if other.is_control() => write!(f, "\\u{:04x}", u32::from(other))?,
                other => f.write_char(other)?,
            }
        }
        for byte in chunk.invalid() {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    f.write_char('"')
}
