//! What must hold for header blocks of any bytes.

use super::{Decoder, Encoder, Field};

/// The longest list that is handed out.
const MOST: usize = 16 << 10;

/// Decodes blocks that belong together. What they hold is encoded again, with tables of the
/// sizes in `limits`, and must come back as it was.
///
/// # Panics
/// If it does not.
pub fn hpack<'a>(blocks: impl Iterator<Item = &'a [u8]>, limits: &[u8]) {
    let mut decoder = Decoder::new();
    let (mut encoder, mut reader) = (Encoder::new(), Decoder::new());
    let mut repeated: Vec<(u64, Vec<u8>, Fields)> = Vec::new();
    let mut limits = limits.iter().cycle();
    for block in blocks {
        let (decoded, fields) = read(&mut decoder, block);
        decoder.shrink();
        let Some(size) = decoded else {
            return;
        };
        let handed: usize = fields.iter().map(|(n, v)| n.len() + v.len() + 32).sum();
        assert!(handed <= MOST && handed <= size);
        if let Some(limit) = limits.next().filter(|limit| **limit > 0) {
            encoder.set_limit(u32::from(*limit - 1) * 20);
        }
        let given = || {
            fields.iter().map(|(name, value)| Field {
                name,
                value,
                repeats: value.len() % 3 != 1,
            })
        };
        let mut encoded = Vec::new();
        encoder.encode(&mut encoded, given());
        assert_eq!(read(&mut reader, &encoded).1, fields);
        if let Some(block) = encoder.repeatable(given()) {
            repeated.push((encoder.generation(), block, fields));
        }
        repeated.retain(|(generation, _, _)| *generation == encoder.generation());
        repeated.truncate(16);
        for (_, block, fields) in &repeated {
            assert_eq!(read(&mut reader, block).1, *fields);
        }
    }
}

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

fn read(decoder: &mut Decoder, block: &[u8]) -> (Option<usize>, Fields) {
    let mut fields = Vec::new();
    let each = |name: &[u8], value: &[u8]| fields.push((name.to_vec(), value.to_vec()));
    let decoded = decoder.decode(block, MOST, each);
    (decoded.ok(), fields)
}
