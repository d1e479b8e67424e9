//! Operator lists as users write them, and what comes out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod container;
mod flow;
mod mistakes;
mod parsers;

use std::time::Instant;

use headwater_config::testing::decode;
use headwater_core::config::Config;
use headwater_logs::{Entry, Operators, Origin, Sink, State};

#[derive(Debug, Default, Clone, Config)]
pub(crate) struct Section {
    pub(crate) operators: Operators,
}

#[derive(Default)]
pub(crate) struct Collected(pub(crate) Vec<Entry<'static>>);

impl Sink for Collected {
    fn take(&mut self, entry: &Entry<'_>) {
        self.0.push(entry.clone().into_owned());
    }
}

pub(crate) fn operators(yaml: &str) -> Operators {
    let section = decode::<Section>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    section.0.operators
}

pub(crate) fn errors(yaml: &str) -> String {
    match decode::<Section>(yaml) {
        Ok(_) => panic!("accepted: {yaml}"),
        Err(errors) => errors,
    }
}

/// Runs lines of one file and gives back what comes out at once, and the state.
pub(crate) fn run_held(
    operators: &Operators,
    path: &str,
    lines: &[&str],
) -> (Vec<Entry<'static>>, State) {
    let program = operators.program();
    let mut state = program.state();
    let mut out = Collected::default();
    let mut entry = Entry::default();
    for (index, line) in lines.iter().enumerate() {
        let origin = Origin {
            source: 1,
            offset: index as u64 * 100,
        };
        entry.reset((*line).into(), 1_795_240_800_000_000_000, origin);
        entry.attributes.push("log.file.path", path);
        program.run(&mut entry, &mut state, &mut out);
    }
    (out.0, state)
}

/// Runs lines and everything that is still held.
pub(crate) fn run(yaml: &str, lines: &[&str]) -> Vec<Entry<'static>> {
    let operators = operators(yaml);
    let (entries, mut state) = run_held(&operators, "/var/log/app.log", lines);
    let mut out = Collected(entries);
    operators.program().flush_all(&mut state, &mut out);
    operators
        .program()
        .flush_due(Instant::now(), &mut state, &mut out);
    out.0
}

/// Attributes, body and severity of one line, as text.
pub(crate) fn shown(yaml: &str, line: &str) -> String {
    let entries = run(yaml, &[line]);
    assert_eq!(entries.len(), 1, "{entries:?}");
    let mut entry = entries[0].clone();
    entry.attributes.remove("log.file.path");
    let mut text = format!(
        "{} {}",
        entry.body,
        headwater_logs::Value::Map(entry.attributes)
    );
    if !entry.resource.is_empty() {
        text = format!("{text} {}", headwater_logs::Value::Map(entry.resource));
    }
    if entry.severity > 0 || !entry.severity_text.is_empty() {
        text = format!("{text} {}:{}", entry.severity, entry.severity_text);
    }
    if let Some(time) = entry.timestamp {
        text = format!("{text} @{time}");
    }
    text
}
