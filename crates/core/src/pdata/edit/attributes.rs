//! Edits the attributes of one message.

use super::encode::EncodeValue;
use super::entry::Place;
use super::message::MessageEdit;
use crate::pdata::view::{AnyValue, Text};

/// What to do when an attribute exists, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Add it if it does not exist.
    Insert,
    /// Change it if it exists.
    Update,
    /// Change or add it.
    Upsert,
}

/// The attributes of a resource, scope or record, to read and to change.
///
/// They keep their order; new ones come last. Where a name occurs twice, which it should not,
/// the first one is found.
#[derive(Debug)]
pub struct AttributeEditor<'e> {
    edit: &'e mut MessageEdit,
    input: &'e [u8],
}

impl<'e> AttributeEditor<'e> {
    #[inline]
    pub(super) fn new(edit: &'e mut MessageEdit, input: &'e [u8], number: u32) -> Self {
        edit.load(input, number);
        Self { edit, input }
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<AnyValue<'_>> {
        let index = self.edit.find(self.input, key.as_ref())?;
        Some(self.edit.value(index, self.input))
    }

    /// Whether there is an attribute called `key`.
    #[must_use]
    pub fn contains(&self, key: impl AsRef<[u8]>) -> bool {
        self.edit.find(self.input, key.as_ref()).is_some()
    }

    /// How many attributes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.edit
            .entries()
            .iter()
            .filter(|entry| entry.place() != Place::Removed)
            .count()
    }

    /// Whether there are no attributes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (Text<'_>, AnyValue<'_>)> {
        let present = |index: &usize| self.edit.entries()[*index].place() != Place::Removed;
        (0..self.edit.entries().len()).filter(present).map(|index| {
            (
                Text::new(self.edit.key(index, self.input)),
                self.edit.value(index, self.input),
            )
        })
    }

    /// Sets `key` to `value` as `put` allows.
    #[inline]
    pub fn put(&mut self, put: Put, key: impl AsRef<[u8]>, value: impl EncodeValue) {
        let key = key.as_ref();
        match (self.edit.find(self.input, key), put) {
            (Some(index), Put::Update | Put::Upsert) => {
                self.edit
                    .set_value(self.input, index, |out| value.encode_value(out));
            }
            (None, Put::Insert | Put::Upsert) => {
                self.edit
                    .append(self.input, key, |out| value.encode_value(out));
            }
            (Some(_), Put::Insert) | (None, Put::Update) => {}
        }
    }

    /// Sets `key` to the value of `from` as `put` allows; false if there is no `from`.
    pub fn put_from(&mut self, put: Put, key: impl AsRef<[u8]>, from: impl AsRef<[u8]>) -> bool {
        let key = key.as_ref();
        let Some(source) = self.edit.find(self.input, from.as_ref()) else {
            return false;
        };
        match (self.edit.find(self.input, key), put) {
            (Some(index), Put::Update | Put::Upsert) => {
                if index != source {
                    self.edit.copy_value(self.input, index, source);
                }
            }
            (None, Put::Insert | Put::Upsert) => {
                self.edit.append_copy(self.input, key, source);
            }
            (Some(_), Put::Insert) | (None, Put::Update) => {}
        }
        true
    }

    /// Adds `key` if it does not exist.
    pub fn insert(&mut self, key: impl AsRef<[u8]>, value: impl EncodeValue) {
        self.put(Put::Insert, key, value);
    }

    /// Changes `key` if it exists.
    pub fn update(&mut self, key: impl AsRef<[u8]>, value: impl EncodeValue) {
        self.put(Put::Update, key, value);
    }

    /// Changes or adds `key`.
    pub fn upsert(&mut self, key: impl AsRef<[u8]>, value: impl EncodeValue) {
        self.put(Put::Upsert, key, value);
    }

    /// Removes `key`; false if it does not exist.
    pub fn remove(&mut self, key: impl AsRef<[u8]>) -> bool {
        let found = self.edit.find(self.input, key.as_ref());
        if let Some(index) = found {
            self.edit.remove(index);
        }
        found.is_some()
    }

    /// Calls `key` `to` from now on, in its place, and removes what was called `to` before;
    /// false if there is no `key`.
    pub fn rename(&mut self, key: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> bool {
        let (key, to) = (key.as_ref(), to.as_ref());
        let Some(index) = self.edit.find(self.input, key) else {
            return false;
        };
        if key != to {
            self.remove(to);
            self.edit.rename(self.input, index, to);
        }
        true
    }

    /// Removes every attribute for which `keep` is false.
    pub fn retain(&mut self, mut keep: impl FnMut(Text<'_>, AnyValue<'_>) -> bool) {
        for index in 0..self.edit.entries().len() {
            if self.edit.entries()[index].place() == Place::Removed {
                continue;
            }
            let key = Text::new(self.edit.key(index, self.input));
            if !keep(key, self.edit.value(index, self.input)) {
                self.edit.remove(index);
            }
        }
    }

    /// Offers every attribute to `value`, and sets those for which it gives one.
    pub fn replace_each<V: EncodeValue>(
        &mut self,
        mut value: impl FnMut(Text<'_>, AnyValue<'_>) -> Option<V>,
    ) {
        for index in 0..self.edit.entries().len() {
            if self.edit.entries()[index].place() == Place::Removed {
                continue;
            }
            let key = Text::new(self.edit.key(index, self.input));
            if let Some(new) = value(key, self.edit.value(index, self.input)) {
                self.edit
                    .set_value(self.input, index, |out| new.encode_value(out));
            }
        }
    }
}
