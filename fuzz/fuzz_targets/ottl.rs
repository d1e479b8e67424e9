//! The parser and compiler of OTTL: any text has an answer, errors lie inside of it, what a tree
//! prints parses to the same tree, and what compiles can be evaluated.
#![no_main]

use headwater_core::Context;
use headwater_core::pdata::view;
use headwater_ottl::{
    Condition, ContextKind, Env, Record, Resource, Scope, Statement, parse_condition,
    parse_statement, parse_value,
};
use libfuzzer_sys::fuzz_target;

/// A span with a name and an attribute, to evaluate on.
const SPAN: &[u8] = b"\x2a\x03GET\x4a\x08\x0a\x01a\x12\x03\x0a\x01b";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match parse_condition(text) {
        Ok(tree) => {
            let printed = tree.to_string();
            let again = parse_condition(&printed).map(|tree| tree.to_string());
            assert_eq!(again.as_deref(), Ok(printed.as_str()), "{text}");
        }
        Err(error) => {
            assert!(error.range.start <= error.range.end && error.range.end <= text.len());
            assert!(text.get(error.range).is_some(), "{text}");
        }
    }
    if let Ok(tree) = parse_statement(text) {
        assert!(parse_statement(&tree.to_string()).is_ok(), "{text}");
    }
    let _ = parse_value(text);
    let _ = Statement::parse(text, ContextKind::Log);
    if let Ok(condition) = Condition::parse(text, ContextKind::Span) {
        let request = Context::default();
        let env = Env {
            request: &request,
            resource: Resource::of(SPAN),
            scope: Scope::of(SPAN),
            record: Record::Span(view::Span::new(SPAN)),
        };
        let _ = condition.eval(&env);
    }
});
