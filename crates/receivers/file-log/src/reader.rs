//! The thread that reads: finds files, reads what is new, hands on parcels, keeps positions.

mod feed;
mod keep;
mod scan;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::ledger::Account;
use headwater_core::telemetry::{Gauge, Instrument, InstrumentKind, Level};
use headwater_core::{Budget, Settings};
use headwater_logs::{Encoder, Program, Splitter, State};
use headwater_regexp::Regex;
use tokio::sync::mpsc;

use crate::checkpoint::Record;
use crate::config::{FilelogConfig, StartAt, Watch};
use crate::delivery::{Parcel, Position, Shared};
use crate::files::{Files, Presence};
use crate::finder::Finder;
use crate::listed::FileList;
use crate::positions::Positions;
use crate::watch::Watcher;

/// From how many bytes of records on a parcel is handed on.
const PARCEL: usize = 256 * 1024;

/// The least that is read at a time.
const BUFFER: usize = 128 * 1024;

/// How often everything is looked at although the kernel tells of changes.
const WATCHED_RESCAN: Duration = Duration::from_secs(30);

/// How far apart such looks may be at most.
const LONGEST_RESCAN: Duration = Duration::from_secs(600);

/// How far apart looks at everything may be where it does not, and how often a journal that
/// cannot be written is tried again.
const RESCAN: Duration = Duration::from_secs(10);

/// Looking at everything takes at most this share of the time: one part in so many.
const SCAN_SHARE: u32 = 250;

/// The same where something has changed that only a look at everything shows.
const URGENT_SHARE: u32 = 10;

/// How long a file that was moved away is still read.
const ROTATED_FOR: Duration = Duration::from_secs(30);

/// How long a file stays open that nobody writes to.
const OPEN_FOR: Duration = Duration::from_secs(30);

/// The wait where nothing is to come by itself.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

const OPEN_FILES: Instrument = Instrument {
    name: "otelcol_fileconsumer_open_files",
    description: "Number of open files",
    unit: "1",
    kind: InstrumentKind::Gauge,
    level: Level::Basic,
};

const READING_FILES: Instrument = Instrument {
    name: "otelcol_fileconsumer_reading_files",
    description: "Number of open files that are being read",
    unit: "1",
    kind: InstrumentKind::Gauge,
    level: Level::Basic,
};

/// What a reader is made of.
pub(crate) struct ReaderSettings {
    pub(crate) config: FilelogConfig,
    pub(crate) settings: Settings,
    pub(crate) budget: Budget,
    pub(crate) shared: Arc<Shared>,
    pub(crate) parcels: mpsc::Sender<Parcel>,
    pub(crate) positions: Option<Positions>,
    pub(crate) records: BTreeMap<u64, Record>,
    pub(crate) list: FileList,
}

/// Reads the files of one receiver.
pub(crate) struct Reader {
    config: FilelogConfig,
    program: Arc<Program>,
    header_pattern: Option<Regex>,
    splitter: Splitter,
    finder: Finder,
    list: FileList,
    /// Which version of the list the finder has.
    listed: u64,
    watcher: Watcher,
    files: Files,
    span: tracing::Span,
    account: Account,
    budget: Budget,
    shared: Arc<Shared>,
    parcels: Option<mpsc::Sender<Parcel>>,
    positions: Option<Positions>,
    /// Whether positions of an earlier run are known, so that `start_at` says nothing.
    resumed: bool,
    buffer: Vec<u8>,
    state: State,
    encoder: Encoder,
    /// Files with something to read, in turn.
    ready: VecDeque<u64>,
    /// Files that are open or wait for something: all that need to be looked at in each round,
    /// however many others there are.
    busy: BTreeSet<u64>,
    /// Files whose position has changed since the last parcel.
    touched: BTreeSet<u64>,
    /// Files of which entries wait in an operator, behind whose beginning no position moves.
    held_back: BTreeSet<u64>,
    /// Positions to write to the journal.
    changed: BTreeSet<u64>,
    forgotten: Vec<u64>,
    written: Instant,
    positions_failed: bool,
    /// The first look at everything is over.
    started: bool,
    scan_due: Instant,
    scan_took: Duration,
    scanned: Instant,
    /// Paths whose failure was said already.
    complained: HashSet<PathBuf>,
    /// Parcels handed on and not yet answered hold positions of these files.
    open_files: Gauge,
    reading_files: Gauge,
}

