//! Walking a message in place.

use headwater_core::pdata::wire::{Field, Fields, WireError, WireType, read_varint};
use thiserror::Error;

use super::{Histogram, Message, MetricType};

/// Why bytes are no request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// They are no protobuf message of that shape.
    #[error("proto: {0}")]
    Wire(#[from] WireError),
    /// A text is no UTF-8.
    #[error("proto: string field contains invalid UTF-8")]
    Utf8,
    /// A series of 2.0 has a name without a value.
    #[error("invalid labels: labels_refs has an odd length of {0}")]
    OddLabels(usize),
    /// A series of 2.0 names a symbol that the request does not have.
    #[error("invalid labels: symbol reference {0} is out of range, the request has {1} symbols")]
    Symbol(u32, usize),
    /// The first symbol must be empty.
    #[error("invalid symbols table: the first symbol must be an empty string")]
    FirstSymbol,
}

/// A value at a time. Unit of times: milliseconds since 1970; `start` is 0 if nobody knows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The value.
    pub value: f64,
    /// When.
    pub timestamp: i64,
    /// Since when a counter is counted.
    pub start: i64,
}

/// An example of what was measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exemplar<'a> {
    /// Its labels.
    pub labels: Vec<(&'a str, &'a str)>,
    /// The value.
    pub value: f64,
    /// Unit: milliseconds since 1970.
    pub timestamp: i64,
}

/// What is known of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Metadata<'a> {
    /// Its name; empty in 2.0, where metadata belongs to the series.
    pub family: &'a str,
    /// Its type.
    pub kind: MetricType,
    /// What it measures.
    pub help: &'a str,
    /// Its unit, as a word.
    pub unit: &'a str,
}

/// A series with its samples.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series<'a> {
    /// Names and values in the order of the message.
    pub labels: Vec<(&'a str, &'a str)>,
    /// Samples in the order of the message.
    pub samples: Vec<Sample>,
    /// Native histograms in the order of the message.
    pub histograms: Vec<Histogram>,
    /// Exemplars in the order of the message.
    pub exemplars: Vec<Exemplar<'a>>,
    /// Metadata (2.0).
    pub metadata: Option<Metadata<'a>>,
}

impl Series<'_> {
    /// The value of a label, or the empty string.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }
}

/// Walks a request: `series` is called for each series, `family` for each metadata entry of 1.0.
///
/// # Errors
/// [`ReadError`]; what was visited before it was sound.
pub fn read<'a>(
    message: Message,
    bytes: &'a [u8],
    mut series: impl FnMut(&Series<'a>),
    mut family: impl FnMut(&Metadata<'a>),
) -> Result<(), ReadError> {
    let symbols = Symbols::read(message, bytes)?;
    let mut current = Series::default();
    let wanted = match message {
        Message::V1 => 1,
        Message::V2 => 5,
    };
    for field in Fields::new(bytes) {
        let field = field?;
        if field.number == wanted {
            let content = content(&field, bytes, "WriteRequest")?;
            read_series(message, &symbols, content, &mut current)?;
            series(&current);
        } else if field.number == 3 && message == Message::V1 {
            family(&read_family(content(&field, bytes, "WriteRequest")?)?);
        }
    }
    Ok(())
}

fn content<'a>(
    field: &Field,
    bytes: &'a [u8],
    message: &'static str,
) -> Result<&'a [u8], WireError> {
    if field.wire_type == WireType::Len {
        return Ok(field.bytes(bytes));
    }
    Err(WireError::Mismatch {
        message,
        field: field.number,
        found: field.wire_type as u8,
    })
}

fn text<'a>(field: &Field, bytes: &'a [u8], message: &'static str) -> Result<&'a str, ReadError> {
    std::str::from_utf8(content(field, bytes, message)?).map_err(|_| ReadError::Utf8)
}

/// The texts of a request of 2.0.
struct Symbols<'a>(Vec<&'a str>);

impl<'a> Symbols<'a> {
    fn read(message: Message, bytes: &'a [u8]) -> Result<Self, ReadError> {
        let mut symbols = Vec::new();
        if message == Message::V2 {
            for field in Fields::new(bytes) {
                let field = field?;
                if field.number == 4 {
                    symbols.push(text(&field, bytes, "Request")?);
                }
            }
            if symbols.first().is_some_and(|first| !first.is_empty()) {
                return Err(ReadError::FirstSymbol);
            }
        }
        Ok(Self(symbols))
    }

    fn get(&self, index: u64) -> Result<&'a str, ReadError> {
        let found = usize::try_from(index).ok().and_then(|at| self.0.get(at));
        found
            .copied()
            .ok_or(ReadError::Symbol(index as u32, self.0.len()))
    }

    fn labels(
        &self,
        field: &Field,
        bytes: &[u8],
        pending: &mut Option<&'a str>,
        labels: &mut Vec<(&'a str, &'a str)>,
    ) -> Result<(), ReadError> {
        let mut add = |index: u64| -> Result<(), ReadError> {
            let symbol = self.get(index)?;
            match pending.take() {
                None => *pending = Some(symbol),
                Some(name) => labels.push((name, symbol)),
            }
            Ok(())
        };
        if field.wire_type != WireType::Len {
            return add(field.bits(bytes));
        }
        let refs = field.bytes(bytes);
        let mut pos = 0;
        while pos < refs.len() {
            add(read_varint(refs, &mut pos)?)?;
        }
        Ok(())
    }
}

