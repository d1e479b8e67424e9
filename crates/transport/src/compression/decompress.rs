//! Decoding, bounded by a limit on the plain bytes.

use std::cell::RefCell;
use std::io::Read;

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};
use libdeflater::DecompressionError;
use thiserror::Error;

use super::{Encoding, gzip};

/// Why bytes could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecompressError {
    /// They are not what the encoding says, or are cut off.
    #[error("invalid {encoding} data: {reason}")]
    Invalid {
        /// The encoding named by the sender.
        encoding: Encoding,
        /// What is wrong.
        reason: &'static str,
    },
    /// They decode to more than the limit. Nothing beyond the limit was produced.
    #[error("decompressed {encoding} data is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The encoding named by the sender.
        encoding: Encoding,
        /// The limit in bytes.
        limit: usize,
    },
}

/// Deflate expands by at most this factor, whatever the trailer claims. Source: zlib's manual.
const DEFLATE_MAX_RATIO: usize = 1032;
/// The first guess for formats that do not say how large they become.
const GUESSED_RATIO: usize = 4;
/// Room for the first guess of an almost empty input.
const SMALLEST_GUESS: usize = 512;
/// The largest zstd window accepted, as a power of two: 128 MiB, the format's own default limit.
/// Memory is touched only as far as data is written, which `limit` bounds.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// Magic number, descriptor and header checksum.
const LZ4_HEADER: usize = 7;
/// The bit of the descriptor that announces a checksum of the content.
const LZ4_CONTENT_CHECKSUM: u8 = 4;
const SNAPPY_FRAME_MAGIC: &[u8] = b"\xff\x06\x00\x00sNaPpY";

#[derive(Default)]
struct States {
    /// For buffers whose plain size is known.
    whole: Option<libdeflater::Decompressor>,
    inflate: Option<Decompress>,
    zstd: Option<zstd::zstd_safe::DCtx<'static>>,
}

thread_local! {
    static STATES: RefCell<States> = RefCell::default();
}

/// Decodes `data`, which must be complete, to at most `limit` bytes.
///
/// # Errors
/// [`DecompressError`] if the data is damaged or becomes larger than `limit`.
pub fn decompress(
    encoding: Encoding,
    data: &Bytes,
    limit: usize,
) -> Result<Bytes, DecompressError> {
    let output = Output {
        encoding,
        limit,
        bytes: Vec::new(),
    };
    let bytes = match encoding {
        Encoding::Identity if data.len() > limit => return Err(output.too_large()),
        Encoding::Identity => return Ok(data.clone()),
        Encoding::Gzip => gunzip(data, output),
        Encoding::Zlib => with_inflate(|state| unzlib(state, data, output)),
        Encoding::Zstd => STATES.with_borrow_mut(|states| unzstd(states, data, output)),
        Encoding::Snappy | Encoding::SnappyFramed => {
            // A framed stream of nothing is nothing.
            let empty_stream = encoding == Encoding::SnappyFramed && data.is_empty();
            if empty_stream || data.starts_with(SNAPPY_FRAME_MAGIC) {
                output.read(snap::read::FrameDecoder::new(&**data), data.len())
            } else {
                unsnap_block(data, output)
            }
        }
        Encoding::Lz4 => unlz4(data, output),
    }?;
    Ok(Bytes::from(bytes))
}

fn with_inflate<T>(work: impl FnOnce(&mut Decompress) -> T) -> T {
    STATES.with_borrow_mut(|states| {
        work(states.inflate.get_or_insert_with(|| Decompress::new(false)))
    })
}

/// The plain bytes so far and what bounds them.
struct Output {
    encoding: Encoding,
    limit: usize,
    bytes: Vec<u8>,
}

impl Output {
    fn too_large(&self) -> DecompressError {
        DecompressError::TooLarge {
            encoding: self.encoding,
            limit: self.limit,
        }
    }

    fn invalid(&self, reason: &'static str) -> DecompressError {
        DecompressError::Invalid {
            encoding: self.encoding,
            reason,
        }
    }

    /// Makes room for about `wanted` more bytes, never beyond one byte over the limit: that byte
    /// tells "exactly the limit" from "more".
    fn reserve(&mut self, wanted: usize) {
        let room = (self.limit - self.bytes.len()).saturating_add(1);
        self.bytes.reserve_exact(wanted.clamp(1, room));
    }

