// SPDX-License-Identifier: GPL-2.0-only

//! How wide texts are on a terminal, and how they are made to fit: what all tables for people share.
//!
//! A character of Chinese, Japanese or Korean takes two places, a combining mark none.

use unicode_width::UnicodeWidthChar;

/// How many places a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(places).sum()
}

fn places(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// A text in so many places: numbers to the right, words to the left.
pub(crate) fn padded(text: &str, to: usize, is_number: bool) -> String {
    let blanks = " ".repeat(to.saturating_sub(width(text)));
    match is_number {
        true => blanks + text,
        false => text.to_string() + &blanks,
    }
}

/// A text of at most so many places; if it is cut, it ends with a mark that says so.
pub(crate) fn shortened(text: &str, to: usize) -> String {
    if width(text) <= to {
        return text.to_string();
    }
    let mut left = to.saturating_sub(1);
    let kept = text.chars().take_while(|c| {
        let rest = left.checked_sub(places(*c));
        left = rest.unwrap_or(left);
        rest.is_some()
    });
    let mark = if to == 0 { "" } else { "…" };
    kept.collect::<String>() + mark
}

/// A text that does nothing to a terminal: no control character, and none that turns the direction of writing.
pub(crate) fn visible(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars()
        .map(|c| if is_odd(c) { '\u{fffd}' } else { c })
        .collect()
}

/// A number in at most five places: `999`, `1.2K`, `34K`, `1.5M`. K is 1000.
pub(crate) fn compact(number: f64) -> String {
    let mut number = number;
    for unit in ["", "K", "M", "G", "T"] {
        let is_short = number < 9.95 && !unit.is_empty();
        if number < 999.5 {
            return match is_short {
                true => format!("{number:.1}{unit}"),
                false => format!("{number:.0}{unit}"),
            };
        }
        number /= 1000.0;
    }
    format!("{number:.0}P")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_takes_two_places_and_a_combining_mark_none() {
        assert_eq!(width("网卡0"), 5);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(padded("网", 4, true), "  网");
        assert_eq!(padded("网", 4, false), "网  ");
    }

    #[test]
    fn what_is_too_long_says_so() {
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("abcd", 3), "ab…");
        assert_eq!(shortened("▁▂▃", 2), "▁…");
        assert_eq!(shortened("abc", 0), "");
        // Half a character cannot be shown.
        assert_eq!(shortened("网卡0", 4), "网…");
        assert_eq!(shortened("网卡0", 5), "网卡0");
    }

    #[test]
    fn names_cannot_steer_a_terminal() {
        assert_eq!(visible("a\x1b[2Jb\u{9b}"), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(visible("\u{202e}drac\u{2066}"), "\u{fffd}drac\u{fffd}");
    }

    #[test]
    fn compact_numbers_have_two_digits_or_three() {
        for (number, text) in [
            (0.0, "0"),
            (0.4, "0"),
            (7.0, "7"),
            (999.4, "999"),
            (999.6, "1.0K"),
            (1234.0, "1.2K"),
            (9949.0, "9.9K"),
            (9960.0, "10K"),
            (999_499.0, "999K"),
            (999_500.0, "1.0M"),
            (4_294_967_295.0, "4.3G"),
            (1.8e19, "18000P"),
        ] {
            assert_eq!(compact(number), text, "{number}");
        }
    }
}
