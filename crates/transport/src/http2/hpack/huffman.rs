//! The Huffman code of header strings. Source: RFC 7541, appendix B.
//!
//! The code is canonical, so the lengths say everything. Only decoding is needed: what we send
//! is sent as a literal once per connection.

/// The length in bits of the code of each byte, and of the end of a string.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5,
    5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6,
    6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22,
    23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22,
    21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20,
    22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19,
    21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22,
    22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const SHORTEST: usize = 5;
const LONGEST: usize = 30;
const END: u16 = 256;

struct Code {
    /// Every symbol, in the order of its code.
    symbols: [u16; 257],
    /// By length: the first code beyond those of this length, shifted to the left of 32 bits.
    ends: [u64; LONGEST + 1],
    /// By length: the first code of this length.
    firsts: [u32; LONGEST + 1],
    /// By length: where its symbols begin.
    offsets: [u16; LONGEST + 1],
}

static CODE: Code = code();

const fn code() -> Code {
    let mut code = Code {
        symbols: [0; 257],
        ends: [0; LONGEST + 1],
        firsts: [0; LONGEST + 1],
        offsets: [0; LONGEST + 1],
    };
    let mut next = 0_u32;
    let mut filled = 0;
    let mut length = 1;
    while length <= LONGEST {
        next <<= 1;
        code.firsts[length] = next;
        code.offsets[length] = filled as u16;
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                code.symbols[filled] = symbol as u16;
                filled += 1;
                next += 1;
            }
            symbol += 1;
        }
        code.ends[length] = (next as u64) << (32 - length);
        length += 1;
    }
    code
}

/// Appends the decoded string; `None` if it is not well encoded.
pub(super) fn decode(encoded: &[u8], out: &mut Vec<u8>) -> Option<()> {
    // The next bits, on the left of 64.
    let (mut bits, mut available) = (0_u64, 0_usize);
    let mut bytes = encoded.iter();
    loop {
        while available <= 56 {
            let Some(byte) = bytes.next() else { break };
            bits |= u64::from(*byte) << (56 - available);
            available += 8;
        }
        if available == 0 {
            return Some(());
        }
        let window = bits >> 32;
        let length = (SHORTEST..=LONGEST).find(|length| window < CODE.ends[*length]);
        match length.filter(|length| *length <= available) {
            Some(length) => {
                let code = (window >> (32 - length)) as u32;
                let index =
                    usize::from(CODE.offsets[length]) + (code - CODE.firsts[length]) as usize;
                let symbol = CODE.symbols[index];
                if symbol == END {
                    return None;
                }
                out.push(symbol as u8);
                bits <<= length;
                available -= length;
            }
            // What is left must be padding: fewer than 8 bits, all ones.
            None => {
                let ones = available < 8 && bits >> (64 - available) == (1 << available) - 1;
                return ones.then_some(());
            }
        }
    }
}

/// The code of a byte and its length, for an encoder in tests.
#[cfg(test)]
pub(super) fn code_of(byte: u8) -> (u32, u32) {
    let length = usize::from(LENGTHS[usize::from(byte)]);
    let position = CODE
        .symbols
        .iter()
        .position(|symbol| *symbol == u16::from(byte));
    let nth = position.unwrap() - usize::from(CODE.offsets[length]);
    (CODE.firsts[length] + nth as u32, length as u32)
}