fn read_series<'a>(
    message: Message,
    symbols: &Symbols<'a>,
    bytes: &'a [u8],
    to: &mut Series<'a>,
) -> Result<(), ReadError> {
    const NAME: &str = "TimeSeries";
    to.labels.clear();
    to.samples.clear();
    to.histograms.clear();
    to.exemplars.clear();
    to.metadata = None;
    let mut pending = None;
    for field in Fields::new(bytes) {
        let field = field?;
        match (message, field.number) {
            (Message::V1, 1) => to.labels.push(read_label(content(&field, bytes, NAME)?)?),
            (Message::V2, 1) => symbols.labels(&field, bytes, &mut pending, &mut to.labels)?,
            (_, 2) => to.samples.push(read_sample(content(&field, bytes, NAME)?)?),
            (Message::V1, 4) | (Message::V2, 3) => {
                let histogram = Histogram::read(content(&field, bytes, NAME)?)?;
                to.histograms.push(histogram);
            }
            (Message::V1, 3) | (Message::V2, 4) => {
                let exemplar = read_exemplar(message, symbols, content(&field, bytes, NAME)?)?;
                to.exemplars.push(exemplar);
            }
            (Message::V2, 5) => {
                to.metadata = Some(read_metadata(symbols, content(&field, bytes, NAME)?)?);
            }
            _ => {}
        }
    }
    if pending.is_some() {
        return Err(ReadError::OddLabels(2 * to.labels.len() + 1));
    }
    Ok(())
}

fn read_label(bytes: &[u8]) -> Result<(&str, &str), ReadError> {
    let (mut name, mut value) = ("", "");
    for field in Fields::new(bytes) {
        let field = field?;
        match field.number {
            1 => name = text(&field, bytes, "Label")?,
            2 => value = text(&field, bytes, "Label")?,
            _ => {}
        }
    }
    Ok((name, value))
}

fn read_sample(bytes: &[u8]) -> Result<Sample, ReadError> {
    let mut sample = Sample {
        value: 0.0,
        timestamp: 0,
        start: 0,
    };
    for field in Fields::new(bytes) {
        let field = field?;
        let bits = field.bits(bytes);
        match field.number {
            1 => sample.value = f64::from_bits(bits),
            2 => sample.timestamp = bits as i64,
            3 => sample.start = bits as i64,
            _ => {}
        }
    }
    Ok(sample)
}

fn read_exemplar<'a>(
    message: Message,
    symbols: &Symbols<'a>,
    bytes: &'a [u8],
) -> Result<Exemplar<'a>, ReadError> {
    let mut exemplar = Exemplar::default();
    let mut pending = None;
    for field in Fields::new(bytes) {
        let field = field?;
        match (message, field.number) {
            (Message::V1, 1) => {
                let label = read_label(content(&field, bytes, "Exemplar")?)?;
                exemplar.labels.push(label);
            }
            (Message::V2, 1) => {
                symbols.labels(&field, bytes, &mut pending, &mut exemplar.labels)?;
            }
            (_, 2) => exemplar.value = f64::from_bits(field.bits(bytes)),
            (_, 3) => exemplar.timestamp = field.bits(bytes) as i64,
            _ => {}
        }
    }
    if pending.is_some() {
        return Err(ReadError::OddLabels(2 * exemplar.labels.len() + 1));
    }
    Ok(exemplar)
}

fn read_metadata<'a>(symbols: &Symbols<'a>, bytes: &[u8]) -> Result<Metadata<'a>, ReadError> {
    let mut metadata = Metadata::default();
    for field in Fields::new(bytes) {
        let field = field?;
        let bits = field.bits(bytes);
        match field.number {
            1 => metadata.kind = MetricType::from_number(bits),
            3 => metadata.help = symbols.get(bits)?,
            4 => metadata.unit = symbols.get(bits)?,
            _ => {}
        }
    }
    Ok(metadata)
}

fn read_family(bytes: &[u8]) -> Result<Metadata<'_>, ReadError> {
    const NAME: &str = "MetricMetadata";
    let mut metadata = Metadata::default();
    for field in Fields::new(bytes) {
        let field = field?;
        match field.number {
            1 => metadata.kind = MetricType::from_number(field.bits(bytes)),
            2 => metadata.family = text(&field, bytes, NAME)?,
            4 => metadata.help = text(&field, bytes, NAME)?,
            5 => metadata.unit = text(&field, bytes, NAME)?,
            _ => {}
        }
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests;
