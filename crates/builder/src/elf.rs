//! Reads and strips 64-bit little-endian ELF programs: what Linux runs on x86-64, ARM64 and
//! RISC-V.
//!
//! Source: System V Application Binary Interface, chapters 4 and 5; GNU symbol versioning as in
//! the Linux Standard Base.

mod strip;

use std::ops::Range;

use thiserror::Error;

pub use strip::strip;

const SECTION_HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const SYMBOL: usize = 24;

const SHT_PROGBITS: u32 = 1;
const SHT_SYMTAB: u32 = 2;
const SHT_STRTAB: u32 = 3;
const SHT_RELA: u32 = 4;
const SHT_NOBITS: u32 = 8;
const SHT_REL: u32 = 9;
const SHT_GNU_VERNEED: u32 = 0x6fff_fffe;
const SHF_ALLOC: u64 = 0x2;
const SHF_INFO_LINK: u64 = 0x40;
const STT_OBJECT: u8 = 1;
const STT_FUNC: u8 = 2;

/// Why a file is not a program that can be read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ElfError {
    /// The file does not begin as ELF files do.
    #[error("not an ELF file")]
    NotElf,
    /// 32 bit or big-endian.
    #[error("not a 64-bit little-endian ELF file")]
    OtherClass,
    /// A table reaches past the end of the file, or has entries of an unknown size.
    #[error("the ELF file is damaged")]
    Damaged,
}

/// One section of the file.
#[derive(Debug, Clone)]
pub struct Section<'a> {
    /// Its name, such as `.text`.
    pub name: &'a str,
    kind: u32,
    flags: u64,
    offset: u64,
    size: u64,
    link: u32,
    info: u32,
    align: u64,
}

impl Section<'_> {
    /// Bytes that the section takes in the file; 0 for zeroed memory.
    #[must_use]
    pub const fn file_size(&self) -> u64 {
        if self.kind == SHT_NOBITS {
            0
        } else {
            self.size
        }
    }

    /// Whether the section is part of the running program.
    #[must_use]
    pub const fn is_loaded(&self) -> bool {
        self.flags & SHF_ALLOC != 0
    }
}

/// A named piece of code or data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// The mangled name.
    pub name: &'a str,
    /// Its address in memory.
    pub address: u64,
    /// Its length in bytes.
    pub size: u64,
}

/// A parsed file.
#[derive(Debug)]
pub struct Elf<'a> {
    data: &'a [u8],
    sections: Vec<Section<'a>>,
    names_index: usize,
}

impl<'a> Elf<'a> {
    /// Reads the headers of `data`.
    ///
    /// # Errors
    /// [`ElfError`] when the file is no ELF file, of another class, or damaged.
    pub fn parse(data: &'a [u8]) -> Result<Self, ElfError> {
        if !data.starts_with(b"\x7fELF") {
            return Err(ElfError::NotElf);
        }
        if data.get(4..6) != Some(&[2, 1]) {
            return Err(ElfError::OtherClass);
        }
        let table = u64_at(data, 40)?;
        let (size, count) = (u16_at(data, 58)?, usize::from(u16_at(data, 60)?));
        let names_index = usize::from(u16_at(data, 62)?);
        if count == 0 {
            return Ok(Self {
                data,
                sections: Vec::new(),
                names_index,
            });
        }
        if usize::from(size) != SECTION_HEADER {
            return Err(ElfError::Damaged);
        }
        let table = slice(data, table, (count * SECTION_HEADER) as u64)?;
        let mut sections = Vec::with_capacity(count);
        let mut names = Vec::with_capacity(count);
        for header in table.chunks_exact(SECTION_HEADER) {
            names.push(u32_at(header, 0)?);
            sections.push(Section {
                name: "",
                kind: u32_at(header, 4)?,
                flags: u64_at(header, 8)?,
                offset: u64_at(header, 24)?,
                size: u64_at(header, 32)?,
                link: u32_at(header, 40)?,
                info: u32_at(header, 44)?,
                align: u64_at(header, 48)?,
            });
        }
        let text = contents(data, sections.get(names_index).ok_or(ElfError::Damaged)?)?;
        for (section, at) in sections.iter_mut().zip(names) {
            section.name = text_at(text, at)?;
        }
        Ok(Self {
            data,
            sections,
            names_index,
        })
    }

    /// The sections in the file's order.
    #[must_use]
    pub fn sections(&self) -> &[Section<'a>] {
        &self.sections
    }

