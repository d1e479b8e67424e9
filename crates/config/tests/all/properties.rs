//! Whatever is written in a configuration, it is answered.

use headwater_config::{Document, Options, Resolver, render_human, render_json, to_yaml};
use proptest::prelude::*;

/// Runs everything there is on one text.
fn swallow(text: &str) {
    let resolved = Resolver::new()
        .environment(|name| match name.len() % 4 {
            0 => None,
            1 => Some(text.to_owned()),
            2 => Some(format!("${{{name}x}}")),
            _ => Some("[1, {a: b}]".to_owned()),
        })
        .uri(format!("yaml:{text}"))
        .set(text)
        .resolve();
    let written = to_yaml(&resolved.root);
    assert!(!written.is_empty());
    let mut diagnostics = resolved.diagnostics;
    let document = Document::parse(resolved.root, Options::default(), &mut diagnostics);
    let human = render_human(&diagnostics, true);
    let json = render_json(&diagnostics);
    let shown = diagnostics.errors().count() + diagnostics.warnings().count();
    assert_eq!(json.lines().count(), shown, "{json}");
    assert_eq!(human.is_empty(), shown == 0);
    drop(document);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_answered(text in "\\PC{0,80}") {
        swallow(&text);
    }

    #[test]
    fn text_made_of_syntax_is_answered(
        text in "([-?:,\\[\\]{}#&*!|>'\"%@`$ \\n\\t]|\\$\\{|env:|file:|<<: |::|a|b: |- |\\r|\u{feff}|é){0,40}"
    ) {
        swallow(&text);
    }

    #[test]
    fn any_edit_of_a_good_configuration_is_answered(at in 0_usize..400, cut in 0_usize..30, put in "\\PC{0,6}") {
        let mut text = include_str!("../testdata/minimal.yaml").to_owned();
        let start = at.min(text.len());
        let end = (start + cut).min(text.len());
        text.replace_range(start..end, &put);
        swallow(&text);
    }

    #[test]
    fn any_toml_is_answered(text in "([\\[\\]{}=\"'.,# \\n]|a|b = |1|\\PC){0,60}") {
        let resolved = Resolver::new().fetcher(Toml(text)).uri("http://h/c.toml").resolve();
        let rendered = render_human(&resolved.diagnostics, false);
        prop_assert_eq!(rendered.is_empty(), resolved.diagnostics.is_empty());
    }
}

struct Toml(String);

impl headwater_config::Fetch for Toml {
    fn fetch(&self, _: &str) -> Result<String, String> {
        Ok(self.0.clone())
    }
}
