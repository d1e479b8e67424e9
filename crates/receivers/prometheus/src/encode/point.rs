//! Data points as OTLP bytes.

use headwater_core::pdata::wire::put_varint;

/// The points of one metric, as repeated field 1 of its data.
#[derive(Debug, Default)]
pub(crate) struct Points(pub(crate) Vec<u8>);

/// What is around the value of a point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// Encoded attributes.
    pub(crate) attributes: &'a [u8],
    /// Encoded exemplars.
    pub(crate) exemplars: &'a [u8],
    /// Nanoseconds since 1970, 0 for none.
    pub(crate) start: u64,
    /// Nanoseconds since 1970.
    pub(crate) time: u64,
}

/// The tag of field `number` as one byte, which is enough for all fields of data points.
const fn tag(number: u8, wire_type: u8) -> u8 {
    number << 3 | wire_type
}

pub(crate) const FIXED64: u8 = 1;
const LEN: u8 = 2;

impl Points {
    /// A number; `None` says that the series is gone.
    #[inline]
    pub(crate) fn number(&mut self, frame: Frame<'_>, value: Option<f64>) {
        let flagged = value.is_none();
        // Time and value, or time and flag.
        let length = frame.length() + if flagged { 2 } else { 9 };
        self.begin(length);
        frame.put(&mut self.0);
        match value {
            Some(value) => put_fixed(&mut self.0, 4, value.to_bits()),
            None => self.0.extend_from_slice(&[tag(8, 0), 1]),
        }
    }

    /// A native histogram whose fields are encoded in `body`; of one that is gone just the flag.
    pub(crate) fn native(&mut self, frame: Frame<'_>, body: &[u8]) {
        self.begin(frame.length() + body.len());
        frame.put(&mut self.0);
        self.0.extend_from_slice(body);
    }

    /// A point of any kind with the fields in `body`.
    pub(crate) fn with_body(&mut self, frame: Frame<'_>, body: &[u8]) {
        self.native(frame, body);
    }

    #[inline]
    fn begin(&mut self, length: usize) {
        self.0.push(tag(1, LEN));
        put_varint(&mut self.0, length as u64);
    }
}

impl Frame<'_> {
    #[inline]
    fn length(&self) -> usize {
        let start = if self.start == 0 { 0 } else { 9 };
        self.attributes.len() + self.exemplars.len() + start + 9
    }

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.attributes);
        out.extend_from_slice(self.exemplars);
        if self.start != 0 {
            put_fixed(out, 2, self.start);
        }
        put_fixed(out, 3, self.time);
    }
}

/// Appends a fixed64 or double field.
#[inline]
pub(crate) fn put_fixed(out: &mut Vec<u8>, number: u8, bits: u64) {
    let mut field = [tag(number, FIXED64); 9];
    field[1..].copy_from_slice(&bits.to_le_bytes());
    out.extend_from_slice(&field);
}

/// Appends a packed list of fixed64 or double values; nothing if it is empty.
pub(crate) fn put_packed(out: &mut Vec<u8>, number: u8, bits: impl ExactSizeIterator<Item = u64>) {
    if bits.len() == 0 {
        return;
    }
    out.push(tag(number, LEN));
    put_varint(out, bits.len() as u64 * 8);
    for value in bits {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Appends a varint field.
pub(crate) fn put_number(out: &mut Vec<u8>, number: u8, value: u64) {
    out.push(tag(number, 0));
    put_varint(out, value);
}

/// Appends a nested message or text.
pub(crate) fn put_nested(out: &mut Vec<u8>, number: u8, body: &[u8]) {
    out.push(tag(number, LEN));
    put_varint(out, body.len() as u64);
    out.extend_from_slice(body);
}