    fn grow(&mut self) -> Result<(), DecompressError> {
        if self.bytes.len() > self.limit {
            return Err(self.too_large());
        }
        if self.bytes.len() == self.bytes.capacity() {
            self.reserve(self.bytes.len().max(SMALLEST_GUESS));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, DecompressError> {
        if self.bytes.len() > self.limit {
            return Err(self.too_large());
        }
        // What a guess left over would be held as long as the batch.
        if self.bytes.capacity() - self.bytes.len() > self.bytes.len() / 8 {
            self.bytes.shrink_to_fit();
        }
        Ok(self.bytes)
    }

    fn read(mut self, reader: impl Read, compressed: usize) -> Result<Vec<u8>, DecompressError> {
        self.reserve(compressed.saturating_mul(GUESSED_RATIO));
        let mut reader = reader.take(self.limit as u64 + 1);
        if reader.read_to_end(&mut self.bytes).is_err() {
            return Err(self.invalid("damaged or cut off"));
        }
        self.finish()
    }
}

/// Inflates one deflate stream from the front of `data`; returns how many bytes it took.
fn inflate(
    state: &mut Decompress,
    data: &[u8],
    output: &mut Output,
) -> Result<usize, DecompressError> {
    loop {
        output.grow()?;
        let consumed = state.total_in() as usize;
        let (before_in, before_out) = (state.total_in(), state.total_out());
        let status = state
            .decompress_vec(
                &data[consumed..],
                &mut output.bytes,
                FlushDecompress::Finish,
            )
            .map_err(|_| output.invalid("damaged deflate stream"))?;
        if status == Status::StreamEnd {
            return Ok(state.total_in() as usize);
        }
        let stuck = (before_in, before_out) == (state.total_in(), state.total_out());
        if stuck && output.bytes.len() < output.bytes.capacity() {
            return Err(output.invalid("cut off"));
        }
    }
}

fn gunzip(data: &[u8], output: Output) -> Result<Vec<u8>, DecompressError> {
    if gzip::is_single(data) {
        gunzip_single(data, output)
    } else {
        with_inflate(|state| gunzip_members(state, data, output))
    }
}

/// The usual case, in one go into a buffer of the size that the trailer gives: that takes 0.5 ns
/// per plain byte of spans where a stream takes 1.2.
fn gunzip_single(data: &[u8], mut output: Output) -> Result<Vec<u8>, DecompressError> {
    if gzip::header_len(data).is_none() {
        return Err(output.invalid("no gzip header"));
    }
    let size = gzip::claimed_len(data);
    if size > data.len().saturating_mul(DEFLATE_MAX_RATIO) {
        return Err(output.invalid("wrong length in the gzip trailer"));
    }
    if size > output.limit {
        return Err(output.too_large());
    }
    output.bytes = vec![0; size];
    let written = STATES.with_borrow_mut(|states| {
        let state = states
            .whole
            .get_or_insert_with(libdeflater::Decompressor::new);
        state.gzip_decompress(data, &mut output.bytes)
    });
    match written {
        Ok(written) if written == size => Ok(output.bytes),
        Err(DecompressionError::InsufficientSpace) => {
            Err(output.invalid("wrong length in the gzip trailer"))
        }
        _ => Err(output.invalid("damaged or cut off")),
    }
}

/// Several members, one behind the other.
fn gunzip_members(
    state: &mut Decompress,
    data: &[u8],
    mut output: Output,
) -> Result<Vec<u8>, DecompressError> {
    output.reserve(data.len().saturating_mul(GUESSED_RATIO).max(SMALLEST_GUESS));
    let mut rest = data;
    loop {
        let header = gzip::header_len(rest).ok_or_else(|| output.invalid("no gzip header"))?;
        let start = output.bytes.len();
        state.reset(false);
        let taken = inflate(state, &rest[header..], &mut output)?;
        if output.bytes.len() > output.limit {
            return Err(output.too_large());
        }
        let trailer = header + taken;
        let Some(claimed) = rest.get(trailer..trailer + gzip::TRAILER_LEN) else {
            return Err(output.invalid("cut off"));
        };
        let member = &output.bytes[start..];
        let (crc, length) = (libdeflater::crc32(member), member.len() as u32);
        if claimed[..4] != crc.to_le_bytes() || claimed[4..] != length.to_le_bytes() {
            return Err(output.invalid("wrong checksum"));
        }
        rest = &rest[trailer + gzip::TRAILER_LEN..];
        if rest.is_empty() {
            return output.finish();
        }
    }
}

fn unzlib(
    state: &mut Decompress,
    data: &[u8],
    mut output: Output,
) -> Result<Vec<u8>, DecompressError> {
    output.reserve(data.len().saturating_mul(GUESSED_RATIO).max(SMALLEST_GUESS));
    state.reset(has_zlib_header(data));
    inflate(state, data, &mut output)?;
    output.finish()
}

/// Whether the data is RFC 1950. Go's `compress/flate` and others send the RFC 1951 inside of it
/// without its header, under the same name.
fn has_zlib_header(data: &[u8]) -> bool {
    let Some((&[method, flags], _)) = data.split_first_chunk() else {
        return true;
    };
    method & 0x0f == 8 && u16::from_be_bytes([method, flags]).is_multiple_of(31)
}

fn unzstd(
    states: &mut States,
    data: &[u8],
    mut output: Output,
) -> Result<Vec<u8>, DecompressError> {
    use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

    let state = states.zstd.get_or_insert_with(DCtx::create);
    let prepared = state
        .reset(ResetDirective::SessionOnly)
        .and_then(|_| state.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX)));
    if prepared.is_err() {
        return Err(output.invalid("decoder unavailable"));
    }
    match zstd::zstd_safe::get_frame_content_size(data) {
        Ok(Some(size)) if size > output.limit as u64 => return Err(output.too_large()),
        Ok(Some(size)) => output.reserve(size as usize + 1),
        _ => output.reserve(data.len().saturating_mul(GUESSED_RATIO).max(SMALLEST_GUESS)),
    }
    let mut input = InBuffer::around(data);
    loop {
        output.grow()?;
        let (before_in, before_out) = (input.pos(), output.bytes.len());
        let hint = {
            let mut out = OutBuffer::around_pos(&mut output.bytes, before_out);
            state.decompress_stream(&mut out, &mut input)
        };
        let Ok(hint) = hint else {
            return Err(output.invalid("damaged zstd frame"));
        };
        if output.bytes.len() > output.limit {
            return Err(output.too_large());
        }
        let all_read = input.pos() == data.len();
        if hint == 0 && all_read {
            return output.finish();
        }
        let stuck = (input.pos(), output.bytes.len()) == (before_in, before_out);
        if stuck && all_read && output.bytes.len() < output.bytes.capacity() {
            return Err(output.invalid("cut off"));
        }
    }
}

