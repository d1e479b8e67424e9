//! Bodies in, entries out.

use std::fmt::Write as _;

use super::{Counts, Entry, Exemplars, Format, Parser, ParserOptions, SeriesLabels, Span};

mod hostile;
mod openmetrics;
mod protobuf;
mod round_trip;
mod text;

/// The entries of a body, one to a line; the last line is the error if there is one.
fn read(body: &[u8], format: Format, options: ParserOptions) -> Vec<String> {
    let mut parser = Parser::new(body, format, options);
    let mut lines = Vec::new();
    loop {
        match parser.next_entry() {
            Ok(Some(entry)) => lines.push(shown(&entry)),
            Ok(None) => return lines,
            Err(error) => {
                lines.push(format!("error: {error}"));
                assert!(
                    matches!(parser.next_entry(), Ok(None)),
                    "an error is the end"
                );
                return lines;
            }
        }
    }
}

fn shown(entry: &Entry<'_>) -> String {
    match entry {
        Entry::Help { name, text } => format!("help {name} {text:?}"),
        Entry::Type { name, kind } => format!("type {name} {kind}"),
        Entry::Unit { name, unit } => format!("unit {name} {unit}"),
        Entry::Comment(text) => format!("comment {:?}", String::from_utf8_lossy(text)),
        Entry::Series(series) => {
            let mut line = format!(
                "{:?} {} {}",
                series.name(),
                labels(series.labels()),
                series.value()
            );
            tail(
                &mut line,
                series.timestamp(),
                series.start_timestamp(),
                series.exemplars(),
            );
            line
        }
        Entry::Histogram(histogram) => {
            let value = histogram.value();
            let spans = |spans: &[Span]| -> String {
                spans
                    .iter()
                    .map(|s| format!("{}+{} ", s.offset, s.length))
                    .collect()
            };
            let counts = match value.counts {
                Counts::Integer {
                    count,
                    zero_count,
                    positive,
                    negative,
                } => format!("{count} {zero_count} {positive:?} {negative:?}"),
                Counts::Float {
                    count,
                    zero_count,
                    positive,
                    negative,
                } => format!("float {count} {zero_count} {positive:?} {negative:?}"),
            };
            let mut line = format!(
                "{:?} {} native{} schema {} zero {} sum {} {}/ {}/ {counts}",
                histogram.name(),
                labels(histogram.labels()),
                if value.gauge { " gauge" } else { "" },
                value.schema,
                value.zero_threshold,
                value.sum,
                spans(value.positive_spans),
                spans(value.negative_spans),
            );
            let start = histogram.start_timestamp();
            tail(
                &mut line,
                histogram.timestamp(),
                start,
                histogram.exemplars(),
            );
            line
        }
    }
}

fn tail(line: &mut String, timestamp: Option<i64>, start: Option<i64>, exemplars: Exemplars<'_>) {
    if let Some(timestamp) = timestamp {
        write!(line, " @{timestamp}").unwrap();
    }
    if let Some(start) = start {
        write!(line, " from {start}").unwrap();
    }
    for exemplar in exemplars {
        write!(line, " #{} {}", labels(exemplar.labels()), exemplar.value()).unwrap();
        if let Some(timestamp) = exemplar.timestamp() {
            write!(line, " @{timestamp}").unwrap();
        }
    }
}

fn labels(labels: SeriesLabels<'_>) -> String {
    let labels: Vec<String> = labels
        .map(|label| format!("{}={:?}", label.name, label.value))
        .collect();
    format!("{{{}}}", labels.join(","))
}

#[test]
fn a_guess_changes_nothing_but_the_work() {
    let body = b"# TYPE a gauge\na 1\n\na{b=\"c\"} 2\na{b=\"d\"}\t3 4\n b {} 5\nlast 6";
    let guesses: [&[u8]; 7] = [
        b"a",
        b"a{b=\"c\"}",
        b"a{b=\"d\"}",
        b" b {}",
        b"last",
        b"la",
        b"nothing",
    ];
    let mut expected = 0;
    for guess in guesses {
        let mut parser = Parser::new(body, Format::Text, ParserOptions::default());
        let mut lines = Vec::new();
        while let Some(entry) = parser.next_expecting(guess).unwrap() {
            lines.push(shown(&entry));
            if let Entry::Series(series) = entry
                && series.is_expected()
            {
                assert_eq!(series.key(), guess);
                expected += 1;
            }
        }
        assert_eq!(lines, read(body, Format::Text, ParserOptions::default()));
    }
    assert_eq!(expected, 4, "the one behind an empty line is not looked at");
}
