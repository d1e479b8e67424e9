//! Reading where it lies.

use headwater_core::pdata::view::Text;
use headwater_core::pdata::wire::{Field, Fields, WireError, WireType};

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// Checks the framing of a push message and gives its streams.
///
/// # Errors
/// [`WireError`] if it is none.
pub fn streams(message: &[u8]) -> Result<Streams<'_>, WireError> {
    for field in Fields::new(message) {
        let field = field?;
        if field.number == 1 {
            let stream = message_of("StreamAdapter", &field, message)?;
            for field in Fields::new(stream) {
                let field = field?;
                match field.number {
                    1 => {
                        message_of("labels", &field, stream)?;
                    }
                    2 => check_entry(message_of("EntryAdapter", &field, stream)?)?,
                    _ => {}
                }
            }
        }
    }
    Ok(Streams(Fields::new(message), message))
}

fn check_entry(entry: &[u8]) -> Result<(), WireError> {
    for field in Fields::new(entry) {
        let field = field?;
        match field.number {
            1 | 3 => {
                let inner = message_of("EntryAdapter", &field, entry)?;
                for field in Fields::new(inner) {
                    field?;
                }
            }
            2 => {
                message_of("line", &field, entry)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn message_of<'a>(
    message: &'static str,
    field: &Field,
    buf: &'a [u8],
) -> Result<&'a [u8], WireError> {
    if field.wire_type == WireType::Len {
        return Ok(field.bytes(buf));
    }
    Err(WireError::Mismatch {
        message,
        field: field.number,
        found: field.wire_type as u8,
    })
}

/// The streams of a push message.
#[derive(Debug, Clone)]
pub struct Streams<'a>(Fields<'a>, &'a [u8]);

impl<'a> Iterator for Streams<'a> {
    type Item = Stream<'a>;

    fn next(&mut self) -> Option<Stream<'a>> {
        while let Some(Ok(field)) = self.0.next() {
            if field.number == 1 {
                return Some(Stream(field.bytes(self.1)));
            }
        }
        None
    }
}

/// One stream.
#[derive(Debug, Clone, Copy)]
pub struct Stream<'a>(&'a [u8]);

impl<'a> Stream<'a> {
    /// The label set as text, see [`crate::label::parse_label_set`].
    #[must_use]
    pub fn labels(&self) -> Text<'a> {
        Text::new(last(self.0, 1))
    }

    /// The entries in order.
    #[must_use]
    pub const fn entries(&self) -> Entries<'a> {
        Entries(Fields::new(self.0), self.0)
    }
}

/// The last length-delimited field `number`; empty if there is none.
fn last(message: &[u8], number: u32) -> &[u8] {
    Fields::new(message)
        .filter_map(Result::ok)
        .filter(|field| field.number == number && field.wire_type == WireType::Len)
        .last()
        .map(|field| field.bytes(message))
        .unwrap_or_default()
}

/// The entries of a stream.
#[derive(Debug, Clone)]
pub struct Entries<'a>(Fields<'a>, &'a [u8]);

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        while let Some(Ok(field)) = self.0.next() {
            if field.number == 2 {
                return Some(Entry::new(field.bytes(self.1)));
            }
        }
        None
    }
}

/// One entry.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Nanoseconds since 1970; 0 if the entry has no time.
    pub time: i64,
    /// The line.
    pub line: Text<'a>,
    bytes: &'a [u8],
    has_metadata: bool,
}

impl<'a> Entry<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let mut entry = Self {
            time: 0,
            line: Text::default(),
            bytes,
            has_metadata: false,
        };
        for field in Fields::new(bytes).filter_map(Result::ok) {
            match field.number {
                1 => entry.time = time(field.bytes(bytes)),
                2 => entry.line = Text::new(field.bytes(bytes)),
                3 => entry.has_metadata = true,
                _ => {}
            }
        }
        entry
    }

    /// The structured metadata: names with values.
    #[must_use]
    pub fn metadata(&self) -> Metadata<'a> {
        let bytes = if self.has_metadata { self.bytes } else { &[] };
        Metadata(Fields::new(bytes), bytes)
    }
}

fn time(timestamp: &[u8]) -> i64 {
    let (mut seconds, mut nanos) = (0_i64, 0_i64);
    for field in Fields::new(timestamp).filter_map(Result::ok) {
        match field.number {
            1 => seconds = field.bits(timestamp) as i64,
            2 => nanos = i64::from(field.bits(timestamp) as i32),
            _ => {}
        }
    }
    // The seconds alone can be out of range where the time as a whole is not.
    let time = i128::from(seconds) * i128::from(SECOND) + i128::from(nanos);
    time.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// The structured metadata of an entry.
#[derive(Debug, Clone)]
pub struct Metadata<'a>(Fields<'a>, &'a [u8]);

impl<'a> Iterator for Metadata<'a> {
    type Item = (Text<'a>, Text<'a>);

    fn next(&mut self) -> Option<(Text<'a>, Text<'a>)> {
        while let Some(Ok(field)) = self.0.next() {
            if field.number == 3 {
                let pair = field.bytes(self.1);
                return Some((Text::new(last(pair, 1)), Text::new(last(pair, 2))));
            }
        }
        None
    }
}