impl Reader {
    pub(crate) fn new(settings: ReaderSettings) -> Self {
        let ReaderSettings {
            config,
            settings,
            budget,
            shared,
            parcels,
            positions,
            records,
            list,
        } = settings;
        let program = Arc::clone(config.operators.program());
        let gauge = |instrument| {
            let attributes = vec![("receiver", settings.id.to_string())];
            settings.telemetry.gauge(instrument, attributes)
        };
        let (open_files, reading_files) = (gauge(OPEN_FILES), gauge(READING_FILES));
        let pattern = config.header.as_ref().map(|header| &header.pattern);
        let now = Instant::now();
        Self {
            header_pattern: pattern.and_then(|p| headwater_regexp::compile(p).ok()),
            splitter: splitter(&config),
            finder: Finder::new(&config),
            list,
            listed: 0,
            watcher: Watcher::new(shared.waker.clone(), config.watch == Watch::Auto),
            resumed: !records.is_empty(),
            files: Files::from_records(records),
            span: settings.span.clone(),
            account: settings.account.clone(),
            budget,
            shared,
            parcels: Some(parcels),
            positions,
            buffer: vec![0; config.initial_buffer_size.get().clamp(BUFFER, 16 << 20)],
            state: program.state(),
            program,
            encoder: Encoder::new(),
            ready: VecDeque::new(),
            busy: BTreeSet::new(),
            touched: BTreeSet::new(),
            held_back: BTreeSet::new(),
            changed: BTreeSet::new(),
            forgotten: Vec::new(),
            written: now,
            positions_failed: false,
            started: false,
            scan_due: now,
            scan_took: Duration::ZERO,
            scanned: now,
            complained: HashSet::new(),
            open_files,
            reading_files,
            config,
        }
    }

    /// Reads until it is told to stop.
    pub(crate) fn run(mut self) {
        let span = self.span.clone();
        let _entered = span.enter();
        if self.config.start_at == StartAt::End && self.resumed {
            tracing::debug!("Positions are known from before: start_at says nothing");
        }
        while !self.shared.is_stopping() {
            let begin = Instant::now();
            self.cycle(begin);
            self.pause(begin);
        }
        self.finish();
    }

    /// One round: what has changed, what there is to read, what is due.
    fn cycle(&mut self, begin: Instant) {
        self.notice(begin);
        if self.scan_due <= begin {
            self.scan();
        }
        self.flush_tails(begin);
        self.read_ready(begin);
        let now = Instant::now();
        if self.state.due().is_some_and(|due| due <= now) {
            let program = Arc::clone(&self.program);
            program.flush_due(now, &mut self.state, &mut self.encoder);
        }
        self.hand_on();
        self.acknowledge();
        self.close_idle(now);
        self.report();
        self.write_positions(false);
    }

    /// Waits for the next round: for something to change, or for something to be due.
    fn pause(&mut self, begin: Instant) {
        let poll = self.config.poll_interval.max(Duration::from_millis(1));
        // Writers that write all the time cause one round in each interval, not one per write.
        while !self.shared.is_stopping() {
            let rest = poll.saturating_sub(begin.elapsed());
            if rest.is_zero() {
                break;
            }
            self.watcher.wait(rest, false);
            self.acknowledge();
        }
        if self.shared.is_stopping() || !self.ready.is_empty() {
            return;
        }
        loop {
            let now = Instant::now();
            let due = self.due(now);
            // Who has set the list may have woken the reader during the interval above.
            if due <= now || self.list.is_newer(self.listed) {
                return;
            }
            self.watcher.wait(due - now, true);
            if !self.acknowledge() || self.shared.is_stopping() {
                return;
            }
        }
    }

