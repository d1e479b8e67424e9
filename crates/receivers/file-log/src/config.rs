//! What the user writes.

use std::path::PathBuf;
use std::time::Duration;

use headwater_core::ComponentId;
use headwater_core::config::{Config, Validation};
use headwater_logs::{
    ByteSize, Decoration, Encoding, MultilineConfig, Operators, RetryConfig, TooLong,
};

use crate::glob::Pattern;

/// Configuration of the `file_log` receiver. Source: Go `filelogreceiver`, `fileconsumer.Config`.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
#[config(removed(key = "type", help = "the receiver's id says it"))]
#[config(removed(key = "output", help = "list the pipelines under `service`"))]
#[config(removed(key = "write_to", help = "use a `move` operator"))]
pub struct FilelogConfig {
    /// The files to read: globs with `*`, `?`, `[…]`, `{a,b}` and `**` for any folders. Required.
    pub include: Vec<String>,
    /// Globs of files not to read. They speak of the whole path: `**/a.log` is `a.log` in any folder.
    pub exclude: Vec<String>,
    /// Leaves files alone that have not been written to for so long. 0 means never.
    pub exclude_older_than: Duration,
    /// Which of the files are read, and in which order.
    pub ordering_criteria: OrderingConfig,
    /// Where reading begins in files that are there at the first start, `beginning` or `end`.
    /// Files known from before go on where they were, files that come later are read whole.
    pub start_at: StartAt,
    /// How long lines that were written may stay unread: at most one round of reading begins in
    /// this time.
    pub poll_interval: Duration,
    /// How many bytes from the beginning of a file help to know it again; at least 16.
    pub fingerprint_size: ByteSize,
    /// The size of the read buffer; it grows for longer lines.
    pub initial_buffer_size: ByteSize,
    /// How long an entry may be.
    pub max_log_size: ByteSize,
    /// What happens to the rest of a line longer than that: `split` makes it the next entry,
    /// `truncate` drops it.
    pub max_log_size_behavior: TooLong,
    /// How many files are open at a time.
    pub max_concurrent_files: i64,
    /// How many rounds of `max_concurrent_files` files one poll reads. 0 means as many as it takes.
    pub max_batches: i64,
    /// How the text is encoded: `utf-8`, `utf-8-raw`, `utf-16le`, `utf-16be`, `ascii`, a name of
    /// the WHATWG or IANA registry such as `gbk` or `iso-8859-1`, or `nop` for bytes.
    pub encoding: Encoding,
    /// How entries of several lines are told apart.
    pub multiline: MultilineConfig,
    /// Keeps spaces, tabs and line ends at the beginning of an entry.
    pub preserve_leading_whitespaces: bool,
    /// Keeps spaces, tabs and line ends at the end of an entry.
    pub preserve_trailing_whitespaces: bool,
    /// How long the beginning of a line waits for the rest of it. 0 means for ever.
    pub force_flush_period: Duration,
    /// Adds the attribute `log.file.name`.
    pub include_file_name: bool,
    /// Adds the attribute `log.file.path`.
    pub include_file_path: bool,
    /// Adds the attribute `log.file.name_resolved`: the name behind symbolic links.
    pub include_file_name_resolved: bool,
    /// Adds the attribute `log.file.path_resolved`: the absolute path behind symbolic links.
    pub include_file_path_resolved: bool,
    /// Adds the attribute `log.file.owner.name`.
    pub include_file_owner_name: bool,
    /// Adds the attribute `log.file.owner.group.name`.
    pub include_file_owner_group_name: bool,
    /// Adds the attribute `log.file.permissions`: three octal digits.
    pub include_file_permissions: bool,
    /// Adds the attribute `log.file.record_number`: the number of the entry in the file, from 1.
    pub include_file_record_number: bool,
    /// Adds the attribute `log.file.record_offset`: where the entry begins, in bytes.
    pub include_file_record_offset: bool,
    /// How files are compressed: `gzip` or `zstd` for all of them, `auto` by `.gz` and `.zst`.
    pub compression: Compression,
    /// Deletes a file once all of it was delivered. Needs `start_at: beginning`.
    pub delete_after_read: bool,
    /// Locks a file (shared) while it is open; a file that is locked is left for later.
    pub acquire_fs_lock: bool,
    /// The id of a storage extension that keeps positions, instead of `checkpoints`.
    pub storage: Option<ComponentId>,
    /// How many more rounds of files that are gone stay known.
    #[config(ignored = "files that are gone stay known as long as there is room for them")]
    pub polls_to_archive: i64,
    /// Lines at the beginning of each file whose attributes all other lines get.
    pub header: Option<HeaderConfig>,
    /// How often what was refused is offered again.
    pub retry_on_failure: RetryConfig,
    /// Attributes of every record; `EXPR(…)` is evaluated.
    pub attributes: Decoration,
    /// Attributes of every resource; `EXPR(…)` is evaluated.
    pub resource: Decoration,
    /// What is done with each entry.
    pub operators: Operators,
    /// Where positions are kept.
    pub checkpoints: CheckpointConfig,
    /// How changes are noticed: `auto` asks the kernel to tell, and polls where it cannot; `poll`
    /// always polls.
    pub watch: Watch,
    /// Kept for old configurations.
    #[config(ignored = "the receiver's id says it")]
    pub id: String,
}

