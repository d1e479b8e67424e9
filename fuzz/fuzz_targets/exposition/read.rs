//! What must hold of every body, shared by the targets.

use headwater_prometheus::exposition::{Entry, Format, Parser, ParserOptions};

/// Looks at everything in a body; then again, guessing the keys that the first reading found, which
/// must not change anything but the work.
pub fn read(data: &[u8], format: Format) {
    let Some((&choice, body)) = data.split_first() else {
        return;
    };
    let options = ParserOptions {
        skip_created: choice & 1 != 0,
        ignore_native_histograms: choice & 2 != 0,
        keep_classic_histograms: choice & 4 != 0,
    };
    let mut keys = Vec::new();
    let first = entries(body, format, options, &mut keys, false);
    let again = entries(body, format, options, &mut keys, true);
    assert_eq!(first, again);
}

fn entries(
    body: &[u8],
    format: Format,
    options: ParserOptions,
    keys: &mut Vec<Vec<u8>>,
    guess: bool,
) -> Vec<String> {
    let mut parser = Parser::new(body, format, options);
    let (mut shown, mut at) = (Vec::new(), 0);
    loop {
        let key = keys.get(at).filter(|_| guess).map_or(&[][..], |key| key);
        let (key, line) = match parser.next_expecting(key) {
            Ok(None) => return shown,
            Err(error) => {
                shown.push(error.to_string());
                assert!(matches!(parser.next_entry(), Ok(None)), "an error is the end");
                return shown;
            }
            Ok(Some(Entry::Series(s))) => {
                assert!(!s.is_expected() || s.key() == key);
                let labels: Vec<_> = s.labels().collect();
                let exemplars: Vec<_> = s
                    .exemplars()
                    .map(|e| (e.labels().collect::<Vec<_>>(), e.value().to_bits(), e.timestamp()))
                    .collect();
                let line = format!(
                    "{:?} {labels:?} {:x} {:?} {:?} {exemplars:?}",
                    s.name(),
                    s.value().to_bits(),
                    s.timestamp(),
                    s.start_timestamp(),
                );
                (s.key().to_vec(), line)
            }
            Ok(Some(Entry::Histogram(h))) => {
                assert!(!h.is_expected() || h.key() == key);
                let labels: Vec<_> = h.labels().collect();
                let exemplars = h.exemplars().map(|e| e.labels().count()).sum::<usize>();
                let line = format!(
                    "{:?} {labels:?} {:?} {:?} {:?} {exemplars}",
                    h.name(),
                    h.value(),
                    h.timestamp(),
                    h.start_timestamp(),
                );
                (h.key().to_vec(), line)
            }
            Ok(Some(other)) => {
                shown.push(format!("{other:?}"));
                continue;
            }
        };
        shown.push(line);
        at += 1;
        if !guess {
            keys.push(key);
        }
    }
}
