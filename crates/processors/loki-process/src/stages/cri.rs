//! `cri`: lines of containerd and CRI-O, partial ones joined.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use headwater_core::config::{Config, Validation};
use headwater_core::telemetry::Counter;

use crate::build::Builder;
use crate::entry::{Entry, part};
use crate::pipeline::{Held, Run};

/// Arguments of `cri`. Source: Alloy `stages.CRIConfig`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct CriConfig {
    /// How many streams may have partial lines at a time; with one more, all of them go on as
    /// they are.
    pub(crate) max_partial_lines: i64,
    /// How many bytes a joined line has at most, with `max_partial_line_size_truncate`.
    pub(crate) max_partial_line_size: u64,
    /// Cuts joined lines at `max_partial_line_size`.
    pub(crate) max_partial_line_size_truncate: bool,
}

impl Default for CriConfig {
    fn default() -> Self {
        Self {
            max_partial_lines: 100,
            max_partial_line_size: 0,
            max_partial_line_size_truncate: false,
        }
    }
}

impl CriConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.max_partial_lines <= 0 {
            validation.error(
                "max_partial_lines",
                "max_partial_lines must be greater than 0",
            );
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// The beginnings of lines, by stream; the entry is the last part, its line all of it.
    partial: HashMap<u64, Held>,
    bytes: usize,
}

/// Reads lines of container runtimes.
#[derive(Debug)]
pub(crate) struct Cri {
    max_lines: usize,
    max_size: Option<usize>,
    max_bytes: usize,
    flushed: Counter,
    truncated: Counter,
    state: Mutex<State>,
}

impl Cri {
    pub(crate) fn new(config: &CriConfig, builder: &Builder<'_>) -> Self {
        let size = usize::try_from(config.max_partial_line_size).unwrap_or(usize::MAX);
        Self {
            max_lines: usize::try_from(config.max_partial_lines).unwrap_or(1),
            max_size: config.max_partial_line_size_truncate.then_some(size),
            max_bytes: builder.max_held_bytes,
            flushed: builder.counter(
                "loki_process_cri_partial_lines_flushed_total",
                "A count of partial lines that were flushed before their end came",
                None,
            ),
            truncated: builder.counter(
                "loki_process_cri_lines_truncated_total",
                "A count of lines that were cut at max_partial_line_size",
                None,
            ),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an entry; gives what has to go on before it, and whether it goes on itself.
    pub(crate) fn take<'a>(&'a self, entry: &mut Entry<'a>, run: &mut Run) -> (Vec<Held>, bool) {
        let Some(parsed) = parse(&entry.line) else {
            return (Vec::new(), true);
        };
        let content = part(&entry.line, parsed.content..entry.line.len());
        let time = part(&entry.line, 0..parsed.time);
        if let Some(timestamp) = headwater_logs::rfc3339(time.as_bytes()) {
            entry.timestamp = timestamp;
        }
        entry.extract("flags", if parsed.partial { "P" } else { "F" });
        entry.extract("stream", parsed.stream);
        entry.extract("content", content.clone());
        entry.extract("time", time);
        entry.set_label("stream", parsed.stream);
        entry.line = content;
        let mut state = self.state();
        if !parsed.partial {
            if !state.partial.is_empty()
                && let Some(begun) = state.partial.remove(&run.stream(entry))
            {
                state.bytes -= begun.ticket.bytes().min(state.bytes);
                run.tally.touched = true;
                run.tally.held -= begun.lines.cast_signed();
                run.tally.filtered += begun.lines;
                let mut line = begun.entry.line.into_owned();
                line.push_str(&entry.line);
                entry.line = Cow::Owned(line);
                self.cut(entry);
            }
            return (Vec::new(), true);
        }
        let stream = run.stream(entry);
        let mut flushed = Vec::new();
        if state.partial.len() >= self.max_lines || state.bytes > self.max_bytes {
            tracing::warn!(
                streams = state.partial.len(),
                bytes = state.bytes,
                "Too many partial lines: they go on as they are"
            );
            self.flushed.add(state.partial.len() as u64);
            flushed = take(&mut state);
        }
        let mut held = Held {
            entry: entry.to_owned_entry(),
            context: run.context.clone(),
            lines: 1,
            ticket: run.budget.charge(0),
        };
        if let Some(begun) = state.partial.remove(&stream) {
            state.bytes -= begun.ticket.bytes().min(state.bytes);
            let mut line = begun.entry.line.into_owned();
            line.push_str(&entry.line);
            held.entry.line = Cow::Owned(line);
            held.lines += begun.lines;
            held.ticket = begun.ticket;
        }
        self.cut(&mut held.entry);
        held.ticket.resize(held.entry.size());
        state.bytes += held.ticket.bytes();
        state.partial.insert(stream, held);
        run.tally.touched = true;
        run.tally.held += 1;
        (flushed, false)
    }

    fn cut(&self, entry: &mut Entry<'_>) {
        let Some(max) = self.max_size.filter(|max| entry.line.len() > *max) else {
            return;
        };
        let end = entry.line.floor_char_boundary(max);
        entry.line.to_mut().truncate(end);
        self.truncated.add(1);
    }

    /// Everything that is held.
    pub(crate) fn take_all(&self) -> Vec<Held> {
        take(&mut self.state())
    }
}

fn take(state: &mut State) -> Vec<Held> {
    state.bytes = 0;
    state.partial.drain().map(|(_, held)| held).collect()
}

struct Parsed {
    /// Where the time ends.
    time: usize,
    stream: &'static str,
    partial: bool,
    /// Where the content begins.
    content: usize,
}

/// `<time> <stdout|stderr> <flag> <content>`; a flag other than `P` and `F` is part of the content.
fn parse(line: &str) -> Option<Parsed> {
    let bytes = line.as_bytes();
    // Only a space may follow the time; other white space ends it, too, and is not one.
    let time = line.find(char::is_whitespace)?;
    let mut at = time + usize::from(bytes[time] == b' ');
    if at == time {
        return None;
    }
    let stream = if line[at..].starts_with("stdout") {
        "stdout"
    } else if line[at..].starts_with("stderr") {
        "stderr"
    } else {
        return None;
    };
    at += stream.len();
    if bytes.get(at) != Some(&b' ') {
        return None;
    }
    at += 1;
    let flag = bytes.get(at).filter(|byte| matches!(byte, b'P' | b'F'));
    let partial = flag == Some(&b'P');
    at += usize::from(flag.is_some());
    at += usize::from(bytes.get(at) == Some(&b' '));
    Some(Parsed {
        time,
        stream,
        partial,
        content: at,
    })
}
