//! What a backend refuses, once more in smaller requests: so that only what is wrong is lost.

use std::ops::Range;

use headwater_core::Context;
use headwater_prometheus::translate::{Slice, Translator};
use headwater_transport::http::Client;

use super::delivery::End;
use super::{RemoteWrite, Work};
use crate::answer::Remedy;

/// How many requests are halved for one batch.
const MOST_HALVED: usize = 64;

/// What has become of a batch's requests.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How many data points were lost, by reason.
    pub(super) lost: Vec<(&'static str, usize)>,
    /// What was said about the first that were.
    pub(super) error: Option<String>,
}

impl Tally {
    pub(super) fn add(&mut self, end: End) {
        let Some((reason, items)) = end.lost else {
            return;
        };
        match self.lost.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, lost)) => *lost += items,
            None => self.lost.push((reason, items)),
        }
        self.error = self.error.take().or(end.error);
    }

    /// How many data points were lost.
    pub(super) fn items(&self) -> usize {
        self.lost.iter().map(|(_, items)| items).sum()
    }
}

/// What a batch can be divided into.
#[derive(Debug, Default)]
pub(super) struct Divider {
    /// The segments of the requests that it was merged of; empty if it is one.
    parts: Vec<Range<usize>>,
    halved: usize,
}

impl Divider {
    /// For a batch merged of requests with so many segments each.
    pub(super) fn new(segments: &[usize]) -> Self {
        let mut end = 0;
        let part = |segments: &usize| {
            let start = end;
            end += segments;
            start..end
        };
        Self {
            parts: segments.iter().map(part).collect(),
            halved: 0,
        }
    }

    /// The pieces of a request, in the order in which they have to be sent; none if it is one itself.
    fn divide(&mut self, translator: &Translator, slice: &Slice, remedy: Remedy) -> Vec<Slice> {
        let Slice { series, segments } = slice;
        let pieces: Vec<_> = match remedy {
            Remedy::Halves if self.halved == MOST_HALVED || series.len() < 2 => Vec::new(),
            Remedy::Halves => {
                self.halved += 1;
                let middle = series.start + series.len() / 2;
                let half = |series| Slice {
                    series,
                    segments: segments.clone(),
                };
                vec![half(series.start..middle), half(middle..series.end)]
            }
            Remedy::Parts => self
                .parts
                .iter()
                .filter(|part| segments.start <= part.start && part.end <= segments.end)
                .map(|part| Slice {
                    series: series.clone(),
                    segments: part.clone(),
                })
                .filter(|piece| !translator.is_empty(piece))
                .collect(),
        };
        if pieces.len() < 2 { Vec::new() } else { pieces }
    }
}

impl RemoteWrite {
    /// Sends the pieces of a request that has ended, if it can be divided and that may help: one
    /// after the other, and so each series in its order. Books what is lost.
    pub(super) async fn send_pieces(
        &self,
        work: &mut Work,
        divider: &mut Divider,
        (slice, end): (Slice, End),
        (client, context): (&Client, &Context),
        tally: &mut Tally,
    ) {
        let mut ended = Some((slice, end));
        let mut todo = Vec::new();
        loop {
            if let Some((slice, end)) = ended.take() {
                let pieces = end
                    .remedy
                    .map(|remedy| divider.divide(&work.translator, &slice, remedy))
                    .unwrap_or_default();
                if pieces.is_empty() {
                    tally.add(end);
                } else {
                    self.log_pieces(end.remedy, pieces.len());
                    todo.extend(pieces.into_iter().rev());
                }
            }
            let Some(slice) = todo.pop() else { return };
            if let Some(packet) = work.pack(&slice) {
                let end = self.deliver(client, packet, context).await;
                ended = Some((slice, end));
            }
        }
    }

    fn log_pieces(&self, remedy: Option<Remedy>, pieces: usize) {
        let help = (remedy == Some(Remedy::Halves))
            .then_some("write a smaller `max_batch_size_bytes`: this costs a request each time");
        tracing::warn!(
            parent: &self.span,
            pieces,
            help,
            "The backend refuses a request as a whole. Sending it again in pieces."
        );
    }
}
