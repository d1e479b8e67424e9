//! Takes symbol table and debug information out of a linked program.
//!
//! Needed because the sizes are measured on symbols, and asking the compiler to link once more
//! without them would repeat the whole link-time optimisation.

use super::{
    Elf, ElfError, PROGRAM_HEADER, SECTION_HEADER, SHF_INFO_LINK, SHT_NOBITS, SHT_REL, SHT_RELA,
    SHT_STRTAB, SHT_SYMTAB, Section, contents, slice, u16_at, u64_at,
};

/// The same program without symbol table and debug information. Everything that is loaded into
/// memory stays where it is, byte by byte; sections that are not loaded but say something about
/// the program, such as `.comment`, are kept.
///
/// # Errors
/// [`ElfError`] when the file is no 64-bit little-endian ELF file or is damaged.
pub fn strip(data: &[u8]) -> Result<Vec<u8>, ElfError> {
    let elf = Elf::parse(data)?;
    if elf.sections.is_empty() {
        return Ok(data.to_vec());
    }
    let keep = kept(&elf);
    let loaded = loaded_end(data, &elf)?;
    let mut out = slice(data, 0, loaded)?.to_vec();
    let table = u64_at(data, 40)?;
    let mut headers = Vec::new();
    for (index, section) in elf
        .sections
        .iter()
        .enumerate()
        .filter(|(index, _)| keep[*index])
    {
        let at = table + (index * SECTION_HEADER) as u64;
        let mut header = slice(data, at, SECTION_HEADER as u64)?.to_vec();
        if section.kind != SHT_NOBITS && section.offset + section.size > loaded {
            let align = usize::try_from(section.align.max(1)).map_err(|_| ElfError::Damaged)?;
            out.resize(out.len().next_multiple_of(align), 0);
            put(&mut header, 24, &(out.len() as u64).to_le_bytes());
            out.extend_from_slice(contents(data, section)?);
        }
        put(
            &mut header,
            40,
            &renumber(&keep, section.link).to_le_bytes(),
        );
        if section.flags & SHF_INFO_LINK != 0 || matches!(section.kind, SHT_REL | SHT_RELA) {
            put(
                &mut header,
                44,
                &renumber(&keep, section.info).to_le_bytes(),
            );
        }
        headers.extend_from_slice(&header);
    }
    out.resize(out.len().next_multiple_of(8), 0);
    let table = out.len() as u64;
    let count = u16::try_from(headers.len() / SECTION_HEADER).map_err(|_| ElfError::Damaged)?;
    let names =
        u16::try_from(renumber(&keep, u32_of(elf.names_index)?)).map_err(|_| ElfError::Damaged)?;
    out.extend_from_slice(&headers);
    put(&mut out, 40, &table.to_le_bytes());
    put(&mut out, 60, &count.to_le_bytes());
    put(&mut out, 62, &names.to_le_bytes());
    Ok(out)
}

/// Which sections stay: everything but symbols, debug information, and what serves only them.
fn kept(elf: &Elf<'_>) -> Vec<bool> {
    let goes = |section: &Section<'_>| {
        !section.is_loaded()
            && (section.kind == SHT_SYMTAB
                || section.name.starts_with(".debug_")
                || section.name.starts_with(".rela.debug_")
                || section.name == ".gdb_index")
    };
    let links_to = |index: usize, gone: bool| {
        elf.sections
            .iter()
            .any(|section| section.link as usize == index && goes(section) == gone)
    };
    elf.sections
        .iter()
        .enumerate()
        .map(|(index, section)| {
            let only_for_symbols = section.kind == SHT_STRTAB
                && !section.is_loaded()
                && index != elf.names_index
                && links_to(index, true)
                && !links_to(index, false);
            !goes(section) && !only_for_symbols
        })
        .collect()
}

/// The end of what the program needs at run time: headers, segments, loaded sections.
fn loaded_end(data: &[u8], elf: &Elf<'_>) -> Result<u64, ElfError> {
    let (table, size, count) = (u64_at(data, 32)?, u16_at(data, 54)?, u16_at(data, 56)?);
    if count > 0 && usize::from(size) != PROGRAM_HEADER {
        return Err(ElfError::Damaged);
    }
    let length = u64::from(count) * PROGRAM_HEADER as u64;
    let headers = slice(data, table, length)?;
    let mut end = table + length;
    for header in headers.chunks_exact(PROGRAM_HEADER) {
        let last = u64_at(header, 8)?.checked_add(u64_at(header, 32)?);
        end = end.max(last.ok_or(ElfError::Damaged)?);
    }
    for section in elf.sections.iter().filter(|section| section.is_loaded()) {
        let last = section.offset.checked_add(section.file_size());
        end = end.max(last.ok_or(ElfError::Damaged)?);
    }
    Ok(end)
}

/// The number that section `old` has when those that go are gone; 0, the null section, for one
/// that goes itself.
fn renumber(keep: &[bool], old: u32) -> u32 {
    let old = old as usize;
    if keep.get(old) != Some(&true) {
        return 0;
    }
    keep[..old].iter().map(|kept| u32::from(*kept)).sum()
}

fn u32_of(index: usize) -> Result<u32, ElfError> {
    u32::try_from(index).map_err(|_| ElfError::Damaged)
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}

#[cfg(all(
    test,
    target_os = "linux",
    target_pointer_width = "64",
    target_endian = "little"
))]
mod tests {
    use super::*;

    #[test]
    fn a_stripped_program_has_no_symbols_and_keeps_its_loaded_bytes() {
        let data = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let stripped = strip(&data).unwrap();
        assert!(stripped.len() < data.len());
        let (before, after) = (Elf::parse(&data).unwrap(), Elf::parse(&stripped).unwrap());
        assert!(after.symbols().unwrap().is_empty());
        assert_eq!(before.glibc().unwrap(), after.glibc().unwrap());
        let loaded = |elf: &Elf<'_>| -> Vec<(String, u64, u64)> {
            let sections = elf.sections().iter().filter(|section| section.is_loaded());
            sections
                .map(|one| (one.name.to_owned(), one.offset, one.size))
                .collect()
        };
        assert_eq!(loaded(&before), loaded(&after));
        let end = usize::try_from(loaded_end(&data, &before).unwrap()).unwrap();
        assert_eq!(data[64..end], stripped[64..end]);
        assert_eq!(
            strip(&stripped).unwrap().len(),
            stripped.len(),
            "nothing left to take"
        );
    }
}
