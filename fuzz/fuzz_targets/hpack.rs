//! Header blocks of any bytes: decoding never panics and hands out no more than its limit; what
//! was decoded survives an encoder whose table is resized all the time.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // Sizes of the encoder's table, then blocks, each behind its length.
    let Some((limits, mut rest)) = data.split_at_checked(4) else {
        return;
    };
    let blocks = std::iter::from_fn(|| {
        let (length, after) = rest.split_first()?;
        let (block, after) = after.split_at(after.len().min(usize::from(*length)));
        rest = after;
        Some(block)
    });
    headwater_transport::fuzzing::hpack(blocks, limits);
});
