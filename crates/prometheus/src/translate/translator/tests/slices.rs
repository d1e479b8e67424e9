//! Parts of a batch, as requests of their own.

use super::*;
use crate::translate::Slice;

/// Three requests in one: the series of `n` come in all of them, and two have a time in common.
fn merged() -> Payload {
    let mut all = Payload::new();
    for (at, value) in [(T, 1.0), (T + 2, 2.0), (T + 2, 3.0)] {
        let points = (0..10)
            .map(|n| number(value, at, &[("n", &n.to_string())]))
            .collect();
        let own = number(value, at, &[("own", &value.to_string())]);
        all.append(batch(
            &SERVICE,
            vec![
                metric("m", "", gauge(points)),
                metric("c", "", counter(2, vec![own])),
            ],
        ));
    }
    all
}

fn write(translator: &mut Translator, slice: &Slice) -> (Vec<String>, Counts) {
    let (mut lines, mut counts) = (Vec::new(), Counts::default());
    let message = translator.message();
    let empty = translator.is_empty(slice);
    translator.slice(slice, |request| {
        assert_eq!(request.series, slice.series);
        counts.add(&request.counts);
        read(
            message,
            request.body,
            |series| lines.push(describe(series)),
            |_| {},
        )
        .unwrap();
    });
    assert_eq!(empty, lines.is_empty());
    (lines, counts)
}

#[test]
fn the_parts_of_a_request_are_together_what_it_is() {
    for message in [Message::V1, Message::V2] {
        let options = Options {
            metadata: true,
            ..Options::default()
        };
        let mut translator = Translator::new(options, message);
        let (_, whole) = lines(&mut translator, &merged(), usize::MAX);
        assert_eq!((whole.items, whole.duplicates), (23, 10));
        // Every way of cutting the series in two.
        let series = whole.series;
        for cut in 0..=series {
            let mut all = Counts::default();
            for series in [0..cut, cut..series] {
                for part in 0..3 {
                    let slice = Slice {
                        series: series.clone(),
                        segments: part..part + 1,
                    };
                    all.add(&write(&mut translator, &slice).1);
                }
            }
            assert_eq!((all.items, all.samples), (whole.items, whole.samples));
            assert_eq!(all.duplicates, 0);
        }
    }
}

#[test]
fn a_part_has_the_samples_of_its_request_that_were_not_replaced() {
    let mut translator = Translator::new(Options::default(), Message::V1);
    let (whole, _) = lines(&mut translator, &merged(), usize::MAX);
    let part = |translator: &mut Translator, segments: std::ops::Range<usize>| {
        let slice = Slice {
            series: 0..whole.len(),
            segments,
        };
        write(translator, &slice).0
    };
    let count = |lines: &[String], end: &str| lines.iter().filter(|l| l.ends_with(end)).count();
    let first = part(&mut translator, 0..1);
    assert_eq!((first.len(), count(&first, " 1@0")), (12, 12));
    // All but its own counter come again at the same time.
    let second = part(&mut translator, 1..2);
    assert_eq!((second.len(), count(&second, " 2@2")), (1, 1));
    let third = part(&mut translator, 2..3);
    assert_eq!((third.len(), count(&third, "@2")), (12, 12));
    assert_eq!(part(&mut translator, 0..3), whole);
    assert!(part(&mut translator, 3..4).is_empty());
}