    /// When there is something to do if nothing changes.
    fn due(&self, now: Instant) -> Instant {
        let mut due = (now + LONGEST_WAIT).min(self.scan_due);
        due = due.min(self.state.due().unwrap_or(due));
        let period = self.config.force_flush_period;
        let poll = self.config.poll_interval;
        let mut open = false;
        for file in self.busy.iter().filter_map(|key| self.files.get(*key)) {
            if let Some(tail) = file.tail.filter(|_| !period.is_zero()) {
                due = due.min(tail.since + period);
            }
            if file.presence == Presence::Rotated || file.copy_of.is_some() {
                due = due.min(now + poll);
            }
            open |= file.open.is_some();
        }
        if open {
            due = due.min(now + OPEN_FOR);
        }
        if !self.changed.is_empty() && self.positions.is_some() {
            let wait = if self.positions_failed {
                RESCAN
            } else {
                self.config.checkpoints.interval
            };
            due = due.min(self.written + wait);
        }
        due
    }

    /// Ends: hands on what is in hand, waits for the answers, writes the last positions.
    fn finish(&mut self) {
        if self.positions.is_none() {
            // Nobody will read it again.
            let program = Arc::clone(&self.program);
            program.flush_all(&mut self.state, &mut self.encoder);
        }
        self.hand_on();
        self.parcels = None;
        while !self.shared.is_delivered() {
            self.watcher.wait(LONGEST_WAIT, false);
            self.acknowledge();
        }
        self.acknowledge();
        self.report();
        self.write_positions(true);
        self.open_files.set(0);
        self.reading_files.set(0);
    }

    /// Hands on the records in hand and the positions behind them; waits while there is no room.
    fn hand_on(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.append(&mut self.held_back);
        if touched.is_empty() && self.encoder.is_empty() {
            return;
        }
        let mut positions = Vec::with_capacity(touched.len());
        for key in touched {
            let Some(file) = self.files.get(key) else {
                continue;
            };
            let oldest = self.state.oldest(key as u32);
            let offset = oldest.map_or(file.read, |oldest| oldest.min(file.read));
            if offset < file.read {
                self.held_back.insert(key);
            }
            positions.push(Position {
                file: key,
                offset,
                records: file.records,
            });
        }
        let (bytes, items) = self.encoder.finish();
        let (filtered, dropped) = (
            std::mem::take(&mut self.state.filtered) as usize,
            std::mem::take(&mut self.state.dropped) as usize,
        );
        self.account.received(filtered + dropped);
        self.account.filtered(filtered);
        self.account.dropped(dropped, "operator_failed");
        if items == 0 && positions.is_empty() {
            return;
        }
        let ticket = loop {
            match self.budget.try_charge(bytes.len()) {
                Ok(ticket) => break ticket,
                // Until there is room nothing more is read.
                Err(_) if !self.shared.is_stopping() => {
                    self.watcher.wait(Duration::from_millis(50), false);
                    self.acknowledge();
                }
                Err(_) => break self.budget.charge(bytes.len()),
            }
        };
        if let Some(parcels) = &self.parcels {
            // Without a receiver the time to shut down is over.
            parcels
                .blocking_send(Parcel {
                    bytes,
                    items,
                    ticket,
                    positions,
                })
                .ok();
        }
    }

    /// Says what operators could not handle.
    fn report(&mut self) {
        for fault in self.state.take_faults() {
            if fault.quiet {
                tracing::debug!(
                    operator_id = %fault.operator,
                    error = %fault.message,
                    entries = fault.count,
                    dropped = fault.dropped,
                    "Failed to process entry"
                );
            } else {
                tracing::error!(
                    operator_id = %fault.operator,
                    error = %fault.message,
                    entries = fault.count,
                    dropped = fault.dropped,
                    "Failed to process entry"
                );
            }
        }
    }

    /// Says once for each path what goes wrong with it.
    fn complain(&mut self, path: &std::path::Path, error: &std::io::Error, doing: &str) {
        if self.complained.len() < 10_000 && self.complained.insert(path.to_owned()) {
            tracing::error!(path = %path.display(), error = %error, doing, "Failed to read file");
        }
    }
}

fn splitter(config: &FilelogConfig) -> Splitter {
    Splitter {
        separator: config.multiline.separator(&config.encoding),
        max: config.max_log_size.get().max(1),
        too_long: config.max_log_size_behavior,
        trim_start: !config.preserve_leading_whitespaces && !config.encoding.is_nop(),
        trim_end: !config.preserve_trailing_whitespaces && !config.encoding.is_nop(),
        utf8: config.encoding.is_utf8(),
    }
}
