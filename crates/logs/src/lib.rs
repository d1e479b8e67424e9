//! Log entries and the operators that work on them: what the log receivers share.
//!
//! An [`Entry`] is a view of the read buffer: body and attributes are slices of it until an
//! operator has to make something new, and nothing is allocated for a line from which nothing is
//! extracted. An `operators:` list is compiled once into a [`Program`]; entries that come out of
//! it are written as OTLP at once by an [`Encoder`].

mod args;
mod build;
mod bytesize;
mod config;
mod encode;
mod encoding;
mod entry;
mod expr;
mod field;
mod handover;
mod json;
mod operator;
mod program;
mod retry;
mod severity;
mod split;
mod time;
mod value;

pub use bytesize::ByteSize;
pub use config::{Decoration, Operators};
pub use encode::Encoder;
pub use encoding::Encoding;
pub use entry::{Entry, Origin};
pub use expr::{Expr, ExprError, Template};
pub use field::{Field, FieldError, Root};
pub use handover::Handover;
pub use json::parse as parse_json;
pub use operator::Failure;
pub use operator::delimited::{CsvRow, split_quoted};
pub use program::{Fault, Program, Scratch, Sink, State};
pub use retry::RetryConfig;
pub use severity::name as severity_name;
pub use split::{MultilineConfig, Separator, Splitter, Token, TooLong};
pub use time::{Layout, LayoutError, Zone, ZoneError, now, rfc3339};
pub use value::{Map, Str, Value};
