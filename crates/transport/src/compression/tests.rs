use std::io::Write as _;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

const ALL: [Encoding; 7] = [
    Encoding::Identity,
    Encoding::Gzip,
    Encoding::Zlib,
    Encoding::Snappy,
    Encoding::SnappyFramed,
    Encoding::Zstd,
    Encoding::Lz4,
];

fn compressor(encoding: Encoding) -> Compressor {
    Compressor::try_new(encoding, CompressionParams::default()).unwrap()
}

fn compressed(encoding: Encoding, plain: &[u8]) -> Bytes {
    compressor(encoding)
        .compress_to_bytes(&[Bytes::copy_from_slice(plain)])
        .unwrap()
}

#[test]
fn a_bomb_ends_at_the_limit_whatever_the_encoding() {
    let plain = vec![0_u8; 8 << 20];
    for encoding in ALL {
        let data = compressed(encoding, &plain);
        let error = decompress(encoding, &data, 1 << 20).unwrap_err();
        assert_eq!(
            error,
            DecompressError::TooLarge {
                encoding,
                limit: 1 << 20
            }
        );
        assert!(error.to_string().contains("1048576"), "{error}");
        assert_eq!(
            decompress(encoding, &data, plain.len()).unwrap(),
            plain,
            "{encoding}"
        );
        assert!(
            decompress(encoding, &data, plain.len() - 1).is_err(),
            "{encoding}"
        );
    }
}

#[test]
fn every_gzip_member_and_every_zstd_and_lz4_frame_is_read() {
    for encoding in [Encoding::Gzip, Encoding::Zstd, Encoding::Lz4] {
        let mut data = compressed(encoding, b"first ").to_vec();
        data.extend_from_slice(&compressed(encoding, b"second"));
        let plain = decompress(encoding, &data.into(), 100).unwrap();
        assert_eq!(plain, "first second", "{encoding}");
    }
}

