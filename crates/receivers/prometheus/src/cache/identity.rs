//! Numbers that several texts of a target name: only one sample of a series counts.

use std::hash::BuildHasher as _;

use super::{Cache, NONE, Role};

/// A number that several texts name, as after a rule that drops the label which tells them apart.
#[derive(Debug, Default)]
pub(super) struct Shared {
    seen: u32,
    members: Vec<u32>,
}

impl Cache {
    /// Counts a number that other texts name, too, as seen and says whether one of them was already.
    #[inline]
    pub(crate) fn see_shared(&mut self, at: u32) -> bool {
        let series = &self.series[at];
        if series.role != Role::Number || series.group == NONE {
            return false;
        }
        let shared = &mut self.shared[series.group];
        std::mem::replace(&mut shared.seen, self.scrape) == self.scrape
    }

    /// Makes a number known by its stream and attributes, and those that are the same one number.
    pub(super) fn index_identity(&mut self, at: u32) {
        let series = &self.series[at];
        if series.role != Role::Number || series.group != NONE {
            return;
        }
        let stream = series.stream;
        let hash = self.group_hash(stream, series.attributes());
        let same = |known: &u32| {
            let known = &self.series[*known];
            known.stream == stream && known.attributes() == series.attributes()
        };
        let Some(twin) = self.by_identity.find(hash, same).copied() else {
            self.lead(at, hash);
            return;
        };
        if twin == at {
            return;
        }
        let shared = match self.series[twin].group {
            NONE => {
                let shared = self.shared.insert(Shared {
                    // The twin may have been seen in this scrape already.
                    seen: self.series[twin].seen,
                    members: vec![twin],
                });
                self.series[twin].group = shared;
                shared
            }
            shared => shared,
        };
        self.shared[shared].members.push(at);
        self.series[at].group = shared;
    }

    /// Makes `at` the one by which its identity is found.
    fn lead(&mut self, at: u32, hash: u64) {
        let (all, hasher) = (&self.series, &self.hasher);
        self.by_identity.insert_unique(hash, at, |known| {
            let known = &all[*known];
            hasher.hash_one((known.stream, known.attributes()))
        });
    }

    pub(super) fn forget_identity(&mut self, at: u32) {
        let series = &self.series[at];
        let (stream, shared) = (series.stream, series.group);
        let hash = self.group_hash(stream, series.attributes());
        let led = match self.by_identity.find_entry(hash, |known| *known == at) {
            Ok(found) => {
                found.remove();
                true
            }
            Err(_) => false,
        };
        if shared == NONE {
            return;
        }
        self.series[at].group = NONE;
        let members = &mut self.shared[shared].members;
        members.retain(|member| *member != at);
        match members.first().copied() {
            Some(next) if led => self.lead(next, hash),
            Some(_) => {}
            None => {
                self.shared.remove(shared);
            }
        }
    }
}
