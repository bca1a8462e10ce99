// SPDX-License-Identifier: GPL-2.0-only

//! Figures and tables as text.

use std::borrow::Cow;

/// A text in which control characters are shown instead of done: ESC is `\u001b`. What makes rows and columns
/// (newline and tab) stays.
///
/// So are characters that change the direction of what follows: they make a text look like another.
pub fn visible(text: &str) -> Cow<'_, str> {
    shown(text, |letter| !matches!(letter, '\n' | '\t'))
}

/// As [`visible`], in one row: a newline is `\n`.
pub fn in_one_row(text: &str) -> Cow<'_, str> {
    shown(text, |_| true)
}

fn shown(text: &str, is_meant: impl Fn(char) -> bool) -> Cow<'_, str> {
    let turns = |letter| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_shown = |letter: char| (letter.is_control() || turns(letter)) && is_meant(letter);
    if !text.contains(is_shown) {
        return text.into();
    }
    let mut all = String::new();
    for letter in text.chars() {
        match letter {
            letter if !is_shown(letter) => all.push(letter),
            '\n' => all.push_str("\\n"),
            '\t' => all.push_str("\\t"),
            letter => all.push_str(&format!("\\u{:04x}", u32::from(letter))),
        }
    }
    all.into()
}

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
    fn control_characters_are_shown_and_do_nothing() {
        let text = "a\tb\r\n\x1b[31mred\u{9b}2J\u{7f}\u{202e}é";
        assert_eq!(
            visible(text),
            "a\tb\\u000d\n\\u001b[31mred\\u009b2J\\u007f\\u202eé"
        );
        assert_eq!(in_one_row("a\tb\nc"), "a\\tb\\nc");
        assert!(matches!(visible("plain\n"), Cow::Borrowed("plain\n")));
        // What is shown of a JSON document is the same document.
        let json = serde_json::json!("\u{9b}\u{7f}").to_string();
        let again: serde_json::Value = serde_json::from_str(&visible(&json)).unwrap();
        assert_eq!(again, "\u{9b}\u{7f}");
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
