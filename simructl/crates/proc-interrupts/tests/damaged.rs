// SPDX-License-Identifier: GPL-2.0-only

//! Damaged texts: none of them makes the parser panic, and each count in a table is a number of the text.

use std::fs;
use std::path::Path;

use damaged_text::bytes;
use proc_interrupts::{Changes, Counts, Table};
use proptest::prelude::*;

/// Tables of interrupts and of softirqs, and text that may surround them.
const GOOD: [&str; 4] = [
    "           CPU0       CPU1\n  1:          0          9  IO-APIC   1-edge      i8042\n 24:          7          0  \
     simrupt   1-simrupt   simrupt1, other\nNMI:          3          4  Non-maskable interrupts\nERR:          5\n\
     FIQ:              usb_fiq\n",
    "           CPU0       CPU3\n 11:        508 4294967295     GICv3  27 Level     arch_timer\n\
     IPI0:        11         12  Rescheduling interrupts\nErr:          0\n",
    "                    CPU0       CPU1\n          HI:          1          0\n       TIMER:          5          6\n",
    "\u{feff}$ cat\n           CPU0\nEXT:          3\nCLK:          3   [EXT] Clock\nroot@box:~# \n           CPU0\n\
     LOC:          7   Level é\n",
];

/// The numbers of a text, as words.
fn numbers(text: &[u8]) -> Vec<u64> {
    let text = String::from_utf8_lossy(text);
    let words = text.split(|c: char| !c.is_ascii_digit());
    words.filter_map(|word| word.parse().ok()).collect()
}

proptest! {
    #[test]
    fn every_count_is_a_number_of_the_text(text in bytes(&GOOD)) {
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
    fn a_text_is_the_same_read_at_once_or_line_by_line(text in bytes(&GOOD)) {
        prop_assume!(!text.starts_with(b"\x1f\x8b"));
        let at_once = Table::parse(&text).map_err(|error| error.to_string());
        prop_assert_eq!(Table::read(&text[..]).map_err(|error| error.to_string()), at_once);
    }

    #[test]
    fn changes_are_made_of_any_two_tables(before in bytes(&GOOD), now in bytes(&GOOD)) {
        let tables = (Table::parse(&before), Table::parse(&now));
        let (Ok(before), Ok(now)) = tables else { return Ok(()) };
        let changes = Changes::between(&before, &now, None);
        for (at, row) in now.rows.iter().enumerate() {
            let change = changes.of(at);
            prop_assert_eq!(change.per_cpu().len(), row.per_cpu().map_or(0, |counts| counts.len()));
        }
        // A table has counted nothing since itself.
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
