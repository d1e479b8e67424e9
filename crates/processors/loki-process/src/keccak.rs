//! SHA3-256, for the template function `Hash`. Source: FIPS 202.

const RATE: usize = 136;

const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// Where a lane goes, and by how many bits it turns, in the order in which they are moved.
const MOVES: [(usize, u32); 24] = [
    (10, 1),
    (7, 3),
    (11, 6),
    (17, 10),
    (18, 15),
    (3, 21),
    (5, 28),
    (16, 36),
    (8, 45),
    (21, 55),
    (24, 2),
    (4, 14),
    (15, 27),
    (23, 41),
    (19, 56),
    (13, 8),
    (12, 25),
    (2, 43),
    (20, 62),
    (14, 18),
    (22, 39),
    (9, 61),
    (6, 20),
    (1, 44),
];

/// The SHA3-256 of some parts, one after the other.
pub(crate) fn sha3_256(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = [0_u64; 25];
    let mut at = 0;
    let absorb = |state: &mut [u64; 25], at: usize, byte: u8| {
        state[at / 8] ^= u64::from(byte) << (8 * (at % 8));
    };
    for byte in parts.iter().flat_map(|part| part.iter()) {
        absorb(&mut state, at, *byte);
        at += 1;
        if at == RATE {
            permute(&mut state);
            at = 0;
        }
    }
    absorb(&mut state, at, 0x06);
    absorb(&mut state, RATE - 1, 0x80);
    permute(&mut state);
    let mut out = [0; 32];
    for (chunk, lane) in out.chunks_exact_mut(8).zip(state) {
        chunk.copy_from_slice(&lane.to_le_bytes());
    }
    out
}

fn permute(state: &mut [u64; 25]) {
    for round in ROUNDS {
        let mut columns = [0; 5];
        for (x, column) in columns.iter_mut().enumerate() {
            *column = (0..5).fold(0, |sum, y| sum ^ state[x + 5 * y]);
        }
        for x in 0..5 {
            let mix = columns[(x + 4) % 5] ^ columns[(x + 1) % 5].rotate_left(1);
            for y in 0..5 {
                state[x + 5 * y] ^= mix;
            }
        }
        let mut moved = state[1];
        for (to, turn) in MOVES {
            moved = std::mem::replace(&mut state[to], moved.rotate_left(turn));
        }
        for y in 0..5 {
            let row: [u64; 5] = std::array::from_fn(|x| state[5 * y + x]);
            for x in 0..5 {
                state[5 * y + x] = row[x] ^ (!row[(x + 1) % 5] & row[(x + 2) % 5]);
            }
        }
        state[0] ^= round;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(parts: &[&[u8]]) -> String {
        sha3_256(parts)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Source: NIST's examples, and Python's hashlib for the long ones.
    #[test]
    fn digests_are_those_of_the_standard() {
        assert_eq!(
            hex(&[]),
            "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"
        );
        assert_eq!(
            hex(&[b"a", b"bc"]),
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"
        );
        for (length, digest) in [
            (
                135,
                "c150125edc74b56fb5cbfdd024fabe20ea5a99bd3c97305bbf7cb55885c106fe",
            ),
            (
                136,
                "5bc276bac9c582508b8fa9b3949e7ed9b6e584ee4d2925b29a426b9931ba1486",
            ),
            (
                137,
                "2f25a6351abe05e289a0a3e65fef42db7d5fc314936bdee4f6d54d04fb20a609",
            ),
            (
                300,
                "34ed36d4d71d1a9a582cce5a006d6102d173fd867a27be7b2fe5d854587ddba2",
            ),
        ] {
            assert_eq!(hex(&["x".repeat(length).as_bytes()]), digest, "{length}");
        }
    }
}
