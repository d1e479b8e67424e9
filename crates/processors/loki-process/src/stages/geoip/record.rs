//! What a database says of an address.

use std::borrow::Cow;
use std::fmt;

use headwater_logs::{Map, Value};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How deep lists and maps may nest; databases of MaxMind's have three levels.
const DEEPEST: usize = 30;

/// What is extracted of a record of a city. What it does not have is empty or 0. Source of the
/// fields: MaxMind's GeoIP2 and GeoLite2 databases.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct City<'a> {
    #[serde(borrow)]
    pub(super) city: Place<'a>,
    pub(super) country: Place<'a>,
    pub(super) continent: Place<'a>,
    pub(super) postal: Place<'a>,
    pub(super) location: Location<'a>,
    /// The most specific one last.
    pub(super) subdivisions: Vec<Place<'a>>,
}

/// What is extracted of a record of a country. Other fields may be anything, also those of
/// [`City`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Country<'a> {
    #[serde(borrow)]
    pub(super) country: Place<'a>,
    pub(super) continent: Place<'a>,
}

/// What is extracted of a record of a network.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asn<'a> {
    #[serde(deserialize_with = "whole")]
    pub(super) autonomous_system_number: i64,
    pub(super) autonomous_system_organization: &'a str,
}

/// A city, country, continent, subdivision or postal code.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Place<'a> {
    /// Of continents and postal codes.
    pub(super) code: &'a str,
    /// Of countries and subdivisions.
    pub(super) iso_code: &'a str,
    #[serde(borrow)]
    pub(super) names: Names<'a>,
}

/// Names by language, of which the English one is extracted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Names<'a> {
    pub(super) en: &'a str,
}

/// Where it is, in degrees.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Location<'a> {
    #[serde(deserialize_with = "degrees")]
    pub(super) latitude: f64,
    #[serde(deserialize_with = "degrees")]
    pub(super) longitude: f64,
    pub(super) time_zone: &'a str,
}

/// A whole number in however many bytes: serde's `i64` is one type of the format only.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    match Level(0).deserialize(deserializer)? {
        Value::Int(number) => Ok(number),
        _ => Err(D::Error::custom("expected a whole number")),
    }
}

/// A float or double.
fn degrees<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    struct Degrees;

    impl Visitor<'_> for Degrees {
        type Value = f64;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a float or double")
        }

        fn visit_f32<E>(self, value: f32) -> Result<f64, E> {
            Ok(value.into())
        }

        fn visit_f64<E>(self, value: f64) -> Result<f64, E> {
            Ok(value)
        }
    }

    deserializer.deserialize_any(Degrees)
}

/// A whole record, for expressions.
#[derive(Debug)]
pub(super) struct Tree<'a>(pub(super) Value<'a>);

impl<'de> Deserialize<'de> for Tree<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Level(DEEPEST).deserialize(deserializer).map(Tree)
    }
}

/// Reads a value in which so many levels may nest.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    fn below<E: Error>(self) -> Result<Self, E> {
        let below = self.0.checked_sub(1).map(Self);
        below.ok_or_else(|| E::custom("the record is nested too deeply"))
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Value<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value<'de>, E> {
        self.visit_u128(value.into())
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value<'de>, E> {
        // What is greater keeps all its digits as text.
        let number = i64::try_from(value).map(Value::Int);
        Ok(number.unwrap_or_else(|_| Value::Str(Cow::Owned(value.to_string()))))
    }

    fn visit_f32<E>(self, value: f32) -> Result<Value<'de>, E> {
        // The same digits: 1.1 and not 1.10000002384….
        let number = value.to_string().parse();
        Ok(Value::Float(number.unwrap_or_else(|_| value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Str(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Str(Cow::Borrowed(text)))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value<'de>, E> {
        Ok(Value::Bytes(Cow::Owned(bytes.to_owned())))
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Value<'de>, E> {
        Ok(Value::Bytes(Cow::Borrowed(bytes)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value<'de>, A::Error> {
        let below = self.below()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(below)? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value<'de>, A::Error> {
        let below = self.below()?;
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<&'de str>()? {
            map.push((Cow::Borrowed(key), entries.next_value_seed(below)?));
        }
        Ok(Value::Map(Map::from_entries(map)))
    }
}
