//! The bytes of one batch: a rope of complete serialized requests.

use std::fmt;

use bytes::Bytes;
use smallvec::SmallVec;

/// Serialized telemetry of one signal, held as the buffers it arrived in.
///
/// Every segment is a complete `Export{Traces,Metrics,Logs}ServiceRequest` (the same bytes as
/// `TracesData`, `MetricsData`, `LogsData`). All content of such a message lives in the repeated
/// field 1, so the concatenation of the segments is the merge of the requests: protobuf encoding
/// specification, "Last One Wins".
///
/// Clones share the buffers. A payload of one segment needs no allocation of its own.
#[derive(Clone, Default)]
pub struct Payload {
    segments: SmallVec<[Segment; 1]>,
    len: usize,
}

/// One complete request and what is known of it.
#[derive(Clone)]
pub(super) struct Segment {
    pub(super) bytes: Bytes,
    /// Bytes that this segment keeps alive; at least `bytes.len()`.
    pub(super) backing: usize,
    /// Items in `bytes`, when someone has counted them.
    pub(super) items: Option<u32>,
}

impl Segment {
    fn new(bytes: Bytes) -> Self {
        let backing = bytes.len();
        Self {
            bytes,
            backing,
            items: None,
        }
    }
}

impl Payload {
    /// A payload without any bytes: an empty request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One complete request whose `items` are counted already (see [`super::count_items`]), so
    /// that splitting need not count them again.
    #[must_use]
    pub fn counted(bytes: Bytes, items: usize) -> Self {
        let mut payload = Self::new();
        payload.push_segment(Segment {
            backing: bytes.len(),
            items: u32::try_from(items).ok(),
            bytes,
        });
        payload
    }

    /// Declares that each segment is a slice of a buffer of `backing` bytes, which it keeps alive.
    ///
    /// `Bytes` does not reveal the size of its buffer; whoever slices must say it, otherwise
    /// [`Payload::compact`] cannot help. Unit: bytes; smaller than the segment means its length.
    #[must_use]
    pub fn with_backing(mut self, backing: usize) -> Self {
        for segment in &mut self.segments {
            segment.backing = backing.max(segment.bytes.len());
        }
        self
    }

    /// The size of the serialized data, in bytes.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes at all. A payload with bytes may still hold no items.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The segments in order: each is a complete request, none is empty.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &Bytes> + DoubleEndedIterator + Clone {
        self.segments.iter().map(|segment| &segment.bytes)
    }

    /// How many items the payload holds, if that is known of every segment without looking.
    #[must_use]
    pub fn known_items(&self) -> Option<usize> {
        self.segments.iter().try_fold(0_usize, |sum, segment| {
            sum.checked_add(segment.items? as usize)
        })
    }

    /// Appends one complete request; an empty one is dropped.
    pub fn push(&mut self, bytes: Bytes) {
        self.push_segment(Segment::new(bytes));
    }

    pub(super) fn push_segment(&mut self, segment: Segment) {
        if !segment.bytes.is_empty() {
            self.len += segment.bytes.len();
            self.segments.push(segment);
        }
    }

    pub(super) fn parts(&self) -> &[Segment] {
        &self.segments
    }

    pub(super) fn take_segments(&mut self) -> SmallVec<[Segment; 1]> {
        self.len = 0;
        std::mem::take(&mut self.segments)
    }

    /// Appends the requests of `other`: O(segments), no bytes are copied. Both must be of the
    /// same signal, and never profiles (their dictionaries are per request).
    pub fn append(&mut self, mut other: Self) {
        if self.segments.is_empty() {
            *self = other;
            return;
        }
        self.len += other.len;
        self.segments.append(&mut other.segments);
    }

    /// The whole request in one buffer. One segment is handed out as it is, several are copied.
    #[must_use]
    pub fn into_contiguous(mut self) -> Bytes {
        if self.segments.len() > 1 {
            return self.copied();
        }
        self.segments
            .pop()
            .map(|segment| segment.bytes)
            .unwrap_or_default()
    }

    /// Like [`Payload::into_contiguous`], and keeps the payload.
    #[must_use]
    pub fn to_contiguous(&self) -> Bytes {
        match self.segments.as_slice() {
            [] => Bytes::new(),
            [only] => only.bytes.clone(),
            _ => self.copied(),
        }
    }

    fn copied(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.len);
        self.put_into(&mut out);
        out.into()
    }

    /// Appends all bytes to `out`.
    pub fn put_into(&self, out: &mut Vec<u8>) {
        out.reserve(self.len);
        for segment in &self.segments {
            out.extend_from_slice(&segment.bytes);
        }
    }

    /// How many bytes stay allocated as long as this payload lives, as far as is known; an upper
    /// bound when several segments share one buffer. Never less than [`Payload::len`].
    #[must_use]
    pub fn backing_bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.backing).sum()
    }

    /// Copies out every segment that keeps more than twice its own size alive, and says whether
    /// there was one. Call it before data is held for longer than one flush.
    pub fn compact(&mut self) -> bool {
        let mut copied = false;
        for segment in &mut self.segments {
            if segment.backing / 2 > segment.bytes.len() {
                segment.bytes = Bytes::copy_from_slice(&segment.bytes);
                segment.backing = segment.bytes.len();
                copied = true;
            }
        }
        copied
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        let mut payload = Self::new();
        payload.push(bytes);
        payload
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        let backing = bytes.capacity();
        Self::from(Bytes::from(bytes)).with_backing(backing)
    }
}

