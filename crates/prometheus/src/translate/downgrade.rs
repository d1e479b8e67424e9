//! From 2.0 to 1.0.

use crate::remote_write::encode::{put_exemplar, put_histogram, put_label, put_sample, put_series};
use crate::remote_write::{Message, ReadError, Series, read};

/// Rewrites a request of 2.0 as one of 1.0, which knows less: starts and metadata get lost.
///
/// # Errors
/// [`ReadError`] if `body` is no request of 2.0.
pub fn downgrade(body: &[u8]) -> Result<Vec<u8>, ReadError> {
    let mut out = Vec::with_capacity(2 * body.len());
    let (mut labels, mut rest, mut histogram_bytes) = (Vec::new(), Vec::new(), Vec::new());
    let to = Message::V1;
    let series = |series: &Series<'_>| {
        labels.clear();
        rest.clear();
        for (name, value) in &series.labels {
            put_label(&mut labels, name, value);
        }
        for sample in &series.samples {
            put_sample(&mut rest, to, sample.value.to_bits(), sample.timestamp, 0);
        }
        for exemplar in &series.exemplars {
            let bits = exemplar.value.to_bits();
            put_exemplar(&mut rest, to, bits, exemplar.timestamp, |out| {
                for (name, value) in &exemplar.labels {
                    put_label(out, name, value);
                }
            });
        }
        for histogram in &series.histograms {
            histogram_bytes.clear();
            histogram.put(&mut histogram_bytes);
            put_histogram(&mut rest, to, &histogram_bytes, 0);
        }
        put_series(&mut out, to, &labels, &rest);
    };
    read(Message::V2, body, series, |_| {})?;
    Ok(out)
}
