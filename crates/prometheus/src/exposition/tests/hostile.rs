use proptest::prelude::*;

use super::super::{Format, ParserOptions};
use super::{Entry, Parser, read, shown};

const FORMATS: [Format; 3] = [Format::Text, Format::OpenMetrics, Format::Protobuf];

/// Reads a body to its end, looking at everything, with the keys of a first reading as guesses in a
/// second one, which has to find the same.
fn survives(body: &[u8], format: Format, options: ParserOptions) {
    let first = read(body, format, options);
    let mut keys: Vec<Vec<u8>> = Vec::new();
    let mut parser = Parser::new(body, format, options);
    while let Ok(Some(entry)) = parser.next_entry() {
        match entry {
            Entry::Series(series) => keys.push(series.key().to_vec()),
            Entry::Histogram(histogram) => keys.push(histogram.key().to_vec()),
            _ => {}
        }
    }
    let mut parser = Parser::new(body, format, options);
    let (mut lines, mut at) = (Vec::new(), 0);
    loop {
        let guess = keys.get(at).map_or(&[][..], |key| key);
        match parser.next_expecting(guess) {
            Ok(Some(entry)) => {
                at += usize::from(matches!(entry, Entry::Series(_) | Entry::Histogram(_)));
                lines.push(shown(&entry));
            }
            Ok(None) => break,
            Err(error) => {
                lines.push(format!("error: {error}"));
                break;
            }
        }
    }
    assert_eq!(lines, first);
}

#[test]
fn a_huge_value_is_a_value() {
    let value = "x".repeat(10 << 20);
    for (format, end) in [(Format::Text, ""), (Format::OpenMetrics, "# EOF\n")] {
        let body = format!("a{{b=\"{value}\"}} 1\n{end}");
        let lines = read(body.as_bytes(), format, ParserOptions::default());
        assert_eq!(lines, [format!("\"a\" {{b={value:?}}} 1")]);
    }
}

#[test]
fn an_endless_line_is_refused_with_a_short_message() {
    for format in [Format::Text, Format::OpenMetrics] {
        for body in [
            "a".repeat(10 << 20),
            format!("a {}", "1".repeat(10 << 20)),
            format!("a {}", "x".repeat(10 << 20)),
            format!("a{{b=\"{}", "\\".repeat(10 << 20)),
            format!("# TYPE a {}\n", "x".repeat(10 << 20)),
            format!("{}\n", "{".repeat(10 << 20)),
        ] {
            let lines = read(body.as_bytes(), format, ParserOptions::default());
            assert_eq!(lines.len(), 1);
            assert!(lines[0].starts_with("error: line 1") && lines[0].len() < 500);
        }
    }
}

const SEEDS: [&str; 4] = [
    "# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\",x=\"\\\"\"} 1 2\n{\"a.b\",c=\"d\"} NaN\n",
    "# TYPE a_s counter\n# UNIT a_s s\na_s_total{b=\"c\"} 1 2.5 # {t=\"u\"} 1 2\na_s_created{b=\"c\"} 3\n# EOF\n",
    "\x13\x0a\x01a\x18\x00\x22\x0c\x0a\x06\x0a\x01b\x12\x01c\x1a\x02\x1a\x00",
    "\x20\x0a\x01a\x18\x04\x22\x19\x3a\x17\x08\x02\x1a\x02\x08\x01\x28\x02\x38\x01\x62\x04\x08\x01\x10\x02\x6a\x02\x02\x00\x7a\x02\x08\x01",
];

fn options() -> impl Strategy<Value = ParserOptions> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(created, native, classic)| {
        ParserOptions {
            skip_created: created,
            ignore_native_histograms: native,
            keep_classic_histograms: classic,
        }
    })
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        options in options(),
    ) {
        for format in FORMATS {
            survives(&body, format, options);
        }
    }

    #[test]
    fn what_looks_like_metrics_can_be_read(
        body in "([#a{}\"=, \n\t\\\\01.e+-]|# TYPE |# HELP |# EOF|counter|histogram|_created|le|\u{e4}|\0){0,40}",
        options in options(),
    ) {
        survives(body.as_bytes(), Format::Text, options);
        survives(body.as_bytes(), Format::OpenMetrics, options);
    }

    #[test]
    fn bodies_with_wrong_bytes_can_be_read(
        seed in 0..SEEDS.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 0..6),
        options in options(),
    ) {
        let mut body = SEEDS[seed].as_bytes().to_vec();
        for (at, byte, what) in changes {
            if body.is_empty() {
                break;
            }
            let at = at.index(body.len());
            match what {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => body.truncate(at),
            }
        }
        for format in FORMATS {
            survives(&body, format, options);
        }
    }
}
