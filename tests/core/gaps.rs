// SPDX-License-Identifier: GPL-2.0-only

//! Gaps as a text.

use proptest::prelude::*;
use simrupt_core::gaps::{Objection, Parser, MAX_GAPS, MAX_GAP_NS};

/// The gaps of a text that comes in pieces of this size, or the error with its row.
fn parsed(text: &[u8], size: usize) -> Result<Vec<u64>, (u64, Objection)> {
    let mut parser = Parser::new();
    let mut gaps = Vec::new();
    for piece in text.chunks(size) {
        let taken: Result<(), Objection> = parser.take(piece, |gap| {
            gaps.push(gap);
            Ok(())
        });
        taken.map_err(|why| (parser.row(), why))?;
    }
    gaps.extend(parser.end());
    assert_eq!(parser.count(), gaps.len());
    Ok(gaps)
}

#[test]
fn numbers_are_found_whatever_stands_around_them() {
    let text =
        b"# simrupt arrivals 1\r\n# 7: no gap\n\n 1000\t# the first\r\n0\n#\n0012 \n86400000000000";
    for size in 1..=text.len() {
        assert_eq!(
            parsed(text, size),
            Ok(vec![1000, 0, 12, MAX_GAP_NS]),
            "{size}"
        );
    }
    assert_eq!(parsed(b"", 1), Ok(vec![]));
    assert_eq!(parsed(b"# nothing", 4), Ok(vec![]));
}

#[test]
fn a_fault_is_told_with_its_row() {
    use Objection::{NotANumber, OutOfRange};
    for (text, row, why) in [
        ("x", 1, NotANumber),
        ("1\n\n-1\n", 3, NotANumber),
        ("1.5\n", 1, NotANumber),
        ("1 2\n", 1, NotANumber),
        ("1\n1e3", 2, NotANumber),
        ("\u{feff}1", 1, NotANumber),
        ("0x10", 1, NotANumber),
        ("1\0", 1, NotANumber),
        ("86400000000001", 1, OutOfRange),
        ("# a\n18446744073709551617\n", 2, OutOfRange),
        ("99999999999999999999999999999999x", 1, OutOfRange),
    ] {
        for size in 1..=text.len() {
            assert_eq!(parsed(text.as_bytes(), size), Err((row, why)), "{text:?}");
        }
    }
}

#[test]
fn there_may_be_at_most_the_maximum_of_gaps() {
    let text = "5\n".repeat(MAX_GAPS);
    assert_eq!(parsed(text.as_bytes(), 4096).unwrap().len(), MAX_GAPS);
    let more = format!("{text}\n# more\n6");
    let row = MAX_GAPS as u64 + 3;
    assert_eq!(
        parsed(more.as_bytes(), 4096),
        Err((row, Objection::TooMany))
    );
}

#[test]
fn an_error_of_the_taker_ends_it() {
    struct Odd;
    impl From<Objection> for Odd {
        fn from(_: Objection) -> Self {
            panic!("the text is fine");
        }
    }
    let mut parser = Parser::new();
    assert!(parser.take(b"1\n2\n", |_| Err(Odd)).is_err());
    assert_eq!((parser.count(), parser.row()), (1, 1));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_no_piece_matters(
        bytes in prop::collection::vec(prop::sample::select(&b"0123456789 \t\r\n#x-"[..]), 0..80),
        size in 1_usize..80,
    ) {
        prop_assert_eq!(parsed(&bytes, size), parsed(&bytes, bytes.len().max(1)));
    }

    #[test]
    fn what_is_written_is_read(gaps in prop::collection::vec(0..=MAX_GAP_NS, 0..50)) {
        let rows = gaps.iter().fold(String::new(), |rows, gap| rows + &gap.to_string() + "\n");
        prop_assert_eq!(parsed(rows.as_bytes(), 7), Ok(gaps));
    }
}
