//! bcrypt. Source: Provos and Mazières, "A Future-Adaptable Password Scheme".

use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use blowfish::Blowfish;
use headwater_credentials::equal;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);
/// "OrpheanBeholderScryDoubt", which is encrypted 64 times.
const TEXT: [u32; 6] = [
    0x4f72_7068,
    0x6561_6e42,
    0x6568_6f6c,
    0x6465_7253,
    0x6372_7944,
    0x6f75_6274,
];
/// How much of a password counts, with the zero that ends it.
const LONGEST: usize = 72;

#[derive(Clone)]
pub(crate) struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
    hash: [u8; 23],
}

impl Bcrypt {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const MALFORMED: &str = "malformed bcrypt";
        let mut parts = text.splitn(4, '$').skip(2);
        let (cost, rest) = parts.next().zip(parts.next()).ok_or(MALFORMED)?;
        let cost: u32 = cost.parse().map_err(|_| MALFORMED)?;
        if !(4..=31).contains(&cost) {
            return Err("malformed bcrypt: its cost is not from 4 to 31");
        }
        let (salt, hash) = rest.split_at_checked(22).ok_or(MALFORMED)?;
        let decode = |text: &str| BASE64.decode(text).map_err(|_| MALFORMED);
        Ok(Self {
            cost,
            salt: decode(salt)?.try_into().map_err(|_| MALFORMED)?,
            hash: decode(hash)?.try_into().map_err(|_| MALFORMED)?,
        })
    }

    pub(super) fn is_of(&self, password: &[u8]) -> bool {
        let mut key = password.to_vec();
        key.push(0);
        key.truncate(LONGEST);
        let mut state: Blowfish = Blowfish::bc_init_state();
        state.salted_expand_key(&self.salt, &key);
        for _ in 0..1_u64 << self.cost {
            state.bc_expand_key(&key);
            state.bc_expand_key(&self.salt);
        }
        let mut computed = Vec::with_capacity(24);
        for pair in TEXT.chunks_exact(2) {
            let mut block = [pair[0], pair[1]];
            for _ in 0..64 {
                block = state.bc_encrypt(block);
            }
            computed.extend(block.iter().flat_map(|word| word.to_be_bytes()));
        }
        equal(&computed[..23], &self.hash)
    }
}
