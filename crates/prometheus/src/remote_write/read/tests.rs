use super::*;
use crate::remote_write::encode::{
    put_exemplar, put_family, put_histogram, put_label, put_metadata, put_refs, put_sample,
    put_series, put_symbol,
};

/// What a request holds, with every reference followed.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    series: Vec<String>,
    families: Vec<String>,
}

fn see(message: Message, bytes: &[u8]) -> Result<Seen, ReadError> {
    let mut seen = Seen::default();
    read(
        message,
        bytes,
        |series| seen.series.push(format!("{series:?}")),
        |family| seen.families.push(format!("{family:?}")),
    )?;
    Ok(seen)
}

#[test]
fn a_request_of_either_version_reads_as_it_was_written() {
    let mut histogram = Vec::new();
    Histogram::default().put(&mut histogram);
    let want = |start: i64, metadata: Option<Metadata<'_>>| {
        let histogram = Histogram {
            start,
            ..Histogram::default()
        };
        format!(
            "{:?}",
            Series {
                labels: vec![("__name__", "up"), ("job", "a")],
                samples: vec![
                    Sample {
                        value: 1.5,
                        timestamp: 1000,
                        start
                    },
                    Sample {
                        value: -0.0,
                        timestamp: -5,
                        start
                    },
                ],
                histograms: vec![histogram],
                exemplars: vec![Exemplar {
                    labels: vec![("trace_id", "ff")],
                    value: 2.0,
                    timestamp: 999,
                }],
                metadata,
            }
        )
    };
    for message in [Message::V1, Message::V2] {
        let mut labels = Vec::new();
        let mut rest = Vec::new();
        let mut request = Vec::new();
        put_sample(&mut rest, message, 1.5_f64.to_bits(), 1000, 7);
        put_sample(&mut rest, message, (-0.0_f64).to_bits(), -5, 7);
        put_histogram(&mut rest, message, &histogram, 7);
        put_exemplar(
            &mut rest,
            message,
            2.0_f64.to_bits(),
            999,
            |out| match message {
                Message::V1 => put_label(out, "trace_id", "ff"),
                Message::V2 => put_refs(out, [5, 6].into_iter()),
            },
        );
        if message == Message::V1 {
            put_label(&mut labels, "__name__", "up");
            put_label(&mut labels, "job", "a");
        } else {
            for symbol in [
                "", "__name__", "up", "job", "a", "trace_id", "ff", "help", "s",
            ] {
                put_symbol(&mut request, symbol);
            }
            put_refs(&mut labels, [1, 2, 3, 4].into_iter());
            put_metadata(&mut rest, MetricType::Gauge, 7, 8);
        }
        put_series(&mut request, message, &labels, &rest);
        if message == Message::V1 {
            put_family(&mut request, MetricType::Counter, "up", "help", "s");
        }
        let seen = see(message, &request).unwrap();
        let metadata = Metadata {
            family: "",
            kind: MetricType::Gauge,
            help: "help",
            unit: "s",
        };
        match message {
            Message::V1 => {
                assert_eq!(seen.series, [want(0, None)]);
                let family = Metadata {
                    family: "up",
                    kind: MetricType::Counter,
                    ..metadata
                };
                assert_eq!(seen.families, [format!("{family:?}")]);
            }
            Message::V2 => assert_eq!(seen.series, [want(7, Some(metadata))]),
        }
        // Whatever is cut off or changed is an error or another request, never a panic.
        for end in 0..request.len() {
            see(message, &request[..end]).ok();
            let mut broken = request.clone();
            broken[end] ^= 0xff;
            see(message, &broken).ok();
        }
    }
}

#[test]
fn symbols_must_be_there() {
    let series = |refs: &[u32]| {
        let (mut labels, mut request) = (Vec::new(), Vec::new());
        put_symbol(&mut request, "");
        put_symbol(&mut request, "a");
        put_refs(&mut labels, refs.iter().copied());
        put_series(&mut request, Message::V2, &labels, &[]);
        see(Message::V2, &request)
    };
    assert!(series(&[1, 1]).is_ok());
    assert_eq!(series(&[1, 2]), Err(ReadError::Symbol(2, 2)));
    assert_eq!(series(&[1, 1, 1]), Err(ReadError::OddLabels(3)));
    let mut request = Vec::new();
    put_symbol(&mut request, "a");
    assert_eq!(see(Message::V2, &request), Err(ReadError::FirstSymbol));
}
