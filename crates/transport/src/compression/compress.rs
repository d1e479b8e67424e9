//! Encoding.

use std::cell::RefCell;
use std::io::Write;

use bytes::Bytes;
use libdeflater::CompressionLvl;
use thiserror::Error;
use zstd::zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer, ResetDirective, zstd_sys};

use super::{CompressionParams, Encoding, InvalidLevel};

/// An encoder refused to work. Only a lack of memory is known to cause it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0} compression failed")]
pub struct CompressError(Encoding);

/// The level of `gzip` and `deflate` when none is given, as Go's `gzip.DefaultCompression`.
const DEFLATE_DEFAULT_LEVEL: i32 = 6;
/// Telemetry shrinks to about this part of its size; saves regrowing the output.
const GUESSED_RATIO: usize = 4;
/// Below this it is not worth guessing how small the output of deflate will be.
const SMALL_OUTPUT: usize = 64 << 10;
/// How much of the scratch buffer a worker keeps between requests.
const MOST_SCRATCH: usize = 256 << 10;
/// Room that every format may add to what cannot be compressed.
const OVERHEAD: usize = 64;

#[derive(Default)]
struct States {
    deflate: Option<(libdeflater::Compressor, i32)>,
    /// Where deflate writes, before the result is copied to its exact size.
    scratch: Vec<u8>,
    zstd: Option<CCtx<'static>>,
    snappy: Option<snap::raw::Encoder>,
}

thread_local! {
    static STATES: RefCell<States> = RefCell::default();
}

/// Encodes whole messages. Cheap to copy; the state behind it belongs to the worker thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compressor {
    encoding: Encoding,
    level: i32,
}

impl Compressor {
    /// An encoder for `encoding`.
    ///
    /// # Errors
    /// [`InvalidLevel`] if `params` do not fit the encoding.
    pub fn try_new(encoding: Encoding, params: CompressionParams) -> Result<Self, InvalidLevel> {
        params.validate(encoding)?;
        let level = match (encoding, params.level) {
            (Encoding::Gzip | Encoding::Zlib, -1 | 0) => DEFLATE_DEFAULT_LEVEL,
            (Encoding::Gzip | Encoding::Zlib, -2) => 1,
            (Encoding::Zstd, 0) => zstd::DEFAULT_COMPRESSION_LEVEL,
            (Encoding::Zstd, level) => level.clamp(1, *zstd::compression_level_range().end()),
            (_, level) => level,
        };
        Ok(Self { encoding, level })
    }

    /// What it writes.
    #[must_use]
    pub const fn encoding(self) -> Encoding {
        self.encoding
    }

    /// Appends the encoded form of the concatenated `segments` to `out`.
    ///
    /// # Errors
    /// [`CompressError`] if the encoder fails; `out` then holds rubbish.
    pub fn compress(self, segments: &[Bytes], out: &mut Vec<u8>) -> Result<(), CompressError> {
        let plain: usize = segments.iter().map(Bytes::len).sum();
        if !matches!(self.encoding, Encoding::Gzip | Encoding::Zlib) {
            out.reserve(plain / GUESSED_RATIO + OVERHEAD);
        }
        let done = match self.encoding {
            Encoding::Identity => {
                segments
                    .iter()
                    .for_each(|segment| out.extend_from_slice(segment));
                Some(())
            }
            Encoding::Gzip | Encoding::Zlib => self.deflate(segments, plain, out),
            Encoding::Zstd => self.zstd(segments, plain, out),
            Encoding::Snappy => snappy_block(segments, plain, out),
            Encoding::SnappyFramed => {
                write_all(snap::write::FrameEncoder::new(out), segments, |w| {
                    w.into_inner().map(drop).ok()
                })
            }
            Encoding::Lz4 => write_all(lz4_flex::frame::FrameEncoder::new(out), segments, |w| {
                w.finish().map(drop).ok()
            }),
        };
        done.ok_or(CompressError(self.encoding))
    }

    /// The encoded form of the concatenated `segments`.
    ///
    /// # Errors
    /// As [`Compressor::compress`].
    pub fn compress_to_bytes(self, segments: &[Bytes]) -> Result<Bytes, CompressError> {
        let mut out = Vec::new();
        self.compress(segments, &mut out)?;
        Ok(out.into())
    }

