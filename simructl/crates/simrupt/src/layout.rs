// SPDX-License-Identifier: GPL-2.0-only

//! The width of texts on a terminal, and how they are made to fit: shared by all tables for people.
//!
//! A character of Chinese, Japanese or Korean takes two places, a combining mark none.

use unicode_width::UnicodeWidthChar;

/// The width of a text on a terminal.
pub fn width(text: &str) -> usize {
    text.chars().map(places).sum()
}

fn places(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// A text padded to a width: numbers are right-aligned, words left-aligned.
pub fn padded(text: &str, to: usize, is_number: bool) -> String {
    let blanks = " ".repeat(to.saturating_sub(width(text)));
    match is_number {
        true => blanks + text,
        false => text.to_string() + &blanks,
    }
}

/// A text of at most this width; if it is cut, it ends with a mark.
pub fn shortened(text: &str, to: usize) -> String {
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

/// Lays rows out in columns two spaces apart. Numbers are right-aligned, words left-aligned.
///
/// The first row may be a header: it is aligned as its column is.
///
/// ```
/// use simrupt::layout::columns;
///
/// let rows = [["name", "count"], ["irq", "7"], ["softirq", "1234"]].map(|row| row.map(String::from));
/// assert_eq!(columns("", &rows), "name     count\nirq          7\nsoftirq   1234\n");
/// ```
pub fn columns<Row: AsRef<[String]>>(indent: &str, rows: &[Row]) -> String {
    columns_apart(indent, 2, rows)
}

/// As [`columns`], with `gap` spaces between them.
pub fn columns_apart<Row: AsRef<[String]>>(indent: &str, gap: usize, rows: &[Row]) -> String {
    let are_numbers = |at: usize| {
        let cells = rows.iter().skip(1).filter_map(|row| row.as_ref().get(at));
        cells.into_iter().all(|cell| is_number(cell))
    };
    let columns = Columns::of(rows, are_numbers);
    let rows = rows.iter().map(AsRef::as_ref);
    rows.map(|row| columns.line(indent, gap, row)).collect()
}

/// The columns of a table: their widths, and whether they hold numbers.
#[derive(Debug, Clone)]
pub struct Columns(Vec<(usize, bool)>);

impl Columns {
    /// As wide as the widest cells of these rows.
    pub fn of<Row: AsRef<[String]>>(rows: &[Row], are_numbers: impl Fn(usize) -> bool) -> Self {
        let rows = || rows.iter().map(AsRef::as_ref);
        let count = rows().map(<[String]>::len).max().unwrap_or(0);
        let widest = |at: usize| {
            let column = rows().filter_map(|row| row.get(at));
            column.map(|cell| width(cell)).max().unwrap_or(0)
        };
        Self((0..count).map(|at| (widest(at), are_numbers(at))).collect())
    }

    /// A row as a line, with `gap` spaces between its cells.
    pub fn line(&self, indent: &str, gap: usize, row: &[String]) -> String {
        let cells = row.iter().zip(&self.0);
        let cells: Vec<String> = cells
            .map(|(cell, (width, is_number))| padded(cell, *width, *is_number))
            .collect();
        let line = format!("{indent}{}", cells.join(&" ".repeat(gap)));
        format!("{}\n", line.trim_end())
    }
}

/// The least width for words that [`wrapped`] uses, however narrow the request.
const LEAST_ROOM: usize = 20;

/// A text in lines of at most this width, unless a word is longer. `lead` precedes the first line, `hanging` the
/// others. Without words, there is no line.
pub fn wrapped(lead: &str, hanging: &str, text: &str, to: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut left = 0;
    for word in text.split_whitespace() {
        let needed = width(word);
        match lines.last_mut() {
            Some(line) if needed < left => {
                *line += &format!(" {word}");
                left -= needed + 1;
            }
            _ => {
                let before = if lines.is_empty() { lead } else { hanging };
                let room = to.saturating_sub(width(before)).max(LEAST_ROOM);
                lines.push(format!("{before}{word}"));
                left = room.saturating_sub(needed);
            }
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Whether a cell is a number, the bound of one (`>5`), one with a unit (`1.20M`), or stands for an unknown one (`-`).
fn is_number(cell: &str) -> bool {
    let digits = cell.trim_start_matches(['>', '-']);
    let digits = match digits.strip_suffix(['K', 'M', 'G', 'T']) {
        Some(digits) if !digits.is_empty() => digits,
        _ => digits,
    };
    digits
        .bytes()
        .all(|byte| byte == b'.' || byte.is_ascii_digit())
}

/// A number of at most five characters: `999`, `1.2K`, `34K`, `1.5M`. K is 1000.
pub fn compact(number: f64) -> String {
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
        let wide = [["name", "is"], ["网卡", "on"]].map(|row| row.map(String::from));
        assert_eq!(columns_apart("", 1, &wide), "name is\n网卡 on\n");
    }

    #[test]
    fn columns_can_be_declared_to_hold_numbers() {
        let rows = [["网", "+1"], ["a", "[-1 +1]"]].map(|row| row.map(String::from));
        let columns = Columns::of(&rows, |at| at == 1);
        assert_eq!(columns.line("  ", 2, &rows[0]), "  网       +1\n");
        assert_eq!(columns.line("  ", 2, &rows[1]), "  a   [-1 +1]\n");
    }

    #[test]
    fn words_are_wrapped_where_a_line_is_full() {
        assert_eq!(
            wrapped("  a: ", "     ", "one two three four five six", 30),
            "  a: one two three four five\n     six\n"
        );
        assert_eq!(wrapped("", "", "", 30), "");
        let long = "x".repeat(50);
        assert_eq!(wrapped("", "", &long, 30), format!("{long}\n"));
        // Each of these words takes four places.
        let chinese = ["网卡"; 9].join(" ");
        let lines = wrapped("- ", "  ", &chinese, 26);
        assert_eq!(lines, "- 网卡 网卡 网卡 网卡 网卡\n  网卡 网卡 网卡 网卡\n");
        assert_eq!(
            wrapped("", "", "123456789 123456789 1", 20),
            "123456789 123456789\n1\n"
        );
        assert_eq!(
            wrapped("", "", "123456789 1234567890 1", 20),
            "123456789 1234567890\n1\n"
        );
    }

    #[test]
    fn bounds_and_fractions_are_numbers() {
        for (cell, is) in [
            (">5.1", true),
            ("-3", true),
            ("-", true),
            ("p50", false),
            ("1.20M", true),
            ("M", false),
            ("a.b", false),
        ] {
            assert_eq!(is_number(cell), is, "{cell}");
        }
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
