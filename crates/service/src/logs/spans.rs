//! What a line takes from the span around it: a component's identity.

use std::cell::RefCell;
use std::error::Error;
use std::fmt::{self, Write};
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field as TracingField, Visit};
use tracing::span::Id;

use super::json::{write_float, write_string};

/// A field of a span or an event.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) value: FieldValue,
}

#[derive(Debug, Clone)]
pub(super) enum FieldValue {
    Bool(bool),
    Signed(i128),
    Unsigned(u128),
    Float(f64),
    Text(String),
}

impl FieldValue {
    pub(super) fn write(&self, line: &mut String) {
        match self {
            Self::Bool(value) => line.push_str(if *value { "true" } else { "false" }),
            Self::Signed(value) => {
                write!(line, "{value}").ok();
            }
            Self::Unsigned(value) => {
                write!(line, "{value}").ok();
            }
            Self::Float(value) => write_float(line, *value),
            Self::Text(text) => write_string(line, text),
        }
    }
}

/// Collects the fields of a span or an event; the message apart.
#[derive(Default)]
pub(super) struct Collect {
    pub(super) fields: Vec<Field>,
    pub(super) message: String,
}

impl Collect {
    fn push(&mut self, field: &TracingField, value: FieldValue) {
        let name = field.name();
        self.fields.push(Field { name, value });
    }
}

impl Visit for Collect {
    fn record_debug(&mut self, field: &TracingField, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            write!(self.message, "{value:?}").ok();
        } else {
            self.push(field, FieldValue::Text(format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &TracingField, value: &str) {
        if field.name() == "message" {
            self.message.push_str(value);
        } else {
            self.push(field, FieldValue::Text(value.to_owned()));
        }
    }

    fn record_bool(&mut self, field: &TracingField, value: bool) {
        self.push(field, FieldValue::Bool(value));
    }

    fn record_i64(&mut self, field: &TracingField, value: i64) {
        self.push(field, FieldValue::Signed(value.into()));
    }

    fn record_u64(&mut self, field: &TracingField, value: u64) {
        self.push(field, FieldValue::Unsigned(value.into()));
    }

    fn record_i128(&mut self, field: &TracingField, value: i128) {
        self.push(field, FieldValue::Signed(value));
    }

    fn record_u128(&mut self, field: &TracingField, value: u128) {
        self.push(field, FieldValue::Unsigned(value));
    }

    fn record_f64(&mut self, field: &TracingField, value: f64) {
        self.push(field, FieldValue::Float(value));
    }

    /// The whole chain: this is where it is printed.
    fn record_error(&mut self, field: &TracingField, value: &(dyn Error + 'static)) {
        self.push(field, FieldValue::Text(chain(value)));
    }
}

/// An error and its causes, joined by `: `.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

struct Span {
    references: usize,
    /// Those of the spans around it first.
    fields: Vec<Field>,
}

/// Every open span. There are few: one per component.
#[derive(Default)]
pub(super) struct Spans(Mutex<Vec<Option<Span>>>);

thread_local! {
    static ENTERED: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

impl Spans {
    fn with<R>(&self, act: impl FnOnce(&mut Vec<Option<Span>>) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Opens a span with `fields`, inside `parent`.
    pub(super) fn open(&self, parent: Option<&Id>, fields: Vec<Field>) -> Id {
        self.with(|spans| {
            let mut all = parent.map_or_else(Vec::new, |parent| fields_of(spans, parent));
            all.extend(fields);
            let span = Some(Span {
                references: 1,
                fields: all,
            });
            let index = match spans.iter().position(Option::is_none) {
                Some(free) => {
                    spans[free] = span;
                    free
                }
                None => {
                    spans.push(span);
                    spans.len() - 1
                }
            };
            Id::from_u64(index as u64 + 1)
        })
    }

    /// Adds fields that were recorded later.
    pub(super) fn extend(&self, id: &Id, fields: Vec<Field>) {
        self.with(|spans| {
            if let Some(span) = slot(spans, id) {
                span.fields.extend(fields);
            }
        });
    }

    pub(super) fn keep(&self, id: &Id) {
        self.with(|spans| {
            if let Some(span) = slot(spans, id) {
                span.references += 1;
            }
        });
    }

    /// Gives one reference up; true when it was the last.
    pub(super) fn release(&self, id: &Id) -> bool {
        self.with(|spans| {
            let Some(span) = slot(spans, id) else {
                return false;
            };
            span.references -= 1;
            let last = span.references == 0;
            if last {
                spans[id.into_u64() as usize - 1] = None;
            }
            last
        })
    }

    pub(super) fn fields(&self, id: &Id) -> Vec<Field> {
        self.with(|spans| fields_of(spans, id))
    }
}

fn slot<'a>(spans: &'a mut [Option<Span>], id: &Id) -> Option<&'a mut Span> {
    spans.get_mut(id.into_u64() as usize - 1)?.as_mut()
}

fn fields_of(spans: &mut [Option<Span>], id: &Id) -> Vec<Field> {
    slot(spans, id).map_or_else(Vec::new, |span| span.fields.clone())
}

/// The span that the current thread is in.
pub(super) fn current() -> Option<Id> {
    ENTERED.with_borrow(|stack| stack.last().cloned())
}

pub(super) fn enter(id: &Id) {
    ENTERED.with_borrow_mut(|stack| stack.push(id.clone()));
}

/// Spans may be left in any order.
pub(super) fn exit(id: &Id) {
    ENTERED.with_borrow_mut(|stack| {
        if let Some(at) = stack.iter().rposition(|entered| entered == id) {
            stack.remove(at);
        }
    });
}
