// SPDX-License-Identifier: GPL-2.0-only

//! Texts with something wrong: none makes the parser panic, and none gets counts that it does not hold.

use std::fs;
use std::path::Path;

use proc_interrupts::{Changes, Counts, Table};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const GOOD: [&str; 3] = [
    "           CPU0       CPU1\n  1:          0          9  IO-APIC   1-edge      i8042\n 24:          7          0  \
     simrupt   1-simrupt   simrupt1, other\nNMI:          3          4  Non-maskable interrupts\nERR:          5\n\
     FIQ:              usb_fiq\n",
    "           CPU0       CPU3\n 11:        508        519     GICv3  27 Level     arch_timer\n\
     IPI0:        11         12  Rescheduling interrupts\nErr:          0\n",
    "                    CPU0       CPU1\n          HI:          1          0\n       TIMER:          5          6\n",
];

const PIECES: [&str; 24] = [
    "",
    " ",
    "\n",
    "\t",
    "\0",
    "\r\n",
    ":",
    ",",
    "-",
    "CPU",
    "CPU0 CPU1\n",
    "LOC: 5 6\n",
    "0",
    "-1",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "[EXT] ",
    "\u{feff}",
    "é",
    "\u{1f980}",
    "Level",
    "$ cat\n",
];

/// A good text with some things wrong: something cut away, and something else in its place; now and then within a
/// character.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let cut = prop_oneof![Just(0), 1..4_usize, Just(usize::MAX)];
    let edits = vec((any::<Index>(), cut, select(&PIECES[..])), 0..6);
    let damaged = (select(&GOOD[..]), edits).prop_map(|(text, edits)| {
        let mut text = text.as_bytes().to_vec();
        for (at, cut, piece) in edits {
            let from = at.index(text.len() + 1);
            let to = from.saturating_add(cut).min(text.len());
            text.splice(from..to, piece.bytes());
        }
        text
    });
    prop_oneof![1 => vec(any::<u8>(), 0..200), 6 => damaged]
}

/// The numbers of a text, as words.
fn numbers(text: &[u8]) -> Vec<u64> {
    let text = String::from_utf8_lossy(text);
    let words = text.split(|c: char| !c.is_ascii_digit());
    words.filter_map(|word| word.parse().ok()).collect()
}

proptest! {
    #[test]
    fn every_count_is_a_number_of_the_text(text in damaged()) {
        let Ok(table) = Table::parse(&text) else { return Ok(()) };
        let numbers = numbers(&text);
        for row in &table.rows {
            let counts: Vec<u64> = match &row.counts {
                Counts::None => vec![],
                Counts::Once(count) => vec![*count],
                Counts::PerCpu(counts) => {
                    prop_assert_eq!(counts.len(), table.cpus.len());
                    counts.iter().collect()
                }
            };
            for count in counts {
                prop_assert!(numbers.contains(&count), "{count} in {row:?}");
            }
        }
    }

    #[test]
    fn a_text_is_the_same_read_at_once_or_line_by_line(text in damaged()) {
        prop_assume!(!text.starts_with(b"\x1f\x8b"));
        let at_once = Table::parse(&text).map_err(|error| error.to_string());
        prop_assert_eq!(Table::read(&text[..]).map_err(|error| error.to_string()), at_once);
    }

    #[test]
    fn changes_are_made_of_any_two_tables(before in damaged(), now in damaged()) {
        let tables = (Table::parse(&before), Table::parse(&now));
        let (Ok(before), Ok(now)) = tables else { return Ok(()) };
        let changes = Changes::between(&before, &now, None);
        for (at, row) in now.rows.iter().enumerate() {
            let change = changes.of(at);
            prop_assert_eq!(change.per_cpu().len(), row.per_cpu().map_or(0, |counts| counts.len()));
        }
        // Since itself a table has counted nothing.
        let changes = Changes::between(&now, &now, None);
        prop_assert_eq!((changes.total(), changes.reset_rows()), (0, 0));
        for (at, row) in now.rows.iter().enumerate() {
            let expected = row.total().map(|_| 0);
            prop_assert_eq!(changes.of(at).total(), expected, "{:?}", row);
        }
    }
}

/// Copies of real machines, cut after each byte of their beginnings.
#[test]
fn a_cut_copy_never_has_a_wrong_count() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interrupts");
    let mut copies = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let text = fs::read(path).unwrap();
        let Ok(whole) = Table::parse(&text) else {
            continue;
        };
        copies += 1;
        for end in 0..text.len().min(4000) {
            let Ok(cut) = Table::parse(&text[..end]) else {
                continue;
            };
            if cut.cpus != whole.cpus {
                // The header itself was cut.
                assert!(cut.rows.is_empty());
                continue;
            }
            for (cut, whole) in cut.rows.iter().zip(&whole.rows) {
                assert_eq!(
                    (&cut.name, &cut.counts),
                    (&whole.name, &whole.counts),
                    "cut at {end}"
                );
            }
        }
    }
    assert!(copies >= 8, "{copies}");
}
