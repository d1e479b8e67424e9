//! Objects of JSON as Go's `encoding/json` reads them: names in any case, `null` for nothing,
//! unknown names skipped, the last of two values counts.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::ZipkinError;
use crate::named::Named;

/// A text, a slice of the request where it has no escapes; `null` is an empty one.
#[derive(Debug, Default, Clone)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text)))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
        }
        from.deserialize_any(TextVisitor)
    }
}

/// A value, its default for `null`.
pub(crate) struct OrNull<T>(pub(crate) T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for OrNull<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(Option::<T>::deserialize(from)?.unwrap_or_default()))
    }
}

/// The entries of an object whose values are texts.
#[derive(Debug, Default)]
pub(crate) struct Texts<'a>(pub(crate) Named<'a, Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct TextsVisitor<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for TextsVisitor<'a> {
            type Value = Texts<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut texts = Texts::default();
                while let Some(Text(name)) = map.next_key()? {
                    let Text(value) = map.next_value()?;
                    texts.0.put(name, value);
                }
                Ok(texts)
            }
        }
        from.deserialize_map(TextsVisitor(PhantomData))
    }
}

/// Defines a struct that is read from an object.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty = $key:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: $type,)*
            #[allow(dead_code, reason = "objects without texts borrow nothing")]
            pub(crate) of: std::marker::PhantomData<&'a ()>,
        }

        impl<'de: 'a, 'a> serde::de::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::de::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct ObjectVisitor<'a>(std::marker::PhantomData<&'a ()>);
                impl<'de: 'a, 'a> serde::de::Visitor<'de> for ObjectVisitor<'a> {
                    type Value = $name<'a>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some($crate::json::Text(name)) = map.next_key()? {
                            match () {
                                $(() if name.eq_ignore_ascii_case($key) => {
                                    let $crate::json::OrNull(value) = map.next_value()?;
                                    object.$field = value;
                                })*
                                () => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(object)
                    }
                }
                from.deserialize_map(ObjectVisitor(std::marker::PhantomData))
            }
        }
    };
}

pub(crate) use object;

/// Hands each element of a list to `take`, as it is read. `null` is an empty list.
pub(crate) fn each<'a, T: Deserialize<'a>>(
    version: &'static str,
    body: &'a [u8],
    mut take: impl FnMut(Option<T>) -> Result<(), ZipkinError>,
) -> Result<(), ZipkinError> {
    let mut from = serde_json::Deserializer::from_slice(body);
    let mut refused = None;
    let mut take = |element| {
        take(element).map_err(|error| {
            refused = Some(error);
        })
    };
    let read = Each(&mut take, PhantomData).deserialize(&mut from);
    let read = read.and_then(|()| from.end());
    match (refused, read) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(ZipkinError::Json { version, error }),
        (None, Ok(())) => Ok(()),
    }
}

struct Each<'f, T, F>(&'f mut F, PhantomData<T>);

impl<'de, T, F> DeserializeSeed<'de> for Each<'_, T, F>
where
    T: Deserialize<'de>,
    F: FnMut(Option<T>) -> Result<(), ()>,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, T, F> Visitor<'de> for Each<'_, T, F>
where
    T: Deserialize<'de>,
    F: FnMut(Option<T>) -> Result<(), ()>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of spans")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element::<Option<T>>()? {
            (self.0)(element).map_err(|()| de::Error::custom("refused"))?;
        }
        Ok(())
    }
}
