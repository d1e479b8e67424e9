//! Writes the generated crate, has it compiled, and puts beside the program what it takes to
//! ship it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::cargo::{Cargo, CargoError, Lock, LockError, Metadata, compiler};
use crate::dockerfile::{Image, dockerfile, dockerignore};
use crate::elf::{Elf, ElfError, strip};
use crate::generate::{generate, package};
use crate::layout::Layout;
use crate::plan::Plan;
use crate::sbom::{Materials, sbom};
use crate::size::{Ranks, Sizes};

/// Why a distribution could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Cargo or the compiler failed.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// The lock file cannot be used, or does not pin everything.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// `--locked` was given and there is no lock file to hold on to.
    #[error("--locked was given and there is no Cargo.lock beside the manifest or in the checkout")]
    NoLock,
    /// The program that came out cannot be read.
    #[error("cannot read the program {}", path.display())]
    Program {
        /// Which.
        path: PathBuf,
        /// Why.
        source: ElfError,
    },
}

/// How to build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Use no crate that the lock file does not pin.
    pub locked: bool,
    /// Do not use the network.
    pub offline: bool,
    /// Build for this target instead of this machine.
    pub target: Option<String>,
}

/// A built distribution.
#[derive(Debug, Clone)]
pub struct Built {
    /// The program.
    pub program: PathBuf,
    /// What takes how many bytes in it, as text.
    pub report: String,
}

/// Writes the crate of `plan` into the output folder. What has not changed is left alone, so
/// that Cargo does not build it again.
///
/// # Errors
/// [`BuildError::Write`] when a file cannot be written.
pub fn write_crate(plan: &Plan, layout: &Layout) -> Result<(), BuildError> {
    for file in generate(plan) {
        write_changed(&layout.output.join(file.path), file.text.as_bytes())?;
    }
    Ok(())
}

/// Builds the distribution of `plan`, whose manifest lies in the folder `manifest`.
///
/// # Errors
/// [`BuildError`] says which step failed; Cargo's own messages have gone to standard error.
pub fn build(
    plan: &Plan,
    layout: &Layout,
    manifest: &Path,
    options: &Options,
) -> Result<Built, BuildError> {
    write_crate(plan, layout)?;
    let base = start_lock(layout, manifest)?;
    if options.locked && base.is_none() {
        return Err(BuildError::NoLock);
    }
    let cargo = Cargo {
        folder: layout.output.clone(),
        target_dir: layout.compiled.clone(),
        target: options.target.clone(),
        offline: options.offline,
        checkout: layout.checkout.clone(),
    };
    let compiler = compiler(&layout.output)?;
    let target = options.target.as_deref().unwrap_or(&compiler.host);
    let metadata = cargo.metadata(target)?;
    let lock = Lock::parse(&read_text(&layout.output.join("Cargo.lock"))?)?;
    if let Some(base) = base.filter(|_| options.locked) {
        lock.within(&base)?;
    }
    let mut linked = cargo.linked(target)?;
    linked.retain(|(name, _)| *name != package(&plan.name));
    let compiled = cargo.build(&plan.name)?;

    let finished = finish(plan, target, &metadata, &compiled)?;
    let beside = |name: &str| layout.output.join(name);
    let program = beside(
        compiled
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or(&plan.name),
    );
    let bill = sbom(Materials {
        distribution: (&plan.name, &plan.description, &plan.version),
        target,
        compiler: &compiler,
        metadata: &metadata,
        linked: &linked,
        lock: &lock,
        program: &finished.program,
    });
    let image = Image {
        name: &plan.name,
        version: &plan.version,
        glibc: finished.glibc,
    };
    write_program(&program, &finished.program)?;
    write_changed(&beside("size.txt"), finished.report.as_bytes())?;
    write_changed(&beside("sbom.cdx.json"), bill.as_bytes())?;
    write_changed(&beside("Dockerfile"), dockerfile(image).as_bytes())?;
    write_changed(
        &beside(".dockerignore"),
        dockerignore(&plan.name).as_bytes(),
    )?;
    Ok(Built {
        program,
        report: finished.report,
    })
}

/// Puts the lock file that the build starts from into the output folder: the one beside the
/// manifest, else that of the checkout. Cargo takes out what is not needed.
fn start_lock(layout: &Layout, manifest: &Path) -> Result<Option<Lock>, BuildError> {
    let candidates = [Some(manifest), layout.checkout.as_deref()];
    let found = candidates
        .into_iter()
        .flatten()
        .map(|folder| folder.join("Cargo.lock"))
        .find(|path| path.is_file());
    let Some(path) = found else { return Ok(None) };
    let text = read_text(&path)?;
    write_changed(&layout.output.join("Cargo.lock"), text.as_bytes())?;
    Ok(Some(Lock::parse(&text)?))
}

struct Finished {
    program: Vec<u8>,
    report: String,
    glibc: Option<(u32, u32)>,
}

/// Measures and strips what the compiler made.
fn finish(
    plan: &Plan,
    target: &str,
    metadata: &Metadata,
    compiled: &Path,
) -> Result<Finished, BuildError> {
    let data = fs::read(compiled).map_err(|source| BuildError::Read {
        path: compiled.to_owned(),
        source,
    })?;
    let damaged = |source| BuildError::Program {
        path: compiled.to_owned(),
        source,
    };
    let elf = match Elf::parse(&data) {
        Ok(elf) => elf,
        // Another system's format: shipped as the compiler made it, with its size alone.
        Err(ElfError::NotElf | ElfError::OtherClass) => {
            let total = data.len() as u64;
            let sizes = Sizes {
                total,
                crates: Vec::new(),
                rest: total,
            };
            let report = sizes.report(plan, target);
            return Ok(Finished {
                program: data,
                report,
                glibc: None,
            });
        }
        Err(error) => return Err(damaged(error)),
    };
    let program = strip(&data).map_err(damaged)?;
    let sizes = Sizes::measure(&elf, program.len() as u64, &Ranks::of(metadata));
    let report = sizes.map_err(damaged)?.report(plan, target);
    let glibc = elf.glibc().map_err(damaged)?;
    Ok(Finished {
        program,
        report,
        glibc,
    })
}

/// Replaces the program at `path` in one step, so that one that is running goes on.
fn write_program(path: &Path, data: &[u8]) -> Result<(), BuildError> {
    let failed = |source| BuildError::Write {
        path: path.to_owned(),
        source,
    };
    if fs::read(path).is_ok_and(|before| before == data) {
        return Ok(());
    }
    let fresh = path.with_extension("new");
    fs::write(&fresh, data).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    }
    fs::rename(&fresh, path).map_err(failed)
}

fn read_text(path: &Path) -> Result<String, BuildError> {
    fs::read_to_string(path).map_err(|source| BuildError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Writes a file, with its folder, unless it holds exactly that already.
fn write_changed(path: &Path, data: &[u8]) -> Result<(), BuildError> {
    let failed = |source| BuildError::Write {
        path: path.to_owned(),
        source,
    };
    if fs::read(path).is_ok_and(|before| before == data) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, data).map_err(failed)
}
