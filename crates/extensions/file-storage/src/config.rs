//! What the user writes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use headwater_core::config::{Config as ConfigTrait, Validation};

const DIRECTORY: &str = "/var/lib/otelcol/file_storage";

/// The extension's configuration. Source: Go `filestorage.Config`.
#[derive(Debug, Clone, ConfigTrait)]
#[config(validate = Self::check)]
pub struct Config {
    /// The folder of the files.
    pub directory: PathBuf,
    /// How long to wait for a file that another process holds. 0 means for ever.
    pub timeout: Duration,
    /// How files that hold little are made smaller.
    pub compaction: CompactionConfig,
    /// Waits until each write is on the disk. Without it, what was stored survives the end of the
    /// process, but a power failure may take back the last seconds of it.
    pub fsync: bool,
    /// Makes the folder if it is missing.
    pub create_directory: bool,
    /// The permissions of a folder that is made, in octal digits.
    pub directory_permissions: String,
    /// Keeps a copy of a damaged file, named `.backup`. What is whole in it is used either way.
    pub recreate: bool,
}

/// How files that hold little are made smaller.
#[derive(Debug, Clone, ConfigTrait)]
pub struct CompactionConfig {
    /// Makes them as small as they can be when they are opened.
    pub on_start: bool,
    /// Makes them smaller while they are used.
    #[config(ignored = "the log compacts itself, a segment at a time, while it is written")]
    pub on_rebound: bool,
    /// The folder of temporary files.
    #[config(ignored = "the log compacts itself, a segment at a time, while it is written")]
    pub directory: PathBuf,
    /// From which size on.
    #[config(ignored = "the log compacts itself, a segment at a time, while it is written")]
    pub rebound_needed_threshold_mib: i64,
    /// When less than that is left.
    #[config(ignored = "the log compacts itself, a segment at a time, while it is written")]
    pub rebound_trigger_threshold_mib: i64,
    /// How many items at a time.
    #[config(ignored = "the log compacts itself, a segment at a time, while it is written")]
    pub max_transaction_size: i64,
    /// How often to look.
    #[config(ignored = "the log compacts itself, a segment at a time, while it is written")]
    pub check_interval: Duration,
    /// Removes temporary files at the start.
    #[config(ignored = "there are no temporary files")]
    pub cleanup_on_start: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            directory: PathBuf::from(DIRECTORY),
            timeout: Duration::from_secs(1),
            compaction: CompactionConfig::default(),
            fsync: false,
            create_directory: false,
            directory_permissions: "0750".to_owned(),
            recreate: false,
        }
    }
}

impl Default for CompactionConfig {
    fn default() -> Self {
        Self {
            on_start: false,
            on_rebound: false,
            directory: PathBuf::from(DIRECTORY),
            rebound_needed_threshold_mib: 100,
            rebound_trigger_threshold_mib: 10,
            max_transaction_size: 65_536,
            check_interval: Duration::from_secs(5),
            cleanup_on_start: false,
        }
    }
}

impl Config {
    fn check(&self, validation: &mut Validation<'_>) {
        self.check_directory(validation);
        let compaction = &self.compaction;
        if compaction.max_transaction_size < 0 {
            validation.error(
                "compaction::max_transaction_size",
                "max transaction size for compaction cannot be less than 0",
            );
        }
        if compaction.on_rebound && compaction.check_interval.is_zero() {
            validation.error(
                "compaction::check_interval",
                "compaction check interval must be positive when rebound compaction is set",
            );
        }
        if self.create_directory
            && let Err(message) = self.permissions()
        {
            validation.error("directory_permissions", message);
        }
    }

    fn check_directory(&self, validation: &mut Validation<'_>) {
        let path = self.directory.display();
        match state(&self.directory) {
            Ok(true) => {}
            Ok(false) => {
                validation.error("directory", format!("{path} is not a directory"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !self.create_directory {
                    validation
                        .error("directory", format!("directory must exist: {path}"))
                        .help("`create_directory: true` makes it at the start");
                }
            }
            Err(error) => {
                let message = format!("problem accessing configured directory: {path}: {error}");
                validation.error("directory", message);
            }
        }
    }

    /// The permissions of a folder that is made.
    pub(crate) fn permissions(&self) -> Result<u32, &'static str> {
        let mode = u32::from_str_radix(&self.directory_permissions, 8)
            .map_err(|_| "directory_permissions value must be a valid octal representation")?;
        if mode & 0o777 == mode {
            Ok(mode)
        } else {
            Err("directory_permissions contain invalid bits for file access")
        }
    }
}

/// Whether it is a folder.
fn state(path: &Path) -> io::Result<bool> {
    fs::metadata(path).map(|metadata| metadata.is_dir())
}