fn unsnap_block(data: &[u8], mut output: Output) -> Result<Vec<u8>, DecompressError> {
    let size = snap::raw::decompress_len(data).map_err(|_| output.invalid("no snappy header"))?;
    if size > output.limit {
        return Err(output.too_large());
    }
    output.bytes = vec![0; size];
    match snap::raw::Decoder::new().decompress(data, &mut output.bytes) {
        Ok(_) => Ok(output.bytes),
        Err(_) => Err(output.invalid("damaged snappy block")),
    }
}

/// LZ4 frames, one behind the other until the data ends.
fn unlz4(data: &[u8], mut output: Output) -> Result<Vec<u8>, DecompressError> {
    output.reserve(data.len().saturating_mul(GUESSED_RATIO));
    let mut rest = data;
    while !rest.is_empty() {
        let frame = rest;
        let room = (output.limit + 1 - output.bytes.len()) as u64;
        let mut decoder = lz4_flex::frame::FrameDecoder::new(&mut rest);
        if decoder
            .by_ref()
            .take(room)
            .read_to_end(&mut output.bytes)
            .is_err()
        {
            return Err(output.invalid("damaged or cut off"));
        }
        if output.bytes.len() > output.limit {
            return Err(output.too_large());
        }
        // The decoder takes data that stops between blocks for the end.
        if !ends_with_lz4_mark(&frame[..frame.len() - rest.len()]) {
            return Err(output.invalid("cut off"));
        }
    }
    output.finish()
}

/// Whether a frame ends as it must: a block of length 0, then perhaps a checksum.
///
/// Source: LZ4 frame format, "General Structure of LZ4 Frame format".
fn ends_with_lz4_mark(frame: &[u8]) -> bool {
    let Some(flags) = frame.get(4) else {
        return false;
    };
    let checksum = if flags & LZ4_CONTENT_CHECKSUM == 0 {
        0
    } else {
        4
    };
    frame.len() >= LZ4_HEADER + 4 + checksum && frame[..frame.len() - checksum].ends_with(&[0; 4])
}
