//! What takes how many bytes in a program, by crate.
//!
//! Measured on the symbols of the linked program. After link-time optimisation a function
//! belongs to everybody whose code was merged into it, so it is charged to the crate nearest to
//! the program among those that its name mentions: a `Vec::push` made for a component's type
//! is the component's, because it would not exist without it.

use std::collections::BTreeMap;

use headwater_core::ComponentKind;

use crate::cargo::Metadata;
use crate::elf::{Elf, ElfError, Symbol};
use crate::plan::Plan;

/// What is none of the linked crates' comes with the compiler: `core`, `alloc`, `std` and the
/// copies of other crates inside them.
const STANDARD_LIBRARY: &str = "Rust standard library";

/// How the C and assembler functions and tables of some crates begin. The last of them are those
/// of cryptography, which ring and AWS-LC have from the same origin.
const NATIVE: [(&[&str], &[&str]); 6] = [
    (
        &[
            "ZSTD_", "HUF_", "FSE_", "HIST_", "ZDICT_", "XXH", "LL_", "ML_", "OF_",
        ],
        &["zstd_sys"],
    ),
    (&["mi_", "_mi_"], &["libmimalloc_sys"]),
    (&["_rjem_"], &["tikv_jemalloc_sys"]),
    (&["ring_core_"], &["ring"]),
    (&["aws_lc_", "bignum_"], &["aws_lc_sys"]),
    (
        &[
            "ecp_nistz",
            "__ecp_nistz",
            "nistz",
            "p256_",
            "p384_",
            "fe_",
            "fe4_",
            "ge_",
            "x25519_",
            "fiat_",
            "aes_",
            "_aesni_",
            "_vpaes_",
            "mul4x",
            "mulx4x",
            "sqr8x",
            "table_select",
            "poly1305_",
            "poly_hash_",
            "K256",
            "K512",
        ],
        &["ring", "aws_lc_sys"],
    ),
];
const OTHER_NATIVE: &str = "other native code";

/// The libraries that a program can contain code of, each with its distance from the bottom of
/// the dependency tree.
#[derive(Debug, Clone, Default)]
pub struct Ranks(BTreeMap<String, usize>);

impl Ranks {
    /// The libraries of a resolved crate.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        let libraries: BTreeMap<&str, String> = metadata
            .packages
            .iter()
            .map(|package| (package.id.as_str(), package.library()))
            .collect();
        let order = metadata.bottom_up();
        let ranked = order.iter().enumerate();
        Self(
            ranked
                .filter_map(|(rank, id)| Some((libraries.get(id)?.clone(), rank)))
                .collect(),
        )
    }

    /// The libraries from the bottom to the top.
    #[must_use]
    pub fn bottom_up<'a>(libraries: impl IntoIterator<Item = &'a str>) -> Self {
        let ranked = libraries.into_iter().enumerate();
        Self(
            ranked
                .map(|(rank, library)| (library.to_owned(), rank))
                .collect(),
        )
    }

    /// Whom a symbol is charged to.
    fn owner(&self, symbol: &str) -> String {
        let Ok(demangled) = rustc_demangle::try_demangle(symbol) else {
            let mut owners = NATIVE
                .iter()
                .filter(|(prefixes, _)| prefixes.iter().any(|prefix| symbol.starts_with(prefix)))
                .flat_map(|(_, libraries)| *libraries);
            let linked = owners.find(|library| self.0.contains_key(**library));
            return linked.copied().unwrap_or(OTHER_NATIVE).to_owned();
        };
        let text = format!("{demangled:#}");
        let mentioned = crates_in(&text);
        let top = mentioned
            .iter()
            .filter_map(|name| self.0.get_key_value(*name))
            .max_by_key(|(_, rank)| **rank);
        top.map_or(STANDARD_LIBRARY, |(name, _)| name).to_owned()
    }
}

/// The names at the beginning of the paths in a demangled symbol.
fn crates_in(text: &str) -> Vec<&str> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !is_part(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_part(bytes[at]) {
            at += 1;
        }
        if bytes[at..].starts_with(b"::") && !text[..start].ends_with("::") {
            found.push(&text[start..at]);
        }
    }
    found
}

/// Bytes by crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// The size of the stripped program.
    pub total: u64,
    /// Library names with what is charged to them, biggest first.
    pub crates: Vec<(String, u64)>,
    /// What no symbol covers: text constants, unwinding tables, relocations, headers.
    pub rest: u64,
}

