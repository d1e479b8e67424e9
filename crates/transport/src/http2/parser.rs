//! From bytes to frames, however they are cut.

use super::Fault;
use super::frame::{HEADER, Head, flag, kind, u32_at};

/// The longest header block, compressed. What does not fit is no telemetry request.
const MAX_BLOCK: usize = 64 << 10;
/// What the buffer for frames that arrive in pieces keeps.
const KEPT: usize = 256;

/// What a connection does with frames. Lengths and stream numbers have been checked.
pub(super) trait Sink {
    /// A DATA frame of `length` bytes, padding included, begins.
    fn data_begins(&mut self, stream: u32, length: u32) -> Result<(), Fault>;
    /// A part of its data, perhaps in several calls.
    fn data(&mut self, stream: u32, bytes: &[u8]) -> Result<(), Fault>;
    /// `padding` bytes of it were no data; it is over, and with it the stream if `end`.
    fn data_ends(&mut self, stream: u32, padding: u32, end: bool) -> Result<(), Fault>;
    /// A complete header block.
    fn headers(&mut self, stream: u32, block: &[u8], end: bool) -> Result<(), Fault>;
    /// RST_STREAM.
    fn reset(&mut self, stream: u32, reason: u32) -> Result<(), Fault>;
    /// SETTINGS; `None` is an acknowledgement.
    fn settings(&mut self, payload: Option<&[u8]>) -> Result<(), Fault>;
    /// PING.
    fn ping(&mut self, data: [u8; 8], answer: bool) -> Result<(), Fault>;
    /// GOAWAY.
    fn go_away(&mut self, last: u32, reason: u32, text: &[u8]) -> Result<(), Fault>;
    /// WINDOW_UPDATE.
    fn window(&mut self, stream: u32, increment: u32) -> Result<(), Fault>;
    /// A frame that has no effect.
    fn ignored(&mut self) -> Result<(), Fault>;
}

#[derive(Debug)]
enum State {
    /// Of the next header so many bytes are there.
    Head { bytes: [u8; HEADER], filled: usize },
    /// A padded DATA frame, before the length of its padding.
    Padding { head: Head },
    Data {
        stream: u32,
        left: usize,
        padding: u32,
        padding_left: usize,
        end: bool,
    },
    /// A frame that is handled once it is complete; it is gathered in `partial`.
    Gather { head: Head },
    /// A frame that is skipped.
    Skip { left: usize },
}

const START: State = State::Head {
    bytes: [0; HEADER],
    filled: 0,
};

#[derive(Debug)]
struct Continued {
    stream: u32,
    end: bool,
    block: Vec<u8>,
}

/// The frames of one connection.
#[derive(Debug)]
pub(super) struct Parser {
    max_frame: u32,
    state: State,
    partial: Vec<u8>,
    continued: Option<Continued>,
}

impl Parser {
    pub(super) const fn new(max_frame: u32) -> Self {
        Self {
            max_frame,
            state: START,
            partial: Vec::new(),
            continued: None,
        }
    }