    /// Both formats that wrap deflate. The library works on whole buffers, which is what makes it
    /// fast: at level 6 it takes 5.8 ns per byte of spans where zlib-rs takes 7.0.
    fn deflate(self, segments: &[Bytes], plain: usize, out: &mut Vec<u8>) -> Option<()> {
        let joined;
        let input: &[u8] = match segments {
            [only] => only,
            _ => {
                joined = segments.concat();
                &joined
            }
        };
        STATES.with_borrow_mut(|states| {
            let create = || {
                let level = CompressionLvl::new(self.level).unwrap_or_default();
                (libdeflater::Compressor::new(level), self.level)
            };
            let (state, level) = states.deflate.get_or_insert_with(create);
            if *level != self.level {
                (*state, *level) = create();
            }
            let most = match self.encoding {
                Encoding::Gzip => state.gzip_compress_bound(plain),
                _ => state.zlib_compress_bound(plain),
            };
            // Half is plenty for telemetry; what does not shrink so much is done again.
            for room in [most.min(plain / 2 + SMALL_OUTPUT), most] {
                if states.scratch.len() < room {
                    states.scratch.resize(room, 0);
                }
                let room = &mut states.scratch[..room];
                let written = match self.encoding {
                    Encoding::Gzip => state.gzip_compress(input, room),
                    _ => state.zlib_compress(input, room),
                };
                if let Ok(written) = written {
                    out.extend_from_slice(&states.scratch[..written]);
                    states.scratch.truncate(MOST_SCRATCH);
                    states.scratch.shrink_to(MOST_SCRATCH);
                    return Some(());
                }
            }
            None
        })
    }

    fn zstd(self, segments: &[Bytes], plain: usize, out: &mut Vec<u8>) -> Option<()> {
        use zstd_sys::ZSTD_EndDirective::{ZSTD_e_continue, ZSTD_e_end};
        STATES.with_borrow_mut(|states| {
            let state = states.zstd.get_or_insert_with(CCtx::create);
            state.reset(ResetDirective::SessionOnly).ok()?;
            state
                .set_parameter(CParameter::CompressionLevel(self.level))
                .ok()?;
            state.set_pledged_src_size(Some(plain as u64)).ok()?;
            let last = segments.len().saturating_sub(1);
            let empty = Bytes::new();
            let segments = if segments.is_empty() {
                std::slice::from_ref(&empty)
            } else {
                segments
            };
            for (index, segment) in segments.iter().enumerate() {
                let directive = if index == last {
                    ZSTD_e_end
                } else {
                    ZSTD_e_continue
                };
                let mut input = InBuffer::around(segment);
                loop {
                    if out.len() == out.capacity() {
                        out.reserve(out.len().max(OVERHEAD));
                    }
                    let start = out.len();
                    let mut output = OutBuffer::around_pos(out, start);
                    let left = state
                        .compress_stream2(&mut output, &mut input, directive)
                        .ok()?;
                    let taken = input.pos() == segment.len();
                    if taken && (index != last || left == 0) {
                        break;
                    }
                }
            }
            Some(())
        })
    }
}

fn snappy_block(segments: &[Bytes], plain: usize, out: &mut Vec<u8>) -> Option<()> {
    // The block format needs its input in one piece.
    let joined;
    let input: &[u8] = match segments {
        [only] => only,
        _ => {
            joined = segments.concat();
            &joined
        }
    };
    let start = out.len();
    out.resize(start + snap::raw::max_compress_len(plain), 0);
    let written = STATES.with_borrow_mut(|states| {
        let encoder = states.snappy.get_or_insert_with(snap::raw::Encoder::new);
        encoder.compress(input, &mut out[start..]).ok()
    })?;
    out.truncate(start + written);
    Some(())
}

fn write_all<W: Write>(
    mut writer: W,
    segments: &[Bytes],
    finish: impl FnOnce(W) -> Option<()>,
) -> Option<()> {
    for segment in segments {
        writer.write_all(segment).ok()?;
    }
    finish(writer)
}
