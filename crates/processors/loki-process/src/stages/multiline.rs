//! `multiline`: blocks of lines become one entry.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headwater_core::config::{Config, Validation};
use headwater_core::{ComponentError, Context, Ticket};
use headwater_regexp::Regex;
use tokio::time::Instant;

use crate::build::{Builder, check_regex, check_required, regex};
use crate::entry::Entry;
use crate::pipeline::{Held, Run};

/// Arguments of `multiline`. Source: Alloy `stages.MultilineConfig`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct MultilineConfig {
    /// What the first line of a block matches. Required.
    pub(crate) firstline: String,
    /// How many lines a block has at most.
    pub(crate) max_lines: u64,
    /// How long a block waits for its next line.
    pub(crate) max_wait_time: Duration,
    /// Takes line ends at the end of lines away.
    pub(crate) trim_newlines: bool,
}

impl Default for MultilineConfig {
    fn default() -> Self {
        Self {
            firstline: String::new(),
            max_lines: 128,
            max_wait_time: Duration::from_secs(3),
            trim_newlines: true,
        }
    }
}

impl MultilineConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_required(validation, "firstline", &self.firstline);
        check_regex(validation, "firstline", &self.firstline);
        if self.max_wait_time.is_zero() {
            validation.error("max_wait_time", "max_wait_time must be greater than 0");
        }
    }
}

/// The block of one stream.
#[derive(Debug)]
struct Block {
    /// The first line's entry, without its line.
    start: Entry<'static>,
    context: Context,
    text: String,
    lines: usize,
    seen: Instant,
    ticket: Ticket,
}

impl Block {
    /// The block as an entry. The next lines up to a first line belong to the same start.
    fn finish(&mut self) -> Held {
        let mut entry = self.start.clone();
        entry.line = Cow::Owned(std::mem::take(&mut self.text));
        Held {
            entry,
            context: self.context.clone(),
            lines: std::mem::take(&mut self.lines),
            ticket: std::mem::take(&mut self.ticket),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    blocks: HashMap<u64, Block>,
    bytes: usize,
}

impl State {
    fn finish(&mut self, stream: u64) -> Option<Held> {
        let block = self.blocks.get_mut(&stream)?;
        if block.lines == 0 {
            return None;
        }
        let held = block.finish();
        self.bytes -= held.ticket.bytes().min(self.bytes);
        Some(held)
    }
}

/// Joins lines.
#[derive(Debug)]
pub(crate) struct Multiline {
    first: Regex,
    max_lines: usize,
    wait: Duration,
    trim: bool,
    max_bytes: usize,
    max_streams: usize,
    state: Mutex<State>,
}

impl Multiline {
    pub(crate) fn new(
        config: &MultilineConfig,
        builder: &Builder<'_>,
    ) -> Result<Self, ComponentError> {
        Ok(Self {
            first: regex(&config.firstline)?,
            max_lines: usize::try_from(config.max_lines).unwrap_or(usize::MAX),
            wait: config.max_wait_time,
            trim: config.trim_newlines,
            max_bytes: builder.max_held_bytes,
            max_streams: builder.max_held_streams,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an entry; gives what has to go on before it, and whether it goes on itself.
    pub(crate) fn take<'a>(&'a self, entry: &mut Entry<'a>, run: &mut Run) -> (Vec<Held>, bool) {
        let stream = run.stream(entry);
        let now = run.instant();
        let is_first = self.first.is_match(entry.line.as_bytes());
        let mut flushed = Vec::new();
        let mut state = self.state();
        let known = state.blocks.get(&stream).map(|block| block.seen);
        if known.is_some_and(|seen| now.saturating_duration_since(seen) >= self.wait) {
            flushed.extend(state.finish(stream));
        }
        if known.is_none() && !is_first {
            return (flushed, true);
        }
        if is_first {
            flushed.extend(state.finish(stream));
        }
        if (known.is_none() && state.blocks.len() >= self.max_streams)
            || state.bytes > self.max_bytes
        {
            tracing::warn!(
                streams = state.blocks.len(),
                bytes = state.bytes,
                "Too many blocks of lines: they go on as they are"
            );
            flushed.extend(take(&mut state));
            if !is_first {
                return (flushed, true);
            }
        }
        if is_first {
            let mut start = entry.to_owned_entry();
            start.line = Cow::Borrowed("");
            let block = Block {
                start,
                context: run.context.clone(),
                text: String::new(),
                lines: 0,
                seen: now,
                ticket: Ticket::default(),
            };
            state.blocks.insert(stream, block);
        }
        let line = if self.trim {
            entry.line.trim_end_matches(['\r', '\n'])
        } else {
            &entry.line
        };
        let Some(block) = state.blocks.get_mut(&stream) else {
            return (flushed, true);
        };
        if !block.text.is_empty() {
            block.text.push('\n');
        }
        block.text.push_str(line);
        block.lines += 1;
        block.seen = now;
        run.tally.touched = true;
        run.tally.held += 1;
        if block.lines == 1 {
            block.ticket = run.budget.charge(block.start.size());
        }
        let before = block.ticket.bytes();
        let before = if block.lines == 1 { 0 } else { before };
        block.ticket.resize(block.start.size() + block.text.len());
        let (after, full) = (block.ticket.bytes(), block.lines == self.max_lines);
        state.bytes = state.bytes + after - before.min(after);
        if full {
            flushed.extend(state.finish(stream));
        }
        (flushed, false)
    }

    /// The blocks whose next line has not come in time.
    pub(crate) fn take_due(&self, now: Instant) -> Vec<Held> {
        let mut state = self.state();
        let due: Vec<u64> = state
            .blocks
            .iter()
            .filter(|(_, block)| block.seen + self.wait <= now)
            .map(|(stream, _)| *stream)
            .collect();
        let mut flushed = Vec::new();
        for stream in due {
            flushed.extend(state.finish(stream));
            state.blocks.remove(&stream);
        }
        flushed
    }

    /// Everything that is held.
    pub(crate) fn take_all(&self) -> Vec<Held> {
        take(&mut self.state())
    }

    /// When the first block has waited long enough.
    pub(crate) fn due(&self) -> Option<Instant> {
        let state = self.state();
        state
            .blocks
            .values()
            .map(|block| block.seen + self.wait)
            .min()
    }
}

fn take(state: &mut State) -> Vec<Held> {
    state.bytes = 0;
    state
        .blocks
        .drain()
        .filter(|(_, block)| block.lines > 0)
        .map(|(_, mut block)| block.finish())
        .collect()
}