    /// Functions and data that have a name, a size and a place in the file. Empty for a
    /// stripped file.
    ///
    /// # Errors
    /// [`ElfError::Damaged`] when the symbol table is.
    pub fn symbols(&self) -> Result<Vec<Symbol<'a>>, ElfError> {
        let Some(table) = self
            .sections
            .iter()
            .find(|section| section.kind == SHT_SYMTAB)
        else {
            return Ok(Vec::new());
        };
        let strings = self
            .sections
            .get(table.link as usize)
            .ok_or(ElfError::Damaged)?;
        let strings = contents(self.data, strings)?;
        let mut symbols = Vec::new();
        for entry in contents(self.data, table)?.chunks_exact(SYMBOL) {
            let kind = entry[4] & 0xf;
            let section = usize::from(u16_at(entry, 6)?);
            let in_file = self
                .sections
                .get(section)
                .is_some_and(|section| section.kind == SHT_PROGBITS && section.is_loaded());
            let size = u64_at(entry, 16)?;
            if in_file && size > 0 && matches!(kind, STT_OBJECT | STT_FUNC) {
                symbols.push(Symbol {
                    name: text_at(strings, u32_at(entry, 0)?)?,
                    address: u64_at(entry, 8)?,
                    size,
                });
            }
        }
        Ok(symbols)
    }

    /// The newest version of the GNU C library that the program asks for, such as `(2, 34)`.
    /// None when it does not use that library.
    ///
    /// # Errors
    /// [`ElfError::Damaged`] when the version table is.
    pub fn glibc(&self) -> Result<Option<(u32, u32)>, ElfError> {
        let Some(needs) = self
            .sections
            .iter()
            .find(|section| section.kind == SHT_GNU_VERNEED)
        else {
            return Ok(None);
        };
        let strings = self
            .sections
            .get(needs.link as usize)
            .ok_or(ElfError::Damaged)?;
        let strings = contents(self.data, strings)?;
        let table = contents(self.data, needs)?;
        let mut newest = None;
        let mut file = 0;
        for _ in 0..needs.info {
            let mut version = advance(file, u32_at(table, advance(file, 8)?)?)?;
            for _ in 0..u16_at(table, advance(file, 2)?)? {
                let name = text_at(strings, u32_at(table, advance(version, 8)?)?)?;
                newest = newest.max(name.strip_prefix("GLIBC_").and_then(parse_version));
                version = advance(version, u32_at(table, advance(version, 12)?)?)?;
            }
            file = advance(file, u32_at(table, advance(file, 12)?)?)?;
        }
        Ok(newest)
    }
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

fn contents<'a>(data: &'a [u8], section: &Section<'_>) -> Result<&'a [u8], ElfError> {
    slice(data, section.offset, section.size)
}

fn range(offset: u64, size: u64) -> Option<Range<usize>> {
    let start = usize::try_from(offset).ok()?;
    Some(start..start.checked_add(usize::try_from(size).ok()?)?)
}

fn slice(data: &[u8], offset: u64, size: u64) -> Result<&[u8], ElfError> {
    range(offset, size)
        .and_then(|range| data.get(range))
        .ok_or(ElfError::Damaged)
}

fn advance(offset: usize, by: u32) -> Result<usize, ElfError> {
    offset.checked_add(by as usize).ok_or(ElfError::Damaged)
}

fn text_at(strings: &[u8], at: u32) -> Result<&str, ElfError> {
    let rest = strings.get(at as usize..).ok_or(ElfError::Damaged)?;
    let end = rest
        .iter()
        .position(|byte| *byte == 0)
        .ok_or(ElfError::Damaged)?;
    std::str::from_utf8(&rest[..end]).map_err(|_| ElfError::Damaged)
}

fn bytes_at<const N: usize>(data: &[u8], at: usize) -> Result<[u8; N], ElfError> {
    data.get(at..)
        .and_then(|rest| rest.first_chunk())
        .copied()
        .ok_or(ElfError::Damaged)
}

fn u16_at(data: &[u8], at: usize) -> Result<u16, ElfError> {
    bytes_at(data, at).map(u16::from_le_bytes)
}

fn u32_at(data: &[u8], at: usize) -> Result<u32, ElfError> {
    bytes_at(data, at).map(u32::from_le_bytes)
}

fn u64_at(data: &[u8], at: usize) -> Result<u64, ElfError> {
    bytes_at(data, at).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_told_apart() {
        assert_eq!(Elf::parse(b"#!/bin/sh\n").unwrap_err(), ElfError::NotElf);
        assert_eq!(
            Elf::parse(b"\x7fELF\x01\x01").unwrap_err(),
            ElfError::OtherClass
        );
        assert_eq!(
            Elf::parse(b"\x7fELF\x02\x01").unwrap_err(),
            ElfError::Damaged
        );
    }

    #[cfg(all(
        target_os = "linux",
        target_pointer_width = "64",
        target_endian = "little"
    ))]
    #[test]
    fn a_file_cut_anywhere_is_damaged_and_nothing_worse() {
        let whole = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(Elf::parse(&whole).is_ok());
        for length in (0..whole.len()).step_by(whole.len() / 200) {
            assert!(Elf::parse(&whole[..length]).is_err(), "cut at {length}");
        }
    }

    #[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
    #[test]
    fn this_test_program_needs_the_c_library_and_has_this_function() {
        let data = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let elf = Elf::parse(&data).unwrap();
        let (major, minor) = elf.glibc().unwrap().unwrap();
        assert!(major == 2 && minor >= 14, "{major}.{minor}");
        let symbols = elf.symbols().unwrap();
        let own = "this_test_program_needs_the_c_library";
        assert!(symbols.iter().any(|symbol| symbol.name.contains(own)));
    }
}
