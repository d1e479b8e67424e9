//! Reading: from the bytes of a file to entries, and through the operators to records.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use headwater_logs::{
    Encoder, Entry, Origin, Program, Separator, Sink, Splitter, State, Value, now,
};
use headwater_regexp::Regex;

use super::{BUFFER, PARCEL, Reader};
use crate::config::FilelogConfig;
use crate::files::{Presence, Tail, Tracked};
use crate::fingerprint::{Signature, TAIL};

/// How one turn of a file ended.
enum Turn {
    /// There is more to read.
    More,
    /// There is nothing more to read now.
    Done,
}

/// What entries are made with.
struct Feed<'f> {
    config: &'f FilelogConfig,
    program: &'f Program,
    splitter: &'f Splitter,
    header_pattern: Option<&'f Regex>,
    state: &'f mut State,
    encoder: &'f mut Encoder,
    source: u32,
}

impl Reader {
    /// Reads the files in line, each for a turn, until nothing is left or it is time to look
    /// around again.
    pub(super) fn read_ready(&mut self, begin: Instant) {
        let half = usize::try_from(self.config.max_concurrent_files / 2)
            .unwrap_or(0)
            .max(1);
        let batches = usize::try_from(self.config.max_batches).unwrap_or(0);
        let mut allowed = if batches == 0 {
            usize::MAX
        } else {
            half.saturating_mul(batches)
        };
        let look = self
            .config
            .poll_interval
            .max(std::time::Duration::from_millis(100));
        self.reading_files.set(self.ready.len() as i64);
        while let Some(key) = self.ready.pop_front() {
            if self.shared.is_stopping() {
                return;
            }
            if let Some(file) = self.files.get_mut(key) {
                file.queued = false;
            }
            match self.turn(key, false) {
                Ok(Turn::More) => self.queue(key),
                Ok(Turn::Done) => {
                    allowed -= 1;
                    if allowed == 0 {
                        break;
                    }
                }
                Err(error) => self.failed(key, &error),
            }
            if self.encoder.bytes() >= PARCEL {
                self.hand_on();
                self.acknowledge();
                self.write_positions(false);
            }
            if begin.elapsed() >= look {
                break;
            }
        }
        self.reading_files.set(0);
        let room = self
            .config
            .initial_buffer_size
            .get()
            .clamp(BUFFER, 16 << 20);
        if self.buffer.len() > room {
            // A giant line was read; its room is given back.
            self.buffer = vec![0; room];
        }
    }

    fn failed(&mut self, key: u64, error: &io::Error) {
        let Some(file) = self.files.get_mut(key) else {
            return;
        };
        file.open = None;
        file.tail = None;
        let path = file.path.clone();
        // Tried again with the next look at everything.
        file.seen = (0, 0);
        if file.presence == Presence::Rotated {
            self.files.set_gone(key);
        }
        self.complain(&path, error, "read");
    }

    /// Emits the beginnings of lines that have waited long enough for the rest.
    pub(super) fn flush_tails(&mut self, now: Instant) {
        let period = self.config.force_flush_period;
        if period.is_zero() {
            return;
        }
        let is_due = |key: &u64| {
            let tail = self.files.get(*key).and_then(|file| file.tail);
            tail.is_some_and(|tail| now.saturating_duration_since(tail.since) >= period)
        };
        let due: Vec<_> = self.busy.iter().copied().filter(is_due).collect();
        for key in due {
            if let Err(error) = self.turn(key, true) {
                self.failed(key, &error);
            }
            if self.encoder.bytes() >= PARCEL {
                self.hand_on();
            }
        }
    }

    /// Reads one buffer of a file. With `whole` a line without end is an entry if it has not
    /// grown.
    fn turn(&mut self, key: u64, whole: bool) -> io::Result<Turn> {
        if !self.prepare(key)? {
            return Ok(Turn::Done);
        }
        let limit = self.splitter.max + BUFFER;
        let program = Arc::clone(&self.program);
        loop {
            let Some(file) = self.files.get_mut(key) else {
                return Ok(Turn::Done);
            };
            let Some(open) = &mut file.open else {
                return Ok(Turn::Done);
            };
            let count = open.source.read_at(&mut self.buffer, file.read)?;
            let at_end = count < self.buffer.len();
            let data = &self.buffer[..count];
            if file.skip_all {
                file.read += count as u64;
                file.taken = file.read;
                file.skip_all = !at_end;
                self.changed.insert(key);
                return Ok(if at_end { Turn::Done } else { Turn::More });
            }
            let nop = matches!(self.splitter.separator, Separator::None);
            let still = file.tail.is_some_and(|tail| tail.length == count as u64);
            let complete = at_end && (nop || (whole && still));
            let mut feed = Feed {
                config: &self.config,
                program: &program,
                splitter: &self.splitter,
                header_pattern: self.header_pattern.as_ref(),
                state: &mut self.state,
                encoder: &mut self.encoder,
                source: key as u32,
            };
            let consumed = feed.run(file, data, complete);
            if consumed > 0 {
                file.read += consumed as u64;
                sign(file, &data[..consumed]);
                self.touched.insert(key);
            }
            if consumed == 0 && !at_end && self.buffer.len() < limit {
                let length = (self.buffer.len() * 4).min(limit);
                self.buffer.resize(length, 0);
                continue;
            }
            let rest = (count - consumed) as u64;
            if !at_end || self.encoder.bytes() >= PARCEL {
                return Ok(Turn::More);
            }
            file.tail = match file.tail {
                _ if rest == 0 => None,
                Some(tail) if tail.length == rest && consumed == 0 => Some(tail),
                _ => Some(Tail {
                    length: rest,
                    since: Instant::now(),
                }),
            };
            return Ok(Turn::Done);
        }
    }
}

