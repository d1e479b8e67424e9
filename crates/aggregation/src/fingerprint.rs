//! 128-bit fingerprints: what is recognised by one need not be kept.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};

use hashbrown::DefaultHashBuilder;
use headwater_core::pdata::view::{AnyValue, Attributes, Text};

/// A fingerprint. Two different contents have the same with a probability of about 2^-128; the
/// seeds are random per process, so nobody outside can look for such a pair.
pub type Fingerprint = u128;

/// Something by fingerprint, which needs no hashing of its own.
pub type FingerprintMap<V> = HashMap<Fingerprint, V, BuildHasherDefault<Lower>>;

/// Takes the lower half of a fingerprint as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lower(u64);

impl Hasher for Lower {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}

/// Makes fingerprints, the same ones as long as it lives and in its clones.
#[derive(Debug, Clone, Default)]
pub struct Fingerprints {
    low: DefaultHashBuilder,
    high: DefaultHashBuilder,
}

impl Fingerprints {
    /// The fingerprint of `bytes`.
    #[inline]
    #[must_use]
    pub fn of(&self, bytes: &[u8]) -> Fingerprint {
        join(self.low.hash_one(bytes), self.high.hash_one((1_u8, bytes)))
    }

    /// The fingerprint of attributes, whatever their order. Of a name that occurs twice each
    /// occurrence counts.
    #[must_use]
    pub fn of_attributes(&self, attributes: Attributes<'_>) -> Fingerprint {
        self.of_selected(attributes, |_| true)
    }

    /// As [`Fingerprints::of_attributes`], of the attributes whose names are `wanted`.
    #[must_use]
    pub fn of_selected(
        &self,
        attributes: Attributes<'_>,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Fingerprint {
        let wanted = attributes
            .iter()
            .filter(|attribute| wanted(attribute.key().as_bytes()));
        self.of_pairs(wanted.map(|attribute| (attribute.key(), attribute.value())))
    }

    /// As [`Fingerprints::of_attributes`], of names and values.
    #[must_use]
    pub fn of_pairs<'a>(
        &self,
        pairs: impl Iterator<Item = (Text<'a>, AnyValue<'a>)>,
    ) -> Fingerprint {
        let mut sum: Fingerprint = 0;
        let mut count: Fingerprint = 0;
        for (key, value) in pairs {
            sum = sum.wrapping_add(self.of_pair(key.as_bytes(), &value));
            count += 1;
        }
        self.of(&(sum ^ (count << 64)).to_le_bytes())
    }

    fn of_pair(&self, key: &[u8], value: &AnyValue<'_>) -> Fingerprint {
        let (mut low, mut high) = (self.low.build_hasher(), self.high.build_hasher());
        for (hasher, salt) in [(&mut low, 0_u8), (&mut high, 1)] {
            salt.hash(hasher);
            key.hash(hasher);
            self.add_value(value, hasher);
        }
        join(low.finish(), high.finish())
    }

    /// Maps count whatever the order of their entries, so they are fingerprints themselves.
    fn add_value(&self, value: &AnyValue<'_>, hasher: &mut impl Hasher) {
        match value {
            AnyValue::Empty => 0_u8.hash(hasher),
            AnyValue::String(text) => (1_u8, text.as_bytes()).hash(hasher),
            AnyValue::Bool(value) => (2_u8, value).hash(hasher),
            AnyValue::Int(value) => (3_u8, value).hash(hasher),
            AnyValue::Double(value) => (4_u8, value.to_bits()).hash(hasher),
            AnyValue::Bytes(bytes) => (5_u8, bytes).hash(hasher),
            AnyValue::Array(values) => {
                6_u8.hash(hasher);
                for value in values.iter() {
                    self.add_value(&value, hasher);
                }
                7_u8.hash(hasher);
            }
            AnyValue::Map(entries) => (8_u8, self.of_attributes(*entries)).hash(hasher),
        }
    }
}

fn join(low: u64, high: u64) -> Fingerprint {
    Fingerprint::from(high) << 64 | Fingerprint::from(low)
}

#[cfg(test)]
mod tests {
    use headwater_core::pdata::edit::{EncodedValue, put_nested};
    use headwater_core::pdata::view::Resource;
    use headwater_core::pdata::wire::put_len_field;

    use super::*;

    fn attributes(entries: &[(&str, &EncodedValue)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (key, value) in entries {
            put_nested(&mut out, 1, |out| {
                put_len_field(out, 1, key.as_bytes());
                put_nested(out, 2, |out| {
                    use headwater_core::pdata::edit::EncodeValue as _;
                    value.encode_value(out);
                });
            });
        }
        out
    }

    #[test]
    fn the_order_of_attributes_does_not_count_and_everything_else_does() {
        let prints = Fingerprints::default();
        let of = |entries: &[(&str, &EncodedValue)]| {
            prints.of_attributes(Resource::new(&attributes(entries)).attributes())
        };
        let (one, text) = (EncodedValue::new(&1_i64), EncodedValue::new("1"));
        assert_eq!(
            of(&[("a", &one), ("b", &text)]),
            of(&[("b", &text), ("a", &one)])
        );
        let all = [
            of(&[]),
            of(&[("a", &one)]),
            of(&[("a", &text)]),
            of(&[("b", &one)]),
            of(&[("a", &one), ("a", &one)]),
            of(&[("a", &one), ("b", &one)]),
            of(&[("a", &EncodedValue::array([&one, &text]))]),
            of(&[("a", &EncodedValue::array([&text, &one]))]),
        ];
        for (index, print) in all.iter().enumerate() {
            assert!(!all[..index].contains(print), "{index}");
        }
        let ab = EncodedValue::map([("a", &one), ("b", &text)]);
        let ba = EncodedValue::map([("b", &text), ("a", &one)]);
        assert_eq!(of(&[("m", &ab)]), of(&[("m", &ba)]));
    }

    #[test]
    fn only_selected_attributes_count() {
        let prints = Fingerprints::default();
        let one = EncodedValue::new(&1_i64);
        let both = attributes(&[("a", &one), ("b", &one)]);
        let first = attributes(&[("a", &one)]);
        let only_a =
            |bytes: &[u8]| prints.of_selected(Resource::new(bytes).attributes(), |key| key == b"a");
        assert_eq!(only_a(&both), only_a(&first));
    }
}
