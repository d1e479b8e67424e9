//! Where entries go: conditions, outputs, routes, filters, failures, joined entries.

use crate::{operators, run, run_held, shown};

#[test]
fn a_condition_that_is_false_passes_the_entry_unchanged() {
    let yaml =
        "operators: [{type: add, field: attributes.a, value: 1, if: 'body startsWith \"x\"'}]";
    assert_eq!(shown(yaml, "xy"), "xy map[a:1]");
    assert_eq!(shown(yaml, "yx"), "yx map[]");
}

#[test]
fn outputs_skip_operators_and_several_get_a_copy_each() {
    let yaml = "operators:
  - {type: noop, output: [a, b]}
  - {type: add, id: skipped, field: attributes.skipped, value: yes}
  - {type: add, id: a, field: attributes.a, value: 1, output: end}
  - {type: add, id: b, field: attributes.b, value: 2}
  - {type: noop, id: end}";
    let entries = run(yaml, &["x"]);
    let shown: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                entry.attributes.get("a").is_some(),
                entry.attributes.get("b").is_some(),
            )
        })
        .collect();
    assert_eq!(shown, [(true, false), (false, true)]);
    assert!(
        entries
            .iter()
            .all(|entry| entry.attributes.get("skipped").is_none())
    );
}

#[test]
fn a_router_takes_the_first_route_that_fits_else_the_default_else_drops() {
    let yaml = |default: &str| {
        format!(
            "operators:
  - type: router
    {default}
    routes:
      - {{expr: 'body contains \"a\"', output: one, attributes: {{route: a}}}}
      - {{expr: 'body contains \"b\"', output: [two]}}
  - {{type: add, id: one, field: attributes.n, value: 1, output: end}}
  - {{type: add, id: two, field: attributes.n, value: 2}}
  - {{type: noop, id: end}}"
        )
    };
    assert_eq!(shown(&yaml("default: end"), "ab"), "ab map[route:a n:1]");
    assert_eq!(shown(&yaml("default: end"), "b"), "b map[n:2]");
    assert_eq!(shown(&yaml("default: end"), "c"), "c map[]");
    assert!(run(&yaml(""), &["c"]).is_empty());
}

#[test]
fn a_filter_drops_what_fits_or_fails_and_counts_it() {
    let operators = operators("operators: [{type: filter, expr: 'body matches \"^debug\"'}]");
    let (entries, state) = run_held(&operators, "/x", &["debug 1", "info", "debug 2"]);
    assert_eq!((entries.len(), state.filtered), (1, 2));
    let failing = "operators: [{type: filter, expr: 'body > 1'}]";
    assert!(run(failing, &["x"]).is_empty());
}

#[test]
fn a_drop_ratio_drops_about_that_share() {
    let lines = vec!["x"; 10_000];
    let yaml = "operators: [{type: filter, expr: 'true', drop_ratio: 0.25}]";
    let kept = run(yaml, &lines).len();
    assert!((7_200..7_800).contains(&kept), "{kept}");
}

#[test]
fn what_an_operator_cannot_handle_is_sent_or_dropped_as_told() {
    let yaml = |mode: &str| {
        format!(
            "operators: [{{type: json_parser, on_error: {mode}}}, {{type: add, field: attributes.after, value: true}}]"
        )
    };
    for mode in ["send", "send_quiet"] {
        assert_eq!(shown(&yaml(mode), "no json"), "no json map[after:true]");
    }
    for (mode, quiet) in [("drop", false), ("drop_quiet", true)] {
        let operators = operators(&yaml(mode));
        let (entries, mut state) = run_held(&operators, "/x", &["no json"]);
        assert_eq!((entries.len(), state.dropped), (0, 1));
        let fault = state.take_faults().next().unwrap();
        assert_eq!(
            (fault.quiet, fault.operator.as_str()),
            (quiet, "json_parser")
        );
    }
}

#[test]
fn recombine_joins_from_the_first_line_or_up_to_the_last() {
    let first = "operators: [{type: recombine, combine_field: body, is_first_entry: 'body startsWith \"E\"'}]";
    let entries = run(first, &["E1", " at a", " at b", "E2", " at c"]);
    let bodies: Vec<_> = entries.iter().map(|entry| entry.body.to_string()).collect();
    assert_eq!(bodies, ["E1\n at a\n at b", "E2\n at c"]);
    let last = "operators: [{type: recombine, combine_field: body, combine_with: '', is_last_entry: 'body endsWith \".\"'}]";
    let entries = run(last, &["a", "b.", "c.", "d"]);
    let bodies: Vec<_> = entries.iter().map(|entry| entry.body.to_string()).collect();
    assert_eq!(bodies, ["ab.", "c.", "d"]);
}

#[test]
fn recombine_keeps_sources_apart_and_gives_up_at_its_limits() {
    let yaml = "operators: [{type: recombine, combine_field: body, combine_with: '+', source_identifier: \
                attributes.s, is_last_entry: 'body == \".\"', max_batch_size: 3, max_sources: 2}]";
    let operators = operators(&format!(
        "operators: [{{type: regex_parser, regex: '^(?P<s>.) (?P<m>.*)$'}}, {{type: move, from: attributes.m, to: body}}, {}",
        yaml.trim_start_matches("operators: [")
    ));
    let (entries, state) = run_held(
        &operators,
        "/x",
        &["a 1", "b 1", "a 2", "b .", "a 3", "c 1", "a 1", "d 1"],
    );
    let bodies: Vec<_> = entries.iter().map(|entry| entry.body.to_string()).collect();
    // Three entries fill a batch; a third source sends everything that waits.
    assert_eq!(bodies, ["1+.", "1+2+3", "1", "1"]);
    assert_eq!(state.waiting(), 1);
}

#[test]
fn what_recombine_holds_has_a_bound_in_bytes() {
    let operators = operators(
        "operators: [{type: recombine, combine_field: body, combine_with: '', is_first_entry: \"body == '.'\", \
         max_unmatched_batch_size: 0}]",
    );
    let line = "x".repeat(1 << 20);
    let (entries, state) = run_held(&operators, "/x", &[line.as_str(); 90]);
    assert!(
        state.waiting_bytes() <= 64 << 20,
        "{}",
        state.waiting_bytes()
    );
    let sent: usize = entries
        .iter()
        .map(|entry| entry.body.to_string().len())
        .sum();
    assert_eq!(sent + state.waiting_bytes(), 90 << 20, "nothing is lost");
    assert!(!entries.is_empty());
}

#[test]
fn recombine_takes_the_rest_from_the_oldest_or_newest() {
    let yaml = |with: &str| {
        format!(
            "operators: [{{type: regex_parser, regex: '(?P<n>[0-9])'}}, {{type: recombine, combine_field: body, overwrite_with: {with}, is_first_entry: 'body startsWith \"E\"'}}]"
        )
    };
    let n = |with: &str| {
        run(&yaml(with), &["E1", " 2"])[0]
            .attributes
            .get("n")
            .cloned()
    };
    assert_eq!(n("oldest"), Some("1".into()));
    assert_eq!(n("newest"), Some("2".into()));
}

#[test]
fn what_cannot_be_joined_goes_on_alone() {
    let operators = operators(
        "operators: [{type: json_parser, parse_to: body}, {type: recombine, combine_field: body.m, is_first_entry: 'true'}]",
    );
    let (entries, mut state) = run_held(&operators, "/x", &["{\"m\": 1}"]);
    assert_eq!((entries.len(), state.take_faults().count()), (1, 1));
}
