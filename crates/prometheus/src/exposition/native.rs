//! Native histograms: exponential buckets, or custom ones.

/// The schema of a native histogram whose bounds are listed, see [`NativeHistogram::custom_bounds`].
pub const CUSTOM_BUCKETS: i32 = -53;

/// Buckets that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// For the first span the index of its first bucket, for every other the buckets left out since
    /// the end of the one before.
    pub offset: i32,
    /// How many buckets there are.
    pub length: u32,
}

/// A native histogram as Prometheus stores it: buckets of which only those that are not empty are
/// listed.
///
/// With schema `s` (-4 to 8) the positive bucket of index `i` holds what is in
/// `(2^((i-1)*2^-s), 2^(i*2^-s)]`, the negative one the same below zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NativeHistogram<'p> {
    /// Whether it is a gauge: it may shrink without a reset.
    pub gauge: bool,
    /// The resolution, or [`CUSTOM_BUCKETS`].
    pub schema: i32,
    /// Values of at most this size are in the zero bucket.
    pub zero_threshold: f64,
    /// The sum of the observations.
    pub sum: f64,
    /// Which positive buckets there are.
    pub positive_spans: &'p [Span],
    /// Which negative buckets there are.
    pub negative_spans: &'p [Span],
    /// What is in the buckets.
    pub counts: Counts<'p>,
    /// The upper bounds of custom buckets, without +Inf; empty with any other schema.
    pub custom_bounds: &'p [f64],
}

/// What is in the buckets of a native histogram, one entry per bucket that the spans describe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Counts<'p> {
    /// Whole numbers.
    Integer {
        /// All observations.
        count: u64,
        /// Those in the zero bucket.
        zero_count: u64,
        /// The positive buckets, each as the difference to the one before, the first to 0.
        positive: &'p [i64],
        /// The negative buckets, likewise.
        negative: &'p [i64],
    },
    /// Any numbers.
    Float {
        /// All observations.
        count: f64,
        /// Those in the zero bucket.
        zero_count: f64,
        /// The positive buckets, absolute.
        positive: &'p [f64],
        /// The negative buckets, absolute.
        negative: &'p [f64],
    },
}

/// Takes the empty buckets out of spans and deltas, as Prometheus does with whatever it scrapes.
pub(super) fn compact_deltas(spans: &mut Vec<Span>, deltas: &mut Vec<i64>, scratch: &mut Scratch) {
    let mut absolute = 0_i64;
    if deltas.iter().all(|delta| {
        absolute = absolute.wrapping_add(*delta);
        absolute != 0
    }) && !spans_need_work(spans)
    {
        return;
    }
    scratch.begin(spans);
    let (mut kept, mut before, mut absolute) = (0, 0_i64, 0_i64);
    for at in 0..deltas.len() {
        absolute = absolute.wrapping_add(deltas[at]);
        if scratch.next(absolute != 0, spans) {
            deltas[kept] = absolute.wrapping_sub(before);
            before = absolute;
            kept += 1;
        }
    }
    deltas.truncate(kept);
    std::mem::swap(spans, &mut scratch.done);
}

/// [`compact_deltas`] for absolute counts.
pub(super) fn compact_counts(spans: &mut Vec<Span>, counts: &mut Vec<f64>, scratch: &mut Scratch) {
    if counts.iter().all(|count| *count != 0.0) && !spans_need_work(spans) {
        return;
    }
    scratch.begin(spans);
    let mut kept = 0;
    for at in 0..counts.len() {
        if scratch.next(counts[at] != 0.0, spans) {
            counts[kept] = counts[at];
            kept += 1;
        }
    }
    counts.truncate(kept);
    std::mem::swap(spans, &mut scratch.done);
}

fn spans_need_work(spans: &[Span]) -> bool {
    spans.iter().any(|span| span.length == 0) || spans.iter().skip(1).any(|span| span.offset == 0)
}

/// Spans that are being built, and where in the old ones we are.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    done: Vec<Span>,
    span: usize,
    in_span: u32,
    /// The index of the next bucket.
    index: i32,
    /// The index behind the last bucket kept.
    end: i32,
}

impl Scratch {
    fn begin(&mut self, spans: &[Span]) {
        self.done.clear();
        self.span = 0;
        self.in_span = 0;
        self.index = spans.first().map_or(0, |span| span.offset);
        self.end = 0;
    }

    /// Steps over one bucket and keeps it if `keep`, which is also the answer.
    fn next(&mut self, keep: bool, spans: &[Span]) -> bool {
        while self.in_span >= spans[self.span].length {
            self.span += 1;
            self.in_span = 0;
            self.index = self.index.wrapping_add(spans[self.span].offset);
        }
        if keep {
            match self.done.last_mut() {
                Some(last) if self.index == self.end => last.length += 1,
                _ => self.done.push(Span {
                    offset: self.index.wrapping_sub(self.end),
                    length: 1,
                }),
            }
            self.end = self.index.wrapping_add(1);
        }
        self.in_span += 1;
        self.index = self.index.wrapping_add(1);
        keep
    }
}

#[cfg(test)]
mod tests {
    use super::{Scratch, Span, compact_counts, compact_deltas};

    fn spans(spans: &[(i32, u32)]) -> Vec<Span> {
        spans
            .iter()
            .map(|&(offset, length)| Span { offset, length })
            .collect()
    }

    #[test]
    fn empty_buckets_are_cut_out_and_spans_joined() {
        let mut scratch = Scratch::default();
        // Counts 0 1 0 | (gap 2) 0 | (gap 0) 2 2, in this order.
        let mut layout = spans(&[(-3, 3), (2, 1), (0, 2)]);
        let mut deltas = vec![0, 1, -1, 0, 2, 0];
        compact_deltas(&mut layout, &mut deltas, &mut scratch);
        assert_eq!(layout, spans(&[(-2, 1), (4, 2)]));
        assert_eq!(deltas, [1, 1, 0]);

        let mut layout = spans(&[(-3, 3), (2, 1), (0, 2)]);
        let mut counts = vec![0.0, 1.0, 0.0, 0.0, 2.0, 2.0];
        compact_counts(&mut layout, &mut counts, &mut scratch);
        assert_eq!(layout, spans(&[(-2, 1), (4, 2)]));
        assert_eq!(counts, [1.0, 2.0, 2.0]);
    }

    #[test]
    fn the_span_that_marks_an_empty_histogram_goes_away() {
        let mut layout = spans(&[(0, 0)]);
        compact_deltas(&mut layout, &mut Vec::new(), &mut Scratch::default());
        assert!(layout.is_empty());
    }

    #[test]
    fn a_compact_histogram_stays_as_it_is() {
        let mut layout = spans(&[(0, 2), (3, 1)]);
        let mut deltas = vec![1, 1, -1];
        compact_deltas(&mut layout, &mut deltas, &mut Scratch::default());
        assert_eq!(layout, spans(&[(0, 2), (3, 1)]));
        assert_eq!(deltas, [1, 1, -1]);
    }
}
