//! What is remembered of a target's series from scrape to scrape.
//!
//! A series is looked up by the text in which the target writes it, of which a fingerprint is kept;
//! relabelling and translation happen when that text is seen for the first time. A target writes its series in the same order
//! every time, so the first guess is the series that came next the last time, and comparing
//! fingerprints takes the place of reading the text.

mod families;
mod identity;
mod resolve;
mod series;
mod slab;
mod stream;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use headwater_prometheus::exposition::{FingerprintGuess, MetricType};
use headwater_prometheus::fingerprint::Seeds;

use self::families::{Changed, Families};
use self::identity::Shared;
pub(crate) use self::resolve::Shape;
pub(crate) use self::series::{NONE, Role, Series, Text};
use self::slab::Slab;
pub(crate) use self::stream::{Group, Kind, Resource, Scope, Stream, put_header};

/// Families that are neither described nor used are forgotten after so many scrapes.
const FAMILY_MEMORY: u32 = 10;

/// The series of one target and what they are made of.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    by_text: HashTable<u32>,
    series: Slab<Series>,
    by_attributes: HashTable<u32>,
    /// One number for each stream and attributes.
    by_identity: HashTable<u32>,
    /// Numbers that several texts name, by the scrape that last saw one of them.
    shared: Slab<Shared>,
    groups: Slab<Group>,
    streams: Slab<Stream>,
    stream_index: HashMap<StreamKey, u32>,
    resources: Slab<Resource>,
    resource_index: HashMap<(Box<str>, Box<str>), u32>,
    scopes: Slab<Scope>,
    families: Families,
    hasher: DefaultHashBuilder,
    seeds: Seeds,
    /// Counts changes of the configuration.
    epoch: u8,
    /// The number of the scrape; the first is 1.
    scrape: u32,
    /// The series found last in this scrape.
    last: u32,
    /// The series that the last scrape began with.
    first: u32,
    /// How many series this scrape has shown.
    seen: usize,
    /// How many series are live, and how many of those were seen in this scrape.
    live: usize,
    live_seen: usize,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct StreamKey {
    resource: u32,
    scope: u32,
    kind: Kind,
    name: Box<str>,
}

impl Cache {
    pub(crate) fn new() -> Self {
        Self {
            last: NONE,
            first: NONE,
            ..Self::default()
        }
    }

    /// Begins a scrape.
    pub(crate) fn begin(&mut self) {
        self.scrape = self.scrape.wrapping_add(1).max(1);
        self.last = NONE;
        self.live_seen = 0;
        self.seen = 0;
    }