/// Where reading begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum StartAt {
    /// At the first byte.
    Beginning,
    /// Behind the last byte.
    #[default]
    End,
}

/// How files are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum Compression {
    /// Not at all.
    #[default]
    #[config(rename = "")]
    None,
    /// All with gzip.
    Gzip,
    /// All with zstd.
    Zstd,
    /// By their names.
    Auto,
}

/// How changes are noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum Watch {
    /// The kernel tells, polling where it cannot.
    #[default]
    Auto,
    /// By looking.
    Poll,
}

/// Lines at the beginning of each file.
#[derive(Debug, Clone, Default, Config)]
pub struct HeaderConfig {
    /// A line is part of the header if this regular expression matches it. Required.
    pub pattern: String,
    /// What makes attributes of a line of the header. Required.
    pub metadata_operators: Operators,
}

/// Which files are read.
#[derive(Debug, Clone, Default, Config)]
pub struct OrderingConfig {
    /// Finds parts of the path by named groups.
    pub regex: String,
    /// Files with the same match of this regular expression, by its named groups, are a group.
    pub group_by: String,
    /// How many files of each group are read. 0 means 1.
    pub top_n: i64,
    /// What they are sorted by, most important first.
    pub sort_by: Vec<SortConfig>,
}

/// One criterion.
#[derive(Debug, Clone, Config)]
pub struct SortConfig {
    /// `numeric`, `alphabetical`, `timestamp` or `mtime`. Required.
    pub sort_type: String,
    /// The named group to sort by; not for `mtime`.
    pub regex_key: String,
    /// The smallest first instead of the largest.
    pub ascending: bool,
    /// For `timestamp`: how it is written, with strptime's directives.
    pub layout: String,
    /// For `timestamp`: the time zone.
    pub location: String,
}

/// Where positions are kept.
#[derive(Debug, Clone, Config)]
pub struct CheckpointConfig {
    /// Whether positions are kept in a file, so that a restart goes on where it was.
    pub enabled: bool,
    /// The folder of the file, which is named after the receiver. It is made if it can be.
    pub directory: PathBuf,
    /// How often positions are written at most.
    pub interval: Duration,
    /// Waits until positions are on the disk each time. Without it, positions survive the end of
    /// the process, but a power failure may take back the last seconds of them.
    pub fsync: bool,
}