/// Notes what stands before the position, so that the file is known again elsewhere. `data` is
/// what was read last.
fn sign(file: &mut Tracked, data: &[u8]) {
    let at = file.read;
    let length = (TAIL as u64).min(at) as usize;
    if let Some(begin) = data.len().checked_sub(length) {
        file.signature = Signature::of(at, &data[begin..]);
        return;
    }
    let mut tail = [0; TAIL];
    let tail = &mut tail[..length];
    let Some(open) = file.open.as_mut().filter(|open| !open.source.is_packed()) else {
        return;
    };
    let begin = at - length as u64;
    if open
        .source
        .read_at(tail, begin)
        .is_ok_and(|count| count == length)
    {
        file.signature = Signature::of(at, tail);
    }
}

impl Feed<'_> {
    /// Makes entries of the data that stands at the file's position; how much of it.
    fn run(&mut self, file: &mut Tracked, data: &[u8], whole: bool) -> usize {
        let observed = now();
        let Tracked {
            open,
            read,
            records,
            skip_line,
            header_done,
            header,
            labels,
            path,
            ..
        } = file;
        let Some(open) = open else {
            return 0;
        };
        let mut at = 0;
        while !*header_done && at < data.len() {
            let Some(token) = self.splitter.next(data, at, whole) else {
                return at;
            };
            let text = self.splitter.trim(&data[token.start..token.end]);
            if self.take_header(text, header) {
                at = token.next;
            } else {
                *header_done = true;
            }
        }
        let header = &*header;
        let labels = labels.as_deref();
        let path_attribute = labels
            .and_then(|labels| labels.path.as_deref())
            .and_then(|name| Some((name, path.to_str()?)));
        let mut entry = Entry::default();
        while at < data.len() && self.encoder.bytes() < PARCEL {
            if *skip_line {
                match self.splitter.skip(data, at) {
                    Some(next) => {
                        *skip_line = false;
                        at = next;
                    }
                    None => at = data.len(),
                }
                continue;
            }
            let Some(token) = self.splitter.next(data, at, whole) else {
                break;
            };
            let begin = *read + at as u64;
            *skip_line = token.cut;
            at = token.next;
            let text = self.splitter.trim(&data[token.start..token.end]);
            *records += 1;
            if text.is_empty() {
                continue;
            }
            let origin = Origin {
                source: self.source,
                offset: begin,
            };
            entry.reset(self.config.encoding.decode(text), observed, origin);
            for (name, value) in &open.attributes {
                entry.attributes.push(*name, value.as_str());
            }
            if let Some(labels) = labels {
                for (name, value) in &labels.attributes {
                    entry.attributes.insert(name.as_str(), value.as_str());
                }
                for (name, value) in &labels.resource {
                    entry.resource.push(name.as_str(), value.as_str());
                }
                if let Some((name, path)) = path_attribute {
                    entry.resource.push(name, path);
                }
            }
            for (name, value) in header {
                entry.attributes.insert(name.as_str(), value.as_str());
            }
            if self.config.include_file_record_number {
                let number = Value::Int(*records as i64);
                entry.attributes.push("log.file.record_number", number);
            }
            if self.config.include_file_record_offset {
                let offset = Value::Int(begin as i64);
                entry.attributes.push("log.file.record_offset", offset);
            }
            decorate(self.config, &mut entry);
            self.program.run(&mut entry, self.state, self.encoder);
        }
        at
    }

    /// Takes a line of the header; false if it is none.
    fn take_header(&mut self, text: &[u8], header: &mut Vec<(String, String)>) -> bool {
        let (Some(pattern), Some(config)) = (self.header_pattern, &self.config.header) else {
            return false;
        };
        if !pattern.is_match(text) {
            return false;
        }
        let mut entry = Entry::default();
        entry.reset(self.config.encoding.decode(text), 0, Origin::default());
        let program = config.metadata_operators.program();
        let mut found = Attributes(header);
        program.run(&mut entry, &mut program.state(), &mut found);
        true
    }
}

/// Adds the configured attributes. Where an expression fails, what it would have set is left out.
fn decorate<'a>(config: &'a FilelogConfig, entry: &mut Entry<'a>) {
    if !config.attributes.is_empty()
        && let Err(failure) = config.attributes.set_attributes(entry)
    {
        tracing::debug!(error = %failure, "Failed to set attributes");
    }
    if !config.resource.is_empty()
        && let Err(failure) = config.resource.set_resource(entry)
    {
        tracing::debug!(error = %failure, "Failed to set resource");
    }
}

/// Keeps the attributes of what comes out of the header's operators.
struct Attributes<'h>(&'h mut Vec<(String, String)>);

impl Sink for Attributes<'_> {
    fn take(&mut self, entry: &Entry<'_>) {
        for (key, value) in entry.attributes.iter() {
            let value = value.to_string();
            match self.0.iter_mut().find(|(known, _)| known == key) {
                Some((_, old)) => *old = value,
                None => self.0.push((key.to_owned(), value)),
            }
        }
    }
}
