// SPDX-License-Identifier: GPL-2.0-only

//! The names of the kernel's functions, from `/proc/kallsyms`. That file has some hundred thousand rows, so it is read
//! only for new addresses, and only until all of them are found.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};

use rustc_hash::FxHashMap;

use crate::failure::Failure;
use crate::sysroot::Sysroot;

/// How many rows are read between two calls of `meanwhile`.
const ROWS_AT_A_TIME: u64 = 4096;

/// The name of a function.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Symbol {
    pub(super) name: String,
    /// The module of the function, if it is in one.
    pub(super) module: Option<String>,
}

/// The known names.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    known: FxHashMap<u64, Option<Symbol>>,
    /// Whether the kernel hides addresses, even from root.
    pub(super) are_hidden: bool,
}

impl Symbols {
    /// Looks up the names of new addresses. This takes some tenths of a second, so `meanwhile` is called every few
    /// thousand rows.
    pub(super) fn find(
        &mut self,
        sysroot: &Sysroot,
        addresses: impl Iterator<Item = u64>,
        meanwhile: impl FnMut() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let new = addresses.filter(|address| !self.known.contains_key(address));
        let new: BTreeSet<u64> = new.collect();
        if new.is_empty() {
            return Ok(());
        }
        self.known
            .extend(new.iter().map(|address| (*address, None)));
        match File::open(sysroot.proc("kallsyms")) {
            Ok(file) => self.read(BufReader::with_capacity(64 * 1024, file), new, meanwhile),
            // Addresses are shown instead of names.
            Err(_) => Ok(()),
        }
    }

    fn read(
        &mut self,
        mut rows: impl BufRead,
        mut wanted: BTreeSet<u64>,
        mut meanwhile: impl FnMut() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut row = Vec::new();
        let mut has_addresses = false;
        for count in 1_u64.. {
            row.clear();
            // Addresses in an unreadable part have no names.
            if wanted.is_empty() || rows.read_until(b'\n', &mut row).unwrap_or(0) == 0 {
                break;
            }
            if count % ROWS_AT_A_TIME == 0 {
                meanwhile()?;
            }
            let Some(address) = address(&row) else {
                continue;
            };
            has_addresses |= address != 0;
            // Of several names at an address, the kernel itself prints the first one.
            let symbol = wanted.contains(&address).then(|| symbol(&row)).flatten();
            if symbol.is_some() {
                wanted.remove(&address);
                self.known.insert(address, symbol);
            }
        }
        self.are_hidden = !wanted.is_empty() && !has_addresses;
        Ok(())
    }

    /// The function at an address; without a known name, the address is its name.
    pub(super) fn of(&self, address: u64) -> Symbol {
        let known = self.known.get(&address).cloned().flatten();
        known.unwrap_or_else(|| Symbol {
            name: format!("{address:#x}"),
            module: None,
        })
    }
}

/// `ffffffff81000000 T _text`
fn address(row: &[u8]) -> Option<u64> {
    let mut address = 0_u64;
    for (place, byte) in row.iter().enumerate() {
        match (char::from(*byte).to_digit(16), byte) {
            (Some(digit), _) => address = (address << 4) | u64::from(digit),
            (None, b' ') if place > 0 => return Some(address),
            (None, _) => return None,
        }
    }
    None
}

/// `ffffffffc0401880 t name [module]`; `None` if it is not a function.
fn symbol(row: &[u8]) -> Option<Symbol> {
    let row = String::from_utf8_lossy(row);
    let mut words = row.split_whitespace().skip(1);
    let kind = words.next()?;
    if !matches!(kind, "t" | "T" | "w" | "W") {
        return None;
    }
    let name = words.next()?;
    Some(Symbol {
        name: demangled(name),
        module: words
            .next()
            .map(|word| word.trim_matches(['[', ']']).to_string()),
    })
}

/// `name [module]`, the form of tracefs.
pub(super) fn of_text(text: &str) -> Symbol {
    let (name, module) = match text
        .strip_suffix(']')
        .and_then(|text| text.rsplit_once(" ["))
    {
        Some((name, module)) => (name, Some(module.to_string())),
        None => (text, None),
    };
    Symbol {
        name: demangled(name),
        module,
    }
}

/// The path of a Rust function; any other name is unchanged.
fn demangled(name: &str) -> String {
    // Without the hashes of crates, which mean nothing to a reader.
    format!("{:#}", rustc_demangle::demangle(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUST: &str = "_RNvXs8_NtCsb5MLIFMWygY_6kernel9workqueueINtNtNtB7_4sync3arc3ArcNtNtNtCscK46iegsqI5_12simrupt_main6driver4line4LineEINtB5_15WorkItemPointerKy1_E3runB15_";

    fn found(text: &str, addresses: &[u64]) -> Symbols {
        let mut symbols = Symbols::default();
        let wanted = addresses.iter().copied().collect();
        symbols.read(text.as_bytes(), wanted, || Ok(())).unwrap();
        symbols
    }

    #[test]
    fn a_function_has_its_first_name_and_its_module() {
        let text = format!(
            "0000000000000000 A __per_cpu\nffffffff81000000 D data\nffffffff81000000 T first\n\
             ffffffff81000000 T alias\nodd\nffffffffc0401880 t {RUST}\t[simrupt]\n"
        );
        let symbols = found(&text, &[0xffff_ffff_8100_0000, 0xffff_ffff_c040_1880, 7]);
        assert_eq!(symbols.of(0xffff_ffff_8100_0000).name, "first");
        let rust = symbols.of(0xffff_ffff_c040_1880);
        assert_eq!(rust.module.as_deref(), Some("simrupt"));
        assert_eq!(
            rust.name,
            "<kernel::sync::arc::Arc<simrupt_main::driver::line::Line> as \
             kernel::workqueue::WorkItemPointer<1>>::run"
        );
        assert_eq!(symbols.of(7).name, "0x7");
        assert!(!symbols.are_hidden);
    }

    #[test]
    fn other_work_is_done_while_it_reads() {
        let rows = "0000000000000001 T a\n".repeat(3 * ROWS_AT_A_TIME as usize);
        let mut turns = 0;
        let turn = || {
            turns += 1;
            Ok(())
        };
        let wanted = BTreeSet::from([7]);
        Symbols::default()
            .read(rows.as_bytes(), wanted, turn)
            .unwrap();
        assert_eq!(turns, 3);
    }

    #[test]
    fn hidden_addresses_are_recognized() {
        let symbols = found("0000000000000000 T a\n0000000000000000 T b\n", &[5]);
        assert!(symbols.are_hidden);
        assert_eq!(symbols.of(5).name, "0x5");
    }

    #[test]
    fn a_name_in_text_may_have_its_module_behind_it() {
        let symbol = of_text("flush_to_ldisc [tty]");
        assert_eq!(symbol.name, "flush_to_ldisc");
        assert_eq!(symbol.module.as_deref(), Some("tty"));
        assert_eq!(of_text("vmstat_update").module, None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in damaged_text::texts(&[
            "ffffffff81000000 T first\nffffffffc0401880 t second\t[simrupt]\n",
        ])) {
            let symbols = found(&text, &[0xffff_ffff_8100_0000]);
            let _ = (symbols.of(0xffff_ffff_8100_0000), of_text(&text));
        }
    }
}
