//! Text with `EXPR(…)` in it.

use super::{Expr, ExprError};
use crate::operator::Failure;
use crate::{Entry, Value};

/// Text whose `EXPR(…)` parts are evaluated for each entry.
#[derive(Debug, Clone)]
pub struct Template {
    /// Text before an expression, and the expression; the last has none.
    parts: Vec<(String, Option<Expr>)>,
}

impl Template {
    /// Compiles the text. A parenthesis ends an expression if no other follows it before the
    /// next `EXPR(`, as upstream has it.
    ///
    /// # Errors
    /// [`ExprError`] for what stands inside and is no expression.
    pub fn compile(text: &str) -> Result<Self, ExprError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(begin) = rest.find("EXPR(") {
            let inner = &rest[begin + 5..];
            let limit = inner.find("EXPR(").unwrap_or(inner.len());
            let Some(end) = inner[..limit].rfind(')') else {
                break;
            };
            let expr = Expr::compile(&inner[..end])?;
            parts.push((rest[..begin].to_owned(), Some(expr)));
            rest = &inner[end + 1..];
        }
        parts.push((rest.to_owned(), None));
        Ok(Self { parts })
    }

    /// The text, if there is no expression in it.
    #[must_use]
    pub fn constant(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [(text, None)] => Some(text),
            _ => None,
        }
    }

    /// The text for an entry.
    ///
    /// # Errors
    /// [`Failure`] if an expression fails or gives no text.
    pub fn render(&self, entry: &Entry<'_>) -> Result<String, Failure> {
        let mut out = String::new();
        for (text, expr) in &self.parts {
            out.push_str(text);
            if let Some(expr) = expr {
                match &*expr.eval(entry)? {
                    Value::Str(text) => out.push_str(text),
                    other => {
                        return Err(Failure::from(format!(
                            "embedded expression returned non-string {other}"
                        )));
                    }
                }
            }
        }
        Ok(out)
    }
}
