//! Integers with a prefix. Source: RFC 7541, section 5.1.

/// No length or index that makes sense is larger.
const LARGEST: usize = 1 << 24;

/// Reads an integer whose prefix has `bits` bits; `None` if it is cut off or absurd.
pub(super) fn read(bits: u32, block: &mut &[u8]) -> Option<usize> {
    let (first, mut rest) = block.split_first()?;
    let mask = (1_usize << bits) - 1;
    let mut value = usize::from(*first) & mask;
    if value == mask {
        let mut shift = 0;
        loop {
            let (byte, after) = rest.split_first()?;
            rest = after;
            value += usize::from(byte & 0x7f) << shift;
            if value > LARGEST {
                return None;
            }
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
            if shift > 21 {
                return None;
            }
        }
    }
    *block = rest;
    Some(value)
}

/// Writes an integer behind the flags in `first`.
pub(super) fn write(out: &mut Vec<u8>, first: u8, bits: u32, value: usize) {
    let mask = (1_usize << bits) - 1;
    if value < mask {
        out.push(first | value as u8);
        return;
    }
    out.push(first | mask as u8);
    let mut value = value - mask;
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