impl Default for FilelogConfig {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            exclude_older_than: Duration::ZERO,
            ordering_criteria: OrderingConfig::default(),
            start_at: StartAt::End,
            poll_interval: Duration::from_millis(200),
            fingerprint_size: ByteSize(1000),
            initial_buffer_size: ByteSize(16 * 1024),
            max_log_size: ByteSize(1024 * 1024),
            max_log_size_behavior: TooLong::Split,
            max_concurrent_files: 1024,
            max_batches: 0,
            encoding: Encoding::default(),
            multiline: MultilineConfig::default(),
            preserve_leading_whitespaces: false,
            preserve_trailing_whitespaces: false,
            force_flush_period: Duration::from_millis(500),
            include_file_name: true,
            include_file_path: false,
            include_file_name_resolved: false,
            include_file_path_resolved: false,
            include_file_owner_name: false,
            include_file_owner_group_name: false,
            include_file_permissions: false,
            include_file_record_number: false,
            include_file_record_offset: false,
            compression: Compression::None,
            delete_after_read: false,
            acquire_fs_lock: false,
            storage: None,
            polls_to_archive: 0,
            header: None,
            retry_on_failure: RetryConfig::default(),
            attributes: Decoration::default(),
            resource: Decoration::default(),
            operators: Operators::default(),
            checkpoints: CheckpointConfig::default(),
            watch: Watch::Auto,
            id: String::new(),
        }
    }
}

impl Default for SortConfig {
    fn default() -> Self {
        Self {
            sort_type: String::new(),
            regex_key: String::new(),
            ascending: false,
            layout: String::new(),
            location: "UTC".to_owned(),
        }
    }
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            directory: PathBuf::from("/var/lib/otelcol/file_storage"),
            interval: Duration::from_millis(200),
            fsync: false,
        }
    }
}

impl FilelogConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.include.is_empty() {
            validation.error("include", "'include' must be specified");
        }
        for (key, globs) in [("include", &self.include), ("exclude", &self.exclude)] {
            for (index, glob) in globs.iter().enumerate() {
                if let Err(error) = Pattern::new(glob) {
                    let message = format!("parse {key} glob: {error}");
                    validation.error(&format!("{key}::{index}"), message);
                }
            }
        }
        if self.fingerprint_size.0 < 16 {
            validation.error(
                "fingerprint_size",
                "'fingerprint_size' must be at least 16 bytes",
            );
        }
        if self.max_log_size.0 <= 0 {
            validation.error("max_log_size", "'max_log_size' must be positive");
        }
        if self.max_log_size.0 > 1 << 30 {
            validation.error("max_log_size", "'max_log_size' must be at most 1GiB");
        }
        if self.max_concurrent_files < 1 {
            validation.error(
                "max_concurrent_files",
                "'max_concurrent_files' must be positive",
            );
        }
        if self.max_batches < 0 {
            validation.error("max_batches", "'max_batches' must not be negative");
        }
        if self.delete_after_read && self.start_at == StartAt::End {
            validation.error(
                "delete_after_read",
                "'delete_after_read' cannot be used with 'start_at: end'",
            );
        }
        if self.header.is_some() && self.start_at == StartAt::End {
            validation.error(
                "header",
                "'header' cannot be specified with 'start_at: end'",
            );
        }
        self.multiline.check(&self.encoding, validation);
        self.check_header(validation);
        crate::ordering::check(&self.ordering_criteria, validation);
    }

    fn check_header(&self, validation: &mut Validation<'_>) {
        let Some(header) = &self.header else {
            return;
        };
        if header.pattern.is_empty() {
            validation.error("header::pattern", "missing required field 'pattern'");
        } else if let Err(error) = headwater_regexp::compile(&header.pattern) {
            validation.error(
                "header::pattern",
                format!("invalid `header.pattern`: {error}"),
            );
        }
        if header.metadata_operators.program().is_empty() {
            validation.error(
                "header::metadata_operators",
                "at least one operator must be specified for `metadata_operators`",
            );
        }
    }
}
