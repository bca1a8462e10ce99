// SPDX-License-Identifier: GPL-2.0-only

//! Figures as text, and texts of others without effect on a terminal.

use std::borrow::Cow;

/// Whether a character is not visible as itself: one that controls a terminal, changes the direction of text, or has no
/// width. Such characters make a text look like another.
pub fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A text in which such characters ([`is_unseen`]) are shown by their numbers: ESC is `\u001b`. Newline and tab, which
/// make rows and columns, stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    shown(text, |letter| !matches!(letter, '\n' | '\t'))
}

/// As [`visible`], in one row: a newline is `\n`.
pub fn in_one_row(text: &str) -> Cow<'_, str> {
    shown(text, |_| true)
}

fn shown(text: &str, is_meant: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_shown = |letter: char| is_unseen(letter) && is_meant(letter);
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

/// A word of the user in a message: in quotes if it would not be seen as one word.
pub fn word(text: &str) -> Cow<'_, str> {
    match text.is_empty() || text.contains(char::is_whitespace) {
        true => format!("'{text}'").into(),
        false => text.into(),
    }
}

/// Whether a text is JSON instead of TOML: no TOML begins with a brace.
pub fn is_json_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Nanoseconds as microseconds, exactly.
pub fn micros(ns: u64) -> String {
    format!("{}.{:03}", ns / 1000, ns % 1000)
}

/// Nanoseconds as seconds, exactly.
pub fn seconds(ns: u64) -> String {
    format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000)
}

/// A text as a field of CSV: in quotes if it contains separators of fields or rows.
pub fn csv_field(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_string(),
    }
}

/// From the least to the greatest.
pub const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A bar, as long as this many eighths of a character.
pub fn bar(eighths: usize) -> String {
    "█".repeat(eighths / 8) + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_do_nothing() {
        let text = "a\tb\r\n\x1b[31mred\u{9b}2J\u{7f}\u{202e}é";
        assert_eq!(
            visible(text),
            "a\tb\\u000d\n\\u001b[31mred\\u009b2J\\u007f\\u202eé"
        );
        assert_eq!(in_one_row("a\tb\nc"), "a\\tb\\nc");
        assert_eq!(visible("si\u{200b}m"), "si\\u200bm");
        assert!(matches!(visible("plain\n"), Cow::Borrowed("plain\n")));
        // The visible form of a JSON document is the same document.
        let json = serde_json::json!("\u{9b}\u{7f}").to_string();
        let again: serde_json::Value = serde_json::from_str(&visible(&json)).unwrap();
        assert_eq!(again, "\u{9b}\u{7f}");
    }

    #[test]
    fn a_word_that_would_not_be_seen_as_one_is_in_quotes() {
        assert_eq!(word(""), "''");
        assert_eq!(word(" "), "' '");
        assert_eq!(word("two words"), "'two words'");
        assert_eq!(word("0-3,8"), "0-3,8");
    }

    #[test]
    fn nanoseconds_keep_every_digit() {
        assert_eq!(micros(0), "0.000");
        assert_eq!(micros(5_123_045), "5123.045");
        assert_eq!(seconds(4_211_000_001), "4.211000001");
        assert_eq!(seconds(u64::MAX), "18446744073.709551615");
    }

    #[test]
    fn a_name_with_a_comma_or_a_quote_stays_one_field() {
        assert_eq!(csv_field("a,b"), "\"a,b\"");
        assert_eq!(csv_field("a\"b"), "\"a\"\"b\"");
        assert_eq!(csv_field("plain"), "plain");
    }
}