    /// Takes the next bytes of the connection.
    pub(super) fn feed(&mut self, mut input: &[u8], sink: &mut impl Sink) -> Result<(), Fault> {
        while !input.is_empty() {
            match &mut self.state {
                State::Head { bytes, filled } => {
                    let (part, rest) = input.split_at(input.len().min(HEADER - *filled));
                    input = rest;
                    bytes[*filled..*filled + part.len()].copy_from_slice(part);
                    *filled += part.len();
                    if *filled == HEADER {
                        let head = Head::parse(*bytes);
                        self.begin(head, sink)?;
                    }
                }
                State::Padding { head } => {
                    let padding = u32::from(input[0]);
                    input = &input[1..];
                    let head = *head;
                    let left = (head.length - 1).checked_sub(padding);
                    let left = left.ok_or(Fault::protocol("more padding than frame"))?;
                    // The byte that says how much padding there is counts as padding.
                    self.data(head, left as usize, padding + 1, padding as usize, sink)?;
                }
                State::Data {
                    stream,
                    left,
                    padding,
                    padding_left,
                    end,
                } => {
                    let (part, rest) = input.split_at(input.len().min(*left));
                    let skipped = rest.len().min(*padding_left);
                    input = &rest[skipped..];
                    *left -= part.len();
                    *padding_left -= skipped;
                    let (stream, padding, end) = (*stream, *padding, *end);
                    if *left == 0 && *padding_left == 0 {
                        self.state = START;
                    }
                    if !part.is_empty() {
                        sink.data(stream, part)?;
                    }
                    if matches!(self.state, State::Head { .. }) {
                        sink.data_ends(stream, padding, end)?;
                    }
                }
                State::Gather { head } => {
                    let head = *head;
                    let missing = head.length as usize - self.partial.len();
                    let (part, rest) = input.split_at(input.len().min(missing));
                    input = rest;
                    if part.len() < missing {
                        self.partial.extend_from_slice(part);
                        continue;
                    }
                    self.state = START;
                    if self.partial.is_empty() {
                        self.frame(head, part, sink)?;
                    } else {
                        let mut whole = std::mem::take(&mut self.partial);
                        whole.extend_from_slice(part);
                        self.frame(head, &whole, sink)?;
                        whole.clear();
                        whole.shrink_to(KEPT);
                        self.partial = whole;
                    }
                }
                State::Skip { left } => {
                    let skipped = input.len().min(*left);
                    input = &input[skipped..];
                    *left -= skipped;
                    if *left == 0 {
                        self.state = START;
                    }
                }
            }
        }
        Ok(())
    }

    /// A frame's header is complete.
    fn begin(&mut self, head: Head, sink: &mut impl Sink) -> Result<(), Fault> {
        self.state = START;
        if head.length > self.max_frame {
            return Err(Fault::size("a frame larger than allowed"));
        }
        if let Some(continued) = &self.continued {
            if head.kind != kind::CONTINUATION || head.stream != continued.stream {
                return Err(Fault::protocol("a header block that is not continued"));
            }
            if continued.block.len() + head.length as usize > MAX_BLOCK {
                return Err(Fault::calm("headers larger than allowed"));
            }
        }
        match head.kind {
            kind::DATA => {
                if head.stream == 0 {
                    return Err(Fault::protocol("DATA without a stream"));
                }
                sink.data_begins(head.stream, head.length)?;
                if !head.has(flag::PADDED) {
                    self.data(head, head.length as usize, 0, 0, sink)
                } else if head.length == 0 {
                    Err(Fault::size("no room for the length of padding"))
                } else {
                    self.state = State::Padding { head };
                    Ok(())
                }
            }
            kind::PRIORITY | kind::HEADERS..=kind::CONTINUATION => {
                check(head)?;
                if head.length == 0 {
                    return self.frame(head, &[], sink);
                }
                self.state = State::Gather { head };
                Ok(())
            }
            _ => {
                if head.length > 0 {
                    self.state = State::Skip {
                        left: head.length as usize,
                    };
                }
                sink.ignored()
            }
        }
    }

    fn data(
        &mut self,
        head: Head,
        left: usize,
        padding: u32,
        padding_left: usize,
        sink: &mut impl Sink,
    ) -> Result<(), Fault> {
        let (stream, end) = (head.stream, head.has(flag::END_STREAM));
        if left == 0 && padding_left == 0 {
            self.state = START;
            return sink.data_ends(stream, padding, end);
        }
        self.state = State::Data {
            stream,
            left,
            padding,
            padding_left,
            end,
        };
        Ok(())
    }

