// SPDX-License-Identifier: GPL-2.0-only

//! Figures and tables as text.

/// Nanoseconds as microseconds, exactly.
pub fn micros(ns: u64) -> String {
    format!("{}.{:03}", ns / 1000, ns % 1000)
}

/// Nanoseconds as seconds, exactly.
pub fn seconds(ns: u64) -> String {
    format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000)
}

/// Lays rows out in columns two spaces apart, numbers to the right and words to the left.
///
/// The first row may be a header: it goes where its column goes.
pub fn columns<Row: AsRef<[String]>>(indent: &str, rows: &[Row]) -> String {
    let rows = || rows.iter().map(AsRef::as_ref);
    let count = rows().map(<[String]>::len).max().unwrap_or(0);
    let layout: Vec<(usize, bool)> = (0..count)
        .map(|at| {
            let column = || rows().filter_map(move |row| row.get(at));
            let width = column().map(String::len).max().unwrap_or(0);
            let numbers = column().skip(1).all(|cell| is_number(cell));
            (width, numbers)
        })
        .collect();
    let mut text = String::new();
    for row in rows() {
        let cells: Vec<String> = row
            .iter()
            .zip(&layout)
            .map(|(cell, &(width, numbers))| match numbers {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            })
            .collect();
        let line = format!("{indent}{}", cells.join("  "));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A text as a field of CSV: in quotes where it holds what separates fields or rows.
pub fn csv_field(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_string(),
    }
}

/// From the least to the most, in one place.
pub const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A bar that is so many eighths of a place long.
pub fn bar(eighths: usize) -> String {
    "█".repeat(eighths / 8) + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
}

/// Whether a cell holds a number, the bound of one (`>5`), or stands for one that is not known (`-`).
fn is_number(cell: &str) -> bool {
    let digits = cell.trim_start_matches(['>', '-']);
    digits
        .bytes()
        .all(|byte| byte == b'.' || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_to_the_right_and_words_to_the_left() {
        let rows = [
            ["name", "count", "state"],
            ["a", "1", "on"],
            ["longer", "-", "off"],
        ];
        let rows = rows.map(|row| row.map(String::from));
        assert_eq!(
            columns("> ", &rows),
            "> name    count  state\n> a           1  on\n> longer      -  off\n"
        );
        assert_eq!(columns("> ", &rows[..0]), "");
    }

    #[test]
    fn nanoseconds_keep_every_digit() {
        assert_eq!(micros(0), "0.000");
        assert_eq!(micros(5_123_045), "5123.045");
        assert_eq!(seconds(4_211_000_001), "4.211000001");
        assert_eq!(seconds(u64::MAX), "18446744073.709551615");
    }

    #[test]
    fn bounds_and_fractions_are_numbers() {
        for (cell, is) in [
            (">5.1", true),
            ("-3", true),
            ("-", true),
            ("p50", false),
            ("a.b", false),
        ] {
            assert_eq!(is_number(cell), is, "{cell}");
        }
    }

    #[test]
    fn a_name_with_a_comma_or_a_quote_stays_one_field() {
        assert_eq!(csv_field("a,b"), "\"a,b\"");
        assert_eq!(csv_field("a\"b"), "\"a\"\"b\"");
        assert_eq!(csv_field("plain"), "plain");
    }
}
