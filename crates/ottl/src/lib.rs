//! OTTL, the OpenTelemetry Transformation Language, as filters, routers and counters use it.
//!
//! [`parse_condition`] and [`parse_statement`] read the whole grammar into a tree that knows where
//! everything stands in the text ([`ast`]). [`Condition::parse`] and [`Statement::parse`] compile
//! it for a context: paths become fields, functions are resolved, literals are checked, regular
//! expressions are compiled. Mistakes are [`OttlError`]s, which [`report`] turns into diagnostics
//! with the caret inside of the user's string.
//!
//! Evaluation reads telemetry through the views of `headwater_core` where it lies in the request;
//! comparing an attribute allocates nothing.
//!
//! Source: Go `pkg/ottl` v0.149: grammar, type rules, functions and messages.

pub mod ast;
mod compare;
mod compile;
mod condition;
mod context;
mod env;
mod error;
mod expr;
mod field;
mod functions;
mod lex;
mod math;
mod parse;
mod paths;
mod report;
mod statement;
mod value;

pub use condition::{Condition, Conditions, Equality};
pub use context::{ContextKind, Level};
pub use env::{Env, Point, Record, Resource, Scope};
pub use error::{EvalError, OttlError};
pub use parse::{parse_condition, parse_statement, parse_value};
pub use report::{place, report};
pub use statement::{Editor, Statement, Target};
pub use value::{Id, List, Map, Value};
