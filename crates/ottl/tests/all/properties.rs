//! What holds for every text.

use headwater_core::pdata::schema::Message;
use headwater_core::pdata::view;
use headwater_ottl::{
    Condition, ContextKind, Env, Point, Record, Resource, Scope, parse_condition, parse_statement,
};
use headwater_testkit::{Entropy, arbitrary};
use proptest::prelude::*;

use crate::request;

/// Values as text, nested a little.
fn values() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("nil".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        (0_i64..1_000_000).prop_map(|value| value.to_string()),
        (0.0..1e6_f64).prop_map(|value| format!("{value:?}")),
        "[ -~]{0,8}"
            .prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
        Just("0x00ff".to_owned()),
        Just("SPAN_KIND_SERVER".to_owned()),
        Just("name".to_owned()),
        Just("trace_id".to_owned()),
        Just("trace_id.string".to_owned()),
        Just("end_time".to_owned()),
        Just("scope.name".to_owned()),
        "[a-z]{1,3}".prop_map(|key| format!("attributes[\"{key}\"]")),
        "[a-z]{1,3}".prop_map(|key| format!("resource.attributes[\"{key}\"][0]")),
    ];
    let nested = leaf.prop_recursive(3, 24, 4, |inner| {
        let number = prop_oneof![
            Just("1".to_owned()),
            Just("name".to_owned()),
            Just("start_time".to_owned())
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|all| format!("[{}]", all.join(", "))),
            inner
                .clone()
                .prop_map(|value| format!("{{\"k\": {value}}}")),
            (
                number.clone(),
                prop::sample::select(vec!["+", "-", "*", "/"]),
                number,
                any::<bool>()
            )
                .prop_map(|(a, operator, b, minus)| {
                    format!(
                        "{}({a} {operator} {b}) {operator} {a}",
                        if minus { "-" } else { "" }
                    )
                }),
            inner.clone().prop_map(|value| format!("String({value})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("Concat([{a}, {b}], \"-\")")),
            inner.clone().prop_map(|value| format!("Len({value})")),
            inner.clone().prop_map(|value| format!("Int({value})")),
            inner.prop_map(|value| format!("Index(target = {value}, value = \"a\")")),
        ]
    });
    nested.boxed()
}

fn conditions() -> BoxedStrategy<String> {
    let compare = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        4 => (values(), compare, values()).prop_map(|(a, operator, b)| format!("{a} {operator} {b}")),
        1 => values().prop_map(|value| format!("IsMatch({value}, \"[a-f]+\")")),
        1 => Just("true".to_owned()),
        1 => Just("IsRootSpan()".to_owned()),
    ];
    let nested = leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|inner| format!("not ({inner})")),
        ]
    });
    nested.boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_tree_prints_parses_to_the_same_tree(text in conditions()) {
        let printed = parse_condition(&text).unwrap().to_string();
        let again = parse_condition(&printed).unwrap_or_else(|error| panic!("{printed}: {error:?}"));
        prop_assert_eq!(again.to_string(), printed);
        let statement = format!("set(attributes[\"x\"], 1) where {text}");
        prop_assert!(parse_statement(&statement).is_ok());
    }

    #[test]
    fn any_text_has_an_answer_and_errors_lie_inside_of_it(text in "\\PC{0,40}") {
        for error in parse_condition(&text).err().into_iter().chain(parse_statement(&text).err()) {
            prop_assert!(error.range.start <= error.range.end && error.range.end <= text.len());
            prop_assert!(text.is_char_boundary(error.range.start) && text.is_char_boundary(error.range.end));
        }
    }

    #[test]
    fn words_in_any_order_have_an_answer(words in prop::collection::vec(prop::sample::select(vec![
        "attributes", "[", "]", "\"a\"", "(", ")", "==", "and", "or", "not", "1", ".5", "-", "+", "*",
        "{", "}", ":", ",", ".", "IsMatch", "true", "nil", "SPAN_KIND_SERVER", "where", "set", "=", "0xff",
    ]), 0..20)) {
        let text = words.join(" ");
        if let Ok(tree) = parse_condition(&text) {
            let printed = tree.to_string();
            prop_assert_eq!(parse_condition(&printed).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn any_span_has_an_answer_and_not_turns_it(text in conditions(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let span = arbitrary(Message::Span, &mut Entropy::new(&bytes));
        let entry = arbitrary(Message::ResourceSpans, &mut Entropy::new(&bytes));
        let request = request();
        let env = Env {
            request: &request,
            resource: Resource::of(&entry),
            scope: Scope::of(&entry),
            record: Record::Span(view::Span::new(&span)),
        };
        // Literals of the wrong type are found while compiling.
        if let Ok(condition) = Condition::parse(&text, ContextKind::Span) {
            let opposite = Condition::parse(&format!("not ({text})"), ContextKind::Span).unwrap();
            prop_assert_eq!(condition.eval(&env).map(|said| !said), opposite.eval(&env));
        }
    }

    #[test]
    fn any_bytes_are_read_as_a_record(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let request = request();
        let records = [
            (ContextKind::Log, Record::Log(view::LogRecord::new(&bytes)), r#"body.string == "a" or attributes["a"]["b"] == 1 or Len(attributes) > 3"#),
            (ContextKind::DataPoint, Record::Point(view::Metric::new(&bytes), Point::of(10, &bytes)), r#"positive.bucket_counts == [1] or metric.type == 1 or scale < 3"#),
            (ContextKind::DataPoint, Record::Point(view::Metric::new(&bytes), Point::of(9, &bytes)), r#"bucket_counts == [1] or sum == 1.5 or attributes["a"] != nil"#),
        ];
        for (context, record, text) in records {
            let env = Env { request: &request, resource: Resource::of(&bytes), scope: Scope::of(&bytes), record };
            // An answer or an error, never a panic.
            drop(Condition::parse(text, context).unwrap().eval(&env));
        }
    }
}