/// Each item is one complete request.
impl FromIterator<Bytes> for Payload {
    fn from_iter<I: IntoIterator<Item = Bytes>>(segments: I) -> Self {
        let mut payload = Self::new();
        for bytes in segments {
            payload.push(bytes);
        }
        payload
    }
}

/// Shows sizes, never content: telemetry may be confidential.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("len", &self.len)
            .field("segments", &self.segments.len())
            .field("backing", &self.backing_bytes())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_segment_comes_out_as_the_buffer_that_went_in() {
        let bytes = Bytes::from(vec![1, 2, 3]);
        let payload = Payload::from(bytes.clone());
        assert_eq!(payload.to_contiguous().as_ptr(), bytes.as_ptr());
        assert_eq!(payload.into_contiguous().as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn append_keeps_order_and_adds_lengths_without_copying() {
        let parts = [
            Bytes::from_static(&[1, 2]),
            Bytes::from_static(&[3]),
            Bytes::from_static(&[4]),
        ];
        let mut payload = Payload::new();
        for part in &parts {
            payload.append(Payload::from(part.clone()));
        }
        assert_eq!(payload.len(), 4);
        assert!(
            payload
                .segments()
                .zip(&parts)
                .all(|(a, b)| a.as_ptr() == b.as_ptr())
        );
        assert_eq!(payload.into_contiguous(), [1, 2, 3, 4].as_slice());
    }

    #[test]
    fn empty_requests_leave_no_segment() {
        let mut payload = Payload::from(Bytes::new());
        payload.push(Bytes::new());
        assert!(payload.is_empty());
        assert_eq!(payload.segments().len(), 0);
        assert_eq!(payload.into_contiguous(), Bytes::new());
    }

    #[test]
    fn items_are_known_only_if_every_segment_was_counted() {
        let mut payload = Payload::counted(Bytes::from_static(&[1]), 2);
        payload.append(Payload::counted(Bytes::from_static(&[1]), 3));
        assert_eq!(payload.known_items(), Some(5));
        payload.push(Bytes::from_static(&[1]));
        assert_eq!(payload.known_items(), None);
    }

    #[test]
    fn compact_frees_the_big_buffer_behind_a_small_slice() {
        let big = Bytes::from(vec![7; 1000]);
        let mut payload = Payload::from(big.slice(..10)).with_backing(big.len());
        assert_eq!(payload.backing_bytes(), 1000);
        assert!(payload.compact());
        assert_eq!(payload.backing_bytes(), 10);
        assert!(big.is_unique());
        assert!(!payload.compact());
    }

    #[test]
    fn compact_leaves_a_slice_of_most_of_its_buffer_alone() {
        let big = Bytes::from(vec![7; 1000]);
        let mut payload = Payload::from(big.slice(..600)).with_backing(big.len());
        assert!(!payload.compact());
        assert!(!big.is_unique());
    }
}
