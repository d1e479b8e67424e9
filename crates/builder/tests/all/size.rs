//! Sizes and stripping, on a program that the compiler of this machine makes.

#![cfg(all(
    target_os = "linux",
    target_pointer_width = "64",
    target_endian = "little"
))]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use headwater_builder::elf::{Elf, strip};
use headwater_builder::size::{Ranks, Sizes};

fn rustc(folder: &Path, arguments: &[&str]) {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let status = Command::new(program)
        .args([
            "--edition=2021",
            "-Copt-level=1",
            "-Csymbol-mangling-version=v0",
        ])
        .args(arguments)
        .current_dir(folder)
        .status()
        .unwrap();
    assert!(status.success());
}

/// A library with a generic function and a table of 4096 bytes, and a program that makes the
/// function for a type of its own.
fn compile(folder: &Path) {
    fs::write(
        folder.join("component_a.rs"),
        "pub static TABLE: [u8; 4096] = { let mut t = [1; 4096]; t[7] = 9; t };\n\
         #[inline(never)] pub fn sum(at: usize) -> u32 { TABLE[at % 4096] as u32 + TABLE[7] as u32 }\n\
         #[inline(never)] pub fn show<T: std::fmt::Debug>(value: T) -> String {\n\
             format!(\"{value:?} {value:#?}\")\n\
         }\n",
    )
    .unwrap();
    fs::write(
        folder.join("program.rs"),
        "#[derive(Debug)] struct Own(u32);\n\
         fn main() {\n    let at = std::env::args().count();\n    \
             println!(\"{} {}\", component_a::sum(at), component_a::show(Own(3)).len());\n}\n",
    )
    .unwrap();
    rustc(folder, &["--crate-type=rlib", "component_a.rs"]);
    rustc(
        folder,
        &["--extern=component_a=libcomponent_a.rlib", "program.rs"],
    );
}

#[test]
fn bytes_are_charged_to_crates_and_a_stripped_program_still_runs() {
    let folder = tempfile::tempdir().unwrap();
    compile(folder.path());
    let program = folder.path().join("program");
    let data = fs::read(&program).unwrap();
    let elf = Elf::parse(&data).unwrap();
    let stripped = strip(&data).unwrap();
    assert!(
        stripped.len() < data.len() / 2,
        "{} of {}",
        stripped.len(),
        data.len()
    );

    let ranks = Ranks::bottom_up(["component_a", "program"]);
    let total = stripped.len() as u64;
    let sizes = Sizes::measure(&elf, total, &ranks).unwrap();
    let bytes = |name: &str| {
        sizes
            .crates
            .iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
    };
    let component = bytes("component_a");
    assert!((4096..6000).contains(&component), "{component}");
    assert!(
        bytes("program") > 100,
        "the generic function is the program's"
    );
    assert!(bytes("Rust standard library") > 50_000);
    let named: u64 = sizes.crates.iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(named + sizes.rest, total, "every byte is listed once");

    let before = Command::new(&program).output().unwrap();
    let path = folder.path().join("stripped");
    fs::write(&path, &stripped).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let after = Command::new(&path).output().unwrap();
    assert!(after.status.success());
    assert_eq!(before.stdout, after.stdout);
}