    /// The configuration has changed: every series is translated anew when it is seen next.
    pub(crate) fn outdate(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            // What was translated under the first configuration must not look current again.
            for at in 0..self.series.places() {
                self.series[at].epoch = 0;
            }
            self.epoch = 1;
        }
    }

    /// Makes no guess at the series that comes first, as after a change of the format.
    pub(crate) fn forget_order(&mut self) {
        self.first = NONE;
    }

    /// Whether the series `at` is translated as a sample of that shape has to be.
    #[inline]
    pub(crate) fn is_current(&self, at: u32, shape: Shape) -> bool {
        let series = &self.series[at];
        series.epoch == self.epoch && shape.fits(series.role)
    }

    /// The number of this scrape.
    pub(crate) fn scrape(&self) -> u32 {
        self.scrape
    }

    /// Finds a series by its text.
    #[inline]
    pub(crate) fn find(&mut self, text: Text) -> Option<u32> {
        let guess = self.guessed();
        if guess != NONE && self.series[guess].text() == text {
            self.last = guess;
            return Some(guess);
        }
        self.find_by_hash(text)
    }

    /// What is kept of the text of a series.
    #[inline]
    pub(crate) fn text(&self, raw: &[u8]) -> Text {
        Text {
            fingerprint: self.seeds.of(raw),
            length: raw.len() as u32,
        }
    }

    /// The text of the series that is likely to come next; of length 0 if nobody knows.
    #[inline]
    pub(crate) fn guess(&self) -> FingerprintGuess<'_> {
        let text = match self.guessed() {
            NONE => Text::default(),
            guess => self.series[guess].text(),
        };
        FingerprintGuess {
            length: text.length as usize,
            fingerprint: text.fingerprint,
            seeds: &self.seeds,
        }
    }

    /// The series that `guess` was about, now that it has come.
    #[inline]
    pub(crate) fn accept_guess(&mut self) -> Option<u32> {
        self.last = match self.guessed() {
            NONE => return None,
            guess => guess,
        };
        Some(self.last)
    }

    #[inline]
    fn guessed(&self) -> u32 {
        match self.last {
            NONE => self.first,
            last => self.series[last].next,
        }
    }

    fn find_by_hash(&mut self, text: Text) -> Option<u32> {
        let same = |at: &u32| self.series[*at].text() == text;
        let found = self.by_text.find(text.fingerprint.hash(), same).copied()?;
        self.follow(found);
        Some(found)
    }

    /// Remembers that `at` comes after the series found last.
    fn follow(&mut self, at: u32) {
        match self.last {
            NONE => self.first = at,
            last => self.series[last].next = at,
        }
        self.last = at;
    }

    /// Adds a series that `find` has not found.
    pub(crate) fn insert(&mut self, series: Series) -> u32 {
        let hash = series.text().fingerprint.hash();
        let at = self.insert_hidden(series);
        let all = &self.series;
        self.by_text
            .insert_unique(hash, at, |at| all[*at].text().fingerprint.hash());
        self.follow(at);
        at
    }

    /// Adds a series that no text finds.
    pub(crate) fn insert_hidden(&mut self, series: Series) -> u32 {
        let at = self.series.insert(series);
        self.series[at].epoch = self.epoch;
        self.index_number(at);
        at
    }

    pub(crate) fn series(&self, at: u32) -> &Series {
        &self.series[at]
    }

    pub(crate) fn series_mut(&mut self, at: u32) -> &mut Series {
        &mut self.series[at]
    }

    pub(crate) fn group(&self, at: u32) -> &Group {
        &self.groups[at]
    }

    pub(crate) fn group_mut(&mut self, at: u32) -> &mut Group {
        &mut self.groups[at]
    }

    pub(crate) fn stream(&self, at: u32) -> &Stream {
        &self.streams[at]
    }

    pub(crate) fn stream_mut(&mut self, at: u32) -> &mut Stream {
        &mut self.streams[at]
    }

    pub(crate) fn scope(&self, at: u32) -> &Scope {
        &self.scopes[at]
    }

    /// The encoded resource, with the labels of `target_info` if this scrape has shown it.
    pub(crate) fn resource(&self, at: u32) -> &[u8] {
        let resource = &self.resources[at];
        match resource.info {
            Some((series, scrape)) if scrape == self.scrape => self.series[series].attributes(),
            _ => &resource.encoded,
        }
    }

    /// Notes that this scrape shows `target_info` as `series`.
    pub(crate) fn saw_info(&mut self, series: u32) {
        let resource = self.series[series].stream;
        self.resources[resource].info = Some((series, self.scrape));
    }

    /// Sets the start time of the number that the series `created` is about.
    pub(crate) fn set_number_start(&mut self, created: u32, start: u64) {
        let (stream, hash) = (self.series[created].stream, self.series[created].aux);
        let Some(numbers) = &mut self.streams[stream].numbers else {
            return;
        };
        // The number may come after its start time.
        let number = numbers.entry(hash).or_default();
        number.start = start;
        if number.series != NONE {
            self.series[number.series].aux = start;
        }
    }

    /// Notes a type that the target declares.
    pub(crate) fn set_type(&mut self, family: &str, kind: MetricType) {
        let changed = self.families.set_type(family, kind, self.scrape);
        self.apply(&changed);
    }

    /// Notes a help text.
    pub(crate) fn set_help(&mut self, family: &str, help: &str) {
        let changed = self.families.set_help(family, help, self.scrape);
        self.apply(&changed);
    }

    /// Notes a unit.
    pub(crate) fn set_unit(&mut self, family: &str, unit: &str) {
        let changed = self.families.set_unit(family, unit, self.scrape);
        self.apply(&changed);
    }

    fn apply(&mut self, changed: &Changed) {
        for stream in &changed.reworded {
            // Encoded again when it is used next.
            self.streams[*stream].header = Box::default();
        }
        if changed.retyped.is_empty() {
            return;
        }
        for at in 0..self.series.places() {
            let series = &self.series[at];
            let concerned = match series.role {
                Role::Vacant | Role::Unresolved | Role::Dropped | Role::Info | Role::Useless => {
                    false
                }
                _ => changed.retyped.contains(&series.stream),
            };
            if concerned && series.seen == self.scrape {
                // What this scrape has already shown stays what it was then, since its sample waits to
                // be written: Go's library describes `go_memstats_alloc_bytes` as a gauge and, in
                // OpenMetrics, once more as the counter of the same name. The next scrape asks again.
                self.series[at].epoch = self.epoch.wrapping_sub(1);
            } else if concerned {
                self.detach(at);
                self.series[at].role = Role::Unresolved;
            }
        }
    }

    /// Counts a series as seen and says whether it was already.
    #[inline]
    pub(crate) fn see(&mut self, at: u32) -> bool {
        let scrape = self.scrape;
        let series = &mut self.series[at];
        if series.seen == scrape {
            return true;
        }
        series.seen = scrape;
        self.seen += 1;
        self.live_seen += usize::from(series.live);
        false
    }

    /// Notes whether the series is to be marked stale when it goes, should the scrape succeed.
    #[inline]
    pub(crate) fn set_tracked(&mut self, at: u32, tracked: bool) {
        self.series[at].tracked = tracked;
    }

    /// The scrape has succeeded, and the series `at` had a sample.
    #[inline]
    pub(crate) fn confirm(&mut self, at: u32) {
        let series = &mut self.series[at];
        if series.live == series.tracked {
            return;
        }
        series.live = series.tracked;
        if series.live {
            self.live += 1;
            self.live_seen += 1;
        } else {
            self.live -= 1;
            self.live_seen -= 1;
        }
    }

    fn end(&mut self, at: u32) {
        let series = &mut self.series[at];
        if std::mem::take(&mut series.live) {
            self.live -= 1;
        }
    }

    /// Calls `mark` for every live series that this scrape did not show; they are not live then.
    pub(crate) fn take_gone(&mut self, mut mark: impl FnMut(u32)) {
        if self.live_seen == self.live {
            return;
        }
        for at in 0..self.series.places() {
            let series = &self.series[at];
            if series.live && series.seen != self.scrape {
                self.end(at);
                // What another text still names, or has just marked, is not marked.
                if self.series[at].role != Role::Unresolved && !self.see_shared(at) {
                    mark(at);
                }
            }
        }
    }

    /// Calls `mark` for every live series, as after a failed scrape; none is live then. What this
    /// scrape has shown before it failed counts as not seen.
    pub(crate) fn take_all(&mut self, mark: impl FnMut(u32)) {
        self.begin();
        self.take_gone(mark);
    }

    /// Forgets what this scrape has not shown.
    pub(crate) fn sweep(&mut self) {
        if self.seen != self.series.len() {
            self.sweep_series();
        }
        if self.scrape.is_multiple_of(FAMILY_MEMORY) {
            self.families
                .forget(self.scrape.saturating_sub(FAMILY_MEMORY));
        }
    }

    fn sweep_series(&mut self) {
        for at in 0..self.series.places() {
            let series = &self.series[at];
            if series.role != Role::Vacant && series.seen != self.scrape {
                self.remove(at);
            }
        }
        if self.series.len() == 0 {
            self.series.shrink();
            self.first = NONE;
        }
    }

    fn remove(&mut self, at: u32) {
        self.end(at);
        if !matches!(self.series[at].role, Role::Unresolved) {
            self.detach(at);
        }
        let series = self.series.remove(at);
        let hash = series.text().fingerprint.hash();
        if let Ok(found) = self.by_text.find_entry(hash, |known| *known == at) {
            found.remove();
        }
        if self.first == at {
            self.first = NONE;
        }
        if self.last == at {
            self.last = NONE;
        }
    }

    /// Gives back what a series uses.
    fn detach(&mut self, at: u32) {
        let series = &self.series[at];
        let (role, stream, group) = (series.role, series.stream, series.group);
        match role {
            Role::Vacant | Role::Unresolved | Role::Dropped | Role::Useless => {}
            Role::Info => self.release_resource(stream),
            Role::Number => {
                let hash = self.hasher.hash_one(self.series[at].attributes());
                if let Some(numbers) = &mut self.streams[stream].numbers {
                    numbers.remove(&hash);
                }
                self.forget_identity(at);
                self.release_stream(stream);
            }
            Role::NumberCreated => {
                let hash = self.series[at].aux;
                if let Some(numbers) = &mut self.streams[stream].numbers
                    && numbers.get(&hash).is_some_and(|known| known.series == NONE)
                {
                    numbers.remove(&hash);
                }
                self.release_stream(stream);
            }
            Role::Native => self.release_stream(stream),
            Role::Bound | Role::Sum | Role::Count | Role::GroupCreated => {
                self.groups[group].users -= 1;
                if self.groups[group].users == 0 {
                    let hash = self.group_hash(stream, &self.groups[group].attributes);
                    if let Ok(found) = self.by_attributes.find_entry(hash, |known| *known == group)
                    {
                        found.remove();
                    }
                    self.groups.remove(group);
                    self.release_stream(stream);
                }
            }
        }
        let series = &mut self.series[at];
        series.stream = NONE;
        series.group = NONE;
    }

    fn group_hash(&self, stream: u32, attributes: &[u8]) -> u64 {
        self.hasher.hash_one((stream, attributes))
    }

    fn release_stream(&mut self, at: u32) {
        let stream = &mut self.streams[at];
        stream.users -= 1;
        if stream.users > 0 {
            return;
        }
        let stream = self.streams.remove(at);
        let family = self.families.entry(&stream.family);
        family.streams.retain(|known| *known != at);
        let (resource, scope) = (stream.resource, stream.scope);
        self.stream_index.remove(&StreamKey {
            resource,
            scope,
            kind: stream.kind,
            name: stream.name,
        });
        self.scopes[scope].users -= 1;
        if self.scopes[scope].users == 0 {
            self.scopes.remove(scope);
        }
        self.release_resource(resource);
    }

    fn release_resource(&mut self, at: u32) {
        let resource = &mut self.resources[at];
        resource.users -= 1;
        if resource.users == 0 {
            let resource = self.resources.remove(at);
            self.resource_index
                .remove(&(resource.job, resource.instance));
        }
    }
}