impl Sizes {
    /// Measures the program `elf`, whose stripped size is `total`.
    ///
    /// # Errors
    /// [`ElfError`] when its symbols cannot be read.
    pub fn measure(elf: &Elf<'_>, total: u64, ranks: &Ranks) -> Result<Self, ElfError> {
        let mut symbols = elf.symbols()?;
        symbols.sort_by(|a, b| {
            (a.address, std::cmp::Reverse(a.size), a.name).cmp(&(
                b.address,
                std::cmp::Reverse(b.size),
                b.name,
            ))
        });
        let mut crates = BTreeMap::new();
        let mut covered = 0;
        for symbol in &symbols {
            // Several names for one function, and functions inside others, count once.
            let bytes = uncovered(symbol, covered);
            covered = covered.max(symbol.address.saturating_add(symbol.size));
            if bytes > 0 {
                *crates.entry(ranks.owner(symbol.name)).or_insert(0) += bytes;
            }
        }
        let mut crates: Vec<(String, u64)> = crates.into_iter().collect();
        crates.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
        let named: u64 = crates.iter().map(|(_, bytes)| bytes).sum();
        Ok(Self {
            total,
            crates,
            rest: total.saturating_sub(named),
        })
    }

    /// The report as text.
    #[must_use]
    pub fn report(&self, plan: &Plan, target: &str) -> String {
        let mut out = format!(
            "{} {}: {} bytes, stripped ({target})\n",
            plan.name,
            plan.version,
            grouped(self.total)
        );
        let mut components = Vec::new();
        let mut others = Vec::new();
        for (library, bytes) in &self.crates {
            let linked = plan
                .components
                .iter()
                .find(|component| component.library == *library);
            match linked {
                Some(linked) => components.push((label(linked), *bytes)),
                None => others.push((library.clone(), *bytes)),
            }
        }
        for linked in &plan.components {
            if !self
                .crates
                .iter()
                .any(|(library, _)| *library == linked.library)
            {
                components.push((label(linked), 0));
            }
        }
        self.table(&mut out, "component", &components);
        self.table(&mut out, "crate", &others);
        let rest = (
            "constants, unwinding, relocations, headers".to_owned(),
            self.rest,
        );
        self.table(&mut out, "without a name", &[rest]);
        out
    }

    fn table(&self, out: &mut String, title: &str, rows: &[(String, u64)]) {
        out.push_str(&format!("\n{title:<44} {:>12} {:>7}\n", "bytes", "share"));
        for (name, bytes) in rows {
            let share = share(*bytes, self.total);
            out.push_str(&format!("{name:<44} {:>12} {share:>7}\n", grouped(*bytes)));
        }
    }
}

fn label(linked: &crate::plan::LinkedComponent) -> String {
    let name = linked.type_name.as_deref().unwrap_or(&linked.package);
    let kind: ComponentKind = linked.kind;
    format!("{kind} {name}")
}

fn uncovered(symbol: &Symbol<'_>, covered: u64) -> u64 {
    let end = symbol.address.saturating_add(symbol.size);
    end.saturating_sub(symbol.address.max(covered))
}

/// Tenths of a percent, rounded.
fn share(bytes: u64, total: u64) -> String {
    let tenths = (bytes * 1000 + total / 2).checked_div(total).unwrap_or(0);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_charged_to_the_topmost_crate_that_it_mentions() {
        let ranks = Ranks::bottom_up(["bytes", "tokio", "headwater_core", "component", "main"]);
        for (symbol, owner) in [
            // <alloc::vec::Vec<component::Item>>::push
            (
                "_RNvMCskICzLVDPPb_5allocINtB2_3VecNtCs4fqI2P2rA04_9component4ItemE4push",
                "component",
            ),
            ("_RNvCs4fqI2P2rA04_5bytes5clone", "bytes"),
            ("_ZN4core3fmt5write17h0123456789abcdefE", STANDARD_LIBRARY),
            ("_ZN5tokio7runtime5spawn17h0123456789abcdefE", "tokio"),
            ("memcpy", OTHER_NATIVE),
            ("ZSTD_compress", OTHER_NATIVE),
        ] {
            assert_eq!(ranks.owner(symbol), owner, "{symbol}");
        }
        let native = Ranks::bottom_up(["zstd_sys", "aws_lc_sys"]);
        assert_eq!(native.owner("ZSTD_compress"), "zstd_sys");
        assert_eq!(native.owner("ecp_nistz256_precomputed"), "aws_lc_sys");
    }

    #[test]
    fn only_the_beginnings_of_paths_are_crates() {
        assert_eq!(
            crates_in("<a::B<c::d::E> as f::G>::h::{closure#0}"),
            ["a", "c", "f"],
        );
    }

    #[test]
    fn numbers_are_grouped_and_shares_rounded() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(123), "123");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(0, 0), "0.0 %");
    }
}
