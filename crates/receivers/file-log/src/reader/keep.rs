//! Positions that were taken, the journal, and files that are done with.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use super::{OPEN_FOR, RESCAN, ROTATED_FOR, Reader};
use crate::checkpoint::Record;
use crate::config::StartAt;
use crate::files::Presence;

impl Reader {
    /// Takes note of the positions that downstream has taken; false if something else woke us.
    pub(super) fn acknowledge(&mut self) -> bool {
        let taken = self.shared.take();
        let any = !taken.is_empty();
        for position in taken {
            if let Some(file) = self.files.get_mut(position.file) {
                file.taken = position.offset;
                file.taken_records = position.records;
                self.changed.insert(position.file);
            }
        }
        if self.config.delete_after_read && any {
            self.delete_finished();
        }
        any
    }

    /// Deletes files of which everything was delivered.
    fn delete_finished(&mut self) {
        let finished: Vec<_> = self
            .files
            .iter()
            .filter(|(_, file)| {
                let end = match &file.open {
                    Some(open) if !open.source.is_packed() => open
                        .source
                        .file()
                        .metadata()
                        .map_or(u64::MAX, |meta| meta.len()),
                    Some(_) => file.read,
                    None => u64::MAX,
                };
                file.presence == Presence::Present
                    && self.config.start_at == StartAt::Beginning
                    && file.tail.is_none()
                    && !file.queued
                    && file.read > 0
                    && file.taken == file.read
                    && file.read == end
            })
            .map(|(key, file)| (key, file.path.clone()))
            .collect();
        for (key, path) in finished {
            match fs::remove_file(&path) {
                Ok(()) => self.files.set_gone(key),
                Err(error) => self.complain(&path, &error, "delete"),
            }
            self.changed.insert(key);
        }
    }

    /// Closes files that nobody writes to, and gives up those that were moved away.
    pub(super) fn close_idle(&mut self, now: Instant) {
        let limit = usize::try_from(self.config.max_concurrent_files).unwrap_or(usize::MAX);
        let mut open = Vec::new();
        let mut gone = Vec::new();
        for key in self.busy.iter().copied() {
            let Some(file) = self.files.get_mut(key) else {
                continue;
            };
            let Some(handle) = &file.open else {
                if file.presence == Presence::Rotated {
                    gone.push(key);
                }
                continue;
            };
            let idle = now.saturating_duration_since(handle.used);
            if file.presence == Presence::Rotated {
                if idle >= ROTATED_FOR && !file.queued {
                    gone.push(key);
                }
            } else if idle >= OPEN_FOR && !file.queued && file.tail.is_none() {
                file.open = None;
            } else {
                open.push((handle.used, key));
            }
        }
        for key in gone {
            self.files.set_gone(key);
            self.changed.insert(key);
        }
        if open.len() > limit {
            open.sort_unstable();
            for (_, key) in &open[..open.len() - limit] {
                if let Some(file) = self.files.get_mut(*key) {
                    file.open = None;
                }
            }
        }
        self.open_files.set(open.len().min(limit) as i64);
        self.busy.retain(|key| {
            self.files.get(*key).is_some_and(|file| {
                file.open.is_some()
                    || file.tail.is_some()
                    || file.copy_of.is_some()
                    || file.presence == Presence::Rotated
            })
        });
        let touched = &self.touched;
        let forgotten = self.files.forget(|key| touched.contains(&key));
        self.forgotten.extend(forgotten);
    }

    /// Writes positions to the journal if it is time to.
    pub(super) fn write_positions(&mut self, last: bool) {
        if self.changed.is_empty() && self.forgotten.is_empty() {
            return;
        }
        let wait = if self.positions_failed {
            RESCAN
        } else {
            self.config.checkpoints.interval
        };
        if self.positions.is_none() || (!last && self.written.elapsed() < wait) {
            return;
        }
        for key in std::mem::take(&mut self.changed) {
            self.forgotten.push(key);
        }
        let mut changed = BTreeMap::new();
        for key in std::mem::take(&mut self.forgotten) {
            changed.insert(key, self.files.get(key).map(|file| file.record()));
        }
        let files = &self.files;
        let all = || -> BTreeMap<u64, Record> {
            files
                .iter()
                .map(|(key, file)| (key, file.record()))
                .collect()
        };
        let Some(positions) = &mut self.positions else {
            return;
        };
        let result = if last && self.positions_failed {
            positions.rewrite(all())
        } else {
            positions.append(&changed, files.len(), all)
        };
        self.written = Instant::now();
        match result {
            Ok(()) if self.positions_failed => {
                self.positions_failed = false;
                tracing::info!(place = %positions.place(), "Positions are written again");
            }
            Ok(()) => {}
            Err(error) => {
                if !self.positions_failed {
                    tracing::error!(
                        place = %positions.place(),
                        error = %error,
                        "Positions cannot be written: reading goes on, a restart would repeat lines"
                    );
                }
                self.positions_failed = true;
                for (key, record) in changed {
                    if record.is_some() {
                        self.changed.insert(key);
                    } else {
                        self.forgotten.push(key);
                    }
                }
            }
        }
    }
}