    /// A frame other than DATA is complete.
    fn frame(&mut self, head: Head, payload: &[u8], sink: &mut impl Sink) -> Result<(), Fault> {
        match head.kind {
            kind::HEADERS => {
                let block = block_of_headers(head, payload)?;
                let end = head.has(flag::END_STREAM);
                if head.has(flag::END_HEADERS) {
                    return sink.headers(head.stream, block, end);
                }
                let block = block.to_vec();
                self.continued = Some(Continued {
                    stream: head.stream,
                    end,
                    block,
                });
                Ok(())
            }
            kind::CONTINUATION => {
                let Some(continued) = &mut self.continued else {
                    return Err(Fault::protocol("nothing to continue"));
                };
                if payload.is_empty() {
                    // Costs us, but not the peer.
                    sink.ignored()?;
                }
                continued.block.extend_from_slice(payload);
                if !head.has(flag::END_HEADERS) {
                    return Ok(());
                }
                match self.continued.take() {
                    Some(whole) => sink.headers(whole.stream, &whole.block, whole.end),
                    None => Ok(()),
                }
            }
            kind::RST_STREAM => sink.reset(head.stream, u32_at(payload, 0)),
            kind::SETTINGS => sink.settings(if head.has(flag::ACK) {
                None
            } else {
                Some(payload)
            }),
            kind::PING => {
                let mut data = [0; 8];
                data.copy_from_slice(payload);
                sink.ping(data, head.has(flag::ACK))
            }
            kind::GOAWAY => {
                let last = u32_at(payload, 0) & 0x7fff_ffff;
                sink.go_away(last, u32_at(payload, 4), &payload[8..])
            }
            kind::WINDOW_UPDATE => sink.window(head.stream, u32_at(payload, 0) & 0x7fff_ffff),
            kind::PUSH_PROMISE => Err(Fault::protocol("nobody asked for a push")),
            kind::PRIORITY if u32_at(payload, 0) & 0x7fff_ffff == head.stream => {
                Err(Fault::protocol("a stream that depends on itself"))
            }
            _ => sink.ignored(),
        }
    }
}

/// Checks length and stream number of a frame other than DATA.
fn check(head: Head) -> Result<(), Fault> {
    let (length, stream) = (head.length, head.stream);
    let (fits, of_stream) = match head.kind {
        kind::HEADERS | kind::CONTINUATION | kind::PUSH_PROMISE => {
            if length as usize > MAX_BLOCK {
                return Err(Fault::calm("headers larger than allowed"));
            }
            (true, Some(true))
        }
        kind::PRIORITY => (length == 5, Some(true)),
        kind::RST_STREAM => (length == 4, Some(true)),
        kind::SETTINGS if head.has(flag::ACK) => (length == 0, Some(false)),
        // Nobody sends more than a few; thousands would be work for nothing.
        kind::SETTINGS => (length.is_multiple_of(6) && length <= 6 * 64, Some(false)),
        kind::PING => (length == 8, Some(false)),
        kind::GOAWAY => ((8..=MAX_BLOCK as u32).contains(&length), Some(false)),
        _ => (length == 4, None),
    };
    if of_stream.is_some_and(|of_stream| of_stream == (stream == 0)) {
        return Err(Fault::protocol("a frame on the wrong kind of stream"));
    }
    if fits {
        Ok(())
    } else {
        Err(Fault::size("a frame of the wrong length"))
    }
}

/// The header block in a HEADERS frame, without padding and priority.
fn block_of_headers(head: Head, mut payload: &[u8]) -> Result<&[u8], Fault> {
    let wrong = Fault::protocol("more padding than frame");
    if head.has(flag::PADDED) {
        let Some((padding, rest)) = payload.split_first() else {
            return Err(wrong);
        };
        let Some(end) = rest.len().checked_sub(usize::from(*padding)) else {
            return Err(wrong);
        };
        payload = &rest[..end];
    }
    if head.has(flag::PRIORITY) {
        let on = payload
            .first_chunk::<4>()
            .map(|bytes| u32_at(bytes, 0) & 0x7fff_ffff);
        if on == Some(head.stream) {
            return Err(Fault::protocol("a stream that depends on itself"));
        }
        payload = payload
            .get(5..)
            .ok_or(Fault::size("a frame of the wrong length"))?;
    }
    Ok(payload)
}

#[cfg(test)]
mod tests;