#[test]
fn data_cut_off_anywhere_is_an_error_and_not_less_data() {
    for encoding in ALL.into_iter().filter(|e| *e != Encoding::Identity) {
        let data = compressed(encoding, b"some text, some text, some text, some text");
        for end in 0..data.len() {
            let cut = decompress(encoding, &data.slice(..end), 1000);
            // A framed snappy stream has no end mark: cut between chunks it is a shorter stream.
            let complete_stream = encoding == Encoding::SnappyFramed && (end == 0 || end == 10);
            // Nothing at all is a stream of no LZ4 frames.
            let no_frames = encoding == Encoding::Lz4 && end == 0;
            if complete_stream || no_frames {
                assert_eq!(cut.unwrap(), "");
            } else {
                assert!(cut.is_err(), "{encoding} cut at {end}: {cut:?}");
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_a_gzip_body_is_noticed() {
    let mut data = compressed(Encoding::Gzip, b"some text").to_vec();
    let crc = data.len() - 8;
    data[crc] ^= 1;
    let error = decompress(Encoding::Gzip, &data.clone().into(), 1000).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
    let mut two = [&compressed(Encoding::Gzip, b"more")[..], &data].concat();
    let error = decompress(Encoding::Gzip, &two.clone().into(), 1000).unwrap_err();
    assert!(error.to_string().contains("checksum"), "{error}");
    two.truncate(two.len() - 1);
    assert!(decompress(Encoding::Gzip, &two.into(), 1000).is_err());
}

#[test]
fn members_with_the_same_content_are_all_read() {
    let one = compressed(Encoding::Gzip, b"the same text");
    for count in 1..5 {
        let data = Bytes::from(one.repeat(count));
        let plain = decompress(Encoding::Gzip, &data, 1000).unwrap();
        assert_eq!(plain, b"the same text".repeat(count));
    }
}

#[test]
fn data_that_looks_like_another_member_inside_is_read_all_the_same() {
    // Stored, not compressed, so that the plain bytes show through.
    let mut encoder = flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::none());
    encoder.write_all(b"before \x1f\x8b\x08 behind").unwrap();
    let data = encoder.finish().unwrap();
    assert!(!gzip::is_single(&data));
    let plain = decompress(Encoding::Gzip, &data.into(), 1000).unwrap();
    assert_eq!(plain, &b"before \x1f\x8b\x08 behind"[..]);
}

#[test]
fn gzip_with_a_name_and_a_comment_is_read() {
    let mut encoder = flate2::GzBuilder::new()
        .filename("spans")
        .comment("from a file")
        .extra(vec![1, 2, 3])
        .write(Vec::new(), flate2::Compression::fast());
    encoder.write_all(b"hello").unwrap();
    let data = encoder.finish().unwrap();
    assert_eq!(
        decompress(Encoding::Gzip, &data.into(), 100).unwrap(),
        "hello"
    );
}

#[test]
fn a_gzip_trailer_that_lies_about_the_length_allocates_no_more_than_possible() {
    let mut data = compressed(Encoding::Gzip, b"hello").to_vec();
    let end = data.len();
    data[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(decompress(Encoding::Gzip, &data.into(), usize::MAX - 1).is_err());
}

#[test]
fn snappy_frames_are_recognised_under_either_name() {
    let framed = compressed(Encoding::SnappyFramed, b"hello");
    assert_eq!(decompress(Encoding::Snappy, &framed, 100).unwrap(), "hello");
    let block = compressed(Encoding::Snappy, b"hello");
    assert_eq!(
        decompress(Encoding::SnappyFramed, &block, 100).unwrap(),
        "hello"
    );
}

#[test]
fn what_we_write_others_read() {
    use std::io::Read as _;
    let plain = b"resource spans, resource spans".repeat(100);
    let mut read = Vec::new();
    let gzip = compressed(Encoding::Gzip, &plain);
    flate2::read::GzDecoder::new(&*gzip)
        .read_to_end(&mut read)
        .unwrap();
    assert_eq!(read, plain);
    read.clear();
    let zlib = compressed(Encoding::Zlib, &plain);
    flate2::read::ZlibDecoder::new(&*zlib)
        .read_to_end(&mut read)
        .unwrap();
    assert_eq!(read, plain);
    assert_eq!(
        zstd::bulk::decompress(&compressed(Encoding::Zstd, &plain), 10_000).unwrap(),
        plain
    );
}

#[test]
fn levels_are_checked_as_upstream_checks_them() {
    let accepts =
        |encoding, level| Compressor::try_new(encoding, CompressionParams { level }).is_ok();
    for level in -2..=9 {
        assert!(
            accepts(Encoding::Gzip, level) && accepts(Encoding::Zlib, level),
            "{level}"
        );
    }
    assert!(!accepts(Encoding::Gzip, -3) && !accepts(Encoding::Zlib, 10));
    assert!(accepts(Encoding::Zstd, 11) && accepts(Encoding::Zstd, 1000));
    assert!(
        accepts(Encoding::Snappy, 0) && !accepts(Encoding::Snappy, 1) && !accepts(Encoding::Lz4, 3)
    );
}

#[test]
fn a_change_of_level_takes_effect_on_the_same_thread() {
    let plain: Vec<u8> = (0..100_000_u32)
        .flat_map(|n| (n % 977).to_le_bytes())
        .collect();
    let size = |level| {
        let compressor = Compressor::try_new(Encoding::Gzip, CompressionParams { level }).unwrap();
        compressor
            .compress_to_bytes(&[plain.clone().into()])
            .unwrap()
            .len()
    };
    let (fast, best) = (size(1), size(9));
    assert!(best < fast, "level 9 gave {best} bytes, level 1 {fast}");
    assert_eq!(size(1), fast);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_goes_in_in_segments_comes_out_whole(
        segments in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..5),
        level in -2..=9_i32,
    ) {
        let segments: Vec<Bytes> = segments.into_iter().map(Bytes::from).collect();
        let plain = segments.concat();
        for encoding in ALL {
            let level = if matches!(encoding, Encoding::Gzip | Encoding::Zlib | Encoding::Zstd) { level } else { 0 };
            let compressor = Compressor::try_new(encoding, CompressionParams { level }).unwrap();
            let data = compressor.compress_to_bytes(&segments).unwrap();
            prop_assert_eq!(&decompress(encoding, &data, plain.len()).unwrap(), &plain);
        }
    }

    #[test]
    fn rubbish_is_refused_or_bounded(data in prop::collection::vec(any::<u8>(), 0..400)) {
        let data = Bytes::from(data);
        for encoding in ALL {
            if let Ok(plain) = decompress(encoding, &data, 1000) {
                prop_assert!(plain.len() <= 1000);
            }
        }
    }
}

#[test]
fn deflate_is_read_with_and_without_its_zlib_header() {
    let zlib = compressed(Encoding::Zlib, b"hello hello hello");
    let raw = zlib.slice(2..zlib.len() - 4);
    for data in [zlib, raw] {
        let plain = decompress(Encoding::Zlib, &data, 100).unwrap();
        assert_eq!(plain, "hello hello hello");
    }
}
